"""What was read stands as long as nothing at all was committed since (`app.database.stamp`).

For what many people read between two writes, and no more than a few questions answer: the places, a place's week, one
workshop; and for what one reader asks again with each page, who they are and what they have. Nothing is kept that is
rendered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, MutableMapping
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from app.database import Store, engine

MOST_KEPT = 300
"""What was kept first makes room."""
MOST_OWN = 600
T = TypeVar("T")

Kept = MutableMapping[Store, dict[Hashable, tuple[Hashable, Any]]]
_read: Kept = WeakKeyDictionary()
"""By database: under each name the stamp that was taken before reading, and what was read."""
_own: Kept = WeakKeyDictionary()
"""What is one reader's own: however many come, and whatever cookies they show, what all share is not pushed out."""


async def unchanged(taken: Hashable, name: Hashable, read: Callable[[], Awaitable[T]], *, own: bool = False) -> T:
    """What `read` gives, or gave at the same stamp under the same name. `taken` was taken for this request, before.

    Whoever gets it shares it with others, and changes nothing in it. `own` is for what is one reader's alone: `name`
    then says whose it is.
    """
    kept = (_own if own else _read).setdefault(engine(), {})
    found = kept.get(name)
    if found is not None and found[0] == taken:
        return cast("T", found[1])
    value = await read()
    kept.pop(name, None)
    kept[name] = taken, value
    while len(kept) > (MOST_OWN if own else MOST_KEPT):
        del kept[next(iter(kept))]
    return value
