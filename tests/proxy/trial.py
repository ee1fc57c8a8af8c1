"""What deploy/nginx.conf and deploy/Caddyfile promise, tried: each in front of the real application, over TLS.

Not collected by `make test`: it measures seconds under attack, and wants the machine to itself. `.ci/run` does, through
`.ci/longer.d/proxy`; by hand it is `.venv/bin/pytest tests/proxy/trial.py`.
"""

import asyncio
import re
import socket
import sqlite3
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from app.identity.throttle import STRANGERS
from app.main import FOR_EVER, LARGEST_BODY
from tests import needs
from tests.proxy.house import EMAIL, PASSWORD, House
from tests.proxy.proxies import KINDS, Proxy, missing
from tests.proxy.slow import Attack

VISITOR, ATTACKER, PLACE = "127.0.0.2", "127.0.0.3", "127.0.0.4"
"""Addresses that our clients come from: all of 127.0.0.0/8 is this machine."""
SECRET = "sEcReT0123456789"
SECRET_PATHS = [
    f"/calendriers/perso/{SECRET}.ics",
    f"/calendriers//perso/{SECRET}.ics",
    f"/connexion/lien/{SECRET}",
    f"/Connexion%2Flien/{SECRET}",
    f"/courrier/{SECRET}/stop",
    f"/offres/{SECRET}",
    f"/chercher?q={SECRET}",
]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HEADER_SECONDS = 10
"""What both files give a client for its headers."""
ATTACK_SECONDS = {"nginx": HEADER_SECONDS + 5, "caddy": 30 + 5}
"""Caddy gives 30 s for a whole form. nginx counts from one piece to the next, and holds whoever sends crumbs."""


@dataclass(frozen=True)
class Site:
    """The application behind one of the proxies."""

    kind: str
    proxy: Proxy
    house: House

    def browser(self, address: str = VISITOR) -> httpx.Client:
        """A browser at this address, that trusts the proxy's certificate."""
        transport = httpx.HTTPTransport(verify=self.proxy.trusting(), local_address=address)
        return httpx.Client(transport=transport, base_url=self.proxy.url, timeout=20)

    def tries_of_strangers(self, network: str) -> int:
        """How often somebody from this network tried an unknown account, as the application counts."""
        with closing(sqlite3.connect(self.house.file)) as database:
            key = STRANGERS.key(network)
            return int(database.execute("select count(*) from attempt where key = ?", (key,)).fetchone()[0])


@pytest.fixture(scope="module", params=list(KINDS))
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    needs.require(missing())
    folder: Path = tmp_path_factory.mktemp(request.param)
    proxy = KINDS[request.param](folder / "proxy")
    house = House(folder, proxy.url)
    house.set_up()
    proxy.configure(house.port)
    try:
        house.start()
        proxy.start()
        yield Site(request.param, proxy, house)
    finally:
        proxy.stop()
        house.close()


@pytest.fixture
def browser(site: Site) -> Iterator[httpx.Client]:
    with site.browser() as client:
        yield client


def token_in(page: httpx.Response) -> str:
    """The token of the forms of this page."""
    found = re.search(r'name="_csrf_token" value="([^"]+)"', page.text)
    assert found
    return found[1]


def start_of_form(client: httpx.Client) -> bytes:
    """A form that asks for English, whole as it is, and which more may follow."""
    return f"_csrf_token={token_in(client.get('/connexion'))}&language=en&padding=".encode()


