"""Rows about meals. No logic; what may be is decided in `rules`.

Money is integer cents of EUR (`_cents`), quantities are thousandths of their unit for ten portions. Columns ending in
`_at` are instants in UTC, `_on` are the place's days.
"""

from __future__ import annotations

from piccolo.columns import BigInt, Boolean, Date, Integer, Serial, Text, Timestamptz, Varchar
from piccolo.table import Table


class MealSetting(Table, tablename="meal_setting"):
    """The prices of one place. Without a row: 3, 5 and 8 €."""

    id: Serial
    place_id = Integer(unique=True)
    low_cents = Integer()
    fair_cents = Integer()
    more_cents = Integer()
    version = Integer(default=1)


class Dish(Table):
    """A dish of the place's book."""

    id: Serial
    place_id = Integer()
    name = Varchar(length=80)
    search_key = Text(default="")
    """Name and words as they are searched, without accents or capitals."""
    about = Text(default="")
    """How it is made, in the cooks' words."""
    allergens = Varchar(length=160, default="")
    """Of `Allergen`, comma separated."""
    meat = Boolean(default=False)
    pork = Boolean(default=False)
    declared_at = Timestamptz(null=True, default=None)
    """When somebody last wrote down what it holds; never for one that was only named on a menu."""
    version = Integer(default=1)
    written_by = Integer(null=True, default=None)
    created_at = Timestamptz(default=None)
    retired_at = Timestamptz(null=True, default=None)


class Ingredient(Table):
    """What ten portions of a dish need."""

    id: Serial
    dish_id = Integer()
    rank = Integer()
    name = Varchar(length=60)
    quantity_milli = BigInt(default=0)
    """Thousandths of the unit; 0 for « to taste »."""
    unit = Varchar(length=10)


class Meal(Table):
    """A meal, from opened to served."""

    id: Serial
    place_id = Integer()
    opener_id = Integer(null=True, default=None)
    """Who answers for it; nobody once whoever opened it let it go, or left."""
    once = Varchar(length=64)
    """What tells one opening of a person from another: the same form sent twice is one meal."""
    title = Varchar(length=80)
    about = Text(default="")
    search_key = Text(default="")
    """Title, words and dishes as they are searched."""
    starts_at = Timestamptz(default=None)
    ends_at = Timestamptz(default=None)
    closes_at = Timestamptz(default=None)
    """Until when seats are booked and given back."""
    room_id = Integer(null=True, default=None)
    seats = Integer()
    taken = Integer(default=0)
    """Seats of parts offered, held, confirmed, attended: written under the meal's lock with each of them."""
    waiting = Integer(default=0)
    """Seats that are waited for."""
    low_cents = Integer()
    fair_cents = Integer()
    more_cents = Integer()
    cooks_least = Integer(default=2)
    """So many must be there at closing; 0 when it needs none."""
    state = Varchar(length=10)
    version = Integer(default=1)
    last_form = Varchar(length=64, default="")
    """What tells the editing form that was sent last from others: the same sent twice is one edit."""
    doubtful_until = Timestamptz(null=True, default=None)
    """At closing too few cooks were there: until then somebody may say that it goes ahead."""
    goes_ahead_at = Timestamptz(null=True, default=None)
    goes_ahead_by = Integer(null=True, default=None)
    called_at = Timestamptz(null=True, default=None)
    """When gaps in the team were last called out."""
    closed_at = Timestamptz(null=True, default=None)
    released_at = Timestamptz(null=True, default=None)
    """After closing its hours changed, or what it holds: since then seats are given back again, until it begins."""
    served_at = Timestamptz(null=True, default=None)
    cancelled_at = Timestamptz(null=True, default=None)
    cancelled_by = Integer(null=True, default=None)
    """Nobody when too few cooks were there."""
    reason = Text(default="")
    created_at = Timestamptz(default=None)
    modified_at = Timestamptz(default=None)


class MealDish(Table, tablename="meal_dish"):
    """A dish on the menu of a meal."""

    id: Serial
    meal_id = Integer()
    dish_id = Integer()
    rank = Integer()
    portions = Integer(null=True, default=None)
    """None: one for each seat."""
    instead = Varchar(length=120, default="")
    """What is made instead for whoever does not eat it."""


class MealTurn(Table, tablename="meal_turn"):
    """A turn that the meal opened, and what it is for."""

    id: Serial
    meal_id = Integer()
    slot_id = Integer(unique=True)
    job = Varchar(length=8)


class Booking(Table):
    """One person's seats at one meal; of somebody without an account, by whoever booked for them."""

    id: Serial
    meal_id = Integer()
    member_id = Integer(null=True, default=None)
    first_name = Varchar(length=40, default="")
    """Of somebody without an account; forgotten the night after."""
    booked_by = Integer(null=True, default=None)
    """Who booked for them."""
    together = Boolean(default=False)
    price_cents = Integer()
    """Of each seat that is paid for."""
    fair_cents = Integer()
    """The price of the meal when they booked: another one is for bookings to come."""
    own = Varchar(length=6)
    """What one's own seat costs: of `OwnSeat`."""
    payment = Varchar(length=8)
    """`card` for whoever paid some of it by card, or is about to; else as they wished."""
    unpaid = Varchar(length=8, default="lapses")
    """What becomes of its held seats if nothing was paid: of `Unpaid`."""
    give = Integer(default=0)
    """Suspended meals given, at the fair price."""
    suspended = Boolean(default=False)
    """One's own seat is a suspended meal."""
    team = Boolean(default=False)
    """One's own seat is « repas de l’équipe »."""
    active = Boolean(default=True)
    """Whether any part is waiting, offered, held or confirmed."""
    once = Varchar(length=64, default="")
    """What tells the form that made it from others, of somebody without an account: sent again whatever became of the
    seats meanwhile, it makes no other."""
    last_form = Varchar(length=64, default="")
    """What tells the form that was sent last from others: the same sent twice is one deed."""
    walk_in = Boolean(default=False)
    """Of somebody who came without having booked: they put into the envelope what they choose."""
    forgotten_at = Timestamptz(null=True, default=None)
    """When it was forgotten what its person paid, gave or was given: those columns say nothing any more."""
    made_at = Timestamptz(default=None)
    modified_at = Timestamptz(default=None)


