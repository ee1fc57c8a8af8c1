"""Search and the pages of the house: what is found by whom, what hostile words do, and that what is told is true."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest

from app.calendar.pages_feeds import COOKIE as FEED_ADDRESS
from app.database import Store, run, transaction
from app.finding import LONGEST_QUERY
from app.identity.cookies import SESSION, WAITING
from app.identity.sessions import LIFE
from app.identity.states import Device
from app.identity.visits import Visit
from app.main import REGISTRY
from app.notices.states import KEPT_FOR
from app.web.flash import NAME as FLASH
from app.web.search import HOUSE, MOST, search_page
from tests.client import NOON, Browser, World, words
from tests.factories import a_proposal, make_member, make_place, make_workshop
from tests.people import Cast, make_cast
from workshops import commands
from workshops.rules import GUESTS_KEPT_FOR

HOUSE_PAGES = ("/confidentialite", "/mentions-legales", "/accessibilite", "/charte", "/aide")


class Scene:
    """The cast, the application, and a browser for each person."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.world = World()

    async def as_(self, member_id: int) -> Browser:
        return await self.world.browser_of(member_id, place_id=self.cast.place)


@pytest.fixture
async def scene(db: Store) -> Scene:
    return Scene(await make_cast())


async def search(browser: Browser, written: str) -> httpx.Response:
    return await browser.http.get("/recherche", params={"q": written})


def found(page: httpx.Response) -> list[str]:
    """Titles of the results, in order."""
    return [re.sub("<[^>]+>", "", title) for title in re.findall(r"<span><b>(.*?)</b>", page.text)]


