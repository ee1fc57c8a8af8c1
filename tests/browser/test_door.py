"""The door of tonight's meal on a telephone: ticking with and without JavaScript, two telephones, the network that
drops for a while, and the list on paper."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.conftest import PageOpener
from tests.browser.steps import button, sign_in
from tests.browser.test_paper import A4, printed
from tests.browser.test_turns import DEVICES, SCRIPTS, looks_right, told

SAMIRA, ZINEB = "samira@exemple.fr", "membre28@exemple.fr"
"""Both welcome tonight."""
AGAIN_MS = 20_000
"""The list asks for itself every ten seconds; what waits for the network is sent again every five."""


async def at_the_door(page: Page, email: str = SAMIRA) -> str:
    """The address of the list of tonight's meal."""
    await sign_in(page, email)
    await page.goto("/repas")
    for link in await page.locator("main a[href^='/repas/']").all():
        path = await link.get_attribute("href") or ""
        if re.fullmatch(r"/repas/\d+", path):
            await page.goto(path)
            if await page.get_by_role("link", name="L’accueil : qui est là").count():
                break
            await page.goto("/repas")
    await page.get_by_role("link", name="L’accueil : qui est là").click()
    await expect(page.locator("#accueil")).to_be_visible()
    return page.url


def guest(page: Page, booking: str, state: str = "confirmed") -> Locator:
    return page.locator(f"#accueil li[data-id='{booking}'][data-state={state}]")


async def some_guest(page: Page) -> str:
    """The booking of somebody who comes alone and is still expected."""
    alone = page.locator(
        "#accueil li[data-state=confirmed]", has=page.get_by_role("button", name=re.compile("^Est là"))
    )
    return await alone.last.get_attribute("data-id") or ""


async def came(page: Page) -> int:
    return int(await page.locator("#accueil [data-came]").get_attribute("data-came") or 0)


@DEVICES
@SCRIPTS
async def test_somebody_comes_in_and_was_taken_for_another(new_page: PageOpener, device: str, javascript: bool) -> None:
    page = await new_page(device, javascript=javascript)
    await at_the_door(page)
    await looks_right(page)
    before, booking = await came(page), await some_guest(page)
    await guest(page, booking).get_by_role("button", name="Est là").click()
    await told(page, "C’est noté")
    await expect(guest(page, booking, "attended")).to_be_visible()
    assert await came(page) == before + 1
    await guest(page, booking, "attended").get_by_role("button", name="Pas là, finalement").click()
    await told(page, "C’est corrigé")
    await expect(guest(page, booking)).to_be_visible()
    assert await came(page) == before


async def test_two_telephones_see_one_another(new_page: PageOpener) -> None:
    one = await new_page("phone")
    other = await new_page("phone")
    await at_the_door(one)
    await at_the_door(other, ZINEB)
    booking = await some_guest(one)
    await guest(one, booking).get_by_role("button", name="Est là").click()
    await expect(guest(one, booking, "attended")).to_be_visible()
    await expect(guest(other, booking, "attended")).to_be_visible(timeout=AGAIN_MS)
    await guest(other, booking, "attended").get_by_role("button", name="Pas là, finalement").click()
    await expect(guest(one, booking)).to_be_visible(timeout=AGAIN_MS)


async def test_ticked_by_both_at_once_the_second_is_told(new_page: PageOpener) -> None:
    one = await new_page("phone")
    other = await new_page("phone", javascript=False)  # its list is what it was
    await at_the_door(other, ZINEB)
    await at_the_door(one)
    booking = await some_guest(one)
    await guest(one, booking).get_by_role("button", name="Est là").click()
    await expect(guest(one, booking, "attended")).to_be_visible()
    await guest(other, booking).get_by_role("button", name="Est là").click()
    await expect(guest(other, booking, "attended")).to_contain_text("déjà cochée en entier")
    await looks_right(other)
    await guest(other, booking, "attended").get_by_role("button", name="Pas là, finalement").click()
    await told(other, "C’est corrigé")


