"""The outbox as the demonstration shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.errors import NotFound
from app.notices.tables import Outbox

AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, as it is read."""

    id: int
    to: str
    language: str
    subject: str
    body: str
    link: str
    signature: str
    state: str
    """`waiting`, `later`, `sent`, `logged` or `set_aside`."""
    at: datetime
    """When it left, or is to leave."""
    kind: str
    """Colour and shape of what it is about."""
    icon: str


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


async def mails_page(*, before: int | None, now: datetime) -> MailsPage:
    """The newest mails, or those before this one."""
    query = Outbox.select().where(Outbox.recipient != "").order_by(Outbox.id, ascending=False).limit(AT_ONCE + 1)
    if before is not None:
        query = query.where(Outbox.id < before)
    rows = await query
    shown = rows[:AT_ONCE]
    return MailsPage(
        mails=tuple(_mail(row, now) for row in shown),
        newer_href="/demo/courrier" if before is not None else "",
        older_href=f"/demo/courrier?avant={shown[-1]['id']}" if len(rows) > AT_ONCE else "",
    )


async def mail_page(mail_id: int, *, now: datetime) -> MailPage:
    """This mail. Raises `NotFound`."""
    row = await Outbox.select().where((Outbox.id == mail_id) & (Outbox.recipient != "")).first()
    if row is None:
        raise NotFound
    return MailPage(_mail(row, now))


def _mail(row: dict[str, Any], now: datetime) -> Mail:
    if row["set_aside_at"] is not None:
        state, at = "set_aside", row["set_aside_at"]
    elif row["sent_at"] is not None:
        state, at = "sent", row["sent_at"]
    elif row["logged_at"] is not None:
        state, at = "logged", row["logged_at"]
    else:
        state, at = "later" if row["run_at"] > now else "waiting", row["run_at"]
    kind, icon = _look(row["kind"], row["link"])
    return Mail(
        id=row["id"],
        to=row["recipient"],
        language=row["language"],
        subject=row["subject"],
        body=row["body"],
        link=row["link"],
        signature=row["signature"],
        state=state,
        at=at,
        kind=kind,
        icon=icon,
    )


def _look(kind: str, link: str) -> tuple[str, str]:
    """Shape and icon by where a mail leads."""
    if kind in ("join", "sign_in"):
        return "agenda", "key"
    for path, look in (("/ateliers", ("workshop", "messages")), ("/mediation", ("mediation", "scale"))):
        if link.startswith(path):
            return look
    return "agenda", "mail"
