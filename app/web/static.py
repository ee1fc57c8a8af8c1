"""Static files under names that carry a hash of their content, so that browsers keep them for ever.

Everything is read, renamed and compressed once at start: the whole is a few hundred kilobytes.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import brotli  # type: ignore[import-untyped]  # it comes without types

STATIC_DIR = Path(__file__).resolve().parent.parent / "static"
_URL = re.compile(r"url\(([^)]+)\)")
_COMPRESSIBLE = {".css", ".js", ".svg", ".txt", ".json", ".webmanifest"}
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
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
    """Read the folder once. Style sheets come last, as they name fonts and pictures."""
    paths = [path for path in STATIC_DIR.rglob("*") if path.is_file()]
    paths.sort(key=lambda path: (path.suffix == ".css", path.as_posix()))
    files: dict[str, StaticFile] = {}
    hashed: dict[str, str] = {}
    for path in paths:
        name = path.relative_to(STATIC_DIR).as_posix()
        content = path.read_bytes()
        if path.suffix == ".css":
            content = _with_hashed_urls(content.decode(), name, hashed).encode()
        digest = hashlib.sha256(content).hexdigest()[:10]
        new_name = f"{name.removesuffix(path.suffix)}.{digest}{path.suffix}"
        squeeze = path.suffix in _COMPRESSIBLE
        kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        files[new_name] = StaticFile(
            content_type=kind,
            plain=content,
            gzip=gzip.compress(content, 9, mtime=0) if squeeze else None,
            brotli=brotli.compress(content) if squeeze else None,
        )
        hashed[name] = new_name
    return StaticFiles(files, hashed)


def _with_hashed_urls(css: str, name: str, hashed: dict[str, str]) -> str:
    folder = (STATIC_DIR / name).parent

    def replaced(match: re.Match[str]) -> str:
        target = match[1].strip("\"'")
        if target.startswith(("data:", "#")):
            return match[0]
        source = (folder / target).resolve().relative_to(STATIC_DIR).as_posix()
        return f"url(/static/{hashed[source]})"

    return _URL.sub(replaced, css)
