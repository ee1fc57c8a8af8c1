"""What `reseau doctor` says of the money that is kept account of."""

from __future__ import annotations

from app import clock
from app.cli.findings import Findings, fault, ok
from app.main import REGISTRY


async def of_accounts() -> Findings:
    """Whether what each domain keeps about money agrees. Stripe is not asked: `reseau accounts check` does."""
    found = [each for checks in REGISTRY.checks.values() for each in await checks(clock.now())]
    if found:
        many = f"{len(found)} things" if len(found) > 1 else "One thing"
        yield fault(
            f"{many} in the accounts {'do' if len(found) > 1 else 'does'} not agree.",
            "`reseau accounts check` names them.",
        )
    else:
        yield ok("The accounts agree with themselves.")
