"""Telephones asking for feeds: answered before Litestar, and mostly without a question to the database.

What was read of a feed stands as long as the database's stamp is the same and the day has not changed; then a 304 costs
the stamp alone, and a feed that everybody may read comes from memory. What is no feed, and whatever fails, is left to
the pages. An ETag belongs to one representation, so the compressed one has its own (RFC 9110, 8.8.3.3).
"""

from __future__ import annotations

import asyncio
import gzip
import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b
from time import perf_counter

from litestar.types import HTTPScope, Send

from app.calendar.conditional import feed_etag, http_date, not_modified
from app.calendar.feed_pages import HEADERS, FeedCut, Feeds, Offer
from app.calendar.feeds import Window
from app.calendar.icalendar import calendar_bytes
from app.calendar.kept import KEPT_LANGUAGE
from app.calendar.marks import Marks
from app.calendar.readings import Readings
from app.contracts import EntryKind
from app.database import stamp
from app.i18n import language
from app.settings import Settings
from app.web.shell import new_reference, security_headers

log = logging.getLogger("reseau.feeds")

KNOWN_FEEDS = 25_000
"""Ten thousand telephones, compressed and not, and the feeds of places beside them: with fewer, those who ask in turn
would each find that they were forgotten just before. Half a kilobyte each: 13 MB when all are there."""
KEPT_BYTES = 8_000_000
LONG = 100_000
TOLD = timedelta(minutes=1)
_NO_GZIP = re.compile(r"gzip\s*;\s*q=0(\.0*)?\s*(,|$)")

RawHeaders = list[tuple[bytes, bytes]]
Key = tuple[bytes, bool]
"""The digest of an address (some are secrets), and whether it is about the compressed feed."""


@dataclass(slots=True)
class Known:
    """One representation of a feed, as it was when this stamp was taken."""

    stamp: Hashable
    window: Window
    compressed: bool
    etag: str
    changed_at: datetime
    file_name: str
    feed_id: int | None
    """Of a personal feed, whose bytes are never kept."""
    read_at: datetime | None
    body: bytes | None = None


class Memory:
    """What was answered last, within bounds: who has not been asked for the longest is forgotten first."""

    def __init__(self) -> None:
        self._known: OrderedDict[Key, Known] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: Key) -> Known | None:
        """What is known under this key."""
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
        return known

    def keep(self, key: Key, known: Known) -> None:
        """From now on this is known."""
        self._forget(key)
        self._known[key] = known
        self.bytes += len(known.body or b"")
        while len(self._known) > KNOWN_FEEDS or self.bytes > KEPT_BYTES:
            self._forget(next(iter(self._known)))

    def _forget(self, key: Key) -> None:
        known = self._known.pop(key, None)
        if known is not None:
            self.bytes -= len(known.body or b"")


