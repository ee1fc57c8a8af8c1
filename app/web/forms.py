"""Reading forms: raw text in, typed values out, and one sentence for each field that cannot be read.

A domain's `forms.py` uses `Fields`; nothing here knows a rule of the house.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeVar
from urllib.parse import parse_qsl

from litestar import Request
from litestar.exceptions.http_exceptions import InternalServerException, RequestEntityTooLarge

from app.clock import ImpossibleHour, from_local
from app.errors import BadRequest
from app.i18n import Text, text, text_n

MOST_FIELDS = 300
ABSURDLY_LONG = 100_000
"""So much of a text is looked at. No field takes a tenth of it, and millions of letters, cleaned, hold everybody up."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u200b\u202a-\u202e\u2066-\u2069\ufeff]")
_SPACES = re.compile(r"[ \t\u00a0\u202f]+")
_ANY_SPACE = re.compile(r"\s+")
_EUROS = re.compile(r"(\d{1,7})(?:[.,](\d{1,2}))?", re.ASCII)
# Putting marks in their order takes the square of their number: a few thousand on one letter would hold everybody up.
_BEYOND_LATIN = re.compile(r"[\u0300-\U0001efff]{9,}")
_MARKS = "".join(map(chr, (code for code in range(0x300, 0x1F000) if unicodedata.combining(chr(code)))))
_PILED_MARKS = re.compile(f"[{_MARKS}]{{9,}}")

Choice = TypeVar("Choice", bound=str)


