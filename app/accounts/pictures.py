"""A picture of a receipt, made anew: what a telephone sent becomes a small JPEG of which only the pixels are left.

What is sent may be anything: a bomb, a page of HTML, a picture with a program behind it, one that says where it was
taken. Its kind is read from its first bytes and not from its name; its size is read before it is decoded; and nothing
of it is kept but pixels, drawn again. Decoding takes memory (four bytes a pixel) and a processor, so that it is done
in a thread, one at a time in this process: whoever sends at the same instant waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.accounts.states import AccountsRefusal
from app.errors import Refused
from app.transactions import finish
from app.turns import Turns

LARGEST_SENT = 12 * 1024 * 1024
"""Bytes of one picture as a telephone sends it."""
PATIENCE = 20.0
"""Seconds in which somebody's picture has to have had its turn, as long as none before it ends."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is kept."""

    jpeg: bytes
    width: int
    height: int
    digest: str
    """SHA-256, in hexadecimal."""


_turns: dict[asyncio.AbstractEventLoop, Turns] = {}


def _turns_here() -> Turns:
    """Those of this loop: a program has one, tests have many."""
    loop = asyncio.get_running_loop()
    if loop not in _turns:
        for over in [each for each in _turns if each.is_closed()]:
            del _turns[over]
        _turns[loop] = Turns()
    return _turns[loop]


async def drawn_anew(read: Callable[[], Awaitable[bytes]]) -> Picture:
    """The picture that `read` gives the bytes of, made anew; they are read when it is its turn. Raises `Refused` for
    what is no picture, or too large a one, and `DatabaseHeld` when too many were sent at once."""
    turns = _turns_here()
    await turns.wait(PATIENCE)
    try:
        sent = await read()
        if len(sent) > LARGEST_SENT:
            raise Refused(AccountsRefusal.PICTURE_TOO_LARGE)
        # To its end even when the browser has gone: the next one's turn comes when the memory is free again.
        return await finish(asyncio.to_thread(_draw_anew, sent))
    finally:
        turns.end(moved=True)


def _draw_anew(sent: bytes) -> Picture:
    from app.accounts import drawing  # with it comes Pillow, which a server that is sent no picture has no use for

    return drawing.draw_anew(sent)
