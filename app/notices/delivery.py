"""Sends what waits in the outbox: at least once each, and twice only after a crash between sending and noting it.

A round leases a few rows (other processes pass them over), sends them outside of any transaction over one connection
and notes each at once. What a mail says was decided by `app.notices.api`; when to look again is up to `app.jobs`.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

import aiosmtplib
from piccolo.columns import Column
from piccolo.columns.combination import And

from app.database import is_sqlite, run, transaction
from app.errors import DatabaseHeld
from app.notices.rules import TRIES, is_path, one_line, pause_after, short_subject
from app.notices.tables import Outbox
from app.settings import Settings, SettingsError

log = logging.getLogger("reseau.mail")

BATCH = 10
LEASE = timedelta(minutes=5)
"""How long a process has for its batch. After a crash, its mails wait this long before another takes them."""
COMMAND_PATIENCE = 20.0
MAIL_PATIENCE = 60.0
"""Seconds for one command of the dialogue, and for one mail."""
QUIET_AT_MOST = timedelta(minutes=5)

_CLAIM = """
update outbox set lease_until = {}, lease_by = {}, tries = tries + 1 where id in (
    select id from outbox where recipient <> '' and sent_at is null and logged_at is null and set_aside_at is null
    and run_at <= {} and (lease_until is null or lease_until < {}) order by run_at, id limit {} /* skip */
) returning *
"""
_PUT_IN_LOG = """
update outbox set logged_at = {}, error = {} where id in (
    select id from outbox where recipient <> '' and sent_at is null and logged_at is null and set_aside_at is null
    and run_at <= {} and (lease_until is null or lease_until < {}) order by run_at, id /* skip */
) returning id
"""
_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_NOT_CONFIGURED = "mail not sent: no SMTP configured"


class ServerAway(Exception):
    """The mail server cannot be reached, or does not let us in: no fault of any mail."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """What RESEAU_SMTP_URL says."""

    scheme: str
    host: str
    port: int
    user: str | None
    password: str | None

    @classmethod
    def of(cls, url: str) -> MailServer:
        """`smtp://host` (in clear), `smtp+starttls://user:password@host:587`, `smtps://…`; special signs as %XX."""
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in _PORTS or not parts.hostname or port == -1:
            raise SettingsError("RESEAU_SMTP_URL must name a mail server, like smtp+starttls://user:password@host:587.")
        return cls(
            scheme=parts.scheme,
            host=parts.hostname,
            port=port or _PORTS[parts.scheme],
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password or "") if parts.username else None,
        )

    async def connect(self) -> aiosmtplib.SMTP:
        """A connection that is ready to take mails. Raises `ServerAway`."""
        client = aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            username=self.user,
            password=self.password,
            use_tls=self.scheme == "smtps",
            start_tls=self.scheme == "smtp+starttls",
            timeout=COMMAND_PATIENCE,
        )
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            client.close()
            raise ServerAway(_short(error)) from error
        return client


def message_of(row: dict[str, Any], settings: Settings, at: datetime) -> EmailMessage:
    """A row of the outbox as the mail that goes out. Raises `ValueError` when no mail can be made of it."""
    message = EmailMessage()
    name, sender = parseaddr(settings.mail_from)
    message["From"] = Address(one_line(name), addr_spec=_plain_domain(sender))
    message["To"] = Address(addr_spec=_plain_domain(row["recipient"]))
    message["Subject"] = short_subject(row["subject"])
    message["Date"] = format_datetime(at)
    # From what the mail is about, not from its number: the same for ever, also after a restore.
    stable = hashlib.sha256(row["dedupe"].encode("utf-8", "replace")).hexdigest()[:32]
    message["Message-ID"] = f"<{stable}@{urlsplit(settings.base_url).hostname or 'localhost'}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday reply comes back
    message.set_content(text_of(row, settings.base_url), cte="quoted-printable")
    message["Content-Language"] = row["language"]
    return message


def text_of(row: dict[str, Any], base_url: str) -> str:
    """What is read: the words, the one link, who it is from. The link begins with our own address, whoever asked."""
    parts = [row["body"]]
    if is_path(row["link"]):
        parts.append(base_url + row["link"])
    return "\n\n".join([*parts, f"-- \n{row['signature']}"]) + "\n"


def _plain_domain(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return address if domain.isascii() else f"{local}@{domain.encode('idna').decode()}"


class Postman:
    """Empties the outbox. One for each process, since it remembers that the server was away."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.server = MailServer.of(settings.smtp_url) if settings.smtp_url else None
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._quiet_until: datetime | None = None
        self._away = 0

    async def deliver(self, now: datetime, *, stop: asyncio.Event | None = None) -> int:
        """Send what is due and return how many left. `stop` ends it after the mail that is on its way."""
        if self._quiet_until is not None and now < self._quiet_until:
            return 0
        if not await Outbox.select(Outbox.id).where(_due(now)).limit(1):
            return 0
        if self.server is None:
            return await self._put_in_the_log(now)
        started = time.monotonic()
        done = 0
        while stop is None or not stop.is_set():
            at = now + timedelta(seconds=time.monotonic() - started)
            await self._set_aside_the_worn_out(at)
            rows = await self._claim(at)
            if not rows:
                break
            try:
                done += await self._send_all(rows, at, stop)
            except ServerAway as away:
                self._away += 1
                self._quiet_until = at + min(timedelta(seconds=5) * int(2 ** min(self._away, 10)), QUIET_AT_MOST)
                log.warning("mail server away: %s", away)
                break
            self._away, self._quiet_until = 0, None
        return done

    # ------------------------------------------------------------------------------------------- leasing and noting

    async def _claim(self, at: datetime) -> list[dict[str, Any]]:
        async with transaction():
            rows = await run(_passing_over(_CLAIM), at + LEASE, self.name, at, at, BATCH)
        return sorted(rows, key=lambda row: (row["run_at"], row["id"]))

    async def _set_aside_the_worn_out(self, at: datetime) -> None:
        """Those whose last try ended in a crash."""
        worn_out = _due(at) & (Outbox.tries >= TRIES)
        if await Outbox.select(Outbox.id).where(worn_out).limit(1):
            async with transaction():
                await Outbox.update({Outbox.set_aside_at: at, Outbox.error: "each try was cut short"}).where(worn_out)

    async def _put_in_the_log(self, now: datetime) -> int:
        async with transaction():
            rows = await run(_passing_over(_PUT_IN_LOG), now, _NOT_CONFIGURED, now, now)
        for number in sorted(row["id"] for row in rows):
            log.info(_NOT_CONFIGURED, extra={"mail": number})
        return len(rows)

    async def _note(self, row: dict[str, Any], values: dict[Column | str, Any]) -> None:
        """Write what became of it, if it is still ours. Patient, since a mail that left unnoted would leave again."""
        for tries_left in (2, 1, 0):
            try:
                async with transaction():
                    await Outbox.update({**values, Outbox.lease_until: None, Outbox.lease_by: None}).where(
                        (Outbox.id == row["id"]) & (Outbox.lease_by == self.name) & _waiting()
                    )
                return
            except DatabaseHeld:
                if not tries_left:
                    raise

    async def _give_back(self, rows: Sequence[dict[str, Any]], error: str) -> None:
        """Those which nobody tried to send: as if they had not been leased."""
        for row in rows:
            await self._note(row, {Outbox.tries: row["tries"] - 1, Outbox.error: error or row["error"]})

    # ------------------------------------------------------------------------------------------------------ sending

    async def _send_all(self, rows: list[dict[str, Any]], at: datetime, stop: asyncio.Event | None) -> int:
        assert self.server is not None
        waiting = list(rows)
        try:
            client = await self.server.connect()
        except ServerAway as away:
            await self._give_back(waiting, f"mail server away: {away}")
            raise
        started = time.monotonic()
        done = 0
        try:
            while waiting and client.is_connected and not (stop is not None and stop.is_set()):
                elapsed = timedelta(seconds=time.monotonic() - started)
                if elapsed + timedelta(seconds=MAIL_PATIENCE) > LEASE:
                    break
                row = waiting.pop(0)
                done += await self._send_one(client, row, at + elapsed)
        except ServerAway as away:
            await self._give_back(waiting, f"mail server away: {away}")
            raise
        finally:
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()
            client.close()
        await self._give_back(waiting, "")
        return done

    async def _send_one(self, client: aiosmtplib.SMTP, row: dict[str, Any], at: datetime) -> int:
        try:
            async with asyncio.timeout(MAIL_PATIENCE):
                message = message_of(row, self.settings, at)
                await client.send_message(message)
        except (ValueError, aiosmtplib.SMTPNotSupported) as error:
            await self._refused(row, at, error, for_good=True)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            await self._refused(row, at, refused, for_good=all(each.code >= 500 for each in refused.recipients))
        except aiosmtplib.SMTPResponseException as error:
            if error.code == 421 or isinstance(error, aiosmtplib.SMTPSenderRefused):
                # The server closes, or will not have our sender: the next mail would fare no better.
                await self._give_back([row], f"mail server away: {_short(error)}")
                raise ServerAway(_short(error)) from error
            await self._refused(row, at, error, for_good=False)
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()  # cut off or too slow: what comes next on this line would answer something else
            await self._refused(row, at, error, for_good=False)
        else:
            await self._note(row, {Outbox.sent_at: at, Outbox.error: ""})
            return 1
        return 0

    async def _refused(self, row: dict[str, Any], at: datetime, error: Exception, *, for_good: bool) -> None:
        said = _short(error).replace(row["recipient"], "…")
        if for_good or row["tries"] >= TRIES:
            await self._note(row, {Outbox.set_aside_at: at, Outbox.error: said})
            log.warning("mail set aside: %s", type(error).__name__, extra={"mail": row["id"]})
        else:
            await self._note(row, {Outbox.run_at: at + pause_after(row["tries"]), Outbox.error: said})
            log.info("mail not taken yet: %s", type(error).__name__, extra={"mail": row["id"]})


def _waiting() -> And:
    """Still to be sent, in the words of the partial index `outbox_to_send`."""
    open_ends = Outbox.sent_at.is_null() & Outbox.logged_at.is_null() & Outbox.set_aside_at.is_null()
    return (Outbox.recipient != "") & open_ends


def _due(at: datetime) -> And:
    return _waiting() & (Outbox.run_at <= at) & (Outbox.lease_until.is_null() | (Outbox.lease_until < at))


def _passing_over(sql: str) -> str:
    """On PostgreSQL, rows that another process is leasing are passed over; SQLite has one writer at a time."""
    return sql if is_sqlite() else sql.replace("/* skip */", "for update skip locked")


def _short(error: BaseException) -> str:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return "; ".join(f"{each.code} {one_line(str(each.message))[:200]}" for each in error.recipients)
    return one_line(f"{type(error).__name__}: {error}")[:300]
