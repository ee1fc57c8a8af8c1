"""Telephones that ask again: what is remembered is never older than the last commit, and never more than its bounds."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import timedelta
from typing import Any

import pytest

from app.calendar import feeds, polling
from app.calendar.feeds import Window
from app.calendar.polling import Known, Memory, Polling
from app.database import Store, run, transaction
from app.errors import DatabaseHeld
from app.web.shell import Shell
from tests.app.test_stamp import by_another_program
from tests.calendar.plans import at, plan, put
from tests.calendar.test_feed_pages import AGENDA, MINE, TOKEN, make_feed, titles
from tests.calendar.world import CalendarWorld
from tests.client import NOON
from tests.people import Cast, make_cast

CANCEL = "update entry set state = 'gone', sequence = sequence + 1"


@pytest.fixture
async def cast(db: Store) -> Cast:
    return await make_cast()


def polling_of(world: CalendarWorld) -> Polling:
    assert isinstance(world.app, Shell)
    assert isinstance(world.app.before, Polling)
    return world.app.before


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a stamp that stands still."""

    async def always() -> Hashable:
        return "the same"

    monkeypatch.setattr(polling, "stamp", always)


class TestSeenAtOnce:
    async def cancelled_by_another(self, db: Store, cast: Cast) -> list[list[str]]:
        await put(plan(1, place_id=cast.place), participant=(cast.karim,))
        await make_feed(cast.karim, read_at=NOON)
        phone = CalendarWorld().browser()
        paths = (AGENDA, "/calendriers/lieux/les-tanneurs.ics", MINE)
        etags = {path: (await phone.get(path)).headers["etag"] for path in paths}
        for path in paths:
            assert (await phone.get(path, If_None_Match=etags[path])).status_code == 304
        await by_another_program(db, CANCEL)
        answers = [await phone.get(path, If_None_Match=etags[path]) for path in paths]
        return [["unchanged"] if answer.status_code == 304 else titles(answer) for answer in answers]

    async def test_what_another_program_writes(self, db: Store, cast: Cast) -> None:
        assert await self.cancelled_by_another(db, cast) == [[], [], []]

    async def test_with_a_stamp_that_stands_still_it_would_not_be(self, db: Store, cast: Cast, stopped: None) -> None:
        assert await self.cancelled_by_another(db, cast) == [["unchanged"]] * 3

    async def test_a_cut_address(self, cast: Cast) -> None:
        await make_feed(cast.karim, read_at=NOON)
        phone = CalendarWorld().browser()
        etag = (await phone.get(MINE)).headers["etag"]
        assert (await phone.get(MINE, If_None_Match=etag)).status_code == 304
        async with transaction():
            await run("update feed set revoked_at = {}", NOON)
        answer = await phone.get(MINE, If_None_Match=etag)
        assert (answer.status_code, answer.content) == (410, b"")

    async def test_what_is_undone_is_never_seen(self, cast: Cast) -> None:
        await put(plan(1, place_id=cast.place))
        phone = CalendarWorld().browser()
        etag = (await phone.get(AGENDA)).headers["etag"]
        with pytest.raises(RuntimeError, match="undone"):
            async with transaction():
                await run(CANCEL)
                raise RuntimeError("undone")
        assert (await phone.get(AGENDA, If_None_Match=etag)).status_code == 304
        assert len(titles(await phone.get(AGENDA))) == 1

    async def test_a_change_while_the_answer_is_made(
        self, db: Store, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Between how the feed stands and its events: whoever got that answer gets another one next time."""
        await put(plan(1, place_id=cast.place))
        plain, changes = feeds.shared_events, [CANCEL]

        async def meanwhile(window: Window, kinds: Any) -> list[bytes]:
            while changes:
                await by_another_program(db, changes.pop())
            return await plain(window, kinds)

        monkeypatch.setattr(feeds, "shared_events", meanwhile)
        phone = CalendarWorld().browser()
        first = await phone.get(AGENDA)
        assert not changes
        second = await phone.get(AGENDA, If_None_Match=first.headers["etag"])
        assert (second.status_code, titles(second)) == (200, [])

    @pytest.mark.parametrize("day", ["2026-10-25", "2027-03-28", "2026-11-24"])
    async def test_midnight_without_any_commit(self, cast: Cast, day: str) -> None:
        """The days on which the clocks change have 25 and 23 hours."""
        first_day = at(f"{day}T12:00").date() - timedelta(days=30)
        world = CalendarWorld(at(f"{day}T00:00"))
        await put(plan(1, place_id=cast.place, starts_at=at(f"{first_day}T10:00")), now=world.now)
        phone = world.browser()
        etag = (await phone.get(AGENDA)).headers["etag"]
        world.now = at(f"{day}T23:59")
        assert (await phone.get(AGENDA, If_None_Match=etag)).status_code == 304
        assert len(titles(await phone.get(AGENDA))) == 1
        world.later(minutes=1)
        assert titles(await phone.get(AGENDA, If_None_Match=etag)) == []
        world.later(minutes=-1)
        assert (await phone.get(AGENDA, If_None_Match=etag)).status_code == 304


class TestBounds:
    def known(self, body: bytes | None = None) -> Known:
        return Known(
            stamp=1,
            window=Window.at(NOON),
            compressed=False,
            etag="",
            changed_at=NOON,
            file_name="",
            feed_id=None,
            read_at=None,
            body=body,
        )

    def test_ten_thousand_telephones_are_known_compressed_and_not(self) -> None:
        memory = Memory()
        keys = [(number.to_bytes(4, "big"), compressed) for number in range(10_000) for compressed in (False, True)]
        for key in keys:
            memory.keep(key, self.known())
        assert all(memory.get(key) is not None for key in keys)

    def test_the_oldest_go_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(polling, "KNOWN_FEEDS", 3)
        memory = Memory()
        keys = [(bytes([number]), False) for number in range(4)]
        for key in keys[:3]:
            memory.keep(key, self.known())
        assert memory.get(keys[0]) is not None
        memory.keep(keys[3], self.known())
        assert [memory.get(key) is not None for key in keys] == [True, False, True, True]

    def test_no_more_bytes_than_that(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(polling, "KEPT_BYTES", 100)
        memory = Memory()
        for number in range(5):
            memory.keep((bytes([number]), False), self.known(b"x" * 40))
            memory.keep((bytes([number]), False), self.known(b"x" * 40))
        assert (len(memory), memory.bytes) == (2, 80)
        memory.keep((b"long", False), self.known(b"x" * 101))
        assert (len(memory), memory.bytes) == (0, 0)

    async def test_no_secret_and_no_personal_feed_is_kept(self, cast: Cast) -> None:
        await put(plan(1, place_id=cast.place), participant=(cast.karim,))
        await make_feed(cast.karim, read_at=NOON)
        world = CalendarWorld()
        phone = world.browser()
        assert len(titles(await phone.get(MINE))) == 1
        memory = polling_of(world).memory
        assert len(memory) == 1
        assert memory.bytes == 0
        assert TOKEN not in repr(vars(memory))
        await phone.get(AGENDA)
        assert memory.bytes > 0


class TestWhatIsTold:
    async def test_a_line_a_minute_for_each_status(self, cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
        world = CalendarWorld()
        phone = world.browser()
        with caplog.at_level("INFO"):
            etag = (await phone.get(AGENDA)).headers["etag"]
            for _ in range(5):
                await phone.get(AGENDA, If_None_Match=etag)
            assert [record for record in caplog.records if record.name.startswith("reseau")] == []
            world.later(minutes=1)
            await phone.get(AGENDA, If_None_Match=etag)
        told = [vars(record) for record in caplog.records if record.name == "reseau.feeds"]
        assert [(line["status"], line["count"]) for line in told] == [(200, 1), (304, 6)]

    async def test_a_held_database_is_a_page_and_a_line(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        phone = CalendarWorld().browser()
        etag = (await phone.get(AGENDA)).headers["etag"]

        async def held() -> Hashable:
            raise DatabaseHeld("held")

        monkeypatch.setattr(polling, "stamp", held)
        await put(plan(1, place_id=cast.place))
        for path in (AGENDA, "/ateliers/1.ics", MINE):
            with caplog.at_level("INFO"):
                answer = await phone.get(path, If_None_Match=etag)
            assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
            assert "set-cookie" not in answer.headers
            assert "503" in repr([vars(record).get("status") for record in caplog.records])
            caplog.clear()

    async def test_every_answer_has_the_headers_of_all_others(self, cast: Cast) -> None:
        await make_feed(cast.karim, revoked_at=NOON)
        phone = CalendarWorld(base_url="https://reseau.exemple").browser()
        page = await phone.get("/agenda")
        expected = {name for name in page.headers if name.startswith(("x-", "cross-", "content-sec", "strict", "perm"))}
        assert len(expected) > 6
        first = await phone.get(AGENDA)
        again = await phone.get(AGENDA, If_None_Match=first.headers["etag"])
        cut = await phone.get(MINE)
        assert [each.status_code for each in (first, again, cut)] == [200, 304, 410]
        for answer in (first, again, cut):
            assert expected <= set(answer.headers)
            assert len(answer.headers.get_list("referrer-policy")) == 1
        assert "content-length" not in again.headers
        assert first.headers["x-request-id"] != again.headers["x-request-id"]
