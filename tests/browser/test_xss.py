"""Hostile text in every field of every form, and whatever shows it opened in Chromium: it is read, and does nothing.

The demonstration that is sown here is one of its own. That the wire trips is seen first, on the same pages and mails
without autoescape.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import httpx
import icalendar
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from app.calendar.spans import LONGEST_SPAN
from tests import needs
from tests.browser.conftest import PageOpener
from tests.browser.hostile import MARK, PRODUCT, Tripwire, one_space
from tests.browser.server import LiveServer, demonstration, troubles
from tests.browser.site import kind_of
from tests.browser.sowing import VISITOR, Harvest, Person, everybody, live_through, sow
from tests.tools.programs import stand_in

Key = TypeVar("Key")
IN_PAGES = {
    "/ateliers bring",
    "/ateliers speaker",
    "/ateliers summary",
    "/ateliers title",
    "/ateliers/…/annulation reason",
    "/ateliers/…/contestation word",
    "/ateliers/…/invites first_name",
    "/ateliers/…/modifier bring",
    "/ateliers/…/modifier speaker",
    "/ateliers/…/modifier summary",
    "/ateliers/…/modifier title",
    "/ateliers/…/mot words",
    "/comptes/achats payee",
    "/comptes/achats what",
    "/comptes/achats/…/rayure reason",
    "/comptes/demandes what",
    "/comptes/demandes why",
    "/comptes/demandes/… reason",
    "/comptes/lignes/… reason",
    "/lieux/…/fermetures reason",
    "/lieux/…/reglages about",
    "/lieux/…/reglages address",
    "/lieux/…/reglages email",
    "/lieux/…/reglages name",
    "/lieux/…/salles name",
    "/lieux/…/salles/… name",
    "/mediation/ateliers/… reason",
    "/mediation/ateliers/… way_out",
    "/moi about",
    "/moi name",
    "/moi/calendrier name",
    "/repas about",
    "/repas dish_…",
    "/repas instead_…",
    "/repas title",
    "/repas/plats about",
    "/repas/plats ingredient_…",
    "/repas/plats name",
    "/repas/plats/…/changer about",
    "/repas/plats/…/changer ingredient_…",
    "/repas/plats/…/changer name",
    "/repas/…/accueil/sans-reservation name",
    "/repas/…/annulation reason",
    "/repas/…/changer about",
    "/repas/…/changer dish_…",
    "/repas/…/changer instead_…",
    "/repas/…/changer title",
    "/repas/…/invites first_name",
    "/tours/roles about",
    "/tours/roles name",
    "/tours/roles/…/changer about",
    "/tours/roles/…/changer name",
    "/tours/…/empechement word",
    "/tours/…/prise first_name",
}
"""Every field whose text is shown on a page. What is added later fails until it stands here: it is sown, and seen."""
ELSEWHERE = {
    "/accueil name": "stands on the paper, which is an answer",
    "/connexion email": "goes into no page but the answer",
    "/inscription email": "a mail goes there",
    "/inscription name": "stands in a mail until the account is opened",
    "/moi/adresse email": "a mail goes there",
}
IN_MAILS = {
    "/ateliers title",
    "/ateliers/…/annulation reason",
    "/lieux/…/reglages name",
    "/mediation/ateliers/… reason",
    "/mediation/ateliers/… way_out",
    "/repas/…/annulation reason",
    "/repas/…/changer title",
}
KINDS = {
    "/", "/agenda", "/agenda/mois?mois", "/ateliers", "/ateliers/…", "/ateliers/…/affiche", "/ateliers/…/liste",
    "/ateliers/…/modifier", "/ateliers/…/annulation", "/a-prevenir", "/aide", "/bureau", "/comptes",
    "/comptes/achats", "/comptes/achats/…", "/comptes/demandes", "/comptes/lignes/…", "/journal", "/lieux/…",
    "/lieux/…/reglages", "/mediation", "/mediation/ateliers/…", "/membres", "/membres/…", "/mes-rendez-vous",
    "/messages", "/moi", "/moi/calendrier", "/moi/calendrier/…/adresse", "/recherche", "/repas", "/repas/plats",
    "/repas/plats/…", "/repas/…", "/repas/…/accueil", "/repas/…/changer", "/repas/…/cuisine", "/tours", "/tours/roles",
    "/tours/roles/…", "/tours/…",
}  # fmt: skip
"""Pages that must be among those which show what was sown."""


@dataclass
class Sown:
    """The demonstration after the attack."""

    server: LiveServer
    database: Path
    harvest: Harvest
    shown: set[str] = field(default_factory=set)
    """The marks that were read whole in Chromium."""

    @cached_property
    def mails(self) -> dict[int, EmailMessage]:
        """What mail programs get, of all that would have left."""
        return mails(self.server)

    def where(self, mark: str) -> str:
        return self.harvest.sower.planted[mark].where

    def whole(self, text: str) -> set[str]:
        """The marks of the payloads that stand in this text as they are."""
        text = one_space(text)
        planted = (self.harvest.sower.planted[mark] for mark in set(MARK.findall(text)))
        return {each.mark for each in planted if each.text in text}

    def names(self, marks: set[str]) -> set[str]:
        """The fields that they were written into."""
        return {self.where(mark) for mark in marks}


@pytest.fixture(scope="module")
def sown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sown]:
    needs.require(needs.missing_for_browser())
    folder = tmp_path_factory.mktemp("sown")
    with demonstration(folder) as server:
        database = folder / "demo.sqlite"
        harvest = sow(everybody(server.url, database))
        live_through(harvest, database)
        yield Sown(server, database, harvest)
        for person in harvest.people:
            person.http.close()
        assert troubles(server.written()) == []


@pytest_asyncio.fixture(loop_scope="session")
async def wire(browser: Browser, sown: Sown) -> AsyncIterator[tuple[Tripwire, Page]]:
    """A page under watch, for answers that were got otherwise."""
    context = await browser.new_context(base_url=sown.server.url)
    yield await Tripwire.across(context), await context.new_page()
    await context.close()


async def watched(open_page: PageOpener, url: str, person: Person) -> tuple[Tripwire, Page]:
    """This person's page under watch; errors in the console fail the test as well."""
    page = await open_page("desktop", base_url=url)
    await page.context.add_cookies(
        [{"name": name, "value": value, "url": url} for name, value in person.cookies.items()]
    )
    return await Tripwire.across(page.context), page


