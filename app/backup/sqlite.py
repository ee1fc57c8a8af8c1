"""SQLite out of the running server and back, through SQLite itself: never by copying or renaming the file in use.

A copy is one moment of the database, read in small steps while the server writes on. Going back is one transaction of
SQLite's own over the old database: cut at any point, the next one who opens the file finds the old state or the new.
Only separate processes may call this: closing a file that this process has open would give up all its locks on it.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from urllib.parse import quote

from app.backup import BackupError, Progress, aftercare
from app.backup.archive import PIECE, Manifest, extract, put_in_place, work_folder
from app.erased import Erased

PART = "database.sqlite"
STEP = 1024
"""Pages, 4 MB. Between steps nothing is held that anybody waits for: in WAL mode readers stop no writer at all."""
PATIENCE = 10.0
"""Seconds that a copy waits for somebody who holds the whole database."""
WORDS = {
    "ts": "text",
    "date": "text",
    "as_day": "",
    "day": "min(e.erased_on)",
    "digest": "sha256_hex(outbox.dedupe)",
    "seconds": "cast(strftime('%s', 'now') as integer)",
}
"""What stands in braces in `aftercare`."""


def _open(path: Path, *, timeout: float = PATIENCE) -> sqlite3.Connection:
    """The file, which must be there."""
    return sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=timeout, isolation_level=None)


def _tables(connection: sqlite3.Connection) -> frozenset[str]:
    rows = connection.execute(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite~_%' escape '~'"
    )
    return frozenset(name for (name,) in rows)


# ------------------------------------------------------------------------------------------------------------ copying


def copy(source: Path, target: Path, *, product: str, now: datetime, progress: Progress) -> Manifest:
    """One moment of a database that may be in use, whole and looked through, in a new file. Raises `BackupError`."""
    try:
        with closing(_open(source)) as theirs, closing(sqlite3.connect(target, isolation_level=None)) as ours:
            target.chmod(0o600)
            # Without this snapshot, each write of another process would make the copy begin again.
            theirs.execute("begin")
            if "migration" not in _tables(theirs):
                raise BackupError(f"{source} is no database of Le Réseau: `reseau upgrade` makes one.")

            def stepped(_status: int, left: int, total: int) -> None:
                progress("Copying", (total - left) * 4096, total * 4096)

            theirs.backup(ours, pages=STEP, progress=stepped, sleep=0)
            theirs.execute("rollback")
            ours.execute("pragma journal_mode = delete")
            progress("Looking it through", 0, 0)
            _look_through(ours, source)
            return _manifest(ours, product, now)
    except sqlite3.Error as error:
        raise BackupError(f"The database {source} cannot be copied: {error}.") from error


def _look_through(connection: sqlite3.Connection, name: Path) -> None:
    (found,) = connection.execute("pragma integrity_check(1)").fetchone()
    if found == "ok" and connection.execute("pragma foreign_key_check").fetchone() is not None:
        found = "rows point nowhere"
    if found != "ok":
        said = " ".join(str(found).split())
        raise BackupError(f"The database {name} is damaged ({said}): keep the backups that you have. Nothing was done.")


def _manifest(connection: sqlite3.Connection, product: str, now: datetime) -> Manifest:
    migrations = connection.execute("select app_name, name from migration order by id")
    done = tuple(f"{app}/{name}" for app, name in migrations)
    if not done:
        raise BackupError("There is nothing in this database yet: `reseau upgrade` makes it.")
    return Manifest(
        product=product,
        engine="sqlite",
        engine_version=sqlite3.sqlite_version,
        schema="",
        installation=connection.execute("select name from installation").fetchone()[0],
        made_at=now,
        members=connection.execute("select count(*) from member").fetchone()[0],
        migrations=done,
        file=PART,
    )


def erased_in(path: Path) -> frozenset[Erased]:
    """Who is erased in this copy."""
    with closing(_open(path)) as copied:
        rows = copied.execute(
            "select m.id, substr(m.erased_at, 1, 10), i.name from member m cross join installation i "
            "where m.erased_at is not null"
        ).fetchall()
    return frozenset(Erased(number, date.fromisoformat(day), name) for number, day, name in rows)


def pieces(path: Path, progress: Progress) -> Iterator[bytes]:
    """The bytes of a copy."""
    size, done = path.stat().st_size, 0
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece
            done += len(piece)
            progress("Writing", done, size)


# -------------------------------------------------------------------------------------------------------- going back


class Damaged(BackupError):
    """What stands there is no database that SQLite can read."""


@contextmanager
def alone_with(path: Path) -> Iterator[sqlite3.Connection | None]:
    """The database that will be replaced, locked against everybody until the block ends; None if there is no file.

    Leaving WAL mode needs that nobody else has the file open, not even idle: SQLite's own locks say so, which die with
    their process. Its log is folded in by the same stroke. Raises `Damaged`, or `BackupError` when a server runs on it.
    """
    if not path.exists():
        yield None
        return
    with closing(_open(path, timeout=0)) as connection:
        try:
            connection.execute("pragma locking_mode = exclusive")
            connection.execute("pragma synchronous = extra")
            connection.execute("pragma journal_mode = delete").fetchone()
            connection.execute("begin exclusive")
            connection.execute("commit")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise BackupError(
                    f"A program has the database {path} open: stop `reseau serve`, then restore. Nothing was done."
                ) from error
            raise Damaged(f"The database {path} cannot be opened: {error}.") from error
        except sqlite3.DatabaseError as error:
            raise Damaged(f"What stands at {path} is no database any more: {error}.") from error
        yield connection


def _is_in_use(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether there is a place or a person. Raises `Damaged`, or `BackupError` when it is another program's."""
    try:
        tables = _tables(connection)
        if tables and "migration" not in tables:
            raise BackupError(f"The database {path} is another program's: name one of its own. Nothing was done.")
        return any(
            connection.execute(f"select 1 from {table} limit 1").fetchone()  # noqa: S608 - constants of this file
            for table in ("member", "place")
            if table in tables
        )
    except sqlite3.DatabaseError as error:
        raise Damaged(f"The database {path} cannot be read: {error}.") from error


