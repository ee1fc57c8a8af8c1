"""The words of meals: what a meal and the parts of a booking may be, allergens and diets, and why something cannot be.

The tables of moves are data: commands move along them with a conditional update, docs/meal-states.md is drawn from
them, and a test holds both together.
"""

from __future__ import annotations

from enum import StrEnum

from app.errors import Refusal


class MealState(StrEnum):
    """Where a meal stands. Whether its team is complete is read from its turns, never stored."""

    OPEN = "open"
    CLOSED = "closed"
    """Bookings are over; it is cooked."""
    SERVED = "served"
    CANCELLED = "cancelled"


MEAL_MOVES: dict[MealState, dict[MealState, str]] = {
    MealState.OPEN: {
        MealState.CLOSED: "the hour at which bookings close has come",
        MealState.CANCELLED: "whoever opened it calls it off, with a reason",
    },
    MealState.CLOSED: {
        MealState.SERVED: "its end has passed",
        MealState.CANCELLED: "whoever opened it calls it off, or too few cooks are there and nobody says it goes ahead",
        MealState.OPEN: "it is put off by a day or more, with another hour at which bookings close",
    },
    MealState.SERVED: {},
    MealState.CANCELLED: {},
}


class PartState(StrEnum):
    """Where seats of a booking stand. A booking has one part, or several when some of its seats wait for the rest."""

    WAITING = "waiting"
    OFFERED = "offered"
    HELD = "held"
    """Kept while a card is being charged."""
    CONFIRMED = "confirmed"
    ATTENDED = "attended"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"


TAKES_SEATS = (PartState.OFFERED, PartState.HELD, PartState.CONFIRMED, PartState.ATTENDED)
"""Their seats are nobody else's."""
ACTIVE = (PartState.WAITING, PartState.OFFERED, PartState.HELD, PartState.CONFIRMED, PartState.ATTENDED)
"""A person has one booking with such parts for a meal at most."""

PART_MOVES: dict[PartState, dict[PartState, str]] = {
    PartState.WAITING: {
        PartState.OFFERED: "seats are free and it is their turn",
        PartState.CONFIRMED: "after closing they take a seat that is handed over, or is nobody's",
        PartState.LAPSED: "the meal begins, or is cancelled, or has fewer seats than they wait for together, or other "
        "seats of theirs were offered without an answer, or kept without being paid",
        PartState.CANCELLED: "they give up, or say no to other seats of theirs",
    },
    PartState.OFFERED: {
        PartState.HELD: "they say yes, and pay by card",
        PartState.CONFIRMED: "they say yes, and pay on site",
        PartState.LAPSED: "no answer in time",
        PartState.CANCELLED: "they say no, or the meal is cancelled",
    },
    PartState.HELD: {
        PartState.CONFIRMED: "the card was charged, or they pay on site instead",
        PartState.LAPSED: "it was not, in time",
        PartState.CANCELLED: "they give up, or the meal is cancelled",
    },
    PartState.CONFIRMED: {
        PartState.ATTENDED: "they are at the table",
        PartState.CANCELLED: "they give the seats back or hand them over, or the meal is cancelled",
    },
    PartState.ATTENDED: {
        PartState.CONFIRMED: "ticked by mistake; and the night after, when it is forgotten who came",
        PartState.CANCELLED: "the meal is called off after all, or whoever came without having booked was ticked by "
        "mistake",
    },
    PartState.LAPSED: {
        PartState.CONFIRMED: "paid a moment too late, and seats were left",
    },
    PartState.CANCELLED: {},
}


class Payment(StrEnum):
    """How seats are paid for."""

    ON_SITE = "on_site"
    CARD = "card"


class Unpaid(StrEnum):
    """What becomes of seats that are held for a card, once it is certain that nothing was paid."""

    LAPSES = "lapses"
    """Nobody's: but theirs, on site, if Stripe would not make a page for them to pay at in time."""
    ON_SITE = "on_site"
    """They said that they pay on site instead."""
    GIVEN_UP = "given_up"
    """They said that they do not come."""


