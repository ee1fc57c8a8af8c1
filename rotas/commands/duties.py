"""What a place wants done: its duties, whether it calls out, and who can do what.

Whoever keeps the place says so; how far somebody is in a duty is said by those who can do it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.calendar.api import set_listed
from app.database import RunAgain, command, get_for_update, run, savepoint, transaction
from app.errors import NotFound, Refused
from app.identity.api import belongs, holds
from app.identity.states import STANDING, Act
from app.identity.tables import Member, Place
from app.notices.api import Kind
from rotas import grants, rules, wording_slots
from rotas.commands.moving import cancel_steps, note_of_place, refuse_unless_keeper, tell_of_place, tell_renamed
from rotas.commands.patterns import end_patterns_of, reach_of
from rotas.commands.steps import holdings_of, locked_slots, moment, refuse_if, write_entry
from rotas.commands.taking_back import end_weekly_of, free_for, take_back_one, take_guest_back
from rotas.facts import KIND as TURN
from rotas.facts import Row
from rotas.rules import DutyWords
from rotas.states import LEVELS, Came, Level, RotaRefusal, SlotState
from rotas.tables import Duty, Pattern, RotaSetting, Slot

KIND = "duty"
"""`journal_line.kind` of duties."""
MOST_NAMED = 60


@command
async def open_duty(*, actor: int, place_id: int, duty: DutyWords, now: datetime) -> int:
    """Say that something is to be done here; returns its id. The same duty again is that duty."""
    async with transaction():
        await refuse_unless_keeper(actor, place_id, now=now)
        await get_for_update(Place, place_id)  # the same form sent twice at once waits here
        columns = _columns(duty)
        double = await _named(place_id, duty.name)
        if double is not None:
            if _differs(double, columns):
                raise Refused(RotaRefusal.DUTY_DOUBLE)
            return int(double["id"])
        made = await Duty.insert(Duty(place_id=place_id, version=1, created_at=now, **columns)).returning(Duty.id)
        duty_id = int(made[0]["id"])
        await note_of_place(
            "duty_opened", kind=KIND, thing_id=duty_id, place_id=place_id, title=duty.name, by=actor, now=now
        )
        return duty_id


@command
async def change_duty(*, actor: int, duty_id: int, duty: DutyWords, version: int, now: datetime) -> None:
    """Say it differently: its turns to come are called so, and allow what it allows from now on; who may not have them
    any more has them no more, and is told so. `version` is the one that was read: else refused. The same again changes
    nothing."""
    async with transaction():
        slots, row = await _locked_duty(duty_id, actor, now=now)
        columns = _columns(duty)
        if not _differs(row, columns):
            return
        if version != row["version"]:
            raise Refused(RotaRefusal.CHANGED_MEANWHILE)
        double = await _named(row["place_id"], duty.name)
        if double is not None and double["id"] != duty_id:
            raise Refused(RotaRefusal.DUTY_DOUBLE)
        narrower = any(columns[name] != row[name] for name in ("act", "opens_place", "adults_only"))
        written: dict[Any, Any] = {**columns, "version": row["version"] + 1}
        await Duty.update(written).where(Duty.id == duty_id)
        for slot in slots:
            after = slot | {
                "duty": columns["name"],
                **{name: columns[name] for name in ("about", "icon", "act", "adults_only", "opens_place")},
            }
            await write_entry(after, now=now)
            if columns["name"] != row["name"]:
                await tell_renamed(after, now=now)
            if narrower:
                await _allow_anew(after, by=actor, now=now)
        if narrower:
            await end_weekly_of(duty_id, now=now)
        await note_of_place(
            "duty_changed", kind=KIND, thing_id=duty_id, place_id=row["place_id"], title=duty.name, by=actor, now=now
        )


async def _allow_anew(slot: Row, *, by: int, now: datetime) -> None:
    """Whoever has the slot may do what its duty allows now; who may not have such a turn has it no more."""
    for holding in await holdings_of(slot["id"]):
        member = holding["member_id"]
        if member is None:
            await take_guest_back(slot, holding, by=by, now=now)
        elif holding["came"] != Came.WATCHES and not await take_back_one(slot, member, now=now):
            try:
                async with savepoint():
                    await grants.allow_anew(slot, member, now=now)
            except Refused:  # a role is not for whoever signs in with a password that somebody gave them
                await free_for(slot, holding, why=wording_slots.ROLE_REFUSED, now=now)


@command
async def retire_duty(*, actor: int, duty_id: int, now: datetime) -> None:
    """It is not done any more: its patterns end, its turns to come are off, and whoever has one is told; but for those
    that a meal or a workshop opened, which are ended there. Retired already: nothing happens."""
    async with transaction():
        found = await run("select retired_at, place_id from duty where id = {}", duty_id)
        if not found:
            raise NotFound
        if found[0]["retired_at"] is not None:
            await refuse_unless_keeper(actor, found[0]["place_id"], now=now)
            return
        slots, row = await _locked_duty(duty_id, actor, now=now)
        await end_patterns_of(duty_id, by=actor, now=now)
        for slot in slots:
            if slot["pattern_id"] is None and not slot["source_kind"]:
                await cancel_steps(slot, by=actor, now=now)
        await Duty.update({Duty.retired_at: now, Duty.version: row["version"] + 1}).where(Duty.id == duty_id)
        await note_of_place(
            "duty_retired", kind=KIND, thing_id=duty_id, place_id=row["place_id"], title=row["name"], by=actor, now=now
        )


@command
async def set_quiet(*, actor: int, place_id: int, quiet: bool, now: datetime) -> None:
    """Whether the place calls nobody and says of nothing that it is missing."""
    async with transaction():
        await refuse_unless_keeper(actor, place_id, now=now)
        await get_for_update(Place, place_id)
        found = await run("select quiet from rota_setting where place_id = {}", place_id)
        if bool(found and found[0]["quiet"]) == quiet:
            return
        if found:
            await RotaSetting.update({RotaSetting.quiet: quiet}).where(RotaSetting.place_id == place_id)
        else:
            await RotaSetting.insert(RotaSetting(place_id=place_id, quiet=quiet))
        wanting = await run(
            "select id from rota_slot where place_id = {} and state = 'open' and taken < people and ends_at > {}",
            place_id,
            now,
        )
        rows = await get_for_update(Slot, *(row["id"] for row in wanting))
        still = [row["id"] for row in rows if row["state"] == SlotState.OPEN and row["taken"] < row["people"]]
        await set_listed(TURN, still, not quiet, now=now)
        await note_of_place("quiet", kind="place", thing_id=place_id, place_id=place_id, title="", by=actor, now=now)


@command
async def attest(*, actor: int, duty_id: int, member_id: int, level: Level, now: datetime) -> None:
    """Say how far this member is in a duty: that they can do it, or teach it. Only whoever keeps the place says of
    somebody that they are less far. The member is told; the same again changes nothing."""
    async with transaction():
        await get_for_update(Member, member_id)
        found = await run("select name, place_id from duty where id = {} and retired_at is null", duty_id)
        if not found:
            raise NotFound
        name, place_id = found[0]["name"], found[0]["place_id"]
        if not await belongs(actor, place_id) or not await belongs(member_id, place_id):
            raise NotFound
        keeps = await holds(actor, place_id, Act.KEEP_PLACE, now)
        mine, theirs = await level_of(duty_id, actor), await level_of(duty_id, member_id)
        if theirs is level:
            return
        refuse_if(rules.why_cannot_attest(actor=actor, actor_level=mine, keeps_place=keeps, member=member_id, to=level))
        if not keeps and LEVELS.index(level) < LEVELS.index(max(theirs, Level.DOES, key=LEVELS.index)):
            raise Refused(RotaRefusal.MAY_NOT)
        await write_level(duty_id, member_id, level, by=actor, now=now)
        await note_of_place("attested", kind=KIND, thing_id=duty_id, place_id=place_id, title=name, by=actor, now=now)
        if member_id != actor:
            mail = wording_slots.attested(name, level)
            what = f"attested-{duty_id}-{moment(now)}"
            await tell_of_place(mail, [member_id], kind=Kind.CONFIRMATION, what=what, place_id=place_id, now=now)


async def level_of(duty_id: int, member_id: int) -> Level:
    """How far this member is in the duty."""
    found = await run("select level from rota_practice where duty_id = {} and member_id = {}", duty_id, member_id)
    return Level(found[0]["level"]) if found else Level.NONE


async def write_level(duty_id: int, member_id: int, level: Level, *, by: int | None, now: datetime) -> None:
    """Write how far they are. Inside the caller's transaction."""
    await run(
        "insert into rota_practice (duty_id, member_id, level, since_at, said_by) values ({}, {}, {}, {}, {}) "
        "on conflict (duty_id, member_id) do update set level = excluded.level, since_at = excluded.since_at, "
        "said_by = excluded.said_by",
        duty_id,
        member_id,
        level.value,
        now,
        by,
    )


