"""Signing in with a sign-in name, and asking for a mail with one: nobody learns which names there are."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx
import pytest

from app.database import run, transaction
from app.identity import passwords, throttle
from app.identity.api import find_member_by_name_or_mail, member_by_email
from app.identity.commands_welcome import Registered, register_without_email
from app.identity.entrance import code_hash
from app.identity.tables import Passage
from tests.app.identity.steps import is_in, sign_in
from tests.client import NOON, Browser, World, words
from tests.people import Cast

UNKNOWN = "fatou-222"
WRONG = "lampe jardin pomme"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def fatou(cast: Cast) -> Registered:
    """She has no address; the name that nobody has looks like hers."""
    slip = await register_without_email(actor=None, place_id=cast.place, name="Fatou", now=NOON)
    while slip.sign_in_name == UNKNOWN:
        slip = await register_without_email(actor=None, place_id=cast.place, name="Fatou", once="again", now=NOON)
    return slip


async def ask_for_mail(browser: Browser, name: str, **fields: str) -> httpx.Response:
    return await browser.post("/connexion", {"email": name, "way": "mail", **fields})


def alike(answer: httpx.Response, name: str) -> tuple[Any, ...]:
    """What of an answer could tell two names apart, the name itself and what is random left out."""
    text = re.sub(r'name="_csrf_token" value="[^"]+"', "", answer.text).replace(name, "…")
    cookies = sorted(line.partition("=")[0] for line in answer.headers.get_list("set-cookie"))
    kept = {key: value for key, value in answer.headers.items() if key in ("location", "cache-control", "retry-after")}
    return answer.status_code, text, cookies, kept, len(text)


async def counts() -> dict[str, int]:
    return {
        table: int((await run(f"select count(*) as n from {table}"))[0]["n"])
        for table in ("passage", "attempt", "outbox", "session", "member")
    }


async def written(deed: Callable[[], Awaitable[object]]) -> dict[str, int]:
    """How many rows of each table this leaves behind."""
    before = await counts()
    await deed()
    after = await counts()
    return {table: after[table] - before[table] for table in after}


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The passwords that are compared, each as often as it is hashed."""
    compared: list[str] = []
    verify = passwords._verify

    def noting(cost: passwords.Cost, password_hash: str, password: str) -> bool:
        compared.append(password)
        return verify(cost, password_hash, password)

    with monkeypatch.context() as patched:
        patched.setattr(passwords, "_verify", noting)
        yield compared


