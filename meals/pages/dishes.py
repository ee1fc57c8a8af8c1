"""The doors of the dish book: read by members of the place, written by whoever may open meals there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from app.errors import NotFound, Refused
from app.i18n import Text, language, text
from app.web.answers import go_to
from app.web.error_pages import refusal_text
from app.web.flash import Flash
from app.web.forms import Form, clean_line, read_form
from app.web.rendering import render, visit_of
from meals import forms_keeping as forms
from meals.commands.dishes import change_dish, retire_dish, write_dish
from meals.facts import Row
from meals.pages.keeping import here
from meals.pages.shared import signed_in
from meals.queries import dishes
from meals.queries.keeping import refuse_unless_opens
from meals.states import Allergen, MealRefusal

AnyRequest = Request[Any, Any, Any]
NOTHING: Mapping[str, Text] = {}


@get("/repas/plats")
async def show_book(request: AnyRequest) -> Response[Any]:
    """What there is to cook; `q` looks for a word."""
    search = clean_line(str(request.query_params.get("q", "")))[:80]
    return render(request, "meals/dishes.html", await dishes.book_page(visit_of(request), search=search))


@get("/repas/plats/{dish_id:int}")
async def show_dish(request: AnyRequest, dish_id: FromPath[int]) -> Response[Any]:
    """One dish."""
    return render(request, "meals/dish.html", await dishes.dish_page(dish_id, visit=visit_of(request)))


async def _form(
    request: AnyRequest,
    row: Row | None,
    *,
    values: Mapping[str, str],
    ticked: Collection[str],
    errors: Mapping[str, Text] = NOTHING,
    version: int = 0,
    rows: int = 0,
    asked: Mapping[Allergen, Sequence[str]] = dishes.NOTHING_ASKED,
    status: int = 200,
) -> Response[Any]:
    page = dishes.form_page(
        row,
        visit=visit_of(request),
        values=values,
        ticked=ticked,
        errors=errors,
        version=version,
        rows=rows,
        asked=asked,
    )
    return render(request, "meals/dish_form.html", page, block="form", status=status)


async def _again(
    request: AnyRequest, row: Row | None, read: forms.DishForm, errors: Mapping[str, Text], **more: Any
) -> Response[Any]:
    """The form with what was written."""
    more.setdefault("version", read.version)
    more.setdefault("rows", read.rows)
    return await _form(request, row, values=read.values, ticked=read.ticked, errors=errors, **more)


@get("/repas/plats/nouveau")
async def new_dish(request: AnyRequest) -> Response[Any]:
    """The empty form."""
    await refuse_unless_opens(visit_of(request), here(request))
    return await _form(request, None, values={}, ticked=())


@post("/repas/plats", status_code=303)
async def add_dish(request: AnyRequest) -> Response[Any]:
    """Writes it into the book; the same sent twice is one."""
    visit, member = signed_in(request)
    place_id = here(request)
    await refuse_unless_opens(visit, place_id)
    sent = await read_form(request)
    read = forms.read_dish(sent)
    if sent.get("add", ""):
        return await _again(request, None, read, NOTHING, rows=read.rows + dishes.MORE_ROWS)
    if read.errors:
        return await _again(request, None, read, read.errors, status=422)
    if read.missing and not _is_sure(sent):
        return await _again(request, None, read, NOTHING, asked=read.missing)
    try:
        made = await write_dish(actor=member.id, place_id=place_id, dish=read.words, now=visit.now)
    except Refused as refused:
        return await _again(request, None, read, {_field(refused): refusal_text(request, refused)}, status=422)
    said = text("« %(dish)s » est dans le cahier", dish=read.words.name)
    return go_to(request, f"/repas/plats/{made}", flash=_kept_so(said, read))


def _is_sure(sent: Form) -> bool:
    """Whether the question about what nobody ticked was answered: it is right as it is."""
    return sent.get("sure", "") == "1"


def _kept_so(said: Text, read: forms.DishForm) -> Flash:
    """What was done, and whether anybody knows now what the dish holds."""
    return Flash(said) if read.words.declared else Flash(said, text("Ses allergènes ne sont pas encore notés."))


def _field(refused: Refused) -> str:
    return "name" if refused.reason is MealRefusal.DISH_DOUBLE else "form"


async def _kept(request: AnyRequest, dish_id: int) -> Row:
    """The dish, for whoever writes in its book; what is not made any more is not changed."""
    visit = visit_of(request)
    row = await dishes.dish_of(dish_id, visit=visit)
    await refuse_unless_opens(visit, row["place_id"])
    if row["retired_at"] is not None:
        raise NotFound
    return row


@get("/repas/plats/{dish_id:int}/changer")
async def edit_dish(request: AnyRequest, dish_id: FromPath[int]) -> Response[Any]:
    """The form, as the dish stands."""
    row = await _kept(request, dish_id)
    ticked = row["allergens"].split(",")
    return await _form(request, row, values=await dishes.values_of(row), ticked=ticked, version=row["version"])


@post("/repas/plats/{dish_id:int}/changer", status_code=303)
async def keep_dish(request: AnyRequest, dish_id: FromPath[int]) -> Response[Any]:
    """Says it differently; whoever is booked on a meal with it is told what it holds now and did not before."""
    visit, member = signed_in(request)
    row = await _kept(request, dish_id)
    sent = await read_form(request)
    read = forms.read_dish(sent)
    if sent.get("add", ""):
        return await _again(request, row, read, NOTHING, rows=read.rows + dishes.MORE_ROWS)
    if read.errors:
        return await _again(request, row, read, read.errors, status=422)
    if read.missing and not _is_sure(sent):
        return await _again(request, row, read, NOTHING, asked=read.missing)
    try:
        await change_dish(actor=member.id, dish_id=dish_id, dish=read.words, version=read.version, now=visit.now)
    except Refused as refused:
        errors, version = {_field(refused): refusal_text(request, refused)}, read.version
        if refused.reason is MealRefusal.CHANGED_MEANWHILE:  # told once; sent again, it is meant
            row = await dishes.dish_of(dish_id, visit=visit)
            version, lang = row["version"], language(visit.language)
            errors |= await dishes.meanwhile(row, values=read.values, ticked=read.ticked, lang=lang)
        return await _again(request, row, read, errors, version=version, status=422)
    return go_to(request, f"/repas/plats/{dish_id}", flash=_kept_so(text("C’est changé"), read))


@get("/repas/plats/{dish_id:int}/fin")
async def ask_retire(request: AnyRequest, dish_id: FromPath[int]) -> Response[Any]:
    """Sure?"""
    row = await _kept(request, dish_id)
    page = await dishes.dish_page(row["id"], visit=visit_of(request))
    return render(request, "meals/dish_end.html", page)


@post("/repas/plats/{dish_id:int}/fin", status_code=303)
async def end_dish(request: AnyRequest, dish_id: FromPath[int]) -> Response[Any]:
    """Takes it out of the book; sent again, it is out already."""
    visit, member = signed_in(request)
    row = await dishes.dish_of(dish_id, visit=visit)
    await refuse_unless_opens(visit, row["place_id"])
    try:
        await retire_dish(actor=member.id, dish_id=dish_id, now=visit.now)
    except Refused as refused:
        flash = Flash(refusal_text(request, refused), tone="fault")
        return go_to(request, f"/repas/plats/{dish_id}", flash=flash)
    said = Flash(text("« %(dish)s » n’est plus dans le cahier", dish=row["name"]))
    return go_to(request, "/repas/plats", flash=said)


routes_dishes = [show_book, show_dish, new_dish, add_dish, edit_dish, keep_dish, ask_retire, end_dish]
