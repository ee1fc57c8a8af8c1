"""Messages on the site, the call list of the welcome turn, and the links of mails, as people use them."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import PageOpener
from tests.browser.looks import enlarge_text, overflowing, small_targets, wider_than_the_window
from tests.browser.steps import ZINEB, button, fill_sign_in, let_in, publish

WITH_AND_WITHOUT = pytest.mark.parametrize("javascript", [True, False], ids=["with-javascript", "without"])


async def link_in_the_box(page: Page, words: str) -> str:
    """Where a link with these words leads, in the newest mail of the demonstration that has it."""
    box = await page.context.new_page()
    address = "/demo/courrier"
    while address:
        await box.goto(address)
        older = (
            await box.locator("a[rel=next]").get_attribute("href") if await box.locator("a[rel=next]").count() else ""
        )
        for mail in [await each.get_attribute("href") or "" for each in await box.locator(".queue a").all()]:
            await box.goto(mail)
            link = box.locator("main a", has_text=words)
            if await link.count():
                href = await link.first.get_attribute("href") or ""
                await box.close()
                return urlsplit(href).path
        address = older or ""
    raise AssertionError(f"no mail has « {words} »")


@WITH_AND_WITHOUT
async def test_the_welcome_turn_tells_somebody_and_takes_it_back(member: PageOpener, javascript: bool) -> None:
    page = await member(ZINEB, javascript=javascript)
    await page.goto("/agenda")
    await expect(page.locator("#sommaire a[href='/a-prevenir']")).to_have_count(1)
    await page.goto("/a-prevenir")
    germaine = page.locator("article", has=page.get_by_role("heading", name="Germaine"))
    await expect(germaine.locator("a[href^='tel:']")).to_have_count(1)
    waiting = await germaine.locator("section").count()
    assert waiting
    await germaine.locator("section").first.get_by_role("button").click()
    await expect(page.locator("#avis")).to_contain_text("C’est noté, merci")
    told = page.locator(".told li", has_text="Germaine")
    await expect(told).to_have_count(1)
    await expect(page.locator("article section[data-id]")).to_have_count(waiting - 1)
    await told.get_by_role("button").click()
    await expect(page.locator(".told")).to_have_count(0)
    await expect(germaine.locator("section")).to_have_count(waiting)
    if javascript:
        await expect(germaine.get_by_role("heading", level=2)).to_be_focused()


@WITH_AND_WITHOUT
async def test_stopping_a_kind_of_mail_and_having_it_again(new_page: PageOpener, javascript: bool) -> None:
    page = await new_page("phone", javascript=javascript)
    address = await link_in_the_box(page, "Ne plus")
    assert re.fullmatch(r"/courrier/[^/]+/stop", address)
    await page.goto(address)
    await expect(page.locator("main")).to_contain_text("Ne plus recevoir")
    await button(page, "Je ne veux plus de ces mails").click()
    await expect(page.get_by_role("heading", name="C’est arrêté")).to_be_visible()
    assert not await overflowing(page)
    if javascript:
        assert not await small_targets(page)
    await button(page, "Je les veux à nouveau").click()
    await expect(page.get_by_role("button", name="Je ne veux plus de ces mails")).to_be_visible()
    assert not await page.context.cookies(), "nobody is known here"


@WITH_AND_WITHOUT
async def test_somebody_without_email_learns_that_it_is_off(
    member: PageOpener, new_page: PageOpener, javascript: bool
) -> None:
    door, host = await member(ZINEB), await member("samira@exemple.fr")
    title = f"Un après-midi couture {'avec' if javascript else 'sans'} machine"
    path = await publish(host, await member("helene@exemple.fr"), title)
    who = "Nafissatou" if javascript else "Rokhaya"
    name, password = await let_in(door, who)
    page = await new_page("phone", javascript=javascript)
    await page.goto("/connexion")
    await fill_sign_in(page, name, password=password)
    await page.goto(path)
    await button(page, "Je m’inscris").click()
    await expect(page.locator("#avis")).to_contain_text("C’est noté")
    head = page.locator("#a-lire")
    await page.goto("/messages")
    await expect(page.locator("article[data-state=read]", has_text=title)).to_have_count(1)
    await expect(page.locator("#messages")).to_contain_text("Tu as tout lu.")
    await expect(head).to_be_empty()
    await host.goto(f"{path}/annulation")
    await host.get_by_label("Pourquoi").fill("La machine est en panne.")
    await host.locator("form[action$='/annulation'] button").first.click()
    await expect(host.locator("#avis")).to_be_visible()
    await door.goto("/a-prevenir")
    waiting = door.locator("article", has=door.get_by_role("heading", name=who))
    await expect(waiting).to_contain_text(title)
    await page.goto("/messages")
    await expect(head).to_contain_text("1 à lire")
    unread = page.locator("article[data-state=unread]")
    await expect(unread).to_contain_text("La machine est en panne.")
    if javascript:
        await look_closely(page)
    await button(unread if javascript else page, "J’ai lu" if javascript else "J’ai tout lu").click()
    await expect(page.locator("article[data-state=read]", has_text=title)).to_have_count(2)
    await expect(head).to_be_empty()
    await page.goto("/moi/courrier")
    await expect(page.locator("main")).to_contain_text("Tout t’attend dans « Mes messages »")
    await door.goto("/a-prevenir")
    await expect(waiting).to_have_count(0)


async def look_closely(page: Page) -> None:
    """At the page with something to read, which others have not in the demonstration."""
    for width in (320, 390, 1280):
        await page.set_viewport_size({"width": width, "height": 844})
        assert not await overflowing(page), width
    await page.set_viewport_size({"width": 390, "height": 3000})
    assert not await violations(page)
    assert not await small_targets(page)
    await page.set_viewport_size({"width": 390, "height": 844})
    await enlarge_text(page)
    assert not await wider_than_the_window(page)
    await page.reload()


async def test_one_chooses_what_one_receives(member: PageOpener) -> None:
    page = await member("membre7@exemple.fr")
    await page.goto("/moi")
    await page.get_by_role("link", name="Mails et rappels").click()
    digest, changes = page.get_by_label("« Ta semaine »"), page.get_by_label("Changements")
    await expect(changes).to_be_checked()
    await changes.uncheck()
    await digest.set_checked(True)
    await page.get_by_label("Les deux").check()
    await button(page, "Je garde ça").click()
    await expect(page.locator("#avis")).to_contain_text("C’est noté")
    await expect(changes).not_to_be_checked()
    await expect(digest).to_be_checked()
    await expect(page.get_by_label("Les deux")).to_be_checked()
