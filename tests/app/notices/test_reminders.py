"""Reminders: told once, to whom they are wished by, for the hour that the thing has now."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from app.clock import at_local
from app.database import Store, run, transaction
from app.main import REGISTRY
from app.notices import reminders
from app.notices.commands import choose_mail, stop_mail
from app.notices.links import StopLink
from app.notices.reminders import DUE, remind_due
from app.notices.states import Kind, Remind
from app.one_by_one import SomeFailed
from tests.client import NOON
from tests.factories import a_proposal, make_member, make_workshop
from tests.people import Cast, make_cast
from workshops.commands import answer_invitation, cancel, edit, invite_host, sign_up, withdraw
from workshops.states import Format

DAY = date(2026, 12, 4)
START = at_local(DAY, time(14))
EVE = at_local(DAY - timedelta(days=1), time(18))
SOON = START - timedelta(hours=2)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
async def cast(db: Store) -> Cast:
    return await make_cast()


async def remind(now: datetime) -> int:
    return await remind_due(REGISTRY.entry_kinds, now)


async def told(to: int | None = None) -> list[dict[str, Any]]:
    rows = await run("select * from outbox where kind = 'reminder' order by id")
    return [row for row in rows if to in (None, row["member_id"])]


async def people_told() -> list[int]:
    return [row["member_id"] for row in await told()]


async def workshop(cast: Cast, *people: int, **changes: Any) -> int:
    """Yann hosts, these come."""
    plan: dict[str, Any] = {"starts_at": START, "room_id": cast.salon, **changes}
    made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno, **plan)
    for member in people:
        await sign_up(actor=member, workshop_id=made, now=NOON)
    return made


class TestWhen:
    async def test_the_evening_before_and_not_a_minute_sooner(self, cast: Cast) -> None:
        made = await workshop(cast, cast.samira)
        assert await remind(EVE - MINUTE) == 0
        assert await remind(EVE) == 2
        for later in (EVE, EVE + MINUTE, SOON, START - MINUTE, START, START + HOUR):
            assert await remind(later) == 0
        assert await people_told() == [cast.yann, cast.samira]
        (mail,) = await told(cast.samira)
        assert mail["subject"].replace("\u00a0", " ") == "« On se relit nos CV » : demain, vendredi 4 décembre à 14 h"
        assert "Salon, Les Tanneurs, 14 rue des Tanneurs" in mail["body"]
        assert (mail["link"], mail["action"]) == (f"/ateliers/{made}", "Je vois l’atelier")
        assert (mail["about_kind"], mail["about_id"], mail["about_at"]) == ("workshop", made, START)
        assert (mail["method"], bool(mail["discreet"])) == ("", False)
        assert "C’est toi qui animes." in (await told(cast.yann))[0]["body"]

    @pytest.mark.parametrize(
        ("wish", "times"),
        [(Remind.NEVER, []), (Remind.EVE, [EVE]), (Remind.SOON, [SOON]), (Remind.BOTH, [EVE, SOON])],
    )
    async def test_as_each_one_wishes(self, cast: Cast, wish: Remind, times: list[datetime]) -> None:
        await workshop(cast, cast.samira)
        await choose_mail(actor=cast.samira, stopped=set(), remind=wish, now=NOON)
        for now in (EVE - MINUTE, EVE, SOON - MINUTE, SOON, START):
            await remind(now)
        assert [mail["created_at"] for mail in await told(cast.samira)] == times
        if wish in (Remind.SOON, Remind.BOTH):
            said = (await told(cast.samira))[-1]["subject"].replace("\u00a0", " ")
            assert said == "« On se relit nos CV » : aujourd’hui, vendredi 4 décembre à 14 h"

    async def test_whoever_stopped_them_has_none_on_the_site_either(self, cast: Cast) -> None:
        await workshop(cast, cast.samira)
        await stop_mail(StopLink(cast.samira, Kind.REMINDER), now=NOON)
        await remind(EVE)
        assert await people_told() == [cast.yann]

    async def test_a_machine_that_was_off_reminds_late_and_once(self, cast: Cast) -> None:
        await workshop(cast, cast.samira)
        await choose_mail(actor=cast.samira, stopped=set(), remind=Remind.BOTH, now=NOON)
        assert await remind(START - HOUR) == 2, "both moments have come; each is told once"
        assert await remind(START - HOUR) == 0
        said = (await told(cast.samira))[0]["subject"]
        assert "aujourd’hui, " in said, "and not tomorrow any more"

    async def test_not_once_it_has_begun(self, cast: Cast) -> None:
        await workshop(cast, cast.samira)
        assert await remind(START) == 0

    @pytest.mark.parametrize("day", [date(2027, 3, 28), date(2026, 10, 25)])
    async def test_on_the_days_of_a_changed_clock(self, cast: Cast, day: date) -> None:
        now = at_local(day - timedelta(days=10), time(12))
        made = await make_workshop(
            place_id=cast.place, host=cast.yann, mediator=cast.bruno, starts_at=at_local(day, time(10)), now=now
        )
        await sign_up(actor=cast.samira, workshop_id=made, now=now)
        await choose_mail(actor=cast.samira, stopped=set(), remind=Remind.BOTH, now=NOON)
        eve = at_local(day - timedelta(days=1), time(18))
        assert [await remind(at) for at in (eve - MINUTE, eve, eve + MINUTE)] == [0, 2, 0]
        soon = at_local(day, time(8))
        assert [await remind(at) for at in (soon - MINUTE, soon, soon + MINUTE)] == [0, 1, 0]


class TestWho:
    async def test_nobody_who_only_waits_or_left_or_came_after(self, cast: Cast) -> None:
        made = await workshop(cast, cast.samira, cast.karim, cast.odile, cast.aicha, capacity=3)
        await withdraw(actor=cast.karim, workshop_id=made, now=NOON)  # Aïcha is offered the place
        await remind(EVE)
        assert await people_told() == [cast.yann, cast.samira, cast.odile]

    async def test_whoever_signed_up_after_the_moment_is_not_reminded_of_it_but_of_the_next(self, cast: Cast) -> None:
        made = await workshop(cast)
        late = EVE + HOUR
        for member, wish in ((cast.samira, Remind.EVE), (cast.karim, Remind.BOTH)):
            await choose_mail(actor=member, stopped=set(), remind=wish, now=NOON)
            await sign_up(actor=member, workshop_id=made, now=late)
        await remind(late)
        assert await people_told() == [cast.yann]
        await remind(SOON)
        assert await people_told() == [cast.yann, cast.karim]

    async def test_somebody_without_an_address_reads_it_on_the_site(self, cast: Cast) -> None:
        nobody = await make_member(place_id=cast.place, email=None)
        await workshop(cast, nobody)
        await remind(EVE)
        (row,) = await told(nobody)
        assert (row["recipient"], bool(row["on_site"])) == ("", True)

    async def test_of_a_talking_group_nobody_else_is_told(self, cast: Cast) -> None:
        await workshop(cast, cast.samira, format=Format.PAROLE, speaker="Mme Diallo", capacity=8)
        await remind(EVE)
        assert all(mail["discreet"] for mail in await told())
        assert len(await told()) == 2

    async def test_in_each_ones_language(self, cast: Cast) -> None:
        reader = await make_member(place_id=cast.place, language="en")
        await workshop(cast, reader)
        await remind(EVE)
        assert (await told(reader))[0]["language"] == "en"
        assert "Friday 4 December at 2" in (await told(reader))[0]["subject"]

    async def test_an_unpublished_one_is_not_announced(self, cast: Cast) -> None:
        from tests.factories import make_proposal

        await make_proposal(place_id=cast.place, host=cast.yann, starts_at=START)
        assert await remind(EVE) == 0


class TestWhatChanges:
    async def test_another_day_is_reminded_of_anew(self, cast: Cast) -> None:
        made = await workshop(cast, cast.samira)
        await remind(EVE)
        moved = a_proposal(starts_at=START + timedelta(days=3), room_id=cast.salon)
        await edit(actor=cast.yann, workshop_id=made, proposal=moved, version=1, now=EVE + HOUR)
        for now in (EVE + HOUR, SOON, START, EVE + timedelta(days=3) - MINUTE):
            assert await remind(now) == 0
        assert await remind(EVE + timedelta(days=3)) == 2
        assert len(await told(cast.samira)) == 2
        assert "lundi 7" in (await told(cast.samira))[1]["subject"].replace("\u00a0", " ")

    async def test_a_cancelled_one_never(self, cast: Cast) -> None:
        made = await workshop(cast, cast.samira)
        await cancel(actor=cast.yann, workshop_id=made, reason="", now=NOON)
        for now in (EVE, SOON):
            assert await remind(now) == 0

    async def test_a_new_host_is_reminded_too(self, cast: Cast) -> None:
        made = await workshop(cast, cast.aicha)
        await invite_host(actor=cast.yann, workshop_id=made, member_id=cast.aicha, now=NOON)
        await answer_invitation(actor=cast.aicha, workshop_id=made, yes=True, now=NOON)
        await remind(EVE)
        assert "C’est toi qui animes." in (await told(cast.aicha))[0]["body"]


class TestOnce:
    async def test_two_processes_at_once(self, cast: Cast) -> None:
        await workshop(cast, cast.samira)
        assert sorted(await asyncio.gather(*(remind(EVE) for _ in range(4)))) == [0, 0, 0, 2]
        assert len(await told()) == 2

    async def test_without_the_mark_it_would_be_told_again(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        """That the mark alone keeps it from happening: forgotten, the same people would be gone through again."""
        await workshop(cast, cast.samira)
        await remind(EVE)
        async with transaction():
            await run("delete from reminded")
        asked: list[Any] = []

        async def tell(members: list[int], **_: Any) -> int:
            asked.extend(members)
            return len(members)

        monkeypatch.setattr(reminders, "tell", tell)
        await remind(EVE + MINUTE)
        assert asked == [cast.yann, cast.samira]

    async def test_a_clock_that_is_set_back(self, cast: Cast) -> None:
        await workshop(cast, cast.samira)
        assert await remind(EVE + HOUR) == 2
        for now in (EVE - HOUR, EVE, EVE + MINUTE, EVE + 2 * HOUR):
            assert await remind(now) == 0

    async def test_what_fails_is_undone_with_its_mark(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        await workshop(cast, cast.samira)

        async def fail(*_: Any, **__: Any) -> int:
            raise ZeroDivisionError

        with monkeypatch.context() as broken:
            broken.setattr(reminders, "tell", fail)
            with pytest.raises(SomeFailed):
                await remind(EVE)
        assert await remind(EVE) == 2

    async def test_one_that_falls_over_leaves_the_others_alone(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hour = timedelta(hours=1)
        broken = await workshop(cast, cast.samira)
        await workshop(cast, cast.karim, starts_at=START + 2 * hour)
        real = reminders._body

        def body(thing: Any, role: Any) -> Any:
            if thing.thing_id == broken:
                raise ZeroDivisionError
            return real(thing, role)

        monkeypatch.setattr(reminders, "_body", body)
        for _ in range(2):
            with pytest.raises(SomeFailed):
                await remind(EVE)
        assert await people_told() == [cast.yann, cast.karim]
        monkeypatch.undo()
        assert await remind(EVE) == 2, "it is tried again"

    async def test_nothing_to_do_is_one_query_that_an_index_answers(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await workshop(cast, cast.samira)
        asked: list[str] = []

        async def counted(sql: str, *args: Any) -> list[dict[str, Any]]:
            asked.append(sql)
            return await run(sql, *args)

        monkeypatch.setattr(reminders, "run", counted)
        assert await remind(NOON) == 0
        assert len(asked) == 1


async def test_the_query_reads_what_is_near_alone(sqlite_only_db: Store) -> None:
    plan = await run(f"explain query plan {DUE}", NOON, NOON, NOON)
    assert any("entry_to_come" in row["detail"] for row in plan)
    assert all(row["detail"].startswith(("SEARCH", "CORRELATED")) for row in plan), [row["detail"] for row in plan]
