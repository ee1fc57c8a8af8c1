"""Paying by card, as people do it: on a phone and on a computer, with JavaScript and without, at the rehearsal that the
demonstration starts.

Somebody's card is refused, they pay, come back and give their seats back one by one; another comes back without having
paid, and pays on site; a third pays in another window, and the first one notices.
"""

import re
from urllib.parse import urlsplit

from playwright.async_api import Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import PageOpener
from tests.browser.steps import button
from tests.browser.test_meals import ODILE, open_from_the_book, stories, sunday
from tests.browser.test_turns import DEVICES, SCRIPTS, looks_right, told

ASKED_AGAIN_MS = 30_000
"""A page that waits asks every four seconds."""


async def a_meal(odile: Page) -> str:
    number = next(stories)
    return await open_from_the_book(odile, f"Le repas par carte {number}", sunday(number), f"Gratin de saison {number}")


async def book_by_card(page: Page, meal: str, *, seats: int) -> str:
    """Through the form of the meal's page; the path of the ticket, which they then look at."""
    await page.goto(meal)
    await expect(page.locator("#menu ~ .facts")).to_contain_text("Par carte ou sur place.")
    form = page.locator("#reservation")
    await expect(form.locator("input[name=payment][value=on_site]")).to_be_checked()
    await form.get_by_label("Combien de places ?").select_option(str(seats))
    await form.locator("label:has(input[name=payment][value=card])").click()
    await looks_right(page)
    await form.locator("button:not([name])").last.click()
    await expect(page).to_have_url(re.compile(r"/reservations/\d+(#summary)?$"))
    await state_is(page, "held")
    return urlsplit(page.url).path


async def state_is(page: Page, state: str) -> None:
    await expect(page.locator("#billet [data-state]")).to_have_attribute("data-state", state, timeout=ASKED_AGAIN_MS)


async def go_and_pay(page: Page, amount: str) -> None:
    """By the link of the ticket, to the page that is not ours."""
    here = urlsplit(page.url).netloc
    await page.get_by_role("link", name=f"Je paie {amount} par carte").click()
    await page.wait_for_url("**/c/pay/**")
    assert urlsplit(page.url).netloc != here
    await expect(page.locator("body")).to_contain_text("aucune carte n’est débitée")


async def is_paid(page: Page, seats: str) -> None:
    """They are back: it is known already, or they ask, or the page asks by itself."""
    await page.wait_for_url("**/reservations/**")
    check = button(page, "J’ai payé, je vérifie")
    if await check.count() and not await page.evaluate("'htmx' in window"):
        await check.click()
    await state_is(page, "confirmed")
    await expect(page.locator("#billet h2").first).to_contain_text(seats)
    await told(page, "C’est payé. À table !")
    assert "€" not in await page.locator("main").inner_text(), "a ticket is shown at the door"


async def give_one_back(page: Page, ticket: str) -> None:
    await page.goto(ticket)
    await page.get_by_role("link", name="Je rends une place").click()
    await expect(page.locator("#confirm")).to_contain_text("5,00 € te sont rendus sur ta carte, sous 5 à 10 jours.")
    await expect(page.get_by_label("Je laisse ces 5,00 € aux repas suspendus")).not_to_be_checked()
    await looks_right(page)
    await button(page, "Oui, je rends une place").click()
    await told(page, "C’est fait, la place est libre.")
    await told(page, "5,00 € te sont rendus, sous 5 à 10 jours.")


async def choice_says(page: Page, ticket: str, *sentences: str) -> None:
    await page.goto(f"{ticket}/choix")
    for sentence in sentences:
        await expect(page.locator("main")).to_contain_text(sentence)


