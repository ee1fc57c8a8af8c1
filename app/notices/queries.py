"""The outbox as the demonstration shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.errors import NotFound
from app.notices.composing import Composer, Letter
from app.notices.states import Kind
from app.notices.tables import Outbox
from app.notices.wording import KIND_ICONS

AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail in the letter box."""

    id: int
    to: str
    state: str
    """`waiting`, `later`, `sent`, `logged` or `set_aside`."""
    at: datetime
    """When it left, or is to leave."""
    icon: str
    method: str
    """`states.Method` of the event that goes with it; empty if none does."""
    letter: Letter
    """What its reader sees."""

    @property
    def file_href(self) -> str:
        """Where a mail program gets it."""
        return f"/demo/courrier/{self.id}.eml"


@dataclass(frozen=True, slots=True)
class MailsPage:
    """Some mails, newest first."""

    mails: tuple[Mail, ...]
    newer_href: str
    older_href: str


@dataclass(frozen=True, slots=True)
class MailPage:
    """One mail."""

    mail: Mail


async def mails_page(*, before: int | None, composer: Composer, now: datetime) -> MailsPage:
    """The newest mails, or those before this one. What is only for the site is no mail."""
    query = Outbox.select().where(Outbox.recipient != "").order_by(Outbox.id, ascending=False).limit(AT_ONCE + 1)
    if before is not None:
        query = query.where(Outbox.id < before)
    rows = await query
    shown = rows[:AT_ONCE]
    return MailsPage(
        mails=tuple(_mail(row, composer, now) for row in shown),
        newer_href="/demo/courrier" if before is not None else "",
        older_href=f"/demo/courrier?avant={shown[-1]['id']}" if len(rows) > AT_ONCE else "",
    )


async def mail_page(mail_id: int, *, composer: Composer, now: datetime) -> MailPage:
    """This mail. Raises `NotFound`."""
    return MailPage(_mail(await _row(mail_id), composer, now))


async def mail_file(mail_id: int, *, composer: Composer, now: datetime) -> bytes:
    """This mail as it is sent. Raises `NotFound`."""
    row = await _row(mail_id)
    return composer.message(row, _left_at(row, now)[1]).as_bytes()


async def _row(mail_id: int) -> dict[str, Any]:
    row = await Outbox.select().where((Outbox.id == mail_id) & (Outbox.recipient != "")).first()
    if row is None:
        raise NotFound
    return row


def _mail(row: dict[str, Any], composer: Composer, now: datetime) -> Mail:
    state, at = _left_at(row, now)
    return Mail(
        id=row["id"],
        to=row["recipient"],
        state=state,
        at=at,
        icon=KIND_ICONS[Kind(row["kind"])],
        method=row["method"],
        letter=composer.letter(row),
    )


def _left_at(row: dict[str, Any], now: datetime) -> tuple[str, datetime]:
    if row["set_aside_at"] is not None:
        return "set_aside", row["set_aside_at"]
    if row["sent_at"] is not None:
        return "sent", row["sent_at"]
    if row["logged_at"] is not None:
        return "logged", row["logged_at"]
    return "later" if row["run_at"] > now else "waiting", row["run_at"]
