"""The API: who asks, for what, with which key; answers as Stripe's (docs.stripe.com/api), without any HTTP.

`Api.answer()` takes a request in words and gives a status, a thing and headers. A request that carries an idempotency
key is done once: the same again is answered as the first time, for 24 hours.
"""

import base64
import binascii
import hashlib
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from rehearsal import happenings, objects, parameters
from rehearsal.errors import Invalid, Refusal
from rehearsal.happenings import API_VERSION, Cause
from rehearsal.parameters import Form, Table
from rehearsal.store import Remembered, Store, Thing, snapshot

# How long an answer is remembered by its idempotency key, in seconds: docs.stripe.com/api/idempotent_requests.
KEYS_LIVE = 24 * 3600

# Which fields of a thing name another, that `expand` puts in its place, and of what sort it is; "": of any.
EXPANDABLE = {
    "checkout.session": {"payment_intent": "payment_intent", "line_items": "item"},
    "payment_intent": {"latest_charge": "charge"},
    "charge": {"balance_transaction": "balance_transaction", "payment_intent": "payment_intent"},
    "refund": {
        "balance_transaction": "balance_transaction",
        "charge": "charge",
        "failure_balance_transaction": "balance_transaction",
        "payment_intent": "payment_intent",
    },
    "dispute": {"charge": "charge", "payment_intent": "payment_intent"},
    "payout": {
        "balance_transaction": "balance_transaction",
        "failure_balance_transaction": "balance_transaction",
    },
    "balance_transaction": {"source": ""},
}


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case


@dataclass(frozen=True)
class Answer:
    status: int
    thing: Thing
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """What a route is given: what is asked, what its path names, and what caused it."""

    store: Store
    address: str
    asked: Form
    name: str
    cause: Cause
    refunds_wait: bool


@dataclass(frozen=True)
class Route:
    method: str
    pattern: str  # as in Stripe's OpenAPI, with at most one name in it
    gives: str  # the sort of thing that is answered, "list of" them perhaps
    asks: Table
    does: Callable[[Call], Thing]

    def matches(self, path: str) -> str | None:
        """The name in the path, "" if it has none, None if this is another path."""
        found = re.fullmatch(re.sub(r"\{\w+\}", "([A-Za-z0-9_]+)", self.pattern), path)
        return None if found is None else found[1] if found.groups() else ""


# ------------------------------------------------------------------------------------------------ what is asked


def one(sort: str, param: str = "id") -> Callable[[Call], Thing]:
    return lambda call: call.store.find(sort, call.name, param=param)


def many(sort: str, path: str) -> Callable[[Call], Thing]:
    """The newest first, those that fit, a page at a time."""

    def page(call: Call) -> Thing:
        found = [thing for thing in reversed(call.store.things[sort].values()) if fits(call, thing)]
        return paged(call.asked, found, path)

    return page


def fits(call: Call, thing: Thing) -> bool:
    for name, wanted in call.asked.items():
        if name == "created":
            bounds = {"gt": int.__gt__, "gte": int.__ge__, "lt": int.__lt__, "lte": int.__le__}
            if not all(bounds[bound](thing["created"], moment) for bound, moment in wanted.items()):
                return False
        elif name == "payout":
            if call.store.aside.get(thing["id"], {}).get("payout") != wanted:
                return False
        elif name == "types":
            if thing["type"] not in wanted:
                return False
        elif name not in parameters.PAGING and thing[name] != wanted:
            return False
    return True


def paged(asked: Form, found: list[Thing], path: str) -> Thing:
    names = [thing["id"] for thing in found]
    start, end = 0, len(found)
    for param in ("starting_after", "ending_before"):
        if param in asked and asked[param] not in names:
            raise Refusal(f"No such object: '{asked[param]}'", code="resource_missing", param=param)
    limit = asked.get("limit", 10)
    if "ending_before" in asked:
        end = names.index(asked["ending_before"])
        start = max(0, end - limit)
        more = start > 0
    else:
        if "starting_after" in asked:
            start = names.index(asked["starting_after"]) + 1
        end = min(len(found), start + limit)
        more = end < len(found)
    return {"object": "list", "data": found[start:end], "has_more": more, "url": path}


def make_session(call: Call) -> Thing:
    return happenings.open_session(call.store, call.asked, call.address)


def expire_session(call: Call) -> Thing:
    return happenings.expire(call.store, call.store.find("checkout.session", call.name, param="session"), call.cause)


def lines_of_session(call: Call) -> Thing:
    session = call.store.find("checkout.session", call.name, param="session")
    return lines(call.store, session, call.asked)


