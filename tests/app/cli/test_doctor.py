"""`reseau doctor`: what it finds wrong, and how it says to mend it."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app import clock
from app.cli import doctor
from app.cli.common import with_database
from app.database import Store, transaction
from app.i18n import text
from app.notices.api import Kind, post_mail
from app.notices.tables import Outbox
from app.settings import Settings
from tests.app.cli.said import KEY, Said, rows
from tests.app.notices.mail_server import MailServer
from tests.client import NOON


class TestDoctor:
    def test_an_installation_as_it_should_be(self, reseau: Callable[..., Said], installed: str) -> None:
        reseau("place", "add", "tanneurs", "--name", "Les Tanneurs", "--address", "14 rue")
        code, out, _ = reseau("doctor", base_url="https://reseau.exemple")
        assert code == 0
        assert "wrong" not in out.replace("Nothing is wrong", "")
        assert "A commit takes" in out
        assert "Every migration has run." in out
        assert "Les Tanneurs: nobody mediates." in out

    def test_it_changes_nothing(self, reseau: Callable[..., Said], installed: str) -> None:
        before = rows(installed, "select * from migration order by id")
        reseau("doctor")
        assert rows(installed, "select * from migration order by id") == before

    def test_what_is_wrong_is_named_with_the_remedy(
        self, reseau: Callable[..., Said], sqlite_empty_url: str, tmp_path: Path
    ) -> None:
        sqlite3.connect(sqlite_empty_url.removeprefix("sqlite:///")).close()
        code, out, err = reseau("doctor", database_url=sqlite_empty_url, smtp_url="smtp://127.0.0.1:1")
        assert code == 1
        assert "There is no secret key" in out
        assert "migrations have not run.\n      → Run `reseau upgrade`." in out
        assert "does not let us in" in out
        assert err.startswith("3 wrong")

    def test_a_setting_that_cannot_be_read(self, reseau: Callable[..., Said]) -> None:
        code, out, _ = reseau("doctor", locale="tlh")
        assert code == 1
        assert "RESEAU_LOCALE" in out

    def test_a_database_that_is_not_there(self, reseau: Callable[..., Said], tmp_path: Path) -> None:
        code, out, _ = reseau("doctor", database_url="sqlite:///nowhere.sqlite")
        assert code == 1
        assert "There is no database at nowhere.sqlite yet" in out
        assert not (tmp_path / "nowhere.sqlite").exists()

    def test_a_clock_that_was_set_back(
        self, reseau: Callable[..., Said], sqlite_database_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def post() -> None:
            async with transaction():
                await post_mail(
                    member_id=None,
                    to="a@b.fr",
                    kind=Kind.SIGN_IN,
                    dedupe="d",
                    subject=text("a"),
                    body=[],
                    now=clock.now() + timedelta(hours=1),
                )

        with_database(sqlite_database_url, post)
        code, out, _ = reseau("doctor", database_url=sqlite_database_url, secret_key=KEY)
        assert code == 1
        assert "deeds of the future" in out

    def test_a_clock_of_another_century(self) -> None:
        (shown, _) = doctor.of_clock(datetime(2000, 1, 1, tzinfo=UTC))
        assert shown.sort == "fault"

    @pytest.mark.parametrize(
        ("base_url", "sort"),
        [("https://reseau.exemple", "ok"), ("http://reseau.exemple", "warn"), ("http://127.0.0.1:8000", "warn")],
    )
    def test_the_address_is_judged(self, base_url: str, sort: str) -> None:
        assert doctor.of_settings(Settings(secret_key=KEY, base_url=base_url))[1].sort == sort

    def test_a_folder_that_cannot_be_written_or_is_nearly_full(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert doctor.of_folder(str(tmp_path / "db"))[0].sort == "ok"
        monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 5 * 2**20))
        assert "Only 5 MB" in doctor.of_folder(str(tmp_path / "db"))[0].what
        assert doctor.of_folder(str(tmp_path / "gone" / "db"))[0].sort == "fault"

    async def test_the_mail_server_is_asked_and_gets_no_mail(self) -> None:
        async with MailServer().running() as server:
            found = await doctor.of_mail(Settings(smtp_url=server.url, mail_from="a@tanneurs.exemple"))
            assert found.sort == "ok"
            await asyncio.sleep(0)
        assert server.connections == 1
        assert server.received == []

    async def test_what_is_odd_about_the_mail(self) -> None:
        assert (await doctor.of_mail(Settings())).sort == "warn"
        assert (await doctor.of_mail(Settings(smtp_url="smtp://"))).sort == "fault"
        async with MailServer().running() as server:
            odd = await doctor.of_mail(Settings(smtp_url=server.url))
        assert "address that does not exist" in odd.what

    async def test_mail_that_waits_or_was_set_aside(self, db: Store) -> None:
        async def post(dedupe: str, at: datetime) -> None:
            async with transaction():
                await post_mail(
                    member_id=None, to="a@b.fr", kind=Kind.SIGN_IN, dedupe=dedupe, subject=text("a"), body=[], now=at
                )

        now = clock.now()
        assert (await doctor._of_outbox()).sort == "ok"
        await post("new", now)
        await post("later", now + timedelta(days=1))
        assert (await doctor._of_outbox()).what.startswith("1 mails wait, none for long")
        await post("old", now - timedelta(hours=1))
        assert (await doctor._of_outbox()).what.startswith("2 mails wait, the oldest since")
        async with transaction():
            await Outbox.update({Outbox.set_aside_at: now}).where(Outbox.dedupe == "old")
        assert (await doctor._of_outbox()).what.startswith("1 mails were set aside")

    async def test_a_role_that_one_person_holds(self, db: Store) -> None:
        from tests.people import make_cast

        await make_cast()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(clock, "now", lambda: NOON)
            found = [finding.what async for finding in doctor._of_people()]
        assert "Les Tanneurs: Rosa alone holds the place." in found
        assert not any("mediate" in what for what in found), "there are two"
