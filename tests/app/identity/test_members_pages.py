"""The members' list, newcomers, one member; searching for people: over HTTP, on both engines."""

from __future__ import annotations

import pytest

from app.database import run, transaction
from app.identity import queries
from app.identity.search import search
from app.identity.tables import Member
from app.identity.visits import Me, Spot, Visit
from tests.client import NOON, World, words
from tests.factories import make_member, make_place, make_workshop
from tests.people import Cast


@pytest.fixture
def world() -> World:
    return World()


async def listed(cast: Cast, name: str, about: str = "") -> int:
    member_id = await make_member(name=name, place_id=cast.place, listed=True)
    async with transaction():
        await Member.update({Member.about: about}).where(Member.id == member_id)
    return member_id


class TestTheList:
    async def test_it_shows_who_wished_it_by_name(self, cast: Cast, world: World) -> None:
        for name in ("Zoé", "Émile", "aminata", "Fatou"):
            await listed(cast, name, f"Une ligne de {name}.")
        answer = await (await world.browser_of(cast.samira, place_id=cast.place)).get("/membres")
        said = words(answer)
        assert [name for name in said.split() if name in ("aminata", "Émile", "Fatou", "Zoé")] == [
            "aminata",
            "Émile",
            "Fatou",
            "Zoé",
        ]
        assert "Une ligne de Fatou." in said
        assert "Karim" not in said
        assert "@" not in said
        assert answer.headers["cache-control"] == "no-store"

    async def test_it_is_read_thirty_at_a_time_and_filtered(self, cast: Cast, world: World) -> None:
        for number in range(31):
            await listed(cast, f"Personne {number:02}")
        await listed(cast, "Jean-Baptiste Élan")
        browser = await world.browser_of(cast.samira, place_id=cast.place)
        first, second = await browser.get("/membres"), await browser.get("/membres?page=2")
        assert first.text.count('href="/membres/') == 30
        assert "/membres?page=2" in first.text
        assert second.text.count('href="/membres/') == 2
        assert "32 personnes" in words(first)
        for asked in ("elan", "jean-b", "ÉLAN"):
            found = await browser.get(f"/membres?q={asked}")
            assert found.text.count('href="/membres/') == 1
        assert "Personne de ce nom" in words(await browser.get("/membres?q=%25"))
        for page in ("0", "-1", "x", "9" * 30, "٣"):
            assert (await browser.get(f"/membres?page={page}")).status_code == 200

    async def test_those_who_left_are_gone(self, cast: Cast, world: World) -> None:
        gone = await listed(cast, "Partie")
        async with transaction():
            await Member.update({Member.erased_at: NOON}).where(Member.id == gone)
        browser = await world.browser_of(cast.samira, place_id=cast.place)
        assert "Partie" not in words(await browser.get("/membres"))
        assert (await browser.get(f"/membres/{gone}")).status_code == 404

    async def test_a_newcomer_reads_how_names_come(self, cast: Cast, world: World) -> None:
        await listed(cast, "Fatou")
        browser = await world.browser_of(cast.newcomer, place_id=cast.place)
        said = words(await browser.get("/membres"))
        assert "Les noms viennent avec les rencontres" in said
        assert "Fatou" not in said

    async def test_so_does_somebody_of_another_place(self, cast: Cast, world: World) -> None:
        await listed(cast, "Fatou")
        stranger = await make_member(place_id=await make_place(name="Le Canal"))
        said = words(await (await world.browser_of(stranger, place_id=cast.place)).get("/membres"))
        assert "La liste est pour les membres de ce lieu" in said
        assert "Fatou" not in said

    async def test_a_mediator_reads_it(self, cast: Cast, world: World) -> None:
        await listed(cast, "Fatou")
        assert "Fatou" in words(await (await world.browser_of(cast.bruno, place_id=cast.place)).get("/membres"))


