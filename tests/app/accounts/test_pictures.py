"""Receipts are made anew: only pixels are left of what a telephone sends; what is no picture is refused in words."""

from __future__ import annotations

import asyncio
import io
import random
import resource
import struct
import time
import zlib

import pytest
from PIL import Image, PngImagePlugin

from app.accounts import drawing
from app.accounts.drawing import LARGEST_KEPT, LONGEST_SIDE, draw_anew
from app.accounts.pictures import LARGEST_SENT, Picture, drawn_anew
from app.accounts.states import AccountsRefusal
from app.errors import Refused
from tests.app.accounts.shopping import photo

SECRET = b"48.9362-Saint-Denis"
TOO_LARGE, NOT_ONE = AccountsRefusal.PICTURE_TOO_LARGE, AccountsRefusal.NOT_A_PICTURE


def why_not(sent: bytes) -> object:
    with pytest.raises(Refused) as caught:
        draw_anew(sent)
    return caught.value.reason


def opened(picture: Picture) -> Image.Image:
    image = Image.open(io.BytesIO(picture.jpeg), formats=["JPEG"])
    image.load()
    assert image.size == (picture.width, picture.height)
    return image


def colour(image: Image.Image, at: tuple[int, int]) -> tuple[int, ...]:
    """Of one pixel."""
    return tuple(image.convert("RGB").crop((*at, at[0] + 1, at[1] + 1)).tobytes())


