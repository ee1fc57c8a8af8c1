"""What is others' answers as what never existed: each address with a number or a token, as several kinds of people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from litestar import Response, Router, get
from litestar.params import FromPath

from app.contracts import Domain
from app.errors import Forbidden, NotFound
from app.main import REGISTRY
from app.registry import Registry
from tests.attack.crawl import PARAMETER, Found, Route, RouteTable
from tests.attack.town import VISITOR, Ground
from tests.client import NOON, Browser, World

pytestmark = pytest.mark.slow

READERS = (VISITOR, "stranger", "elsewhere", "newcomer", "kitchen", "welcome", "bureau", "mediator")
NEVER = {"int": "2000000000", "str": "n" * 43, "path": "nothing.css"}
"""What no row has."""
OF_EACH = 5
"""So many addresses of each route are tried by each person."""
ADDRESS_IS_THE_PROOF = (
    "/calendriers/perso/{name:str}",
    "/connexion/lien/{token:str}",
    "/courrier/{token:str}/stop",
    "/offres/{token:str}",
)
FOR_EVERYBODY = (
    "/calendriers/{name:str}",
    "/calendriers/lieux/{name:str}",
    "/static/{path:path}",
    "/demo/courrier/{name:str}",
)
PUBLIC_THINGS = {
    "/calendriers/evenements/{filter_name:str}/{thing_id:int}": "the same for everybody, and asks for no session",
    **dict.fromkeys(ADDRESS_IS_THE_PROOF, "whoever knows the address may"),
    **dict.fromkeys(FOR_EVERYBODY, "the same for everybody"),
}
_ASKED = "POST /tours/echanges/{swap_id:int}/reponse"
_TAKEN_BACK = "POST /tours/echanges/{swap_id:int}/retrait"
MAY_KNOW = {
    ("welcome", "POST /membres/{member_id:int}/rencontre"): "has met the newcomer, whose form is gone",
    ("newcomer", _ASKED): "everybody of the place is asked: whoever may not take it is told why",
    ("mediator", _ASKED): "as the newcomer",
    ("welcome", _TAKEN_BACK): "speaks for whoever cannot come, from the page of that turn",
    ("bureau", _TAKEN_BACK): "as the welcome turn",
    ("welcome", "GET /entree/{code:str}"): "is at the door: tickets are shown to them",
}
"""Who is told more than « nothing is there » though no page led them there, and why."""
MAY_BE_LOOKED_UP = r"/(ateliers|mediation/ateliers|membres|lieux|tours|tours/roles|repas)/[\w-]+"
"""Pages that may open to somebody who was not led there: mediators read every workshop of their place, mediators and
hosts have a page, turns and meals are everybody's, past ones too. Who may read them is in doors.py."""
TOLD_ELSEWHERE = {"/tours/semaines/": "/tours/roles"}
"""What has no page for everybody, and the page to whose readers it is told: a duty's weekly patterns."""


@dataclass(frozen=True, slots=True)
class Said:
    """An answer, but for what differs by itself: its reference, its token, and the address that was asked for."""

    status: int
    where: str
    body: str


async def ask(browser: Browser, method: str, path: str, form: Mapping[str, Any], htmx: bool) -> Said:
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"} if htmx else {}
    if method == "GET":
        answer = await browser.http.get(path, headers=headers)
    else:
        fields = {**form, "_csrf_token": browser.csrf_token()}
        answer = await browser.http.post(path, data=fields, headers=headers)
    return said(answer, path)


def said(answer: httpx.Response, path: str) -> Said:
    """The answer without its reference and without the address."""
    text = answer.text if answer.status_code >= 400 else ""
    text = re.sub(r'name="_csrf_token" value="\w+"', "", text.replace(path, "…"))
    where = answer.headers.get("location", answer.headers.get("hx-redirect", ""))
    return Said(answer.status_code, where.replace(path, "…"), text)