class TestSearch:
    async def test_before_any_word_there_is_a_field_and_no_advice(self, scene: Scene) -> None:
        page = await scene.world.browser().get("/recherche")
        assert page.status_code == 200
        assert 'name="q"' in page.text
        assert "Rien trouvé." not in words(page)
        assert found(page) == []

    async def test_results_are_grouped_things_first_and_marked(self, scene: Scene) -> None:
        cast = scene.cast
        await make_member(name="Élodie Perlé", place_id=cast.place, listed=True)
        await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno, title="Colliers de perles")
        page = await search(await scene.as_(cast.samira), "PERLE")
        assert found(page) == ["Colliers de perles", "Élodie Perlé"]
        assert "Colliers de <mark>perle</mark>s" in page.text
        assert "Élodie <mark>Perlé</mark>" in page.text
        assert re.findall(r'<h2 class="rule"[^>]*>([^<]+)', page.text) == ["Ateliers ", "Membres "]
        assert "2 résultats" in words(page)
        assert 'value="PERLE"' in page.text

    async def test_places_and_pages_of_the_house_are_found(self, scene: Scene) -> None:
        visitor = scene.world.browser()
        assert found(await search(visitor, "tanneurs")) == ["Les Tanneurs"]
        assert found(await search(visitor, "comment venir")) == ["Comment venir"]
        assert found(await search(visitor, "mot de passe")) == []
        assert found(await search(await scene.as_(scene.cast.samira), "mot de passe")) == ["Mon compte"]

    async def test_names_are_for_members_who_have_been_met_and_only_of_the_listed(self, scene: Scene) -> None:
        cast = scene.cast
        elsewhere = await make_place(slug="ailleurs")
        await make_member(name="Perle Ici", place_id=cast.place, listed=True)
        await make_member(name="Perle Discrète", place_id=cast.place, listed=False)
        await make_member(name="Perle Ailleurs", place_id=elsewhere, listed=True)
        gone = await make_member(name="Perle Partie", place_id=cast.place, listed=True)
        async with transaction():
            await run("update member set erased_at = {} where id = {}", NOON, gone)
        assert found(await search(await scene.as_(cast.samira), "perle")) == ["Perle Ici"]
        assert found(await search(await scene.as_(cast.bruno), "perle")) == ["Perle Ici"]
        assert found(await search(await scene.as_(cast.newcomer), "perle")) == []
        assert found(await search(scene.world.browser(), "perle")) == []
        stray = await scene.world.browser_of(cast.samira, place_id=elsewhere)
        assert found(await search(stray, "perle")) == [], "a member here, but not there"

    async def test_another_persons_draft_is_never_found(self, scene: Scene) -> None:
        cast = scene.cast
        await commands.propose(
            actor=cast.yann,
            place_id=cast.place,
            proposal=a_proposal(title="Perle cachée"),
            draft=True,
            once="d",
            now=NOON,
        )
        for member in (cast.samira, cast.bruno, cast.rosa, cast.newcomer):
            page = await search(await scene.as_(member), "perle")
            assert found(page) == []
            assert "cachée" not in page.text
        page = await search(await scene.as_(cast.yann), "perle")
        assert found(page) == ["Perle cachée"]
        assert "Brouillon" in words(page)

    async def test_nothing_found_gives_advice(self, scene: Scene) -> None:
        assert "On ne cherche que dans ce que tu peux voir." in words(
            await search(await scene.as_(scene.cast.samira), "introuvable")
        )
        assert "une fois à l’intérieur" in words(await search(scene.world.browser(), "introuvable"))

    @pytest.mark.parametrize("written", ["a", "é", " z ", "'", "%"])
    async def test_one_letter_is_not_enough(self, scene: Scene, written: str) -> None:
        page = await search(scene.world.browser(), written)
        assert page.status_code == 200
        assert "Il faut au moins 2 lettres." in words(page)
        assert "Rien trouvé." not in words(page)

    @pytest.mark.parametrize(
        "written",
        [
            *["%%", "%_%", "__", "!!", "\\", "'", '"', "' or 1=1 --", "'; drop table member; --", "{}", "{0}", "%(n)s"],
            *["cv\x00", "\x00", "\u202ecv", "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}"],
            *["ﷺ" * 100, "e\u0301" * 300, "a " * 500, "🦄🦄", "x" * 60_000],
        ],
    )
    async def test_hostile_words_are_words(self, scene: Scene, written: str) -> None:
        cast = scene.cast
        await make_member(name="Zoé", place_id=cast.place, listed=True)
        page = await search(await scene.as_(cast.samira), written)
        assert page.status_code == 200
        assert "Zoé" not in found(page)
        assert "<script>alert" not in page.text
        assert "<img" not in page.text
        assert len(page.text) < 60_000
        assert await run("select 1 as one from member limit 1"), "the table is still there"

    @pytest.mark.parametrize(
        "query", ["q=%ff%fe", "q=%ed%a0%80", "q=%00cv", "q=a&q=cv", "q[]=cv", "q", "=", "q=%", "q=+"]
    )
    async def test_hostile_addresses_are_answered(self, scene: Scene, query: str) -> None:
        assert (await scene.world.browser().get(f"/recherche?{query}")).status_code in (200, 400)

    async def test_too_many_results_are_cut_and_said(self, scene: Scene) -> None:
        cast = scene.cast
        for n in range(MOST + 1):
            await make_member(name=f"Camille {n:02}", place_id=cast.place, listed=True)
        page = await search(await scene.as_(cast.samira), "camille")
        assert found(page) == [f"Camille {n:02}" for n in range(MOST)]
        assert f"Plus de {MOST} résultats" in words(page)
        assert "Un mot de plus, et la liste sera plus courte." in words(page)
        page = await search(await scene.as_(cast.samira), "camille 1")
        assert "Plus de" not in words(page)

    @pytest.mark.parametrize("number", [1, 20])
    async def test_a_fixed_number_of_queries(self, scene: Scene, db: Store, number: int) -> None:
        cast = scene.cast
        for n in range(number):
            host = await make_member(name=f"Perle {n}", place_id=cast.place, listed=True)
            await make_workshop(place_id=cast.place, host=host, mediator=cast.bruno, title=f"Perle {n}")
        member = await scene.as_(cast.samira)
        before = db.query_id
        page = await search(member, "perle")
        assert len(found(page)) == 2 * number
        assert db.query_id - before == 10, (
            "the visit, members, places, workshops and meals to come and past, dishes, duties, turns"
        )

    async def test_a_megabyte_is_cut_before_it_is_read(self, scene: Scene) -> None:
        page = await search_page(Visit(now=NOON), REGISTRY, "x" * 1_000_000)
        assert page.written == "x" * LONGEST_QUERY
        assert page.groups == []

    async def test_what_is_not_found_at_an_address_can_be_searched(self, scene: Scene) -> None:
        page = await scene.world.browser().get("/nulle-part")
        assert page.status_code == 404
        assert 'href="/recherche"' in page.text


class TestShortcuts:
    async def test_each_page_of_the_house_is_there_for_whom_it_is_told(self, scene: Scene) -> None:
        member, visitor = await scene.as_(scene.cast.samira), scene.world.browser()
        for shortcut in HOUSE:
            assert (await member.get(shortcut.href)).status_code in (200, 303), shortcut.href
            answer = await visitor.get(shortcut.href)
            assert answer.status_code == (303 if shortcut.for_members else 200), shortcut.href


