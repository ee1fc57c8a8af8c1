"""What is erased is nowhere in SQLite's file once it is written anew; until then, it may be (the control)."""

from __future__ import annotations

import random
from pathlib import Path

from app.database import Store, empty_log, engine, run, transaction, write_anew
from app.sqlite_engine import SQLiteStore

MARK = b"CANARI"


def marks() -> int:
    store = engine()
    assert isinstance(store, SQLiteStore)
    path = Path(store.path)
    return sum(path.with_name(path.name + end).read_bytes().count(MARK) for end in ("", "-wal"))


async def test_nothing_erased_is_left(sqlite_only_db: Store) -> None:
    chance = random.Random(2)
    async with engine().transaction(for_schema=True):
        await engine().run_ddl("create table guest (id integer primary key autoincrement, name text, words text)")
        await engine().run_ddl("create index guest_by_name on guest (name)")
        await engine().run_ddl("create unique index guest_by_words on guest (words)")
    async with transaction():
        for number in range(3000):
            name = f"{MARK.decode() if number % 10 == 0 else 'person'}{number:05}"
            await run("insert into guest (name, words) values ({}, {})", name, chance.choice("abcdefgh") + name)
            if number % 3 == 0:  # rows that grow move to other pages
                longer, which = "x" * chance.randint(1, 300), chance.randint(1, number + 1)
                await run("update guest set words = words || {} where id = {}", longer, which)
    async with transaction():
        await run("update guest set name = '', words = id where name like {}", f"{MARK.decode()}%")
    await empty_log()
    assert await run("select 1 from guest where name like 'CANARI%' or words like '%CANARI%'") == []
    assert marks() > 0, "the control: overwriting rows where they stand is not enough"
    await write_anew()
    assert marks() == 0
    assert (await run("select count(*) as n from guest"))[0]["n"] == 3000
