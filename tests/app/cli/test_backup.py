"""`reseau backup` and `reseau restore`: what goes in comes out, what has ended stays so, and what is refused."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from app import migrations
from app.backup import BackupError
from app.backup.postgres import address_and_password, programs
from app.calendar.tables import Feed
from app.cli import backup as command
from app.cli.common import with_database
from app.database import engine
from app.identity.tables import Member, Passage, Session
from app.migrations import known_steps, migrate
from app.notices.tables import Outbox
from tests.app.cli.kept import HOLDER, names, pg_bin, program, write
from tests.app.cli.said import Said, is_one_sentence, rows
from tests.factories import make_member, make_place

Reseau = Callable[..., Said]
SINCE = datetime(2026, 11, 20, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def right_programs() -> None:
    os.environ["RESEAU_PG_BIN"] = pg_bin()


@pytest.fixture
def peopled(installed: str) -> str:
    """Samira is a member, and there is a place."""
    write(installed, make_place, lambda: make_member(name="Samira"))
    return installed


@pytest.fixture
def kept(reseau: Reseau, peopled: str, tmp_path: Path) -> Path:
    """A backup of that, since which Karim came."""
    path = tmp_path / "kept.zip"
    assert reseau("backup", str(path))[0] == 0
    write(peopled, lambda: make_member(name="Karim"))
    return path


class TestBackup:
    def test_it_is_one_file_for_its_owner_alone(self, reseau: Reseau, peopled: str, tmp_path: Path) -> None:
        code, out, err = reseau("backup", "here.zip")
        assert (code, err) == (0, "")
        assert re.fullmatch(r"1 member backed up in here\.zip, 0\.\d MB\.\n", out)
        assert [path.name for path in tmp_path.iterdir()] == ["here.zip"]
        assert stat.S_IMODE((tmp_path / "here.zip").stat().st_mode) == 0o600

    def test_a_folder_gets_one_with_the_day_in_its_name(self, reseau: Reseau, peopled: str, tmp_path: Path) -> None:
        (tmp_path / "nights").mkdir()
        assert reseau("backup", "nights")[0] == 0
        (made,) = (tmp_path / "nights").iterdir()
        assert re.fullmatch(r"reseau-\d{4}-\d\d-\d\d-\d{6}\.zip", made.name)

    def test_it_overwrites_nothing(self, reseau: Reseau, peopled: str, tmp_path: Path) -> None:
        (tmp_path / "here.zip").write_text("older")
        code, out, err = reseau("backup", "here.zip")
        assert (code, out) == (1, "")
        assert is_one_sentence(err)
        assert (tmp_path / "here.zip").read_text() == "older"

    def test_standard_output(self, reseau: Reseau, peopled: str, tmp_path: Path) -> None:
        done = program(peopled, "backup", "-")
        assert (done.returncode, done.stderr) == (0, b"1 member backed up.\n")
        (tmp_path / "piped.zip").write_bytes(done.stdout)
        code, out, _ = reseau("restore", "piped.zip", "--force")
        assert code == 0
        assert "1 member restored" in out

    def test_a_folder_that_is_not(self, reseau: Reseau, peopled: str) -> None:
        code, _, err = reseau("backup", "nowhere/here.zip")
        assert code == 1
        assert "There is no folder nowhere." in err

    def test_a_database_that_is_not(self, reseau: Reseau, other_url: str, tmp_path: Path) -> None:
        code, _, err = reseau("backup", "here.zip", database_url=other_url)
        assert code == 1
        assert "`reseau upgrade` makes" in err
        assert list(tmp_path.iterdir()) == []
        if "sqlite" in other_url:
            assert not Path(other_url.removeprefix("sqlite:///")).exists()

    def test_a_damaged_database_is_told_and_not_kept(
        self, reseau: Reseau, sqlite_database_url: str, tmp_path: Path
    ) -> None:
        path = Path(sqlite_database_url.removeprefix("sqlite:///"))
        assert reseau("backup", "whole.zip", database_url=sqlite_database_url)[0] == 0
        data = bytearray(path.read_bytes())
        data[-4096:] = os.urandom(4096)
        path.write_bytes(data)
        code, _, err = reseau("backup", "here.zip")
        assert code == 1
        assert "is damaged" in err or "cannot be copied" in err
        assert [path.name for path in tmp_path.iterdir()] == ["whole.zip"]


class TestRestore:
    def test_back_to_where_it_was(self, reseau: Reseau, peopled: str, kept: Path, tmp_path: Path) -> None:
        assert names(peopled) == ["Samira", "Karim"]
        code, out, err = reseau("restore", str(kept), "--force")
        assert (code, err) == (0, "")
        assert re.fullmatch(r"1 member restored, as of \d\d/\d\d/\d{4} \d\d:\d\d\. All are signed out\.\n", out), out
        assert names(peopled) == ["Samira"]
        reseau("place", "add", "gare", "--name", "Gare", "--address", "1 place")
        code, out, _ = reseau("doctor", base_url="https://reseau.exemple")
        assert code == 0, out
        if "sqlite" in peopled:
            folder = Path(peopled.removeprefix("sqlite:///")).parent
            assert [path.name for path in folder.iterdir()] == ["test.sqlite"], "nothing is left beside it"

    def test_on_another_machine(self, reseau: Reseau, kept: Path, other_url: str) -> None:
        code, out, _ = reseau("restore", str(kept), database_url=other_url)
        assert code == 0, out
        assert names(other_url) == ["Samira"]
        if "sqlite" in other_url:
            assert stat.S_IMODE(os.stat(other_url.removeprefix("sqlite:///")).st_mode) == 0o600

    def test_into_a_new_database_without_people(self, reseau: Reseau, kept: Path, other_url: str) -> None:
        assert reseau("upgrade", database_url=other_url)[0] == 0
        assert reseau("restore", str(kept))[0] == 0
        assert names(other_url) == ["Samira"]

    def test_people_are_replaced_only_by_force(self, reseau: Reseau, peopled: str, kept: Path) -> None:
        code, out, err = reseau("restore", str(kept))
        assert (code, out) == (1, "")
        assert "`--force` replaces all of it. Nothing was done." in err
        assert names(peopled) == ["Samira", "Karim"]

    def test_a_damaged_backup_changes_nothing(self, reseau: Reseau, peopled: str, kept: Path) -> None:
        data = kept.read_bytes()
        middle = len(data) // 2
        for changed in (data[:middle], data[:middle] + b"?" + data[middle + 1 :], b"bonjour"):
            kept.write_bytes(changed)
            code, _, err = reseau("restore", str(kept), "--force")
            assert code == 1
            assert "no whole backup of Le Réseau" in err
            assert names(peopled) == ["Samira", "Karim"]
        kept.write_bytes(data)
        assert reseau("restore", str(kept), "--force")[0] == 0, "unchanged, it is taken"

    def test_a_database_of_another_program_is_left_alone(self, reseau: Reseau, kept: Path, other_url: str) -> None:
        write_plainly(other_url, "create table recipes (name text)")
        code, _, err = reseau("restore", str(kept), "--force", database_url=other_url)
        assert code == 1
        assert "another program's" in err
        write_plainly(other_url, "insert into recipes values ('soupe')")

    def test_while_a_server_has_it_open(self, reseau: Reseau, peopled: str, kept: Path) -> None:
        with held(peopled):
            code, _, err = reseau("restore", str(kept), "--force")
            assert code == 1
            assert "Nothing was done." in err
            assert "stop" in err
            assert names(peopled) == ["Samira", "Karim"]
        assert reseau("restore", str(kept), "--force")[0] == 0, "with nobody there, it is done"

    def test_one_of_a_newer_version(
        self, reseau: Reseau, peopled: str, kept: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(command, "known_steps", lambda: known_steps()[:-1])
        code, _, err = reseau("restore", str(kept), "--force")
        assert code == 1
        assert f"which knows {known_steps()[-1].name}: install that one first. Nothing was done." in err
        assert names(peopled) == ["Samira", "Karim"]

    @pytest.mark.parametrize("into", ["the present one", "an empty one"])
    def test_one_of_an_older_version_is_brought_up_to_date(
        self, reseau: Reseau, peopled: str, other_url: str, monkeypatch: pytest.MonkeyPatch, into: str
    ) -> None:
        with monkeypatch.context() as older:
            older.setattr(migrations, "known_steps", lambda: [each for each in known_steps() if "m0001" in each.id])
            with_database(other_url, migrate, make=True, migrated=False)
            write(
                other_url,  # in the words of that version
                "insert into member (name, name_key, about, phone, listed, language, created_at) "
                "values ('Ancienne', 'ancienne', '', '', false, 'fr', '2026-11-01 12:00:00+00:00')",
            )
            assert reseau("backup", "older.zip", database_url=other_url)[0] == 0
        if into == "the present one":
            code, out, err = reseau("restore", "older.zip", "--force", database_url=peopled)
        else:
            write_plainly(other_url, "delete from member")
            code, out, err = reseau("restore", "older.zip", "--force")
        assert (code, err) == (0, ""), out
        url = os.environ["RESEAU_DATABASE_URL"]
        assert names(url) == ["Ancienne"]
        assert len(rows(url, "select name from migration")) == len(known_steps())

    def test_the_other_sort_of_database(
        self, reseau: Reseau, sqlite_database_url: str, postgres_database_url: str
    ) -> None:
        urls = {"embedded": sqlite_database_url, "PostgreSQL": postgres_database_url}
        for here, there in (("embedded", "PostgreSQL"), ("PostgreSQL", "embedded")):
            assert reseau("backup", f"{here}.zip", database_url=urls[here])[0] == 0
            code, _, err = reseau("restore", f"{here}.zip", database_url=urls[there])
            assert code == 1
            assert f"is of {'the embedded database' if here == 'embedded' else here}" in err

    def test_a_file_that_is_no_database_any_more_is_set_aside(
        self, reseau: Reseau, sqlite_database_url: str, tmp_path: Path
    ) -> None:
        path = Path(sqlite_database_url.removeprefix("sqlite:///"))
        assert reseau("backup", "kept.zip", database_url=sqlite_database_url)[0] == 0
        path.write_bytes(b"spilt coffee " * 1000)
        code, _, err = reseau("restore", "kept.zip")
        assert code == 1
        assert "With `--force` it is set aside" in err
        assert path.read_bytes().startswith(b"spilt coffee")
        code, out, _ = reseau("restore", "kept.zip", "--force")
        assert code == 0
        assert "The old database could not tell: passwords, second codes and calendar" in out
        assert names(sqlite_database_url) == []
        (aside,) = (each for each in path.parent.iterdir() if ".damaged-" in each.name)
        assert aside.read_bytes() == b"spilt coffee " * 1000
        assert str(aside) in out


def write_plainly(url: str, sql: str) -> None:
    """In a database that is not migrated."""

    async def written() -> None:
        async with engine().transaction(for_schema=True):
            await engine().run_ddl(sql)

    with_database(url, written, make=True, migrated=False)


@contextmanager
def held(url: str) -> Iterator[None]:
    """Another process has it open."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        try:
            assert holder.stdout.readline() == "open\n"
            yield
        finally:
            holder.stdin.close()
            holder.wait(20)


