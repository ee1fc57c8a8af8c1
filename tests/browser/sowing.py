"""Payloads carried into every field of every form of the demonstration, by the people who are shown these forms.

The forms are found by following links as each of them, filled in as a browser would, and sent over HTTP, since a
browser's own limits are no guard. Nothing here names a form; only how some fields want to be written.
"""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx

from tests.attack import reading
from tests.attack.town import BY_ADDRESS, BY_DEED, BY_NAME
from tests.browser.hostile import MARK, Sower
from tests.browser.site import LINK, kind_of
from tests.browser.steps import PASSWORD

VISITOR = "visitor"
NOT_HERE = ("stranger", "elsewhere")
"""Of the attacked town, but not of the demonstration."""
NOT_SOWN = (
    "/deconnexion", "/moi/appareils", "/moi/mot-de-passe", "/moi/donnees", "/moi/deuxieme-code", r"\.ics$", "/static/",
    "/demo/", r"/tours/roles/[^/]+/fin$",
)  # fmt: skip
LEFT_ALONE = re.compile("|".join(NOT_SOWN))
LATE = re.compile(r"/(annulation|retrait|depart|desistement|fin|coupure|mot-de-passe)$")
"""Forms that end the thing they are about."""
EACH = {"/ateliers": 5}
"""How many forms of a kind are sent and taken, by as many people if there are; 2 of the others."""
TRIES = 6
"""How many of a kind are sent at most: what one of them is about may have begun, or be another's by now."""
FIRST = ("/mes-rendez-vous", "/mediation", "/")
PAGES = {"/ateliers/…": 12, "/mediation/ateliers/…": 12, "/repas/…": 6}
"""How many pages of one kind one person looks at; 2 of the others."""
ASKS_SURE = 'name="sure" value="1"'
STANDING_IN = "/tours/…/empechement word"
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}
TEXT = {"text", "textarea", "search", "tel", "email", "url"}
SHORT = {"first_name"}
SHORT_HERE = {"/repas/…/accueil/sans-reservation name"}
COUNTS = {
    "capacity": "6",
    "seats": "8",
    "people": "2",
    "amount": "12,50",
    "from": "10:00",
    "to": "11:30",
    "starts": "10:00",
    "ends": "11:30",
    "code": "123456",
    "password": PASSWORD,
    "phone": "06 39 98 00 07",
}
FOLLOWS = ("closes_", "turn_day_")
"""Days and hours that follow from another when they are left empty."""
PEOPLE = {"who", "cohosts"}
BUTTONS = ("look", "draft", "add", "room")
NEVER_TEXT = {*COUNTS, *PEOPLE, "q", "username"}


@dataclass
class Person:
    """Somebody with a browser."""

    kind: str
    http: httpx.Client
    html: dict[str, str] = field(default_factory=dict)
    """The pages that were read, by address."""

    @property
    def cookies(self) -> dict[str, str]:
        return {name: value for name, value in self.http.cookies.items() if name != "annonce"}


@dataclass(frozen=True)
class Answer:
    """What a form was answered."""

    person: Person
    address: str
    response: httpx.Response


@dataclass
class Field:
    """A field of text, as a test names it: `/ateliers title`."""

    sent: int = 0
    stored: list[str] = field(default_factory=list)
    """The marks that were taken."""


@dataclass
class Harvest:
    """What came of it."""

    sower: Sower
    people: list[Person]
    fields: dict[str, Field] = field(default_factory=lambda: defaultdict(Field))
    answers: list[Answer] = field(default_factory=list)


def everybody(url: str, database: Path) -> list[Person]:
    """Whoever has something to do in the demonstration, signed in with their password."""
    people = [Person(VISITOR, httpx.Client(base_url=url, timeout=30))]
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute("select id, name, coalesce(email, email_key) from member").fetchall()
        names = {name: way_in for _, name, way_in in rows}
        ids = {member_id: way_in for member_id, _, way_in in rows}
        ways_in = {kind: way_in for kind, way_in in BY_ADDRESS.items() if kind not in NOT_HERE}
        ways_in |= {kind: names[name] for kind, name in BY_NAME.items()}
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S+00:00")
        for kind, sql in BY_DEED.items():
            if found := connection.execute(sql.replace("{}", f"'{now}'")).fetchone():
                ways_in[kind] = ids[found[0]]
    for kind, way_in in ways_in.items():
        if not any(way_in == known.kind for known in people):
            people.append(signed_in(url, kind, way_in))
    return people


