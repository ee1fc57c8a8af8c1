"""A feed over real HTTP without the application: whatever bytes a test gives it, with the headers of the real one."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from app.calendar.conditional import feed_etag, http_date, not_modified


class FeedServer:
    """One feed at one address; `body` and `changed_at` may be set anew between two requests."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.body = b""
        self.changed_at = datetime(2026, 10, 1, tzinfo=UTC)


@contextmanager
def serving() -> Iterator[FeedServer]:
    """A feed server on a free port of this machine, stopped at the end."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            etag = feed_etag(feed.body)
            known = not_modified(
                self.headers.get("If-None-Match"), self.headers.get("If-Modified-Since"), etag, feed.changed_at
            )
            body = b"" if known else feed.body
            self.send_response(304 if known else 200)
            self.send_header("ETag", etag)
            self.send_header("Last-Modified", http_date(feed.changed_at))
            self.send_header("Cache-Control", "private, max-age=300")
            self.send_header("Vary", "Accept-Encoding")
            if not known:
                self.send_header("Content-Type", "text/calendar; charset=utf-8")
                if "gzip" in self.headers.get("Accept-Encoding", ""):
                    body = gzip.compress(body)
                    self.send_header("Content-Encoding", "gzip")
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    feed = FeedServer(f"http://127.0.0.1:{server.server_address[1]}/calendriers/agenda.ics")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield feed
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
