"""Booking seats at a meal, for oneself or for somebody present who has no account, and asking for more.

Every command locks the meal's row, so that counting and booking are one thing; the same form sent twice, from two tabs
or two telephones, is one booking. `book` asks no more when three hundred have booked than when nobody has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.calendar.api import take_part
from app.database import command, run, transaction
from app.errors import NotFound, Refused
from app.identity.api import who_is_here
from meals import rules
from meals.commands.card import hold, to_pay
from meals.commands.money import settle_money
from meals.commands.parts import (
    Held,
    Spans,
    add_parts,
    follow,
    keep_form,
    locked_booking,
    move,
    sent_before,
    tell_confirmed,
)
from meals.commands.pot import draw_from_pot, pot_follows, put_back_to_pot
from meals.commands.steps import locked, locked_with_where, recount, refuse_if
from meals.facts import HAD_SUSPENDED, KIND, Row, menu_of, source_of, standing_of, turns_of
from meals.kitchen import diets_asked
from meals.rules import Standing, Who, Wish
from meals.states import Diet, MealRefusal, OwnSeat, PartState, Payment
from rotas.api import gave_up


@dataclass(frozen=True, slots=True)
class Booked:
    """A booking, and whether it was made just now: as it was asked for, then."""

    id: int
    anew: bool
    pays: bool = False
    """Seats of it are held until they are paid for by card: Stripe is to be asked for its page (`card.pay`)."""


@command
async def book(
    *, actor: int, meal_id: int, wish: Wish, diets: Mapping[Diet, int], version: int | None = None, now: datetime
) -> Booked:
    """Book seats, or wait for what is not free. Whoever has a booking already keeps it as it is: that is where the same
    form sent twice leads. Diets that nothing on the menu conflicts with are not kept.

    `version` is that of the meal where its hours and allergens were read: refused when they are not those any more."""
    async with transaction():
        row = await locked_with_where(meal_id)
        standing = standing_of(row, now=now)
        reason = await _why_not(row, standing, actor, wish, now=now) or _why_read_again(standing, version)
        booking_id = await insert_booking(row, wish, member_id=actor, now=now) if reason is None else None
        if booking_id is None:
            mine = await _there_already(row, actor)
            if mine is None:
                if reason is None:
                    raise RuntimeError("the index lets a booking in, unless there is one")
                raise Refused(reason)
            return Booked(mine, anew=False, pays=await _pays(mine))
        held = await _seat(row, standing, booking_id, wish, member_id=actor, now=now)
        if diets:
            await _keep_diets(row, booking_id, wish.seats, diets)
        await recount(row)
        if held.confirmed:
            await tell_confirmed(row, held, now=now)
        return Booked(booking_id, anew=True, pays=bool(held.of_state(PartState.HELD)))


async def _why_not(row: Row, standing: Standing, actor: int, wish: Wish, *, now: datetime) -> MealRefusal | None:
    """What the wish alone decides is not asked of the database."""
    if (reason := rules.why_cannot_book(standing, now=now)) is not None:
        return reason
    on_team = wish.team and any(actor in slot.member_ids for _, slot in await turns_of(row["id"], now=now))
    before = wish.suspended and await _suspended_before(row, actor)
    return rules.why_not_this_wish(standing, Who(actor, on_team=on_team), wish, suspended_before=before)


def _why_read_again(standing: Standing, version: int | None) -> MealRefusal | None:
    """Nobody books a menu that they have not seen."""
    return MealRefusal.CHANGED_MEANWHILE if version not in (None, standing.version) else None


async def _suspended_before(row: Row, actor: int) -> bool:
    """Whether they had a suspended meal here; one that they gave back, or waited for in vain, is none."""
    found = await run(
        f"select 1 as one from booking b where b.meal_id = {{}} and b.member_id = {{}} and {HAD_SUSPENDED} limit 1",  # noqa: S608 - constants of ours
        row["id"],
        actor,
    )
    return bool(found)


async def _there_already(row: Row, actor: int) -> int | None:
    found = await run(
        "select id from booking where meal_id = {} and member_id = {} and active = {}", row["id"], actor, True
    )
    return int(found[0]["id"]) if found else None


async def _pays(booking_id: int) -> bool:
    found = await run("select id from booking_part where booking_id = {} and state = 'held' limit 1", booking_id)
    return bool(found)


async def insert_booking(
    row: Row,
    wish: Wish,
    *,
    member_id: int | None = None,
    first_name: str = "",
    booked_by: int | None = None,
    once: str = "",
    now: datetime,
) -> int | None:
    """The new booking's id; none if this member has one already."""
    made = await run(
        "insert into booking (meal_id, member_id, first_name, booked_by, together, price_cents, fair_cents, own, "
        "payment, give, suspended, team, active, once, last_form, made_at, modified_at) values "
        "({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}) "
        "on conflict (meal_id, member_id) where active do nothing returning id",
        row["id"],
        member_id,
        first_name,
        booked_by,
        wish.together,
        wish.price_cents,
        row["fair_cents"],
        (OwnSeat.FREE if wish.suspended or wish.team else OwnSeat.CHOSEN).value,
        wish.payment.value,
        wish.give,
        wish.suspended and not wish.team,  # one's own seat is at 0 € already
        wish.team,
        True,
        once,
        "",
        now,
        now,
    )
    return int(made[0]["id"]) if made else None


