"""What many tests in the browser begin with, done as a person does it.

`post` and `publish` only prepare a scene: they send the forms of the open page's session without drawing them.
"""

import re
from datetime import datetime, timedelta
from itertools import count

from playwright.async_api import APIResponse, Locator, Page, expect

from app.clock import PARIS
from app.demo.cast import OTHERS, WELCOMES

PASSWORD = "demonstration"
ZINEB = f"membre{[person.key for person in OTHERS].index(WELCOMES) + 1}@exemple.fr"
"""She holds the welcome turn."""
_days = count(60)


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


async def join(page: Page, name: str, email: str) -> None:
    """Fill the form to join, on which one stands, and open the account with the code from the letter box."""
    await page.get_by_label("Le prénom, ou le nom à afficher").fill(name)
    await page.get_by_label("L’adresse mail").fill(email)
    await page.locator("label", has_text="Le Réseau des Tanneurs").click()
    await page.get_by_label("D’accord avec les règles de la maison").check()
    await button(page, "Je rejoins Le Réseau").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Un mail est parti")
    await page.get_by_label("Le code").fill(await code_sent_to(page, email))
    await page.locator("label", has_text="C’est le mien").click()
    await button(page, "J’entre").click()
    await expect(page.locator("#avis")).to_contain_text(f"Bienvenue, {name} !")


async def let_in(page: Page, name: str) -> tuple[str, str]:
    """As the welcome turn, open an account for somebody without e-mail: the name and the password on their paper."""
    await page.goto("/accueil")
    await page.get_by_label("Son prénom, ou le nom à afficher").fill(name)
    await page.get_by_label("On l’a lue ensemble, et c’est d’accord").check()
    await button(page, "J’ouvre son compte").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Le compte est ouvert")
    words = page.locator("[data-part=password] span")
    return await page.locator("[data-part=name]").inner_text(), " ".join(await words.all_inner_texts())


async def code_sent_to(page: Page, email: str) -> str:
    """The six digits in the title of the last mail to this address, read in the letter box of the demonstration."""
    box = await page.context.new_page()
    await box.goto("/demo/courrier")
    mail = box.locator("main .queue li", has_text=email).first
    found = re.search(r"\b\d{6}\b", (await mail.inner_text()).replace("\u202f", "").replace("\u00a0", ""))
    await box.close()
    assert found, f"no code was sent to {email}"
    return found[0]


def button(scope: Page | Locator, words: str) -> Locator:
    """The first button that says this; what is only heard after it does not count."""
    return scope.get_by_role("button", name=re.compile(rf"^{re.escape(words)}( : .*)?$")).first


async def post(page: Page, path: str, **fields: str) -> APIResponse:
    """Send a form as this page's session would; redirects are not followed. `from_` stands for `from`."""
    start = await page.request.get("/moi")
    token = re.search(r'name="_csrf_token" value="(\w+)"', await start.text())
    assert token, "no form, no token: nobody is signed in here"
    sent = {"_csrf_token": token[1], **{name.rstrip("_"): value for name, value in fields.items()}}
    return await page.request.post(path, form=sent, max_redirects=0)


async def publish(host: Page, mediator: Page, title: str, *, capacity: int = 3) -> str:
    """The path of a workshop that this host proposed and this mediator agreed to; each has a day of its own."""
    day = datetime.now(PARIS).date() + timedelta(days=next(_days))
    proposed = await post(
        host,
        "/ateliers",
        title=title,
        format="libre",
        summary="Pour voir ce qui se passe.",
        day=day.isoformat(),
        from_="10:00",
        to="11:30",
        capacity=str(capacity),
    )
    assert proposed.status == 303, await proposed.text()
    path = proposed.headers["location"]
    agreed = await post(mediator, f"/mediation{path}", decision="approve", version="1")
    assert agreed.status == 303, await agreed.text()
    return path


async def day_of(page: Page, path: str) -> str:
    """The day of this workshop, as addresses write it."""
    event = await page.request.get(f"{path}.ics")
    start = (await event.text()).split("BEGIN:VEVENT")[1].split("DTSTART", 1)[1].split(":", 1)[1]
    return f"{start[:4]}-{start[4:6]}-{start[6:8]}"