@pytest.mark.offline
async def test_no_tick_is_lost_while_there_is_no_network(new_page: PageOpener) -> None:
    page = await new_page("phone")
    await at_the_door(page)
    before, booking = await came(page), await some_guest(page)
    await page.context.set_offline(True)
    await guest(page, booking).get_by_role("button", name="Est là").click()
    await expect(guest(page, booking)).to_contain_text("Pas encore envoyé")
    await expect(page.locator("#hors-ligne")).to_contain_text("elle partira toute seule")
    await page.context.set_offline(False)
    await expect(guest(page, booking, "attended")).to_be_visible(timeout=AGAIN_MS)
    await expect(page.locator("#hors-ligne")).to_be_hidden()
    assert await came(page) == before + 1
    await guest(page, booking, "attended").get_by_role("button", name="Pas là, finalement").click()
    await expect(guest(page, booking)).to_be_visible()


@pytest.mark.offline
async def test_a_wifi_that_asks_to_sign_in_has_not_taken_the_tick(new_page: PageOpener) -> None:
    page = await new_page("phone")
    await at_the_door(page)
    booking = await some_guest(page)
    await page.context.set_offline(True)
    await guest(page, booking).get_by_role("button", name="Est là").click()
    await expect(guest(page, booking)).to_contain_text("Pas encore envoyé")
    asked = asyncio.Event()

    async def portal(route: Route) -> None:
        if route.request.method != "POST":
            await route.abort("internetdisconnected")
            return
        await route.fulfill(status=200, content_type="text/html", body="<h1>Bienvenue sur le Wi-Fi</h1>")
        asked.set()

    await page.route("**/accueil", portal)
    await page.context.set_offline(False)
    await asyncio.wait_for(asked.wait(), AGAIN_MS / 1000)
    await expect(page.locator("#hors-ligne")).to_contain_text("elle partira toute seule")
    await page.unroute("**/accueil")
    await expect(guest(page, booking, "attended")).to_be_visible(timeout=AGAIN_MS)
    await expect(page.locator("#hors-ligne")).to_be_hidden()
    await guest(page, booking, "attended").get_by_role("button", name="Pas là, finalement").click()
    await expect(guest(page, booking)).to_be_visible()


@pytest.mark.offline
async def test_what_is_refused_afterwards_is_said_and_stays_said(new_page: PageOpener) -> None:
    page = await new_page("phone")
    other = await new_page("phone")
    await at_the_door(page)
    await at_the_door(other, ZINEB)
    booking = await some_guest(page)
    await page.context.set_offline(True)
    await guest(page, booking).get_by_role("button", name="Est là").click()
    await expect(guest(page, booking)).to_contain_text("Pas encore envoyé")
    await guest(other, booking).get_by_role("button", name="Est là").click()
    await expect(guest(other, booking, "attended")).to_be_visible()
    await page.context.set_offline(False)
    await expect(page.locator("#hors-ligne")).to_contain_text("déjà cochée en entier", timeout=AGAIN_MS)
    await expect(guest(page, booking, "attended")).to_be_visible()
    await looks_right(page)
    await page.reload()
    await expect(page.locator("#hors-ligne")).to_contain_text("déjà cochée en entier")
    await button(page, "J’ai vu").click()
    await expect(page.locator("#hors-ligne")).to_be_hidden()
    await page.reload()
    await expect(page.locator("#accueil")).to_be_visible()
    await expect(page.locator("#hors-ligne")).to_be_hidden()
    await guest(other, booking, "attended").get_by_role("button", name="Pas là, finalement").click()
    await expect(guest(other, booking)).to_be_visible()


async def test_somebody_has_not_booked(new_page: PageOpener) -> None:
    page = await new_page("phone")
    await at_the_door(page)
    before = await came(page)
    await page.get_by_label("Prénom, si la personne veut bien").fill("Fanny")
    await button(page, "Entre à table").click()
    await told(page, "Bienvenue à table")
    fanny = page.locator("#accueil li[data-state=attended]", has_text="Fanny")
    await expect(fanny).to_contain_text("sans réservation")
    assert await came(page) == before + 1
    await fanny.get_by_role("button", name="Pas là, finalement").click()
    await expect(fanny).to_have_count(0)


async def test_the_list_falls_onto_a4(new_page: PageOpener, tmp_path: Path) -> None:
    page = await new_page("desktop")
    await at_the_door(page)
    await page.get_by_role("link", name="La liste à imprimer").click()
    sheets = page.locator("article.sheet")
    await expect(sheets.first).to_be_visible()
    assert await printed(page, tmp_path) == (await sheets.count(), A4)
