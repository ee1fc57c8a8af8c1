"""What the clock does about meals: bookings that close, a meal that too few would cook, calls for what is missing in a
team, offers that lapse, the list that ends, « repas de l’équipe » without the team, accounts that close, what is
forgotten.

Each job finds what is due without a lock, then does it one meal a transaction, asking again under the lock: done twice,
or by two processes at once, it is done once. A job returns how many things it did, and raises `SomeFailed` at its end
when one of them fell over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import Any

from app.clock import day_start, local_day
from app.database import command, run, transaction
from app.notices.api import Kind
from app.one_by_one import OneByOne
from app.payments import api as payments
from app.payments.api import Closing
from meals import card_rules, rules, wording
from meals.commands.card import end_unpaid, free_held
from meals.commands.closing import close_accounts_of, forget_who_came
from meals.commands.ending import end_list
from meals.commands.opener import ask_whether, cooks_of, who_answers
from meals.commands.opening import cancel_steps, change, move
from meals.commands.parts import lapse_offers_of, locked_booking
from meals.commands.steps import locked, moment, note, tell, way_out
from meals.facts import KIND, Row, night_of, source_of, standing_of, turns_of
from meals.states import MealState, OwnSeat, PartState
from meals.tables import Booking, Meal
from rotas.api import call_for, gave_up

# ----------------------------------------------------------------------------------------- closing, doubt, being served


async def close_due(now: datetime) -> int:
    """Bookings close: offers that nobody answered lapse. When too few are there to cook, whoever opened the meal is
    asked whether it takes place all the same."""
    due = await run("select id from meal where state = 'open' and closes_at <= {} order by id", now)
    return await _each("meals.close_due", _close_one, due, now)


@command
async def _close_one(meal_id: int, now: datetime) -> int:
    async with transaction():
        row = await locked(meal_id)
        if MealState(row["state"]) is not MealState.OPEN or row["closes_at"] > now:
            return 0
        await lapse_offers_of(row, now=now)
        await _settle_team_seats(row, now=now)
        cooks, wanted = await cooks_of(row, now=now)
        doubtful = rules.is_doubtful(cooks=cooks, wanted=wanted) and now < row["starts_at"]
        until = min(now + rules.DOUBT_LASTS, row["starts_at"]) if doubtful else None
        row = await move(row, MealState.CLOSED, closed_at=now, doubtful_until=until, now=now)
        await note(row, "closed", voice="clock", by=None, now=now)
        if until is not None:
            await ask_whether(row, await who_answers(row, now=now), what="too-few-cooks", now=now)
        return 1


async def cancel_doubtful(now: datetime) -> int:
    """Nobody said « on le fait quand même » in time, and too few are still there to cook: it is called off."""
    due = await run("select id from meal where state = 'closed' and doubtful_until <= {} order by id", now)
    return await _each("meals.cancel_doubtful", _cancel_one, due, now)


@command
async def _cancel_one(meal_id: int, now: datetime) -> int:
    async with transaction():
        row = await locked(meal_id)
        until = row["doubtful_until"]
        if MealState(row["state"]) is not MealState.CLOSED or until is None or until > now:
            return 0
        cooks, wanted = await cooks_of(row, now=now)
        over = rules.is_eaten(
            starts_at=row["starts_at"], now=now
        )  # nothing ran for so long that it is no news any more
        if rules.is_doubtful(cooks=cooks, wanted=wanted) and not over:
            await cancel_steps(row, by=None, voice="clock", now=now)
            return 1
        row = await change(row, doubtful_until=None, now=now)
        if not over:
            mail = wording.enough_cooks(row["title"], row["starts_at"])
            answers = await who_answers(row, now=now)
            await tell(mail, answers, row=row, kind=Kind.HOSTING, what="enough-cooks", now=now)
        return 1


async def serve_past(now: datetime) -> int:
    """What is closed and has ended was served."""
    due = await run("select id from meal where state = 'closed' and ends_at <= {} order by id", now)
    return await _each("meals.serve_past", _serve_one, due, now)


@command
async def _serve_one(meal_id: int, now: datetime) -> int:
    async with transaction():
        row = await locked(meal_id)
        if MealState(row["state"]) is not MealState.CLOSED or row["ends_at"] > now:
            return 0
        await end_list(row, now=now)
        await move(row, MealState.SERVED, served_at=now, doubtful_until=None, now=now)
        return 1


# ------------------------------------------------------------------------------------------------------------- the team


async def call_gaps(now: datetime) -> int:
    """Have people called out for what is missing in a team: 72, 48 and 24 h before bookings close; after that, at once
    for whatever nobody was called for yet. Who is called, and in which words, is turns' affair."""
    due = await run(
        "select id from meal where state = 'open' and closes_at > {} and closes_at <= {} union all "
        "select id from meal where state = 'closed' and ends_at > {} and starts_at > {}",
        now,
        now + max(rules.CALLED_OUT),
        now,
        now,
    )
    return await _each("meals.call_gaps", _call_if_due, sorted(due, key=itemgetter("id")), now)


