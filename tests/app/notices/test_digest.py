"""« Ta semaine »: to whom, when, once, and what it says."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from app.calendar import coming
from app.calendar.states import COMES
from app.clock import at_local
from app.database import Store, run, transaction
from app.notices import digest
from app.notices.commands import choose_mail, resume_mail, stop_mail
from app.notices.digest import tell_weeks
from app.notices.jobs import week_again
from app.notices.links import StopLink
from app.notices.states import Kind, Remind
from app.one_by_one import SomeFailed
from tests.client import NOON
from tests.factories import make_member, make_workshop
from tests.people import Cast, make_cast
from workshops.commands import sign_up

MONDAY = date(2026, 12, 7)
EIGHT = at_local(MONDAY, time(8))
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
async def cast(db: Store) -> Cast:
    return await make_cast()


async def ask(*members: int) -> None:
    for member in members:
        await resume_mail(StopLink(member, Kind.DIGEST), now=EIGHT - 3 * DAY)


async def told(to: int | None = None) -> list[dict[str, Any]]:
    rows = await run("select * from outbox where kind = 'digest' order by id")
    return [row for row in rows if to in (None, row["member_id"])]


async def workshop(cast: Cast, title: str, day: int, hour: int = 14, **changes: Any) -> int:
    """On this day of that week (0 = Monday), hosted by Yann."""
    starts_at = at_local(MONDAY + day * DAY, time(hour))
    plan: dict[str, Any] = {"place_id": cast.place, "host": cast.yann, "mediator": cast.bruno, **changes}
    return await make_workshop(title=title, starts_at=starts_at, **plan)


def plain(words: str) -> str:
    return words.replace("\u00a0", " ").replace("\u202f", " ")


class TestTo:
    async def test_whoever_asked_gets_it_on_monday_from_8_h(self, cast: Cast) -> None:
        await workshop(cast, "Le tableur", 1)
        await ask(cast.samira)
        assert await tell_weeks(EIGHT - MINUTE) == 0
        assert await tell_weeks(EIGHT) == 1
        for later in (EIGHT, EIGHT + MINUTE, EIGHT + DAY, EIGHT + 2 * DAY):
            assert await tell_weeks(later) == 0
        (mail,) = await told()
        assert mail["member_id"] == cast.samira
        assert plain(mail["subject"]) == "Ta semaine, à partir du lundi 7 décembre"
        assert (mail["link"], mail["action"]) == ("/agenda", "Je vois l’agenda")

    async def test_and_again_the_week_after(self, cast: Cast) -> None:
        await workshop(cast, "Le tableur", 1)
        await workshop(cast, "Le tableur, suite", 8)
        await ask(cast.samira)
        assert [await tell_weeks(EIGHT + days * DAY) for days in (0, 6, 7)] == [1, 0, 1]
        assert "suite" in (await told())[1]["body"]

    @pytest.mark.parametrize(("asked_at", "told_this_week"), [(EIGHT - MINUTE, 1), (EIGHT, 0), (EIGHT + DAY, 0)])
    @pytest.mark.parametrize("from_the_mail", [False, True])
    async def test_whoever_asks_once_it_has_left_has_the_next(
        self, cast: Cast, asked_at: datetime, told_this_week: int, from_the_mail: bool
    ) -> None:
        await workshop(cast, "Le tableur", 2)
        await workshop(cast, "Le tableur, suite", 8)
        for now in (asked_at, asked_at + DAY):  # kept again as it is: nothing is lost by it
            if from_the_mail:
                await resume_mail(StopLink(cast.samira, Kind.DIGEST), now=now)
            else:
                await choose_mail(actor=cast.samira, stopped=(), remind=Remind.EVE, now=now)
        assert await tell_weeks(asked_at + MINUTE) == told_this_week
        assert await tell_weeks(EIGHT + 7 * DAY) == 1

    async def test_whoever_asked_and_stopped_does_not(self, cast: Cast) -> None:
        await workshop(cast, "Le tableur", 1)
        await ask(cast.samira, cast.karim)
        await stop_mail(StopLink(cast.samira, Kind.DIGEST), now=EIGHT)
        assert await tell_weeks(EIGHT) == 1
        assert [mail["member_id"] for mail in await told()] == [cast.karim]

    async def test_nothing_when_nothing_is_on(self, cast: Cast) -> None:
        await workshop(cast, "La semaine d’après", 8)
        await ask(cast.samira)
        assert await tell_weeks(EIGHT) == 0
        assert await told() == []
        await workshop(cast, "Tard venu", 3)
        assert await tell_weeks(EIGHT + MINUTE) == 0, "this week was told already: by nothing"

    async def test_somebody_who_left_gets_nothing(self, cast: Cast) -> None:
        await workshop(cast, "Le tableur", 1)
        await ask(cast.samira)
        async with transaction():
            await run("update member set erased_at = {} where id = {}", NOON, cast.samira)
        assert await tell_weeks(EIGHT) == 0

    async def test_many_in_batches(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(digest, "AT_ONCE", 3)
        await workshop(cast, "Le tableur", 1)
        people = [await make_member(place_id=cast.place) for _ in range(8)]
        await ask(*people)
        assert await tell_weeks(EIGHT) == 8
        assert sorted(mail["member_id"] for mail in await told()) == people


class TestWhatItSays:
    async def test_ones_own_first_then_what_has_free_seats(self, cast: Cast) -> None:
        mine = await workshop(cast, "Le tableur", 1)
        await workshop(cast, "Le micro", 2, host=cast.aicha)
        full = await workshop(cast, "La table", 3, host=cast.aicha, capacity=3)
        for member in (cast.karim, cast.odile, cast.rosa):
            await sign_up(actor=member, workshop_id=full, now=NOON)
        await sign_up(actor=cast.samira, workshop_id=mine, now=NOON)
        await ask(cast.samira, cast.yann, cast.odile)
        assert await tell_weeks(EIGHT) == 3
        own = "mardi 8 décembre à 14 h : « Le tableur », Les Tanneurs"
        free = "mercredi 9 décembre à 14 h : « Le micro », Les Tanneurs"
        (mail,) = await told(cast.samira)
        assert plain(mail["body"]) == f"Tes rendez-vous :\n\n{own}\n\nIl reste de la place :\n\n{free}"
        assert plain((await told(cast.yann))[0]["body"]) == plain(mail["body"]), "he hosts it"
        table = "jeudi 10 décembre à 14 h : « La table », Les Tanneurs"
        said = plain((await told(cast.odile))[0]["body"])
        assert said == f"Tes rendez-vous :\n\n{table}\n\nIl reste de la place :\n\n{own}\n{free}"

    async def test_at_ones_own_places_only_and_not_what_is_past(self, cast: Cast) -> None:
        stranger = await make_member()
        await workshop(cast, "Le tableur", 0, hour=9)
        await workshop(cast, "Le micro", 2, host=cast.aicha)
        await ask(stranger, cast.samira)
        assert await tell_weeks(EIGHT + DAY) == 1
        (mail,) = await told()
        assert mail["member_id"] == cast.samira
        assert "Le micro" in mail["body"]
        assert "Le tableur" not in mail["body"]

    async def test_in_each_ones_language(self, cast: Cast) -> None:
        reader = await make_member(place_id=cast.place, language="en")
        await workshop(cast, "Le tableur", 1)
        await ask(reader)
        assert await tell_weeks(EIGHT) == 1
        assert "Tuesday 8 December at 2" in (await told())[0]["body"]

    async def test_a_rich_week_ends_in_a_number(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(digest, "MOST", 1)
        for hour in (10, 14):
            await workshop(cast, f"À {hour} heures", 1, hour=hour)
        await ask(cast.samira)
        await tell_weeks(EIGHT)
        (mail,) = await told()
        assert "À 10 heures" in mail["body"]
        assert "À 14 heures" not in mail["body"]
        assert mail["body"].endswith("Et 1 autre dans l’agenda.")


class TestTheClock:
    @pytest.mark.parametrize("monday", [date(2027, 3, 29), date(2026, 10, 26)])
    async def test_the_monday_after_a_change(self, cast: Cast, monday: date) -> None:
        now = at_local(monday - timedelta(days=9), time(12))
        for day in (-1, 0, 6, 7):  # Sunday of the change, Monday, Sunday, the Monday after
            at = at_local(monday + day * DAY, time(10))
            await make_workshop(
                place_id=cast.place, host=cast.yann, mediator=cast.bruno, title=f"J{day}", starts_at=at, now=now
            )
        await ask(cast.samira)
        assert await tell_weeks(at_local(monday, time(7, 59))) == 0
        assert await tell_weeks(at_local(monday, time(8))) == 1
        body = (await told())[0]["body"]
        assert [day for day in (-1, 0, 6, 7) if f"J{day} " in plain(body)] == [0, 6]

    async def test_a_machine_that_was_off_on_monday(self, cast: Cast) -> None:
        await workshop(cast, "Le tableur", 3)
        await ask(cast.samira)
        assert await tell_weeks(at_local(MONDAY + DAY, time(23))) == 1
        await ask(cast.karim)
        assert await tell_weeks(at_local(MONDAY + 2 * DAY, time(0, 1))) == 0, "too late to be of use"

    async def test_a_week_that_falls_over_leaves_the_others_alone(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await workshop(cast, "Le tableur", 1)
        await ask(cast.samira, cast.karim, cast.odile)
        real = digest._weeks

        async def weeks(members: Any, **bounds: Any) -> Any:
            if cast.karim in members:
                raise ZeroDivisionError
            return await real(members, **bounds)

        monkeypatch.setattr(digest, "_weeks", weeks)
        for _ in range(2):
            with pytest.raises(SomeFailed):
                await tell_weeks(EIGHT)
        assert {row["member_id"] for row in await told()} == {cast.samira, cast.odile}
        monkeypatch.undo()
        assert await tell_weeks(EIGHT) == 1, "it is tried again"

    async def test_a_clock_that_is_set_back(self, cast: Cast) -> None:
        await workshop(cast, "Le tableur", 3)
        await ask(cast.samira)
        assert await tell_weeks(EIGHT) == 1
        for now in (EIGHT - DAY, EIGHT - 7 * DAY, EIGHT - MINUTE, EIGHT, EIGHT + MINUTE):
            assert await tell_weeks(now) == 0
        assert len(await told()) == 1

    async def test_a_clock_that_was_a_year_ahead(self, cast: Cast) -> None:
        """Whoever got a week of then gets this one all the same, and not twice."""
        await workshop(cast, "Le tableur", 3)
        await ask(cast.samira)
        then = EIGHT + 364 * DAY
        await make_workshop(
            place_id=cast.place, host=cast.yann, mediator=cast.bruno, starts_at=then + DAY, now=then - 30 * DAY
        )
        assert await tell_weeks(then) == 1
        assert await tell_weeks(EIGHT) == 0, "the control: it would be a year"
        await week_again(EIGHT, then)
        assert await tell_weeks(EIGHT) == 1
        await week_again(EIGHT - DAY, then)
        assert await tell_weeks(EIGHT) == 0
        assert len(await told()) == 2


class TestOnce:
    async def test_two_processes_at_once(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(digest, "AT_ONCE", 2)
        await workshop(cast, "Le tableur", 1)
        people = [await make_member(place_id=cast.place) for _ in range(5)]
        await ask(*people)
        assert sum(await asyncio.gather(*(tell_weeks(EIGHT) for _ in range(3)))) == 5
        assert sorted(mail["member_id"] for mail in await told()) == people

    async def test_what_fails_is_undone_with_its_day(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        await workshop(cast, "Le tableur", 1)
        await ask(cast.samira)

        async def fail(*_: Any, **__: Any) -> int:
            raise ZeroDivisionError

        with monkeypatch.context() as broken:
            broken.setattr(digest, "tell", fail)
            with pytest.raises(SomeFailed):
                await tell_weeks(EIGHT)
        assert await tell_weeks(EIGHT) == 1

    async def test_without_the_day_it_would_be_gone_through_again(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await workshop(cast, "Le tableur", 1)
        await ask(cast.samira)
        await tell_weeks(EIGHT)
        async with transaction():
            await run("update mail_choice set digest_on = null")
        asked: list[int] = []

        async def tell(members: list[int], **_: Any) -> int:
            asked.extend(members)
            return 0

        monkeypatch.setattr(digest, "tell", tell)
        await tell_weeks(EIGHT + MINUTE)
        assert asked == [cast.samira]


async def test_nothing_to_do_is_answered_by_an_index(sqlite_only_db: Store) -> None:
    sql = f"explain query plan select id from mail_choice where {digest._ASKED} limit 1"
    plan = await run(sql, MONDAY)
    assert all("mail_choice_digest" in row["detail"] for row in plan if "mail_choice" in row["detail"]), plan


async def test_between_two_weeks_nothing_is_asked(sqlite_only_db: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(sql: str, *args: Any) -> list[dict[str, Any]]:
        raise AssertionError(sql)

    monkeypatch.setattr(digest, "run", never)
    assert await tell_weeks(datetime(2026, 12, 10, 12, tzinfo=EIGHT.tzinfo)) == 0


class TestOfYears:
    """Whoever has come twice a week for ten years: the week alone is read."""

    async def test_from_the_entries_of_the_week(self, sqlite_only_db: Store) -> None:
        words = [
            row["detail"] for row in await run(f"explain query plan {coming._own(3)}", EIGHT, EIGHT, 1, 2, 3, *COMES)
        ]
        assert words[0].startswith("SEARCH e USING INDEX entry_to_come (starts_at>? AND starts_at<?"), words
        (of_those,) = [each for each in words if each.startswith("SEARCH t ")]
        assert "entry_id=?" in of_those, words

    async def test_in_the_order_that_sqlite_would_choose_all_is_read(self, sqlite_only_db: Store) -> None:
        """The control."""
        free = coming._own(3).replace(" cross join ", " join ")
        words = [row["detail"] for row in await run(f"explain query plan {free}", EIGHT, EIGHT, 1, 2, 3, *COMES)]
        assert words[0].startswith("SEARCH t USING INDEX taking_part_in_time"), words
