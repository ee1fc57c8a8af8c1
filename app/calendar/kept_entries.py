"""Entries as this process has read them: one is read again only when its version has moved.

Every write of an entry moves its version (`entries`), so that a list costs one question of numbers alone, answered by
an index. What is kept is what the database said, the same for everybody; who may see what of it is `queries`' affair.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from app.database import Store, engine, in_transaction, run

MOST_KEPT = 2000
"""About 4 MB. The one that was read first makes room."""

_COLUMNS = (
    "e.id as entry_id, e.version, e.kind, e.thing_id, e.place_id, e.starts_at, e.ends_at, e.state, e.title, e.genre, "
    "e.hosts, e.seats, e.taken, e.waiting, e.language, e.step_free, e.children, "
    "e.listed, e.joins_until, r.name as room, p.name as place"
)
_AROUND = "join place p on p.id = e.place_id left join room r on r.id = e.room_id"


@dataclass(slots=True)
class KeptEntry:
    """One entry at one version."""

    version: int
    kind: str
    place_id: int
    row: dict[str, Any]
    shown: dict[Any, Any] = field(default_factory=dict)
    """What was made of it, for whoever sees the same of it (`queries`)."""


_read: MutableMapping[Store, dict[int, KeptEntry]] = WeakKeyDictionary()
"""By database. Nothing that a transaction sees before its end is kept: it may yet be undone."""


async def entries_of(lines: Iterable[tuple[int, int, object]]) -> dict[int, KeptEntry]:
    """The entries of these lines (id, version and whatever else), at that version or later; without those that are
    gone."""
    memory = {} if in_transaction() else kept()
    found: dict[int, KeptEntry] = {}
    missing: list[int] = []
    for entry_id, version, _ in lines:
        entry = memory.get(entry_id)
        if entry is not None and entry.version == version:
            found[entry_id] = entry
        else:
            missing.append(entry_id)
    if missing:
        rows = await run(
            f"select {_COLUMNS} from entry e {_AROUND} where e.id in ({', '.join('{}' for _ in missing)})",  # noqa: S608 - constants and marks
            *missing,
        )
        for row in rows:
            entry_id = row["entry_id"]
            memory.pop(entry_id, None)
            found[entry_id] = memory[entry_id] = KeptEntry(row["version"], row["kind"], row["place_id"], row)
        while len(memory) > MOST_KEPT:
            del memory[next(iter(memory))]
    return found


def kept() -> dict[int, KeptEntry]:
    """What is kept of the database in use, by id."""
    return _read.setdefault(engine(), {})


def forget() -> None:
    """Keep nothing: the next list reads what it shows."""
    _read.clear()
