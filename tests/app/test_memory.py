"""How much memory a server takes once it has answered pages, as the kernel counts it: each shared page once (PSS).

The figures that are aimed at stand in docs/performance.md; these bounds leave room for other machines and libraries.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from app.main import REGISTRY
from benchmarks.programs import memory
from tests.servers import ROOT, Server, serving

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("linux")]
PAGES = ("/", "/agenda", "/agenda/mois", "/ateliers", "/connexion", "/calendriers/agenda.ics")
ROUNDS = 60
ONE = 100
"""MiB of one process; at first it was 92 with Pydantic, rich and black in it, and 74 without."""
UNUSED = {
    "PIL",
    "attr",
    "black",
    "pydantic",
    "rich",
    "app.backup",
    "app.cli.backup",
    "app.cli.demo",
    "app.demo",
    "stripe",
}
UNUSED |= {domain.demo for domain in REGISTRY.domains if domain.demo}
SPAWNING = (
    "import multiprocessing, sys\nmultiprocessing.get_all_start_methods = lambda: ['spawn']\n"
    "from app.cli import main\nsys.exit(main())\n"
)
"""`reseau`, but each process loads the application for itself."""


def used(server: Server) -> float:
    """MiB of all its processes, after some hundred requests."""
    answered = 0
    for _ in range(ROUNDS):
        with httpx.Client(base_url=server.url) as browser:  # a connection each round, so that all processes have some
            for path in PAGES:
                answered += browser.get(path).status_code == 200
    assert answered == ROUNDS * len(PAGES)
    return memory(server.process.pid)


def test_one_process_stays_small(sqlite_database_url: str, tmp_path: Path) -> None:
    with serving(tmp_path, sqlite_database_url) as server:
        assert 30 < used(server) < ONE


def test_a_server_loads_nothing_of_other_commands_and_nothing_that_is_only_installed() -> None:
    made = (
        "import sys\nfrom app.cli import main\nassert main(['serve', '--help']) == 0\n"
        "from app.serving import served\nfrom app.settings import Settings\n"
        "served(Settings(secret_key='x' * 40, database_url='sqlite:///nowhere'))\nprint(*sys.modules)\n"
    )
    said = subprocess.run([sys.executable, "-c", made], cwd=ROOT, text=True, capture_output=True, check=True).stdout
    loaded = set(said.splitlines()[-1].split())
    assert {"litestar", "app.cli.serve", "app.main", "meals.domain"} < loaded, "it would show"
    assert "meals.demo" in UNUSED
    assert loaded.isdisjoint(UNUSED), sorted(loaded.intersection(UNUSED))


def test_processes_share_what_was_loaded_before_them(postgres_database_url: str, tmp_path: Path) -> None:
    with serving(tmp_path, postgres_database_url, "--workers", "2") as server:
        forked = used(server)
    program = (sys.executable, "-c", SPAWNING)
    with serving(tmp_path, postgres_database_url, "--workers", "2", program=program) as server:
        spawned = used(server)
    assert spawned > 2 * ONE * 0.75, "each of its own, and the parent"
    assert forked < 0.8 * spawned
