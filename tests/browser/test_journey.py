"""One story from end to end, as people live it: on a phone and on a computer, with JavaScript and without.

A visitor joins, proposes a workshop in a room that is taken, repairs it, changes it as a mediator asks, and hosts it;
others come by the agenda, by its page and by a friend; it is full, somebody waits, somebody leaves, the place passes
on; it is cancelled, and the calendar in a pocket says so.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count

import pytest
from playwright.async_api import Page, expect
from playwright.async_api import TimeoutError as PlaywrightTimeout

from app.clock import PARIS, local
from tests.browser.conftest import PageOpener
from tests.browser.steps import ZINEB, button, fill_sign_in, join, let_in

SUMMARY = "On lit à voix haute une lettre de chacun, puis on dit ce qu’on a retenu."
REASON = "On ne voit pas pour combien de temps."
WAY_OUT = "Dire en une phrase combien de lettres on lira."
CANCELLED = "La chaudière est en panne, il fait dix degrés."
stories = count(1)


async def panel_is(page: Page, words: str) -> None:
    await expect(page.locator("#inscription h2")).to_have_text(words)


async def starts_ahead(page: Page, number: int) -> list[datetime]:
    """The starts of published workshops, two days ahead or more; each story begins with another one."""
    await page.goto("/ateliers")
    starts = []
    for strip in await page.locator(".strips .strip[data-state=published]").all():
        at = datetime.fromisoformat(await strip.locator("time").get_attribute("datetime") or "")
        if at > datetime.now(PARIS) + timedelta(days=2) and "à trouver" not in await strip.inner_text():
            starts.append(local(at))
    assert len(starts) >= number * 2, "the demonstration has too few workshops ahead"
    return starts[number * 2 - 1 :]


async def look_around(page: Page) -> None:
    """A visitor reads the first page and one workshop, and finds the way in."""
    await page.goto("/")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(page.get_by_role("heading", name="Venir")).to_be_visible()
    await page.goto("/ateliers")
    await page.locator(".strip[data-state=published] a").first.click()
    await expect(page.get_by_role("heading", name="En bref")).to_be_visible()
    await expect(page.get_by_role("link", name="J’entre pour m’inscrire")).to_be_visible()
    await page.get_by_role("link", name="Il s’en crée un en deux minutes.").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Une place à table")


async def a_taken_room(page: Page, starts: Sequence[datetime]) -> tuple[datetime, str]:
    """The first of these hours at which a room of this place is taken (some workshops are elsewhere, or in none), and
    that room; the form is at that hour."""
    taken = page.locator("#field-room option", has_text="prise à cette heure").first
    for at in starts:
        await page.get_by_label("Le jour").fill(f"{at:%Y-%m-%d}")
        await page.get_by_label("De", exact=True).fill(f"{at:%H:%M}")
        await page.get_by_label("À", exact=True).fill(f"{at + timedelta(hours=1):%H:%M}")
        async with page.expect_response(lambda answer: "/ateliers" in answer.url):
            await button(page, "Quelles salles sont libres ?").click()
        with suppress(PlaywrightTimeout):
            await taken.wait_for(state="attached", timeout=2000)
            return at, str(await taken.get_attribute("value"))
    raise AssertionError("no room is taken at any of these hours")


async def propose(page: Page, title: str, starts: Sequence[datetime]) -> tuple[str, datetime]:
    """First in a room that is taken; what repairs it is one button away, and nothing of what was written is lost."""
    await page.goto("/ateliers/nouveau")
    await page.locator("label", has_text="Atelier libre").click()
    await page.get_by_label("Son nom").fill(title)
    await page.get_by_label("En deux phrases").fill(SUMMARY)
    await page.get_by_label("Combien de places").fill("3")
    at, room = await a_taken_room(page, starts)
    await page.get_by_label("La salle", exact=True).select_option(room)
    await button(page, "Je propose").click()
    await expect(page.locator("#summary")).to_contain_text("Il reste 1 chose à voir")
    await expect(page.get_by_label("Son nom")).to_have_value(title)
    await expect(page.get_by_label("En deux phrases")).to_have_value(SUMMARY)
    await expect(page.get_by_label("Le jour")).to_have_value(f"{at:%Y-%m-%d}")
    await expect(page.locator("button[name=shift]").first).to_be_visible()
    await page.locator("button[name=room]", has_text="Prendre : ").first.click()
    await expect(page.locator("#avis")).to_contain_text("C’est proposé. Merci !")
    await expect(page.get_by_role("heading", level=1)).to_have_text(title)
    await expect(page.locator("article[data-state=proposed]")).to_be_visible()
    return page.url, at


async def read_it(page: Page, title: str, answer: str) -> None:
    """A mediator finds it on the desk."""
    await page.goto("/mediation")
    await page.get_by_role("link", name=re.compile(rf"^{re.escape(title)}")).first.click()
    await expect(page.locator("#dossier")).to_have_text(title)
    await page.locator("#reponse label", has_text=answer).click()


async def ask_for_a_change(page: Page, title: str) -> None:
    await read_it(page, title, "Je demande un changement")
    await button(page, "J’envoie ma réponse").click()
    await expect(page.locator("#summary")).to_be_visible()  # a change without a reason is none
    await page.get_by_label("Ce qui coince").fill(REASON)
    await page.get_by_label("Ce qui conviendrait").fill(WAY_OUT)
    await button(page, "J’envoie ma réponse").click()
    await expect(page.locator("#summary")).to_be_hidden()
    await expect(page.locator("#avis .notice")).to_be_visible()


async def change_it(page: Page, where: str) -> None:
    """Its host reads why, in the mediator's own words, changes it, and proposes it again."""
    await page.goto(where)
    await expect(page.locator("#parcours")).to_contain_text(REASON)
    await expect(page.locator("#parcours")).to_contain_text(WAY_OUT)
    await page.get_by_role("link", name="Modifier").click()
    await page.get_by_label("En deux phrases").fill(f"{SUMMARY} Trois lettres, pas plus.")
    await button(page, "C’est changé, je propose de nouveau").click()
    await expect(page.locator("article[data-state=proposed]")).to_be_visible()


