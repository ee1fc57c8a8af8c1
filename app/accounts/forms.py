"""What is written on the pages of accounts, read: one sentence for each field that cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from app.accounts.rules import LOGISTICS, MOST_CENTS, PurchaseWords
from app.accounts.states import PaidFrom, Spending
from app.i18n import Text, text
from app.web.forms import Fields, clean_line, read_cents

LONGEST_WHAT = 120
LONGEST_NAME = 120
LONGEST_REASON = 300
LONGEST_ONCE = 64
LARGEST_ID = 2**31 - 1
LAST_LEAF = 10_000


@dataclass(frozen=True, slots=True)
class Read:
    """What every form has: what was written, and what is wrong with it."""

    values: Mapping[str, str]
    errors: Mapping[str, Text]
    once: str


@dataclass(frozen=True, slots=True)
class PurchaseRead(Read):
    """A purchase; none when something is wrong."""

    words: PurchaseWords | None


@dataclass(frozen=True, slots=True)
class RequestRead(Read):
    """« Il nous faudrait… »."""

    what: str
    why: str
    cents: int
    spending: Spending


@dataclass(frozen=True, slots=True)
class AnswerRead(Read):
    """Yes, or not now."""

    agree: bool
    reason: str
    version: int


@dataclass(frozen=True, slots=True)
class AmountRead(Read):
    """A sum, and why."""

    cents: int
    reason: str
    fetched: bool
    seen: int | None


@dataclass(frozen=True, slots=True)
class BudgetRead(Read):
    """What a month is meant for, with the versions that were read."""

    amounts: Mapping[Spending, int | None]
    versions: Mapping[Spending, int]


def _once(form: Mapping[str, str]) -> str:
    return clean_line(form.get("once", ""))[:LONGEST_ONCE]


def _cents(fields: Fields, name: str, *, least: int = 1, may_lack: bool = False) -> int | None:
    raw = clean_line(fields.form.get(name, ""))
    if not raw:
        if not may_lack:
            fields.fault(name, text("Il manque la somme, en euros."))
        return None
    cents = read_cents(raw)
    if cents is None or cents < least:
        fields.fault(name, text("Écris une somme en euros, comme 12 ou 12,50."))
        return None
    if cents > MOST_CENTS:
        fields.fault(name, text("C’est plus de 5 000 € : relis la somme."))
        return None
    return cents


def _day(fields: Fields, name: str) -> date | None:
    raw = clean_line(fields.form.get(name, ""))
    if not raw:
        fields.fault(name, text("Il manque le jour de l’achat."))
        return None
    try:
        return date.fromisoformat(raw)
    except ValueError:
        fields.fault(name, text("Ce jour n’existe pas. Exemple : 24/11/2026."))
        return None


def whole_id(form: Mapping[str, str], name: str) -> int | None:
    """A number of ours that came along in a hidden field or an address."""
    raw = clean_line(form.get(name, ""))
    if not raw.isascii() or not raw.isdigit() or len(raw) > 10:
        return None
    return int(raw) if 0 < int(raw) <= LARGEST_ID else None


def read_leaf(query: Mapping[str, str], name: str) -> int:
    """Which page of a list is asked for, from 1."""
    return min(whole_id(query, name) or 1, LAST_LEAF)


def read_purchase(form: Mapping[str, str], *, about: str) -> PurchaseRead:
    """`what`, `amount`, `spending`, `meal`, `bought_on`, `paid_from`, `request`, `payee`, `for_other`, `once`. `about`
    is the kind of what a meal is."""
    fields = Fields(form)
    what = fields.line("what", longest=LONGEST_WHAT, required=text("Écris ce que tu as acheté."))
    cents = _cents(fields, "amount")
    request_id = whole_id(form, "request")
    spending = fields.choice(
        "spending",
        Spending,
        required=None if request_id is not None else text("Choisis à quoi cela sert."),
    )
    bought_on = _day(fields, "bought_on")
    paid_from = fields.choice("paid_from", PaidFrom, required=text("Choisis avec quel argent."))
    payee = fields.line("payee", longest=LONGEST_NAME)
    for_other = fields.box("for_other")
    if for_other and not payee:
        fields.fault("payee", text("Écris le nom de la personne qui a avancé l’argent."))
    thing = whole_id(form, "meal")
    words = None
    if not fields.errors and cents is not None and bought_on is not None and paid_from is not None:
        words = PurchaseWords(
            what=what,
            cents=cents,
            spending=spending or Spending.OTHER,
            bought_on=bought_on,
            paid_from=paid_from,
            about=about if thing is not None else "",
            about_id=thing,
            request_id=request_id,
            payee=payee,
            for_other=for_other,
        )
    return PurchaseRead(fields.values, fields.errors, _once(form), words)


def read_request(form: Mapping[str, str]) -> RequestRead:
    """`what`, `amount`, `spending`, `why`, `once`."""
    fields = Fields(form)
    what = fields.line("what", longest=LONGEST_WHAT, required=text("Écris ce qu’il vous faudrait."))
    why = fields.paragraph("why", longest=LONGEST_REASON)
    cents = _cents(fields, "amount")
    spending = fields.choice("spending", LOGISTICS, required=text("Choisis à quoi cela sert."))
    return RequestRead(fields.values, fields.errors, _once(form), what, why, cents or 0, spending or Spending.OTHER)


def read_answer(form: Mapping[str, str]) -> AnswerRead:
    """`decision` (`agree`, `refuse`), `reason`, `version`."""
    fields = Fields(form)
    agree = form.get("decision", "") == "agree"
    reason = fields.paragraph("reason", longest=LONGEST_REASON)
    if form.get("decision", "") not in ("agree", "refuse"):
        fields.fault("reason", text("Choisis une réponse."))
    elif not agree and not reason:
        fields.fault("reason", text("Écris pourquoi : tous les membres le lisent."))
    return AnswerRead(fields.values, fields.errors, "", agree, reason, whole_id(form, "version") or 0)


def read_reason(form: Mapping[str, str]) -> AmountRead:
    """`reason` alone."""
    fields = Fields(form)
    reason = fields.line("reason", longest=LONGEST_REASON, required=text("Écris pourquoi, sans nom de personne."))
    return AmountRead(fields.values, fields.errors, "", 0, reason, fetched=False, seen=None)


def read_correction(form: Mapping[str, str]) -> AmountRead:
    """`amount`, `reason`, `seen`."""
    fields = Fields(form)
    cents = _cents(fields, "amount", least=0)
    reason = fields.line("reason", longest=LONGEST_REASON, required=text("Écris pourquoi, sans nom de personne."))
    return AmountRead(fields.values, fields.errors, "", cents or 0, reason, fetched=False, seen=whole_id(form, "seen"))


def read_deposit(form: Mapping[str, str]) -> AmountRead:
    """`amount`, `way` (`to`, `from`), `once`."""
    fields = Fields(form)
    cents = _cents(fields, "amount")
    fetched = form.get("way", "") == "from"
    return AmountRead(fields.values, fields.errors, _once(form), cents or 0, "", fetched=fetched, seen=None)


def read_budget(form: Mapping[str, str]) -> BudgetRead:
    """One amount for each line, empty where nothing is said, with `version_…`."""
    fields = Fields(form)
    amounts = {each: _cents(fields, each.value, least=0, may_lack=True) for each in LOGISTICS}
    versions = {each: whole_id(form, f"version_{each.value}") or 0 for each in LOGISTICS}
    return BudgetRead(fields.values, fields.errors, "", amounts, versions)
