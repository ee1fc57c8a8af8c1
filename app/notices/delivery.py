"""Sends what waits in the outbox: at least once each, and twice only when we crashed, or the server fell silent,
between the end of a mail and our note of it.

A round leases a few rows (other processes pass them over) and sends them outside of any transaction. Each is leased
anew just before it goes, and noted at once. How a row becomes a mail is up to `composing`, the way to the server to
`smtp`, when to look again to `app.jobs`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import aiosmtplib

from app.contracts import EntryKind
from app.database import is_sqlite, run, transaction
from app.errors import DatabaseHeld
from app.notices.composing import Composer, Row
from app.notices.rules import TRIES, pause_after
from app.notices.smtp import Line, MailServer, PerhapsGone, ServerAway, short
from app.notices.states import WAYS_IN, Method
from app.settings import Settings
from app.steady import Clocks, Watch

log = logging.getLogger("reseau.mail")

BATCH = 10
LEASE = timedelta(minutes=5)
"""How long a mail is a process's own. While it is on its way, that is renewed; after a crash, another takes it then."""
APART = timedelta(minutes=1)
"""How far the clocks of two machines may be apart. A lease that ends later than LEASE and this is by a clock that was
ahead, and no lease any more."""
QUIET_AT_MOST = timedelta(minutes=5)