class TestHousePages:
    @pytest.mark.parametrize("path", HOUSE_PAGES)
    async def test_everybody_reads_them_and_they_set_nothing(self, scene: Scene, path: str) -> None:
        visitor = scene.world.browser()
        page = await visitor.get(path)
        assert page.status_code == 200
        assert page.text.count("<h1") == 1
        assert (await (await scene.as_(scene.cast.samira)).get(path)).status_code == 200
        english = scene.world.browser(**{"Accept-Language": "en"})
        assert '<html lang="en"' in (await english.get(path)).text

    @pytest.mark.parametrize("path", HOUSE_PAGES)
    async def test_none_of_their_links_is_dead(self, scene: Scene, path: str) -> None:
        member = await scene.as_(scene.cast.samira)
        main = (await member.get(path)).text.split("<main")[1]
        links = set(re.findall(r'href="(/[^"#]*)"', main))
        for link in links - {path}:
            assert (await member.get(link)).status_code in (200, 303), f"{path} → {link}"

    @pytest.mark.parametrize("path", HOUSE_PAGES)
    async def test_they_work_before_any_place_is_there(self, db: Store, path: str) -> None:
        assert (await World().browser().get(path)).status_code == 200

    async def test_the_footer_leads_to_them(self, scene: Scene) -> None:
        footer = (await scene.world.browser().get("/charte")).text.split('class="page-foot"')[1]
        assert set(HOUSE_PAGES) <= set(re.findall(r'href="([^"]+)"', footer))

    async def test_what_is_kept_is_told_by_each_domain_with_its_real_durations(self, scene: Scene) -> None:
        page = words(await scene.world.browser().get("/confidentialite"))
        assert len(REGISTRY.keeps) > 10
        assert page.count("Qui d’autre le voit :") == page.count("Combien de temps :") == len(REGISTRY.keeps)
        assert f"{LIFE[Device.MINE].days} jours au plus sur un appareil à soi" in page
        assert f"{KEPT_FOR.days} jours, avec le message" in page
        assert page.count("Les messages envoyés par mail") == page.count("Les adresses du calendrier") == 1
        assert (
            re.search(
                r"\b(toi|tes|tu as)\b", page[page.index("Qui d’autre le voit") : page.rindex("Combien de temps")], re.I
            )
            is None
        )
        assert f"{GUESTS_KEPT_FOR.days} jours après l’atelier" in page

    async def test_each_cookie_of_ours_is_told(self, scene: Scene) -> None:
        page = await scene.world.browser().get("/confidentialite")
        told = set(re.findall(r'<th scope="row">([^<]+)</th>', page.text))
        assert told == {SESSION, "visite", WAITING, FLASH, FEED_ADDRESS, "langue, theme"}

    async def test_no_cookie_lives_longer_than_told(self, scene: Scene) -> None:
        answer = await scene.world.browser().post("/langue", {"language": "en", "theme": "dark"})
        ages = {int(age) for age in re.findall(r"Max-Age=(\d+)", " ".join(answer.headers.get_list("set-cookie")))}
        assert max(ages) == timedelta(days=365).total_seconds()

    async def test_the_place_answers_for_itself(self, scene: Scene) -> None:
        for path in ("/confidentialite", "/mentions-legales", "/accessibilite", "/aide"):
            page = await scene.world.browser().get(path)
            assert "14 rue des Tanneurs" in words(page)
            assert 'href="mailto:bonjour@tanneurs.exemple"' in page.text

    async def test_the_help_answers_what_people_ask_about_meals(self, scene: Scene) -> None:
        page = await scene.world.browser().get("/aide")
        assert "Dix-sept réponses courtes" in words(page)
        assert page.text.count('<h2 class="h3">') == 17
        for question in (
            "Comment manger à un repas partagé ?",
            "Je ne peux plus venir au repas.",
            "Combien coûte un repas ?",
            "C’est quoi, un repas suspendu ?",
            "Et les allergies ?",
            "Qui cuisine ?",
        ):
            assert question in words(page)
        assert 'href="/repas"' in page.text

    async def test_who_publishes_and_hosts_comes_from_the_settings(self, scene: Scene) -> None:
        bare = words(await scene.world.browser().get("/mentions-legales"))
        assert "n’ont pas encore été écrits ici" in bare
        told = World(publisher="Association <Les Tanneurs>, Rosa M.", hosted_by="Machine & Cie, 1 rue du Fil")
        page = await told.browser().get("/mentions-legales")
        assert "Association &lt;Les Tanneurs&gt;, Rosa M." in page.text
        assert "Machine &amp; Cie, 1 rue du Fil" in page.text
        assert "n’ont pas encore été écrits" not in words(page)

    async def test_accessibility_claims_no_audit(self, scene: Scene) -> None:
        assert "État : non audité." in words(await scene.world.browser().get("/accessibilite"))


class TestAccident:
    async def test_its_number_is_shown(self, scene: Scene) -> None:
        page = await scene.world.browser().get("/erreur/0123abcdef")
        assert page.status_code == 500
        assert '<b class="reference">0123abcdef</b>' in page.text

    @pytest.mark.parametrize(
        "reference",
        ["0123abcde", "0123abcdef0", "0123ABCDEF", "Appelle le 08…", "<b>x</b>", "%0a0123abcdef", "१२३४५६७८९०"],
    )
    async def test_whatever_else_is_written_there_is_not(self, scene: Scene, reference: str) -> None:
        page = await scene.world.browser().get(f"/erreur/{reference}")
        assert page.status_code in (404, 500)
        assert 'class="reference"' not in page.text
        assert "Appelle" not in page.text


async def test_robots_are_told_what_to_leave_alone(db: Store) -> None:
    answer = await World().browser().get("/robots.txt")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "Disallow: /connexion" in answer.text
    assert "Disallow: /\n" not in answer.text