def _columns(duty: DutyWords) -> dict[str, Any]:
    if duty.act and Act(duty.act) in STANDING:  # raises for what no form lets through
        raise ValueError("a turn gives nobody a mandate")
    if not duty.name.strip() or len(duty.name) > MOST_NAMED or not 1 <= duty.people <= rules.MOST_PEOPLE:
        raise ValueError("not a duty")
    return {
        "name": duty.name.strip(),
        "about": duty.about,
        "icon": duty.icon,
        "people": duty.people,
        "act": duty.act,
        "opens_place": duty.opens_place,
        "adults_only": duty.for_adults,
        "needs_training": duty.needs_training,
    }


def _differs(row: Row, columns: dict[str, Any]) -> bool:
    return any(row[name] != value for name, value in columns.items())


async def _named(place_id: int, name: str) -> Row | None:
    """The place's duty of this name, however it is written."""
    rows = await run("select * from duty where place_id = {} and retired_at is null", place_id)
    wanted = name.strip().casefold()
    return next((row for row in rows if row["name"].casefold() == wanted), None)


async def _locked_duty(duty_id: int, actor: int, *, now: datetime) -> tuple[list[Row], Row]:
    """The duty, and its open slots that are not over, locked with whoever has them, its place and all that its patterns
    reach (`reach_of`), for whoever keeps the place."""
    found = await run("select place_id from duty where id = {} and retired_at is null", duty_id)
    if not found:
        raise NotFound
    await refuse_unless_keeper(actor, found[0]["place_id"], now=now)
    reach = patterns, holders, planned = await reach_of(duty_id, now=now)
    ids = await _to_come(duty_id, now=now)
    slots = await locked_slots(
        *ids,
        *planned,
        members=[actor, *holders],
        places=[found[0]["place_id"]],
        with_holders=True,
        now=now,
    )
    (row,) = await get_for_update(Duty, duty_id)
    await get_for_update(Pattern, *patterns)
    if row["retired_at"] is not None:
        raise NotFound
    if await reach_of(duty_id, now=now) != reach or not set(ids).issuperset(await _to_come(duty_id, now=now)):
        raise RunAgain("Slots or weekly holders came to the duty between reading and locking.")
    return [slots[each] for each in ids if SlotState(slots[each]["state"]) is SlotState.OPEN], row


async def _to_come(duty_id: int, *, now: datetime) -> list[int]:
    """Its slots that are on and not over."""
    rows = await run(
        "select id from rota_slot where duty_id = {} and ends_at > {} and state = 'open' order by id", duty_id, now
    )
    return [row["id"] for row in rows]
