"""Draws a receipt for the demonstration, as a telephone would have taken it: a small grey picture."""

from __future__ import annotations

import io
from datetime import datetime
from random import Random

from PIL import Image, ImageDraw, ImageFont

from app.accounts.demo_plan import Paper
from app.clock import local

WIDTH, MARGIN, LINE = 400, 26, 30
INK, PAPER, TABLE = 40, 246, 150


def draw_receipt(paper: Paper, *, cents: int, at: datetime, chance: Random) -> bytes:
    """A PNG of a receipt of so much, from that day; its lines add up to it."""
    lines = [paper.shop.upper(), f"{local(at):%d/%m/%Y %H:%M}", ""]
    lines += [
        f"{what}\t{_euros(part)}"
        for what, part in zip(paper.lines, _shared(cents, len(paper.lines), chance), strict=True)
    ]
    lines += ["", f"TOTAL EUR\t{_euros(cents)}", "", "Merci, à bientôt"]
    sheet = Image.new("L", (WIDTH, 2 * MARGIN + LINE * len(lines)), PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(18)
    for number, line in enumerate(lines):
        left, _, right = line.partition("\t")
        height = MARGIN + LINE * number
        pen.text((MARGIN, height), left, fill=INK, font=font)
        pen.text((WIDTH - MARGIN, height), right, fill=INK, font=font, anchor="ra")
    seen = sheet.rotate(chance.uniform(-2, 2), expand=True, fillcolor=TABLE, resample=Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    seen.save(buffer, "PNG")
    return buffer.getvalue()


def _shared(cents: int, among: int, chance: Random) -> list[int]:
    """So much, in so many parts."""
    weights = [chance.uniform(0.5, 1.5) for _ in range(among)]
    parts = [int(cents * weight / sum(weights)) for weight in weights]
    parts[0] += cents - sum(parts)
    return parts


def _euros(cents: int) -> str:
    return f"{cents // 100},{cents % 100:02}"