def signed_in(url: str, kind: str, way_in: str) -> Person:
    """This person, in a browser of their own."""
    person = Person(kind, httpx.Client(base_url=url, timeout=30))
    form = next(each for each in forms_of(person.http.get("/connexion")) if "password" in each.names)
    sent = form.as_sent() | {"email": [way_in], "password": [PASSWORD], "device": ["mine"]}
    del sent["way"]  # the other button: a mail instead of the password
    answer = person.http.post("/connexion", data=sent)
    assert answer.status_code == 303, f"{kind} {way_in}: {answer.status_code}"
    assert person.http.get("/moi").status_code == 200, f"{kind} {way_in} is not signed in"
    return person


def forms_of(response: httpx.Response) -> list[reading.Form]:
    return reading.Page(response.text).forms


def walk(person: Person, begin: Sequence[str] = ()) -> None:
    """Read the pages that this person's links lead to, so many of each kind; first these, and what is their own."""
    person.html.clear()
    waiting, kinds = [*begin, *FIRST], defaultdict[str, int](int)
    seen = set(waiting)
    while waiting:
        address = waiting.pop(0)
        kind = kind_of(address)
        kinds[kind] += 1
        if kinds[kind] > PAGES.get(kind, 1 if "?" in kind else 2) + len(begin):
            continue
        answer = person.http.get(address)
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        if answer.status_code in (200, 403, 404, 410):
            person.html[address] = answer.text
        for link in [*map(unescape, LINK.findall(answer.text)), answer.headers.get("location", "")]:
            there = urlsplit(urljoin(str(answer.url), link))
            path = there.path + (f"?{there.query}" if there.query else "")
            own = (there.scheme, there.netloc) == (answer.url.scheme, answer.url.netloc.decode())
            if own and path not in seen and not LEFT_ALONE.search(there.path):
                seen.add(path)
                waiting.append(path)


def sow(people: list[Person]) -> Harvest:
    """Fill every field of every form that anybody is shown, and send it."""
    harvest = Harvest(Sower(), people)
    for person in people:
        walk(person)
    done: dict[tuple[str, tuple[str, ...]], list[tuple[str, str]]] = defaultdict(list)
    taken: dict[tuple[str, tuple[str, ...]], int] = defaultdict(int)
    forms = [(person, address, form) for person in people for address, form in _forms(person)]
    open_doors = {address for person in people for address, html in person.html.items() if "data-door" in html}
    kept = {address.replace("/accueil", "/annulation").partition("?")[0] for address in open_doors}
    for late in (False, True):
        for person, address, form in forms:
            action = urlsplit(urljoin(address, form.action)).path
            if LEFT_ALONE.search(action) or action in kept or _is_late(form, action) != late:
                continue
            shape = (kind_of(action), form.names)
            if taken[shape] >= EACH.get(shape[0], 2) or len(done[shape]) >= TRIES:
                continue
            if (person.kind, action) not in done[shape]:
                done[shape].append((person.kind, action))
                taken[shape] += _send(harvest, person, address, form, action)
    return harvest


def _is_late(form: reading.Form, action: str) -> bool:
    return bool(LATE.search(action)) or form.as_sent().get("choice") == ["free"]


def _forms(person: Person) -> Iterator[tuple[str, reading.Form]]:
    for address, html in person.html.items():
        for form in reading.Page(html).forms:
            if any(each.written or each.kind == "hidden" for each in form.fields if each.name != "_csrf_token"):
                yield address, form


def name_of(action: str, name: str) -> str:
    """How a field is called here: `/ateliers title`; lines of one form alike: `/repas dish_…`."""
    return f"{kind_of(action)} {reading.line_of(name)}"


