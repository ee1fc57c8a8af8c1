"""Rows changed past every guard of the database, as by somebody with a shell on it: to see that it is noticed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from app.database import is_sqlite, run, transaction

T = TypeVar("T")
GUARDED = ("ledger_line", "pot_line")


class _Undone(Exception):
    pass


async def tamper(statement: str, *args: Any) -> None:
    """Do this while nothing that guards the tables that are only added to is there."""
    async with transaction():
        await _past_the_guards(statement, *args)


async def tampered(look: Callable[[], Awaitable[T]], *statements: str) -> T:
    """What is seen while these have been done, which are undone again: what one sees is worth an hour of making."""
    seen: list[T] = []
    try:
        async with transaction():
            for statement in statements:
                await _past_the_guards(statement)
            seen.append(await look())
            raise _Undone
    except _Undone:
        return seen[0]


async def _past_the_guards(statement: str, *args: Any) -> None:
    if not is_sqlite():
        for table in GUARDED:
            await run(f"alter table {table} disable trigger user")
        await run(statement, *args)
        for table in GUARDED:
            await run(f"alter table {table} enable trigger user")
        return
    guards = await run("select name, sql from sqlite_master where type = 'trigger' and tbl_name in ({}, {})", *GUARDED)
    for guard in guards:
        await run(f"drop trigger {guard['name']}")
    await run(statement, *args)
    for guard in guards:
        await run(guard["sql"])
