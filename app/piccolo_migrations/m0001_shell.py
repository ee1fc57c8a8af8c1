"""Places, people, time, messages and the journal."""

import secrets

from app.database import run
from app.migrations import ddl

ID = "m0001_shell"
VERSION = "1.38.0"
DESCRIPTION = "places, people, time, messages, journal"


async def forwards() -> None:
    await ddl("""
        create table place (
            id {id},
            slug text not null unique,
            name text not null,
            address text not null,
            about text not null,
            email text not null,
            phone text not null,
            step_free {bool} not null,
            created_at {ts} not null
        );

        create table room (
            id {id},
            place_id integer not null references place (id),
            name text not null,
            seats integer not null,
            step_free {bool} not null,
            retired_at {ts}
        );

        create table opening_hours (
            id {id},
            place_id integer not null references place (id),
            weekday integer not null,
            opens text not null,
            closes text not null
        );

        create table closure (
            id {id},
            place_id integer not null references place (id),
            first_on date not null,
            last_on date not null,
            reason text not null
        );

        create table member (
            id {id},
            name text not null,
            name_key text not null,
            email text,
            email_key text,
            password_hash text,
            about text not null,
            phone text not null,
            listed {bool} not null,
            language text not null,
            created_at {ts} not null,
            erased_at {ts}
        );

        create table membership (
            id {id},
            member_id integer not null references member (id),
            place_id integer not null references place (id),
            mediator {bool} not null,
            employer text not null,
            joined_at {ts} not null,
            met_at {ts},
            dues_on date
        );

        create table encounter (
            id {id},
            member_id integer not null references member (id),
            place_id integer not null references place (id),
            met_by integer not null references member (id),
            met_at {ts} not null
        );

        create table granted_act (
            id {id},
            member_id integer not null references member (id),
            place_id integer not null references place (id),
            act text not null,
            from_at {ts} not null,
            until_at {ts},
            source text not null
        );

        create table handover (
            id {id},
            place_id integer not null references place (id),
            act text not null,
            from_member integer not null references member (id),
            to_member integer not null references member (id),
            shared {bool} not null,
            offered_at {ts} not null,
            answered_at {ts},
            accepted {bool} not null
        );

        create table session (
            id {id},
            token_hash text not null unique,
            member_id integer not null references member (id),
            place_id integer references place (id),
            device text not null,
            label text not null,
            by_mail {bool} not null,
            created_at {ts} not null,
            seen_at {ts} not null,
            expires_at {ts} not null
        );

        create table passage (
            id {id},
            purpose text not null,
            token_hash text not null unique,
            waiting_hash text not null unique,
            code_hash text not null,
            email_key text not null,
            member_id integer references member (id),
            name text not null,
            email text not null,
            password_hash text,
            language text not null,
            place_id integer references place (id),
            device text not null,
            created_at {ts} not null,
            expires_at {ts} not null,
            tries integer not null,
            used_at {ts}
        );

        create table attempt (
            id {id},
            key text not null,
            tried_at {ts} not null
        );

        create table installation (
            id {id},
            name text not null
        );

        create table entry (
            id {id},
            kind text not null,
            thing_id integer not null,
            place_id integer not null references place (id),
            room_id integer references room (id),
            starts_at {ts} not null,
            ends_at {ts} not null,
            state text not null,
            title text not null,
            genre text not null,
            summary text not null,
            hosts text not null,
            seats integer,
            taken integer not null,
            waiting integer not null,
            language text not null,
            step_free {bool} not null,
            children {bool} not null,
            sequence integer not null,
            modified_at {ts} not null,
            ics_public text not null,
            ics_member text not null
        );

        create table taking_part (
            id {id},
            entry_id integer not null references entry (id),
            member_id integer not null references member (id),
            role text not null,
            binding {bool} not null,
            modified_at {ts} not null,
            left_at {ts}
        );

        create table feed (
            id {id},
            member_id integer not null references member (id),
            token_hash text not null unique,
            name text not null,
            discreet {bool} not null,
            private {bool} not null,
            alarm_minutes integer,
            created_at {ts} not null,
            modified_at {ts} not null,
            read_at {ts},
            revoked_at {ts}
        );

        create table outbox (
            id {id},
            dedupe text not null unique,
            kind text not null,
            member_id integer references member (id),
            recipient text not null,
            language text not null,
            subject text not null,
            body text not null,
            link text not null,
            signature text not null,
            created_at {ts} not null,
            run_at {ts} not null,
            lease_until {ts},
            lease_by text,
            tries integer not null,
            sent_at {ts},
            logged_at {ts},
            set_aside_at {ts},
            error text not null
        );

        create table journal_line (
            id {id},
            place_id integer not null references place (id),
            at {ts} not null,
            actor_id integer references member (id),
            voice text not null,
            act text not null,
            kind text not null,
            thing_id integer,
            title text not null,
            reason text not null,
            shown {bool} not null
        );

        create unique index membership_once on membership (member_id, place_id);
        create index membership_of_place on membership (place_id, mediator);
        create unique index member_address on member (email_key) where email_key is not null;
        create unique index encounter_once on encounter (member_id, place_id, met_by);
        create index room_of_place on room (place_id);
        create index opening_hours_of_place on opening_hours (place_id, weekday);
        create index closure_of_place on closure (place_id, last_on);
        create index granted_to on granted_act (member_id, place_id, from_at);
        create index granted_here on granted_act (place_id, act, from_at);
        create unique index handover_once on handover (place_id, act, to_member) where answered_at is null;
        create index handover_to on handover (to_member);
        create index session_of_member on session (member_id);
        create index session_over on session (expires_at);
        create index passage_of_address on passage (email_key, created_at);
        create index passage_over on passage (expires_at);
        create index attempt_by_key on attempt (key, tried_at);
        create unique index entry_of_thing on entry (kind, thing_id);
        -- Whether a feed of a place, or of all, changed is read from these two indexes alone, without one row.
        create index entry_in_place on entry (place_id, starts_at, state, ends_at, sequence, modified_at, id);
        create index entry_by_kind on entry (kind, starts_at, state, ends_at, sequence, modified_at, id);
        create index entry_in_room on entry (room_id, starts_at) where room_id is not null;
        create unique index taking_part_once on taking_part (entry_id, member_id);
        create index taking_part_of_member on taking_part (member_id, entry_id);
        create index feed_of_member on feed (member_id);
        create index outbox_to_send on outbox (run_at)
            where sent_at is null and logged_at is null and set_aside_at is null;
        create index outbox_to_forget on outbox (run_at) where recipient <> '';
        create index outbox_to_member on outbox (member_id);
        create index journal_of_place on journal_line (place_id, shown, at);
        create index journal_of_thing on journal_line (kind, thing_id);
    """)
    # What makes the UID of every event ours for ever, on whatever host it is served: random, and kept with the data.
    await run("insert into installation (name) values ({})", f"{secrets.token_hex(8)}.reseau")
