"""A month of a place's turns, as people live it: on a phone and on a computer, with JavaScript and without.

Whoever keeps the place opens a duty and its week; several people take turns; somebody is ill, and somebody else comes
instead; two swap; a turn of tomorrow lacks somebody, is called out by mail, and taken; and a till opens to whoever has
its turn, to nobody else, and no more once the turn is given up.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Locator, Page, expect

from app.clock import PARIS
from tests.browser.axe import violations
from tests.browser.conftest import PageOpener
from tests.browser.looks import overflowing, small_targets
from tests.browser.steps import ZINEB, button, join

DEVICES = pytest.mark.parametrize("device", ["phone", "desktop"])
SCRIPTS = pytest.mark.parametrize("javascript", [True, False], ids=["with-javascript", "without"])
ROSA = "rosa@exemple.fr"
"""She keeps the place."""
HELENE = "helene@exemple.fr"
"""A mediator."""
EARLY = 4
"""O’clock: from then on nobody of the demonstration has anything to do for hours; each story has half an hour."""
LASTS = timedelta(minutes=25)
CALLED_WITHIN_MS = 90_000
"""The job that calls out runs every minute."""
ILL = "Je suis au lit, et ça dure."
stories = count(1)


@dataclass(frozen=True)
class Turn:
    """One turn, as its page and its week show it."""

    id: str
    starts: datetime

    @property
    def path(self) -> str:
        return f"/tours/{self.id}"

    @property
    def week(self) -> str:
        return f"/tours?semaine={self.starts:%Y-%m-%d}"

    def line(self, page: Page) -> Locator:
        """In its week."""
        return page.locator(f"#tour-{self.id}")


async def told(page: Page, words: str) -> None:
    await expect(page.locator("#avis")).to_contain_text(words)


async def looks_right(page: Page) -> None:
    """A page to which no link leads those of `test_accessibility`. axe-core, a script, judges where scripts run."""
    await page.wait_for_load_state("load")  # with its style sheet
    if await page.evaluate("'htmx' in window"):
        window = page.viewport_size
        assert window is not None
        tall = await page.evaluate("document.body.scrollHeight")
        await page.set_viewport_size({**window, "height": tall})  # else the bar of a phone lies over what is measured
        assert not await violations(page)
        await page.set_viewport_size(window)
    assert not await small_targets(page)
    assert not await overflowing(page)


async def open_duty(page: Page, name: str, *, people: int, act: str = "") -> str:
    """Whoever keeps the place names what is to be done; the path of its page."""
    await page.goto("/tours/roles")
    await page.get_by_role("link", name="J’ouvre un rôle").first.click()
    await page.get_by_label("Son nom").fill(name)
    await page.get_by_label("Ce qu’on y fait").fill("On range, on aère, on met l’eau à chauffer.")
    await page.get_by_label("Combien de personnes par tour").fill(str(people))
    if act:
        await page.get_by_label("Ce que ça permet pendant le tour").select_option(act)
    await button(page, "J’ouvre ce rôle").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(name)
    return urlsplit(page.url).path


async def open_every_week(page: Page, duty: str, first: datetime) -> list[Turn]:
    """Every week at this hour; its turns of the next weeks."""
    await page.goto(duty)
    await page.get_by_role("link", name="Chaque semaine").click()
    await button(page, "J’ouvre ces tours").click()
    await expect(page.locator("#summary")).to_be_visible()  # a week without a day and hours is none
    await looks_right(page)
    await page.get_by_label("Le jour").select_option(str(first.weekday()))
    await page.get_by_label("De", exact=True).fill(f"{first:%H:%M}")
    await page.get_by_label("À", exact=True).fill(f"{first + LASTS:%H:%M}")
    await page.get_by_label("Combien de personnes").fill("2")
    await button(page, "J’ouvre ces tours").click()
    await told(page, "C’est ouvert")
    ids = [await each.get_attribute("data-id") for each in await page.locator("li[data-id]:has(a)").all()]
    links = [await each.get_attribute("href") for each in await page.locator("a[href^='/tours/']").all()]
    slots = [href.rsplit("/", 1)[1] for href in links if href and re.fullmatch(r"/tours/\d+", href)]
    assert len(slots) >= 2, "no turn was made"
    assert set(slots) <= set(ids)
    return [Turn(slot, first + timedelta(weeks=week)) for week, slot in enumerate(slots[:2])]


async def open_once(page: Page, duty: str, starts: datetime, *, people: int) -> Turn:
    """One turn of its own."""
    await page.goto(duty)
    await page.get_by_role("link", name="Une seule fois").click()
    await page.get_by_label("Le jour").fill(f"{starts:%Y-%m-%d}")
    await page.get_by_label("De", exact=True).fill(f"{starts:%H:%M}")
    await page.get_by_label("À", exact=True).fill(f"{starts + LASTS:%H:%M}")
    await page.get_by_label("Combien de personnes").fill(str(people))
    await button(page, "J’ouvre ce tour").click()
    await told(page, "Le tour est ouvert")
    return Turn(urlsplit(page.url).path.rsplit("/", 1)[1], starts)


async def take_in_the_week(page: Page, turn: Turn, *, left: int) -> None:
    """From the grid, where it stands."""
    await page.goto(turn.week)
    await expect(turn.line(page)).to_have_attribute("data-seats-left", str(left))
    await button(turn.line(page), "Je prends ce tour").click()


async def has_it(page: Page, turn: Turn) -> None:
    await page.goto(turn.week)
    await expect(turn.line(page)).to_have_class(re.compile(r"\bmine\b"))


async def has_it_not(page: Page, turn: Turn) -> None:
    await page.goto(turn.week)
    await expect(turn.line(page)).not_to_have_class(re.compile(r"\bmine\b"))


async def take_the_last_place(page: Page, turn: Turn) -> None:
    """Beside somebody who begins, too: one is asked whether somebody who knows it should rather come."""
    await take_in_the_week(page, turn, left=1)
    yes = page.get_by_role("button", name="Oui, je le prends")
    await expect(yes).to_be_visible()
    await looks_right(page)
    await yes.click()
    await told(page, "C’est noté")
    await has_it(page, turn)
    await expect(turn.line(page)).to_have_attribute("data-seats-left", "0")


async def write_down_who_is_ill(door: Page, turn: Turn, name: str) -> None:
    """The welcome turn, by telephone: somebody is looked for; until then the turn stays whose it is."""
    await door.goto(turn.path)
    await door.get_by_role("link", name=re.compile(f"Ne peut pas venir.*{name}$")).click()
    await expect(door.get_by_role("heading", level=1)).to_have_text(f"{name} ne peut pas venir ?")
    await looks_right(door)
    form = door.locator("form:has(input[name=choice][value=stand_in])")
    await form.get_by_label("Un mot, si tu veux").fill(ILL)
    await button(form, "Je demande quelqu’un").click()
    await told(door, "C’est demandé")


async def come_instead(page: Page, turn: Turn, name: str) -> None:
    await page.goto(turn.week)
    await expect(turn.line(page)).to_contain_text(f"{name} ne peut pas venir. Qui vient à sa place ?")
    await page.goto(turn.path)
    await expect(page.locator("#echanges")).to_contain_text(ILL)
    await looks_right(page)
    await button(page.locator("#echanges"), "Je viens à sa place").click()
    await told(page, "C’est noté")
    await has_it(page, turn)


async def propose_a_swap(page: Page, mine: Turn, theirs: Turn) -> None:
    await page.goto(mine.path)
    await page.get_by_role("link", name="Je ne peux pas venir").click()
    form = page.locator("form:has(input[name=choice][value=swap])")
    await form.get_by_label("Contre quel tour ?").select_option(theirs.id)
    await button(form, "Je propose l’échange").click()
    await told(page, "L’échange est proposé")
    await has_it(page, mine)  # until somebody says yes


async def agree_to_the_swap(page: Page, mine: Turn, theirs: Turn) -> None:
    await page.goto(mine.week)
    asked = page.locator("section[aria-labelledby=demandes] a").first
    await expect(asked).to_contain_text("te propose un échange")
    await asked.click()
    await button(page.locator("#echanges"), "D’accord, on échange").click()
    await told(page, "C’est noté")
    await has_it(page, theirs)
    await has_it_not(page, mine)


async def read_that_it_is_called_out(page: Page, name: str) -> str:
    """In the letter box of the demonstration, where the call comes within a minute; where it leads."""
    box = await page.context.new_page()
    call = box.locator("main .queue a", has_text=re.compile(f"Il manque une personne.*{re.escape(name)}"))
    for _ in range(CALLED_WITHIN_MS // 2_000):
        await box.goto("/demo/courrier")
        if await call.count():
            break
        await box.wait_for_timeout(2_000)
    await call.first.click()
    link = await box.locator("main a", has_text="Je prends un tour").first.get_attribute("href")
    await box.close()
    assert link, "the mail leads nowhere"
    return urlsplit(link).path


async def nobody_opens_the_till(turn: Turn, *people: Page) -> None:
    for each in people:
        answer = await each.goto(f"{turn.path}/caisse")
        assert answer is not None
        assert answer.status == 404, each.url


async def count_the_till(page: Page, turn: Turn) -> None:
    await page.goto(turn.path)
    await page.get_by_role("link", name="La caisse").first.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("La caisse")
    opening = page.locator("section[data-state=opening]")
    await button(opening, "J’ai compté").click()
    await expect(page.locator("#summary")).to_be_visible()  # nothing was written
    await looks_right(page)
    await page.locator("section[data-state=opening]").get_by_label("Dans la boîte, en euros").fill("132,50")
    await button(page.locator("section[data-state=opening]"), "J’ai compté").click()
    await told(page, "C’est noté dans la caisse")
    await expect(page.locator("section[data-state=opening]")).to_contain_text("132,50")


async def give_it_up(page: Page, turn: Turn) -> None:
    await page.goto(turn.path)
    await page.get_by_role("link", name="Je ne peux pas venir").click()
    await button(page, "Je libère ma place").click()
    await told(page, "C’est fait, la place est libre")


def hour_of(number: int, *, days: int) -> datetime:
    """Of this story, so many days ahead."""
    return (datetime.now(PARIS) + timedelta(days=days)).replace(hour=EARLY, minute=0, second=0, microsecond=0) + (
        timedelta(minutes=30 * number)
    )


@DEVICES
@SCRIPTS
async def test_a_month_of_turns(new_page: PageOpener, member: PageOpener, device: str, javascript: bool) -> None:
    number = next(stories)
    name = f"Grand ménage {number}"

    async def person(email: str) -> Page:
        return await member(email, device, javascript=javascript)

    rosa, zineb = await person(ROSA), await person(ZINEB)
    brings, swaps, answers, stands_in = [await person(f"membre{each}@exemple.fr") for each in (3, 15, 20, 31)]

    duty = await open_duty(rosa, name, people=2)
    first, second = await open_every_week(rosa, duty, hour_of(number, days=4))
    tomorrow = await open_once(rosa, duty, hour_of(number, days=1), people=1)

    await take_in_the_week(brings, first, left=2)
    await told(brings, "C’est noté")
    await has_it(brings, first)
    await take_the_last_place(swaps, first)
    await take_in_the_week(answers, second, left=2)
    await told(answers, "C’est noté")

    await write_down_who_is_ill(zineb, first, "Jean-Luc")
    await has_it(brings, first)
    await come_instead(stands_in, first, "Jean-Luc")
    await has_it_not(brings, first)

    await propose_a_swap(swaps, first, second)
    await agree_to_the_swap(answers, second, first)
    await has_it(swaps, second)
    await has_it_not(swaps, first)

    path = await read_that_it_is_called_out(stands_in, name)
    assert path == tomorrow.path
    await stands_in.goto(path)
    await button(stands_in, "Je prends ce tour").click()
    await told(stands_in, "C’est noté")
    await has_it(stands_in, tomorrow)


@DEVICES
@SCRIPTS
async def test_only_its_holder_opens_the_till(
    new_page: PageOpener, member: PageOpener, device: str, javascript: bool
) -> None:
    number = next(stories)
    rosa = await member(ROSA, device, javascript=javascript)
    mediator = await member(HELENE, device, javascript=javascript)
    other = await member("membre15@exemple.fr", device, javascript=javascript)
    visitor = await new_page(device, javascript=javascript)
    holder = await new_page(device, javascript=javascript)
    await holder.goto("/inscription")
    await join(holder, f"Amel{number}", f"amel{number}@exemple.fr")

    duty = await open_duty(rosa, f"Petite caisse {number}", people=1, act="take_cash")
    soon = (datetime.now(PARIS) + timedelta(minutes=20)).replace(second=0, microsecond=0)
    turn = await open_once(rosa, duty, soon, people=1)
    await nobody_opens_the_till(turn, rosa, mediator, other, holder)

    await holder.goto(turn.path)
    await expect(button(holder, "Je prends ce tour")).to_have_count(0)
    for one_who_met in (rosa, other):
        await one_who_met.goto("/membres")
        newcomer = one_who_met.get_by_role("listitem").filter(has_text=f"Amel{number}")
        await button(newcomer, "J’ai rencontré cette personne").click()
        await told(one_who_met, "C’est noté")

    await holder.goto(turn.path)
    await button(holder, "Je prends ce tour").click()
    await told(holder, "C’est noté")
    await count_the_till(holder, turn)
    await nobody_opens_the_till(turn, rosa, mediator, other)
    await visitor.goto(f"{turn.path}/caisse")
    await expect(visitor).to_have_url(re.compile("/connexion"))

    await give_it_up(holder, turn)
    await nobody_opens_the_till(turn, holder)
    await expect(holder.locator(f"a[href='{turn.path}/caisse']")).to_have_count(0)
