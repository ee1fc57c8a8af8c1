"""What a POST answers: a redirect to the thing, with a word for the next page; and which paths may be gone to."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlsplit

from litestar import Response
from litestar.datastructures import Cookie

from app.web.flash import Flash, flash_header
from app.web.rendering import ANY_REQUEST, VARY, house_of, wants_fragment

_AS_WRITTEN = "%/?#[]@!$&'()*+,;=:~"
"""What an address may hold besides letters and digits (RFC 3986, 2.2); the rest is escaped, as headers are ASCII."""
_OWN_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\x7f\\]*")


def own_path(written: str | None, default: str = "/") -> str:
    """The path if it stays on our site, else the default. `//evil.example`, `/\\evil` and `https:` do not."""
    if written and len(written) <= 500 and _OWN_PATH.fullmatch(written):
        return written
    return default


def came_from(request: ANY_REQUEST, default: str = "/") -> str:
    """The page of ours on which the form stood, as the browser says; else the default."""
    try:
        referer = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return default
    if referer.netloc not in (house_of(request).settings.host, request.headers.get("host", "")):
        return default
    return own_path(referer.path + ("?" + referer.query if referer.query else ""), default)


def go_to(
    request: ANY_REQUEST, path: str, *, flash: Flash | None = None, cookies: list[Cookie] | None = None
) -> Response[Any]:
    """303 to one of our paths; under htmx, the header that makes the browser load the whole page."""
    path = quote(own_path(path), safe=_AS_WRITTEN)
    headers = {"Cache-Control": "no-store", "Vary": VARY}
    if flash is not None:
        headers["Set-Cookie"] = flash_header(house_of(request).settings, flash)
    whole_page = wants_fragment(request)
    headers["HX-Redirect" if whole_page else "Location"] = path
    status = 200 if whole_page else 303
    return Response(content=b"", status_code=status, headers=headers, cookies=cookies, media_type="text/html")
