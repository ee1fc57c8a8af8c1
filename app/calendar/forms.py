"""What a member writes about a calendar address."""

from __future__ import annotations

from collections.abc import Mapping

from app.calendar.rules import FeedWishes
from app.i18n import text
from app.i18n.text import N_
from app.web.forms import Fields

ALARMS = (
    ("", N_("Pas de rappel")),
    ("30", N_("Une demi-heure avant")),
    ("60", N_("Une heure avant")),
    ("1440", N_("La veille, à la même heure")),
)
"""Minutes before the start, and how it is said."""


def read_wishes(form: Mapping[str, str]) -> tuple[FeedWishes, Fields]:
    """The wishes, and the fields with an error for each that cannot be read."""
    fields = Fields(form)
    name = fields.line("name", longest=60, required=text("Donne-lui un nom, comme « Mon téléphone »."))
    alarm = fields.choice("alarm", [value for value, _ in ALARMS if value]) if form.get("alarm") else None
    wishes = FeedWishes(
        name=name,
        discreet=fields.box("discreet"),
        private=fields.box("private"),
        alarm_minutes=int(alarm) if alarm else None,
    )
    return wishes, fields
