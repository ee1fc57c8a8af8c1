"""What the pages of the calendar show: frozen dataclasses, and the addresses of their links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from functools import lru_cache
from urllib.parse import urlencode

from app.calendar.queries import PlaceLine, Strip
from app.calendar.spans import Days, Follow, Month
from app.calendar.states import NOT_YET
from app.contracts import Asked, EntryKind
from app.i18n import Language, Text, text
from app.i18n.text import N_

MINE = "a-moi"
"""Value of `genre` for what the member takes part in."""
STRIPS_A_PAGE = 60
PAST_A_PAGE = 20
MONTH_STRIPS = 600
"""A month of twenty things a day. Beyond, the page says that the agenda has the rest."""
MONDAY = date(2024, 1, 1)
FEW_DAYS = 3


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter, or a place to look at."""

    href: str
    words: str
    """French msgid, or a name."""
    current: bool
    kind: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """A day and what happens on it."""

    date: date
    strips: tuple[Strip, ...]


@dataclass(frozen=True, slots=True)
class Week:
    """A row of a month: seven days, nothing where a neighbouring month stands."""

    days: tuple[Day | None, ...]
    quiet: bool
    """Whether a list of days has nothing to say of it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks the agenda for."""

    days: Days
    genre: str
    """A kind's filter, `a-moi`, or nothing for everything."""
    kind: EntryKind | None
    follow: Follow | None
    slug: str
    """The place named in the address, if it is one."""

    @property
    def mine(self) -> bool:
        return self.genre == MINE

    def path(self, **changes: str) -> str:
        """Address of the agenda with the same wishes but for these."""
        days = self.days
        asked = {"lieu": self.slug, "genre": self.genre}
        if days.chosen:
            asked["du"] = str(days.first)
            asked["au"] = str(days.last) if days.last.weekday() != 6 else ""
        return _address("/agenda", {**asked, **changes})


@dataclass(frozen=True, slots=True)
class AgendaPage:
    """The stream of what is to come in a place."""

    place: PlaceLine
    places: tuple[Chip, ...]
    """A choice, where there are several."""
    days: Days
    shown: tuple[Day, ...]
    chips: tuple[Chip, ...]
    filtered: bool
    mine: bool
    previous_href: str
    next_href: str
    more_href: str
    """The rest of the same days, when they hold more than a page."""
    month_href: str
    all_href: str
    free_words: str
    """Names of the days to come on which the place is open and nothing is planned, when they are few."""
    tickets: tuple[Strip, ...]
    offers: tuple[Strip, ...]
    """Places that are kept for the reader until they answer."""
    asks: Sequence[Asked]
    """What others ask of the reader in person."""
    propose_href: str
    feed_href: str


@dataclass(frozen=True, slots=True)
class MonthPage:
    """A month as a grid."""

    place: PlaceLine
    places: tuple[Chip, ...]
    month: Month
    heads: tuple[date, ...]
    """Seven days, of whatever week, whose names head the columns."""
    weeks: tuple[Week, ...]
    count: int
    cut: bool
    """Whether there is more than the page holds."""
    place_query: str
    """What a link to the agenda needs to stay in this place: empty, or `lieu=slug&`."""
    previous_href: str
    next_href: str
    agenda_href: str


@dataclass(frozen=True, slots=True)
class MinePage:
    """What one hosts, attends and waits for, and what is over."""

    shown: tuple[Day, ...]
    waiting: tuple[Strip, ...]
    past: tuple[Strip, ...]
    leafing: bool
    """Whether this is a later page of either list."""
    later_href: str
    """What is still further ahead."""
    more_href: str
    """What is longer over."""
    today: date
    several_places: bool
    propose_href: str
    asks: Sequence[Asked]
    """What others ask of the reader in person."""
    feed_href: str = "/moi/calendrier"


@dataclass(frozen=True, slots=True)
class HomePage:
    """What a visitor sees first."""

    place: PlaceLine
    places: tuple[Chip, ...]
    shown: tuple[Day, ...]
    today: date
    hours: tuple[tuple[Text, Text], ...]
    """Days and hours of opening."""
    webcal_href: str