def _care_for(restored: Path, present: sqlite3.Connection | None, name: Path, erased: Collection[Erased]) -> bool:
    """Look a restored copy through and put an end to what has ended since. False when the present database, which
    would tell, cannot be read. `erased` is who the lists name."""
    readable = True
    with closing(_open(restored)) as connection:
        connection.execute("pragma journal_mode = delete")
        connection.execute("pragma secure_delete = 1")
        _look_through(connection, name)
        connection.execute("begin immediate")
        for table, (columns, _) in aftercare.EVER_KEPT.items():
            connection.execute(f"create temp table {table} ({columns.format(**WORDS)})")
        connection.execute(f"create temp table {aftercare.COUNTERS} (name text, last bigint)")
        tables: frozenset[str] = frozenset()
        try:
            if present is not None and (tables := _tables(present)) >= aftercare.NEEDED:
                for table, (_, query) in aftercare.kept_of(tables).items():
                    _carry(present, query.format(**WORDS), connection, table)
                _carry(present, "select name, seq from sqlite_sequence", connection, aftercare.COUNTERS)
        except sqlite3.DatabaseError:
            readable = False
            for table in (*aftercare.EVER_KEPT, aftercare.COUNTERS):
                connection.execute(f"delete from {table}")  # noqa: S608 - constants of this file
        connection.execute(f"create temp table {aftercare.LISTED} (id integer, erased_on text)")
        connection.executemany(
            f"insert into {aftercare.LISTED} values (?, ?)",  # noqa: S608 - constants of this file
            [(each.member_id, each.on.isoformat()) for each in erased],
        )
        connection.create_function("sha256_hex", 1, _sha256_hex, deterministic=True)
        for statement in aftercare.WHAT_HAS_ENDED:
            connection.execute(statement.format(**WORDS))
        restored_tables = _tables(connection)
        for later in aftercare.later_in(tables):
            if later.tables <= restored_tables:
                for statement in later.statements:
                    connection.execute(statement.format(**WORDS))
        if connection.execute("select 1 from pragma_table_info('entry') where name = 'version'").fetchone():
            connection.execute(aftercare.NEW_VERSIONS.format(**WORDS))
        _numbers_go_on(connection)
        connection.execute("commit")
    return readable


def _sha256_hex(written: str) -> str:
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()


def _carry(present: sqlite3.Connection, query: str, into: sqlite3.Connection, table: str) -> None:
    rows = present.execute(query).fetchall()
    if rows:
        into.executemany(f"insert into {table} values ({', '.join('?' * len(rows[0]))})", rows)  # noqa: S608 - constants of this file


