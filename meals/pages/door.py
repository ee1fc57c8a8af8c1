"""The doors of the door: the list, ticking people in, on A4, and a ticket's QR code."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

from litestar import Response, get, post
from litestar.params import FromPath

from app.errors import NotFound, Refused
from app.i18n import Text, text, text_n
from app.web.answers import go_to
from app.web.error_pages import refusal_text
from app.web.flash import Flash
from app.web.forms import read_form
from app.web.qr import qr_image
from app.web.rendering import house_of, render, visit_of, wants_fragment
from meals import forms
from meals.commands.door import let_in_from_list, tick, untick, walk_in
from meals.forms import TickRead
from meals.pages.shared import AnyRequest, signed_in
from meals.queries.door import OwnTicket, door_page, door_sheet, read_ticket_code, ticket_at_door, ticket_code
from meals.queries.ticket import own_booking

Tick = Callable[..., Awaitable[None]]


async def _show(
    request: AnyRequest,
    meal_id: int,
    *,
    status: int = 200,
    flash: Flash | None = None,
    wrong: tuple[int, Text] | None = None,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, Text] | None = None,
) -> Response[Any]:
    """The list, or under htmx its lines alone: what is being typed below them stays."""
    page = await door_page(
        meal_id,
        visit=visit_of(request),
        query=await _searched(request),
        wrong=wrong,
        values=values,
        errors=errors,
    )
    block = "walk_in" if values is not None else "list"
    return render(request, "meals/door.html", page, block=block, status=status, flash=flash)


async def _searched(request: AnyRequest) -> str:
    """For which first name: of the address, or of the form that a line of what was found has."""
    sent = (await read_form(request)).get("q", "") if request.method == "POST" else request.query_params.get("q", "")
    return str(sent)[:40]


@get("/repas/{meal_id:int}/accueil")
async def show_door(request: AnyRequest, meal_id: FromPath[int]) -> Response[Any]:
    """Who is expected, and who is in. The list asks for itself again every few seconds."""
    return await _show(request, meal_id)


async def _done(request: AnyRequest, meal_id: int, said: Text) -> Response[Any]:
    if wants_fragment(request):
        return await _show(request, meal_id, flash=Flash(said))
    query = await _searched(request)
    return go_to(request, f"/repas/{meal_id}/accueil{f'?q={quote(query)}' if query else ''}", flash=Flash(said))


async def _ticked(request: AnyRequest, meal_id: int, read: TickRead, do: Tick, said: Text) -> Response[Any]:
    """The list again, with what came of it; a fault is said at the line that was pressed."""
    visit, member = signed_in(request)
    if read.errors:
        return await _show(request, meal_id, status=422, wrong=(read.booking_id, next(iter(read.errors.values()))))
    try:
        await do(
            actor=member.id,
            booking_id=read.booking_id,
            seats=read.seats,
            seen=read.seen,
            once=read.once,
            meal_id=meal_id,
            now=visit.now,
        )
    except Refused as refused:
        return await _show(request, meal_id, status=409, wrong=(read.booking_id, refusal_text(request, refused)))
    return await _done(request, meal_id, said)


@post("/repas/{meal_id:int}/accueil", status_code=303)
async def tick_in(request: AnyRequest, meal_id: FromPath[int]) -> Response[Any]:
    """« Est là »: so many people of a booking come in, of those who wait too (`from_list`). Sent twice, once."""
    read = forms.read_tick(await read_form(request))
    said = text_n("C’est noté : %(n)s personne.", "C’est noté : %(n)s personnes.", read.seats)
    return await _ticked(request, meal_id, read, let_in_from_list if read.from_list else tick, said)


@post("/repas/{meal_id:int}/accueil/retrait", status_code=303)
async def tick_out(request: AnyRequest, meal_id: FromPath[int]) -> Response[Any]:
    """« Je me suis trompé »: they are not in after all."""
    read = forms.read_tick(await read_form(request))
    return await _ticked(request, meal_id, read, untick, text("C’est corrigé."))


@post("/repas/{meal_id:int}/accueil/sans-reservation", status_code=303)
async def let_walk_in(request: AnyRequest, meal_id: FromPath[int]) -> Response[Any]:
    """Somebody comes without having booked, and there is a seat."""
    visit, member = signed_in(request)
    read = forms.read_walk_in(await read_form(request))
    if read.errors:
        return await _show(request, meal_id, status=422, values=read.values, errors=read.errors)
    try:
        await walk_in(
            actor=member.id,
            meal_id=meal_id,
            name=read.name,
            seats=read.seats,
            children=read.children,
            once=read.once,
            now=visit.now,
        )
    except Refused as refused:
        why = refusal_text(request, refused)
        return await _show(request, meal_id, status=409, values=read.values, errors={"seats": why})
    return go_to(request, f"/repas/{meal_id}/accueil", flash=Flash(text("C’est noté. Bienvenue à table !")))


@get("/repas/{meal_id:int}/accueil/feuille")
async def print_door(request: AnyRequest, meal_id: FromPath[int]) -> Response[Any]:
    """The same on A4; `encre=noir` for coloured paper."""
    black = request.query_params.get("encre", "") == "noir"
    return render(request, "meals/door_sheet.html", await door_sheet(meal_id, visit=visit_of(request), black=black))


@get("/entree/{code:str}")
async def show_scanned(request: AnyRequest, code: FromPath[str]) -> Response[Any]:
    """The QR code of a ticket, as the camera of a telephone reads it: for whoever is at the door, what to press; whose
    ticket it is gets to it; for everybody else there is no such page."""
    booking_id = read_ticket_code(code, secret_key=house_of(request).settings.secret_key)
    if booking_id is None:
        raise NotFound
    page = await ticket_at_door(booking_id, visit=visit_of(request))
    if isinstance(page, OwnTicket):
        return go_to(request, page.href)
    return render(request, "meals/door_ticket.html", page)


@get("/reservations/{booking_id:int}/code")
async def show_code(request: AnyRequest, booking_id: FromPath[int]) -> Response[Any]:
    """The QR code of one's own ticket, as a picture: drawn when it is looked at."""
    await own_booking(booking_id, visit_of(request))
    settings = house_of(request).settings
    address = f"{settings.base_url}/entree/{ticket_code(booking_id, secret_key=settings.secret_key)}"
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(qr_image(address), media_type="image/svg+xml", headers=headers)


routes_door = [show_door, tick_in, tick_out, let_walk_in, print_door, show_scanned, show_code]
