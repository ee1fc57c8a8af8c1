"""What some tests need beyond Python, and whether this machine has it.

Asked by the tests that cannot run without, and by `make test`, which says in one line what will be left out.
Under RESEAU_TEST_ALL=1 an absence fails, so that a green run there means that everything was run. Only what no
installing brings, the right to mount a disk, is left out there too, and said.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.faults import power

HERE = Path(__file__).parent
AXE = HERE / "browser" / "node_modules" / "axe-core" / "axe.min.js"
INTEROP_MODULES = HERE / "interop" / "node_modules"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str | None:
    """The path of a Chromium: the one that CHROMIUM names, else the first that is installed."""
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named)
    return next((found for name in CHROMIUM_NAMES if (found := shutil.which(name))), None)


def missing_for_browser() -> list[str]:
    """What the tests in tests/browser lack here; empty when they can run."""
    missing = []
    if chromium() is None:
        missing.append("Chromium (apt-get install chromium, or CHROMIUM=/its/path)")
    if not AXE.is_file():
        missing.append("axe-core (npm ci --prefix tests/browser)")
    return missing


def missing_for_interop() -> list[str]:
    """What the calendar tests that ask programs written for Node lack here; empty when they can run."""
    missing = []
    if shutil.which("node") is None:
        missing.append("Node (apt-get install nodejs npm)")
    if not INTEROP_MODULES.is_dir():
        missing.append("its calendar libraries (npm ci --prefix tests/interop)")
    return missing


def missing_for_processes() -> list[str]:
    """What the tests lack here that count what a process holds, or limit it; empty when they can run."""
    return [] if Path("/proc/self/smaps_rollup").exists() else ["Linux (its /proc, and its limits of a process)"]


def everything_is_wanted() -> bool:
    """Whether an absence is to fail rather than to skip."""
    return os.environ.get("RESEAU_TEST_ALL") == "1"


def require(missing: Sequence[str]) -> None:
    """Skip the test that asks, naming what is missing, or fail it when everything is wanted."""
    if not missing:
        return
    sentence = f"needs {' and '.join(missing)}"
    if everything_is_wanted():
        pytest.fail(f"RESEAU_TEST_ALL=1, but this {sentence}", pytrace=False)
    pytest.skip(sentence)


def say_what_is_beyond() -> None:
    """What this machine does not let anybody do, whatever is installed."""
    if lacks := power.missing():
        print(f"Left out: the small disk and the power cut, for want of {' and '.join(lacks)}.")


def main() -> int:
    """Say in one line what is left out here; 1 when that is not allowed."""
    say_what_is_beyond()
    parts = [
        ("the tests in a browser", missing_for_browser()),
        ("the calendar programs for Node", missing_for_interop()),
        ("what processes hold, and a full disk", missing_for_processes()),
    ]
    if not everything_is_wanted():
        parts[0] = ("the slow tests and those in a browser", ["RESEAU_TEST_ALL=1"])
    left_out = [f"{tests}, without {' and '.join(missing)}" for tests, missing in parts if missing]
    if not left_out:
        return 0
    print(f"Left out: {'; '.join(left_out)}.")
    if everything_is_wanted():
        print("RESEAU_TEST_ALL=1 allows nothing to be left out.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