async def _seat(
    row: Row, standing: Standing, booking_id: int, wish: Wish, *, member_id: int | None, now: datetime
) -> Held:
    """Give the new booking what is free, and let the rest wait. What is paid for by card is held until then."""
    booking = {
        "id": booking_id,
        "member_id": member_id,
        "price_cents": wish.price_cents,
        "own": (OwnSeat.FREE if wish.suspended or wish.team else OwnSeat.CHOSEN).value,
        "payment": wish.payment.value,
        "give": wish.give,
        "fair_cents": row["fair_cents"],
        "suspended": wish.suspended and not wish.team,
    }
    (_, free, children), waits = _shared_out(standing, wish.seats, wish.children, together=wish.together)
    cents = to_pay(booking, confirmed=0, seats=free) if wish.payment is Payment.CARD else 0
    theirs = PartState.HELD if cents else PartState.CONFIRMED
    parts = await add_parts(row, booking_id, [(theirs, free, children), waits], now=now)
    held = Held.of(booking, parts)
    if cents:
        await hold(row, held, held.of_state(PartState.HELD), cents, now=now)
    if member_id is not None and held.role is not None:
        await take_part(KIND, row["id"], member_id, held.role, binding=False, now=now)
    if held.confirmed:
        await pot_follows(row, booking, stands=True, now=now)
    return held


def _shared_out(standing: Standing, seats: int, children: int, *, together: bool) -> Spans:
    """Which of these seats there are at once, and which wait: two parts, of no seats perhaps."""
    free = rules.seats_now(free=standing.free, seats=seats, together=together)
    inside = rules.children_now(children=children, now=free, later=seats - free)
    return [(PartState.CONFIRMED, free, inside), (PartState.WAITING, seats - free, children - inside)]


async def _keep_diets(row: Row, booking_id: int, seats: int, diets: Mapping[Diet, int]) -> None:
    asked = diets_asked(await menu_of(row["id"]))
    kept = [(diet, min(seats, people)) for diet, people in diets.items() if diet in asked and people > 0]
    if kept:
        await run(
            "insert into booking_diet (booking_id, diet, people) values "  # noqa: S608 - marks only
            + ", ".join(["({}, {}, {})"] * len(kept)),
            *(value for diet, people in kept for value in (booking_id, diet.value, people)),
        )


@command
async def book_for(
    *,
    actor: int,
    meal_id: int,
    first_name: str,
    wish: Wish,
    version: int | None = None,
    form: str = "",
    now: datetime,
) -> int:
    """Book free seats for somebody without an account; returns the booking's id. Who did it is kept with the name. Two
    people may have one name: the same `form` again is the same booking, and refused once all its seats were given
    back. `version` as for `book`."""
    async with transaction():
        row = await locked(meal_id)
        again = await run(
            "select id, active from booking where meal_id = {} and booked_by = {} and once = {} order by id limit 1",
            meal_id,
            actor,
            form,
        )
        if form and again:
            if not again[0]["active"]:
                raise Refused(MealRefusal.CHANGED_MEANWHILE)
            return int(again[0]["id"])
        standing = standing_of(row)  # nobody pays by card for somebody else
        here = await who_is_here(actor, row["place_id"], at=now)
        who = Who(actor, belongs=here.belongs, guests=await _guests_of(row, actor))
        refuse_if(rules.why_cannot_book_for(standing, who, wish.seats, now=now))
        refuse_if(rules.why_not_this_wish(standing, who, wish, suspended_before=False))
        refuse_if(_why_read_again(standing, version))
        booking_id = await insert_booking(row, wish, first_name=first_name, booked_by=actor, once=form, now=now)
        if booking_id is None:
            raise RuntimeError("only members have one booking")
        await _seat(row, standing, booking_id, wish, member_id=None, now=now)
        await recount(row)
        return booking_id


async def _guests_of(row: Row, actor: int) -> int:
    """How many seats they booked here for people without an account."""
    found = await run(
        "select coalesce(sum(p.seats), 0) as seats from booking b join booking_part p on p.booking_id = b.id "
        "where b.meal_id = {} and b.booked_by = {} and b.member_id is null "
        "and p.state in ('held', 'confirmed', 'attended')",
        row["id"],
        actor,
    )
    return int(found[0]["seats"])


