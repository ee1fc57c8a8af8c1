"""Meals in agenda, month, home, one's own dates, JSON and feeds; reminders, and the week."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import Any

import httpx
import pytest
from icalendar import Calendar

from app.calendar.commands import add_feed
from app.calendar.rules import FeedWishes
from app.clock import at_local, local_day
from app.database import Store, run
from app.main import REGISTRY
from app.notices.commands import resume_mail
from app.notices.digest import tell_weeks
from app.notices.links import StopLink
from app.notices.reminders import remind_due
from app.notices.states import Kind
from meals.commands.giving_back import cancel_seats
from meals.commands.opening import cancel_meal
from tests.client import NOON
from tests.meals.make import CLOSES, DAY, HOUR, START, make_booking
from tests.meals.scene import Scene, said
from tests.people import Cast

KINDS = REGISTRY.entry_kinds
SOON = START - 8 * DAY
"""Within the week that the agenda shows."""
SHUT = CLOSES - 8 * DAY
TOKEN = "a-secret-address-of-24-bytes-0001"
MINE = f"/calendriers/perso/{TOKEN}.ics"
SHARED = ("/calendriers/repas.ics", "/calendriers/agenda.ics", "/calendriers/lieux/les-tanneurs.ics")


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return Scene(cast)


async def a_meal(scene: Scene, **changes: Any) -> int:
    return await scene.meal(**{"starts_at": SOON, **changes})


def strips(answer: httpx.Response) -> dict[int, str]:
    """The markup of each meal's strip."""
    assert answer.status_code == 200
    found = {}
    for part in re.split(r"<li>(?=<article)", answer.text)[1:]:
        head = re.match(r'<article class="strip[^>]*data-kind="meal" data-id="(\d+)"', part)
        if head is not None:
            found[int(head[1])] = part.split("</li>")[0]
    return found


def events(answer: httpx.Response) -> list[Any]:
    assert answer.status_code == 200, answer.text
    calendar = Calendar.from_ical(answer.content)
    assert calendar.errors == []
    return [event for event in calendar.events if event["UID"] != "nothing-yet@reseau"]


def titles(answer: httpx.Response) -> list[str]:
    return [str(event["SUMMARY"]) for event in events(answer)]


