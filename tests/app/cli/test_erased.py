"""An older backup brings nobody back who was erased since, whatever list is at hand to say so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.backup import archive
from app.cli import backup as command
from app.cli.common import with_database
from app.clock import now as clock_now
from app.database import run, transaction
from app.erased import BESIDE_BACKUPS, Erased, add_to_file, beside, read, read_file, written
from app.identity.leaving import erase_for, finish_erasures
from app.jobs import at_work
from app.main import REGISTRY
from app.settings import Settings
from tests.app.cli.kept import names, pg_bin, write
from tests.app.cli.said import KEY, Said, is_one_sentence, rows
from tests.factories import make_member, make_place, make_workshop
from workshops.commands import sign_up

Reseau = Callable[..., Said]
GONE = "une personne partie"
MARK = "canari@quenotte.exemple"


@pytest.fixture(autouse=True)
def right_programs() -> None:
    os.environ["RESEAU_PG_BIN"] = pg_bin()


def file_of(url: str) -> Path | None:
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else None


def erase(url: str, member_id: int) -> None:
    """As the person does it, but for the password; their last mail has left."""

    async def done() -> None:
        now = clock_now()
        assert await erase_for(member_id, REGISTRY.domains, force=False, now=now)
        async with transaction():
            await run("delete from outbox where forget")

    with_database(url, done)


@pytest.fixture
def older(reseau: Reseau, installed: str, tmp_path: Path) -> Path:
    """A backup with Zoé (2), who has a place at Samira's workshop for which Karim waits; she was erased since."""
    now = clock_now()

    async def lived() -> None:
        place = await make_place(now=now)
        samira, zoe, bruno, karim, aicha, yann = [
            await make_member(name=name, place_id=place, email=email, mediator=name == "Bruno", now=now)
            for name, email in (
                ("Samira", ""),
                ("Zoé", MARK),
                ("Bruno", ""),
                ("Karim", ""),
                ("Aïcha", ""),
                ("Yann", ""),
            )
        ]
        workshop = await make_workshop(
            place_id=place, host=samira, mediator=bruno, starts_at=now + timedelta(days=9), now=now, capacity=3
        )
        for member in (zoe, aicha, yann, karim):
            await sign_up(actor=member, workshop_id=workshop, now=now)

    with_database(installed, lived)
    folder = tmp_path / "older"
    folder.mkdir()
    path = folder / "older.zip"
    assert reseau("backup", str(path))[0] == 0
    assert not (folder / BESIDE_BACKUPS).exists(), "there was nobody to tell of"
    erase(installed, 2)
    assert names(installed)[1] == GONE
    return path


def is_erased(url: str) -> bool:
    """Whether nothing of Zoé is left, also in the bytes of the file, and her place is Karim's."""
    file = file_of(url)
    files = [each for each in file.parent.iterdir() if each.name.startswith(file.name)] if file else []
    raw = b"".join(each.read_bytes() for each in files)
    (zoe,) = rows(url, "select name, email, erased_at from member where id = 2")
    places = rows(url, "select member_id, state from sign_up order by id")
    gone = zoe["name"] == GONE and zoe["email"] is None and zoe["erased_at"] is not None
    if gone:
        assert MARK.encode() not in raw
        assert [(row["member_id"], row["state"]) for row in places] == [
            (5, "confirmed"),
            (6, "confirmed"),
            (4, "offered"),
        ]
    return gone


