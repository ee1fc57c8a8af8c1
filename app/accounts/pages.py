"""The doors of a place's accounts: what is bought and given back, what is asked for, and the desk of who keeps them.

Thin: what may be done is asked in the commands; a refusal shows the same page again with its sentence.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, Router, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath

from app.accounts import commands, forms, rules, spending
from app.accounts.pictures import LARGEST_SENT, Picture, drawn_anew
from app.accounts.queries_desk import Leaves, desk_page, line_page, signed_amount
from app.accounts.queries_purchases import (
    buy_page,
    here_of_place,
    kept_place,
    purchase_page,
    purchase_row,
    purchases_page,
    refuse_pictures,
)
from app.accounts.queries_requests import budget_page, requests_page
from app.accounts.states import AccountsRefusal, PaidFrom
from app.database import run
from app.errors import NotFound, Refused
from app.i18n import Text, text
from app.identity.visits import Me, Visit
from app.web.answers import go_to
from app.web.error_pages import refusal_text
from app.web.flash import Flash
from app.web.forms import Form, read_form
from app.web.rendering import render, visit_of

AnyRequest = Request[Any, Any, Any]
LARGEST_FORM = LARGEST_SENT + 64 * 1024
"""Bytes of a form with pictures: as much as `deploy/` lets through to these addresses."""
PICTURES = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Disposition": "inline",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
}


def signed_in(request: AnyRequest) -> tuple[Visit, Me]:
    """The visit and its member: the guard has seen to it that there is one."""
    visit = visit_of(request)
    assert visit.member is not None
    return visit, visit.member


def fault(request: AnyRequest, refused: Refused) -> Flash:
    """The sentence of a refusal."""
    return Flash(refusal_text(request, refused), tone="fault")


# ----------------------------------------------------------------------------------------------------------- pictures


async def _sent_pictures(request: AnyRequest) -> list[UploadFile]:
    """What was chosen in the field of pictures. Browsers send an empty part where nothing was."""
    if "multipart/form-data" not in request.headers.get("content-type", ""):
        return []
    sent = (await request.form()).getall("receipt", [])
    return [each for each in sent if isinstance(each, UploadFile) and each.filename]


async def _drawn(sent: list[UploadFile]) -> list[Picture]:
    """Raises `Refused`."""
    if len(sent) > rules.MOST_PICTURES:
        raise Refused(AccountsRefusal.TOO_MANY_PICTURES)
    return [await drawn_anew(each.read) for each in sent]


async def _close(sent: list[UploadFile]) -> None:
    for each in sent:
        await each.close()


# ---------------------------------------------------------------------------------------------------------- purchases


@get("/comptes/achats")
async def my_purchases(request: AnyRequest) -> Response[Any]:
    """What one bought for the place, and what becomes of the money."""
    return render(request, "app/accounts/purchases.html", await purchases_page(visit_of(request)))


@get("/comptes/achats/nouveau")
async def new_purchase(request: AnyRequest) -> Response[Any]:
    """The form (`repas`: for that meal; `demande`: what was asked for)."""
    asked = request.query_params
    page = await buy_page(
        visit_of(request), about_id=forms.whole_id(asked, "repas"), request_id=forms.whole_id(asked, "demande")
    )
    return render(request, "app/accounts/buy.html", page)


@post("/comptes/achats", status_code=303, request_max_body_size=LARGEST_FORM)
async def write_purchase(request: AnyRequest) -> Response[Any]:
    """Writes a purchase down, with the pictures of its receipt."""
    visit, member = signed_in(request)
    place_id, _, _ = await here_of_place(visit)
    sent = await _sent_pictures(request)
    try:
        form = await read_form(request)
        kinds = spending.kinds()
        read = forms.read_purchase(form, about=kinds[0] if kinds else "")
        if read.words is None:
            return await _buy_again(request, form, read.errors, read.once, 422, pictures_lost=bool(sent))
        if sent:
            await refuse_pictures(visit)
        try:
            pictures = await _drawn(sent)
            made = await commands.write_purchase(
                actor=member.id,
                place_id=place_id,
                words=read.words,
                once=read.once,
                pictures=pictures,
                now=visit.now,
            )
        except Refused as refused:
            return await _buy_again(request, form, _beside(request, refused), read.once, 409, pictures_lost=bool(sent))
    finally:
        await _close(sent)
    return go_to(request, f"/comptes/achats/{made}", flash=Flash(text("C’est noté, merci")))


FIELD_OF = {
    AccountsRefusal.NOT_A_PICTURE: "receipt",
    AccountsRefusal.PICTURE_TOO_LARGE: "receipt",
    AccountsRefusal.TOO_MANY_PICTURES: "receipt",
    AccountsRefusal.IN_THE_FUTURE: "bought_on",
    AccountsRefusal.TOO_LONG_AGO: "bought_on",
    AccountsRefusal.NOT_IN_BOX: "paid_from",
    AccountsRefusal.NOT_AN_AMOUNT: "amount",
    AccountsRefusal.TOO_MUCH: "amount",
}
"""Beside which field a refusal is said; `form` for the others."""


def _beside(request: AnyRequest, refused: Refused) -> dict[str, Text]:
    reason = refused.reason
    name = FIELD_OF.get(reason, "form") if isinstance(reason, AccountsRefusal) else "form"
    return {name: refusal_text(request, refused)}


async def _buy_again(
    request: AnyRequest, form: Form, errors: Any, once: str, status: int, *, pictures_lost: bool
) -> Response[Any]:
    page = await buy_page(
        visit_of(request),
        request_id=forms.whole_id(form, "request"),
        values={name: value for name, value in form.items() if name not in ("_csrf_token", "receipt")},
        errors=errors,
        once=once,
        pictures_lost=pictures_lost,
    )
    return render(request, "app/accounts/buy.html", page, status=status)


@get("/comptes/achats/{purchase_id:int}")
async def show_purchase(request: AnyRequest, purchase_id: FromPath[int]) -> Response[Any]:
    """One purchase: its receipt, what becomes of the money."""
    return await _show_purchase(request, purchase_id)


async def _show_purchase(
    request: AnyRequest,
    purchase_id: int,
    *,
    status: int = 200,
    refused: Refused | None = None,
    errors: Any = None,
    values: Any = None,
) -> Response[Any]:
    page = await purchase_page(visit_of(request), purchase_id, errors=errors, values=values)
    flash = fault(request, refused) if refused is not None else None
    return render(request, "app/accounts/purchase.html", page, status=status, flash=flash)


@get("/comptes/achats/{purchase_id:int}/recu/{rank:int}")
async def show_receipt(request: AnyRequest, purchase_id: FromPath[int], rank: FromPath[int]) -> Response[bytes]:
    """A picture of the receipt, for whoever may read the purchase."""
    await purchase_row(visit_of(request), purchase_id)
    rows = await run("select picture from receipt where purchase_id = {} and rank = {}", purchase_id, rank)
    if not rows:
        raise NotFound
    return Response(bytes(rows[0]["picture"]), media_type="image/jpeg", headers=PICTURES)


@post("/comptes/achats/{purchase_id:int}/recus", status_code=303, request_max_body_size=LARGEST_FORM)
async def add_receipt(request: AnyRequest, purchase_id: FromPath[int]) -> Response[Any]:
    """More pictures of the receipt."""
    visit, member = signed_in(request)
    await purchase_row(visit, purchase_id)
    sent = await _sent_pictures(request)
    try:
        if not sent:
            errors = {"receipt": text("Choisis une photo du ticket de caisse.")}
            return await _show_purchase(request, purchase_id, status=422, errors=errors)
        try:
            pictures = await _drawn(sent)
            await commands.add_receipt(actor=member.id, purchase_id=purchase_id, pictures=pictures, now=visit.now)
        except Refused as refused:
            return await _show_purchase(request, purchase_id, status=409, errors=_beside(request, refused))
    finally:
        await _close(sent)
    return go_to(request, f"/comptes/achats/{purchase_id}", flash=Flash(text("La photo est là")))


@post("/comptes/achats/{purchase_id:int}/rayure", status_code=303)
async def strike_purchase(request: AnyRequest, purchase_id: FromPath[int]) -> Response[Any]:
    """Says that it should not be there (`reason`)."""
    visit, member = signed_in(request)
    await purchase_row(visit, purchase_id)
    read = forms.read_reason(await read_form(request))
    if read.errors:
        return await _show_purchase(request, purchase_id, status=422, errors=read.errors, values=read.values)
    try:
        await commands.strike_purchase(actor=member.id, purchase_id=purchase_id, reason=read.reason, now=visit.now)
    except Refused as refused:
        return await _show_purchase(request, purchase_id, status=409, refused=refused, values=read.values)
    return go_to(request, f"/comptes/achats/{purchase_id}", flash=Flash(text("L’achat est rayé")))


# ---------------------------------------------------------------------------------------------------------- given back


@post("/comptes/remboursements/{purchase_id:int}", status_code=303)
async def give_back(request: AnyRequest, purchase_id: FromPath[int]) -> Response[Any]:
    """What was advanced is given back (`paid_from`: `box` or `bank`; `once`)."""
    visit, member = signed_in(request)
    await purchase_row(visit, purchase_id)
    form = await read_form(request)
    chosen = form.get("paid_from", "")
    if chosen not in (PaidFrom.BOX.value, PaidFrom.BANK.value):
        errors = {"paid_from": text("Choisis d’où vient l’argent.")}
        return await _show_purchase(request, purchase_id, status=422, errors=errors)
    try:
        await commands.give_back(
            actor=member.id,
            purchase_id=purchase_id,
            paid_from=PaidFrom(chosen),
            once=form.get("once", "")[: forms.LONGEST_ONCE],
            now=visit.now,
        )
    except Refused as refused:
        return await _show_purchase(request, purchase_id, status=409, refused=refused)
    return go_to(request, f"/comptes/achats/{purchase_id}", flash=Flash(text("C’est noté : remboursé")))


@post("/comptes/remboursements/{purchase_id:int}/annulation", status_code=303)
async def undo_give_back(request: AnyRequest, purchase_id: FromPath[int]) -> Response[Any]:
    """It was not given back (`reimbursement`: which one)."""
    visit, member = signed_in(request)
    await purchase_row(visit, purchase_id)
    form = await read_form(request)
    which = forms.whole_id(form, "reimbursement") or 0
    if not await run("select 1 as one from reimbursement where id = {} and purchase_id = {}", which, purchase_id):
        raise NotFound
    try:
        await commands.undo_give_back(actor=member.id, reimbursement_id=which, now=visit.now)
    except Refused as refused:
        return await _show_purchase(request, purchase_id, status=409, refused=refused)
    return go_to(request, f"/comptes/achats/{purchase_id}", flash=Flash(text("C’est noté : encore à rembourser")))


# ---------------------------------------------------------------------------------------------------- the small budget


@get("/comptes/demandes")
async def show_requests(request: AnyRequest) -> Response[Any]:
    """What was asked for, and the form to ask."""
    return render(request, "app/accounts/requests.html", await requests_page(visit_of(request)))


async def _requests_again(
    request: AnyRequest, *, status: int, read: forms.Read | None = None, refused: Refused | None = None, part: int = 0
) -> Response[Any]:
    page = await requests_page(
        visit_of(request),
        values=read.values if read is not None else None,
        errors=read.errors if read is not None else None,
        once=read.once if read is not None else "",
        part=part,
    )
    flash = fault(request, refused) if refused is not None else None
    return render(request, "app/accounts/requests.html", page, status=status, flash=flash)


@post("/comptes/demandes", status_code=303)
async def ask_for(request: AnyRequest) -> Response[Any]:
    """« Il nous faudrait… »."""
    visit, member = signed_in(request)
    place_id, _, _ = await here_of_place(visit)
    read = forms.read_request(await read_form(request))
    if read.errors:
        return await _requests_again(request, status=422, read=read)
    try:
        await commands.ask_for(
            actor=member.id,
            place_id=place_id,
            spending=read.spending,
            what=read.what,
            why=read.why,
            cents=read.cents,
            once=read.once,
            now=visit.now,
        )
    except Refused as refused:
        return await _requests_again(request, status=409, read=read, refused=refused)
    said = text("C’est demandé. Tu auras la réponse par mail.")
    return go_to(request, "/comptes/demandes", flash=Flash(said))


@post("/comptes/demandes/{request_id:int}", status_code=303)
async def answer_request(request: AnyRequest, request_id: FromPath[int]) -> Response[Any]:
    """Yes, or not now."""
    visit, member = signed_in(request)
    read = forms.read_answer(await read_form(request))
    await _of_this_place(visit, request_id)
    await kept_place(visit)
    if read.errors:
        return await _requests_again(request, status=422, read=read, part=request_id)
    try:
        await commands.answer_request(
            actor=member.id,
            request_id=request_id,
            agree=read.agree,
            reason="" if read.agree else read.reason,
            version=read.version,
            now=visit.now,
        )
    except Refused as refused:
        return await _requests_again(request, status=409, read=read, refused=refused, part=request_id)
    return go_to(request, "/comptes/demandes", flash=Flash(text("C’est répondu")))


async def _of_this_place(visit: Visit, request_id: int) -> None:
    """Raises `NotFound` for a request of another place."""
    place_id, _, _ = await here_of_place(visit)
    if not await run("select 1 as one from budget_request where id = {} and place_id = {}", request_id, place_id):
        raise NotFound


@post("/comptes/demandes/{request_id:int}/retrait", status_code=303)
async def take_request_back(request: AnyRequest, request_id: FromPath[int]) -> Response[Any]:
    """It is not needed any more."""
    visit, member = signed_in(request)
    try:
        await commands.take_request_back(actor=member.id, request_id=request_id, now=visit.now)
    except Refused as refused:
        return await _requests_again(request, status=409, refused=refused)
    return go_to(request, "/comptes/demandes", flash=Flash(text("La demande est retirée")))


@get("/comptes/budget")
async def show_budget(request: AnyRequest) -> Response[Any]:
    """What a month is meant for."""
    return render(request, "app/accounts/budget.html", await budget_page(visit_of(request)))


@post("/comptes/budget", status_code=303)
async def set_budget(request: AnyRequest) -> Response[Any]:
    """Says so."""
    visit, member = signed_in(request)
    place_id, _ = await kept_place(visit)
    read = forms.read_budget(await read_form(request))
    if read.errors:
        page = await budget_page(visit, values=read.values, errors=read.errors)
        return render(request, "app/accounts/budget.html", page, status=422)
    try:
        await commands.set_budget(
            actor=member.id, place_id=place_id, amounts=read.amounts, versions=read.versions, now=visit.now
        )
    except Refused as refused:
        page = await budget_page(visit, values=read.values)
        return render(request, "app/accounts/budget.html", page, status=409, flash=fault(request, refused))
    return go_to(request, "/comptes/budget", flash=Flash(text("C’est noté")))


# ------------------------------------------------------------------------------------------------------------ the desk


@get("/comptes")
async def show_desk(request: AnyRequest) -> Response[Any]:
    """Where the money of the place is, and what waits for whoever keeps its accounts (`boite`, `achats`: which page of
    these lists)."""
    asked = request.query_params
    leaves = Leaves(box=forms.read_leaf(asked, "boite"), purchases=forms.read_leaf(asked, "achats"))
    return render(request, "app/accounts/desk.html", await desk_page(visit_of(request), leaves=leaves))


@post("/comptes/banque", status_code=303)
async def deposit(request: AnyRequest) -> Response[Any]:
    """Brought from the box to the bank, or back (`amount`, `way`, `once`)."""
    visit, member = signed_in(request)
    place_id, _ = await kept_place(visit)
    read = forms.read_deposit(await read_form(request))
    if read.errors:
        page = await desk_page(visit, values=read.values, errors=read.errors, once=read.once)
        return render(request, "app/accounts/desk.html", page, status=422)
    try:
        await commands.deposit(
            actor=member.id,
            place_id=place_id,
            cents=read.cents,
            once=read.once,
            fetched=read.fetched,
            now=visit.now,
        )
    except Refused as refused:
        page = await desk_page(visit, values=read.values, errors={"amount": refusal_text(request, refused)})
        return render(request, "app/accounts/desk.html", page, status=409)
    return go_to(request, "/comptes", flash=Flash(text("C’est noté")))


@get("/comptes/lignes/{line_id:int}")
async def show_line(request: AnyRequest, line_id: FromPath[int]) -> Response[Any]:
    """A movement of the box, to be mended."""
    return render(request, "app/accounts/line.html", await line_page(visit_of(request), line_id))


@post("/comptes/lignes/{line_id:int}", status_code=303)
async def correct_line(request: AnyRequest, line_id: FromPath[int]) -> Response[Any]:
    """How much it was (`amount`), and why (`reason`)."""
    visit, member = signed_in(request)
    await line_page(visit, line_id)
    read = forms.read_correction(await read_form(request))
    if read.errors:
        page = await line_page(visit, line_id, values=read.values, errors=read.errors)
        return render(request, "app/accounts/line.html", page, status=422)
    try:
        await commands.correct_line(
            actor=member.id,
            line_id=line_id,
            cents=await signed_amount(line_id, read.cents),
            reason=read.reason,
            seen=read.seen,
            now=visit.now,
        )
    except Refused as refused:
        page = await line_page(visit, line_id, values=read.values)
        return render(request, "app/accounts/line.html", page, status=409, flash=fault(request, refused))
    return go_to(request, "/comptes", flash=Flash(text("C’est corrigé : la première ligne reste, et dit pourquoi")))


ROUTER = Router(
    path="",
    route_handlers=[
        my_purchases,
        new_purchase,
        write_purchase,
        show_purchase,
        show_receipt,
        add_receipt,
        strike_purchase,
        give_back,
        undo_give_back,
        show_requests,
        ask_for,
        answer_request,
        take_request_back,
        show_budget,
        set_budget,
        show_desk,
        deposit,
        show_line,
        correct_line,
    ],
)
