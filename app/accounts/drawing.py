"""Draws a picture anew, with Pillow. Loaded when the first receipt comes, see `pictures`."""

from __future__ import annotations

import hashlib
import io
import warnings

from PIL import Image, ImageOps

from app.accounts.pictures import Picture
from app.accounts.states import AccountsRefusal
from app.errors import Refused

MOST_PIXELS = 50_000_000
"""As large as the largest common telephones take by default; 200 MB while it is decoded."""
LONGEST_SIDE = 1600
"""Pixels: the small print of a receipt can be read."""
QUALITIES = (80, 65, 50, 35)
LARGEST_KEPT = 400_000
"""Bytes of one picture in the database."""
KINDS = ("JPEG", "PNG", "WEBP")
"""What is decoded at all: each further decoder is one more thing that may be broken."""


def draw_anew(sent: bytes) -> Picture:
    """As `drawn_anew` of `pictures`, at once and in this thread."""
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
