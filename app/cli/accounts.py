"""`reseau accounts check`: whether the money agrees, everywhere that something is said of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from app import clock
from app.cli.common import Failed, read_settings, with_database
from app.cli.payments import euros
from app.contracts import Difference
from app.database import run
from app.main import REGISTRY
from app.payments import comparing, gateway
from app.payments.comparing import Compared
from app.payments.gateway import KeyRefused, StripeAway, StripeRefused
from app.settings import Settings

Shown = Callable[[str, int, int], None]
"""`(what, done, total)`: how far it is; a total of 0 is not known."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of looking."""

    differences: Sequence[Difference]
    stripe: Compared | None
    silence: str = ""
    """Why Stripe was not compared, though there is a key."""


@click.group()
def accounts() -> None:
    """Look after a place's accounts."""


@accounts.command("check", short_help="Whether ledger, bookings, till and Stripe agree.")
@click.option("--place", "slug", metavar="SLUG", help="One place alone; without: all, and the account at Stripe.")
def accounts_check(slug: str | None) -> int:
    """Prove that the ledger, the bookings, the counted box, what was bought and what Stripe has moved say the same.

    Each difference is named in a line: what it is, by its number, what it should be and what it is. Nothing is changed,
    and nobody is named. Without a key of Stripe only what is kept here is compared. Exits with 1 when something does
    not agree, or when there is a key and Stripe does not answer.

    \b
    Examples:
      reseau accounts check
      reseau accounts check --place les-tanneurs
    """
    settings = read_settings()

    async def work() -> tuple[str, Checked]:
        place_id, name = await _place(slug) if slug is not None else (None, "")
        with _shown() as shown:
            return name, await check(settings, place_id, now=clock.now(), shown=shown)

    name, checked = with_database(settings.database_url, work)
    for each in checked.differences:
        click.echo(line_of(each))
    if checked.silence:
        click.echo(checked.silence, err=True)
    if checked.stripe is None:
        stripe = "" if checked.silence else " There is no key of Stripe: what it has moved was not compared."
    else:
        stripe = f" {_of_stripe(checked.stripe)}"
    if checked.differences:
        many = len(checked.differences)
        click.echo(f"{f'{many} things do' if many > 1 else 'One thing does'} not agree.{stripe}", err=True)
        return 1
    where = f" at {name}" if name else ""
    what = "All that is kept here agrees" if checked.silence else "Everything agrees"
    click.echo(f"{what}{where}.{stripe}")
    return 1 if checked.silence else 0


async def check(
    settings: Settings, place_id: int | None, *, now: datetime, shown: Shown = lambda what, done, total: None
) -> Checked:
    """Ask every domain, then Stripe, if there is a key. What is of no place is left out where one is asked for."""
    found: list[Difference] = []
    for done, (name, checks) in enumerate(REGISTRY.checks.items()):
        shown(f"Looking at {name}", done, len(REGISTRY.checks))
        found += await checks(now)
    stripe, silence = None, ""
    if settings.stripe_secret_key:
        try:
            stripe = await _ask_stripe(settings, now, shown)
            found += stripe.differences
        except KeyRefused:
            silence = "Stripe does not take the key, or not for this: it must be allowed to read balance transactions."
        except StripeAway as away:
            silence = f"Stripe does not answer ({away}): what it has moved was not compared."
        except StripeRefused as refused:
            silence = f"Stripe refuses ({refused.code}): what it has moved was not compared."
    return Checked([each for each in found if place_id in (None, each.place_id)], stripe, silence)


async def _ask_stripe(settings: Settings, now: datetime, shown: Shown) -> Compared:
    asked = gateway.connect(settings)
    assert asked is not None
    try:
        return await comparing.compare(asked, now, lambda many: shown("Asking Stripe", many, 0))
    finally:
        await gateway.disconnect()


async def _place(slug: str) -> tuple[int, str]:
    found = await run("select id, name from place where slug = {}", slug)
    if not found:
        raise Failed(f"There is no place {slug}.")
    return found[0]["id"], found[0]["name"]


def line_of(found: Difference) -> str:
    """A difference, as it is named."""
    return (
        f"{found.what:<22} {found.about:<20} should be {euros(found.expected_cents)}, "
        f"is {euros(found.found_cents)}: {found.words}."
    )


def _of_stripe(compared: Compared) -> str:
    told = f"Stripe told of {'one movement' if compared.movements == 1 else f'{compared.movements} movements'}"
    if not compared.others:
        return f"{told}."
    of_them = "one of them is" if compared.others == 1 else f"{compared.others} of them are"
    return f"{told}; {of_them} no affair of this site ({euros(compared.others_cents)})."


@contextmanager
def _shown() -> Iterator[Shown]:
    """How far it is, on a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        only: TaskID = bar.add_task("")

        def shown(what: str, done: int, total: int) -> None:
            bar.update(only, description=what, completed=done, total=total or None)

        yield shown
