"""What meals keep about one person: told to them, and forgotten with them.

Seats to come are given back, and offered to whoever waits. Of what was eaten it stays that so many seats were taken,
and what the pot got or gave: whose, nobody can tell any more. No message about a meal names a member; the calendar
names whoever opened one, and says the new name, or that they left.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.calendar.api import host_renamed_in
from app.contracts import GONE, Erasure, Exported, Renaming, Value, Word
from app.database import get_for_update, run
from app.i18n import Text, text
from app.notices.api import unsay
from app.payments import api as payments
from app.payments.api import State
from meals.commands.money import settle_money
from meals.commands.opener import let_go_steps
from meals.commands.parts import Held, booking_of, follow, move, offer_ended, offer_freed
from meals.commands.pot import lock_pots
from meals.facts import KIND, Row, allergens_in
from meals.labels import ALLERGEN_NAMES, DIET_NAMES
from meals.rules import MONEY_KEPT
from meals.states import ACTIVE, Diet, MealState, OwnSeat, PartState, Payment, PotKind
from meals.tables import Meal

MEAL_STATES = {
    MealState.OPEN: text("On peut réserver"),
    MealState.CLOSED: text("Les réservations sont closes"),
    MealState.SERVED: text("Le repas a eu lieu"),
    MealState.CANCELLED: text("Le repas est annulé"),
}
PART_STATES = {
    PartState.WAITING: text("En liste d’attente"),
    PartState.OFFERED: text("Une place m’est gardée"),
    PartState.HELD: text("Gardée pendant le paiement"),
    PartState.CONFIRMED: text("J’ai ma place"),
    PartState.ATTENDED: text("J’y ai mangé"),
    PartState.LAPSED: text("Pas eu de place, ou pas répondu à temps"),
    PartState.CANCELLED: text("Place rendue, ou repas annulé"),
}
PAYMENTS = {Payment.ON_SITE: text("Sur place"), Payment.CARD: text("Par carte")}
OWN_SEATS = {
    OwnSeat.CHOSEN: text("Le prix que j’ai choisi"),
    OwnSeat.FREE: text("Rien"),
    OwnSeat.FAIR: text("Le prix du repas"),
}
POT_KINDS = {
    PotKind.GIVEN: text("Donné"),
    PotKind.TAKEN: text("Pris"),
    PotKind.LEFT: text("Laissé en rendant une place"),
    PotKind.TAKEN_BACK: text("Don retiré"),
    PotKind.PUT_BACK: text("Remis"),
    PotKind.BORNE: text("Pris en charge par le lieu"),
}

CARD_STATES = {
    State.MADE: text("Commencé"),
    State.OPEN: text("Pas encore payé"),
    State.PAID: text("Payé"),
    State.EXPIRED: text("Pas payé"),
    State.FLAGGED: text("À vérifier par le lieu"),
}

_MONEY = ("price_cents", "fair_cents", "own", "payment", "give", "suspended", "team")
_OF = "m.title as meal, m.starts_at, p.name as place"
_WHEN = {"meal": text("Le repas"), "starts_at": text("Début"), "place": text("Lieu")}
_CHOSEN = {
    "made_at": text("Réservé"),
    "modified_at": text("Changé"),
    "price_cents": text("Prix par place, en centimes"),
    "fair_cents": text("Prix du repas, en centimes"),
    "own": text("Prix de ma place à moi"),
    "payment": text("Paiement"),
    "give": text("Repas suspendus donnés"),
    "suspended": text("Repas suspendu pour moi"),
    "team": text("Repas de l’équipe"),
    "forgotten_at": text("Ce que j’ai payé est effacé"),
    "together": text("Ensemble, ou pas du tout"),
    "active": text("Tient toujours"),
}


# ------------------------------------------------------------------------------------------------------------- export


async def export_of(member_id: int) -> list[Exported]:
    """The meals one opened, one's bookings with what one chose, the seats of each, what one does not eat, whom one
    booked for, what the pot got or gave by it, what one paid by card, the boxes one counted, the dishes one wrote."""
    opened = await run(
        "select m.title as meal, m.about, m.starts_at, m.ends_at, m.closes_at, p.name as place, m.seats, m.low_cents, "
        "m.fair_cents, m.more_cents, m.state, m.reason, m.created_at from meal m join place p on p.id = m.place_id "
        "where m.opener_id = {} order by m.id",
        member_id,
    )
    _of_booking = "from booking b join meal m on m.id = b.meal_id join place p on p.id = m.place_id"
    columns = ", ".join(f"b.{name}" for name in _CHOSEN)
    booked = await run(
        f"select {_OF}, {columns} {_of_booking} where b.member_id = {{}} order by b.id",
        member_id,
    )
    seats = await run(
        f"select {_OF}, q.seats, q.children, q.state, q.asked_at, q.offered_at, q.offer_until, q.handed_at, "
        f"q.attended_at, q.settled_at {_of_booking} join booking_part q on q.booking_id = b.id "
        "where b.member_id = {} order by q.id",
        member_id,
    )
    diets = await run(
        f"select {_OF}, d.diet, d.people {_of_booking} join booking_diet d on d.booking_id = b.id "
        "where b.member_id = {} order by d.id",
        member_id,
    )
    guests = await run(
        f"select {_OF}, b.first_name, b.made_at, b.price_cents, (select coalesce(sum(q.seats), 0) from booking_part q "  # noqa: S608 - constants of this file
        f"where q.booking_id = b.id and q.state in ('confirmed', 'attended')) as seats {_of_booking} "
        "where b.booked_by = {} and b.member_id is null order by b.id",
        member_id,
    )
    pot = await run(
        f"select {_OF}, l.kind, l.cents, l.at {_of_booking} join pot_line l on l.booking_id = b.id "
        "where b.member_id = {} order by l.id",
        member_id,
    )
    alone = await run(
        f"select {_OF}, e.cents, e.entered_at, e.differs from till_entry e join meal m on m.id = e.meal_id "  # noqa: S608 - constants of this file
        "join place p on p.id = m.place_id where e.member_id = {} order by e.id",
        member_id,
    )
    counted = await run(
        f"select {_OF}, t.cents, t.counted_at from till_count t join meal m on m.id = t.meal_id "  # noqa: S608 - constants of this file
        "join place p on p.id = m.place_id where t.first_by = {} or t.second_by = {} order by t.id",
        *(member_id, member_id),
    )
    return [
        Exported(
            "opened_meals",
            text("Repas que j’ai ouverts"),
            {
                **_WHEN,
                "ends_at": text("Fin"),
                "closes_at": text("Réservations jusqu’à"),
                "about": text("Présentation"),
                "seats": text("Places"),
                "low_cents": text("Petit budget, en centimes"),
                "fair_cents": text("Prix du repas, en centimes"),
                "more_cents": text("Prix avec un plus, en centimes"),
                "state": text("Où il en est"),
                "reason": text("Raison de l’annulation"),
                "created_at": text("Ouvert"),
            },
            [{**row, "state": Word(row["state"], MEAL_STATES[MealState(row["state"])])} for row in opened],
        ),
        Exported(
            "meal_bookings",
            text("Mes réservations de repas"),
            {**_WHEN, **_CHOSEN},
            [_booking(row) for row in booked],
        ),
        Exported(
            "meal_seats",
            text("Mes places à table"),
            {
                **_WHEN,
                "seats": text("Places"),
                "children": text("Dont enfants"),
                "state": text("Où j’en suis"),
                "asked_at": text("Demandé"),
                "offered_at": text("Place proposée"),
                "offer_until": text("Gardée jusqu’à"),
                "handed_at": text("Passée à quelqu’un"),
                "attended_at": text("Entrée, jusqu’à la nuit"),
                "settled_at": text("Réglé"),
            },
            [{**row, "state": Word(row["state"], PART_STATES[PartState(row["state"])])} for row in seats],
        ),
        Exported(
            "meal_diets",
            text("Ce que je ne mange pas, pour les repas à venir"),
            {**_WHEN, "diet": text("Sans quoi"), "people": text("Combien de personnes")},
            [{**row, "diet": Word(row["diet"], text(DIET_NAMES[Diet(row["diet"])]))} for row in diets],
        ),
        Exported(
            "meal_guests",
            text("Repas réservés pour des personnes sans compte"),
            {
                **_WHEN,
                "first_name": text("Prénom"),
                "seats": text("Places"),
                "price_cents": text("Prix par place, en centimes"),
                "made_at": text("Réservé"),
            },
            guests,
        ),
        Exported(
            "suspended_meals",
            text("Repas suspendus : ce que j’ai donné ou pris"),
            {**_WHEN, "kind": text("Quoi"), "cents": text("Centimes, pour les repas suspendus"), "at": text("Quand")},
            [{**row, "kind": Word(row["kind"], POT_KINDS[PotKind(row["kind"])])} for row in pot],
        ),
        Exported(
            "meal_cards",
            text("Ce que j’ai payé par carte pour des repas"),
            {
                **_WHEN,
                "made_at": text("Commencé"),
                "amount_cents": text("Somme, en centimes"),
                "state": text("Où en est le paiement"),
                "settled_at": text("Réglé"),
                "refunded_cents": text("Rendu, en centimes"),
                "refunded_at": text("Demandé à la banque"),
            },
            await _cards(member_id),
        ),
        Exported(
            "till_entries",
            text("Boîtes de repas que j’ai comptées, en attendant que quelqu’un d’autre trouve la même chose"),
            {
                **_WHEN,
                "cents": text("Centimes"),
                "entered_at": text("Compté"),
                "differs": text("Quelqu’un a trouvé autre chose"),
            },
            [{**row, "differs": bool(row["differs"])} for row in alone],
        ),
        Exported(
            "meal_tills",
            text("Boîtes de repas que j’ai comptées à deux"),
            {**_WHEN, "cents": text("Centimes"), "counted_at": text("Compté")},
            counted,
        ),
        Exported(
            "dishes",
            text("Plats que j’ai écrits"),
            {
                "dish": text("Plat"),
                "place": text("Lieu"),
                "about": text("Recette"),
                "ingredients": text("Ingrédients"),
                "allergens": text("Allergènes"),
                "meat": text("Avec de la viande"),
                "pork": text("Avec du porc"),
                "created_at": text("Écrit"),
                "retired_at": text("Retiré du cahier"),
            },
            await _dishes(member_id),
        ),
    ]


def _booking(row: Row) -> dict[str, Value]:
    if row["forgotten_at"] is not None:  # what they paid: nothing is known of it any more
        return {**row, **dict.fromkeys(_MONEY), **{name: bool(row[name]) for name in ("together", "active")}}
    boxes = {name: bool(row[name]) for name in ("suspended", "team", "together", "active")}
    return {
        **row,
        **boxes,
        "own": Word(row["own"], OWN_SEATS[OwnSeat(row["own"])]),
        "payment": Word(row["payment"], PAYMENTS[Payment(row["payment"])]),
    }


async def _cards(member_id: int) -> list[dict[str, Value]]:
    """Of one's own bookings; no number of Stripe's: those are in what Stripe itself sends."""
    booked = await run(
        f"select b.id, {_OF} from booking b join meal m on m.id = b.meal_id join place p on p.id = m.place_id "  # noqa: S608 - constants of this file
        "where b.member_id = {} order by b.id",
        member_id,
    )
    there = await payments.checkouts_of(KIND, [row["id"] for row in booked])
    return [
        {
            **{name: row[name] for name in _WHEN},
            "made_at": each.made_at,
            "amount_cents": each.amount_cents,
            "state": Word(each.state.value, CARD_STATES[each.state]),
            "settled_at": each.settled_at,
            "refunded_cents": each.refunded_cents,
            "refunded_at": each.refunded_at,
        }
        for row in booked
        for each in there[row["id"]]
    ]


async def _dishes(member_id: int) -> list[dict[str, Value]]:
    written = await run(
        "select d.id, d.name as dish, p.name as place, d.about, d.allergens, d.meat, d.pork, d.created_at, "
        "d.retired_at from dish d join place p on p.id = d.place_id where d.written_by = {} order by d.id",
        member_id,
    )
    made_of: dict[int, list[str]] = {}
    for each in await run(
        "select i.dish_id, i.name from ingredient i join dish d on d.id = i.dish_id where d.written_by = {} "
        "order by i.dish_id, i.rank, i.id",
        member_id,
    ):
        made_of.setdefault(each["dish_id"], []).append(each["name"])
    return [
        {
            **{name: row[name] for name in ("dish", "place", "about", "created_at", "retired_at")},
            "ingredients": ", ".join(made_of.get(row["id"], [])),
            "allergens": tuple(
                Word(each.value, text(ALLERGEN_NAMES[each])) for each in sorted(allergens_in(row["allergens"]))
            ),
            "meat": bool(row["meat"]),
            "pork": bool(row["pork"]),
        }
        for row in written
    ]


# ------------------------------------------------------------------------------------------------------------ erasing


async def erase(erasure: Erasure) -> None:
    """Let go what they opened, give their seats back, then take the person out of every row.

    Pages ask for what they opened to be handed over first: that it is not is for an older state.
    """
    me, now = erasure.member_id, erasure.now
    theirs = [row["id"] for row in await run(_THEIRS, me, me)]
    written = await run(_WRITTEN, *[me] * 8)
    rows = [
        row
        for row in await get_for_update(Meal, *(each["id"] for each in written))
        if row["ends_at"] > now and MealState(row["state"]) in (MealState.OPEN, MealState.CLOSED)
    ]
    await lock_pots(row["place_id"] for row in rows)
    paid = [row["id"] for row in await run("select id from booking where member_id = {} order by id", me)]
    await payments.close_soon(kind=KIND, thing_ids=paid, now=now)
    for row in rows:
        if row["opener_id"] == me:
            await let_go_steps(row, by=None, now=now)
        held = await booking_of(row, me)
        if held is not None:
            await _give_back(row, held, now=now)
    kept = {row["id"] for row in await run(_STILL_COUNTED, me, now - MONEY_KEPT)}
    await payments.forget_whose(kind=KIND, thing_ids=[each for each in paid if each not in kept])
    quotes = await _forget_words(me)
    await host_renamed_in(KIND, theirs, old=erasure.name, new=erasure.shown_as, now=now)
    await _forget_rows(me, now)
    await _unsay(erasure.name, GONE, theirs, quotes)


async def renamed(renaming: Renaming) -> None:
    """The calendar says the new name of whoever opened a meal, and so do events that are still to leave. No message of
    meals names a member."""
    theirs = [row["id"] for row in await run(_THEIRS, renaming.member_id, renaming.member_id)]
    await host_renamed_in(KIND, theirs, old=renaming.old, new=renaming.new, now=renaming.now)
    await _unsay(renaming.old, renaming.new, theirs)


_THEIRS = "select id from meal where opener_id = {} or cancelled_by = {} order by id"
"""The meals that say a member's name, or their words."""
_WRITTEN = (
    "select id from meal where opener_id = {} or cancelled_by = {} or goes_ahead_by = {} "
    "or id in (select meal_id from booking where member_id = {} or booked_by = {}) "
    "or id in (select meal_id from till_entry where member_id = {}) "
    "or id in (select meal_id from till_count where first_by = {} or second_by = {})"
)
"""Those whose row, bookings or box an erasure writes: locked first, as by the jobs that write the bookings of one."""