@command
async def change_choice(
    *,
    actor: int,
    booking_id: int,
    team: bool,
    take: bool = False,
    pay: bool = False,
    diets: Mapping[Diet, int],
    now: datetime,
) -> None:
    """Say anew what is not eaten, and that one's own seat is the team's (`team`), of whoever took a turn after having
    booked, or else a suspended meal (`take`), or none any more (`pay`). Diets that nothing on the menu conflicts with
    are not kept."""
    async with transaction():
        row, held = await locked_booking(booking_id)
        if actor != (held.booking["booked_by"] if held.member is None else held.member):
            raise NotFound
        if not held.seats():
            raise Refused(MealRefusal.NO_BOOKING)
        refuse_if(rules.why_cannot_change_choice(standing_of(row), now=now))
        if (team or take or pay) and held.of_state(PartState.HELD):
            raise Refused(MealRefusal.PAYING)
        if (team or take) and not await _is_free(row, held.booking):
            if team:
                await _refuse_off_the_team(row, held, now=now)
            else:
                await _take_suspended(row, held, now=now)
            await run(
                "update booking set team = {}, suspended = {}, own = {}, modified_at = {} where id = {}",
                *(team, not team, OwnSeat.FREE.value, now, booking_id),
            )
        elif pay and rules.pays_after_all(OwnSeat(held.booking["own"]), suspended=bool(held.booking["suspended"])):
            await put_back_to_pot(row, held.booking, now=now)
            await run(
                "update booking set suspended = {}, own = {}, modified_at = {} where id = {}",
                *(False, OwnSeat.CHOSEN.value, now, booking_id),
            )
        await run("delete from booking_diet where booking_id = {}", booking_id)
        await _keep_diets(row, booking_id, held.seats(), diets)
        await settle_money(row, held.booking, now=now)


async def _is_free(row: Row, booking: Row) -> bool:
    """Whether one's own seat costs nothing; the team's not any more once that turn was given up, even if no job has
    said so yet."""
    if OwnSeat(booking["own"]) is not OwnSeat.FREE:
        return False
    return not booking["team"] or booking["member_id"] not in await gave_up(source_of(row["id"]))


async def _refuse_off_the_team(row: Row, held: Held, *, now: datetime) -> None:
    """The team's seat is of whoever has a turn, not of those they booked for."""
    turns = await turns_of(row["id"], now=now) if held.member is not None else []
    if not any(held.member in slot.member_ids for _, slot in turns):
        raise Refused(MealRefusal.NOT_OF_THE_TEAM)


async def _take_suspended(row: Row, held: Held, *, now: datetime) -> None:
    """One's own seat is a suspended meal: once a meal, nobody's but one's own."""
    if held.member is None or await _suspended_before(row, held.member):
        raise Refused(MealRefusal.SUSPENDED_ONCE)
    if held.confirmed:
        await draw_from_pot(row, held.booking, now=now)


@command
async def add_seats(
    *, actor: int, booking_id: int, seats: int, children: int, had: int | None = None, form: str = "", now: datetime
) -> None:
    """Ask for more seats of one's booking: what is free at once, the rest at the end of the list. Who comes together
    and waits, waits for all of them there: whoever asked before them is before them. They are paid for on site.

    `had` is how many seats it had where that was asked, `form` as for `cancel_seats`.
    """
    async with transaction():
        row, held = await locked_booking(booking_id)
        if held.member != actor:
            raise NotFound
        if sent_before(held, form):
            return
        if not held.seats():
            raise Refused(MealRefusal.NO_BOOKING)
        if had not in (None, held.seats()):
            raise Refused(MealRefusal.CHANGED_MEANWHILE)
        if held.of_state(PartState.HELD):
            raise Refused(MealRefusal.PAYING)
        standing = standing_of(row)
        refuse_if(rules.why_cannot_book(standing, now=now))
        refuse_if(rules.why_not_more(seats=held.seats(), children=held.children(), more=seats, more_children=children))
        together = bool(held.booking["together"])
        first = not held.confirmed
        if together:
            for part in held.of_state(PartState.WAITING):
                seats, children = seats + part["seats"], children + part["children"]
                await move(row, part, PartState.CANCELLED, now=now)
            refuse_if(rules.why_too_many_for_it(standing, seats, together=True))
        parts = _shared_out(standing, seats, children, together=together)
        held.parts += await add_parts(row, booking_id, parts, now=now)
        await keep_form(held, form, now=now)
        await follow(row, held, now=now)
        await recount(row)
        if first and held.confirmed:
            await tell_confirmed(row, held, now=now)
