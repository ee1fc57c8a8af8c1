"""`reseau demo`: a lively place that never existed, on a database of its own, served at once."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from app import clock
from app.cli.common import Failed, on_sqlite, open_or_fail
from app.database import close_database, engine, is_sqlite, run
from app.main import REGISTRY
from app.migrations import migrate
from app.serving import AddressTaken, address_of, end_in_order, listen, serve_until_stopped, served
from app.settings import Settings
from app.web.log import start_logging

if TYPE_CHECKING:
    from app.demo import Account, Cards

FOLDER = Path(".demo")
REHEARSED_KEY = "sk_test_demonstration"
"""Of no account at Stripe: the rehearsal knows no other."""
WHILE_SEEDING = "whsec_nobody_listens"
MARK = "demonstration"
"""A table that stands in databases which `reseau demo` made, and in no other: only those does it ever empty."""


@click.command(short_help="Serve a demonstration, with people and dates around today.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--database", help="URL or path. Default: .demo/demo.sqlite")
@click.option("--fresh", is_flag=True, help="Begin anew, with dates around today.")
@click.option(
    "--members",
    default=0,
    type=click.IntRange(0, 1_000_000),
    help="As many members as membre1 … membreN, to see it at scale.",
)
def demo(host: str, port: int, database: str | None, fresh: bool, members: int) -> None:
    """Serve a demonstration, in French, with people and dates around today.

    It needs no settings and sends no mail: what would have been sent is shown at /demo/courrier. Paying by card is
    rehearsed on a page of its own: no card is charged, and no key of a real account is read.

    \b
    Examples:
      reseau demo
      reseau demo --port 0 --fresh
      reseau demo --members 5000 --database postgresql://localhost/essai
    """
    from app.demo import PASSWORD  # here, since nothing else needs what only the demonstration loads
    from rehearsal import Rehearsal

    end_in_order()
    os.environ.pop("RESEAU_ERASED_LIST", None)  # nobody here is anybody
    try:
        listening = listen(host, port)
    except AddressTaken as taken:
        raise Failed(f"{taken} Another one: `reseau demo --port 0`.") from taken
    url = database or f"sqlite:///{FOLDER / 'demo.sqlite'}"
    key = _secret_key(_key_file(url))
    start_logging("WARNING")
    keep = _beside(url, "cards")
    accounts = asyncio.run(_prepare(url, fresh=fresh, members=members, keep=keep))
    address = address_of(listening)
    with Rehearsal(
        secret_key=REHEARSED_KEY,
        webhook_secret=f"whsec_{_secret_key(_beside(url, 'webhook'))}",
        webhook_url=f"{address}/paiements/stripe/webhook",
        host=_rehearsed_at(host),
        keep=keep,
    ) as stripe:
        settings = Settings(
            database_url=url,
            secret_key=key,
            base_url=address,
            demo=True,
            stripe_secret_key=REHEARSED_KEY,
            stripe_webhook_secrets=(stripe.webhook_secret,),
            stripe_api_base=stripe.address,
        )
        _say(address, accounts, PASSWORD)
        if not serve_until_stopped(listening, served(settings)):
            raise Failed("The demonstration could not start: the log above says why.")


def _say(address: str, accounts: Sequence[Account], password: str) -> None:
    click.echo(f"\nThe demonstration is served at {address}\nMails are shown at    {address}/demo/courrier")
    click.echo("Paying by card is a rehearsal: no card is charged, and nothing leaves this machine.\n")
    click.echo(f"Accounts, all with the password {password}:")
    width = max(len(account.address) for account in accounts)
    for account in accounts:
        click.echo(f"  {account.address:<{width}}  {account.name}, {account.who}")
    click.echo("\nCtrl-C ends it.")


def _rehearsed_at(host: str) -> str:
    """Where the rehearsal of Stripe listens: where the demonstration does, so that whoever reaches the one from another
    machine reaches the other. It knows no IPv6."""
    return "127.0.0.1" if ":" in host else host


def _key_file(url: str) -> Path:
    path = _path(url)
    return FOLDER / "secret-key" if path is None else path.with_name(path.name + ".key")


def _beside(url: str, what: str) -> Path:
    """A file of this demonstration, beside its database."""
    path = _path(url)
    return FOLDER / what if path is None else path.with_name(f"{path.name}.{what}")


def _path(url: str) -> Path | None:
    """Where the embedded database is; nothing for PostgreSQL."""
    return Path(url.removeprefix("sqlite:///")) if on_sqlite(url) else None


def _secret_key(path: Path) -> str:
    """The key that this demonstration keeps, so that people stay signed in over a restart."""
    if not path.is_file() or len(path.read_text().strip()) < 32:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
    return path.read_text().strip()


async def _prepare(url: str, *, fresh: bool, members: int, keep: Path) -> tuple[Account, ...]:
    """Make sure that a whole demonstration is in the database, and nothing else: whom one may sign in as. What was paid
    by card in one that is made now is known to whoever rehearses with `keep`."""
    from app.demo import accounts, is_seeded
    from app.payments.gateway import connect, disconnect
    from rehearsal import Rehearsal

    await open_or_fail(url, make=True)
    try:
        if not await _is_ours():
            if await _holds_people():
                raise Failed("There are people in this database who are no demonstration: take an empty one.")
        elif not fresh:
            await migrate()
            if await is_seeded():
                return await accounts()
        await _empty()
        await migrate()
        with Rehearsal(secret_key=REHEARSED_KEY, webhook_secret=WHILE_SEEDING) as stripe:
            connect(Settings(stripe_secret_key=REHEARSED_KEY, stripe_api_base=stripe.address))
            try:
                await _seed(members, stripe)
            finally:
                await disconnect()
            stripe.write(keep)
        return await accounts()
    finally:
        await close_database()


async def _is_ours() -> bool:
    return MARK in await _tables()


async def _holds_people() -> bool:
    return "member" in await _tables() and bool(await run("select 1 as one from member limit 1"))


async def _tables() -> list[str]:
    if is_sqlite():
        rows = await run("select name from sqlite_master where type = 'table' and name not like 'sqlite~_%' escape '~'")
    else:
        rows = await run("select tablename as name from pg_tables where schemaname = current_schema()")
    return [row["name"] for row in rows]


async def _empty() -> None:
    """Nothing but our mark, from this commit on: a demonstration that was cut while it was made is known as ours."""
    async with engine().transaction(for_schema=True):
        for name in await _tables():
            await engine().run_ddl(f'drop table "{name}"' + ("" if is_sqlite() else " cascade"))
        await engine().run_ddl(f"create table {MARK} (since text)")


async def _seed(members: int, cards: Cards) -> None:
    from app.demo import seed

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(f"Making the demonstration: {what}")
            bar.update(tasks[what], completed=done, total=total)

        await seed(REGISTRY, now=clock.now(), members=members, progress=progress, cards=cards)
