"""`reseau payments`: what is paid by card, and is not done yet or needs somebody."""

from __future__ import annotations

import re

import click

from app import clock
from app.cli.common import Failed, read_settings, with_database
from app.payments.api import look_at
from app.payments.queries import Standing, ledger_sums, standing

_NAMED = re.compile(r"(checkout|refund)-(\d{1,10})")
_WHAT_TO_DO = {
    ("checkout", "flagged"): "look at it on Stripe's dashboard by its number: give the money back there if it was paid",
    ("checkout", "open"): "Stripe should have ended it long ago: `reseau doctor` says whether Stripe answers",
    ("checkout", "made"): "Stripe does not answer: `reseau doctor` says more",
    ("refund", "failed"): "give the money back by another way, or on Stripe's dashboard",
    ("refund", "wanted"): "Stripe does not take it: `reseau doctor` says more",
    ("dispute", "open"): "answer it on Stripe's dashboard within a week",
}


@click.command(short_help="Payments by card that are open, failed or doubtful.")
@click.option("--seen", metavar="NAME", help="Say of one that somebody has looked at it: checkout-12, refund-3.")
def payments(seen: str | None) -> int:
    """Show what is paid by card and is not done yet: open, flagged, to be given back, failed, disputed.

    Numbers and amounts only: who it is about stands nowhere here. Exits with 1 when something needs somebody.

    \b
    Examples:
      reseau payments
      reseau payments --seen checkout-12        I have looked at it, and seen to it
    """
    settings = read_settings()
    if seen is not None:
        named = _NAMED.fullmatch(seen)
        if named is None:
            raise click.UsageError("--seen wants a name as `reseau payments` shows it: checkout-12, refund-3.")
        what, number = named[1], int(named[2])
        if not with_database(settings.database_url, lambda: look_at(what, number, now=clock.now())):
            raise Failed(f"{seen} waits for nobody.")
        click.echo(f"{seen} is noted as looked at.")
        return 0

    async def read() -> tuple[list[Standing], dict[str, int]]:
        return await standing(clock.now()), await ledger_sums()

    found, sums = with_database(settings.database_url, read)
    for each in found:
        since = f"{clock.local(each.since):%d/%m/%Y %H:%M}"
        line = (
            f"{each.what}-{each.id:<6} {each.state:<9} {euros(each.cents):>10}  {since}  {each.fault} {each.stripe_id}"
        )
        click.echo(line.rstrip())
    if sums:
        click.echo(
            "At Stripe since the beginning: " + ", ".join(f"{kind} {euros(sum_)}" for kind, sum_ in sums.items())
        )
    waiting = [each for each in found if each.needs_somebody]
    for each in waiting:
        click.echo(f"{each.what}-{each.id}: {_WHAT_TO_DO[each.what, each.state]}.", err=True)
    if waiting:
        return 1
    click.echo("Nothing needs anybody." if found else "Nothing is open, and nothing needs anybody.")
    return 0


def euros(cents: int) -> str:
    """As accountants write it: -10.00 €."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d} €"
