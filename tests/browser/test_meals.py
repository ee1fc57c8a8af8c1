"""A whole meal, as people live it: on a phone and on a computer, with JavaScript and without.

Somebody opens it from the dish book, others take its turns, seats are booked until all forty are gone, people wait and
are promoted, a cook falls ill and somebody else cooks; at last the kitchen sheet is printed.
"""

import re
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Locator, Page, expect

from app.clock import PARIS
from tests.browser.conftest import PageOpener
from tests.browser.looks import overflowing
from tests.browser.steps import button, post
from tests.browser.test_paper import A4, printed
from tests.browser.test_turns import DEVICES, SCRIPTS, looks_right, told

ODILE = "odile@exemple.fr"
"""She may open meals."""
SEATS = 40
BY_POST = tuple(f"membre{number}@exemple.fr" for number in (1, 2, 5, 7, 8, 9))
"""Six seats each, booked without looking."""
EACH = 6
ILL = "J’ai trente-neuf de fièvre."
LONG_WORD = "Anticonstitutionnellementhippopotomonstrosesquippedaliophobique"
stories = count(1)


def sunday(number: int) -> date:
    """Of this story: a day on which nobody of the demonstration has anything to do."""
    today = datetime.now(PARIS).date()
    return today + timedelta(days=6 - today.weekday() + 7 * (number + 1))


async def open_from_the_book(page: Page, title: str, day: date, dish: str) -> str:
    """The path of a meal of a dish of the book and of a new one, with the team that the form proposes."""
    await page.goto("/repas")
    await page.get_by_role("link", name="J’ouvre un repas").first.click()
    await button(page, "J’ouvre ce repas").click()
    await expect(page.locator("#summary")).to_be_visible()  # a meal without a name, a day and a dish is none
    await looks_right(page)
    await page.get_by_label("Son nom").fill(title)
    await page.get_by_label("Le jour").first.fill(day.isoformat())
    await page.get_by_label("Combien de places à table").fill(str(SEATS))
    await page.get_by_label("Plat 1").fill("Mafé de poulet")
    await page.get_by_label("Plat 2").fill(dish)
    await button(page, "J’ouvre ce repas").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(title)
    path = urlsplit(page.url).path
    assert re.fullmatch(r"/repas/\d+", path), path
    await seats_left(page, path, SEATS)
    await expect(page.locator("[data-allergen=peanuts]")).to_contain_text("Mafé de poulet")
    await looks_right(page)
    return path


async def seats_left(page: Page, meal: str, left: int) -> None:
    await page.goto(meal)
    await expect(page.locator("#reserver")).to_have_attribute("data-seats-left", str(left))


def turn_of(page: Page, job: str) -> Locator:
    """The line of this job in the team of the meal."""
    return page.locator("#equipe ~ .deeds .deed", has=page.get_by_role("link", name=job, exact=True))


async def join_team(page: Page, meal: str, job: str, *, left: int) -> None:
    await page.goto(meal)
    await button(turn_of(page, job), "J’en suis").click()
    await told(page, "C’est noté")
    await expect(turn_of(page, job)).to_contain_text("Tu en es")
    await expect(turn_of(page, job)).to_have_attribute("data-seats-left", str(left))


async def book(page: Page, meal: str, *, seats: int = 1, price: str = "500", diet: str = "") -> str:
    """Through the form of the meal's page; the path of the ticket."""
    await page.goto(meal)
    form = page.locator("#reservation")
    await form.get_by_label("Combien de places ?").select_option(str(seats))
    await form.locator(f"label:has(input[name=price_cents][value='{price}'])").click()
    if diet:
        await form.get_by_label(diet, exact=True).check()
    await form.locator("button:not([name])").last.click()
    await expect(page).to_have_url(re.compile(r"/reservations/\d+(#summary)?$"))  # of the form
    return urlsplit(page.url).path


async def ticket_says(page: Page, ticket: str, state: str, words: str) -> None:
    """The ticket, which never says what is paid."""
    await page.goto(ticket)
    await expect(page.locator("#billet [data-state]")).to_have_attribute("data-state", state)
    await expect(page.locator("#billet h2").first).to_contain_text(words)
    assert "€" not in await page.locator("main").inner_text()


async def say_yes(page: Page, ticket: str) -> None:
    """To the seats that are kept for them."""
    await page.goto(ticket)
    await expect(page.locator("#billet [data-state]")).to_have_attribute("data-state", "offered")
    await button(page, "Oui, je viens").click()
    await expect(button(page, "Oui, je viens")).to_have_count(0)


async def fall_ill(page: Page, meal: str, job: str) -> str:
    """Somebody is looked for in their place; the path of their turn."""
    await page.goto(meal)
    await turn_of(page, job).get_by_role("link", name=job).click()
    turn = urlsplit(page.url).path
    await page.get_by_role("link", name="Je ne peux pas venir").click()
    form = page.locator("form:has(input[name=choice][value=stand_in])")
    await form.get_by_label("Un mot, si tu veux").fill(ILL)
    await button(form, "Je demande quelqu’un").click()
    await told(page, "C’est demandé")
    return turn


async def cook_instead(page: Page, turn: str) -> None:
    await page.goto(turn)
    await expect(page.locator("#echanges")).to_contain_text(ILL)
    await button(page.locator("#echanges"), "Je viens à sa place").click()
    await told(page, "C’est noté")


