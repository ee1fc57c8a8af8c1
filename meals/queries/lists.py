"""`/repas`: the meals to come, by date, and below those that were."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from app.clock import local
from app.database import run
from app.i18n import Language, capital, language, text
from app.identity.api import here_at
from app.identity.states import Act
from app.identity.visits import Visit, kept_for
from meals import views
from meals.facts import Row, prices_of, why_not_open
from meals.states import MealState
from meals.views_form import prices_words

PAGE = 20
BELOW = 5
"""So many past meals stand below those to come."""


@dataclass(frozen=True, slots=True)
class MealLine:
    """One meal in a list."""

    id: int
    state: str
    title: str
    datetime: str
    short_day: str
    hour: str
    line: str
    mine: bool
    taken: int
    seats: int
    seats_left: int
    seats_words: str
    state_icon: str
    state_words: str


@dataclass(frozen=True, slots=True)
class MealsPage:
    """`/repas`."""

    subtitle: str
    items: list[MealLine]
    below: list[MealLine]
    """Meals that were, under those to come."""
    past: bool
    may_open: bool
    dishes_href: str
    """The place's book of dishes, for its members."""
    prices_href: str
    """For whoever keeps the place."""
    accounts_href: str
    """For members of the place."""
    before_href: str
    after_href: str
    all_past_href: str
    empty_title: str
    empty_words: str


_LIST = """
select m.id, m.title, m.state, m.starts_at, m.ends_at, m.closes_at, m.seats, m.taken, m.waiting,
       m.low_cents, m.fair_cents, m.more_cents,
       r.name as room_name, p.name as place_name,
       (select max(case q.state when 'held' then 4 when 'offered' then 3 when 'waiting' then 1 when 'cancelled' then 0
                   when 'lapsed' then 0 else 2 end)
        from booking b join booking_part q on q.booking_id = b.id
        where b.meal_id = m.id and b.member_id = {} and b.active) as mine,
       (select coalesce(sum(q.seats), 0) from booking b join booking_part q on q.booking_id = b.id
        where b.meal_id = m.id and b.member_id = {} and b.active and q.state = 'waiting') as waits
from meal m join place p on p.id = m.place_id left join room r on r.id = m.room_id
where %s order by %s limit {} offset {}
"""


async def meals_page(*, visit: Visit, past: bool, number: int) -> MealsPage:
    """Meals of the place of this visit, of all places for visitors: those to come and, on their first page, the last
    that were; or only these, the latest first."""
    return await kept_for(visit, ("meals", past, number), partial(_read_page, visit, past=past, number=number))


async def _read_page(visit: Visit, *, past: bool, number: int) -> MealsPage:
    lang, now = language(visit.language), visit.now
    place = [visit.place.id] if visit.place else []
    items = await _lines(place, visit, past=past, limit=PAGE + 1, offset=(number - 1) * PAGE, lang=lang)
    below = [] if past or number > 1 else await _lines(place, visit, past=True, limit=BELOW + 1, offset=0, lang=lang)
    base = "/repas?passes=1&" if past else "/repas?"
    return MealsPage(
        subtitle=lang.say(text("Ceux qui ont eu lieu") if past else text("On cuisine ensemble, on met ce qu’on peut")),
        items=items[:PAGE],
        below=below[:BELOW],
        past=past,
        may_open=await may_open(visit, now=now),
        dishes_href="/repas/plats" if visit.place and visit.member and visit.member.belongs else "",
        prices_href="/repas/prix" if visit.place and visit.may(Act.KEEP_PLACE) else "",
        accounts_href="/repas/comptes" if visit.place and visit.member and visit.member.belongs else "",
        before_href=f"{base}page={number - 1}" if number > 1 else "",
        after_href=f"{base}page={number + 1}" if len(items) > PAGE else "",
        all_past_href="/repas?passes=1" if len(below) > BELOW else "",
        empty_title=lang.say(text("Rien encore") if past else text("Pas de repas prévu")),
        empty_words=lang.say(
            text("Ce qui a eu lieu se lira ici.") if past else text("La table est libre. Une envie, même simple ?")
        ),
    )


async def may_open(visit: Visit, *, now: datetime) -> bool:
    """Whether the reader may open a meal at the place they look at."""
    me = visit.member
    if me is None or visit.place is None or not me.belongs or me.mediator:
        return False
    return await why_not_open(me.id, visit.place.id, await here_at(visit, visit.place.id), now=now) is None


async def _lines(
    place: list[int], visit: Visit, *, past: bool, limit: int, offset: int, lang: Language
) -> list[MealLine]:
    when = "m.ends_at <= {} and m.state <> 'cancelled'" if past else "m.ends_at > {}"
    here = "m.place_id = {} and " if place else ""
    me = visit.member.id if visit.member else 0
    order = "m.ends_at desc, m.id desc" if past else "m.starts_at, m.id"
    rows = await run(_LIST % (here + when, order), me, me, *place, visit.now, limit, offset)
    return [_line(row, visit.now, lang, says_place=not place) for row in rows]


def _line(row: Row, now: datetime, lang: Language, *, says_place: bool) -> MealLine:
    state = MealState(row["state"])
    over = now >= row["ends_at"] or state is MealState.SERVED
    books = state is MealState.OPEN and now < row["closes_at"]
    left = max(0, row["seats"] - row["taken"]) if books else 0
    icon, words = _state(state, row["mine"] or 0, int(row["waits"]), over=over, books=books, lang=lang)
    prices = prices_words(prices_of(row), lang, short=True) if books and not row["mine"] else ""
    where = [row["place_name"]] if says_place else []
    if row["room_name"]:
        where.append(row["room_name"])
    return MealLine(
        id=row["id"],
        state=state.value,
        title=row["title"],
        datetime=local(row["starts_at"]).isoformat(timespec="minutes"),
        short_day=capital(lang.short_day(row["starts_at"])),
        hour=lang.hour(row["starts_at"]),
        line=". ".join(filter(None, (capital(lang.day(row["starts_at"])), ", ".join(where), prices))),
        mine=row["mine"] == 2 and not over and state is not MealState.CANCELLED,
        taken=row["taken"],
        seats=row["seats"],
        seats_left=left,
        seats_words=views.seats_words(left, row["seats"], row["waiting"], lang) if books else "",
        state_icon=icon,
        state_words=words,
    )


def _state(state: MealState, mine: int, waits: int, *, over: bool, books: bool, lang: Language) -> tuple[str, str]:
    """What to know of a meal first: that it is off, or how the reader stands to it."""
    if state is MealState.CANCELLED:
        return "ban", lang.say(text("Annulé"))
    if over:
        return "check", lang.say(text("Passé"))
    if mine:
        said = {
            4: ("credit-card", text("Il reste à payer")),
            3: ("hand-stop", text("Une place est pour toi : réponds")),
            2: ("check", text("Tu as ta place")),
            1: ("hourglass", text("Tu attends %(n)s places", n=waits) if waits > 1 else text("Tu attends une place")),
        }[mine]
        return said[0], lang.say(said[1])
    return ("", "") if books else ("clock", lang.say(text("Réservations closes")))
