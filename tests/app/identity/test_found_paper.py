"""Whoever finds a lost paper adds an address of their own: the person gets the account back, and what follows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.database import run, transaction
from app.i18n import Text
from app.identity import commands_welcome
from app.identity.commands_welcome import (
    Registered,
    forget_slips,
    give_new_password,
    register_without_email,
)
from app.identity.queries_welcome import find_without_address, whose_sign_in_name
from app.identity.rules import ADDRESS_SETTLES
from app.identity.states import Act, IdentityRefusal
from app.notices.api import Kind, tell
from tests.app.identity.steps import is_in, last_code, last_link, mails_to, sign_in
from tests.app.identity.test_welcome import new_slip, refusal
from tests.app.identity.test_welcome_pages import slip as slip_of
from tests.client import NOON, Browser, World, words
from tests.factories import make_grant
from tests.people import Cast

THIEF = "voleur@exemple.fr"
WORDS_OF_THE_THIEF = "rien que pour moi"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def house(cast: Cast) -> Cast:
    """Odile holds the welcome turn."""
    await make_grant(member_id=cast.odile, place_id=cast.place, act=Act.REGISTER)
    return cast


@pytest.fixture
async def paper(house: Cast) -> Registered:
    """Germaine's, which she loses."""
    return await register_without_email(actor=house.odile, place_id=house.place, name="Germaine", now=NOON)


async def add_address(browser: Browser, password: str, email: str = THIEF) -> None:
    assert (await browser.post("/moi/adresse", {"email": email, "password": password})).status_code == 303
    assert (await browser.post("/moi/adresse/code", {"code": await last_code(email)})).status_code == 303


@pytest.fixture
async def thief(paper: Registered, world: World) -> Browser:
    """Has found the paper, chosen a password and added an address."""
    browser = world.browser()
    await sign_in(browser, paper.sign_in_name, paper.password)
    form = {"password": paper.password, "new_password": WORDS_OF_THE_THIEF}
    assert (await browser.post("/moi/mot-de-passe", form)).status_code == 303
    await add_address(browser, WORDS_OF_THE_THIEF)
    return browser


async def account(paper: Registered) -> dict[str, Any]:
    return (await run("select * from member where id = {}", paper.member_id))[0]


async def test_the_account_comes_back_at_the_desk(house: Cast, paper: Registered, thief: Browser, world: World) -> None:
    assert await is_in(thief)
    assert (await sign_in(world.browser(), paper.sign_in_name, paper.password)).status_code == 422
    odile = await world.browser_of(house.odile, place_id=house.place)
    for asked in ("Germ", paper.sign_in_name):
        assert f'href="/accueil/{paper.member_id}"' in (await odile.get(f"/accueil?q={asked}")).text
    question = await odile.get(f"/accueil/{paper.member_id}")
    assert "Une adresse mail ajoutée le 24 novembre 2026" in words(question)
    assert THIEF not in question.text, "whose it is, is nobody's business here"
    name, password = slip_of(await odile.post(f"/accueil/{paper.member_id}/mot-de-passe"))
    assert name == paper.sign_in_name

    assert not await is_in(thief)
    browser = world.browser()
    for way in (THIEF, paper.sign_in_name):
        assert (await sign_in(browser, way, WORDS_OF_THE_THIEF)).status_code == 422
    told = (await mails_to(THIEF))[-1]
    assert told["subject"] == "Cette adresse n’ouvre plus le compte"
    assert "Germaine" not in told["subject"] + told["body"]
    await browser.post("/connexion", {"email": THIEF, "way": "mail"})
    assert (await mails_to(THIEF))[-1]["subject"] == "Pas de compte à cette adresse"

    germaine = world.browser()
    assert (await sign_in(germaine, name, password)).status_code == 303
    assert "L’adresse mail ajoutée à ton compte n’y est plus" in words(await germaine.get("/messages"))
    assert name in words(await germaine.get("/moi"))
    row = await account(paper)
    assert [row[column] for column in ("email", "kept_name", "address_added_at")] == [None, None, None]
    acts = [
        row["act"] for row in await run("select act from journal_line where actor_id = {} order by id", house.odile)
    ]
    assert acts == ["identity.registered", "identity.password_given", "identity.address_taken_off"]


async def test_a_mail_that_was_on_its_way_to_the_thief_lets_nobody_in(
    house: Cast, paper: Registered, thief: Browser, world: World
) -> None:
    browser = world.browser()
    await browser.post("/connexion", {"email": THIEF, "way": "mail"})
    link = await last_link(THIEF)
    await new_slip(house, paper.member_id)
    await browser.post(link, {"device": "mine"})
    assert not await is_in(browser)


