"""What the doors of meals share: who asks, and the page of a meal or a ticket shown again.

A refusal shows the same page again (409) with its sentence; a form that cannot be read comes back with a sentence
beside the field (422) and everything that was written.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from litestar import Request, Response

from app.errors import NotFound, Refused
from app.i18n import Text, text
from app.identity.visits import Me, Visit
from app.web.error_pages import refusal_text
from app.web.flash import Flash
from app.web.rendering import render, visit_of
from meals.forms import SeatsRead
from meals.queries.one import meal_page
from meals.queries.ticket import ticket_page
from meals.states import MealRefusal
from meals.views import BookingRead
from meals.views_card import Back

AnyRequest = Request[Any, Any, Any]
PUBLIC = {"public": True}


def signed_in(request: AnyRequest) -> tuple[Visit, Me]:
    """The visit and its member: the guard has seen to it that there is one."""
    visit = visit_of(request)
    assert visit.member is not None
    return visit, visit.member


async def show(
    request: AnyRequest,
    meal_id: int,
    *,
    refused: Refused | None = None,
    flash: Flash | None = None,
    booking: BookingRead | None = None,
    guest: BookingRead | None = None,
) -> Response[Any]:
    """The page of the meal, or under htmx the part of it that books; after a refusal, or with what is wrong with a
    form."""
    read = booking or guest
    page = await meal_page(meal_id, visit=visit_of(request), booking=booking, guest=guest)
    status = 422 if read is not None and read.errors else 200
    if refused is not None:
        status, flash = 409, Flash(refusal_text(request, refused), tone="fault")
        page = replace(page, reread=booking is not None and refused.reason is MealRefusal.CHANGED_MEANWHILE)
    elif read is not None and read.errors and (page.form is None if booking is not None else not page.may.bring_guest):
        flash = Flash(next(iter(read.errors.values())), tone="fault")  # the form is not there any more
    return render(
        request, "meals/meal.html", page, block="booking" if guest is None else None, status=status, flash=flash
    )


async def show_ticket(
    request: AnyRequest,
    booking_id: int,
    *,
    refused: Refused | None = None,
    flash: Flash | None = None,
    read: SeatsRead | None = None,
    button: Text | None = None,
    back: Back | None = None,
    asked: int = 0,
) -> Response[Any]:
    """The ticket, or under htmx the part of it that changes; `button` is what is wrong with one that has no field.
    Whose it is not (any more) reads the refusal alone. They come `back` from Stripe's page; the page itself has `asked`
    so many times since."""
    errors = {"button": button} if button is not None else read.errors if read is not None else None
    try:
        page = await ticket_page(
            booking_id,
            visit=visit_of(request),
            focus=flash is not None and refused is None,
            values=read.values if read is not None else None,
            errors=errors,
            back=back,
            asked=asked,
        )
    except NotFound:
        if refused is None:
            raise
        raise refused from None
    status = 422 if errors else 200
    if flash is None and page.paid_now:
        flash = Flash(text("C’est payé. À table !"))
    if refused is not None:
        status, flash = 409, Flash(refusal_text(request, refused), tone="fault")
    elif errors and not (page.may.add or page.may.hand_over):  # the form is not there any more
        page = replace(page, errors={"button": next(iter(errors.values()))})
    return render(request, "meals/ticket.html", page, block="ticket", status=status, flash=flash)


async def bank_again(request: AnyRequest, booking_id: int, *, back: Back | None, asked: int) -> Response[Any]:
    """What a page that waits for the bank asks by itself: only the line that says so, as long as nothing is known; then
    the ticket."""
    visit = visit_of(request)
    page = await ticket_page(booking_id, visit=visit, back=back, asked=asked)
    if page.paying is not None and page.paying.waits:
        return render(request, "meals/_paying.html", page, block="bank")
    page = replace(page, focus=True)
    flash = Flash(text("C’est payé. À table !")) if page.paid_now else None
    whole = {"HX-Retarget": "#billet", "HX-Reswap": "outerHTML"}
    return render(request, "meals/ticket.html", page, block="ticket", flash=flash, headers=whole)
