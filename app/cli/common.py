"""What the commands share: settings, the database around a piece of work, and what may go wrong, as sentences."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg  # type: ignore[import-untyped]  # asyncpg comes without types
import click

from app.database import close_database, connect, open_database
from app.errors import DatabaseHeld, Refused
from app.i18n import language, text
from app.main import REGISTRY
from app.migrations import MigrationRefused, pending
from app.notices.smtp import MailServer
from app.serving import AddressTaken
from app.settings import Settings, SettingsError
from app.sqlite_engine import SQLiteStore

T = TypeVar("T")

_DATABASE_ERRORS = (OSError, sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError, DatabaseHeld)


class Failed(click.ClickException):
    """The command could not do what was asked. Its message is a sentence."""


def read_settings(*, serving: bool = False) -> Settings:
    """The settings of this installation. Raises `SettingsError`."""
    settings = Settings.read(os.environ, serving=serving)
    if settings.smtp_url:
        MailServer.of(settings.smtp_url)
    return settings


def on_sqlite(url: str) -> bool:
    """Whether this is an address of the embedded database."""
    return "://" not in url or url.startswith("sqlite://")


def with_database(
    url: str, work: Callable[[], Awaitable[T]], *, make: bool = False, migrated: bool = True, patience: float = 8.0
) -> T:
    """The outcome of `work`, done while the database at this URL is open.

    `make` allows a database file that is not there yet; `migrated` demands that no migration is waiting.
    """

    async def opened() -> T:
        await open_or_fail(url, make=make, patience=patience)
        try:
            if migrated and await pending():
                raise Failed("The database is not up to date with this version: run `reseau upgrade` first.")
            return await work()
        finally:
            await close_database()

    return asyncio.run(opened())


async def open_or_fail(url: str, *, make: bool = False, patience: float = 8.0) -> None:
    """Open the database at this URL for the rest of the loop, or say in a sentence why it cannot be."""
    try:
        engine = connect(url, patience=patience)
    except ValueError as error:
        raise Failed("The database must be sqlite:///path or postgresql://….") from error
    if not make and isinstance(engine, SQLiteStore) and not os.path.exists(engine.path):  # noqa: ASYNC240  # nothing else runs yet
        raise Failed(f"There is no database at {engine.path} yet: `reseau upgrade` makes it.")
    try:
        await open_database(min_size=1, max_size=4)
    except _DATABASE_ERRORS as error:
        raise Failed(f"The database cannot be opened: {reason_of(error)}") from error


def reason_of(error: BaseException) -> str:
    """What the error says, as the end of a sentence."""
    if isinstance(error, TimeoutError) and not str(error):
        return "it did not answer in time."
    said = " ".join(str(error).split()) or type(error).__name__
    return said if said.endswith((".", "!", "?")) else said + "."


def sentence_for(error: Exception) -> str | None:
    """What to tell the person at the keyboard, when it is nothing that the program did wrong."""
    if isinstance(error, Refused):
        sentence = REGISTRY.refusals.get(error.reason)
        if sentence is None:
            return f"That cannot be: {str(error.reason.value).replace('_', ' ')}."
        return language("en").say(text(sentence, **error.details))
    if isinstance(error, (SettingsError, MigrationRefused, AddressTaken)):
        return str(error)
    if isinstance(error, DatabaseHeld):
        return f"The database did not let us in: {reason_of(error)} Try again in a moment."
    if isinstance(error, (sqlite3.OperationalError, asyncpg.PostgresError)):
        return f"The database refused: {reason_of(error)}"
    return None
