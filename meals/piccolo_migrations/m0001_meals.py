"""Dishes, meals, their teams, bookings and their parts, diets, the pot."""

from app.migrations import ddl

ID = "m0001_meals"
VERSION = "1.38.0"
DESCRIPTION = "dishes, meals, bookings, diets, the pot"


async def forwards() -> None:
    await ddl("""
        create table meal_setting (
            id {id},
            place_id integer not null unique references place (id),
            low_cents integer not null check (low_cents >= 0),
            fair_cents integer not null check (fair_cents >= low_cents),
            more_cents integer not null check (more_cents >= fair_cents),
            version integer not null
        );

        create table dish (
            id {id},
            place_id integer not null references place (id),
            name text not null,
            search_key text not null,
            about text not null,
            allergens text not null,
            meat {bool} not null,
            pork {bool} not null,
            declared_at {ts},
            version integer not null,
            written_by integer references member (id),
            created_at {ts} not null,
            retired_at {ts}
        );
        create unique index dish_once on dish (place_id, name) where retired_at is null;

        create table ingredient (
            id {id},
            dish_id integer not null references dish (id),
            rank integer not null,
            name text not null,
            quantity_milli bigint not null check (quantity_milli >= 0),
            unit text not null
        );
        create index ingredient_of on ingredient (dish_id, rank);

        create table meal (
            id {id},
            place_id integer not null references place (id),
            opener_id integer references member (id),
            once text not null unique,
            title text not null,
            about text not null,
            search_key text not null,
            starts_at {ts} not null,
            ends_at {ts} not null,
            closes_at {ts} not null,
            room_id integer references room (id),
            seats integer not null check (seats between 1 and 300),
            taken integer not null check (taken between 0 and seats),
            waiting integer not null check (waiting >= 0),
            low_cents integer not null,
            fair_cents integer not null,
            more_cents integer not null,
            cooks_least integer not null,
            state text not null,
            version integer not null,
            last_form text not null,
            doubtful_until {ts},
            goes_ahead_at {ts},
            goes_ahead_by integer references member (id),
            called_at {ts},
            closed_at {ts},
            released_at {ts},
            served_at {ts},
            cancelled_at {ts},
            cancelled_by integer references member (id),
            reason text not null,
            created_at {ts} not null,
            modified_at {ts} not null
        );
        create index meal_here on meal (place_id, starts_at);
        create index meal_been on meal (place_id, ends_at);
        create index meal_to_close on meal (closes_at) where state = 'open';
        create index meal_to_serve on meal (ends_at) where state = 'closed';
        create index meal_of_opener on meal (opener_id) where opener_id is not null;

        create table meal_dish (
            id {id},
            meal_id integer not null references meal (id),
            dish_id integer not null references dish (id),
            rank integer not null,
            portions integer check (portions > 0),
            instead text not null
        );
        create unique index meal_dish_once on meal_dish (meal_id, dish_id);
        create index meal_dish_of on meal_dish (dish_id);

        create table meal_turn (
            id {id},
            meal_id integer not null references meal (id),
            slot_id integer not null unique references rota_slot (id),
            job text not null
        );
        create index meal_turn_of on meal_turn (meal_id);

        create table booking (
            id {id},
            meal_id integer not null references meal (id),
            member_id integer references member (id),
            first_name text not null,
            booked_by integer references member (id),
            together {bool} not null,
            price_cents integer not null check (price_cents >= 0),
            fair_cents integer not null check (fair_cents >= 0),
            own text not null,
            payment text not null,
            give integer not null check (give between 0 and 6),
            suspended {bool} not null,
            team {bool} not null,
            active {bool} not null,
            once text not null,
            last_form text not null,
            forgotten_at {ts},
            made_at {ts} not null,
            modified_at {ts} not null
        );
        create unique index booking_once on booking (meal_id, member_id) where active;
        create index booking_of_meal on booking (meal_id);
        create index booking_of_team on booking (meal_id) where team and active;
        create index booking_of_member on booking (member_id, id);
        create index booking_money on booking (meal_id) where forgotten_at is null;
        create index booking_by on booking (booked_by) where booked_by is not null;
        create index booking_named on booking (meal_id)
            where member_id is null and (first_name <> '' or booked_by is not null);

        create table booking_part (
            id {id},
            booking_id integer not null references booking (id),
            meal_id integer not null references meal (id),
            seats integer not null check (seats between 1 and 6),
            children integer not null check (children between 0 and seats),
            state text not null,
            queue integer,
            asked_at {ts} not null,
            offered_at {ts},
            offer_until {ts},
            held_until {ts},
            handed_at {ts},
            settled_at {ts}
        );
        create index booking_part_of on booking_part (booking_id);
        create index booking_part_waits on booking_part (meal_id, queue) where state = 'waiting';
        create index booking_part_offered on booking_part (offer_until) where state = 'offered';
        create index booking_part_of_meal on booking_part (meal_id, state);

        create table booking_diet (
            id {id},
            booking_id integer not null references booking (id),
            diet text not null,
            people integer not null check (people between 1 and 6)
        );
        create unique index booking_diet_once on booking_diet (booking_id, diet);

        create table pot_line (
            id {id},
            place_id integer not null references place (id),
            meal_id integer references meal (id),
            booking_id integer references booking (id),
            kind text not null,
            cents integer not null,
            at {ts} not null
        );
        create index pot_of on pot_line (place_id, id);
        create index pot_line_of_meal on pot_line (meal_id);
        create index pot_line_of_booking on pot_line (booking_id) where booking_id is not null;

        create table pot (
            id {id},
            place_id integer not null unique references place (id),
            cents integer not null check (cents >= 0),
            borne_cents integer not null check (borne_cents >= 0)
        );
    """)
