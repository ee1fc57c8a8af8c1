"""Finds every address and every form by itself: from the home page, as everybody in the town, and from the routes.

Nothing here names an address but `/`. An address that nobody links to is found all the same: a GET of the route table
is filled in with what was seen of its parameters elsewhere. `python -m tests.attack` prints what is found.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from litestar import Litestar
from litestar.routes import HTTPRoute

from app.main import REGISTRY
from app.web.shell import Shell
from tests.attack.reading import Field, Form, Page
from tests.attack.town import Ground
from tests.client import Browser, World

VARIANTS = 4
"""So many sets of values are tried for one address and one set of names in its query: a calendar has no last month."""
LETTER_BOX = "/demo/courrier"
MOST_PAGES = 3000
"""Of one person, who has some 1,500 today: more means that the crawler follows something without end."""
PARAMETER = re.compile(r"\{(\w+):(\w+)\}")
LOOKS = {"int": r"[+-]?[0-9]+", "str": r"[^/]+", "path": r".+"}


@dataclass(frozen=True, slots=True)
class Route:
    """One way of one address of the application: `POST /ateliers/{workshop_id:int}/inscription`."""

    method: str
    path: str
    options: dict[str, Any] = field(hash=False, compare=False, default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def parameters(self) -> list[str]:
        return [name for name, _ in PARAMETER.findall(self.path)]

    @property
    def pattern(self) -> re.Pattern[str]:
        parts = re.split(r"(\{\w+:\w+\})", self.path)
        return re.compile(
            "".join(
                f"(?P<{made[1]}>{LOOKS[made[2]]})" if (made := PARAMETER.fullmatch(part)) else re.escape(part)
                for part in parts
            )
        )

    def filled(self, values: dict[str, str]) -> str:
        """The address with these values."""
        return PARAMETER.sub(lambda found: values[found[1]], self.path)


@cache
def _own() -> World:
    return World(registry=REGISTRY)


def routes(world: World | None = None) -> list[Route]:
    """Each method and address of the application, as the router has it."""
    shell = (world or _own()).app
    assert isinstance(shell, Shell)
    assert isinstance(shell.app, Litestar)
    found = []
    for route in shell.app.routes:
        assert isinstance(route, HTTPRoute), "only pages are served"
        for handler in route.route_handlers:
            found += [Route(method, route.path, handler.opt) for method in handler.http_methods - {"HEAD", "OPTIONS"}]
    return sorted(found, key=str)


class RouteTable:
    """Which route answers an address."""

    def __init__(self, world: World | None = None) -> None:
        self.all = routes(world)
        # What has fewer parameters goes first, as the router does it.
        self._patterns = [(each, each.pattern) for each in sorted(self.all, key=lambda each: len(each.parameters))]

    def of(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        if one_event := re.fullmatch(r"/([a-z-]+)/([0-9]+)\.ics", path):
            path = "/calendriers/evenements/{}/{}".format(*one_event.groups())
        for route, pattern in self._patterns:
            if route.method == method and (fits := pattern.fullmatch(path)):
                return route, fits.groupdict()
        return None


@dataclass(frozen=True)
class FoundForm:
    """A form, and where it was found first."""

    kind: str
    """Whose page."""
    page: str
    form: Form
    route: Route
    after: tuple[FoundForm, Field | None] | None = None
    """What had to be sent first for this one to be shown, and by which button."""

    @property
    def path(self) -> str:
        return urlsplit(self.form.action or self.page).path

    def __str__(self) -> str:
        return f"{self.route} of {self.kind} on {self.page}"


@dataclass
class Found:
    """All that a crawl found."""

    statuses: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    """Address → kind of person → status, for each GET."""
    linked: dict[tuple[str, str], int] = field(default_factory=dict)
    """(Address, kind of person) → status, of what a page showed that person as a link."""
    forms: list[FoundForm] = field(default_factory=list)
    """One of each: who, which route, which fields."""
    strange: list[str] = field(default_factory=list)
    """What a page should not hold: links to nowhere of ours, tags left open, forms of no route."""
    outside: set[str] = field(default_factory=set)
    """Links that leave the site."""
    values: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    """(Route, parameter) → what was seen there."""
    routes: set[Route] = field(default_factory=set)
    posts: dict[Route, dict[str, set[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))
    """Route → address → kinds of people who were shown a form that goes there."""
    requests: int = 0

    def by_route(self) -> dict[Route, list[FoundForm]]:
        """The forms of each route."""
        found: dict[Route, list[FoundForm]] = defaultdict(list)
        for each in self.forms:
            found[each.route].append(each)
        return found

    def one_of_each(self) -> Iterator[FoundForm]:
        """For each route and set of fields one form, of whoever was shown it first; lines with a number are one."""
        seen = set()
        for each in self.forms:
            key = (each.route, each.form.shape)
            if key not in seen:
                seen.add(key)
                yield each

    def addresses(self, kind: str) -> list[str]:
        """What this person was answered on."""
        return [path for path, by_kind in self.statuses.items() if kind in by_kind]


async def crawl(
    ground: Ground, world: World | None = None, kinds: Iterable[str] = (), tell: Callable[[str], None] = lambda _: None
) -> Found:
    """Walk through everything as everybody, then press every button once and see what that leads to.

    `tell` is told what is being done.
    """
    found, world = Found(), world or ground.town.world()
    table, people = RouteTable(world), list(kinds) or list(ground.town.people)
    for kind in people:
        tell(f"walking as {kind}, {found.requests} requests")
        begin = ["/", *ground.town.known.get(kind, [])]
        await _walk(ground.town.browser(kind, world), kind, begin, found, table)
    for kind in people:
        await _walk(ground.town.browser(kind, world), kind, _unlinked(found, table), found, table)
    forms = list(found.one_of_each())
    for number, first in enumerate(forms, start=1):
        tell(f"sending form {number} of {len(forms)}")
        for button in first.form.pressed:
            await ground.restore()
            await _press(ground.town.browser(first.kind, world), first, button, found, table)
    await ground.restore()
    return found


async def _press(browser: Browser, first: FoundForm, button: Field | None, found: Found, table: RouteTable) -> None:
    """Send a form and keep the forms that are shown then, if no page showed them before."""
    answer = await browser.post(first.path, first.form.as_sent(button, filled=True))
    address = first.page
    if answer.status_code == 303:
        address = answer.headers["location"]
        answer = await browser.get(address)
    found.requests += 2
    known = {(each.route, each.form.shape) for each in found.forms}
    for form in Page(answer.text).forms:
        posted = table.of(form.method.upper(), urlsplit(urljoin(address, form.action)).path)
        if posted is None or posted[0].method == "GET":
            continue
        for name, value in posted[1].items():
            found.values[posted[0].path, name].add(value)
        if (posted[0], form.shape) not in known:
            found.routes.add(posted[0])
            found.posts[posted[0]][urlsplit(urljoin(address, form.action)).path].add(first.kind)
            found.forms.append(FoundForm(first.kind, address, form, posted[0], (first, button)))


async def arrive(ground: Ground, wanted: FoundForm, world: World | None = None) -> Browser:
    """A browser of the person to whom this form is shown, before it."""
    browser = ground.town.browser(wanted.kind, world)
    if wanted.after is not None:
        first, button = wanted.after
        await browser.post(first.path, first.form.as_sent(button, filled=True))
    return browser


def _unlinked(found: Found, table: RouteTable) -> list[str]:
    """Addresses of the route table that nobody linked to, filled in with what was seen of their parameters."""
    seen: dict[str, set[str]] = defaultdict(set)
    for (_, name), values in found.values.items():
        seen[name] |= values
    more = []
    for route in table.all:
        if route.method == "GET" and route not in found.routes:
            filled = {
                name: min(seen.get(name) or {"1"}, key=lambda value: (len(value), value)) for name in route.parameters
            }
            more.append(route.filled(filled))
    return more


async def _walk(browser: Browser, kind: str, begin: list[str], found: Found, table: RouteTable) -> None:
    base = browser.world.settings.base_url
    waiting, known = deque(begin), set(found.addresses(kind))
    variants: dict[tuple[str, ...], int] = defaultdict(int)
    forms = {(each.kind, each.route, each.form.names) for each in found.forms}
    shown: set[str] = set()
    pages = 0
    while waiting:
        address = waiting.popleft()
        if address in known:
            continue
        known.add(address)
        parts = urlsplit(address)
        if parts.query:
            shape = (parts.path, *sorted(name for name, _ in parse_qsl(parts.query, keep_blank_values=True)))
            variants[shape] += 1
            if variants[shape] > VARIANTS:
                continue
        pages += 1
        assert pages <= MOST_PAGES, f"the crawler follows something without end: {address}"
        answer = await browser.get(address)
        found.requests += 1
        found.statuses[address][kind] = answer.status_code
        if address in shown:
            found.linked[address, kind] = answer.status_code
        if fits := table.of("GET", parts.path):
            found.routes.add(fits[0])
            for name, value in fits[1].items():
                if answer.status_code == 200:
                    found.values[fits[0].path, name].add(value)
        ahead = [answer.headers["location"]] if "location" in answer.headers else []
        if answer.headers.get("content-type", "").startswith("text/html") and answer.content:
            page = Page(answer.text)
            if page.unclosed:
                found.strange.append(f"{address} of {kind}: {page.unclosed} tags are not closed in order")
            ahead += page.links + page.parts
            for form in page.forms:
                target = urljoin(address, form.action)
                if form.method == "get":
                    for sent in (form.as_sent(), form.as_sent(filled=True)):
                        ahead.append(f"{urlsplit(target).path}?{urlencode(sent, doseq=True)}")
                    continue
                posted = table.of(form.method.upper(), urlsplit(target).path)
                if posted is None:
                    found.strange.append(f"{address} of {kind}: a form goes to {form.action}, which takes none")
                    continue
                found.routes.add(posted[0])
                found.posts[posted[0]][urlsplit(target).path].add(kind)
                for name, value in posted[1].items():
                    found.values[posted[0].path, name].add(value)
                if (key := (kind, posted[0], form.names)) not in forms:
                    forms.add(key)
                    found.forms.append(FoundForm(kind, address, form, posted[0]))
        for link in ahead:
            whole = urlsplit(urljoin(base + address, link))
            if whole.scheme not in ("http", "https", "webcal") or f"//{whole.netloc}" not in base:
                found.outside.add(link)
            else:
                waiting.append(whole.path + (f"?{whole.query}" if whole.query else ""))
                if not parts.path.startswith(LETTER_BOX):  # what is in a mail is for whom it went to
                    shown.add(waiting[-1])


def as_table(found: Found) -> str:
    """What was found, to be read."""
    lines = [f"{len(found.statuses)} addresses, {len(found.forms)} forms of people, {found.requests} requests", ""]
    shapes: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    counts: dict[str, int] = defaultdict(int)
    table = RouteTable()
    for address, by_kind in found.statuses.items():
        fits = table.of("GET", urlsplit(address).path)
        name = fits[0].path if fits else f"(no route) {address}"
        counts[name] += 1
        for kind, status in by_kind.items():
            shapes[name][kind].add(status)
    for name in sorted(shapes):
        by_status: dict[tuple[int, ...], list[str]] = defaultdict(list)
        for kind, statuses in shapes[name].items():
            by_status[tuple(sorted(statuses))].append(kind)
        lines.append(f"GET {name} ({counts[name]})")
        lines += [f"    {', '.join(map(str, status))}: {', '.join(kinds)}" for status, kinds in by_status.items()]
    lines.append("")
    for route, forms in sorted(found.by_route().items(), key=lambda pair: str(pair[0])):
        names = dict.fromkeys(name for each in forms for name in each.form.names)
        lines.append(f"{route}  {' '.join(names)}")
        lines.append(f"    {', '.join(dict.fromkeys(each.kind for each in forms))}")
    return "\n".join(lines)