class TestTheAgenda:
    async def test_its_button_leads_to_what_is_read_before_one_books(self, scene: Scene) -> None:
        """Nothing is booked from the agenda: the allergens stand on the page, before the form."""
        cast = scene.cast
        meal_id = await a_meal(scene, seats=3)
        await scene.booked(meal_id, cast.aicha)
        karim = await scene.as_(cast.karim)
        for path in ("/agenda", "/agenda?genre=repas", "/"):
            strip = strips(await karim.get(path))[meal_id]
            assert f'href="/repas/{meal_id}#reserver"' in strip
            assert "<form" not in strip
            assert "J’y mange" in said(strip)
            assert "Il reste 2 places" in said(strip)
            assert "avec Odile" in said(strip)
        of_visitor = strips(await scene.visitor().get("/agenda"))[meal_id]
        assert "J’y mange" not in said(of_visitor)
        assert "Odile" not in said(of_visitor), "names are for members"

    async def test_a_full_one_is_waited_for_on_its_page_too(self, scene: Scene) -> None:
        cast = scene.cast
        meal_id = await a_meal(scene, seats=1)
        await scene.booked(meal_id, cast.aicha)
        await scene.booked(meal_id, cast.samira, seats=3)
        strip = strips(await (await scene.as_(cast.karim)).get("/agenda"))[meal_id]
        assert "J’attends une place" in said(strip)
        assert "Complet" in said(strip)
        assert "attendent" not in said(strip), "seats wait, not so many people"
        assert f'href="/repas/{meal_id}#reserver"' in strip
        assert "Tu es en liste d’attente" in said(strips(await (await scene.as_(cast.samira)).get("/agenda"))[meal_id])

    async def test_what_is_free_beside_a_party_that_waits_is_said_as_the_page_says_it(self, scene: Scene) -> None:
        cast = scene.cast
        meal_id = await a_meal(scene, seats=2)
        await scene.booked(meal_id, cast.aicha)
        await scene.booked(meal_id, cast.samira, seats=2, together=True)
        karim = await scene.as_(cast.karim)
        assert 'data-seats-left="1"' in strips(await karim.get("/agenda"))[meal_id]
        assert 'data-seats-left="1"' in (await karim.get(f"/repas/{meal_id}")).text

    async def test_ones_own_leads_to_ones_ticket(self, scene: Scene) -> None:
        cast = scene.cast
        meal_id = await a_meal(scene)
        booking_id = await scene.booked(meal_id, cast.karim)
        karim = await scene.as_(cast.karim)
        strip = strips(await karim.get("/agenda?genre=a-moi"))[meal_id]
        assert "Tu as ta place" in said(strip)
        assert f'href="/repas/{meal_id}/billet"' in strip
        led = await karim.get(f"/repas/{meal_id}/billet")
        assert (led.status_code, led.headers["location"]) == (303, f"/reservations/{booking_id}")
        aicha = await scene.as_(cast.aicha)
        led = await aicha.get(f"/repas/{meal_id}/billet")
        assert led.headers["location"] == f"/repas/{meal_id}#reserver", "whoever has none reads the meal"
        assert (await aicha.get("/repas/999999/billet")).status_code == 404
        visitor = await scene.visitor().get(f"/repas/{meal_id}/billet")
        assert visitor.headers["location"].startswith("/connexion")

    async def test_once_bookings_are_closed_nobody_is_invited(self, scene: Scene) -> None:
        cast = scene.cast
        meal_id = await a_meal(scene, seats=3)
        await scene.booked(meal_id, cast.aicha)
        karim = await scene.as_(cast.karim)
        scene.world.now = SHUT - timedelta(seconds=1)
        open_still = strips(await karim.get("/agenda"))[meal_id]
        assert "J’y mange" in said(open_still), "the control: a second before"
        assert 'data-seats-left="2"' in open_still
        scene.world.now = SHUT
        closed = strips(await karim.get("/agenda"))[meal_id]
        assert "J’y mange" not in said(closed)
        assert "Il reste" not in said(closed)
        assert "1 personne vient" in said(closed)
        assert 'data-seats-left="0"' in closed
        (entry,) = (await karim.get("/api/agenda?genre=repas")).json()["entries"]
        assert entry["seats_left"] == 0

    async def test_one_that_is_off_is_struck_out_for_those_who_would_have_come(self, scene: Scene) -> None:
        cast = scene.cast
        meal_id = await a_meal(scene)
        await scene.booked(meal_id, cast.karim)
        await cancel_meal(actor=cast.odile, meal_id=meal_id, reason="Plus de gaz", now=NOON)
        karim = await scene.as_(cast.karim)
        assert "Annulé" in said(strips(await karim.get("/agenda"))[meal_id])
        assert "Plus de gaz" not in (await scene.visitor().get("/agenda")).text

    async def test_month_home_json_and_ones_own_dates_have_it(self, scene: Scene) -> None:
        cast = scene.cast
        meal_id = await a_meal(scene, seats=12)
        await scene.booked(meal_id, cast.karim, price_cents=800)
        visitor, karim = scene.visitor(), await scene.as_(cast.karim)
        day = local_day(SOON)
        assert f"/repas/{meal_id}" in (await visitor.get(f"/agenda/mois?mois={day:%Y-%m}")).text
        assert meal_id in strips(await visitor.get("/"))
        assert "Tu as ta place" in said((await karim.get("/mes-rendez-vous")).text)
        answer = await visitor.get("/api/agenda?genre=repas")
        (entry,) = answer.json()["entries"]
        assert entry["url"].endswith(f"/repas/{meal_id}")
        assert (entry["kind"], entry["genre"], entry["seats"], entry["seats_left"]) == ("meal", "Repas partagé", 12, 11)
        assert "Karim" not in answer.text
        await scene.booked(meal_id, cast.aicha, seats=2)
        again = await visitor.get("/api/agenda?genre=repas", If_None_Match=answer.headers["etag"])
        assert (again.status_code, again.json()["entries"][0]["seats_left"]) == (200, 9)

    async def test_nothing_there_says_what_anybody_pays(self, scene: Scene) -> None:
        cast = scene.cast
        meal_id = await a_meal(scene)
        karim, aicha = await scene.as_(cast.karim), await scene.as_(cast.aicha)
        await scene.booked(meal_id, cast.karim, price_cents=300, suspended=True)
        await scene.booked(meal_id, cast.aicha, price_cents=800, give=2)
        for path in ("/agenda", "/mes-rendez-vous", "/"):
            one, other = [strips(await each.get(path))[meal_id] for each in (karim, aicha)]
            assert "€" not in one
            assert re.sub(r'value="[^"]*"', "", one) == re.sub(r'value="[^"]*"', "", other)

    @pytest.mark.parametrize("path", ["/agenda", "/api/agenda", "/mes-rendez-vous"])
    async def test_as_many_questions_for_one_meal_as_for_thirty(self, db: Store, scene: Scene, path: str) -> None:
        cast = scene.cast
        karim = await scene.as_(cast.karim)
        asked = []
        for count in (1, 29):
            for number in range(count):
                meal_id = await a_meal(scene, starts_at=SOON + (number + count) * timedelta(minutes=130))
                await scene.booked(meal_id, cast.karim)
            await karim.get(path)
            before = db.query_id
            assert (await karim.get(path)).status_code == 200
            asked.append(db.query_id - before)
        assert asked[0] == asked[1] <= 6

    async def test_it_has_its_place_in_the_navigation(self, scene: Scene) -> None:
        page = (await scene.visitor().get("/repas")).text
        (contents,) = re.findall(r'<nav[^>]*id="sommaire".*?</nav>', page, re.DOTALL) or re.findall(
            r'<div class="contents".*?</nav>', page, re.DOTALL
        )
        hrefs = re.findall(r'href="(/[^"]*)"', contents)
        assert hrefs.index("/ateliers") < hrefs.index("/repas") < hrefs.index("/tours")
        assert re.search(r'href="/repas"[^>]*aria-current="page"', contents)


