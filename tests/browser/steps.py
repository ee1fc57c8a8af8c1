"""What many tests in the browser begin with, done as a person does it."""

import re

from playwright.async_api import Page, expect

PASSWORD = "demonstration"


async def sign_in(page: Page, email: str, *, password: str = PASSWORD) -> None:
    """Sign in on one's own device, through the form; fails with what the page says when that is refused."""
    await page.goto("/connexion")
    await fill_sign_in(page, email, password=password)
    assert "/connexion" not in page.url, f"{email} could not sign in:\n{await page.locator('main').inner_text()}"


async def fill_sign_in(page: Page, email: str, *, password: str = PASSWORD) -> None:
    """Fill the form to sign in, on which one stands, and send it."""
    form = page.locator("form:has(input[name=password])")
    await form.locator("input[name=email]").fill(email)
    await form.locator("input[name=password]").fill(password)
    await form.locator("label:has(input[name=device][value=mine])").click()
    await expect(form.locator("input[name=device][value=mine]")).to_be_checked()
    await form.locator("button[type=submit], button:not([type])").first.click()
    await page.wait_for_load_state("load")


async def code_sent_to(page: Page, email: str) -> str:
    """The six digits in the title of the last mail to this address, read in the letter box of the demonstration."""
    box = await page.context.new_page()
    await box.goto("/demo/courrier")
    mail = box.locator("main .queue li", has_text=email).first
    found = re.search(r"\b\d{6}\b", (await mail.inner_text()).replace("\u202f", "").replace("\u00a0", ""))
    await box.close()
    assert found, f"no code was sent to {email}"
    return found[0]