def showing(sown: Sown) -> Iterator[tuple[Person, list[str]]]:
    """Who opens which pages, so that each kind of page is opened with each field that it shows."""
    seen = set[tuple[str, str]]()
    for person in sown.harvest.people:
        chosen = []
        for address, html in person.html.items():
            pairs = {(kind_of(address), sown.where(mark)) for mark in MARK.findall(html)} - seen
            if pairs:
                seen |= pairs
                chosen.append(address)
        if chosen:
            yield person, chosen


def test_every_field_is_sown(sown: Sown) -> None:
    taken = {name for name, each in sown.harvest.fields.items() if each.stored}
    assert sorted(taken ^ (IN_PAGES | set(ELSEWHERE))) == []
    assert {name for name, each in sown.harvest.fields.items() if not each.stored} == set()


async def test_pages_show_it_and_do_nothing(open_page: PageOpener, sown: Sown) -> None:
    trips, kinds = {}, set()
    for person, addresses in showing(sown):
        wire, page = await watched(open_page, sown.server.url, person)
        for address in addresses:
            seen = await wire.look(page, address)
            sown.shown |= sown.whole(seen.text)
            kinds.add(kind_of(address))
            if seen.trips:
                trips[person.kind, address] = seen.trips
        await page.context.close()
    assert trips == {}
    assert KINDS - kinds == set()
    assert {name for name in IN_PAGES if not sown.shown & set(sown.harvest.fields[name].stored)} == set()
    assert len(sown.shown) > 100, "hardly any payload was read whole"


