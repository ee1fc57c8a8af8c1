"""A real socket: requests to the API and to the page are read here, delayed, broken or left unanswered as asked.

http.server serves each connection in a thread of its own: a rehearsal has few of them, and can close one without a
word, which servers made for production do not let one do.
"""

import socket
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import urlsplit

from rehearsal.api import Request

# Larger bodies than this are refused, in bytes: Stripe's requests are small.
LARGEST = 1_000_000


class Reply(Protocol):
    """What is sent back."""

    status: int
    headers: dict[str, str]
    body: bytes


class Speaker(Protocol):
    def speak(self, request: Request) -> "Reply | None":
        """None: the connection is closed without an answer."""

    def listens(self) -> bool:
        """False: nobody is there; connections are closed at once."""


class Server(ThreadingHTTPServer):
    daemon_threads = False  # joined when it is closed
    block_on_close = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, speaker: Speaker) -> None:
        self.speaker = speaker
        self.connections: set[socket.socket] = set()
        self.among_them = threading.Lock()
        super().__init__((host, port), Handler)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        return self.speaker.listens()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self.among_them:
            self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self.among_them:
            self.connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Whoever is connected, also while they only wait, is cut off."""
        with self.among_them:
            for connection in self.connections:
                with suppress(OSError):  # they were quicker
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Somebody who hangs up is no news; anything else is."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet

    def answer(self) -> None:
        length = self.headers.get("content-length", "0")
        size = int(length) if length.isdigit() else LARGEST + 1
        if size > LARGEST or "transfer-encoding" in self.headers:
            self.send_error(413)
            self.close_connection = True
            return
        body = self.rfile.read(size)
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.speaker.speak(Request(self.command, parts.path, parts.query, body, headers))
        if reply is None:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in {**reply.headers, "content-length": str(len(reply.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)
        self.wfile.flush()

    do_GET = do_HEAD = do_POST = answer  # names that http.server looks for

    def version_string(self) -> str:
        return "rehearsal"

    def log_message(self, format: str, *args: Any) -> None:
        """What was asked stands in `Rehearsal.requests`."""
