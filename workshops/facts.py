"""The facts that rules ask for, read from the rows: how a workshop stands, and who somebody is to it.

Commands read them after locking the workshop's row, pages without a lock. What follows from them is `rules`' affair.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from app.database import run
from app.identity.api import belongs, holds, is_mediator
from app.identity.rules import name_key
from app.identity.states import Act
from workshops.rules import Proposal, Standing, Who
from workshops.states import Format, HostState, Need, SignUpState, State

KIND = "workshop"
"""`entry.kind` and `journal_line.kind` of workshops."""

Row = dict[str, Any]


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
select (select count(*) from sign_up where workshop_id = {} and state in ('confirmed', 'offered')) as taken,
       (select count(*) from sign_up where workshop_id = {} and state = 'waiting') as waiting,
       (select count(*) from host where workshop_id = {} and state = 'hosting') as hosts,
       (select count(*) from juror where workshop_id = {} and matter = {}) as drawn
"""


async def standing_of(row: Row) -> Standing:
    """How the workshop of this row stands."""
    key = row["id"]
    (counts,) = await run(_COUNTS, key, key, key, key, matter_of(row) or "")
    return standing_with(row, counts)


def standing_with(row: Row, counts: Row) -> Standing:
    """The same from numbers that were counted already: `taken`, `waiting`, `hosts`, `drawn`."""
    return Standing(
        state=State(row["state"]),
        version=row["version"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        format=Format(row["format"]),
        capacity=row["capacity"],
        taken=counts["taken"],
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


_PART = """
select (select state from host where workshop_id = {} and member_id = {}) as host,
       (select vote from juror where workshop_id = {} and member_id = {} and matter = {}) as vote
"""


async def who_is(row: Row, member_id: int, *, now: datetime, roles: bool = True) -> Who:
    """Who this member is to the workshop of this row. Without `roles`: only hosting, drawn, signed up."""
    key, place_id = row["id"], row["place_id"]
    (part,) = await run(_PART, key, member_id, key, member_id, matter_of(row) or "")
    signed = await run(
        "select state, offer_until from sign_up where workshop_id = {} and member_id = {} order by id desc limit 1",
        key,
        member_id,
    )
    return Who(
        id=member_id,
        belongs=roles and await belongs(member_id, place_id),
        mediator=roles and await is_mediator(member_id, place_id),
        proposer=row["proposer_id"] == member_id,
        hosting=part["host"] == HostState.HOSTING,
        invited=part["host"] == HostState.INVITED,
        juror=part["vote"] is not None,
        voted=bool(part["vote"]),
        decided_before=member_id in (row["decided_by"], row["blocked_by"]),
        says_yes=roles and await holds(member_id, place_id, Act.SAY_YES, now),
        keeps_place=roles and await holds(member_id, place_id, Act.KEEP_PLACE, now),
        sign_up=SignUpState(signed[0]["state"]) if signed else None,
        offer_until=signed[0]["offer_until"] if signed else None,
    )


async def stranger(member_id: int, place_id: int) -> Who:
    """Who this member is to something of this place that does not exist yet."""
    return Who(
        id=member_id, belongs=await belongs(member_id, place_id), mediator=await is_mediator(member_id, place_id)
    )
