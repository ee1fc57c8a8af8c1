"""The outbox empties into a mail server on a real socket, through faults, crashes and several processes at once."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from app import clock
from app.database import Store, run, transaction
from app.i18n import text
from app.notices.api import Kind, post_mail
from app.notices.composing import Composer, Row
from app.notices.delivery import LEASE, Fate, Postman
from app.notices.rules import TRIES
from app.notices.smtp import Line
from app.notices.smtp import MailServer as ServerAddress
from app.notices.tables import Outbox
from app.settings import Settings, SettingsError
from tests.app.notices.mail_server import CERTIFICATE, MailServer
from tests.app.programs import KEY
from tests.client import NOON
from tests.factories import make_place

RESEAU = Path(sys.executable).with_name("reseau")
SENDER = "Les Tanneurs <bonjour@tanneurs.exemple>"


def postman(url: str | None) -> Postman:
    return Postman(Settings(smtp_url=url, mail_from=SENDER, base_url="https://reseau.exemple"), {})


async def post(number: int = 1, *, to: str | None = None, at: datetime = NOON) -> None:
    async with transaction():
        await post_mail(
            member_id=None,
            to=to or f"membre{number}@exemple.fr",
            kind=Kind.SIGN_IN,
            dedupe=f"mail:{number}",
            subject=text("Ton atelier à venir"),
            body=[text("Bonjour,"), text("on t’attend.")],
            link=f"/ateliers/{number}",
            now=at,
        )


async def rows() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await Outbox.select().order_by(Outbox.id)
    return found


async def row() -> dict[str, Any]:
    (only,) = await rows()
    return only


def words(message: EmailMessage) -> str:
    plain = message.get_body(("plain",))
    assert plain is not None
    return str(plain.get_content()).replace("\r\n", "\n")


class TestAMail:
    async def test_it_says_everything_and_ends_with_one_link(self, db: Store) -> None:
        await make_place(name="Les Tanneurs")
        await post()
        async with MailServer().running() as server:
            assert await postman(server.url).deliver(NOON) == 1
        (mail,) = server.received
        assert server.envelopes == [("bonjour@tanneurs.exemple", ["membre1@exemple.fr"])]
        assert mail["From"] == SENDER
        assert mail["To"] == "membre1@exemple.fr"
        assert mail["Subject"] == "Ton atelier à venir"
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["Content-Language"] == "fr"
        assert mail["Date"].datetime - NOON < timedelta(seconds=5)
        assert words(mail).startswith("Bonjour,\n\non t’attend.\n")
        assert "\nhttps://reseau.exemple/ateliers/1\n" in words(mail)
        assert "Les Tanneurs" in words(mail)
        noted = await row()
        assert (noted["tries"], noted["lease_by"], noted["set_aside_at"], noted["error"]) == (1, None, None, "")
        assert noted["sent_at"] - NOON < timedelta(seconds=5)

    async def test_its_number_is_the_same_when_it_is_sent_again(self, db: Store) -> None:
        await post()
        async with MailServer().running() as server:
            await postman(server.url).deliver(NOON)
            async with transaction():
                await Outbox.update({Outbox.sent_at: None, Outbox.id: 77}, force=True)
            await postman(server.url).deliver(NOON)
        first, second = server.received
        assert first["Message-ID"] == second["Message-ID"]
        assert first["Message-ID"].endswith("@reseau.exemple>")

    async def test_no_name_adds_a_header(self, db: Store) -> None:
        name = "Eve\r\nBcc: victime@exemple.fr\r\n\r\nhttps://mal.exemple"
        await make_place(name=name)
        async with transaction():
            await post_mail(
                member_id=None,
                to="a@exemple.fr",
                kind=Kind.SIGN_IN,
                dedupe="d",
                subject=text("%(name)s t’écrit", name=name),
                body=[text("%(name)s t’écrit.", name=name)],
                now=NOON,
            )
        async with MailServer().running() as server:
            await postman(server.url).deliver(NOON)
        (mail,) = server.received
        assert server.envelopes[0][1] == ["a@exemple.fr"]
        assert "Bcc" not in mail
        assert mail["Subject"] == "Eve  Bcc: victime@exemple.fr    https://mal.exemple t’écrit"
        assert words(mail).count("\n") == 5

    @pytest.mark.parametrize("link", ["//mal.exemple", "https://mal.exemple", "/\\mal.exemple", "/a\nb", "ateliers"])
    async def test_a_link_leads_to_us_or_nowhere(self, sqlite_only_db: Store, link: str) -> None:
        with pytest.raises(ValueError, match="path on our own site"):
            await post_mail(
                member_id=None,
                to="a@b.fr",
                kind=Kind.SIGN_IN,
                dedupe="d",
                subject=text("a"),
                body=[],
                link=link,
                now=NOON,
            )
        await post()
        async with transaction():
            await Outbox.update({Outbox.link: link}, force=True)
        assert "mal.exemple" not in words(Composer(Settings(), {}).message(await row(), NOON))

    async def test_a_domain_with_accents_is_written_as_mail_wants_it(self, sqlite_only_db: Store) -> None:
        await post(to="rene@café.exemple")
        assert Composer(Settings(), {}).message(await row(), NOON)["To"] == "rene@xn--caf-dma.exemple"


class TestWithoutAMailServer:
    async def test_one_line_in_the_log_and_no_address(self, db: Store, caplog: pytest.LogCaptureFixture) -> None:
        await post(1)
        await post(2)
        async with transaction():  # as after a first try
            await run(
                "update outbox set run_at = {}, tries = 1 where id = {}",
                NOON + timedelta(seconds=30),
                (await rows())[1]["id"],
            )
        with caplog.at_level(logging.INFO, logger="reseau.mail"):
            assert await postman(None).deliver(NOON) == 1
            assert await postman(None).deliver(NOON) == 0
        (line,) = caplog.records
        assert line.getMessage() == "mail not sent: no SMTP configured"
        assert line.__dict__["mail"] == (await rows())[0]["id"]
        logged, waiting = await rows()
        assert logged["logged_at"] - NOON < timedelta(seconds=5)
        assert (logged["sent_at"], logged["set_aside_at"]) == (None, None)
        assert waiting["logged_at"] is None

    async def test_it_is_not_sent_later_on(self, db: Store) -> None:
        await post()
        await postman(None).deliver(NOON)
        async with MailServer().running() as server:
            assert await postman(server.url).deliver(NOON + timedelta(days=1)) == 0
        assert server.received == []


class TestRefusals:
    async def test_an_unknown_address_is_set_aside_at_once_and_holds_up_nobody(
        self, db: Store, caplog: pytest.LogCaptureFixture
    ) -> None:
        for number in (1, 2, 3):
            await post(number)
        async with MailServer(
            refused={"membre2@exemple.fr": "550 5.1.1 <membre2@exemple.fr> unknown"}
        ).running() as server:
            assert await postman(server.url).deliver(NOON) == 2
            assert await postman(server.url).deliver(NOON + timedelta(days=1)) == 0
        assert [mail["To"] for mail in server.received] == ["membre1@exemple.fr", "membre3@exemple.fr"]
        refused = (await rows())[1]
        assert refused["sent_at"] is None
        assert refused["set_aside_at"] is not None
        assert refused["error"] == "550 5.1.1 <…> unknown"
        assert "membre2" not in caplog.text

    async def test_a_greylisted_address_is_tried_again_later(self, db: Store) -> None:
        await post()
        async with MailServer(refused={"membre1@exemple.fr": "451 4.7.1 come back"}).running() as server:
            assert await postman(server.url).deliver(NOON) == 0
            waiting = await row()
            assert waiting["set_aside_at"] is None
            assert waiting["run_at"] >= NOON + timedelta(seconds=30)
            server.refused.clear()
            assert await postman(server.url).deliver(NOON + timedelta(seconds=20)) == 0
            assert await postman(server.url).deliver(NOON + timedelta(minutes=5)) == 1

    async def test_it_is_set_aside_after_eight_tries(self, db: Store) -> None:
        await post()
        at = NOON
        async with MailServer(data_refused="554 5.6.0 we do not like these words").running() as server:
            for _ in range(TRIES):
                assert (await row())["set_aside_at"] is None
                await postman(server.url).deliver(at)
                at += timedelta(hours=7)
            assert server.connections == TRIES
            assert await postman(server.url).deliver(at) == 0
            assert server.connections == TRIES
        aside = await row()
        assert (aside["tries"], aside["sent_at"]) == (TRIES, None)
        assert aside["set_aside_at"] is not None
        assert "554" in aside["error"]

    async def test_a_sender_that_the_server_will_not_have_costs_no_mail_a_try(self, db: Store) -> None:
        await post(1)
        await post(2)
        async with MailServer(sender_refused="553 5.7.1 not your address").running() as server:
            assert await postman(server.url).deliver(NOON) == 0
        assert [(each["tries"], each["lease_by"], each["run_at"]) for each in await rows()] == [(0, None, NOON)] * 2


class TestAServerThatIsAway:
    async def test_nothing_is_lost_and_no_try_is_counted(self, db: Store, caplog: pytest.LogCaptureFixture) -> None:
        server = MailServer()
        async with server.running():
            pass
        for number in range(30):
            await post(number)
        man = postman(server.url)
        for minutes in range(0, 600, 10):
            assert await man.deliver(NOON + timedelta(minutes=minutes)) == 0
        assert {(each["tries"], each["set_aside_at"], each["lease_by"]) for each in await rows()} == {(0, None, None)}
        assert "mail server away" in caplog.text
        async with server.running():
            assert await man.deliver(NOON + timedelta(hours=11)) == 30
        assert len({mail["Message-ID"] for mail in server.received}) == 30

    async def test_it_is_not_asked_again_at_once(self, db: Store) -> None:
        server = MailServer()
        async with server.running():
            pass
        await post()
        man = postman(server.url)
        await man.deliver(NOON)
        async with server.running():
            assert await man.deliver(NOON + timedelta(seconds=2)) == 0
            assert server.connections == 0
            assert await man.deliver(NOON + timedelta(seconds=30)) == 1

    async def test_a_line_cut_in_the_middle_counts_for_the_mail_it_cut(self, db: Store) -> None:
        await post(1)
        await post(2)
        cut = 0

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal cut
            writer.write(b"220 hello\r\n")
            while line := await reader.readline():
                if line.startswith(b"DATA"):
                    cut += 1
                    break
                writer.write(b"250 OK\r\n")
            writer.close()

        listening = await asyncio.start_server(talk, "127.0.0.1", 0)
        async with listening:
            port = listening.sockets[0].getsockname()[1]
            assert await postman(f"smtp://127.0.0.1:{port}").deliver(NOON) == 0
        assert cut == 2
        assert [each["tries"] for each in await rows()] == [1, 1]
        assert all(each["run_at"] > NOON and each["sent_at"] is None for each in await rows())


class TestSeveralAtOnce:
    async def test_four_send_a_hundred_and_none_twice(self, db: Store) -> None:
        for number in range(100):
            await post(number)
        async with MailServer(delay=0.002).running() as server:
            men = [postman(server.url) for _ in range(4)]
            done = await asyncio.gather(*(man.deliver(NOON) for man in men))
        assert sum(done) == 100
        assert len([each for each in done if each]) > 1, "one did it all: nothing was tried here"
        assert len(server.received) == 100
        assert len({mail["Message-ID"] for mail in server.received}) == 100
        assert all(each["sent_at"] for each in await rows())

    async def test_four_programs_send_a_hundred_and_none_twice(self, db: Store, database_url: str) -> None:
        at = clock.now()
        for number in range(100):
            await post(number, at=at)
        async with MailServer(delay=0.02).running() as server:
            environ = {
                **os.environ,
                "RESEAU_DATABASE_URL": database_url,
                "RESEAU_SMTP_URL": server.url,
                "RESEAU_SECRET_KEY": KEY,
                "RESEAU_ENV_FILE": "",
            }
            programs = [
                await asyncio.create_subprocess_exec(
                    str(RESEAU), "jobs", env=environ, stdout=asyncio.subprocess.DEVNULL
                )
                for _ in range(4)
            ]
            assert [await program.wait() for program in programs] == [0, 0, 0, 0]
        assert len(server.received) == 100
        assert len({mail["Message-ID"] for mail in server.received}) == 100
        assert all(each["sent_at"] for each in await rows())

    async def test_without_the_lease_they_would_send_twice(self, db: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        """The control of the test above: it does tell."""
        for number in range(20):
            await post(number)

        async def claim_without_lease(man: Postman, at: object) -> list[dict[str, Any]]:
            return [each for each in await rows() if each["sent_at"] is None]

        async def note_without_lease(man: Postman, fate: Fate, waiting: Sequence[Row], at: object) -> Sequence[Row]:
            async with transaction():
                await Outbox.update({Outbox.sent_at: NOON}).where(Outbox.id == fate.row["id"])
            return waiting

        monkeypatch.setattr(Postman, "_claim", claim_without_lease)
        monkeypatch.setattr(Postman, "_write", note_without_lease)
        async with MailServer(delay=0.002).running() as server:
            await asyncio.gather(*(_once(postman(server.url)) for _ in range(4)))
        assert len(server.received) > 20

    async def test_what_a_crashed_process_held_is_taken_again(self, db: Store) -> None:
        await post(1)
        await post(2)
        async with MailServer().running() as server:
            crashed = postman(server.url)
            assert len(await crashed._claim(NOON)) == 2
            assert await postman(server.url).deliver(NOON + LEASE - timedelta(seconds=5)) == 0
            assert await postman(server.url).deliver(NOON + LEASE + timedelta(seconds=1)) == 2
        assert len(server.received) == 2
        assert [each["tries"] for each in await rows()] == [2, 1], "only the one that was about to go"

    async def test_a_mail_that_crashes_every_process_is_set_aside(self, db: Store) -> None:
        await post()
        at = NOON
        async with MailServer().running() as server:
            for _ in range(TRIES):
                assert len(await postman(server.url)._claim(at)) == 1
                at += LEASE + timedelta(seconds=1)
            assert await postman(server.url).deliver(at) == 0
        assert server.received == []
        assert (await row())["error"] == "each try was cut short"

    async def test_stopping_ends_after_the_mail_on_its_way_and_frees_the_rest(self, db: Store) -> None:
        for number in range(10):
            await post(number)
        stop = asyncio.Event()
        async with MailServer(delay=0.05).running() as server:
            task = asyncio.create_task(postman(server.url).deliver(NOON, stop=stop))
            while not server.received:
                await asyncio.sleep(0.005)
            stop.set()
            done = await task
            assert 1 <= done == len(server.received) < 10
            assert await postman(server.url).deliver(NOON + timedelta(seconds=1)) == 10 - done
        assert [each["tries"] for each in await rows()] == [1] * 10


async def _once(man: Postman) -> None:
    """One round of one batch: without a lease there would be no end."""
    assert man.server is not None
    line = Line(man.server)
    await man._send_all(line, await man._claim(NOON), lambda: NOON, None, lambda: None)
    await line.hang_up()


class TestEncryptedLines:
    @pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
    async def test_it_signs_in_over_tls(
        self, sqlite_only_db: Store, monkeypatch: pytest.MonkeyPatch, scheme: str
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        await post()
        async with MailServer(scheme=scheme).running() as server:
            url = server.url.replace("://", "://le%40lieu:mot%20de%20passe%2B%C3%A9@")
            assert await postman(url).deliver(NOON) == 1
        assert server.logins == [(b"le@lieu", "mot de passe+é".encode())]
        assert len(server.received) == 1

    @pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
    async def test_it_trusts_no_stranger(
        self, sqlite_only_db: Store, monkeypatch: pytest.MonkeyPatch, scheme: str
    ) -> None:
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        await post()
        async with MailServer(scheme=scheme).running() as server:
            assert await postman(server.url).deliver(NOON) == 0
        assert server.received == []
        assert (await row())["tries"] == 0

    async def test_a_wrong_password_costs_no_mail_a_try(
        self, sqlite_only_db: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        await post()
        async with MailServer(scheme="smtps").running() as server:
            assert await postman(server.url.replace("://", "://le-lieu:faux@")).deliver(NOON) == 0
        waiting = await row()
        assert (waiting["tries"], waiting["set_aside_at"]) == (0, None)
        assert "faux" not in waiting["error"]


class TestTheAddressOfTheServer:
    @pytest.mark.parametrize(
        ("url", "port"),
        [("smtp://mail", 25), ("smtps://mail", 465), ("smtp+starttls://mail", 587), ("smtp://mail:2525", 2525)],
    )
    def test_each_scheme_has_its_port(self, url: str, port: int) -> None:
        assert ServerAddress.of(url).port == port

    @pytest.mark.parametrize("url", ["smtp://", "http://mail", "smtp://mail:port", "smtp://mail:99999"])
    def test_anything_else_is_named_in_a_sentence(self, url: str) -> None:
        with pytest.raises(SettingsError, match="RESEAU_SMTP_URL"):
            ServerAddress.of(url)
