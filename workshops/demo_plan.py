"""Puts the programme of the demonstration on days around now: rooms and hosts free, no closed day, one quiet week.

Pure: the same now gives the same plan. What people do about it is `workshops.demo`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from app.clock import at_local, local, local_day, week_start
from workshops.demo_programme import CANAL, PROGRAMME, QUIET_WEEK, Planned
from workshops.demo_stories import CANCELLED, FULL, PREFERRED, SOON, SOON_HOURS, SOON_ROOMS, STORIES, Fate, Story

ROOM_TO_MOVE = 20
"""Days that something may be put off because of a closure."""
KEPT_UNTIL = (time(19), time(12))
"""Until when a place is kept for Samira: this evening, or else tomorrow noon."""
EVENING = time(17)
OFFER_LASTS = timedelta(hours=24)


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """Something planned, on its day."""

    planned: Planned
    week: int
    starts_at: datetime
    ends_at: datetime
    elsewhere: bool = False
    """At the second place."""

    def meets(self, other: Session) -> bool:
        """Whether both happen at the same time."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


@dataclass(slots=True)
class Plan:
    """All of it."""

    sessions: list[Session] = field(default_factory=list)
    stories: list[tuple[Story, Session]] = field(default_factory=list)
    soon: Session | None = None
    cancelled: Session | None = None

    def all(self) -> Iterator[Session]:
        """Everything that takes a room or somebody's time."""
        yield from self.sessions
        yield from (session for _, session in self.stories)
        yield from (session for session in (self.soon, self.cancelled) if session is not None)


@dataclass(frozen=True, slots=True)
class Samira:
    """What Samira finds when she signs in."""

    places: tuple[Session, ...]
    """Where she has a place."""
    waits: Session
    """Where she is the second who waits."""
    offered: Session
    """Where a place is kept for her."""
    until: datetime
    """Until then."""


def make_plan(now: datetime, *, closed: Sequence[tuple[date, date]], hours: Mapping[int, tuple[str, str]]) -> Plan:
    """The programme around now, at a place with these closures and weekly hours."""
    return _Planner(now, closed, hours).plan


