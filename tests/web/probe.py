"""A small domain of tests: pages that give back what they were sent, and that fail on demand."""

from __future__ import annotations

import json
from typing import Any

from litestar import Request, Response, Router, get, post, route
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException
from litestar.params import FromPath

from app.contracts import Domain
from app.errors import (
    BadRequest,
    DatabaseHeld,
    DiskFull,
    Forbidden,
    MaybeWritten,
    NotFound,
    Refusal,
    Refused,
    SignInNeeded,
    TooFast,
)
from app.i18n import text
from app.registry import Registry
from app.web.answers import go_to
from app.web.error_pages import ErrorPage
from app.web.flash import Flash
from app.web.forms import read_form
from app.web.rendering import render, visit_of
from tests.client import NOON, World

AnyRequest = Request[Any, Any, Any]
PUBLIC = {"public": True}


class ProbeRefusal(Refusal):
    FULL = "full"
    UNSAID = "unsaid"


PAGE = ErrorPage(200, text("Essai"), text("Une page sans formulaire"))
FORM = ErrorPage(200, text("Essai"), text("Une page avec formulaire"), retry=(("x", "1"),), retry_path="/essai")
ERRORS: dict[str, Exception] = {
    "not-found": NotFound(),
    "forbidden": Forbidden(),
    "forbidden-because": Forbidden(ProbeRefusal.FULL),
    "refused": Refused(ProbeRefusal.FULL, room="<Salon>"),
    "refused-without-words": Refused(ProbeRefusal.UNSAID),
    "bad-request": BadRequest(),
    "too-fast": TooFast(150),
    "held": DatabaseHeld(),
    "full": DiskFull("The disk is full."),
    "maybe-written": MaybeWritten("The answer to COMMIT was lost."),
    "broken": RuntimeError("the secret of aicha@exemple.fr\nand a second line"),
    "sign-in": SignInNeeded(),
    "teapot": HTTPException(status_code=418),
    "unprocessable": HTTPException(status_code=422),
}


@get("/essai", opt=PUBLIC)
async def show(request: AnyRequest) -> Response[Any]:
    return render(request, "errors/error.html", PAGE)


@get("/essai/formulaire", opt=PUBLIC)
async def show_form(request: AnyRequest) -> Response[Any]:
    return render(request, "errors/error.html", FORM)


@get("/essai/recherche", opt=PUBLIC)
async def show_query(request: AnyRequest) -> Response[Any]:
    return Response(json.dumps(request.query_params.get("q", "")))


@post("/essai", opt=PUBLIC)
async def echo(request: AnyRequest) -> Response[Any]:
    form = await read_form(request)
    again = await read_form(request)
    assert again is form, "the body is read once"
    return Response(json.dumps([pair for pair in form.pairs() if pair[0] != "_csrf_token"]), status_code=200)


@post("/essai/libre", opt={"public": True, "no_csrf": True})
async def echo_without_token(request: AnyRequest) -> Response[Any]:
    return Response("reçu", status_code=200)


@post("/essai/mot", opt=PUBLIC)
async def leave_a_word(request: AnyRequest) -> Response[Any]:
    form = await read_form(request)
    said = Flash(text("C’est noté, %(name)s !", name=form["name"]), text("Et voilà"))
    return go_to(request, form.get("to", "/essai"), flash=said)


@post("/essai/morceau", opt=PUBLIC)
async def answer_a_part(request: AnyRequest) -> Response[Any]:
    return render(
        request, "errors/error.html", FORM, block="page", status=422, flash=Flash(text("À revoir"), tone="fault")
    )


@route("/essai/panne/{which:str}", http_method=[HttpMethod.GET, HttpMethod.POST], opt=PUBLIC)
async def fail(request: AnyRequest, which: FromPath[str]) -> Response[Any]:
    raise ERRORS[which]


@get("/essai/choses/{thing_id:int}", opt=PUBLIC)
async def show_thing(request: AnyRequest, thing_id: FromPath[int]) -> Response[Any]:
    return Response(str(thing_id))


@get("/essai/noms/{name:str}", opt=PUBLIC)
async def show_name(request: AnyRequest, name: FromPath[str]) -> Response[Any]:
    return Response(name)


@get("/essai/chez-moi")
async def show_me(request: AnyRequest) -> Response[Any]:
    member = visit_of(request).member
    assert member is not None
    return render(request, "errors/error.html", FORM)


@post("/essai/chez-moi")
async def post_me(request: AnyRequest) -> Response[Any]:
    return go_to(request, "/essai/chez-moi")


HANDLERS = [
    show,
    show_form,
    show_query,
    echo,
    echo_without_token,
    leave_a_word,
    answer_a_part,
    fail,
    show_thing,
    show_name,
    show_me,
    post_me,
]
REGISTRY = Registry.of(
    Domain(
        name="probe",
        routers=(Router(path="", route_handlers=HANDLERS),),
        refusals={ProbeRefusal.FULL: "Il n’y a plus de place dans %(room)s."},
    )
)


def world(**settings: Any) -> World:
    """The application with the pages of this file alone."""
    return World(NOON, REGISTRY, **settings)
