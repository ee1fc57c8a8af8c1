"""PostgreSQL out of the running server and back, through its own pg_dump, pg_restore and psql.

A dump is one moment, that of an exported snapshot, which the manifest is read from too. Going back is one transaction
of one session: the old tables go, the dump's come, what has ended since is put right, COMMIT. If any program of the
chain dies before that last word, the server rolls back. Passwords go to these programs in their environment only.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, BinaryIO
from urllib.parse import unquote

import asyncpg  # type: ignore[import-untyped]  # asyncpg comes without types

from app.backup import BackupError, Progress, aftercare
from app.backup.archive import PIECE, Manifest, extract, work_folder, write
from app.erased import Erased
from app.postgres_engine import SCHEMA_LOCK

PART = "database.dump"
PROGRAMS = ("pg_dump", "pg_restore", "psql")
FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/*/bin")
"""Where Debian, Red Hat, a build by hand and Homebrew put them."""
PATIENCE = 60
"""Seconds that either waits for somebody who holds a table."""
NAME = "reseau backup"
"""What PostgreSQL shows these sessions as; the program's own are `reseau`."""
WORDS = {
    "ts": "timestamptz",
    "date": "date",
    "as_day": "::date",
    "day": "min(e.erased_on)::date",
    "digest": "encode(sha256(convert_to(outbox.dedupe, 'UTF8')), 'hex')",
    "seconds": "extract(epoch from now())::bigint",
}
"""What stands in braces in `aftercare`."""


# ------------------------------------------------------------------------------------------------------- the programs


@dataclass(frozen=True, slots=True)
class Programs:
    """A folder with PostgreSQL's programs, all of one version."""

    folder: Path
    major: int

    def __call__(self, name: str, *args: str) -> list[str]:
        return [str(self.folder / name), *args]


def programs(server: int, environ: Mapping[str, str]) -> Programs:
    """The programs that can read a server of this version: the oldest that are not older than it. Raises `BackupError`.

    `RESEAU_PG_BIN` names their folder; without it they are looked for on the path and where systems put them.
    """
    named = environ.get("RESEAU_PG_BIN", "").strip()
    folders = [Path(named)] if named else [Path(each) for each in environ.get("PATH", "").split(os.pathsep) if each]
    if not named:
        for pattern in FOLDERS:
            folders += sorted(Path("/").glob(pattern.removeprefix("/")))
    found = {major: Programs(folder, major) for folder in reversed(folders) if (major := _major(folder)) is not None}
    if not found:
        where = f"in {named}" if named else "on this machine"
        raise BackupError(
            f"pg_dump, pg_restore and psql are not {where}: install the client programs of PostgreSQL {server}, "
            "or name their folder in RESEAU_PG_BIN."
        )
    fitting = [major for major in found if major >= server]
    if not fitting:
        newest = found[max(found)]
        raise BackupError(
            f"The server is PostgreSQL {server}, which the pg_dump of {newest.folder}, version {newest.major}, cannot "
            f"read: install the client programs of version {server} (Debian: postgresql-client-{server}), or name "
            "their folder in RESEAU_PG_BIN."
        )
    return found[min(fitting)]


def _major(folder: Path) -> int | None:
    if not all(os.access(folder / name, os.X_OK) for name in PROGRAMS):
        return None
    try:
        said = subprocess.run(  # noqa: S603 - the program that whoever hosts has installed
            [folder / "pg_dump", "--version"], capture_output=True, text=True, timeout=30
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r"\b(\d+)(?:\.\d+|devel|beta\d|rc\d)", said)
    return int(version[1]) if version else None


def address_and_password(url: str) -> tuple[str, str | None]:
    """The URL as others may read it, and what they may not."""
    scheme, _, rest = url.partition("://")
    rest, _, query = rest.partition("?")
    who, _, where = rest.partition("/")
    user, at, host = who.rpartition("@")
    name, _, password = user.partition(":")
    options = query.split("&") if query else []
    given = [each.partition("=")[2] for each in options if each.startswith("password=")]
    kept = "&".join(each for each in options if not each.startswith("password="))
    address = f"{scheme}://{name}{at}{host}/{where}" + (f"?{kept}" if kept else "")
    return address, unquote(password or "".join(given[:1])) or None


