"""`/tours`: a week of turns at one place, and one slot of it alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from app.clock import YEARS, local, local_day, week_start
from app.database import run, stamp
from app.i18n import Language, capital, language, text, text_n
from app.identity.states import Act
from app.identity.visits import Visit
from rotas import views
from rotas.queries.asked import asked_words
from rotas.queries.reading import PlaceHere, Reader, Row, Week, place_here, read_day, read_week, reader_of
from rotas.queries.telling import Teller
from rotas.views import DayOfTurns, ForMe, Head, Sharing, SlotLine

MOST_COLUMNS = 6
"""More duties than that stand in a list on wide screens too."""
LACKING, MINE = "manque", "moi"


@dataclass(frozen=True, slots=True)
class TurnPage:
    """One slot, to be put where it stood, and its week as it is now: what stands around it comes along."""

    slot: SlotLine
    week: WeekPage


@dataclass(frozen=True, slots=True)
class WeekPage:
    """`/tours`."""

    place: PlaceHere
    places: Sequence[tuple[str, str, bool]]
    """Address, name, whether it is this one; where there are several and nobody is signed in."""
    monday: str
    subtitle: str
    lack: str
    roles: str
    """How many columns the grid has; `many` when it has none."""
    heads: Sequence[Head]
    days: Sequence[DayOfTurns]
    gone: Sequence[DayOfTurns]
    """Days of this week that are over: shown after those to come."""
    any_slots: bool
    """Whether there is anything in this week, whatever is chosen."""
    chosen: str
    chips: Sequence[tuple[str, str, bool, str]]
    """Address, words, whether it is chosen, icon."""
    before_href: str
    after_href: str
    now_href: str
    """To this week, from another."""
    no_keys: Sequence[ForMe]
    asked: Sequence[ForMe]
    sharing: Sharing | None
    held_by_one: str
    sheet_href: str
    keeps: bool
    """Whether the reader keeps the place, and so its duties."""
    all_duties: bool
    """Whether the reader looks at a place of their own, whose duties are theirs to read."""
    member: bool


async def week_page(visit: Visit, *, week: str, chosen: str, slug: str) -> WeekPage | None:
    """`/tours`: this week, or the one of the day in `week`; none where there is no place yet."""
    found = await _read_page(visit, week=week, chosen=chosen, slug=slug)
    return found.page if found is not None else None


@dataclass(frozen=True, slots=True)
class _Found:
    """A week's page, and what it was made of."""

    page: WeekPage
    week: Week
    reader: Reader
    columns: dict[int, tuple[int, bool]]


async def _read_page(visit: Visit, *, week: str, chosen: str, slug: str = "") -> _Found | None:
    taken = await stamp(visit.taken)
    place, all_places = await place_here(visit, slug, taken=taken)
    if place is None:
        return None
    lang, now = language(visit.language), visit.now
    today = local_day(now)
    monday = week_start(read_day(week, today))
    read = await read_week(place.id, monday, today, taken=taken)
    reader = await reader_of(visit, place.id, now=now, taken=taken)
    teller = Teller(read, reader, quiet=place.quiet, now=now, lang=lang)
    lacking = teller.lacking()
    slots = read.slots if reader.id else [slot for slot in read.slots if slot["id"] in lacking]
    columns = "columns", lang.code, None if reader.id else lacking
    heads, column_of = read.once(columns, lambda: _columns(slots, lang))
    lines = [(slot, teller.line(slot, *column_of[slot["id"]])) for slot in slots]
    stand_ins = _stand_ins(read, lines, now)
    wanted = lacking | stand_ins
    chosen = chosen if reader.id and chosen in (() if place.quiet else (LACKING,)) + (MINE,) else ""
    shown = [
        (slot, line)
        for slot, line in lines
        if not chosen or (slot["id"] in wanted if chosen == LACKING else bool(line.mine))
    ]
    days = _days(read, shown, today, lang)
    this_monday = week_start(today)
    gone = [day for day in days if day.id < f"j{today}"] if monday == this_monday else []
    missing = read.once(
        ("missing", lacking), lambda: sum(slot["people"] - slot["taken"] for slot in slots if slot["id"] in lacking)
    )
    missing += sum(slot_id in stand_ins for slot_id in _asked_of_all(read, now))
    links = _Links(place, monday, this_monday, chosen, named=visit.place is None and len(all_places) > 1)
    mine = sum(bool(line.mine) for _, line in lines)
    page = WeekPage(
        place=place,
        places=read.once(("places", links), lambda: _places(all_places, links)),
        monday=monday.isoformat(),
        subtitle=read.once(("subtitle", lang.code), lambda: _subtitle(monday, lang)),
        lack=read.once(("lack", missing, links, lang.code), lambda: _lack(missing, place, monday, today, lang)),
        roles=str(len(heads)) if len(heads) <= MOST_COLUMNS else "many",
        heads=heads if len(heads) <= MOST_COLUMNS else (),
        days=days[len(gone) :],
        gone=gone,
        any_slots=bool(slots),
        chosen=chosen,
        chips=read.once(
            ("chips", lang.code, len(wanted), mine, teller.quiet, links),
            lambda: _chips(len(wanted), mine, teller.quiet, links, lang),
        )
        if reader.id
        else (),
        **read.once(("ways", links), links.ways),
        no_keys=teller.no_keys() if reader.named else (),
        asked=[_asked(ask, reader, lang) for ask in reader.asks],
        sharing=_sharing(read, reader, lang) if reader.belongs and not reader.mediator else None,
        held_by_one=read.once(("held by one", lang.code), lambda: lang.joined(read.held_by_one))
        if reader.belongs
        else "",
        sheet_href=f"/tours/jour?jour={max(today, monday) if monday <= today + timedelta(days=6) else monday}"
        if reader.named
        else "",
        keeps=Act.KEEP_PLACE in reader.acts,
        all_duties=visit.place is not None and reader.id > 0,
        member=reader.id > 0,
    )
    return _Found(page, read, reader, column_of)