class TestWhatHasEnded:
    """An older state brings back no session, no password that was changed since, no calendar address that was cut."""

    @pytest.fixture
    def kept(self, reseau: Reseau, peopled: str, tmp_path: Path) -> Path:
        async def before() -> None:
            (samira,) = await Member.select(Member.id)
            number = samira["id"]
            at: dict[str, Any] = {"created_at": SINCE, "expires_at": SINCE + timedelta(days=90)}
            await Member.update({Member.password_hash: "old"}, force=True)
            await Session.insert(Session(token_hash="s", member_id=number, device="mine", seen_at=SINCE, **at))
            await Passage.insert(
                Passage(token_hash="t", waiting_hash="w", code_hash="c", email_key="e", member_id=number, **at)
            )
            await Feed.insert(
                *(
                    Feed(member_id=number, token_hash=token, name=token, created_at=SINCE, modified_at=SINCE)
                    for token in ("cut", "live")
                )
            )
            await Outbox.insert(
                *(
                    Outbox(
                        dedupe=dedupe,
                        kind=kind,
                        recipient="a@b.fr",
                        subject="s",
                        body="b",
                        error="",
                        created_at=SINCE,
                        run_at=SINCE,
                    )
                    for dedupe, kind in (
                        ("told", "change"),
                        ("waits", "change"),
                        ("of the first version", "change"),
                        ("code", "sign_in"),
                    )
                )
            )

        async def since() -> None:
            await Member.update({Member.password_hash: "new"}, force=True)
            await Feed.update({Feed.revoked_at: SINCE}).where(Feed.token_hash == "cut")
            await Outbox.update({Outbox.sent_at: SINCE}).where(Outbox.dedupe == "told")
            of_today = sha256(b"of the first version").hexdigest()
            await Outbox.update({Outbox.sent_at: SINCE, Outbox.dedupe: of_today}).where(
                Outbox.dedupe == "of the first version"
            )

        path = tmp_path / "kept.zip"
        write(peopled, before)
        assert reseau("backup", str(path))[0] == 0
        write(peopled, since, lambda: make_member(name="Karim"))
        return path

    @staticmethod
    def told(url: str) -> dict[str, object]:
        outbox = rows(url, "select dedupe, sent_at from outbox order by dedupe")
        return {
            "sessions": rows(url, "select id from session") + rows(url, "select id from passage"),
            "password": rows(url, "select password_hash from member where name = 'Samira'")[0]["password_hash"],
            "cut": [row["token_hash"] for row in rows(url, "select token_hash from feed where revoked_at is not null")],
            "sent": [row["dedupe"] for row in outbox if row["sent_at"] is not None],
            "waits": [row["dedupe"] for row in outbox if row["sent_at"] is None],
        }

    @staticmethod
    def next_number(url: str) -> int:
        write(url, lambda: make_member(name="Prochaine"))
        return int(rows(url, "select id from member where name = 'Prochaine'")[0]["id"])

    def test_the_present_database_tells(self, reseau: Reseau, peopled: str, kept: Path) -> None:
        (karim,) = rows(peopled, "select id from member where name = 'Karim'")
        assert reseau("restore", str(kept), "--force")[0] == 0
        assert self.told(peopled) == {
            "sessions": [],
            "password": "new",
            "cut": ["cut"],
            "sent": ["of the first version", "told"],
            "waits": ["waits"],
        }
        assert self.next_number(peopled) == karim["id"] + 1, "Karim's number leads to nobody else"

    @pytest.mark.parametrize("erased_in_it", [False, True])  # the first is the control
    def test_nobody_who_is_erased_in_the_backup_gets_a_password(
        self, reseau: Reseau, peopled: str, erased_in_it: bool
    ) -> None:
        erased = "update member set password_hash = null, erased_at = created_at where name = 'Samira'"
        write(peopled, *([erased] if erased_in_it else []))
        assert reseau("backup", "newer.zip")[0] == 0
        write(peopled, "update member set password_hash = 'of before', erased_at = null where name = 'Samira'")
        assert reseau("restore", "newer.zip", "--force")[0] == 0
        assert self.told(peopled)["password"] == (None if erased_in_it else "of before")

    def test_where_nothing_tells(self, reseau: Reseau, kept: Path, other_url: str) -> None:
        assert reseau("restore", str(kept), database_url=other_url)[0] == 0
        told = {
            "sessions": [],
            "password": "old",
            "cut": [],
            "sent": [],
            "waits": ["of the first version", "told", "waits"],
        }
        assert self.told(other_url) == told
        assert self.next_number(other_url) > 1000, "nobody knows which numbers were given since"

    @pytest.mark.parametrize("same", [True, False])
    def test_another_installation_has_no_say(
        self, reseau: Reseau, peopled: str, kept: Path, other_url: str, same: bool
    ) -> None:
        (samira,) = rows(peopled, "select id, created_at from member where name = 'Samira'")
        name = rows(peopled, "select name from installation")[0]["name"]
        reseau("upgrade", database_url=other_url)
        write(
            other_url,
            lambda: Member.insert(Member(name="Autre", password_hash="another's", **samira)).run(),
            f"update installation set name = '{name if same else 'another'}'",
        )
        assert reseau("restore", str(kept), "--force")[0] == 0
        assert self.told(other_url)["password"] == ("another's" if same else "old")


