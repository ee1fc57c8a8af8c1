"""« Mes données » in a browser: a copy comes down, and somebody who has just joined erases themselves."""

import re
import zipfile
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import PageOpener
from tests.browser.steps import button, join, publish


async def newcomer(new_page: PageOpener, name: str, email: str, device: str, *, javascript: bool = True) -> Page:
    page = await new_page(device, javascript=javascript)
    await page.goto("/inscription")
    await join(page, name, email)
    return page


@pytest.mark.parametrize(("device", "javascript"), [("phone", False), ("desktop", True)])
async def test_a_copy_then_nothing(new_page: PageOpener, tmp_path: Path, device: str, javascript: bool) -> None:
    email = f"{device}.s.en.va@exemple.fr"
    page = await newcomer(new_page, "Passante", email, device, javascript=javascript)
    await page.goto("/moi")
    await page.get_by_role("link", name="Mes données").first.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Mes données")
    async with page.expect_download() as coming:
        await page.get_by_role("link", name="Je prends ma copie").click()
    copy = tmp_path / "copy.zip"
    await (await coming.value).save_as(copy)
    with zipfile.ZipFile(copy) as both:
        assert email in both.read("mes-donnees.html").decode()
        assert email in both.read("mes-donnees.json").decode()
    await page.get_by_role("link", name="Je regarde ce qui serait effacé").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Effacer mon compte")
    await button(page, "J’efface mon compte").click()
    await expect(page.locator("main")).to_contain_text("Coche d’abord la case")
    await page.get_by_label("J’ai lu : on ne peut pas revenir en arrière.").check()
    await button(page, "J’efface mon compte").click()
    await expect(page.locator("#avis")).to_contain_text("Ton compte est effacé")
    await page.goto("/moi")
    await expect(page).to_have_url(re.compile("/connexion"))
    await page.goto("/demo/courrier")
    await expect(page.locator("main")).to_contain_text("Ton compte est effacé")


async def test_what_one_hosts_is_said_first_and_leads_there(new_page: PageOpener, member: PageOpener) -> None:
    samira, helene = await member("samira@exemple.fr"), await member("helene@exemple.fr")
    await samira.goto("/moi")
    path = await publish(samira, helene, "Le dernier avant de partir")
    await samira.goto("/moi/donnees/effacement")
    line = samira.locator("[data-state=first] a", has_text="Le dernier avant de partir")
    await expect(line).to_have_attribute("href", path)
    await expect(samira.get_by_label("Mon mot de passe")).to_have_count(0)