_WAITS = "recipient <> '' and sent_at is null and logged_at is null and set_aside_at is null"
"""In the words of the partial index `outbox_to_send`."""
_LATE = " or ".join(f"(tries = {tries} and run_at > {{}})" for tries in range(1, TRIES))
_DUE = f"{_WAITS} and (run_at <= {{}} or (tries = 0 and created_at > {{}}) or {_LATE})"
"""What was written in the future, or put off for longer than mails are, was so before the clock was set back."""
_IN_ORDER = (
    "(about_id is null or member_id is null or not exists (select 1 from outbox as older "
    "where older.member_id = outbox.member_id and older.about_kind = outbox.about_kind "
    "and older.about_id = outbox.about_id and older.id < outbox.id and older.recipient <> '' "
    "and older.sent_at is null and older.logged_at is null and older.set_aside_at is null))"
)
"""What is about the same thing leaves to the same person in the order in which it was told: an invitation that the
server put off must not come after the cancellation. In the words of the partial index `outbox_in_order`."""
_HAD = (
    "exists (select 1 from outbox as other "
    "where other.member_id = {} and other.about_kind = {} and other.about_id = {} and other.method = 'REQUEST' "
    "and other.recipient <> '' and other.set_aside_at is null and other.logged_at is null)"
)
"""Whether the event has gone to this person's calendar by another mail, or still may."""
_FREE = "(lease_until is null or lease_by = {} or lease_until < {} or lease_until > {})"
_FREE_FOR_THE_WARY = "(lease_until is null or lease_by = {})"
_WAY_IN = f"kind in ({', '.join(repr(kind.value) for kind in sorted(WAYS_IN))})"
_ON_SITE = f"(on_site or (member_id is not null and not {_WAY_IN}))"
"""What could not leave is read on the site, and told by telephone; a way in is nothing there."""
_NO_LONGER_TRUE = "no longer true when it could leave"
_NOT_CONFIGURED = "mail not sent: no SMTP configured"


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a mail, to be noted."""

    row: Row
    changes: Mapping[str, Any]
    left: bool = False
    """Whether it has left: that is true whoever holds the lease by now."""


class Postman:
    """Empties the outbox. One for each process, since it remembers what the clock and the mail server did.

    `kinds` are the registry's; without an address of a mail server, mails are noted in the log.
    """

    def __init__(self, settings: Settings, kinds: Mapping[str, EntryKind], *, clocks: Clocks | None = None) -> None:
        self.composer = Composer(settings, kinds)
        self.server = MailServer.of(settings.smtp_url) if settings.smtp_url else None
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self.clocks = clocks or Clocks()
        self._is_shown_elsewhere = settings.demo
        self._watch = Watch(self.clocks)
        self._wary_until = float("-inf")
        self._quiet_until: tuple[datetime, float] | None = None
        self._away = 0
        self._unnoted: list[Fate] = []

    async def deliver(
        self,
        at: datetime | None = None,
        *,
        stop: asyncio.Event | None = None,
        settled: Callable[[], None] = lambda: None,
    ) -> int:
        """Send what is due and return how many left. `stop` ends it after the mail that is on its way, `settled` is
        called after each. `at` is the hour that it is now; the clock's, if none is given."""
        started = self.clocks.steady()

        def hour() -> datetime:
            return self.clocks.wall() if at is None else at + timedelta(seconds=self.clocks.steady() - started)

        self._look()
        while self._unnoted:  # else they would leave again
            await self._write(self._unnoted[0], [], hour())
            self._unnoted.pop(0)
        if self._keeps_quiet(hour()) or not await self._is_anything_due(hour()):
            return 0
        if self.server is None:
            return await self._put_in_the_log(hour())
        line = Line(self.server)
        done = 0
        try:
            while not _is_set(stop) and (rows := await self._claim(hour())):
                done += await self._send_all(line, rows, hour, stop, settled)
        except ServerAway as away:
            self._be_quiet(hour())
            log.warning("mail server away: %s", away)
        finally:
            await line.hang_up()
        return done

    # -------------------------------------------------------------------------------------------- clock and patience

    def _look(self) -> None:
        """After the clock was set or the machine slept, leases of others look over that are not: their processes slept
        too, or write by another clock. They get the whole time of a lease, awake, to go on."""
        moved = self._watch.look()
        if moved is not None and max(abs(moved.by), moved.slept) >= APART:
            self._wary_until = self.clocks.awake() + LEASE.total_seconds()

    def _be_quiet(self, at: datetime) -> None:
        self._away += 1
        pause = min(timedelta(seconds=5) * int(2 ** min(self._away, 10)), QUIET_AT_MOST)
        self._quiet_until = at + pause, self.clocks.steady() + pause.total_seconds()

    def _keeps_quiet(self, at: datetime) -> bool:
        """By both clocks: one may be set back, the other is told nothing of the hour that a caller gives."""
        return (
            self._quiet_until is not None and at < self._quiet_until[0] and self.clocks.steady() < self._quiet_until[1]
        )

    # ------------------------------------------------------------------------------------------- leasing and noting

    def _due_and_free(self, at: datetime) -> tuple[str, list[Any]]:
        hours = [at, at, *(at + pause_after(tries) + APART for tries in range(1, TRIES))]
        if self.clocks.awake() < self._wary_until:
            return f"{_DUE} and {_FREE_FOR_THE_WARY}", [*hours, self.name]
        return f"{_DUE} and {_FREE}", [*hours, self.name, at, at + LEASE + APART]

    async def _is_anything_due(self, at: datetime) -> bool:
        where, args = self._due_and_free(at)
        return bool(await run(f"select id from outbox where {where} and {_IN_ORDER} limit 1", *args))  # noqa: S608 - constants of this file

    async def _claim(self, at: datetime) -> list[Row]:
        """A few mails, leased, the first of them about to go: ways in first, since somebody sits and waits for each;
        then those that nobody has tried, so that none waits for one that each process falls over; then the oldest."""
        where, args = self._due_and_free(at)
        chosen = (
            f"select id from outbox where {where} and {_IN_ORDER} "  # noqa: S608 - constants of this file
            f"order by case when {_WAY_IN} then 0 else 1 end, tries, run_at, id limit {{}} {_passing_over()}"
        )
        async with transaction():
            rows = await run(
                # Materialised, or PostgreSQL may choose, and so lock, more than once.
                f"with chosen as materialized ({chosen}) "  # noqa: S608 - constants of this file
                "update outbox set lease_until = {}, lease_by = {} "
                "where id in (select id from chosen) returning *",
                *args,
                BATCH,
                at + LEASE,
                self.name,
            )
            rows.sort(key=lambda row: (row["kind"] not in WAYS_IN, row["tries"], row["run_at"], row["id"]))
            return await self._lease_next(rows, at)

    async def _lease_next(self, waiting: Sequence[Row], at: datetime) -> list[Row]:
        """What is still ours of those that wait. The first has its whole lease before it, and this try counted: a mail
        that no process survives takes none with it."""
        for place, row in enumerate(waiting, 1):
            found = await run(
                "update outbox set lease_until = {}, tries = tries + 1 "  # noqa: S608 - constants of this file
                f"where id = {{}} and lease_by = {{}} and {_WAITS} returning *",
                at + LEASE,
                row["id"],
                self.name,
            )
            if found:
                return [*found, *waiting[place:]]
        return []

    async def _put_in_the_log(self, at: datetime) -> int:
        where, args = self._due_and_free(at)
        on_site = "on_site" if self._is_shown_elsewhere else _ON_SITE
        async with transaction():
            rows = await run(
                f"update outbox set logged_at = {{}}, error = {{}}, on_site = {on_site} where id in "  # noqa: S608 - constants of this file
                f"(select id from outbox where {where} order by run_at, id {_passing_over()}) returning id",
                at,
                _NOT_CONFIGURED,
                *args,
            )
            if not self._is_shown_elsewhere:
                gone = await run("delete from outbox where forget and logged_at is not null returning id")
                if gone:
                    await run("insert into to_wipe (asked_at) values ({})", at)
        for number in sorted(row["id"] for row in rows):
            log.info(_NOT_CONFIGURED, extra={"mail": number})
        return len(rows)

    async def _note(self, fate: Fate, waiting: Sequence[Row], at: datetime) -> Sequence[Row]:
        """`_write`, patiently. What has left and cannot be noted is remembered, to be noted before anything else."""
        for tries_left in (2, 1, 0):
            try:
                return await self._write(fate, waiting, at)
            except DatabaseHeld:
                if not tries_left:
                    if fate.left:
                        self._unnoted.append(fate)
                    raise
        raise AssertionError

    async def _write(self, fate: Fate, waiting: Sequence[Row], at: datetime) -> Sequence[Row]:
        """Note what became of a mail and lease the next one anew, in one commit. Returns what is still ours."""
        changes = ", ".join(f"{column} = {{}}" for column in fate.changes)
        if "set_aside_at" in fate.changes:
            changes += f", on_site = {_ON_SITE}"
        mine, whose = ("", []) if fate.left else ("and lease_by = {}", [self.name])
        async with transaction():
            if fate.row["forget"] and not fate.changes.keys().isdisjoint(("sent_at", "set_aside_at", "logged_at")):
                await run(f"delete from outbox where id = {{}} {mine}", fate.row["id"], *whose)  # noqa: S608 - constants of this file
                await run("insert into to_wipe (asked_at) values ({})", at)
            else:
                await run(
                    f"update outbox set {changes}, lease_until = null, lease_by = null "  # noqa: S608 - constants of this file
                    f"where id = {{}} and {_WAITS} {mine}",
                    *fate.changes.values(),
                    fate.row["id"],
                    *whose,
                )
            if (
                not fate.changes.keys().isdisjoint(("set_aside_at", "logged_at"))
                and fate.row["method"] == Method.REQUEST
            ):
                await self._take_back(fate.row)
            return await self._lease_next(waiting, at)

    async def _take_back(self, row: Row) -> None:
        """The event will not get to this calendar: nothing that cancels it may go there, now or later."""
        whom_and_what = row["member_id"], row["about_kind"], row["about_id"]
        await run(
            "delete from calendar_request where member_id = {} and kind = {} and thing_id = {} and sequence = {} "  # noqa: S608 - constants of this file
            f"and cancelled_at is null and not {_HAD}",
            *whom_and_what,
            row["sequence"],
            *whom_and_what,
        )
        await run(
            "update outbox set method = '', event = '' where member_id = {} and about_kind = {} and about_id = {} "  # noqa: S608 - constants of this file
            f"and method = 'CANCEL' and {_WAITS} and not {_HAD}",
            *whom_and_what,
            *whom_and_what,
        )

    async def _renew(self, row: Row, at: datetime) -> None:
        async with transaction():
            await run(
                f"update outbox set lease_until = {{}} where id = {{}} and lease_by = {{}} and {_WAITS}",  # noqa: S608 - constants of this file
                at + LEASE,
                row["id"],
                self.name,
            )

    async def _give_back(self, rows: Sequence[Row], *, counted: bool, error: str = "") -> None:
        """Those which nobody tried to send: as if they had not been leased. `counted`: the first was about to go."""
        if not rows:
            return
        changes, args = (", error = {}", [error]) if error else ("", [])
        async with transaction():
            await run(
                f"update outbox set tries = tries - case when id = {{}} then 1 else 0 end, "  # noqa: S608 - marks only
                f"lease_until = null, lease_by = null{changes} "
                f"where lease_by = {{}} and id in ({', '.join('{}' for _ in rows)}) and {_WAITS}",
                rows[0]["id"] if counted else 0,
                *args,
                self.name,
                *(row["id"] for row in rows),
            )

    # ------------------------------------------------------------------------------------------------------ sending

    async def _send_all(
        self,
        line: Line,
        rows: Sequence[Row],
        hour: Callable[[], datetime],
        stop: asyncio.Event | None,
        settled: Callable[[], None],
    ) -> int:
        """Send these, the first of which was leased just now, one after the other. Raises `ServerAway`.

        However it ends, what it does not send is free again.
        """
        done = 0
        fate: Fate | None = None
        try:
            while rows and not _is_set(stop):
                fate = await self._send_one(line, rows[0], hour)
                self._look()
                left = fate.left
                rows, fate = await self._note(fate, rows[1:], hour()), None
                if left:
                    done += 1
                    self._away, self._quiet_until = 0, None
                settled()
        except ServerAway as away:
            await self._give_back(rows, counted=True, error=f"mail server away: {away}")
            raise
        except asyncio.CancelledError:
            if fate is None and line.may_have_taken:
                fate = self._perhaps_gone(rows[0], hour(), "stopped before the answer to its end")
            line.cut()
            if fate is not None:
                await self._write(fate, [], hour())
            await self._give_back(rows if fate is None else rows[1:], counted=fate is None)
            raise
        except Exception:
            with suppress(DatabaseHeld):
                await self._give_back(rows[1:], counted=False)
            raise
        await self._give_back(rows, counted=True)
        return done

    async def _send_one(self, line: Line, row: Row, hour: Callable[[], datetime]) -> Fate:
        """Try to send one mail. Raises `ServerAway`, when the next mail would fare no better."""
        if row["good_until"] is not None and hour() >= row["good_until"]:
            log.info("mail not sent: no longer true", extra={"mail": row["id"]})
            return Fate(row, {"logged_at": hour(), "error": _NO_LONGER_TRUE})
        if row["tries"] > TRIES:
            return self._set_aside(row, hour(), "each try was cut short")
        try:
            message = self.composer.message(row, hour())
        except ValueError as error:
            return self._set_aside(row, hour(), f"no mail can be made of it: {type(error).__name__}")
        except Exception as error:  # a fault of the program: the next version may know better
            log.exception("mail could not be made", extra={"mail": row["id"]})
            return self._not_taken(row, hour(), f"no mail was made of it: {type(error).__name__}")
        try:
            await self._hand_over(line, message, row, hour)
        except PerhapsGone as error:
            line.cut()
            return self._perhaps_gone(row, hour(), str(error))
        except (ValueError, aiosmtplib.SMTPNotSupported) as error:
            return self._set_aside(row, hour(), short(error, row["recipient"]))
        except aiosmtplib.SMTPRecipientsRefused as refused:
            said = short(refused, row["recipient"])
            if all(each.code >= 500 for each in refused.recipients):
                return self._set_aside(row, hour(), said)
            return self._not_taken(row, hour(), said)
        except aiosmtplib.SMTPResponseException as error:
            if error.code == 421 or isinstance(error, aiosmtplib.SMTPSenderRefused):  # closes, or will have none of us
                raise ServerAway(short(error, row["recipient"])) from error
            return self._not_taken(row, hour(), short(error, row["recipient"]))
        except (aiosmtplib.SMTPException, OSError) as error:
            line.cut()
            return self._not_taken(row, hour(), short(error, row["recipient"]))
        return Fate(row, {"sent_at": hour(), "error": ""}, left=True)

    async def _hand_over(self, line: Line, message: EmailMessage, row: Row, hour: Callable[[], datetime]) -> None:
        """Send it, and keep it ours for as long as that takes: a server may think about a mail for minutes."""
        sending = asyncio.create_task(line.send(message))
        try:
            while not (await asyncio.wait({sending}, timeout=LEASE.total_seconds() / 3))[0]:
                with suppress(DatabaseHeld):
                    await self._renew(row, hour())
        finally:
            if not sending.done():
                sending.cancel()
                await asyncio.wait({sending})
        sending.result()

    def _perhaps_gone(self, row: Row, at: datetime, said: str) -> Fate:
        """Its end is out, and no answer came. Once it is tried again; then it counts as sent, or it would come to
        somebody time and again."""
        error = f"perhaps sent: {said}"
        if row["perhaps_at"] is not None or row["tries"] >= TRIES:
            log.warning("mail noted as sent, without an answer to its end", extra={"mail": row["id"]})
            return Fate(row, {"sent_at": at, "error": error}, left=True)
        log.info("mail perhaps taken", extra={"mail": row["id"]})
        return Fate(row, {"perhaps_at": at, "run_at": at + pause_after(row["tries"]), "error": error})

    def _not_taken(self, row: Row, at: datetime, said: str) -> Fate:
        """To be tried again later, if it has any tries left."""
        if row["tries"] >= TRIES:
            return self._set_aside(row, at, said)
        log.info("mail not taken yet", extra={"mail": row["id"]})
        return Fate(row, {"run_at": at + pause_after(row["tries"]), "error": said})

    def _set_aside(self, row: Row, at: datetime, said: str) -> Fate:
        log.warning("mail set aside", extra={"mail": row["id"]})
        return Fate(row, {"set_aside_at": at, "error": said})


async def how_many_wait() -> int:
    """Mails that have still to leave, due or not."""
    (row,) = await run(f"select count(*) as many from outbox where {_WAITS}")  # noqa: S608 - constants of this file
    return int(row["many"])


def _is_set(stop: asyncio.Event | None) -> bool:
    return stop is not None and stop.is_set()


def _passing_over() -> str:
    """On PostgreSQL, rows that another process is leasing are passed over; SQLite has one writer at a time."""
    return "" if is_sqlite() else "for update skip locked"