def _send(harvest: Harvest, person: Person, address: str, form: reading.Form, action: str) -> bool:
    """First with every field spoilt, then with those of text alone; whether these were taken."""
    spoilt, meant = form.as_sent(filled=True), dict[str, list[str]]()
    for name in BUTTONS:
        spoilt.pop(name, None)
    for each in form.fields:
        if each.name not in ("_csrf_token", "password", "new_password") and each.kind != "submit":
            text = harvest.sower.line(name_of(action, each.name))
            spoilt[each.name] = [text]
            if each.kind in TEXT and each.name not in NEVER_TEXT and not each.number:
                meant[name_of(action, each.name)] = MARK.findall(text)[:1]
    refused = _answered(harvest, person, form, action, spoilt)
    if refused.status_code == 422:
        _answered(harvest, person, form, action, spoilt, PARTIAL)
    if form.method == "get":
        return True
    if refused.status_code == 303:  # there was nothing but text in it
        for name, given in meant.items():
            harvest.fields[name].stored += given
    for short in (False, True):
        sent, marks = _filled(harvest, form, action, short=short)
        answer = _answered(harvest, person, form, action, sent)
        if answer.status_code == 200 and ASKS_SURE in answer.text:
            answer = _answered(harvest, person, form, action, sent | {"sure": ["1"]})
        if answer.status_code != 422:
            break
    taken = answer.status_code in (200, 303)
    for name, given in marks.items():
        harvest.fields[name].sent += 1
        if taken:
            harvest.fields[name].stored += given
    return taken


