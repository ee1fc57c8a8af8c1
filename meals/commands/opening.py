"""A meal from its opener's side: opened, edited, called off, and « on le fait quand même ».

An edit never drops anybody: seats are not brought below those that are taken, and what changes for whoever is booked is
told to them. Its turns go with it (`team`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from app.calendar.api import lock_people_and_rooms, why_clashes
from app.database import command, get_for_update, run, transaction
from app.errors import NotFound, Refused
from app.i18n import Text
from app.identity.api import RoomFacts, rooms_of
from app.identity.tables import Place
from app.notices.api import Kind, Part
from meals import rules, wording
from meals.commands.dishes import refuse_unless_opener
from meals.commands.ending import end_bookings
from meals.commands.menu import gained, settle_menu, write_menu
from meals.commands.opener import take_on_steps
from meals.commands.parts import follow, held_of, offer_freed, shorten_offers
from meals.commands.parts import move as move_part
from meals.commands.steps import ask, locked, moment, note, people_at, recount, refuse_if, tell, way_out, write_entry
from meals.commands.team import bring_team, locked_with_team, open_team, refuse_early_shopping, team_as_it_is
from meals.facts import KIND, Row, menu_of, source_of, standing_of, taking_on, turns_of
from meals.kitchen import DishFacts, undeclared
from meals.plan import MealPlan
from meals.rules import Standing
from meals.states import MEAL_MOVES, TAKES_SEATS, MealRefusal, MealState, PartState
from meals.tables import Meal
from rotas.api import cancel_slots

IN_CALENDARS = ("title", "about", "starts_at", "ends_at", "room_id")
"""Of what people are told of, what their calendars show too."""


@command
async def open_meal(*, actor: int, place_id: int, plan: MealPlan, once: str, now: datetime) -> int:
    """Open a meal, with its menu and its turns; returns its id. `once` tells one sending of the form from another: the
    same again is the same meal. Refused when the room is taken, or to whoever may not."""
    _check(plan)
    async with transaction():
        await lock_people_and_rooms(members=[actor], rooms=_rooms(plan))
        if not await get_for_update(Place, place_id):
            raise NotFound
        key = f"{actor}:{once}"[:64]
        again = await run("select id from meal where once = {}", key)
        if again:
            return int(again[0]["id"])
        await refuse_unless_opener(actor, place_id, now=now)
        refuse_if(rules.why_not_then(starts_at=plan.starts_at, closes_at=plan.closes_at, now=now))
        turns = plan.turns or ()
        refuse_early_shopping([(turn.job, turn.starts_at) for turn in turns if turn.people], closes_at=plan.closes_at)
        await _refuse_room(plan, place_id=place_id, taken=0)
        dishes = await settle_menu(plan.dishes, place_id=place_id, actor=actor, now=now)
        made: list[Row] = await Meal.insert(
            Meal(
                place_id=place_id,
                opener_id=actor,
                once=key,
                state=MealState.OPEN.value,
                created_at=now,
                modified_at=now,
                **_columns(plan),
            )
        ).returning(*Meal.all_columns())
        row = made[0]
        await write_menu(row, plan.dishes, dishes)
        await write_entry(row, now=now)
        await open_team(row, turns, now=now)
        await note(row, "opened", voice="member", by=actor, now=now)
        return int(row["id"])


@command
async def edit_meal(*, actor: int, meal_id: int, plan: MealPlan, version: int, now: datetime) -> None:
    """Change a meal. `version` is the one that was edited: else refused. The same form sent again changes nothing.

    Its turns move with it; whoever is booked or waits is told what is not as it was. More seats are offered to those
    who wait; fewer than are taken are refused, and whoever waits for more seats together than there are then is told
    that they wait no more. Prices are those of bookings to come. A closed one that is put off by a day or more, with
    another closing, is booked again.
    """
    _check(plan)
    async with transaction():
        row, people = await locked_with_team(meal_id, members=[actor], rooms=_rooms(plan), now=now)
        standing, who = await ask(row, actor, now=now)
        form = _form_key(plan, actor=actor, version=version)
        if row["last_form"] == form and (who.opener or who.opens):
            return
        refuse_if(rules.why_cannot_edit(standing, who, now=now))
        if version != row["version"]:
            raise Refused(MealRefusal.CHANGED_MEANWHILE)
        reopens = _refuse_times(row, standing, plan, now=now)
        values = _columns(plan)
        if any(row[name] != values[name] for name in ("starts_at", "ends_at", "room_id", "seats")):
            await _refuse_room(plan, place_id=row["place_id"], taken=row["taken"], but=meal_id)
        menu = await menu_of(meal_id)
        kept = [dish.id for dish in menu]
        dishes = await settle_menu(plan.dishes, place_id=row["place_id"], actor=actor, kept=kept, now=now)
        if reopens:
            values |= _AS_OPENED
            await run("update booking_part set handed_at = null where meal_id = {} and state = 'confirmed'", meal_id)
        elif standing.doubtful_until is not None:
            values["doubtful_until"] = min(standing.doubtful_until, plan.starts_at)
        brought = partial(move, row, MealState.OPEN) if reopens and row["state"] == "closed" else partial(change, row)
        after = await brought(now=now, version=row["version"] + 1, last_form=form, **values)
        await write_menu(after, plan.dishes, dishes)
        menu_after = await menu_of(meal_id)
        if not reopens and rules.is_closed(standing, now=now) and _is_another_meal(row, after, menu, menu_after):
            after = await change(after, now=now, released_at=now)
        await write_entry(after, now=now)
        await note(after, "edited", voice="member", by=actor, now=now)
        turns = await team_as_it_is(meal_id, now=now) if plan.turns is None else plan.turns
        await bring_team(row, after, turns, locked=people, actor=actor, now=now)
        await _end_too_many(after, now=now)
        await _tell_changes(row, after, menu, menu_after, now=now)
        await recount(after)
        await offer_freed(after, free_before=standing.free, now=now)


@command
async def cancel_meal(*, actor: int, meal_id: int, reason: str, now: datetime) -> None:
    """Call a meal off: everybody who is booked or waits is told, its turns are off too. Off already: nothing
    happens."""
    async with transaction():
        await lock_people_and_rooms(members=[actor])
        row = await locked(meal_id)
        standing, who = await ask(row, actor, now=now)
        if standing.state is MealState.CANCELLED and (who.opener or who.opens or who.keeps_place):
            return
        refuse_if(rules.why_cannot_cancel(standing, who, now=now))
        voice = "member" if who.opener or who.opens else "bureau"
        await cancel_steps(row, by=actor, voice=voice, reason=reason, now=now)


@command
async def go_ahead(*, actor: int, meal_id: int, now: datetime) -> None:
    """« On le fait quand même »: too few are there to cook, and it takes place; whoever says so of a meal that nobody
    answers for answers for it. Said already: nothing happens."""
    async with transaction():
        row = await locked(meal_id)
        standing, who = await ask(row, actor, now=now, turns=await turns_of(meal_id, now=now))
        if row["goes_ahead_at"] is not None and (who.opener or who.opens):
            return
        wanted, somebody_may = await taking_on(row, now=now)
        refuse_if(rules.why_cannot_go_ahead(standing, who, wanted=wanted, somebody_may=somebody_may, now=now))
        if wanted and rules.why_cannot_take_on(standing, who, wanted=True, somebody_may=somebody_may, now=now) is None:
            await take_on_steps(row, by=actor, now=now)
        await change(row, now=now, doubtful_until=None, goes_ahead_at=now, goes_ahead_by=actor)
        await note(row, "goes_ahead", voice="member", by=actor, now=now)


async def cancel_steps(row: Row, *, by: int | None, voice: str, reason: str = "", now: datetime) -> None:
    """The meal of this locked row is off; nobody's deed when too few cooks were there. Inside the caller's
    transaction."""
    after = await move(
        row,
        MealState.CANCELLED,
        now=now,
        cancelled_at=now,
        cancelled_by=by,
        reason=reason,
        doubtful_until=None,
        version=row["version"] + 1,
    )
    await write_entry(after, now=now)
    await note(after, "cancelled", voice=voice, by=by, reason=reason, now=now)
    members, guests = await end_bookings(after, now=now)
    mail = wording.cancelled(after["title"], after["starts_at"], reason=reason, too_few_cooks=by is None)
    also = {member: wording.guests_off(names) for member, names in guests.items()}
    what, told = f"cancelled-{moment(now)}", {*members, *guests}
    await tell(
        mail,
        told,
        row=after,
        kind=Kind.CANCELLATION,
        what=what,
        link="/repas",
        part=Part.CANCEL,
        also=also,
        now=now,
    )
    if after["opener_id"] not in {None, by, *told}:
        mail = wording.off_for_opener(after["title"], after["starts_at"], reason=reason, too_few_cooks=by is None)
        await tell(mail, [after["opener_id"]], row=after, kind=Kind.HOSTING, what=what, now=now)
    await cancel_slots(source=source_of(after["id"], after["title"]), actor=by, now=now)


async def move(row: Row, to: MealState, *, now: datetime, **values: Any) -> Row:
    """Move a meal along the table `MEAL_MOVES`, and write these columns with it; returns it as it is then."""
    assert to in MEAL_MOVES[MealState(row["state"])], f"{row['state']} does not become {to}"
    return await change(row, now=now, state=to.value, **values)


async def change(row: Row, *, now: datetime, **values: Any) -> Row:
    """Write these columns of a locked meal."""
    columns: dict[Any, Any] = {**values, "modified_at": now}
    changed: list[Row] = (
        await Meal.update(columns)
        .where((Meal.id == row["id"]) & (Meal.state == row["state"]) & (Meal.version == row["version"]))
        .returning(*Meal.all_columns())
    )
    assert changed, "meals only change under their lock"
    return changed[0]


# --------------------------------------------------------------------------------------------------------- what may be


def _check(plan: MealPlan) -> None:
    """Raise `ValueError` for what no form lets through."""
    low, high = rules.SEATS_OF_A_MEAL
    prices = plan.prices
    if (
        not plan.title.strip()
        or not plan.starts_at < plan.ends_at
        or not low <= plan.seats <= high
        or not 0 <= prices.low <= prices.fair <= prices.more
        or plan.cooks_least < 0
        or any(dish.portions is not None and dish.portions < 1 for dish in plan.dishes)
        or any(turn.people < 0 for turn in plan.turns or ())
    ):
        raise ValueError(f"not a meal: {plan}")


def _refuse_times(row: Row, standing: Standing, plan: MealPlan, *, now: datetime) -> bool:
    """Once bookings are closed they stay so, unless the meal is put off to another day: true if they open again. A meal
    that has begun keeps its hour."""
    closed = standing.state is MealState.CLOSED or now >= standing.closes_at
    reopens = (
        closed and plan.closes_at != row["closes_at"] and rules.is_put_off(standing, starts_at=plan.starts_at, now=now)
    )
    if reopens or not closed:
        refuse_if(rules.why_not_then(starts_at=plan.starts_at, closes_at=plan.closes_at, now=now))
        return reopens
    if plan.closes_at != row["closes_at"]:
        raise Refused(MealRefusal.NOT_OPEN)
    if plan.starts_at < plan.closes_at:
        raise Refused(MealRefusal.CLOSES_TOO_LATE)
    moved = plan.starts_at != row["starts_at"]
    if plan.ends_at <= now or (moved and min(plan.starts_at, row["starts_at"]) <= now):
        raise Refused(MealRefusal.IN_THE_PAST)
    return False


_AS_OPENED: dict[str, Any] = dict.fromkeys(
    ("closed_at", "released_at", "doubtful_until", "goes_ahead_at", "goes_ahead_by", "called_at")
)
"""What a meal that is booked again knows no more."""


async def _end_too_many(row: Row, *, now: datetime) -> None:
    """Whoever waits for more seats together than the meal has now would wait for ever: they wait no more, and are
    told."""
    waiting = await run(
        "select distinct b.id from booking b join booking_part p on p.booking_id = b.id "
        "where b.meal_id = {} and b.together = {} and p.state = 'waiting' order by b.id",
        *(row["id"], True),
    )
    books = rules.why_cannot_book(standing_of(row), now=now) is None
    for held in await held_of([each["id"] for each in waiting]):
        theirs = held.seats(*TAKES_SEATS)
        too_many = [part for part in held.of_state(PartState.WAITING) if theirs + part["seats"] > row["seats"]]
        for part in too_many:
            await move_part(row, part, PartState.LAPSED, now=now)
        if too_many and held.member is not None:
            seats = sum(part["seats"] for part in too_many)
            mail = wording.too_many_together(row["title"], row["starts_at"], seats=seats, books=books)
            what = f"too-many-{too_many[-1]['id']}"
            await tell(mail, [held.member], row=row, kind=Kind.CHANGE, what=what, now=now)
        await follow(row, held, now=now)


async def _refuse_room(plan: MealPlan, *, place_id: int, taken: int, but: int | None = None) -> None:
    """Refuse fewer seats than are taken, and a room that is too small or taken. The room has been locked."""
    room = None if plan.room_id is None else await _room(place_id, plan.room_id)
    refuse_if(
        rules.why_not_these_seats(seats=plan.seats, taken=taken, room_seats=room.seats if room else None),
        taken=taken,
        room=room.name if room else "",
        seats=room.seats if room else 0,
    )
    if room is None:
        return
    itself = None if but is None else (KIND, but)
    clash = await why_clashes(starts_at=plan.starts_at, ends_at=plan.ends_at, room_id=room.id, except_for=itself)
    if clash is not None:
        raise Refused(MealRefusal.ROOM_TAKEN, room=room.name, starts_at=clash.starts_at)


async def _room(place_id: int, room_id: int) -> RoomFacts:
    """The room, if it is one of this place and still in use. Raises `NotFound`."""
    for room in await rooms_of(place_id):
        if room.id == room_id:
            return room
    raise NotFound


def _rooms(plan: MealPlan) -> list[int]:
    return [] if plan.room_id is None else [plan.room_id]


def _columns(plan: MealPlan) -> dict[str, Any]:
    """What a plan writes into the meal's row; what is searched is written with its menu."""
    return {
        "title": plan.title,
        "about": plan.about,
        "starts_at": plan.starts_at,
        "ends_at": plan.ends_at,
        "closes_at": plan.closes_at,
        "room_id": plan.room_id,
        "seats": plan.seats,
        "low_cents": plan.prices.low,
        "fair_cents": plan.prices.fair,
        "more_cents": plan.prices.more,
        "cooks_least": plan.cooks_least,
    }


