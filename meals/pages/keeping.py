"""The doors of whoever makes a meal: opening, changing, calling off, « on le fait quand même »; the place’s prices."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from app.errors import Forbidden, NotFound, Refused
from app.i18n import language, text
from app.identity.api import rooms_of
from app.web.answers import go_to
from app.web.error_pages import refusal_text
from app.web.flash import Flash
from app.web.forms import Form, read_form
from app.web.rendering import render, visit_of
from meals import forms_keeping as forms
from meals import rules
from meals.commands.opener import let_go, take_on
from meals.commands.opening import cancel_meal, edit_meal, go_ahead, open_meal
from meals.commands.prices import set_prices
from meals.forms_team import many_for_few
from meals.pages.shared import signed_in
from meals.queries import keeping, prices
from meals.queries.keeping import Kept, MealFormPage, Sent
from meals.queries.who_opens import who_opens_page
from meals.states import MealRefusal
from rotas.api import duties_of

AnyRequest = Request[Any, Any, Any]
NEVER_THEIRS = (MealRefusal.ONLY_OPENER, MealRefusal.MAY_NOT_OPEN, MealRefusal.MEDIATOR_HERE)
"""Refusals to people, whatever the hour."""


def here(request: AnyRequest) -> int:
    """The place that one looks at. Raises `NotFound` where there is none."""
    place = visit_of(request).place
    if place is None:
        raise NotFound
    return place.id


def _show(request: AnyRequest, page: MealFormPage, *, status: int = 200) -> Response[Any]:
    return render(request, "meals/meal_form.html", page, block="form", status=status)


async def _read(request: AnyRequest, place_id: int, kept: Kept | None) -> forms.MealForm:
    return forms.read_meal(
        await read_form(request),
        now=visit_of(request).now,
        rooms=[room.id for room in await rooms_of(place_id)],
        duties={duty.id for duty in await duties_of(place_id)}
        | ({slot.duty_id for _, slot in kept.turns} if kept is not None else set()),
        menu=keeping.keys_of(await keeping.menu_of(kept.row["id"])) if kept is not None else {},
        starts=kept.standing.starts_at if kept is not None else None,
        stands={slot.id: (slot.starts_at, slot.ends_at) for _, slot in kept.turns} if kept is not None else None,
    )


def _sent(form: Form, read: forms.MealForm, **changes: Any) -> Sent:
    """What comes back; with more rows for dishes where they were asked for."""
    values = dict(read.values)
    if form.get("add", "") == "dishes":
        written = sum(1 for number in range(1, forms.MOST_DISHES + 1) if f"dish_{number}" in form)
        values["dish_rows"] = str(written + keeping.MORE_DISH_ROWS)
    sent = Sent(values, read.errors, read.once, read.version, read.starts_at, read.ends_at)
    return replace(sent, **changes)


def _to_ask(form: Form, read: forms.MealForm) -> bool:
    """Whether something is asked first, of a form that could be carried out, and that does not say it is `sure`."""
    return read.plan is not None and bool(read.asks) and form.get("sure", "") != "1"


# -------------------------------------------------------------------------------------------------------------- opening


@get("/repas/nouveau")
async def new_meal(request: AnyRequest) -> Response[Any]:
    """The form of a new meal; `comme` is one that it is to be like. Whoever may not open one reads who does."""
    visit, place_id = visit_of(request), here(request)
    if await keeping.why_not_open(visit, place_id) is MealRefusal.MAY_NOT_OPEN:
        return render(request, "meals/who_opens.html", await who_opens_page(visit, place_id), status=403)
    await keeping.refuse_unless_opens(visit, place_id)
    like = str(request.query_params.get("comme", ""))
    return _show(request, await keeping.new_page(visit=visit, place_id=place_id, like=like))


@post("/repas", status_code=303)
async def add_meal(request: AnyRequest) -> Response[Any]:
    """Opens it; the same sent twice is one."""
    visit, member = signed_in(request)
    place_id = here(request)
    await keeping.refuse_unless_opens(visit, place_id)
    form = await read_form(request)
    read = await _read(request, place_id, None)
    if form.get("add", ""):
        sent = _sent(form, read, errors={})
        return _show(request, await keeping.new_page(visit=visit, place_id=place_id, sent=sent))
    if _to_ask(form, read):
        return _show(
            request, await keeping.new_page(visit=visit, place_id=place_id, sent=_sent(form, read, asks=read.asks))
        )
    errors = dict(read.errors)
    if read.plan is not None:
        try:
            made = await open_meal(actor=member.id, place_id=place_id, plan=read.plan, once=read.once, now=visit.now)
        except Refused as refused:
            errors = {forms.field_of(refused.reason, form): refusal_text(request, refused)}
        else:
            more = many_for_few(read.plan, there=0) or text("On peut réserver, et rejoindre l’équipe.")
            return go_to(request, f"/repas/{made}", flash=Flash(text("Le repas est ouvert !"), more))
    sent = _sent(form, read, errors=errors)
    return _show(request, await keeping.new_page(visit=visit, place_id=place_id, sent=sent), status=422)


# ------------------------------------------------------------------------------------------------------------- changing


async def _kept(request: AnyRequest, meal_id: int, why: Any) -> Kept:
    """The meal, for whoever may do that with it: other members 403, the rest 404; too late: 409."""
    visit = visit_of(request)
    kept = await keeping.kept_meal(meal_id, visit=visit)
    reason = why(kept.standing, kept.who, now=visit.now)
    if reason in (MealRefusal.ONLY_OPENER, MealRefusal.MEDIATOR_HERE):
        raise Forbidden(reason)
    if reason is not None:
        raise Refused(reason)
    return kept


@get("/repas/{meal_id:int}/changer")
async def edit_form(request: AnyRequest, meal_id: FromPath[int]) -> Response[Any]:
    """The form, as the meal stands."""
    kept = await _kept(request, meal_id, rules.why_cannot_edit)
    return _show(request, await keeping.edit_page(kept, visit=visit_of(request)))


@post("/repas/{meal_id:int}/changer", status_code=303)
async def keep_meal(request: AnyRequest, meal_id: FromPath[int]) -> Response[Any]:
    """Says it differently; whoever has a seat is told what changed."""
    visit, member = signed_in(request)
    kept = await _kept(request, meal_id, rules.why_cannot_edit)
    form = await read_form(request)
    read = await _read(request, kept.row["place_id"], kept)
    if form.get("add", ""):
        return _show(request, await keeping.edit_page(kept, visit=visit, sent=_sent(form, read, errors={})))
    if _to_ask(form, read):
        return _show(request, await keeping.edit_page(kept, visit=visit, sent=_sent(form, read, asks=read.asks)))
    errors = dict(read.errors)
    if read.plan is not None:
        try:
            await edit_meal(actor=member.id, meal_id=meal_id, plan=read.plan, version=read.version, now=visit.now)
        except Refused as refused:
            errors = {forms.field_of(refused.reason, form): refusal_text(request, refused)}
            if refused.reason is MealRefusal.CHANGED_MEANWHILE:  # told once; sent again, it is meant
                kept = await keeping.kept_meal(meal_id, visit=visit)
                sent = await keeping.meanwhile(kept, _sent(form, read, errors=errors))
                return _show(request, await keeping.edit_page(kept, visit=visit, sent=sent), status=422)
        else:
            more = many_for_few(read.plan, there=sum(slot.people for _, slot in kept.turns))
            return go_to(request, f"/repas/{meal_id}", flash=Flash(text("C’est changé."), more))
    sent = _sent(form, read, errors=errors)
    return _show(request, await keeping.edit_page(kept, visit=visit, sent=sent), status=422)


# ---------------------------------------------------------------------------------------------------------- calling off


@get("/repas/{meal_id:int}/annulation")
async def ask_cancel(request: AnyRequest, meal_id: FromPath[int]) -> Response[Any]:
    """Why, and sure?"""
    kept = await _kept(request, meal_id, rules.why_cannot_cancel)
    return render(request, "meals/cancel_meal.html", keeping.cancel_page(kept, visit=visit_of(request)))


@post("/repas/{meal_id:int}/annulation", status_code=303)
async def call_off(request: AnyRequest, meal_id: FromPath[int]) -> Response[Any]:
    """Calls it off, for the reason that everybody reads; sent again, it is off already."""
    visit, member = signed_in(request)
    kept = await keeping.kept_meal(meal_id, visit=visit)
    if not (kept.who.opener or kept.who.opens or kept.who.keeps_place):
        raise Forbidden(MealRefusal.ONLY_OPENER)
    read = forms.read_reason(await read_form(request))
    if read.errors:
        page = keeping.cancel_page(kept, visit=visit, values=read.values, errors=read.errors)
        return render(request, "meals/cancel_meal.html", page, status=422)
    try:
        await cancel_meal(actor=member.id, meal_id=meal_id, reason=read.reason, now=visit.now)
    except Refused as refused:
        return go_to(request, f"/repas/{meal_id}", flash=Flash(refusal_text(request, refused), tone="fault"))
    return go_to(request, f"/repas/{meal_id}", flash=Flash(text("Le repas est annulé. Tout le monde est prévenu.")))


@get("/repas/{meal_id:int}/quand-meme")
async def ask_go_ahead(request: AnyRequest, meal_id: FromPath[int]) -> Response[Any]:
    """Too few are there to cook: does it take place?"""
    visit = visit_of(request)
    may = await keeping.may_go_ahead(meal_id, visit=visit)
    kept = await _kept(request, meal_id, may)
    return render(request, "meals/go_ahead.html", keeping.go_ahead_page(kept, lang=language(visit.language)))


@post("/repas/{meal_id:int}/quand-meme", status_code=303)
async def say_go_ahead(request: AnyRequest, meal_id: FromPath[int]) -> Response[Any]:
    """« On le fait quand même »; said again, it is said already."""
    visit, member = signed_in(request)
    kept = await keeping.kept_meal(meal_id, visit=visit)
    try:
        await go_ahead(actor=member.id, meal_id=meal_id, now=visit.now)
    except Refused as refused:
        if refused.reason in NEVER_THEIRS:
            raise Forbidden(refused.reason) from None
        return go_to(request, f"/repas/{meal_id}", flash=Flash(refusal_text(request, refused), tone="fault"))
    more = text("Tu t’occupes de ce repas.") if kept.row["opener_id"] is None else None
    return go_to(request, f"/repas/{meal_id}", flash=Flash(text("C’est dit : le repas a lieu !"), more))


# --------------------------------------------------------------------------------------------------- who answers for it


@post("/repas/{meal_id:int}/main", status_code=303)
async def pass_on(request: AnyRequest, meal_id: FromPath[int]) -> Response[Any]:
    """« Je passe la main »: whoever may take it on is asked."""
    kept = await keeping.kept_meal(meal_id, visit=visit_of(request))
    doubtful = rules.in_doubt(kept.standing, visit_of(request).now) is not None
    more = text("On demande qui s’en occupe.") if doubtful else text("On demande qui s’en occupe. Le repas a lieu.")
    return await _carry_out(request, meal_id, let_go, Flash(text("C’est fait."), more))


@post("/repas/{meal_id:int}/suite", status_code=303)
async def come_after(request: AnyRequest, meal_id: FromPath[int]) -> Response[Any]:
    """« Je m’en occupe »: the first who says so answers for it."""
    return await _carry_out(request, meal_id, take_on, Flash(text("C’est noté : tu t’occupes de ce repas.")))


async def _carry_out(
    request: AnyRequest, meal_id: int, deed: Callable[..., Awaitable[None]], done: Flash
) -> Response[Any]:
    visit, member = signed_in(request)
    await keeping.kept_meal(meal_id, visit=visit)
    try:
        await deed(actor=member.id, meal_id=meal_id, now=visit.now)
    except Refused as refused:
        if refused.reason in NEVER_THEIRS:
            raise Forbidden(refused.reason) from None

        return go_to(request, f"/repas/{meal_id}", flash=Flash(refusal_text(request, refused), tone="fault"))
    return go_to(request, f"/repas/{meal_id}#tenir", flash=done)


# --------------------------------------------------------------------------------------------------------------- prices


@get("/repas/prix")
async def show_prices(request: AnyRequest) -> Response[Any]:
    """The three prices of the place."""
    visit = visit_of(request)
    await prices.refuse_unless_keeps(visit, here(request))
    return render(request, "meals/prices.html", await prices.prices_page(visit=visit))


@post("/repas/prix", status_code=303)
async def keep_prices(request: AnyRequest) -> Response[Any]:
    """Sets them, for meals that are opened from now on."""
    visit, member = signed_in(request)
    place_id = here(request)
    await prices.refuse_unless_keeps(visit, place_id)
    form = await read_form(request)
    read, version = forms.read_prices(form), forms.read_version(form)
    if read.prices is None:
        page = await prices.prices_page(visit=visit, values=read.values, errors=read.errors, version=version)
        return render(request, "meals/prices.html", page, status=422)
    try:
        await set_prices(actor=member.id, place_id=place_id, prices=read.prices, version=version, now=visit.now)
    except Refused as refused:
        errors = {"form": refusal_text(request, refused)}
        page = await prices.prices_page(visit=visit, values=read.values, errors=errors)
        return render(request, "meals/prices.html", page, status=422)
    lang = language(visit.language)
    said = text(
        "C’est noté : %(low)s, %(fair)s ou %(more)s",
        low=lang.euros(read.prices.low),
        fair=lang.euros(read.prices.fair),
        more=lang.euros(read.prices.more),
    )
    return go_to(request, "/repas/prix", flash=Flash(said, text("Les repas déjà ouverts gardent leurs prix.")))


routes_keeping = [
    new_meal,
    add_meal,
    edit_form,
    keep_meal,
    ask_cancel,
    call_off,
    ask_go_ahead,
    say_go_ahead,
    pass_on,
    come_after,
    show_prices,
    keep_prices,
]
