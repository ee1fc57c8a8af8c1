"""Of whoever says that they are under eighteen, the day on which they will be: some turns wait for it."""

from app.migrations import ddl

ID = "m0008_grown_up"
VERSION = "1.38.0"
DESCRIPTION = "the day of the eighteenth birthday, of whoever says that it is to come"


async def forwards() -> None:
    await ddl("alter table member add column adult_on date")