class TestRestore:
    def test_the_control_without_any_list_and_on_another_machine(
        self, reseau: Reseau, older: Path, other_url: str
    ) -> None:
        assert reseau("restore", str(older), database_url=other_url)[0] == 0
        assert not is_erased(other_url)
        assert names(other_url)[1] == "Zoé"

    def test_the_control_without_the_replay(
        self, reseau: Reseau, older: Path, installed: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def nobody(*_: object, **__: object) -> int:
            return 0

        monkeypatch.setattr(command, "erase_again", nobody)
        assert reseau("restore", str(older), "--force")[0] == 0
        assert not is_erased(installed)

    def test_the_present_database_tells(self, reseau: Reseau, older: Path, installed: str) -> None:
        if file := file_of(installed):
            beside(file).unlink()
        code, out, err = reseau("restore", str(older), "--force")
        assert (code, err) == (0, ""), out
        assert "1 person who had left since was erased again." in out
        assert is_erased(installed)
        assert rows(installed, "select member_id from erase_again") == []

    @pytest.mark.parametrize("how", ["beside", "as a list", "as a backup"])
    def test_on_another_machine(self, reseau: Reseau, older: Path, other_url: str, tmp_path: Path, how: str) -> None:
        newer = tmp_path / "newer"
        newer.mkdir()
        assert reseau("backup", str(newer / "newer.zip"))[0] == 0
        assert [each.member_id for each in read_file(newer / BESIDE_BACKUPS)] == [2]
        assert [each.member_id for each in archive.erased_in(newer / "newer.zip")] == [2]
        more: tuple[str, ...] = ()
        if how == "beside":
            shutil.copy(newer / BESIDE_BACKUPS, older.parent)
        else:
            more = ("--erased", str(newer / (BESIDE_BACKUPS if how == "as a list" else "newer.zip")))
        code, out, _ = reseau("restore", str(older), *more, database_url=other_url)
        assert code == 0, out
        assert is_erased(other_url)
        if file := file_of(other_url):
            assert [each.member_id for each in read_file(beside(file))] == [2], "and the list goes on"

    def test_the_same_number_of_another_installation_or_another_person_is_left_alone(
        self, reseau: Reseau, older: Path, other_url: str, installed: str
    ) -> None:
        (here,) = rows(installed, "select name from installation")
        before = datetime.now(UTC).date() - timedelta(days=400)
        add_to_file(
            older.parent / BESIDE_BACKUPS,
            [Erased(2, datetime.now(UTC).date(), "another.reseau"), Erased(2, before, here["name"])],
        )
        assert reseau("restore", str(older), database_url=other_url)[0] == 0
        assert names(other_url)[1] == "Zoé"

    def test_a_number_in_the_list_is_given_to_nobody(
        self, reseau: Reseau, older: Path, other_url: str, installed: str
    ) -> None:
        (here,) = rows(installed, "select name from installation")
        far = Erased(123_456, datetime.now(UTC).date(), here["name"])
        add_to_file(older.parent / BESIDE_BACKUPS, [far])
        assert reseau("restore", str(older), database_url=other_url)[0] == 0
        write(other_url, lambda: make_member(name="Prochaine"))
        (row,) = rows(other_url, "select id from member where name = 'Prochaine'")
        assert row["id"] > far.member_id

    def test_a_list_that_is_none_is_refused_before_anything_is_done(
        self, reseau: Reseau, older: Path, installed: str
    ) -> None:
        (older.parent / BESIDE_BACKUPS).write_text("2 hier soir\n")
        code, _, err = reseau("restore", str(older), "--force")
        assert code == 1
        assert "is no list of erased people (what is '2 hier soir'?)" in err
        assert "Nothing was done." in err
        assert is_erased(installed), "all is as it was"

    def test_a_server_that_starts_before_it_was_done_does_it_first(
        self, reseau: Reseau, older: Path, installed: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def killed(*_: object, **__: object) -> int:
            return 0

        with monkeypatch.context() as cut:
            cut.setattr(command, "erase_again", killed)
            assert reseau("restore", str(older), "--force")[0] == 0
        assert not is_erased(installed)

        async def served() -> list[dict[str, object]]:
            async with at_work(REGISTRY, Settings(secret_key=KEY), look_every=60, post_every=60):
                return await run("select name from member where id = 2")

        assert with_database(installed, served) == [{"name": GONE}]

    def test_guests_that_were_forgotten_do_not_come_back(self, reseau: Reseau, installed: str, tmp_path: Path) -> None:
        long_ago = clock_now() - timedelta(days=60)

        async def lived() -> None:
            place = await make_place(now=long_ago)
            samira, bruno = [
                await make_member(name=name, place_id=place, mediator=name == "Bruno", now=long_ago)
                for name in ("Samira", "Bruno")
            ]
            workshop = await make_workshop(
                place_id=place, host=samira, mediator=bruno, starts_at=long_ago + timedelta(days=5), now=long_ago
            )
            async with transaction():
                await run(
                    "insert into sign_up (workshop_id, first_name, signed_by, state, asked_at, present, last_word, "
                    "last_word_shown) values ({}, 'Canari', {}, 'confirmed', {}, {}, '', {})",
                    workshop,
                    samira,
                    long_ago,
                    False,
                    False,
                )

        with_database(installed, lived)
        assert reseau("backup", str(tmp_path / "kept.zip"))[0] == 0
        assert reseau("restore", str(tmp_path / "kept.zip"), "--force")[0] == 0
        assert rows(installed, "select first_name, signed_by from sign_up") == [{"first_name": "", "signed_by": None}]


class TestTheList:
    def test_what_is_written_is_read(self, tmp_path: Path) -> None:
        people = {Erased(number, datetime(2026, 11, number, tzinfo=UTC).date(), "a1.reseau") for number in (3, 1, 2)}
        assert read(written(people)) == people
        path = tmp_path / "list"
        assert add_to_file(path, people) == 3
        assert add_to_file(path, people) == 0
        assert read_file(path) == people
        assert path.stat().st_mode & 0o777 == 0o600

    def test_a_line_that_was_cut_is_left_out_and_written_again(self, tmp_path: Path) -> None:
        one, two = (Erased(number, datetime(2026, 11, 2, tzinfo=UTC).date(), "a1.reseau") for number in (1, 2))
        path = tmp_path / "list"
        path.write_text(one.line() + two.line()[:9])
        assert read_file(path) == {one}
        assert add_to_file(path, [two]) == 1
        assert read_file(path) == {one, two}

    def test_another_file_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "list"
        path.write_text("chère liste,\n", encoding="ascii", errors="replace")
        with pytest.raises(ValueError, match="what is"):
            read_file(path)

    def test_nobody_makes_no_file(self, tmp_path: Path) -> None:
        assert add_to_file(tmp_path / "list", []) == 0
        assert not (tmp_path / "list").exists()


class TestBesideTheFile:
    """On SQLite alone: PostgreSQL's list stands beside the backups."""

    @pytest.fixture
    def database_url(self, sqlite_database_url: str) -> str:
        return sqlite_database_url

    def test_the_list_beside_it_tells_when_it_is_lost(self, reseau: Reseau, older: Path, installed: str) -> None:
        file = file_of(installed)
        assert file is not None
        file.write_bytes(b"spilt coffee" * 999)
        assert reseau("restore", str(older), "--force")[0] == 0
        assert is_erased(installed)

    def test_what_could_not_be_written_is_by_the_job(self, installed: str) -> None:
        file = file_of(installed)
        assert file is not None
        write(installed, make_place, lambda: make_member(name="Samira"))
        erase(installed, 1)
        beside(file).unlink()

        async def job() -> None:
            await finish_erasures(clock_now(), REGISTRY.domains)

        with_database(installed, job)
        assert [each.member_id for each in read_file(beside(file))] == [1]


ADDING = """
import os, sys, time
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from app import erased

path, number, control, slow = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "control", sys.argv[4] == "slow"
if control:
    erased._alone_with = lambda _: nullcontext()
if slow:
    to_length = os.ftruncate

    def after_the_other(handle, length):
        print("in the middle", flush=True)
        sys.stdin.readline()
        to_length(handle, length)

    os.ftruncate = after_the_other
erased.add_to_file(path, [erased.Erased(number, date(2026, 11, 2), "a1.reseau")])
"""
"""One process that adds to a list, and stops between looking at it and writing if it is the slow one."""


class TestTwoProcessesAtOnce:
    @pytest.mark.parametrize("control", [True, False])
    def test_neither_takes_away_what_the_other_has_added(self, tmp_path: Path, control: bool) -> None:
        path = tmp_path / "list"
        first = Erased(1, datetime(2026, 11, 2, tzinfo=UTC).date(), "a1.reseau")
        add_to_file(path, [first])

        def adding(number: int, how: str) -> subprocess.Popen[str]:
            asked = [sys.executable, "-c", ADDING, str(path), str(number), "control" if control else "", how]
            return subprocess.Popen(asked, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        with adding(22, "slow") as slow:
            assert slow.stdout is not None
            assert slow.stdout.readline() == "in the middle\n"
            with adding(333, "") as quick:
                if control:
                    assert quick.wait(30) == 0
                else:
                    with pytest.raises(subprocess.TimeoutExpired):
                        quick.wait(1.5)
                slow.communicate("go on\n", timeout=30)
                assert (quick.wait(30), slow.returncode) == (0, 0)
        there = {each.member_id for each in read_file(path)}
        assert there == ({1, 22} if control else {1, 22, 333})


class TestWhereTheListIsKept:
    """`RESEAU_ERASED_LIST`: for PostgreSQL, which has no place for one beside it."""

    @pytest.fixture
    def kept(self, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
        path = tmp_path / "kept" / "list"
        path.parent.mkdir()
        os.environ["RESEAU_ERASED_LIST"] = str(path)
        request.getfixturevalue("older")
        return path

    @pytest.mark.parametrize("control", [True, False])
    def test_the_database_is_lost_before_the_next_backup(
        self, reseau: Reseau, kept: Path, older: Path, installed: str, other_url: str, control: bool
    ) -> None:
        assert [each.member_id for each in read_file(kept)] == [2], "at once"
        if file := file_of(installed):
            assert not beside(file).exists()
        if control:
            del os.environ["RESEAU_ERASED_LIST"]
        code, out, _ = reseau("restore", str(older), database_url=other_url)
        assert code == 0, out
        assert is_erased(other_url) is not control
        if file := file_of(other_url):
            assert not beside(file).exists()

    def test_a_backup_takes_it_along_and_a_restoration_goes_on_with_it(
        self, reseau: Reseau, kept: Path, older: Path, installed: str, other_url: str, tmp_path: Path
    ) -> None:
        (here,) = rows(installed, "select name from installation")
        far = Erased(123_456, datetime(2026, 11, 2, tzinfo=UTC).date(), here["name"])
        add_to_file(kept, [far])
        assert reseau("backup", str(tmp_path / "newer.zip"))[0] == 0
        assert {each.member_id for each in archive.erased_in(tmp_path / "newer.zip")} == {2, 123_456}
        kept.unlink()
        assert reseau("restore", str(tmp_path / "newer.zip"), database_url=other_url)[0] == 0
        assert {each.member_id for each in read_file(kept)} == {2, 123_456}

    def test_one_that_is_none_stops_both_and_no_erasure(
        self, reseau: Reseau, kept: Path, older: Path, installed: str
    ) -> None:
        kept.write_text("chère liste\n", encoding="ascii", errors="replace")
        for args in (("backup", "newer.zip"), ("restore", str(older), "--force")):
            code, _, err = reseau(*args)
            assert (code, "is no list of erased people" in err) == (1, True)
        erase(installed, 6)
        assert names(installed)[5] == GONE

    def test_a_list_that_cannot_be_written_stops_a_restoration_before_anything_is_done(
        self, reseau: Reseau, kept: Path, older: Path, other_url: str, tmp_path: Path
    ) -> None:
        assert reseau("backup", str(tmp_path / "newer.zip"))[0] == 0
        nowhere = str(tmp_path / "nowhere" / "list")
        code, _, err = reseau("restore", str(tmp_path / "newer.zip"), database_url=other_url, erased_list=nowhere)
        assert (code, nowhere in err, "What was there is as it was." in err) == (1, True, True), err
        code, _, err = reseau("backup", str(tmp_path / "other.zip"), database_url=other_url)
        assert "`reseau upgrade` makes" in err, "nothing is there"

    def test_a_list_beside_backups_that_is_none_stops_a_backup(
        self, reseau: Reseau, kept: Path, older: Path, tmp_path: Path
    ) -> None:
        (tmp_path / BESIDE_BACKUPS).write_text("hier\n")
        code, _, err = reseau("backup", str(tmp_path / "newer.zip"))
        assert (code, is_one_sentence(err.partition("Mend")[0])) == (1, True)
        assert not (tmp_path / "newer.zip").exists()

    def test_doctor_says_what_is_at_risk(
        self, reseau: Reseau, kept: Path, installed: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        risk = "is in no list until the next `reseau backup`"
        assert f"Whoever erases themselves is added to {kept}." in reseau("doctor")[1]
        kept.write_text("hier\n")
        assert f"The list of erased people, {kept}, cannot be read: what is 'hier'?" in reseau("doctor")[1]
        code, out, _ = reseau("doctor", erased_list=str(kept.parent / "nowhere" / "list"))
        assert code == 1
        assert "Nobody can be added to the list of erased people" in out
        code, out, _ = reseau("doctor", erased_list="")
        assert (code, risk in out) == (0, file_of(installed) is None), out
        assert ("Set RESEAU_ERASED_LIST to a file" in out) == (file_of(installed) is None)


class TestTheCommand:
    """`reseau member erase`, for somebody who cannot do it on the site."""

    @pytest.fixture
    def samira(self, installed: str) -> str:
        now = clock_now()

        async def lived() -> None:
            place = await make_place(now=now)
            samira = await make_member(name="Samira", place_id=place, email="samira@exemple.fr", now=now)
            bruno = await make_member(name="Bruno", place_id=place, mediator=True, now=now)
            await make_workshop(
                place_id=place, host=samira, mediator=bruno, starts_at=now + timedelta(days=9), now=now, title="À venir"
            )

        with_database(installed, lived)
        return installed

    def test_what_is_to_be_done_first_is_named(self, reseau: Reseau, samira: str) -> None:
        code, out, err = reseau("member", "erase", "samira@exemple.fr", "--yes")
        assert (code, out) == (1, "")
        assert "À venir" in err
        assert names(samira)[0] == "Samira"

    def test_it_is_done_by_force_and_a_host_is_looked_for(self, reseau: Reseau, samira: str) -> None:
        code, out, err = reseau("member", "erase", "samira@exemple.fr", "--yes", "--force")
        assert (code, err) == (0, ""), out
        assert names(samira)[0] == GONE
        assert rows(samira, "select id from host") == []
        assert rows(samira, "select state, hosts from entry") == [{"state": "confirmed", "hosts": ""}]

    def test_nobody_of_that_name(self, reseau: Reseau, samira: str) -> None:
        code, _, err = reseau("member", "erase", "personne@exemple.fr", "--yes")
        assert code == 1
        assert is_one_sentence(err)
