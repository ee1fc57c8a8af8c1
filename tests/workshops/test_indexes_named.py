"""Where SQLite is told which index to read, there is one of that name: else the page would be an error."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.database import Store, run
from workshops.queries import lists

ROOT = Path(__file__).resolve().parents[2]
TOLD = "indexed by"


def named() -> list[str]:
    """The names that the past list gives: with a format or without, of one place or of all."""
    questions = [
        lists._past(place, form) for place in ("", "w.place_id = {} and ") for form in ("", " and w.format = {}")
    ]
    return [name for question in questions for name in re.findall(rf"{TOLD} (\w+)", question)]


async def lacking(names: list[str]) -> list[str]:
    """Those that are no index of this database."""
    rows = await run("select name from sqlite_master where type = 'index' and tbl_name = 'workshop'")
    return [name for name in names if name not in {row["name"] for row in rows}]


async def test_each_is_there(sqlite_only_db: Store) -> None:
    assert len(set(named())) == 4
    assert await lacking(named()) == []


async def test_one_that_is_not_is_noticed(sqlite_only_db: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The positive control."""
    monkeypatch.setattr(lists, "_PAST", lists._PAST.replace("/*index*/", "/*index*/_never"))
    assert await lacking(named()) == named()


def test_no_other_question_names_one() -> None:
    told = {
        str(path.relative_to(ROOT))
        for folder in ("app", "workshops")
        for path in (ROOT / folder).rglob("*.py")
        if TOLD in path.read_text(encoding="utf-8").casefold()
    }
    assert told == {"workshops/queries/lists.py"}
