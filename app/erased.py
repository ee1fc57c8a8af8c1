"""The list of erased people: their number, the day, the installation. Nothing else, so that it may be kept for ever.

It stands beside SQLite's file (`<database>.erased`) or where `RESEAU_ERASED_LIST` says, and beside backups
(`reseau.erased`), and goes with each of them: whoever restores an older state erases these again (`app.backup`). The
database itself says the same by `member.erased_at`; the file is for the day when that database is lost. Lines are only
ever added, by one process at a time.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date
from pathlib import Path

from app.database import engine, run
from app.settings import erased_list
from app.sqlite_engine import SQLiteStore

if sys.platform != "win32":
    import fcntl

BESIDE_BACKUPS = "reseau.erased"
"""Its name in a folder of backups, and inside each of them."""
LARGEST = 16 * 1024 * 1024
_LINE = re.compile(r"(\d{1,10}) (\d{4}-\d\d-\d\d) ([0-9A-Za-z.-]{1,60})")


@dataclass(frozen=True, slots=True, order=True)
class Erased:
    """Somebody who was erased."""

    member_id: int
    on: date
    installation: str
    """The name that keeps this installation's numbers apart from any other's (`app.calendar.tables.Installation`)."""

    def line(self) -> str:
        """As it stands in the list."""
        return f"{self.member_id} {self.on.isoformat()} {self.installation}\n"


def beside_database() -> Path | None:
    """Where the list beside the open database stands: PostgreSQL has no such place."""
    store = engine()
    return beside(Path(store.path)) if isinstance(store, SQLiteStore) else None


def kept_at() -> Path | None:
    """Where the list of the open database is kept: where the setting says, else beside it. None for PostgreSQL without
    the setting: then its list stands beside the backups only."""
    named = erased_list(os.environ)
    return beside_database() if named is None else named


def beside(database: Path) -> Path:
    """The list that stands beside this database file."""
    return database.with_name(f"{database.name}.erased")


def written(people: Iterable[Erased]) -> str:
    """The whole list."""
    return "".join(person.line() for person in sorted(set(people)))


def read(text: str) -> frozenset[Erased]:
    """What a list says. Raises ValueError for a line that is none, but the last may be cut short."""
    found = set()
    *lines, last = text.split("\n")
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"what is {line[:80]!r}?")
        found.add(Erased(int(match[1]), date.fromisoformat(match[2]), match[3]))
    if last and not last[0].isdigit():
        raise ValueError(f"what is {last[:80]!r}?")
    return frozenset(found)


def read_file(path: Path) -> frozenset[Erased]:
    """The list in this file; nobody where there is none. Raises ValueError and OSError."""
    try:
        with path.open("rb") as file:
            return read(file.read(LARGEST).decode("ascii"))
    except FileNotFoundError:
        return frozenset()


def add_to_file(path: Path, people: Iterable[Erased]) -> int:
    """Add those who are not in it yet, to survive a power cut. Returns how many; makes no file for nobody. Raises
    ValueError for a file that is no list."""
    people = set(people)
    if not people - read_file(path):
        return 0
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        with _alone_with(handle):
            new = people - read_file(path)  # another process may have added some meanwhile
            os.ftruncate(handle, _whole_lines(path))  # a line that was cut, if there is one
            left = written(new).encode()
            while left:
                left = left[os.write(handle, left) :]
            os.fsync(handle)
    finally:
        os.close(handle)
    return len(new)


@contextmanager
def _alone_with(handle: int) -> Iterator[None]:
    """No other process adds to this list meanwhile; the lock ends with the process that has it. Windows has no such
    lock: only one process serves there."""
    if sys.platform != "win32":
        fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        if sys.platform != "win32":
            fcntl.flock(handle, fcntl.LOCK_UN)


def _whole_lines(path: Path) -> int:
    """How many bytes of the list are lines that were written to their end."""
    with path.open("rb") as file:
        return file.read(LARGEST).rfind(b"\n") + 1


async def erased_people() -> frozenset[Erased]:
    """Whom the open database knows to be erased."""
    rows = await run(
        "select m.id, m.erased_at, i.name from member m cross join installation i where m.erased_at is not null"
    )
    return frozenset(Erased(row["id"], row["erased_at"].astimezone(UTC).date(), row["name"]) for row in rows)


async def note_beside_database() -> int:
    """Bring the list of the open database to what it says. Returns how many were added."""
    path = kept_at()
    return 0 if path is None else add_to_file(path, await erased_people())
