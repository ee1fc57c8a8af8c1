"""The log: one JSON line per event, with the request's number and no personal data.

Addresses that hold a secret are cut; names, mails and texts are never written. A line break in a value cannot make a
second line, since JSON escapes it.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime

# Wherever it stands, in whatever letters, with slashes doubled: the router takes `//` for `/`, and what it does not
# take is mostly a secret address written badly.
_SECRET_PATHS = re.compile(r"(/calendriers/+perso/+|/connexion/+lien/+|/courrier/+|/offres/+)[^/]+", re.IGNORECASE)
# 64 is all that may stand before the sign (RFC 5321, 4.5.3.1.1). Unbounded, a long word takes the square of its length.
_MAIL = re.compile(r"[^\s@<>()\"']{1,64}@[^\s@<>()\"']+")
_OTHER_LINE_ENDS = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), 0x2028, 0x2029)}
"""JSON escapes the control characters of ASCII; some programs end a line at these, too."""
_ENCODED = json.JSONEncoder(ensure_ascii=False).encode
_FIELDS = (
    "reference", "method", "path", "status", "milliseconds", "job", "count", "kind", "thing", "mail", "port",
    "traceback",
)  # fmt: skip


def path_without_secret(path: str) -> str:
    """The path with the token of a secret address replaced."""
    return _SECRET_PATHS.sub(r"\1…", path)[:200]


class JsonLines(logging.Formatter):
    """One event, one line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
        }
        for name in _FIELDS:
            value = getattr(record, name, None)
            if value is not None:
                line[name] = value
        if record.exc_info:
            # PostgreSQL quotes the row that a unique index refused.
            line["traceback"] = _MAIL.sub("…@…", self.formatException(record.exc_info))
        return _ENCODED(line).translate(_OTHER_LINE_ENDS)


def is_no_advice(record: logging.LogRecord) -> bool:
    """Whether a line of uvicorn's may be written: not what anybody makes it write by asking for a web socket, two lines
    a time, with a package to install."""
    return not record.getMessage().startswith(("Unsupported upgrade request", "No supported WebSocket"))


def start_logging(level: str = "INFO") -> None:
    """Send every logger's lines to standard error, in this one form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # What no line of ours tells is not looked up either (« Optimization » in the documentation of `logging`).
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "litestar"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"
    logging.getLogger("uvicorn.error").addFilter(is_no_advice)
