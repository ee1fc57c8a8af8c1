"""On paper: what is pressed is left out, and each sheet is one page."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import PageOpener
from tests.browser.looks import overflowing, wider_than_the_window
from tests.browser.steps import ZINEB, let_in

PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")
BOX = re.compile(rb"/MediaBox\s*\[([^\]]*)\]")
A4 = (595, 842)


async def printed(page: Page, folder: Path) -> tuple[int, tuple[int, int]]:
    """How many pages the open page takes, and how large the first is, in points."""
    pdf = await page.pdf(path=folder / "page.pdf", prefer_css_page_size=True, print_background=True)
    box = BOX.search(pdf)
    assert box, "no page was printed"
    _, _, width, height = (round(float(number)) for number in box[1].split())
    return len(PAGE.findall(pdf)), (width, height)


async def first_of_mine(page: Page) -> str:
    """The path of a workshop that Samira hosts."""
    await page.goto("/mes-rendez-vous")
    strips = page.locator(".strip[data-state=confirmed]", has_text="Tu animes")
    return await strips.locator("h3 a").first.get_attribute("href") or ""


@pytest.mark.parametrize("address", ["/agenda", "/ateliers", "/lieux/les-tanneurs", "/moi"])
async def test_nothing_that_is_pressed(member: PageOpener, address: str) -> None:
    page = await member("samira@exemple.fr", "desktop")
    await page.goto(address)
    for pressed in (".contents", ".page-foot", ".me"):
        await expect(page.locator(pressed)).to_be_visible()
    await page.emulate_media(media="print")
    for pressed in (".contents", ".page-foot", ".me", ".bar", "main .button", "main form", ".chips"):
        assert not await page.locator(pressed).locator("visible=true").count(), pressed
    await expect(page.locator("h1")).to_be_visible()
    await page.set_viewport_size({"width": 718, "height": 1000})  # A4 between its margins
    assert not await overflowing(page)


@pytest.mark.parametrize("address", ["/confidentialite", "/moi/donnees"])
async def test_what_is_folded_is_read(member: PageOpener, address: str) -> None:
    page = await member("samira@exemple.fr", "phone")
    await page.goto(address)
    folded = page.locator("main details h3")
    assert await folded.count() > 15
    assert not await folded.locator("visible=true").count()
    await page.emulate_media(media="print")
    assert await folded.locator("visible=true").count() == await folded.count()


@pytest.mark.parametrize("sheet", ["affiche", "liste"])
async def test_a_sheet_is_one_page_of_a4(member: PageOpener, tmp_path: Path, sheet: str) -> None:
    page = await member("samira@exemple.fr", "desktop")
    await page.goto(f"{await first_of_mine(page)}/{sheet}")
    await expect(page.locator(".desk-bar")).to_be_visible()
    await page.emulate_media(media="print")
    await expect(page.locator(".desk-bar")).to_be_hidden()
    assert await printed(page, tmp_path) == (1, A4)


async def test_what_lets_somebody_in_is_a_page_that_says_nothing_else(member: PageOpener, tmp_path: Path) -> None:
    page = await member(ZINEB, "desktop")
    name, password = await let_in(page, "Awa")
    await page.emulate_media(media="print")
    paper = page.locator(".slip")
    assert (await paper.inner_text()).count(name) == 1
    for word in password.split(" "):
        await expect(paper.get_by_text(word, exact=True)).to_be_visible()
    for other in ("h1", "main .button", ".contents", ".page-foot", ".me"):
        assert not await page.locator(other).locator("visible=true").count(), other
    assert await printed(page, tmp_path) == (1, A4)


async def test_every_poster_holds_its_words(member: PageOpener, tmp_path: Path) -> None:
    page = await member("samira@exemple.fr", "desktop")
    sizes = set()
    for path in await workshops_to_come(page):
        await page.goto(f"{path}/affiche")
        sheet = page.locator(".poster-sheet")
        if await sheet.count():
            assert await page.evaluate(LETTERS_ASTRAY) == [], path
            size = await sheet.get_attribute("class")
            if size not in sizes:
                assert await printed(page, tmp_path) == (1, A4), path
            sizes.add(size)
    assert len(sizes) > 1, "posters with one size of letters alone"


@pytest.mark.parametrize(
    ("word", "fault"), [("Ouvertu", "meets the drawing"), ("Anticonstitution", "leaves the sheet")]
)
async def test_it_sees_letters_astray(member: PageOpener, word: str, fault: str) -> None:
    page = await member("samira@exemple.fr", "desktop")
    await page.goto(f"{(await workshops_to_come(page))[0]}/affiche")
    await page.evaluate(
        "word => { const title = document.querySelector('.poster-sheet h1');"
        " title.parentElement.classList.remove('medium', 'long'); title.textContent = word }",
        word,
    )
    assert f"{word} {fault}" in await page.evaluate(LETTERS_ASTRAY)


LETTERS_ASTRAY = """() => {
    const sheet = document.querySelector(".poster-sheet"), paper = sheet.getBoundingClientRect();
    const shapes = [...sheet.querySelectorAll(".sheet-drawing *")].map(shape => shape.getBoundingClientRect());
    const texts = document.createTreeWalker(sheet, NodeFilter.SHOW_TEXT), found = [];
    while (texts.nextNode()) {
        const words = texts.currentNode.data.trim(), range = document.createRange();
        range.selectNodeContents(texts.currentNode);
        for (const line of words ? range.getClientRects() : []) {
            const top = line.top + line.height / 5, bottom = line.bottom - line.height / 5;  // of the letters
            if (line.left < paper.left || line.right > paper.right || line.bottom > paper.bottom)
                found.push(words + " leaves the sheet");
            if (shapes.some(shape => line.left < shape.right && shape.left < line.right
                    && top < shape.bottom && shape.top < bottom))
                found.push(words + " meets the drawing");
        }
    }
    return found;
}"""


async def workshops_to_come(page: Page) -> list[str]:
    """The paths of the workshops on the first page of their list."""
    await page.goto("/ateliers")
    links = await page.locator(".strip h2 a").all()
    return [await link.get_attribute("href") or "" for link in links]


async def test_a_month_is_one_page_across(member: PageOpener, tmp_path: Path) -> None:
    page = await member("samira@exemple.fr", "desktop")
    await page.goto("/agenda/mois")
    assert await printed(page, tmp_path) == (1, A4[::-1])


async def test_it_counts_pages(new_page: PageOpener, tmp_path: Path) -> None:
    page = await new_page("desktop")
    await page.goto("/confidentialite")
    await page.evaluate("document.body.append(document.querySelector('main').cloneNode(true))")
    assert (await printed(page, tmp_path))[0] > 1


async def kitchen_of(page: Page) -> str:
    """The path of the kitchen sheet of a meal of the demonstration that is still booked."""
    await page.goto("/repas")
    meal = await page.locator("main .strip h3 a", has_text="Le mafé de Fatou").first.get_attribute("href")
    return f"{meal}/cuisine"


async def test_what_a_kitchen_is_warned_of_is_on_paper_too(member: PageOpener) -> None:
    page = await member("odile@exemple.fr", "desktop")
    await page.goto(await kitchen_of(page))
    await page.emulate_media(media="print")
    warned = page.locator("section:has(> #attention)")
    notice = page.locator("main .notice", has_text="Les nombres changent jusqu’à")
    for each in (warned, notice):
        await expect(each).to_be_visible()
        await expect(each).to_have_css("color", "rgb(0, 0, 0)")
        await expect(each).to_have_css("background-color", "rgba(0, 0, 0, 0)")


async def test_the_sheet_of_a_kitchen_fills_its_papers_and_fits_a_phone(member: PageOpener, tmp_path: Path) -> None:
    page = await member("odile@exemple.fr", "phone")
    await page.goto(f"{await kitchen_of(page)}/feuille")
    assert not await wider_than_the_window(page)
    assert await page.evaluate("document.querySelector('main').scrollWidth <= innerWidth")
    await page.emulate_media(media="print")
    papers = await page.locator(".kitchen-sheet").all()
    assert await printed(page, tmp_path) == (len(papers), A4)
    await page.set_viewport_size({"width": 1280, "height": 900})
    for paper in papers:
        lowest, foot = await paper.evaluate(
            "paper => [paper.querySelector(':scope > section:last-of-type').getBoundingClientRect().bottom,"
            " paper.querySelector(':scope > .bottom').getBoundingClientRect().top]"
        )
        assert lowest < foot, "nothing lies under the line at the foot"
    await expect(papers[0].locator("h2", has_text="Courses")).to_be_visible()
    await expect(page.locator(".kitchen-sheet h2", has_text="Courses")).to_have_count(1)  # what fits is not cut


async def test_the_names_of_turns_stay_whole_on_a_phone(member: PageOpener) -> None:
    page = await member("odile@exemple.fr", "phone")
    await page.goto(await kitchen_of(page))
    cell = page.locator(".kitchen-day td", has_text="Vaisselle").first
    one_line = "cell => { const all = document.createRange(); all.selectNodeContents(cell); return all.getClientRects()"
    assert await cell.evaluate(one_line + ".length }") == 1
