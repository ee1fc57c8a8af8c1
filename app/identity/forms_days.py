"""Days that people write: any, and the one on which somebody will be eighteen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from app.i18n import Text, text
from app.web.forms import Fields, clean_line

CHILDHOOD = timedelta(days=18 * 366)
"""A day that is further off is nobody's eighteenth birthday."""


def read_day(fields: Fields, name: str, required: Text | None) -> date | None:
    """The day of a field, `YYYY-MM-DD`."""
    raw = clean_line(fields.form.get(name, ""))
    if not raw:
        if required is not None:
            fields.fault(name, required)
        return None
    try:
        day = date.fromisoformat(raw)
    except ValueError:
        fields.fault(name, text("Ce jour n’existe pas. Exemple : 24/11/2026."))
        return None
    if not 2000 <= day.year <= 2200:
        fields.fault(name, text("Ce jour est trop loin."))
        return None
    return day


def read_adult_on(fields: Fields, today: date) -> date | None:
    """`minor` ticked, and `adult_on`; without the box, nothing is read of it."""
    if not fields.box("minor"):
        return None
    day = read_day(fields, "adult_on", text("Il manque le jour des 18 ans."))
    if day is not None and day <= today:
        fields.fault("adult_on", text("Ce jour est passé : il suffit de décocher la case."))
    elif day is not None and day > today + CHILDHOOD:
        fields.fault(
            "adult_on", text("C’est dans plus de 18 ans. Écris le jour des 18 ans, pas celui de la naissance.")
        )
    return day


@dataclass(frozen=True, slots=True)
class AgeForm:
    """Whether one is under 18, and until when."""

    adult_on: date | None
    values: Mapping[str, str]
    errors: Mapping[str, Text]


def read_age(form: Mapping[str, str], *, today: date) -> AgeForm:
    """`minor` and `adult_on`."""
    fields = Fields(form)
    return AgeForm(read_adult_on(fields, today), fields.values, fields.errors)
