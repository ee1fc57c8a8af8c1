"""The forms of the second code, attacked where it is asked for: the demonstration, which is crawled, asks nobody.

A mediator with a telephone and a keeper of accounts without one are half in, another mediator is in. Each form is sent
with what it asks for, right codes included, so that only what is forged, foreign or bad can be why it is refused.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from app.database import close_database, connect, open_database, run
from app.web.csrf import FIELD
from tests.app.identity.second_steps import MINE, RECOVERY, STEP, Telephone, half_in, scan, set_up
from tests.attack.crawl import FoundForm, RouteTable
from tests.attack.reading import Page
from tests.attack.test_crawl import SECOND_FORMS
from tests.attack.test_fields import HARMLESS, LONG, NOT_THEIRS, RAW, press
from tests.attack.test_forged import forge
from tests.attack.test_redirects import EVIL, stays
from tests.attack.town import VISITOR, Ground, Person, Town, changes, on
from tests.client import NOON, World
from tests.conftest import elsewhere
from tests.people import make_cast

pytestmark = pytest.mark.slow

HALF_IN, FIRST_TIME, IN = "half in", "first time", "mediator"
HOLDERS = (HALF_IN, FIRST_TIME, IN)
BEFORE = NOON - timedelta(minutes=10)
"""When the telephones were set up: their codes of noon have not served."""
MORE = {
    **NOT_THEIRS,
    "second_at": "2026-11-24T11:00", "seed": "0" * 64, "last_step": "0", "made_with": "x", "before": "0",
    "recovery_code": "aaaa-aaaa", "code_hash": "x", "secret": "A" * 32, "left": "10", "device": "shared",
}  # fmt: skip
BAD = (
    "", " ", LONG, "9" * 10_240, "\0", "123\x00456", "-1", "1e5", "0x1F40", "１２３４５６", "١٢٣٤٥٦", "é",
    "\u202e123456", "12345", "1234567", "aaaa-aaaa", "' or 1=1 --", "{{7*7}}", "<script>", "\r\nSet-Cookie: x=1",
    "\U0001f511" * 6,
)  # fmt: skip


@dataclass
class Asked:
    """A town in which the second code is asked for, the telephones of its people, and the forms that they are shown."""

    path: Path
    town: Town
    telephones: dict[str, Telephone] = field(default_factory=dict)
    forms: list[FoundForm] = field(default_factory=list)

    def codes(self, wanted: FoundForm) -> dict[str, str]:
        """What this form asks for."""
        whose = self.telephones[wanted.kind]
        if wanted.route.path == f"{STEP}/secours":
            return {"code": whose.paper[0]}
        if wanted.route.path == f"{MINE}/telephone":
            return {"current": whose.code(NOON), "code": self.telephones["the next"].code(NOON)}
        return {"current": whose.code(NOON)} if wanted.route.path == f"{MINE}/secours" else {"code": whose.code(NOON)}


async def build(path: Path, made: list[Asked]) -> None:
    """Everybody signed in, and each page of the second code read for its forms."""
    connect(f"sqlite:///{path}")
    await open_database(min_size=0)
    try:
        asked = Asked(path, Town({VISITOR: Person(VISITOR, None)}, demo=False))
        cast, before = await make_cast(now=BEFORE - timedelta(days=9)), World(BEFORE)
        helene = await half_in(before, cast.helene, cast.place)
        asked.telephones[IN] = await set_up(helene)
        at_home = await half_in(before, cast.bruno, cast.place)
        asked.telephones[HALF_IN] = await set_up(at_home)
        bruno, rosa = await half_in(before, cast.bruno, cast.place), await half_in(before, cast.rosa, cast.place)
        asked.telephones[FIRST_TIME] = scan(await rosa.get(STEP))
        asked.telephones["the next"] = scan(await helene.get(f"{MINE}/telephone"))
        member, kitchen = await before.browser_of(cast.samira, place_id=cast.place), before.browser()
        await kitchen.sign_in(cast.odile, place_id=cast.place)
        for kind, member_id, browser in (
            (HALF_IN, cast.bruno, bruno), (FIRST_TIME, cast.rosa, rosa), (IN, cast.helene, helene),
            ("member", cast.samira, member), ("kitchen", cast.odile, kitchen),
        ):  # fmt: skip
            token = browser.http.cookies[browser.session_cookie]
            asked.town.people[kind] = Person(kind, member_id, token, cast.place)
        asked.forms = await shown(asked)
    finally:
        await close_database()
    made.append(asked)


async def shown(asked: Asked) -> list[FoundForm]:
    """The forms that go to addresses of the second code, as whoever follows links to these from home is shown them."""
    found, table = list[FoundForm](), RouteTable(asked.town.world())
    for kind in HOLDERS:
        browser, waiting, known = asked.town.browser(kind), ["/", "/moi"], set[str]()
        while waiting:
            address = waiting.pop()
            answer = await browser.get(address)
            page = Page(answer.text)
            for link in {*page.links, answer.headers.get("location", "")} - known:
                if "/deuxieme-code" in link:
                    waiting.append(link)
                    known.add(link)
            for form in page.forms:
                route = table.of(form.method.upper(), urlsplit(form.action).path)
                if "/deuxieme-code" not in form.action or route is None:
                    continue
                if (kind, route[0], form.names) in [(each.kind, each.route, each.form.names) for each in found]:
                    continue
                found.append(FoundForm(kind, address, form, route[0]))
                for name, code in asked.codes(found[-1]).items():
                    (written,) = (each for each in form.fields if each.name == name)
                    written.value = code
    return found


@pytest.fixture(scope="session")
def asked(sqlite_template: Path, quick_path: Path) -> Asked:
    path, made = quick_path / "second.sqlite", list[Asked]()
    shutil.copyfile(sqlite_template, path)
    elsewhere(build(path, made))
    return made[0]


@pytest.fixture
async def ground(asked: Asked, sqlite_folder: Path) -> AsyncIterator[Ground]:
    def restored() -> str:
        path = sqlite_folder / "ground.sqlite"
        for beside in ("-wal", "-shm"):
            path.with_name(path.name + beside).unlink(missing_ok=True)
        shutil.copyfile(asked.path, path)
        return f"sqlite:///{path}"

    async with on(Ground(asked.town, restored)) as ground:
        yield ground


async def send(ground: Ground, wanted: FoundForm, more: dict[str, Any], **headers: str) -> httpx.Response:
    """The form as it would be sent, but for these fields, by whoever was shown it."""
    browser = ground.town.browser(wanted.kind)
    fields = {**wanted.form.as_sent(wanted.form.pressed[-1], filled=True), FIELD: browser.csrf_token(), **more}
    return await browser.http.post(wanted.path, data=fields, headers=headers)


async def standing() -> list[list[dict[str, Any]]]:
    """Who has shown a code, which telephones there are, and what is left of the papers."""
    return [
        await run("select id, member_id, token_hash, second_at from session order by id"),
        await run("select * from second_factor order by id"),
        await run("select * from recovery_code order by id"),
    ]


async def test_every_form_is_found_and_does_what_it_is_for(ground: Ground, asked: Asked) -> None:
    """The control of all that follows: sent as it is, each is taken."""
    assert {str(each.route) for each in asked.forms} == set(SECOND_FORMS)
    assert {each.kind for each in asked.forms} == set(HOLDERS)
    for wanted in asked.forms:
        await ground.restore()
        before = await standing()
        assert (await send(ground, wanted, {})).status_code in (200, 303), wanted
        assert await standing() != before, wanted


class TestForged:
    async def test_what_others_send_changes_nothing(self, ground: Ground, asked: Asked) -> None:
        tried, wrong, _ = await forge(ground, asked.forms)
        assert wrong == []
        assert tried == 7 * len(asked.forms)

    async def test_without_the_guard_it_is_done(
        self, ground: Ground, asked: Asked, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The positive control."""

        async def lets_everything_in(*_: object) -> None:
            return

        monkeypatch.setattr("app.main.refuse_forgery", lets_everything_in)
        _, wrong, written = await forge(ground, asked.forms)
        assert written == set(SECOND_FORMS)
        assert len(wrong) > 7 * len(asked.forms)


