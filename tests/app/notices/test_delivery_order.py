"""What is about one thing reaches one reader in the order in which it was told, whatever the server puts off."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.database import Store, is_sqlite, run, transaction
from app.main import REGISTRY
from app.notices import delivery
from app.notices.delivery import Postman
from tests.app.notices.mail_server import MailServer
from tests.app.notices.telling import told
from tests.app.programs import settings
from tests.client import NOON
from tests.factories import make_member, make_place, make_workshop
from tests.people import Cast, make_cast
from workshops.commands import sign_up, withdraw

MINUTE = timedelta(minutes=1)
GREY = "451 4.7.1 come back in five minutes"


def postman(server: MailServer) -> Postman:
    return Postman(settings(server.url), REGISTRY.entry_kinds)


def methods(server: MailServer) -> list[str]:
    """Of the events that came, in this order; empty for a mail without one."""
    found = []
    for mail in server.received:
        parts = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
        found.append(str(parts[0].get_param("method")) if parts else "")
    return found


async def somebody_signed_up() -> tuple[Cast, int, str]:
    cast = await make_cast()
    workshop = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno)
    async with transaction():
        await run("update outbox set sent_at = {}", NOON)
    await sign_up(actor=cast.samira, workshop_id=workshop, now=NOON)
    (member,) = await run("select email from member where id = {}", cast.samira)
    return cast, workshop, member["email"]


async def requests(cast: Cast) -> list[dict[str, Any]]:
    return await run("select sequence, cancelled_at from calendar_request where member_id = {}", cast.samira)


class TestOneReader:
    @pytest.mark.parametrize("in_order", [True, False], ids=["", "the control"])
    async def test_no_invitation_comes_after_its_end(
        self, db: Store, monkeypatch: pytest.MonkeyPatch, in_order: bool
    ) -> None:
        """Greylisting puts the confirmation off; the person leaves meanwhile; by then everything is let through."""
        if not in_order:
            monkeypatch.setattr(delivery, "_IN_ORDER", "1 = 1")
        cast, workshop, address = await somebody_signed_up()
        async with MailServer(refused={address: GREY}).running() as server:
            man = postman(server)
            for seconds in (0, 31, 152):
                await man.deliver(NOON + timedelta(seconds=seconds))
            server.refused.clear()
            await withdraw(actor=cast.samira, workshop_id=workshop, now=NOON + 6 * MINUTE)
            for minutes in (6, 12, 30):
                await man.deliver(NOON + minutes * MINUTE)
        assert methods(server) == (["REQUEST", "CANCEL"] if in_order else ["CANCEL", "REQUEST"])

    async def test_the_new_hour_does_not_wait_for_the_pause_of_the_old(self, db: Store) -> None:
        """What comes later has the earlier one tried at once; then it goes itself."""
        (member,) = [await make_member(place_id=await make_place(), email="membre@exemple.fr")]
        await told(member, subject="À 15 h")
        async with MailServer(refused={"membre@exemple.fr": GREY}).running() as server:
            man, at = postman(server), NOON
            for minutes in (0, 1, 4, 15, 50):  # the next pause is of two hours
                at = NOON + minutes * MINUTE
                await man.deliver(at)
            (row,) = await run("select run_at from outbox")
            assert row["run_at"] > at + 60 * MINUTE
            server.refused.clear()
            await told(member, subject="À 16 h", now=at + MINUTE)
            assert await man.deliver(at + MINUTE) == 2
        assert [mail["Subject"] for mail in server.received] == ["À 15 h", "À 16 h"]

    async def test_others_and_other_things_do_not_wait(self, db: Store) -> None:
        place = await make_place()
        first, second = [await make_member(place_id=place, email=f"membre.{n}@exemple.fr") for n in (1, 2)]
        await told(first, subject="Un")
        async with MailServer(refused={"membre.1@exemple.fr": GREY}).running() as server:
            man = postman(server)
            await man.deliver(NOON)
            server.refused.clear()
            await told(second, subject="Deux", now=NOON + timedelta(seconds=1))
            await told(first, subject="Trois", thing_id=2, now=NOON + timedelta(seconds=1))
            await told(first, subject="Quatre", starts_at=None, now=NOON + timedelta(seconds=1))
            assert await man.deliver(NOON + timedelta(seconds=2)) == 3
            assert await man.deliver(NOON + MINUTE) == 1
        assert [mail["Subject"] for mail in server.received] == ["Deux", "Trois", "Quatre", "Un"]

    async def test_three_of_one_batch_leave_in_one_round(self, db: Store) -> None:
        member = await make_member(place_id=await make_place())
        for hour in (15, 16, 17):
            await told(member, subject=f"À {hour} h")
        async with MailServer().running() as server:
            assert await postman(server).deliver(NOON) == 3
        assert [mail["Subject"] for mail in server.received] == ["À 15 h", "À 16 h", "À 17 h"]


class TestAnInvitationThatNeverCame:
    async def test_its_end_does_not_follow(self, db: Store) -> None:
        """The address is refused for good: nothing cancels what is in no calendar. The words are told all the same."""
        cast, workshop, address = await somebody_signed_up()
        async with MailServer(refused={address: "550 5.1.1 unknown"}).running() as server:
            await postman(server).deliver(NOON)
            assert await requests(cast) == []
            server.refused.clear()
            await withdraw(actor=cast.samira, workshop_id=workshop, now=NOON + MINUTE)
            await postman(server).deliver(NOON + MINUTE)
        assert "CANCEL" not in methods(server)

    async def test_its_end_that_waits_behind_it_loses_the_event(self, db: Store) -> None:
        cast, workshop, address = await somebody_signed_up()
        await withdraw(actor=cast.samira, workshop_id=workshop, now=NOON + MINUTE)

        class RefusesOnce(MailServer):
            async def handle_RCPT(
                self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
            ) -> str:
                answer = await super().handle_RCPT(server, session, envelope, address, options)
                self.refused.clear()
                return answer

        async with RefusesOnce(refused={address: "550 5.1.1 unknown"}).running() as server:
            await postman(server).deliver(NOON + MINUTE)
        assert methods(server) == [""]

    async def test_one_that_came_before_keeps_its_end(self, db: Store) -> None:
        """The first invitation arrived, the new hour did not: the end must follow."""
        cast, workshop, address = await somebody_signed_up()
        async with MailServer().running() as server:
            await postman(server).deliver(NOON)
            assert methods(server) == ["REQUEST"]
            async with transaction():  # a new hour, refused
                await run(
                    "insert into outbox (dedupe, kind, member_id, recipient, language, subject, body, link, signature, "
                    "about_kind, about_id, method, event, sequence, created_at, run_at, tries, error) "
                    "select 'again', 'change', member_id, recipient, language, subject, body, link, signature, "
                    "about_kind, about_id, method, event, sequence + 1, {}, {}, 0, '' "
                    "from outbox where method = 'REQUEST' and member_id = {}",
                    NOON + MINUTE,
                    NOON + MINUTE,
                    cast.samira,
                )
                await run("update calendar_request set sequence = sequence + 1 where member_id = {}", cast.samira)
            server.refused[address] = "550 5.1.1 full"
            await postman(server).deliver(NOON + MINUTE)
            assert [row["cancelled_at"] for row in await requests(cast)] == [None]
            server.refused.clear()
            await withdraw(actor=cast.samira, workshop_id=workshop, now=NOON + 2 * MINUTE)
            await postman(server).deliver(NOON + 2 * MINUTE)
        assert methods(server) == ["REQUEST", "CANCEL"]


class TestTheCost:
    async def test_what_was_told_before_is_found_by_its_index(self, db: Store) -> None:
        place = await make_place()
        members = [await make_member(place_id=place) for _ in range(20)]
        for thing in range(1, 41):
            await told(*members, subject=f"Le {thing}", thing_id=thing)
        async with transaction():
            await run("analyze outbox")
        where, args = Postman(settings(None), {})._due_and_free(NOON)
        explain = "explain query plan" if is_sqlite() else "explain"
        async with transaction():
            if not is_sqlite():  # these few rows are read faster one after the other
                await run("set local enable_seqscan = off")
                await run("set local enable_hashjoin = off")
                await run("set local enable_mergejoin = off")
            plan = await run(f"{explain} select id from outbox where {where} and {delivery._IN_ORDER} limit 10", *args)
        said = " ".join(str(value) for row in plan for value in row.values())
        assert "outbox_in_order" in said, said
