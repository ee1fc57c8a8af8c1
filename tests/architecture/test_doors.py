"""Which pages open without signing in, and which forms need no token: as data, so that a new one is a decision."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from litestar import Litestar
from litestar.routes import HTTPRoute

from app.web.shell import Shell
from tests.client import World

PUBLIC = {
    "GET /",
    "GET /accessibilite",
    "GET /agenda",
    "GET /agenda/mois",
    "GET /aide",
    "GET /api/agenda",
    "GET /ateliers",
    "GET /ateliers/{workshop_id:int}",
    "GET /ateliers/{workshop_id:int}/affiche",
    "GET /calendriers/evenements/{filter_name:str}/{thing_id:int}",
    "GET /calendriers/lieux/{name:str}",
    "GET /calendriers/perso/{name:str}",
    "GET /calendriers/{name:str}",
    "GET /charte",
    "GET /confidentialite",
    "GET /connexion",
    "GET /connexion/lien/{token:str}",
    "GET /courrier/{token:str}/stop",
    "GET /demo/courrier",
    "GET /demo/courrier/{name:str}",
    "GET /erreur/{reference:str}",
    "GET /healthz",
    "GET /inscription",
    "GET /inscription/code",
    "GET /langue",
    "GET /lieux",
    "GET /lieux/{slug:str}",
    "GET /mentions-legales",
    "GET /offres/{token:str}",
    "GET /recherche",
    "GET /robots.txt",
    "GET /schema",
    "GET /static/{path:path}",
    "POST /connexion",
    "POST /connexion/lien/{token:str}",
    "POST /courrier/{token:str}/stop",
    "POST /deconnexion",
    "POST /inscription",
    "POST /inscription/code",
    "POST /langue",
    "POST /lieu",
    "POST /offres/{token:str}",
}
FROM_ANYWHERE = {
    "POST /courrier/{token:str}/stop",  # the address is the proof, and mail programs send it, too (RFC 8058)
    "POST /offres/{token:str}",  # the address is the proof
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


def test_the_pages_that_open_without_signing_in_are_these() -> None:
    assert {door for door, handler in doors() if handler.opt.get("public")} == PUBLIC


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
