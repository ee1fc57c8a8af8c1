"""Seats that are paid for by card: with which checkout, and what becomes of them if it is not paid."""

from app.migrations import ddl

ID = "m0002_card"
VERSION = "1.38.0"
DESCRIPTION = "seats that are paid for by card"


async def forwards() -> None:
    await ddl("""
        alter table booking add column unpaid text not null default 'lapses'
            check (unpaid in ('lapses', 'on_site', 'given_up'));
        alter table booking_part add column checkout_id integer;
        create index booking_part_held on booking_part (held_until) where state = 'held';
        create index booking_part_of_checkout on booking_part (checkout_id) where checkout_id is not null;
    """)
