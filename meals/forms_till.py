"""What somebody found in the box of a meal, as they write it: « 84,50 », « 84.5 », « 84 €»."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.i18n import Text, text
from app.web.forms import Fields, Form, clean_line
from meals import till_rules
from meals.states import MealRefusal
from meals.wording import SENTENCES

_AMOUNT = re.compile(r"(\d{1,7})(?:[.,](\d{1,2}))?", re.ASCII)
_SPACES = re.compile(r"[\s\u2009]+")


@dataclass(frozen=True, slots=True)
class TotalForm:
    """A count of the box."""

    cents: int
    values: Mapping[str, str]
    errors: Mapping[str, Text]


def read_total(form: Form) -> TotalForm:
    """`total`, in euros."""
    fields = Fields(form)
    bare = _SPACES.sub("", clean_line(form.get("total", ""))).removesuffix("€")
    if not bare:
        fields.fault("total", text("Écris ce que tu as compté. Une boîte vide, c’est 0."))
        return TotalForm(0, fields.values, fields.errors)
    found = _AMOUNT.fullmatch(bare)
    if found is None:
        fields.fault("total", text(SENTENCES[MealRefusal.NOT_AN_AMOUNT]))
        return TotalForm(0, fields.values, fields.errors)
    cents = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))
    if till_rules.why_not_cents(cents) is not None:
        fields.fault("total", text("C’est plus de %(most)s € : recompte.", most=till_rules.MOST_CENTS // 100))
    return TotalForm(cents, fields.values, fields.errors)