async def agree(page: Page, title: str, where: str) -> None:
    await read_it(page, title, "C’est d’accord")
    await button(page, "J’envoie ma réponse").click()
    await expect(page.locator("#avis .notice")).to_be_visible()
    await page.goto(where)
    await expect(page.locator("article[data-state=published]")).to_be_visible()


async def sign_up_in_the_agenda(page: Page, workshop: str, at: datetime) -> None:
    await page.goto(f"/agenda?du={at:%Y-%m-%d}")
    strip = page.locator(f".strip[data-kind=workshop][data-id='{workshop}']")
    await expect(strip).to_have_attribute("data-seats-left", "3")
    await button(strip, "Je m’inscris").click()
    await expect(page.locator("#avis")).to_contain_text("C’est noté")
    await page.goto(f"/agenda?du={at:%Y-%m-%d}")
    await expect(strip.locator(".kind")).to_contain_text("Tu as ta place")


async def sign_up_with_a_friend(page: Page, where: str) -> None:
    await page.goto(where)
    await button(page.locator("#inscription"), "Je m’inscris").click()
    await panel_is(page, "Tu as ta place")
    await page.get_by_label("Son prénom").fill("Marcel")
    await button(page, "J’inscris cette personne").click()
    await expect(page.locator("#avis")).to_contain_text("Marcel a sa place")


async def wait_for_a_place(page: Page, where: str) -> None:
    await page.goto(where)
    await button(page.locator("#inscription"), "J’attends une place").click()
    await panel_is(page, "Tu es en liste d’attente")
    await expect(page.locator("#inscription")).to_have_attribute("data-rank", "1")


async def leave(page: Page, where: str) -> None:
    await page.goto(where)
    await page.locator("#inscription").get_by_role("link", name="Je laisse ma place").click()
    await expect(page.get_by_role("heading", name="Tu laisses ta place ?")).to_be_visible()
    await button(page, "Oui, je laisse ma place").click()
    await expect(page.locator("#avis")).to_contain_text("C’est fait")


async def take_the_place(page: Page, where: str) -> None:
    await page.goto(where)
    await panel_is(page, "Une place est pour toi")
    await button(page, "Oui, je viens").click()
    await panel_is(page, "Tu as ta place")