def never(route: Route, path: str) -> str:
    """The same address of a thing that never was: its last parameter is another."""
    kinds = PARAMETER.findall(route.path)
    fits = route.pattern.fullmatch(path)
    assert fits is not None, (route, path)
    name, sort = kinds[-1]
    return route.filled({**fits.groupdict(), name: NEVER[sort]})


async def known(found: Found, route: Route, path: str, browser: Browser, kind: str) -> bool:
    """Whether this person may know that the thing is there: a form was shown, or a page about it opens."""
    if kind in found.posts.get(route, {}).get(path, ()):
        return True
    for begins, told in TOLD_ELSEWHERE.items():
        if path.startswith(begins) and found.statuses.get(told, {}).get(kind) == 200:
            return True
    parts = path.split("/")
    for end in range(3, len(parts) + 1):
        above = "/".join(parts[:end])
        if found.statuses.get(above, {}).get(kind) == 200:
            return True
        if re.fullmatch(MAY_BE_LOOKED_UP, above) and (await browser.get(above)).status_code == 200:
            return True
    return False


def addresses(found: Found, table: RouteTable) -> Iterable[tuple[Route, list[str]]]:
    """Each route with a parameter, and what was seen of it."""
    seen: dict[Route, list[str]] = {}
    for address in found.statuses:
        path = address.partition("?")[0]
        fits = table.of("GET", path)
        if fits and fits[1] and fits[0].pattern.fullmatch(path):
            seen.setdefault(fits[0], []).append(path)
    for route, by_path in found.posts.items():
        if route.parameters:
            seen[route] = list(by_path)
    return sorted(((route, sorted(set(paths))) for route, paths in seen.items()), key=lambda pair: str(pair[0]))


async def leaks(
    ground: Ground, found: Found, world: World, wanted: Iterable[tuple[Route, list[str]]], *, htmx: bool = False
) -> tuple[int, list[str]]:
    """How many answers were compared, and those that tell more than « nothing is there »."""
    compared, told = 0, []
    forms = {each.route: each.form for each in found.forms}
    for route, paths in wanted:
        form = forms[route].as_sent(filled=True) if route in forms else {}
        for kind in READERS:
            browser = ground.town.browser(kind, world)
            tried = 0
            for path in paths:
                if tried >= OF_EACH or await known(found, route, path, browser, kind):
                    continue
                tried += 1
                there = await ask(browser, route.method, path, form, htmx)
                nowhere = never(route, path)
                nothing = await ask(browser, route.method, nowhere, form, htmx)
                compared += 1
                if there != nothing and (kind, str(route)) not in MAY_KNOW:
                    told.append(f"{kind}: {route.method} {path} {there.status}, {nowhere} {nothing.status}")
                if ground.written():
                    await ground.restore()
    return compared, told


@pytest.mark.parametrize("htmx", [False, True], ids=["page", "fragment"])
async def test_what_is_others_is_nowhere(ground: Ground, found: Found, htmx: bool) -> None:
    wanted = [pair for pair in addresses(found, RouteTable()) if pair[0].path not in PUBLIC_THINGS]
    compared, told = await leaks(ground, found, ground.town.world(), wanted, htmx=htmx)
    assert told == [], "\n".join(told)
    assert compared > 300
    assert {str(route) for route, _ in wanted} >= {
        "GET /ateliers/{workshop_id:int}",
        "GET /ateliers/{workshop_id:int}/modifier",
        "GET /mediation/ateliers/{workshop_id:int}",
        "GET /membres/{member_id:int}",
        "GET /moi/calendrier/{feed_id:int}/adresse",
        "GET /accueil/{member_id:int}",
        "POST /messages/{message_id:int}/lu",
        "POST /moi/appareils/{session_id:int}/retrait",
        "POST /moi/roles/{handover_id:int}",
        "POST /a-prevenir/{message_id:int}/dit",
        "POST /ateliers/{workshop_id:int}/invites/{sign_up_id:int}/retrait",
        "POST /lieux/{slug:str}/salles/{room_id:int}",
    }


