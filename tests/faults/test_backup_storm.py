"""`reseau backup` while people act, and `reseau restore` into an empty place elsewhere.

Adds to `tests/app/cli/test_backup_faults.py`, where people only sign up and the backup goes back to where it was made:
here they also give places back and propose, so that a backup that mixes two moments contradicts itself.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.app.cli.kept import pg_bin, program
from tests.faults.stage import Storm, Told, Town, floor, look, make_town, wrongs
from tests.servers import people, serving

pytestmark = pytest.mark.slow


async def test_everything_that_was_acknowledged_before_is_in_it(
    database_url: str, another_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RESEAU_PG_BIN", pg_bin())
    town = await make_town(database_url)
    kept = [tmp_path / f"kept-{number}.zip" for number in range(2)]
    before: list[Told] = []
    with serving(tmp_path, database_url) as server:
        async with people(server.url) as crowd, Storm(town, crowd) as storm:
            for path in kept:
                await storm.until_acknowledged(40)
                before.append(storm.told())
                acknowledged = storm.acknowledged
                done = await asyncio.to_thread(program, database_url, "backup", str(path))
                assert (done.returncode, done.stderr) == (0, b"")
                assert storm.acknowledged > acknowledged, "nobody acted while it was made"
        assert set(storm.answers) == {303}
        assert server.stop() == 0
    assert wrongs(storm.told(), await look(town)) == []
    for path, told in zip(kept, before, strict=True):
        restored = await asyncio.to_thread(program, another_database_url, "restore", str(path), "--force")
        assert restored.returncode == 0, restored.stderr.decode()
        found = await look(Town(another_database_url, town.place, town.workshop, town.members))
        assert floor(told, found) == []
        assert found.taken <= found.capacity
        waiting = sum(state == "waiting" for states in found.rows.values() for state in states)
        assert found.entry == (found.taken, waiting), "it is one moment"
        assert not [title for title, many in found.titles.items() if many > 1]
    if another_database_url.startswith("sqlite"):
        with closing(sqlite3.connect(another_database_url.removeprefix("sqlite:///"))) as connection:
            assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
            assert connection.execute("pragma foreign_key_check").fetchall() == []
    looked = await asyncio.to_thread(program, another_database_url, "doctor", base_url="https://reseau.exemple")
    assert looked.returncode == 0, looked.stdout.decode()
    # The control: the first backup lacks what was acknowledged before the last was made.
    assert (await asyncio.to_thread(program, another_database_url, "restore", str(kept[0]), "--force")).returncode == 0
    assert floor(before[-1], await look(Town(another_database_url, town.place, town.workshop, town.members)))
