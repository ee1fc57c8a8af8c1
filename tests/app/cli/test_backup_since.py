"""What happened since a backup and must count after it: that people came back, and that entries had another history."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import pytest

from app import migrations
from app.backup import aftercare
from app.calendar.kept_entries import KeptEntry, entries_of, kept
from app.calendar.tables import Feed
from app.cli.common import with_database
from app.clock import now as clock_now
from app.database import run, transaction
from app.identity.inactivity import end_inactive
from app.identity.tables import Member
from app.main import REGISTRY
from app.migrations import known_steps, migrate
from tests.app.cli.kept import names, pg_bin, write
from tests.app.cli.said import Said, rows
from tests.factories import make_member, make_place, make_workshop

Reseau = Callable[..., Said]
NOW = clock_now()
TODAY = NOW.astimezone(UTC).date()
GONE = "une personne partie"

Presence = tuple[int, int | None] | None
"""Days since somebody was last here, and since they were written to."""

LIVES: dict[str, tuple[Presence, Presence, Presence]] = {
    # who: in the backup, in the database that is replaced, after the restoration
    "Came yesterday": ((740, 380), (1, 380), (1, 380)),
    "Long gone": ((740, 380), (740, 380), (740, 380)),
    "Written to since": ((380, None), (380, 10), (380, 10)),
    "The backup knows more": ((3, 2), (9, None), (3, 2)),
    "Here since": (None, (5, None), (5, None)),
    "A calendar is read": ((740, 380), (740, 380), (2, 380)),
}


@pytest.fixture(autouse=True)
def right_programs() -> None:
    os.environ["RESEAU_PG_BIN"] = pg_bin()


def put(url: str, which: int) -> None:
    """Give each of `LIVES` what they have in the backup (0) or at present (1)."""

    async def put_down() -> None:
        await run("delete from presence")
        for member_id, states in enumerate(LIVES.values(), start=1):
            if (state := states[which]) is not None:
                active, warned = (None if days is None else TODAY - timedelta(days=days) for days in state)
                await run(
                    "insert into presence (member_id, active_on, warned_on) values ({}, {}, {})",
                    member_id,
                    active,
                    warned,
                )

    write(url, put_down)


def found(url: str) -> dict[str, Presence]:
    read = rows(url, "select m.name, p.* from member m left join presence p on p.member_id = m.id order by m.id")
    return {
        row["name"]: None if row["active_on"] is None else (_days(row["active_on"]) or 0, _days(row["warned_on"]))
        for row in read
    }


def _days(since: date | str | None) -> int | None:
    """SQLite gives a plain column as it stands."""
    if since is None:
        return None
    return (TODAY - (date.fromisoformat(since) if isinstance(since, str) else since)).days


def end_absences(url: str) -> list[str]:
    """What the next job does to the restored state."""

    async def job() -> None:
        await end_inactive(clock_now(), REGISTRY.domains)

    with_database(url, job)
    return names(url)


def as_of(which: int) -> dict[str, Presence]:
    return {name: states[which] for name, states in LIVES.items()}


def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restorations as they were before it was carried."""
    monkeypatch.setattr(aftercare, "LATER", tuple(each for each in aftercare.LATER if each is not aftercare.PRESENCE))


