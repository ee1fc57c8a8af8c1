"""The real application as a program of its own, as one hosts it: `reseau setup`, `reseau serve --proxy-headers`."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from tests.browser.server import free_port

RESEAU = Path(sys.executable).with_name("reseau")
EMAIL, PASSWORD = "rosa@exemple.fr", "une phrase de passe que personne ne devine"
START_SECONDS, STOP_SECONDS = 60, 20
ESTABLISHED = "01"


class House:
    """One place with one member, on the embedded database, at a port of its own."""

    def __init__(self, folder: Path, base_url: str) -> None:
        self.folder = folder
        self.database = folder / "reseau.sqlite"
        self.log = folder / "server.log"
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        environ = {name: value for name, value in os.environ.items() if not name.startswith("RESEAU_")}
        self._environ = environ | {
            "RESEAU_DATABASE_URL": f"sqlite:///{self.database}",
            "RESEAU_SECRET_KEY": "une clef de trente-deux signes au moins, pour de bon",
            "RESEAU_BASE_URL": base_url,
            "RESEAU_ENV_FILE": "",
        }

    def set_up(self) -> None:
        """Make the database, the place « Les Tanneurs » and its member Rosa."""
        answers = ["--place-name", "Les Tanneurs", "--address", "14 rue des Tanneurs", "--name", "Rosa"]
        subprocess.run(
            [str(RESEAU), "setup", *answers, "--email", EMAIL, "--ask-password"],
            cwd=self.folder,
            env=self._environ,
            input=f"{PASSWORD}\n".encode(),
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def start(self) -> None:
        """Serve, until `stop`. Raises RuntimeError with what it wrote when it does not answer."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(RESEAU), "serve", "--port", str(self.port), "--proxy-headers"],
                cwd=self.folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"`reseau serve` does not answer:\n{self.log.read_text()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it in order; killed when it does not end."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def requests(self) -> list[dict[str, Any]]:
        """The requests that it says it has answered."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line for line in lines if line["event"] == "request"]

    def connections(self) -> int:
        """How many connections it holds now, as the kernel counts them."""
        here = f":{self.port:04X}"
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return sum(row[1].endswith(here) and row[3] == ESTABLISHED for row in rows)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
