"""One's own data: the last day somebody was here, what is erased, and what an erasure has still to do."""

from datetime import UTC, datetime

from app.database import run
from app.migrations import ddl

ID = "m0003_own_data"
VERSION = "1.38.0"
DESCRIPTION = "the last day here, erasures, mails that leave no trace"


async def forwards() -> None:
    await ddl("""
        create table presence (
            id {id},
            member_id {ref} not null unique references member (id),
            active_on {date} not null,
            warned_on {date}
        );
        create index presence_by_day on presence (active_on);

        -- A restoration makes it, in the same transaction as it brings older people back (app/backup/aftercare.py).
        create table if not exists erase_again (
            member_id integer primary key,
            erased_on {date} not null
        );

        create table to_wipe (
            id {id},
            asked_at {ts} not null
        );

        alter table outbox add column forget {bool} not null default false;
        create index member_erased on member (erased_at) where erased_at is not null;
    """)
    # Nobody knows when they were last here: today is the earliest day from which their absence is counted.
    await run("insert into presence (member_id, active_on) select id, {} from member", datetime.now(UTC).date())