class BookingPart(Table, tablename="booking_part"):
    """Seats of a booking that stand alike."""

    id: Serial
    booking_id = Integer()
    meal_id = Integer()
    seats = Integer()
    children = Integer(default=0)
    """Of these seats."""
    state = Varchar(length=10)
    queue = Integer(null=True, default=None)
    """Its place in the order of the list: the id of the part that began to wait; kept by what is split from it."""
    asked_at = Timestamptz(default=None)
    offered_at = Timestamptz(null=True, default=None)
    offer_until = Timestamptz(null=True, default=None)
    held_until = Timestamptz(null=True, default=None)
    """Until when it is kept for a card, at the latest: Stripe's page closes five minutes sooner (`expires_at`)."""
    checkout_id = Integer(null=True, default=None)
    """What it is, or was, paid with by card."""
    handed_at = Timestamptz(null=True, default=None)
    """Since when its seats may be taken over by somebody on the list."""
    attended_at = Timestamptz(null=True, default=None)
    """When it was ticked at the door; forgotten the night after."""
    ticked_by_form = Varchar(length=64, default="")
    """What tells the form that ticked it from others: sent again, however much later, it ticks nobody else. Forgotten
    with it."""
    settled_at = Timestamptz(null=True, default=None)
    """When it was cancelled or lapsed."""


class BookingDiet(Table, tablename="booking_diet"):
    """What somebody of this booking does not eat. By name on no page; deleted with the booking and the night after."""

    id: Serial
    booking_id = Integer()
    diet = Varchar(length=16)
    people = Integer(default=1)


class PotLine(Table, tablename="pot_line"):
    """A movement of the place's pot. Only ever added to; a correction is another line."""

    id: Serial
    place_id = Integer()
    meal_id = Integer(null=True, default=None)
    booking_id = Integer(null=True, default=None)
    kind = Varchar(length=12)
    cents = Integer()
    """Into the pot; negative out of it."""
    at = Timestamptz(default=None)


class Pot(Table):
    """What is in the place's pot: the sum of its lines, written with each, so that nobody adds up ten years of them."""

    id: Serial
    place_id = Integer(unique=True)
    cents = Integer(default=0)
    borne_cents = Integer(default=0)
    """Of it, what the place put in and is not put back yet (`PotKind.BORNE`)."""


class TillEntry(Table, tablename="till_entry"):
    """What one person counted in the box, until another counted the same."""

    id: Serial
    meal_id = Integer()
    member_id = Integer()
    cents = Integer()
    has_till = Boolean()
    """Whether they had the till then: of the two, one has."""
    differs = Boolean(default=False)
    """Somebody else found another total: it counts no more, both count again."""
    entered_at = Timestamptz(default=None)


class TillCount(Table, tablename="till_count"):
    """What two people counted in the box of a meal: once."""

    id: Serial
    meal_id = Integer(unique=True)
    cents = Integer()
    first_by = Integer(null=True, default=None)
    second_by = Integer(null=True, default=None)
    counted_at = Timestamptz(default=None)


class MealAccount(Table, tablename="meal_account"):
    """What a meal came to, as it stood the night after: sums, nobody's."""

    id: Serial
    meal_id = Integer(unique=True)
    place_id = Integer()
    day = Date(default=None)
    eaten = Integer()
    """Seats at the table: those that were ticked, or all that were theirs where nobody ticked any."""
    card_cents = Integer()
    """Paid by card, less what was given back."""
    card_people = Integer()
    """How many bookings that is of."""
    pledged_cents = Integer()
    """What the envelopes of those at the table should hold."""
    box_people = Integer()
    """How many bookings that is of; without those of people who had not booked, whose price is no secret."""
    pot_cents = Integer()
    """Into the pot of suspended meals, less what was drawn."""
    pot_people = Integer()
    """How many bookings moved it."""
    ledger_line_id = Integer()
    """The last line of the ledger that `card_cents` knows of; 0 for none. What came later is of its own month."""
    closed_at = Timestamptz(default=None)


class PublishedFigure(Table, tablename="published_figure"):
    """A sum of money that every member may read (`accounts_rules`): never changed, never taken back."""

    id: Serial
    place_id = Integer()
    means = Varchar(length=4)
    """`accounts_rules.Means`."""
    day = Date(default=None)
    """In whose month it stands."""
    meal_id = Integer(null=True, default=None)
    """The meal that it is of; none for what came together from several."""
    cents = Integer()
    pledged_cents = Integer()
    """Of envelopes: what should have been in them."""
    published_at = Timestamptz(default=None)


class MoneyMoved(Table, tablename="money_moved"):
    """Money of a meal that was told of, until it is part of a figure, and which one that is."""

    id: Serial
    place_id = Integer()
    means = Varchar(length=4)
    origin = Varchar(length=4)
    """`meal` for what its account says; `line` of the ledger or `pot` for what moved later."""
    origin_id = Integer()
    meal_id = Integer(null=True, default=None)
    day = Date(default=None)
    people = Integer()
    late = Integer()
    """Of what moved later: how many bookings it may have taken out of what waits."""
    cents = Integer()
    pledged_cents = Integer()
    told_at = Timestamptz(default=None)
    figure_id = Integer(null=True, default=None)
