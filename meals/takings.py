"""What meals brought, for the association's accounting: the sums that every member may read, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from app.accounts.api import Account
from app.contracts import Taking
from app.database import run
from meals.accounts_rules import Means

ACCOUNT_OF = {Means.BOX: Account.BOX, Means.CARD: Account.STRIPE}
"""The pot is none: what goes into it was paid by card or into the box."""


async def takings(place_id: int, from_day: date, to_day: date) -> Sequence[Taking]:
    """The figures of these days, both included."""
    rows = await run(
        "select f.day, f.means, f.cents, f.meal_id, m.title "
        "from published_figure f left join meal m on m.id = f.meal_id "
        "where f.place_id = {} and f.day >= {} and f.day <= {} and f.means <> {} order by f.day, f.id",
        place_id,
        from_day,
        to_day,
        Means.POT.value,
    )
    return [
        Taking(row["day"], row["title"] or "", row["meal_id"], ACCOUNT_OF[Means(row["means"])].value, row["cents"])
        for row in rows
    ]
