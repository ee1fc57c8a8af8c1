"""The real application as a program of its own, on a database that a test has filled."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.browser.server import free_port

START_SECONDS = 60
RESEAU = Path(sys.executable).with_name("reseau")


@contextmanager
def served(database_url: str, folder: Path) -> Iterator[str]:
    """`reseau serve` on this database until the block ends; gives its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("RESEAU_")}
    environ |= {
        "RESEAU_DATABASE_URL": database_url,
        "RESEAU_SECRET_KEY": "a secret for tests, long enough to serve",
        "RESEAU_BASE_URL": url,
    }
    log = folder / "serve.log"
    with log.open("wb") as writing:
        process = subprocess.Popen(
            [str(RESEAU), "serve", "--port", str(port)],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + START_SECONDS
            while not _answers(url):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"`reseau serve` does not answer:\n{log.read_text(errors='replace')}")
                time.sleep(0.1)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
