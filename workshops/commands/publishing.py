"""How a reading ends: agreed (published, or kept for the bureau's yes) or sent back; and who is drawn when needed.

Called by the commands of mediators and of the drawn, and by the jobs of the clock, inside their transaction, with the
hosts, the rooms and the workshop locked.
"""

from __future__ import annotations

from datetime import datetime
from secrets import SystemRandom

from app.calendar.api import why_clashes
from app.database import run
from app.identity.api import Draw, draw_members, holders_of
from app.identity.states import Act
from app.notices.api import Kind, Part
from workshops import rules, wording
from workshops.commands.steps import change, hosts_of, move, note, room_in_use, tell, write_entry
from workshops.facts import KIND, Row, matter_of, needs_of
from workshops.states import HostState, State
from workshops.tables import Juror

plain_draw: Draw = SystemRandom().sample


async def agree(row: Row, *, how: str, by: int | None, now: datetime) -> None:
    """The reading ended well. What needs the bureau's yes and has not got it is kept until then."""
    if not needs_of(row) or row["yes_at"] is not None:
        await publish(row, how=how, by=by, now=now)
        return
    row = await change(row, now=now, agreed_at=now, decided_at=now, decided_by=by, decided_how=how)
    await note(row, "agreed", voice=how, by=by, now=now)
    await tell(
        wording.waits_for_bureau(row["title"]),
        await hosts_of(row["id"]),
        row=row,
        kind=Kind.HOSTING,
        what=f"agreed-{row['version']}-{moment_of_reading(row)}",
        now=now,
    )


async def publish(row: Row, *, how: str, by: int | None, now: datetime) -> None:
    """Into the agenda, with the wished room if it has come free, else without one."""
    row = await move(
        row,
        State.PUBLISHED,
        now=now,
        published_at=now,
        agreed_at=None,
        decided_at=now if row["agreed_at"] is None else row["decided_at"],
        decided_by=by,
        decided_how=how,
        **await freed_room(row),
    )
    await write_entry(row, now=now)
    # Earlier decisions of this proposal get its title now: members read it from here on.
    await run(
        "update journal_line set title = {} where kind = {} and thing_id = {} and shown = {} and title = ''",
        row["title"],
        KIND,
        row["id"],
        True,
    )
    await note(row, "published", voice=how, by=by, now=now, shown=True)
    await tell(
        wording.published(
            row["title"], row["starts_at"], how=how, room_to_find=row["room_id"] is None and bool(row["wished_room_id"])
        ),
        await hosts_of(row["id"]),
        row=row,
        kind=Kind.HOSTING,
        what=f"published-{row['version']}",
        part=Part.INVITE,
        now=now,
    )


async def send_back(row: Row, *, how: str, by: int | None, reason: str, way_out: str, now: datetime) -> None:
    """A change is asked, with its reason and what would do."""
    row = await move(
        row,
        State.SENT_BACK,
        now=now,
        decided_at=now,
        decided_by=by,
        decided_how=how,
        reason=reason,
        way_out=way_out,
    )
    await note(row, "sent_back", voice=how, by=by, now=now, shown=True, reason=both(reason, way_out))
    await tell(
        wording.sent_back(
            row["title"],
            reason=reason,
            way_out=way_out,
            drawn=how == "drawn",
            may_contest=row["contested_at"] is None and rules.why_not_then(starts_at=row["starts_at"], now=now) is None,
        ),
        await hosts_of(row["id"]),
        row=row,
        kind=Kind.HOSTING,
        what=f"sent-back-{row['version']}-{moment_of_reading(row)}",
        link=f"/ateliers/{row['id']}/modifier",
        now=now,
    )


def both(reason: str, way_out: str) -> str:
    """What the journal keeps of a decision."""
    return "\n\n".join(words for words in (reason, way_out) if words)


def moment_of_reading(row: Row) -> str:
    """Tells a first reading from the reading of a contest."""
    return "contest" if row["contested_at"] is not None else "first"


async def freed_room(row: Row) -> dict[str, int | None]:
    """The columns that give the wished room, if nobody has it any more; nothing to write else. The room is locked."""
    if row["room_id"] is not None or row["wished_room_id"] is None or await room_in_use(row) is None:
        return {}
    clash = await why_clashes(
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        room_id=row["wished_room_id"],
        except_for=(KIND, row["id"]),
    )
    return {} if clash is not None else {"room_id": row["wished_room_id"], "wished_room_id": None}


async def ask_the_bureau(row: Row, *, now: datetime) -> None:
    """Tell whoever may say yes, hosts excepted, that something waits for it."""
    needs = needs_of(row)
    if not needs or row["yes_at"] is not None:
        return
    involved = {row["proposer_id"], *await hosts_of(row["id"])}
    bureau = [person.id for person in await holders_of(row["place_id"], Act.SAY_YES, now)]
    await tell(
        wording.yes_wanted(row["title"], sorted(needs)),
        set(bureau) - involved,
        row=row,
        kind=Kind.DUTY,
        what=f"yes-wanted-{row['version']}",
        now=now,
    )


async def draw_jury(row: Row, *, due_at: datetime, draw: Draw, now: datetime) -> list[int]:
    """Draw three members who have nothing to do with it, and tell them; fewer where there are fewer."""
    matter = matter_of(row)
    involved = await run(
        "select member_id from host where workshop_id = {} and state in ({}, {}, {})",
        row["id"],
        HostState.INVITED.value,
        HostState.HOSTING.value,
        HostState.LEFT.value,
    )
    without = {row["proposer_id"], *(each["member_id"] for each in involved)}
    drawn = await draw_members(row["place_id"], rules.JURORS, without=without, draw=draw)
    if drawn:
        await Juror.insert(
            *(Juror(workshop_id=row["id"], member_id=member, matter=matter, drawn_at=now) for member in drawn)
        )
        await note(row, "drawn", voice="clock", by=None, now=now)
        await tell(
            wording.drawn(row["title"], due_at=due_at), drawn, row=row, kind=Kind.DUTY, what=f"drawn-{matter}", now=now
        )
    return drawn
