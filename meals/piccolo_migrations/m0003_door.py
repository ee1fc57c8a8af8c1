"""The door and the till: who is at the table, what two people counted, what a meal came to."""

from app.database import is_sqlite, run
from app.migrations import ddl

ID = "m0003_door"
VERSION = "1.38.0"
DESCRIPTION = "the door, the till, what meals came to"


async def forwards() -> None:
    await ddl("""
        alter table booking_part add column attended_at {ts};
        alter table booking_part add column ticked_by_form {text} not null default '';
        alter table booking add column walk_in {bool} not null default false;

        create table till_entry (
            id {id},
            meal_id {ref} not null references meal (id),
            member_id {ref} not null references member (id),
            cents {int} not null check (cents >= 0),
            has_till {bool} not null,
            differs {bool} not null,
            entered_at {ts} not null,
            unique (meal_id, member_id)
        );
        create index till_entry_of on till_entry (member_id);

        create table till_count (
            id {id},
            meal_id {ref} not null unique references meal (id),
            cents {int} not null check (cents >= 0),
            first_by {ref} references member (id),
            second_by {ref} references member (id),
            counted_at {ts} not null
        );
        create index till_count_first on till_count (first_by) where first_by is not null;
        create index till_count_second on till_count (second_by) where second_by is not null;

        create table meal_account (
            id {id},
            meal_id {ref} not null unique references meal (id),
            place_id {ref} not null references place (id),
            day {date} not null,
            eaten {int} not null,
            card_cents {int} not null,
            card_people {int} not null,
            pledged_cents {int} not null,
            box_people {int} not null,
            pot_cents {int} not null,
            pot_people {int} not null,
            ledger_line_id {int} not null,
            closed_at {ts} not null
        );
        create index meal_account_of on meal_account (place_id, day);
        create index booking_part_attended on booking_part (meal_id)
            where attended_at is not null or ticked_by_form <> '';
        create index meal_ended on meal (ends_at) where state = 'served';
    """)
    if is_sqlite():
        await ddl("""
            create trigger pot_line_not_changed before update of id, place_id, meal_id, kind, cents on pot_line
            begin select raise(abort, 'the pot is only added to'); end;
            create trigger pot_line_not_deleted before delete on pot_line
            begin select raise(abort, 'the pot is only added to'); end;
        """)
    else:
        await run(
            "create or replace function pot_line_kept() returns trigger language plpgsql "
            "as 'begin raise exception ''the pot is only added to''; end'"
        )
        await run(
            "create trigger pot_line_not_changed before update of id, place_id, meal_id, kind, cents on pot_line "
            "for each statement execute function pot_line_kept()"
        )
        await run(
            "create trigger pot_line_not_deleted before delete or truncate on pot_line "
            "for each statement execute function pot_line_kept()"
        )
