"""Something is asked for, bought, and paid back: on a phone and on a computer, with JavaScript and without.

A member asks for a kettle; whoever keeps the accounts agrees; the member writes down what it cost, with a photo of the
receipt; and the money is given back.
"""

import re
from itertools import count
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Page, expect

from tests.browser.axe import assert_accessible
from tests.browser.conftest import PageOpener
from tests.browser.looks import overflowing, small_targets
from tests.browser.steps import ZINEB, button

ROSA = "rosa@exemple.fr"
"""She keeps the accounts."""
stories = count(1)


def photo_of_a_receipt(folder: Path) -> Path:
    """As a telephone takes it, with where it was."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    path = folder / "ticket.jpg"
    Image.new("RGB", (2400, 1800), (240, 238, 230)).save(path, "JPEG", exif=exif)
    return path


async def looked_at(page: Page, *, javascript: bool) -> None:
    """Nothing sticks out, all can be pressed with a finger, and axe, which needs scripts, has nothing to say."""
    assert await overflowing(page) == []
    assert await small_targets(page) == []
    window = page.viewport_size
    if javascript and window is not None:
        tall = await page.evaluate("document.documentElement.scrollHeight")
        await page.set_viewport_size({**window, "height": tall})  # else the bar of a phone lies over what is measured
        await assert_accessible(page)
        await page.set_viewport_size(window)


@pytest.mark.parametrize(
    ("device", "javascript"), [("phone", True), ("desktop", False)], ids=["phone", "desktop-without-javascript"]
)
async def test_a_member_buys_something_and_is_paid_back(
    member: PageOpener, tmp_path: Path, device: str, javascript: bool
) -> None:
    what = f"Une bouilloire, la {next(stories)}e"
    zineb = await member(ZINEB, device, javascript=javascript)
    await zineb.goto("/comptes/demandes")
    await looked_at(zineb, javascript=javascript)
    asking = zineb.locator("form[action='/comptes/demandes']")
    await asking.get_by_label("Quoi", exact=True).fill(what)
    await asking.get_by_label("Combien, en euros").fill("beaucoup")
    await asking.locator("label", has_text="Le matériel").click()
    await button(asking, "Je le demande").click()
    await expect(asking.locator("#field-amount-error")).to_contain_text("Écris une somme en euros")
    await looked_at(zineb, javascript=javascript)
    await asking.get_by_label("Combien, en euros").fill("30")
    await button(asking, "Je le demande").click()
    await expect(zineb.locator("#avis")).to_contain_text("C’est demandé")

    rosa = await member(ROSA, device, javascript=javascript)
    await rosa.goto("/comptes")
    await looked_at(rosa, javascript=javascript)
    await rosa.goto("/comptes/demandes")
    await looked_at(rosa, javascript=javascript)
    line = rosa.locator("article", has=rosa.get_by_role("heading", name=what))
    await line.get_by_role("button", name=re.compile("Je suis d’accord")).click()
    await expect(rosa.locator("#avis")).to_contain_text("C’est répondu")

    await zineb.goto("/comptes/demandes")
    bought = zineb.locator("article", has=zineb.get_by_role("heading", name=what))
    await bought.get_by_role("link", name=re.compile("Je note l’achat")).click()
    await expect(zineb.get_by_label("Quoi", exact=True)).to_have_value(what)
    await looked_at(zineb, javascript=javascript)
    await zineb.get_by_label("Combien, en euros").fill("23,40")
    await zineb.get_by_label("Le ticket de caisse, en photo").set_input_files(photo_of_a_receipt(tmp_path))
    await button(zineb, "Je note cet achat").click()
    await expect(zineb.locator("#avis")).to_contain_text("C’est noté, merci")
    await expect(zineb.locator("main")).to_contain_text("À rembourser")
    picture = zineb.locator(".receipts img")
    assert (await picture.get_attribute("width"), await picture.get_attribute("height")) == ("1200", "1600")
    answer = await zineb.request.get(str(await picture.get_attribute("src")))
    assert b"Exif" not in await answer.body()
    await looked_at(zineb, javascript=javascript)
    path = zineb.url

    await rosa.goto(path)
    await looked_at(rosa, javascript=javascript)
    await rosa.locator("label", has_text="De la banque").click()
    await rosa.get_by_role("button", name=re.compile("J’ai rendu 23,40")).click()
    await expect(rosa.locator("#avis")).to_contain_text("C’est noté : remboursé")
    await zineb.goto(path)
    await expect(zineb.locator("main")).to_contain_text("Remboursé le")
    await zineb.goto("/comptes/achats")
    await expect(zineb.locator("main")).to_contain_text(what)
    await looked_at(zineb, javascript=javascript)
    for page in ("/comptes/budget", "/comptes/achats/nouveau"):
        await rosa.goto(page)
        await looked_at(rosa, javascript=javascript)