class TestFields:
    async def test_fields_that_no_form_has_change_nothing(self, ground: Ground, asked: Asked) -> None:
        for wanted in asked.forms:
            more = {name: value for name, value in MORE.items() if name not in wanted.form.names}
            status, plain = await press(ground, wanted, None, {})
            again, state = await press(ground, wanted, None, more)
            assert (status, changes(plain, state)) == (again, []), wanted
            assert plain, "nothing is compared where nothing is written"

    async def test_nor_do_they_make_a_wrong_code_right(self, ground: Ground, asked: Asked) -> None:
        """`member_id` of somebody whose code is right, `first` of whoever has none, and all the others."""
        for wanted in asked.forms:
            for other in HOLDERS:
                await ground.restore()
                before = await standing()
                more = {**MORE, "member_id": str(ground.town.people[other].id), "first": "1"}
                wrong = dict.fromkeys(asked.codes(wanted), asked.telephones[wanted.kind].wrong(NOON))
                answer = await send(ground, wanted, {**more, **wrong})
                assert answer.status_code in (303, 422), (str(wanted), other, answer.status_code)
                assert await standing() == before, (str(wanted), other)

    async def test_a_code_opens_nobody_elses_door(self, ground: Ground, asked: Asked) -> None:
        for wanted in asked.forms:
            for other in set(HOLDERS) - {wanted.kind}:
                theirs = asked.telephones[other]
                for code in (theirs.code(NOON), *theirs.paper[:1]):
                    await ground.restore()
                    before = await standing()
                    name = "current" if "current" in asked.codes(wanted) else "code"
                    answer = await send(ground, wanted, {name: code})
                    assert answer.status_code == 422, (str(wanted), other, answer.status_code)
                    assert await standing() == before, (str(wanted), other)

    @pytest.mark.parametrize("name", ["code", "current", "suite", "first"])
    async def test_bad_contents_are_refused_in_words(self, ground: Ground, asked: Asked, name: str) -> None:
        tried = 0
        for wanted in asked.forms:
            if name not in wanted.form.names:
                continue
            # With a wrong code beside it: nothing but the field that is tried could let somebody in.
            wrong = dict.fromkeys(asked.codes(wanted), asked.telephones[wanted.kind].wrong(NOON))
            for bad in BAD:
                await ground.restore()
                before = await standing()
                answer = await send(ground, wanted, {**wrong, name: bad})
                assert answer.status_code in HARMLESS - {200}, (str(wanted), bad[:40], answer.status_code)
                assert "x=1" not in answer.headers.get("set-cookie", "")
                assert await standing() == before, (str(wanted), bad[:40])
                tried += 1
            for body in RAW.values():
                browser = ground.town.browser(wanted.kind)
                content = f"{FIELD}={browser.csrf_token()}&{name}=".encode() + body
                kind = {"Content-Type": "application/x-www-form-urlencoded"}
                answer = await browser.http.post(wanted.path, content=content, headers=kind)
                assert answer.status_code == 400, (str(wanted), body)
                assert await standing() == before, (str(wanted), body)
        assert tried >= len(BAD)

    async def test_a_field_sent_twice_is_no_second_try(self, ground: Ground, asked: Asked) -> None:
        """However many codes one request carries, it counts as one try of one code."""
        for wanted in asked.forms:
            await ground.restore()
            before = await standing()
            wrong = asked.telephones[wanted.kind].wrong(NOON)
            many = {name: [wrong] * 50 + [right] + [wrong] for name, right in asked.codes(wanted).items()}
            assert (await send(ground, wanted, many)).status_code in (400, 422), wanted
            assert await standing() == before, wanted


