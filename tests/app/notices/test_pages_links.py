"""What links in mails do: without a session, without a cookie, once; and what looking at them does not."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import httpx
import pytest

from app.contracts import Domain, Offers, OfferSeen
from app.database import Store, run, transaction
from app.errors import NotFound, Refusal, Refused
from app.i18n import text
from app.main import REGISTRY
from app.notices.delivery import Postman
from app.notices.links import OfferLink, StopLink, offer_path, stop_path
from app.notices.rules import read_stopped
from app.notices.states import IN_CALENDARS, STOPPABLE, Kind
from app.notices.wording import KIND_NAMES
from app.registry import Registry
from app.web.flash import Flash, flash_cookie
from tests.app.notices.mail_server import MailServer
from tests.app.notices.telling import everything, message, set_message
from tests.app.programs import settings
from tests.client import NOON, World, words
from tests.factories import make_member, make_workshop
from tests.people import make_cast
from workshops import commands, jobs

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
STRANGERS = [
    {"Origin": "null"},
    {"Origin": "https://mail.exemple", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
]
SCANNERS = [
    {},
    {"Purpose": "prefetch", "X-Moz": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender", "Sec-Fetch-Mode": "navigate"},
    {"User-Agent": "Mozilla/5.0 (compatible; SafeLinks)"},
    {"Cookie": "session=x; visite=y; annonce=z"},
]


def is_discreet(answer: httpx.Response) -> None:
    """It sets no cookie, is kept by nobody, and tells nobody its address."""
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in answer.headers["x-robots-tag"]


def secret(world: World) -> str:
    return world.settings.secret_key


async def stopped(member: int) -> frozenset[Kind]:
    rows = await run("select stopped from mail_choice where member_id = {}", member)
    return read_stopped(rows[0]["stopped"]) if rows else frozenset()


async def scan(world: World, path: str) -> list[httpx.Response]:
    """What programs that read mails do with a link before its reader does."""
    browser = world.browser()
    seen = [await browser.http.head(path)]
    for headers in SCANNERS:
        seen.append(await browser.http.get(path, headers=headers))
        seen.append(await browser.http.head(path, headers=headers))
    seen.append(await browser.http.options(path))
    return seen


class TestStopMail:
    @pytest.mark.parametrize("kind", STOPPABLE)
    async def test_it_asks_then_stops_then_can_be_had_again(self, db: Store, kind: Kind) -> None:
        world = World()
        samira = await make_member(name="Samira", email="samira@exemple.fr")
        path, person = stop_path(StopLink(samira, kind), secret(world)), world.browser()
        if kind is Kind.DIGEST:  # who gets one has asked for it
            await person.post(path, {"again": "1"}, token="")
        asks = await person.get(path)
        assert asks.status_code == 200
        is_discreet(asks)
        assert f"Ne plus recevoir : {KIND_NAMES[kind]}" in words(asks)
        assert 'data-state="receiving"' in asks.text
        assert "Samira" not in asks.text
        assert "exemple.fr" not in asks.text.replace("exemple.fr/", "")
        assert await stopped(samira) == frozenset()
        for _ in range(2):
            answer = await person.post(path, token="")
            assert (answer.status_code, answer.headers["location"]) == (303, path)
            is_discreet(answer)
        assert await stopped(samira) == {kind}
        says = await person.get(path)
        assert "C’est arrêté" in words(says)
        for _ in range(2):
            assert (await person.post(path, {"again": "1"}, token="")).status_code == 303
        assert await stopped(samira) == frozenset()
        assert 'data-state="receiving"' in (await person.get(path)).text
        assert not person.http.cookies

    async def test_it_says_what_mails_still_do(self, sqlite_only_db: Store) -> None:
        world = World()
        samira = await make_member(name="Samira")
        for kind in STOPPABLE:
            path = stop_path(StopLink(samira, kind), secret(world))
            for _ in range(2):
                said = words(await world.browser().get(path))
                assert ("est encore corrigé ou retiré" in said) is (kind in IN_CALENDARS), kind
                await world.browser().post(path, token="")

    async def test_it_is_in_the_language_of_whom_the_mail_was_for(self, sqlite_only_db: Store) -> None:
        world = World()
        for spoken, reader in (("en", "fr"), ("fr", "en")):
            member = await make_member(language=spoken)
            page = await world.browser(**{"Accept-Language": reader}).get(
                stop_path(StopLink(member, Kind.REMINDER), secret(world))
            )
            assert f'<html lang="{spoken}"' in page.text

    @pytest.mark.parametrize("multipart", [False, True])
    async def test_a_mail_programs_one_click_is_answered_without_a_redirect(self, db: Store, multipart: bool) -> None:
        world = World()
        samira = await make_member()
        path, http = stop_path(StopLink(samira, Kind.OFFER), secret(world)), world.browser().http
        for _ in range(2):
            if multipart:
                answer = await http.post(path, files={"List-Unsubscribe": (None, "One-Click")})
            else:
                answer = await http.post(path, data=ONE_CLICK)
            assert answer.status_code == 200
            is_discreet(answer)
            assert "C’est arrêté" in words(answer)
        assert await stopped(samira) == {Kind.OFFER}

    @pytest.mark.parametrize("headers", STRANGERS)
    async def test_it_works_from_wherever_the_form_is_sent(
        self, sqlite_only_db: Store, headers: Mapping[str, str]
    ) -> None:
        world = World()
        samira = await make_member()
        path = stop_path(StopLink(samira, Kind.OFFER), secret(world))
        assert (await world.browser().http.post(path, data=ONE_CLICK, headers=headers)).status_code == 200
        assert (await world.browser().http.post(path, data={"again": "1"}, headers=headers)).status_code == 303
        refused = await world.browser().http.post("/langue", data={"language": "en"}, headers=headers)
        assert refused.status_code == 403, "the control: other forms are not taken from there"

    async def test_the_word_left_for_another_page_is_left_there(self, sqlite_only_db: Store) -> None:
        world = World()
        path = stop_path(StopLink(await make_member(), Kind.OFFER), secret(world))
        person = world.browser()
        left = flash_cookie(world.settings, Flash(text("Ta place est rendue")))
        person.http.cookies.set(left.key, left.value or "")
        page = await person.get(path)
        is_discreet(page)
        assert "Ta place est rendue" not in words(page)
        assert "Ta place est rendue" in words(await person.get("/aide"))

    async def test_looking_changes_nothing(self, sqlite_only_db: Store) -> None:
        world = World()
        samira = await make_member()
        path = stop_path(StopLink(samira, Kind.OFFER), secret(world))
        before = await everything()
        answers = await scan(world, path)
        assert {answer.status_code for answer in answers[:-1]} == {200}
        assert await everything() == before
        assert await stopped(samira) == frozenset()
        await world.browser().http.post(path)
        assert await stopped(samira) == {Kind.OFFER}, "the control"

    async def test_a_link_that_is_not_ours_is_not_found_whatever_is_wrong_with_it(self, db: Store) -> None:
        world = World()
        samira, gone = await make_member(), await make_member()
        async with transaction():
            await run("update member set erased_at = {} where id = {}", NOON, gone)
        good = stop_path(StopLink(samira, Kind.OFFER), secret(world))
        token = good.split("/")[2]
        of_an_offer = offer_path(OfferLink(samira, "workshop", "1-1"), secret(world)).split("/")[2]
        bad = [
            token[:-1] + ("A" if token[-1] != "A" else "B"),
            token[1:],
            token + "A",
            of_an_offer,
            stop_path(StopLink(samira, Kind.OFFER), "another secret").split("/")[2],
            stop_path(StopLink(gone, Kind.OFFER), secret(world)).split("/")[2],
            stop_path(StopLink(999999, Kind.OFFER), secret(world)).split("/")[2],
            "x",
            "é",
            "A" * 5000,
            "%2e%2e",
        ]
        pages = set()
        for each in bad:
            path = f"/courrier/{each}/stop"
            for answer in (await world.browser().get(path), await world.browser().post(path, token="")):
                assert answer.status_code == 404, each
                pages.add(re.sub(r"[0-9a-f]{10}", "", answer.text))
        assert len(pages) == 1, "all the same page"
        assert await run("select * from mail_choice") == []
        assert (await world.browser().get(good)).status_code == 200


# ------------------------------------------------------------------------------------------------------------ offers


class NoMore(Refusal):
    TAKEN = "taken"


class FakeOffers:
    """Offers of a domain that stands in for meals: one key, one member, one answer."""

    def __init__(self) -> None:
        self.state = "open"
        self.answers: list[tuple[str, int, bool]] = []
        self.refuse = False

    async def look(self, key: str, member_id: int, now: datetime) -> OfferSeen | None:
        if key != "k-1":
            return None
        until = NOON + timedelta(hours=6)
        return OfferSeen(
            title="Mafé <de> Fatou",
            starts_at=NOON + timedelta(days=3),
            ends_at=NOON + timedelta(days=3, hours=2),
            where="Grande table, Les Tanneurs",
            until=until,
            state="over" if self.state == "open" and now >= until else self.state,
            href="/repas/7",
            icon="soup",
        )

    async def answer(self, key: str, member_id: int, yes: bool, now: datetime) -> None:
        if key != "k-1":
            raise NotFound
        wanted = "taken" if yes else "declined"
        if self.state == wanted:
            return
        if self.refuse or self.state != "open":
            raise Refused(NoMore.TAKEN)
        self.answers.append((key, member_id, yes))
        self.state = wanted


@pytest.fixture
def meals() -> FakeOffers:
    return FakeOffers()


@pytest.fixture
def world(meals: FakeOffers) -> World:
    domain = Domain(
        name="meals",
        offers=Offers(kind="meal", look=meals.look, answer=meals.answer),
        refusals={NoMore.TAKEN: "Quelqu’un a pris la place."},
    )
    others = [each for each in REGISTRY.domains if each.name != domain.name]
    return World(registry=Registry.of(*others, domain))


class TestAnswerOffer:
    async def path(self, world: World, *, key: str = "k-1", kind: str = "meal", language: str = "fr") -> str:
        member = await make_member(name="Samira", language=language)
        return offer_path(OfferLink(member, kind, key), secret(world))

    async def test_it_shows_what_is_offered_and_asks(self, db: Store, world: World) -> None:
        page = await world.browser().get(await self.path(world))
        assert page.status_code == 200
        is_discreet(page)
        said = words(page)
        for each in (
            "Mafé <de> Fatou",
            "Vendredi 27 novembre, de 12 h à 14 h",
            "Grande table, Les Tanneurs",
            "mardi 24 novembre à 18 h",
            "Oui, je viens",
            "Non, je laisse la place",
        ):
            assert each in said
        assert "<de>" not in page.text
        assert '<body data-kind="meal">' in page.text
        assert "Samira" not in page.text

    @pytest.mark.parametrize(
        ("answer", "state", "sentence"),
        [("yes", "taken", "C’est noté, à vendredi 27 novembre !"), ("no", "declined", "tu laisses la place")],
    )
    async def test_each_button_does_it_once(
        self, db: Store, world: World, meals: FakeOffers, answer: str, state: str, sentence: str
    ) -> None:
        path, person = await self.path(world), world.browser()
        for _ in range(2):
            done = await person.post(path, {"answer": answer}, token="")
            assert (done.status_code, done.headers["location"]) == (303, path)
            is_discreet(done)
        assert [yes for _, _, yes in meals.answers] == [answer == "yes"]
        page = await person.get(path)
        assert sentence in words(page)
        assert f'data-state="{state}"' in page.text
        assert "Oui, je viens" not in words(page)

    async def test_a_refusal_is_said_on_the_page(self, db: Store, world: World, meals: FakeOffers) -> None:
        path = await self.path(world)
        meals.refuse = True
        answer = await world.browser().post(path, {"answer": "yes"}, token="")
        assert answer.status_code == 409
        is_discreet(answer)
        assert "Quelqu’un a pris la place." in words(answer)
        assert "Mafé" in answer.text

    async def test_what_is_over_says_so_and_leads_to_the_page(
        self, sqlite_only_db: Store, world: World, meals: FakeOffers
    ) -> None:
        path = await self.path(world)
        world.later(hours=6)
        page = await world.browser().get(path)
        assert "Le délai est passé" in words(page)
        assert 'href="/repas/7"' in page.text
        assert meals.answers == []

    @pytest.mark.parametrize("sent", [{}, {"answer": ""}, {"answer": "peut-être"}, {"answer": "YES"}])
    async def test_neither_yes_nor_no_is_asked_again(
        self, sqlite_only_db: Store, world: World, meals: FakeOffers, sent: dict[str, str]
    ) -> None:
        answer = await world.browser().post(await self.path(world), sent, token="")
        assert answer.status_code == 422
        is_discreet(answer)
        assert "Dis oui ou non" in words(answer)
        assert meals.answers == []

    async def test_what_is_not_is_not_found(self, db: Store, world: World, meals: FakeOffers) -> None:
        good = await self.path(world)
        for path in (
            await self.path(world, key="k-2"),
            await self.path(world, kind="tombola"),
            good[:-2],
            offer_path(OfferLink(999999, "meal", "k-1"), secret(world)),
            stop_path(StopLink(1, Kind.OFFER), secret(world)).replace("courrier", "offres").removesuffix("/stop"),
            "/offres/x",
        ):
            assert (await world.browser().get(path)).status_code == 404
            assert (await world.browser().post(path, {"answer": "yes"}, token="")).status_code == 404
        assert meals.answers == []
        assert (await world.browser().get(good)).status_code == 200

    async def test_looking_consumes_nothing(self, sqlite_only_db: Store, world: World, meals: FakeOffers) -> None:
        path = await self.path(world)
        answers = await scan(world, path)
        assert {answer.status_code for answer in answers[:-1]} == {200}
        assert (meals.state, meals.answers) == ("open", [])
        assert (await world.browser().http.post(path, data={"answer": "yes"})).status_code == 303
        assert meals.state == "taken"

    @pytest.mark.parametrize("headers", STRANGERS)
    async def test_it_works_from_wherever_the_mail_is_read(
        self, sqlite_only_db: Store, world: World, meals: FakeOffers, headers: Mapping[str, str]
    ) -> None:
        path = await self.path(world)
        assert (await world.browser().http.post(path, data={"answer": "no"}, headers=headers)).status_code == 303
        assert meals.state == "declined"

    async def test_somebody_elses_session_is_not_touched(
        self, sqlite_only_db: Store, world: World, meals: FakeOffers
    ) -> None:
        cast = await make_cast()
        path = await self.path(world)
        karim = await world.browser_of(cast.karim, place_id=cast.place)
        page = await karim.get(path)
        is_discreet(page)
        assert "Karim" not in page.text
        assert (await karim.post(path, {"answer": "yes"}, token="")).status_code == 303
        assert meals.answers[0][1] != cast.karim
        assert (await karim.get("/moi")).status_code == 200


class TestAnswerWorkshop:
    """The same, with places at workshops."""

    async def offered(self, world: World) -> tuple[str, int, int]:
        """A place that came free for Karim: the link of his mail, the workshop, Karim."""
        cast = await make_cast()
        workshop = await make_workshop(place_id=cast.place, host=cast.aicha, mediator=cast.bruno, capacity=2)
        for member in (cast.samira, cast.yann, cast.karim):
            await commands.sign_up(actor=member, workshop_id=workshop, now=NOON)
        await commands.withdraw(actor=cast.samira, workshop_id=workshop, now=NOON)
        rows = await run("select * from outbox where member_id = {} and kind = 'offer'", cast.karim)
        link = OfferLink(cast.karim, rows[0]["about_kind"], rows[0]["offer_key"])
        return offer_path(link, secret(world)), workshop, cast.karim

    async def state(self, workshop: int, member: int) -> str:
        rows = await run("select state from sign_up where workshop_id = {} and member_id = {}", workshop, member)
        return str(rows[0]["state"])

    @pytest.mark.parametrize(("answer", "state"), [("yes", "confirmed"), ("no", "withdrawn")])
    async def test_from_the_mail_to_the_place(self, db: Store, answer: str, state: str) -> None:
        world = World()
        path, workshop, karim = await self.offered(world)
        await scan(world, path)
        assert await self.state(workshop, karim) == "offered"
        page = await world.browser().get(path)
        assert "On se relit nos CV" in words(page)
        assert "Oui, je viens" in words(page)
        for _ in range(2):
            assert (await world.browser().post(path, {"answer": answer}, token="")).status_code == 303
        assert await self.state(workshop, karim) == state
        other = {"yes": "no", "no": "yes"}[answer]
        assert (await world.browser().post(path, {"answer": other}, token="")).status_code == 409
        assert await self.state(workshop, karim) == state

    @pytest.mark.parametrize("end", ["yes", "no", "sign up", "withdraw", "lapse", "cancel and reopen"])
    async def test_when_it_is_over_it_is_nothing_to_read_or_to_tell(self, db: Store, end: str) -> None:
        world = World()
        path, workshop, karim = await self.offered(world)
        async with transaction():  # no address: the message is on the site, and in the list of the welcome turn
            await run("update outbox set on_site = {}", True)
        (offer,) = await run("select id, read_at from outbox where member_id = {} and kind = 'offer'", karim)
        assert offer["read_at"] is None
        if end in ("yes", "no"):
            await world.browser().post(path, {"answer": end}, token="")
        elif end == "sign up":
            await commands.sign_up(actor=karim, workshop_id=workshop, now=NOON)
        elif end == "withdraw":
            await commands.withdraw(actor=karim, workshop_id=workshop, now=NOON)
        elif end == "lapse":
            assert await jobs.lapse_offers(world.later(days=2)) == 1
        else:
            (row,) = await run("select member_id from host where workshop_id = {}", workshop)
            await commands.cancel(actor=row["member_id"], workshop_id=workshop, reason="Malade", now=NOON)
            await commands.reopen(actor=row["member_id"], workshop_id=workshop, now=world.later(hours=1))
        assert (await message(offer["id"]))["read_at"] == world.now

    async def test_a_mail_that_was_put_off_tells_of_no_offer_that_is_over(self, db: Store) -> None:
        world = World()
        path, _, karim = await self.offered(world)
        (address,) = await run("select email from member where id = {}", karim)
        (offer,) = await run("select id, recipient from outbox where member_id = {} and kind = 'offer'", karim)
        async with transaction():  # the others are out
            await run("update outbox set sent_at = {} where id <> {}", NOON, offer["id"])
        async with MailServer(refused={address["email"]: "452 4.2.2 mailbox full"}).running() as server:
            post = Postman(settings(server.url), {})
            await post.deliver(NOON)
            assert (await message(offer["id"]))["tries"] == 1, "the control"
            await world.browser().post(path, {"answer": "yes"}, token="")
            server.refused.clear()
            await post.deliver(NOON + timedelta(hours=1))
            assert "Une place" not in " ".join(str(mail["Subject"]) for mail in server.received)
        row = await message(offer["id"])
        assert (row["recipient"], row["sent_at"], bool(row["on_site"]), row["read_at"]) == ("", None, True, NOON)

    async def test_an_offer_that_is_over_is_no_call_when_its_mail_is_set_aside(self, db: Store) -> None:
        world = World()
        path, _, karim = await self.offered(world)
        (offer,) = await run("select id from outbox where member_id = {} and kind = 'offer'", karim)
        await set_message(offer["id"], lease_by="another", lease_until=NOON)  # it is on its way just now
        await world.browser().post(path, {"answer": "yes"}, token="")
        row = await message(offer["id"])
        assert (bool(row["recipient"]), bool(row["on_site"]), row["read_at"]) == (True, False, NOON)

    async def test_after_its_time(self, db: Store) -> None:
        world = World()
        path, workshop, karim = await self.offered(world)
        world.later(days=2)
        page = await world.browser().get(path)
        assert "Le délai est passé" in words(page)
        assert f'href="/ateliers/{workshop}"' in page.text
        answer = await world.browser().post(path, {"answer": "yes"}, token="")
        assert answer.status_code == 409
        assert await self.state(workshop, karim) != "confirmed"


class TestTheLog:
    @pytest.mark.parametrize("broken", [False, True])
    async def test_it_never_has_a_token(
        self, sqlite_only_db: Store, world: World, meals: FakeOffers, broken: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        member = await make_member()
        stop = stop_path(StopLink(member, Kind.OFFER), secret(world))
        offer = offer_path(OfferLink(member, "meal", "k-1"), secret(world))
        tokens = (stop.split("/")[2], offer.split("/")[2])
        if broken:
            async with transaction():
                await run("alter table member rename to nobody")
        caplog.set_level(logging.DEBUG)
        person = world.browser()
        odd = (stop.replace("/stop", "/STOP"), f"{offer}/", f"{offer}/plus", f"/offres//{tokens[1]}")
        for path in (stop, offer, *odd):
            await person.get(path)
            await person.head(path)
            await person.post(path, {"answer": "yes"}, token="")
        lines = [f"{record.getMessage()} {record.__dict__}" for record in caplog.records if record.name != "httpx"]
        assert sum("'path': '/offres/…'" in line for line in lines) >= 3, "the control: these requests are in it"
        assert not [line for line in lines if any(token[:25] in line for token in tokens)]
