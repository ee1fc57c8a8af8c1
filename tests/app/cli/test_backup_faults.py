"""Backups in a storm, cut by kill -9, and on a full disk: nothing acknowledged is missing, no database is half."""

from __future__ import annotations

import asyncio
import os
import queue
import random
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # asyncpg comes without types
import httpx
import pytest

from app import clock
from app.cli.common import with_database
from app.database import run, transaction
from app.identity.tables import Session
from app.identity.visits import hash_token
from app.settings import Settings
from app.web.csrf import FIELD, token_for
from tests.app.cli.kept import begun, names, program, write
from tests.app.cli.said import KEY, rows
from tests.factories import make_member, make_place, make_workshop
from tests.servers import serving, until

pytestmark = pytest.mark.slow

STORM = 600
"""Members who sign up, one after the other, at six windows."""
MAILS = 12_000
"""Rows of 2.5 kB that make a database of 30 MB."""
KILLS = 5


def file_of(url: str) -> Path | None:
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else None


def filled(url: str) -> None:
    """Many mails, as incompressible as what people write is not."""
    noise = (
        "hex(randomblob(1250))"
        if file_of(url)
        else "(select string_agg(md5(y::text || x::text), '') from generate_series(1, 78) y)"
    )
    write(
        url,
        f"with recursive n(x) as (select 1 union all select x + 1 from n where x < {MAILS}) "
        "insert into outbox (dedupe, kind, recipient, language, subject, body, link, signature, created_at, run_at, "
        f"tries, error) select 'd' || x, 'change', '', 'fr', 'before', {noise}, '', '', "
        "'2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00', 0, '' from n",
    )


def state(url: str) -> str:
    """`before`, `since`, or what is neither."""
    path = file_of(url)
    if path is not None:
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    found = rows(url, "select subject, count(*) as many from outbox group by subject")
    people = names(url)
    for subject, there in (("before", ["Samira"]), ("since", ["Samira", "Karim"])):
        if people == there and found == [{"subject": subject, "many": MAILS}]:
            return subject
    return f"{people}, {found}"


@pytest.fixture
def kept(installed: str, tmp_path: Path) -> Path:
    """A backup of 30 MB, since which everything changed."""
    path = tmp_path / "kept.zip"
    write(installed, make_place, lambda: make_member(name="Samira"))
    filled(installed)
    assert program(installed, "backup", str(path)).returncode == 0
    write(installed, lambda: make_member(name="Karim"), "update outbox set subject = 'since'")
    assert state(installed) == "since"
    return path


def lacks(copied: Path, known: int) -> bool:
    """Whether this copy of the file alone is spoilt, or has fewer sign-ups than were acknowledged when it was made."""
    with closing(sqlite3.connect(copied)) as connection:
        try:
            (there,) = connection.execute("select count(*) from sign_up").fetchone()
        except sqlite3.DatabaseError:
            return True
    return bool(there < known)


