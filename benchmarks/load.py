"""The load: a program that sends requests over a few kept connections and looks at every answer.

`python -m benchmarks.load` reads a job a line (JSON: port, requests, connections, seconds, status) and answers with
what it saw. With `seconds`, each connection repeats the requests until then; without, each request is sent once. An
answer is wrong when its status is another than asked for, or its body another than the body of that request so far;
words like « il y a 3 minutes » may move a body, but not many times. `never` names a header that no answer may have,
`but` is what may move in a body (a pattern), `etags` asks for the ETag of each request's answer, and `rate` is how many
requests are sent in a second at most.

A request may be a way of several: a list, whose requests go one after the other over one connection. `{location}` in
one is where the answer before it led, `{cookie}` what that one set; `status` is then a list, too. A way counts as one
request, and lasts from the first of it to its last answer.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import cycle
from time import perf_counter
from typing import Any, cast

from benchmarks.programs import answer

MOVES = 3
"""So often a body may change in one job."""
KEPT = 5
"""Wrong answers that are shown."""
PATIENCE = 60.0
"""Seconds for one answer; after that it is wrong, and its connection is given up."""


class Job:
    """What all connections of one job share."""

    def __init__(self, asked: dict[str, Any]) -> None:
        status: int | list[int] = asked["status"]
        self.statuses = [status] if isinstance(status, int) else status
        """Of each request of a way."""
        self.same: bool = asked.get("same", True)
        self.but = re.compile(asked["but"].encode()) if asked.get("but") else None
        self.never: bytes = asked.get("never", "").lower().encode()
        self.etags: dict[int, str] | None = {} if asked.get("etags") else None
        ways = [[each] if isinstance(each, str) else each for each in asked["requests"]]
        requests = [[each.encode("latin-1") for each in way] for way in ways]
        self.seconds: float | None = asked.get("seconds")
        self.left: Iterator[tuple[int, list[bytes]]] = (
            iter(enumerate(requests)) if self.seconds is None else cycle(enumerate(requests))
        )
        self.until = float("inf")
        self.rate: float = asked.get("rate", 0)
        self.started = 0.0
        self.sent = 0
        self.bodies: dict[int, bytes] = {}
        self.moves = 0
        self.latencies: list[float] = []
        self.wrong: list[str] = []
        self.wrongs = 0
        self.bytes = 0
        self.head = b""

    def next(self, now: float) -> tuple[int, list[bytes]] | None:
        """The request, or the way, whose turn it is, if there is one left."""
        if now >= self.until:
            return None
        self.sent += 1
        return next(self.left, None)

    def too_early(self, now: float) -> float:
        """Seconds until the next may be sent."""
        return self.started + self.sent / self.rate - now if self.rate else 0.0

    def saw(self, number: int, step: int, status: int, body: bytes, head: bytes) -> bool:
        """Whether it was answered as asked for; on which a way goes on."""
        self.bytes += len(body)
        self.head = head
        if self.etags is not None:
            self.etags[number] = (value_of(head, b"etag") or b"").decode()
        if status != (wanted := self.statuses[step]):
            self._complain(f"{status} instead of {wanted}: {head[:300].decode('latin-1')}")
            return False
        if self.never and value_of(head, self.never) is not None:
            self._complain(f"there is {self.never.decode()}: {head[:300].decode('latin-1')}")
            return True
        if self.same and self.but is not None:
            body = self.but.sub(b"", body)
        if self.same and self.bodies.setdefault(number, body) != body:
            self.moves += 1
            self.bodies[number] = body
            if self.moves > MOVES:
                self._complain(f"the body moves from answer to answer ({len(body)} bytes)")
        return True

    def _complain(self, sentence: str) -> None:
        self.wrongs += 1
        if len(self.wrong) < KEPT:
            self.wrong.append(sentence)


def value_of(head: bytes, name: bytes) -> bytes | None:
    """The value of this header (in small letters) of an answer, if there is one."""
    found = head.lower().find(b"\r\n" + name + b":")
    return None if found < 0 else head[found + len(name) + 3 :].split(b"\r\n", 1)[0].strip()


def after(head: bytes, request: bytes) -> bytes:
    """This request of a way, once that answer has come."""
    set_, _, _ = (value_of(head, b"set-cookie") or b"").partition(b";")
    return request.replace(b"{location}", value_of(head, b"location") or b"/").replace(b"{cookie}", set_)


class Connection(asyncio.Protocol):
    """One kept connection: a request, its answer, the next request."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.done = asyncio.get_running_loop().create_future()
        self.transport: asyncio.WriteTransport | None = None
        self.received = bytearray()
        self.head = b""
        self.whole = -1
        """How long the answer is that is coming in, once its head is there."""
        self.number = -1
        self.way: list[bytes] = []
        self.step = 0
        self.began_at = self.sent_at = perf_counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.WriteTransport", transport)  # uvloop's is none by its classes

    def go_on(self) -> None:
        """Send the next request, or be done."""
        assert self.transport is not None
        now = perf_counter()
        if (pause := self.job.too_early(now)) > 0:
            asyncio.get_running_loop().call_later(pause, self.go_on)
            return
        following = self.job.next(now)
        if following is None:
            self._end()
            return
        self.number, self.way = following
        self.step = 0
        self.began_at = self.sent_at = now
        self.transport.write(self.way[0])

    def data_received(self, data: bytes) -> None:
        self.received += data
        if self.whole < 0:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return
            self.head = bytes(self.received[:end])
            self.whole = end + 4 + self._length()
        if len(self.received) < self.whole:
            return
        body = bytes(memoryview(self.received)[len(self.head) + 4 : self.whole])
        del self.received[: self.whole]
        self.whole = -1
        well = self.job.saw(self.number, self.step, int(self.head[9:12]), body, self.head)
        now = perf_counter()
        if well and self.step + 1 < len(self.way):
            self.step += 1
            self.sent_at = now
            assert self.transport is not None
            self.transport.write(after(self.head, self.way[self.step]))
            return
        self.job.latencies.append(now - self.began_at)
        self.go_on()

    def _length(self) -> int:
        """Of the body. Our servers always say it, but where there is none (RFC 9110, 15.4.5)."""
        if self.head[9:12] in (b"204", b"304"):
            return 0
        return int(value_of(self.head, b"content-length") or 0)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.job._complain(f"the connection was cut: {error}")
            self._end()

    def give_up(self) -> None:
        """Its answer does not come."""
        self.job._complain(f"no answer within {PATIENCE:g} s to request {self.number}")
        self._end()

    def _end(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
        if self.transport is not None:
            self.transport.close()


async def all_done(connections: Sequence[Connection]) -> None:
    """Until all are done, or have waited for their answer as long as anybody would."""
    while waiting := [each for each in connections if not each.done.done()]:
        await asyncio.wait([each.done for each in waiting], timeout=PATIENCE / 4)
        for each in waiting:
            if not each.done.done() and perf_counter() - each.sent_at > PATIENCE:
                each.give_up()


async def drive(asked: dict[str, Any]) -> dict[str, Any]:
    """Do this job, and say what was seen."""
    job = Job(asked)
    loop = asyncio.get_running_loop()
    connections = [
        (await loop.create_connection(lambda: Connection(job), "127.0.0.1", asked["port"]))[1]
        for _ in range(asked["connections"])
    ]
    job.started = started = perf_counter()
    if job.seconds is not None:
        job.until = started + job.seconds
    for connection in connections:
        connection.go_on()
    await all_done(connections)
    latencies = sorted(job.latencies)

    def part(share: float) -> float:
        return latencies[min(int(len(latencies) * share), len(latencies) - 1)] * 1000 if latencies else 0.0

    return {
        "requests": len(latencies),
        "seconds": perf_counter() - started,
        "p50": part(0.5),
        "p95": part(0.95),
        "longest": part(1.0),
        "bytes": job.bytes,
        "wrongs": job.wrongs,
        "wrong": job.wrong,
        "etags": [job.etags.get(number, "") for number in range(len(asked["requests"]))] if job.etags else [],
        "head": job.head.decode("latin-1"),
        "body": job.bodies.get(0, b"").decode("latin-1") if asked.get("show") else "",
    }


def main() -> None:
    """Until nobody asks any more."""
    try:
        import uvloop  # here: it is not there on every machine

        run: Any = uvloop.run
    except ImportError:
        run = asyncio.run
    for line in sys.stdin:
        answer(run(drive(json.loads(line))))


if __name__ == "__main__":
    main()
