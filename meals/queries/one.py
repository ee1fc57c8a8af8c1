"""One meal: who may see it (everybody), and its page for one reader.

What is the same for all is read once between two writes, and put into words once a minute for all who are the same to
the meal; `_own` adds what is one reader's alone. Names of members are for members whom somebody has met.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from functools import lru_cache, partial
from operator import attrgetter
from typing import Any

from app.calendar import api as calendar
from app.clock import day_start, local_day, week_start
from app.database import run, stamp
from app.errors import NotFound
from app.i18n import Language, capital, language, text, text_n
from app.identity.api import here_of, somebody_holds
from app.identity.states import Act
from app.identity.visits import Visit, kept_for
from app.unchanged import unchanged
from meals import door_rules, rules, till_rules, views, views_card, views_form, views_team
from meals.facts import HAD_SUSPENDED, KIND, Row, menu_of, night_of, offer_key, prices_of, standing_of, turns_of, who_is
from meals.kitchen import DishFacts
from meals.queries.kitchen import undeclared_words
from meals.rules import Prices, Standing, Who
from meals.states import Job, MealState
from meals.views import BookingRead, DishLine, GuestLine, MealMay, MealPage, Menu, OtherMeal
from rotas.api import SlotSeen

_MEAL = """
select m.*, r.name as room_name, r.step_free as room_step_free, p.name as place_name, p.address as place_address,
       coalesce((select o.cents from pot o where o.place_id = m.place_id), 0) as pot_cents,
       (select coalesce(sum(h.seats), 0) from booking_part h
        where h.meal_id = m.id and h.state = 'confirmed' and h.handed_at is not null) as handed,
       case when exists (select 1 from till_count t where t.meal_id = m.id) then 1 else 0 end as counted
from meal m join place p on p.id = m.place_id left join room r on r.id = m.room_id
where m.id = {}
"""
_OTHERS = """
select id, title, starts_at, closes_at, state, seats, taken, waiting from meal
where place_id = {} and starts_at >= {} and starts_at < {} and id <> {} and state in ('open', 'closed')
order by starts_at, id limit 3
"""
_MINE = f"""
select b.id, b.member_id, b.first_name, {HAD_SUSPENDED} as suspended, b.active,
       (select coalesce(sum(p.seats), 0) from booking_part p
        where p.booking_id = b.id and p.state in ('offered', 'held', 'confirmed', 'attended')) as seats
from booking b where b.meal_id = {{}} and (b.member_id = {{}} or b.booked_by = {{}}) order by b.id
"""  # noqa: S608 - constants of ours

_KEPT = "select id, offered_at from booking_part where booking_id = {} and state = 'offered' order by id"


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is the same for everybody. Shared by all who read it: nobody changes anything in it."""

    row: Row
    standing: Standing
    dishes: list[DishFacts]
    turns: list[tuple[Job, SlotSeen]]
    others: list[Row]
    anybody_opens: bool
    """Whether any member may open meals at its place; asked only of a meal that nobody answers for."""
    pages: dict[Any, tuple[datetime, MealPage]] = field(default_factory=dict)
    """What it says to all who are the same to it, and in which minute (`_page`)."""


async def _shown_to(meal_id: int, visit: Visit) -> _Shown:
    shown = await unchanged(await stamp(visit.taken), (KIND, meal_id), partial(_shown, meal_id, visit.now))
    if shown is None:
        raise NotFound
    return shown


async def _shown(meal_id: int, now: datetime) -> _Shown | None:
    rows = await run(_MEAL, meal_id)
    if not rows:
        return None
    row = rows[0]
    monday = week_start(local_day(row["starts_at"]))
    others = await run(_OTHERS, row["place_id"], day_start(monday), day_start(monday + timedelta(days=7)), meal_id)
    somebody_may = row["opener_id"] is not None or await somebody_holds(row["place_id"], Act.OPEN_MEALS, now)
    return _Shown(
        row, standing_of(row), await menu_of(meal_id), await turns_of(meal_id, now=now), others, not somebody_may
    )


