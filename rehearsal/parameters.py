"""What may be asked: parameters of each request, read from a form and refused as Stripe does.

Only what the rehearsal plays is known here. Anything else is refused as unknown, also what the true Stripe would
take: a parameter that is ignored in silence would rehearse something else. `tests/rehearsal/test_parameters.py` holds
every name, enumeration and length below against Stripe's OpenAPI.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from rehearsal.errors import Invalid

Form = dict[str, Any]


class Sort(Protocol):
    def read(self, value: Any, where: str) -> Any:
        """The value with its type, or a refusal. `where` is the parameter's name as in the form."""


@dataclass(frozen=True)
class Text:
    longest: int = 5000

    def read(self, value: Any, where: str) -> str:
        if not isinstance(value, str):
            raise Invalid("Invalid string: " + repr(value), param=where)
        if not value:
            raise Invalid(
                f"You passed an empty string for '{where}'. We assume empty values are an attempt to unset a "
                f"parameter; however '{where}' cannot be unset.",
                code="parameter_invalid_empty",
                param=where,
            )
        if len(value) > self.longest:
            raise Invalid(f"Invalid string: {value[:20]}…; must be at most {self.longest} characters", param=where)
        return value


@dataclass(frozen=True)
class Choice:
    choices: tuple[str, ...]

    def read(self, value: Any, where: str) -> str:
        if value not in self.choices:
            raise Invalid(f"Invalid {where}: must be one of {', '.join(self.choices)}", param=where)
        return str(value)


@dataclass(frozen=True)
class Address:
    """Where the browser is sent: an absolute http or https address."""

    longest: int = 5000

    def read(self, value: Any, where: str) -> str:
        text = Text(self.longest).read(value, where)
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise Invalid("Not a valid URL", code="url_invalid", param=where)
        return text


@dataclass(frozen=True)
class Number:
    least: int | None = None
    most: int | None = None

    def read(self, value: Any, where: str) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise Invalid(f"Invalid integer: {value}", code="parameter_invalid_integer", param=where)
        number = int(value)
        if self.least is not None and number < self.least:
            raise Invalid(f"This value must be greater than or equal to {self.least}.", param=where)
        if self.most is not None and number > self.most:
            raise Invalid(f"This value must be less than or equal to {self.most}.", param=where)
        return number


@dataclass(frozen=True)
class Flag:
    def read(self, value: Any, where: str) -> bool:
        if value not in ("true", "false"):
            raise Invalid(f"Invalid boolean: {value}", param=where)
        return bool(value == "true")


@dataclass(frozen=True)
class Words:
    """Metadata: at most 50 words, names of 40 and values of 500 characters (docs.stripe.com/api/metadata)."""

    def read(self, value: Any, where: str) -> dict[str, str]:
        if not isinstance(value, dict):
            raise Invalid("Invalid object", param=where)
        if len(value) > 50:
            raise Invalid("Metadata can have at most 50 keys.", param=where)
        for name, word in value.items():
            if len(name) > 40:
                raise Invalid("Metadata keys can have at most 40 characters.", param=f"{where}[{name[:40]}]")
            if not isinstance(word, str) or len(word) > 500:
                raise Invalid("Metadata values can have at most 500 characters.", param=f"{where}[{name}]")
        return {name: word for name, word in value.items() if word}


@dataclass(frozen=True)
class Several:
    of: Sort
    most: int = 100

    def read(self, value: Any, where: str) -> list[Any]:
        if not isinstance(value, dict) or not all(name.isdigit() for name in value):
            raise Invalid("Invalid array", param=where)
        if len(value) > self.most:
            raise Invalid(f"Array has more than {self.most} elements", param=where)
        return [self.of.read(value[name], f"{where}[{name}]") for name in sorted(value, key=int)]


@dataclass(frozen=True)
class Table:
    fields: Mapping[str, Sort]
    required: tuple[str, ...] = ()

    def read(self, value: Any, where: str = "") -> Form:
        if not isinstance(value, dict):
            raise Invalid("Invalid object", param=where)

        def named(name: str) -> str:
            return f"{where}[{name}]" if where else name

        for name in value:
            if name not in self.fields:
                raise Invalid(f"Received unknown parameter: {named(name)}", code="parameter_unknown", param=named(name))
        for name in self.required:
            if name not in value:
                raise Invalid(f"Missing required param: {named(name)}.", code="parameter_missing", param=named(name))
        return {name: self.fields[name].read(word, named(name)) for name, word in value.items()}


