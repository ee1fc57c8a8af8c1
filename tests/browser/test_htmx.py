"""What scripts add, and what must survive them: the focus, the way back, one sending for two clicks, a lost session."""

import pytest
from playwright.async_api import Page, Request, expect

from tests.browser.conftest import PageOpener
from tests.browser.steps import button, day_of, fill_sign_in, post, publish

pytestmark = pytest.mark.usefixtures("live_server")


async def workshop(member: PageOpener, title: str) -> tuple[str, Page]:
    """The path of a workshop of Samira's, and Samira."""
    samira = await member("samira@exemple.fr")
    return await publish(samira, await member("helene@exemple.fr"), title), samira


async def focused(page: Page) -> str:
    """The id of what has the focus, or its words."""
    found: str = await page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")
    return found


def sendings(page: Page) -> list[Request]:
    """Every form that is sent from now on."""
    seen: list[Request] = []
    page.on("request", lambda request: seen.append(request) if request.method == "POST" else None)
    return seen


class TestSigningUp:
    async def test_the_panel_changes_in_its_place_takes_the_focus_and_is_told(self, member: PageOpener) -> None:
        path, _ = await workshop(member, "Le panneau")
        page = await member("membre11@exemple.fr")
        await page.goto(path)
        told, sent = await page.query_selector("#avis"), sendings(page)
        await page.evaluate("window.sameDocument = true")
        await button(page.locator("#inscription"), "Je m’inscris").click()
        await expect(page.locator("#inscription h2")).to_have_text("Tu as ta place")
        await expect(page.locator("#avis")).to_contain_text("C’est noté")
        assert await focused(page) == "inscription"
        assert await page.evaluate("window.sameDocument")
        assert told
        assert await told.evaluate("region => region.isConnected")  # one that is replaced is not read out
        assert [request.headers["hx-request-type"] for request in sent] == ["partial"]
        assert await page.locator("main h1").count() == 1

    async def test_back_gives_a_whole_page(self, member: PageOpener) -> None:
        path, _ = await workshop(member, "Aller et retour")
        page = await member("membre12@exemple.fr")
        await page.goto("/agenda")
        await page.goto(path)
        await button(page.locator("#inscription"), "Je m’inscris").click()
        await expect(page.locator("#inscription h2")).to_have_text("Tu as ta place")
        await page.locator(".page-foot a[href='/aide']").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Dix-sept réponses courtes")
        await page.go_back()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Aller et retour")
        await expect(page.locator(".masthead .brand")).to_be_visible()
        await expect(page.locator("#inscription h2")).to_have_text("Tu as ta place")
        await page.go_back()
        assert page.url.endswith("/agenda")
        await expect(page.locator(".masthead .brand")).to_be_visible()

    async def test_in_the_agenda_the_strip_changes_in_its_place(self, member: PageOpener) -> None:
        path, _ = await workshop(member, "La bande")
        page = await member("membre13@exemple.fr", "desktop")
        await page.goto(path)
        day = (await page.locator(".facts dd").first.inner_text()).split(",")[0]
        await page.goto(f"/agenda?du={await day_of(page, path)}")
        strip = page.locator(".strip", has_text="La bande")
        await button(strip, "Je m’inscris").click()
        await expect(strip.locator(".kind .state")).to_contain_text("Tu as ta place")
        assert await focused(page) == "La bande"
        await expect(page.locator("#avis")).to_contain_text(day.lower())

    async def test_two_clicks_are_one_sending_and_one_place(self, member: PageOpener) -> None:
        path, _ = await workshop(member, "Deux clics")
        page = await member("membre14@exemple.fr")
        await page.goto(path)
        sent = sendings(page)
        await button(page.locator("#inscription"), "Je m’inscris").dblclick()
        await expect(page.locator("#inscription")).to_have_attribute("data-seats-left", "2")
        await expect(page.locator("#inscription h2")).to_have_text("Tu as ta place")
        assert len(sent) == 1

    async def test_two_clicks_without_scripts_are_one_place(self, member: PageOpener) -> None:
        path, _ = await workshop(member, "Deux clics, sans script")
        page = await member("membre15@exemple.fr", javascript=False)
        await page.goto(path)
        await button(page.locator("#inscription"), "Je m’inscris").dblclick()
        await expect(page.locator("#inscription h2")).to_have_text("Tu as ta place")
        await expect(page.locator("#inscription")).to_have_attribute("data-seats-left", "2")

    async def test_the_button_can_be_pressed_again_once_the_answer_is_there(self, member: PageOpener) -> None:
        path, _ = await workshop(member, "Encore une fois")
        page = await member("membre16@exemple.fr")
        await page.goto(path)
        for _time in range(2):
            await button(page.locator("#inscription"), "Je m’inscris").click()
            await expect(page.locator("#inscription h2")).to_have_text("Tu as ta place")
            await button(page.locator("#inscription"), "Je laisse ma place").click()
            await expect(page.locator("#inscription h2")).to_have_text("Il reste 3 places sur 3")


