"""What tests of accounts start from: the cast, a meal with a team, money in the box, pictures of receipts."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from PIL import Image, ImageDraw

from app.accounts.api import Account, LedgerKind, add_line
from app.accounts.commands import PurchaseWords, write_purchase
from app.accounts.pictures import Picture
from app.accounts.states import PaidFrom, Spending
from app.clock import local_day
from app.database import run, transaction
from app.identity.states import Act
from tests.client import NOON
from tests.factories import make_grant
from tests.people import Cast

_numbers = itertools.count(1)
TODAY = local_day(NOON)


def once() -> str:
    """Of a form that nobody has sent yet."""
    return f"once-{next(_numbers)}"


def words(**changes: Any) -> PurchaseWords:
    """Carrots, advanced by whoever writes it down."""
    plain: dict[str, Any] = {
        "what": "Carottes et lentilles",
        "cents": 2340,
        "spending": Spending.FOOD,
        "bought_on": TODAY,
        "paid_from": PaidFrom.MEMBER,
    }
    return PurchaseWords(**{**plain, **changes})


async def bought(
    actor: int,
    cast: Cast,
    *,
    meal: int | None = None,
    pictures: Sequence[Picture] = (),
    now: datetime = NOON,
    **changes: Any,
) -> int:
    """A purchase."""
    about = {"about": "meal", "about_id": meal} if meal is not None else {}
    return await write_purchase(
        actor=actor, place_id=cast.place, words=words(**{**about, **changes}), once=once(), pictures=pictures, now=now
    )


async def fill_box(cast: Cast, cents: int, *, meal: int | None = None, now: datetime = NOON) -> int:
    """Two people have counted so much; the line's id."""
    async with transaction():
        ref = f"meal-{meal or next(_numbers) + 100_000}"
        await add_line(
            LedgerKind.CASH,
            ref,
            cents,
            account=Account.BOX,
            place_id=cast.place,
            about="meal" if meal else "",
            about_id=meal,
            now=now,
        )
        rows = await run("select id from ledger_line where kind = 'cash' and ref = {}", ref)
    return int(rows[0]["id"])


async def one_more_keeper(cast: Cast, member_id: int) -> int:
    """They keep the accounts too."""
    await make_grant(member_id=member_id, place_id=cast.place, act=Act.KEEP_ACCOUNTS, from_at=NOON)
    return member_id


async def lines() -> list[tuple[str, str, int]]:
    """The ledger: kind, account, cents."""
    rows = await run("select kind, account, cents from ledger_line order by id")
    return [(row["kind"], row["account"], row["cents"]) for row in rows]


async def sums() -> dict[str, int]:
    """What each account holds."""
    rows = await run("select account, sum(cents) as cents from ledger_line group by account")
    return {row["account"]: int(row["cents"]) for row in rows}


def photo(size: tuple[int, int] = (300, 400), *, kind: str = "JPEG", mode: str = "RGB", **options: Any) -> bytes:
    """A till's receipt: black lines on white, so that what is up can be told."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, size[0] - 1, size[1] // 10), fill="black")
    image = image.convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def day(written: str) -> date:
    """`2026-11-24`."""
    return date.fromisoformat(written)
