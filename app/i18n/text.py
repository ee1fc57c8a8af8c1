"""A sentence that is not yet said: its French msgid and what fills it in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Text:
    """A message to be said in somebody's language. Details may be `Text` or instants' words themselves."""

    msgid: str
    details: Mapping[str, Any] = field(default_factory=dict, hash=False)
    plural: str = ""
    n: int = 0


def text(msgid: str, /, **details: Any) -> Text:
    """A sentence; `%(name)s` in it is filled by `name`. The catalogue's extraction looks for this call."""
    return Text(msgid, details)


def text_n(one: str, many: str, n: int, /, **details: Any) -> Text:
    """A sentence that counts; `%(n)s` is the number."""
    return Text(one, {"n": n, **details}, many, n)


def N_(msgid: str) -> str:
    """Mark a msgid that is said elsewhere. (The name is gettext’s own.)"""
    return msgid
