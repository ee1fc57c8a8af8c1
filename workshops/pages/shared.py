"""What the doors of workshops share: the page shown again, the question before what cannot be undone, finding a person.

A refusal shows the same page again (409) with its sentence; a form that cannot be read comes back with a sentence
beside the field (422) and everything that was written.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from litestar import Request, Response

from app.errors import NotFound, Refused
from app.i18n import Text, capital, language, text
from app.identity.api import find_member_by_name_or_mail
from app.identity.visits import Me, Visit
from app.web.answers import go_to
from app.web.error_pages import refusal_text
from app.web.flash import Flash
from app.web.rendering import render, visit_of
from workshops import queries
from workshops.states import WorkshopRefusal
from workshops.views import QuestionPage

AnyRequest = Request[Any, Any, Any]
PUBLIC = {"public": True}
IN_FORMS = {"word": "contest", "words": "say_last_word", "first_name": "bring_guest", "who": "invite"} | dict.fromkeys(
    ("duty", "moment", "minutes", "people"), "open_turns"
)
"""Fields of the page of a workshop beside which an error is said, and what one may (`May`) who is shown them. Others
are said at its head, and so are those of a form that is shown no longer."""


def signed_in(request: AnyRequest) -> tuple[Visit, Me]:
    """The visit and its member: the guard has seen to it that there is one."""
    visit = visit_of(request)
    assert visit.member is not None
    return visit, visit.member


async def show(
    request: AnyRequest,
    workshop_id: int,
    *,
    refused: Refused | None = None,
    flash: Flash | None = None,
    values: dict[str, str] | None = None,
    errors: dict[str, Text] | None = None,
    block: str | None = "panel",
) -> Response[Any]:
    """The page, as a whole or its panel; after a refusal or with faults said. Whoever may not see the page any more
    (what they were drawn for is settled) reads the refusal alone."""
    focus = refused is None and flash is not None
    try:
        page = await queries.workshop_page(
            workshop_id, visit=visit_of(request), values=values, errors=errors, focus=focus
        )
    except NotFound:
        if refused is None:
            raise
        raise refused from None
    status = 200
    if errors:
        status, block = 422, None
        if not any(name in IN_FORMS and getattr(page.may, IN_FORMS[name]) for name in errors):
            flash = Flash(next(iter(errors.values())), tone="fault")
    if refused is not None:
        status, flash = 409, Flash(refusal_text(request, refused), tone="fault")
    return render(request, "workshops/show_workshop.html", page, block=block, status=status, flash=flash)


async def carry_out(
    request: AnyRequest, workshop_id: int, deed: Awaitable[object], said: Text, *, then: str = ""
) -> Response[Any]:
    """Do it, say so, and go on to `then` (the workshop's page); refused: that page again, with why."""
    try:
        await deed
    except Refused as refused:
        return await show(request, workshop_id, refused=refused)
    return go_to(request, then or f"/ateliers/{workshop_id}", flash=Flash(said))


def done(request: AnyRequest, workshop_id: int, words: Text, more: Text | None = None) -> Response[Any]:
    return go_to(request, f"/ateliers/{workshop_id}", flash=Flash(words, more))


def demand(refusal: WorkshopRefusal | None) -> None:
    """Go on, or say why not, of what this reader may see: the form then answers as the page does."""
    if refusal is not None:
        raise Refused(refusal)


def ask(
    request: AnyRequest, row: dict[str, Any], question: Text, words: Text, action: str, yes: Text, no: Text
) -> Response[Any]:
    lang = language(visit_of(request).language)
    page = QuestionPage(
        id=row["id"],
        title=row["title"],
        when_words=capital(lang.when(row["starts_at"])),
        question=lang.say(question),
        words=lang.say(words),
        action=f"/ateliers/{row['id']}/{action}",
        yes=lang.say(yes),
        no=lang.say(no),
    )
    return render(request, "workshops/withdraw_sign_up.html", page)


async def one_person(place_id: int, name: str) -> tuple[int | None, Text | None]:
    found = await find_member_by_name_or_mail(place_id, name)
    exact = [person for person in found if person.name.casefold() == name.casefold()]
    found = exact or found
    if not found:
        return None, text("On ne connaît personne ici qui s’appelle « %(name)s ».", name=name[:60])
    if len(found) > 1:
        return None, text("Plusieurs personnes s’appellent « %(name)s ». Écris son adresse mail.", name=name[:60])
    return found[0].id, None