class TestNobodyLearnsWhichNamesThereAre:
    async def test_the_control_the_right_password_is_told_from_others(self, fatou: Registered, world: World) -> None:
        right = await sign_in(world.browser(), fatou.sign_in_name, fatou.password)
        wrong = await sign_in(world.browser(), fatou.sign_in_name, WRONG)
        assert alike(right, fatou.sign_in_name) != alike(wrong, fatou.sign_in_name)

    async def test_a_wrong_password_and_an_unknown_name_answer_alike(self, fatou: Registered, world: World) -> None:
        answers = [alike(await sign_in(world.browser(), name, WRONG), name) for name in (fatou.sign_in_name, UNKNOWN)]
        assert answers[0] == answers[1]
        assert answers[0][0] == 422

    async def test_they_cost_the_same(self, fatou: Registered, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        costs = []
        for name in (fatou.sign_in_name, UNKNOWN):
            for password in (WRONG, "Lampe-jardin pomme", "une autre chose encore"):
                with counted(monkeypatch) as compared:
                    rows = await written(partial(sign_in, world.browser(), name, password))
                costs.append((name, password, len(compared), rows))
        known, unknown = costs[:3], costs[3:]
        assert [each[1:] for each in known] == [each[1:] for each in unknown]
        assert [each[2] for each in known] == [1, 2, 1]

    async def test_asking_for_a_mail_answers_alike_without_any(self, fatou: Registered, world: World) -> None:
        seen = []
        for name in (fatou.sign_in_name, UNKNOWN):
            browser = world.browser()
            answer = await ask_for_mail(browser, name, device="mine")
            assert (answer.status_code, answer.headers["location"]) == (303, "/inscription/code")
            page = await browser.get("/inscription/code")
            seen.append((alike(answer, name), alike(page, name)))
            assert "Pas d’adresse mail ? Demande à l’accueil" in words(page)
            assert name in words(page)
            assert 'name="code"' not in page.text
        assert seen[0] == seen[1]
        assert await run("select id from outbox") == []

    async def test_it_writes_the_same(self, fatou: Registered, world: World) -> None:
        rows = [await written(partial(ask_for_mail, world.browser(), name)) for name in (fatou.sign_in_name, UNKNOWN)]
        assert rows[0] == rows[1] == {"passage": 1, "attempt": 2, "outbox": 0, "session": 0, "member": 0}

    async def test_the_same_as_for_an_address_but_for_the_mail(self, fatou: Registered, world: World) -> None:
        name = await ask_for_mail(world.browser(), fatou.sign_in_name)
        address = await ask_for_mail(world.browser(), "personne@exemple.fr")
        assert alike(name, "-") == alike(address, "-")

    async def test_over_and_over_they_answer_alike(self, fatou: Registered, world: World) -> None:
        for _ in range(throttle.MAIL.most + 2):
            answers = [alike(await ask_for_mail(world.browser(), name), name) for name in (fatou.sign_in_name, UNKNOWN)]
            assert answers[0] == answers[1]
            assert answers[0][0] == 303

    async def test_no_code_opens_what_no_mail_was_sent_to(self, fatou: Registered, world: World) -> None:
        """Not even the right one, which is in no mail: here it is put in the place of the one that was drawn."""
        browser = world.browser()
        await ask_for_mail(browser, fatou.sign_in_name)
        waiting = browser.http.cookies["attente"]
        async with transaction():
            await Passage.update({Passage.code_hash: code_hash(waiting, "123456")}, force=True)
        answer = await browser.post("/inscription/code", {"code": "123456", "device": "mine"})
        assert answer.status_code == 409
        assert not await is_in(browser)


class TestThrottling:
    async def test_ten_wrong_passwords_close_it_with_words_that_help(self, fatou: Registered, world: World) -> None:
        pages = {}
        for name in (fatou.sign_in_name, UNKNOWN):
            for _ in range(throttle.PASSWORD.most):
                assert (await sign_in(world.browser(), name, WRONG)).status_code == 422
            answer = await sign_in(world.browser(), name, WRONG)
            assert answer.status_code == 429
            assert "demande un autre mot de passe à l’accueil" in words(answer).lower()
            pages[name] = alike(answer, name)
        assert len(set(map(str, pages.values()))) == 1

    async def test_other_spellings_are_the_same_name(self, fatou: Registered, world: World) -> None:
        spellings = (fatou.sign_in_name, fatou.sign_in_name.upper(), fatou.sign_in_name.replace("-", " "))
        for number in range(throttle.PASSWORD.most):
            assert (await sign_in(world.browser(), spellings[number % 3], WRONG)).status_code == 422
        for spelling in spellings:
            assert (await sign_in(world.browser(), spelling, fatou.password)).status_code == 429


class TestTheForm:
    @pytest.mark.parametrize("way", ["", "mail"])
    @pytest.mark.parametrize("written_name", ["fatou", "482", "fatou-48", "fatou@", "a b c"])
    async def test_what_is_neither_is_said(self, cast: Cast, world: World, written_name: str, way: str) -> None:
        answer = await sign_in(world.browser(), written_name, WRONG, **({"way": way} if way else {}))
        assert answer.status_code == 422
        assert "un nom d’entrée comme fatou-482" in words(answer)
        assert f'value="{written_name}"' in answer.text

    async def test_nothing_at_all_is_said(self, cast: Cast, world: World) -> None:
        answer = await sign_in(world.browser(), "", WRONG)
        assert "Il manque ton adresse mail, ou ton nom d’entrée" in words(answer)

    async def test_the_telephone_leaves_the_name_as_it_is(self, cast: Cast, world: World) -> None:
        page = (await world.browser().get("/connexion")).text
        field = re.search(r'<input[^>]*name="email"[^>]*>', page)
        assert field
        for wanted in ('type="text"', 'autocapitalize="none"', 'spellcheck="false"', 'autocomplete="username"'):
            assert wanted in field[0]

    async def test_joining_and_adding_an_address_take_no_sign_in_name(self, fatou: Registered, world: World) -> None:
        browser = world.browser()
        join = await browser.post("/inscription", {"name": "X", "email": fatou.sign_in_name, "charter": "1"})
        assert join.status_code == 422
        await sign_in(browser, fatou.sign_in_name, fatou.password)
        form = {"email": "fatou-333", "password": fatou.password}
        assert (await browser.post("/moi/adresse", form)).status_code == 422


class TestElsewhere:
    async def test_nobody_is_invited_by_their_sign_in_name(self, cast: Cast, fatou: Registered) -> None:
        """There are too few of them to keep a name from whoever tries them all."""
        assert [each.id for each in await find_member_by_name_or_mail(cast.place, "Fatou")] == [fatou.member_id]
        assert await find_member_by_name_or_mail(cast.place, fatou.sign_in_name) == []

    async def test_it_is_no_address(self, fatou: Registered) -> None:
        assert await member_by_email(fatou.sign_in_name) is None
