"""QR codes as an SVG that the content policy allows: no style, ink on white, error level M."""

from __future__ import annotations

import io
from functools import lru_cache

import segno
from markupsafe import Markup


@lru_cache(maxsize=256)
def qr_svg(address: str) -> Markup:
    """An `<svg class="qr">` of this address, with its quiet zone (ISO/IEC 18004: four modules)."""
    code = segno.make(address, error="m", micro=False)
    drawn = code.svg_inline(omitsize=True, border=4, svgclass="qr", lineclass=None, light="#fff", dark="#191632")
    return Markup(drawn)  # noqa: S704 - segno writes numbers and path commands only


def qr_image(address: str) -> bytes:
    """The same as a file of its own (`image/svg+xml`), for pages that most read without looking at it."""
    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False).save(drawn, kind="svg", border=4, scale=8, light="#fff", dark="#191632")
    return drawn.getvalue()
