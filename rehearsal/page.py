"""The page to pay at, where Stripe's hosted page would be: two buttons, no card, and no script."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jinja2

from rehearsal import happenings
from rehearsal.api import Request
from rehearsal.store import Store, Thing
from rehearsal.words import LANGUAGES, language_of, money, span

HERE = Path(__file__).parent
TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(HERE),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
FILES = {"/c/page.css": "text/css; charset=utf-8", "/c/icon.svg": "image/svg+xml"}
# No form-action: after paying, the form sends the browser back to whoever asked to be paid.
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


@dataclass
class Shown:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def answer(store: Store, request: Request) -> Shown:
    if request.path in FILES:
        body = (HERE / request.path.rpartition("/")[2]).read_bytes()
        return Shown(200, {"content-type": FILES[request.path], "x-content-type-options": "nosniff"}, body)
    start, _, name = request.path.rpartition("/")
    session = store.things["checkout.session"].get(name) if start == "/c/pay" else None
    with store.lock:
        happenings.pass_time(store)
    language = language_of(session["locale"] if session else "auto", request.headers.get("accept-language", ""))
    if session is None:
        return absent(language)
    if request.method == "POST":
        with store.changing():
            return sent_on(store, session, request)
    return shown(store, session, language, refused=request.query == "refused")


def sent_on(store: Store, session: Thing, request: Request) -> Shown:
    """A button was pressed: to where it leads."""
    done = parse_qs(request.body.decode(errors="replace")).get("do", [""])[0]
    there = f"/c/pay/{session['id']}"
    if session["status"] == "open" and done == "pay":
        happenings.pay(store, session)
        there = returns_to(session)
    elif session["status"] == "open" and done == "refuse":
        happenings.try_card(store, session)
        there += "?refused"
    return Shown(303, {**HEADERS, "location": there})


def returns_to(session: Thing) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def shown(store: Store, session: Thing, language: str, *, refused: bool) -> Shown:
    say = LANGUAGES[language]
    state = session["status"]
    amount = money(session["amount_total"], language)
    if state == "open":
        left = span(session["expires_at"] - store.now(), language)
        title, lede = say["to_pay"].format(amount=amount), say["still"].format(span=left)
    else:
        title, lede = say[state], say[f"{state}_more"].format(amount=amount)
    lines = [
        {
            "name": line["description"],
            "quantity": line["quantity"],
            "amount": money(line["amount_total"], language),
        }
        for line in store.aside[session["id"]]["lines"]
        if state != "expired"
    ]
    return rendered(
        200,
        language,
        state=state,
        title=title,
        lede=lede,
        lines=lines,
        refused=refused and state == "open",
        id=session["id"],
        pay=say["pay"].format(amount=amount),
        back=returns_to(session) if state == "complete" else session["cancel_url"],
    )


def absent(language: str) -> Shown:
    say = LANGUAGES[language]
    return rendered(
        404, language, state="absent", title=say["absent"], lede=say["absent_more"], lines=[], refused=False, back=None
    )


def rendered(status: int, language: str, **words: Any) -> Shown:
    page = TEMPLATES.get_template("page.html").render(language=language, say=LANGUAGES[language], **words)
    return Shown(status, {**HEADERS, "content-type": "text/html; charset=utf-8"}, page.encode())
