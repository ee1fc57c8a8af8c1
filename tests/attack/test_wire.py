"""Hostile HTTP on a socket against the real server: refused or closed within a second, and the server goes on."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.servers import Server, answers, serving

pytestmark = pytest.mark.slow

PATIENCE = 5.0
"""Seconds until an answer is given up."""
A_SECOND = 1.0
"""What it may take. It was 0.03 s at most, also with seven programs on two cores."""
GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /connexion HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
HOSTILE: dict[str, bytes] = {
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100 + b"\r\n\r\n",
    "an unknown method": b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method of spaces": b"   / HTTP/1.1\r\nHost: x\r\n\r\n",
    "an unknown version": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    "no version": b"GET /nowhere\r\n\r\n",
    "a line of 100 kB": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a query of 100 kB": b"GET /agenda?genre=" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a header of 200 kB": GET + b"X-A: " + b"a" * 200_000 + b"\r\n\r\n",
    "ten thousand headers": GET + b"".join(b"X-%d: a\r\n" % each for each in range(10_000)) + b"\r\n",
    "a cookie of 100 kB": b"GET /moi HTTP/1.1\r\nHost: x\r\nCookie: session=" + b"a" * 100_000 + b"\r\n\r\n",
    "a header without a colon": GET + b"nonsense\r\n\r\n",
    "a header with NUL": GET + b"X-A: a\0b\r\n\r\n",
    "a folded header": GET + b"X-A: a\r\n b\r\n\r\nGET",
    "a bad length": POST + b"Content-Length: many\r\n\r\na=1",
    "a negative length": POST + b"Content-Length: -1\r\n\r\na=1",
    "two lengths": POST + b"Content-Length: 3\r\nContent-Length: 30\r\n\r\na=1",
    "a length and chunks": POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=1\r\n0\r\n\r\n",
    "nonsense chunks": POST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\na=1\r\n0\r\n\r\n",
    "a chunk of 16 exabytes": POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\na",
    "an unknown encoding": POST + b"Transfer-Encoding: cow\r\nContent-Length: 3\r\n\r\na=1",
    "two dots": b"GET /static/../../pyproject.toml HTTP/1.1\r\nHost: x\r\n\r\n",
    "encoded dots": b"GET /static/%2e%2e/%2e%2e/pyproject.toml HTTP/1.1\r\nHost: x\r\n\r\n",
    "dots encoded twice": b"GET /static/%252e%252e%252fpyproject.toml HTTP/1.1\r\nHost: x\r\n\r\n",
    "NUL in the path": b"GET /ateliers/1%00.html HTTP/1.1\r\nHost: x\r\n\r\n",
    "raw NUL in the path": b"GET /ateliers/\0 HTTP/1.1\r\nHost: x\r\n\r\n",
    "bytes in the path": b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    "bytes encoded in the path": b"GET /lieux/%ff%fe HTTP/1.1\r\nHost: x\r\n\r\n",
    "another site's address": b"GET http://evil.example/nowhere HTTP/1.1\r\nHost: x\r\n\r\n",
    "a tunnel": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
    "a star": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "TRACE": b"TRACE / HTTP/1.1\r\nHost: x\r\nCookie: session=secret\r\n\r\n",
    "a websocket": GET + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n",
}
TAKEN = {
    "an unknown version",
    "no version",
    "a folded header",
    "a cookie of 100 kB",
    "a websocket",
    "a query of 100 kB",
    "a header of 200 kB",
    "ten thousand headers",
}
"""What may be answered as any other request: it harms nobody. httptools bounds no headers; our proxy does."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("wire")
    database = folder / "wire.sqlite"
    database.write_bytes(sqlite_template.read_bytes())
    with serving(folder, f"sqlite:///{database}") as running:
        yield running


def told(server: Server, request: bytes) -> bytes:
    """What comes back until the server closes or falls silent after an answer. Fails when it stays silent."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as line:
        received = b""
        with suppress(ConnectionResetError, BrokenPipeError):  # closed in our face: that is an answer, too
            line.sendall(request)
            line.shutdown(socket.SHUT_WR)
            while piece := line.recv(65536):
                received += piece
        return received


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_refused_and_the_server_goes_on(server: Server, name: str) -> None:
    answer = told(server, HOSTILE[name])
    statuses = [int(each) for each in re.findall(rb"^HTTP/1\.1 (\d{3})", answer, re.MULTILINE)]
    assert not any(status >= 500 for status in statuses), answer[:300]
    if name not in TAKEN:
        assert not statuses or 400 <= statuses[0] < 500, answer[:300]
    assert b"Traceback" not in answer
    assert b"[build-system]" not in answer, "a file of the project"
    assert b"session=secret" not in answer, "nothing is echoed"
    assert answers(server.url)


def took(server: Server, request: bytes) -> float:
    began = time.monotonic()
    told(server, request)
    return time.monotonic() - began


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_over_within_a_second(server: Server, name: str) -> None:
    """Once of three times: what is slow is slow each time, a machine that others use is not."""
    assert any(took(server, HOSTILE[name]) < A_SECOND for _ in range(3))


def test_an_ordinary_request_is_answered_so(server: Server) -> None:
    """The positive control: what is refused above is refused for what it is."""
    assert told(server, GET + b"Connection: close\r\n\r\n").startswith(b"HTTP/1.1 200")
    assert told(server, POST + b"Content-Length: 3\r\n\r\na=1").startswith(b"HTTP/1.1 403")


def test_two_requests_are_not_read_as_one_another(server: Server) -> None:
    """A second request hidden in the body of the first is body (RFC 9112, 11.2)."""
    hidden = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = told(server, POST + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(hidden) + hidden)
    assert len(re.findall(rb"^HTTP/1\.1 ", answer, re.MULTILINE)) == 1
    assert b"\r\n\r\nok" not in answer


def test_what_was_sent_is_not_in_the_log_and_nothing_fell_over(server: Server) -> None:
    told(server, b"GET /connexion/lien/verysecrettoken?x=alsosecret HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    log = server.log.read_text()
    assert "/connexion/lien/" in log
    assert "verysecrettoken" not in log
    assert "alsosecret" not in log
    assert "Traceback" not in log