async def test_a_page_that_tells_others_from_nothing_is_noticed(ground: Ground, found: Found) -> None:
    """The positive control."""

    @get("/fuite/{thing_id:int}")
    async def tells(thing_id: FromPath[int]) -> Response[str]:
        raise Forbidden if thing_id < 100 else NotFound

    leaky = Domain("leaky", routers=(Router(path="", route_handlers=[tells]),))
    world = World(NOON, Registry.of(*REGISTRY.domains, leaky), demo=True)
    compared, told = await leaks(ground, found, world, [(Route("GET", "/fuite/{thing_id:int}"), ["/fuite/3"])])
    assert compared == len(READERS)
    assert len(told) == len(READERS) - 1, "a visitor is asked to sign in either way"


# -------------------------------------------------------------------------------------------------- no number at all

ODD = {
    "int": (
        "0", "-1", "+", "1.0", "1e3", "0x1", "999999999", "2147483647", "2147483648", "9223372036854775808", "9" * 25,
        "-" + "9" * 25, "9" * 5000, "1%00", "%00", "٣٣٣٣٣٣٣٣٣٣", "1;drop", "1'", "NaN", "%F0%9F%8D%B2", "%ff",
        "1%2F..%2F2", "1,2", "[1]",
    ),
    "str": (
        "-", "%00", "a%00b", "é", "%F0%9F%8D%B2", "%ff%fe", "%ED%A0%80", "a" * 3000, "9" * 25, "'--", "..%2f..",
        "%2e%2e", "{{7*7}}", "%0d%0aX:1", "a;b", "%252e", "*", "perso.ics",
    ),
    "path": ("..%2f..%2fapp%2fmain.py", "%00", "../../pyproject.toml", "é", "a" * 3000),
}  # fmt: skip
LEADS_TO_500 = {"/erreur/{reference:str}"}
"""Where htmx leads after an accident: the page of a 500."""


async def test_numbers_and_tokens_that_cannot_be(either_ground: Ground, found: Found) -> None:
    """On both engines: what is no number, or none that a column takes, is nowhere. Never a 500."""
    ground, asked = either_ground, 0
    forms = {each.route: each.form for each in found.forms}
    seen = dict(addresses(found, RouteTable()))
    for kind in ("member", "bureau"):
        browser = ground.town.browser(kind)
        for route in RouteTable().all:
            parameters = PARAMETER.findall(route.path)
            for name, sort in parameters[-1:]:
                example = seen.get(route, [route.filled({each: "1" for each, _ in parameters})])[0]
                fits = route.pattern.fullmatch(example)
                assert fits is not None
                form = forms[route].as_sent(filled=True) if route in forms else {}
                nothing = await ask(browser, route.method, never(route, example), form, htmx=False)
                for odd in ODD[sort]:
                    path = route.filled({**fits.groupdict(), name: odd})
                    answer = await ask(browser, route.method, path, form, htmx=False)
                    asked += 1
                    assert answer.status in (404, 405, 400, nothing.status), (
                        kind,
                        str(route),
                        odd[:200],
                        answer.status,
                    )
                    assert answer.status < 500 or route.path in LEADS_TO_500, (kind, str(route), odd[:200])
    assert asked > 1000


@pytest.mark.parametrize("written", ["0{}", "+{}", "{}%20", "{}.0", "１{}"])
async def test_a_number_written_otherwise_opens_nothing_more(ground: Ground, found: Found, written: str) -> None:
    """`/ateliers/012` may be `/ateliers/12`, for whoever may read that: no way around a door."""
    asked = 0
    for route, paths in addresses(found, RouteTable()):
        if route.method != "GET" or PARAMETER.findall(route.path)[-1][1] != "int":
            continue
        for kind in (VISITOR, "member", "mediator"):
            browser = ground.town.browser(kind)
            for path in paths[:OF_EACH]:
                fits = route.pattern.fullmatch(path)
                assert fits is not None
                name = route.parameters[-1]
                other = route.filled({**fits.groupdict(), name: written.format(fits[name])})
                plain = await browser.get(path)
                answer = await browser.get(other)
                assert answer.status_code in (404, plain.status_code), (kind, other)
                asked += 1
    assert asked > 50
