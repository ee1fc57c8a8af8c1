"""Reading and ruling: what mediators, the bureau, the drawn and the author do about a proposal.

A decision carries the version that was read. Whoever comes second is told so: one decision, one line in the journal,
one mail. What silence does is in `workshops.jobs`.
"""

from __future__ import annotations

from datetime import datetime

from app.database import command, run, transaction
from app.errors import Refused
from app.identity.api import Draw, mediators_of
from app.notices.api import Kind, Part
from workshops import rules, wording
from workshops.commands.publishing import agree, both, draw_jury, plain_draw, publish, send_back
from workshops.commands.steps import (
    ask,
    change,
    locked_with_time,
    moment,
    move,
    note,
    refuse_if,
    tell,
    tell_people,
    write_entry,
)
from workshops.facts import Row, Words, matter_of
from workshops.states import State, WorkshopRefusal
from workshops.tables import Juror

DECISIONS = ("approve", "send_back")
VOTES = ("publish", "send_back")


@command
async def decide(
    *,
    actor: int,
    workshop_id: int,
    decision: str,
    reason: str = "",
    way_out: str = "",
    version: int,
    now: datetime,
) -> None:
    """A mediator agrees, or asks for a change with a reason and what would do. `version` is the one that was read.

    On an edit that was put back to be read, to ask for a change brings the earlier words back. The same decision by
    the same mediator again changes nothing. `decision` is one of `DECISIONS`.
    """
    if decision not in DECISIONS:
        raise ValueError(decision)
    async with transaction():
        row, hosts = await locked_with_time(workshop_id)
        standing, who = await ask(row, actor, now=now)
        if row["decided_by"] == actor and row["version"] == version and _stands(row, decision):
            return
        refuse_if(rules.why_cannot_decide(standing, who, version=version))
        if standing.state is State.PUBLISHED:
            await _answer_review(row, hosts, actor, decision, reason=reason, way_out=way_out, now=now)
        elif decision == "approve":
            await agree(row, how="mediation", by=actor, now=now)
        else:
            await send_back(row, how="mediation", by=actor, reason=reason, way_out=way_out, now=now)


def _stands(row: Row, decision: str) -> bool:
    if row["review_due_at"] is not None:
        return False
    if decision == "send_back":
        return bool(row["state"] == State.SENT_BACK)
    return bool(row["state"] == State.PUBLISHED or row["agreed_at"] is not None)


async def _answer_review(
    row: Row, hosts: list[int], actor: int, decision: str, *, reason: str, way_out: str, now: datetime
) -> None:
    before = Words.before(row)
    answered = {"review_due_at": None, "edited_at": None, "edited_from": ""}
    if decision == "approve" or before is None:
        row = await change(row, now=now, **answered)
        await note(row, "edit_kept", voice="mediation", by=actor, now=now, shown=True)
        return
    row = await change(row, now=now, version=row["version"] + 1, **before.columns(), **answered)
    await write_entry(row, now=now)
    await note(row, "edit_put_back", voice="mediation", by=actor, now=now, shown=True, reason=both(reason, way_out))
    what = f"put-back-{row['version']}"
    back = wording.put_back(row["title"], reason=reason, way_out=way_out)
    await tell(back, hosts, row=row, kind=Kind.HOSTING, what=what, part=Part.UPDATE, now=now)
    changes = wording.changed(row["title"], [wording.text_is_back()])
    await tell_people(changes, row=row, kind=Kind.CHANGE, what=what, part=Part.UPDATE, now=now)


@command
async def block(*, actor: int, workshop_id: int, reason: str, version: int | None = None, now: datetime) -> None:
    """« Bloque la parution »: silence publishes nothing for 72 h; then three drawn members rule.

    `version` is the one that was read; without it, whatever stands now.
    """
    async with transaction():
        row, hosts = await locked_with_time(workshop_id)
        standing, who = await ask(row, actor, now=now)
        if row["blocked_by"] == actor and standing.state is State.PROPOSED:
            return
        refuse_if(rules.why_cannot_block(standing, who))
        _refuse_unread(row, version)
        until = rules.blocked_until(now=now, starts_at=row["starts_at"])
        row = await change(
            row,
            now=now,
            blocked_at=now,
            blocked_until=until,
            blocked_by=actor,
            blocked_why=reason,
            due_at=max(row["due_at"], rules.jury_due_at(drawn_at=until, starts_at=row["starts_at"])),
        )
        await note(row, "blocked", voice="mediation", by=actor, now=now, shown=True, reason=reason)
        mail = wording.blocked(row["title"], why=reason, until=until)
        await tell(mail, hosts, row=row, kind=Kind.HOSTING, what=f"blocked-{moment(now)}", now=now)


def _refuse_unread(row: Row, version: int | None) -> None:
    if version is not None and version != row["version"]:
        raise Refused(WorkshopRefusal.CHANGED_MEANWHILE)


