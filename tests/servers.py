"""The real application as a program of its own, and many people who act on it at once over HTTP.

`serving` starts `reseau serve` on a database that a test has made; the server can be stopped, killed and started again
on the same database, at the same address. `People` sends the requests of many browsers from one loop.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime, timedelta
from http.cookiejar import DefaultCookiePolicy
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import httpx

from app import clock
from app.database import transaction
from app.identity.tables import Session
from app.identity.visits import hash_token
from app.settings import Settings
from app.web.csrf import FIELD, token_for

ROOT = Path(__file__).resolve().parent.parent
RESEAU = Path(sys.executable).with_name("reseau")
KEY = "une clef de trente-deux signes au moins, pour de bon"
START = 60.0
STOP = 20.0
PATIENCE = 60.0
"""Seconds that a person of a storm waits for an answer: a test that fails says so, rather than hang."""


def until(happened: Callable[[], bool], seconds: float) -> None:
    """Wait for it; fails when it takes longer."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def answers(url: str) -> bool:
    """Whether a server there says that it is well."""
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:
            return bool(answer.status == 200 and answer.read() == b"ok")
    except OSError:
        return False


PORTS = range(20_000, 32_000)
"""Below the ports that a system gives to whoever connects (from 32,768 on Linux, from 49,152 on macOS)."""


def free_port() -> int:
    """A port that nobody uses on any address of this machine, and that nobody who connects is given meanwhile.

    A client that has bound another address (127.0.0.9, say) keeps its port for a minute after the end, and a server
    that listens on all addresses, as Caddy does, cannot have it.
    """
    for port in secrets.SystemRandom().sample(PORTS, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("", port))
            return port
    raise OSError("none of a hundred ports is free")


def bare_environ(**settings: str) -> dict[str, str]:
    """The environment without the settings of whoever runs the tests, and with these: `secret_key=…`."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("RESEAU_")}
    environ |= {"RESEAU_ENV_FILE": "", "PYTHONUNBUFFERED": "1"}
    return environ | {f"RESEAU_{name.upper()}": value for name, value in settings.items()}


def end(process: subprocess.Popen[Any]) -> None:
    """SIGTERM, and SIGKILL to what does not end by it."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP)
    if process.poll() is None:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


