"""The second code in Chromium, on a server that is no demonstration: a mediator's first sign-in, and the next."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from app.clock import now
from tests import needs
from tests.app.identity.second_steps import Telephone
from tests.browser.axe import violations
from tests.browser.conftest import PageOpener
from tests.browser.looks import enlarge_text, ill_built, overflowing, small_targets, wider_than_the_window
from tests.browser.steps import button, fill_sign_in
from tests.servers import RESEAU, Server, bare_environ, serving

EMAIL, PASSWORD = "bruno@exemple.fr", "trois mots au hasard"
STEP, MINE = "/connexion/deuxieme-code", "/moi/deuxieme-code"


def reseau(folder: Path, database: str, *args: str, said: str = "") -> None:
    subprocess.run(
        [str(RESEAU), *args],
        cwd=folder,
        env=bare_environ(database_url=database, secret_key=Server(folder, database).settings["secret_key"]),
        input=said,
        text=True,
        stdout=subprocess.DEVNULL,
        check=True,
    )


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Server]:
    """A place of which Bruno is a mediator, served."""
    needs.require(needs.missing_for_browser())
    database = f"sqlite:///{tmp_path / 'reseau.sqlite'}"
    reseau(tmp_path, database, "upgrade")
    reseau(tmp_path, database, "place", "add", "tanneurs", "--name", "Les Tanneurs", "--address", "14 rue")
    new = ("member", "add", EMAIL, "--name", "Bruno", "--mediator-of", "tanneurs", "--ask-password")
    reseau(tmp_path, database, *new, said=f"{PASSWORD}\n")
    with serving(tmp_path, database) as server:
        yield server


async def scan(page: Page) -> Telephone:
    """What a telephone reads on this page: the QR code and the link say the same as the text."""
    await expect(page.locator(".scan svg.qr")).to_be_visible()
    typed = (await page.locator("[data-part=key]").text_content() or "").replace(" ", "")
    link = await page.locator(".scan a[href^='otpauth:']").get_attribute("href") or ""
    assert f"secret={typed}&" in link
    return Telephone(typed)


async def look(page: Page, name: str, *, again: bool = True) -> None:
    """Built well, reached with a finger and read by everybody, on a phone and a computer. `RESEAU_PICTURES` is a folder
    for pictures of it."""
    found: list[object] = []
    for width in (390, 1280):
        await page.set_viewport_size({"width": width, "height": 844})
        if folder := os.environ.get("RESEAU_PICTURES"):
            await page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)
        found += [*await violations(page), *await ill_built(page)]
        found += await overflowing(page)
    await page.set_viewport_size({"width": 390, "height": 844})
    found += await small_targets(page)
    await enlarge_text(page)
    found += await wider_than_the_window(page)
    assert not found, f"{name}: {found}"
    if again:
        await page.reload()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no-scripts"])
async def test_a_mediators_first_sign_in_and_the_next(house: Server, open_page: PageOpener, javascript: bool) -> None:
    page = await open_page("phone", javascript=javascript, base_url=house.url)
    await page.goto("/mediation")
    await fill_sign_in(page, EMAIL, password=PASSWORD)
    assert page.url.startswith(f"{house.url}{STEP}")
    await expect(page.get_by_role("navigation", name="Sommaire")).to_have_count(0)
    if javascript:
        await look(page, "set-up")
    telephone = await scan(page)
    await page.get_by_label("Le code", exact=True).fill(telephone.wrong(now()))
    await button(page, "Je relie mon téléphone").click()
    await expect(page.locator("#field-code-error")).to_contain_text("Ce n’est pas le code de maintenant")
    await page.get_by_label("Le code", exact=True).fill(telephone.code(now()))
    await button(page, "Je relie mon téléphone").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Dix codes de secours")
    telephone.paper = await page.locator("[data-part=code]").all_text_contents()
    assert len(telephone.paper) == 10
    if javascript:
        await on_one_sheet(page)
        await look(page, "codes", again=False)
    await page.get_by_role("link", name=re.compile("je continue")).click()
    await expect(page).to_have_url(f"{house.url}/mediation")

    other = await open_page("desktop", javascript=javascript, base_url=house.url)
    await other.goto("/connexion")
    await fill_sign_in(other, EMAIL, password=PASSWORD)
    if javascript:
        await look(other, "code")
    await other.get_by_role("link", name="J’écris un code de secours").click()
    if javascript:
        await look(other, "recovery")
    await other.get_by_label("Le code de secours").fill("k7mq-3xpr")
    await button(other, "J’entre").click()
    await expect(other.locator("#field-code-error")).to_contain_text("il a déjà servi")
    await other.get_by_label("Le code de secours").fill(telephone.paper[0].upper())
    await button(other, "J’entre").click()
    await expect(other.locator("#avis")).to_contain_text("Il te reste 9 codes de secours")
    await expect(other).to_have_url(f"{house.url}{MINE}")
    if javascript:
        await look(other, "mine")
    await other.get_by_role("link", name="Je relie un autre téléphone").click()
    if javascript:
        await look(other, "change")
    new = await scan(other)
    await other.get_by_label("Le code du nouveau téléphone").fill(new.code(now()))
    await other.get_by_label("Le code de l’ancien téléphone").fill(telephone.paper[1])
    await button(other, "Je passe au nouveau").click()
    await expect(other.locator("[data-part=code]")).to_have_count(10)
    await page.goto("/mediation")
    assert page.url.startswith(f"{house.url}/connexion"), "the other browser is signed out"
    assert not house.troubles()


async def on_one_sheet(page: Page) -> None:
    """What is printed: the codes, and no button."""
    await page.emulate_media(media="print")
    await expect(page.locator(".slip-codes")).to_be_visible()
    await expect(page.get_by_role("link", name=re.compile("je continue"))).to_be_hidden()
    printed = await page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    if folder := os.environ.get("RESEAU_PICTURES"):
        await asyncio.to_thread(Path(folder, "codes.pdf").write_bytes, printed)
    await page.emulate_media(media="screen")