class TestStorm:
    @staticmethod
    def staged(url: str) -> tuple[int, list[str]]:
        """A workshop with room for all, and the session of each who will sign up."""
        now = clock.now()

        async def made() -> tuple[int, list[str]]:
            place = await make_place(now=now)
            host = await make_member(place_id=place, now=now)
            mediator = await make_member(place_id=place, mediator=True, now=now)
            workshop = await make_workshop(
                place_id=place, host=host, mediator=mediator, now=now, starts_at=now + timedelta(days=10)
            )
            tokens = [secrets.token_urlsafe(32) for _ in range(STORM)]
            async with transaction():
                await run("update workshop set capacity = {}", STORM)
                people = [await make_member(place_id=place, now=now) for _ in tokens]
                await Session.insert(
                    *(
                        Session(
                            token_hash=hash_token(token),
                            member_id=member,
                            place_id=place,
                            device="mine",
                            created_at=now,
                            seen_at=now,
                            expires_at=now + timedelta(days=90),
                        )
                        for token, member in zip(tokens, people, strict=True)
                    )
                )
            return workshop, tokens

        return with_database(url, made)

    def test_what_was_acknowledged_before_is_in_it(self, installed: str, tmp_path: Path) -> None:
        workshop, tokens = self.staged(installed)
        waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        for token in tokens:
            waiting.put(token)
        acknowledged: list[str] = []
        others: list[int] = []
        enough = threading.Event()

        def signs_up(url: str) -> None:
            with httpx.Client(base_url=url, timeout=30) as browser:
                while not enough.is_set():
                    try:
                        token = waiting.get_nowait()
                    except queue.Empty:
                        return
                    field = token_for(Settings(secret_key=KEY), hash_token(token))
                    answer = browser.post(
                        f"/ateliers/{workshop}/inscription", data={FIELD: field}, headers={"Cookie": f"session={token}"}
                    )
                    if answer.status_code == 303:
                        acknowledged.append(token)
                    else:
                        others.append(answer.status_code)

        copies: list[tuple[int, Path]] = []
        with serving(tmp_path, installed) as server:
            windows = [threading.Thread(target=signs_up, args=(server.url,)) for _ in range(6)]
            for window in windows:
                window.start()
            try:
                until(lambda: len(acknowledged) >= 50, 60)
                for number in range(10):  # what the journal beside it holds moves into the file now and then
                    if (path := file_of(installed)) is not None:
                        copies.append((len(acknowledged), tmp_path / f"copied-{number}.sqlite"))
                        subprocess.run(["cp", path, copies[-1][1]], check=True)
                before = set(acknowledged)
                done = program(installed, "backup", str(tmp_path / "kept.zip"))
                during = len(acknowledged) - len(before)
            finally:
                enough.set()
                for window in windows:
                    window.join()
            refused = program(installed, "restore", str(tmp_path / "kept.zip"), "--force")
            assert refused.returncode == 1, "the server runs"
            assert b"Nothing was done." in refused.stderr
            assert server.stop() == 0
        assert (done.returncode, done.stderr, others) == (0, b"", [])
        assert during > 0, "the storm was over before the backup began"
        all_there = self.signed_up(installed)
        assert all_there >= {hash_token(token) for token in acknowledged}

        sessions = {row["member_id"]: row["token_hash"] for row in rows(installed, "select * from session")}
        restored = program(installed, "restore", str(tmp_path / "kept.zip"), "--force")
        assert restored.returncode == 0, restored.stderr.decode()
        there = {sessions[number] for number in self.numbers(installed)}
        assert there >= {hash_token(token) for token in before}
        assert there <= all_there
        (entry,) = rows(installed, "select taken from entry")
        assert entry["taken"] == len(there), "it is one moment"
        if copies:
            assert any(lacks(copied, known) for known, copied in copies), "cp does as well: the control shows nothing"

        looked = program(installed, "doctor", base_url="https://reseau.exemple")
        assert looked.returncode == 0, looked.stdout.decode()
        with serving(tmp_path, installed) as server:
            assert httpx.get(server.url).status_code == 200
            signed_out = httpx.get(f"{server.url}/moi", headers={"Cookie": f"session={tokens[0]}"})
            assert signed_out.status_code == 303
            assert server.stop() == 0

    @staticmethod
    def numbers(url: str) -> set[int]:
        return {row["member_id"] for row in rows(url, "select member_id from sign_up where state = 'confirmed'")}

    def signed_up(self, url: str) -> set[str]:
        sessions = {row["member_id"]: row["token_hash"] for row in rows(url, "select * from session")}
        return {sessions[number] for number in self.numbers(url)}