class TestWhereItLeads:
    @pytest.mark.parametrize("evil", EVIL)
    async def test_on_to_paths_of_ours(self, ground: Ground, asked: Asked, evil: str) -> None:
        seen = 0
        for wanted in asked.forms:
            for headers in ({}, {"HX-Request": "true", "HX-Request-Type": "partial"}):
                await ground.restore()
                answer = await send(ground, wanted, {"suite": evil}, **headers)
                assert answer.status_code in (200, 303), wanted
                for name in ("location", "hx-redirect"):
                    if name in answer.headers:
                        seen += 1
                        assert stays(answer.headers[name]), (str(wanted), answer.headers[name])
                assert "evil=1" not in answer.headers.get("set-cookie", "")
                assert stays(evil) or not leads_to(answer, evil), wanted
        assert seen >= 4
        await ground.restore()
        for kind in HOLDERS:
            for path in (STEP, RECOVERY):
                answer = await ground.town.browser(kind).get(f"{path}?suite={quote(evil)}")
                assert stays(answer.headers.get("location", "/")), (kind, path)
                assert stays(evil) or not leads_to(answer, evil), (kind, path)

    async def test_without_the_guard_it_leaves(
        self, ground: Ground, asked: Asked, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The positive control."""
        monkeypatch.setattr("app.identity.pages_second._after", lambda written: written or "/")
        monkeypatch.setattr("app.web.answers.own_path", lambda written, default="/": written or default)
        (wanted,) = (each for each in asked.forms if (each.kind, each.path) == (HALF_IN, STEP))
        answer = await send(ground, wanted, {"suite": "//evil.example"})
        assert not stays(answer.headers["location"])
        page = await ground.town.browser(FIRST_TIME).get(f"{STEP}?suite=//evil.example")
        assert leads_to(page, "//evil.example")


def leads_to(answer: httpx.Response, where: str) -> bool:
    """Whether a link or a field of this page says this."""
    page = Page(answer.text)
    return where in page.links or any(each.value == where for form in page.forms for each in form.fields)


class TestReading:
    async def test_get_and_head_change_nothing(self, ground: Ground, asked: Asked) -> None:
        """Nor with a right code in the address."""
        read = 0
        paths = sorted({route.path for route in RouteTable(ground.town.world()).all if "/deuxieme-code" in route.path})
        for kind in (VISITOR, "member", *HOLDERS):
            code = asked.telephones[kind].code(NOON) if kind in HOLDERS else "123456"
            for path in paths:
                for query in ("", f"?code={code}&current={code}&first=1&{FIELD}={'0' * 64}"):
                    browser = ground.town.browser(kind)
                    got, head = await browser.get(path + query), await browser.head(path + query)
                    assert got.status_code == head.status_code, (kind, path)
                    assert got.status_code in (200, 303, 404, 405), (kind, path, got.status_code)
                    assert head.content == b""
                    assert not ground.written(), (kind, path, query)
                    read += 1
        assert read >= 5 * 5 * 2

    async def test_a_change_is_noticed(self, ground: Ground, asked: Asked) -> None:
        """The positive control."""
        assert not ground.written()
        await send(ground, asked.forms[0], {})
        assert ground.written()
