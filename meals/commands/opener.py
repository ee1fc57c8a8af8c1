"""Who answers for a meal: its opener lets it go, somebody else takes it on.

Meanwhile it goes on: whoever may open meals here changes it, whoever keeps the place can call it off.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from app.database import command, get_for_update, run, transaction
from app.identity.api import holders_of, who_is_here
from app.identity.states import Act
from app.notices.api import Kind
from meals import rules, wording
from meals.commands.steps import ask, locked, moment, note, refuse_if, tell, write_entry
from meals.facts import Row, standing_of, taking_on, turns_of
from meals.states import Job
from meals.tables import Meal


@command
async def let_go(*, actor: int, meal_id: int, now: datetime) -> None:
    """Its opener answers for the meal no more: whoever may take it on is asked. Nobody does now: nothing happens."""
    async with transaction():
        row = await locked(meal_id)
        standing, who = await ask(row, actor, now=now)
        if row["opener_id"] is None:
            return
        refuse_if(rules.why_cannot_let_go(standing, who, now=now))
        await let_go_steps(row, by=actor, now=now)


async def let_go_steps(row: Row, *, by: int | None, now: datetime) -> None:
    """Nobody answers for the meal of this locked row any more. Inside the caller's transaction."""
    before = row["opener_id"]
    row["opener_id"] = None
    await run("update meal set opener_id = null, modified_at = {} where id = {}", now, row["id"])
    await write_entry(row, now=now)
    await note(row, "let_go", voice="member", by=by, now=now)
    until = rules.in_doubt(standing_of(row), now)
    mail = wording.opener_wanted(row["title"], row["starts_at"], until=until)
    asked = await asked_to_take_on(row, now=now) - {before}
    link, what = _answer_link(row) if until is not None else "", f"opener-wanted-{moment(now)}"
    await tell(mail, asked, row=row, kind=Kind.DUTY, what=what, link=link, good_until=until, now=now)


async def let_go_where_barred(member_id: int, now: datetime) -> None:
    """Whoever mediates at a place, or belongs to it no more, answers for no meal there, and is told. Inside the
    transaction that changed it."""
    opened = await run(
        "select id from meal where opener_id = {} and ends_at > {} and state in ('open', 'closed')", member_id, now
    )
    for row in await get_for_update(Meal, *(each["id"] for each in opened)):
        here = await who_is_here(member_id, row["place_id"], at=now)
        if here.mediator or not here.belongs:
            await let_go_steps(row, by=None, now=now)
            until = rules.in_doubt(standing_of(row), now)
            mail = wording.opener_no_more(row["title"], row["starts_at"], until=until)
            await tell(mail, [member_id], row=row, kind=Kind.HOSTING, what=f"opener-no-more-{moment(now)}", now=now)


@command
async def take_on(*, actor: int, meal_id: int, now: datetime) -> None:
    """Answer for a meal that nobody answers for. Whoever does already: nothing happens."""
    async with transaction():
        row = await locked(meal_id)
        standing, who = await ask(row, actor, now=now, turns=await turns_of(meal_id, now=now))
        if who.opener:
            return
        wanted, somebody_may = await taking_on(row, now=now)
        refuse_if(rules.why_cannot_take_on(standing, who, wanted=wanted, somebody_may=somebody_may, now=now))
        await take_on_steps(row, by=actor, now=now)
        if rules.in_doubt(standing, now) is not None:
            await ask_whether(row, [actor], what=f"too-few-cooks-{moment(now)}", now=now)


async def take_on_steps(row: Row, *, by: int, now: datetime) -> None:
    """This member answers for the meal of this locked row. Inside the caller's transaction."""
    row["opener_id"] = by
    await run("update meal set opener_id = {}, modified_at = {} where id = {}", by, now, row["id"])
    await write_entry(row, now=now)
    await note(row, "taken_on", voice="member", by=by, now=now)


async def ask_whether(row: Row, members: Iterable[int], *, what: str, now: datetime) -> None:
    """Ask these people whether a meal that is in doubt takes place all the same. Inside the caller's transaction."""
    cooks, wanted = await cooks_of(row, now=now)
    until = row["doubtful_until"]
    mail = wording.too_few_cooks(row["title"], row["starts_at"], cooks=cooks, least=wanted, until=until)
    link = _answer_link(row)
    await tell(mail, members, row=row, kind=Kind.DUTY, what=what, link=link, good_until=until, now=now)


def _answer_link(row: Row) -> str:
    return f"/repas/{row['id']}/quand-meme"


async def cooks_of(row: Row, *, now: datetime) -> tuple[int, int]:
    """How many are there to cook, and how many must be."""
    slots = [slot for job, slot in await turns_of(row["id"], now=now) if job is Job.COOK]
    wanted = rules.cooks_wanted(least=row["cooks_least"], places=sum(slot.people for slot in slots))
    return sum(slot.taken for slot in slots), wanted


async def asked_to_take_on(row: Row, *, now: datetime) -> set[int]:
    """Its team, whoever may open meals at its place and whoever keeps it."""
    team = {member for _, slot in await turns_of(row["id"], now=now) for member in slot.member_ids}
    holders = [
        *await holders_of(row["place_id"], Act.OPEN_MEALS, now),
        *await holders_of(row["place_id"], Act.KEEP_PLACE, now),
    ]
    return team | {person.id for person in holders}


async def who_answers(row: Row, *, now: datetime) -> list[int]:
    """Who is told what its opener is told: the opener, else those who may take it on."""
    return [row["opener_id"]] if row["opener_id"] is not None else sorted(await asked_to_take_on(row, now=now))
