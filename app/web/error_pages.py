"""What goes wrong, as an answer: one table from exceptions to pages, in plain words, with a way out.

A 500 shows a reference and nothing else; the log has the same reference, and the traceback.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException

from app.errors import (
    BadRequest,
    DatabaseHeld,
    DiskFull,
    Forbidden,
    ForgedForm,
    MaybeWritten,
    NotFound,
    Refused,
    SecondCodeNeeded,
    SignInNeeded,
    TooFast,
)
from app.i18n import Text, language, text
from app.web.answers import came_from, go_to
from app.web.flash import Flash
from app.web.forms import Form
from app.web.rendering import house_of, render, visit_of, wants_fragment

log = logging.getLogger("reseau.errors")
ANY_REQUEST = Request[Any, Any, Any]
SECRET_FIELDS = frozenset({"_csrf_token", "password", "new_password", "code", "current"})
DATABASE_RETRY_SECONDS = 10
DISK_RETRY_SECONDS = 120


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What an error page says."""

    status: int
    title: Text
    sentence: Text
    reference: str = ""
    retry: tuple[tuple[str, str], ...] = field(default=())
    """The form that was sent, to be sent again from our own page."""
    retry_path: str = ""


def refusal_text(request: ANY_REQUEST, refused: Refused) -> Text:
    """The sentence of a refusal, with its details."""
    return Text(house_of(request).registry.refusals[refused.reason], refused.details)


def _show(request: ANY_REQUEST, page: ErrorPage, headers: dict[str, str] | None = None) -> Response[Any]:
    if wants_fragment(request):
        if page.status >= 500 and page.status != 503:
            return Response(b"", status_code=200, headers={"HX-Redirect": "/erreur/" + page.reference})
        return render(
            request,
            "components/flash.html",
            page,
            block="flash_words",
            status=page.status,
            extra={"flash": Flash(page.title, page.sentence, "fault").said(_say(request))},
            headers={**(headers or {}), "HX-Retarget": "#avis", "HX-Reswap": "innerHTML"},
        )
    return render(request, "errors/error.html", page, status=page.status, headers=headers)


def _say(request: ANY_REQUEST) -> Callable[[Text], str]:
    return language(visit_of(request).language).say


def not_found(request: ANY_REQUEST, error: Exception) -> Response[Any]:
    return _show(
        request,
        ErrorPage(
            404,
            text("Cette page n’existe pas"),
            text("L’adresse est fausse, ou ce qu’elle montrait n’est plus là."),
        ),
    )


def forbidden(request: ANY_REQUEST, error: Exception) -> Response[Any]:
    sentence = text("Cette page est pour d’autres rôles que le tien.")
    if isinstance(error, Forbidden) and error.reason is not None:
        sentence = Text(house_of(request).registry.refusals[error.reason])
    return _show(request, ErrorPage(403, text("Ce n’est pas possible avec ce compte"), sentence))


def forged(request: ANY_REQUEST, error: Exception) -> Response[Any]:
    if isinstance(error, ForgedForm) and error.foreign:
        return _show(
            request,
            ErrorPage(
                403,
                text("Cet envoi vient d’un autre site"),
                text("Par sécurité, on n’en a rien fait. Reviens sur la page et recommence."),
            ),
        )
    form = request.scope["state"].get("reseau_form")
    pairs = form.pairs() if isinstance(form, Form) else []
    secret = any(name in SECRET_FIELDS - {"_csrf_token"} for name, _ in pairs)
    if secret and "/deuxieme-code" in request.url.path and visit_of(request).member is not None:
        return _show(
            request,
            ErrorPage(
                403,
                text("Cette page ne se recharge pas"),
                text(
                    "Ton compte est ouvert. Des codes de secours ne se montrent qu’une fois : s’ils ne sont pas notés, "
                    "« Moi », puis « Mon deuxième code », en fait dix autres."
                ),
            ),
        )
    kept = () if secret else tuple((name, value) for name, value in pairs if name not in SECRET_FIELDS)
    return _show(
        request,
        ErrorPage(
            403,
            text("Cette page était ouverte depuis longtemps"),
            text("Reviens en arrière et recommence.")
            if secret
            else text("Rien n’est perdu. Appuie encore une fois pour envoyer."),
            retry=kept,
            retry_path="" if secret else request.url.path,
        ),
    )


