"""The facts that rules ask for, read from the rows: how a workshop stands, and who somebody is to it.

Commands read them after locking the workshop's row, pages without a lock. What follows from them is `rules`' affair.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from app.database import run
from app.identity.api import Here, who_is_here
from app.identity.rules import name_key
from app.identity.states import Act
from rotas.api import Source
from workshops.rules import Proposal, Standing, Who
from workshops.states import Format, HostState, Need, SignUpState, State

KIND = "workshop"
"""`entry.kind` and `journal_line.kind` of workshops."""

Row = dict[str, Any]


def source_of(workshop_id: int, title: str = "") -> Source:
    """The workshop, as turns know what opened them."""
    return Source(KIND, workshop_id, title, f"/ateliers/{workshop_id}")


@dataclass(frozen=True, slots=True)
class Words:
    """What a mediator reads first: an edit of these is shown on the desk, and can be put back to be read."""

    title: str
    format: str
    summary: str

    @classmethod
    def of(cls, row: Row) -> Words:
        """As the workshop has them."""
        return cls(row["title"], row["format"], row["summary"])

    @classmethod
    def before(cls, row: Row) -> Words | None:
        """As they were before the last edit (`workshop.edited_from`)."""
        return cls(**json.loads(row["edited_from"])) if row["edited_from"] else None

    def columns(self) -> dict[str, str]:
        """What brings a row back to them."""
        return {**asdict(self), "search_key": search_key(self.title, self.summary)}

    def kept(self) -> str:
        """For `workshop.edited_from`."""
        return json.dumps(asdict(self), ensure_ascii=False)


def search_key(title: str, summary: str) -> str:
    """What is searched for words: title and summary without accents or capitals (`workshop.search_key`)."""
    return name_key(f"{title}\n{summary}")


def columns_of(proposal: Proposal) -> dict[str, Any]:
    """What a proposal writes into its row, but for the room, which is settled with the calendar."""
    return {
        "title": proposal.title,
        "search_key": search_key(proposal.title, proposal.summary),
        "format": proposal.format.value,
        "summary": proposal.summary,
        "bring": proposal.bring,
        "language": proposal.language,
        "step_free": proposal.step_free,
        "children": proposal.children,
        "starts_at": proposal.starts_at,
        "ends_at": proposal.ends_at,
        "capacity": proposal.capacity,
        "speaker": proposal.speaker,
        "help_wanted": proposal.help_wanted,
        "needs": ",".join(sorted(proposal.needs)),
    }


def needs_of(row: Row) -> frozenset[Need]:
    """What the bureau must say yes to."""
    return frozenset(Need(need) for need in row["needs"].split(",") if need)


def offer_key(sign_up_id: int, offered_at: datetime) -> str:
    """What a message says an offer by: the same place offered again, later, is another offer."""
    return f"{sign_up_id}-{int(offered_at.timestamp() * 1000)}"


def matter_of(row: Row) -> str | None:
    """What drawn members would rule on now (`juror.matter`), if on anything."""
    if row["state"] == State.CONTESTED:
        return f"contest:{row['version']}"
    if row["state"] == State.PROPOSED and row["blocked_at"] is not None:
        return f"block:{row['version']}"
    return None


_COUNTS = """
       (select count(*) from sign_up where workshop_id = {} and state in ('confirmed', 'offered')) as taken,
       (select count(*) from sign_up where workshop_id = {} and state = 'offered') as offered,
       (select count(*) from sign_up where workshop_id = {} and state = 'waiting') as waiting,
       (select count(*) from host where workshop_id = {} and state = 'hosting') as hosts,
       (select count(*) from juror where workshop_id = {} and matter = {}) as drawn
"""
_PART = """
       h.state as host, j.vote, s.state as signed, s.offer_until,
       case when s.state = 'waiting' then
           (select count(*) from sign_up q where q.workshop_id = {} and q.state = 'waiting' and q.id <= s.id)
       else 0 end as rank,
       (select count(*) from sign_up g where g.workshop_id = {} and g.signed_by = {}) as guests