class _Planner:
    def __init__(
        self, now: datetime, closed: Sequence[tuple[date, date]], hours: Mapping[int, tuple[str, str]]
    ) -> None:
        self.now = now
        self.closed = closed
        self.hours = hours
        self.monday = week_start(local_day(now))
        self.plan = Plan()
        for elsewhere, programme in ((False, PROGRAMME), (True, CANAL)):
            for planned in programme:
                if len(planned.weeks) > 1:
                    for week in planned.weeks:
                        self.plan.sessions += self._on_its_day(planned, week, elsewhere=elsewhere)
        self.plan.sessions += [self._somewhere(planned) for planned in PROGRAMME if len(planned.weeks) == 1]
        self.plan.cancelled = self._somewhere(CANCELLED)
        for story in STORIES:
            if story.fate not in (Fate.CLASH, Fate.NO_ROOM):
                self.plan.stories.append((story, self._somewhere(story.planned)))
        for story in STORIES:
            if story.fate in (Fate.CLASH, Fate.NO_ROOM):
                self.plan.stories.append((story, self._against(story.planned)))
        self.plan.soon = self._soon()
        self.plan.sessions.sort(key=lambda session: session.starts_at)

    def _session(
        self, planned: Planned, day: date, hour: str, *, room: str | None = None, elsewhere: bool = False
    ) -> Session:
        starts_at = at_local(day, time.fromisoformat(hour))
        return Session(
            planned if room is None or room == planned.room else replace(planned, room=room),
            (week_start(day) - self.monday).days // 7,
            starts_at,
            starts_at + timedelta(minutes=planned.minutes),
            elsewhere,
        )

    def _open(self, session: Session) -> bool:
        starts, ends = local(session.starts_at), local(session.ends_at)
        if any(first <= starts.date() <= last for first, last in self.closed):
            return False
        opens, closes = self.hours.get(starts.weekday(), ("24:00", "00:00"))
        return opens <= f"{starts:%H:%M}" and f"{ends:%H:%M}" <= closes

    def _free(self, session: Session) -> bool:
        return not any(
            session.meets(other)
            and (
                (session.planned.room and session.planned.room == other.planned.room)
                or set(session.planned.hosts) & set(other.planned.hosts)
            )
            for other in self.plan.all()
        )

    def _on_its_day(self, planned: Planned, week: int, *, elsewhere: bool) -> Iterator[Session]:
        """On the weekday of its week; on a closed day not at all, but for the one coffee of the quiet week."""
        for weekday in (planned.weekday, *(range(6) if week == QUIET_WEEK else ())):
            day = self.monday + timedelta(days=7 * week + weekday)
            session = self._session(planned, day, planned.hour, elsewhere=elsewhere)
            if elsewhere or self._open(session):
                yield session
                return

    def _somewhere(self, planned: Planned) -> Session:
        """On the day that is planned, or the next one that is open and free, never in the quiet week."""
        first = self.monday + timedelta(days=7 * planned.weeks[0] + planned.weekday)
        for later in range(ROOM_TO_MOVE):
            session = self._session(planned, first + timedelta(days=later), planned.hour)
            if session.week != QUIET_WEEK and self._open(session) and self._free(session):
                return session
        raise LookupError(f"no day for {planned.title}")

    def _against(self, planned: Planned) -> Session:
        """At the time of something that has the room already."""
        for other in sorted(self.plan.sessions, key=lambda session: session.starts_at):
            if other.week >= QUIET_WEEK + 1 and other.planned.room == planned.room:
                wall = local(other.starts_at)
                session = self._session(planned, wall.date(), f"{wall:%H:%M}")
                if not set(planned.hosts) & set(other.planned.hosts) and self._free(
                    Session(replace(planned, room=""), session.week, session.starts_at, session.ends_at)
                ):
                    return session
        raise LookupError(f"nothing has {planned.room}")

    def _soon(self) -> Session:
        """Samira's puzzle, from tomorrow on, in a room that is free."""
        today = local_day(self.now)
        for later in range(1, ROOM_TO_MOVE):
            for hour in SOON_HOURS:
                for room in SOON_ROOMS:
                    session = self._session(SOON, today + timedelta(days=later), hour, room=room)
                    if (
                        session.week != QUIET_WEEK
                        and session.starts_at > self.now + timedelta(hours=30)
                        and self._open(session)
                        and self._free(session)
                    ):
                        return session
        raise LookupError("no day for the puzzle")


def samiras(plan: Plan, now: datetime) -> Samira:
    """Which of the sessions to come are hers, whatever day it is: the nearest that fit."""
    mine = [session for session in plan.all() if "samira" in session.planned.hosts]
    chosen: list[Session] = []

    def choose(titles: Sequence[str], *, after: datetime) -> Session:
        """Of these titles in the next days, the first named; else the nearest of them later."""
        possible = [
            session
            for session in plan.sessions
            if not session.elsewhere
            and session.planned.title in titles
            and session.starts_at > after
            and not any(session.meets(other) for other in (*mine, *chosen))
        ]
        near = [session for session in possible if session.starts_at < now + timedelta(days=8)]
        session = min(near, key=lambda each: titles.index(each.planned.title), default=None) or possible[0]
        chosen.append(session)
        return session

    until = _kept_until(now)
    offered = choose(FULL[::-1], after=until + 3 * OFFER_LASTS)
    waits = choose(FULL, after=now + timedelta(hours=20))
    places = tuple(choose(PREFERRED, after=now + timedelta(hours=2)) for _ in range(2))
    return Samira(places, waits, offered, until)


def _kept_until(now: datetime) -> datetime:
    here = local(now)
    evening, noon = KEPT_UNTIL
    if time(6) < here.time() < EVENING:
        return at_local(here.date(), evening)
    return at_local(here.date() + timedelta(days=1 if here.time() >= EVENING else 0), noon)
