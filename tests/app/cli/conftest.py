"""The `reseau` command run in this process, in a folder and with settings of the test's own."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app import cli
from tests.app.cli.said import KEY, Said


@pytest.fixture(autouse=True)
def own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder and settings of the test's own, and the logging of the tests back afterwards."""
    before, root = dict(os.environ), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("RESEAU_"):
            del os.environ[name]
    os.environ["RESEAU_ENV_FILE"] = ""
    yield
    os.environ.clear()
    os.environ.update(before)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def reseau(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run the command in this process: its exit code, and what it wrote."""

    def run_it(*args: str, **settings: str) -> Said:
        os.environ.update({f"RESEAU_{name.upper()}": value for name, value in settings.items()})
        code = cli.main(list(args))
        written = capsys.readouterr()
        assert "Traceback" not in written.err
        return code, written.out, written.err

    return run_it


@pytest.fixture
def installed(database_url: str) -> str:
    """A migrated database, and the settings that lead to it."""
    os.environ.update(RESEAU_DATABASE_URL=database_url, RESEAU_SECRET_KEY=KEY)
    return database_url


@pytest.fixture
def other_url(installed: str, another_database_url: str) -> str:
    """An empty database of the same sort, as on another machine; the settings lead to the first."""
    return another_database_url
