"""What cannot leave: it is set aside and said on the site, and holds nobody up; the database may fail in the middle."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.database import Store, run, transaction
from app.errors import DatabaseHeld
from app.notices import delivery, smtp
from app.notices.api import Kind
from app.notices.composing import Composer
from app.notices.delivery import Postman
from app.notices.rules import TRIES
from tests.app.notices.letters import rows, send_code, tell_all
from tests.app.notices.mail_server import MailServer
from tests.app.programs import settings
from tests.client import NOON
from tests.factories import make_member, make_place


async def people(count: int) -> list[int]:
    place = await make_place(name="Les Tanneurs")
    return [await make_member(place_id=place, email=f"membre.{number}@exemple.fr") for number in range(count)]


def postman(url: str | None, **more: Any) -> Postman:
    return Postman(settings(url, **more), {})


class TestOnTheSite:
    async def test_what_is_refused_for_good_is_told_there(self, db: Store) -> None:
        await tell_all(await people(2))
        await send_code("nour@exemple.fr")
        refused = dict.fromkeys(["membre.0@exemple.fr", "nour@exemple.fr"], "550 5.1.1 unknown")
        async with MailServer(refused=refused).running() as server:
            assert await postman(server.url).deliver(NOON) == 1
        assert [(row["on_site"], row["set_aside_at"] is not None) for row in await rows()] == [
            (True, True),
            (False, False),
            (False, True),  # a way in is nothing on the site
        ]

    async def test_what_no_server_takes_too_but_in_the_demonstration(self, db: Store) -> None:
        members = await people(1)
        await tell_all(members)
        await send_code("nour@exemple.fr")
        assert await postman(None).deliver(NOON) == 2
        assert [row["on_site"] for row in await rows()] == [True, False]
        await tell_all(members, what="another")
        assert await postman(None, demo=True).deliver(NOON) == 1
        assert (await rows())[2]["on_site"] is False


class TestAPoisonedMail:
    async def test_a_row_of_which_no_mail_can_be_made(self, db: Store, caplog: pytest.LogCaptureFixture) -> None:
        await tell_all(await people(3))
        async with transaction():
            await run("update outbox set recipient = 'personne' where id = 2")
        async with MailServer().running() as server:
            assert await postman(server.url).deliver(NOON) == 2
        aside = (await rows())[1]
        assert aside["set_aside_at"] is not None
        assert aside["error"].startswith("no mail can be made of it")
        assert "personne" not in caplog.text

    async def test_a_fault_of_the_program_is_tried_again(
        self, db: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        await tell_all(await people(3))
        real = Composer.message

        def falls(self: Composer, row: Any, at: datetime) -> Any:
            if row["id"] == 1:
                raise KeyError("mots de Samira")
            return real(self, row, at)

        async with MailServer().running() as server:
            with monkeypatch.context() as patch:
                patch.setattr(Composer, "message", falls)
                assert await postman(server.url).deliver(NOON) == 2
            first = (await rows())[0]
            assert (first["tries"], first["set_aside_at"], first["error"]) == (
                1,
                None,
                "no mail was made of it: KeyError",
            )
            assert await postman(server.url).deliver(NOON + timedelta(minutes=1)) == 1
        assert [record.exc_info is not None for record in caplog.records if record.levelno == logging.ERROR] == [True]

    async def test_one_that_makes_the_server_hang(self, db: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        """Before the end of the mail, so that it has certainly not been taken: it is set aside after its tries; the
        others leave at once, and nothing is left hanging. (After it: `test_delivery_slow`.)"""
        monkeypatch.setattr(smtp, "MAIL_PATIENCE", 0.15)
        await tell_all(await people(3))

        class Hangs(MailServer):
            async def handle_RCPT(
                self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
            ) -> str:
                if address == "membre.1@exemple.fr":
                    await asyncio.sleep(0.5)
                return await super().handle_RCPT(server, session, envelope, address, options)

        at = NOON
        async with Hangs().running() as server:
            man = postman(server.url)
            assert await man.deliver(at) == 2
            for _ in range(TRIES):
                at += timedelta(hours=7)
                await man.deliver(at)
            await asyncio.sleep(0.5)
        assert sorted(mail["To"] for mail in server.received) == ["membre.0@exemple.fr", "membre.2@exemple.fr"]
        aside = (await rows())[1]
        assert (aside["set_aside_at"] is not None, aside["tries"], aside["on_site"]) == (True, TRIES, True)
        assert "TimeoutError" in aside["error"]

    @pytest.mark.parametrize(
        "said",
        [
            "550 5.1.1 <membre.0@exemple.fr>: Recipient address rejected",
            "550 5.1.1 MEMBRE.0@EXEMPLE.FR unknown",
            "550 no mailbox membre.0 here, write to postmaster@exemple.fr",
        ],
    )
    async def test_what_the_server_says_is_kept_without_an_address(self, db: Store, said: str) -> None:
        await tell_all(await people(1))
        async with MailServer(refused={"membre.0@exemple.fr": said}).running() as server:
            await postman(server.url).deliver(NOON)
        (aside,) = await rows()
        assert aside["error"].startswith("550 ")
        assert "membre" not in aside["error"].lower()
        assert "@" not in aside["error"]


class TestAServerThatIsHalfThere:
    async def test_one_that_cuts_every_line_costs_three_mails_a_try(self, db: Store) -> None:
        await tell_all(await people(30))
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
            man = postman(f"smtp://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
            assert await man.deliver(NOON) == 0
            assert await man.deliver(NOON + timedelta(seconds=5)) == 0, "it keeps quiet"
        assert cut == smtp.CUTS_AT_MOST
        assert sorted(row["tries"] for row in await rows()) == [0] * 27 + [1] * 3
        assert all(row["lease_by"] is None for row in await rows())

    async def test_a_line_is_made_anew_before_the_server_tires_of_it(
        self, db: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(smtp, "MAILS_A_LINE", 8)
        await tell_all(await people(20))
        async with MailServer().running() as server:
            assert await postman(server.url).deliver(NOON) == 20
            assert server.connections == 3

    async def test_away_for_an_hour_and_then_everything_once(self, db: Store) -> None:
        members = await people(40)
        server = MailServer()
        async with server.running():
            pass
        men = [postman(server.url) for _ in range(2)]
        for minute in range(60):
            at = NOON + timedelta(minutes=minute)
            await tell_all(members[minute % 40 : minute % 40 + 1], what=f"change-{minute}", now=at)
            assert [await man.deliver(at) for man in men] == [0, 0]
        async with server.running():
            at = NOON + timedelta(hours=1, minutes=5)
            assert sum(await asyncio.gather(*(man.deliver(at) for man in men))) == 60
            assert [await man.deliver(at + timedelta(days=1)) for man in men] == [0, 0]
        assert len({mail["Message-ID"] for mail in server.received}) == len(server.received) == 60
        assert {row["tries"] for row in await rows()} == {1}


class TestTheDatabaseFailsInTheMiddle:
    async def test_what_left_and_could_not_be_noted_is_noted_later_and_not_sent_again(
        self, db: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await tell_all(await people(3))
        real = Postman._write
        held = True

        async def write(self: Postman, *args: Any) -> Any:
            if held:
                raise DatabaseHeld
            return await real(self, *args)

        monkeypatch.setattr(Postman, "_write", write)
        async with MailServer().running() as server:
            man = postman(server.url)
            with pytest.raises(DatabaseHeld):
                await man.deliver(NOON)
            assert len(server.received) == 1
            with pytest.raises(DatabaseHeld):
                await man.deliver(NOON)
            assert len(server.received) == 1, "nothing leaves before it is noted"
            held = False
            assert await man.deliver(NOON) == 2
            assert len(server.received) == 3
        assert len({mail["Message-ID"] for mail in server.received}) == 3

    async def test_a_rolled_back_deed_sends_nothing(self, db: Store) -> None:
        members = await people(1)
        with pytest.raises(ZeroDivisionError):
            async with transaction():
                await tell_all_inside(members)
                raise ZeroDivisionError
        async with MailServer().running() as server:
            assert await postman(server.url).deliver(NOON) == 0
            async with transaction():
                await tell_all_inside(members)
            assert await postman(server.url).deliver(NOON) == 1, "the control"


async def tell_all_inside(members: list[int]) -> None:
    from app.i18n import text
    from app.notices.api import tell

    await tell(members, kind=Kind.CHANGE, what="deed", subject=text("C’est changé"), body=[], now=NOON)


class TestWhoGoesFirst:
    async def test_whoever_waits_for_a_code(self, db: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(delivery, "BATCH", 3)
        await tell_all(await people(9))
        await send_code("nour@exemple.fr", now=NOON + timedelta(seconds=1))
        async with MailServer().running() as server:
            assert await postman(server.url).deliver(NOON + timedelta(seconds=2)) == 10
        assert server.received[0]["To"] == "nour@exemple.fr"


class TestTheCost:
    @pytest.mark.parametrize("count", [10, 30])
    async def test_as_many_queries_for_a_mail_whatever_waits(
        self, db: Store, monkeypatch: pytest.MonkeyPatch, count: int
    ) -> None:
        await tell_all(await people(count))
        asked = 0
        real = run

        async def counted(sql: str, *args: Any) -> list[dict[str, Any]]:
            nonlocal asked
            asked += 1
            return await real(sql, *args)

        monkeypatch.setattr(delivery, "run", counted)
        async with MailServer().running() as server:
            assert await postman(server.url).deliver(NOON) == count
        batches = count // delivery.BATCH
        # One look, a claim for each batch and one that finds nothing; noting each, and leasing each before it goes.
        assert asked == 1 + (batches + 1) + count + count