class TestPrograms:
    """PostgreSQL's own: which are taken, and what they are told."""

    @staticmethod
    def folder(path: Path, version: str) -> Path:
        path.mkdir()
        for name in ("pg_dump", "pg_restore", "psql"):
            (path / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
            (path / name).chmod(0o755)
        return path

    def test_the_oldest_that_can_read_the_server(self, tmp_path: Path) -> None:
        found = [self.folder(tmp_path / name, name) for name in ("15.18", "17.6", "18.1", "19beta1")]
        path = os.pathsep.join(str(each) for each in found)
        assert programs(17, {"PATH": path}).folder.name == "17.6"
        assert programs(18, {"PATH": path}).folder.name == "18.1"
        assert programs(19, {"PATH": path}).folder.name == "19beta1"
        assert programs(15, {"PATH": path, "RESEAU_PG_BIN": str(found[2])}).major == 18

    def test_too_old_ones_are_named(self, tmp_path: Path) -> None:
        folder = self.folder(tmp_path / "bin", "15.18 (Debian 15.18-0+deb12u1)")
        with pytest.raises(BackupError, match=r"PostgreSQL 18, .* version 15, cannot .* postgresql-client-18"):
            programs(18, {"RESEAU_PG_BIN": str(folder)})

    def test_none_at_all(self, tmp_path: Path) -> None:
        with pytest.raises(BackupError, match="install the client programs of PostgreSQL 18"):
            programs(18, {"RESEAU_PG_BIN": str(tmp_path)})

    @pytest.mark.parametrize(
        ("url", "address", "password"),
        [
            ("postgresql://u:s%40e@host:5/db", "postgresql://u@host:5/db", "s@e"),
            ("postgres://u@host/db?password=s%20e&sslmode=require", "postgres://u@host/db?sslmode=require", "s e"),
            ("postgresql://u:@/db?host=/var/run", "postgresql://u@/db?host=/var/run", None),
            ("postgresql:///db", "postgresql:///db", None),
        ],
    )
    def test_passwords_are_taken_out_of_addresses(self, url: str, address: str, password: str | None) -> None:
        assert address_and_password(url) == (address, password)

    def test_no_password_is_on_a_command_line(
        self, reseau: Reseau, postgres_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spies, log = tmp_path / "spies", tmp_path / "log"
        spies.mkdir()
        for name in ("pg_dump", "pg_restore", "psql"):
            (spies / name).write_text(
                f'#!/bin/sh\necho "$0 $@ / $PGPASSWORD / $RESEAU_DATABASE_URL" >> {log}\nexec {pg_bin()}/{name} "$@"\n'
            )
            (spies / name).chmod(0o755)
        url = postgres_database_url.replace("postgres:@", "postgres:t0p-secret@")
        assert "t0p-secret" in url
        for args in (("backup", "here.zip"), ("restore", "here.zip", "--force")):
            code, out, err = reseau(*args, database_url=url, pg_bin=str(spies))
            assert code == 0, err
            assert "t0p-secret" not in out + err
        lines = [line.split(" / ") for line in log.read_text().splitlines() if "--version" not in line]
        assert len(lines) == 3
        assert all("t0p-secret" not in arguments for arguments, _, _ in lines)
        assert all(settings == "" for _, _, settings in lines), "nor do they get to know our settings"
        assert [password for _, password, _ in lines] == ["t0p-secret"] * 3, "they get it all the same"

    def test_a_dump_that_breaks_off_leaves_no_file(
        self, reseau: Reseau, postgres_database_url: str, tmp_path: Path
    ) -> None:
        folder = self.folder(tmp_path / "bin", "18.1")
        (folder / "pg_dump").write_text(
            "#!/bin/sh\ncase $1 in --version) echo 'pg_dump (PostgreSQL) 18.1';; "
            "*) echo half; echo 'pg_dump: error: the line was cut' >&2; exit 1;; esac\n"
        )
        code, _, err = reseau("backup", "here.zip", database_url=postgres_database_url, pg_bin=str(folder))
        assert code == 1
        assert "pg_dump could not read the database: pg_dump: error: the line was cut." in err
        assert [path.name for path in tmp_path.iterdir()] == ["bin"]

    def test_a_restoration_that_breaks_off_leaves_the_old_state(
        self, reseau: Reseau, postgres_database_url: str, tmp_path: Path
    ) -> None:
        write(postgres_database_url, lambda: make_member(name="Samira"))
        assert reseau("backup", "here.zip", database_url=postgres_database_url)[0] == 0
        folder = self.folder(tmp_path / "bin", "18.1")
        (folder / "psql").unlink()
        (folder / "psql").symlink_to(Path(pg_bin(), "psql"))
        for broken, said in (
            ("echo 'create table half (name text);'; echo 'pg_restore: error: torn' >&2; exit 1", "torn"),
            ("echo 'create table half (name text);'; echo 'insert into nowhere values (1);'", "nowhere"),
        ):
            (folder / "pg_restore").write_text(f"#!/bin/sh\n{broken}\n")
            code, _, err = reseau("restore", "here.zip", "--force", pg_bin=str(folder))
            assert code == 1
            assert said in err
            assert names(postgres_database_url) == ["Samira"]
        (folder / "pg_restore").unlink()
        (folder / "pg_restore").symlink_to(Path(pg_bin(), "pg_restore"))
        assert reseau("restore", "here.zip", "--force")[0] == 0, "with the real one it is done"