def _answered(
    harvest: Harvest,
    person: Person,
    form: reading.Form,
    action: str,
    sent: dict[str, list[str]],
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    if form.method == "get":
        response = person.http.get(action, params=sent, headers=headers)
    else:
        response = person.http.post(action, data=sent, headers=headers)
    assert response.status_code < 500, f"{person.kind} {action}: {response.status_code}"
    if response.headers.get("content-type", "").startswith("text/html") and MARK.search(response.text):
        harvest.answers.append(Answer(person, action, response))
    return response


def _filled(
    harvest: Harvest, form: reading.Form, action: str, *, short: bool
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The form as somebody sends it who means harm only where text is taken, and the marks by field.

    `short`: one line even where there is room for more.
    """
    sent, marks = form.as_sent(filled=True), dict[str, list[str]]()
    for name in (*BUTTONS, "help_wanted", "none"):
        sent.pop(name, None)
    for each in form.fields:
        if each.kind == "checkbox" and each.name == "needs":
            sent.pop("needs", None)
        elif each.name.startswith(FOLLOWS):
            sent[each.name] = [each.value]
        elif each.kind == "radio" and each.name == "decision":
            sent["decision"] = ["send_back"]
        elif each.kind == "submit" and (each.name, each.value) == ("decision", "refuse"):
            sent["decision"] = ["refuse"]
        elif each.name == "amount" and each.value:  # what stands there already would change nothing
            sent["amount"] = [str(int(re.split("[,.]", each.value)[0]) + 1)]
        elif each.number and each.name != "code":
            sent[each.name] = [each.value or COUNTS.get(each.name, "1")]
        elif each.kind == "time" and each.value:  # an hour at which the place is open
            sent[each.name] = [each.value]
        elif each.name in COUNTS and each.kind != "select":
            sent[each.name] = [COUNTS[each.name]]
        elif each.kind == "hidden" and each.name == "once":
            sent["once"] = [f"once-{len(harvest.sower.planted)}"]
        elif each.name in PEOPLE:
            everybody_asked = each.name == "cohosts" or "word" in form.names
            sent[each.name] = ["" if everybody_asked else "membre7@exemple.fr"]
        elif each.kind == "date":
            later = datetime.now(UTC) + timedelta(days=20 + len(harvest.sower.planted) % 60)
            sent[each.name] = [each.value or later.date().isoformat()]
        elif each.kind in TEXT and each.name not in NEVER_TEXT:
            text = _text(harvest.sower, each, name_of(action, each.name), short=short)
            sent[each.name] = [text]
            marks[name_of(action, each.name)] = MARK.findall(text)
    return sent, {name: list(dict.fromkeys(found)) for name, found in marks.items()}


def _text(sower: Sower, field: reading.Field, where: str, *, short: bool) -> str:
    if field.name == "email":
        return sower.address(where)
    if field.name in SHORT or where in SHORT_HERE:
        return sower.short(where)
    if field.kind == "textarea" and not short:
        return sower.long(where)
    return sower.line(where)


def live_through(harvest: Harvest, database: Path) -> None:
    """What follows in a place: mediators let the sown workshops appear, people come, hosts call some off; all look."""
    people = {person.kind: person for person in harvest.people}
    rows = _sown(database, "proposed")
    assert rows, "no sown workshop waits for the mediators"
    for workshop_id, version in rows:
        for mediator in ("mediator", "second mediator"):
            sent = {"decision": "approve", "version": str(version)}
            if _post(people[mediator], f"/mediation/ateliers/{workshop_id}", sent) == 303:
                break
    published = _sown(database, "published")
    assert len(published) > 2, "hardly any sown workshop appeared"
    for workshop_id, _ in published:
        for kind in ("newcomer", "kitchen", "bureau", "member", "welcome"):
            _post(people[kind], f"/ateliers/{workshop_id}/inscription", {})
    for workshop_id, _ in published[:2]:
        for person in harvest.people:
            reason = harvest.sower.long("/ateliers/…/annulation reason")
            if _post(person, f"/ateliers/{workshop_id}/annulation", {"reason": reason}) == 303:
                harvest.fields["/ateliers/…/annulation reason"].stored += dict.fromkeys(MARK.findall(reason))
                break
    _ask_to_stand_in(harvest, database)
    sown = [
        f"/ateliers/{number}" for number, _ in (*published, *_sown(database, "cancelled"), *_sown(database, "held"))
    ]
    sown += _sown_elsewhere(database)
    for person in harvest.people:
        walk(person, [*sown, *(f"{address}/affiche" for address in sown[:2])])


def _ask_to_stand_in(harvest: Harvest, database: Path) -> None:
    """Ask anew for somebody to take one's turn: turns given back since have ended what was asked while sowing."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        later = datetime.now(UTC) + timedelta(days=1)
        rows = connection.execute(
            "select distinct slot.id from rota_slot slot join rota_holding holding on holding.slot_id = slot.id"
            " where slot.starts_at > ? and holding.went = '' order by slot.starts_at limit 40",
            [later.strftime("%Y-%m-%d %H:%M:%S+00:00")],
        )
        turns = [f"/tours/{number}" for (number,) in rows]
    for turn in turns:
        for person in harvest.people:
            word = harvest.sower.line(STANDING_IN)
            if _post(person, f"{turn}/empechement", {"choice": "stand_in", "word": word}) == 303:
                marks = MARK.findall(word)
                harvest.fields[STANDING_IN].stored += dict.fromkeys(marks)
                if any(marks[0] in other.http.get(turn).text for other in harvest.people if other is not person):
                    return


def _sown(database: Path, state: str) -> list[tuple[int, int]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        sql = "select id, version from workshop where state = ? and title glob '*zq[0-9]*' order by id"
        return [(row[0], row[1]) for row in connection.execute(sql, [state])]


def _sown_elsewhere(database: Path) -> list[str]:
    """Pages of meals, their kitchens, dishes and doors, of turns that somebody cannot take, and of the accounts."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        meals = connection.execute("select id from meal where title glob '*zq[0-9]*' order by id").fetchall()
        dishes = connection.execute("select id from dish where name glob '*zq[0-9]*' order by id").fetchall()
        bought = connection.execute("select id from purchase where what || reason glob '*zq[0-9]*'").fetchall()
        swaps = connection.execute("select distinct slot_id from rota_swap where word glob '*zq[0-9]*'").fetchall()
        mended = connection.execute("select corrects from ledger_line where words glob '*zq[0-9]*'").fetchall()
        doors = connection.execute(
            "select distinct meal_id from booking where walk_in and first_name glob '*zq[0-9]*'"
        ).fetchall()
    return [
        *(f"/repas/{number}{page}" for (number,) in meals for page in ("", "/cuisine", "/changer")),
        *(f"/repas/plats/{number}" for (number,) in dishes[-6:]),
        *(f"/tours/{number}" for (number,) in swaps),
        *(f"/comptes/achats/{number}" for (number,) in bought),
        *(f"/comptes/lignes/{number}" for (number,) in mended),
        *(f"/repas/{number}/accueil" for (number,) in doors),
    ]


def _post(person: Person, path: str, sent: dict[str, str]) -> int:
    token = re.search(r'name="_csrf_token" value="(\w+)"', person.http.get("/langue").text)
    assert token, "no form, no token"
    return person.http.post(path, data={"_csrf_token": token[1], **sent}).status_code
