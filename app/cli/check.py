"""`reseau check`, for developers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import click

from app.cli.common import Failed

ROOT = Path(__file__).resolve().parent.parent.parent


@click.command(short_help="For developers: format, lint, types, contracts, tests.")
@click.option("--no-tests", is_flag=True, help="Format, lint, types and import contracts only.")
def check(no_tests: bool) -> None:
    """For developers: format, lint, types, import contracts and tests, as the Makefile runs them.

    \b
    Examples:
      reseau check
      reseau check --no-tests
    """
    make = shutil.which("make")
    if make is None or not (ROOT / "Makefile").is_file():
        raise Failed("This runs the project's Makefile, and needs the sources and make.")
    target = "check" if no_tests else "test"
    ended = subprocess.run([make, "-C", str(ROOT), "--no-print-directory", target], check=False)  # noqa: S603 - our own Makefile
    if ended.returncode != 0:
        raise Failed(f"`make {target}` failed: what it printed says where.")
    click.echo("All is well.")
