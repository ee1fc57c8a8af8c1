"""Slow clients, many at once, from one address.

Some never end a handshake, their headers or a form; some never read what they asked for.
"""

import asyncio
import ssl
from dataclasses import dataclass, field

PAUSE = 2.0
"""Seconds between two crumbs: less than any time-out between two pieces."""
HEADERS = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
FORM = (
    b"POST /langue HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 100000\r\n\r\nlanguage=en&padding="
)
# So many pages asked for in one breath that the answers fill whatever stands between us and the server.
PAGES = b"GET /accessibilite HTTP/1.1\r\nHost: localhost\r\n\r\n" * 400


def frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    """A frame of HTTP/2 (RFC 9113, 4.1)."""
    return len(content).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + content


DATA, HEADER, SETTINGS, CONTINUATION, END_HEADERS = 0, 1, 4, 9, 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, b"")
# POST, https, and by name: :path, :authority, content-length (RFC 7541, appendix A).
FIELDS = b"\x83\x87" + b"\x04\x07/langue" + b"\x01\x09localhost" + b"\x0f\x0d\x06100000"
OPENINGS = {
    "handshake": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a ClientHello of 512 bytes begins
    "headers": HEADERS,
    "form": FORM,
    "reading": PAGES,
    "headers by HTTP/2": PREFACE + frame(HEADER, 0, 1, FIELDS),
    "form by HTTP/2": PREFACE + frame(HEADER, END_HEADERS, 1, FIELDS),
}
CRUMBS = {
    "handshake": b"x",
    "headers": b"X-Crumb: 1\r\n",
    "form": b"x",
    "headers by HTTP/2": frame(CONTINUATION, 0, 1, b"\x00\x01a\x01b"),
    "form by HTTP/2": frame(DATA, 0, 1, b"x"),
}


@dataclass
class Slow:
    """One slow client: what was answered to it, and whether the server has let go of it."""

    kind: str
    ended: bool = False
    answer: bytes = b""


@dataclass
class Attack:
    """All of them. `await run(seconds)`, and look at `clients` meanwhile or after."""

    port: int
    trust: ssl.SSLContext | None
    address: str
    counts: dict[str, int]
    trust_by_http_2: ssl.SSLContext | None = None
    clients: list[Slow] = field(default_factory=list)

    async def run(self, seconds: float) -> None:
        """Hold on for so long, then let everything go."""
        tasks = [asyncio.create_task(self._one(kind)) for kind, count in self.counts.items() for _ in range(count)]
        await asyncio.wait(tasks, timeout=seconds)
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    def held(self, kind: str) -> int:
        """How many of this kind hold their connection still."""
        return sum(client.kind == kind and not client.ended for client in self.clients)

    def answers(self, kind: str) -> list[bytes]:
        """The first lines of what was answered to this kind, by HTTP/1.1."""
        return [client.answer.partition(b"\r\n")[0] for client in self.clients if client.kind == kind and client.answer]

    async def _one(self, kind: str) -> None:
        client = Slow(kind)
        self.clients.append(client)
        trust = self.trust_by_http_2 if kind.endswith("HTTP/2") else self.trust if kind != "handshake" else None
        name = "localhost" if trust else None
        try:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", self.port, ssl=trust, server_hostname=name, local_addr=(self.address, 0), limit=2**12
            )
            try:
                writer.write(OPENINGS[kind])
                if kind == "reading":
                    writer.transport.pause_reading()  # type: ignore[attr-defined]  # each real transport has it
                    await asyncio.sleep(3600)
                await asyncio.gather(self._crumbs(writer, CRUMBS[kind]), self._listen(reader, client))
            finally:
                writer.transport.abort()
        except OSError:  # reset by the server
            client.ended = True

    async def _crumbs(self, writer: asyncio.StreamWriter, crumb: bytes) -> None:
        while not writer.is_closing():
            writer.write(crumb)
            await writer.drain()
            await asyncio.sleep(PAUSE)

    async def _listen(self, reader: asyncio.StreamReader, client: Slow) -> None:
        while piece := await reader.read(2**12):
            client.answer += piece
        client.ended = True
        raise ConnectionResetError
