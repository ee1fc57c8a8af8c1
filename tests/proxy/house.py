"""The real application as a program of its own, as one hosts it: `reseau setup`, `reseau serve --proxy-headers`."""

import subprocess
from pathlib import Path

from tests.servers import RESEAU, Server, bare_environ, free_port

EMAIL, PASSWORD = "rosa@exemple.fr", "une phrase de passe que personne ne devine"
ESTABLISHED = "01"


class House(Server):
    """One place with one member, on the embedded database, at a port of its own."""

    def __init__(self, folder: Path, base_url: str) -> None:
        self.file = folder / "reseau.sqlite"
        super().__init__(folder, f"sqlite:///{self.file}", "--proxy-headers", port=free_port(), base_url=base_url)

    def set_up(self) -> None:
        """Make the database, the place « Les Tanneurs » and its member Rosa."""
        answers = ["--place-name", "Les Tanneurs", "--address", "14 rue des Tanneurs", "--name", "Rosa"]
        subprocess.run(
            [str(RESEAU), "setup", *answers, "--email", EMAIL, "--ask-password"],
            cwd=self.folder,
            env=bare_environ(**self.settings),
            input=f"{PASSWORD}\n".encode(),
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def connections(self) -> int:
        """How many connections it holds now, as the kernel counts them."""
        here = f":{self.port:04X}"
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return sum(row[1].endswith(here) and row[3] == ESTABLISHED for row in rows)
