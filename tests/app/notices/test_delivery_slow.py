"""A mail server that is slow to answer the end of a mail, or never does: nobody has a mail eight times for it."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from app.database import Store
from app.notices import delivery, smtp
from app.notices.delivery import Postman
from app.notices.rules import TRIES
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
