"""The load of the benchmarks: it counts what it should, and sees what is wrong."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any
from unittest import mock

import benchmarks.load
from benchmarks.load import drive

Answer = Callable[[int], bytes]


def answer(body: bytes = b"bonjour", status: str = "200 OK", headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


@asynccontextmanager
async def serving(answering: Answer, asked: list[bytes]) -> AsyncIterator[int]:
    """A server on a port of its own that answers the n-th request so, in crumbs, and notes what it was asked."""
    numbers = itertools.count(1)
    gone = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gone.append(writer.wait_closed())
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                asked.append(request)
                whole = answering(next(numbers))
                if not whole:
                    break
                writer.write(whole[:20])
                await writer.drain()
                writer.write(whole[20:])
        except asyncio.IncompleteReadError:
            pass
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*gone)


async def load(answering: Answer, *, asked: list[bytes] | None = None, **job: Any) -> dict[str, Any]:
    usual = {"requests": ["GET / HTTP/1.1\r\n\r\n"] * 20, "connections": 3, "status": 200}
    async with serving(answering, [] if asked is None else asked) as port:
        return await drive({**usual, **job, "port": port})


async def test_each_request_is_sent_once_and_its_body_given_back() -> None:
    seen = await load(lambda _: answer(b"x" * 70_000), show=True)
    assert (seen["requests"], seen["wrongs"], seen["bytes"]) == (20, 0, 1_400_000)
    assert seen["body"] == "x" * 70_000
    assert 0 < seen["p50"] <= seen["p95"] <= seen["longest"]


async def test_a_way_goes_where_the_answers_lead_and_counts_once() -> None:
    asked: list[bytes] = []
    led = answer(b"", "303 See Other", "Location: /billets/7\r\nSet-Cookie: word=x; Path=/; HttpOnly\r\n")
    way = [
        "GET /repas/1 HTTP/1.1\r\n\r\n",
        "POST /repas/1 HTTP/1.1\r\n\r\n",
        "GET {location} HTTP/1.1\r\nCookie: session=s; {cookie}\r\n\r\n",
    ]
    job: dict[str, Any] = {"requests": [way, way], "connections": 1, "same": False}
    seen = await load(lambda n: led if n in (2, 5) else answer(b"x"), **job, status=[200, 303, 200], asked=asked)
    assert (seen["requests"], seen["wrongs"], seen["bytes"]) == (2, 0, 4)
    assert asked[2].splitlines()[:2] == [b"GET /billets/7 HTTP/1.1", b"Cookie: session=s; word=x"]
    assert seen["p50"] > 0
    seen = await load(lambda n: answer(b"x"), **job, status=[200, 303, 200], asked=asked)
    assert (seen["requests"], seen["wrongs"]) == (2, 2), "none goes on from a wrong answer"
    assert [each.split()[0] for each in asked[6:]] == [b"GET", b"POST"] * 2


async def test_for_some_seconds_it_goes_on() -> None:
    seen = await load(lambda _: answer(), seconds=0.2)
    assert seen["requests"] > 20
    assert 0.2 <= seen["seconds"] < 5


async def test_another_status_is_wrong() -> None:
    seen = await load(lambda n: answer(status="500 Broken") if n == 7 else answer())
    assert seen["wrongs"] == 1
    assert "500 instead of 200" in seen["wrong"][0]


async def test_a_body_that_moves_is_wrong() -> None:
    moves = await load(lambda n: answer(str(n).encode()), requests=["GET / HTTP/1.1\r\n\r\n"], seconds=0.1)
    assert moves["wrongs"] > 0
    assert "moves" in moves["wrong"][0]
    rarely = await load(lambda n: answer(b"a" if n < 5 else b"b"), requests=["GET / HTTP/1.1\r\n\r\n"], seconds=0.1)
    assert rarely["wrongs"] == 0


async def test_a_connection_that_is_cut_is_wrong() -> None:
    seen = await load(lambda n: b"" if n == 5 else answer())
    assert seen["wrongs"] == 1
    assert "cut" in seen["wrong"][0]


async def test_an_answer_that_does_not_come_is_wrong() -> None:
    with mock.patch.object(benchmarks.load, "PATIENCE", 0.2):
        seen = await load(lambda n: answer()[: -1 if n == 5 else None])
    assert (seen["requests"], seen["wrongs"]) == (19, 1)
    assert "no answer" in seen["wrong"][0]


async def test_a_header_that_must_not_be_there() -> None:
    seen = await load(lambda n: answer(headers="Set-Cookie: a=b\r\n") if n in (3, 9) else answer(), never="Set-Cookie")
    assert seen["wrongs"] == 2
    assert "set-cookie" in seen["wrong"][0]


async def test_not_modified_has_no_body_and_etags_are_kept_by_request() -> None:
    seen = await load(
        lambda _: b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 7\r\n\r\n', status=304, etags=True
    )
    assert (seen["requests"], seen["wrongs"]) == (20, 0)
    assert seen["etags"] == ['"x"'] * 20


async def test_so_many_a_second_at_most() -> None:
    started = perf_counter()
    seen = await load(lambda _: answer(), rate=40)
    assert (seen["requests"], seen["wrongs"]) == (20, 0)
    assert perf_counter() - started >= 19 / 40


async def test_what_is_drawn_anew_may_move() -> None:
    once: dict[str, Any] = {"requests": ["GET / HTTP/1.1\r\n\r\n"], "seconds": 0.1, "but": 'value="[0-9]+"'}
    seen = await load(lambda n: answer(f'<input value="{n}">'.encode()), **once)
    assert seen["wrongs"] == 0
    seen = await load(lambda n: answer(f'<input value="{n}"> {n}'.encode()), **once)
    assert seen["wrongs"] > 0
