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
# PostgreSQL quotes the row that a rule of the database refused, its driver the value that is not of the right type.
_ROW = re.compile(
    r"(DETAIL:\s+(?:Key \([^)\n]*\)=|Failing row contains )?).*?(?=\nHINT:|\n\nThe above |\n\nDuring handling |\Z)",
    re.DOTALL,
)
_ARGUMENT = re.compile(r"(invalid input for query argument \$\d+: ).*")
_LONG_WORD = re.compile(r"[A-Za-z0-9_-]{30,}")
"""As tokens and their hashes are; those without a digit are names in a program."""
_CONTROLS = (*range(0x7F, 0xA0), *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_OTHER_LINE_ENDS = {code: f"\\u{code:04x}" for code in _CONTROLS}
"""JSON escapes the control characters of ASCII; some programs end a line at these, too, or turn it to the left."""
_ENCODED = json.JSONEncoder(ensure_ascii=False).encode
_FIELDS = (
    "reference", "method", "path", "status", "milliseconds", "job", "count", "kind", "thing", "mail", "port",
    "traceback",
)  # fmt: skip


def without_what_is_known(traceback: str) -> str:
    """A traceback without addresses, tokens, rows and values that the text of an exception quotes."""
    shown = _ARGUMENT.sub(r"\1…", _ROW.sub(r"\1…", traceback))
    shown = _LONG_WORD.sub(lambda word: "…" if any(each.isdigit() for each in word[0]) else word[0], shown)
    return _MAIL.sub("…@…", shown)


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
            line["traceback"] = without_what_is_known(self.formatException(record.exc_info))
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