@command
async def review_again(*, actor: int, workshop_id: int, now: datetime) -> None:
    """« Remettre à relire » what was edited after publication. The workshop stays on; only the edit is read."""
    async with transaction():
        row, hosts = await locked_with_time(workshop_id)
        standing, who = await ask(row, actor, now=now)
        if standing.review_due_at is not None and who.mediator:
            return
        refuse_if(rules.why_cannot_review_again(standing, who, now=now))
        due = rules.due_after_edit(now=now, starts_at=row["starts_at"])
        row = await change(row, now=now, review_at=now, review_due_at=due, review_by=actor)
        await note(row, "review_again", voice="mediation", by=actor, now=now)
        mail = wording.review_again(row["title"], due_at=due)
        await tell(mail, hosts, row=row, kind=Kind.HOSTING, what=f"review-{moment(now)}", now=now)


@command
async def say_yes(*, actor: int, workshop_id: int, version: int | None = None, now: datetime) -> None:
    """The bureau's explicit yes to what the association answers for. If the reading is over, it is published now.

    `version` is the one that was read: nobody says yes to what was added meanwhile. Without it, whatever
    stands now.
    """
    async with transaction():
        row, _ = await locked_with_time(workshop_id)
        standing, who = await ask(row, actor, now=now)
        if standing.said_yes and who.says_yes:
            return
        refuse_if(rules.why_cannot_say_yes(standing, who, now=now))
        _refuse_unread(row, version)
        row = await change(row, now=now, yes_at=now, yes_by=actor)
        await note(row, "yes", voice="bureau", by=actor, now=now, shown=True)
        if row["agreed_at"] is not None:
            await publish(row, how=row["decided_how"], by=row["decided_by"], now=now)


@command
async def contest(*, actor: int, workshop_id: int, word: str, now: datetime, draw: Draw = plain_draw) -> None:
    """Ask that another mediator read what was sent back; where there is none, three drawn members."""
    async with transaction():
        row, _ = await locked_with_time(workshop_id)
        standing, who = await ask(row, actor, now=now)
        if standing.state is State.CONTESTED and who.hosting:
            return
        refuse_if(rules.why_cannot_contest(standing, who, now=now), earliest=rules.earliest_start(now))
        due = rules.contest_due_at(now=now, starts_at=row["starts_at"])
        row = await move(row, State.CONTESTED, now=now, contested_at=now, contest_due_at=due, contest_word=word)
        await note(row, "contested", voice="host", by=actor, now=now)
        others = [each.id for each in await mediators_of(row["place_id"]) if await _may_read(row, each.id)]
        if others:
            mail = wording.contested(row["title"], word=word, due_at=due)
            what = f"contested-{row['version']}"
            link = f"/mediation/ateliers/{workshop_id}"
            await tell(mail, others, row=row, kind=Kind.DUTY, what=what, link=link, now=now)
        else:
            await draw_jury(row, due_at=due, draw=draw, now=now)


async def _may_read(row: Row, mediator: int) -> bool:
    """Whether this mediator is another than those who decided, and not concerned."""
    if mediator in (row["decided_by"], row["blocked_by"], row["proposer_id"]):
        return False
    concerned = await run(
        "select 1 as one from host where workshop_id = {} and member_id = {} and state in ('invited', 'hosting')",
        row["id"],
        mediator,
    )
    return not concerned


@command
async def vote(*, actor: int, workshop_id: int, vote: str, now: datetime) -> None:
    """One of the drawn says whether it is published or sent back (`VOTES`); a majority of them settles it.

    The same vote again changes nothing, also when it was the one that settled it.
    """
    if vote not in VOTES:
        raise ValueError(vote)
    async with transaction():
        row, _ = await locked_with_time(workshop_id)
        matter = matter_of(row)
        asked = await run(
            "select matter, vote from juror where workshop_id = {} and member_id = {} order by id", workshop_id, actor
        )
        if asked and matter not in [each["matter"] for each in asked]:
            if asked[-1]["vote"] == vote:
                return
            raise Refused(WorkshopRefusal.ALREADY_DECIDED)
        standing, who = await ask(row, actor, now=now)
        refuse_if(rules.why_cannot_vote(standing, who))
        mine = (Juror.workshop_id == workshop_id) & (Juror.member_id == actor) & (Juror.matter == matter)
        await Juror.update({Juror.vote: vote, Juror.voted_at: now}).where(mine)
        said = await run("select vote from juror where workshop_id = {} and matter = {}", workshop_id, matter)
        verdict = rules.verdict([each["vote"] for each in said])
        if verdict == "publish":
            await agree(row, how="drawn", by=None, now=now)
        elif verdict == "send_back":
            contested = standing.state is State.CONTESTED
            await send_back(
                row,
                how="drawn",
                by=None,
                reason=row["reason"] if contested else row["blocked_why"],
                way_out=row["way_out"] if contested else "",
                now=now,
            )