def sign_in(client: httpx.Client, email: str, password: str, **headers: str) -> httpx.Response:
    """Fill in the form as a browser does."""
    token = token_in(client.get("/connexion"))
    form = {"_csrf_token": token, "email": email, "password": password, "device": "shared"}
    origin = {"Origin": str(client.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    return client.post("/connexion", data=form, headers={**origin, **headers})


def halves_of_a_form(client: httpx.Client, *, chunked: bool) -> tuple[bytes, bytes]:
    """A request that asks for English: a half that would do it were it taken for the whole, and the rest."""
    form = start_of_form(client)
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(form) + 10}"
    lines = ["POST /langue HTTP/1.1", "Host: localhost", "Connection: close", f"Cookie: {cookies}", length]
    head = "\r\n".join([*lines, *(f"{name}: {value}" for name, value in FORM.items()), "", ""]).encode()
    if chunked:
        return head + b"%x\r\n%b\r\n" % (len(form), form), b"0\r\n\r\n"
    return head + form, b"x" * 10


def line_to(site: Site, name: str = "localhost") -> ssl.SSLSocket:
    """A connection by HTTP/1.1 to the server of that name."""
    line = socket.create_connection(("127.0.0.1", site.proxy.https), timeout=20, source_address=(VISITOR, 0))
    try:
        return site.proxy.trusting().wrap_socket(line, server_hostname=name)
    except OSError:
        line.close()
        raise


def raw(site: Site, sent: bytes, name: str = "localhost") -> bytes:
    """All that is answered to these bytes until the server closes."""
    with line_to(site, name) as line:
        line.sendall(sent)
        answer = b""
        while piece := line.recv(65536):
            answer += piece
        return answer


class TestPages:
    def test_a_page_comes_compressed_by_the_application_with_its_headers(self, browser: httpx.Client) -> None:
        page = browser.get("/", headers={"Accept-Encoding": "br"})
        assert page.status_code == 200
        assert page.headers["content-encoding"] == "br"
        assert page.headers["strict-transport-security"] == "max-age=31536000"
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert len(page.headers.get_list("x-request-id")) == 1
        plain = browser.get("/", headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert "<!doctype html>" in plain.text.lower()

    def test_what_never_changes_is_kept_for_ever(self, browser: httpx.Client) -> None:
        names = re.findall(r'(?:href|src)="(/static/[^"#]+)', browser.get("/").text)
        assert names
        for name in names:
            answer = browser.get(name)
            assert (answer.status_code, answer.headers.get_list("cache-control")) == (200, [FOR_EVER])

    def test_head_is_get_without_its_body(self, browser: httpx.Client) -> None:
        whole = browser.get("/accessibilite", headers={"Accept-Encoding": "identity"})
        head = browser.head("/accessibilite", headers={"Accept-Encoding": "identity"})
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == whole.headers["content-length"]

    def test_a_feed_that_has_not_changed_is_not_sent_again(self, browser: httpx.Client) -> None:
        feed = browser.get("/calendriers/lieux/les-tanneurs.ics")
        assert feed.status_code == 200
        assert feed.text.startswith("BEGIN:VCALENDAR")
        assert "set-cookie" not in feed.headers
        known = {"If-None-Match": feed.headers["etag"]}
        again = browser.get("/calendriers/lieux/les-tanneurs.ics", headers=known)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == feed.headers["etag"]

    def test_by_http_2(self, site: Site) -> None:
        asked = ["curl", "-sS", "--http2", "--cacert", str(site.proxy.authority())]
        told = subprocess.run(
            [*asked, "-o", "-", "-w", "%{http_version} %{http_code}", f"{site.proxy.url}/"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        assert told.endswith("2 200")
        assert "</html>" in told

    def test_plain_http_leads_to_https_and_whoever_asks_cannot_choose_where(self, site: Site) -> None:
        for host, allowed in (("localhost", {301}), ("evil.example", {301, 200, 404, 421})):
            answer = httpx.get(f"http://127.0.0.1:{site.proxy.http}/agenda?vue=mois", headers={"Host": host})
            assert answer.status_code in allowed
            assert answer.headers.get("location") in (
                "https://localhost/agenda?vue=mois",
                *([None][answer.is_redirect :]),
            )

    @pytest.mark.parametrize("line", [b"GET /other-host HTTP/1.1", b"GET https://evil.example/other-host HTTP/1.1"])
    def test_another_name_never_reaches_the_application(self, site: Site, line: bytes) -> None:
        answer = raw(site, line + b"\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        assert b"Tanneurs" not in answer
        with pytest.raises(ssl.SSLError):
            raw(site, line + b"\r\nHost: evil.example\r\nConnection: close\r\n\r\n", name="evil.example")
        assert "/other-host" not in [each["path"] for each in site.house.requests()]


MUCH = {
    "one header of 200 kB": b"X-A: " + b"a" * 200_000 + b"\r\n",
    "a cookie of 100 kB": b"Cookie: visite=" + b"a" * 100_000 + b"\r\n",
    "two thousand headers": b"".join(b"X-%d: %s\r\n" % (each, b"a" * 90) for each in range(2000)),
}


class TestHeaders:
    @pytest.mark.parametrize("kind", MUCH)
    def test_more_than_anybody_sends_never_reaches_the_application(self, site: Site, kind: str) -> None:
        started = time.monotonic()
        with suppress(ConnectionError, ssl.SSLError):  # it may close while we still send
            answer = raw(site, b"GET /much HTTP/1.1\r\nHost: localhost\r\n" + MUCH[kind] + b"Connection: close\r\n\r\n")
            assert re.match(rb"HTTP/1\.1 4(00|31) |$", answer), answer[:80]
        assert time.monotonic() - started < 5
        assert "/much" not in [each["path"] for each in site.house.requests()]

    def test_without_a_proxy_they_do(self, site: Site) -> None:
        """The positive control."""
        with httpx.Client(base_url=f"http://127.0.0.1:{site.house.port}") as client:
            assert client.get("/healthz", headers={"X-A": "a" * 200_000}).status_code == 200

    def test_what_browsers_send_arrives(self, browser: httpx.Client) -> None:
        cookies = "; ".join(f"other{each}={'a' * 900}" for each in range(8))
        assert browser.get("/accessibilite", headers={"Cookie": cookies}).status_code == 200


class TestForms:
    def test_signing_in_gives_cookies_that_only_this_site_over_https_can_set_and_read(
        self, browser: httpx.Client
    ) -> None:
        answer = sign_in(browser, EMAIL, PASSWORD)
        assert answer.status_code == 303
        (session,) = [each for each in answer.headers.get_list("set-cookie") if each.startswith("__Host-session=")]
        attributes = {part.strip().lower() for part in session.split(";")[1:]}
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= attributes
        assert "domain" not in session.lower()
        # she keeps the accounts: her name stands on the page that asks for the second code
        assert "Rosa" in browser.get("/connexion/deuxieme-code").text

    def test_a_form_of_another_site_is_refused(self, browser: httpx.Client) -> None:
        assert sign_in(browser, EMAIL, PASSWORD, Origin="https://evil.example").status_code == 403

    def test_a_form_in_chunks_arrives_whole(self, browser: httpx.Client) -> None:
        form = start_of_form(browser)
        answer = browser.post("/langue", content=iter([form[:10], form[10:], b"x" * 100]), headers=FORM)
        assert answer.status_code == 303
        assert "__Host-langue=en" in answer.headers["set-cookie"]

    @pytest.mark.parametrize("chunked", [False, True], ids=["announced", "in chunks"])
    def test_what_is_too_large_is_refused_at_once(self, site: Site, browser: httpx.Client, chunked: bool) -> None:
        before = len(site.house.requests())
        body = start_of_form(browser).ljust(LARGEST_BODY + 1, b"x")
        started = time.monotonic()
        answer = browser.post("/langue", content=iter([body]) if chunked else body, headers=FORM)
        assert (answer.status_code, time.monotonic() - started < 1) == (413, True)
        assert "C’est trop long" in answer.text
        # Behind it none was done: 413, or 400 where Caddy had begun to pass it on and cut it off.
        behind = {each["status"] for each in site.house.requests()[before:] if each["method"] == "POST"}
        assert behind <= ({413, 400} if site.kind == "caddy" else {413})

    def test_what_is_just_not_too_large_arrives(self, site: Site, browser: httpx.Client) -> None:
        body = start_of_form(browser).ljust(LARGEST_BODY, b"x")
        reference = browser.post("/langue", content=body, headers=FORM).headers["x-request-id"]
        deadline = time.monotonic() + 5  # its line may come after its answer
        while reference not in [each["reference"] for each in site.house.requests()]:
            assert time.monotonic() < deadline, "this answer is not the application's"

    def test_photos_may_be_larger_where_they_are_sent(self, site: Site, browser: httpx.Client) -> None:
        body = start_of_form(browser).ljust(LARGEST_BODY * 4, b"x")
        reference = browser.post("/comptes/achats", content=body, headers=FORM).headers["x-request-id"]
        deadline = time.monotonic() + 5
        while reference not in [each["reference"] for each in site.house.requests()]:
            assert time.monotonic() < deadline, "this answer is not the application's"
        too_large = browser.post("/comptes/achats", content=body.ljust(14 * 1024**2, b"x"), headers=FORM)
        assert too_large.status_code == 413

    @pytest.mark.parametrize("chunked", [False, True], ids=["announced", "in chunks"])
    def test_half_a_form_is_never_taken_for_a_whole_one(self, site: Site, browser: httpx.Client, chunked: bool) -> None:
        half, rest = halves_of_a_form(browser, chunked=chunked)
        before = len(site.house.requests())
        with line_to(site) as line:
            line.sendall(half)
            time.sleep(0.5)
        time.sleep(1)  # the application would have answered by now
        assert [each for each in site.house.requests()[before:] if each["status"] == 303] == []
        assert raw(site, half + rest).startswith(b"HTTP/1.1 303 "), "the whole one is no form either"


class TestWhoAsks:
    def test_the_application_counts_by_the_address_that_the_proxy_sees(self, site: Site) -> None:
        forged = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "X-Real-IP": "203.0.113.9"}
        address = "127.0.0.77"
        with site.browser(address) as client:
            assert sign_in(client, "nobody@exemple.fr", "wrong", **forged).status_code == 422
        assert site.tries_of_strangers(address) == 1
        assert site.tries_of_strangers("203.0.113.9") == 0

    def test_without_a_proxy_the_forged_address_counts(self, site: Site) -> None:
        """The positive control: what the last test looks at is what a forger would want to choose."""
        with httpx.Client(base_url=f"http://127.0.0.1:{site.house.port}") as client:
            page = client.get("/connexion")  # cookies are Secure: they are sent by hand
            answer = client.post(
                "/connexion",
                data={
                    "_csrf_token": token_in(page),
                    "email": "nobody@exemple.fr",
                    "password": "wrong",
                    "device": "shared",
                },
                headers={"Cookie": page.headers["set-cookie"].partition(";")[0], "X-Forwarded-For": "198.51.100.7"},
            )
            assert answer.status_code == 422
        assert site.tries_of_strangers("198.51.100.7") == 1


class TestLogs:
    def test_no_log_keeps_a_secret_address_whether_the_application_runs_or_not(self, site: Site) -> None:
        def ask_for_all() -> None:
            with site.browser() as client:
                for path in SECRET_PATHS:
                    client.get(path)
                client.get("/accessibilite", headers={"Referer": f"{site.proxy.url}/connexion/lien/{SECRET}"})
                client.post(f"/connexion/lien/{SECRET}", content=b"x" * (LARGEST_BODY + 1))
                httpx.get(f"http://localhost:{site.proxy.http}{SECRET_PATHS[0]}")

        ask_for_all()
        site.house.stop()
        try:
            ask_for_all()
        finally:
            site.house.start()
        written = site.proxy.written()
        assert SECRET not in written
        for kept in ("/calendriers/perso/…", "/connexion/lien/…", "/courrier/…", "/offres/…", "/accessibilite"):
            assert kept in written


class TestRestart:
    def test_meanwhile_a_page_says_so_and_then_all_goes_on(self, site: Site, browser: httpx.Client) -> None:
        assert browser.get("/").status_code == 200
        site.house.stop()
        try:
            for method in ("GET", "POST", "HEAD"):
                answer = browser.request(method, "/langue")
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
                assert answer.headers["content-type"] == "text/html; charset=utf-8"
                assert answer.headers["cache-control"] == "no-store"
                assert ("Le site redémarre." in answer.text) is (method != "HEAD")
        finally:
            site.house.start()
        assert browser.post("/langue", content=start_of_form(browser), headers=FORM).status_code == 303


COUNTS = {"headers": 200, "form": 120, "reading": 30}
BY_TLS = {"handshake": 50, "headers by HTTP/2": 50, "form by HTTP/2": 30}


class TestSlowClients:
    async def test_they_hold_uvicorn_when_nothing_stands_before_it(self, site: Site) -> None:
        """The positive control, as long as it takes the proxies to end the slow headers."""
        if site.kind != "nginx":
            pytest.skip("it would be the same without Caddy as without nginx")
        attack = Attack(site.house.port, None, ATTACKER, COUNTS)
        under_way = asyncio.create_task(attack.run(HEADER_SECONDS + 2))
        await asyncio.sleep(HEADER_SECONDS + 1)
        held, seen = {kind: attack.held(kind) for kind in COUNTS}, site.house.connections()
        await under_way
        print(f"\nuvicorn alone holds {seen} connections of {sum(COUNTS.values())} slow clients")
        assert seen >= sum(COUNTS.values())
        assert held == COUNTS

    async def test_the_proxy_holds_them_off_and_everybody_else_gets_pages(
        self, site: Site, browser: httpx.Client
    ) -> None:
        seconds, counts = ATTACK_SECONDS[site.kind], COUNTS | BY_TLS
        attack = Attack(site.proxy.https, site.proxy.trusting(), ATTACKER, counts, site.proxy.trusting("h2"))
        halves = []
        for chunked in (False, True):  # of somebody who waits, until the time-out for a body
            halves.append(line_to(site))
            halves[-1].sendall(halves_of_a_form(browser, chunked=chunked)[0])
        before = len(site.house.requests())
        under_way = asyncio.create_task(attack.run(seconds))
        transport = httpx.AsyncHTTPTransport(verify=site.proxy.trusting(), local_address=VISITOR)
        waits, seen = [], []
        async with httpx.AsyncClient(transport=transport, base_url=site.proxy.url, timeout=20) as visitor:
            await asyncio.sleep(1.5)  # all of them have begun
            assert len(attack.clients) == sum(counts.values())
            end = time.monotonic() + seconds - 2.5
            while time.monotonic() < end:
                started = time.monotonic()
                page = await visitor.get("/accessibilite", headers={"Connection": "close"})
                waits.append(time.monotonic() - started)
                assert page.status_code == 200
                seen.append(site.house.connections())
                await asyncio.sleep(0.25)
        held = {kind: attack.held(kind) for kind in counts}
        await under_way
        print(f"\n{site.kind}, {sum(counts.values())} slow clients: {len(waits)} pages, each in {max(waits):.3f} s")
        print(f"uvicorn has {max(seen)} connections at most, {seen[-1]} at the end; {site.kind} still holds {held}")
        assert max(waits) < 1
        # Reading is what the proxy may ask for on their behalf, one connection each; it keeps as many open, idle.
        assert max(seen) <= COUNTS["reading"] + 10, "slow headers or forms reach uvicorn"
        assert (held["handshake"], held["headers"]) == (0, 0)
        if site.proxy.ends_slow_forms:
            assert held["form"] == 0
        for line in halves:
            line.close()
        done = [each for each in site.house.requests()[before:] if each["method"] == "POST" and each["status"] == 303]
        assert done == [], "half a form was taken for a whole one"

    async def test_a_place_with_thirty_people_is_one_address_and_a_flood_harms_its_own_alone(self, site: Site) -> None:
        if site.kind != "nginx":
            pytest.skip("Caddy counts no connections")
        attack = Attack(site.proxy.https, site.proxy.trusting(), PLACE, {"form": 180})
        under_way = asyncio.create_task(attack.run(3))
        await asyncio.sleep(2.5)
        with site.browser(PLACE) as neighbour:
            assert neighbour.get("/").status_code == 200
        await under_way
        assert attack.answers("form") == []
        flood = Attack(site.proxy.https, site.proxy.trusting(), PLACE, {"form": 230})
        under_way = asyncio.create_task(flood.run(4))
        await asyncio.sleep(3)
        with site.browser(PLACE) as neighbour, site.browser() as visitor:
            refused = neighbour.get("/")
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
            assert "Trop de demandes" in refused.text
            assert visitor.get("/").status_code == 200
        await under_way
        assert flood.answers("form") == [b"HTTP/1.1 429 Too Many Requests"] * 30