class TestKilled:
    @staticmethod
    def cut(process: subprocess.Popen[bytes], when: Callable[[], bool]) -> bool:
        """Kill it once something is so; False when it had ended before."""
        while process.poll() is None:
            if when():
                process.send_signal(signal.SIGKILL)
                process.wait()
                return True
            time.sleep(0.002)
        return False

    @staticmethod
    def settled(url: str) -> None:
        """Until PostgreSQL has seen that nobody is there any more."""

        async def nobody() -> bool:
            connection = await asyncpg.connect(url)
            try:
                return not await connection.fetchval(
                    "select count(*) from pg_stat_activity "
                    "where application_name like 'reseau%' and datname = current_database()"
                )
            finally:
                await connection.close()

        if file_of(url) is None:
            until(lambda: asyncio.run(nobody()), 20)

    def test_a_restoration_leaves_the_old_state_or_the_new(self, installed: str, kept: Path) -> None:
        started = time.monotonic()
        assert program(installed, "restore", str(kept), "--force").returncode == 0
        took = time.monotonic() - started
        assert state(installed) == "before", "not cut, it is done"
        found = []
        for _ in range(KILLS):
            if state(installed) == "before":
                write(installed, lambda: make_member(name="Karim"), "update outbox set subject = 'since'")
            process = begun(installed, "restore", str(kept), "--force")
            deadline = time.monotonic() + random.uniform(0.3, 1.0) * took
            self.cut(process, lambda deadline=deadline: time.monotonic() > deadline)  # type: ignore[misc]  # bound now
            self.settled(installed)
            found.append(state(installed))
        assert set(found) <= {"before", "since"}, found
        assert program(installed, "restore", str(kept), "--force").returncode == 0
        assert state(installed) == "before"

    def test_sqlite_in_the_very_middle(self, sqlite_database_url: str, request: pytest.FixtureRequest) -> None:
        os.environ.update(RESEAU_DATABASE_URL=sqlite_database_url)
        kept = self.prepared(sqlite_database_url, request)
        path = Path(sqlite_database_url.removeprefix("sqlite:///"))
        journal = path.with_name(path.name + "-journal")

        def in_the_middle() -> bool:
            return journal.exists() and journal.stat().st_size > 4_000_000

        assert self.cut(begun(sqlite_database_url, "restore", str(kept), "--force"), in_the_middle)
        alone = path.with_name("alone.sqlite")
        shutil.copyfile(path, alone)
        with closing(sqlite3.connect(alone)) as connection, pytest.raises((AssertionError, sqlite3.DatabaseError)):
            # The control: it was cut while it was written, and only SQLite's journal makes it whole again.
            assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
            assert connection.execute("select count(distinct subject) from outbox").fetchone() == (1,)
        assert state(sqlite_database_url) == "since"
        assert program(sqlite_database_url, "restore", str(kept), "--force").returncode == 0
        assert state(sqlite_database_url) == "before"

    def test_postgres_in_the_very_middle(self, postgres_database_url: str, request: pytest.FixtureRequest) -> None:
        os.environ.update(RESEAU_DATABASE_URL=postgres_database_url)
        kept = self.prepared(postgres_database_url, request)

        async def copies() -> bool:
            connection = await asyncpg.connect(postgres_database_url)
            try:
                return bool(
                    await connection.fetchval(
                        "select count(*) from pg_stat_progress_copy "
                        "where datname = current_database() and tuples_processed > 1000"
                    )
                )
            finally:
                await connection.close()

        process = begun(postgres_database_url, "restore", str(kept), "--force")
        assert self.cut(process, lambda: asyncio.run(copies()))
        self.settled(postgres_database_url)
        assert state(postgres_database_url) == "since"
        assert program(postgres_database_url, "restore", str(kept), "--force").returncode == 0
        assert state(postgres_database_url) == "before"

    @staticmethod
    def prepared(url: str, request: pytest.FixtureRequest) -> Path:
        path = Path(request.getfixturevalue("tmp_path"), "kept.zip")
        write(url, make_place, lambda: make_member(name="Samira"))
        filled(url)
        assert program(url, "backup", str(path)).returncode == 0
        write(url, lambda: make_member(name="Karim"), "update outbox set subject = 'since'")
        return path

    def test_a_backup_leaves_no_half_file_under_its_name(self, installed: str, kept: Path, tmp_path: Path) -> None:
        folder = tmp_path / "nights"
        folder.mkdir()
        process = begun(installed, "backup", str(folder / "night.zip"))
        assert self.cut(process, lambda: any(part.stat().st_size > 1_000_000 for part in folder.glob(".*/*")))
        self.settled(installed)
        (left,) = folder.iterdir()
        assert left.name.startswith(".reseau-work-"), "there is no night.zip"
        long_ago = time.time() - 2 * 24 * 3600
        os.utime(left, (long_ago, long_ago))
        assert program(installed, "backup", str(folder / "night.zip")).returncode == 0
        assert [path.name for path in folder.iterdir()] == ["night.zip"], "what was left behind goes with the next"
        assert program(installed, "restore", str(folder / "night.zip"), "--force").returncode == 0
        assert state(installed) == "since"

    def test_ctrl_c_and_sigterm_leave_nothing(self, installed: str, kept: Path, tmp_path: Path) -> None:
        folder = tmp_path / "nights"
        folder.mkdir()
        for number in (signal.SIGINT, signal.SIGTERM):
            for _ in range(10):  # on a busy machine it may be done before it is told
                process = begun(installed, "backup", str(folder / "night.zip"))
                while process.poll() is None and not any(folder.glob(".*/*")):
                    time.sleep(0.002)
                process.send_signal(number)
                if process.wait(30) != 0:
                    break
                (folder / "night.zip").unlink()
            assert process.returncode == 1
            self.settled(installed)
            assert list(folder.iterdir()) == []


