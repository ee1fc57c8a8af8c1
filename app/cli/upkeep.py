"""`reseau upgrade` and `reseau jobs`."""

from __future__ import annotations

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from app import clock
from app.cli.common import read_settings, with_database
from app.jobs import MAIL, post_due, run_due
from app.main import REGISTRY
from app.migrations import migrate
from app.notices.delivery import how_many_wait
from app.payments import gateway
from app.web.log import start_logging

MANY = 20
"""Mails that wait, from which on a bar shows how far it is, where there is a screen."""


@click.command(short_help="Bring the database up to date, or make it.")
def upgrade() -> None:
    """Bring the database to the shape that this version expects; make it if there is none.

    Safe while another program does the same, and to be run again after it was interrupted.

    \b
    Example:
      reseau upgrade && reseau serve
    """
    ran = with_database(read_settings().database_url, migrate, make=True, migrated=False)
    for name in ran:
        click.echo(name)
    click.echo("The database is up to date." if ran else "The database was up to date already.")


@click.command(short_help="Do now what is due: offers, silences, mails.")
def jobs() -> int:
    """Do now, once, what is due: offers that lapse, silence that is assent, mails that wait.

    `reseau serve` does so by itself while it runs; doing it twice harms nothing.

    \b
    Example, each minute from cron:
      * * * * * cd /srv/reseau && .venv/bin/reseau jobs
    """
    settings = read_settings(serving=True)  # links in mails are signed with the secret key
    start_logging("WARNING")
    console = Console()

    async def everything() -> tuple[dict[str, int | None], int]:
        gateway.connect(settings)
        try:
            done = await run_due(REGISTRY, clock.now())
        finally:
            await gateway.disconnect()
        waiting = await how_many_wait()
        with Progress(console=console, transient=True, disable=waiting < MANY or not console.is_terminal) as bar:
            mails = bar.add_task(f"{waiting} mails", total=waiting)
            done[MAIL] = await post_due(REGISTRY, settings, settled=lambda: bar.advance(mails))
        return done, await how_many_wait()

    done, left = with_database(settings.database_url, everything)
    table = Table("job", "done", box=None)
    for name, count in done.items():
        table.add_row(name, "failed" if count is None else str(count))
    waiting = [job.name for job in REGISTRY.jobs if job.name not in done]
    for name in waiting:
        table.add_row(name, "waits")
    console.print(table)
    failed = [name for name, count in done.items() if count is None]
    if failed:
        click.echo(f"Could not be done: {', '.join(failed)}. The log above says why.", err=True)
        return 1
    if waiting:
        click.echo(
            "The machine was just started, or its clock set: what cannot be undone waits. "
            "Look at the clock, and run this again in ten minutes."
        )
    else:
        click.echo("All that was due is done.")
    if left:
        click.echo(f"{left} mails still wait for another try: `reseau doctor` says more.")
    return 0