def _numbers_go_on(connection: sqlite3.Connection) -> None:
    """No number that was given since the backup is given again: calendars and mails out there lead to it."""
    (is_known,) = connection.execute(aftercare.IS_KNOWN).fetchone()
    counted = connection.execute(
        "select name from sqlite_master where type = 'table' and sql like '%autoincrement%'"
    ).fetchall()
    given, present = (
        dict(connection.execute(f"select name, {last} from {table}").fetchall())  # noqa: S608 - constants of this file
        for last, table in (("seq", "sqlite_sequence"), ("last", aftercare.COUNTERS))
    )
    (listed,) = connection.execute(f"select max(id) from {aftercare.LISTED}").fetchone()  # noqa: S608 - constants of this file
    if listed is not None:
        present["member"] = max(present.get("member", 0), listed)
    for (name,) in counted:
        last = max(given.get(name, 0), present.get(name, 0)) + (0 if is_known else aftercare.LEAP)
        if name in given:
            connection.execute("update sqlite_sequence set seq = ? where name = ?", (last, name))
        elif last:
            connection.execute("insert into sqlite_sequence (name, seq) values (?, ?)", (name, last))


def _put_back(restored: Path, present: sqlite3.Connection | None, path: Path, progress: Progress) -> None:
    """The restored copy becomes the database, all at once. Raises `BackupError`, the old one whole."""
    with closing(_open(restored)) as ours:
        ours.execute("pragma journal_mode = delete")
        if present is not None:

            def stepped(_status: int, left: int, total: int) -> None:
                progress("Putting it in place", (total - left) * 4096, total * 4096)

            try:
                ours.backup(present, pages=STEP, progress=stepped, sleep=0)
            except sqlite3.Error as error:
                present.close()
                _undo(path)
                raise BackupError(f"The database could not be replaced, and is as it was: {error}.") from error
            return
    try:
        put_in_place(restored, path)
    except FileExistsError as error:
        raise BackupError(f"Another program made {path} meanwhile. Nothing was done.") from error


def _undo(path: Path) -> None:
    """After a full disk SQLite undoes its transaction when the file is next opened, which gives the room back."""
    with suppress(sqlite3.Error), closing(_open(path)) as again:
        again.execute("select count(*) from sqlite_master").fetchone()


def _set_aside(path: Path, now: datetime) -> Path:
    """Move a file that is no database out of the way, with its log, and give its new name."""
    aside = path.with_name(f"{path.name}.damaged-{now:%Y%m%d-%H%M%S}")
    for ending in ("-wal", "-shm", "-journal", ""):  # the log first: without its database it is nothing to anybody
        old = path.with_name(path.name + ending)
        if old.exists():
            old.rename(aside.with_name(aside.name + ending))
    return aside


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of a restoration."""

    told_by_present: bool
    """Whether what has ended since could be read from the database that was replaced, or there was none."""
    aside: Path | None = None
    """Where the file went that was no database any more."""


def restore(
    file: Path,
    manifest: Manifest,
    path: Path,
    *,
    force: bool,
    migrate: Callable[[Path], None],
    now: datetime,
    progress: Progress,
    erased: Collection[Erased] = (),
) -> Restored:
    """The state in a verified backup becomes the database at `path`. Raises `BackupError`, and all is as it was.

    `migrate` brings the copy up to date before anybody sees it, and erases again whom `erased` or the present database
    name.
    """
    if not path.parent.is_dir():
        raise BackupError(f"There is no folder {path.parent} to put the database in. Nothing was done.")
    with work_folder(path.parent) as work:
        restored = work / PART
        try:
            with alone_with(path) as present:
                if present is not None and _is_in_use(present, path) and not force:
                    raise BackupError(
                        f"There are people in the database {path}: `--force` replaces all of it. Nothing was done."
                    )
                extract(file, manifest, restored, progress)
                told = _care_for(restored, present, file, erased)
                migrate(restored)
                _put_back(restored, present, path, progress)
                return Restored(told)
        except Damaged as damaged:
            if not force:
                raise BackupError(
                    f"{damaged} With `--force` it is set aside, and the backup takes its place. Nothing was done."
                ) from damaged
        for old in work.iterdir():
            old.unlink()
        extract(file, manifest, restored, progress)
        _care_for(restored, None, file, erased)
        migrate(restored)
        aside = _set_aside(path, now)
        _put_back(restored, None, path, progress)
        return Restored(False, aside)
