"""The list of what was: a page of it is read, not the years before nor what was never held."""

from app.migrations import ddl

ID = "m0003_past_list"
VERSION = "1.38.0"
DESCRIPTION = "indexes for the list of what was"


async def forwards() -> None:
    # The list is of one place or of all, of one format or of all: each of the four has its order.
    await ddl("""
        create index workshop_until_anywhere on workshop (ends_at, id);
        create index workshop_was on workshop (ends_at, id, state) where state in ('held', 'published');
        create index workshop_was_here on workshop (place_id, ends_at, id, state) where state in ('held', 'published');
        create index workshop_was_format on workshop (format, ends_at, id, state) where state in ('held', 'published');
        create index workshop_was_format_here on workshop (place_id, format, ends_at, id, state)
            where state in ('held', 'published');
    """)
