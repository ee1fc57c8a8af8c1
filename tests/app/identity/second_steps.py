"""What the tests of the second code do again and again: a telephone that gives codes, setting it up, showing a code."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from app.identity.second import code_at, step_of
from tests.client import Browser, World

STEP = "/connexion/deuxieme-code"
RECOVERY = f"{STEP}/secours"
MINE = "/moi/deuxieme-code"


@dataclass
class Telephone:
    """The application that gives codes, and the paper with the others."""

    secret: str
    paper: list[str] = field(default_factory=list)

    def code(self, now: datetime, *, later: int = 0) -> str:
        """What it shows at this hour; `later` counts half minutes."""
        return code_at(self.secret, step_of(now) + later)

    def wrong(self, now: datetime) -> str:
        """Six digits that it shows neither now nor around now."""
        shown = {self.code(now, later=around) for around in range(-3, 4)}
        return next(f"{digits:06}" for digits in range(10) if f"{digits:06}" not in shown)


def scan(page: httpx.Response) -> Telephone:
    """A telephone that has read this page."""
    found = re.search(r'data-part="key">([A-Z2-7 ]+)<', page.text)
    assert found, page.text
    return Telephone(found[1].replace(" ", ""))


def paper_of(page: httpx.Response) -> list[str]:
    """The recovery codes on this page."""
    return re.findall(r'data-part="code">([^<]+)<', page.text)


async def set_up(browser: Browser) -> Telephone:
    """Set up a telephone in this browser, which is half in."""
    telephone = scan(await browser.get(STEP))
    answer = await browser.post(STEP, {"first": "1", "code": telephone.code(browser.world.now)})
    assert answer.status_code == 200, answer.text
    telephone.paper = paper_of(answer)
    assert len(telephone.paper) == 10
    return telephone


async def half_in(world: World, member_id: int, place_id: int, device: str = "mine") -> Browser:
    """A browser that has shown a password, and no code."""
    return await world.browser_of(member_id, place_id=place_id, device=device, second=False)


def leads_to_the_step(answer: httpx.Response) -> bool:
    """Whether this answer sends to the page of the second code."""
    return answer.status_code == 303 and answer.headers["location"].partition("?")[0] == STEP
