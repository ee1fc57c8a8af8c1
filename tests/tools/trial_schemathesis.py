"""The public JSON interface under schemathesis: what /schema says, tried with right and wrong requests, a minute long.

Not collected by `make test`: `.ci/run` runs it through `.ci/longer.d/schemathesis`; by hand it is
`.venv/bin/pytest tests/tools/trial_schemathesis.py -s`.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.browser.server import demonstration, troubles
from tests.tools.programs import installed, stand_in

SECONDS = 30
LEAST = 500
"""Requests below which the run shows little."""


def attack(url: str, folder: Path, seconds: int = SECONDS) -> tuple[int, str]:
    """What it exits with, and what it says."""
    command = [
        str(installed("schemathesis", "st")),
        *("run", f"{url}/schema", "--url", url, "--max-examples", "1000"),
        # Ours is lenient, and says so: what cannot be read is taken as not given.
        *("--checks", "all", "--exclude-checks", "negative_data_rejection"),
        *("--max-time", str(seconds), "--max-response-time", "5", "--request-timeout", "20", "--no-color"),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=seconds + 60, check=False)
    print(done.stdout + done.stderr)
    return done.returncode, done.stdout + done.stderr


def test_the_interface_is_what_its_description_says(tmp_path: Path) -> None:
    with demonstration(tmp_path) as server:
        code, said = attack(server.url, tmp_path)
        generated = re.search(r"(\d+) generated", said)
        assert code == 0, said
        assert generated, said
        assert int(generated[1]) > LEAST, said
        assert "Tested: 1" in said, said
        assert not [line for line in troubles(server.written()) if '"level": "ERROR"' in line]


def test_control_an_interface_that_is_not_is_found_out(tmp_path: Path) -> None:
    with demonstration(tmp_path, program=stand_in(tmp_path, "tests.tools.careless", "api")) as server:
        code, said = attack(server.url, tmp_path, seconds=10)
        assert code == 1, said
        assert "Server error" in said, said
        assert "Response violates schema" in said, said
