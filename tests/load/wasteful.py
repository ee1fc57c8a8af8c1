"""The `reseau` command as it must not be, for the controls of the ten thousand phones.

`python -m tests.load.wasteful serve …` answers as the real server does; but with the header `X-Waste: memory` it keeps
something of each answer for ever, and with `X-Waste: etag` each answer has an ETag of its own and nothing is ever
« not modified ».
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from app import cli, serving

HEADER = "X-Waste"
MEMORY, ETAG = "memory", "etag"
KEPT = 16 * 1024
"""Bytes that are never given back, for each answer."""
PROGRAM = (sys.executable, "-m", "tests.load.wasteful")

_kept: list[bytes] = []
_numbers = itertools.count(1)


class Wasteful:
    """Reads the header of each request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        waste = dict(scope["headers"]).get(HEADER.lower().encode(), b"").decode()
        if waste == MEMORY:
            _kept.append(bytes(bytearray(b"\1" * KEPT)))
        elif waste == ETAG:
            scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"if-none-match"]

        async def moving(message: Message) -> None:
            if waste == ETAG and message["type"] == "http.response.start":
                message["headers"] = [
                    (name, f'"{next(_numbers)}"'.encode() if name == b"etag" else value)
                    for name, value in message["headers"]
                ]
            await send(message)

        await self.app(scope, receive, moving)


def waste() -> None:
    """In this process, and in each that it starts: they are forked from it, or import this module where none can be."""
    make_app: Callable[..., ASGIApp] = vars(serving)["make_app"]
    changed: dict[str, Any] = {"make_app": lambda *args, **more: Wasteful(make_app(*args, **more))}
    vars(serving).update(changed)


if __name__ in ("__main__", "__mp_main__"):
    waste()
if __name__ == "__main__":
    sys.exit(cli.main())