def lines(store: Store, session: Thing, asked: Form) -> Thing:
    path = f"/v1/checkout/sessions/{session['id']}/line_items"
    return paged(asked, store.aside[session["id"]]["lines"], path)


def make_refund(call: Call) -> Thing:
    return happenings.give_back(call.store, call.asked, call.cause, later=call.refunds_wait)


def reads(sort: str, path: str, asks: Table, param: str = "id") -> tuple[Route, Route]:
    """One of them, and the list of all."""
    one_path = f"{path}/{{{param}}}"
    return (
        Route("GET", path, f"list of {sort}", asks, many(sort, path)),
        Route("GET", one_path, sort, parameters.ONLY_EXPAND, one(sort, param)),
    )


SESSIONS = "/v1/checkout/sessions"
ROUTES = (
    Route("POST", SESSIONS, "checkout.session", parameters.MAKE_SESSION, make_session),
    Route("POST", f"{SESSIONS}/{{session}}/expire", "checkout.session", parameters.ONLY_EXPAND, expire_session),
    Route("GET", f"{SESSIONS}/{{session}}/line_items", "list of item", parameters.LIST_LINES, lines_of_session),
    *reads("checkout.session", SESSIONS, parameters.LIST_SESSIONS, "session"),
    Route("POST", "/v1/refunds", "refund", parameters.MAKE_REFUND, make_refund),
    *reads("refund", "/v1/refunds", parameters.LIST_OF_PAYMENT, "refund"),
    *reads("payment_intent", "/v1/payment_intents", parameters.LIST_INTENTS, "intent"),
    *reads("charge", "/v1/charges", parameters.LIST_CHARGES, "charge"),
    *reads("dispute", "/v1/disputes", parameters.LIST_OF_PAYMENT, "dispute"),
    *reads("payout", "/v1/payouts", parameters.LIST_PAYOUTS, "payout"),
    *reads("balance_transaction", "/v1/balance_transactions", parameters.LIST_MOVES),
    *reads("event", "/v1/events", parameters.LIST_EVENTS),
    Route("GET", "/v1/balance", "balance", parameters.ONLY_EXPAND, lambda call: objects.balance(call.store)),
    Route("GET", "/v1/account", "account", parameters.ONLY_EXPAND, lambda call: objects.account()),
)


def form_of(request: Request) -> Form:
    """The body, or the query of a GET."""
    words = request.body if request.method == "POST" else request.query.encode()
    try:
        return parameters.read_form(words.decode())
    except UnicodeDecodeError as error:
        raise Invalid("Invalid UTF-8 in what is asked.") from error


def route_of(method: str, path: str) -> tuple[Route, str]:
    for route in ROUTES:
        name = route.matches(path)
        if route.method == method and name is not None:
            return route, name
    raise Refusal(f"Unrecognized request URL ({method}: {path}).", status=404)


# ------------------------------------------------------------------------------------------------ expand


def check_expand(sort: str, paths: list[str]) -> None:
    """Before anything is done: what can be put in the place of a name, and how deep."""
    for path in paths:
        refused = Invalid(f"This property cannot be expanded ({path}).", param="expand")
        steps = path.split(".")
        if len(steps) > 4:
            raise Invalid("You cannot expand more than 4 levels of a property.", param="expand")
        here = sort.removeprefix("list of ")
        if here != sort and (steps.pop(0) != "data" or not steps):
            raise refused
        for step in steps:
            if here and step not in EXPANDABLE.get(here, {}):
                raise refused
            here = EXPANDABLE[here][step] if here else ""


def expanded(store: Store, thing: Thing, paths: list[str]) -> Thing:
    """A copy of it, with whole things where their names stood."""
    thing = snapshot(thing)
    for path in paths:
        steps = path.split(".")
        for item in thing["data"] if thing["object"] == "list" else [thing]:
            expand(store, item, steps[1:] if thing["object"] == "list" else steps)
    return thing


def expand(store: Store, thing: Thing, steps: list[str]) -> None:
    first, *rest = steps
    if thing["object"] == "checkout.session" and first == "line_items":
        thing[first] = snapshot(lines(store, thing, {}))
    elif isinstance(thing.get(first), str):
        thing[first] = snapshot(store.any(thing[first]) or {"id": thing[first]})
    if rest and isinstance(thing.get(first), dict):
        expand(store, thing[first], rest)


# ------------------------------------------------------------------------------------------------ answering


