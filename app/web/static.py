"""Static files under names that carry a hash of their content, so that browsers keep them for ever.

Everything is read, renamed and compressed once at start: the whole is a few hundred kilobytes. The style sheets of a
folder, `css/00-fonts.css` and so on, are sent as one file, in the order of their numbers.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import posixpath
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

import brotli  # type: ignore[import-untyped]  # it comes without types

STATIC_DIR = Path(__file__).resolve().parent.parent / "static"
BUNDLE = "css/reseau.css"
_URL = re.compile(r"url\(([^)]+)\)")
_PART = re.compile(r"\d\d-[\w-]+\.css")
_COMMENT = re.compile(r"""("[^"]*"|'[^']*')|/\*.*?\*/""", re.DOTALL)
_REFUSED = re.compile(r";\s*q=0(?:\.0*)?\s*$")
_COMPRESSIBLE = {".css", ".js", ".svg", ".txt", ".json", ".webmanifest"}
_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it is sent."""

    content_type: str
    plain: bytes
    gzip: bytes | None
    brotli: bytes | None

    def as_accepted(self, accept_encoding: str) -> tuple[bytes, str | None]:
        """The content and its encoding, the smallest that the browser takes (RFC 9110, 12.5.3)."""
        offered = [each.strip().lower() for each in accept_encoding.split(",")]
        taken = {each.partition(";")[0].strip() for each in offered if not _REFUSED.search(each)}
        if self.brotli is not None and "br" in taken:
            return self.brotli, "br"
        if self.gzip is not None and "gzip" in taken:
            return self.gzip, "gzip"
        return self.plain, None


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """All of them: by hashed name, and from the name in the source to the hashed one."""

    by_name: dict[str, StaticFile]
    hashed: dict[str, str]

    def url(self, path: str) -> str:
        """Address of `css/reseau.css`. Raises KeyError for a file that is not there: a mistake in a template."""
        return f"/static/{self.hashed[path]}"


@cache
def static_files() -> StaticFiles:
    """The files of the application, read once."""
    return read_static_files(STATIC_DIR)


def read_static_files(folder: Path) -> StaticFiles:
    """Read a folder. Style sheets come last, as they name fonts and pictures."""
    contents = {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
    sheets = style_sheets(contents)
    files: dict[str, StaticFile] = {}
    hashed: dict[str, str] = {}
    for name, content in contents.items():
        if not name.endswith(".css"):
            _keep(name, content, files, hashed)
    for name, sheet in sheets.items():
        _keep(name, _with_hashed_urls(sheet, name, hashed).encode(), files, hashed)
    return StaticFiles(files, hashed)


def style_sheets(contents: dict[str, bytes]) -> dict[str, str]:
    """The style sheets that are sent: those without a number as they are, the numbered parts as one."""
    sheets: dict[str, str] = {}
    for name in sorted(contents):
        if name.endswith(".css"):
            whole = BUNDLE if _PART.fullmatch(PurePosixPath(name).name) else name
            sheets[whole] = sheets.get(whole, "") + _smaller(contents[name].decode())
    return sheets


def _smaller(css: str) -> str:
    """Without comments, empty lines and indentation; what stands between quotes stays."""
    bare = _COMMENT.sub(lambda match: match[1] or " ", css)
    return "".join(f"{line}\n" for each in bare.splitlines() if (line := each.strip()))


def _keep(name: str, content: bytes, files: dict[str, StaticFile], hashed: dict[str, str]) -> None:
    suffix = PurePosixPath(name).suffix
    digest = hashlib.sha256(content).hexdigest()[:10]
    new_name = f"{name.removesuffix(suffix)}.{digest}{suffix}"
    squeeze = suffix in _COMPRESSIBLE
    files[new_name] = StaticFile(
        content_type=_TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream",
        plain=content,
        gzip=gzip.compress(content, 9, mtime=0) if squeeze else None,
        brotli=brotli.compress(content) if squeeze else None,
    )
    hashed[name] = new_name


def _with_hashed_urls(css: str, name: str, hashed: dict[str, str]) -> str:
    def replaced(match: re.Match[str]) -> str:
        target = match[1].strip("\"'")
        if target.startswith(("data:", "#")):
            return match[0]
        source = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
        return f"url(/static/{hashed[source]})"

    return _URL.sub(replaced, css)
