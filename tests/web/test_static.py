"""Static files: names that follow their content, and what browsers get of them."""

from __future__ import annotations

import gzip
from pathlib import Path

import brotli  # type: ignore[import-untyped]  # it comes without types
import pytest

from app.web.static import BUNDLE, STATIC_DIR, read_static_files, static_files
from tests.client import World, words

SHEET = static_files().url(BUNDLE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "css").mkdir()
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts/title.woff2").write_bytes(b"wOF2 title")
    (tmp_path / "icon.svg").write_text("<svg/>")
    (tmp_path / "css/00-fonts.css").write_text(
        '/* order */\n@layer a, b;\n\n@font-face { src: url(../fonts/title.woff2) format("woff2"); }\n'
    )
    (tmp_path / "css/10-base.css").write_text(
        '@layer a {\n  p::before { content: "/* kept */"; } /* and\n more */\n'
        '  a { mask: url("#m"); b: url(data:,x) }\n}\n'
    )
    (tmp_path / "css/other.css").write_text("i { background: url('../icon.svg'); }\n")
    return tmp_path


class TestReading:
    def test_the_name_follows_the_content(self, folder: Path) -> None:
        before = read_static_files(folder)
        assert before.url("icon.svg") == read_static_files(folder).url("icon.svg")
        (folder / "icon.svg").write_text("<svg><g/></svg>")
        assert read_static_files(folder).url("icon.svg") != before.url("icon.svg")

    def test_a_style_sheet_gets_a_new_name_when_a_file_it_names_does(self, folder: Path) -> None:
        before = read_static_files(folder)
        (folder / "fonts/title.woff2").write_bytes(b"wOF2 another")
        after = read_static_files(folder)
        assert after.url(BUNDLE) != before.url(BUNDLE)
        assert after.url("css/other.css") == before.url("css/other.css")

    def test_numbered_style_sheets_are_one_in_their_order_without_comments(self, folder: Path) -> None:
        files = read_static_files(folder)
        font = files.url("fonts/title.woff2")
        assert files.by_name[files.hashed[BUNDLE]].plain.decode() == (
            "@layer a, b;\n"
            f'@font-face {{ src: url({font}) format("woff2"); }}\n'
            '@layer a {\np::before { content: "/* kept */"; }\na { mask: url("#m"); b: url(data:,x) }\n}\n'
        )
        assert set(files.hashed) == {BUNDLE, "css/other.css", "fonts/title.woff2", "icon.svg"}

    def test_a_style_sheet_without_number_stays_itself(self, folder: Path) -> None:
        files = read_static_files(folder)
        sheet = files.by_name[files.hashed["css/other.css"]].plain.decode()
        assert sheet == f"i {{ background: url({files.url('icon.svg')}); }}\n"

    def test_an_unknown_file_is_a_mistake_that_shows_at_once(self, folder: Path) -> None:
        with pytest.raises(KeyError):
            read_static_files(folder).url("nothing.css")
        (folder / "css/other.css").write_text("i { background: url(../nothing.svg); }\n")
        with pytest.raises(KeyError):
            read_static_files(folder)


def test_the_parts_of_the_style_sheet_are_short_and_say_their_layer() -> None:
    parts = sorted((STATIC_DIR / "css").glob("*.css"))
    assert len(parts) > 10
    for part in parts:
        source = part.read_text("utf-8")
        assert source.count("\n") < 400, part.name
        assert "@layer " in source, part.name
        assert source.count("{") == source.count("}"), part.name


class TestSending:
    async def test_it_is_kept_for_ever(self) -> None:
        answer = await World().browser().get(SHEET)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"] == "text/css; charset=utf-8"
        assert answer.headers["vary"] == "Accept-Encoding"
        assert "set-cookie" not in answer.headers

    @pytest.mark.parametrize(
        ("accepted", "encoding"),
        [
            ("gzip, deflate, br", "br"),
            ("gzip", "gzip"),
            ("GZIP;q=0.5", "gzip"),
            ("br;q=0, gzip", "gzip"),
            ("br;q=0.000,gzip;q=0", None),
            ("brotli-like", None),
            ("identity", None),
        ],
    )
    async def test_it_comes_as_the_browser_likes(self, accepted: str, encoding: str | None) -> None:
        browser = World().browser()
        file = static_files().by_name[SHEET.removeprefix("/static/")]
        async with browser.http.stream("GET", SHEET, headers={"Accept-Encoding": accepted}) as answer:
            raw = b"".join([part async for part in answer.aiter_raw()])
        assert answer.headers.get("content-encoding") == encoding
        opened = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[encoding](raw)
        assert opened == file.plain

    async def test_what_is_already_small_is_sent_as_it_is(self) -> None:
        answer = await World().browser().get(static_files().url("fonts/reseau-text.woff2"), Accept_Encoding="br")
        assert "content-encoding" not in answer.headers
        assert answer.headers["content-type"] == "font/woff2"
        assert answer.content[:4] == b"wOF2"

    async def test_head_has_the_same_headers_and_no_body(self) -> None:
        browser = World().browser()
        asked, had = await browser.head(SHEET, Accept_Encoding="br"), await browser.get(SHEET, Accept_Encoding="br")
        assert asked.status_code == 200
        assert asked.content == b""
        for name in ("content-length", "content-encoding", "content-type", "cache-control", "vary"):
            assert asked.headers[name] == had.headers[name]

    @pytest.mark.parametrize(
        "path",
        [
            "/static/css/reseau.css",
            "/static/css/reseau.0000000000.css",
            "/static/css/00-fonts.css",
            "/static/",
            "/static/css",
            "/static/%2e%2e/main.py",
            "/static/css/%2e%2e/%2e%2e/main.py",
            "/static/..%2fmain.py",
            "/static/..%5cmain.py",
            "/static//etc/passwd",
            "/static/%00",
            "/static/icons%2esvg%0a",
        ],
    )
    async def test_nothing_else_is_there(self, path: str) -> None:
        answer = await World().browser().get(path)
        assert answer.status_code == 404
        assert "Cette page n’existe pas" in words(answer)
        assert "immutable" not in answer.headers.get("cache-control", "")

    async def test_it_cannot_be_posted_to(self) -> None:
        assert (await World().browser().post(SHEET)).status_code == 405