async def test_another_address_after_the_first_does_not_hide_the_name(
    house: Cast, paper: Registered, thief: Browser, world: World
) -> None:
    world.later(days=20)
    await sign_in(thief, THIEF, WORDS_OF_THE_THIEF)
    await add_address(thief, WORDS_OF_THE_THIEF, "voleur2@exemple.fr")
    later = NOON + timedelta(days=29)
    found = await find_without_address(house.place, paper.sign_in_name, now=later)
    assert [(each.id, each.sign_in_name, each.address_added_at) for each in found] == [
        (paper.member_id, paper.sign_in_name, NOON)
    ]
    assert (await new_slip(house, paper.member_id, now=later)).sign_in_name == paper.sign_in_name


@pytest.mark.parametrize("forgotten", [False, True])
async def test_after_a_while_the_address_is_theirs_alone(
    house: Cast, paper: Registered, thief: Browser, forgotten: bool
) -> None:
    settled = NOON + ADDRESS_SETTLES
    before = settled - timedelta(seconds=1)
    await forget_slips(before)
    assert (await account(paper))["kept_name"] == paper.sign_in_name
    assert await whose_sign_in_name(paper.sign_in_name, now=before) == (paper.member_id, house.place)
    assert len(await find_without_address(house.place, "Germ", now=before)) == 1
    if forgotten:
        await forget_slips(settled)
        assert (await account(paper))["kept_name"] is None
    assert await whose_sign_in_name(paper.sign_in_name, now=settled) is None
    assert await find_without_address(house.place, "Germ", now=settled) == []
    assert await refusal(new_slip(house, paper.member_id, now=settled)) is IdentityRefusal.HAS_ADDRESS
    assert (await account(paper))["email"] == THIEF


async def test_an_address_from_the_beginning_is_never_taken_off(house: Cast, paper: Registered) -> None:
    assert await refusal(new_slip(house, house.karim)) is IdentityRefusal.HAS_ADDRESS
    assert await find_without_address(house.place, "Karim", now=NOON) == []


async def test_whoever_has_gained_a_role_is_the_servers_affair(house: Cast, paper: Registered, thief: Browser) -> None:
    await make_grant(member_id=paper.member_id, place_id=house.place, act=Act.TAKE_CASH)
    assert await refusal(new_slip(house, paper.member_id)) is IdentityRefusal.HOLDS_A_ROLE
    given = await give_new_password(actor=None, place_id=house.place, member_id=paper.member_id, now=NOON)
    assert given.sign_in_name == paper.sign_in_name
    assert (await account(paper))["email"] is None


async def test_nobody_gets_the_name_meanwhile(
    house: Cast, paper: Registered, thief: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = iter([paper.sign_in_name, "germaine-999"])
    monkeypatch.setattr(commands_welcome, "make_sign_in_name", lambda name, digits: next(given))
    other = await register_without_email(actor=None, place_id=house.place, name="Germaine", once="2", now=NOON)
    assert other.sign_in_name == "germaine-999"


async def test_the_name_opens_nothing_meanwhile(paper: Registered, thief: Browser, world: World) -> None:
    """One account, one door: else each would have to be held shut."""
    assert (await sign_in(world.browser(), paper.sign_in_name, WORDS_OF_THE_THIEF)).status_code == 422
    assert (await sign_in(world.browser(), THIEF, WORDS_OF_THE_THIEF)).status_code == 303


async def a_waiting_mail(member_id: int, what: str, kind: Kind = Kind.CHANGE) -> None:
    async with transaction():
        await tell([member_id], kind=kind, what=what, subject=Text(what), body=[], link="/moi", now=NOON)


async def waiting_for(address: str) -> list[str]:
    return [row["subject"] for row in await mails_to(address)]


async def test_what_waits_for_the_address_is_read_on_the_site(house: Cast, paper: Registered, thief: Browser) -> None:
    for kind in (Kind.CHANGE, Kind.CONFIRMATION):
        await a_waiting_mail(paper.member_id, kind.value, kind)
    assert (await waiting_for(THIEF))[-2:] == ["change", "confirmation"]
    await new_slip(house, paper.member_id)
    rows = await run("select * from outbox where subject in ('change', 'confirmation') order by id")
    assert [(row["recipient"], bool(row["on_site"]), row["read_at"]) for row in rows] == [
        ("", True, None),
        ("", True, NOON),
    ]


async def test_what_waits_follows_to_another_address_but_what_warns_the_old_one(
    paper: Registered, thief: Browser
) -> None:
    """A code, or a warning, is for whoever reads the address that it was written for; what has left has left."""
    await a_waiting_mail(paper.member_id, "sent")
    async with transaction():
        await run("update outbox set sent_at = {} where subject = 'sent'", NOON)
    await a_waiting_mail(paper.member_id, "waits")
    before = await waiting_for(THIEF)
    await add_address(thief, WORDS_OF_THE_THIEF, "autre@exemple.fr")
    assert "waits" in await waiting_for("autre@exemple.fr")
    stayed = await waiting_for(THIEF)
    assert stayed == [subject for subject in before if subject != "waits"] + ["Ton adresse a changé"]
    await add_address(thief, WORDS_OF_THE_THIEF, "encore@exemple.fr")
    assert await waiting_for(THIEF) == stayed
    assert "waits" in await waiting_for("encore@exemple.fr")
