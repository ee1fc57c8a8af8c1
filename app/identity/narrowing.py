"""Somebody may do less than before: has become a mediator, or says that they are under eighteen.

What they may not have any more is taken back by the domains that gave it (`Domain.may_less`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.contracts import Domain


async def say_may_less(member_id: int, domains: Sequence[Domain], *, now: datetime) -> None:
    """What this member may not have any more is taken back, domain by domain. Inside the transaction that changed what
    they may, and that holds their row."""
    for domain in domains:
        if domain.may_less is not None:
            await domain.may_less(member_id, now)