@DEVICES
@SCRIPTS
async def test_refused_then_paid_then_given_back_one_by_one(member: PageOpener, device: str, javascript: bool) -> None:
    meal = await a_meal(await member(ODILE, device, javascript=javascript))
    abdel = await member("membre31@exemple.fr", device, javascript=javascript)
    ticket = await book_by_card(abdel, meal, seats=2)
    await expect(abdel.locator("#billet h2").first).to_contain_text("Tes 2 places sont gardées")
    await expect(abdel.locator("#billet")).to_contain_text("Il reste à payer 10,00 € avant")
    await looks_right(abdel)

    await go_and_pay(abdel, "10,00 €")
    if javascript:
        assert not await violations(abdel)
    await looks_right(abdel)
    await button(abdel, "Ma carte est refusée").click()
    await expect(abdel.locator("body")).to_contain_text("La carte est refusée.")
    await looks_right(abdel)
    await button(abdel, "Je paie 10,00 €").click()
    await is_paid(abdel, "Tu as 2 places")
    await looks_right(abdel)
    await choice_says(abdel, ticket, "Payé par carte : 10,00 €", "Rien à mettre dans l’enveloppe")
    await looks_right(abdel)

    await give_one_back(abdel, ticket)
    await choice_says(abdel, ticket, "Payé par carte : 10,00 €", "Remboursé : 5,00 €, arrive sous 5 à 10 jours")
    await abdel.goto(f"{ticket}/annulation")
    await expect(abdel.get_by_role("link", name="Non, je garde ma place")).to_be_visible()
    await button(abdel, "Oui, j’annule ma réservation").click()
    await told(abdel, "C’est fait, c’est annulé.")
    await told(abdel, "5,00 € te sont rendus, sous 5 à 10 jours.")
    await state_is(abdel, "cancelled")
    await abdel.get_by_role("link", name="Ce que je paie, ce que je ne mange pas").click()
    await expect(abdel.locator("main")).to_contain_text("Remboursé : 10,00 €, arrive sous 5 à 10 jours")
    await looks_right(abdel)


@DEVICES
@SCRIPTS
async def test_back_without_having_paid_and_then_on_site(member: PageOpener, device: str, javascript: bool) -> None:
    meal = await a_meal(await member(ODILE, device, javascript=javascript))
    claire = await member("membre20@exemple.fr", device, javascript=javascript)
    ticket = await book_by_card(claire, meal, seats=1)
    await go_and_pay(claire, "5,00 €")
    await claire.get_by_role("link", name="Je reviens en arrière").click()
    await claire.wait_for_url("**/reservations/*?carte=abandon")
    await expect(claire.locator("#billet")).to_contain_text("Tu n’as rien payé. Ta place t’attend jusqu’à")
    await looks_right(claire)

    await button(claire, "J’ai payé, je vérifie").click()
    await told(claire, "Ta banque n’a encore rien dit.")
    await expect(claire.locator("#billet h2").first).to_contain_text("On attend ta banque")
    await expect(claire.locator("#banque")).to_be_visible(visible=javascript)
    await looks_right(claire)

    await claire.goto(ticket)
    await claire.get_by_role("link", name="J’annule ma réservation").click()
    await expect(button(claire, "Oui, j’annule ma réservation")).to_be_visible()
    await looks_right(claire)
    await claire.get_by_role("link", name="Non, je garde ma place").click()
    await state_is(claire, "held")
    await button(claire, "Je paie plutôt sur place").click()
    await told(claire, "C’est noté : tu paies sur place, dans l’enveloppe.")
    await state_is(claire, "confirmed")
    await choice_says(claire, ticket, "Dans l’enveloppe : 5 €")


@DEVICES
async def test_a_page_that_waits_notices_by_itself(member: PageOpener, device: str) -> None:
    """It is never loaded anew, and its reader is led to what has changed."""
    meal = await a_meal(await member(ODILE, device))
    thomas = await member("membre15@exemple.fr", device)
    ticket = await book_by_card(thomas, meal, seats=1)
    await thomas.goto(f"{ticket}?carte=retour")
    await expect(thomas.locator("#banque")).to_contain_text("Cette page regarde toute seule.")
    await thomas.evaluate("document.body.dataset.same = 'yes'")
    other = await thomas.context.new_page()
    await other.goto(ticket)
    await go_and_pay(other, "5,00 €")
    await button(other, "Je paie 5,00 €").click()
    await other.wait_for_url("**/reservations/**")
    await other.close()
    await state_is(thomas, "confirmed")
    await told(thomas, "C’est payé. À table !")
    assert await thomas.evaluate("document.body.dataset.same") == "yes"
    assert await thomas.evaluate("document.activeElement.matches('#billet [data-state=confirmed]')")