async def test_answers_to_forms_show_it_and_do_nothing(wire: tuple[Tripwire, Page], sown: Sown) -> None:
    """Forms that come back with what was written, whole and as fragments; searches; refusals; papers shown once."""
    tripwire, page = wire
    trips, kinds, echoed = {}, set(), set[str]()
    for answer in sown.harvest.answers:
        headers = {name: answer.response.headers[name] for name in ("content-type", "content-security-policy")}
        seen = await tripwire.look_at(page, "/reponse", answer.response.content, headers)
        echoed |= sown.names(sown.whole(seen.text))
        kinds.add((kind_of(answer.address), answer.response.status_code))
        if seen.trips:
            trips[answer.person.kind, answer.address] = seen.trips
    assert trips == {}
    assert kinds >= {("/ateliers", 422), ("/recherche", 200), ("/moi", 422), ("/inscription", 422), ("/connexion", 422)}
    assert echoed >= {"/accueil name", "/ateliers capacity", "/ateliers title", "/moi name", "/recherche q"}


async def test_a_fragment_that_htmx_puts_in_does_nothing(open_page: PageOpener, sown: Sown) -> None:
    person, address = next(
        (person, address)
        for person in sown.harvest.people
        for address, html in person.html.items()
        if re.fullmatch(r"/ateliers/\d+", address)
        and f'hx-post="{address}/inscription"' in html
        and re.search(r"<h1[^>]*>[^<]*zq\d{4}", html)
    )
    wire, page = await watched(open_page, sown.server.url, person)
    await wire.look(page, address)
    async with page.expect_response(lambda answer: answer.url.endswith("/inscription")) as answered:
        await page.locator(f'form[action="{address}/inscription"] button').first.click()
    assert (await (await answered.value).header_value("content-type") or "").startswith("text/html")
    await page.wait_for_timeout(300)
    assert (await wire.now(page)).trips == []


# ---------------------------------------------------------------------------------------------------------------- mails


def mails(server: LiveServer) -> dict[int, EmailMessage]:
    """What a mail program gets, of all that would have left."""
    found, ahead = set[int](), "/demo/courrier"
    with httpx.Client(base_url=server.url, timeout=30) as http:
        while ahead:
            html = http.get(ahead).text
            found |= {int(number) for number in re.findall(r'"/demo/courrier/(\d+)"', html)}
            older = re.search(r'"(/demo/courrier\?avant=\d+)"', html)
            ahead = older[1] if older else ""
        return {
            number: message_from_bytes(http.get(f"/demo/courrier/{number}.eml").content, policy=policy.default)
            for number in sorted(found)
        }


def html_of(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content())


MAIL = {"content-type": "text/html; charset=utf-8"}
"""A mail program knows no policy of ours."""


async def test_mails_show_it_and_do_nothing(wire: tuple[Tripwire, Page], sown: Sown) -> None:
    tripwire, page = wire
    trips, shown, opened, known = {}, set[str](), 0, set[frozenset[str]]()
    for number, mail in reversed(sown.mails.items()):
        html = html_of(mail)
        holds = frozenset(sown.where(mark) for mark in MARK.findall(html))
        if not holds or holds in known:
            continue
        known.add(holds)
        opened += 1
        seen = await tripwire.look_at(page, "/lettre", html.encode(), MAIL, styles=1)
        shown |= sown.names(sown.whole(seen.text))
        words = f"{mail['subject']} {mail['from']} {mail.get_body(('plain',))}"
        assert MARK.findall(words), f"mail {number} says it in HTML alone"
        letter_box = await tripwire.look(page, f"/demo/courrier/{number}")
        if seen.trips or letter_box.trips:
            trips[number] = seen.trips, letter_box.trips
    assert trips == {}
    assert opened >= 5
    assert shown >= IN_MAILS
    assert (await tripwire.look(page, "/demo/courrier")).trips == []


HEADERS = {
    "From", "Reply-To", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "List-Unsubscribe",
    "List-Unsubscribe-Post", "MIME-Version", "Content-Type", "Content-Language",
}  # fmt: skip
READER = re.compile(r"ATTENDEE[;:].*", re.IGNORECASE)


