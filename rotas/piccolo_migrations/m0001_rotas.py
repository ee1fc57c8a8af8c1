"""Duties, patterns, slots, who holds them, swaps, and how far people are in learning them."""

from app.migrations import ddl

ID = "m0001_rotas"
VERSION = "1.38.0"
DESCRIPTION = "duties, patterns, slots, holdings, swaps, practice, till counts"


async def forwards() -> None:
    await ddl("""
        create table rota_setting (
            id {id},
            place_id integer not null unique references place (id),
            quiet {bool} not null
        );

        create table duty (
            id {id},
            place_id integer not null references place (id),
            name text not null,
            about text not null,
            icon text not null,
            people integer not null check (people between 1 and 40),
            act text not null,
            opens_place {bool} not null,
            adults_only {bool} not null,
            needs_training {bool} not null,
            version integer not null,
            created_at {ts} not null,
            retired_at {ts}
        );
        create index duty_here on duty (place_id, name) where retired_at is null;

        create table rota_pattern (
            id {id},
            place_id integer not null references place (id),
            duty_id integer not null references duty (id),
            room_id integer references room (id),
            weekday integer not null check (weekday between 0 and 6),
            starts text not null,
            ends text not null,
            people integer not null check (people between 1 and 40),
            from_on date not null,
            until_on date,
            follows_id integer references rota_pattern (id),
            made_until date,
            once text unique,
            version integer not null,
            created_at {ts} not null
        );
        create index rota_pattern_of on rota_pattern (duty_id, weekday, from_on);
        create index rota_pattern_here on rota_pattern (place_id, until_on);

        create table rota_weekly (
            id {id},
            pattern_id integer not null references rota_pattern (id),
            member_id integer not null references member (id),
            since_at {ts} not null,
            ended_at {ts}
        );
        create unique index rota_weekly_one on rota_weekly (pattern_id, member_id) where ended_at is null;
        create index rota_weekly_of on rota_weekly (member_id) where ended_at is null;

        create table rota_slot (
            id {id},
            place_id integer not null references place (id),
            duty_id integer not null references duty (id),
            pattern_id integer references rota_pattern (id),
            made_for_on date,
            once text unique,
            source_kind text not null,
            source_id integer,
            source_title text not null,
            source_url text not null,
            source_closed {bool} not null,
            room_id integer references room (id),
            starts_at {ts} not null,
            ends_at {ts} not null,
            people integer not null check (people between 1 and 40),
            taken integer not null check (taken between 0 and people),
            state text not null,
            opened_at {ts} not null,
            filled_at {ts},
            low_load integer,
            mid_load integer,
            called_at {ts},
            call_again_at {ts},
            called_to integer,
            learned_at {ts},
            version integer not null,
            modified_at {ts} not null,
            check (starts_at < ends_at)
        );
        create unique index rota_slot_made on rota_slot (pattern_id, made_for_on) where pattern_id is not null;
        create index rota_slot_week on rota_slot (place_id, starts_at, id);
        create index rota_slot_of_duty on rota_slot (duty_id, starts_at);
        create index rota_slot_source on rota_slot (source_kind, source_id) where source_id is not null;
        create index rota_slot_learned on rota_slot (ends_at) where learned_at is null and state = 'open';
        create index rota_slot_wanting on rota_slot (starts_at, place_id) where state = 'open' and taken < people;

        create table rota_holding (
            id {id},
            slot_id integer not null references rota_slot (id),
            member_id integer references member (id),
            first_name text not null,
            taken_by integer references member (id),
            came text not null,
            once text,
            taken_at {ts} not null,
            went text not null,
            left_at {ts},
            left_by integer references member (id)
        );
        create unique index rota_holding_one on rota_holding (slot_id, member_id)
            where went = '' and member_id is not null;
        create index rota_holding_of_slot on rota_holding (slot_id) where went = '';
        create index rota_holding_of on rota_holding (member_id, slot_id);
        create index rota_holding_guest on rota_holding (taken_by) where member_id is null;
        create index rota_holding_named on rota_holding (slot_id)
            where came = 'guest' and (first_name <> '' or taken_by is not null);

        create table rota_swap (
            id {id},
            place_id integer not null references place (id),
            slot_id integer not null references rota_slot (id),
            from_member integer not null references member (id),
            to_member integer references member (id),
            wanted_slot_id integer references rota_slot (id),
            word text not null,
            state text not null,
            asked_by integer not null references member (id),
            asked_at {ts} not null,
            until_at {ts} not null,
            called_at {ts},
            called_to integer,
            settled_at {ts},
            taken_by integer references member (id)
        );
        create unique index rota_swap_one on rota_swap (slot_id, from_member) where state = 'open';
        create index rota_swap_wanted on rota_swap (wanted_slot_id) where state = 'open';
        create index rota_swap_to on rota_swap (to_member) where state = 'open';
        create index rota_swap_due on rota_swap (until_at) where state = 'open';
        create index rota_swap_of on rota_swap (from_member);

        create table rota_practice (
            id {id},
            duty_id integer not null references duty (id),
            member_id integer not null references member (id),
            level text not null,
            since_at {ts} not null,
            said_by integer references member (id),
            unique (duty_id, member_id)
        );
        create index rota_practice_of on rota_practice (member_id);

        create table rota_till_count (
            id {id},
            slot_id integer not null references rota_slot (id),
            moment text not null,
            cents integer not null,
            word text not null,
            counted_by integer references member (id),
            counted_at {ts} not null,
            unique (slot_id, moment, counted_by)
        );
        create index rota_till_count_at on rota_till_count (counted_at);
    """)