class Form(Mapping[str, str]):
    """What a browser sent: names and raw texts. A doubled name keeps its last text, `all` has every one.

    Null characters are left out, as PostgreSQL refuses them in any text.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._all: dict[str, list[str]] = {}
        for name, value in pairs:
            self._all.setdefault(name.replace("\0", ""), []).append(value.replace("\0", ""))

    def __getitem__(self, name: str) -> str:
        return self._all[name][-1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def all(self, name: str) -> list[str]:
        """Every text sent under this name."""
        return self._all.get(name, [])

    def pairs(self) -> list[tuple[str, str]]:
        """Everything that was sent, in order of names."""
        return [(name, value) for name, values in self._all.items() for value in values]


async def read_form(request: Request) -> Form:  # type: ignore[type-arg]  # handlers use the bare Request
    """The form of this request, read once. Raises `BadRequest` for what no browser sends."""
    kept = request.scope["state"].get("reseau_form")
    if isinstance(kept, Form):
        return kept
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "multipart/form-data":
        try:
            multipart = await request.form()
        except RequestEntityTooLarge:
            raise
        except Exception as error:  # the parser raises a dozen kinds for what cannot be read
            raise BadRequest from error
        texts = [(name, value) for name, value in multipart.multi_items() if isinstance(value, str)]
        if len(texts) > MOST_FIELDS:
            raise BadRequest
        form = Form(texts)
    else:
        try:
            pairs = parse_qsl(
                (await request.body()).decode("utf-8"),
                keep_blank_values=True,
                max_num_fields=MOST_FIELDS,
                errors="strict",
            )
        except (ValueError, InternalServerException) as error:  # the latter: the client has gone in the middle of it
            raise BadRequest from error
        form = Form(pairs)
    request.scope["state"]["reseau_form"] = form
    return form


def clean_line(raw: str) -> str:
    """One line of text: NFC, no control or direction characters, single spaces, no space around."""
    if _is_clean(raw):
        return raw
    return _SPACES.sub(" ", _CONTROL.sub("", _no_surrogates(raw)).replace("\n", " ").replace("\r", " ")).strip()


def clean_paragraph(raw: str) -> str:
    """Text of several lines: as `clean_line`, with at most one empty line between two."""
    if _is_clean(raw):
        return raw
    lines = _CONTROL.sub("", _no_surrogates(raw).replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(_SPACES.sub(" ", line).strip() for line in lines)).strip()


def _is_clean(raw: str) -> bool:
    """Whether it is a number or a plain word, or was left empty, as most fields of a form are."""
    return not raw or (raw.isascii() and raw.isalnum() and len(raw) <= ABSURDLY_LONG)


def _no_surrogates(raw: str) -> str:
    readable = raw[:ABSURDLY_LONG].encode("utf-8", "ignore").decode("utf-8")
    return unicodedata.normalize("NFC", _BEYOND_LATIN.sub(_without_piles, readable))


def _without_piles(run: re.Match[str]) -> str:
    return _PILED_MARKS.sub(lambda marks: marks[0][:8], run[0])


def read_cents(written: str) -> int | None:
    """« 84,50 », « 84.5 », « 1 234 € » in cents; nothing for what is no amount."""
    found = _EUROS.fullmatch(_ANY_SPACE.sub("", written).removesuffix("€"))
    return None if found is None else int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def placed(errors: Mapping[str, Text] | None, *, missing: Collection[str]) -> dict[str, Text]:
    """Each fault by its field, or as `form`, of the whole, where the page has no such field for its reader."""
    return {"form" if name in missing else name: why for name, why in (errors or {}).items()}


class Fields:
    """Reads a form field by field. `values` keeps what was written, `errors` one sentence per field."""

    def __init__(self, form: Mapping[str, str]) -> None:
        self.form = form
        self.errors: dict[str, Text] = {}

    @property
    def values(self) -> dict[str, str]:
        """What to show in the fields again: cleaned of control characters, cut when absurdly long."""
        return {name: clean_paragraph(value[:20_000]) for name, value in self.form.items() if name != "_csrf_token"}

    def fault(self, name: str, sentence: Text) -> None:
        """Say what is wrong with a field; the first sentence stays."""
        self.errors.setdefault(name, sentence)

    def line(self, name: str, *, longest: int, required: Text | None = None, shortest: int = 0) -> str:
        """One line of text. What is too long is at fault and comes back cut."""
        return self._text(name, clean_line(self.form.get(name, "")), longest, required, shortest)

    def paragraph(self, name: str, *, longest: int, required: Text | None = None, shortest: int = 0) -> str:
        """Text of several lines, as `line`."""
        return self._text(name, clean_paragraph(self.form.get(name, "")), longest, required, shortest)

    def _text(self, name: str, value: str, longest: int, required: Text | None, shortest: int) -> str:
        if not value and required is not None:
            self.fault(name, required)
        elif len(value) > longest:
            self.fault(
                name,
                text_n(
                    "C’est trop long : %(n)s caractère au plus. Il y en a %(there)s.",
                    "C’est trop long : %(n)s caractères au plus. Il y en a %(there)s.",
                    longest,
                    there=len(value),
                ),
            )
            return value[:longest]
        elif value and len(value) < shortest:
            self.fault(name, text_n("Il faut au moins %(n)s lettre.", "Il faut au moins %(n)s lettres.", shortest))
        return value

    def whole(
        self,
        name: str,
        *,
        least: int,
        most: int,
        required: Text | None = None,
        too_few: Text | None = None,
        too_many: Text | None = None,
    ) -> int | None:
        """A whole number between two bounds."""
        raw = clean_line(self.form.get(name, ""))
        if not raw:
            if required is not None:
                self.fault(name, required)
            return None
        if not re.fullmatch(r"[+-]?\d{1,9}", raw, re.ASCII):
            self.fault(name, text("Écris un nombre, comme 12. Tu as écrit « %(value)s ».", value=raw[:40]))
            return None
        number = int(raw)
        if number < least:
            self.fault(
                name, too_few or text("Il faut au moins %(least)s. Tu as écrit %(value)s.", least=least, value=number)
            )
            return None
        if number > most:
            self.fault(name, too_many or text("Pas plus de %(most)s. Tu as écrit %(value)s.", most=most, value=number))
            return None
        return number

    def choice(self, name: str, options: Iterable[Choice], *, required: Text | None = None) -> Choice | None:
        """One of the options, by its value."""
        raw = clean_line(self.form.get(name, ""))
        for option in options:
            if raw == str(option):
                return option
        if raw or required is not None:
            self.fault(name, required or text("Choisis dans la liste."))
        return None

    def box(self, name: str) -> bool:
        """A ticked box sends `1`."""
        return self.form.get(name, "") in ("1", "on", "true")

    def moment(self, name: str, *, day: str = "", hour: str = "", required: Text | None = None) -> datetime | None:
        """An instant, from `name` as `YYYY-MM-DDTHH:MM`, or from the fields `day` and `hour`. Local to the place.

        The hour that comes twice in October is the first one, unless `name_fold` is ticked.
        """
        raw = clean_line(self.form.get(name, ""))
        at_fault = hour_at_fault = name
        if not raw and day:
            day_text, hour_text = clean_line(self.form.get(day, "")), clean_line(self.form.get(hour, ""))
            if not day_text or not hour_text:
                if required is not None:
                    self.fault(day if not day_text else hour, required)
                return None
            raw, at_fault, hour_at_fault = f"{day_text}T{hour_text}", day, hour
        if not raw:
            if required is not None:
                self.fault(name, required)
            return None
        try:
            return from_local(raw, fold=1 if self.box(f"{name}_fold") else 0)
        except ImpossibleHour:
            self.fault(hour_at_fault, text("Cette heure n’existe pas ce jour-là : on passe à l’heure d’été."))
        except (ValueError, OverflowError):
            self.fault(at_fault, text("Ce jour ou cette heure n’existe pas. Exemple : 24/11/2026 et 14:30."))
        return None
