"""The words of one's own data: why an erasure has to wait."""

from __future__ import annotations

from app.errors import Refusal


class DataRefusal(Refusal):
    """Why somebody cannot be erased now."""

    SOMETHING_FIRST = "something_first"