def wrong_in(mail: EmailMessage) -> list[str]:
    """What in this mail is not ours: headers, readers, lines of its event."""
    wrong = [f"{name}: {value}" for name, value in mail.items() if name not in HEADERS]
    wrong += [name for name in HEADERS if len(mail.get_all(name, [])) > 1]
    readers = [mailbox.addr_spec for name in ("To", "Cc", "Bcc", "From") for mailbox in _mailboxes(mail, name)]
    wrong += [f"{each} is written to" for each in readers if "canary" in each]
    if len(_mailboxes(mail, "To")) != 1:
        wrong.append(f"To: {mail['To']}")
    for part in mail.walk():
        if part.get_content_type() == "text/calendar":
            event = part.get_payload(decode=True)
            assert isinstance(event, bytes)
            lines = event.decode().replace("\r\n ", "").split("\r\n")
            invited = [line for line in lines if READER.fullmatch(line)]
            if len(invited) != 1 or "canary" in invited[0] or any("\n" in line or "\r" in line for line in lines):
                wrong.append(f"its event: {invited}")
    return wrong


def _mailboxes(mail: EmailMessage, name: str) -> list[Address]:
    return [each for header in mail.get_all(name, []) for each in header.addresses]


def test_mails_have_our_headers_and_one_reader(sown: Sown) -> None:
    """Names and titles with line ends, also encoded ones, stand in From, Subject and the event, and begin nothing."""
    said = {number: wrong for number, mail in sown.mails.items() if (wrong := wrong_in(mail))}
    assert said == {}
    hostile = [mail for mail in sown.mails.values() if MARK.search(f"{mail['subject']} {mail['from']}")]
    assert len(hostile) > 10
    assert [mail for mail in hostile if mail["reply-to"] and MARK.search(mail["reply-to"])]
    assert [
        mail for mail in sown.mails.values() if "text/calendar" in [part.get_content_type() for part in mail.walk()]
    ]


def test_control_headers_that_are_not_ours_are_seen() -> None:
    """That the search for them finds what the composer's own guards hold off is seen in tests/app/notices."""
    begun = b"From: a@b.fr\r\nTo: c@d.fr\r\nSubject: zq0000\r\nBcc: zq0000@canary.test\r\n"
    begun += b"Content-Type: text/calendar\r\n\r\n"
    event = b"BEGIN:VEVENT\r\nATTENDEE:mailto:c@d.fr\r\nATTENDEE:mailto:zq0000@canary.test\r\n"
    assert len(wrong_in(message_from_bytes(begun + event, policy=policy.default))) == 3


# ------------------------------------------------------------------------------------------------- feeds, JSON, the log


def test_calendars_hold_the_text_and_no_line_more(sown: Sown) -> None:
    visitor = sown.harvest.people[0]
    feeds = ["/calendriers/agenda.ics", "/calendriers/ateliers.ics", "/calendriers/lieux/les-tanneurs.ics"]
    with closing(sqlite3.connect(sown.database)) as connection:
        hostile = connection.execute("select id from workshop where title glob '*zq[0-9]*' and state = 'published'")
        feeds += [f"/ateliers/{number}.ics" for (number,) in hostile]
    whole = set[str]()
    for feed in feeds:
        answer = visitor.http.get(feed)
        assert answer.status_code == 200, feed
        lines = answer.content.decode().split("\r\n")
        assert not [line for line in lines if "\n" in line or "\r" in line or "\0" in line]
        names = {re.split("[:;]", line)[0] for line in lines if line and not line.startswith(" ")}
        assert names <= PROPERTIES, feed
        calendar = icalendar.Calendar.from_ical(answer.content)
        whole |= sown.whole("\n".join(str(value) for part in calendar.walk() for value in part.values()))
    assert sown.names(whole) >= {
        "/ateliers title",
        "/ateliers summary",
        "/lieux/…/reglages name",
        "/lieux/…/reglages address",
    }


