"""The page to pay at, where Stripe's hosted page would be: two buttons, no card, and no script."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

import jinja2

from rehearsal import happenings
from rehearsal.api import Request
from rehearsal.store import Store, Thing

ENVIRONMENT = jinja2.Environment(
    autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
)
HERE = Path(__file__).parent


@dataclass
class Shown:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def answer(store: Store, request: Request) -> Shown:
    start, _, name = request.path.rpartition("/")
    session = store.things["checkout.session"].get(name) if start == "/c/pay" else None
    if session is None:
        return shown(None, "absent", 404)
    if request.method != "POST":
        return shown(session, session["status"])
    done = parse_qs(request.body.decode(errors="replace")).get("do", [""])[0]
    if session["status"] != "open":
        return shown(session, session["status"], 409)
    if done == "pay":
        happenings.pay(store, session)
        there = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
        return Shown(303, {"location": there, **HEADERS})
    if done == "refuse":
        happenings.try_card(store, session)
        return shown(session, "refused", 402)
    return shown(session, "open", 400)


HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def shown(session: Thing | None, state: str, status: int = 200) -> Shown:
    body = f"<!doctype html><title>{state}</title><form method=post><button name=do value=pay>Je paie</button></form>"
    return Shown(status, {"content-type": "text/html; charset=utf-8", **HEADERS}, body.encode())