async def make_a_feed(page: Page) -> str:
    """The address, which is shown once."""
    await page.goto("/moi/calendrier")
    await page.get_by_label("Quel appareil ?").fill("Mon téléphone")
    await button(page, "Je crée l’adresse").click()
    shown = re.search(r"https?://\S+/calendriers/perso/(\S+)\.ics", await page.locator("#adresse").inner_text())
    assert shown, "no address was shown"
    await page.reload()
    assert shown[1] not in await page.content()
    return shown[0]


async def event_in(page: Page, address: str, title: str) -> str:
    """The lines of this workshop in the feed; a second reading costs nothing."""
    first = await page.request.get(address)
    assert (first.status, first.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    again = await page.request.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, await again.body()) == (304, b"")
    unfolded = (await first.text()).replace("\r\n ", "")
    return next(event for event in unfolded.split("BEGIN:VEVENT") if title in event)


async def cancel(page: Page, where: str) -> None:
    await page.goto(where)
    await page.get_by_role("link", name="Annuler l’atelier").click()
    await button(page, "Oui, j’annule l’atelier").click()
    await expect(page.locator("#summary")).to_be_visible()  # not without a reason
    await page.get_by_label("Pourquoi ?").fill(CANCELLED)
    await button(page, "Oui, j’annule l’atelier").click()
    await expect(page.locator("article[data-state=cancelled]")).to_be_visible()


@pytest.mark.parametrize("device", ["phone", "desktop"])
@pytest.mark.parametrize("javascript", [True, False], ids=["with-javascript", "without"])
async def test_the_whole_story(new_page: PageOpener, member: PageOpener, device: str, javascript: bool) -> None:
    number = next(stories)
    name, title = f"Nour{number}", f"Lettres lues n° {number}"

    async def person(email: str) -> Page:
        return await member(email, device, javascript=javascript)

    host = await new_page(device, javascript=javascript)
    starts = await starts_ahead(host, number)
    await look_around(host)
    await join(host, name, f"{name.lower()}@exemple.fr")
    where, at = await propose(host, title, starts)
    workshop = where.rsplit("/", 1)[1]

    mediator = await person("helene@exemple.fr")
    await ask_for_a_change(mediator, title)
    await change_it(host, where)
    await agree(mediator, title, where)

    first, second, third = [await person(f"membre{number * 3 + 3 + i}@exemple.fr") for i in range(3)]
    await sign_up_in_the_agenda(first, workshop, at)
    await sign_up_with_a_friend(second, where)
    await wait_for_a_place(third, where)
    await leave(first, where)
    await take_the_place(third, where)

    address = await make_a_feed(third)
    assert "STATUS:CONFIRMED" in await event_in(third, address, title)
    await host.goto(where)
    await expect(host.locator("#animer")).to_contain_text("Marcel")
    await cancel(host, where)
    cancelled = await event_in(third, address, title)
    assert "STATUS:CANCELLED" in cancelled
    assert "SEQUENCE:0" not in cancelled
    await third.goto(where)
    await expect(third.locator("main")).to_contain_text(CANCELLED)


@pytest.mark.parametrize("javascript", [True, False], ids=["with-javascript", "without"])
async def test_somebody_without_email_comes_in(member: PageOpener, new_page: PageOpener, javascript: bool) -> None:
    door = await member(ZINEB, javascript=javascript)
    name, password = await let_in(door, "Ousmane")
    theirs = await new_page("phone", javascript=javascript)
    await theirs.goto("/connexion")
    await fill_sign_in(theirs, name.replace("-", " ").title(), password=password.capitalize())
    await expect(theirs.locator("#avis")).to_contain_text("Te voilà, Ousmane")
    await door.goto(f"/accueil?q={name}")
    await door.get_by_role("link", name="Ousmane").click()
    await button(door, "Je donne un nouveau mot de passe").click()
    await expect(door.locator("[data-part=name]")).to_have_text(name)
    new = " ".join(await door.locator("[data-part=password] span").all_inner_texts())
    await theirs.goto("/moi")
    await expect(theirs.get_by_role("heading", level=1)).to_have_text("Te revoilà")
    await fill_sign_in(theirs, name, password=new)
    await expect(theirs.get_by_text(name)).to_be_visible()