class TestFaults:
    async def test_the_focus_goes_to_the_summary_and_from_there_to_the_field(self, member: PageOpener) -> None:
        page = await member("membre17@exemple.fr")
        await page.goto("/ateliers/nouveau")
        await page.get_by_label("Son nom").fill("Sans jour ni heure")
        await button(page, "Je propose").click()
        await expect(page.locator("#summary")).to_be_visible()
        assert await focused(page) == "summary"
        await expect(page.get_by_label("Son nom")).to_have_value("Sans jour ni heure")
        first = page.locator("#summary a").first
        field = (await first.get_attribute("href") or "").removeprefix("#")
        await first.click()
        assert await focused(page) == field
        await button(page, "Je propose").click()  # the same form, once more
        await expect(page.locator("#summary")).to_be_focused()

    async def test_what_is_no_more_possible_is_said_and_shown(self, member: PageOpener) -> None:
        path, samira = await workshop(member, "Annulé entre-temps")
        page = await member("membre21@exemple.fr")
        await page.goto(path)
        assert (await post(samira, f"{path}/annulation", reason="Une grève.")).status == 303
        await button(page.locator("#inscription"), "Je m’inscris").click()
        await expect(page.locator("#avis .notice[data-tone=fault]")).to_be_visible()
        await expect(page.locator("#inscription")).to_contain_text("Cet atelier est annulé")
        await expect(button(page.locator("#inscription"), "Je m’inscris")).to_have_count(0)

    async def test_what_is_not_there_any_more_is_said_and_the_page_stays(self, member: PageOpener) -> None:
        path, _ = await workshop(member, "Parti")
        page = await member("membre19@exemple.fr")
        await page.goto(path)
        await page.locator("#inscription form").evaluate(
            "form => form.setAttribute('hx-post', '/ateliers/999999/inscription')"
        )
        await button(page.locator("#inscription"), "Je m’inscris").click()
        await expect(page.locator("#avis .notice[data-tone=fault]")).to_contain_text("n’existe pas")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Parti")
        await expect(page.locator("#inscription h2")).to_have_text("Il reste 3 places sur 3")

    @pytest.mark.parametrize("javascript", [True, False], ids=["with-javascript", "without"])
    async def test_a_lost_session_asks_to_sign_in_and_comes_back_to_the_thing(
        self, member: PageOpener, javascript: bool
    ) -> None:
        path, _ = await workshop(member, f"Session perdue {javascript}")
        page = await member("membre20@exemple.fr", javascript=javascript)
        await page.goto(path)
        await page.context.clear_cookies()
        await button(page.locator("#inscription"), "Je m’inscris").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Te revoilà")
        await fill_sign_in(page, "membre20@exemple.fr")
        assert page.url.endswith(path)
        await button(page.locator("#inscription"), "Je m’inscris").click()
        await expect(page.locator("#inscription h2")).to_have_text("Tu as ta place")
