"""A mail server on a real socket, which does what a test asks of it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

CERTIFICATE = Path(__file__).parent / "localhost.pem"
"""Of this server alone: for 127.0.0.1, its key beside it, trusted where SSL_CERT_FILE names it."""


@dataclass
class MailServer:
    """What came, and what the server says to whom."""

    scheme: str = "smtp"
    refused: dict[str, str] = field(default_factory=dict)
    """Address → what is answered to RCPT."""
    sender_refused: str = ""
    data_refused: str = ""
    port: int = 0
    delay: float = 0.0
    then: dict[int, Callable[[], None]] = field(default_factory=dict)
    """How many mails have come → what to do, before whoever sent the last of them hears that it was taken."""
    received: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    # The names are aiosmtpd's.
    async def handle_MAIL(  # see above
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.sender_refused:
            return self.sender_refused
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # see above
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # see above
        await asyncio.sleep(self.delay)
        if self.data_refused:
            return self.data_refused
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.received.append(message)
        self.envelopes.append((envelope.mail_from or "", list(envelope.rcpt_tos)))
        await self.delivered(message, envelope)
        if deed := self.then.pop(len(self.received), None):
            deed()
            await asyncio.sleep(0.02)
        return "250 OK"

    async def delivered(self, message: EmailMessage, envelope: Envelope) -> None:
        """It was taken, and its sender does not know yet."""

    def login(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == "mot de passe+é".encode())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[MailServer]:
        """Listening; on the same port again the second time."""
        tls = None
        if self.scheme != "smtp":
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(CERTIFICATE)

        def protocol() -> SMTP:
            self.connections += 1
            starts_clear = self.scheme == "smtp+starttls"
            return SMTP(
                self,
                loop=asyncio.get_running_loop(),
                hostname="localhost",
                tls_context=tls if starts_clear else None,
                require_starttls=starts_clear,
                auth_required=starts_clear,
                auth_require_tls=starts_clear,
                authenticator=self.login,
            )

        listening = await asyncio.get_running_loop().create_server(
            protocol, "127.0.0.1", self.port, ssl=tls if self.scheme == "smtps" else None
        )
        self.port = listening.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            listening.close()
            await listening.wait_closed()