def refused(request: ANY_REQUEST, error: Exception) -> Response[Any]:
    """For a refusal that the page did not catch to show in its own place."""
    assert isinstance(error, Refused)
    return _show(request, ErrorPage(409, text("Ce n’est plus possible"), refusal_text(request, error)))


def sign_in_needed(request: ANY_REQUEST, error: Exception) -> Response[Any]:
    step = "/connexion/deuxieme-code" if isinstance(error, SecondCodeNeeded) else "/connexion"
    path = request.url.path
    if request.method in ("GET", "HEAD"):
        if request.url.query:
            path += "?" + request.url.query
    else:
        path = came_from(request, "")
    return go_to(request, step + (f"?suite={quote(path, safe='/')}" if path else ""))


def bad_request(request: ANY_REQUEST, error: Exception) -> Response[Any]:
    return _show(
        request,
        ErrorPage(400, text("On n’a pas compris cet envoi"), text("Reviens en arrière et recommence.")),
    )


def too_fast(request: ANY_REQUEST, error: Exception) -> Response[Any]:
    seconds = error.retry_after if isinstance(error, TooFast) else 60
    return _show(
        request,
        ErrorPage(
            429,
            text("Un peu de patience"),
            text("Il y a eu beaucoup d’essais. Réessaie dans %(minutes)s min.", minutes=max(1, round(seconds / 60))),
        ),
        {"Retry-After": str(seconds)},
    )


def database_held(request: ANY_REQUEST, error: Exception) -> Response[Any]:
    log.warning("database held: %s", error, extra={"reference": visit_of(request).reference})
    return _show(
        request,
        ErrorPage(
            503,
            text("Ça bouchonne un peu"),
            text("On ne sait pas si c’est enregistré. Regarde dans quelques secondes, avant de recommencer.")
            if isinstance(error, MaybeWritten)
            else text("Rien n’a été enregistré. Réessaie dans quelques secondes."),
        ),
        {"Retry-After": str(DATABASE_RETRY_SECONDS)},
    )


def disk_full(request: ANY_REQUEST, error: Exception) -> Response[Any]:
    reference = visit_of(request).reference
    log.error("disk full: %s", error, extra={"reference": reference})
    return _show(
        request,
        ErrorPage(
            503,
            text("Il n’y a plus de place sur le site"),
            text(
                "Rien n’a été enregistré. On peut toujours lire. Préviens la personne qui héberge le site, "
                "et réessaie plus tard."
            ),
            reference=reference,
        ),
        {"Retry-After": str(DISK_RETRY_SECONDS)},
    )


def http_error(request: ANY_REQUEST, error: Exception) -> Response[Any]:
    """Litestar's own: unknown address, wrong method, body too large, a path that cannot be read."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return not_found(request, error)
    if status == 413:
        return _show(
            request, ErrorPage(413, text("C’est trop long"), text("L’envoi est trop gros. Raccourcis ton texte."))
        )
    if status == 405:
        page = ErrorPage(405, text("On n’a pas compris cet envoi"), text("Reviens en arrière et recommence."))
        allow = error.headers if isinstance(error, MethodNotAllowedException) else None
        return _show(request, page, dict(allow or {}))
    if 400 <= status < 500:
        return bad_request(request, error)
    return unexpected(request, error)


def unexpected(request: ANY_REQUEST, error: Exception) -> Response[Any]:
    reference = visit_of(request).reference
    log.error("unexpected", exc_info=error, extra={"reference": reference})
    return accident(request, reference)


def accident(request: ANY_REQUEST, reference: str) -> Response[Any]:
    """The page of a 500: its number and nothing else."""
    return _show(
        request,
        ErrorPage(
            500,
            text("Quelque chose s’est cassé"),
            text("Ce n’est pas toi. Réessaie, ou donne ce numéro à la personne qui héberge le site.")
            if reference
            else text("Ce n’est pas toi. Réessaie dans un moment."),
            reference=reference,
        ),
    )


ERROR_HANDLERS: dict[type[Exception], Callable[[ANY_REQUEST, Any], Response[Any]]] = {
    NotFound: not_found,
    Forbidden: forbidden,
    ForgedForm: forged,
    SignInNeeded: sign_in_needed,
    SecondCodeNeeded: sign_in_needed,
    Refused: refused,
    BadRequest: bad_request,
    TooFast: too_fast,
    DiskFull: disk_full,
    DatabaseHeld: database_held,
    HTTPException: http_error,
    Exception: unexpected,
}
