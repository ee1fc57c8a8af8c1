"""What the outbox forgets."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.database import Store, run, transaction
from app.i18n import language, text
from app.main import REGISTRY
from app.notices.api import About, Kind, post_mail, tell
from app.notices.jobs import EMPTY, FORGET_WAYS_IN, forget_calendars, forget_mail
from app.notices.reminders import remind_due
from app.notices.rules import known_by
from app.notices.states import WAYS_IN
from app.notices.tables import Outbox
from tests.client import NOON
from tests.factories import make_member, make_workshop
from tests.people import make_cast


async def post(kind: str, *, state: str | None, at: datetime = NOON) -> None:
    samira = await make_member(email=f"{kind}-{state}@exemple.fr")
    subject, body = text("Bonjour"), [text("Ton code : 123456")]
    async with transaction():
        if kind == "sign_in":
            await post_mail(
                member_id=samira,
                kind=Kind.SIGN_IN,
                dedupe=f"{kind} {state}",
                subject=subject,
                body=body,
                link="/moi",
                now=at,
            )
        else:
            await tell([samira], kind=Kind(kind), what=kind, subject=subject, body=body, link="/moi", now=at)
        if state:
            known = known_by(f"{kind} {state}" if kind == "sign_in" else f"{kind}-{samira}")
            await Outbox.update({state: at, Outbox.error: "550 samira"}).where(Outbox.dedupe == known)


async def left() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = await Outbox.select().order_by(Outbox.id)
    return rows


class TestForgetMail:
    @pytest.mark.parametrize("state", ["sent_at", "logged_at", "set_aside_at"])
    async def test_a_way_in_goes_after_a_day(self, db: Store, state: str) -> None:
        await post("sign_in", state=state)
        await post("hosting", state=state)
        assert await forget_mail(NOON + timedelta(hours=23)) == 0
        assert await forget_mail(NOON + timedelta(hours=24)) == 1
        assert [row["kind"] for row in await left()] == ["hosting"]

    @pytest.mark.parametrize("state", ["sent_at", "logged_at", "set_aside_at"])
    async def test_words_and_addresses_go_after_a_month_but_the_thing_is_never_told_again(
        self, db: Store, state: str
    ) -> None:
        await post("hosting", state=state)
        assert await forget_mail(NOON + timedelta(days=29)) == 0
        assert await forget_mail(NOON + timedelta(days=30)) == 1
        assert await forget_mail(NOON + timedelta(days=31)) == 0
        (row,) = await left()
        assert (row["recipient"], row["member_id"], row["subject"], row["body"]) == ("", None, "", "")
        assert (row["link"], row["error"]) == ("", "")
        (samira,) = await run("select id from member")
        async with transaction():
            told = await tell(
                [samira["id"]], kind=Kind.HOSTING, what="hosting", subject=text("a"), body=[], link="/moi", now=NOON
            )
        assert (told, len(await left())) == (0, 1)

    async def test_nothing_that_leads_to_anybody_is_left_of_it(self, db: Store) -> None:
        cast = await make_cast()
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno)
        for kind, member in ((Kind.CANCELLATION, cast.samira), (Kind.CHANGE, await make_member(email=None))):
            async with transaction():
                await tell(
                    [member],
                    kind=kind,
                    what=f"{kind}-{made}",
                    subject=text("a"),
                    body=[text("b")],
                    action=text("c"),
                    link="/moi",
                    place_id=cast.place,
                    about=About("workshop", made, NOON),
                    offer_keys={member: "1-2"},
                    discreet=True,
                    now=NOON,
                )
                await run(
                    "update outbox set sent_at = {}, told_at = {}, told_by = {}, stopped = {}, sequence = 3, "
                    "place_email = 'a@b.fr', method = 'REQUEST', event = 'e', error = 'e'",
                    NOON,
                    NOON,
                    cast.odile,
                    True,
                )
        assert all(row["about_id"] == made for row in await left()), "the control"
        await forget_mail(NOON + timedelta(days=30))
        hours = ("created_at", "run_at", "sent_at")
        for row in await left():
            kept = {name: value for name, value in row.items() if value and name not in hours}
            assert kept.keys() == {"id", "dedupe", "kind", "language"}
            assert re.fullmatch(r"[0-9a-f]{64}", kept["dedupe"])

    async def test_what_still_waits_is_kept(self, db: Store) -> None:
        await post("sign_in", state=None)
        await post("hosting", state=None)
        assert await forget_mail(NOON + timedelta(days=300)) == 0
        assert all(row["body"] for row in await left())

    @pytest.mark.parametrize(("statement", "args"), [(FORGET_WAYS_IN, (NOON, *WAYS_IN)), (EMPTY, (NOON,))])
    async def test_what_was_emptied_is_not_read_again(
        self, sqlite_only_db: Store, statement: str, args: tuple[Any, ...]
    ) -> None:
        async with transaction():
            plan = await run(f"explain query plan {statement}", *args)
        assert "outbox_to_forget" in plan[0]["detail"], "all mails of ten years are gone through every hour"


class TestForgetCalendars:
    async def test_what_is_over_for_30_days(self, db: Store) -> None:
        cast = await make_cast()
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno)
        start = NOON + timedelta(days=10)
        await remind_due(REGISTRY.entry_kinds, start - timedelta(hours=1))
        assert await counted("calendar_request") == 1, "the host's"
        assert await counted("reminded") == 2
        over = start + timedelta(hours=2) + timedelta(days=30)
        assert await forget_calendars(start + timedelta(days=29)) == 0
        assert await forget_calendars(over) == 3
        assert await forget_calendars(over) == 0
        assert (await counted("calendar_request"), await counted("reminded")) == (0, 0)
        assert made

    async def test_what_is_kept_about_messages_is_told(self) -> None:
        said = [language("fr").say(kept.what) + language("fr").say(kept.how_long) for kept in REGISTRY.keeps]
        for words in ("Les messages", "téléphone", "Les choix", "vers un calendrier"):
            assert any(words in each for each in said), words


async def counted(table: str) -> int:
    return int((await run(f"select count(*) as n from {table}"))[0]["n"])
