"""What somebody found in the box of a meal, as they write it: « 84,50 », « 84.5 », « 84 €»."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.i18n import Text, text
from app.web.forms import Fields, Form, clean_line, read_cents
from meals import till_rules
from meals.states import MealRefusal
from meals.wording import SENTENCES


@dataclass(frozen=True, slots=True)
class TotalForm:
    """A count of the box."""

    cents: int
    values: Mapping[str, str]
    errors: Mapping[str, Text]


def read_total(form: Form) -> TotalForm:
    """`total`, in euros."""
    fields = Fields(form)
    written = clean_line(form.get("total", ""))
    if not written:
        fields.fault("total", text("Écris ce que tu as compté. Une boîte vide, c’est 0."))
        return TotalForm(0, fields.values, fields.errors)
    cents = read_cents(written)
    if cents is None:
        fields.fault("total", text(SENTENCES[MealRefusal.NOT_AN_AMOUNT]))
        return TotalForm(0, fields.values, fields.errors)
    if till_rules.why_not_cents(cents) is not None:
        fields.fault("total", text("C’est plus de %(most)s € : recompte.", most=till_rules.MOST_CENTS // 100))
    return TotalForm(cents, fields.values, fields.errors)
