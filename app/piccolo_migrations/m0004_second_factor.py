"""A second code, for whoever mediates or keeps accounts."""

from app.migrations import ddl

ID = "m0004_second_factor"
VERSION = "1.38.0"
DESCRIPTION = "a second code, and what replaces it once"


async def forwards() -> None:
    await ddl("""
        alter table session add column second_at {ts};

        create table second_factor (
            id {id},
            member_id {ref} not null unique references member (id),
            seed {text} not null,
            made_with {text} not null,
            last_step {int} not null,
            since_at {ts} not null
        );

        create table recovery_code (
            id {id},
            member_id {ref} not null references member (id),
            code_hash {text} not null,
            unique (member_id, code_hash)
        );
    """)
