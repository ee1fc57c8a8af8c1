"""The whole evening of a meal, on the telephones of those who hold it: with JavaScript and without.

Two at the door tick the same list, one of them by the code of a ticket; somebody comes without having booked, somebody
was ticked by mistake. Afterwards two count the box, each for themselves; then a member reads the accounts of the month,
and whoever keeps them finds the line. The door is that of the demonstration's meal in an hour; a box is counted of a
meal that is over.
"""

import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from playwright.async_api import Locator, Page, Route, expect

from app.clock import PARIS
from app.demo.cast import NAMED, OTHERS
from app.demo.people import address_of
from app.web.qr import qr_image
from meals.demo_plan import TONIGHT
from meals.queries.door import ticket_code
from tests.browser.conftest import PageOpener
from tests.browser.server import LiveServer
from tests.browser.steps import ZINEB, button
from tests.browser.test_turns import SCRIPTS, looks_right, told

PERSON = {person.key: person for person in (*NAMED, *OTHERS)}
ASKED_AGAIN_MS = 30_000
"""The list of the door asks for itself every ten seconds."""
CAME_FIRST, BY_CODE, TWO_SEATS = (
    {True: "claire", False: "svetlana"},
    {True: "sylvie", False: "leila"},
    {True: "patricia", False: "nadia"},
)
"""Who comes to the door, in the story with JavaScript and in the one without."""


def email_of(key: str) -> str:
    return address_of(PERSON[key])


class Door:
    """The list, on the telephone of one of the two."""

    def __init__(self, page: Page, path: str) -> None:
        self.page, self.path = page, path

    def line(self, key: str, state: str) -> Locator:
        """Somebody on it: `confirmed`, who is expected, or `attended`, who is in."""
        name = self.page.locator("b", has_text=re.compile(f"^{re.escape(PERSON[key].name)}$"))
        return self.page.locator(f"#accueil li[data-state={state}]").filter(has=name)

    async def came(self) -> int:
        return int(await self.page.locator("[data-came]").get_attribute("data-came") or -1)

    async def read(self) -> None:
        await self.page.goto(self.path)

    async def notices(self, key: str, state: str, *, javascript: bool) -> None:
        """Sooner or later it stands there; without JavaScript, when the list is read again."""
        if not javascript:
            await self.read()
        await expect(self.line(key, state)).to_be_visible(timeout=ASKED_AGAIN_MS)


async def at_the_door(member: PageOpener, *, javascript: bool) -> tuple[Door, Door]:
    """Samira and Zineb, who can both tick."""
    samira = await member(email_of("samira"), javascript=javascript)
    await samira.goto("/repas")
    await samira.get_by_role("link", name=TONIGHT.title).first.click()
    await expect(samira.get_by_role("heading", level=1)).to_have_text(TONIGHT.title)
    await looks_right(samira)
    await samira.get_by_role("link", name="L’accueil : qui est là").click()
    await expect(samira.locator("#accueil")).to_be_visible()
    path = urlsplit(samira.url).path
    other = await member(ZINEB, javascript=javascript)
    await other.goto(path)
    return Door(samira, path), Door(other, path)