PROPERTIES = {
    "BEGIN", "END", "VERSION", "PRODID", "CALSCALE", "METHOD", "NAME", "X-WR-CALNAME", "X-WR-CALDESC", "X-WR-TIMEZONE",
    "DESCRIPTION", "COLOR", "REFRESH-INTERVAL", "X-PUBLISHED-TTL", "SOURCE", "URL", "LAST-MODIFIED", "UID", "SEQUENCE",
    "DTSTAMP", "CREATED", "DTSTART", "DTEND", "SUMMARY", "LOCATION", "CATEGORIES", "STATUS", "TRANSP", "CLASS",
    "CONTACT",
}  # fmt: skip
"""What our feeds are made of; nobody's words make another."""


def test_json_holds_the_text(sown: Sown) -> None:
    last = datetime.now(UTC).date() + LONGEST_SPAN - timedelta(days=2)
    params = {"du": str(last - timedelta(days=80)), "au": str(last)}
    answer = sown.harvest.people[0].http.get("/api/agenda", params=params)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    whole = sown.whole("\n".join(_leaves(answer.json())))
    assert sown.names(whole) >= {"/ateliers title", "/lieux/…/reglages address"}


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    elif isinstance(value, str):
        yield value


def test_the_log_tells_none_of_it(sown: Sown) -> None:
    lines = [line for line in sown.server.written().splitlines() if line.startswith("{")]
    assert not MARK.search(sown.server.written())
    assert [json.loads(line) for line in lines] or not lines


# ------------------------------------------------------------------------------------------------- the positive control


def richest(texts: dict[Key, str]) -> list[Key]:
    """The dozen that show most of what was sown: the first ones are chance, and a payload or two does nothing."""
    found = {key: len(set(MARK.findall(text))) for key, text in texts.items()}
    return sorted((key for key in texts if found[key]), key=lambda key: -found[key])[:12]


async def looked_at_without(guards: str, browser: Browser, sown: Sown, folder: Path) -> tuple[list[str], list[str]]:
    """What trips on pages and in mails of the same place, served without these guards."""
    with closing(sqlite3.connect(sown.database)) as source, closing(sqlite3.connect(folder / "demo.sqlite")) as copy:
        source.backup(copy)
    visitor = next(person for person in sown.harvest.people if person.kind == VISITOR)
    addresses = richest(visitor.html)
    program = stand_in(folder, "tests.tools.careless", f"{guards},fresh")
    with demonstration(folder, program=program) as server:
        context = await browser.new_context(base_url=server.url)
        wire, page = await Tripwire.across(context), await context.new_page()
        in_pages = [trip for address in addresses for trip in (await wire.look(page, address)).trips]
        letters = {number: html_of(mail) for number, mail in mails(server).items()}
        in_mails = [
            trip
            for number in richest(letters)
            for trip in (await wire.look_at(page, "/lettre", letters[number].encode(), MAIL, styles=1)).trips
        ]
        await context.close()
    return in_pages, in_mails


async def test_control_without_escape_the_wire_trips(browser: Browser, sown: Sown, tmp_path: Path) -> None:
    """The policy holds off the scripts, and says so; elements stand where words were."""
    pages, _ = await looked_at_without("escape", browser, sown, tmp_path)
    assert [trip for trip in pages if trip.startswith("policy: ")]
    assert [trip for trip in pages if trip.startswith("element: ")]
    assert "a script ran" not in pages


async def test_control_without_escape_and_policy_scripts_run(browser: Browser, sown: Sown, tmp_path: Path) -> None:
    for trips in await looked_at_without("escape,policy", browser, sown, tmp_path):
        assert "a script ran" in trips
        assert [trip for trip in trips if trip.startswith("element: ")]
        assert not [trip for trip in trips if trip.startswith("policy: ")]


async def test_control_a_template_that_calculates_and_a_request_abroad_are_seen(
    wire: tuple[Tripwire, Page], sown: Sown
) -> None:
    tripwire, page = wire
    body = f"<p>{PRODUCT}</p><link rel=prefetch href=//canary.test/x>".encode()
    assert "a template calculated" in (await tripwire.look_at(page, "/lettre", body, MAIL)).trips
