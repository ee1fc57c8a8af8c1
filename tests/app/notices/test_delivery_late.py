"""After an outage: what is no longer true stays, and nobody is telephoned about it either."""

from __future__ import annotations

from datetime import timedelta

from app.database import Store, run, transaction
from app.main import REGISTRY
from app.notices.api import Kind
from app.notices.delivery import Postman
from app.notices.reminders import remind_due
from tests.app.notices.letters import rows
from tests.app.notices.mail_server import MailServer
from tests.app.notices.telling import told
from tests.app.programs import settings
from tests.client import NOON
from tests.factories import make_member, make_place, make_workshop
from tests.people import make_cast
from workshops.commands import sign_up, withdraw

MOMENT = timedelta(seconds=1)


class TestGoodUntil:
    async def test_it_leaves_until_then_and_no_later(self, db: Store) -> None:
        place = await make_place()
        until = NOON + timedelta(hours=3)
        for number, sent in enumerate((1, 0)):
            member = await make_member(place_id=place)
            await told(member, subject=f"Le {number}", kind=Kind.OFFER, good_until=until)
            async with MailServer().running() as server:
                at = until - MOMENT if sent else until
                assert await Postman(settings(server.url), {}).deliver(at) == sent
                assert len(server.received) == sent
        over = (await rows())[1]
        assert (over["sent_at"], over["set_aside_at"], over["on_site"], over["lease_by"]) == (None, None, False, None)
        assert over["logged_at"] is not None
        assert over["error"] == "no longer true when it could leave"

    async def test_reminders_and_offers_after_a_day_without_a_mail_server(self, db: Store) -> None:
        cast = await make_cast()
        start = NOON + timedelta(days=10)
        workshop = await make_workshop(
            place_id=cast.place, host=cast.yann, mediator=cast.bruno, capacity=3, starts_at=start
        )
        for member in (cast.karim, cast.aicha, cast.rosa, cast.samira):
            await sign_up(actor=member, workshop_id=workshop, now=NOON)
        async with transaction():
            await run("update outbox set sent_at = run_at")
        eve = start - timedelta(hours=17)
        await withdraw(actor=cast.karim, workshop_id=workshop, now=eve)  # an offer to Samira
        await remind_due(REGISTRY.entry_kinds, eve + timedelta(hours=1))
        waiting = {row["kind"] for row in await rows() if row["sent_at"] is None}
        assert {"offer", "reminder"} <= waiting
        async with MailServer().running() as server:
            await Postman(settings(server.url), REGISTRY.entry_kinds).deliver(start + timedelta(hours=6))
        left = {row["kind"] for row in await rows() if row["sent_at"] is not None and row["sent_at"] >= start}
        assert left.isdisjoint({"offer", "reminder"}), left
