"""What a request finds to be over: sessions and ways in are deleted once it has been answered.

Else a clock that is set back would make them good again. Whoever reads one says so here; the shell deletes them, so
that no answer waits for it and no command need write what it only reads.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta

from app.database import transaction
from app.identity.tables import Passage, Session

log = logging.getLogger("reseau.sessions")

CLOCKS_APART = timedelta(minutes=2)
"""How far the clocks of two processes may be apart. What was made later than this is of a clock that was ahead."""


class Found:
    """Numbers of what one request found to be over."""

    def __init__(self) -> None:
        self.sessions: set[int] = set()
        self.passages: set[int] = set()


_found: ContextVar[Found | None] = ContextVar("found_over", default=None)


@contextmanager
def finding() -> Iterator[Found]:
    """Around one request: what is found meanwhile."""
    found = Found()
    token = _found.set(found)
    try:
        yield found
    finally:
        _found.reset(token)


def session_is_over(session_id: int) -> None:
    """This session was seen expired, or idle for too long."""
    if (found := _found.get()) is not None:
        found.sessions.add(session_id)


def passage_is_over(passage_id: int) -> None:
    """This code and this link were seen expired."""
    if (found := _found.get()) is not None:
        found.passages.add(passage_id)


def is_of_the_future(created_at: datetime, now: datetime) -> bool:
    """Whether it was made by a clock that was ahead, and is not good at this hour."""
    return created_at > now + CLOCKS_APART


async def delete_found(found: Found) -> None:
    """Delete it, after the answer. It never fails; the job of each minute does the rest."""
    if not found.sessions and not found.passages:
        return
    try:
        async with transaction():
            if found.sessions:
                await Session.delete().where(Session.id.is_in(sorted(found.sessions)))
            if found.passages:
                await Passage.delete().where(Passage.id.is_in(sorted(found.passages)))
    except Exception:
        log.warning("what is over was not deleted", exc_info=True)
