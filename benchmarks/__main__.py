"""`python -m benchmarks`: how fast the place is, beside yardsticks that ran in the same minute on the same machine."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import tempfile
from contextlib import ExitStack
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.databases import ENGINES, databases
from benchmarks.measures import QUICK, USUAL, Bench, Pace, measure_all
from benchmarks.place import TO_COME, Place, make_place
from benchmarks.programs import Failed, Program
from benchmarks.report import lines_of, show

WHAT = ("pages", "feeds", "signups", "bookings", "memory")
SIZES = (50, 10_000, 100_000)
YEARS = 10
"""Of history, in all places but the smallest."""
WIDE = 160
"""Columns of the tables where there is no terminal to ask."""


@click.command(epilog="Others: python -m benchmarks.render, python -m benchmarks.outbox")
@click.option("--quick", is_flag=True, help="Fifty members, short rounds: a look, not a measure.")
@click.option("--only", multiple=True, type=click.Choice(WHAT), help="Only these figures.")
@click.option("--engine", "engines", multiple=True, type=click.Choice(ENGINES), help="Only this engine.")
@click.option("--members", type=click.IntRange(50, 1_000_000), help="One place, with so many members.")
@click.option("--years", type=click.IntRange(0, 20), help="Of history, in that place.")
@click.option("--events", default=TO_COME, show_default=True, type=click.IntRange(0, 1000), help="To come.")
@click.option("--rounds", type=click.IntRange(1, 100), help="So many rounds, whose median counts.")
@click.option("--seconds", type=click.FloatRange(0.05, 60), help="The length of a round.")
@click.option("--postgresql", default="", help="URL of a server; default: one of our own.")
@click.option("--folder", type=click.Path(path_type=Path), help="On the disk that is to be measured.")
@click.option("--json", "kept", type=click.Path(path_type=Path), help="Keep all figures in this file.")
def main(
    quick: bool,
    only: tuple[str, ...],
    engines: tuple[str, ...],
    members: int | None,
    years: int | None,
    events: int,
    rounds: int | None,
    seconds: float | None,
    postgresql: str,
    folder: Path | None,
    kept: Path | None,
) -> None:
    """Seed a place, serve it, and measure pages, feeds, sign-ups, bookings and memory, each beside its yardstick.

    \b
    Examples:
      python -m benchmarks --quick --engine sqlite
      python -m benchmarks --only pages --members 50
      python -m benchmarks --json figures.json
    """
    usual = QUICK if quick else USUAL
    pace = Pace(rounds or usual.rounds, seconds or usual.seconds)
    sizes: tuple[tuple[int, int], ...] = tuple((size, 0 if size == SIZES[0] else years or YEARS) for size in SIZES)
    if members or quick:
        sizes = ((members or SIZES[0], years or 0),)
    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDE  # a file or a pipe has no width: names are not cut there
    console.print(
        f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}; "
        f"{pace.rounds} rounds of {pace.seconds} s, medians."
    )
    figures = []
    for engine in engines or ENGINES:
        with tempfile.TemporaryDirectory(prefix="reseau-benchmarks-", dir=folder, ignore_cleanup_errors=True) as made:
            try:
                figures += _measure(engine, Path(made), sizes, events, set(only or WHAT), pace, postgresql, console)
            except Failed as failed:
                raise click.ClickException(str(failed)) from failed
    if quick:
        console.print("Short rounds on a busy machine: these ratios mean little. Without --quick they are measured.")
    if kept is not None:
        kept.write_text(json.dumps(figures, indent=1) + "\n")


def _measure(
    engine: str,
    folder: Path,
    sizes: tuple[tuple[int, int], ...],
    events: int,
    only: set[str],
    pace: Pace,
    postgresql: str,
    console: Console,
) -> list[dict[str, object]]:
    """One engine, from empty databases to a table."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with ExitStack() as stack:
        new = stack.enter_context(databases(engine, folder, postgresql))
        places: list[Place] = []
        for members, years in sizes:
            with Progress(*columns, transient=True, console=console) as bar:
                task = bar.add_task("")

                def progress(what: str, done: int, total: int, bar: Progress = bar, task: object = task) -> None:
                    bar.update(task, description=f"{engine}: {what}", completed=done, total=total)  # type: ignore[arg-type]  # rich's own id

                made = make_place(new(), members=members, years=years, to_come=events, progress=progress)
                places.append(asyncio.run(made))
        load = stack.enter_context(Program.module("benchmarks.load", folder / "load.log"))
        commits = stack.enter_context(Program.module("benchmarks.commits", folder / "commits.log"))
        benches = [Bench(place, folder, stack, load) for place in places]
        with console.status("") as status:
            measure_all(
                benches, only=only, pace=pace, commits=commits, tell=lambda what: status.update(f"{engine}: {what}")
            )
        lines = lines_of(engine, [(bench.place, bench.seen) for bench in benches])
        show(lines, console)
        return [line.told() for line in lines]


if __name__ == "__main__":
    main()
