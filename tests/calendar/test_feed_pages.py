"""Feeds as a telephone asks for them: what is in them, what they keep to, and who is answered how."""

from __future__ import annotations

import gzip
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from icalendar import Calendar

from app.calendar import feeds
from app.calendar.api import leave, remove_entry
from app.calendar.feeds import Window
from app.calendar.tables import Feed
from app.database import Store, run, transaction
from app.identity.visits import hash_token
from app.sqlite_engine import SQLiteStore
from tests.calendar.plans import at, plan, put
from tests.calendar.world import CalendarWorld
from tests.client import NOON, Browser
from tests.factories import make_place
from tests.people import Cast, make_cast

TOKEN = "a-secret-address-of-24-bytes-0001"
AGENDA = "/calendriers/agenda.ics"
MINE = f"/calendriers/perso/{TOKEN}.ics"


def events(answer: httpx.Response) -> list[Any]:
    """The events that a calendar program finds, without the stand-in of an emptied feed."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].split(";")[0] == "text/calendar"
    calendar = Calendar.from_ical(answer.content)
    assert calendar.errors == []
    found = list(calendar.events)
    assert all(event.errors == [] for event in found)
    return [event for event in found if event["UID"] != "nothing-yet@reseau"]


def titles(answer: httpx.Response) -> list[str]:
    return [str(event["SUMMARY"]) for event in events(answer)]


async def make_feed(member_id: int, token: str = TOKEN, **choices: Any) -> int:
    values: dict[str, Any] = {
        "name": "Téléphone",
        "created_at": NOON - timedelta(days=40),
        "modified_at": NOON - timedelta(days=40),
        **choices,
    }
    async with transaction():
        rows = await Feed.insert(Feed(member_id=member_id, token_hash=hash_token(token), **values)).returning(Feed.id)
    return int(rows[0]["id"])


@pytest.fixture
def world() -> CalendarWorld:
    return CalendarWorld()


@pytest.fixture
def phone(world: CalendarWorld) -> Browser:
    """A calendar program: no cookie, no header of a browser."""
    return world.browser()


@pytest.fixture
async def cast(db: Store) -> Cast:
    return await make_cast()


class TestSharedFeeds:
    async def test_everything_in_all_places_and_each_kind(self, cast: Cast, phone: Browser) -> None:
        other = await make_place(slug="ailleurs", name="Ailleurs")
        await put(plan(1, place_id=cast.place, title="CV"))
        await put(plan(2, place_id=other, title="Débat", starts_at=at("2026-11-26T10:00")))
        await put(plan(3, place_id=cast.place, kind="meal", title="Mafé", starts_at=at("2026-11-25T12:30")))
        assert titles(await phone.get(AGENDA)) == ["Mafé", "Débat", "CV"]
        assert titles(await phone.get("/calendriers/ateliers.ics")) == ["Débat", "CV"]
        assert titles(await phone.get("/calendriers/repas.ics")) == ["Mafé"]
        assert titles(await phone.get("/calendriers/lieux/ailleurs.ics")) == ["Débat"]
        assert titles(await phone.get("/calendriers/lieux/les-tanneurs.ics")) == ["Mafé", "CV"]

    @pytest.mark.parametrize(
        "path",
        [
            "/calendriers/tours.ics",
            "/calendriers/agenda",
            "/calendriers/lieux/nulle-part.ics",
            "/calendriers/lieux/les-tanneurs",
            "/calendriers/perso/jamais.ics",
            f"/calendriers/perso/{TOKEN}",
            "/tours/1.ics",
            "/ateliers/99.ics",
            "/ateliers/99999999999.ics",
        ],
    )
    async def test_an_unknown_address(self, cast: Cast, phone: Browser, path: str) -> None:
        await make_feed(cast.karim)
        assert (await phone.get(path)).status_code == 404

    async def test_it_says_what_programs_want_to_know(self, cast: Cast, phone: Browser) -> None:
        await put(plan(12, place_id=cast.place, room_id=cast.salon))
        answer = await phone.get(AGENDA)
        calendar = Calendar.from_ical(answer.content)
        assert calendar["X-WR-CALNAME"] == calendar["NAME"] == "Le Réseau"
        assert calendar["COLOR"] == "gold"
        assert "REFRESH-INTERVAL;VALUE=DURATION:PT1H" in answer.text
        assert calendar["URL"] == "http://127.0.0.1:8000/agenda"
        (event,) = events(answer)
        assert event["URL"] == "http://127.0.0.1:8000/ateliers/12"
        assert event["LOCATION"] == "Salon, Les Tanneurs, 14 rue des Tanneurs, 93200 Saint-Denis"
        assert [str(word) for word in event["CATEGORIES"].cats] == ["Ateliers", "CV-troc"]
        assert event["DTSTAMP"].dt == event["LAST-MODIFIED"].dt == NOON

    async def test_nobody_is_named(self, cast: Cast, phone: Browser) -> None:
        await put(
            plan(1, place_id=cast.place, hosts=("Samira", "Yann")), host=(cast.samira,), participant=(cast.karim,)
        )
        paths = (AGENDA, "/calendriers/ateliers.ics", "/calendriers/lieux/les-tanneurs.ics", "/ateliers/1.ics")
        for path in paths:
            answer = await phone.get(path)
            assert titles(answer) == ["On se relit nos CV"]
            assert not any(name in answer.text for name in ("Samira", "Yann", "Karim"))

    async def test_proposals_and_what_is_gone_stay_out(self, cast: Cast, phone: Browser) -> None:
        await put(plan(1, place_id=cast.place, state="tentative"))
        await put(plan(2, place_id=cast.place))
        async with transaction():
            await remove_entry("workshop", 2, now=NOON)
        assert titles(await phone.get(AGENDA)) == []
        for number in (1, 2):
            assert (await phone.get(f"/ateliers/{number}.ics")).status_code == 404

    @pytest.mark.parametrize(
        "now", ["2026-11-24T12:00", "2026-10-25T12:00", "2027-03-28T12:00", "2026-10-25T00:30", "2027-03-28T03:30"]
    )
    async def test_the_window_follows_the_place_s_days(self, cast: Cast, now: str) -> None:
        """Thirty days back and a year on, by whole local days, on ordinary days and on both clock changes."""
        world = CalendarWorld(at(now))
        today = datetime.fromisoformat(now).date()
        edges = {
            "too old": (today - timedelta(days=31), "23:30"),
            "first": (today - timedelta(days=30), "00:00"),
            "last": (today + timedelta(days=365), "23:30"),
            "too far": (today + timedelta(days=366), "00:00"),
        }
        for number, (title, (day, hour)) in enumerate(edges.items(), start=1):
            await put(plan(number, place_id=cast.place, title=title, starts_at=at(f"{day}T{hour}")), now=world.now)
        assert titles(await world.browser().get(AGENDA)) == ["first", "last"]

    async def test_what_is_cancelled_stays_until_its_day_has_passed(self, cast: Cast, world: CalendarWorld) -> None:
        phone = world.browser()
        await put(plan(1, place_id=cast.place))
        await put(plan(1, place_id=cast.place, state="cancelled"))
        for now, left in (("2026-11-24T12:00", 1), ("2026-11-27T23:59", 1), ("2026-11-28T00:00", 0)):
            world.now = at(now)
            assert len(events(await phone.get(AGENDA))) == left
        world.now = NOON
        (event,) = events(await phone.get(AGENDA))
        assert (event["SUMMARY"], event["STATUS"], event["TRANSP"]) == (
            "ANNULÉ – On se relit nos CV",
            "CANCELLED",
            "TRANSPARENT",
        )

    async def test_hostile_words_harm_no_other_event(self, cast: Cast, phone: Browser) -> None:
        nasty = "\r\nURL:entry:meal/1\r\nCATEGORIES:entry:workshop/x\r\nEND:VCALENDAR\x00\u2028\x85\ud800" + "é" * 9000
        await put(plan(1, place_id=cast.place, title="Avant", starts_at=at("2026-11-25T10:00")))
        await put(plan(2, place_id=cast.place, title=nasty, summary=nasty))
        await put(plan(3, place_id=cast.place, title="Après", starts_at=at("2026-11-28T10:00")))
        answer = await phone.get(AGENDA)
        found = events(answer)
        assert [str(event["SUMMARY"]) for event in (found[0], found[2])] == ["Avant", "Après"]
        assert found[1]["URL"] == "http://127.0.0.1:8000/ateliers/2"
        assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))
        assert answer.content.count(b"\n") == answer.content.count(b"\r\n")

    async def test_a_long_site_address_is_folded(self, cast: Cast) -> None:
        host = "https://" + "tres-long-" * 8 + "reseau.example.org"
        world = CalendarWorld(base_url=host)
        await put(plan(1, place_id=cast.place))
        answer = await world.browser().get(AGENDA)
        assert events(answer)[0]["URL"] == f"{host}/ateliers/1"
        assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))


class TestAskingAgain:
    async def test_what_did_not_change_is_answered_304_by_one_question_at_most(
        self, db: Store, cast: Cast, phone: Browser
    ) -> None:
        await put(plan(1, place_id=cast.place), host=(cast.samira,))
        await make_feed(cast.samira, read_at=NOON)
        for path in (AGENDA, "/calendriers/lieux/les-tanneurs.ics", "/ateliers/1.ics", MINE):
            first = await phone.get(path)
            for committed, questions in ((False, 0), (True, 1), (False, 0)):
                if committed:
                    await make_feed(cast.odile, token=path)
                before = db.query_id
                again = await phone.get(path, If_None_Match=first.headers["etag"])
                assert (again.status_code, again.content, db.query_id - before) == (304, b"", questions), path
                assert again.headers["etag"] == first.headers["etag"]
            since = await phone.get(path, If_Modified_Since=first.headers["last-modified"])
            assert since.status_code == 304
            other = await phone.get(path, If_None_Match='"something else"')
            assert other.status_code == 200
            assert other.content == first.content

    async def test_the_question_reads_no_event(self, db: Store, cast: Cast) -> None:
        for kept in ("ics_public", "ics_member"):
            assert kept not in await self.columns_read(db, cast)

    async def columns_read(self, db: Store, cast: Cast) -> str:
        asked: list[str] = []
        plain = db.fetch_outside

        async def listening(sql: str, args: Any) -> Any:
            asked.append(sql)
            return await plain(sql, args)

        db.fetch_outside = listening  # type: ignore[method-assign]  # only listens, and hands on
        await put(plan(1, place_id=cast.place))
        phone = CalendarWorld().browser()
        etag = (await phone.get(AGENDA)).headers["etag"]
        assert any("ics_public" in sql for sql in asked)
        await make_feed(cast.samira, token=secrets.token_hex())  # else nothing would be asked at all
        asked.clear()
        assert (await phone.get(AGENDA, If_None_Match=etag)).status_code == 304
        assert any("count(" in sql for sql in asked)
        return " ".join(asked)

    async def test_each_visible_change_makes_another_feed(self, cast: Cast, world: CalendarWorld) -> None:
        phone = world.browser()
        planned = plan(1, place_id=cast.place)
        await put(planned)
        first = await phone.get(AGENDA)
        world.later(minutes=5)
        await put(plan(1, place_id=cast.place, title="Autre titre"), now=world.now)
        second = await phone.get(
            AGENDA, If_None_Match=first.headers["etag"], If_Modified_Since=first.headers["last-modified"]
        )
        assert titles(second) == ["Autre titre"]
        assert second.headers["last-modified"] == "Tue, 24 Nov 2026 11:05:00 GMT"
        (event,) = events(second)
        assert (event["SEQUENCE"], event["LAST-MODIFIED"].dt) == (1, world.now)

    async def test_one_that_leaves_and_another_that_comes_in_the_same_second_make_another_feed(
        self, cast: Cast, phone: Browser
    ) -> None:
        await put(plan(1, place_id=cast.place, title="A"))
        etag = (await phone.get(AGENDA)).headers["etag"]
        async with transaction():
            await remove_entry("workshop", 1, now=NOON)
        await put(plan(2, place_id=cast.place, title="B"))
        assert titles(await phone.get(AGENDA, If_None_Match=etag)) == ["B"]

    async def test_seats_make_no_other_feed(self, cast: Cast, world: CalendarWorld) -> None:
        phone = world.browser()
        await put(plan(1, place_id=cast.place))
        etag = (await phone.get(AGENDA)).headers["etag"]
        await put(plan(1, place_id=cast.place, taken=5, waiting=2, seats=5), now=world.later(minutes=1))
        assert (await phone.get(AGENDA, If_None_Match=etag)).status_code == 304

    async def test_midnight_moves_the_window_for_those_who_only_know_dates(
        self, cast: Cast, world: CalendarWorld
    ) -> None:
        phone = world.browser()
        await put(plan(1, place_id=cast.place, starts_at=at("2026-10-25T10:00")))
        first = await phone.get(AGENDA)
        assert len(events(first)) == 1
        world.now = at("2026-11-25T00:00")
        second = await phone.get(AGENDA, If_Modified_Since=first.headers["last-modified"])
        assert events(second) == []

    async def test_head_is_get_without_its_body(self, cast: Cast, phone: Browser) -> None:
        await put(plan(1, place_id=cast.place), host=(cast.samira,))
        await make_feed(cast.samira)
        for path in (AGENDA, "/calendriers/lieux/les-tanneurs.ics", "/ateliers/1.ics", MINE):
            got, headed = await phone.get(path), await phone.head(path)
            assert (headed.status_code, headed.content) == (200, b"")
            for name in ("etag", "last-modified", "content-type", "content-length", "cache-control"):
                assert headed.headers[name] == got.headers[name], name


class TestHeaders:
    async def test_private_without_cookie_and_away_from_search_engines(self, cast: Cast, world: CalendarWorld) -> None:
        await put(plan(1, place_id=cast.place), host=(cast.samira,))
        await make_feed(cast.samira)
        browser = await world.browser_of(cast.samira, place_id=cast.place)
        for path in (AGENDA, "/ateliers/1.ics", MINE, "/calendriers/perso/jamais.ics"):
            answer = await browser.get(path)
            assert "set-cookie" not in answer.headers
            assert answer.headers["x-robots-tag"] == "noindex, nofollow"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["cache-control"] == "private, max-age=300"
        answer = await browser.get(AGENDA)
        assert answer.headers["content-disposition"] == 'inline; filename="agenda.ics"'
        assert answer.headers["content-type"] == "text/calendar; charset=utf-8"

    async def test_gzip_once_with_an_etag_of_its_own(self, cast: Cast, phone: Browser) -> None:
        await put(plan(1, place_id=cast.place))
        plain = await phone.get(AGENDA, Accept_Encoding="identity")
        assert "content-encoding" not in plain.headers
        async with phone.http.stream("GET", AGENDA, headers={"Accept-Encoding": "br, gzip"}) as answer:
            raw = b"".join([chunk async for chunk in answer.aiter_raw()])
        assert answer.headers["content-encoding"] == "gzip"
        assert gzip.decompress(raw) == plain.content
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["etag"] != plain.headers["etag"]
        assert not answer.headers["etag"].startswith("W/")
        refused = await phone.get(AGENDA, Accept_Encoding="gzip;q=0, identity")
        assert "content-encoding" not in refused.headers


class TestPersonalFeed:
    async def test_what_i_host_and_attend_but_not_what_i_wait_for(self, cast: Cast, phone: Browser) -> None:
        await make_feed(cast.karim)
        await put(plan(1, place_id=cast.place, title="J’anime"), host=(cast.karim,))
        await put(plan(2, place_id=cast.place, title="J’y vais"), participant=(cast.karim,))
        await put(plan(3, place_id=cast.place, title="J’attends"), waiting=(cast.karim,))
        await put(plan(4, place_id=cast.place, title="Sans moi"), participant=(cast.yann,))
        await put(plan(5, place_id=cast.place, title="Proposé", state="tentative"), host=(cast.karim,))
        await put(plan(6, place_id=cast.place, title="Proposé par d’autres", state="tentative"), host=(cast.yann,))
        answer = await phone.get(MINE)
        assert titles(answer) == ["J’anime", "J’y vais", "Proposé"]
        assert [str(event["STATUS"]) for event in events(answer)] == ["CONFIRMED", "CONFIRMED", "TENTATIVE"]

    async def test_what_i_gave_up_leaves_and_comes_back(self, cast: Cast, world: CalendarWorld) -> None:
        phone = world.browser()
        await make_feed(cast.karim)
        await put(plan(1, place_id=cast.place), participant=(cast.karim,))
        first = await phone.get(MINE)
        world.later(minutes=1)
        async with transaction():
            await leave("workshop", 1, cast.karim, now=world.now)
        headers = {"If_None_Match": first.headers["etag"], "If_Modified_Since": first.headers["last-modified"]}
        second = await phone.get(MINE, **headers)
        assert events(second) == []
        assert second.headers["last-modified"] > first.headers["last-modified"]
        world.later(minutes=1)
        await put(plan(1, place_id=cast.place), now=world.now, participant=(cast.karim,))
        assert len(events(await phone.get(MINE, If_None_Match=second.headers["etag"]))) == 1

    async def test_swapping_one_thing_for_another_is_seen(self, cast: Cast, world: CalendarWorld) -> None:
        phone = world.browser()
        await make_feed(cast.karim)
        await put(plan(1, place_id=cast.place, title="A"), participant=(cast.karim,))
        await put(plan(2, place_id=cast.place, title="B"))
        etag = (await phone.get(MINE)).headers["etag"]
        world.later(seconds=1)
        async with transaction():
            await leave("workshop", 1, cast.karim, now=world.now)
        await put(plan(2, place_id=cast.place, title="B"), now=world.now, participant=(cast.karim,))
        assert titles(await phone.get(MINE, If_None_Match=etag)) == ["B"]

    async def test_hosts_are_named_to_those_who_have_been_met(self, cast: Cast, world: CalendarWorld) -> None:
        phone = world.browser()
        await make_feed(cast.newcomer)
        await put(plan(1, place_id=cast.place), participant=(cast.newcomer,))
        first = await phone.get(MINE)
        assert "Samira" not in first.text
        async with transaction():
            await run("update membership set met_at = {} where member_id = {}", world.now, cast.newcomer)
        second = await phone.get(MINE, If_None_Match=first.headers["etag"])
        assert "Avec Samira" in second.text

    async def test_other_people_never_show(self, cast: Cast, phone: Browser) -> None:
        await make_feed(cast.karim)
        await put(plan(1, place_id=cast.place), host=(cast.samira,), participant=(cast.karim, cast.yann, cast.odile))
        text = (await phone.get(MINE)).text
        assert "Samira" in text
        assert not any(word in text for word in ("Karim", "Yann", "Odile", "@exemple.fr"))

    async def test_a_discreet_private_feed_with_an_alarm(self, cast: Cast, phone: Browser) -> None:
        chosen = NOON - timedelta(minutes=3)
        await make_feed(cast.karim, discreet=True, private=True, alarm_minutes=60, modified_at=chosen)
        await put(plan(1, place_id=cast.place), now=NOON - timedelta(days=3), participant=(cast.karim,))
        answer = await phone.get(MINE)
        (event,) = events(answer)
        assert (event["SUMMARY"], event["CLASS"]) == ("Rendez-vous", "PRIVATE")
        assert event["LAST-MODIFIED"].dt == chosen
        assert not any(name in event for name in ("DESCRIPTION", "LOCATION", "URL", "CATEGORIES", "CONTACT"))
        assert "TRIGGER:-PT60M" in answer.text
        assert "CV" not in answer.text

    async def test_a_cut_address_answers_410_and_nothing(self, cast: Cast, phone: Browser) -> None:
        await make_feed(cast.karim, revoked_at=NOON)
        await put(plan(1, place_id=cast.place), participant=(cast.karim,))
        answer = await phone.get(MINE)
        assert (answer.status_code, answer.content) == (410, b"")
        assert (await phone.head(MINE)).status_code == 410

    async def test_each_address_opens_its_own_feed(self, cast: Cast, phone: Browser) -> None:
        await make_feed(cast.karim)
        await make_feed(cast.yann, token="another-secret-address")
        await put(plan(1, place_id=cast.place, title="A"), participant=(cast.karim,))
        await put(plan(2, place_id=cast.place, title="B"), participant=(cast.yann,))
        assert titles(await phone.get(MINE)) == ["A"]
        assert titles(await phone.get("/calendriers/perso/another-secret-address.ics")) == ["B"]

    async def test_the_reading_is_remembered_at_most_hourly(self, db: Store, cast: Cast, world: CalendarWorld) -> None:
        phone = world.browser()
        feed_id = await make_feed(cast.karim)

        async def read_at() -> Any:
            return (await Feed.select(Feed.read_at).where(Feed.id == feed_id))[0]["read_at"]

        await phone.get(MINE)
        assert await read_at() == NOON
        world.later(minutes=59)
        before = db.query_id
        etag = (await phone.get(MINE)).headers["etag"]
        assert db.query_id - before == 2
        assert await read_at() == NOON
        world.later(minutes=1)
        assert (await phone.get(MINE, If_None_Match=etag)).status_code == 304
        assert await read_at() == NOON + timedelta(hours=1)

    async def test_many_readings_are_one_write(self, db: Store, cast: Cast, world: CalendarWorld) -> None:
        phone = world.browser()
        for number in range(20):
            await make_feed(cast.karim, token=f"token-{number}")
        for number in range(20):
            await phone.get(f"/calendriers/perso/token-{number}.ics")
        written = await Feed.count().where(Feed.read_at.is_not_null())
        assert written == 1
        world.later(minutes=1)
        await phone.get("/calendriers/perso/token-0.ics")
        assert await Feed.count().where(Feed.read_at.is_not_null()) == 20

    async def test_the_log_does_not_hold_the_address(
        self, cast: Cast, phone: Browser, caplog: pytest.LogCaptureFixture
    ) -> None:
        await make_feed(cast.karim)
        with caplog.at_level("INFO"):
            await phone.get(MINE)
            await phone.get(MINE.replace(".ics", ""))
        told = [vars(record) for record in caplog.records if record.name.startswith("reseau")]
        assert [record["path"] for record in told if "path" in record] == ["/calendriers/perso/…"]
        assert TOKEN not in repr(told)


class TestYearTen:
    @pytest.mark.parametrize(
        ("standing", "index"),
        [
            (lambda window: feeds.shared_standing(window, ["workshop"]), "entry_by_kind"),
            (lambda window: feeds.place_standing(window, "x"), "entry_in_place"),
        ],
    )
    async def test_whether_a_feed_changed_is_read_from_an_index_alone(
        self, sqlite_only_db: SQLiteStore, standing: Callable[[Window], Awaitable[object]], index: str
    ) -> None:
        asked: list[str] = []
        assert sqlite_only_db._reader is not None
        sqlite_only_db._reader.set_trace_callback(asked.append)
        await standing(Window.at(NOON))
        sqlite_only_db._reader.set_trace_callback(None)
        (statement,) = asked
        plan = await run("explain query plan " + statement)
        assert any(f"COVERING INDEX {index} " in step["detail"] for step in plan), plan
