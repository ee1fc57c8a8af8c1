"""Some things are joined until an hour before they begin: a meal, until its bookings close."""

from app.migrations import ddl

ID = "m0010_joins_until"
VERSION = "1.38.0"
DESCRIPTION = "until when one joins something"


async def forwards() -> None:
    await ddl("alter table entry add column joins_until {ts};")
