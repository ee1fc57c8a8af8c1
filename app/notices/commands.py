"""What people do with messages: choose what to receive, say that they read them, tell others by voice."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from piccolo.columns import Column

from app.clock import PARIS, local_day
from app.database import command, get_for_update, run, transaction
from app.errors import NotFound, Refused
from app.notices import rules
from app.notices.links import StopLink
from app.notices.queries_calls import call_of
from app.notices.queries_mine import SHOWN
from app.notices.states import KEPT_FOR, Kind, Remind
from app.notices.tables import MailChoice, Outbox

# ------------------------------------------------------------------------------------------------- what one receives


@command
async def choose_mail(*, actor: int, stopped: Collection[Kind] | None, remind: Remind, now: datetime) -> None:
    """Keep what somebody wishes to receive; `stopped` is None for who was not asked, having no address.

    Reminders are stopped by wishing for none (`remind`), whatever `stopped` says of them.
    """
    async with transaction():
        row = await _own_choice(actor)
        if stopped is None:
            kinds, digest = rules.read_stopped(row["stopped"]), bool(row["digest"])
        else:
            kinds, digest = frozenset(stopped), True
        await _choose(row, rules.with_wish(kinds, remind), digest=digest, remind=remind, now=now)


@command
async def stop_mail(link: StopLink, *, now: datetime) -> None:
    """No more mails of this kind to this member. Twice changes nothing."""
    async with transaction():
        row = await _own_choice(link.member_id)
        await _choose(row, rules.read_stopped(row["stopped"]) | {link.kind}, digest=bool(row["digest"]), now=now)


@command
async def resume_mail(link: StopLink, *, now: datetime) -> None:
    """Mails of this kind again. Twice changes nothing. Reminders come when they did, else the evening before."""
    async with transaction():
        row = await _own_choice(link.member_id)
        remind = Remind(row["remind"])
        await _choose(
            row,
            rules.read_stopped(row["stopped"]) - {link.kind},
            digest=bool(row["digest"]) or link.kind is Kind.DIGEST,
            remind=Remind.EVE if link.kind is Kind.REMINDER and remind is Remind.NEVER else remind,
            now=now,
        )


async def _choose(
    row: Mapping[str, Any], stopped: Collection[Kind], *, digest: bool, remind: Remind | None = None, now: datetime
) -> None:
    """Write into this row what is chosen. Who stopped the digest no longer asks for it.

    Whoever asks for « Ta semaine » after it has left for the others has it from the next Monday on.
    """
    digest = digest and Kind.DIGEST not in stopped
    values: dict[Column | str, Any] = {
        MailChoice.stopped: rules.write_stopped(stopped),
        MailChoice.digest: digest,
        MailChoice.remind: row["remind"] if remind is None else remind.value,
    }
    if digest and not row["digest"] and (monday := rules.digest_monday(now, PARIS)) is not None:
        values[MailChoice.digest_on] = monday
    await MailChoice.update(values).where(MailChoice.id == row["id"])


async def _own_choice(member_id: int) -> dict[str, Any]:
    """The row of this member, made if there is none, and locked."""
    await run(
        "insert into mail_choice (member_id, stopped, remind, digest) values ({}, '', {}, {}) "
        "on conflict (member_id) do nothing",
        member_id,
        Remind.EVE.value,
        False,
    )
    rows = await run("select id from mail_choice where member_id = {}", member_id)
    return (await get_for_update(MailChoice, rows[0]["id"]))[0]


# ------------------------------------------------------------------------------------------------------ what one read


@command
async def read_message(*, actor: int, message_id: int, now: datetime) -> None:
    """« J’ai lu ». Raises `NotFound` for what is nobody's or somebody else's."""
    async with transaction():
        rows = await run(f"select id from outbox where {SHOWN} and id = {{}}", actor, now - KEPT_FOR, message_id)  # noqa: S608 - constant condition
        if not rows:
            raise NotFound
        await run("update outbox set read_at = {} where id = {} and on_site and read_at is null", now, message_id)


@command
async def read_shown_messages(*, actor: int, shown: Collection[int], now: datetime) -> None:
    """« J’ai tout lu »: those of one's own messages that the page has shown, and no other."""
    if not shown:
        return
    async with transaction():
        await run(
            "update outbox set read_at = {} where member_id = {} and on_site and read_at is null "  # noqa: S608 - marks only
            f"and id in ({', '.join('{}' for _ in shown)})",
            now,
            actor,
            *sorted(shown),
        )


# ---------------------------------------------------------------------------------------------------- told by voice


@command
async def note_told(*, actor: int, place_id: int, message_id: int, now: datetime) -> None:
    """« C’est dit ». Who told it first stays. Raises `NotFound` for what nobody is called about at this place."""
    async with transaction():
        await _called_about(actor, place_id, message_id)
        await run(
            "update outbox set told_at = {}, told_by = {} where id = {} and told_at is null", now, actor, message_id
        )


@command
async def take_back_told(*, actor: int, place_id: int, message_id: int, now: datetime) -> None:
    """« En fait non », on the same day. Raises `NotFound`, or `Refused` on another day."""
    async with transaction():
        row = await _called_about(actor, place_id, message_id)
        if row["told_at"] is None:
            return
        reason = rules.why_told_stays(local_day(row["told_at"]), local_day(now))
        if reason is not None:
            raise Refused(reason)
        await run("update outbox set told_at = null, told_by = null where id = {}", message_id)


async def _called_about(actor: int, place_id: int, message_id: int) -> dict[str, Any]:
    if not await call_of(message_id, place_id=place_id, asking=actor):
        raise NotFound
    rows = await get_for_update(Outbox, message_id)
    if not rows:
        raise NotFound
    return rows[0]
