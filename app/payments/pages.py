"""Where Stripe tells us what has happened. No session, no token: its signature is the proof."""

from __future__ import annotations

import logging
from typing import Any

from litestar import Request, Response, Router, post

from app.errors import NotFound
from app.payments.events import handle, receive
from app.payments.gateway import in_use
from app.payments.signatures import NotStripes, opened
from app.web.rendering import visit_of

log = logging.getLogger("reseau.payments")

SIGNED = {"public": True, "no_csrf": True, "from_anywhere": True}


@post("/paiements/stripe/webhook", opt=SIGNED, status_code=200)
async def webhook(request: Request[Any, Any, Any]) -> Response[str]:
    """Stored once and handled, or left to the job: Stripe hears yes as soon as it is stored."""
    gateway, now = in_use(), visit_of(request).now
    if gateway is None:
        raise NotFound
    try:
        letter = opened(
            await request.body(),
            request.headers.get("stripe-signature"),
            secrets=gateway.webhook_secrets,
            livemode=gateway.livemode,
            now=now,
        )
    except NotStripes as error:
        log.warning("a letter to the webhook was refused: %s", error)
        return _said(str(error), 400)
    if await receive(letter, now=now):
        try:
            await handle(letter.id, now=now)
        except Exception:  # it is stored: the job does it
            log.exception("an event could not be handled")
    return _said("ok", 200)


def _said(words: str, status: int) -> Response[str]:
    return Response(words, status_code=status, media_type="text/plain", headers={"Cache-Control": "no-store"})


router = Router("/", route_handlers=[webhook])
