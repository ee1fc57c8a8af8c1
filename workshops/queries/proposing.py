"""The form of a proposal, with the rooms and hours that are free: what repairs a clash stands beside it."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.calendar import api as calendar
from app.clock import comes_twice, local, local_day
from app.i18n import Language, Text, capital, language, text, text_n
from app.identity.api import RoomFacts, rooms_of
from app.identity.visits import Visit
from workshops.facts import KIND
from workshops.labels import FORMAT_HINTS, FORMAT_NAMES, LANGUAGE_NAMES, NEED_NAMES
from workshops.states import Format, Need, State

SHIFT = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, slots=True)
class Repair:
    """A button that sends the form again with something free instead."""

    value: str
    words: str


@dataclass(frozen=True, slots=True)
class ProposalPage:
    """The form, empty, filled from a workshop, or as it was sent."""

    title: str
    heading: str
    action: str
    send_words: str
    values: Mapping[str, str]
    needs_ticked: Collection[str]
    errors: Mapping[str, Text]
    formats: Sequence[tuple[str, str, str]]
    rooms: Sequence[tuple[str, str]]
    languages: Sequence[tuple[str, str]]
    needs: Sequence[tuple[str, str]]
    first_day: str
    last_day: str
    once: str = ""
    version: int = 0
    lead: str = ""
    opening: str = ""
    hour_twice: bool = False
    free_rooms: Sequence[Repair] = ()
    free_hours: Sequence[Repair] = ()
    may_wish: bool = False
    asks_cohosts: bool = True
    may_draft: bool = True
    more_open: bool = False
    next_words: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a form that comes back holds."""

    values: Mapping[str, str] = field(default_factory=dict)
    needs: Collection[str] = ()
    errors: Mapping[str, Text] = field(default_factory=dict)
    once: str = ""
    version: int = 0
    starts_at: datetime | None = None
    ends_at: datetime | None = None


async def proposal_page(
    *, visit: Visit, place_id: int, sent: Sent | None = None, editing: Mapping[str, Any] | None = None
) -> ProposalPage:
    """The form for this place. `editing` is the workshop's row when one is changed."""
    lang = language(visit.language)
    say = lang.say
    sent = sent or Sent(values=values_of(editing) if editing else {}, needs=_needs_of(editing))
    starts_at = sent.starts_at or (editing["starts_at"] if editing else None)
    ends_at = sent.ends_at or (editing["ends_at"] if editing else None)
    but = (KIND, int(editing["id"])) if editing else None
    rooms = await rooms_of(place_id)
    free: set[int] | None = None
    if starts_at is not None and ends_at is not None and ends_at > starts_at:
        free = {room.id for room in await calendar.free_rooms(place_id, starts_at, ends_at, seats=1, except_for=but)}
    clashes = "room" in sent.errors
    today = local_day(visit.now)
    published = editing is not None and editing["state"] == State.PUBLISHED
    return ProposalPage(
        title=say(text("Modifier l’atelier") if editing else text("Proposer un atelier")),
        heading=say(text("Qu’est-ce qui change ?") if editing else text("Qu’est-ce qu’on fait ensemble ?")),
        action=f"/ateliers/{editing['id']}/modifier" if editing else "/ateliers",
        send_words=say(_send_words(editing)),
        values=sent.values,
        needs_ticked=sent.needs,
        errors=sent.errors,
        formats=[(each.value, lang.gettext(FORMAT_NAMES[each]), lang.gettext(FORMAT_HINTS[each])) for each in Format],
        rooms=[(str(room.id), _room_words(room, free, lang)) for room in rooms],
        languages=[(code, lang.gettext(name)) for code, name in LANGUAGE_NAMES.items()],
        needs=[(need.value, lang.gettext(NEED_NAMES[need])) for need in Need],
        first_day=today.isoformat(),
        last_day=(today + timedelta(days=366)).isoformat(),
        once=sent.once or secrets.token_urlsafe(12),
        version=sent.version or (int(editing["version"]) if editing else 0),
        lead=say(text("Les personnes inscrites seront prévenues de ce qui change.")) if published else "",
        opening=await _opening_words(place_id, starts_at, ends_at, lang),
        hour_twice=starts_at is not None and comes_twice(local_day(starts_at), local(starts_at).time()),
        free_rooms=[
            Repair(str(room.id), say(text("Prendre : %(room)s", room=room.name)))
            for room in rooms
            if clashes and free is not None and room.id in free
        ][:3],
        free_hours=await _free_hours(place_id, sent, starts_at, ends_at, clashes, visit.now, lang),
        may_wish=clashes,
        asks_cohosts=editing is None,
        may_draft=editing is None,
        more_open=any(name in sent.errors for name in ("bring", "speaker", "language")) or bool(sent.needs),
        next_words=""
        if editing
        else say(
            text(
                "Une personne de la médiation relit. Sans réponse sous sept jours, c’est oui : ton atelier paraît tout "
                "seul. S’il commence avant, elle a jusqu’à la veille."
            )
        ),
    )