class TestNewcomers:
    async def test_only_first_names_are_told(self, cast: Cast, world: World) -> None:
        await make_member(name="Nour Haddad", place_id=cast.place, met=False)
        said = words(await (await world.browser_of(cast.samira, place_id=cast.place)).get("/membres"))
        assert "Personnes à accueillir" in said
        assert "Nour depuis" in said
        assert "Haddad" not in said

    async def test_two_buttons_pressed_show_the_names(self, cast: Cast, world: World) -> None:
        newcomer = await world.browser_of(cast.newcomer, place_id=cast.place)
        for who in (cast.samira, cast.karim):
            assert "noms viennent" in words(await newcomer.get("/membres"))
            browser = await world.browser_of(who, place_id=cast.place)
            for _ in range(2):
                answer = await browser.post(f"/membres/{cast.newcomer}/rencontre")
                assert (answer.status_code, answer.headers["location"]) == (303, "/membres")
        assert "Un nom" in words(await newcomer.get("/membres"))

    async def test_who_may_not(self, cast: Cast, world: World) -> None:
        newcomer = await world.browser_of(cast.newcomer, place_id=cast.place)
        other = await make_member(place_id=cast.place, met=False)
        assert (await newcomer.post(f"/membres/{other}/rencontre")).status_code == 409
        assert (await newcomer.post("/membres/999/rencontre")).status_code == 409, "nobody is found out so"
        samira = await world.browser_of(cast.samira, place_id=cast.place)
        assert (await samira.post(f"/membres/{cast.samira}/rencontre")).status_code == 409
        assert (await samira.post("/membres/999/rencontre")).status_code == 404
        nowhere = await world.browser_of(cast.samira, place_id=None)
        assert (await nowhere.post(f"/membres/{cast.newcomer}/rencontre")).status_code == 404
        assert await run("select count(*) as n from encounter") == [{"n": 0}]


class TestOneMember:
    async def test_listed_mediating_or_oneself(self, cast: Cast, world: World) -> None:
        fatou = await listed(cast, "Fatou", "Une ligne.")
        browser = await world.browser_of(cast.samira, place_id=cast.place)
        assert "Une ligne." in words(await browser.get(f"/membres/{fatou}"))
        assert "Fait la médiation ici" in words(await browser.get(f"/membres/{cast.bruno}"))
        assert "Je change ma page" in words(await browser.get(f"/membres/{cast.samira}"))

    async def test_others_are_as_nobody(self, cast: Cast, world: World) -> None:
        browser = await world.browser_of(cast.samira, place_id=cast.place)
        hidden, nobody = await browser.get(f"/membres/{cast.karim}"), await browser.get("/membres/999")
        assert hidden.status_code == nobody.status_code == 404
        assert words(hidden) == words(nobody)
        assert (await browser.get(f"/membres/{10**25}")).status_code == 404

    async def test_a_host_shows_the_name_alone(self, cast: Cast, world: World) -> None:
        async with transaction():
            await Member.update({Member.about: "Une ligne privée."}).where(Member.id == cast.karim)
        await make_workshop(place_id=cast.place, host=cast.karim, mediator=cast.bruno)
        answer = await (await world.browser_of(cast.samira, place_id=cast.place)).get(f"/membres/{cast.karim}")
        assert answer.status_code == 200
        assert "Une ligne privée" not in words(answer)

    async def test_not_for_newcomers_nor_from_another_place(self, cast: Cast, world: World) -> None:
        fatou = await listed(cast, "Fatou")
        other = await make_place(name="Le Canal")
        assert (
            await (await world.browser_of(cast.newcomer, place_id=cast.place)).get(f"/membres/{fatou}")
        ).status_code == 404
        there = await make_member(place_id=other)
        assert (await (await world.browser_of(there, place_id=other)).get(f"/membres/{fatou}")).status_code == 404


class TestSearch:
    def visit(self, cast: Cast, *, met: bool = True, member: bool = True) -> Visit:
        me = Me(cast.samira, "Samira", mediator=False, met=met, belongs=True)
        return Visit(
            now=NOON, member=me if member else None, place=Spot(cast.place, "les-tanneurs", "Les Tanneurs", "")
        )

    async def test_people_are_found_by_those_who_see_names(self, cast: Cast) -> None:
        await listed(cast, "Élodie Martin")

        async def found(asked: str, **who: bool) -> list[str]:
            return [each.title for each in await search(self.visit(cast, **who), asked, 10)]

        assert await found("elod") == ["Élodie Martin"]
        assert await found("martin") == ["Élodie Martin"]
        assert await found("elod", met=False) == []
        assert await found("elod", member=False) == []
        assert await found("karim") == []
        assert await found("tanneurs", member=False) == ["Les Tanneurs"]
        assert await found("") == []


class TestAHundredThousand:
    async def test_above_some_hundreds_nobody_is_counted(
        self, cast: Cast, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(queries, "MOST_COUNTED", 2)
        monkeypatch.setattr(queries, "A_PAGE", 2)
        browser = await world.browser_of(cast.samira, place_id=cast.place)
        for name in ("Zoé", "Fatou"):
            await listed(cast, name)
        assert "Dans la liste 2 personnes" in words(await browser.get("/membres"))
        await listed(cast, "Aminata")
        assert "Dans la liste Plus de 2 personnes" in words(await browser.get("/membres"))
