"""A picture of a receipt, made anew: what a telephone sent becomes a small JPEG of which only the pixels are left.

What is sent may be anything: a bomb, a page of HTML, a picture with a program behind it, one that says where it was
taken. Its kind is read from its first bytes and not from its name; its size is read before it is decoded; and nothing
of it is kept but pixels, drawn again. Decoding takes memory (four bytes a pixel) and a processor, so that it is done
in a thread, one at a time in this process: whoever sends at the same instant waits.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import warnings
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from PIL import Image, ImageOps

from app.accounts.states import AccountsRefusal
from app.errors import Refused
from app.transactions import finish
from app.turns import Turns

LARGEST_SENT = 12 * 1024 * 1024
"""Bytes of one picture as a telephone sends it."""
MOST_PIXELS = 50_000_000
"""As large as the largest common telephones take by default; 200 MB while it is decoded."""
LONGEST_SIDE = 1600
"""Pixels: the small print of a receipt can be read."""
QUALITIES = (80, 65, 50, 35)
LARGEST_KEPT = 400_000
"""Bytes of one picture in the database."""
KINDS = ("JPEG", "PNG", "WEBP")
"""What is decoded at all: each further decoder is one more thing that may be broken."""
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
        return await finish(asyncio.to_thread(draw_anew, sent))
    finally:
        turns.end(moved=True)


def draw_anew(sent: bytes) -> Picture:
    """As `drawn_anew`, at once and in this thread."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # damaged metadata is warned of, and is not read any further
        try:
            with Image.open(io.BytesIO(sent), formats=KINDS) as opened:
                width, height = opened.size
                if width * height > MOST_PIXELS:
                    raise Refused(AccountsRefusal.PICTURE_TOO_LARGE)
                pixels = _pixels(opened)
        except Refused:
            raise
        except (Image.DecompressionBombError, MemoryError):
            raise Refused(AccountsRefusal.PICTURE_TOO_LARGE) from None
        except Exception:  # a decoder given rubbish raises whatever it likes
            raise Refused(AccountsRefusal.NOT_A_PICTURE) from None
    return _kept(pixels)


def _pixels(opened: Image.Image) -> Image.Image:
    """What is seen of it: the first of moving pictures, upright, on white, in red, green and blue, small enough."""
    opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is decoded at a half, a quarter or an eighth
    opened.load()
    turn = _UPRIGHT.get(_orientation(opened))
    smaller = min(max(opened.size) // (2 * LONGEST_SIDE), min(opened.size))
    # Made smaller before its colours are, or a picture of transparent pixels would take three times its memory.
    shown = opened.reduce(smaller) if smaller > 1 and opened.mode in ("RGB", "RGBA", "L", "LA") else opened
    shown = _red_green_blue(shown)
    shown.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return shown.transpose(turn) if turn is not None else shown


def _orientation(opened: Image.Image) -> object:
    """EXIF 2.32, 4.6.4 A. What cannot be read turns nothing."""
    try:
        return opened.getexif().get(0x0112, 1)
    except Exception:  # the rest of the picture is not the worse for it
        return 1


_UPRIGHT: dict[object, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What sets a picture upright, by its EXIF orientation."""


def _red_green_blue(opened: Image.Image) -> Image.Image:
    if opened.mode.startswith("I"):  # sixteen bits of grey: converted as they are, all but the darkest would be white
        return opened.convert("I").point(lambda value: value / 256).convert("L").convert("RGB")
    if opened.mode in ("RGBA", "LA", "PA") or "transparency" in opened.info:
        see_through = opened.convert("RGBA")
        white = Image.new("RGB", see_through.size, "white")
        white.paste(see_through, mask=see_through.getchannel("A"))
        return white
    return opened.convert("RGB")


def _kept(pixels: Image.Image) -> Picture:
    """As JPEG, of pixels alone. Noise that no quality makes small enough is made smaller."""
    bare = Image.new("RGB", pixels.size)
    bare.paste(pixels)  # nothing of `info` comes along
    while True:
        for quality in QUALITIES:
            buffer = io.BytesIO()
            bare.save(buffer, "JPEG", quality=quality, optimize=True)
            if buffer.tell() <= LARGEST_KEPT:
                jpeg = buffer.getvalue()
                return Picture(jpeg, bare.width, bare.height, hashlib.sha256(jpeg).hexdigest())
        bare = ImageOps.contain(bare, (max(1, bare.width // 2), max(1, bare.height // 2)))
