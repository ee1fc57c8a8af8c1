"""How the calendar says why something cannot be. French msgids."""

from __future__ import annotations

from app.calendar.states import CalendarRefusal
from app.errors import Refusal
from app.i18n.text import N_

SENTENCES: dict[Refusal, str] = {
    CalendarRefusal.TOO_MANY_FEEDS: N_("Tu as déjà dix adresses. Coupes-en une dont tu ne te sers plus."),
}