class Server:
    """`reseau serve` (or the program that stands in for it) on one database, at one address, as often as wanted."""

    def __init__(
        self,
        folder: Path,
        database: str,
        *args: str,
        port: int = 0,
        program: Sequence[str] = (str(RESEAU),),
        **settings: str,
    ) -> None:
        self.folder = folder
        self.database = database
        self.port = port
        self.args = args
        self.program = program
        self.settings = {"database_url": database, "secret_key": KEY, **settings}
        self.log = folder / "server.log"
        self.url = ""
        self._process: subprocess.Popen[str] | None = None

    @property
    def process(self) -> subprocess.Popen[str]:
        """The one that was started; with `--workers` it only watches over others (`workers`)."""
        assert self._process is not None, "it was not started"
        return self._process

    def start(self) -> None:
        """Start, and wait until it answers: at a free port the first time, then at the same."""
        with self.log.open("a") as errors:
            # A session of its own, so that `kill` reaches its workers too.
            self._process = subprocess.Popen(
                [*self.program, "serve", "--port", str(self.port), *self.args],
                cwd=self.folder,
                env=bare_environ(**self.settings) | {"PYTHONPATH": str(ROOT)},
                text=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert found, f"{said}{self.log.read_text()}"
        self.url, self.port = found[0], int(found[0].rpartition(":")[2])
        until(lambda: answers(self.url), START)

    def stop(self) -> int:
        """Ask it to end (SIGTERM), and give its exit code; fails when it takes too long."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(STOP)
        end(self.process)  # nothing of it stays open when it is started again
        return code

    def kill(self) -> None:
        """`kill -9` of all its processes at once: they can do nothing about it."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        end(self.process)

    def close(self) -> None:
        """Leave no process behind."""
        if self._process is not None:
            end(self._process)
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def workers(self) -> list[int]:
        """The ids of the processes that answer, if it has several."""
        return workers_of(self.process.pid)

    def lines(self) -> list[dict[str, Any]]:
        """What it logged, each line read as what it should be."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def requests(self) -> list[dict[str, Any]]:
        """The requests that it says it has answered."""
        return [line for line in self.lines() if line["event"] == "request"]

    def troubles(self) -> list[dict[str, Any]]:
        """The lines that nobody should have to read."""
        return [line for line in self.lines() if line["level"] != "INFO"]


def workers_of(pid: int) -> list[int]:
    """The worker processes of this one: its forks, or, where it starts them anew, what was spawned. (multiprocessing's
    resource tracker is one of its children too.)"""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            command = (path / "cmdline").read_bytes()
            if parent == pid and b"resource_tracker" not in command:
                found.append(int(path.name))
    return found


@contextmanager
def serving(
    folder: Path, database: str, *args: str, port: int = 0, program: Sequence[str] = (str(RESEAU),), **settings: str
) -> Iterator[Server]:
    """A server that answers, until the block ends: `serving(tmp_path, url, "--workers", "4", locale="en")`."""
    server = Server(folder, database, *args, port=port, program=program, **settings)
    try:
        server.start()
        yield server
    finally:
        server.close()


# ------------------------------------------------------------------------------------------------------------- people


class Person:
    """One browser among many. Nothing is followed, nothing is remembered but cookies."""

    def __init__(self, people: People, token: str = "") -> None:
        self.people = people
        self.cookies: dict[str, str] = {"session": token} if token else {}

    def csrf_token(self) -> str:
        """What this browser's forms carry."""
        session = self.cookies.get("session")
        if session:
            return token_for(self.people.settings, hash_token(session))
        return token_for(self.people.settings, self.cookies.setdefault("visite", secrets.token_urlsafe(24)))

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.send("GET", path, None, **headers)

    async def post(
        self,
        path: str,
        data: Mapping[str, str | Sequence[str]] | None = None,
        *,
        token: str | None = None,
        **headers: str,
    ) -> httpx.Response:
        """Send a form. `token=""` sends none; any other text is sent as it is."""
        fields: dict[str, str | Sequence[str]] = dict(data or {})
        if token is None:
            token = self.csrf_token()
        if token:
            fields[FIELD] = token
        return await self.send("POST", path, fields, **headers)

    async def send(
        self, method: str, path: str, data: Mapping[str, str | Sequence[str]] | None, **headers: str
    ) -> httpx.Response:
        """One request; header names with `_` for `-`."""
        sent = self.people.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        response = await self.people.http.request(method, path, data=dict(data) if data else None, headers=sent)
        for header in response.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(header).items():
                self.cookies[name] = morsel.value
                if not morsel.value or morsel["max-age"] == "0":
                    del self.cookies[name]
        return response


class People:
    """All browsers of a test, over one client: `people(server.url)`."""

    def __init__(self, http: httpx.AsyncClient, settings: Settings, headers: Mapping[str, str]) -> None:
        self.http = http
        self.settings = settings
        self.headers = dict(headers)

    def stranger(self) -> Person:
        """Somebody who is not signed in."""
        return Person(self)

    async def signed_in(self, member_ids: Iterable[int], *, place_id: int | None) -> list[Person]:
        """A browser for each of these members, whose session is put straight into the database."""
        tokens = [(member_id, secrets.token_urlsafe(32)) for member_id in member_ids]
        now = clock.now()
        if not tokens:
            return []
        async with transaction():
            await Session.insert(*(_session(member_id, token, place_id, now) for member_id, token in tokens))
        return [Person(self, token) for _, token in tokens]


def _session(member_id: int, token: str, place_id: int | None, now: datetime) -> Session:
    return Session(
        token_hash=hash_token(token),
        member_id=member_id,
        place_id=place_id,
        device="mine",
        created_at=now,
        seen_at=now,
        expires_at=now + timedelta(days=90),
        second_at=now,
    )


@asynccontextmanager
async def people(url: str, key: str = KEY, patience: float = PATIENCE, **headers: str) -> AsyncIterator[People]:
    """Browsers of a server there, whose secret key is this one; they all send these headers."""
    async with httpx.AsyncClient(
        base_url=url,
        timeout=patience,
        verify=False,  # plain http to this machine; loading certificates takes longer than the test
        trust_env=False,
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=400),
    ) as http:
        http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # each person keeps their own
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        yield People(http, Settings(base_url=url, secret_key=key), sent)


async def at_once(requests: Iterable[Awaitable[httpx.Response]]) -> list[httpx.Response]:
    """All of them, sent together: their answers, in the order of the requests. A request without an answer fails."""
    return list(await asyncio.gather(*requests))
