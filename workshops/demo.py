"""Plays the workshops of the demonstration: everybody's deeds, each at its own hour, through the commands.

What is on and when is planned beforehand (`demo_plan`); the jobs of the clock run along, so that silence publishes,
offers lapse and what is over is held as it would have been. Any refusal on the way is a mistake in the story.
"""

from __future__ import annotations

import heapq
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, time, timedelta
from itertools import count
from typing import TYPE_CHECKING

from app.clock import at_local, local, local_day
from app.database import run
from workshops import commands, jobs
from workshops.demo_plan import OFFER_LASTS, Plan, Samira, Session, make_plan, samiras
from workshops.demo_stories import (
    AT_THE_CANAL,
    BY_TELEPHONE,
    CANCEL_REASON,
    FIRST_SUMMARY,
    FULL,
    GUESTS,
    HANDED_OVER,
    HOST_WORD,
    LAST_WORDS,
    NEWCOMERS,
    NOBODY_HOSTS,
    Fate,
    Story,
)
from workshops.rules import DOORS, LONGEST_READING, Proposal
from workshops.states import FORMATS

if TYPE_CHECKING:
    from app.demo import Stage

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WAKING = (time(8), time(22))
JOBS_AT = (time(8, 30), time(13), time(20))
"""When the clock's jobs run on a day of the story."""
JOBS = (
    jobs.publish_silent,
    jobs.settle_contests,
    jobs.room_to_find,
    jobs.lapse_offers,
    jobs.lapse_past,
    jobs.hold_past,
    jobs.low_numbers,
    jobs.erase_guests,
)
LIVELY = {-2: 0.7, -1: 1.0, 0: 1.0, 1: 1.0, 2: 0.7, 3: 0.5, 4: 0.3, 5: 0.2, 6: 0.1}
"""How many of those who will come have said so, by week; fewer in older ones, so that the seed is quick."""
CANCELLED_AGO = timedelta(hours=26)
MEDIATORS = ("bruno", "helene")

Deed = Callable[[datetime], Awaitable[object]]


async def seed(stage: Stage) -> None:
    """Fill the demonstration with workshops, up to `stage.now`."""
    await _Play(stage).play()


