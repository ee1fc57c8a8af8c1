"""What many tests in the browser begin with, done as a person does it."""

from playwright.async_api import Page, expect

PASSWORD = "demonstration"


async def sign_in(page: Page, email: str, *, password: str = PASSWORD) -> None:
    """Sign in on one's own device, through the form; fails with what the page says when that is refused."""
    await page.goto("/connexion")
    form = page.locator("form:has(input[name=password])")
    await form.locator("input[name=email]").fill(email)
    await form.locator("input[name=password]").fill(password)
    await form.locator("label:has(input[name=device][value=mine])").click()
    await expect(form.locator("input[name=device][value=mine]")).to_be_checked()
    await form.locator("button[type=submit], button:not([type])").first.click()
    await page.wait_for_load_state("load")
    assert "/connexion" not in page.url, f"{email} could not sign in:\n{await page.locator('main').inner_text()}"