@SCRIPTS
async def test_two_at_the_door(member: PageOpener, live_server: LiveServer, javascript: bool) -> None:
    samira, other = await at_the_door(member, javascript=javascript)
    first, by_code, pair = CAME_FIRST[javascript], BY_CODE[javascript], TWO_SEATS[javascript]
    assert "€" not in await samira.page.locator("main").inner_text(), "nobody's price is on the list"
    await looks_right(samira.page)

    # Both have the same person before them: whoever presses later is told.
    async def hold(route: Route) -> None:
        await (route.fulfill(status=204) if route.request.method == "GET" else route.continue_())

    await other.page.route(re.compile(r"/accueil$"), hold)
    before = await samira.came()
    await button(samira.line(first, "confirmed"), "Est là").click()
    await told(samira.page, "C’est noté : 1 personne.")
    await expect(samira.line(first, "attended")).to_be_visible()
    assert await samira.came() == before + 1
    await button(other.line(first, "confirmed"), "Est là").click()
    await expect(other.page.locator("main")).to_contain_text(re.compile("déjà", re.IGNORECASE))
    await expect(other.line(first, "attended")).to_be_visible()
    await looks_right(other.page)
    await other.page.unroute(re.compile(r"/accueil$"))

    await scanned(
        samira, other, await member(email_of(by_code), javascript=javascript), by_code, live_server, javascript
    )

    # Two seats of one booking: one comes first, the other later, at the other telephone.
    await samira.notices(pair, "confirmed", javascript=javascript)
    await button(samira.line(pair, "confirmed"), "Une personne est là").click()
    await told(samira.page, "C’est noté : 1 personne.")
    await other.read()
    await button(other.line(pair, "confirmed"), "Est là").click()
    await told(other.page, "C’est noté : 1 personne.")
    await expect(other.line(pair, "confirmed")).to_have_count(0)
    await expect(other.line(pair, "attended")).to_be_visible()

    await without_a_booking(samira, javascript)
    await samira.read()
    await other.read()
    assert await samira.came() == await other.came() == before + 4
    await samira.page.goto(f"{samira.path}/feuille")
    await looks_right(samira.page)
    sheet = await samira.page.locator("main").inner_text()
    assert PERSON[first].name in sheet
    assert "€" not in sheet


async def scanned(samira: Door, other: Door, owner: Page, key: str, server: LiveServer, javascript: bool) -> None:
    """Somebody shows the code of their ticket: what a camera reads there is an address, which whoever is at the door
    opens; the same code once more says that they are in."""
    await owner.goto(samira.path.removesuffix("/accueil"))
    await owner.get_by_role("link", name=re.compile("billet", re.IGNORECASE)).first.click()
    await owner.wait_for_url("**/reservations/*")
    booking = int(re.sub(r"\D", "", owner.url.rsplit("/", 1)[1]))
    await looks_right(owner)
    secret = server.log.with_name("demo.sqlite.key").read_text().strip()
    code = f"/entree/{ticket_code(booking, secret_key=secret)}"
    shown = await owner.request.get(await owner.locator("img.qr").get_attribute("src") or "")
    assert await shown.body() == qr_image(f"{server.url}{code}"), "that address stands in the picture"
    answer = await owner.goto(code)
    assert answer is not None
    assert owner.url.endswith(f"/reservations/{booking}"), "to whom it belongs it is the ticket"

    await other.page.goto(code)
    await expect(other.page.locator("#billet")).to_have_text(PERSON[key].name)
    await looks_right(other.page)
    await button(other.page, "Est là").click()
    await told(other.page, "C’est noté : 1 personne.")
    await samira.notices(key, "attended", javascript=javascript)
    await samira.page.goto(code)
    await expect(samira.page.locator("main")).to_contain_text(re.compile("déjà", re.IGNORECASE))
    await expect(button(samira.page, "Est là")).to_have_count(0)
    await looks_right(samira.page)
    await samira.read()


async def without_a_booking(door: Door, javascript: bool) -> None:
    """Somebody comes by, there is a seat; and it was somebody else's: it is free again."""
    name = "Denise" if javascript else "Josiane"
    await door.read()
    left = int(await door.page.locator("[data-seats-left]").get_attribute("data-seats-left") or 0)
    assert left >= 1
    form = door.page.locator("#sans-reservation form")
    await form.get_by_label("Prénom, si la personne veut bien").fill(name)
    await button(form, "Entre à table").click()
    await expect(door.page.locator("#avis")).to_be_visible()
    await door.read()
    line = door.page.locator("#accueil li[data-state=attended]", has_text=name)
    await expect(line).to_be_visible()
    await expect(door.page.locator("[data-seats-left]")).to_have_attribute("data-seats-left", str(left - 1))
    await looks_right(door.page)
    await button(line, "Pas là, finalement").click()
    await told(door.page, "C’est corrigé.")
    await expect(door.page.locator("[data-seats-left]")).to_have_attribute("data-seats-left", str(left))


