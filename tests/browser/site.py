"""The pages that one person can reach, found by following links as a reader does, one or two of each kind."""

import re
from html import unescape
from urllib.parse import parse_qs, urljoin, urlsplit

from playwright.async_api import Page

LINK = re.compile(r'<a [^>]*?href="([^"]*)"')
_NUMBER = re.compile(r"/\d+(?=/|$)")
_TOKEN = re.compile(r"^/(courrier|offres)/[^/]+")
_PLACE = re.compile(r"^/lieux/[^/]+")


def kind_of(address: str) -> str:
    """What makes two addresses the same kind of page: the path without its numbers, the names of its parameters."""
    split = urlsplit(address)
    path = _TOKEN.sub(r"/\1/…", _PLACE.sub("/lieux/…", _NUMBER.sub("/…", split.path)))
    names = sorted(parse_qs(split.query, keep_blank_values=True))
    return path + ("?" + "&".join(names) if names else "")


async def pages_of(page: Page, *, most: int = 1) -> list[str]:
    """Addresses of the pages that this page's session reaches from the first one, at most so many of each kind.

    Fails on a link that leads to an error. Calendars, which are not pages, are read, too, and left out.
    """
    found, seen, waiting, broken = [], {"/"}, ["/"], []
    kinds: dict[str, int] = {}
    while waiting:
        address = waiting.pop(0)
        kind = kind_of(address)
        if kinds.get(kind, 0) >= most:
            continue
        kinds[kind] = kinds.get(kind, 0) + 1
        answer = await page.request.get(address)
        if answer.status != 200 and address not in EXPECTED:
            broken.append(f"{address}: {answer.status}")
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        if urlsplit(answer.url).path == urlsplit(address).path:  # else it led on to another page, which has its turn
            found.append(address)
        for href in LINK.findall(await answer.text()):
            there, here = urlsplit(urljoin(answer.url, unescape(href))), urlsplit(answer.url)
            path = there.path + ("?" + there.query if there.query else "")
            if (there.scheme, there.netloc) == (here.scheme, here.netloc) and path not in seen:
                seen.add(path)
                waiting.append(path)
    assert not broken, "links that lead to errors:\n" + "\n".join(broken)
    return found


EXPECTED = {"/ateliers/nouveau"}
"""To mediators this page says why they do not propose, as a 403."""
