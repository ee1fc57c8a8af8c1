"""Which forms need no token: as data, so that a new one is a decision. Who may what is in tests/attack/doors.py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from litestar import Litestar
from litestar.routes import HTTPRoute

from app.web.shell import Shell
from tests.client import World

FROM_ANYWHERE = {
    "POST /courrier/{token:str}/stop",  # the address is the proof, and mail programs send it, too (RFC 8058)
    "POST /offres/{token:str}",  # the address is the proof
    "POST /paiements/stripe/webhook",  # Stripe's signature is the proof
}
WITHOUT_TOKEN = {
    *FROM_ANYWHERE,
    "POST /connexion/lien/{token:str}",  # the link is the proof, and may be opened in another browser
}

BEFORE_SECOND = {
    "GET /accessibilite",
    "GET /aide",
    "GET /charte",
    "GET /confidentialite",
    "GET /connexion/deuxieme-code",
    "GET /connexion/deuxieme-code/secours",
    "GET /erreur/{reference:str}",
    "GET /langue",
    "GET /mentions-legales",
    "POST /connexion/deuxieme-code",
    "POST /connexion/deuxieme-code/secours",
    "POST /deconnexion",
    "POST /langue",
}


def doors() -> Iterator[tuple[str, Any]]:
    """Each method and path of the application, with its handler."""
    shell = World().app
    assert isinstance(shell, Shell)
    assert isinstance(shell.app, Litestar)
    for route in shell.app.routes:
        assert isinstance(route, HTTPRoute), "only pages are served"
        for handler in route.route_handlers:
            for method in handler.http_methods - {"HEAD", "OPTIONS"}:
                yield f"{method} {route.path}", handler


async def test_all_the_others_ask_for_a_sign_in() -> None:
    browser = World().browser()
    closed = [door for door, handler in doors() if not handler.opt.get("public")]
    assert len(closed) > 20
    for door in closed:
        method, path = re.sub(r"\{\w+:int\}", "1", re.sub(r"\{\w+:str\}", "x", door)).split(" ")
        answer = await browser.http.request(method, path)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/connexion"), door


def test_the_pages_that_open_before_the_second_code_are_these() -> None:
    """That they do, and no other does: tests/app/identity/test_second_doors.py."""
    assert {door for door, handler in doors() if handler.opt.get("before_second")} == BEFORE_SECOND


def test_the_forms_that_need_no_token_are_these() -> None:
    assert {door for door, handler in doors() if handler.opt.get("no_csrf")} == WITHOUT_TOKEN


def test_the_forms_that_may_come_from_anywhere_are_these() -> None:
    assert {door for door, handler in doors() if handler.opt.get("from_anywhere")} == FROM_ANYWHERE


def test_nothing_is_changed_by_reading() -> None:
    assert {door.partition(" ")[0] for door, _ in doors()} == {"GET", "POST"}