async def _call_if_due(meal_id: int, now: datetime) -> int:
    """Asked without the lock first: mostly there is nobody to call."""
    rows = await run("select * from meal where id = {}", meal_id)
    due = bool(rows) and await _call_now(rows[0], now=now) is not None
    return await _call_one(meal_id, now) if due else 0


@command
async def _call_one(meal_id: int, now: datetime) -> int:
    async with transaction():
        row = await locked(meal_id)
        anew = await _call_now(row, now=now)
        if anew is None:
            return 0
        asked = await call_for(source_of(meal_id), anew=anew, now=now)
        if asked and anew:
            await Meal.update({Meal.called_at: now}).where(Meal.id == meal_id)
        return int(asked > 0)


async def _call_now(row: Row, *, now: datetime) -> bool | None:
    """Whether people are called for this meal's turns now: for all that lack somebody (true), or only for those that
    nobody was called for yet."""
    lacking = [slot for _, slot in await turns_of(row["id"], now=now) if slot.free and slot.starts_at > now]
    if MealState(row["state"]) is MealState.OPEN:
        due = rules.call_due(closes_at=row["closes_at"], called_at=row["called_at"], now=now)
        return True if due and lacking else None
    closed = MealState(row["state"]) is MealState.CLOSED
    return False if closed and any(not slot.called for slot in lacking) else None


async def team_seats(now: datetime) -> int:
    """Whoever had « repas de l’équipe » and gave their turn up keeps the seat, at the fair price, and is told."""
    due = await run(
        "select distinct m.id from booking b join meal m on m.id = b.meal_id where b.team and b.active "
        "and m.state in ('open', 'closed') and m.starts_at > {} order by m.id",
        now,
    )
    return await _each("meals.team_seats", _team_seats_if_due, due, now)


async def _team_seats_if_due(meal_id: int, now: datetime) -> int:
    return await _team_seats_of(meal_id, now) if await _off_the_team(meal_id) else 0


@command
async def _team_seats_of(meal_id: int, now: datetime) -> int:
    async with transaction():
        row = await locked(meal_id)
        return await _settle_team_seats(row, now=now)


async def _settle_team_seats(row: Row, *, now: datetime) -> int:
    """The same for one meal, in the caller's transaction, which has locked it. Not once it has begun."""
    if rules.why_cannot_change_choice(standing_of(row), now=now) is not None:
        return 0
    bookings = await _off_the_team(row["id"])
    for each in bookings:
        columns: dict[Any, Any] = {Booking.team: False, Booking.own: OwnSeat.FAIR.value, Booking.modified_at: now}
        await Booking.update(columns).where(Booking.id == each["id"])
        mail = wording.off_the_team(row["title"], row["starts_at"], way_out=way_out(row, now=now))
        what, link = f"off-the-team-{each['id']}-{moment(now)}", f"/reservations/{each['id']}"
        # What one pays is not for whoever passes messages on to people without e-mail.
        await tell(mail, [each["member_id"]], row=row, kind=Kind.CHANGE, what=what, link=link, discreet=True, now=now)
    return len(bookings)


async def _off_the_team(meal_id: int) -> list[Row]:
    """The bookings of this meal whose own seat is the team's, of people who gave their turn up."""
    gone = await gave_up(source_of(meal_id))
    bookings = await run(
        "select id, member_id from booking where meal_id = {} and team = {} and active = {} order by id",
        meal_id,
        True,
        True,
    )
    return [each for each in bookings if each["member_id"] in gone]


# --------------------------------------------------------------------------------------------------- offers, the list


async def lapse_offers(now: datetime) -> int:
    """Seats that were kept for somebody who did not answer go to whoever is next."""
    due = await run(
        "select distinct m.id from booking_part p join meal m on m.id = p.meal_id "
        "where p.state = 'offered' and p.offer_until <= {} and m.state in ('open', 'closed') order by m.id",
        now,
    )
    return await _each("meals.lapse_offers", _lapse_offers_of, due, now)