def _address(path: str, params: Mapping[str, str]) -> str:
    return _encoded(path, tuple([each for each in params.items() if each[1]]))


@lru_cache(maxsize=1024)
def _encoded(path: str, params: tuple[tuple[str, str], ...]) -> str:
    return f"{path}?{urlencode(params)}" if params else path


def by_day(strips: Iterable[Strip]) -> tuple[Day, ...]:
    """The strips under the local day on which each starts; they come in time's order, and so do the days."""
    days: dict[date, list[Strip]] = {}
    for strip in strips:
        days.setdefault(strip.day, []).append(strip)
    return tuple(Day(day, tuple(found)) for day, found in days.items())


def place_chips(places: Sequence[PlaceLine], current: PlaceLine, path: str, **params: str) -> tuple[Chip, ...]:
    """A choice of places, where there are several."""
    if len(places) < 2:
        return ()
    return tuple(
        Chip(_address(path, {"lieu": place.slug, **params}), place.name, place.id == current.id, icon="map-pin")
        for place in places
    )


def agenda_page(
    wish: Wish,
    *,
    place: PlaceLine,
    places: Sequence[PlaceLine],
    kinds: Iterable[EntryKind],
    strips: Sequence[Strip],
    tickets: Sequence[Strip],
    asks: Sequence[Asked],
    member: bool,
    propose_href: str,
    feed_href: str,
    spoken: Language,
) -> AgendaPage:
    """The page for these wishes; `strips` may hold one more than a page, which then is known to go on."""
    days, shown = wish.days, strips[:STRIPS_A_PAGE]
    goes_on = len(strips) > STRIPS_A_PAGE
    more_href = ""
    if goes_on:
        last = shown[-1]
        follow = str(Follow(last.starts_at, last.entry_id))
        more_href = replace(wish, days=replace(days, chosen=True)).path(au=str(days.last), apres=follow)
    # The week of today, seen from the next one, is « what comes now ».
    before = days.previous_first
    previous = "" if before <= days.today < days.first else str(before)
    chips = [Chip(wish.path(genre=""), N_("Tout"), not wish.genre)]
    chips += [Chip(wish.path(genre=kind.filter), kind.label, kind is wish.kind, kind=kind.kind) for kind in kinds]
    if member:
        chips.append(Chip(wish.path(genre=MINE), N_("À moi"), wish.mine, icon="check"))
    free_words = ""
    if shown and not (wish.genre or goes_on or wish.follow):
        busy = {strip.day for strip in shown if not strip.lacks_people}
        free = [
            day
            for day in days.all()
            if day >= days.today and day not in busy and (not place.open_on or day.weekday() in place.open_on)
        ]
        if len(free) <= FEW_DAYS:
            free_words = spoken.joined([spoken.weekday_number(day) for day in free]) if free else ""
    return AgendaPage(
        place=place,
        places=place_chips(places, place, "/agenda"),
        days=days,
        shown=by_day(shown),
        chips=tuple(chips),
        filtered=bool(wish.genre),
        mine=wish.mine,
        previous_href=wish.path(du=previous, au="", apres=""),
        next_href=wish.path(du=str(days.next_first), au="", apres=""),
        more_href=more_href,
        month_href=_address("/agenda/mois", {"lieu": wish.slug, "mois": f"{days.first:%Y-%m}"}),
        all_href=wish.path(genre="", apres=""),
        free_words=free_words,
        asks=asks,
        **beside(tickets),
        propose_href=propose_href,
        feed_href=feed_href,
    )


def beside(tickets: Sequence[Strip]) -> dict[str, tuple[Strip, ...]]:
    """One's own next dates, and what is offered: as the pages that show them beside the agenda call them."""
    return {
        "tickets": tuple(strip for strip in tickets if strip.role not in NOT_YET),
        "offers": tuple(strip for strip in tickets if strip.role in NOT_YET),
    }


