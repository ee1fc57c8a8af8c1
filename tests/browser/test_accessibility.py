"""Every page, as each kind of person finds it, in each light and width: what axe-core finds, and what it leaves out.

Pages are found by following links (`tests.browser.site`); forms with errors, empty lists and pages of errors are named
here. Each page is opened once and looked at in turn on a phone and a computer, light and dark. axe-core, which is slow,
skips a page that holds no shape but those that it has seen: its rules ask how a page is built, not what it says.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import PageOpener
from tests.browser.looks import enlarge_text, ill_built, overflowing, shapes, small_targets, wider_than_the_window
from tests.browser.site import kind_of, pages_of
from tests.browser.steps import ZINEB, button, join, let_in, publish

HEIGHT = 844
PEOPLE = ["visitor", "samira", "karim", "odile", "helene", "rosa", "zineb"]
"""A visitor, a member, a newcomer, who opens meals, a mediator, somebody of the bureau who keeps the place, and the
welcome turn."""
SHEETS = ("/affiche", "/liste", "/feuille", "/tours/jour")
"""A4, whatever the window."""
SAME = ({"/", "/agenda"},)
"""Pages that are one: the first page of members is the agenda."""
seen: set[str] = set()


@dataclass
class Findings:
    """What was found, where; and which page had which title."""

    faults: list[str] = field(default_factory=list)
    titles: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, page: Page, where: str, found: Sequence[object]) -> None:
        path = page.url.split("/", 3)[-1]
        self.faults += [f"/{path} ({where}): {fault}" for fault in found]

    def hold(self) -> None:
        assert not self.faults, f"{len(self.faults)} found:\n" + "\n".join(self.faults)


async def as_tall_as_it_is(page: Page, width: int) -> None:
    """Show the whole page at once, or the bar at the bottom of a phone would lie over what axe-core measures."""
    await page.set_viewport_size({"width": width, "height": HEIGHT})
    await page.set_viewport_size({"width": width, "height": await page.evaluate("document.body.scrollHeight")})


async def look_at(page: Page, findings: Findings) -> None:
    """All the looks at the page as it stands."""
    new = await shapes(page) - seen
    seen.update(new)
    await as_tall_as_it_is(page, 390)
    findings.add(page, "built", await ill_built(page))
    findings.add(page, "fingers", await small_targets(page))
    for width in (390, 1280) if new else ():
        await as_tall_as_it_is(page, width)
        findings.add(page, f"{width} px", await violations(page))
        await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        findings.add(page, f"dark, {width} px", await violations(page, only=("color-contrast",)))
        await page.emulate_media(color_scheme="light", reduced_motion="reduce")
    if urlsplit(page.url).path.endswith(SHEETS):
        return
    for width in (1280, 640, 390, 320) if new else (390, 320):
        await page.set_viewport_size({"width": width, "height": HEIGHT})
        findings.add(page, f"{width} px", await overflowing(page))
    await page.set_viewport_size({"width": 390, "height": HEIGHT})
    await enlarge_text(page)
    findings.add(page, "text at 200 %", await wider_than_the_window(page))


async def look_around(first: Page, addresses: Sequence[str], findings: Findings) -> None:
    """Look at all these pages, in two tabs."""
    tabs = [first, await first.context.new_page()]
    shares: dict[Page, list[str]] = {tab: [] for tab in tabs}
    for tab, address in zip(cycle(tabs), addresses, strict=False):
        shares[tab].append(address)

    async def look(tab: Page, mine: Sequence[str]) -> None:
        for address in mine:
            await tab.goto(address)
            findings.titles[await tab.title()].add(kind_of(address).split("?")[0])
            await look_at(tab, findings)

    await asyncio.gather(*(look(tab, mine) for tab, mine in shares.items()))


def few_of_each(addresses: Sequence[str], most: int) -> list[str]:
    """At most so many of each path, whatever is asked of it."""
    kept: dict[str, list[str]] = defaultdict(list)
    for address in addresses:
        kept[kind_of(address).split("?")[0]].append(address)
    return [address for same in kept.values() for address in same[:most]]


async def person(member: PageOpener, new_page: PageOpener, name: str) -> Page:
    if name == "visitor":
        return await new_page("phone")
    return await member(ZINEB if name == "zineb" else f"{name}@exemple.fr")


class TestEveryPage:
    @pytest.mark.parametrize("name", PEOPLE)
    async def test_whoever_looks(self, member: PageOpener, new_page: PageOpener, name: str) -> None:
        page, findings = await person(member, new_page, name), Findings()
        addresses = few_of_each(await pages_of(page, most=2), 4 if name == "samira" else 2)
        assert len(addresses) > 20, addresses
        await look_around(page, addresses, findings)
        twice = [f"“{title}” is {kinds}" for title, kinds in findings.titles.items() if len(kinds) > 1]
        findings.faults += [each for each in twice if not any(each.endswith(str(same)) for same in SAME)]
        findings.hold()

    async def test_in_english(self, member: PageOpener) -> None:
        page, findings = await member("membre30@exemple.fr"), Findings()
        await page.goto("/")
        assert await page.locator("html").get_attribute("lang") == "fr"
        await page.get_by_role("link", name="English", exact=True).click()
        await button(page, "English").click()
        await expect(page.locator("html")).to_have_attribute("lang", "en")
        addresses = (await pages_of(page))[::4]
        await look_around(page, addresses, findings)
        for address in addresses:
            await page.goto(address)
            assert await page.locator("html").get_attribute("lang") == "en", address
        findings.hold()

    async def test_where_there_is_nothing_yet(self, new_page: PageOpener) -> None:
        page, findings = await new_page("phone"), Findings()
        await page.goto("/inscription")
        await join(page, "Nouvelle", "rien.encore@exemple.fr")
        await page.goto("/mes-rendez-vous")
        await expect(page.locator(".empty")).to_contain_text("Rien de noté pour l’instant")
        empty = ["/agenda?du=2031-01-06", "/agenda?genre=a-moi", "/recherche?q=zzzz", "/ateliers?page=90"]
        for address in empty:
            await page.goto(address)
            await expect(page.locator("main .empty").first).to_be_visible()
        mine = ["/mes-rendez-vous", "/membres", "/moi", "/moi/calendrier", "/agenda/mois?mois=2031-01"]
        await look_around(page, [*empty, *mine], findings)
        findings.hold()

    @pytest.mark.parametrize(
        ("name", "address", "words"),
        [
            ("visitor", "/nulle-part", "n’existe pas"),
            ("visitor", "/ateliers/999999", "n’existe pas"),
            ("visitor", "/connexion/lien/perdu", "fini"),
            ("samira", "/mediation", "Ce n’est pas possible"),
            ("samira", "/bureau", "Ce n’est pas possible"),
            ("helene", "/ateliers/nouveau", "médiation"),
        ],
    )
    async def test_where_it_does_not_work(
        self, member: PageOpener, new_page: PageOpener, name: str, address: str, words: str
    ) -> None:
        page, findings = await person(member, new_page, name), Findings()
        await page.goto(address)
        await expect(page.locator("main")).to_contain_text(words)
        assert await page.locator("main a[href^='/']").count(), "no way out"
        await look_at(page, findings)
        findings.hold()


class TestFormsWithErrors:
    """Each form, sent as it should not be: 422, and as easy to read and to reach as before."""

    async def look(self, page: Page, address: str, forms: dict[str, str], findings: Findings) -> None:
        """`forms`: what one empties of each, by the selector of the form."""
        for form, emptied in forms.items():
            await page.set_viewport_size({"width": 390, "height": HEIGHT})
            await page.goto(address)
            wrong = page.locator(form)
            for details in await wrong.locator("xpath=ancestor::details").all():
                await details.evaluate("details => { details.open = true; }")
            if emptied:
                await wrong.locator(emptied).fill("")
            async with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
                await wrong.evaluate("form => form.requestSubmit(form.querySelector('button:not([name])'))")
            assert (await answered.value).status == 422, f"{address} {form}"
            await expect(page.locator(".at-fault, [aria-invalid=true]").first).to_be_visible()
            await look_at(page, findings)

    async def test_of_erasing_oneself(self, member: PageOpener) -> None:
        page, findings = await member("karim@exemple.fr"), Findings()
        where = "/moi/donnees/effacement"
        await self.look(page, where, {f"form[action='{where}']": ""}, findings)
        findings.hold()

    async def test_of_getting_in(self, new_page: PageOpener) -> None:
        page, findings = await new_page("phone"), Findings()
        await self.look(page, "/inscription", {"form[action='/inscription']": ""}, findings)
        assert re.match(r"Erreur\s: ", await page.title())
        await self.look(page, "/connexion", {"form:has(input[name=password])": ""}, findings)
        await page.goto("/inscription")
        await page.get_by_label("Le prénom, ou le nom à afficher").fill("Léo")
        await page.get_by_label("L’adresse mail").fill("leo@exemple.fr")
        await page.locator("label", has_text="Le Réseau du Canal").click()
        await page.get_by_label("D’accord avec les règles de la maison").check()
        await button(page, "Je rejoins Le Réseau").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Un mail est parti")
        await look_at(page, findings)
        await self.look(page, "/inscription/code", {"form[action='/inscription/code']": ""}, findings)
        findings.hold()

    async def test_of_a_member(self, member: PageOpener) -> None:
        page, findings = await member("samira@exemple.fr"), Findings()
        path = await publish(page, await member("helene@exemple.fr"), "Des fautes, exprès")
        await self.look(page, "/ateliers/nouveau", {"#proposition": ""}, findings)
        await self.look(page, f"{path}/modifier", {"#proposition": "input[name=title]"}, findings)
        await self.look(page, f"{path}/annulation", {"form[action$='/annulation']": ""}, findings)
        await self.look(page, path, {f"form[action$='/{each}']": "" for each in ("invites", "invitations")}, findings)
        await self.look(
            page,
            "/moi",
            {"form[action='/moi']": "input[name=name]", "form[action='/moi/mot-de-passe']": ""},
            findings,
        )
        await self.look(page, "/moi", {"form[action='/moi/adresse']": ""}, findings)
        await self.look(page, "/moi/calendrier", {"form[action='/moi/calendrier']": ""}, findings)
        await page.goto("/ateliers")
        sent_back = await page.locator("[data-state=sent_back] a").first.get_attribute("href") or ""
        await self.look(page, sent_back, {"form[action$='/contestation']": ""}, findings)
        findings.hold()

    async def test_of_the_welcome_turn(self, member: PageOpener) -> None:
        page, findings = await member(ZINEB), Findings()
        await self.look(page, "/accueil", {"main form[method=post]": ""}, findings)
        await let_in(page, "Mariétou")
        await look_at(page, findings)
        await page.goto("/accueil?q=mariet")
        await look_at(page, findings)
        await page.get_by_role("link", name="Mariétou").click()
        await look_at(page, findings)
        findings.hold()

    async def test_of_a_mediator(self, member: PageOpener) -> None:
        page, findings = await member("helene@exemple.fr"), Findings()
        await page.goto("/mediation?voir=a-relire")
        first = await page.locator("#dossier a").get_attribute("href") or ""
        await self.look(page, first, {"#reponse": ""}, findings)
        findings.hold()

    async def test_of_whoever_opens_meals(self, member: PageOpener) -> None:
        page, findings = await member("odile@exemple.fr"), Findings()
        await page.goto("/repas")
        meal = await page.locator(".strip[data-state=open] h3 a").first.get_attribute("href") or ""
        await page.goto("/repas/plats")
        dish = await page.locator("main .queue a").first.get_attribute("href") or ""
        await self.look(page, "/repas/nouveau", {"#repas": ""}, findings)
        await self.look(page, f"{meal}/changer", {"#repas": "input[name=title]"}, findings)
        await self.look(page, f"{meal}/annulation", {"form[action$='/annulation']": ""}, findings)
        await self.look(page, meal, {"form[action*='/invites']": ""}, findings)
        await self.look(page, "/repas/plats/nouveau", {"form[action='/repas/plats']": ""}, findings)
        await self.look(page, f"{dish}/changer", {"form[action$='/changer']": "input[name=name]"}, findings)
        findings.hold()

    async def test_of_whoever_keeps_the_place(self, member: PageOpener) -> None:
        page, findings = await member("rosa@exemple.fr"), Findings()
        base = "/lieux/les-tanneurs"
        forms = {
            f"form[action='{base}/reglages']": "input[name=name]",
            f"form[action='{base}/salles']": "",
            f"form[action='{base}/horaires']": "input[name=d0_from_0]",
            f"form[action='{base}/fermetures']": "",
            f"form[action='{base}/roles']": "",
        }
        await self.look(page, f"{base}/reglages", forms, findings)
        await self.look(page, "/repas/prix", {"form[action='/repas/prix']": "input[name=fair]"}, findings)
        findings.hold()


class TestLooks:
    """The looks that are ours find what they are there to find."""

    PLANTED = """<!doctype html><html lang="fr"><meta name="viewport" content="width=device-width">
        <title>Une page</title><main><h1>Un</h1><h1>Deux</h1><h3>Trois</h3>
        <p><a id="x" href="/a">petit</a></p><p>Une phrase avec <a href="/b">un lien</a> dedans.</p><p id="x">None</p>
        <input name="nom"><a href="#nulle-part">ancre</a><div class="wide">large</div></main></html>"""

    async def test_they_find_planted_faults(self, new_page: PageOpener) -> None:
        page = await new_page("phone")
        await page.set_content(self.PLANTED)
        await page.evaluate("document.querySelector('.wide').style.width = '900px'")
        built = "\n".join(await ill_built(page))
        for word in ("2 first headings", "h3 after h1", "no label", "two elements are #x", "nulle-part", "a program"):
            assert word in built
        fingers = "\n".join(await small_targets(page))
        assert "“petit”" in fingers
        assert "“un lien”" not in fingers
        assert any("ends at" in fault for fault in await overflowing(page))
        assert any("ends at" in fault for fault in await wider_than_the_window(page))

    async def test_larger_text_is_larger(self, new_page: PageOpener) -> None:
        page = await new_page("phone")
        await page.goto("/aide")
        size = "parseFloat(getComputedStyle(document.querySelector('main p')).fontSize)"
        before = await page.evaluate(size)
        await enlarge_text(page)
        assert await page.evaluate(size) == pytest.approx(before * 2)