class Tally:
    """Telephones ask by themselves, by the thousand: their answers are counted, and told once a minute."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[int, float]] = {}
        self._since: datetime | None = None

    def saw(self, status: int, seconds: float, now: datetime) -> None:
        """One answer was given."""
        count, slowest = self._seen.get(status, (0, 0.0))
        self._seen[status] = count + 1, max(slowest, seconds)
        if self._since is None:
            self._since = now
        elif not timedelta(0) <= now - self._since < TOLD:
            self.tell()

    def tell(self) -> None:
        """A line in the log for each status: how many there were, and how long the slowest took."""
        for status, (count, slowest) in sorted(self._seen.items()):
            log.info("feeds", extra={"status": status, "count": count, "milliseconds": round(slowest * 1000, 1)})
        self._seen.clear()
        self._since = None


class Asked:
    """What the headers of a request say about what its sender can read, and has already."""

    __slots__ = ("compress", "etags", "since")

    def __init__(self, scope: HTTPScope) -> None:
        accepted, etags = "", []
        self.since: str | None = None
        for name, value in scope["headers"]:
            if name == b"accept-encoding":
                accepted += value.decode("latin-1")
            elif name == b"if-none-match":
                etags.append(value.decode("latin-1"))
            elif name == b"if-modified-since":
                self.since = value.decode("latin-1")
        self.compress = "gzip" in accepted and not _NO_GZIP.search(accepted)
        self.etags = ", ".join(etags) or None

    def has(self, known: Known) -> bool:
        """Whether the sender has it."""
        return not_modified(self.etags, self.since, known.etag, known.changed_at)


class Polling:
    """Answers whoever asks for a feed."""

    def __init__(self, settings: Settings, kinds: Mapping[str, EntryKind], clock: Callable[[], datetime]) -> None:
        self._base_url = settings.base_url
        self._clock = clock
        self._feeds = Feeds(kinds.values())
        self._marks = Marks(settings.base_url, kinds, language(KEPT_LANGUAGE))
        self._window = Window.at(clock())
        self._readings = Readings()
        self.memory = Memory()
        self.tally = Tally()
        own = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
        names = {name for name, _ in own}
        self._headers = own + [header for header in security_headers(settings) if header[0] not in names]

    async def __call__(self, scope: HTTPScope, send: Send) -> bool:
        """Whether this was a feed, and has been answered."""
        if not scope["path"].endswith(".ics") or scope["method"] not in ("GET", "HEAD"):
            return False
        started, now = perf_counter(), self._clock()
        known = None
        try:
            found = await self._found(scope, now)
            if found is None:
                return False
            known, body = found
            status, headers = self._answer(known, body)
        except FeedCut:
            body, status, headers = (
                b"",
                410,
                [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"0")],
            )
        except Exception as error:  # raised again by the guard at the door, where it becomes a page
            scope.setdefault("state", {})["shell_error"] = error
            return False
        headers += self._headers
        headers.append((b"x-request-id", new_reference().encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        sent = b"" if body is None or scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": sent, "more_body": False})
        self.tally.saw(status, perf_counter() - started, now)
        if known is not None and known.feed_id is not None and self._readings.saw(known.feed_id, known.read_at, now):
            await self._write_readings(now)
        return True

    async def _found(self, scope: HTTPScope, now: datetime) -> tuple[Known, bytes | None] | None:
        """The feed, and its bytes unless the sender has them; nothing where there is no feed."""
        asked, path = Asked(scope), scope["path"]
        if not self._window.holds(now):
            self._window = Window.at(now)
        window = self._window
        key = blake2b(path.encode("utf-8", "surrogatepass"), digest_size=16).digest(), asked.compress
        taken = await stamp()  # before all else is read
        known = self.memory.get(key)
        if known is not None and known.stamp == taken and known.window is window:
            if asked.has(known):
                return known, None
            if known.body is not None:
                return known, known.body
        offer = await self._feeds.at(path, window)
        if offer is None:
            return None
        before, known = known, self._judged(offer, taken, window, asked.compress)
        if before is not None and before.etag == known.etag:
            known.body = before.body
        body = None
        if not asked.has(known):
            body = known.body or await self._written(offer, asked.compress)
            known.body = body if offer.personal is None else None
        self.memory.keep(key, known)
        return known, body

    def _judged(self, offer: Offer, taken: Hashable, window: Window, compress: bool) -> Known:
        standing = offer.standing
        etag = feed_etag(
            *offer.key,
            offer.name,
            self._marks.fingerprint,
            offer.today,
            standing.count,
            standing.ids,
            standing.sequences,
            standing.changed_at,
            "gzip" if compress else "",
        )
        feed = offer.personal
        return Known(
            stamp=taken,
            window=window,
            compressed=compress,
            etag=etag,
            changed_at=standing.changed_at,
            file_name=offer.file_name,
            feed_id=feed.id if feed else None,
            read_at=feed.read_at if feed else None,
        )

    async def _written(self, offer: Offer, compress: bool) -> bytes:
        """The bytes, always the same for the same feed: gzip writes no time. Long feeds are left to a thread."""
        plain = calendar_bytes(offer.name, await offer.events(), color=offer.color, url=self._base_url + offer.page)
        body = self._marks.fill(plain)
        if not compress:
            return body
        work = partial(gzip.compress, body, compresslevel=6, mtime=0)
        return work() if len(body) < LONG else await asyncio.to_thread(work)

    def _answer(self, known: Known, body: bytes | None) -> tuple[int, RawHeaders]:
        """The status, and the headers that are this feed's own."""
        headers = [(b"etag", known.etag.encode()), (b"last-modified", http_date(known.changed_at).encode())]
        if body is None:
            return 304, headers
        headers += [
            (b"content-type", b"text/calendar; charset=utf-8"),
            (b"content-length", b"%d" % len(body)),
            (b"content-disposition", f'inline; filename="{known.file_name}"'.encode()),
        ]
        if known.compressed:
            headers.append((b"content-encoding", b"gzip"))
        return 200, headers

    async def _write_readings(self, now: datetime) -> None:
        try:
            await self._readings.write(now)
        except Exception:  # the answer is sent
            log.exception("readings not written")