def month_page(
    month: Month, *, place: PlaceLine, places: Sequence[PlaceLine], slug: str, strips: Sequence[Strip]
) -> MonthPage:
    """The grid of this month; `strips` may hold one more than it shows."""
    shown = strips[:MONTH_STRIPS]
    found = {day.date: day for day in by_day(shown)}
    weeks = []
    for week in month.weeks():
        days = tuple(None if day is None else found.get(day, Day(day, ())) for day in week)
        weeks.append(Week(days, not any(day and (day.strips or day.date == month.today) for day in days)))

    def at(first: date) -> str:
        return _address("/agenda/mois", {"lieu": slug, "mois": f"{first:%Y-%m}"})

    monday = month.today if month.today.replace(day=1) == month.first else month.first
    return MonthPage(
        place=place,
        places=place_chips(places, place, "/agenda/mois", mois=f"{month.first:%Y-%m}"),
        month=month,
        heads=tuple(MONDAY + timedelta(days=number) for number in range(7)),
        weeks=tuple(weeks),
        count=len(shown),
        cut=len(strips) > len(shown),
        place_query=f"{urlencode({'lieu': slug})}&" if slug else "",
        previous_href=at(month.previous_first),
        next_href=at(month.next_first),
        agenda_href=_address("/agenda", {"lieu": slug, "du": "" if monday == month.today else str(monday)}),
    )


def mine_page(
    coming: Sequence[Strip],
    past: Sequence[Strip],
    *,
    leafing: bool,
    today: date,
    propose_href: str,
    asks: Sequence[Asked] = (),
) -> MinePage:
    """One's own dates; both lists may hold one more than a page."""
    ahead, over = coming[:STRIPS_A_PAGE], past[:PAST_A_PAGE]

    def goes_on(found: Sequence[Strip], shown: Sequence[Strip], name: str) -> str:
        if len(found) == len(shown):
            return ""
        return f"/mes-rendez-vous?{name}={Follow(shown[-1].starts_at, shown[-1].entry_id)}"

    return MinePage(
        shown=by_day(strip for strip in ahead if strip.role not in NOT_YET),
        waiting=tuple(strip for strip in ahead if strip.role in NOT_YET),
        past=tuple(over),
        leafing=leafing,
        later_href=goes_on(coming, ahead, "apres"),
        more_href=goes_on(past, over, "avant"),
        today=today,
        several_places=len({strip.place for strip in (*ahead, *over)}) > 1,
        propose_href=propose_href,
        asks=asks,
    )


def hours_lines(lines: Sequence[tuple[int, time, time]], weekdays: Sequence[str]) -> tuple[tuple[Text, Text], ...]:
    """Opening hours with like days together: « lundi à vendredi », « de 9 h à 18 h ». `weekdays` are their names."""
    stretches: dict[int, list[tuple[time, time]]] = {}
    for weekday, opens, closes in lines:
        stretches.setdefault(weekday, []).append((opens, closes))
    groups: list[list[int]] = []
    for weekday in sorted(stretches):
        if groups and groups[-1][-1] == weekday - 1 and stretches[groups[-1][0]] == stretches[weekday]:
            groups[-1].append(weekday)
        else:
            groups.append([weekday])
    return tuple((_days_words(group, weekdays), _hours_words(stretches[group[0]])) for group in groups)


def _days_words(group: Sequence[int], weekdays: Sequence[str]) -> Text:
    first, last = weekdays[group[0]], weekdays[group[-1]]
    if len(group) == 1:
        return text("Le %(day)s", day=first)
    if len(group) == 2:
        return text("%(first)s et %(last)s", first=first, last=last)
    return text("Du %(first)s au %(last)s", first=first, last=last)


def _hours_words(stretches: Sequence[tuple[time, time]]) -> Text:
    (opens, closes), *rest = stretches
    if not rest:
        return text("de %(opens)s à %(closes)s", opens=opens, closes=closes)
    again, at_last = rest[-1]
    return text(
        "de %(opens)s à %(closes)s et de %(again)s à %(at_last)s",
        opens=opens,
        closes=closes,
        again=again,
        at_last=at_last,
    )