async def meal_page(
    meal_id: int,
    *,
    visit: Visit,
    booking: BookingRead | None = None,
    guest: BookingRead | None = None,
) -> MealPage:
    """The page of one meal; `booking` and `guest` are forms that are shown again. Raises `NotFound`."""
    page = await kept_for(visit, (KIND, meal_id), partial(_read_page, meal_id, visit))
    if booking is not None:
        page = replace(page, values=booking.values, chosen=booking.chosen, errors=booking.errors)
    if guest is not None:
        page = replace(page, guest_values=guest.values, guest_errors=guest.errors)
    return page


async def _read_page(meal_id: int, visit: Visit) -> MealPage:
    shown = await _shown_to(meal_id, visit)
    lang = language(visit.language)
    if visit.member is None:
        return _page(shown, None, visit, lang, suspended=False)
    me, here = visit.member.id, here_of(visit, shown.row["place_id"])
    mine = await run(_MINE, meal_id, me, me)
    booked = any(each["member_id"] == me and each["active"] for each in mine)
    who = await who_is(shown.row, me, now=visit.now, here=here, turns=shown.turns, may_have_booked=booked)
    page = _page(shown, who, visit, lang, suspended=any(each["member_id"] and each["suspended"] for each in mine))
    own = await _own(shown, who, page, mine, now=visit.now, lang=lang)
    return replace(page, **own) if own else page


async def ticket_of(meal_id: int, *, visit: Visit) -> str:
    """Where the ticket of this member is, or the meal's page for whoever has none. Raises `NotFound`."""
    assert visit.member is not None
    await prices_now(meal_id)
    rows = await run(
        "select id from booking where meal_id = {} and member_id = {} order by active desc, id desc limit 1",
        *(meal_id, visit.member.id),
    )
    return f"/reservations/{rows[0]['id']}" if rows else f"/repas/{meal_id}#reserver"


async def prices_now(meal_id: int) -> Prices:
    """What a seat costs there, for whoever reads a form about it. Raises `NotFound`."""
    rows = await run("select low_cents, fair_cents, more_cents from meal where id = {}", meal_id)
    if not rows:
        raise NotFound
    return prices_of(rows[0])


async def back_of(booking_id: int) -> str:
    """Where one goes back to from what was done about a booking: the meal's page for somebody without an account, else
    nowhere but the ticket."""
    rows = await run("select meal_id from booking where id = {} and member_id is null", booking_id)
    return f"/repas/{rows[0]['meal_id']}#invites" if rows else ""


_AS_SEEN = attrgetter(*(each.name for each in fields(Who) if each.name != "id"))
"""What somebody is to a meal, whoever they are."""


def _page(shown: _Shown, who: Who | None, visit: Visit, lang: Language, *, suspended: bool) -> MealPage:
    """What the page says to all who are the same to the meal, made once a minute: hours, by which rules go, are written
    to the minute. Nothing of the reader's own is in it: `_own`."""
    turns = () if who is None else tuple(slot.id for _, slot in shown.turns if who.id in slot.member_ids)
    standing = standing_of(shown.row, now=visit.now)
    seen_as = lang.code, suspended, turns, standing.card, None if who is None else _AS_SEEN(who)
    minute = visit.now.replace(second=0, microsecond=0)
    kept = shown.pages.get(seen_as)
    if kept is not None and kept[0] == minute:
        return kept[1]
    page = _page_for(shown, standing, who, suspended=suspended, now=visit.now, lang=lang)
    shown.pages[seen_as] = minute, page
    return page