_STILL_COUNTED = (
    "select b.id from booking b join meal m on m.id = b.meal_id where b.member_id = {} and m.state <> 'cancelled' "
    "and m.ends_at > {} and not exists (select 1 from meal_account a where a.meal_id = m.id) and exists "
    "(select 1 from booking_part p where p.booking_id = b.id and p.state in ('confirmed', 'attended'))"
)
"""Bookings whose money the accounts of their meal still need: of nobody by then, and forgotten with the others'."""


async def _unsay(name: str, shown_as: Text | str, things: list[int], quotes: Sequence[str] = ()) -> None:
    await unsay(name=name, shown_as=shown_as, sentences=(), kind=KIND, things=things, quotes=quotes)


async def _give_back(row: Row, held: Held, *, now: datetime) -> None:
    """All seats of their booking are nobody's, whatever the hour: nobody comes to this table any more. What was paid by
    card for them goes back."""
    for part in held.of_state(*ACTIVE):
        if part["state"] == PartState.ATTENDED:  # they are at the table: it stays, of nobody
            continue
        await move(row, part, PartState.CANCELLED, now=now)
        await offer_ended(held, part, now=now)
    await follow(row, held, now=now)
    await settle_money(row, held.booking, now=now)
    await offer_freed(row, now=now)


async def _forget_words(me: int) -> list[str]:
    """Why they called a meal off: these words. What was called off for the place stays its own."""
    by_them = "kind = {} and actor_id = {} and voice = 'member' and reason <> ''"
    reasons = await run(f"select thing_id, reason from journal_line where {by_them}", KIND, me)  # noqa: S608 - constants of this function
    await run(f"update journal_line set reason = '' where {by_them}", KIND, me)  # noqa: S608 - constants of this function
    for each in reasons:
        await run(
            "update meal set reason = '' where id = {} and cancelled_by = {} and reason = {}",
            *(each["thing_id"], me, each["reason"]),
        )
    return sorted({each["reason"] for each in reasons})


