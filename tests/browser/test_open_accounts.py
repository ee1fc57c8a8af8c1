"""The month's accounts, read by a member who never heard of accounting: on a phone and on a computer, with JavaScript
and without, on paper; and the file that whoever keeps them takes along."""

import csv
import io
import re

from playwright.async_api import Page, expect

from tests.browser.conftest import PageOpener
from tests.browser.test_turns import DEVICES, ROSA, SCRIPTS, looks_right

SAMIRA = "samira@exemple.fr"
EACH = re.compile(r"chaque repas a coûté (\d+(,\d\d)?)\s€ par personne\.")


async def last_month(page: Page) -> None:
    """The demonstration has two months of meals behind it; this one may have begun today."""
    await page.locator(".pager a[href*='mois=']").first.click()
    await expect(page.locator("[data-month]")).to_be_visible()


@DEVICES
@SCRIPTS
async def test_a_member_reads_the_month(member: PageOpener, device: str, javascript: bool) -> None:
    samira = await member(SAMIRA, device, javascript=javascript)
    await samira.goto("/repas")
    await samira.locator("main").get_by_role("link", name="Les comptes").click()
    await expect(samira.get_by_role("heading", level=1)).to_have_text("Les comptes, à livre ouvert")
    await looks_right(samira)
    await last_month(samira)
    await expect(samira.locator("#mois")).to_have_text(EACH)
    await looks_right(samira)

    drawings = samira.locator("figure svg[role=img]")
    await expect(drawings).to_have_count(2)
    for number in range(2):
        card = samira.locator(".figure-card").nth(number)
        label = await card.locator("svg").get_attribute("aria-label")
        await card.locator("summary").click()
        await expect(card.locator("table")).to_be_visible()
        for cell in await card.locator("tbody td").all_inner_texts():
            assert label is not None
            assert cell in label or cell == "rien de dit", "the drawing says what its table says"
    await looks_right(samira)
    await expect(samira.locator("main")).to_contain_text("Ce qu’on a choisi de ne pas compter")

    meal = samira.locator(".meal-sums > li[data-id]").first
    title = await meal.locator("b").first.inner_text()
    await meal.locator("a").click()
    await expect(samira.get_by_role("heading", level=1)).to_have_text(title)
    await samira.get_by_role("link", name="Ce qu’il a coûté").click()
    await expect(samira.locator(".meal-sums > li:target b").first).to_have_text(title)


async def test_on_paper_nothing_is_folded(member: PageOpener) -> None:
    samira = await member(SAMIRA, "desktop")
    await samira.goto("/repas/comptes")
    await last_month(samira)
    await samira.emulate_media(media="print")
    await expect(samira.locator("nav").first).to_be_hidden()
    for table in await samira.locator(".figure-card table").all():
        await expect(table).to_be_visible()
    await expect(samira.locator(".meal-sums")).to_be_visible()
    await expect(samira.get_by_role("button", name="J’imprime ce mois")).to_be_hidden()


@DEVICES
@SCRIPTS
async def test_whoever_keeps_them_takes_the_file(member: PageOpener, device: str, javascript: bool) -> None:
    rosa = await member(ROSA, device, javascript=javascript)
    await rosa.goto("/comptes")
    await rosa.get_by_role("link", name="Le fichier des comptes").click()
    await looks_right(rosa)
    await rosa.get_by_label("Du", exact=True).fill("2020-01-01")
    await rosa.get_by_role("button", name="Je télécharge le fichier").click()
    await expect(rosa.locator("#summary")).to_contain_text("Trois ans au plus à la fois.")
    await looks_right(rosa)
    await rosa.goto("/comptes/export")
    async with rosa.expect_download() as coming:
        await rosa.get_by_role("button", name="Je télécharge le fichier").click()
    path = await (await coming.value).path()
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")), delimiter=";"))
    assert {"Apporté", "Achat"} <= {row["Quoi"] for row in rows}
    assert all(re.fullmatch(r"-?\d+,\d\d", row["Montant"]) for row in rows)
