"""The way to the mail server that RESEAU_SMTP_URL names: one line at a time, with little patience.

Which mails go over it, and what becomes of those that it does not take, is up to `delivery`.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import aiosmtplib

from app.notices.rules import one_line
from app.settings import SettingsError

MAILS_A_LINE = 50
"""Many servers hang up on whoever sends them more at once."""
CUTS_AT_MOST = 3
"""A server that cuts so many lines one after the other, each with a mail half told, is away."""
COMMAND_PATIENCE = 20.0
MAIL_PATIENCE = 60.0
"""Seconds for one command of the dialogue, and for one mail up to its end."""
END_PATIENCE = 600.0
"""Seconds for the answer to the end of a mail: whoever gives up earlier has it come twice (RFC 5321, 4.5.3.2.6)."""
GOODBYE_PATIENCE = 2.0

_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_DOT = re.compile(rb"^\.", re.MULTILINE)
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"']+@[^\s<>()\[\],;:\"']+")


class ServerAway(Exception):
    """The mail server cannot be reached, or does not let us in: no fault of any mail."""


class PerhapsGone(Exception):
    """The end of the mail went out and no answer came: the server may have taken it, or not."""


class _Client(aiosmtplib.SMTP):
    """Knows the moment from which on a mail may have been taken, and has more patience then."""

    patience: asyncio.Timeout | None = None
    ended = False
    """Whether the end of a mail is out, and not answered."""

    async def data(
        self,
        message: str | bytes,
        /,
        *,
        timeout: object = None,  # noqa: ASYNC109 - the library's name; ours are the constants above
    ) -> aiosmtplib.SMTPResponse:
        answer = await self.execute_command(b"DATA")
        if answer.code != aiosmtplib.SMTPStatus.start_input or self.protocol is None:
            raise aiosmtplib.SMTPDataError(answer.code, answer.message)
        content = message.encode("ascii") if isinstance(message, str) else message
        content = b"\r\n".join(content.splitlines())
        self.protocol.write(_DOT.sub(b"..", content) + b"\r\n.\r\n")
        self.ended = True
        if self.patience is not None:
            self.patience.reschedule(asyncio.get_running_loop().time() + END_PATIENCE)
        try:
            answer = await self.protocol.read_response()
        except (aiosmtplib.SMTPException, OSError) as error:
            raise PerhapsGone(short(error)) from error
        self.ended = False
        if not 200 <= answer.code < 300:
            raise aiosmtplib.SMTPDataError(answer.code, answer.message)
        return answer


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

    async def connect(self) -> _Client:
        """A connection that is ready to take mails. Raises `ServerAway`."""
        client = _Client(
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
            raise ServerAway(short(error)) from error
        return client


class Line:
    """One connection to the mail server, made when a mail needs it, and anew when it is used up or was cut."""

    def __init__(self, server: MailServer) -> None:
        self.server = server
        self._client: _Client | None = None
        self._mails = 0
        self._cuts = 0

    @property
    def may_have_taken(self) -> bool:
        """Whether the server may have taken the last mail without our having heard so."""
        return self._client is not None and self._client.ended

    async def send(self, message: EmailMessage) -> None:
        """Hand over one mail. Raises `ServerAway`, `PerhapsGone`, and what aiosmtplib has to say about this mail."""
        if self._cuts >= CUTS_AT_MOST:
            raise ServerAway("it cuts every line")
        if self._client is None or not self._client.is_connected or self._mails >= MAILS_A_LINE:
            await self.hang_up()
            self._client = await self.server.connect()
        self._mails += 1
        try:
            async with asyncio.timeout(MAIL_PATIENCE) as self._client.patience:
                await self._client.send_message(message)
        except TimeoutError as error:
            if self._client.ended:
                raise PerhapsGone("no answer to its end") from error
            raise
        self._cuts = 0

    def cut(self) -> None:
        """After a time-out or half an answer: what came next on this line would answer something else."""
        self._cuts += 1
        client, self._client, self._mails = self._client, None, 0
        if client is not None:
            client.close()

    async def hang_up(self) -> None:
        """Say goodbye, if there is still somebody there."""
        client, self._client, self._mails = self._client, None, 0
        if client is None:
            return
        try:
            if client.is_connected:
                with suppress(aiosmtplib.SMTPException, OSError):
                    await client.quit(timeout=GOODBYE_PATIENCE)
        finally:
            client.close()


def short(error: BaseException, recipient: str = "") -> str:
    """What the server said, in a line, without an address."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        said = "; ".join(f"{each.code} {one_line(str(each.message))[:200]}" for each in error.recipients)
    else:
        said = one_line(f"{type(error).__name__}: {error}")[:500]
    for part in (recipient, recipient.rpartition("@")[0]):
        if len(part) > 2:  # servers like to name the mailbox alone, and in capitals
            said = re.sub(re.escape(part), "…", said, flags=re.IGNORECASE)
    return without_addresses(said)[:300]


def without_addresses(said: str) -> str:
    """The same with « … » for whatever looks like a mail address."""
    return _ADDRESS.sub("…", said)
