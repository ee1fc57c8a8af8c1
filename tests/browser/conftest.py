"""Chromium for the tests in this folder: one browser and one server for each test process, a new context for each test.

`phone` and `desktop` are pages of a phone and of a computer, `page` is both in turn, `no_js` is a phone without
JavaScript, `new_page` opens more of them, and `member` those of people who are signed in. All of them watch: an error
in the console, a request to another machine, a warning in the server's log fail the test during which they came.
Playwright's asynchronous interface is used, on one event loop for all of this folder: the synchronous one would leave
a running loop behind, on which every other asynchronous test of the process breaks.
"""

import inspect
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    StorageState,
    async_playwright,
)

from tests import needs
from tests.browser.server import LiveServer, demonstration, troubles
from tests.browser.steps import sign_in

HERE = Path(__file__).parent
DEVICES: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "desktop": {"viewport": {"width": 1280, "height": 900}},
}
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE_MS = 15_000
# The answers by which the application says no (docs/interface.md); Chromium reports each as an error.
A_REFUSAL = re.compile(
    r"^Failed to load resource: the server responded with a status of (403|404|409|410|422|429|503) "
)
FAILED = pytest.StashKey[bool]()
LOG_SINCE = pytest.StashKey[tuple[LiveServer, int]]()

PageOpener = Callable[..., Awaitable[Page]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.function):
                item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    if report.failed:
        item.stash[FAILED] = True
        if LOG_SINCE in item.stash:
            server, start = item.stash[LOG_SINCE]
            report.sections.append(("server log", server.written(since=start)[-4000:]))
    return report


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The one Chromium of this test process."""
    needs.require(needs.missing_for_browser())
    # Chromium's sandbox refuses to work for root.
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=needs.chromium(), args=[*QUIET, *as_root])
        yield chromium
        await chromium.close()


class Watch:
    """Notes what should not happen in a context while a test goes on."""

    def __init__(self, context: BrowserContext, *, offline: bool = False) -> None:
        self.complaints: list[str] = []
        self.offline = offline
        """Whether the test takes the network away: of that the browser may complain."""
        context.on("console", self._said)
        context.on("weberror", lambda error: self.complaints.append(f"script error: {error.error}"))
        context.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        if self.offline and ("net::ERR_INTERNET_DISCONNECTED" in message.text or "Failed to fetch" in message.text):
            return
        where = message.location["url"]
        of_a_page = "." not in urlsplit(where).path.rpartition("/")[2]
        if not (of_a_page and A_REFUSAL.match(message.text)):
            self.complaints.append(f"console {message.type}: {message.text} ({where})")

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).hostname not in ("127.0.0.1", None):
            self.complaints.append(f"request to another machine: {request.url}")


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[PageOpener]:
    """`await open_page("phone" or "desktop", javascript=True, **more)`: a page of a new context, as a new person has.

    `more` goes to Playwright's `new_context`, such as `base_url` or `color_scheme`. A test that fails leaves pictures.
    """
    opened: list[tuple[BrowserContext, Watch]] = []

    async def open_one(device: str, *, javascript: bool = True, **more: Any) -> Page:
        options: dict[str, Any] = {
            "locale": "fr-FR",
            "timezone_id": "Europe/Paris",
            "reduced_motion": "reduce",
            "java_script_enabled": javascript,
            **DEVICES[device],
            **more,
        }
        context = await browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        opened.append((context, Watch(context, offline=request.node.get_closest_marker("offline") is not None)))
        return await context.new_page()

    yield open_one

    if request.node.stash.get(FAILED, False):
        pages = [page for context, _ in opened for page in context.pages]
        for number, page in enumerate(pages, start=1):
            await page.screenshot(path=tmp_path / f"page-{number}.png", full_page=True)
            print(f"{page.url} as it was: {tmp_path / f'page-{number}.png'}")
    for context, _ in opened:
        await context.close()
    complaints = [complaint for _, watch in opened for complaint in watch.complaints]
    assert not complaints, "the browser complained:\n" + "\n".join(complaints)


@pytest.fixture(scope="session")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The one server of this test process; tests ask for `live_server`."""
    needs.require(needs.missing_for_browser())
    with demonstration(tmp_path_factory.mktemp("demo")) as server:
        yield server


@pytest.fixture
def live_server(request: pytest.FixtureRequest, running_server: LiveServer) -> Iterator[LiveServer]:
    """The demonstration, served; the test fails when a warning or an error comes into its log meanwhile."""
    before = running_server.size()
    request.node.stash[LOG_SINCE] = (running_server, before)
    yield running_server
    found = troubles(running_server.written(since=before))
    assert not found, "the server complained:\n" + "\n".join(found)


@pytest.fixture
def new_page(open_page: PageOpener, live_server: LiveServer) -> PageOpener:
    """`open_page`, on the demonstration: `await page.goto("/agenda")` is enough."""

    async def open_one(device: str, **more: Any) -> Page:
        return await open_page(device, base_url=live_server.url, **more)

    return open_one


@pytest.fixture(scope="session")
def sessions() -> dict[str, StorageState]:
    """The cookies of those who have signed in, by mail address."""
    return {}


@pytest.fixture
def member(new_page: PageOpener, sessions: dict[str, StorageState]) -> PageOpener:
    """`await member("samira@exemple.fr", "phone", **more)`: a new browser in which this person is signed in.

    Everybody signs in once in a test process: their browsers share that one session.
    """

    async def open_one(email: str, device: str = "phone", **more: Any) -> Page:
        if email not in sessions:
            page = await new_page(device)
            await sign_in(page, email)
            sessions[email] = await page.context.storage_state()
            await page.close()
        return await new_page(device, storage_state=sessions[email], **more)

    return open_one


@pytest_asyncio.fixture(loop_scope="session")
async def phone(new_page: PageOpener) -> Page:
    """A page on a phone."""
    return await new_page("phone")


@pytest_asyncio.fixture(loop_scope="session")
async def desktop(new_page: PageOpener) -> Page:
    """A page on a computer."""
    return await new_page("desktop")


@pytest_asyncio.fixture(loop_scope="session")
async def no_js(new_page: PageOpener) -> Page:
    """A page on a phone without JavaScript; axe-core, a script itself, cannot judge it."""
    return await new_page("phone", javascript=False)


@pytest_asyncio.fixture(loop_scope="session", params=["phone", "desktop"])
async def page(request: pytest.FixtureRequest, new_page: PageOpener) -> Page:
    """A page on a phone, then on a computer: the test runs twice."""
    return await new_page(request.param)
