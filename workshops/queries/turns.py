"""The turns of a workshop on its page: who helps, who is missing, and whether somebody has the keys.

Read with what is the same for everybody; shown to members only, names to whom names are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.i18n import Language, text, text_n
from rotas.api import DutySeen, SlotSeen, duties_of, keys_held, slots_of
from workshops.facts import source_of
from workshops.states import State, TurnMoment
from workshops.views import TurnLine, TurnsPart

MINUTES = (15, 30, 45, 60, 90, 120)
"""How long a turn before or after a workshop may be."""
KEYS_WARNED = timedelta(days=7)
"""So long before it, nobody having the keys is worth a word; earlier, there is time for somebody to take that turn."""


@dataclass(frozen=True, slots=True)
class Turns:
    """What all members see of them. Shared by all who read it."""

    slots: list[SlotSeen]
    keys: bool
    duties: list[DutySeen]
    """What its hosts may ask for."""


async def read_turns(row: dict[str, Any]) -> Turns | None:
    """The turns of the workshop of this row, once it is in the agenda."""
    if row["state"] != State.PUBLISHED:
        return None
    return Turns(
        await slots_of(source_of(row["id"])),
        await keys_held(row["place_id"], row["starts_at"], row["ends_at"]),
        await duties_of(row["place_id"]),
    )


def turns_part(
    turns: Turns | None, row: dict[str, Any], *, names: bool, asks: bool, now: datetime, lang: Language
) -> TurnsPart | None:
    """That part of the page; none where nothing is asked and nothing may be. `asks` is for those who may ask for
    help."""
    if turns is None or not (turns.slots or (asks and turns.duties)):
        return None
    return TurnsPart(
        lines=[_line(slot, names=names, asks=asks, now=now, lang=lang) for slot in turns.slots],
        duties=[(str(duty.id), duty.name) for duty in turns.duties] if asks else (),
        moments=[
            (TurnMoment.BEFORE.value, lang.say(text("Avant"))),
            (TurnMoment.DURING.value, lang.say(text("Pendant"))),
            (TurnMoment.AFTER.value, lang.say(text("Après"))),
        ],
        minutes=[(str(each), lang.say(text("%(n)s min", n=each))) for each in MINUTES],
    )


def keys_words(turns: Turns | None, row: dict[str, Any], *, now: datetime, lang: Language) -> str:
    """« Personne n’a encore les clés »: a warning for members in the last week, until it begins."""
    if turns is None or turns.keys or not row["starts_at"] - KEYS_WARNED <= now < row["starts_at"]:
        return ""
    return lang.say(text("Personne n’a encore les clés"))


def _line(slot: SlotSeen, *, names: bool, asks: bool, now: datetime, lang: Language) -> TurnLine:
    if names and slot.names:
        who = lang.joined(slot.names)
    else:
        who = lang.say(text_n("%(n)s personne", "%(n)s personnes", slot.taken)) if slot.taken else ""
    lacks = slot.free if slot.ends_at > now else 0
    return TurnLine(
        id=slot.id,
        duty=slot.duty,
        icon=slot.icon,
        hours=lang.hours(slot.starts_at, slot.ends_at),
        who=who,
        lacks=lang.say(text_n("Il manque une personne.", "Il manque %(n)s personnes.", lacks))
        if lacks and not slot.quiet
        else "",
        seats_left=lacks,
        may_close=asks and slot.ends_at > now,
    )