class TestFeeds:
    @pytest.mark.parametrize("path", SHARED)
    async def test_public_feeds_have_it_without_names(self, scene: Scene, path: str) -> None:
        meal_id = await a_meal(scene, title="Mafé")
        await scene.booked(meal_id, scene.cast.karim)
        answer = await scene.visitor().get(path)
        (event,) = events(answer)
        assert event["SUMMARY"] == "Mafé"
        assert str(event["URL"]).endswith(f"/repas/{meal_id}")
        assert [str(word) for word in event["CATEGORIES"].cats] == ["Repas"]
        assert not {"Odile", "Karim"} & set(re.findall(r"\w+", answer.text))

    async def test_one_meal_alone(self, scene: Scene) -> None:
        meal_id = await a_meal(scene, title="Mafé")
        assert titles(await scene.visitor().get(f"/repas/{meal_id}.ics")) == ["Mafé"]

    async def test_mine_have_what_i_booked_and_lose_what_i_gave_back(self, scene: Scene) -> None:
        cast, phone = scene.cast, scene.visitor()
        await add_feed(actor=cast.karim, wishes=FeedWishes("Téléphone"), token=TOKEN, now=NOON)
        meal_id = await a_meal(scene, title="Mafé")
        await a_meal(scene, title="Un autre", starts_at=SOON + DAY)
        booking_id = await scene.booked(meal_id, cast.karim)
        had = await phone.get(MINE)
        assert titles(had) == ["Mafé"]
        later = scene.world.later(minutes=1)
        await cancel_seats(actor=cast.karim, booking_id=booking_id, seats=None, leave=False, now=later)
        gone = await phone.get(MINE, If_None_Match=had.headers["etag"])
        assert (gone.status_code, titles(gone)) == (200, [])

    async def test_bookings_change_no_event(self, scene: Scene) -> None:
        """Nobody's calendar hears of numbers."""
        meal_id = await a_meal(scene)
        (before,) = await run("select sequence, ics_public from entry where thing_id = {} and kind = 'meal'", meal_id)
        await scene.booked(meal_id, scene.cast.karim, seats=4)
        (after,) = await run("select sequence, ics_public from entry where thing_id = {} and kind = 'meal'", meal_id)
        assert before == after

    async def test_one_that_is_off_is_cancelled_there(self, scene: Scene) -> None:
        meal_id = await a_meal(scene)
        await cancel_meal(actor=scene.cast.odile, meal_id=meal_id, reason="Plus de gaz", now=NOON)
        (event,) = events(await scene.visitor().get(SHARED[0]))
        assert event["STATUS"] == "CANCELLED"


class TestMessages:
    async def test_whoever_has_a_seat_is_reminded_the_evening_before(self, scene: Scene) -> None:
        cast = scene.cast
        meal_id = await a_meal(scene, title="Mafé", seats=2)
        await scene.booked(meal_id, cast.karim, suspended=True)
        await scene.booked(meal_id, cast.aicha, price_cents=800)
        await scene.booked(meal_id, cast.samira)
        eve = at_local(local_day(SOON - DAY), time(18))
        assert await remind_due(KINDS, eve - timedelta(minutes=1)) == 0
        assert await remind_due(KINDS, eve) == 2, "whoever waits is not"
        mails = await run("select * from outbox where kind = 'reminder'")
        assert {mail["member_id"] for mail in mails} == {cast.karim, cast.aicha}
        assert {mail["link"] for mail in mails} == {f"/repas/{meal_id}"}
        assert len({mail["body"] for mail in mails}) == 1, "the same to whoever pays nothing"
        assert all("€" not in mail["body"] for mail in mails)

    async def test_the_week_says_where_there_is_room_but_not_where_it_is_closed(self, scene: Scene) -> None:
        cast = scene.cast
        monday = at_local(local_day(NOON + 6 * DAY), time(8))
        await resume_mail(StopLink(cast.karim, Kind.DIGEST), now=NOON)
        mine = await a_meal(scene, title="Le mien", starts_at=monday + 30 * HOUR)
        await make_booking(meal_id=mine, member_id=cast.karim)
        await a_meal(scene, title="Ouvert", starts_at=monday + 54 * HOUR)
        await a_meal(scene, title="Déjà clos", starts_at=monday + 5 * HOUR)
        full = await a_meal(scene, title="Plein", seats=1, starts_at=monday + 78 * HOUR)
        await make_booking(meal_id=full, member_id=cast.aicha)
        assert await tell_weeks(monday, KINDS) == 1
        (mail,) = await run("select * from outbox where kind = 'digest'")
        heads = [line.strip() for line in mail["body"].replace("\u00a0", " ").splitlines()]
        named = [line if line.endswith(":") else re.sub(r".*« (.*) ».*", r"\1", line) for line in heads if line]
        assert [each for each in named if "Je" not in each][-4:] == [
            "Tes rendez-vous :",
            "Le mien",
            "Il reste de la place :",
            "Ouvert",
        ]
