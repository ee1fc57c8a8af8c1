"""The doors of whoever comes to a meal: booking, the ticket, giving seats back, handing them over, taking them over."""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from app.errors import Refused
from app.i18n import Text, language, text, text_n
from app.payments.api import send_refunds_of
from app.web.answers import go_to
from app.web.error_pages import refusal_text
from app.web.flash import Flash
from app.web.forms import read_form
from app.web.rendering import render, visit_of, wants_fragment
from meals import forms
from meals.commands.booking import add_seats, book, book_for, change_choice
from meals.commands.giving_back import answer_offer, cancel_seats, hand_over, keep_seats, take_over
from meals.facts import KIND, menu_of
from meals.kitchen import diets_asked
from meals.pages.card import page_to_pay
from meals.pages.shared import AnyRequest, bank_again, show, show_ticket, signed_in
from meals.queries.card import money_back
from meals.queries.choice import choice_page, is_as_wished
from meals.queries.giving_up import give_up_page
from meals.queries.one import back_of, prices_now, ticket_of
from meals.queries.ticket import left_of, somebody_waits
from meals.rules import MOST_SEATS
from meals.states import Payment
from meals.views_card import ASK_AGAIN, Back, both, given_back

SOME = {str(number) for number in range(1, MOST_SEATS)}
"""How many seats may be given back, others being kept."""


@post("/repas/{meal_id:int}/reservations", status_code=303)
async def book_seats(request: AnyRequest, meal_id: FromPath[int]) -> Response[Any]:
    """« Je réserve », or « Je me mets en attente ». Sent twice, it leads to the same ticket twice."""
    visit, member = signed_in(request)
    form = await read_form(request)
    asked = diets_asked(await menu_of(meal_id)) if "diet" in form else ()
    read = forms.read_booking(form, await prices_now(meal_id), asked=asked)
    if read.wish is None:
        return await show(request, meal_id, booking=read)
    try:
        made = await book(
            actor=member.id, meal_id=meal_id, wish=read.wish, diets=read.diets, version=read.version, now=visit.now
        )
    except Refused as refused:
        return await show(request, meal_id, refused=refused, booking=read)
    said = Flash(text("C’est noté !"))
    if read.wish.payment is Payment.CARD:
        with suppress(Refused):  # nothing of it is to be paid
            said = await page_to_pay(member.id, made.id, now=visit.now, booked=True)
    if not made.anew and not await is_as_wished(made.id, read.wish):
        said = Flash(text("Tu avais déjà réservé : rien n’a changé. Change tes places ici."), tone="")
    return go_to(request, f"/reservations/{made.id}", flash=said)


@post("/repas/{meal_id:int}/invites", status_code=303)
async def book_for_guest(request: AnyRequest, meal_id: FromPath[int]) -> Response[Any]:
    """Seats for somebody present who has no account, by first name."""
    visit, member = signed_in(request)
    read = forms.read_guest(await read_form(request), await prices_now(meal_id))
    if read.wish is None:
        return await show(request, meal_id, guest=read)
    try:
        await book_for(
            actor=member.id,
            meal_id=meal_id,
            first_name=read.first_name,
            wish=read.wish,
            version=read.version,
            form=read.once,
            now=visit.now,
        )
    except Refused as refused:
        return await show(request, meal_id, refused=refused, guest=read)
    said = text("C’est noté : %(name)s a sa place.", name=read.first_name)
    return go_to(request, f"/repas/{meal_id}#invites", flash=Flash(said))


@post("/repas/{meal_id:int}/reprise", status_code=303)
async def take_seats_over(request: AnyRequest, meal_id: FromPath[int]) -> Response[Any]:
    """« Je prends la place » of somebody who cannot come."""
    visit, member = signed_in(request)
    try:
        booking_id = await take_over(actor=member.id, meal_id=meal_id, now=visit.now)
    except Refused as refused:
        return await show(request, meal_id, refused=refused)
    return go_to(request, f"/reservations/{booking_id}", flash=Flash(text("C’est noté, à table !")))


@get("/repas/{meal_id:int}/billet")
async def show_own_ticket(request: AnyRequest, meal_id: FromPath[int]) -> Response[Any]:
    """To one's own ticket of this meal, from wherever only the meal is known: the agenda, a calendar."""
    return go_to(request, await ticket_of(meal_id, visit=visit_of(request)))