def _form_key(plan: MealPlan, *, actor: int, version: int) -> str:
    """What tells one sending of the editing form from another (`meal.last_form`)."""
    return hashlib.sha256(repr((actor, version, plan)).encode()).hexdigest()


# -------------------------------------------------------------------------------------------------------------- telling


def _is_another_meal(row: Row, after: Row, menu: Sequence[DishFacts], menu_after: Sequence[DishFacts]) -> bool:
    """Whether somebody who could come, and eat of it, may not be able to any more."""
    moved = (row["starts_at"], row["ends_at"]) != (after["starts_at"], after["ends_at"])
    known = {dish.id: dish for dish in menu}
    unknown = any(dish.id not in known and not dish.declared for dish in menu_after)
    instead = any(dish.instead != known.get(dish.id, dish).instead for dish in menu_after)
    return moved or unknown or instead or bool(gained(menu, menu_after))


async def _tell_changes(
    row: Row, after: Row, menu: Sequence[DishFacts], menu_after: Sequence[DishFacts], *, now: datetime
) -> None:
    """Tell whoever has seats or waits what is not as it was; whose offer ends sooner, until when."""
    hurried = await shorten_offers(after, now=now) if after["closes_at"] < row["closes_at"] else []
    changes = await _changes(row, after, menu, menu_after)
    if not changes:
        return
    members, guests = await people_at(after)
    also = {member: wording.guests_told(names) for member, names in guests.items()}
    what, title = f"changed-{after['version']}", row["title"]
    part = Part.UPDATE if any(row[name] != after[name] for name in IN_CALENDARS) else None
    if hurried:
        mail = wording.changed(title, changes, until=max(now, after["closes_at"]))
        await tell(mail, hurried, row=after, kind=Kind.CHANGE, what=what, part=part, also=also, now=now)
    told = {*members, *guests}.difference(hurried)
    mail = wording.changed(title, changes, way_out=way_out(after, now=now))
    await tell(mail, told, row=after, kind=Kind.CHANGE, what=what, part=part, also=also, now=now)


