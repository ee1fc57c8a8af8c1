"""The server as a program of its own: it answers, logs, and ends in order when it is told to."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from app.serving import AddressTaken, address_of, listen
from tests.servers import RESEAU, ROOT, START, STOP, answers, serving, until


def slow_request(port: int) -> tuple[socket.socket, Callable[[], bytes]]:
    """A form whose second half is yet to come, and what sends it and reads the whole answer."""
    body = b"language=en&padding=" + b"x" * 1000
    line = socket.create_connection(("127.0.0.1", port), timeout=STOP)
    line.sendall(
        b"POST /langue HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: %d\r\n\r\n" % (port, len(body)) + body[:500]
    )

    def rest() -> bytes:
        line.sendall(body[500:])
        answer = b""
        while b"\r\n\r\n" not in answer:
            piece = line.recv(65536)
            if not piece:
                break
            answer += piece
        return answer

    return line, rest


CASES = [("sqlite", ()), ("postgres", ("--workers", "2"))]


ECHO = """
from app.serving import address_of, listen, serve_until_stopped

async def echo(scope, receive, send):
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({{"type": "lifespan.startup.complete"}})
        await send({{"type": "lifespan.shutdown.complete"}})
        return
    await send({{"type": "http.response.start", "status": 200, "headers": []}})
    await send({{"type": "http.response.body", "body": scope["client"][0].encode()}})

listening = listen("127.0.0.1", 0)
print(address_of(listening), flush=True)
serve_until_stopped(listening, echo, proxy_headers={believed})
"""


class TestServe:
    @pytest.mark.parametrize(("engine", "args"), CASES, ids=["sqlite", "postgres, 2 workers"])
    def test_it_answers_and_a_slow_request_ends_before_it_does(
        self, request: pytest.FixtureRequest, tmp_path: Path, engine: str, args: tuple[str, ...]
    ) -> None:
        database = request.getfixturevalue(f"{engine}_database_url")
        with serving(tmp_path, database, *args) as server:
            line, rest = slow_request(server.port)
            with line:
                time.sleep(0.5)  # both halves of the race are known: it is being read now
                server.process.send_signal(signal.SIGTERM)
                time.sleep(1)
                assert server.process.poll() is None, "it ended while a request was under way"
                assert not answers(server.url), "it takes new requests while it ends"
                answer = rest()
            assert answer.startswith(b"HTTP/1.1 "), answer
            assert b"connection: close" in answer.lower()
            assert server.process.wait(STOP) == 0

    def test_it_waits_for_nobody_for_ever(self, sqlite_database_url: str, tmp_path: Path) -> None:
        with serving(tmp_path, sqlite_database_url) as server:
            line, _ = slow_request(server.port)
            with line:
                time.sleep(0.5)
                assert server.stop() == 0

    def test_ctrl_c_is_an_orderly_end(self, sqlite_database_url: str, tmp_path: Path) -> None:
        with serving(tmp_path, sqlite_database_url) as server:
            server.process.send_signal(signal.SIGINT)
            assert server.process.wait(STOP) == 0

    def test_the_database_is_left_closed(self, sqlite_database_url: str, tmp_path: Path) -> None:
        with serving(tmp_path, sqlite_database_url) as server:
            assert server.stop() == 0
        left = [path.name for path in tmp_path.iterdir() if path.suffix in (".sqlite-wal", ".sqlite-shm")]
        assert left == [], "the last to close empties the log into the file"

    def test_its_log_is_one_json_line_per_event_and_holds_no_secret(
        self, sqlite_database_url: str, tmp_path: Path
    ) -> None:
        with serving(tmp_path, sqlite_database_url) as server:
            for path in (
                "/",
                "/connexion/lien/un-secret-tres-secret",
                "/nulle-part?mail=samira@exemple.fr",
                "/healthz",
            ):
                httpx.get(server.url + path)
            assert server.stop() == 0
        lines = server.lines()
        requests = [line for line in lines if line["event"] == "request"]
        assert {(line["path"], line["status"]) for line in requests} >= {("/healthz", 200), ("/nulle-part", 404)}
        assert all(line["level"] in ("INFO",) for line in lines), server.log.read_text()
        written = server.log.read_text()
        assert "un-secret" not in written
        assert "samira" not in written

    def test_asking_for_a_web_socket_is_a_request_like_others(self, sqlite_database_url: str, tmp_path: Path) -> None:
        with serving(tmp_path, sqlite_database_url) as server:
            asked = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
            assert httpx.get(f"{server.url}/accessibilite", headers=asked).status_code == 200
            assert server.stop() == 0
        assert "/accessibilite" in [line.get("path") for line in server.lines()]
        assert [line for line in server.lines() if line["level"] != "INFO"] == []

    def test_it_does_beside_the_pages_what_is_due(self, sqlite_database_url: str, tmp_path: Path) -> None:
        path = sqlite_database_url.removeprefix("sqlite:///")
        with serving(tmp_path, sqlite_database_url) as server:
            connection = sqlite3.connect(path, isolation_level=None, timeout=10)
            try:
                connection.execute(
                    "insert into outbox (dedupe, kind, recipient, language, subject, body, link, signature, "
                    "created_at, run_at, tries, error) values ('d', 'other', 'a@exemple.fr', 'fr', 's', 'b', '', '', "
                    "'2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00', 0, '')"
                )
                until(
                    lambda: connection.execute("select logged_at from outbox").fetchone()[0] is not None,
                    START,
                )
            finally:
                connection.close()
            assert server.stop() == 0
        assert any(line.get("mail") == 1 for line in server.lines())

    @pytest.mark.parametrize(("believed", "client"), [(False, "127.0.0.1"), (True, "203.0.113.7")])
    def test_it_believes_a_proxy_only_when_told_so(self, tmp_path: Path, believed: bool, client: str) -> None:
        """uvicorn by itself believes whoever comes from this machine."""
        program = tmp_path / "echo.py"
        program.write_text(ECHO.format(believed=believed))
        process = subprocess.Popen(
            [sys.executable, str(program)], cwd=ROOT, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            assert httpx.get(url, headers={"X-Forwarded-For": "203.0.113.7"}).text == client
        finally:
            process.terminate()
            assert process.wait(STOP) == 0
            process.stdout.close()


DRAWS = """
import os, random, secrets, sys
from app import cli, serving