def _page_for(
    shown: _Shown, standing: Standing, who: Who | None, *, suspended: bool, now: datetime, lang: Language
) -> MealPage:
    row = shown.row
    names = who is not None and who.belongs and who.met
    may = _may(shown, who, now=now)
    books = who is not None and not who.booked and rules.why_cannot_book(standing, now=now) is None
    return MealPage(
        id=row["id"],
        title=row["title"],
        state=standing.state.value,
        day=lang.day(row["starts_at"]),
        when_words=f"{capital(lang.day(row['starts_at']))}, {lang.hour(row['starts_at'])}",
        banner=views.banner_of(
            standing, row["reason"], named=who is not None, answers=may.go_ahead, now=now, lang=lang
        ),
        menu=_menu(
            tuple(shown.dishes),
            about=row["about"],
            cooks=views_team.cooks_words(shown.turns, names=names, lang=lang),
            starts_at=row["starts_at"],
            ends_at=row["ends_at"],
            where=", ".join(filter(None, (row["room_name"], row["place_name"], row["place_address"]))),
            step_free=bool(row["room_step_free"]),
            prices=""
            if (who is not None and who.booked) or rules.why_off(standing, now) is not None
            else views_form.prices_words(standing.prices, lang, card=standing.card),
            ics=f"/repas/{row['id']}.ics" if standing.state is not MealState.CANCELLED else "",
            lang=lang,
        ),
        seats=standing.seats,
        taken=standing.taken,
        seats_left=standing.free if rules.why_cannot_book(standing, now=now) is None else 0,
        panel=views.panel_of(standing, who, handed=row["handed"], now=now, lang=lang),
        form=views_form.booking_form(
            standing, who, shown.dishes, pot_cents=row["pot_cents"], suspended_before=suspended, lang=lang
        )
        if books and who is not None
        else None,
        team=views_team.team_of(shown.turns, standing, who, names=names, now=now, lang=lang),
        may=may,
        others=tuple(_other(each, now=now, lang=lang) for each in shown.others),
        version=standing.version,
        accounts_href=f"/repas/comptes?mois={local_day(row['starts_at']):%Y-%m}#repas-{row['id']}"
        if standing.state is MealState.SERVED and who is not None and who.belongs
        else "",
        to_declare=tuple((dish.id, dish.name) for dish in shown.dishes if not dish.declared) if may.edit else (),
    )


@lru_cache(maxsize=500)
def _menu(
    dishes: tuple[DishFacts, ...],
    *,
    about: str,
    cooks: str,
    starts_at: datetime,
    ends_at: datetime,
    where: str,
    step_free: bool,
    prices: str,
    ics: str,
    lang: Language,
) -> Menu:
    """What is eaten, and what else there is to know in few words, from all that this goes by: it stands while people
    book. Allergens come before the rest."""
    say = lang.say
    allergens, undeclared = views.allergen_lines(dishes, lang), undeclared_words(dishes, lang)
    facts = []
    if (meat := views.meat_words(dishes, lang)) is not None:
        facts.append(meat)
    if cooks:
        facts.append(("chef-hat", say(text("Aux fourneaux")), cooks))
    facts.append(("clock", say(text("Quand")), capital(lang.hours(starts_at, ends_at))))
    facts.append(("map-pin", say(text("Où")), where))
    if step_free:
        facts.append(("wheelchair", say(text("Accès")), say(text("De plain-pied"))))
    if prices:  # at table nobody is reminded of them
        facts.append(("coin-euro", say(text("Prix")), prices))
    return Menu(
        about=about,
        dishes=tuple(DishLine(dish.name, dish.instead) for dish in dishes),
        allergens=tuple(allergens),
        no_allergens=say(text("Aucun des quatorze allergènes à déclarer n’est dans ces plats."))
        if dishes and not allergens and not undeclared
        else "",
        undeclared=undeclared,
        facts=tuple(facts),
        ics=ics,
    )


def _may(shown: _Shown, who: Who | None, *, now: datetime) -> MealMay:
    if who is None:
        return MealMay()
    standing, wanted, somebody_may = shown.standing, shown.row["opener_id"] is None, not shown.anybody_opens
    return MealMay(
        edit=rules.why_cannot_edit(standing, who, now=now) is None,
        cancel=rules.why_cannot_cancel(standing, who, now=now) is None,
        go_ahead=rules.why_cannot_go_ahead(standing, who, wanted=wanted, somebody_may=somebody_may, now=now) is None,
        duplicate=(who.opener or who.opens) and who.belongs and not who.mediator,
        kitchen=rules.may_read_kitchen(who),
        bring_guest=rules.why_cannot_book_for(standing, who, 1, now=now) is None,
        let_go=rules.why_cannot_let_go(standing, who, now=now) is None,
        take_on=rules.why_cannot_take_on(standing, who, wanted=wanted, somebody_may=somebody_may, now=now) is None,
        count=till_rules.why_cannot_count(standing, till_rules.seen(who, somebody_takes_cash=False), now=now) is None,
    )


