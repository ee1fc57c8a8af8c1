"""Some things are shown to everybody only while they lack people: whether this one is, and since when."""

from app.migrations import ddl

ID = "m0009_listed"
VERSION = "1.38.0"
DESCRIPTION = "entries that lists show, and those that only their own people see"


async def forwards() -> None:
    await ddl("""
        alter table entry add column listed {bool} not null default true;
        alter table entry add column listed_at {ts};
        drop index entry_in_place;
        create index entry_in_place on entry
            (place_id, starts_at, id, state, ends_at, sequence, modified_at, version, kind, listed, listed_at);
        drop index entry_by_kind;
        create index entry_by_kind on entry
            (kind, starts_at, state, ends_at, sequence, modified_at, id, listed, listed_at);
    """)
