"""The harness itself: it finds what it is there to find, and lets a sound page pass.

The pages are small and served from here, so that these tests say nothing about the application.
"""

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.browser.axe import assert_accessible, violations
from tests.browser.conftest import PageOpener, Watch
from tests.browser.server import demonstration, troubles

SOUND = """<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Une page</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><main><h1>Une page</h1><form><label for="nom">Nom</label> <input id="nom" name="nom"></form>
</main></body></html>"""
FAULTY = SOUND.replace('<label for="nom">Nom</label>', "Nom")
PALE = SOUND.replace("</h1>", "</h1><p class='pale'>Trop pâle</p>").replace(
    "</head>", '<link rel="stylesheet" href="/pale.css"></head>'
)
INLINE = SOUND.replace("<main>", "<main><script>document.title = 'changé'</script>")
SCRIPTED = SOUND.replace("<body>", '<body><script src="/script.js" defer></script>')
BROKEN = SOUND.replace("<body>", '<body><script src="/broken.js" defer></script>')
ABROAD = SOUND.replace("</head>", '<link rel="stylesheet" href="http://127.0.0.2:9/x.css"></head>')
LOST = SOUND.replace("</head>", '<link rel="stylesheet" href="/perdue.css"></head>')

PAGES = {
    "/": SOUND,
    "/faulty": FAULTY,
    "/pale": PALE,
    "/inline": INLINE,
    "/scripted": SCRIPTED,
    "/broken": BROKEN,
    "/abroad": ABROAD,
    "/lost": LOST,
    "/refused": SOUND,
}
FILES = {
    "/pale.css": ("text/css", ".pale { color: #bbb; background: #fff }"),
    "/script.js": ("text/javascript", "document.querySelector('h1').textContent = 'Avec script'"),
    "/broken.js": ("text/javascript", "il.y.a.une.faute"),
    "/favicon.ico": ("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg'/>"),
}
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'"


class SmallPages(BaseHTTPRequestHandler):
    """Serves PAGES under the application's strict policy."""

    def do_GET(self) -> None:
        kind, body = FILES.get(self.path, ("text/html; charset=utf-8", PAGES.get(self.path, "")))
        status = 404 if not body else 409 if self.path == "/refused" else 200
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if self.path != "/abroad":
            self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def small_pages() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), SmallPages)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


async def opened(open_page: PageOpener, base_url: str, path: str, device: str = "phone", **more: Any) -> Page:
    page = await open_page(device, base_url=base_url, **more)
    await page.goto(path)
    return page


class TestAxe:
    async def test_it_passes_a_sound_page(self, open_page: PageOpener, small_pages: str) -> None:
        await assert_accessible(await opened(open_page, small_pages, "/"))

    @pytest.mark.parametrize(("path", "rule"), [("/faulty", "label"), ("/pale", "color-contrast")])
    async def test_it_finds_a_planted_fault(
        self, open_page: PageOpener, small_pages: str, path: str, rule: str
    ) -> None:
        page = await opened(open_page, small_pages, path)
        assert [violation.rule for violation in await violations(page)] == [rule]
        with pytest.raises(AssertionError, match=f"{rule}: "):
            await assert_accessible(page)


class TestDevices:
    async def test_they_are_a_french_phone_and_a_french_computer(self, open_page: PageOpener, small_pages: str) -> None:
        seen = {
            device: await (await opened(open_page, small_pages, "/", device)).evaluate(
                "[innerWidth, innerHeight, navigator.language, Intl.DateTimeFormat().resolvedOptions().timeZone]"
            )
            for device in ("phone", "desktop")
        }
        assert seen == {
            "phone": [390, 844, "fr-FR", "Europe/Paris"],
            "desktop": [1280, 900, "fr-FR", "Europe/Paris"],
        }

    async def test_one_can_do_without_javascript(self, open_page: PageOpener, small_pages: str) -> None:
        with_it = await opened(open_page, small_pages, "/scripted")
        without = await opened(open_page, small_pages, "/scripted", javascript=False)
        assert await with_it.locator("h1").inner_text() == "Avec script"
        assert await without.locator("h1").inner_text() == "Une page"


class TestWatch:
    async def complaints(self, browser: Browser, url: str) -> list[str]:
        context = await browser.new_context()
        watch = Watch(context)
        page = await context.new_page()
        await page.goto(url)
        await context.close()
        return watch.complaints

    @pytest.mark.parametrize("path", ["/", "/refused"])
    async def test_it_is_silent_on_a_page_in_order_and_on_a_refusal(
        self, browser: Browser, small_pages: str, path: str
    ) -> None:
        assert await self.complaints(browser, small_pages + path) == []

    @pytest.mark.parametrize(
        ("path", "word"),
        [("/inline", "Content Security Policy"), ("/lost", "/perdue.css"), ("/broken", "script error: ")],
    )
    async def test_it_notes_what_is_wrong(self, browser: Browser, small_pages: str, path: str, word: str) -> None:
        found = await self.complaints(browser, small_pages + path)
        assert len(found) == 1
        assert word in found[0]

    async def test_it_notes_a_request_to_another_machine(self, browser: Browser, small_pages: str) -> None:
        found = await self.complaints(browser, small_pages + "/abroad")
        assert found[0] == "request to another machine: http://127.0.0.2:9/x.css"


class TestServer:
    def test_it_lets_requests_pass_and_stops_at_warnings(self) -> None:
        quiet = [
            '{"level": "INFO", "logger": "uvicorn.error", "event": "Started server process"}',
            '{"level": "INFO", "logger": "app", "path": "/erreur", "status": 404}',
        ]
        loud = [
            '{"level": "WARNING", "logger": "app", "event": "slow"}',
            '{"level": "ERROR", "logger": "app", "status": 500}',
            "Traceback (most recent call last):",
            "x.py:1: DeprecationWarning: old",
        ]
        assert troubles("\n".join([*quiet, *loud])) == loud

    def test_it_says_what_a_program_wrote_that_did_not_start(self, tmp_path: Path) -> None:
        program = tmp_path / "reseau"
        program.write_text('#!/bin/sh\necho "no: $1 $4"\nexit 3\n')
        program.chmod(0o755)
        with pytest.raises(RuntimeError, match=r"ended with 3:\nno: demo --database"), demonstration(tmp_path, program):
            pytest.fail("it never answered")


class TestLoops:
    async def test_this_folder_shares_one_loop_that_other_tests_do_not_see(self) -> None:
        assert asyncio.get_running_loop().is_running()

    def test_no_loop_is_left_running_behind(self) -> None:
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