def telling() -> bytes:
    """A JPEG whose EXIF, XMP, ICC profile and comment each tell a secret, with a place on Earth."""
    exif = Image.Exif()
    exif[0x010F] = SECRET.decode()  # Make
    exif[0x0112] = 6
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "N", (48.0, 56.0, 10.0)
    gps[29] = SECRET.decode()
    return photo((600, 400), exif=exif, icc_profile=SECRET, xmp=SECRET, comment=SECRET)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of(width: int, height: int, rows: bytes) -> bytes:
    """A PNG that says that it is so large, whatever is in it."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def test_nothing_of_the_telephone_or_the_place_is_left() -> None:
    sent = telling()
    assert sent.count(SECRET) >= 4  # the control: it is in what was sent, in each of its places
    assert b"Exif" in sent
    kept = draw_anew(sent)
    for told in (SECRET, b"Exif", b"http://ns.adobe.com", b"ICC_PROFILE", b"GPS"):
        assert told not in kept.jpeg
    image = opened(kept)
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert not image.getexif()


def test_nor_of_a_png_or_a_webp() -> None:
    told = PngImagePlugin.PngInfo()
    told.add_text("Comment", SECRET.decode())
    told.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    exif = Image.Exif()
    exif[0x010F] = SECRET.decode()
    for sent in (photo(kind="PNG", pnginfo=told, exif=exif), photo(kind="WEBP", exif=exif, xmp=SECRET)):
        assert SECRET in sent
        assert SECRET not in draw_anew(sent).jpeg


def test_what_stands_behind_the_picture_is_gone() -> None:
    for program in (b"<script>alert(1)</script>", b"PK\x03\x04 a zip", b"<?php echo 1;", b"#!/bin/sh\n"):
        assert program not in draw_anew(photo() + program).jpeg


@pytest.mark.parametrize(
    ("turned", "dark"),
    [(1, "top"), (2, "top"), (3, "bottom"), (4, "bottom"), (5, "left"), (6, "right"), (7, "right"), (8, "left")],
)
def test_it_stands_upright(turned: int, dark: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = turned
    image = opened(draw_anew(photo((400, 200), exif=exif)))
    assert image.size == ((400, 200) if turned < 5 else (200, 400))
    width, height = image.size
    middles = {
        "top": (width // 2, 5),
        "bottom": (width // 2, height - 6),
        "left": (5, height // 2),
        "right": (width - 6, height // 2),
    }
    assert [where for where, pixel in middles.items() if max(colour(image, pixel)) < 60] == [dark]


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "L"),
        ("JPEG", "CMYK"),
        ("PNG", "1"),
        ("PNG", "P"),
        ("PNG", "LA"),
        ("PNG", "RGBA"),
        ("PNG", "I;16"),
        ("WEBP", "RGBA"),
    ],
)
def test_every_kind_of_colours_is_read(kind: str, mode: str) -> None:
    if mode == "I;16":
        grey = Image.new("I;16", (300, 400), 65_535)
        grey.paste(0, (0, 0, 300, 40))
        buffer = io.BytesIO()
        grey.save(buffer, "PNG")
        sent = buffer.getvalue()
    else:
        sent = photo(kind=kind, mode=mode)
    image = opened(draw_anew(sent))
    assert image.mode == "RGB"
    assert max(colour(image, (150, 5))) < 60
    assert min(colour(image, (150, 300))) > 200


def test_what_is_see_through_lies_on_white() -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(buffer, "PNG")
    assert colour(opened(draw_anew(buffer.getvalue())), (25, 25)) == (255, 255, 255)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_moving_pictures_the_first_stays(kind: str) -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("white", "black", "red")]
    buffer = io.BytesIO()
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:], duration=50)
    kept = draw_anew(buffer.getvalue())
    assert min(colour(opened(kept), (20, 20))) > 240
    assert getattr(opened(kept), "n_frames", 1) == 1


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\xff\xd8\xff",
        b"<!doctype html><script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"%PDF-1.7\n",
        b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heic",
        b"\xff\xd8\xff\xe0<html>" * 50,
        photo()[:-400],
        photo(kind="PNG")[:-60],
        photo(kind="GIF"),
        photo(kind="BMP"),
        photo(kind="TIFF"),
        photo(kind="ICO", sizes=[(32, 32)]),
        png_of(200, 200, b"\0"),
    ],
    ids=lambda sent: f"{len(sent)}-{sent[:6]!r}",
)
def test_what_is_no_picture_is_refused(sent: bytes) -> None:
    assert why_not(sent) is NOT_ONE


def test_rubbish_is_refused_in_words_whatever_it_is() -> None:
    chance = random.Random(8)
    good = [photo(), photo(kind="PNG"), photo(kind="WEBP"), telling()]
    refused = 0
    for _ in range(400):
        sent = bytearray(chance.choice(good))
        for _ in range(chance.randrange(1, 30)):
            sent[chance.randrange(len(sent))] = chance.randrange(256)
        try:
            assert len(draw_anew(bytes(sent)).jpeg) <= LARGEST_KEPT
        except Refused:
            refused += 1
    assert 20 < refused < 400


@pytest.mark.parametrize(
    ("width", "height"), [(7072, 7072), (30_000, 30_000), (65_000, 65_000), (2**31 - 1, 2**31 - 1)]
)
def test_a_bomb_is_refused_before_it_is_decoded(width: int, height: int) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    assert why_not(png_of(width, height, b"\0" * 10_000_000)) is TOO_LARGE
    assert time.process_time() - began < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def test_a_bomb_in_what_is_told_of_it_is_not_unpacked() -> None:
    sent = photo(kind="PNG")
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"\0" * 60_000_000, 9))
    assert why_not(sent[:33] + bomb + sent[33:]) is NOT_ONE


def test_a_large_picture_becomes_small_enough() -> None:
    kept = draw_anew(photo((8000, 6000)))
    assert max(kept.width, kept.height) == LONGEST_SIDE
    narrow = draw_anew(photo((60, 20_000)))
    assert (narrow.width >= 1, narrow.height) == (True, LONGEST_SIDE)


def test_noise_becomes_small_enough_too() -> None:
    noise = Image.frombytes("RGB", (1600, 1600), random.Random(8).randbytes(1600 * 1600 * 3))
    buffer = io.BytesIO()
    noise.save(buffer, "PNG")
    assert len(draw_anew(buffer.getvalue()).jpeg) <= LARGEST_KEPT


async def test_too_many_bytes_are_not_looked_at() -> None:
    async def read() -> bytes:
        return photo() + b"\0" * LARGEST_SENT

    with pytest.raises(Refused) as caught:
        await drawn_anew(read)
    assert caught.value.reason is TOO_LARGE


async def test_ten_at_once_are_drawn_one_after_the_other_and_hold_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = photo((4000, 3000))
    at_once, most, held = 0, 0, 0
    real = drawing.draw_anew

    def counted(what: bytes) -> Picture:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        try:
            return real(what)
        finally:
            at_once -= 1

    async def read() -> bytes:
        nonlocal held
        held += 1
        return sent

    async def ticking() -> float:
        longest = 0.0
        while True:
            began = time.monotonic()
            try:
                await asyncio.sleep(0.005)
            except asyncio.CancelledError:
                return longest
            longest = max(longest, time.monotonic() - began)

    monkeypatch.setattr(drawing, "draw_anew", counted)
    # The control: without turns they are drawn at once.
    await asyncio.gather(*(asyncio.to_thread(counted, sent) for _ in range(4)))
    assert most > 1
    most = 0
    clock = asyncio.create_task(ticking())
    drawn = await asyncio.gather(*(drawn_anew(read) for _ in range(10)))
    clock.cancel()
    assert most == 1
    assert held == 10
    assert len({each.digest for each in drawn}) == 1
    assert await clock < 1.0  # seconds in which nobody else was answered, on a machine with much else to do


async def test_whoever_leaves_gives_their_turn_on() -> None:
    sent = photo((4000, 3000))

    async def read() -> bytes:
        return sent

    first = asyncio.create_task(drawn_anew(read))
    await asyncio.sleep(0.02)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert (await drawn_anew(read)).width == LONGEST_SIDE