def _other(row: Row, *, now: datetime, lang: Language) -> OtherMeal:
    open_ = row["state"] == MealState.OPEN and now < row["closes_at"]
    left = max(0, row["seats"] - row["taken"]) if open_ else 0
    closed = lang.say(text("Les réservations sont closes."))
    return OtherMeal(
        id=row["id"],
        title=row["title"],
        day=lang.day(row["starts_at"]),
        taken=row["taken"],
        seats=row["seats"],
        seats_left=left,
        words=views.seats_words(left, row["seats"], row["waiting"], lang) if open_ else closed,
        full=open_ and not left,
    )


_GUESTS = """
select b.id, b.first_name, coalesce(sum(p.seats), 0) as seats
from booking b join booking_part p on p.booking_id = b.id and p.state in ('held', 'confirmed', 'attended')
where b.meal_id = {} and b.member_id is null and not b.walk_in and b.active = {}
and (b.booked_by is null or b.booked_by <> {})
group by b.id, b.first_name order by b.id
"""


async def _own(
    shown: _Shown, who: Who, page: MealPage, mine: list[Row], *, now: datetime, lang: Language
) -> dict[str, Any]:
    """What the page says to this reader alone: their ticket, whom they booked for, what else they do then; to whoever
    answers for the meal or the place, who else has no account."""
    own: dict[str, Any] = {}
    booked = next((each for each in mine if each["member_id"] == who.id and each["active"]), None)
    if booked is not None:
        own["ticket"], own["booking_id"] = f"/reservations/{booked['id']}", booked["id"]
    if who.offered and booked is not None:
        kept = await run(_KEPT, booked["id"])
        own["offers"] = [offer_key(part["id"], part["offered_at"]) for part in kept]
        if standing_of(shown.row, now=now).card:
            own["payments"] = views_card.payments(lang)
    frees = rules.why_cannot_give_back(shown.standing, now=now) is None
    if guests := [each for each in mine if each["member_id"] is None and each["active"]]:
        own["guests"] = [_guest(each, frees=frees, lang=lang) for each in guests]
        with_them = replace(who, guests=sum(each["seats"] for each in guests))
        if rules.why_cannot_book_for(shown.standing, with_them, 1, now=now) is not None:
            own["may"] = replace(page.may, bring_guest=False)
    if (who.opener or who.keeps_place) and rules.why_off(shown.standing, now) is None:
        others = await run(_GUESTS, shown.row["id"], True, who.id)
        own["kept_guests"] = [_guest(each, frees=frees, lang=lang) for each in others]
    if page.may.count and till_rules.is_to_count(shown.standing, counted=bool(shown.row["counted"]), now=now):
        somebody = who.opener and await somebody_holds(shown.row["place_id"], Act.TAKE_CASH, now)
        own["to_count"] = till_rules.has_till(till_rules.seen(who, somebody_takes_cash=somebody))
    own["may"] = await _at_the_door(shown, who, own.get("may", page.may), now=now)
    if page.form is not None and (
        clash := await calendar.own_overlaps(
            who.id, shown.row["starts_at"], shown.row["ends_at"], except_for=(KIND, shown.row["id"])
        )
    ):
        own["overlap"] = lang.say(text("À cette heure, tu as aussi « %(title)s ».", title=clash.title))
    return own


async def _at_the_door(shown: _Shown, who: Who, may: MealMay, *, now: datetime) -> MealMay:
    """Whether this reader ticks people in now, or prints the list. Only of its opener it has to be asked whether
    somebody else does."""
    night = night_of(shown.row)
    if door_rules.why_not_now(shown.standing, night=night, now=now) is None:
        somebody = who.opener and not who.checks_in
        somebody = somebody and await somebody_holds(shown.row["place_id"], Act.CHECK_IN, now)
        if door_rules.has_door(door_rules.seen(who, somebody_checks_in=somebody)):
            return replace(may, door=True)
    seen = door_rules.seen(who, somebody_checks_in=True)
    sheet = door_rules.may_read_sheet(shown.standing, seen, night=night, now=now)
    return replace(may, door_sheet=True) if sheet else may


def _guest(row: Row, *, frees: bool, lang: Language) -> GuestLine:
    return GuestLine(
        id=row["id"],
        name=row["first_name"] or lang.say(text("Une personne sans compte")),
        seats=lang.say(text_n("%(n)s place", "%(n)s places", row["seats"])),
        frees=frees,
    )
