"""What an attacker writes into a field, and the wire that it trips in Chromium when it is taken for more than text.

Each payload carries a mark of its own, by which it is found again in whatever shows it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Dialog, Page, Request

from app.web.forms import clean_line

CANARY = "canary.test"
PRODUCT = "50337"
"""7191 times 7: nobody writes it, so whoever shows it has calculated."""
MARK = re.compile(r"zq\d{4}")
ANYWHERE = (
    "{m}\"'></title></textarea></script><svg/onload=wire()>",
    '{m}" data-wire autofocus onfocus="wire()" x="',
    "{m}' data-wire autofocus onfocus='wire()' x='",
    "{m}<img src=//canary.test/{m} onerror=wire()>",
    "{m}{{{{7191*7}}}}{{%print(7191*7)%}}${{7191*7}}#{{7191*7}}",
    "javascript:wire()//{m}",
    "{m}</style><style>@import'//canary.test/{m}'</style>",
    "{m}<svg><animate onbegin=wire() attributeName=x>",
    "{m}＜svg/onload=wire()＞\u202e&lt;svg/onload=wire()&gt;",
    "{m}%3Csvg/onload=wire()%3E\\u003csvg onload=wire()\\u003e",
    "{m}--><!--]]><svg/onload=wire()>*/wire()/*",
    "{m}[x](javascript:wire()) ![y](//canary.test/{m})",
    '{m}<iframe srcdoc="<script>parent.wire()</script>">',
    "{m}\r\nBcc: {m}@canary.test",
    "{m} =?utf-8?q?=0D=0ABcc:_{m}=40canary.test?=",
    "{m}\0\x0b\x85\u2028Bcc: {m}@canary.test",
    "{m}\r\nATTENDEE:mailto:{m}@canary.test",
)
SHORT = ('{m}"><svg/onload=wire()>', "{m}'><img src=x onerror=wire()>", "{m}{{{{7191*7}}}}{{%print(7191*7)%}}")
"""For fields of 40 letters."""
LONG = (*ANYWHERE, "{m}\u2028BEGIN:VEVENT", "END:VEVENT{m}", "=cmd|'/C calc'!A0{m}", "> {m} <script>wire()</script>")
"""A line each, for fields of several lines."""
LINES = 9
"""What every such field has room for."""
ADDRESS = "{m}'{{{{7191*7}}}}@exemple.fr"
"""All of it may stand before the @."""

WIRE = """
window.wired = [];
window.wire = () => { window.wired.push('a script ran'); };
for (const name of ['alert', 'confirm', 'prompt']) window[name] = window.wire;
addEventListener('securitypolicyviolation',
    (event) => window.wired.push(`policy: ${event.violatedDirective} ${event.blockedURI}`));
"""
LOOK = """(styles) => {
    const strange = [
        '[data-wire]', '[autofocus][onfocus]', '[onload]', '[onerror]', '[onfocus]', '[onbegin]', '[srcdoc]',
        'script:not([src])', 'iframe', 'object', 'embed', 'base', 'math', 'animate', 'meta[http-equiv]', 'marquee',
        'img[src*="canary"]', '[href^="javascript:" i]', '[action^="javascript:" i]', '[formaction]',
    ].join(',');
    const told = [...document.querySelectorAll(strange)].map((each) => 'element: ' + each.outerHTML.slice(0, 160));
    const sheets = document.querySelectorAll('style').length;
    if (sheets !== styles) told.push(`element: ${sheets} <style>`);
    const written = [...document.querySelectorAll('input, textarea, option')].map((each) => each.value);
    document.querySelectorAll('br').forEach((each) => each.append('\\n'));
    const text = [document.title, document.documentElement.textContent, ...written].join('\\n');
    return [[...window.wired, ...told], text];
}"""


@dataclass(frozen=True, slots=True)
class Planted:
    """A payload in a field."""

    mark: str
    where: str
    text: str
    """As whoever reads it is to see it."""


@dataclass
class Sower:
    """Hands out payloads, no two with the same mark."""

    planted: dict[str, Planted] = field(default_factory=dict)
    _anywhere: Any = field(default_factory=lambda: cycle(ANYWHERE))
    _long: Any = field(default_factory=lambda: cycle(LONG))
    _short: Any = field(default_factory=lambda: cycle(SHORT))

    def line(self, where: str) -> str:
        """For a field of one line."""
        return self._made(next(self._anywhere), where)

    def short(self, where: str) -> str:
        """For a field of forty letters."""
        return self._made(next(self._short), where)

    def long(self, where: str) -> str:
        """For a field of several lines."""
        return "\n".join(self._made(next(self._long), where) for _ in range(LINES))

    def address(self, where: str) -> str:
        """For a field that takes an address."""
        return self._made(ADDRESS, where)

    def _made(self, payload: str, where: str) -> str:
        mark = f"zq{len(self.planted):04}"
        written = payload.format(m=mark)
        self.planted[mark] = Planted(mark, where, one_space(clean_line(written)))
        return written


def one_space(text: str) -> str:
    """The text with its runs of spaces, of whatever kind, as one."""
    return re.sub(r"\s+", " ", text)


@dataclass
class Seen:
    """What one page did, and said."""

    trips: list[str]
    text: str


class Tripwire:
    """Watches one context: `await wire.look(page, address)` opens a page there."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self._trips: list[str] = []
        context.on("request", self._asked)
        context.on("dialog", self._dialog)
        context.on("weberror", lambda error: self._trips.append(f"error: {error.error}"))

    @classmethod
    async def across(cls, context: BrowserContext) -> Tripwire:
        """Over a context that has no page yet."""
        await context.add_init_script(WIRE)
        await context.route(lambda url: urlsplit(url).hostname == CANARY, lambda route: route.abort())
        return cls(context)

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).hostname == CANARY:
            self._trips.append(f"request: {request.url}")

    async def _dialog(self, dialog: Dialog) -> None:
        self._trips.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    async def look(self, page: Page, address: str, *, styles: int = 0) -> Seen:
        """What happens when this address is opened. `styles`: how many sheets it holds itself, as only mails do."""
        self._trips.clear()
        await page.goto(address, wait_until="load")
        return await self.now(page, styles=styles)

    async def now(self, page: Page, *, styles: int = 0) -> Seen:
        """What has happened on the page as it stands."""
        found, text = await page.evaluate(LOOK, styles)
        if PRODUCT in text:
            found.append("a template calculated")
        return Seen([*self._trips, *found], one_space(text))

    async def look_at(
        self, page: Page, address: str, body: bytes, headers: dict[str, str], *, status: int = 200, styles: int = 0
    ) -> Seen:
        """The same for an answer that was got otherwise, as if it stood at this address."""

        async def answer(route: Any) -> None:
            await route.fulfill(status=status, headers=headers, body=body)

        await page.route(address, answer)
        try:
            return await self.look(page, address, styles=styles)
        finally:
            await page.unroute(address, answer)
