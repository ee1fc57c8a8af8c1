"""A mail server that is slow to answer the end of a mail, or never does; a server of pages that stops, or dies, in the
middle: nobody has a mail eight times for it, and the others of the batch do not wait."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app import clock
from app.database import Store
from app.jobs import at_work
from app.notices import delivery, smtp
from app.notices.delivery import LEASE, Postman
from app.notices.rules import TRIES
from app.notices.smtp import Line
from app.registry import Registry
from tests.app.notices.letters import rows, tell_all
from tests.app.notices.mail_server import MailServer
from tests.app.programs import settings
from tests.client import NOON
from tests.factories import make_member, make_place

SLOW = "membre.1@exemple.fr"


async def people(count: int) -> list[int]:
    place = await make_place(name="Les Tanneurs")
    return [await make_member(place_id=place, email=f"membre.{number}@exemple.fr") for number in range(count)]


def postman(url: str) -> Postman:
    return Postman(settings(url), {})


class TakesAndThen(MailServer):
    """Takes each mail; for one reader it answers late, or cuts the line, or never answers."""

    what = "late"
    seconds = 0.5

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        if envelope.rcpt_tos == [SLOW]:
            if self.what == "cuts":
                server.transport.abort()
            await asyncio.sleep(self.seconds if self.what == "late" else 1.0)
        return answer


def copies(server: MailServer) -> Counter[str]:
    return Counter(str(mail["To"]) for mail in server.received)


async def deliver_for_days(server: MailServer) -> None:
    man = postman(server.url)
    for hours in range(0, 7 * (TRIES + 1), 7):
        await man.deliver(NOON + timedelta(hours=hours))


class TestTheEndOfAMail:
    async def test_it_is_given_the_time_that_servers_may_take(self, db: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        """Longer than any other command, and longer than a whole mail up to there."""
        monkeypatch.setattr(smtp, "COMMAND_PATIENCE", 0.2)
        monkeypatch.setattr(smtp, "MAIL_PATIENCE", 0.3)
        await tell_all(await people(3))
        async with TakesAndThen().running() as server:
            assert await postman(server.url).deliver(NOON) == 3
        assert set(copies(server).values()) == {1}
        assert smtp.END_PATIENCE >= 600, "RFC 5321, 4.5.3.2.6"

    @pytest.mark.parametrize("what", ["cuts", "never answers"])
    async def test_without_an_answer_it_leaves_once_more_and_counts_as_sent(
        self, db: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, what: str
    ) -> None:
        monkeypatch.setattr(smtp, "END_PATIENCE", 0.2)
        await tell_all(await people(3))
        server = TakesAndThen()
        server.what = what
        async with server.running():
            with caplog.at_level(logging.INFO, logger="reseau.mail"):
                await deliver_for_days(server)
        assert copies(server) == {"membre.0@exemple.fr": 1, SLOW: 2, "membre.2@exemple.fr": 1}
        slow = (await rows())[1]
        assert (slow["set_aside_at"], slow["on_site"], slow["tries"]) == (None, False, 2)
        assert slow["perhaps_at"] - NOON < timedelta(seconds=5)
        assert slow["sent_at"] - NOON >= timedelta(hours=7)
        assert slow["error"].startswith("perhaps sent: ")
        assert "mail noted as sent, without an answer to its end" in caplog.text
        assert "exemple.fr" not in caplog.text

    async def test_a_second_try_that_is_answered_is_the_last(self, db: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(smtp, "END_PATIENCE", 0.2)
        await tell_all(await people(2))
        server = TakesAndThen()
        async with server.running():
            assert await postman(server.url).deliver(NOON) == 1
            server.seconds = 0
            assert await postman(server.url).deliver(NOON + timedelta(minutes=1)) == 1
        assert copies(server)[SLOW] == 2
        assert (await rows())[1]["error"] == ""

    async def test_a_refusal_after_the_end_is_one(self, db: Store) -> None:
        """The server has answered: nothing is « perhaps » here."""
        await tell_all(await people(1))
        async with MailServer(data_refused="554 5.6.0 no").running() as server:
            await deliver_for_days(server)
        (aside,) = await rows()
        assert (aside["perhaps_at"], aside["sent_at"], aside["tries"]) == (None, None, TRIES)
        assert aside["set_aside_at"] is not None

    @pytest.mark.parametrize("is_renewed", [True, False], ids=["", "the control"])
    async def test_nobody_takes_it_meanwhile(
        self, db: Store, monkeypatch: pytest.MonkeyPatch, is_renewed: bool
    ) -> None:
        monkeypatch.setattr(delivery, "LEASE", timedelta(seconds=0.3))
        if not is_renewed:

            async def no(*_: object) -> None: ...

            monkeypatch.setattr(Postman, "_renew", no)
        await tell_all((await people(2))[1:])
        server = TakesAndThen()
        server.seconds = 1.0
        async with server.running():
            first = asyncio.create_task(postman(server.url).deliver())
            while not server.received:
                await asyncio.sleep(0.01)
            others = 0
            for _ in range(8):
                await asyncio.sleep(0.1)
                server.seconds = 0
                others += await postman(server.url).deliver()
            assert await first == 1
        assert (len(server.received), others) == ((1, 0) if is_renewed else (2, 1))


class TestTheServerOfPagesStops:
    """SIGTERM: the lifespan ends, and with it `at_work`."""

    async def stopped_in_the_middle(self, server: MailServer, what: Callable[[], object]) -> float:
        async with at_work(Registry.of(), settings(server.url), look_every=100, post_every=0.05):
            async with asyncio.timeout(10):
                while not what():
                    await asyncio.sleep(0.005)
            begun = time.monotonic()
        return time.monotonic() - begun

    async def test_the_mail_on_its_way_ends_and_the_rest_is_as_before(self, db: Store) -> None:
        await tell_all((await people(6))[1:], now=clock.now())
        server = TakesAndThen()
        server.seconds = 2.5
        async with server.running():
            await self.stopped_in_the_middle(server, lambda: server.received)
        assert copies(server) == {SLOW: 1}
        first, *others = await rows()
        assert (first["sent_at"] is not None, first["tries"]) == (True, 1)
        assert [(row["tries"], row["lease_by"], row["lease_until"], row["sent_at"]) for row in others] == [
            (0, None, None, None)
        ] * 4

    async def test_one_that_does_not_end_is_cut_without_a_goodbye(
        self, db: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It may have been taken: once more at most. Those that wait leave as soon as there is a server again."""
        monkeypatch.setattr("app.jobs.STOP_PATIENCE", 0.2)
        await tell_all((await people(6))[1:], now=clock.now())
        server = TakesAndThen()
        server.what = "never answers"
        async with server.running():
            assert await self.stopped_in_the_middle(server, lambda: server.received) < 0.8
            first, *others = await rows()
            assert (first["sent_at"], first["perhaps_at"] is not None, first["tries"]) == (None, True, 1)
            assert {(row["tries"], row["lease_by"]) for row in others} == {(0, None)}
            assert first["lease_by"] is None
            server.what, server.seconds = "late", 0
            assert await postman(server.url).deliver(clock.now()) == 4
            assert await postman(server.url).deliver(clock.now() + timedelta(minutes=1)) == 1
        assert copies(server) == {SLOW: 2, **{f"membre.{number}@exemple.fr": 1 for number in (2, 3, 4, 5)}}

    async def test_one_of_which_the_server_has_not_all_costs_no_try(
        self, db: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.jobs.STOP_PATIENCE", 0.2)
        await tell_all(await people(4), now=clock.now())
        asked = False

        class Hesitates(MailServer):
            async def handle_RCPT(
                self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
            ) -> str:
                nonlocal asked
                asked = True
                await asyncio.sleep(1)
                return "451 too late"

        async with Hesitates().running() as server:
            await self.stopped_in_the_middle(server, lambda: asked)
        assert {(row["tries"], row["lease_by"], row["error"]) for row in await rows()} == {(0, None, "")}


class TestAMailThatNoProcessSurvives:
    async def test_takes_no_other_with_it(self, db: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        """Eight processes die of it, each in the middle of a batch; it is set aside, and the other nine left."""
        await tell_all(await people(10))
        real = Line.send

        class Killed(BaseException):
            """Nothing of ours sees it: the process is gone."""

        async def send(line: Line, message: Any) -> None:
            if message["To"] == SLOW:
                raise Killed
            await real(line, message)

        monkeypatch.setattr(Line, "send", send)
        at, deaths = NOON, 0
        async with MailServer().running() as server:
            for _ in range(TRIES + 2):
                try:
                    await postman(server.url).deliver(at)
                except Killed:
                    deaths += 1
                at += LEASE + timedelta(seconds=1)
        assert deaths == TRIES
        assert copies(server) == {f"membre.{number}@exemple.fr": 1 for number in range(10) if number != 1}
        killer = (await rows())[1]
        assert (killer["set_aside_at"] is not None, killer["error"]) == (True, "each try was cut short")
        assert [row["tries"] for row in await rows()][2:] == [1] * 8