def _environment(environ: Mapping[str, str], password: str | None) -> dict[str, str]:
    """What the programs get to know: nothing of our own settings."""
    given = {name: value for name, value in environ.items() if not name.startswith("RESEAU_")}
    given |= {
        "PGAPPNAME": NAME,
        "PGCONNECT_TIMEOUT": "15",
        "PGTZ": "UTC",
        "PGDATESTYLE": "ISO",
        "PGCLIENTENCODING": "UTF8",
        "LC_ALL": "C",
    }
    if password is not None:
        given["PGPASSWORD"] = password
    return given


@contextmanager
def _errors() -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        yield file


def _last_word(errors: IO[bytes]) -> str:
    """The first line in which a program said what was wrong."""
    errors.seek(0)
    lines = [" ".join(line.split()) for line in errors.read(PIECE).decode(errors="replace").splitlines()]
    wrong = [line for line in lines if "error" in line.lower() or "fatal" in line.lower()]
    said = (wrong or [line for line in lines if line] or ["it did not say why"])[0]
    return said.rstrip(".")


# ------------------------------------------------------------------------------------------------------------ copying


async def _connected(url: str) -> Any:
    try:
        return await asyncpg.connect(
            url,
            timeout=15,
            server_settings={
                "application_name": NAME,
                "timezone": "UTC",
                "statement_timeout": "0",
                "idle_in_transaction_session_timeout": "0",
                "lock_timeout": f"{PATIENCE}s",
            },
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        said = " ".join(str(error).split()) or "it did not answer in time"
        raise BackupError(f"The database cannot be opened: {said.rstrip('.')}.") from error


async def _tables(connection: Any) -> frozenset[str]:
    rows = await connection.fetch("select tablename from pg_tables where schemaname = current_schema()")
    return frozenset(row["tablename"] for row in rows)


async def dump(
    url: str,
    file: BinaryIO,
    *,
    product: str,
    now: datetime,
    environ: Mapping[str, str],
    progress: Progress,
    erased: Collection[Erased] = (),
) -> Manifest:
    """Write one moment of a database that may be in use into a backup, and who is erased in it, or in the lists
    (`erased`). Raises `BackupError`."""
    connection = await _connected(url)
    try:
        tools = programs(connection.get_server_version().major, environ)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            tables = await _tables(connection)
            if not tables >= {"migration", "installation", "member"}:
                raise BackupError("There is nothing in this database yet: `reseau upgrade` makes it.")
            migrations = await connection.fetch("select app_name, name from migration order by id")
            manifest = Manifest(
                product=product,
                engine="postgres",
                engine_version=await connection.fetchval("show server_version"),
                schema=await connection.fetchval("select current_schema()"),
                installation=await connection.fetchval("select name from installation"),
                made_at=now,
                members=await connection.fetchval("select count(*) from member"),
                migrations=tuple(f"{row['app_name']}/{row['name']}" for row in migrations),
                file=PART,
            )
            gone = await connection.fetch("select id, erased_at from member where erased_at is not null")
            here = {
                Erased(each["id"], each["erased_at"].astimezone(UTC).date(), manifest.installation) for each in gone
            }
            snapshot = await connection.fetchval("select pg_export_snapshot()")
            pieces = _dumped(tools, url, manifest, snapshot, environ, progress)
            return write(file, manifest, pieces, compress=False, erased={*erased, *here})
    except asyncpg.PostgresError as error:
        raise BackupError(f"The database refused: {' '.join(str(error).split()).rstrip('.')}.") from error
    finally:
        await connection.close()


def _dumped(
    tools: Programs, url: str, manifest: Manifest, snapshot: str, environ: Mapping[str, str], progress: Progress
) -> Iterator[bytes]:
    """What pg_dump writes, to its good end: else `BackupError`."""
    address, password = address_and_password(url)
    asked = tools(
        "pg_dump",
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        "--no-password",
        f"--schema={_as_pattern(manifest.schema)}",
        f"--snapshot={snapshot}",
        f"--lock-wait-timeout={PATIENCE}s",
        f"--dbname={address}",
    )
    done = 0
    with _errors() as errors:
        with subprocess.Popen(  # noqa: S603 - the program that whoever hosts has installed
            asked,
            env=_environment(environ, password),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as process:
            assert process.stdout is not None
            try:
                while piece := process.stdout.read(PIECE):
                    yield piece
                    done += len(piece)
                    progress("Writing", done, 0)
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            raise BackupError(f"pg_dump could not read the database: {_last_word(errors)}.")


def _as_pattern(schema: str) -> str:
    return '"' + schema.replace('"', '""') + '"'


# -------------------------------------------------------------------------------------------------------- going back


async def _look(url: str, manifest: Manifest, *, force: bool) -> tuple[int, frozenset[str]]:
    """The server's version, and the present tables, which tell what has ended. Raises `BackupError`."""
    connection = await _connected(url)
    try:
        for _ in range(20):  # whoever was stopped just now is shown for a moment yet
            busy = await connection.fetchval(
                "select count(*) from pg_stat_activity where datname = current_database() "
                "and application_name = 'reseau' and pid <> pg_backend_pid()"
            )
            if not busy:
                break
            await asyncio.sleep(0.1)
        else:
            raise BackupError("`reseau` is at work on this database: stop it, then restore. Nothing was done.")
        schema = await connection.fetchval("select current_schema()")
        if schema != manifest.schema:
            raise BackupError(
                f"The backup is of the schema « {manifest.schema} », and this database uses « {schema} ». "
                "Nothing was done."
            )
        tables = await _tables(connection)
        if tables and "migration" not in tables:
            raise BackupError("This database is another program's: make one for Le Réseau. Nothing was done.")
        for table in ("member", "place"):
            if not force and table in tables and await connection.fetchval(f"select true from {table} limit 1"):  # noqa: S608 - constants of this file
                raise BackupError("There are people in this database: `--force` replaces all of it. Nothing was done.")
        return connection.get_server_version().major, tables
    except asyncpg.PostgresError as error:
        raise BackupError(f"The database refused: {' '.join(str(error).split()).rstrip('.')}.") from error
    finally:
        await connection.close()


def restore(
    file: Path,
    manifest: Manifest,
    url: str,
    *,
    force: bool,
    environ: Mapping[str, str],
    progress: Progress,
    erased: Collection[Erased] = (),
) -> None:
    """The state in a verified backup becomes the database. Raises `BackupError`, and all is as it was.

    It has the shape of the backup's time: migrations are the caller's, and erasing whom `erase_again` names: those in
    `erased`, and whom the present tables know to be erased.
    """
    major, tables = asyncio.run(_look(url, manifest, force=force))
    tools = programs(major, environ)
    with work_folder(Path(tempfile.gettempdir())) as work:
        dump = work / PART
        extract(file, manifest, dump, progress)
        _played(tools, dump, manifest, url, tables, environ, progress, erased)


def _played(
    tools: Programs,
    dump: Path,
    manifest: Manifest,
    url: str,
    tables: frozenset[str],
    environ: Mapping[str, str],
    progress: Progress,
    erased: Collection[Erased],
) -> None:
    """All in one transaction of one psql, to which everything is said through a pipe, COMMIT at the very end."""
    address, password = address_and_password(url)
    given = _environment(environ, password)
    script = tools("pg_restore", "--file=-", "--no-owner", "--no-privileges", f"--schema={manifest.schema}", str(dump))
    psql = tools(
        "psql", "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--file=-", f"--dbname={address}"
    )
    done = 0
    with (
        _errors() as errors,
        _errors() as errors_of_script,
        subprocess.Popen(  # noqa: S603 - the program that whoever hosts has installed
            script, env=given, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors_of_script
        ) as reading,
        subprocess.Popen(  # noqa: S603 - the program that whoever hosts has installed
            psql, env=given, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors
        ) as writing,
    ):
        assert reading.stdout is not None
        assert writing.stdin is not None
        try:
            writing.stdin.write(_before(tables, erased).encode())
            while piece := reading.stdout.read(PIECE):
                writing.stdin.write(piece)
                done += len(piece)
                progress("Putting it in place", done, 0)
            if reading.wait():
                raise BackupError(
                    f"pg_restore could not read the backup: {_last_word(errors_of_script)}. Nothing was done."
                )
            progress("Putting it in place", done, 0)
            writing.stdin.write(_after(manifest.schema, tables).encode())
            writing.stdin.close()
            failed = writing.wait()
        except BrokenPipeError:  # psql has ended already, and says why
            failed = writing.wait() or 1
        except BaseException:
            writing.kill()
            raise
        finally:
            reading.kill()
            with suppress(BrokenPipeError):
                writing.stdin.close()
        if failed:
            raise BackupError(f"PostgreSQL did not take the backup, and is as it was: {_last_word(errors)}.")


def _before(tables: frozenset[str], erased: Collection[Erased]) -> str:
    """What is said before the dump: keep what tells of endings, then clear the ground."""
    lines = [
        "set lock_timeout = '{patience}s'; set statement_timeout = 0; set idle_in_transaction_session_timeout = 0;",
        "begin;",
        "select pg_advisory_xact_lock({lock});",
        *(
            f"create temp table {name} ({columns}) on commit drop;"
            for name, (columns, _) in aftercare.EVER_KEPT.items()
        ),
        f"create temp table {aftercare.COUNTERS} (name text, last bigint) on commit drop;",
    ]
    if tables >= aftercare.NEEDED:
        lines += [f"insert into {name} {query};" for name, (_, query) in aftercare.kept_of(tables).items()]
        lines.append(_COUNT)
    lines.append(f"create temp table {aftercare.LISTED} (id integer, erased_on text) on commit drop;")
    lines += [
        f"insert into {aftercare.LISTED} values ({each.member_id:d}, '{each.on.isoformat()}');"  # noqa: S608 - a number and a day
        for each in erased
    ]
    lines.append(_CLEAR)
    return "\n".join(lines).format(patience=PATIENCE, lock=SCHEMA_LOCK, **WORDS) + "\n"


def _after(schema: str, tables: frozenset[str]) -> str:
    """What is said after it: end what has ended, go on counting, and only then COMMIT."""
    lines = [
        f"select set_config('search_path', '{_as_pattern(schema).replace(chr(39), chr(39) * 2)}', true);",
        *(f"{statement.format(**WORDS)};" for statement in aftercare.WHAT_HAS_ENDED),
        *(_where_restored(later) for later in aftercare.later_in(tables)),
        _WHERE_VERSIONS.format(then=aftercare.NEW_VERSIONS.format(**WORDS)),
        _GO_ON.format(leap=aftercare.LEAP, known=aftercare.IS_KNOWN),
        "commit;",
        # Statistics, without which the first pages are slow. Nothing that goes wrong from here on undoes the rest.
        "\\set ON_ERROR_STOP 0",
        "analyze;",
    ]
    return "\n".join(lines) + "\n"


def _where_restored(later: aftercare.Later) -> str:
    """Its statements, if the dump had those tables."""
    there = " and ".join(f"to_regclass('{table}') is not null" for table in sorted(later.tables))
    then = "; ".join(later.statements).format(**WORDS)
    return f"do $$ begin if {there} then {then}; end if; end $$;"


_WHERE_VERSIONS = """
do $$
begin
    if exists (select 1 from pg_attribute where attrelid = to_regclass('entry') and attname = 'version') then
        {then};
    end if;
end $$;
"""


_EACH_COUNTER = """
    select c.relname as name, pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname), 'id') as counter
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
    where n.nspname = current_schema() and c.relkind = 'r' and a.attname = 'id' and not a.attisdropped
"""
_COUNT = f"""
do $$
declare each record;
begin
    for each in {_EACH_COUNTER} loop
        if each.counter is not null then
            execute format(
                'insert into {aftercare.COUNTERS} select %L, last_value from %s where is_called',
                each.name, each.counter
            );
        end if;
    end loop;
end $$;
"""  # noqa: S608 - constants of this file
_CLEAR = """
do $$
declare each record;
begin
    for each in select schemaname, tablename from pg_tables where schemaname = current_schema() loop
        execute format('drop table %I.%I cascade', each.schemaname, each.tablename);
    end loop;
    for each in select p.oid::regprocedure as name from pg_proc p where p.pronamespace = current_schema()::regnamespace
        and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e') loop
        execute format('drop routine %s cascade', each.name);
    end loop;
end $$;
"""
_GO_ON = f"""
do $$
declare
    each record;
    given bigint;
    leap bigint := case when ({{known}}) > 0 then 0 else {{leap}} end;
begin
    for each in {_EACH_COUNTER} loop
        if each.counter is not null then
            execute format('select case when is_called then last_value else 0 end from %s', each.counter) into given;
            given := greatest(given, coalesce((select last from {aftercare.COUNTERS} k where k.name = each.name), 0));
            if each.name = 'member' then
                given := greatest(given, (select max(id) from {aftercare.LISTED}));
            end if;
            given := given + leap;
            if given > 0 then
                perform setval(each.counter, given);
            end if;
        end if;
    end loop;
end $$;
"""  # noqa: S608 - constants of this file
