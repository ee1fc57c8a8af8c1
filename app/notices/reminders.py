"""Reminders of what one hosts, attends or holds: the evening before at 18 h, two hours before, both or never.

Each moment of a thing is marked in the transaction that tells it (`reminded`), so that it leaves once, whoever does it
and whatever the clock does; another hour is another mark. When it is time, and for whom, is up to `rules`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from app.calendar.api import Coming, Role, locked_to_come, who_comes
from app.clock import PARIS, local_day
from app.contracts import EntryKind, Job
from app.database import command, run, transaction
from app.i18n import Text, text
from app.notices import rules
from app.notices.api import About, tell
from app.notices.states import Kind, Lead, Remind
from app.one_by_one import OneByOne

REMIND = "notices.remind"

# `state` and the leads are written out: the partial index `entry_to_come` and the unique one of `reminded` answer it.
DUE = (
    "select e.kind, e.thing_id from entry e where e.state = 'confirmed' and e.starts_at > {} and e.starts_at < {} "
    "and (not exists (select 1 from reminded r where r.kind = e.kind and r.thing_id = e.thing_id "
    "and r.starts_at = e.starts_at and r.lead = 'eve') or (e.starts_at <= {} and not exists (select 1 from reminded r "
    "where r.kind = e.kind and r.thing_id = e.thing_id and r.starts_at = e.starts_at and r.lead = 'soon'))) "
    "order by e.starts_at, e.kind, e.thing_id"
)


def jobs_about(kinds: Mapping[str, EntryKind]) -> Sequence[Job]:
    """The job that reminds of the entries of these kinds."""

    async def remind(now: datetime) -> int:
        return await remind_due(kinds, now)

    return (Job(REMIND, remind, timedelta(minutes=1)),)


async def remind_due(kinds: Mapping[str, EntryKind], now: datetime) -> int:
    """Remind of everything whose moment has come, a thing a transaction; returns how many reminders were told. Raises
    `SomeFailed` when one fell over, after the others."""
    due = await run(DUE, now, rules.nothing_due_from(now, PARIS), now + rules.SOON_BEFORE)
    things = OneByOne(REMIND)
    for each in due:
        if each["kind"] in kinds:
            remind = partial(_remind_of, kinds[each["kind"]], each["thing_id"], now)
            await things.try_one(each["kind"], each["thing_id"], remind)
    return things.done()


@command
async def _remind_of(kind: EntryKind, thing_id: int, now: datetime) -> int:
    async with transaction():
        thing = await locked_to_come(kind.kind, thing_id, now=now)
        if thing is None:
            return 0
        leads = rules.leads_due(thing.starts_at, now, PARIS)
        fresh = {lead for lead in sorted(leads) if await _mark(thing, lead, now)}
        return await _tell(kind, thing, fresh, now) if fresh else 0


async def _mark(thing: Coming, lead: Lead, now: datetime) -> bool:
    """Whether this moment of this thing is ours to tell."""
    marked = await run(
        "insert into reminded (kind, thing_id, starts_at, lead, reminded_at) values ({}, {}, {}, {}, {}) "
        "on conflict (kind, thing_id, starts_at, lead) do nothing returning id",
        thing.kind,
        thing.thing_id,
        thing.starts_at,
        lead.value,
        now,
    )
    return bool(marked)


async def _tell(kind: EntryKind, thing: Coming, leads: set[Lead], now: datetime) -> int:
    people = await who_comes(thing.entry_id)
    wishes = await _wishes([each.member_id for each in people])
    asked = [
        each
        for each in people
        if rules.is_reminded(
            wishes.get(each.member_id, Remind.EVE), leads, since=each.since, starts_at=thing.starts_at, zone=PARIS
        )
    ]
    moment = int(thing.starts_at.timestamp())
    told = 0
    for role in sorted({each.role for each in asked}):
        told += await tell(
            [each.member_id for each in asked if each.role is role],
            kind=Kind.REMINDER,
            what=f"reminder-{thing.kind}-{thing.thing_id}-{moment}-{max(leads)}",
            subject=_subject(thing, now),
            body=_body(thing, role),
            link=kind.path.replace("{id}", str(thing.thing_id)),
            action=text(kind.see_label) if kind.see_label else None,
            place_id=thing.place_id,
            about=About(thing.kind, thing.thing_id, thing.starts_at),
            discreet=thing.genre in kind.discreet,
            good_until=thing.starts_at,
            now=now,
        )
    return told


async def _wishes(members: Sequence[int]) -> dict[int, Remind]:
    """Of those who chose; the others are reminded the evening before."""
    if not members:
        return {}
    rows: list[dict[str, Any]] = await run(
        f"select member_id, remind, stopped from mail_choice where member_id in ({', '.join('{}' for _ in members)})",  # noqa: S608 - marks only
        *members,
    )
    return {row["member_id"]: rules.read_wish(row["remind"], row["stopped"]) for row in rows}


def _subject(thing: Coming, now: datetime) -> Text:
    """What it is, then the day itself: that stays true when it is read the morning after."""
    if local_day(thing.starts_at) == local_day(now):
        return text("« %(title)s » : aujourd’hui, %(starts_at)s", starts_at=thing.starts_at, title=thing.title)
    return text("« %(title)s » : demain, %(starts_at)s", starts_at=thing.starts_at, title=thing.title)


def _body(thing: Coming, role: Role) -> list[Text]:
    said = [text("Rendez-vous %(starts_at)s.", starts_at=thing.starts_at), text("Où : %(where)s.", where=thing.where)]
    if role is Role.HOST:
        said.append(text("C’est toi qui animes."))
    elif role is Role.HOLDER:
        said.append(text("C’est ton tour. Un empêchement ? « Je ne peux pas venir », sans te justifier."))
    elif role is Role.WATCHER:
        said.append(
            text("Tu viens regarder, pour apprendre. Un empêchement ? « Je ne peux pas venir », sans te justifier.")
        )
    else:
        said.append(text("Un empêchement ? Tu laisses ta place en un geste, sans te justifier."))
    return said
