"""One's own messages, and what one chose to receive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.database import run
from app.errors import NotFound
from app.identity.visits import Visit
from app.notices.rules import Block, blocks_of, read_stopped, read_wish
from app.notices.states import KEPT_FOR, WAYS_IN, Kind, Remind
from app.notices.wording import KIND_ICONS, KIND_NAMES

A_PAGE = 20
SHAPES = ("workshop", "meal", "turn", "committee", "exchange", "care", "path", "mediation")
"""Kinds of entries that have a colour and a shape of their own; everything else is of the agenda."""

_WAYS_IN = ", ".join(f"'{kind.value}'" for kind in sorted(WAYS_IN))
SHOWN = f"member_id = {{}} and created_at > {{}} and subject <> '' and kind not in ({_WAYS_IN})"
"""What « Mes messages » shows of a member since an instant. As `app.identity.visits` counts them, but for the read."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as its reader sees it."""

    id: int
    kind: Kind
    kind_name: str
    """French msgid."""
    shape: str
    icon: str
    subject: str
    blocks: Sequence[Block]
    language: str
    href: str
    action: str
    """What the link does; may be empty."""
    at: datetime
    unread: bool
    state: str
    """`unread`, `read`; `mailed` for what came by mail, `waiting` while that mail has not left."""
    failed: bool
    """Whether it is here because the mail did not get through."""


@dataclass(frozen=True, slots=True)
class MessagesPage:
    """« Mes messages »."""

    messages: Sequence[Message]
    unread: int
    shown: Sequence[int]
    """Those to be read that this page shows: « J’ai tout lu » means them."""
    number: int
    before_href: str
    after_href: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """What somebody wishes to receive."""

    has_address: bool
    stopped: frozenset[Kind]
    remind: Remind
    digest: bool


async def messages_page(visit: Visit, *, number: int) -> MessagesPage:
    """One page of what was told to whoever visits: what is still to be read first, then the newest."""
    assert visit.member is not None
    rows = await run(
        f"select * from outbox where {SHOWN} "  # noqa: S608 - constant condition
        "order by case when on_site and read_at is null then 0 else 1 end, created_at desc, id desc limit {} offset {}",
        visit.member.id,
        visit.now - KEPT_FOR,
        A_PAGE + 1,
        (number - 1) * A_PAGE,
    )
    messages = [_message(row) for row in rows[:A_PAGE]]
    return MessagesPage(
        messages=messages,
        unread=visit.unread,
        shown=[message.id for message in messages if message.unread],
        number=number,
        before_href=f"/messages?page={number - 1}" if number > 1 else "",
        after_href=f"/messages?page={number + 1}" if len(rows) > A_PAGE else "",
    )


async def one_message(visit: Visit, message_id: int) -> Message:
    """One of one's own messages. Raises `NotFound`."""
    assert visit.member is not None
    rows = await run(
        f"select * from outbox where {SHOWN} and id = {{}}",  # noqa: S608 - constant condition
        visit.member.id,
        visit.now - KEPT_FOR,
        message_id,
    )
    if not rows:
        raise NotFound
    return _message(rows[0])


async def count_unread(member_id: int, *, now: datetime) -> int:
    """How many messages wait to be read, as the visit counts them."""
    rows = await run(
        f"select count(*) as n from outbox where {SHOWN} and on_site and read_at is null",  # noqa: S608 - constant condition
        member_id,
        now - KEPT_FOR,
    )
    return int(rows[0]["n"])


async def chosen_by(member_id: int) -> Chosen:
    """What this member wishes to receive. Raises `NotFound` for who is none."""
    rows = await run(
        "select m.email, c.stopped, c.remind, c.digest from member m left join mail_choice c on c.member_id = m.id "
        "where m.id = {} and m.erased_at is null",
        member_id,
    )
    if not rows:
        raise NotFound
    row = rows[0]
    return Chosen(
        has_address=bool(row["email"]),
        stopped=read_stopped(row["stopped"] or ""),
        remind=read_wish(row["remind"], row["stopped"]),
        digest=bool(row["digest"]),
    )


async def language_of(member_id: int) -> str:
    """The language that this member reads. Raises `NotFound` for who is none."""
    rows = await run("select language from member where id = {} and erased_at is null", member_id)
    if not rows:
        raise NotFound
    return str(rows[0]["language"])


def shape_of(about_kind: str) -> str:
    """Colour and shape of what a message is about."""
    return about_kind if about_kind in SHAPES else "agenda"


def _message(row: Mapping[str, Any]) -> Message:
    kind = Kind(row["kind"])
    unread = bool(row["on_site"]) and row["read_at"] is None
    return Message(
        id=row["id"],
        kind=kind,
        kind_name=KIND_NAMES[kind],
        shape=shape_of(row["about_kind"]),
        icon=KIND_ICONS[kind],
        subject=row["subject"],
        blocks=blocks_of(row["body"]),
        language=row["language"],
        href=row["link"],
        action=row["action"],
        at=row["created_at"],
        unread=unread,
        state="unread" if unread else "read" if row["on_site"] else "mailed" if _has_left(row) else "waiting",
        failed=row["set_aside_at"] is not None,
    )


def _has_left(row: Mapping[str, Any]) -> bool:
    """Without a mail server nothing leaves; what was noted in its place counts as gone."""
    return row["sent_at"] is not None or row["logged_at"] is not None
