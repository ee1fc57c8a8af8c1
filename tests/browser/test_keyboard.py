"""With the keyboard alone: everything is reached, the focus is seen, and somebody signs up from the agenda."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import PageOpener
from tests.browser.steps import day_of, publish

FOCUS = """() => {
    const element = document.activeElement;
    if (element === document.body) return null;
    const drawn = [element, element.closest("label"), element.closest(".strip")].filter(Boolean)
        .some((each) => {
            const style = getComputedStyle(each);
            return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
        });
    const box = (element.closest("label") || element).getBoundingClientRect();
    const bar = document.querySelector(".bar");
    const under = bar && bar.checkVisibility() && !bar.contains(element);
    const floor = under ? bar.getBoundingClientRect().top : innerHeight;
    const again = element === window.stoodOn;  // a day and an hour have several stops of the browser's own
    window.stoodOn = element;
    const words = (element.labels && element.labels[0] || element).textContent.trim().replace(/\\s+/g, " ");
    return {
        words: words || element.getAttribute("aria-label") || element.name,
        again,
        drawn,
        seen: box.bottom > 0 && box.top < floor,
    };
}"""
REACHED = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
    .filter((element) => element.checkVisibility() && element.tabIndex >= 0 && element.type !== "hidden"
        && !(element.type === "radio" && element !== element.form.querySelector(`[name="${element.name}"]`))).length"""
MOST = 200


async def walk(page: Page) -> tuple[int, list[str]]:
    """Press Tab until the end of the page: how many things were reached, and what was wrong with the focus."""
    stops, faults = 0, []
    for _stop in range(MOST):
        await page.keyboard.press("Tab")
        found = await page.evaluate(FOCUS)
        if found is None:
            break
        if found["again"]:
            continue
        stops += 1
        if not found["drawn"]:
            faults.append(f"the focus is not drawn around “{found['words'][:40]}”")
        if not found["seen"]:
            faults.append(f"“{found['words'][:40]}” has the focus and lies hidden")
    return stops, faults


@pytest.mark.parametrize("device", ["phone", "desktop"])
@pytest.mark.parametrize(
    "address",
    ["/agenda", "/ateliers/nouveau", "/moi", "/mes-rendez-vous", "/membres", "/moi/calendrier", "/recherche?q=cv"],
)
async def test_everything_is_reached_and_the_focus_is_seen(member: PageOpener, device: str, address: str) -> None:
    page = await member("samira@exemple.fr", device)
    await page.goto(address)
    wanted = await page.evaluate(REACHED)
    stops, faults = await walk(page)
    assert not faults, f"{address}:\n" + "\n".join(faults)
    assert stops == wanted, f"{stops} of {wanted} were reached on {address}"


async def test_the_first_stop_leads_to_what_the_page_is_about(member: PageOpener) -> None:
    page = await member("samira@exemple.fr", "desktop")
    await page.goto("/agenda")
    await page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Aller au contenu")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.locator("#contenu")).to_be_focused()
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.querySelector('main').contains(document.activeElement)")


async def test_signing_up_from_the_agenda(member: PageOpener) -> None:
    samira = await member("samira@exemple.fr", "desktop")
    path = await publish(samira, await member("helene@exemple.fr"), "Au clavier")
    page = await member("membre24@exemple.fr", "desktop")
    await page.goto(f"/agenda?du={await day_of(page, path)}")
    for _stop in range(MOST):
        await page.keyboard.press("Tab")
        if "Je m’inscris : Au clavier" in await page.evaluate("document.activeElement.textContent"):
            break
    await page.keyboard.press("Enter")
    strip = page.locator(".strip", has_text="Au clavier")
    await expect(strip.locator(".kind .state")).to_contain_text("Tu as ta place")
    await expect(strip.get_by_role("link", name="Au clavier")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#inscription h2")).to_have_text("Tu as ta place")


async def test_it_sees_a_focus_that_is_not_drawn(new_page: PageOpener) -> None:
    page = await new_page("desktop")
    await page.goto("/aide")
    await page.evaluate("document.querySelectorAll('a').forEach((link) => { link.style.outline = 'none'; })")
    stops, faults = await walk(page)
    assert stops > 5
    assert len(faults) > 5
