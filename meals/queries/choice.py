"""What somebody chose when they booked, for their eyes alone, away from the ticket: what they pay, what they do not
eat, and what of it they may still change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.database import run
from app.i18n import Language, Text, capital, language, text, text_n
from app.identity.visits import Visit
from app.payments.api import CheckoutSeen
from meals import rules, views_card, views_form, views_ticket
from meals.card_rules import Money
from meals.facts import HAD_SUSPENDED, Row, menu_of, pot_cents, source_of, standing_of, turns_of
from meals.kitchen import diets_asked
from meals.labels import DIET_NAMES, to_the_cent
from meals.queries.card import Cards, cards_of, money_of
from meals.queries.ticket import for_whom, own_booking, seats_of
from meals.rules import Wish
from meals.states import Diet, OwnSeat, Payment
from meals.views_form import DietBox, Option
from rotas.api import gave_up


@dataclass(frozen=True, slots=True)
class ChoicePage:
    """What somebody chose when they booked: for their eyes, away from the ticket."""

    id: int
    heading: str
    title: str
    when_words: str
    money: str
    """What they pay, as a heading; nothing once it is forgotten."""
    lines: Sequence[str]
    """For what."""
    by_card: Sequence[str]
    """What was paid by card, what came of it, and what is left to pay on site."""
    diets: Sequence[str]
    seats: int
    """All that the booking asks for."""
    asked: Sequence[Diet] = ()
    """What this menu conflicts with."""
    team_words: str = ""
    """Said to whoever took a turn after having booked."""
    take_words: str = ""
    """Said to whoever may have a suspended meal."""
    pay_words: str = ""
    """Said to whoever has a suspended meal: they may pay after all."""
    boxes: Sequence[DietBox] = ()
    options: Sequence[Option] = ()
    """Of how many people, where they are several."""
    values: Mapping[str, str] = field(default_factory=dict)
    chosen: frozenset[str] = frozenset()
    errors: Mapping[str, Text] = field(default_factory=dict)


_DIETS = "select diet, people from booking_diet where booking_id = {} order by id"


async def choice_page(booking_id: int, *, visit: Visit) -> ChoicePage:
    """What was chosen: the price, what is given, what is not eaten. Raises `NotFound`."""
    row = await own_booking(booking_id, visit)
    held = await seats_of(booking_id)
    diets = {
        Diet(each["diet"]): min(each["people"], held.all or each["people"]) for each in await run(_DIETS, booking_id)
    }
    lang = language(visit.language)
    say = lang.say
    seats = held.confirmed + held.held + held.attended or held.all
    standing = standing_of(row)
    to_come = rules.why_cannot_change_choice(standing, now=visit.now) is None
    if to_come and row["team"] and row["member_id"] in await gave_up(source_of(row["id"])):
        row["own"] = OwnSeat.FAIR.value  # as the job writes it within the minute
    name = for_whom(row, lang)
    own, fair = OwnSeat(row["own"]), lang.euros(row["booked_fair_cents"])
    paid = seats if own is OwnSeat.CHOSEN else seats - 1
    forgotten = row["forgotten_at"] is not None
    stands = bool(row["active"] or held.attended)
    cards = await cards_of(booking_id) if row["payment"] == Payment.CARD else Cards()
    money = await money_of(row, seats if stands else 0, cards)
    to_pay = cards.to_pay if held.held else None
    by_card = views_card.money_lines(money, failed=cards.failed, lang=lang)
    lines = []
    if paid > 0:
        price = lang.euros(row["price_cents"])
        lines.append(say(text_n("%(n)s place à %(price)s", "%(n)s places à %(price)s", paid, price=price)))
    if own is OwnSeat.FAIR:
        lines.append(say(text("Ta place : %(price)s, le prix du repas, sans tour", price=fair)))
    if own is OwnSeat.FREE:
        lines.append(say(text("Ta place : repas de l’équipe") if row["team"] else text("Ta place : repas suspendu")))
    if row["give"]:
        lines.append(say(text_n("%(n)s repas offert", "%(n)s repas offerts", row["give"])))
    changes = held.all > 0 and to_come
    menu = await menu_of(row["id"]) if changes else []
    on_team = changes and own is not OwnSeat.FREE and await _on_team(row, visit)
    return ChoicePage(
        id=booking_id,
        seats=held.all,
        asked=diets_asked(menu),
        team_words=say(text("Je suis de l’équipe : mon repas est compris, %(price)s", price=lang.euros(0)))
        if on_team
        else "",
        take_words=await _take_words(row, visit, lang) if changes and own is not OwnSeat.FREE else "",
        pay_words=say(text("Finalement, je mets %(price)s pour ma place", price=lang.euros(row["price_cents"])))
        if changes and rules.pays_after_all(own, suspended=bool(row["suspended"]))
        else "",
        boxes=views_form.diet_boxes(menu, lang),
        options=[(str(n), str(n)) for n in range(1, held.all + 1)],
        values={f"people_{diet.value}": str(people) for diet, people in diets.items()},
        chosen=frozenset(diet.value for diet in diets),
        heading=views_ticket.ticket_words(name, somebody_waits=False, lang=lang).choice,
        title=row["title"],
        when_words=capital(lang.when(row["starts_at"])),
        money="" if forgotten else say(_money_words(to_pay, money, lang)),
        lines=[] if forgotten else lines,
        by_card=by_card if money.paid else (),
        diets=[_without(diet, people, lang) for diet, people in diets.items()],
    )


def _money_words(to_pay: CheckoutSeen | None, money: Money, lang: Language) -> Text:
    """« Dans l’enveloppe : 8 € », « À payer par carte : 10,00 € », « Payé par carte : 10,00 € »."""
    if to_pay is not None:
        return text("À payer par carte : %(amount)s", amount=to_the_cent(to_pay.amount_cents, lang))
    if money.paid:
        return text("Payé par carte : %(amount)s", amount=to_the_cent(money.paid, lang))
    return text("Dans l’enveloppe : %(amount)s", amount=lang.euros(money.due))


def _without(diet: Diet, people: int, lang: Language) -> str:
    """« Sans gluten : 2 personnes »."""
    name = capital(lang.gettext(DIET_NAMES[diet]))
    return lang.say(text_n("%(diet)s : %(n)s personne", "%(diet)s : %(n)s personnes", people, diet=name))


async def _on_team(row: Row, visit: Visit) -> bool:
    turns = await turns_of(row["id"], now=visit.now)
    return row["member_id"] is not None and any(row["member_id"] in slot.member_ids for _, slot in turns)


async def _take_words(row: Row, visit: Visit, lang: Language) -> str:
    """Nothing for those who have no account, and for whoever had one of this meal already."""
    if row["member_id"] is None:
        return ""
    had = await run(
        f"select 1 as one from booking b where b.meal_id = {{}} and b.member_id = {{}} and {HAD_SUSPENDED} limit 1",  # noqa: S608 - constants of ours
        *(row["id"], row["member_id"]),
    )
    cents = await pot_cents(row["place_id"])
    holds = rules.pot_holds_one(balance_cents=cents, fair_cents=row["booked_fair_cents"])
    return "" if had else views_form.take_words(pot_holds_one=holds, lang=lang)


async def is_as_wished(booking_id: int, wish: Wish) -> bool:
    """Whether a booking is what this wish asks for; one that was made before need not be."""
    (row,) = await run(_ASKED, booking_id)
    there = Wish(
        seats=row["seats"],
        price_cents=row["price_cents"],
        payment=Payment(row["payment"]),
        children=row["children"],
        together=bool(row["together"]),
        give=row["give"],
        suspended=bool(row["suspended"]),
        team=bool(row["team"]),
    )
    return there == replace(wish, suspended=wish.suspended and not wish.team)


_ASKED = """
select b.price_cents, b.payment, b.give, b.together, b.suspended, b.team,
       coalesce(sum(p.seats), 0) as seats, coalesce(sum(p.children), 0) as children
from booking b left join booking_part p on p.booking_id = b.id
     and p.state in ('waiting', 'offered', 'held', 'confirmed')
where b.id = {} group by b.id
"""