@get("/reservations/{booking_id:int}")
async def show_booking(request: AnyRequest, booking_id: FromPath[int]) -> Response[Any]:
    """The ticket. Who comes back from Stripe's page (`carte`) waits for the bank: the page asks again by itself
    (`essai`), as long as nothing is known."""
    came = request.query_params.get("carte", "")
    back = Back(came) if came in set(Back) else None
    tries = request.query_params.get("essai", "")
    asked = min(int(tries), ASK_AGAIN) if tries.isascii() and tries.isdigit() and len(tries) < 4 else 0
    if not (asked and wants_fragment(request)):
        return await show_ticket(request, booking_id, back=back)
    return await bank_again(request, booking_id, back=back, asked=asked)


@get("/reservations/{booking_id:int}/choix")
async def show_choice(request: AnyRequest, booking_id: FromPath[int]) -> Response[Any]:
    """What one chose: the price, what one gives, what one does not eat."""
    return render(request, "meals/choice.html", await choice_page(booking_id, visit=visit_of(request)))


@post("/reservations/{booking_id:int}/choix", status_code=303)
async def change(request: AnyRequest, booking_id: FromPath[int]) -> Response[Any]:
    """What one does not eat, said anew; that one's own seat is the team's, a suspended meal, or none after all."""
    visit, member = signed_in(request)
    page = await choice_page(booking_id, visit=visit)
    read = forms.read_choice(await read_form(request), seats=page.seats, asked=page.asked)
    page = replace(page, values=read.values, chosen=read.chosen, errors=read.errors)
    if read.errors:
        flash = None if page.boxes else Flash(next(iter(read.errors.values())), tone="fault")
        return render(request, "meals/choice.html", page, status=422, flash=flash)
    try:
        await change_choice(
            actor=member.id,
            booking_id=booking_id,
            team=read.team,
            take=read.take,
            pay=read.pay,
            diets=read.diets,
            now=visit.now,
        )
    except Refused as refused:
        flash = Flash(refusal_text(request, refused), tone="fault")
        return render(request, "meals/choice.html", page, status=409, flash=flash)
    return go_to(request, f"/reservations/{booking_id}/choix", flash=Flash(text("C’est noté !")))


@get("/reservations/{booking_id:int}/annulation")
async def ask_cancel(request: AnyRequest, booking_id: FromPath[int]) -> Response[Any]:
    """The question before all seats are given up."""
    some = request.query_params.get("places", "")
    seats = int(some) if some in SOME else None
    page = await give_up_page(booking_id, visit=visit_of(request), seats=seats)
    if page is None:  # the back button, after having cancelled
        return go_to(request, f"/reservations/{booking_id}", flash=Flash(text("Il n’y a rien à annuler."), tone=""))
    return render(request, "meals/give_up.html", page)


@post("/reservations/{booking_id:int}/annulation", status_code=303)
async def give_back(request: AnyRequest, booking_id: FromPath[int]) -> Response[Any]:
    """Give up all seats, or `seats` of them; from those of somebody without an account one goes back to the meal."""
    visit, member = signed_in(request)
    read = forms.read_seats(await read_form(request))
    if read.errors:
        return await show_ticket(request, booking_id, button=next(iter(read.errors.values())))
    deed = cancel_seats(
        actor=member.id,
        booking_id=booking_id,
        seats=read.seats,
        leave=read.leave,
        had=read.had,
        form=read.once,
        now=visit.now,
    )
    if read.seats is None:
        said = text("C’est fait, c’est annulé.")
    else:
        said = text_n("C’est fait, la place est libre.", "C’est fait, %(n)s places sont libres.", read.seats)
    return await _carry_out(
        request, booking_id, deed, said, then=await back_of(booking_id), left=read.seats is not None, money=True
    )


@post("/reservations/{booking_id:int}/places", status_code=303)
async def add(request: AnyRequest, booking_id: FromPath[int]) -> Response[Any]:
    """More seats, by the same rules: what is not free waits."""
    visit, member = signed_in(request)
    read = forms.read_seats(await read_form(request), required=True)
    if read.errors or read.seats is None:
        return await show_ticket(request, booking_id, read=read)
    deed = add_seats(
        actor=member.id,
        booking_id=booking_id,
        seats=read.seats,
        children=read.children,
        had=read.had,
        form=read.once,
        now=visit.now,
    )
    return await _carry_out(request, booking_id, deed, text("C’est noté !"))