@SCRIPTS
async def test_the_box_is_counted_by_two_and_a_member_reads_the_accounts(member: PageOpener, javascript: bool) -> None:
    odile, samira, claire, rosa = [
        await member(email_of(key), javascript=javascript) for key in ("odile", "samira", "claire", "rosa")
    ]
    meal, title = await past_meal(odile, 0 if javascript else 1)
    before = await in_the_accounts(claire, meal)
    await looks_right(claire)
    assert "pas encore compté" in before

    await odile.goto(meal)
    await odile.locator(f"a[href='{meal}/caisse']").first.click()
    await expect(odile.locator("main")).to_contain_text("À deux : une personne tient la caisse")
    await looks_right(odile)
    await enters(odile, "beaucoup")
    await expect(odile.locator("#field-total-error")).to_be_visible()
    await looks_right(odile)
    await enters(odile, "41,50")
    await samira.goto(f"{meal}/caisse")
    assert "41,50" not in await samira.locator("body").inner_text(), "nobody reads the other's figure"
    await enters(samira, "40")
    await expect(samira.locator("main")).to_contain_text("Vous n’avez pas trouvé la même chose")
    assert "41,50" not in await samira.locator("body").inner_text()
    await looks_right(samira)
    await enters(samira, "41,5")
    await odile.goto(f"{meal}/caisse")
    await expect(odile.locator("main")).to_contain_text("Vous n’avez pas trouvé la même chose")
    await enters(odile, "41,50")
    for who in (odile, samira):
        await who.goto(f"{meal}/caisse")
        await expect(who.locator("[data-state=counted]")).to_be_visible()
        await expect(who.locator("form[action$='/caisse']")).to_have_count(0)
        await looks_right(who)

    after = await in_the_accounts(claire, meal)
    assert "pas encore compté" not in after
    for private in ("41,50", "Odile", "Samira"):
        assert private not in after, "what few people put in waits for others, and nobody's name is told"
    await expect(claire.locator("main")).to_contain_text("Ce qu’on a choisi de ne pas compter")
    await looks_right(claire)
    assert (await claire.request.get("/comptes")).status == 403

    await rosa.goto("/comptes")
    await expect(rosa.locator("main")).to_contain_text(re.compile(rf"41,50.€\s+Boîte comptée.: {title}"))
    await looks_right(rosa)
    today = datetime.now(PARIS).date()
    sheet = await rosa.request.get(f"/comptes/export.csv?du={today - timedelta(days=90)}&au={today}")
    assert sheet.status == 200
    written = (await sheet.body()).decode("utf-8-sig")
    assert written.count("\r\n") > 20
    assert "Courses au marché" in written
    assert "Samira" not in written


async def past_meal(page: Page, number: int) -> tuple[str, str]:
    """Path and title of a meal that is over, the last one first."""
    await page.goto("/repas")
    past = page.locator("main section", has=page.get_by_role("heading", name="Passés", exact=True))
    links = past.locator("a[href^='/repas/']").filter(has_not_text="Tous les repas")
    hrefs = list(dict.fromkeys([await each.get_attribute("href") or "" for each in await links.all()]))
    hrefs = [href for href in hrefs if re.fullmatch(r"/repas/\d+", href)]
    await page.goto(hrefs[number])
    return hrefs[number], await page.get_by_role("heading", level=1).inner_text()


async def in_the_accounts(page: Page, meal: str) -> str:
    """What the accounts of its month say of a meal."""
    for month in ("", f"?mois={datetime.now(PARIS).date().replace(day=1) - timedelta(days=1):%Y-%m}"):
        await page.goto(f"/repas/comptes{month}")
        found = page.locator("main li, main article").filter(has=page.locator(f"a[href='{meal}']"))
        if await found.count():
            return await found.first.inner_text()
    raise AssertionError(f"{meal} is in no accounts")


async def enters(page: Page, total: str) -> None:
    """What somebody found in the box. Where they entered something already, the form is folded away."""
    await page.goto(page.url.partition("#")[0])
    if await page.locator("summary", has_text="Je me suis trompé en comptant").count():
        await page.locator("summary").first.click()
    await page.get_by_label("Ce que tu as compté, en euros").fill(total)
    await page.locator("form[action$='/caisse'] button").click()
    await page.wait_for_load_state("load")
