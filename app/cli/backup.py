"""`reseau backup` and `reseau restore`: names of files, what is shown meanwhile, and what is said at the end."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3 as sqlite_library
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn

from app import backup as backups
from app import clock
from app.backup import BackupError, aftercare, archive, postgres, sqlite
from app.backup.archive import Manifest
from app.cli.common import Failed, on_sqlite, read_settings, reason_of, with_database
from app.database import is_sqlite, run, transaction
from app.erased import BESIDE_BACKUPS, Erased, add_to_file, beside, read_file
from app.errors import DatabaseHeld
from app.identity.leaving import erase_again, wipe
from app.main import REGISTRY
from app.migrations import known_steps, migrate
from app.settings import erased_list


@click.command(short_help="Write everything into one file, while the server runs.")
@click.argument("file")
def backup(file: str) -> None:
    """Write everything into one file, while the server runs.

    FILE must not be there yet. A folder gets a file with the date and the time in its name; - is standard output.
    The settings (.env, with the secret key) are not in it: keep a copy of them elsewhere. PostgreSQL's pg_dump must be
    as new as the server; RESEAU_PG_BIN names its folder, where it is not found.

    Beside it goes reseau.erased, the list of people who erased themselves: numbers and days. Keep it with the backups;
    an older one is put right by it.

    \b
    Examples:
      reseau backup before-upgrade.zip
      reseau backup /var/backups/reseau/
      reseau backup - | age --recipient age1… > reseau.zip.age
    Each night, from cron:
      15 3 * * * cd /srv/reseau && .venv/bin/reseau backup /var/backups/reseau/ >/dev/null
    """
    url = read_settings().database_url
    with _could_not(), _ended_like_ctrl_c(), _shown() as progress:
        if file == "-":
            with archive.work_folder(Path(tempfile.gettempdir())) as work:
                manifest = _write(url, sys.stdout.buffer, work, progress)
        else:
            target = _target(file)
            with archive.work_folder(target.parent) as work_folder:
                made = work_folder / target.name
                with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as whole:
                    manifest = _write(url, whole, work_folder, progress)
                _listed(target.parent / BESIDE_BACKUPS)
                add_to_file(target.parent / BESIDE_BACKUPS, archive.erased_in(made))
                try:
                    archive.put_in_place(made, target)
                except FileExistsError as taken:
                    raise _taken(target) from taken
    if file == "-":
        click.echo(f"{_members(manifest)} backed up.", err=True)
    else:
        click.echo(f"{_members(manifest)} backed up in {target}, {_size(target.stat().st_size)}.")


@click.command(short_help="Put a backup in the place of the database.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Also where there are people already: all of it is replaced.")
@click.option(
    "--erased",
    "lists",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A list of erased people, or a newer backup, from elsewhere.",
)
def restore(file: Path, force: bool, lists: tuple[Path, ...]) -> None:
    """Put a backup in the place of the database, with `reseau serve` stopped.

    The file is looked through first. Cut at any point, the old database is whole or the new one is. A backup of an
    older version is brought up to date. Everybody signs in again; passwords and second codes that were changed,
    recovery codes that were used and calendar addresses that were cut since the backup stay so, as far as the database
    that is replaced still tells.

    Whoever erased themselves since is erased again before anybody can read of them: as the database that is replaced
    tells, the list beside it, that of RESEAU_ERASED_LIST, reseau.erased beside FILE, and whatever --erased names.
    Absence counts from the last visit that either state knows of, or else from today.

    \b
    Examples:
      reseau restore /var/backups/reseau/reseau-2026-11-24-031500.zip
      reseau backup present.zip && reseau restore yesterday.zip --force
    """
    url = read_settings().database_url
    again: list[int] = []
    with _could_not(), _ended_like_ctrl_c(), _shown() as progress:
        manifest = archive.verified(file, progress)
        _fits(manifest, url)
        erased = _erased(file, url, lists, manifest)
        if (kept := _kept_at(url)) is not None:
            add_to_file(kept, erased)  # first: where it cannot be, nothing was done
        outcome = sqlite.Restored(True)
        if on_sqlite(url):
            outcome = sqlite.restore(
                file,
                manifest,
                _path(url),
                force=force,
                migrate=lambda path: again.append(_migrate(str(path), manifest)),
                now=clock.now(),
                progress=progress,
                erased=erased,
            )
        else:
            postgres.restore(file, manifest, url, force=force, environ=os.environ, progress=progress, erased=erased)
    if not on_sqlite(url):
        again.append(_migrate(url, manifest))
    if outcome.aside is not None:
        click.echo(f"The file that was no database any more is now {outcome.aside}.")
    if not outcome.told_by_present:
        click.echo(
            "The old database could not tell: passwords, second codes and calendar addresses are those of the backup."
        )
    if again and again[-1]:
        people = "1 person who" if again[-1] == 1 else f"{again[-1]:,} people who"
        click.echo(f"{people} had left since {'was' if again[-1] == 1 else 'were'} erased again.")
    click.echo(
        f"{_members(manifest)} restored, as of {clock.local(manifest.made_at):%d/%m/%Y %H:%M}. All are signed out."
    )


def _write(url: str, whole: BinaryIO, work: Path, progress: backups.Progress) -> Manifest:
    product, now = version("reseau"), clock.now()
    if not on_sqlite(url):
        return asyncio.run(
            postgres.dump(
                url,
                whole,
                product=product,
                now=now,
                environ=os.environ,
                progress=progress,
                erased=_listed(_kept_at(url)),
            )
        )
    source, copied = _path(url), work / sqlite.PART
    if not source.is_file():
        raise Failed(f"There is no database at {source} yet: `reseau upgrade` makes it.")
    manifest = sqlite.copy(source, copied, product=product, now=now, progress=progress)
    erased = {*sqlite.erased_in(copied), *_listed(_kept_at(url)), *_listed(beside(source))}
    return archive.write(whole, manifest, sqlite.pieces(copied, progress), compress=True, erased=erased)


def _migrate(url: str, manifest: Manifest) -> int:
    """Bring a restored state up to date: its shape, whoever was erased since, first names of guests.
    Returns how many people were erased again."""
    older = {step.name for step in known_steps()} - set(manifest.migrations)

    async def done() -> int:
        await migrate()
        if older:  # its entries may have got their versions just now, or in a server that started meanwhile
            words = sqlite.WORDS if is_sqlite() else postgres.WORDS
            async with transaction():
                await run(aftercare.NEW_VERSIONS.format(**words))
        erased = await erase_again(REGISTRY.domains, now=clock.now())
        await wipe(clock.now())
        forgetting = {kept.job for kept in REGISTRY.keeps if kept.before_serving}
        for job in REGISTRY.jobs:
            if job.name in forgetting:
                await job.run(clock.now())
        return erased

    return with_database(url, done, migrated=False)


def _erased(file: Path, url: str, lists: tuple[Path, ...], manifest: Manifest) -> frozenset[Erased]:
    """Who stands in any list that is at hand, of this installation."""
    found = set(archive.erased_in(file)) | set(_listed(file.absolute().parent / BESIDE_BACKUPS))
    found |= _listed(_kept_at(url))
    if on_sqlite(url):
        found |= _listed(beside(_path(url)))
    for path in lists:
        found |= archive.erased_in(path) if zipfile.is_zipfile(path) else _listed(path)
    return frozenset(each for each in found if each.installation == manifest.installation)


def _kept_at(url: str) -> Path | None:
    """Where this database's list is kept, as `app.erased.kept_at` says of an open one."""
    return erased_list(os.environ) or (beside(_path(url)) if on_sqlite(url) else None)


