"""The crawler finds what is there: its floor, by name, so that nothing which rides on it can pass over nothing."""

from __future__ import annotations

import pytest
from litestar import Response, Router, get

from app.contracts import Domain
from app.registry import Registry
from tests.attack.crawl import Found, Route, as_table, crawl, routes
from tests.attack.reading import Page
from tests.attack.town import VISITOR, Ground
from tests.client import NOON, World
from tests.web.probe import HANDLERS

pytestmark = pytest.mark.slow

NO_SECOND = "the demonstration asks for no second code; tests/attack/test_second.py attacks it where it is asked for"
SECOND_FORMS = (
    "POST /connexion/deuxieme-code",
    "POST /connexion/deuxieme-code/secours",
    "POST /moi/deuxieme-code/secours",
    "POST /moi/deuxieme-code/telephone",
)
NO_FORM = {
    **dict.fromkeys(SECOND_FORMS, NO_SECOND),
    "POST /paiements/stripe/webhook": "Stripe alone writes to it, and signs; tests/app/payments attacks it",
}
"""Forms that nobody was shown, even after each button was pressed once, and why."""
SAID_WHY = {
    ("/ateliers/nouveau", "mediator"): "the help tells everybody how to propose; who mediates hosts nothing there",
    ("/ateliers/nouveau", "second mediator"): "the same",
    ("/ateliers/nouveau", "stranger"): "the same; who belongs to no place is told to join one",
    ("/journal", "stranger"): "in the contents list of every member; who belongs to no place is told to join one",
    ("/repas/comptes", "stranger"): "the same",
}
"""Links to what answers 403 with a sentence, and why they stand there."""
KNOWN_ADDRESSES = {
    "/",
    "/agenda",
    "/ateliers",
    "/ateliers/nouveau",
    "/mediation",
    "/bureau",
    "/membres",
    "/moi",
    "/moi/calendrier",
    "/messages",
    "/a-prevenir",
    "/lieux/les-tanneurs/reglages",
    "/calendriers/agenda.ics",
    "/recherche?q=",
    "/api/agenda",
    "/schema",
}


def test_everything_is_walked_through(found: Found) -> None:
    assert set(found.statuses) >= KNOWN_ADDRESSES
    assert len(found.statuses) > 500
    assert len(list(found.one_of_each())) > 50
    for kind, least in ((VISITOR, 200), ("member", 300), ("mediator", 300), ("stranger", 200)):
        assert len([each for each in found.addresses(kind) if found.statuses[each][kind] == 200]) > least, kind


def test_every_route_is_reached(found: Found) -> None:
    """Whatever is added later: a page is asked for, and a form is found, unless it is named here."""
    assert {str(each) for each in set(routes()) - found.routes} == set(NO_FORM), as_table(found)


def test_pages_hold_nothing_strange(found: Found) -> None:
    assert found.strange == []
    assert [each for each in found.outside if not each.startswith(("mailto:", "tel:", "https://", "webcal://"))] == []


def test_nothing_falls_over(found: Found) -> None:
    broken = {
        (address, kind): status
        for address, by_kind in found.statuses.items()
        for kind, status in by_kind.items()
        if status >= 500 and not address.startswith("/erreur/")
    }
    assert broken == {}


def test_no_page_leads_its_reader_to_a_closed_door(found: Found) -> None:
    """What a person is shown as a link opens for that person; what the route table alone names need not."""
    closed = {
        (address, kind): status
        for (address, kind), status in found.linked.items()
        if status not in (200, 303) and (address, kind) not in SAID_WHY
    }
    assert closed == {}
    assert len(found.linked) > 3000


async def test_a_new_page_with_a_new_form_is_found_by_itself(ground: Ground) -> None:
    """The positive control: one link from home, a page behind it, a form in it."""
    page = '<a href="/essai/choses/3">x</a><form method="post" action="/essai/mot#dit"><input name="name"></form>'

    @get("/", opt={"public": True})
    async def home() -> Response[str]:
        return Response(page, media_type="text/html")

    probe = Domain("attacked", routers=(Router(path="", route_handlers=[home, *HANDLERS]),))
    walked = await crawl(ground, World(NOON, Registry.of(probe)), [VISITOR])
    assert walked.statuses["/essai/choses/3"] == {VISITOR: 200}
    assert walked.statuses["/essai/chez-moi"] == {VISITOR: 303}, "nobody links to it"
    assert Route("POST", "/essai/mot") in walked.routes
    assert Route("POST", "/essai/chez-moi") not in walked.routes, "nobody was shown a form that goes there"


def test_the_reader_reads_forms_as_browsers_do() -> None:
    page = Page(
        '<form method="post" action="/a" id="f"><input name="t" value="1"><input type="checkbox" name="b" value="1">'
        '<input type="checkbox" name="c" checked><input type="radio" name="r" value="x">'
        '<select name="s"><option value="">-<option value="2" selected>deux</select>'
        '<textarea name="w">\nzwei &amp; drei</textarea><input name="d" value="x" disabled>'
        '<button name="go" value="1">Va</button><button name="go" value="2">Viens</button></form>'
        '<input name="outer" value="o" form="f"><button hx-post="/b">!</button>'
    )
    first, second = page.forms
    assert first.as_sent() == {
        "t": ["1"], "c": ["on"], "s": ["2"], "w": ["zwei & drei"], "go": ["1"], "outer": ["o"],
    }  # fmt: skip
    assert first.as_sent(first.buttons[1])["go"] == ["2"]
    assert first.as_sent(filled=True)["r"] == ["x"]
    assert Page("<p><b>closed</b><br></p>").unclosed == 0
    assert (second.method, second.action) == ("post", "/b")
    assert Page("<p><b>open</p>").unclosed > 0
