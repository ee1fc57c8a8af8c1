"""What calendar programs see in the feeds of the running application is what its database holds.

The application is served by its own command, on its own clock; the hours are those around the next two clock changes,
which every window of a year holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from icalendar import Calendar

from app.calendar.api import put_entry, take_part
from app.calendar.tables import Entry, Feed
from app.clock import at_local, local_day
from app.database import close_database, connect, open_database, transaction
from app.identity.visits import hash_token
from tests.calendar.plans import plan
from tests.conftest import elsewhere, migrated
from tests.interop.clients import Reader, Seen, read_with_khal, sync_with_vdirsyncer
from tests.people import make_cast
from tests.servers import serving

TOKEN = "a-secret-address-of-24-bytes-0001"
AGENDA = "/calendriers/agenda.ics"
MINE = f"/calendriers/perso/{TOKEN}.ics"
FOLLOWED = ("La nuit longue", "L’heure qui manque", "Tombé à l’eau")
"""What the owner of the personal feed attends."""


def last_sunday(year: int, month: int) -> date:
    end = date(year, month, 31)
    return end - timedelta(days=(end.weekday() + 1) % 7)


def next_change(month: int, today: date) -> date:
    this_year = last_sunday(today.year, month)
    return this_year if this_year > today else last_sunday(today.year + 1, month)


def moments() -> dict[str, tuple[datetime, datetime]]:
    """Titles and times around both clock changes, and some ordinary ones."""
    today = local_day(datetime.now(UTC))
    october, march = next_change(10, today), next_change(3, today)
    one = timedelta(days=1)

    def span(day: date, start: str, end: str, fold: int = 0) -> tuple[datetime, datetime]:
        first, last = time.fromisoformat(start), time.fromisoformat(end)
        return at_local(day, first), at_local(day, last, fold=fold)

    return {
        "Demain": span(today + one, "14:00", "16:00"),
        "Tombé à l’eau": span(today + 2 * one, "10:00", "12:00"),
        "La veille d’octobre": span(october - one, "14:00", "16:00"),
        "La nuit longue": span(october, "01:00", "04:00"),
        "L’heure qui revient": span(october, "02:30", "02:30", fold=1),
        "Le lendemain d’octobre": span(october + one, "14:00", "16:00"),
        "La veille de mars": span(march - one, "14:00", "16:00"),
        "L’heure qui manque": span(march, "01:30", "03:30"),
        "Le lendemain de mars": span(march + one, "14:00", "16:00"),
    }


@dataclass(frozen=True)
class Running:
    """The application, and what stands in its database."""

    url: str
    database_url: str
    rows: list[dict[str, Any]]

    def meant(self, *titles: str) -> list[Seen]:
        """What a program should see of the entries with these titles; of all without."""
        return sorted(
            Seen(
                row["starts_at"],
                row["ends_at"],
                f"ANNULÉ – {row['title']}" if row["state"] == "cancelled" else row["title"],
                row["state"].upper(),
            )
            for row in self.rows
            if not titles or row["title"] in titles
        )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("application")
    database_url = f"sqlite:///{folder / 'reseau.sqlite'}"
    rows: list[dict[str, Any]] = []

    async def filled() -> None:
        connect(database_url)
        await open_database()
        try:
            now = datetime.now(UTC) - timedelta(days=3)
            cast = await make_cast(now=now)
            for number, (title, (starts_at, ends_at)) in enumerate(moments().items(), start=1):
                planned = plan(number, place_id=cast.place, title=title, starts_at=starts_at, ends_at=ends_at)
                async with transaction():
                    await put_entry(planned, now=now)
                    if title in FOLLOWED:
                        await take_part("workshop", number, cast.karim, "participant", binding=False, now=now)
                    if title == "Tombé à l’eau":
                        await put_entry(replace(planned, state="cancelled"), now=now + timedelta(hours=1))
            async with transaction():
                feed = Feed(
                    member_id=cast.karim, token_hash=hash_token(TOKEN), name="x", created_at=now, modified_at=now
                )
                await Feed.insert(feed)
            rows.extend(await Entry.select())
        finally:
            await close_database()

    elsewhere(migrated(database_url))
    elsewhere(filled())
    with serving(folder, database_url) as server:
        yield Running(server.url, database_url, rows)


class TestEachProgram:
    @pytest.mark.parametrize("path", [AGENDA, "/calendriers/lieux/les-tanneurs.ics"])
    def test_sees_what_the_database_holds(self, running: Running, read: Reader, path: str) -> None:
        assert len(running.rows) == len(moments())
        assert read(running.url + path) == running.meant()

    def test_sees_one_s_own_dates_and_no_others(self, running: Running, read: Reader) -> None:
        assert read(running.url + MINE) == running.meant(*FOLLOWED)

    def test_sees_one_event_by_itself(self, running: Running, read: Reader) -> None:
        row = next(row for row in running.rows if row["title"] == "La nuit longue")
        assert read(f"{running.url}/ateliers/{row['thing_id']}.ics") == running.meant("La nuit longue")


class TestReadingAgain:
    @pytest.mark.parametrize("path", [AGENDA, MINE])
    def test_what_did_not_change_is_304_and_the_same_bytes(self, running: Running, path: str) -> None:
        with httpx.Client(base_url=running.url) as program:
            first, again = program.get(path), program.get(path)
            assert (first.content, first.headers["etag"]) == (again.content, again.headers["etag"])
            assert first.headers["content-encoding"] == "gzip"
            conditional = program.get(path, headers={"If-None-Match": first.headers["etag"]})
            assert (conditional.status_code, conditional.content) == (304, b"")
            dated = program.get(path, headers={"If-Modified-Since": first.headers["last-modified"]})
            assert dated.status_code == 304
            head = program.head(path)
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-length"] == first.headers["content-length"]
            plain = program.get(path, headers={"Accept-Encoding": "identity"})
            assert plain.content == first.content
            assert "set-cookie" not in first.headers

    def test_a_second_sync_of_vdirsyncer_has_nothing_to_do(self, running: Running, tmp_path: Path) -> None:
        assert len(sync_with_vdirsyncer(running.url + AGENDA, tmp_path)) == len(running.rows)
        assert sync_with_vdirsyncer(running.url + AGENDA, tmp_path) == []


class TestAChange:
    """Last, since it changes what the others count on."""

    def test_moves_sequence_and_last_modified_and_reaches_the_programs(self, running: Running, tmp_path: Path) -> None:
        with httpx.Client(base_url=running.url) as program:
            before = program.get(AGENDA)
            read_with_khal(running.url + AGENDA, tmp_path)
            row = next(row for row in running.rows if row["title"] == "Demain")
            now = datetime.now(UTC)
            self.rename(running, row, "Demain, autrement", now)
            after = program.get(AGENDA, headers={"If-None-Match": before.headers["etag"]})
            assert after.status_code == 200
            uid = self.event(before, "Demain")["UID"]
            old, new = self.event(before, "Demain"), self.event(after, "Demain, autrement")
            assert new["UID"] == uid
            assert new["SEQUENCE"] == old["SEQUENCE"] + 1
            assert new["LAST-MODIFIED"].dt == now.replace(microsecond=0) > old["LAST-MODIFIED"].dt
            others = {event["UID"]: event.to_ical() for event in self.events(before) if event["UID"] != uid}
            assert {event["UID"]: event.to_ical() for event in self.events(after) if event["UID"] != uid} == others
        seen = [event.title for event in read_with_khal(running.url + AGENDA, tmp_path)]
        assert "Demain, autrement" in seen
        assert "Demain" not in seen
        assert len(seen) == len(running.rows)

    def rename(self, running: Running, row: dict[str, Any], title: str, now: datetime) -> None:
        async def renamed() -> None:
            connect(running.database_url)
            await open_database()
            try:
                planned = plan(row["thing_id"], place_id=row["place_id"], title=row["title"])
                planned = replace(planned, starts_at=row["starts_at"], ends_at=row["ends_at"])
                async with transaction():
                    await put_entry(replace(planned, title=title), now=now)
            finally:
                await close_database()

        elsewhere(renamed())

    def events(self, answer: httpx.Response) -> list[Any]:
        return list(Calendar.from_ical(answer.content).events)

    def event(self, answer: httpx.Response, title: str) -> Any:
        return next(event for event in self.events(answer) if event["SUMMARY"] == title)
