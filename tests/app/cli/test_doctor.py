"""`reseau doctor`: what it finds wrong, and how it says to mend it."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dotenv import dotenv_values

from app import clock
from app.cli import doctor
from app.cli.common import with_database
from app.cli.findings import Finding
from app.database import Store, run, transaction
from app.i18n import text
from app.notices.api import Kind, post_mail
from app.notices.delivery import Postman
from app.registry import Registry
from app.settings import Settings
from app.timekeeping import Timekeeper
from tests.app.cli.said import KEY, Said, rows
from tests.app.machine import Machine
from tests.app.notices.letters import send_code, tell_all
from tests.app.notices.mail_server import CERTIFICATE, MailServer
from tests.app.programs import settings
from tests.client import NOON
from tests.factories import make_member, make_place
from tests.servers import ROOT


async def seen(looking: AsyncIterator[Finding]) -> list[Finding]:
    return [finding async for finding in looking]


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
        assert doctor.of_settings(Settings(secret_key=KEY, base_url=base_url))[-1].sort == sort

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

    def test_the_sender_of_the_example_is_nobodys(self) -> None:
        example = dotenv_values(ROOT / ".env.example")["RESEAU_MAIL_FROM"]
        assert example is not None
        whole = Settings(secret_key=KEY, base_url="https://reseau.exemple", publisher="Rosa", hosted_by="OVH")
        (hint,) = [each for each in doctor.of_settings(replace(whole, mail_from=example)) if each.sort != "ok"]
        assert (hint.sort, hint.mend) == ("warn", "Set RESEAU_MAIL_FROM to one of yours.")

    async def test_mail_that_waits(self, db: Store) -> None:
        async def post(address: str, at: datetime) -> None:
            await send_code(address, now=at)

        now = clock.now()
        assert [finding.sort for finding in await seen(doctor._of_outbox())] == ["ok"]
        await post("new@exemple.fr", now)
        assert [finding.what for finding in await seen(doctor._of_outbox())] == ["1 mails wait, none for long."]
        await post("old@exemple.fr", now - timedelta(hours=1))
        (late,) = await seen(doctor._of_outbox())
        assert late.what.startswith("2 mails wait, the oldest since")
        async with transaction():  # read on the site: no mail
            await run("update outbox set recipient = ''")
        assert [finding.what for finding in await seen(doctor._of_outbox())] == ["0 mails wait, none for long."]

    async def test_a_mail_that_was_set_aside_is_named_by_its_number_and_not_by_its_words(self, db: Store) -> None:
        place = await make_place(name="Les Tanneurs")
        member = await make_member(place_id=place, email="jeanne.dupont@exemple.fr")
        await tell_all([member], now=clock.now())
        refused = {"jeanne.dupont@exemple.fr": "550 5.1.1 <jeanne.dupont@exemple.fr> unknown"}
        async with MailServer(refused=refused).running() as server:
            await Postman(settings(server.url), {}).deliver()
        _, aside = await seen(doctor._of_outbox())
        assert aside.sort == "warn"
        day = clock.local(clock.now())
        assert aside.what == f"Mail 1 (change) was set aside on {day:%d/%m}: 550 5.1.1 <…> unknown"
        assert aside.mend.startswith("The reader finds it on the site.")
        async with transaction():
            await run("update outbox set error = 'for jeanne.dupont@exemple.fr: no', member_id = null")
        _, aside = await seen(doctor._of_outbox())
        assert "dupont" not in aside.what
        assert aside.mend.startswith("Nobody has it.")

    async def test_many_that_were_set_aside_are_counted(self, db: Store) -> None:
        for number in range(12):
            await send_code(f"a{number}@exemple.fr")
        async with transaction():
            await run("update outbox set set_aside_at = {}", clock.now())
        found = await seen(doctor._of_outbox())
        assert len(found) == 12
        assert found[-1].what == "2 more mails were set aside before."

    async def test_whether_jobs_run(self, db: Store) -> None:
        async def found_at(latest: datetime) -> Finding:
            async with transaction():
                await run("delete from clock_seen")
            await Timekeeper(Registry.of(), Machine(wall=latest).clocks()).look()
            (finding,) = await seen(doctor._of_jobs())
            return finding

        (never,) = await seen(doctor._of_jobs())
        assert (never.sort, never.what) == ("warn", "No job has ever run.")
        now = clock.now()
        assert (await found_at(now)).sort == "ok"
        late = await found_at(now - timedelta(minutes=11))
        assert (late.sort, late.what.startswith("No job has run since")) == ("warn", True)
        ahead = await found_at(now + timedelta(days=365))
        assert (ahead.sort, ahead.what.startswith("The clock was set back")) == ("fault", True)

    async def test_a_job_that_failed_is_named_with_its_hour(self, db: Store) -> None:
        now = clock.now()
        await Timekeeper(Registry.of(), Machine(wall=now).clocks()).look()
        async with transaction():
            for job in ("notices.remind", "of.an.earlier.version"):
                await run("insert into failed_job (job, failed_at) values ({}, {})", job, now)
        _, failed = await seen(doctor._of_jobs())
        day = clock.local(now)
        assert failed.sort == "fault"
        assert failed.what == f"The job notices.remind failed when it was last done, on {day:%d/%m/%Y %H:%M}."

    def test_whoever_answers_for_the_site_is_asked_for(self) -> None:
        whole = Settings(secret_key=KEY, base_url="https://reseau.exemple", publisher="Rosa", hosted_by="OVH")
        assert [finding.sort for finding in doctor.of_settings(whole)] == ["ok", "ok"]
        (hint,) = [each for each in doctor.of_settings(replace(whole, hosted_by="")) if each.sort != "ok"]
        assert (hint.sort, hint.mend) == ("warn", "Set RESEAU_HOSTED_BY.")

    @pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
    async def test_a_mail_server_whose_certificate_is_wrong(self, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
        async with MailServer(scheme=scheme).running() as server:
            url = server.url.replace("://", "://le%40lieu:mot%20de%20passe%2B%C3%A9@")
            monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
            right = await doctor.of_mail(Settings(smtp_url=url, mail_from="a@tanneurs.exemple"))
            assert right.sort == "ok", "the control: it is trusted by its name and by who signed it"
            real = socket.getaddrinfo
            monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **named: real("127.0.0.1", *more, **named))
            other_name = await doctor.of_mail(Settings(smtp_url=url.replace("127.0.0.1", "courrier.exemple")))
            assert other_name.sort == "fault"
            assert "certificate" in other_name.what.lower()
            monkeypatch.delenv("SSL_CERT_FILE")
            stranger = await doctor.of_mail(Settings(smtp_url=url))
        assert stranger.sort == "fault"
        assert "certificate" in stranger.what.lower()

    async def test_a_role_that_one_person_holds(self, db: Store) -> None:
        from tests.people import make_cast

        await make_cast()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(clock, "now", lambda: NOON)
            found = [finding.what async for finding in doctor._of_people()]
        assert "Les Tanneurs: Rosa alone holds the place." in found
        assert not any("mediate" in what for what in found), "there are two"