class TestFullDisk:
    @pytest.fixture
    def small_disk(self, tmp_path: Path) -> Iterator[Callable[[str], Path]]:
        """A disk in memory, of the size that is asked for; asked again, it grows."""
        folder = tmp_path / "disk"
        folder.mkdir()
        if sys.platform != "linux" or os.geteuid() != 0:
            pytest.skip("needs root, to mount a small disk")
        mounted = False

        def of_size(size: str) -> Path:
            nonlocal mounted
            options = f"remount,size={size}" if mounted else f"size={size}"
            done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], capture_output=True)
            if done.returncode:
                pytest.skip("needs the right to mount a small disk")
            mounted = True
            return folder

        yield of_size
        if mounted:
            subprocess.run(["umount", folder], check=True)

    def test_a_backup_leaves_what_was_there(
        self, installed: str, kept: Path, small_disk: Callable[[str], Path]
    ) -> None:
        disk = small_disk("2m")
        (disk / "older.zip").write_text("older")
        done = program(installed, "backup", str(disk / "here.zip"))
        assert done.returncode == 1
        assert b"full" in done.stderr or b"no space" in done.stderr, done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert [path.name for path in disk.iterdir()] == ["older.zip"]
        assert (disk / "older.zip").read_text() == "older"
        small_disk("200m")
        assert program(installed, "backup", str(disk / "here.zip")).returncode == 0, "with more room it is done"

    @pytest.mark.parametrize("size", ["3m", "48m"], ids=["no room to unpack", "no room to put it in place"])
    def test_a_restoration_leaves_the_old_database(
        self, sqlite_database_url: str, request: pytest.FixtureRequest, small_disk: Callable[[str], Path], size: str
    ) -> None:
        kept = TestKilled.prepared(sqlite_database_url, request)
        disk = small_disk(size)
        url = f"sqlite:///{disk / 'place.sqlite'}"
        assert program(url, "upgrade").returncode == 0
        write(url, lambda: make_member(name="Rosa"))
        before = sum(path.stat().st_size for path in disk.iterdir())
        done = program(url, "restore", str(kept), "--force")
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert b"is as it was" in done.stderr
        assert b"full" in done.stderr or b"no space" in done.stderr
        assert [path.name for path in disk.iterdir()] == ["place.sqlite"]
        assert (disk / "place.sqlite").stat().st_size <= before, "the room is given back at once"
        assert names(url) == ["Rosa"]
        small_disk("200m")
        assert program(url, "restore", str(kept), "--force").returncode == 0, "with more room it is done"
        assert state(url) == "before"
