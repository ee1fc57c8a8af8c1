"""Messages that carry events and offers, or stay on the site; what each person chose; reminders; what time it was."""

import hashlib

from app.database import run
from app.migrations import ddl

ID = "m0002_messages"
VERSION = "1.38.0"
DESCRIPTION = "messages with calendar parts, offers, choices, reminders"

_KINDS = {
    "workshop_confirmed": "confirmation",
    "workshop_changed": "change",
    "workshop_cancelled": "cancellation",
    "decision": "hosting",
    "invitation": "hosting",
    "jury": "duty",
    "other": "hosting",
}


async def forwards() -> None:
    await ddl("""
        alter table outbox add column place_id {ref} references place (id);
        alter table outbox add column place_email {text} not null default '';
        alter table outbox add column action {text} not null default '';
        alter table outbox add column about_kind {text} not null default '';
        alter table outbox add column about_id {int};
        alter table outbox add column about_at {ts};
        alter table outbox add column method {text} not null default '';
        alter table outbox add column event {text} not null default '';
        alter table outbox add column sequence {int} not null default 0;
        alter table outbox add column offer_key {text} not null default '';
        alter table outbox add column on_site {bool} not null default false;
        alter table outbox add column stopped {bool} not null default false;
        alter table outbox add column discreet {bool} not null default false;
        alter table outbox add column read_at {ts};
        alter table outbox add column told_at {ts};
        alter table outbox add column told_by {ref} references member (id);
        alter table outbox add column perhaps_at {ts};
        alter table outbox add column good_until {ts};

        drop index outbox_to_send;
        drop index outbox_to_forget;
        drop index outbox_to_member;
        create index outbox_to_send on outbox (run_at)
            where recipient <> '' and sent_at is null and logged_at is null and set_aside_at is null;
        create index outbox_in_order on outbox (member_id, about_kind, about_id, id)
            where recipient <> '' and sent_at is null and logged_at is null and set_aside_at is null;
        create index outbox_to_forget on outbox (run_at) where subject <> '';
        create index outbox_to_member on outbox (member_id, id);
        create index outbox_unread on outbox (member_id) where on_site and read_at is null;
        create index outbox_to_tell on outbox (created_at) where subject <> ''
            and kind in ('cancellation', 'change', 'offer') and on_site and read_at is null and told_at is null
            and not stopped and (recipient = '' or set_aside_at is not null);
        create index outbox_told on outbox (told_at) where told_at is not null;

        create table mail_choice (
            id {id},
            member_id {ref} not null unique references member (id),
            stopped {text} not null,
            remind {text} not null,
            digest {bool} not null,
            digest_on {date}
        );
        create index mail_choice_digest on mail_choice (digest_on) where digest;

        create table calendar_request (
            id {id},
            member_id {ref} not null references member (id),
            kind {text} not null,
            thing_id {int} not null,
            sequence {int} not null,
            sent_at {ts} not null,
            cancelled_at {ts},
            unique (member_id, kind, thing_id)
        );
        create index calendar_request_of_thing on calendar_request (kind, thing_id);

        create table reminded (
            id {id},
            kind {text} not null,
            thing_id {int} not null,
            starts_at {ts} not null,
            lead {text} not null,
            reminded_at {ts} not null,
            unique (kind, thing_id, starts_at, lead)
        );
        create index reminded_to_forget on reminded (starts_at);
        create index entry_to_come on entry (starts_at, kind, thing_id) where state = 'confirmed';

        create table moved (
            id {id},
            kind {text} not null,
            thing_id {int} not null,
            where_before {text} not null,
            address_before {text} not null,
            noted_at {ts} not null,
            unique (kind, thing_id)
        );

        alter table member add column password_given_at {ts};
        alter table member add column kept_name {text};
        alter table member add column address_added_at {ts};
        create unique index member_kept_name on member (kept_name) where kept_name is not null;
        create table handed_slip (
            id {id},
            once_hash {text} not null unique,
            member_id {ref} not null references member (id),
            given_at {ts} not null
        );
        create index handed_slip_to_forget on handed_slip (given_at);

        create table clock_seen (
            id {id},
            latest_at {ts} not null,
            doubt_until {ts}
        );

        create table failed_job (
            id {id},
            job {text} not null unique,
            failed_at {ts} not null
        );
    """)
    for row in await run("select id, dedupe from outbox"):  # whose number stood in it
        digest = hashlib.sha256(row["dedupe"].encode("utf-8", "surrogatepass")).hexdigest()
        await run("update outbox set dedupe = {} where id = {}", digest, row["id"])
    for old, new in _KINDS.items():
        await run("update outbox set kind = {} where kind = {}", new, old)
