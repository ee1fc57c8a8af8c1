"""What tests of sending do again and again: people, messages to them, and the rows that came of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from app.database import transaction
from app.i18n import text
from app.notices.api import Kind, post_mail, tell
from app.notices.tables import Outbox
from tests.client import NOON


async def tell_all(
    members: Iterable[int], *, what: str = "change", kind: Kind = Kind.CHANGE, now: datetime = NOON
) -> int:
    """Tell these members that something has changed."""
    async with transaction():
        return await tell(
            members,
            kind=kind,
            what=what,
            subject=text("Ton atelier à venir"),
            body=[text("Bonjour,"), text("l’heure a changé.")],
            link="/ateliers/1",
            now=now,
        )


async def send_code(address: str, *, now: datetime = NOON) -> None:
    """A way in, to an address without an account."""
    async with transaction():
        await post_mail(
            member_id=None,
            to=address,
            kind=Kind.SIGN_IN,
            dedupe=f"way-in:{address}",
            subject=text("Ton code : %(code)s", code="123456"),
            body=[],
            now=now,
        )


async def rows() -> list[dict[str, Any]]:
    """The outbox."""
    found: list[dict[str, Any]] = await Outbox.select().order_by(Outbox.id)
    return found