"""
_OF_MEMBER = """
from (select 1 as one) as always
left join host h on h.workshop_id = {} and h.member_id = {}
left join juror j on j.workshop_id = {} and j.member_id = {} and j.matter = {}
left join sign_up s on s.id = (select max(id) from sign_up where workshop_id = {} and member_id = {})
"""


async def standing_of(row: Row) -> Standing:
    """How the workshop of this row stands."""
    (counts,) = await run(f"select {_COUNTS}", *_of_counts(row))
    return standing_with(row, counts)


async def standing_and_who(
    row: Row, member_id: int, *, now: datetime, here: Here | None = None
) -> tuple[Standing, Who]:
    """The same, and who this member is to it, in one question. `here` is what they are at its place, if it is known."""
    (found,) = await run(
        f"select {_COUNTS}, {_PART} {_OF_MEMBER}",
        *_of_counts(row),
        *_of_member(row, member_id),
    )
    here = here or await who_is_here(member_id, row["place_id"], at=now)
    return standing_with(row, found), who_with(row, member_id, found, here)


async def who_is(row: Row, member_id: int, *, now: datetime) -> Who:
    """Who this member is to the workshop of this row."""
    here = await who_is_here(member_id, row["place_id"], at=now)
    return who_with(row, member_id, await part_of(row, member_id), here)


async def part_of(row: Row, member_id: int) -> Row:
    """What this member has in the workshop of this row: the rows that `who_with` goes by."""
    (part,) = await run(f"select {_PART} {_OF_MEMBER}", *_of_member(row, member_id))
    return part


def _of_counts(row: Row) -> tuple[Any, ...]:
    key = row["id"]
    return key, key, key, key, key, matter_of(row) or ""


def _of_member(row: Row, member_id: int) -> tuple[Any, ...]:
    key = row["id"]
    return key, key, member_id, key, member_id, key, member_id, matter_of(row) or "", key, member_id


def standing_with(row: Row, counts: Row) -> Standing:
    """How it stands, from numbers that were counted already: `taken`, `offered`, `waiting`, `hosts`, `drawn`."""
    return Standing(
        state=State(row["state"]),
        version=row["version"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        format=Format(row["format"]),
        capacity=row["capacity"],
        taken=counts["taken"],
        offered=counts["offered"],
        waiting=counts["waiting"],
        hosts=counts["hosts"],
        needs=needs_of(row),
        said_yes=row["yes_at"] is not None,
        agreed=row["agreed_at"] is not None,
        announced=row["published_at"] is not None,
        decided=row["decided_at"] is not None,
        blocked_until=row["blocked_until"],
        contested=row["contested_at"] is not None,
        jury_sits=counts["drawn"] > 0 and row["agreed_at"] is None,
        edited_at=row["edited_at"],
        review_due_at=row["review_due_at"],
    )


def who_with(row: Row, member_id: int, part: Row, here: Here) -> Who:
    """Who this member is to the workshop of this row, having this part in it and being this at its place."""
    return Who(
        id=member_id,
        belongs=here.belongs,
        mediator=here.mediator,
        met=here.met,
        proposer=row["proposer_id"] == member_id,
        hosting=part["host"] == HostState.HOSTING,
        invited=part["host"] == HostState.INVITED,
        juror=part["vote"] is not None,
        voted=bool(part["vote"]),
        decided_before=member_id in (row["decided_by"], row["blocked_by"]),
        says_yes=Act.SAY_YES in here.acts,
        keeps_place=Act.KEEP_PLACE in here.acts,
        sign_up=SignUpState(part["signed"]) if part["signed"] else None,
        offer_until=part["offer_until"],
        rank=part["rank"],
        guests=part["guests"],
    )


async def stranger(member_id: int, place_id: int) -> Who:
    """Who this member is to something of this place that does not exist yet."""
    here = await who_is_here(member_id, place_id)
    return Who(id=member_id, belongs=here.belongs, mediator=here.mediator)