@command
async def _lapse_offers_of(meal_id: int, now: datetime) -> int:
    async with transaction():
        return await lapse_offers_of(await locked(meal_id), now=now)


async def lapse_held(now: datetime) -> int:
    """Seats that were held for a card, and not paid in time: its page at Stripe is closed, then they go to whoever is
    next. As long as Stripe does not answer they stay held, until the meal begins."""
    due = await run(
        "select p.booking_id as id, p.checkout_id, m.starts_at from booking_part p join meal m on m.id = p.meal_id "
        "where p.state = 'held' and (p.held_until <= {} or m.starts_at <= {}) "
        "group by p.booking_id, p.checkout_id, m.starts_at order by min(p.held_until), p.booking_id",
        now,
        now,
    )
    things, away = OneByOne("meals.lapse_held"), False
    turn = int(now.timestamp() // 60) * _AT_ONCE % max(1, len(due))
    due = due[turn:] + due[:turn]  # each minute others are first: eight that nobody knows keep no others waiting
    for first in range(0, len(due), _AT_ONCE):
        some, unknown = due[first : first + _AT_ONCE], list[int]()
        ends = (partial(_end_held, each, unknown, away, now) for each in some)
        tried = (things.try_one("booking", each["id"], end) for each, end in zip(some, ends, strict=True))
        for error in await asyncio.gather(*tried, return_exceptions=True):
            if isinstance(error, BaseException):
                raise error
        away = away or len(unknown) == len(some)  # Stripe is away: nobody waits for it once more for each of the others
    return things.done()


_AT_ONCE = 8
"""So many holds are ended at a time: each may wait for Stripe for some seconds."""


async def _end_held(due: Row, unknown: list[int], away: bool, now: datetime) -> int:
    """How many were freed, or found to be paid. Those of which Stripe says nothing are noted as `unknown`."""
    if not away and await end_unpaid(due["id"], due["checkout_id"], now=now) is not Closing.UNKNOWN:
        return 1
    unknown.append(due["id"])
    return await _end_in_vain(due["id"], now) if now >= due["starts_at"] else 0


@command
async def _end_in_vain(booking_id: int, now: datetime) -> int:
    """The meal begins, and nobody knows whether it is paid. If it was, it is given back once Stripe says so."""
    async with transaction():
        row, held = await locked_booking(booking_id)
        parts = held.of_state(PartState.HELD)
        if not parts or not card_rules.is_held_in_vain(standing_of(row), now=now):
            return 0
        await payments.close_soon(kind=KIND, thing_ids=[booking_id], now=now)
        await free_held(row, held, parts, now=now)
        return 1


async def end_lists(now: datetime) -> int:
    """The meal begins: nobody waits any more."""
    due = await run(
        "select distinct m.id from booking_part p join meal m on m.id = p.meal_id "
        "where p.state = 'waiting' and m.starts_at <= {} order by m.id",
        now,
    )
    return await _each("meals.end_lists", _end_list_of, due, now)


@command
async def _end_list_of(meal_id: int, now: datetime) -> int:
    async with transaction():
        row = await locked(meal_id)
        return await end_list(row, now=now) if row["starts_at"] <= now else 0


# ------------------------------------------------------------------------------------------------------------ accounts


async def close_accounts(now: datetime) -> int:
    """The night after a meal its accounts are closed, and it is forgotten who came. Of what is forgotten already
    nothing is written down; one that was called off has no accounts."""
    today = day_start(local_day(now))
    due = await run(
        "select id from meal m where state = 'served' and ends_at < {} and ends_at > {} "
        "and not exists (select 1 from meal_account a where a.meal_id = m.id) union "
        "select id from meal where ends_at < {} "
        "and id in (select meal_id from booking_part where attended_at is not null or ticked_by_form <> '') "
        "order by id",
        *(today, now - rules.MONEY_KEPT, today),
    )
    return await _each("meals.close_accounts", _close_accounts_of, due, now)


@command
async def _close_accounts_of(meal_id: int, now: datetime) -> int:
    async with transaction():
        row = await locked(meal_id)
        if now < night_of(row):  # until then people are ticked in, from the list on paper as well
            return 0
        served = MealState(row["state"]) is MealState.SERVED
        return await close_accounts_of(row, now=now) if served else await forget_who_came(meal_id, now=now)


# ---------------------------------------------------------------------------------------------------------- forgetting


async def forget_guests_and_diets(now: datetime) -> int:
    """The night after a meal, forget what people of it do not eat, and the first names of those without an account,
    with who booked for them."""
    today = day_start(local_day(now))
    due = await run(
        "select id from meal where ends_at < {} and id in (select meal_id from booking where member_id is null "
        "and (first_name <> '' or booked_by is not null) union select b.meal_id from booking_diet d "
        "join booking b on b.id = d.booking_id) order by id",
        today,
    )
    return await _each("meals.forget_guests_and_diets", _forget_of, due, now)


@command
async def _forget_of(meal_id: int, now: datetime) -> int:
    async with transaction():
        row = await locked(meal_id)
        if row["ends_at"] >= day_start(local_day(now)):
            return 0
        diets = await run(
            "delete from booking_diet where booking_id in (select id from booking where meal_id = {}) returning id",
            meal_id,
        )
        guests = (
            await Booking.update({Booking.first_name: "", Booking.booked_by: None})
            .where(
                (Booking.meal_id == meal_id)
                & Booking.member_id.is_null()
                & ((Booking.first_name != "") | Booking.booked_by.is_not_null())
            )
            .returning(Booking.id)
        )
        return len(diets) + len(guests)


async def forget_what_was_paid(now: datetime) -> int:
    """A month after a meal, forget what anybody paid for it, gave or was given. What the pot got and gave stays, of
    nobody."""
    due = await run(
        "select id from meal where ends_at <= {} and id in (select meal_id from booking where forgotten_at is null) "
        "order by id",
        now - rules.MONEY_KEPT,
    )
    return await _each("meals.forget_what_was_paid", _forget_money_of, due, now)


@command
async def _forget_money_of(meal_id: int, now: datetime) -> int:
    async with transaction():
        row = await locked(meal_id)
        if row["ends_at"] > now - rules.MONEY_KEPT:
            return 0
        if MealState(row["state"]) is MealState.SERVED:  # no clock ran for a month: before nobody knows any more
            await close_accounts_of(row, now=now)
        forgotten = await run(
            "update booking set price_cents = 0, fair_cents = 0, own = {}, give = 0, suspended = {}, team = {}, "
            "forgotten_at = {} where meal_id = {} and forgotten_at is null returning id",
            *(OwnSeat.CHOSEN.value, False, False, now, meal_id),
        )
        ids = [each["id"] for each in await run("select id from booking where meal_id = {}", meal_id)]
        await payments.forget_whose(kind=KIND, thing_ids=ids)
        # Nor does the hour of a line say whose it was.
        await run("update pot_line set booking_id = null, at = {} where meal_id = {}", row["ends_at"], meal_id)
        return len(forgotten)


async def forget_who_counted(now: datetime) -> int:
    """A month after a meal, forget who counted its box, and what somebody alone found in it. What two found stays."""
    due = await run(
        "select id from meal where ends_at <= {} and id in (select meal_id from till_entry union "
        "select meal_id from till_count where first_by is not null union "
        "select meal_id from till_count where second_by is not null) order by id",
        now - rules.MONEY_KEPT,
    )
    return await _each("meals.forget_who_counted", _forget_counts_of, due, now)


@command
async def _forget_counts_of(meal_id: int, now: datetime) -> int:
    async with transaction():
        row = await locked(meal_id)
        if row["ends_at"] > now - rules.MONEY_KEPT:
            return 0
        entered = await run("delete from till_entry where meal_id = {} returning id", meal_id)
        counted = await run(
            "update till_count set first_by = null, second_by = null where meal_id = {} "
            "and (first_by is not null or second_by is not null) returning id",
            meal_id,
        )
        return len(entered) + len(counted)


async def made_again(now: datetime, latest: datetime, believed: bool = True) -> None:
    """The clock was set back: what was called out by the clock that was ahead is called out again in its time, and no
    meal stays in doubt, and no seat held for a card, for longer than it would."""
    async with transaction():
        await run("update meal set called_at = null where called_at > {} and starts_at > {}", now, now)
        longest = now + rules.DOUBT_LASTS
        await run("update meal set doubtful_until = {} where doubtful_until > {}", longest, longest)
        await run("update till_entry set entered_at = {} where entered_at > {}", now, now)
        await run("update till_count set counted_at = {} where counted_at > {}", now, now)
        longest = now + card_rules.HOLD
        await run("update booking_part set held_until = {} where state = 'held' and held_until > {}", longest, longest)


async def _each(
    job: str, do: Callable[[int, datetime], Awaitable[int]], due: Collection[dict[str, Any]], now: datetime
) -> int:
    things = OneByOne(job)
    for each in due:
        await things.try_one(KIND, each["id"], partial(do, each["id"], now))
    return things.done()
