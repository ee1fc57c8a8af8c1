"""Steps that the commands of meals share, all inside the caller's transaction: locks, the numbers, the calendar's
entry, mails. What may be is asked of `rules` before.

The order of locks: members by id, rooms, the meal's row, the place's pot, checkouts and refunds (`app.payments.api`),
then slots and patterns (`rotas.api`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.calendar.api import EntryState, Planned, put_entry, set_counts
from app.database import get_for_update, run
from app.errors import NotFound, Refusal, Refused
from app.i18n import Text
from app.identity.api import members_by_id
from app.journal import write_journal
from app.notices import api as notices
from app.notices.api import Kind, Part
from meals import rules
from meals.facts import KIND, Row, standing_of, who_is
from meals.rules import Standing, Who
from meals.states import Job, MealState
from meals.tables import Meal
from meals.wording import GIVE_BACK, HAND_OVER, Mail
from rotas.api import SlotSeen


def refuse_if(reason: Refusal | None, **details: Any) -> None:
    """Raise the refusal, if there is one."""
    if reason is not None:
        raise Refused(reason, **details)


def moment(now: datetime) -> int:
    """Milliseconds, for what tells one mail from another."""
    return int(now.timestamp() * 1000)


async def locked(meal_id: int) -> Row:
    """The meal's row, locked. Raises `NotFound`."""
    rows = await get_for_update(Meal, meal_id)
    if not rows:
        raise NotFound
    return rows[0]


async def locked_with_where(meal_id: int) -> Row:
    """The same, with what `where_is` says of it, in one question. Raises `NotFound`."""
    rows = await get_for_update(Meal, meal_id, besides=_WHERE_TOO)
    if not rows:
        raise NotFound
    return rows[0]


_WHERE_TOO = (
    "(select r.name from room r where r.id = meal.room_id) as room, "
    "(select p.name from place p where p.id = meal.place_id) as place, "
    "(select p.address from place p where p.id = meal.place_id) as address"
)


async def ask(
    row: Row, actor: int, *, now: datetime, turns: Sequence[tuple[Job, SlotSeen]] = ()
) -> tuple[Standing, Who]:
    """How the meal stands, and who asks; `turns` are those of its team (`facts.turns_of`), if they matter."""
    return standing_of(row), await who_is(row, actor, now=now, turns=turns)


async def recount(row: Row) -> None:
    """Write the numbers that the row says now (`taken`, `waiting`), into the meal and into the calendar.

    Steps that move parts change them in the row; the command writes them once, at its end.
    """
    await run("update meal set taken = {}, waiting = {} where id = {}", row["taken"], row["waiting"], row["id"])
    await set_counts(KIND, row["id"], taken=row["taken"], waiting=row["waiting"], seats=row["seats"])


_WHERE = "select p.name as place, p.address, r.name as room from place p left join room r on r.id = {} where p.id = {}"


async def where_is(row: Row) -> str:
    """Room, place and address in one line, as calendars have them; asked for, unless they came with the row."""
    found = row if "room" in row else (await run(_WHERE, row["room_id"], row["place_id"]))[0]
    return ", ".join(part for part in (found["room"], found["place"], found["address"]) if part)


async def write_entry(row: Row, *, now: datetime) -> None:
    """Bring the calendar's entry to what the row says now."""
    people = await members_by_id([] if row["opener_id"] is None else [row["opener_id"]])
    off = MealState(row["state"]) is MealState.CANCELLED
    await put_entry(
        Planned(
            kind=KIND,
            thing_id=row["id"],
            place_id=row["place_id"],
            room_id=row["room_id"],
            starts_at=row["starts_at"],
            ends_at=row["ends_at"],
            state=(EntryState.CANCELLED if off else EntryState.CONFIRMED).value,
            title=row["title"],
            genre="",
            summary=row["about"],
            hosts=tuple(person.name for person in people.values()),
            seats=row["seats"],
            taken=row["taken"],
            waiting=row["waiting"],
            language="fr",
            step_free=False,
            children=True,
            joins_until=row["closes_at"],
        ),
        now=now,
    )


async def note(
    row: Row, act: str, *, voice: str, by: int | None, now: datetime, shown: bool = False, reason: str = ""
) -> None:
    """A line of the journal (`meal.opened`, `meal.cancelled`…)."""
    await write_journal(
        place_id=row["place_id"],
        at=now,
        voice=voice,
        act=f"meal.{act}",
        kind=KIND,
        thing_id=row["id"],
        actor_id=by,
        title=row["title"],
        reason=reason,
        shown=shown,
    )


async def tell(
    mail: Mail,
    members: Iterable[int],
    *,
    row: Row,
    kind: Kind,
    what: str,
    now: datetime,
    link: str = "",
    part: Part | None = None,
    offer_keys: Mapping[int, str] | None = None,
    also: Mapping[int, Text] | None = None,
    discreet: bool = False,
    quiet: bool = False,
    good_until: datetime | None = None,
) -> None:
    """Tell each of these members, once for each `what`. The calendar's entry is already as the mail says it is.

    `discreet` messages are passed on by others without their words. `quiet` tells only those whose own calendar changes
    with it: what somebody did themselves, the page has said.
    """
    await notices.tell(
        members,
        kind=kind,
        what=f"meal-{row['id']}-{what}",
        subject=mail.subject,
        body=mail.body,
        link=link or f"/repas/{row['id']}",
        action=mail.action,
        place_id=row["place_id"],
        about=notices.About(KIND, row["id"], row["starts_at"]),
        part=part,
        offer_keys=offer_keys,
        also=also,
        discreet=discreet,
        quiet=quiet,
        good_until=good_until,
        now=now,
    )


def way_out(row: Row, *, now: datetime) -> Text | None:
    """What whoever has a seat can do about it now: give it back, hand it over, or nothing any more."""
    standing = standing_of(row)
    if rules.why_cannot_give_back(standing, now=now) is None:
        return GIVE_BACK
    return HAND_OVER if rules.why_not_between(standing, now) is None else None


async def people_at(row: Row, *, waiting: bool = True) -> tuple[list[int], dict[int, list[str]]]:
    """Who is to be told what becomes of the meal: the members who have seats (or wait for some), and the first names of
    those without an account by whoever booked for them; by whoever opened it, where nobody did any more."""
    found = await run(
        "select distinct b.member_id, b.booked_by, b.first_name, b.id from booking b "
        "join booking_part p on p.booking_id = b.id where b.meal_id = {} and b.active = {} "
        "and b.walk_in = {} and (p.state in ('offered', 'held', 'confirmed', 'attended') "
        "or (p.state = 'waiting' and {} = 1)) order by b.id",
        row["id"],
        True,
        False,
        int(waiting),
    )
    members = [each["member_id"] for each in found if each["member_id"] is not None]
    guests: dict[int, list[str]] = {}
    for each in found:
        tells = each["booked_by"] or row["opener_id"]
        if each["member_id"] is None and each["first_name"] and tells is not None:
            guests.setdefault(tells, []).append(each["first_name"])
    return members, guests
