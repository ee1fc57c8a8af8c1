"""Sessions: one row per signed-in device, opened with a new token each time and ended by deleting the row.

Everything here that writes, but `touch_session`, belongs inside the caller's transaction. Who may open one is decided
in `entrance`.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.database import run, transaction
from app.errors import SignInNeeded
from app.identity.presence import note_presence
from app.identity.states import Device
from app.identity.tables import Session
from app.identity.visits import hash_token

log = logging.getLogger("reseau.sessions")

LIFE = {Device.MINE: timedelta(days=90), Device.SHARED: timedelta(hours=2)}


@dataclass(frozen=True, slots=True)
class Opened:
    """A session was opened: what its cookie holds."""

    token: str
    member_id: int
    device: Device
    name: str
    joined: bool = False
    """Whether the account was made just now."""
    password_dropped: bool = False
    """Whether the password chosen while joining was left out, the link having been opened elsewhere."""


def device_mark(secret_key: str, member_id: int, session_id: int) -> str:
    """Stands in the form that ends this session: it was theirs, also once there is nothing left of it."""
    return hmac.new(secret_key.encode(), f"device:{member_id}:{session_id}".encode(), hashlib.sha256).hexdigest()[:32]


async def open_session(
    *,
    member_id: int,
    device: Device,
    label: str,
    by_mail: bool,
    old_token: str | None,
    place_id: int | None = None,
    now: datetime,
) -> str:
    """Open a session and end the one that this browser had. Returns the new token."""
    if old_token:
        await Session.delete().where(Session.token_hash == hash_token(old_token))
    await Session.delete().where((Session.member_id == member_id) & (Session.expires_at <= now))
    token = secrets.token_urlsafe(32)
    await Session.insert(
        Session(
            token_hash=hash_token(token),
            member_id=member_id,
            place_id=place_id or await _usual_place(member_id),
            device=device.value,
            label=label,
            by_mail=by_mail,
            created_at=now,
            seen_at=now,
            expires_at=now + LIFE[device],
        )
    )
    await note_presence(member_id, now=now)
    return token


async def renew_session(session_id: int, *, now: datetime) -> str:
    """Another token for a session that has just shown the second code: who knew the old one is out. Raises
    `SignInNeeded` when the session has ended meanwhile.
    """
    token = secrets.token_urlsafe(32)
    renewed = (
        await Session.update({Session.token_hash: hash_token(token), Session.second_at: now, Session.seen_at: now})
        .where(Session.id == session_id)
        .returning(Session.id)
    )
    if not renewed:
        raise SignInNeeded
    return token


async def _usual_place(member_id: int) -> int | None:
    """The place that the person looked at last, else the first that they joined."""
    rows = await run(
        "select place_id from session where member_id = {} and place_id is not null order by seen_at desc limit 1",
        member_id,
    )
    if not rows:
        rows = await run("select place_id from membership where member_id = {} order by id limit 1", member_id)
    return rows[0]["place_id"] if rows else None


async def end_sessions(member_id: int, *, but: int | None = None) -> int:
    """End all sessions of this member, or all but one. Returns how many."""
    query = Session.delete().where(Session.member_id == member_id)
    if but is not None:
        query = query.where(Session.id != but)
    ended = await query.returning(Session.id)
    return len(ended)


async def session_lasts(session_id: int) -> bool:
    """Whether nobody has ended it meanwhile."""
    return bool(await run("select 1 from session where id = {}", session_id))


async def touch_session(session_id: int, *, now: datetime) -> None:
    """Note that a session was used, after its answer has gone. It never fails, and revives none that has ended."""
    try:
        async with transaction():
            touched = (
                await Session.update({Session.seen_at: now})
                .where((Session.id == session_id) & (Session.seen_at < now))
                .returning(Session.member_id)
            )
            for each in touched:
                await note_presence(each["member_id"], now=now)
    except Exception:
        log.warning("session not touched", exc_info=True)
