"""The doors of whoever pays by card: asking Stripe again, paying on site instead.

The page where one pays is Stripe's, and an ordinary link leads there; coming back from it writes nothing. Stripe is
asked by POST alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from litestar import Response, post
from litestar.params import FromPath

from app.errors import Refused
from app.i18n import Text, text
from app.web.answers import go_to
from app.web.flash import Flash
from app.web.rendering import wants_fragment
from meals.commands.card import pay, pay_on_site_instead, verify
from meals.pages.shared import AnyRequest, show_ticket, signed_in
from meals.queries.ticket import seats_of
from meals.states import CardSaid
from meals.views_card import Back

SAID: dict[CardSaid, tuple[Text, Text | None, str]] = {
    CardSaid.PAID: (text("C’est payé. À table !"), None, "ok"),
    CardSaid.TOO_LATE: (
        text("C’est payé trop tard : la place n’est plus là."),
        text("Tout t’est rendu, sous 5 à 10 jours."),
        "fault",
    ),
    CardSaid.NOT_YET: (
        text("Ta banque n’a encore rien dit."),
        text("Si tu viens de payer, attends un peu : ta place reste gardée."),
        "",
    ),
    CardSaid.ON_SITE: (text("C’est noté : tu paies sur place, dans l’enveloppe."), None, "ok"),
    CardSaid.ENDED: (text("Rien n’a été payé, et la place n’est plus gardée."), None, ""),
    CardSaid.LOOKED_AT: (
        text("Quelque chose ne va pas avec ce paiement."),
        text("Une personne du lieu regarde, et on t’écrit. Ne paie pas une deuxième fois."),
        "fault",
    ),
}
"""What the bank said: strong words, more words, tone."""


@post("/reservations/{booking_id:int}/verification", status_code=303)
async def ask_bank(request: AnyRequest, booking_id: FromPath[int]) -> Response[Any]:
    """« J’ai payé, je vérifie »."""
    visit, member = signed_in(request)
    try:
        said = await verify(actor=member.id, booking_id=booking_id, now=visit.now)
    except Refused as refused:
        return await show_ticket(request, booking_id, refused=refused)
    return await _told(request, booking_id, _flash(said), back=Back.PAID if said is CardSaid.NOT_YET else None)


@post("/reservations/{booking_id:int}/paiement", status_code=303)
async def try_again(request: AnyRequest, booking_id: FromPath[int]) -> Response[Any]:
    """« J’essaie de nouveau », after Stripe did not answer. No form may lead to its page: the ticket has the link."""
    visit, member = signed_in(request)
    try:
        said = await page_to_pay(member.id, booking_id, now=visit.now)
    except Refused as refused:
        return await show_ticket(request, booking_id, refused=refused)
    return await _told(request, booking_id, said)


async def page_to_pay(actor: int, booking_id: int, *, now: datetime, booked: bool = False) -> Flash:
    """Have Stripe make the page where these seats are paid, and say whether there is one; `booked`: just now."""
    if await pay(actor=actor, booking_id=booking_id, now=now) is not None:
        return Flash(text("C’est noté, il reste à payer.") if booked else text("La page de paiement est prête."))
    if (await seats_of(booking_id)).held:
        return Flash(text("La banque ne répond pas pour l’instant."), tone="")
    return Flash(text("La carte ne marche pas pour l’instant : ta place est à toi, et tu paies sur place."), tone="")


@post("/reservations/{booking_id:int}/sur-place", status_code=303)
async def on_site_instead(request: AnyRequest, booking_id: FromPath[int]) -> Response[Any]:
    """« Je paie plutôt sur place ». What was paid meanwhile stays paid, and is said so."""
    visit, member = signed_in(request)
    try:
        said = await pay_on_site_instead(actor=member.id, booking_id=booking_id, now=visit.now)
    except Refused as refused:
        return await show_ticket(request, booking_id, refused=refused)
    if said is CardSaid.PAID:
        flash = Flash(text("C’était déjà payé par carte."), text("Il n’y a rien à mettre dans l’enveloppe."))
        return await _told(request, booking_id, flash)
    return await _told(request, booking_id, _flash(said))


def _flash(said: CardSaid) -> Flash:
    strong, words, tone = SAID[said]
    return Flash(strong, words, tone=tone)


async def _told(request: AnyRequest, booking_id: int, flash: Flash, *, back: Back | None = None) -> Response[Any]:
    if wants_fragment(request):
        return await show_ticket(request, booking_id, flash=flash, back=back)
    came = f"?carte={back}" if back is not None else ""
    return go_to(request, f"/reservations/{booking_id}{came}", flash=flash)


HANDLERS = [ask_bank, try_again, on_site_instead]
