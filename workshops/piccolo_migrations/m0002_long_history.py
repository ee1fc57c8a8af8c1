"""What ten years leave behind is not read for what is to come, nor one person's for one workshop."""

from app.migrations import ddl

ID = "m0002_long_history"
VERSION = "1.38.0"
DESCRIPTION = "indexes for a long history"


async def forwards() -> None:
    await ddl("""
        create index workshop_until on workshop (place_id, ends_at);
        create index sign_up_of_person on sign_up (workshop_id, member_id, id);
    """)
