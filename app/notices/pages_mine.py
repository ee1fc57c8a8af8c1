"""« Mes messages », and « Mes mails »: what one was told, and what one wishes to receive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from app.errors import SignInNeeded
from app.i18n import Text, language, text
from app.identity.visits import Me, Visit
from app.notices import commands, forms
from app.notices.queries_mine import Chosen, Message, chosen_by, count_unread, messages_page, one_message
from app.notices.states import Kind
from app.notices.wording import KIND_NAMES, KIND_WORDS, REMINDERS
from app.web.answers import go_to
from app.web.flash import Flash
from app.web.forms import read_form
from app.web.rendering import render, visit_of, wants_fragment

AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class MessagePage:
    """One message, put back where it stood."""

    message: Message


@dataclass(frozen=True, slots=True)
class MailPage:
    """« Mes mails »."""

    has_address: bool
    kinds: Sequence[tuple[str, str, str]]
    """Name of the field, what the kind is called, what it is about."""
    reminders: Sequence[tuple[str, str]]
    values: Mapping[str, Any]
    errors: Mapping[str, Text]


def signed_in(request: AnyRequest) -> tuple[Visit, Me]:
    """The visit and its member: pages behind the guard have one."""
    visit = visit_of(request)
    if visit.member is None:
        raise SignInNeeded
    return visit, visit.member


# ------------------------------------------------------------------------------------------------------ the messages


@get("/messages")
async def show_messages(request: AnyRequest) -> Response[Any]:
    """What was told to whoever asks, what is still to be read first."""
    visit, _ = signed_in(request)
    page = await messages_page(visit, number=forms.read_number(request.query_params.get("page", "")))
    return render(request, "app/notices/show_messages.html", page)


async def _counted_anew(request: AnyRequest) -> None:
    """The visit, with what is left to read after what was just done: the head of the page shows it."""
    visit, me = signed_in(request)
    request.scope["state"]["visit"] = replace(visit, unread=await count_unread(me.id, now=visit.now))


@post("/messages/{message_id:int}/lu")
async def read_message(request: AnyRequest, message_id: FromPath[int]) -> Response[Any]:
    """« J’ai lu »."""
    visit, me = signed_in(request)
    await commands.read_message(actor=me.id, message_id=message_id, now=visit.now)
    if not wants_fragment(request):
        return go_to(request, "/messages")
    await _counted_anew(request)
    page = MessagePage(await one_message(visit, message_id))
    return render(request, "app/notices/message.html", page, block=["message", "unread"])


@post("/messages/lus")
async def read_all_messages(request: AnyRequest) -> Response[Any]:
    """« J’ai tout lu »: all that the page has shown (`shown`)."""
    visit, me = signed_in(request)
    shown = forms.read_shown((await read_form(request)).get("shown", ""))
    await commands.read_shown_messages(actor=me.id, shown=shown, now=visit.now)
    await _counted_anew(request)
    flash = Flash(text("C’est noté") if visit_of(request).unread else text("Tout est lu"))
    if not wants_fragment(request):
        return go_to(request, "/messages", flash=flash)
    page = await messages_page(visit_of(request), number=1)
    return render(request, "app/notices/show_messages.html", page, block=["messages", "unread"], flash=flash)


# ------------------------------------------------------------------------------------------------- what one receives


@get("/moi/courrier")
async def show_mail_choice(request: AnyRequest) -> Response[Any]:
    """What one receives by mail, and when one is reminded."""
    _, me = signed_in(request)
    return _mail_page(request, await chosen_by(me.id))


@post("/moi/courrier")
async def choose_mail(request: AnyRequest) -> Response[Any]:
    """Keeps it."""
    _, me = signed_in(request)
    chosen = await chosen_by(me.id)
    form = forms.read_choice(await read_form(request), has_address=chosen.has_address)
    if form.errors:
        return _mail_page(request, chosen, values=form.values, errors=form.errors)
    await commands.choose_mail(actor=me.id, stopped=form.stopped, remind=form.remind, now=visit_of(request).now)
    return go_to(request, "/moi/courrier", flash=Flash(text("C’est noté")))


def _mail_page(
    request: AnyRequest,
    chosen: Chosen,
    *,
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, Text] | None = None,
) -> Response[Any]:
    stands = {
        **{kind.value: kind not in chosen.stopped for kind in forms.KINDS},
        Kind.DIGEST.value: chosen.digest,
        "remind": chosen.remind.value,
    }
    say = language(visit_of(request).language).gettext
    page = MailPage(
        has_address=chosen.has_address,
        kinds=[(kind.value, say(KIND_NAMES[kind]), say(KIND_WORDS[kind])) for kind in forms.KINDS],
        reminders=[(remind.value, say(words)) for remind, words in REMINDERS.items()],
        values={**stands, **(values or {})},
        errors=errors or {},
    )
    return render(request, "app/notices/mail_choice.html", page, status=422 if errors else 200)


MINE = [show_messages, read_message, read_all_messages, show_mail_choice, choose_mail]