def values_of(row: Mapping[str, Any]) -> dict[str, str]:
    """A workshop's row as the form's texts."""
    starts, ends = local(row["starts_at"]), local(row["ends_at"])
    return {
        "format": row["format"],
        "title": row["title"],
        "summary": row["summary"],
        "bring": row["bring"],
        "day": f"{starts:%Y-%m-%d}",
        "from": f"{starts:%H:%M}",
        "to": f"{ends:%H:%M}",
        "starts_at_fold": "1" if starts.fold else "",
        "ends_at_fold": "1" if ends.fold else "",
        "room": str(row["room_id"] or row["wished_room_id"] or ""),
        "keep_room_wish": "1" if row["wished_room_id"] else "",
        "capacity": str(row["capacity"]),
        "speaker": row["speaker"],
        "language": row["language"],
        "step_free": "1" if row["step_free"] else "",
        "children": "1" if row["children"] else "",
        "help_wanted": "1" if row["help_wanted"] else "",
    }


def _needs_of(row: Mapping[str, Any] | None) -> list[str]:
    return [need for need in row["needs"].split(",") if need] if row else []


def _send_words(editing: Mapping[str, Any] | None) -> Text:
    if editing is None:
        return text("Je propose")
    if editing["state"] == State.SENT_BACK:
        return text("C’est changé, je propose de nouveau")
    return text("Je garde ces changements")


def _room_words(room: RoomFacts, free: set[int] | None, lang: Language) -> str:
    words = lang.say(text_n("%(room)s (%(n)s place)", "%(room)s (%(n)s places)", room.seats, room=room.name))
    if room.step_free:
        words += lang.say(text(", de plain-pied"))
    if free is not None:
        words += lang.say(text(", libre") if room.id in free else text(", prise à cette heure"))
    return words


async def _opening_words(place_id: int, starts_at: datetime | None, ends_at: datetime | None, lang: Language) -> str:
    """A warning, never a refusal: somebody may well have the keys."""
    if starts_at is None or ends_at is None or ends_at <= starts_at:
        return ""
    found = await calendar.opening(place_id, starts_at, ends_at)
    if found.state is calendar.OpeningState.OPEN:
        return ""
    if found.state is calendar.OpeningState.CLOSED_DAYS:
        return lang.say(
            text("Le lieu est fermé ce jour-là (%(why)s). Il faudra quelqu’un avec les clés.", why=found.reason)
        )
    return lang.say(
        text("Personne n’a encore les clés à cette heure. Ce jour-là, le lieu ouvre %(hours)s.", hours=found.words)
    )


async def _free_hours(
    place_id: int,
    sent: Sent,
    starts_at: datetime | None,
    ends_at: datetime | None,
    clashes: bool,
    now: datetime,
    lang: Language,
) -> list[Repair]:
    if not clashes or starts_at is None or ends_at is None:
        return []
    raw = sent.values.get("room", "")
    room_id = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else None
    return [
        Repair(
            f"{local(start):{SHIFT}} {local(end):{SHIFT}}",
            capital(lang.say(text("%(day)s, %(hours)s", day=lang.day(start), hours=lang.hours(start, end)))),
        )
        for start, end in await calendar.free_hours(place_id, room_id, starts_at, ends_at, now=now, count=2)
    ]