async def turn_page(
    slot_id: int,
    visit: Visit,
    *,
    chosen: str = "",
    asks_sure: bool = False,
    just_taken: bool = False,
) -> TurnPage | None:
    """One slot of a week, to be put where it stood, with what stands around it; none when it is off, or not the
    reader's to see. What was just taken can be undone there. `chosen` as in the page's address."""
    found = await run("select place_id, starts_at from rota_slot where id = {} and state = 'open'", slot_id)
    if not found or visit.place is None or found[0]["place_id"] != visit.place.id:
        return None
    day = local_day(found[0]["starts_at"])
    here = await _read_page(visit, week=day.isoformat(), chosen=chosen)
    slot = next((each for each in here.week.slots if each["id"] == slot_id), None) if here is not None else None
    if here is None or slot is None:
        return None
    teller = Teller(
        here.week,
        here.reader,
        quiet=here.page.place.quiet,
        now=visit.now,
        lang=language(visit.language),
        just_taken=slot_id if just_taken else 0,
    )
    line = teller.line(slot, *here.columns[slot_id], asks_sure=asks_sure, focus=True)
    return TurnPage(line, here.page)


def _asked_of_all(week: Week, now: datetime) -> list[int]:
    """Slots of this week for which somebody asks everybody to come instead: once for each who asks."""
    return [
        swap["slot_id"]
        for swaps in week.swaps.values()
        for swap in swaps
        if swap["to_member"] is None and swap["wanted_slot_id"] is None and swap["until_at"] > now
    ]


def _stand_ins(week: Week, lines: Sequence[tuple[Row, SlotLine]], now: datetime) -> frozenset[int]:
    """Of these those that the reader reads of: they may answer, or it was they who asked."""
    asked = frozenset(_asked_of_all(week, now))
    return frozenset(
        line.id for _, line in lines if line.id in asked and line.deed is not None and line.deed.sort in _OF_STAND_INS
    )


_OF_STAND_INS = ("replace", "keep")
"""What is pressed on a slot for which somebody asks for a stand-in."""
Key = tuple[int, str]
Columns = tuple[list[Head], dict[int, tuple[int, bool]]]


def _columns(slots: Sequence[Row], lang: Language) -> Columns:
    """The columns of a week, those that begin first on the left: a duty at its hours; a duty alone where that would be
    too many; none where that is still too many. And of each slot its column, and whether its hours are to be read in
    its cell, as the column's head does not say them."""
    by_hours = {
        slot["id"]: (slot["duty_id"], views.hours_words(slot["starts_at"], slot["ends_at"], lang)) for slot in slots
    }
    keys: dict[int, Key] = by_hours
    if len(set(keys.values())) > MOST_COLUMNS:
        keys = {slot["id"]: (slot["duty_id"], "") for slot in slots}
    first: dict[Key, tuple[str, Row]] = {}
    for slot in slots:
        wall = f"{local(slot['starts_at']):%H:%M}"
        first[keys[slot["id"]]] = min(first.get(keys[slot["id"]], (wall, slot)), (wall, slot), key=lambda each: each[0])
    order = sorted(first, key=lambda key: (first[key][0], first[key][1]["duty"], key))
    spans: dict[Key, set[str]] = defaultdict(set)
    for slot in slots:
        spans[keys[slot["id"]]].add(by_hours[slot["id"]][1])
    heads = [
        Head(first[key][1]["duty"], first[key][1]["icon"], next(iter(spans[key])) if len(spans[key]) == 1 else "")
        for key in order
    ]
    many = len(order) > MOST_COLUMNS
    number = {key: 0 if many else place for place, key in enumerate(order, start=2)}
    return heads, {slot["id"]: (number[keys[slot["id"]]], many or len(spans[keys[slot["id"]]]) > 1) for slot in slots}