def _listed(path: Path | None) -> frozenset[Erased]:
    """Who stands in this list; nobody where there is none."""
    try:
        return frozenset() if path is None else read_file(path)
    except ValueError as error:
        raise Failed(
            f"The file {path} is no list of erased people ({error}). Mend it, or move it away. Nothing was done."
        ) from error


def _fits(manifest: Manifest, url: str) -> None:
    """Whether this program and this sort of database can take the backup."""
    engine = "sqlite" if on_sqlite(url) else "postgres"
    names = {"sqlite": "the embedded database", "postgres": "PostgreSQL"}
    if manifest.engine != engine:
        raise Failed(
            f"The backup is of {names.get(manifest.engine, manifest.engine)}, and RESEAU_DATABASE_URL names "
            f"{names[engine]}. Nothing was done."
        )
    if unknown := set(manifest.migrations) - {step.name for step in known_steps()}:
        raise Failed(
            f"The backup was made by a newer version ({manifest.product}), which knows {', '.join(sorted(unknown))}: "
            "install that one first. Nothing was done."
        )


def _target(file: str) -> Path:
    """The name that the backup will have, whose folder is there and which nothing has."""
    target = Path(file)
    if file.endswith("/") or target.is_dir():
        target /= f"reseau-{clock.local(clock.now()):%Y-%m-%d-%H%M%S}.zip"
    if not target.parent.is_dir():
        raise Failed(f"There is no folder {target.parent}.")
    if target.exists():
        raise _taken(target)
    return target


def _taken(target: Path) -> Failed:
    return Failed(f"There is {target} already: name another file, or a folder.")


def _path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///")).absolute()


def _members(manifest: Manifest) -> str:
    return "1 member" if manifest.members == 1 else f"{manifest.members:,} members"


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


@contextmanager
def _could_not() -> Iterator[None]:
    """What may go wrong with files and databases, as a sentence."""
    try:
        yield
    except BackupError as error:
        raise Failed(str(error)) from error
    except BrokenPipeError:
        raise
    except (sqlite_library.Error, DatabaseHeld) as error:
        raise Failed(f"The database could not be written: {reason_of(error)} What was there is as it was.") from error
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        said = (error.strerror or str(error)).lower()
        raise Failed(f"The file could not be written{where}: {said}. What was there is as it was.") from error


@contextmanager
def _ended_like_ctrl_c() -> Iterator[None]:
    """SIGTERM cleans up as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _shown() -> Iterator[backups.Progress]:
    """How far it is, on a terminal; standard output may be the backup itself."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        tasks: dict[str, TaskID] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what)
            bar.update(tasks[what], completed=done, total=total or None)

        yield progress
