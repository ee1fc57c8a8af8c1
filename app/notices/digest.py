"""« Ta semaine »: on Mondays, what one has in the week and what is on at one's places with free seats, for who asks.

Each person's week is told once: `mail_choice.digest_on` moves in the transaction that tells it, whatever the clock
does. Whoever has nothing in the week gets nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial

from app.calendar.api import Coming, free_between, own_between
from app.clock import PARIS, day_start
from app.contracts import EntryKind, Job
from app.database import command, is_sqlite, run, transaction
from app.errors import DatabaseHeld
from app.i18n import Text, text, text_n
from app.notices import rules
from app.notices.api import tell
from app.notices.states import Kind
from app.one_by_one import OneByOne

TELL_WEEKS = "notices.tell_weeks"
NO_KINDS: Mapping[str, EntryKind] = {}

AT_ONCE = 200
"""People in one transaction."""
MOST = 12
"""Things of a place that one digest names; the agenda has them all."""

# In the words of the partial index `mail_choice_digest`.
_ASKED = "digest and (digest_on is null or digest_on < {})"
_CLAIM = (
    "update mail_choice set digest_on = {} where id in ("  # noqa: S608 - constants of this file
    f"select id from mail_choice where {_ASKED} and id between {{}} and {{}} order by id /* skip */) "
    "returning member_id"
)
_NEXT = f"select id, member_id from mail_choice where {_ASKED} and id > {{}} order by id limit {{}}"  # noqa: S608 - constants of this file


def jobs_about(kinds: Mapping[str, EntryKind]) -> Sequence[Job]:
    """The job that tells what is on of these kinds."""

    async def tell(now: datetime) -> int:
        return await tell_weeks(now, kinds)

    return (Job(TELL_WEEKS, tell, timedelta(minutes=5)),)


async def tell_weeks(now: datetime, kinds: Mapping[str, EntryKind] = NO_KINDS) -> int:
    """Tell their week to those who asked and have not been told; returns how many messages there were. `kinds` say of
    which things a free seat is work that lacks somebody.

    A week that falls over takes the others of its transaction with it: these people are then told one by one. Raises
    `SomeFailed` at the end if there was one.
    """
    monday = rules.digest_monday(now, PARIS)
    if monday is None or not await run(f"select id from mail_choice where {_ASKED} limit 1", monday):  # noqa: S608 - constants of this file
        return 0
    weeks = OneByOne(TELL_WEEKS)
    lacking = frozenset(kind.kind for kind in kinds.values() if kind.lacks_people)
    last = 0
    while asked := await run(_NEXT, monday, last, AT_ONCE):
        first, last = asked[0]["id"], asked[-1]["id"]
        try:
            told = await _tell_some(monday, now, first, last, lacking)
        except DatabaseHeld:
            raise
        except Exception:  # told below, by the one week that does it
            for each in asked:
                tell_one = partial(_tell_some, monday, now, each["id"], each["id"], lacking)
                await weeks.try_one("member", each["member_id"], tell_one)
        else:
            weeks.count(told)
    return weeks.done()


@command
async def _tell_some(monday: date, now: datetime, first: int, last: int, lacking: Collection[str]) -> int:
    """Those among them whose choices have these numbers, in one transaction."""
    async with transaction():
        # On PostgreSQL those whom another process is telling just now are passed over; SQLite has one writer at a time.
        claim = _CLAIM if is_sqlite() else _CLAIM.replace("/* skip */", "for update skip locked")
        members = sorted(row["member_id"] for row in await run(claim, monday, monday, first, last))
        if not members:
            return 0
        weeks = await _weeks(members, first=now, after=day_start(monday + timedelta(days=7)))
        told = 0
        for readers, body in _alike(weeks, lacking):
            told += await tell(
                readers,
                kind=Kind.DIGEST,
                what=f"week-{monday}",
                subject=text("Ta semaine, à partir du %(day)s", day=monday),
                body=body,
                link="/agenda",
                action=text("Je vois l’agenda"),
                good_until=day_start(monday + timedelta(days=7)),
                now=now,
            )
        return told


@dataclass(slots=True)
class _Week:
    own: list[Coming] = field(default_factory=list)
    free: list[Coming] = field(default_factory=list)


async def _weeks(members: Collection[int], *, first: datetime, after: datetime) -> dict[int, _Week]:
    """What is on for each of these members, as long as they have an account and have not stopped these messages."""
    marks = ", ".join("{}" for _ in members)
    rows = await run(
        "select c.member_id, c.stopped, ms.place_id from mail_choice c join member m on m.id = c.member_id "  # noqa: S608 - marks only
        "left join membership ms on ms.member_id = c.member_id "
        f"where m.erased_at is null and c.member_id in ({marks})",
        *members,
    )
    places: dict[int, set[int]] = {}
    for row in rows:
        if Kind.DIGEST not in rules.read_stopped(row["stopped"]):
            places.setdefault(row["member_id"], set()).update({row["place_id"]} - {None})
    own = await own_between(places.keys(), first, after)
    free = await free_between(sorted(set().union(*places.values())), first, after)
    return {
        member: _Week(
            mine := own.get(member, []),
            [each for each in free if each.place_id in belongs and each.entry_id not in {one.entry_id for one in mine}],
        )
        for member, belongs in places.items()
    }


def _alike(weeks: Mapping[int, _Week], lacking: Collection[str]) -> Iterable[tuple[list[int], list[Text]]]:
    """Those who read the same, together, and what they read; nobody for whom nothing is on."""
    groups: dict[tuple[tuple[int, ...], tuple[int, ...]], list[int]] = {}
    for member, week in weeks.items():
        key = (tuple(each.entry_id for each in week.own), tuple(each.entry_id for each in week.free))
        if key != ((), ()):
            groups.setdefault(key, []).append(member)
    for members in groups.values():
        yield members, _body(weeks[members[0]], lacking)


def _body(week: _Week, lacking: Collection[str]) -> list[Text]:
    said: list[Text] = []
    if week.own:
        said += [text("Tes rendez-vous :"), _lines(week.own)]
    said += _some(text("Il reste de la place :"), [each for each in week.free if each.kind not in lacking])
    said += _some(text("Il manque du monde :"), [each for each in week.free if each.kind in lacking])
    return said


def _some(head: Text, things: Sequence[Coming]) -> list[Text]:
    """The first of these under their heading; nothing of none."""
    if not things:
        return []
    said = [head, _lines(things[:MOST])]
    if (more := len(things) - MOST) > 0:
        said.append(text_n("Et %(n)s autre dans l’agenda.", "Et %(n)s autres dans l’agenda.", more))
    return said


def _lines(things: Sequence[Coming]) -> Text:
    """One paragraph, a thing a line."""
    lines = {
        f"line{number}": text(
            "%(starts_at)s : « %(title)s », %(place)s", starts_at=each.starts_at, title=each.title, place=each.place
        )
        for number, each in enumerate(things)
    }
    return Text("\n".join(f"%({name})s" for name in lines), lines)