make_app, fixed = serving.make_app, random.Random(1)

def drawing(*args, **more):
    app = make_app(*args, **more)

    async def draw(scope, receive, send):
        if scope.get("path") != "/draw":
            return await app(scope, receive, send)
        drawn = f"{os.getpid()} {fixed.random()} {random.random()} {random.getrandbits(64)} {secrets.token_hex(16)}"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body", "body": drawn.encode()})

    return draw

serving.make_app = drawing
if __name__ == "__main__":
    sys.exit(cli.main())
"""


@pytest.mark.usefixtures("linux")
class TestSeveralProcesses:
    def test_they_are_forks_of_one_and_draw_different_numbers(self, postgres_database_url: str, tmp_path: Path) -> None:
        program = tmp_path / "draws.py"
        program.write_text(DRAWS)
        command = (sys.executable, str(program))
        with serving(tmp_path, postgres_database_url, "--workers", "2", program=command) as server:
            workers = server.workers()
            called = {Path(f"/proc/{pid}/cmdline").read_bytes() for pid in (*workers, server.process.pid)}
            assert len(called) == 1, "they are programs of their own and share no memory"
            drawn: dict[str, list[list[str]]] = {}

            def both_have_drawn() -> bool:
                pid, *numbers = httpx.get(f"{server.url}/draw").text.split()
                drawn.setdefault(pid, []).append(numbers)
                return len(drawn) == len(workers)

            until(both_have_drawn, START)
            first, second = (numbers[0] for numbers in drawn.values())
            assert first[0] == second[0], "the control: what is drawn of a state that was forked is the same"
            assert all(one != other for one, other in zip(first[1:], second[1:], strict=True)), (first, second)
            assert server.stop() == 0

    def test_one_that_dies_is_replaced(self, postgres_database_url: str, tmp_path: Path) -> None:
        with serving(tmp_path, postgres_database_url, "--workers", "2") as server:
            workers = server.workers()
            assert len(workers) == 2
            os.kill(workers[0], signal.SIGKILL)
            until(lambda: len(set(server.workers()) - {workers[0]}) == 2, START)
            until(lambda: answers(server.url), START)
            assert server.stop() == 0


class TestListen:
    def test_two_do_not_listen_at_one_address(self) -> None:
        with listen("127.0.0.1", 0) as first:
            port = first.getsockname()[1]
            with pytest.raises(AddressTaken, match=f"port {port} of 127.0.0.1 cannot be used: address already in use"):
                listen("127.0.0.1", port)

    def test_a_name_that_is_no_address(self) -> None:
        with pytest.raises(AddressTaken, match="not an address of this machine"):
            listen("nowhere.invalid", 0)

    def test_the_address_is_one_that_a_browser_here_can_open(self) -> None:
        with listen("0.0.0.0", 0) as everywhere:
            assert address_of(everywhere) == f"http://127.0.0.1:{everywhere.getsockname()[1]}"
        if socket.has_ipv6:
            with suppress(AddressTaken), listen("::1", 0) as six:
                assert address_of(six).startswith("http://[::1]:")


@pytest.mark.slow
class TestDemo:
    """One demonstration for all: it is made of everything."""

    @staticmethod
    def start(folder: Path, *args: str) -> tuple[subprocess.Popen[str], str, str]:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("RESEAU_")}
        environ["PYTHONUNBUFFERED"] = "1"
        # Settings of a real installation must not reach the demonstration.
        environ["RESEAU_DATABASE_URL"] = "postgresql://127.0.0.1:1/the-real-one"
        environ["RESEAU_STRIPE_SECRET_KEY"] = "sk_live_the_real_one"
        environ["RESEAU_STRIPE_WEBHOOK_SECRET"] = REAL_SECRET
        process = subprocess.Popen(
            [str(RESEAU), "demo", "--port", "0", *args],
            cwd=folder,
            env=environ,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert process.stdout is not None
        said = ""
        while "Ctrl-C" not in said:
            line = process.stdout.readline()
            if not line:
                break
            said += line
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        return process, found[0] if found else "", said

    @staticmethod
    def end(process: subprocess.Popen[str]) -> int:
        assert process.stdout is not None
        process.terminate()
        code = process.wait(STOP)
        process.stdout.close()
        return code

    def test_it_is_made_once_kept_and_made_anew(self, tmp_path: Path) -> None:
        process, url, said = self.start(tmp_path)
        try:
            assert "samira@exemple.fr" in said
            assert "demonstration" in said
            until(lambda: answers(url), START)
            assert httpx.get(f"{url}/demo/courrier").status_code == 200
            assert "no card is charged" in said
            assert httpx.get(f"{url}/repas").text.count('data-state="open"') > 0
            assert event_signed_with(REAL_SECRET, url) == 400, "no setting of a real installation is used"
            rehearsed = tmp_path / ".demo" / "demo.sqlite.webhook"
            assert rehearsed.stat().st_mode & 0o077 == 0
            assert event_signed_with(f"whsec_{rehearsed.read_text().strip()}", url) == 200
        finally:
            assert self.end(process) == 0
        database, key = tmp_path / ".demo" / "demo.sqlite", tmp_path / ".demo" / "demo.sqlite.key"
        secret, made = key.read_text(), people(database)
        assert key.stat().st_mode & 0o077 == 0
        assert made

        process, _, said = self.start(tmp_path)
        assert self.end(process) == 0
        assert "Making" not in said
        assert people(database) == made
        assert key.read_text() == secret

        cards = tmp_path / ".demo" / "demo.sqlite.cards"
        cards.write_text("what was rehearsed of another demonstration, which cannot be read")
        process, _, _ = self.start(tmp_path, "--fresh")
        assert self.end(process) == 0
        assert len(people(database)) == len(made)

    def test_it_leaves_alone_what_is_no_demonstration(self, sqlite_database_url: str, tmp_path: Path) -> None:
        path = sqlite_database_url.removeprefix("sqlite:///")
        connection = sqlite3.connect(path)
        connection.execute(
            "insert into member (name, name_key, about, phone, listed, language, created_at) "
            "values ('Samira', 'samira', '', '', 0, 'fr', '2026-01-01 00:00:00+00:00')"
        )
        connection.commit()
        connection.close()
        for more in ((), ("--fresh",)):
            process, _, said = self.start(tmp_path, "--database", path, *more)
            assert process.wait(START) == 1
            assert process.stdout is not None
            process.stdout.close()
            assert "no demonstration" in said
            assert people(Path(path)) == ["Samira"]

    def test_a_port_that_is_taken_is_said_and_nothing_is_made(self, tmp_path: Path) -> None:
        with listen("127.0.0.1", 0) as taken:
            ended = subprocess.run(
                [str(RESEAU), "demo", "--port", str(taken.getsockname()[1])],
                cwd=tmp_path,
                text=True,
                capture_output=True,
                timeout=START,
            )
        assert ended.returncode == 1
        assert "address already in use. Another one: `reseau demo --port 0`." in ended.stderr
        assert "Traceback" not in ended.stderr
        assert list(tmp_path.iterdir()) == []


REAL_SECRET = "whsec_of_the_real_one"


def event_signed_with(secret: str, url: str) -> int:
    """What the webhook answers to an event about nothing that anybody knows."""
    about = {"id": "evt_1", "object": "event", "type": "customer.created", "livemode": False}
    body = json.dumps({**about, "data": {"object": {"id": "x", "object": "customer"}}})
    at = int(time.time())
    signature = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    headers = {"stripe-signature": f"t={at},v1={signature}", "content-type": "application/json"}
    return httpx.post(f"{url}/paiements/stripe/webhook", content=body, headers=headers).status_code


def people(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return [row[0] for row in connection.execute("select name from member order by id")]
    finally:
        connection.close()