class _Play:
    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.now = stage.now
        self.chance = stage.chance
        self.plan: Plan = make_plan(stage.now, closed=stage.closed, hours=stage.hours)
        self.samira: Samira = samiras(self.plan, stage.now)
        self.ids: dict[Session, int] = {}
        self.busy: dict[str, list[Session]] = {}
        """Where each person hosts or has asked for a place: nobody is in two places at once."""
        self.left_alone: set[int] = set()
        """Sign-ups whose offer nobody answers."""
        self._deeds: list[tuple[datetime, int, Deed]] = []
        self._number = count()
        regular = set(stage.members) - set(NEWCOMERS) - set(MEDIATORS) - {BY_TELEPHONE}
        self.regulars = sorted(regular)
        title = HANDED_OVER[0]
        self.handed_over = next(each for each in self.to_come() if each.planned.title == title)
        self.without_host = next(
            each for title in NOBODY_HOSTS for each in self.to_come() if each.week > 2 and each.planned.title == title
        )
        self.once_full = [
            each
            for each in self.plan.sessions
            if each.planned.title in FULL and each.starts_at < self.now - DAY and not each.elsewhere
        ][-1]
        """Where a place was offered that its person let go by."""
        self.read_early = (
            self.samira.waits,
            self.samira.offered,
            *self.samira.places,
            self.handed_over,
            self.without_host,
            self.plan.cancelled,
            self.once_full,
        )
        """What must have been published a while ago, so that all the rest could happen."""

    def at(self, when: datetime, deed: Deed) -> None:
        """This happens then; what is yet to come does not happen."""
        if when <= self.now:
            heapq.heappush(self._deeds, (when, next(self._number), deed))

    def awake(self, when: datetime) -> datetime:
        """The same instant, or the next at which people are up; at night, the evening before."""
        here = local(when)
        if WAKING[0] <= here.time() <= WAKING[1]:
            return when
        next_day = here.date() + DAY if here.time() > WAKING[1] else here.date()
        up = at_local(next_day, WAKING[0].replace(minute=here.minute))
        return up if up <= self.now else at_local(next_day - DAY, WAKING[1].replace(hour=21, minute=here.minute))

    def ago(self, span: timedelta) -> datetime:
        """About that long before now."""
        return self.awake(self.now - span)

    def between(self, first: datetime, last: datetime) -> datetime:
        """Some instant between, when people are awake if there is one."""
        for _ in range(8):
            at = first + (last - first) * self.chance.random()
            if WAKING[0] <= local(at).time() <= WAKING[1]:
                return at
        return first + (last - first) / 2

    async def play(self) -> None:
        for session in self.plan.all():
            for host in session.planned.hosts:
                self.busy.setdefault(host, []).append(session)
        stories = {id(session): story for story, session in self.plan.stories}
        for key, titles in NEWCOMERS.items():
            for title in titles:
                self.newcomer(key, title)
        for session in sorted(self.plan.all(), key=lambda each: each.starts_at):
            story = stories.get(id(session))
            published = self.story(story, session) if story else self.usual(session)
            if published is not None:
                self.people(session, published)
                self.afterwards(session)
        self.cancelled()
        self.hosts_change()
        self.guests()
        first = min(when for when, _, _ in self._deeds)
        for day in range((local_day(self.now) - local_day(first)).days + 1):
            for hour in JOBS_AT:
                self.at(at_local(local_day(first) + timedelta(days=day), hour), self.clock)
        total = len(self._deeds)
        for done in count():
            if not self._deeds:
                break
            when, _, deed = heapq.heappop(self._deeds)
            await deed(when)
            if done % 50 == 0:
                self.stage.progress("workshops", min(done, total), total)
        await self.clock(self.now)
        self.stage.progress("workshops", total, total)

    async def clock(self, at: datetime) -> None:
        """What the clock does, and the answers of those to whom a place was offered a while ago."""
        for job in JOBS:
            await job(at)
        offers = await run(
            "select s.id, s.workshop_id, s.member_id from sign_up s join workshop w on w.id = s.workshop_id "
            "where s.state = 'offered' and w.state = 'published' and s.offered_at <= {} order by s.id",
            at - 2 * HOUR,
        )
        for offer in offers:
            hers = offer["member_id"] == self.member("samira") and offer["workshop_id"] == self.ids.get(
                self.samira.offered
            )
            if hers or offer["id"] in self.left_alone:
                continue
            if not self.left_alone or self.chance.random() < 0.15:
                self.left_alone.add(offer["id"])
                continue
            await commands.answer_offer(
                actor=offer["member_id"],
                workshop_id=offer["workshop_id"],
                yes=self.chance.random() < 0.85,
                now=at,
            )

    # ------------------------------------------------------------------------------------------- how things come about

    def member(self, key: str) -> int:
        return self.stage.members[key]

    def proposal(
        self, session: Session, *, title: str = "", summary: str = "", wish: bool = False, help_wanted: bool = False
    ) -> Proposal:
        """What its host wrote; `title` and `summary` may have been others first."""
        planned = session.planned
        return Proposal(
            title=title or planned.title,
            format=planned.format,
            summary=summary or planned.summary,
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            capacity=planned.capacity,
            bring=planned.bring,
            language=planned.language,
            step_free=planned.room != "Atelier du haut" and not planned.needs,
            children=planned.children,
            room_id=self.stage.rooms[planned.room] if planned.room else None,
            keep_room_wish=wish,
            speaker=planned.speaker,
            help_wanted=help_wanted,
            needs=frozenset(planned.needs),
            cohost_ids=tuple(self.member(key) for key in planned.hosts[1:]),
        )

    def propose(self, session: Session, when: datetime, proposal: Proposal, *, draft: bool = False) -> None:
        """The first host proposes it, the others accept."""
        number = next(self._number)

        async def propose(at: datetime) -> None:
            self.ids[session] = await commands.propose(
                actor=self.member(session.planned.hosts[0]),
                place_id=self.stage.second_place_id if session.elsewhere else self.stage.place_id,
                proposal=proposal,
                draft=draft,
                once=f"demo-{number}",
                now=at,
            )

        self.at(when, propose)
        for host in session.planned.hosts[1:]:
            self.at(
                when + 3 * HOUR,
                lambda at, host=host: commands.answer_invitation(  # type: ignore[misc]  # a default argument binds it
                    actor=self.member(host), workshop_id=self.ids[session], yes=True, now=at
                ),
            )

    def decide(
        self, session: Session, when: datetime, by: str, *, reason: str = "", way_out: str = "", version: int = 1
    ) -> None:
        """A mediator agrees; or asks for a change when there is a reason."""
        self.at(
            when,
            lambda at: commands.decide(
                actor=self.member(by),
                workshop_id=self.ids[session],
                decision="send_back" if reason else "approve",
                reason=reason,
                way_out=way_out,
                version=version,
                now=at,
            ),
        )

    def usual(self, session: Session) -> datetime | None:
        """Proposed a good week before, agreed by a mediator or by silence. Returns when people can sign up."""
        soonest = self.now - self.chance.uniform(5, 10 if session.week < 2 else 18) * DAY
        proposed = min(session.starts_at - self.chance.uniform(11, 16) * DAY, soonest)
        early = session in self.read_early or session.planned.first_title != ""
        silent = self.chance.random() < 0.3 and not early
        if session.elsewhere:
            proposed, silent = min(proposed, self.now - self.chance.uniform(8, 12) * DAY), True
        planned = session.planned
        proposed = self.between(proposed - 5 * HOUR, proposed)
        self.propose(session, proposed, self.proposal(session, title=planned.first_title))
        if planned.needs:
            self.at(
                proposed + 10 * HOUR,
                lambda at: commands.say_yes(actor=self.member("brigitte"), workshop_id=self.ids[session], now=at),
            )
        if planned.first_title:
            self.at(
                self.ago(20 * HOUR),
                lambda at: commands.edit(
                    actor=self.member(planned.hosts[0]),
                    workshop_id=self.ids[session],
                    proposal=self.proposal(session),
                    version=1,
                    now=at,
                ),
            )
        if silent and proposed + LONGEST_READING + 14 * HOUR < self.now:
            return proposed + LONGEST_READING + 14 * HOUR
        decided = self.between(proposed + 11 * HOUR, proposed + 40 * HOUR)
        self.decide(session, decided, self.chance.choice(MEDIATORS))
        return decided

    def story(self, story: Story, session: Session) -> datetime | None:
        """A proposal that went its own way. Returns when people can sign up, if they can."""
        began = self.awake(min(session.starts_at, self.now) - story.hours_ago * HOUR)
        wish = story.fate in (Fate.CLASH, Fate.NO_ROOM)
        summary = FIRST_SUMMARY if story.fate is Fate.REPAIRED else ""
        proposal = self.proposal(session, summary=summary, wish=wish, help_wanted=story.help_wanted)
        self.propose(session, began, proposal, draft=story.fate is Fate.DRAFT)
        host = self.member(session.planned.hosts[0])
        match story.fate:
            case Fate.NO_ROOM:
                self.decide(session, self.awake(began + 30 * HOUR), "helene")
                return self.awake(began + 30 * HOUR)
            case Fate.SENT_BACK | Fate.LAPSED:
                self.decide(session, self.awake(began + DAY), "helene", reason=story.reason, way_out=story.way_out)
            case Fate.CONTESTED:
                self.decide(session, self.awake(began + DAY), "bruno", reason=story.reason, way_out=story.way_out)
                self.at(
                    self.ago(30 * HOUR),
                    lambda at: commands.contest(actor=host, workshop_id=self.ids[session], word=story.word, now=at),
                )
            case Fate.BLOCKED:
                self.block(session, self.ago(12 * HOUR), story.reason)
            case Fate.DRAWN:
                self.block(session, self.awake(began + 20 * HOUR), story.reason)
                self.at(self.awake(began + 5 * DAY), lambda at: self.vote(session, at))
                return self.awake(began + 5 * DAY)
            case Fate.REPAIRED:
                self.decide(session, self.awake(began + 20 * HOUR), "bruno", reason=story.reason, way_out=story.way_out)
                self.at(self.awake(began + 30 * HOUR), lambda at: self.repair(session, host, at))
                self.decide(session, self.awake(began + 50 * HOUR), "bruno", version=3)
                return self.awake(began + 50 * HOUR)
        return None

    def block(self, session: Session, when: datetime, reason: str) -> None:
        self.at(
            when,
            lambda at: commands.block(actor=self.member("bruno"), workshop_id=self.ids[session], reason=reason, now=at),
        )

    async def vote(self, session: Session, at: datetime) -> None:
        """Two of the three who were drawn would have it published: that settles it."""
        drawn = await run("select member_id from juror where workshop_id = {} order by id limit 2", self.ids[session])
        for juror in drawn:
            await commands.vote(actor=juror["member_id"], workshop_id=self.ids[session], vote="publish", now=at)

    async def repair(self, session: Session, host: int, at: datetime) -> None:
        await commands.edit(
            actor=host, workshop_id=self.ids[session], proposal=self.proposal(session), version=1, now=at
        )
        await commands.submit(actor=host, workshop_id=self.ids[session], now=at)

    # ------------------------------------------------------------------------------------------------- those who come

    def sign_up(self, session: Session, key: str, when: datetime) -> None:
        self.busy.setdefault(key, []).append(session)
        self.at(
            when,
            lambda at: commands.sign_up(actor=self.member(key), workshop_id=self.ids[session], now=at),
        )

    def some(self, session: Session, number: int, *, without: Sequence[str] = ()) -> list[str]:
        """That many people who are free then; fewer when there are not as many."""
        pool = AT_THE_CANAL if session.elsewhere else self.regulars
        free = [
            key
            for key in pool
            if key not in without
            and key != HANDED_OVER[1]
            and (key != "samira" or session.ends_at <= self.now)
            and not any(session.meets(other) for other in self.busy.get(key, ()))
        ]
        first = [key for key in session.planned.with_ if key in free]
        others = [key for key in free if key not in first]
        self.chance.shuffle(others)
        return (first + others)[:number]

    def people(self, session: Session, published: datetime) -> None:
        """Who asks for a place, and who gives one back."""
        until = self.ago(CANCELLED_AGO) - HOUR if session is self.plan.cancelled else self.now - HOUR / 2
        last = min(session.starts_at - 3 * HOUR, until)
        if last <= published + HOUR:
            return
        if session in (self.samira.waits, self.samira.offered):
            self.full(session, published)
            return
        if session in self.samira.places:
            self.sign_up(session, "samira", self.between(published + HOUR, last))
        was_full = session is self.once_full
        number = round(session.planned.people * LIVELY.get(session.week, 0.5))
        some = self.some(session, session.planned.capacity + 3 if was_full else number)
        asked = {key: self.between(published + HOUR, last - 2 * DAY if was_full else last) for key in some}
        for key, when in asked.items():
            self.sign_up(session, key, when)
        if was_full or (asked and session.week <= 1 and self.chance.random() < 0.4):
            key, when = min(asked.items(), key=lambda each: each[1])
            gone = last - 40 * HOUR if was_full else self.between(max(when, last - 3 * DAY), last)
            self.at(
                gone,
                lambda at: commands.withdraw(actor=self.member(key), workshop_id=self.ids[session], now=at),
            )

    def full(self, session: Session, published: datetime) -> None:
        """Samira comes when no place is left: the second who waits, or the first, to whom one is offered."""
        offered = self.samira.until - OFFER_LASTS if session is self.samira.offered else None
        before = 0 if offered else 1
        key = self.some(session, session.planned.capacity + 2, without=("samira",))
        came = [*key[: session.planned.capacity + before], "samira", *key[session.planned.capacity + before :]]
        first, last = published + HOUR / 2, (offered or self.now) - HOUR
        for place, each in enumerate(came):
            self.sign_up(session, each, first + (last - first) * place / len(came))
        if offered:
            self.at(
                offered,
                lambda at: commands.withdraw(actor=self.member(came[2]), workshop_id=self.ids[session], now=at),
            )

    def newcomer(self, key: str, title: str) -> None:
        """The next of these is theirs; they said so yesterday evening or this morning."""
        for session in self.plan.sessions:
            if session.planned.title == title and session.starts_at > self.now + HOUR / 2:
                self.sign_up(session, key, self.now - 6 * HOUR)
                return

    def afterwards(self, session: Session) -> None:
        """Hosts tick who is there; somebody says a last word."""
        host = self.member(session.planned.hosts[0])
        if FORMATS[session.planned.format].lists_participants:
            self.at(session.starts_at + DOORS, lambda at: self.tick(session, host, at))
        if session.week >= -3 and self.chance.random() < 0.6:
            self.at(session.ends_at + 2 * HOUR, lambda at: self.last_words(session, host, at))

    async def tick(self, session: Session, host: int, at: datetime) -> None:
        rows = await run(
            "select id from sign_up where workshop_id = {} and state = 'confirmed' order by id", self.ids[session]
        )
        here = [row["id"] for row in rows if self.chance.random() < 0.9]
        await commands.tick_present(actor=host, workshop_id=self.ids[session], sign_up_ids=here, now=at)

    async def last_words(self, session: Session, host: int, at: datetime) -> None:
        rows = await run(
            "select member_id from sign_up where workshop_id = {} and state = 'confirmed' and member_id is not null "
            "order by id limit 3",
            self.ids[session],
        )
        said = self.chance.sample(LAST_WORDS, min(len(rows), self.chance.randrange(1, 3)))
        for row, words in zip(rows, said, strict=False):
            await commands.last_word(
                actor=row["member_id"],
                workshop_id=self.ids[session],
                words=words,
                shown=self.chance.random() < 0.8,
                now=at,
            )
        if self.chance.random() < 0.2:
            await commands.last_word(actor=host, workshop_id=self.ids[session], words=HOST_WORD, shown=True, now=at)

    # ------------------------------------------------------------------------------------------------- hosts and guests

    def cancelled(self) -> None:
        session = self.plan.cancelled
        assert session is not None
        self.sign_up(session, BY_TELEPHONE, self.ago(CANCELLED_AGO) - HOUR / 2)
        self.at(
            self.ago(CANCELLED_AGO),
            lambda at: commands.cancel(
                actor=self.member(session.planned.hosts[0]),
                workshop_id=self.ids[session],
                reason=CANCEL_REASON,
                now=at,
            ),
        )

    def hosts_change(self) -> None:
        """One session passes from its host to another; one has lost its host."""
        handed, lost = self.handed_over, self.without_host
        host, new = self.member(handed.planned.hosts[0]), self.member(HANDED_OVER[1])
        self.at(
            self.ago(50 * HOUR),
            lambda at: commands.invite_host(actor=host, workshop_id=self.ids[handed], member_id=new, now=at),
        )
        self.at(
            self.ago(44 * HOUR),
            lambda at: commands.answer_invitation(actor=new, workshop_id=self.ids[handed], yes=True, now=at),
        )
        self.at(
            self.ago(43 * HOUR),
            lambda at: commands.leave_hosting(actor=host, workshop_id=self.ids[handed], now=at),
        )
        self.at(
            self.ago(15 * HOUR),
            lambda at: commands.leave_hosting(
                actor=self.member(lost.planned.hosts[0]), workshop_id=self.ids[lost], now=at
            ),
        )

    def to_come(self) -> list[Session]:
        return [
            each for each in self.plan.sessions if each.starts_at > self.now + DAY and each is not self.samira.offered
        ]

    def guests(self) -> None:
        """People without an account, whom Zineb signs up for their first visit."""
        welcomes = [each for each in self.plan.sessions if each.planned.title == NEWCOMERS["karim"][0]]
        near = [each for each in welcomes if each.starts_at > self.now - 13 * DAY][: len(GUESTS)]
        for session, name in zip(near, GUESTS, strict=False):
            when = min(session.starts_at, self.now) - 5 * HOUR
            self.at(
                when,
                lambda at, session=session, name=name: commands.sign_up_guest(  # type: ignore[misc]  # defaults bind them
                    actor=self.member("zineb"), workshop_id=self.ids[session], first_name=name, now=at
                ),
            )
