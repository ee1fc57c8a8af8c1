"""The money of the place that is measured: a meal whose door has a hundred and twenty bookings on its list, and three
years of meals that were paid for, counted and published.

The meal at whose door people stand goes through the commands; the three years are written in bulk, as commands and jobs
would have left them, by `benchmarks.history`.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random

from app.accounts.tables import LedgerLine, Purchase
from app.clock import at_local, local_day
from app.database import run
from app.demo.cast import FIRST_NAMES, OTHERS
from app.demo.people import address_of
from app.payments.tables import Checkout
from benchmarks.history import Rows
from meals.accounts_rules import LEAST_PEOPLE
from meals.commands.booking import book, book_for
from meals.commands.door import tick
from meals.commands.opening import open_meal
from meals.demo_play import WEEKS_GONE
from meals.plan import MealPlan, PlannedDish
from meals.rules import PRICES, Prices, Wish
from meals.tables import Meal, MealAccount, MoneyMoved, PublishedFigure, TillCount

BOOKINGS = 120
INSIDE = 40
"""So many of them are at the table."""
YEARS = 3
WEEKDAYS = (0, 5)
BEGINS_IN = timedelta(minutes=110)
"""Its door opens two hours before; bookings close when it begins, and no measure takes so long."""
CARD_CENTS = 500


@dataclass(frozen=True, slots=True)
class Door:
    """Where people are ticked, and the month of which the accounts are read."""

    meal_id: int = 0
    month: str = ""


async def open_door(place_id: int, *, now: datetime) -> int:
    """A meal in two hours, to which everybody with a name comes, with people who have no account; its number."""
    (last,) = await run(
        "select opener_id from meal where place_id = {} and opener_id is not null order by id desc limit 1", place_id
    )
    dishes = await run("select id from dish where place_id = {} and retired_at is null order by id limit 2", place_id)
    plan = MealPlan(
        title="La tablée de tout le quartier",
        about="On sort toutes les tables.",
        starts_at=now + BEGINS_IN,
        ends_at=now + 2 * BEGINS_IN,
        closes_at=now + BEGINS_IN,
        seats=2 * BOOKINGS,
        prices=Prices(*PRICES),
        dishes=tuple(PlannedDish(row["id"]) for row in dishes),
    )
    meal_id = await open_meal(
        actor=last["opener_id"], place_id=place_id, plan=plan, once="benchmark-door", now=now - timedelta(minutes=1)
    )
    made: list[int] = []
    for number, person in enumerate(OTHERS * 3):
        if len(made) == BOOKINGS:
            break
        (row,) = await run("select id from member where email_key = {}", address_of(person))
        wish = Wish(1 + number % 2, PRICES[number % 3])
        if number < len(OTHERS):
            booked = await book(actor=row["id"], meal_id=meal_id, wish=wish, diets={}, now=now)
            made.append(booked.id)
        else:
            name = FIRST_NAMES[number % len(FIRST_NAMES)]
            form = f"benchmark-door-{number}"
            made.append(
                await book_for(actor=row["id"], meal_id=meal_id, first_name=name, wish=wish, form=form, now=now)
            )
    if len(made) != BOOKINGS:
        raise RuntimeError(f"{len(made)} bookings stand on the list of the door, not {BOOKINGS}.")
    samira = (await run("select id from member where email_key = 'samira@exemple.fr'"))[0]["id"]
    for booking_id in made[:INSIDE]:
        await tick(actor=samira, booking_id=booking_id, seats=1, seen=0, once=f"benchmark-{booking_id}", now=now)
    return meal_id


@dataclass(slots=True)
class Books:
    """All that the money of the past is written into."""

    meal: Rows
    account: Rows
    count: Rows
    figure: Rows
    moved: Rows
    checkout: Rows
    line: Rows
    purchase: Rows

    @classmethod
    async def begin(cls) -> Books:
        """After the rows that are there."""
        made = []
        for table in (Meal, MealAccount, TillCount, PublishedFigure, MoneyMoved, Checkout, LedgerLine, Purchase):
            (row,) = await run(f"select coalesce(max(id), 0) as last from {table._meta.tablename}")  # noqa: S608 - names of ours
            made.append(Rows(table, int(row["last"])))
        return cls(*made)

    def all(self) -> Sequence[Rows]:
        return [getattr(self, name) for name in self.__dataclass_fields__]


async def past_meals(place_id: int, *, chance: Random, now: datetime) -> Books:
    """Twice a week for three years, before those of the demonstration."""
    (who,) = await run(
        "select opener_id from meal where place_id = {} and opener_id is not null order by id limit 1", place_id
    )
    books = await Books.begin()
    last = local_day(now) - timedelta(weeks=WEEKS_GONE + 2)
    for back in range(round(YEARS * 365.25)):
        day = last - timedelta(days=back)
        if day.weekday() in WEEKDAYS:
            _eaten(books, place_id, who["opener_id"], at_local(day, time(12, 30)), chance)
    return books


def _eaten(books: Books, place_id: int, opener: int, starts_at: datetime, chance: Random) -> None:
    """A meal that is over: paid for by card and in envelopes, counted, closed, published; and what its food cost."""
    day, ends_at, closed_at = local_day(starts_at), starts_at + timedelta(minutes=90), starts_at + timedelta(hours=20)
    eaten, cards, envelopes = chance.randint(14, 24), chance.randint(3, 9), chance.randint(3, 9)
    card_cents, box_cents = cards * CARD_CENTS, envelopes * CARD_CENTS + chance.choice((0, 0, 100, -200))
    number = len(books.meal.values)
    meal_id = books.meal.add(
        place_id=place_id, opener_id=opener, once=f"past-meal-{number}", title=f"Le repas du quartier, {number}",
        about="", search_key="", starts_at=starts_at, ends_at=ends_at, closes_at=starts_at - timedelta(hours=18),
        seats=24, low_cents=PRICES[0], fair_cents=PRICES[1], more_cents=PRICES[2], state="served",
        served_at=ends_at, created_at=starts_at - timedelta(days=12), modified_at=ends_at,
    )  # fmt: skip
    line_id = 0
    for _ in range(cards):
        at, key = starts_at - timedelta(days=2), str(uuid.UUID(int=chance.getrandbits(128)))
        checkout = books.checkout.add(
            place_id=place_id, kind="meal", key=key, amount_cents=CARD_CENTS,
            title="", state="paid", session_id=f"cs_past_{key}", payment_intent=f"pi_past_{key}", made_at=at,
            expires_at=at, held_until=at, settled_at=at,
        )  # fmt: skip
        for kind, cents in (("payment", CARD_CENTS), ("fee", -33)):
            line_id = _line(books, kind, f"past-{checkout}", cents, "stripe", place_id, at, checkout_id=checkout)
    books.account.add(
        meal_id=meal_id, place_id=place_id, day=day, eaten=eaten, card_cents=card_cents, card_people=cards,
        pledged_cents=envelopes * CARD_CENTS, box_people=envelopes, pot_cents=0, pot_people=0, ledger_line_id=line_id,
        closed_at=closed_at,
    )  # fmt: skip
    books.count.add(meal_id=meal_id, cents=box_cents, counted_at=ends_at)
    _line(books, "cash", f"meal-{meal_id}", box_cents, "box", place_id, ends_at, about="meal", about_id=meal_id)
    pledged = envelopes * CARD_CENTS
    for means, people, cents, meant in (
        ("card", cards, card_cents, 0),
        ("pot", 0, 0, 0),
        ("box", envelopes, box_cents, pledged),
    ):
        figure = None
        if people >= LEAST_PEOPLE:
            figure = books.figure.add(
                place_id=place_id, means=means, day=day, meal_id=meal_id, cents=cents, pledged_cents=meant,
                published_at=closed_at,
            )  # fmt: skip
        books.moved.add(
            place_id=place_id, means=means, origin="meal", origin_id=meal_id, meal_id=meal_id, day=day, people=people,
            late=0, cents=cents, pledged_cents=meant, told_at=closed_at, figure_id=figure,
        )  # fmt: skip
    for spending, cents, about in (("food", eaten * 260, "meal"), ("coffee", 700 + number % 9 * 100, "")):
        purchase = books.purchase.add(
            place_id=place_id, spending=spending, about=about, about_id=meal_id if about else None, what="Courses",
            cents=cents, bought_on=day, paid_from="bank", written_by=opener, once=f"past-{number}-{spending}",
            written_at=closed_at,
        )  # fmt: skip
        about_id = meal_id if about else None
        ref = f"purchase-{purchase}"
        _line(books, "purchase", ref, -cents, "bank", place_id, closed_at, about=about, about_id=about_id)


def _line(
    books: Books,
    kind: str,
    ref: str,
    cents: int,
    account: str,
    place_id: int,
    at: datetime,
    *,
    checkout_id: int | None = None,
    about: str = "",
    about_id: int | None = None,
) -> int:
    return books.line.add(
        place_id=place_id, account=account, kind=kind, ref=ref, cents=cents, at=at, checkout_id=checkout_id,
        about=about, about_id=about_id,
    )  # fmt: skip