_CAME_TO_NOTHING = (
    "select b.id from booking b where b.member_id = {} and not exists (select 1 from booking_part q "
    "where q.booking_id = b.id and q.state in ('confirmed', 'attended')) "
    "and not exists (select 1 from pot_line l where l.booking_id = b.id)"
)


async def _forget_rows(me: int, now: datetime) -> None:
    await run("delete from booking_diet where booking_id in (select id from booking where member_id = {})", me)
    await run(f"delete from booking_part where booking_id in ({_CAME_TO_NOTHING})", me)  # noqa: S608 - constants of this file
    await run(f"delete from booking where id in ({_CAME_TO_NOTHING})", me)  # noqa: S608 - constants of this file
    # What was eaten, or moved the pot, is counted still, as of people without an account.
    await run("update booking set member_id = null where member_id = {}", me)
    await run(
        "update booking set first_name = '' where booked_by = {} and member_id is null "
        "and meal_id in (select id from meal where ends_at <= {})",
        *(me, now),
    )
    await run("update booking set booked_by = null where booked_by = {}", me)
    await run("delete from till_entry where member_id = {}", me)
    for column in ("first_by", "second_by"):  # what was in the box stays, and the other who found it
        await run(f"update till_count set {column} = null where {column} = {{}}", me)  # noqa: S608 - constants of this line
    await run("update dish set written_by = null where written_by = {}", me)
    for column in ("opener_id", "goes_ahead_by", "cancelled_by"):
        await run(f"update meal set {column} = null where {column} = {{}}", me)  # noqa: S608 - constants of this line
    await run("update meal set once = 'gone:' || id where once like {}", f"{me}:%")
