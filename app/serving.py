"""Serves the application with uvicorn: what opens and closes with each process, and how it stops.

On SIGTERM no new request is taken, those under way are finished, the job under way ends, the database is closed, and
the program exits with 0. The address, the settings and whether to start at all are `app.cli`'s affair.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType
from typing import Any

import uvicorn
import uvicorn._subprocess
from litestar.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from app.database import close_database, connect, open_database
from app.jobs import at_work
from app.main import REGISTRY, make_app
from app.payments import gateway
from app.settings import LANGUAGES, Settings
from app.web.log import start_logging
from app.web.rendering import environment_of

POOL = 10
"""Connections to PostgreSQL, at most, of each process."""
GRACE = 4
"""Seconds that requests under way have to end. Containers are given 10 in all before they are killed, and the mail that
is on its way then has `jobs.STOP_PATIENCE`."""
KEEP_ALIVE = 75
"""Seconds that an idle connection is kept: longer than proxies keep theirs, who would send into a closed one."""


class AddressTaken(Exception):
    """Another program listens there, or this one may not."""


def end_in_order() -> None:
    """From now on SIGTERM is no failure, even before there is anything to end."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)


def served(settings: Settings) -> ASGIApp:
    """The application with all that lives beside it in a server process."""

    if settings.stripe_secret_key:
        gateway.load()  # now, so that processes that are forked share it

    @asynccontextmanager
    async def alive(_: Any) -> AsyncIterator[None]:
        connect(settings.database_url)
        await open_database(min_size=1, max_size=POOL)
        gateway.connect(settings)
        try:
            async with at_work(REGISTRY, settings):
                yield
        finally:
            await gateway.disconnect()
            await close_database()

    return make_app(settings, lifespan=[alive])


def worker() -> ASGIApp:
    """What several server processes serve: made from the environment before they are forked, or else by each."""
    start_logging()
    return served(Settings.read(os.environ, serving=True))


def listen(host: str, port: int) -> socket.socket:
    """A socket at this address; port 0 takes any that is free. Raises `AddressTaken`."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        made = socket.socket(family)
    except OSError as error:
        raise AddressTaken(f"{host} is not an address of this machine ({error.strerror or error}).") from error
    try:
        if sys.platform != "win32":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(2048)  # now, so that a second program learns at once that the address is taken
    except OSError as error:
        made.close()
        raise AddressTaken(
            f"The port {port} of {host} cannot be used: {(error.strerror or str(error)).lower()}."
        ) from error
    made.set_inheritable(True)
    return made


def address_of(listening: socket.socket) -> str:
    """Where a browser on this machine finds it."""
    host, port = listening.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104  # only compared
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Workers(Multiprocess):
    """Several processes, and this one that watches them.

    They are forked from it once it has loaded everything, templates in both languages included, and so share that
    memory: two of them and their parent need little more than half of what three would that each load the application
    for themselves, as uvicorn has it. Nothing is open then, and no thread runs.
    """

    def init_processes(self) -> None:
        if "fork" in multiprocessing.get_all_start_methods():
            uvicorn._subprocess.spawn = multiprocessing.get_context("fork")  # type: ignore[assignment]  # the same, but for how it starts
            os.register_at_fork(after_in_child=end_in_order)  # else they would note SIGTERM where nobody looks
            self.config.load()  # the application and uvicorn's own protocols, which each would else load for itself
            self.config.get_loop_factory()
            for environment in map(environment_of, LANGUAGES):
                for name in environment.list_templates():
                    environment.get_template(name)
            gc.collect()
            gc.freeze()  # the collector writes into what it looks at, and what is written is shared no more
        super().init_processes()

    def terminate_all(self) -> None:
        """Refuse new connections at once: as long as this process listens too, they would wait for nobody."""
        for each in self.sockets:
            each.close()
        super().terminate_all()


def serve_until_stopped(
    listening: socket.socket,
    app: ASGIApp | None = None,
    *,
    workers: int = 1,
    proxy_headers: bool = False,
    forwarded_allow_ips: str = "127.0.0.1",
) -> bool:
    """Serve here until SIGTERM or SIGINT: `app`, or in several processes what each makes of the environment.

    False when it could not start.
    """
    config = uvicorn.Config(
        app if app is not None else "app.serving:worker",
        factory=app is None,
        workers=workers,
        log_config=None,  # our own form, and one line a request, by app.web.shell
        access_log=False,
        server_header=False,
        ws="none",  # whoever asks for a web socket gets the page, whatever is installed
        lifespan="on",
        proxy_headers=proxy_headers,
        forwarded_allow_ips=forwarded_allow_ips,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )
    server = uvicorn.Server(config)
    if workers > 1:
        several = Workers(config, sockets=[listening])
        several.run()
        return all(each.process.exitcode != STARTUP_FAILURE for each in several.processes)

    def stop(_number: int, _frame: FrameType | None) -> None:
        """uvicorn raises the signal again once all is done: that is no failure. Earlier, nothing is under way."""
        if not server.started:
            raise SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        server.run(sockets=[listening])
    except SystemExit as ended:
        if ended.code == STARTUP_FAILURE:
            return False
        raise
    return server.started