class CardSaid(StrEnum):
    """What is known of a payment by card, when somebody asks."""

    PAID = "paid"
    """It is paid, and the seats are theirs."""
    TOO_LATE = "too_late"
    """It was paid when no seat was left for it, or after they had given up: all of it is given back."""
    NOT_YET = "not_yet"
    """Nothing is paid, or the bank does not answer: the seats stay held."""
    ON_SITE = "on_site"
    """Nothing was paid, and the seats are theirs: they pay on site."""
    ENDED = "ended"
    """Nothing was paid, and the seats are not held any more."""
    LOOKED_AT = "looked_at"
    """What the bank says is not what was asked: somebody who keeps the accounts must look."""


class OwnSeat(StrEnum):
    """What the seat of whoever booked costs them; of the others each is at the price they chose."""

    CHOSEN = "chosen"
    FREE = "free"
    """A suspended meal, or « repas de l’équipe »."""
    FAIR = "fair"
    """They gave up the turn that it was free for."""


class PotKind(StrEnum):
    """Why the pot of « repas suspendus » moved."""

    GIVEN = "given"
    TAKEN = "taken"
    LEFT = "left"
    """What was paid for seats that were given back, and left to the pot."""
    TAKEN_BACK = "taken_back"
    """A gift whose booking was cancelled before it was paid."""
    PUT_BACK = "put_back"
    """A suspended meal that was taken and given back."""
    BORNE = "borne"
    """What the place puts in: a gift was taken back, and had been drawn. Less what is put back of it."""


class Job(StrEnum):
    """What the team of a meal does, in the order of the day."""

    SHOP = "shop"
    COOK = "cook"
    SERVE = "serve"
    WASH = "wash"
    TILL = "till"


class Allergen(StrEnum):
    """The fourteen of Regulation (EU) No 1169/2011, annex II, in its order."""

    GLUTEN = "gluten"
    """Cereals containing gluten."""
    CRUSTACEANS = "crustaceans"
    EGGS = "eggs"
    FISH = "fish"
    PEANUTS = "peanuts"
    SOYBEANS = "soybeans"
    MILK = "milk"
    NUTS = "nuts"
    CELERY = "celery"
    MUSTARD = "mustard"
    SESAME = "sesame"
    SULPHITES = "sulphites"
    LUPIN = "lupin"
    MOLLUSCS = "molluscs"


class Diet(StrEnum):
    """What somebody does not eat: one of two plain choices, which most ask for, or an allergen."""

    NO_MEAT = "no_meat"
    NO_PORK = "no_pork"
    NO_GLUTEN = "no_gluten"
    NO_CRUSTACEANS = "no_crustaceans"
    NO_EGGS = "no_eggs"
    NO_FISH = "no_fish"
    NO_PEANUTS = "no_peanuts"
    NO_SOYBEANS = "no_soybeans"
    NO_MILK = "no_milk"
    NO_NUTS = "no_nuts"
    NO_CELERY = "no_celery"
    NO_MUSTARD = "no_mustard"
    NO_SESAME = "no_sesame"
    NO_SULPHITES = "no_sulphites"
    NO_LUPIN = "no_lupin"
    NO_MOLLUSCS = "no_molluscs"


class Unit(StrEnum):
    """In which an ingredient of a dish is written down. Sums are said in what makes sense: 1,2 kg, not 1200 g."""

    GRAM = "g"
    MILLILITRE = "ml"
    PIECE = "piece"
    SPOON = "spoon"
    """Of 15 ml, as recipes say it."""
    PINCH = "pinch"
    TO_TASTE = "to_taste"
    """No number: salt, pepper."""


