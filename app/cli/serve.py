"""`reseau serve`."""

from __future__ import annotations

import os

import click

from app.cli.common import Failed, on_sqlite, read_settings, with_database
from app.serving import address_of, end_in_order, listen, serve_until_stopped, served
from app.web.log import start_logging


async def _nothing() -> None:
    """To see that the database opens and is up to date."""


@click.command(short_help="Serve the place, and do what is due.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes; several need PostgreSQL."
)
@click.option("--proxy-headers", is_flag=True, help="Believe X-Forwarded-For and X-Forwarded-Proto of a proxy.")
@click.option(
    "--forwarded-allow-ips",
    default="127.0.0.1",
    show_default=True,
    help="Whose headers to believe: addresses or networks, separated by commas.",
)
def serve(host: str, port: int, workers: int, proxy_headers: bool, forwarded_allow_ips: str) -> None:
    """Serve the place, and do beside it what is due.

    SIGTERM ends it: no new request is taken, those under way are finished. The log is one JSON line per event.

    \b
    Examples:
      reseau serve
      reseau serve --workers 4 --proxy-headers        behind nginx or Caddy on the same machine
      reseau serve --host 0.0.0.0 --port 80
    """
    end_in_order()
    settings = read_settings(serving=True)
    if workers > 1 and on_sqlite(settings.database_url):
        raise click.UsageError(
            "The embedded database is served by one process; for several, RESEAU_DATABASE_URL must be postgresql://…."
        )
    with_database(settings.database_url, _nothing)
    listening = listen(host, port)
    if not os.environ.get("RESEAU_BASE_URL", "").strip():
        os.environ["RESEAU_BASE_URL"] = address_of(listening)
        settings = read_settings(serving=True)
    click.echo(f"Le Réseau is served at {address_of(listening)}. Ctrl-C ends it.")
    start_logging()
    started = serve_until_stopped(
        listening,
        served(settings) if workers == 1 else None,
        workers=workers,
        proxy_headers=proxy_headers,
        forwarded_allow_ips=forwarded_allow_ips,
    )
    if not started:
        raise Failed("The server could not start: the log above says why.")