class Api:
    def __init__(self, store: Store, secret_key: str) -> None:
        self.store = store
        self.secret_key = secret_key
        self.address = ""  # set once the port is known
        self.refunds_wait = False

    def answer(self, request: Request, *, fault: int = 0, settled: Callable[[], None] = lambda: None) -> Answer:
        """What Stripe answers. `fault`: this error instead, remembered by the key as an error in the midst of the work
        is. `settled` is called once it is done and not yet remembered: a second request meanwhile is told 409."""
        headers = {"request-id": f"req_{secrets.token_hex(7)}", "stripe-version": API_VERSION}
        key = request.headers.get("idempotency-key", "") if request.method == "POST" else ""
        if key:
            headers["idempotency-key"] = key
        try:
            self.let_in(request.headers)
            return self.done(request, key, headers, fault, settled)
        except Refusal as refusal:
            return Answer(refusal.status, refusal.body(), headers)

    def let_in(self, headers: Mapping[str, str]) -> None:
        scheme, _, word = headers.get("authorization", "").partition(" ")
        if scheme == "Basic":
            try:
                word = base64.b64decode(word, validate=True).decode().partition(":")[0]
            except (binascii.Error, UnicodeDecodeError):
                word = ""
        if not word:
            raise Refusal(
                "You did not provide an API key. You need to provide your API key in the Authorization header, using "
                "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
                status=401,
            )
        if scheme not in ("Basic", "Bearer") or not secrets.compare_digest(word.encode(), self.secret_key.encode()):
            shown = f"{word[:8]}{'*' * 8}{word[-4:]}"
            raise Refusal(f"Invalid API Key provided: {shown}", status=401)
        version = headers.get("stripe-version", API_VERSION)
        if version.partition(".")[2] != API_VERSION.partition(".")[2]:
            raise Refusal(f"Invalid Stripe API version: {version}. The rehearsal speaks {API_VERSION}.")

    def done(
        self, request: Request, key: str, headers: dict[str, str], fault: int, settled: Callable[[], None]
    ) -> Answer:
        path = unquote(request.path)
        route, name = route_of(request.method, path)
        form = form_of(request)
        with self.store.lock:
            happenings.pass_time(self.store)
            earlier = self.remembered(key, f"{request.method} {path}", form) if key else None
            if earlier is not None:
                return Answer(earlier.status, snapshot(earlier.answer), headers | {"idempotent-replayed": "true"})
            cause = Cause(headers["request-id"], key or None)
            try:
                asked = route.asks.read(form)
                check_expand(route.gives, asked.get("expand", []))
                call = Call(self.store, self.address, asked, name, cause, self.refunds_wait)
                answer = self.try_to_do(route, call, headers, fault)
            except Invalid:
                self.store.keys.pop(key, None)
                raise
        settled()
        if key:
            with self.store.changing():
                known = self.store.keys[key]
                known.status, known.answer = answer.status, snapshot(answer.thing)
        return answer

    def try_to_do(self, route: Route, call: Call, headers: dict[str, str], fault: int) -> Answer:
        if fault:
            return Answer(fault, broken(fault).body(), headers)
        try:
            if route.method == "GET":
                thing = route.does(call)
            else:
                with self.store.changing():
                    thing = route.does(call)
            return Answer(200, expanded(self.store, thing, call.asked.get("expand", [])), headers)
        except Invalid:
            raise
        except Refusal as refusal:
            return Answer(refusal.status, refusal.body(), headers)

    def remembered(self, key: str, where: str, form: Form) -> Remembered | None:
        """What was answered to this key; None if it is new, and then it is taken."""
        if len(key) > 255:
            raise Refusal("The idempotency key is longer than 255 characters.")
        now = self.store.now()
        for old in [old for old, known in self.store.keys.items() if known.at + KEYS_LIVE <= now]:
            del self.store.keys[old]
        asked = hashlib.sha256(f"{where} {json.dumps(form, sort_keys=True)}".encode()).hexdigest()
        known = self.store.keys.get(key)
        if known is None:
            self.store.keys[key] = Remembered(asked, now)
            return None
        if known.asked != asked:
            raise Refusal(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{key}' if you meant to execute a different request.",
                type="idempotency_error",
            )
        if known.status == 0:
            raise Refusal(
                "There is currently another in-progress request using this idempotent key.",
                status=409,
                type="idempotency_error",
                code="idempotency_key_in_use",
            )
        return known


def broken(status: int) -> Refusal:
    """What Stripe says when it is ill, or asked too often."""
    if status == 429:
        return Refusal("Request rate limit exceeded.", status=429, code="rate_limit")
    return Refusal("An unknown error occurred", status=status, type="api_error")


def encoded(thing: Any) -> bytes:
    """Indented as Stripe's, so that whoever compares bytes compares the right ones."""
    return json.dumps(thing, indent=2, ensure_ascii=False).encode()