class TestPresence:
    @pytest.fixture
    def older(self, reseau: Reseau, installed: str, tmp_path: Path) -> Path:
        """A backup, since which most of them had a life."""
        long_ago = NOW - timedelta(days=900)

        async def members() -> None:
            place = await make_place(now=long_ago)
            for number, name in enumerate(LIVES):
                await make_member(name=name, place_id=place, email=f"m{number}@exemple.fr", now=long_ago)

        write(installed, members)
        put(installed, 0)
        path = tmp_path / "older.zip"
        assert reseau("backup", str(path))[0] == 0
        put(installed, 1)

        async def calendar_read() -> None:
            (who,) = await Member.select(Member.id).where(Member.name == "A calendar is read")
            at: dict[str, Any] = {"created_at": NOW, "modified_at": NOW, "read_at": NOW - timedelta(days=2)}
            await Feed.insert(Feed(member_id=who["id"], token_hash="read", name="read", **at))

        write(installed, calendar_read)
        assert found(installed) == as_of(1)
        return path

    def test_the_control(self, reseau: Reseau, installed: str, older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        without(monkeypatch)
        assert reseau("restore", str(older), "--force")[0] == 0
        assert found(installed) == as_of(0)
        left = end_absences(installed)
        assert [name for name in LIVES if name not in left] == ["Came yesterday", "Long gone", "A calendar is read"]

    def test_the_present_database_tells(self, reseau: Reseau, installed: str, older: Path) -> None:
        assert reseau("restore", str(older), "--force")[0] == 0
        assert found(installed) == as_of(2)
        left = end_absences(installed)
        assert [name for name in LIVES if name not in left] == ["Long gone"]
        assert left.count(GONE) == 1

    def test_on_a_new_machine_absence_counts_from_today(self, reseau: Reseau, older: Path, other_url: str) -> None:
        assert reseau("restore", str(older), database_url=other_url)[0] == 0
        assert found(other_url) == {
            name: (0, state[1] if (state := states[0]) is not None else None) for name, states in LIVES.items()
        }
        assert end_absences(other_url) == list(LIVES)

    @pytest.mark.parametrize(
        "changed",
        [
            "update installation set name = 'another'",
            "update member set created_at = '2026-11-01 12:00:01+00:00'",
        ],
    )
    def test_another_installation_and_another_person_do_not_tell(
        self, reseau: Reseau, installed: str, older: Path, changed: str
    ) -> None:
        write(installed, changed)
        assert reseau("restore", str(older), "--force")[0] == 0
        assert {state and state[0] for state in found(installed).values()} == {0}

    def test_where_the_present_one_cannot_be_read(self, reseau: Reseau, installed: str, older: Path) -> None:
        if not installed.startswith("sqlite"):
            return
        Path(installed.removeprefix("sqlite:///")).write_bytes(b"spilt coffee" * 999)
        code, out, _ = reseau("restore", str(older), "--force")
        assert (code, "could not tell" in out) == (0, True), out
        assert {state and state[0] for state in found(installed).values()} == {0}

    def test_a_present_one_of_the_first_version_does_not_tell(
        self, reseau: Reseau, older: Path, other_url: str, installed: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (here,) = rows(installed, "select name from installation")
        with monkeypatch.context() as then:
            then.setattr(migrations, "known_steps", lambda: [each for each in known_steps() if "m0001" in each.id])
            with_database(other_url, migrate, make=True, migrated=False)
        write_unmigrated(other_url, f"update installation set name = '{here['name']}'")
        assert reseau("restore", str(older), "--force", database_url=other_url)[0] == 0
        assert {state and state[0] for state in found(other_url).values()} == {0}


def write_unmigrated(url: str, sql: str) -> None:
    async def written() -> None:
        async with transaction():
            await run(sql)

    with_database(url, written, migrated=False)


CHANGED = "update entry set title = '{}', version = version + 1 where title = 'Vélo'"


async def read_by(known: dict[int, KeptEntry]) -> dict[int, KeptEntry]:
    """What a process that has kept `known` reads of the entries."""
    kept().update({number: replace(each, shown={}) for number, each in known.items()})
    lines = [(row["id"], row["version"], None) for row in await run("select id, version from entry")]
    return dict(await entries_of(lines))


class TestEntriesThatAProcessHasKept:
    """A server that was started while a backup was put back goes on with what it knows."""

    @pytest.mark.parametrize("control", [True, False])
    def test_no_version_is_given_twice(
        self, reseau: Reseau, installed: str, monkeypatch: pytest.MonkeyPatch, control: bool
    ) -> None:
        async def lived() -> None:
            place = await make_place()
            samira, bruno = [
                await make_member(name=name, place_id=place, mediator=name == "Bruno") for name in ("Samira", "Bruno")
            ]
            for title in ("Vélo", "Autre"):
                at = NOW + timedelta(days=9 if title == "Vélo" else 10)
                await make_workshop(place_id=place, host=samira, mediator=bruno, starts_at=at, title=title)

        def changed(title: str) -> None:
            write(installed, CHANGED.format(title))

        with_database(installed, lived)
        assert reseau("backup", "older.zip")[0] == 0
        changed("Of the first history")
        known = with_database(installed, lambda: read_by({}))
        if control:
            monkeypatch.setattr(aftercare, "NEW_VERSIONS", "update entry set version = version")
        latest = -1 if control else max(each.version for each in known.values())
        for history in ("Of the second history", "Of the third history"):  # also within one second
            assert reseau("restore", "older.zip", "--force")[0] == 0
            changed(history)
            now = with_database(installed, lambda: read_by(known))
            shown = {each.row["title"] for each in now.values()}
            assert shown == {"Of the first history" if control else history, "Autre"}
            assert min(each.version for each in now.values()) > latest
            if not control:
                assert latest < 2**31 - 10**9, "it fits for long"

    @pytest.mark.parametrize("control", [True, False])
    def test_a_backup_from_before_they_had_versions(
        self, reseau: Reseau, other_url: str, monkeypatch: pytest.MonkeyPatch, control: bool
    ) -> None:
        os.environ["RESEAU_DATABASE_URL"] = other_url
        with monkeypatch.context() as then:
            then.setattr(
                migrations,
                "known_steps",
                lambda: [step for step in known_steps() if step.id < "m0005" and step.app == "app"],
            )
            with_database(other_url, migrate, make=True, migrated=False)
            write(
                other_url,  # in the words of that version
                "insert into place (id, slug, name, address, about, email, phone, step_free, created_at) "
                "values (1, 'ici', 'Ici', '', '', '', '', false, '2026-11-01 12:00:00+00:00')",
                "insert into entry (kind, thing_id, place_id, starts_at, ends_at, state, title, genre, summary, hosts, "
                "taken, waiting, language, step_free, children, sequence, modified_at, ics_public, ics_member) values "
                "('workshop', 1, 1, '2027-11-01 12:00:00+00:00', '2027-11-01 13:00:00+00:00', 'confirmed', 'Vélo', '', "
                "'', '', 0, 0, 'fr', false, false, 0, '2026-11-01 12:00:00+00:00', '', '')",
            )
            assert reseau("backup", "older.zip")[0] == 0
        assert reseau("upgrade")[0] == 0
        write(other_url, CHANGED.format("Of the first history"))
        known = with_database(other_url, lambda: read_by({}))
        assert [each.version for each in known.values()] == [1]
        if control:
            monkeypatch.setattr(aftercare, "NEW_VERSIONS", "update entry set version = version")
        assert reseau("restore", "older.zip", "--force")[0] == 0
        write(other_url, CHANGED.format("Of the second history"))
        (entry,) = with_database(other_url, lambda: read_by(known)).values()
        assert entry.row["title"] == ("Of the first history" if control else "Of the second history")

    def test_a_clock_that_was_set_back(self, reseau: Reseau, installed: str) -> None:
        async def lived() -> None:
            place = await make_place()
            samira, bruno = [
                await make_member(name=name, place_id=place, mediator=name == "Bruno") for name in ("Samira", "Bruno")
            ]
            await make_workshop(place_id=place, host=samira, mediator=bruno, starts_at=NOW + timedelta(days=9))

        with_database(installed, lived)
        write(installed, "update entry set version = 2000000000")
        assert reseau("backup", "older.zip")[0] == 0
        assert reseau("restore", "older.zip", "--force")[0] == 0
        assert rows(installed, "select version from entry") == [{"version": 2_000_000_001}]
