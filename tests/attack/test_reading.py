"""Reading changes nothing, and every answer carries what protects its reader: seen on every address that was found."""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator

import httpx
import pytest

from app.database import run, transaction
from tests.attack.conftest import Reads
from tests.attack.crawl import RouteTable, arrive
from tests.attack.reading import Page
from tests.attack.town import FEED_TOKEN, VISITOR, Ground
from tests.client import World

pytestmark = pytest.mark.slow

HTTPS = "https://reseau.exemple"
WITHOUT_HTML = ("/static/", "/calendriers/", "/healthz", "/robots.txt", "/schema", "/api/")
FOR_EVERYBODY = ("/static/", "/robots.txt", "/schema", "/api/")
"""What a cache on the way may keep: the same for everybody."""
WRITES = {"/calendriers/perso/": "when the address was read last, which its owner sees"}
"""What reading does write down, and why."""


def pages(reads: Reads) -> Iterator[tuple[str, str, httpx.Response]]:
    for (kind, address), answer in reads.gets.items():
        if answer.headers.get("content-type", "").startswith("text/html"):
            yield kind, address, answer


def test_reading_changes_nothing(reads: Reads) -> None:
    assert len(reads.gets) > 800
    changed = {address for _, address, _ in reads.written}
    assert {each for each in changed if not each.startswith(tuple(WRITES))} == set(), reads.written


async def test_a_page_that_writes_is_noticed(ground: Ground) -> None:
    """The positive control."""
    assert not ground.written()
    async with transaction():
        await run("update member set about = 'x' where id = 1")
    assert ground.written()


def test_head_answers_as_get_without_the_body(reads: Reads) -> None:
    for key, head in reads.heads.items():
        get = reads.gets[key]
        assert head.content == b"", key
        assert head.status_code == get.status_code, key
        assert head.headers.get("content-type") == get.headers.get("content-type"), key
        assert head.headers.get("cache-control") == get.headers.get("cache-control"), key


def test_every_answer_says_what_browsers_may_do_with_it(reads: Reads) -> None:
    for key, answer in reads.gets.items():
        headers = answer.headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy, key
        assert "frame-ancestors 'none'" in policy, key
        assert "unsafe" not in policy, key
        assert "*" not in policy, key
        assert headers["x-content-type-options"] == "nosniff", key
        assert headers["referrer-policy"] in ("same-origin", "no-referrer"), key
        assert headers["strict-transport-security"].startswith("max-age=31536000"), key
        assert "server" not in headers, key


def test_nothing_of_a_person_is_kept_on_the_way(reads: Reads) -> None:
    personal = 0
    for (kind, address), answer in reads.gets.items():
        said = answer.headers.get("cache-control", "")
        if address.startswith(FOR_EVERYBODY):
            continue
        assert "public" not in said, (kind, address)
        if kind != VISITOR and not address.startswith(WITHOUT_HTML) and not address.endswith(".ics"):
            assert said == "no-store", (kind, address, said)
            personal += 1
    assert personal > 500


def test_fragments_and_pages_are_told_apart_by_caches(reads: Reads) -> None:
    seen = 0
    for kind, address, answer in pages(reads):
        if answer.status_code != 405:
            assert {"HX-Request", "HX-Request-Type", "Cookie"} <= set(re.split(r",\s*", answer.headers["vary"])), (
                kind,
                address,
            )
            seen += 1
    assert seen > 600


def test_feeds_and_files_set_no_cookie(reads: Reads) -> None:
    seen = set()
    for (_, address), answer in reads.gets.items():
        if address.startswith(WITHOUT_HTML) or address.endswith(".ics"):
            assert "set-cookie" not in answer.headers, address
            seen.add(address.split("/")[1])
    assert seen >= {"static", "calendriers", "healthz", "api", "schema"}
    assert (VISITOR, f"/calendriers/perso/{FEED_TOKEN}.ics") in reads.gets


async def test_cookies_belong_to_this_host_and_to_no_script(ground: Ground, reads: Reads) -> None:
    """Those that pages set, and those that forms set."""
    world = ground.town.world(HTTPS)
    set_cookies = [each for answer in reads.gets.values() for each in answer.headers.get_list("set-cookie")]
    for wanted in reads.found.one_of_each():
        await ground.restore()
        browser = await arrive(ground, wanted, world)
        answer = await browser.post(wanted.path, wanted.form.as_sent(filled=True))
        set_cookies += answer.headers.get_list("set-cookie")
    entered = await world.browser().post(
        "/connexion", {"email": "samira@exemple.fr", "password": "demonstration", "device": "mine"}
    )
    set_cookies += entered.headers.get_list("set-cookie")
    names = set()
    for each in set_cookies:
        name, _, rest = each.partition("=")
        said = {part.strip().casefold() for part in rest.split(";")[1:]}
        assert name.startswith("__Host-"), each
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= said, each
        assert not any(part.startswith("domain") for part in said), each
        names.add(name)
    assert names >= {"__Host-session", "__Host-visite", "__Host-attente", "__Host-langue"}


def test_no_page_loads_or_sends_anything_elsewhere(reads: Reads) -> None:
    seen = 0
    for kind, address, answer in pages(reads):
        page = Page(answer.text)
        for part in page.parts:
            assert re.match(r"/(?!/)|data:|#|https://reseau\.exemple/", part), (kind, address, part)
            seen += 1
        for form in page.forms:
            assert re.match(r"/(?!/)|$", form.action), (kind, address, form.action)
        assert " style=" not in answer.text, (kind, address)
        assert " onclick=" not in answer.text, (kind, address)
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", answer.text), (kind, address)
    assert seen > 3000


class TestHost:
    """Links come from `RESEAU_BASE_URL`, whatever host a request names."""

    HEADERS = (
        {"Host": "evil.example"},
        {"Host": "evil.example:8000"},
        {"X-Forwarded-Host": "evil.example"},
        {"Forwarded": "host=evil.example;proto=http"},
        {"X-Forwarded-Proto": "http", "X-Forwarded-Port": "81"},
        {"X-Original-URL": "/mediation", "X-Rewrite-URL": "/mediation"},
        {"X-HTTP-Method-Override": "DELETE"},
    )

    @pytest.mark.parametrize("headers", HEADERS, ids=str)
    async def test_pages_and_mails_name_our_own(self, ground: Ground, reads: Reads, headers: dict[str, str]) -> None:
        world: World = ground.town.world(HTTPS)
        table, asked = RouteTable(), 0
        for kind in (VISITOR, "member", "mediator"):
            browser, known = ground.town.browser(kind, world), set()
            browser.http.headers.update(headers)
            for (whose, address), before in reads.gets.items():
                fits = table.of("GET", address.partition("?")[0])
                if whose != kind or fits is None or fits[0] in known:
                    continue
                known.add(fits[0])
                answer = await browser.get(address)
                assert answer.status_code == before.status_code, (kind, address)
                assert "evil" not in answer.text, (kind, address)
                assert "evil" not in str(answer.headers), (kind, address)
                asked += 1
        assert asked > 60
        browser = world.browser()
        browser.http.headers.update(headers)
        sent = await browser.post("/connexion", {"email": "karim@exemple.fr", "way": "mail"})
        assert sent.status_code == 303
        (newest,) = await run("select max(id) as id from outbox")
        box = (await world.browser().get(f"/demo/courrier/{newest['id']}.eml")).text
        assert f"{HTTPS}/connexion/lien/" in quopri.decodestring(box).decode(errors="replace")
        assert "evil" not in box