@dataclass(frozen=True, slots=True)
class _Links:
    place: PlaceHere
    monday: date
    this_monday: date
    chosen: str
    named: bool

    @property
    def week(self) -> dict[str, str]:
        return {} if self.monday == self.this_monday else {"semaine": self.monday.isoformat()}

    def to(self, monday: date, chosen: str | None = None) -> str:
        """The same page of another week, or with another choice."""
        chosen = self.chosen if chosen is None else chosen
        query = {
            **({"lieu": self.place.slug} if self.named else {}),
            **({} if monday == self.this_monday else {"semaine": monday.isoformat()}),
            **({"voir": chosen} if chosen else {}),
        }
        return f"/tours?{urlencode(query)}" if query else "/tours"

    def ways(self) -> dict[str, str]:
        """To the weeks beside, and to this one from another: as the page calls them."""
        monday = self.monday
        return {
            "before_href": self.to(monday - timedelta(days=7)) if monday.year > YEARS.start else "",
            "after_href": self.to(monday + timedelta(days=7)) if monday.year < YEARS.stop - 1 else "",
            "now_href": "" if monday == self.this_monday else self.to(self.this_monday),
        }


def _places(all_places: Sequence[Row], links: _Links) -> list[tuple[str, str, bool]]:
    return [
        (f"/tours?{urlencode({'lieu': each['slug'], **links.week})}", each["name"], each["id"] == links.place.id)
        for each in all_places
        if len(all_places) > 1
    ]


def _chips(lacking: int, mine: int, quiet: bool, links: _Links, lang: Language) -> list[tuple[str, str, bool, str]]:
    offered = [
        (LACKING, text("Où il manque du monde (%(n)s)", n=lacking), "hand-stop"),
        (MINE, text("Mes tours (%(n)s)", n=mine), "check"),
        ("", text("Toute la semaine"), ""),
    ]
    return [
        (links.to(links.monday, value), lang.say(words), links.chosen == value, icon)
        for value, words, icon in offered
        if value != LACKING or not quiet
    ]


def _days(week: Week, shown: Sequence[tuple[Row, SlotLine]], today: date, lang: Language) -> list[DayOfTurns]:
    day_of, heads = week.once(("days", lang.code), lambda: _heads(week.slots, lang))
    days: dict[date, list[SlotLine]] = defaultdict(list)
    for slot, line in shown:
        days[day_of[slot["id"]]].append(line)
    return [DayOfTurns(*heads[day], today=day == today, slots=lines) for day, lines in sorted(days.items())]


def _heads(slots: Sequence[Row], lang: Language) -> tuple[dict[int, date], dict[date, tuple[str, str, str]]]:
    """The day of each slot; and of each day its anchor, its weekday and its number."""
    day_of = {slot["id"]: local_day(slot["starts_at"]) for slot in slots}
    return day_of, {
        day: (
            f"j{day.isoformat()}",
            capital(lang.weekday(day)),
            "1er" if day.day == 1 and lang.code == "fr" else str(day.day),
        )
        for day in set(day_of.values())
    }


def _subtitle(monday: date, lang: Language) -> str:
    sunday = monday + timedelta(days=6)
    first = lang.weekday_number(monday) if monday.month == sunday.month else lang.day(monday)
    return lang.say(text("Tours de rôle, du %(first)s au %(last)s", first=first, last=lang.day(sunday)))


def _lack(missing: int, place: PlaceHere, monday: date, today: date, lang: Language) -> str:
    if place.quiet or monday + timedelta(days=7) <= today:
        return ""
    if monday != week_start(today):
        return lang.say(views.lacking(missing)) if missing else ""
    if not missing:
        return lang.say(text("Il ne manque personne cette semaine"))
    return lang.say(text_n("Il manque une personne cette semaine", "Il manque %(n)s personnes cette semaine", missing))


def _asked(ask: Row, reader: Reader, lang: Language) -> ForMe:
    return ForMe(ask["slot_id"], asked_words(ask, named=reader.named, lang=lang), lang.when(ask["starts_at"]))


def _sharing(week: Week, reader: Reader, lang: Language) -> Sharing:
    """The same to all who have as many turns this month: then the others have the same, too."""
    mine = week.month.get(reader.id, 0)

    def say() -> Sharing:
        others = [load for member, load in week.month.items() if member != reader.id and load]
        return views.sharing(mine, others, list(week.loads.values()), lang=lang)

    return week.once(("sharing", lang.code, mine), say)