class MealRefusal(Refusal):
    """Why something about a meal cannot be."""

    MAY_NOT_OPEN = "meal_may_not_open"
    MEDIATOR_HERE = "meal_mediator_here"
    NOT_A_MEMBER_HERE = "meal_not_a_member_here"
    ONLY_OPENER = "meal_only_opener"
    TAKEN_ON = "meal_taken_on"
    """Somebody answers for it already."""
    ONLY_TEAM = "meal_only_team"
    """The kitchen sheet is for those who make the meal."""
    ONLY_KEEPER = "meal_only_keeper"
    """The prices of the place are set by whoever keeps it."""
    NOT_OPEN = "meal_not_open"
    """It is closed: bookings are over."""
    CANCELLED = "meal_cancelled"
    OVER = "meal_over"
    BEGUN = "meal_begun"
    """It is being eaten: nobody calls it off any more."""
    IN_THE_PAST = "meal_in_the_past"
    CLOSES_TOO_LATE = "meal_closes_too_late"
    ROOM_TAKEN = "meal_room_taken"
    ROOM_TOO_SMALL = "meal_room_too_small"
    FEWER_THAN_TAKEN = "meal_fewer_than_taken"
    SHOPPING_TOO_EARLY = "meal_shopping_too_early"
    NO_DISHES = "meal_no_dishes"
    DISH_DOUBLE = "meal_dish_double"
    DISH_IN_USE = "meal_dish_in_use"
    CHANGED_MEANWHILE = "meal_changed_meanwhile"
    NOT_DOUBTFUL = "meal_not_doubtful"
    FULL_FOR_GUESTS = "meal_full_for_guests"
    TOO_MANY_SEATS = "meal_too_many_seats"
    MORE_THAN_IT_HAS = "meal_more_than_it_has"
    """Seats together that the meal never has."""
    TOO_MANY_GUESTS = "meal_too_many_guests"
    CHILDREN_ALONE = "meal_children_alone"
    NOT_A_PRICE = "meal_not_a_price"
    NO_CARD = "meal_no_card"
    SUSPENDED_ONCE = "meal_suspended_once"
    NOT_OF_THE_TEAM = "meal_not_of_the_team"
    NO_BOOKING = "meal_no_booking"
    NO_OFFER = "meal_no_offer"
    OFFER_OVER = "meal_offer_over"
    BOOKINGS_CLOSED = "meal_bookings_closed"
    """Seats are not given back any more: they are handed over."""
    NOT_CLOSED_YET = "meal_not_closed_yet"
    """Seats are given back, not handed over, as long as bookings are open."""
    NOTHING_TO_TAKE_OVER = "meal_nothing_to_take_over"
    PAYING = "meal_paying"
    """Seats of theirs are held until the card is charged: that ends first."""
    NOT_PAYING = "meal_not_paying"
    """Nothing of theirs is held for a card."""
    BANK_AWAY = "meal_bank_away"
    """Nobody knows whether it is paid: what is held stays held."""
    # The door.
    ONLY_DOOR = "meal_only_door"
    """Who comes in is ticked by whoever has the welcome turn; where nobody has it, by the opener of the meal."""
    DOOR_NOT_YET = "meal_door_not_yet"
    DOOR_OVER = "meal_door_over"
    NO_SUCH_TICKET = "meal_no_such_ticket"
    OTHER_MEAL = "meal_other_meal"
    """A ticket of another meal."""
    TICKET_CANCELLED = "meal_ticket_cancelled"
    STILL_WAITING = "meal_still_waiting"
    """They are on the list: no seat is theirs."""
    STILL_HELD = "meal_still_held"
    """Their seats are kept, and nothing is paid yet."""
    ALREADY_IN = "meal_already_in"
    FEWER_TO_COME = "meal_fewer_to_come"
    """So many of theirs are not expected any more."""
    NOT_IN = "meal_not_in"
    """Nobody of theirs is ticked."""
    TICKED_MEANWHILE = "meal_ticked_meanwhile"
    """Somebody else has ticked them since the list was read."""
    NO_SEAT_LEFT = "meal_no_seat_left"
    # The till.
    ONLY_TILL = "meal_only_till"
    """The box is counted by whoever has the till; where nobody has it, the opener; and a second person of the team."""
    TILL_NOT_YET = "meal_till_not_yet"
    TILL_OVER = "meal_till_over"
    COUNTED = "meal_counted"
    """It is counted, and written down: only the accounts' keeper corrects it."""
    NOT_AN_AMOUNT = "meal_not_an_amount"
