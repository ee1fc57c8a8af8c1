"""« Dans mon téléphone »: addresses that are made, shown once, changed and cut."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest

from app.calendar.tables import Feed
from app.database import Store, transaction
from tests.calendar.plans import plan, put
from tests.calendar.world import CalendarWorld
from tests.client import Browser, words
from tests.people import Cast, make_cast

HERE = "/moi/calendrier"


@pytest.fixture
def world() -> CalendarWorld:
    return CalendarWorld()


@pytest.fixture
async def cast(db: Store) -> Cast:
    return await make_cast()


@pytest.fixture
async def karim(world: CalendarWorld, cast: Cast) -> Browser:
    return await world.browser_of(cast.karim, place_id=cast.place)


async def add(browser: Browser, name: str = "Mon téléphone", **choices: str) -> str:
    """Make an address as a person does; returns its path."""
    made = await browser.post(HERE, {"name": name, **choices})
    assert (made.status_code, made.headers["location"]) == (303, HERE), words(made)
    page = await browser.get(HERE)
    found = re.search(r'data-copy="https?://[^/]+(/calendriers/perso/[^"]+\.ics)"', page.text)
    assert found is not None
    return found[1]


async def only_id() -> int:
    (row,) = await Feed.select(Feed.id).where(Feed.revoked_at.is_null())
    return int(row["id"])


class TestMaking:
    async def test_the_address_opens_my_feed(self, world: CalendarWorld, cast: Cast, karim: Browser) -> None:
        await put(plan(1, place_id=cast.place, title="À moi"), participant=(cast.karim,))
        await put(plan(2, place_id=cast.place, title="À d’autres"), participant=(cast.yann,))
        path = await add(karim)
        text = (await world.browser().get(path)).text
        assert "SUMMARY:À moi" in text
        assert "À d’autres" not in text

    async def test_it_is_shown_once(self, karim: Browser) -> None:
        path = await add(karim)
        again = await karim.get(HERE)
        assert again.status_code == 200
        assert path not in again.text
        assert "Mon téléphone" in again.text
        assert "Pas encore lue." in words(again)

    async def test_only_a_hash_of_it_is_kept(self, karim: Browser) -> None:
        token = (await add(karim)).split("/")[-1].removesuffix(".ics")
        assert len(token) >= 32
        (row,) = await Feed.select()
        assert token not in repr(row)
        assert len(row["token_hash"]) == 64

    async def test_in_all_the_ways_in_which_a_device_takes_it(self, cast: Cast) -> None:
        world = CalendarWorld(base_url="https://reseau.example.org")
        browser = await world.browser_of(cast.karim, place_id=cast.place)
        await browser.post(HERE, {"name": "Mon téléphone"})
        page = (await browser.get(HERE)).text
        assert 'href="webcal://reseau.example.org/calendriers/perso/' in page
        assert 'data-copy="https://reseau.example.org/calendriers/perso/' in page
        assert "https://calendar.google.com/calendar/r?cid=webcal%3A%2F%2Freseau.example.org" in page
        assert "https://outlook.live.com/calendar/0/addfromweb?url=https%3A%2F%2Freseau.example.org" in page
        (code,) = re.findall(r'<svg[^>]*class="qr".*?</svg>', page, re.DOTALL)
        assert "style=" not in code

    async def test_without_https_no_other_site_is_named(self, karim: Browser) -> None:
        await karim.post(HERE, {"name": "Mon téléphone"})
        page = (await karim.get(HERE)).text
        assert "webcal://127.0.0.1:8000" in page
        assert "google.com" not in page

    async def test_choices_are_kept(self, karim: Browser) -> None:
        await add(karim, discreet="1", private="1", alarm="60")
        (row,) = await Feed.select(Feed.discreet, Feed.private, Feed.alarm_minutes)
        assert (bool(row["discreet"]), bool(row["private"]), row["alarm_minutes"]) == (True, True, 60)

    @pytest.mark.parametrize(
        "form",
        [
            {"name": ""},
            {"name": " \u200b "},
            {"name": "x" * 61},
            {"name": "Téléphone", "alarm": "7"},
            {"name": "Téléphone", "alarm": "٣٠"},
        ],
    )
    async def test_what_cannot_be_read_comes_back(self, karim: Browser, form: dict[str, str]) -> None:
        answer = await karim.post(HERE, form)
        assert answer.status_code == 422
        assert "Erreur :" in words(answer)
        assert form["name"].strip("\u200b ") in answer.text
        assert await Feed.count() == 0

    async def test_ten_at_most(self, karim: Browser) -> None:
        for number in range(10):
            assert (await karim.post(HERE, {"name": f"Appareil {number}"})).status_code == 303
        answer = await karim.post(HERE, {"name": "Onzième"})
        assert answer.status_code == 409
        assert "Tu as déjà dix adresses" in words(answer)
        assert await Feed.count() == 10

    async def test_ten_at_most_even_when_asked_at_once(self, karim: Browser) -> None:
        answers = await asyncio.gather(*(karim.post(HERE, {"name": f"Appareil {n}"}) for n in range(14)))
        assert sorted(answer.status_code for answer in answers) == [303] * 10 + [409] * 4
        assert await Feed.count() == 10

    async def test_nothing_but_these_fields_is_read(self, cast: Cast, karim: Browser) -> None:
        await add(karim, member_id=str(cast.yann), token_hash="x", read_at="2026-01-01")
        (row,) = await Feed.select()
        assert (row["member_id"], row["read_at"]) == (cast.karim, None)

    async def test_somebody_else_s_cookie_shows_nothing(self, world: CalendarWorld, cast: Cast, karim: Browser) -> None:
        await karim.post(HERE, {"name": "Mon téléphone"})
        token = karim.http.cookies["adresse"]
        yann = await world.browser_of(cast.yann, place_id=cast.place)
        yann.http.cookies.set("adresse", token)
        assert token not in (await yann.get(HERE)).text

    async def test_it_needs_an_account_and_a_token(self, world: CalendarWorld, karim: Browser) -> None:
        assert (await world.browser().get(HERE)).status_code == 303
        assert (await karim.post(HERE, {"name": "X"}, token="")).status_code == 403
        assert await Feed.count() == 0


class TestChanging:
    async def test_other_choices_reach_the_device(self, world: CalendarWorld, cast: Cast, karim: Browser) -> None:
        await put(plan(1, place_id=cast.place, title="CV"), participant=(cast.karim,))
        path = await add(karim)
        phone = world.browser()
        first = await phone.get(path)
        world.later(minutes=5)
        answer = await karim.post(f"{HERE}/{await only_id()}", {"name": "Tablette", "discreet": "1"})
        assert answer.status_code == 303
        second = await phone.get(path, If_None_Match=first.headers["etag"])
        assert "SUMMARY:Rendez-vous" in second.text
        assert "LAST-MODIFIED:20261124T110500Z" in second.text
        assert "Tablette" in (await karim.get(HERE)).text

    async def test_another_name_alone_changes_no_feed(self, world: CalendarWorld, karim: Browser) -> None:
        path = await add(karim)
        phone = world.browser()
        etag = (await phone.get(path)).headers["etag"]
        world.later(minutes=5)
        await karim.post(f"{HERE}/{await only_id()}", {"name": "Tablette"})
        assert (await phone.get(path, If_None_Match=etag)).status_code == 304

    async def test_an_error_stands_in_the_form_that_has_it(self, karim: Browser) -> None:
        await add(karim)
        answer = await karim.post(f"{HERE}/{await only_id()}", {"name": ""})
        assert answer.status_code == 422
        assert answer.text.count('id="field-name"') == 1
        assert "<details open><summary>" in answer.text


class TestCutting:
    async def test_it_is_asked_then_done_once(self, world: CalendarWorld, karim: Browser) -> None:
        path = await add(karim)
        number = await only_id()
        asked = await karim.get(f"{HERE}/{number}/coupure")
        assert "Tu coupes « Mon téléphone » ?" in words(asked)
        phone = world.browser()
        assert (await phone.get(path)).status_code == 200
        for _ in range(2):
            assert (await karim.post(f"{HERE}/{number}/coupure")).status_code == 303
        assert (await phone.get(path)).status_code == 410
        assert "Mon téléphone »" not in (await karim.get(HERE)).text.split("Ajouter")[0]

    async def test_a_cut_address_makes_room_for_another(self, karim: Browser) -> None:
        for number in range(10):
            await karim.post(HERE, {"name": f"Appareil {number}"})
        rows = await Feed.select(Feed.id)
        await karim.post(f"{HERE}/{rows[0]['id']}/coupure")
        assert (await karim.post(HERE, {"name": "Onzième"})).status_code == 303

    async def test_a_renewed_address_kills_the_old_one_at_once(
        self, world: CalendarWorld, cast: Cast, karim: Browser
    ) -> None:
        await put(plan(1, place_id=cast.place), participant=(cast.karim,))
        old = await add(karim, discreet="1")
        number = await only_id()
        assert "Tu changes l’adresse" in words(await karim.get(f"{HERE}/{number}/adresse"))
        world.later(minutes=1)
        assert (await karim.post(f"{HERE}/{number}/adresse")).status_code == 303
        page = await karim.get(HERE)
        new = re.search(r'data-copy="https?://[^/]+(/calendriers/perso/[^"]+)"', page.text)
        assert new is not None
        phone = world.browser()
        assert (await phone.get(old)).status_code == 410
        assert "SUMMARY:Rendez-vous" in (await phone.get(new[1])).text
        assert (await karim.post(f"{HERE}/{number}/adresse")).status_code == 404

    @pytest.mark.parametrize("deed", ["", "/coupure", "/adresse"])
    async def test_somebody_else_s_address_is_like_none(
        self, world: CalendarWorld, cast: Cast, karim: Browser, deed: str
    ) -> None:
        path = await add(karim)
        number = await only_id()
        yann = await world.browser_of(cast.yann, place_id=cast.place)
        for feed_id in (number, number + 1000, 2**31):
            assert (await yann.post(f"{HERE}/{feed_id}{deed}", {"name": "Volé"})).status_code == 404
            if deed:
                assert (await yann.get(f"{HERE}/{feed_id}{deed}")).status_code == 404
        assert (await yann.post(f"{HERE}/{number}", {"name": ""})).status_code == 404
        assert (await world.browser().get(path)).status_code == 200
        (row,) = await Feed.select(Feed.name)
        assert row["name"] == "Mon téléphone"


async def test_the_page_says_when_each_was_read(world: CalendarWorld, cast: Cast, karim: Browser) -> None:
    path = await add(karim)
    await world.browser().get(path)
    world.later(hours=3)
    assert "Lue la dernière fois mardi 24 novembre à 12 h" in words(await karim.get(HERE))


async def test_as_many_questions_for_one_address_as_for_ten(db: Store, cast: Cast, karim: Browser) -> None:
    asked = []
    for count in (1, 9):
        async with transaction():
            for number in range(count):
                await Feed.insert(
                    Feed(
                        member_id=cast.karim,
                        token_hash=f"{count}-{number}",
                        name="x",
                        created_at=karim.world.now - timedelta(days=1),
                        modified_at=karim.world.now,
                    )
                )
        before = db.query_id
        assert (await karim.get(HERE)).status_code == 200
        asked.append(db.query_id - before)
    assert asked[0] == asked[1]
