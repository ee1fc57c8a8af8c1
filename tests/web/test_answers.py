"""Where a POST may lead: to our own pages, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.answers import own_path
from tests.web.probe import world

OURS = ["/", "/ateliers/12?du=2026-11-24#inscription", "/agenda?genre=ateliers&q=caf%C3%A9", "/lieux/l’été", "/a//b"]
NOT_OURS = [
    "",
    None,
    "agenda",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/a\\b",
    "https://evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "/\tevil",
    "/\n/evil.example",
    "/a\r\nSet-Cookie: x=1",
    "/a b",
    "/a\x00",
    "/a\x7f",
    " /agenda",
    "/" + "a" * 500,
]


@pytest.mark.parametrize("path", OURS)
def test_our_own_paths_are_kept(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize("path", NOT_OURS)
def test_the_rest_leads_to_the_default(path: str | None) -> None:
    assert own_path(path) == "/"
    assert own_path(path, "/agenda") == "/agenda"


@given(st.text(alphabet="/\\ab:. \t\n\r%@?#é\u2028"))
def test_a_kept_path_never_leaves(written: str) -> None:
    kept = own_path(written, "/défaut")
    assert kept.startswith("/")
    assert not kept.startswith(("//", "/\\"))
    assert not set(kept) & set("\\ \t\n\r")


class TestGoTo:
    async def test_it_is_a_see_other_that_nothing_keeps(self) -> None:
        answer = await world().browser().post("/essai/mot", {"name": "x", "to": "/essai?a=1#b"})
        assert answer.status_code == 303
        assert answer.headers["location"] == "/essai?a=1#b"
        assert answer.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize(
        ("to", "location"),
        [
            ("//evil.example", "/"),
            ("/a\r\nX-Evil: 1", "/"),
            ("/lieux/l’été?q=a%20b", "/lieux/l%E2%80%99%C3%A9t%C3%A9?q=a%20b"),
            ("/a\u2028b", "/a%E2%80%A8b"),
        ],
    )
    async def test_the_address_is_ours_and_ascii(self, to: str, location: str) -> None:
        answer = await world().browser().post("/essai/mot", {"name": "x", "to": to})
        assert (answer.status_code, answer.headers["location"]) == (303, location)
        assert "x-evil" not in answer.headers

    async def test_under_htmx_the_browser_loads_the_page(self) -> None:
        answer = await world().browser().partial("/essai/mot", {"name": "x", "to": "/essai"})
        assert (answer.status_code, answer.headers["hx-redirect"], answer.content) == (200, "/essai", b"")
        assert "location" not in answer.headers