@post("/reservations/{booking_id:int}/passage", status_code=303)
async def hand_seats_over(request: AnyRequest, booking_id: FromPath[int]) -> Response[Any]:
    """After closing: whoever waits may have them."""
    visit, member = signed_in(request)
    read = forms.read_seats(await read_form(request), required=True)
    if read.errors or read.seats is None:
        return await show_ticket(request, booking_id, read=read)
    if await somebody_waits(booking_id):
        said = text("C’est noté. On prévient les personnes qui attendent.")
    else:
        said = text("C’est noté. Pour l’instant, personne n’attend de place.")
    deed = hand_over(
        actor=member.id, booking_id=booking_id, seats=read.seats, had=read.had, form=read.once, now=visit.now
    )
    return await _carry_out(request, booking_id, deed, said)


@post("/reservations/{booking_id:int}/passage/retrait", status_code=303)
async def keep(request: AnyRequest, booking_id: FromPath[int]) -> Response[Any]:
    """« Finalement, je viens »."""
    visit, member = signed_in(request)
    deed = keep_seats(actor=member.id, booking_id=booking_id, now=visit.now)
    return await _carry_out(request, booking_id, deed, text("C’est noté, à table !"))


@post("/reservations/{booking_id:int}/reponse", status_code=303)
async def answer(request: AnyRequest, booking_id: FromPath[int]) -> Response[Any]:
    """Yes or no to seats that came free."""
    visit, member = signed_in(request)
    form = await read_form(request)
    said = form.get("answer", "")
    if said not in ("yes", "no"):
        return await show_ticket(request, booking_id, button=text("Choisis une réponse."))
    payment = forms.read_payment(form)
    if payment is None:
        return await show_ticket(
            request, booking_id, button=text("Choisis comment tu paies : sur place, ou par carte.")
        )
    deed = _answer(member.id, booking_id, yes=said == "yes", offers=form.all("offer"), payment=payment, now=visit.now)
    if said == "no":
        words = text("C’est noté : c’est au tour de la personne suivante.")
    else:
        words = text("C’est noté !") if payment is Payment.CARD else text("C’est noté, à table !")
    return await _carry_out(request, booking_id, deed, words)


async def _answer(
    actor: int, booking_id: int, *, yes: bool, offers: list[str], payment: Payment, now: datetime
) -> None:
    await answer_offer(actor=actor, booking_id=booking_id, yes=yes, offers=offers, payment=payment, now=now)
    if yes and payment is Payment.CARD:
        with suppress(Refused):  # nothing of it is to be paid
            await page_to_pay(actor, booking_id, now=now)


async def _carry_out(
    request: AnyRequest,
    booking_id: int,
    deed: Awaitable[object],
    said: Text,
    *,
    then: str = "",
    left: bool = False,
    money: bool = False,
) -> Response[Any]:
    """Do it and say so, on the ticket or on the page `then`, what becomes of the `money` that was paid by card, and
    what is `left` of the booking; refused, the ticket says why."""
    visit = visit_of(request)
    before = await money_back(booking_id) if money else (0, 0)
    try:
        await deed
    except Refused as refused:
        return await show_ticket(request, booking_id, refused=refused)
    after = await money_back(booking_id) if money else (0, 0)
    if after[0] > before[0]:
        await send_refunds_of(kind=KIND, thing_ids=[booking_id], now=visit.now)  # else a job does, within a minute
    words = given_back(after[0] - before[0], after[1] - before[1], language(visit.language))
    rest = await left_of(booking_id, visit=visit) if left else None
    flash = Flash(said, both(words, rest, language(visit.language)))
    if wants_fragment(request) and not then:
        return await show_ticket(request, booking_id, flash=flash)
    return go_to(request, then or f"/reservations/{booking_id}", flash=flash)


HANDLERS = [
    book_seats,
    book_for_guest,
    take_seats_over,
    show_own_ticket,
    show_booking,
    show_choice,
    change,
    ask_cancel,
    give_back,
    add,
    hand_seats_over,
    keep,
    answer,
]
