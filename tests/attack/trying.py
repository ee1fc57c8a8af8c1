"""Tries a door as somebody: which address and form stand for a route, and what the answer comes to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from app.web.csrf import FIELD
from tests.attack.crawl import Found, FoundForm, Route, RouteTable
from tests.attack.doors import COLUMNS, Door
from tests.attack.reading import Form
from tests.attack.town import VISITOR, Ground
from tests.client import Browser, World

NOBODY = "-"


def word_of(answer: httpx.Response) -> str:
    """What an answer comes to, in the words of the table."""
    if answer.status_code == 303 and answer.headers["location"].partition("?")[0] == "/connexion":
        return "in"
    return "ok" if answer.status_code in (200, 303) else str(answer.status_code)


class Example:
    """The address and the form on which a route is tried."""

    def __init__(self, found: Found, route: Route, whose: str = NOBODY) -> None:
        self.route = route
        self.form: Form | None = None
        self.whose = NOBODY
        forms = [each for each in found.forms if each.route == route and (whose in (NOBODY, each.kind))]
        owners = [each for each in forms if each.kind not in COLUMNS] if route.parameters else []
        chosen: FoundForm | None = next(iter(owners or forms), None)
        if route.method == "POST":
            self.found = chosen
            self.path = chosen.path if chosen else route.path
            self.form = chosen.form if chosen else None
            if chosen is not None and route.parameters:
                self.whose = chosen.kind
            return
        self.found = None
        self.path = route.path
        if route.parameters and not self._of_somebody(found, whose, 200):
            self._of_somebody(found, whose, 303)

    def _of_somebody(self, found: Found, whose: str, wanted: int) -> bool:
        """The address on which fewest people are answered so, if there is one: a page, or else the way to one."""
        best: tuple[int, str, str] | None = None
        table = RouteTable()
        for address, by_kind in found.statuses.items():
            open_to = sorted(kind for kind, status in by_kind.items() if status == wanted)
            if wanted == 303 and VISITOR in open_to:  # the way in, and no more
                open_to.remove(VISITOR)
            fits = table.of("GET", address)
            if fits is None or fits[0] != self.route or not open_to or whose not in (NOBODY, *open_to):
                continue
            best = min(filter(None, (best, (len(open_to), address, open_to[0] if whose == NOBODY else whose))))
        if best is not None:
            _, self.path, self.whose = best
        return best is not None


def sent(browser: Browser, form: Form | None) -> dict[str, Any]:
    """The form, filled in, with this browser's token."""
    fields: dict[str, Any] = form.as_sent(form.pressed[-1], filled=True) if form is not None else {}
    return {**fields, FIELD: browser.csrf_token()}


async def try_door(ground: Ground, example: Example, kind: str, world: World | None = None) -> str:
    """What this person is answered at this door. The town is put back when something came of it."""
    browser = ground.town.browser(kind, world)
    if example.route.method == "GET":
        answer = await browser.get(example.path)
    else:
        answer = await browser.http.post(example.path, data=sent(browser, example.form))
    if ground.written():
        await ground.restore()
    return word_of(answer)


async def answers_at(ground: Ground, example: Example, world: World | None = None) -> dict[str, str]:
    """What everybody is answered at this door; `own` is whose thing it is."""
    own = example.whose if example.whose != NOBODY else "member"
    return {kind: await try_door(ground, example, own if kind == "own" else kind, world) for kind in COLUMNS}


async def draw_up(
    ground: Ground, found: Found, routes: list[Route], tell: Callable[[str], None] = lambda _: None
) -> list[Door]:
    """The table as the application answers now."""
    doors = []
    for number, route in enumerate(routes, start=1):
        tell(f"trying door {number} of {len(routes)}")
        example = Example(found, route)
        doors.append(Door(route.method, route.path, example.whose, await answers_at(ground, example)))
    return doors
