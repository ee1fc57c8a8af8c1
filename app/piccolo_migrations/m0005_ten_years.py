"""What lists are found by, so that neither ten years of history nor a hundred thousand members make them slower."""

from app.migrations import ddl

ID = "m0005_ten_years"
VERSION = "1.38.0"
DESCRIPTION = "versions of entries, hours of what one takes part in"


async def forwards() -> None:
    await ddl("""
        alter table entry add column version {int} not null default 0;
        alter table taking_part add column starts_at {ts};
        update taking_part set starts_at = (select e.starts_at from entry e where e.id = taking_part.entry_id);
        drop index taking_part_of_member;
        create index taking_part_in_time on taking_part (member_id, starts_at, entry_id);
        drop index entry_in_place;
        create index entry_in_place
            on entry (place_id, starts_at, id, state, ends_at, sequence, modified_at, version, kind);
    """)
