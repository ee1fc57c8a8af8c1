"""Messages for tests of pages, told by the code that tells them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from app.database import run, transaction
from app.i18n import text
from app.notices.api import About, Kind, tell
from app.notices.rules import known_by
from tests.client import NOON


async def told(
    *members: int,
    kind: Kind = Kind.CHANGE,
    subject: str = "Changement d’heure",
    starts_at: datetime | None = NOON + timedelta(days=2),
    thing_id: int = 1,
    now: datetime = NOON,
    **more: Any,
) -> list[int]:
    """Tell these members the same thing; the ids of the messages."""
    what = f"{subject} {now.isoformat()}"
    about = About("workshop", thing_id, starts_at) if starts_at is not None else None
    async with transaction():
        await tell(
            members,
            kind=kind,
            what=what,
            subject=text("%(subject)s", subject=subject),
            body=more.pop("body", [text("C’est maintenant à 15 h.")]),
            link=more.pop("link", "/ateliers/1"),
            about=about,
            now=now,
            **more,
        )
    ids = {row["dedupe"]: row["id"] for row in await run("select id, dedupe from outbox")}
    return [ids[known_by(f"{what}-{member}")] for member in members]


async def message(message_id: int) -> dict[str, Any]:
    """The row of a message."""
    return (await run("select * from outbox where id = {}", message_id))[0]


async def set_message(message_id: int, **columns: Any) -> None:
    """Write into it what time or the post would have."""
    async with transaction():
        for name, value in columns.items():
            await run(f"update outbox set {name} = {{}} where id = {{}}", value, message_id)


async def everything() -> list[dict[str, Any]]:
    """All that messages are made of, to see that nothing was changed."""
    outbox = await run("select * from outbox order by id")
    choices = await run("select * from mail_choice order by id")
    return [*outbox, *choices]