@dataclass(frozen=True)
class Span:
    """A moment, or a span of them: `created=1`, `created[gte]=1`."""

    bounds: Table = field(default_factory=lambda: Table({name: Number() for name in ("gt", "gte", "lt", "lte")}))

    def read(self, value: Any, where: str) -> Form:
        if isinstance(value, dict):
            return self.bounds.read(value, where)
        return {"gte": Number().read(value, where), "lte": Number().read(value, where)}


def read_form(encoded: str) -> Form:
    """`a[b][0]=c` as {"a": {"b": {"0": "c"}}}; a list is a table of numbers until its parameter says so."""
    form: Form = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True):
        first, _, rest = name.partition("[")
        steps = [first, *(rest.removesuffix("]").split("][") if rest else [])]
        place = form
        for step in steps[:-1]:
            place = place.setdefault(step or str(len(place)), {})
            if not isinstance(place, dict):
                raise Invalid(f"Invalid parameter: {name}", param=name)
        place[steps[-1] or str(len(place))] = value
    return form


# ------------------------------------------------------------------------------------------------ what is played

EXPAND: dict[str, Sort] = {"expand": Several(Text(), most=20)}

LINE = Table(
    {
        "quantity": Number(1, 999_999),
        "price_data": Table(
            {
                "currency": Choice(("eur",)),
                "unit_amount": Number(0, 99_999_999),
                "product_data": Table(
                    {"name": Text(), "description": Text(40_000), "metadata": Words()}, required=("name",)
                ),
            },
            required=("currency", "unit_amount", "product_data"),
        ),
    },
    required=("price_data",),
)

# Of delayed methods the rehearsal plays whichever: `Rehearsal.pay(…, later=True)`.
METHODS = ("card", "link", "sepa_debit", "bancontact", "paypal")

MAKE_SESSION = Table(
    {
        "mode": Choice(("payment",)),
        "line_items": Several(LINE),
        "success_url": Address(),
        "cancel_url": Address(),
        "client_reference_id": Text(200),
        "customer_email": Text(800),
        "customer_creation": Choice(("always", "if_required")),
        "billing_address_collection": Choice(("auto", "required")),
        "submit_type": Choice(("auto", "book", "donate", "pay")),
        "locale": Choice(("auto", "de", "en", "en-GB", "es", "fr", "fr-CA", "it", "nl", "pt")),
        "payment_method_types": Several(Choice(METHODS)),
        "adaptive_pricing": Table({"enabled": Flag()}),
        "expires_at": Number(),
        "metadata": Words(),
        "payment_intent_data": Table(
            {"metadata": Words(), "description": Text(1000), "statement_descriptor_suffix": Text(22)}
        ),
        "ui_mode": Choice(("hosted_page",)),
        "origin_context": Choice(("mobile_app", "web")),
        **EXPAND,
    },
    required=("line_items", "mode", "success_url"),
)

MAKE_REFUND = Table(
    {
        "payment_intent": Text(),
        "charge": Text(),
        "amount": Number(1),
        "reason": Choice(("duplicate", "fraudulent", "requested_by_customer")),
        "metadata": Words(),
        **EXPAND,
    }
)

ONLY_EXPAND = Table(EXPAND)

PAGING: dict[str, Sort] = {
    "limit": Number(1, 100),
    "starting_after": Text(),
    "ending_before": Text(),
    "created": Span(),
    **EXPAND,
}
LIST_SESSIONS = Table({"payment_intent": Text(), "status": Choice(("complete", "expired", "open")), **PAGING})
LIST_LINES = Table({"limit": Number(1, 100), "starting_after": Text(), "ending_before": Text(), **EXPAND})
LIST_OF_PAYMENT = Table({"payment_intent": Text(), "charge": Text(), **PAGING})
LIST_CHARGES = Table({"payment_intent": Text(), **PAGING})
LIST_INTENTS = Table(PAGING)
LIST_PAYOUTS = Table({"status": Text(), **PAGING})
LIST_MOVES = Table({"payout": Text(), "source": Text(), "type": Text(), "currency": Text(), **PAGING})
LIST_EVENTS = Table({"type": Text(), "types": Several(Text(), most=20), **PAGING})