async def print_kitchen_sheet(page: Page, meal: str, folder: Path) -> str:
    """The words on the sheet: one page of A4, or two."""
    await page.goto(meal)
    await page.get_by_role("link", name="La fiche cuisine").click()
    await page.wait_for_url("**/cuisine")  # a click does not wait for the page that it leads to
    await looks_right(page)
    await page.get_by_role("link", name="La fiche à imprimer").click()
    await page.emulate_media(media="print")
    pages, size = await printed(page, folder)
    assert (pages in (1, 2), size) == (True, A4)
    words = " ".join(await page.locator(".kitchen-sheet").all_inner_texts())
    return re.sub(r"\s+", " ", words)


@DEVICES
@SCRIPTS
async def test_a_whole_meal(
    new_page: PageOpener, member: PageOpener, tmp_path: Path, device: str, javascript: bool
) -> None:
    number = next(stories)
    title, day = f"Le repas du dimanche {number}", sunday(number)

    async def person(email: str) -> Page:
        return await member(email, device, javascript=javascript)

    odile, samira = await person(ODILE), await person("samira@exemple.fr")
    jean_luc, thomas, claire, abdel = [await person(f"membre{each}@exemple.fr") for each in (3, 15, 20, 31)]
    meal = await open_from_the_book(odile, title, day, f"Soupe de saison {number}")

    visitor = await new_page(device, javascript=javascript)
    await visitor.goto(meal)
    await expect(visitor.get_by_role("link", name="J’entre pour réserver")).to_be_visible()
    await expect(visitor.locator("main")).not_to_contain_text("Jean-Luc")

    await join_team(jean_luc, meal, "La cuisine", left=2)
    await join_team(thomas, meal, "La cuisine", left=1)
    cooks = await book(jean_luc, meal)
    await ticket_says(jean_luc, cooks, "confirmed", "Tu as ta place")
    hers = await book(samira, meal, seats=2, price="300", diet="Sans arachides")
    await ticket_says(samira, hers, "confirmed", "place")
    await looks_right(samira)
    rich = await book(thomas, meal, price="800")
    await ticket_says(thomas, rich, "confirmed", "Tu as ta place")

    for email in BY_POST:
        fast = await person(email)
        sent = {"seats": str(EACH), "children": "0", "price_cents": "500"}
        booked, again = [await post(fast, f"{meal}/reservations", **sent) for _ in range(2)]
        assert (booked.status, booked.headers["location"]) == (303, again.headers["location"]), await booked.text()
        await fast.close()
    await seats_left(odile, meal, 0)

    waits = await book(claire, meal)
    await ticket_says(claire, waits, "waiting", "liste d’attente")
    await looks_right(claire)
    second = await book(abdel, meal, seats=2)
    await expect(abdel.locator("#billet [data-rank]")).to_have_attribute("data-rank", "2")

    await samira.goto(hers)
    await button(samira, "Je rends une place").click()
    await told(samira, "C’est fait, la place est libre")
    await say_yes(claire, waits)
    await ticket_says(claire, waits, "confirmed", "Tu as ta place")
    await ticket_says(abdel, second, "waiting", "liste d’attente")
    await thomas.goto(rich)
    await thomas.get_by_role("link", name="J’annule").click()
    await expect(button(thomas, "Oui, j’annule ma réservation")).to_be_visible()
    await looks_right(thomas)
    await button(thomas, "Oui, j’annule ma réservation").click()
    await told(thomas, "C’est fait")
    await say_yes(abdel, second)
    await seats_left(odile, meal, 0)

    turn = await fall_ill(jean_luc, meal, "La cuisine")
    await cook_instead(claire, turn)
    await claire.goto(meal)
    await expect(turn_of(claire, "La cuisine")).to_contain_text("Tu en es")
    await jean_luc.goto(meal)
    await expect(turn_of(jean_luc, "La cuisine")).not_to_contain_text("Tu en es")

    words = await print_kitchen_sheet(odile, meal, tmp_path)
    assert f"{SEATS} à table" in words
    for said in ("Mafé de poulet", "Arachides", "Claire", "Cuisses de poulet 40", "63 °C"):
        assert said in words.replace("\u00a0", " "), said
    assert re.search(r"1 (personne )?sans arachides|sans arachides : 1", words, re.IGNORECASE), words
    assert "Samira" not in words, "a number, never a name"
    assert "€" not in words


async def test_a_word_wider_than_a_telephone_is_broken_on_every_page_of_its_meal(member: PageOpener) -> None:
    odile, karim = await member(ODILE, "phone"), await member("karim@exemple.fr", "phone")
    meal = await open_from_the_book(odile, LONG_WORD, sunday(next(stories)), f"{LONG_WORD} au four")
    ticket = await book(karim, meal)
    await odile.goto(meal)
    to_declare = odile.locator("main").get_by_role("link", name="Je note :").first
    dish = str(await to_declare.get_attribute("href")).removesuffix("/changer")
    theirs = [f"{meal}/{page}" for page in ("changer", "annulation", "cuisine")]
    for path in (meal, *theirs, f"/repas/nouveau?comme={meal.rpartition('/')[2]}", dish, f"{dish}/changer", "/repas"):
        await odile.goto(path)
        assert not await overflowing(odile), path
    for path in (meal, ticket, f"{ticket}/choix", f"{ticket}/annulation", "/repas", "/moi"):
        await karim.goto(path)
        assert not await overflowing(karim), path
