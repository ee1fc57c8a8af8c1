"""One thing that falls over leaves the others alone, and is told without what it was about."""

from __future__ import annotations

import asyncio
import logging

import pytest

from app.errors import DatabaseHeld
from app.one_by_one import OneByOne, SomeFailed
from app.web.log import JsonLines

QUOTED = "DETAIL: Failing row contains (7, Aïcha Benali, aicha@exemple.fr)"
"""As PostgreSQL does."""


async def two() -> int:
    return 2


async def falls() -> int:
    raise ValueError(QUOTED)


async def test_all_goes_well() -> None:
    things = OneByOne("feed.cats")
    assert await things.try_one("cat", 1, two)
    things.count(1)
    assert things.done() == 3


async def test_the_others_are_done_and_the_job_has_failed(caplog: pytest.LogCaptureFixture) -> None:
    things = OneByOne("feed.cats")
    assert await things.try_one("cat", 1, two)
    assert not await things.try_one("cat", 2, falls)
    assert await things.try_one("cat", 3, two)
    with pytest.raises(SomeFailed) as failed:
        things.done()
    assert (failed.value.done, failed.value.failed) == (4, 1)
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.ERROR, "a thing could not be done: ValueError")
    line = JsonLines().format(record)
    for known in ('"job": "feed.cats"', '"kind": "cat"', '"thing": 2', "in falls"):
        assert known in line
    assert "Benali" not in line
    assert "exemple.fr" not in line


@pytest.mark.parametrize("error", [DatabaseHeld(), asyncio.CancelledError()])
async def test_what_is_no_fault_of_the_thing_goes_through(error: BaseException) -> None:
    async def stops() -> int:
        raise error

    with pytest.raises(type(error)):
        await OneByOne("feed.cats").try_one("cat", 1, stops)
