"""Lists of people are read in the order in which they are shown, and no further than the page goes."""

from app.migrations import ddl

ID = "m0006_lists_of_people"
VERSION = "1.38.0"
DESCRIPTION = "indexes for lists of a hundred thousand people"


async def forwards() -> None:
    await ddl("""
        create index member_by_name on member (name_key, id) where listed and erased_at is null;
        create index membership_to_meet on membership (place_id, joined_at) where met_at is null;
    """)