async def _changes(row: Row, after: Row, menu: Sequence[DishFacts], menu_after: Sequence[DishFacts]) -> list[Text]:
    changes: list[Text] = []
    before = (row["starts_at"], row["ends_at"])
    if (after["starts_at"], after["ends_at"]) != before:
        changes.append(wording.new_hours(after["starts_at"], after["ends_at"], before=before))
    if after["closes_at"] != row["closes_at"]:
        changes.append(wording.new_closing(after["closes_at"]))
    if after["room_id"] != row["room_id"]:
        name = "" if after["room_id"] is None else (await _room(after["place_id"], after["room_id"])).name
        changes.append(wording.new_room(name))
    if after["title"] != row["title"]:
        changes.append(wording.new_title(after["title"]))
    if {dish.id for dish in menu} != {dish.id for dish in menu_after}:
        changes.append(wording.new_menu([dish.name for dish in menu_after]))
        if new := gained(menu, menu_after):
            changes.append(wording.menu_gained(new))
        known = {dish.id for dish in menu}
        if unknown := undeclared(dish for dish in menu_after if dish.id not in known):
            changes.append(wording.menu_undeclared(unknown))
    before_instead = {dish.id: dish.instead for dish in menu}
    for dish in menu_after:
        if before_instead.get(dish.id, dish.instead) != dish.instead:
            changes.append(wording.instead_now(dish.name, dish.instead))
    return changes
