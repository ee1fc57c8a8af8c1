"""Workshops, their hosts, sign-ups and jurors."""

from app.migrations import ddl

ID = "m0001_workshops"
VERSION = "1.38.0"
DESCRIPTION = "workshops, hosts, sign-ups, jurors"


async def forwards() -> None:
    await ddl("""
        create table workshop (
            id {id},
            place_id integer not null references place (id),
            proposer_id integer not null references member (id),
            once text not null,
            title text not null,
            format text not null,
            summary text not null,
            search_key text not null,
            bring text not null,
            language text not null,
            step_free {bool} not null,
            children {bool} not null,
            starts_at {ts} not null,
            ends_at {ts} not null,
            room_id integer references room (id),
            wished_room_id integer references room (id),
            capacity integer not null,
            speaker text not null,
            help_wanted {bool} not null,
            needs text not null,
            yes_at {ts},
            yes_by integer references member (id),
            state text not null,
            version integer not null,
            proposed_at {ts},
            due_at {ts},
            decided_at {ts},
            decided_by integer references member (id),
            decided_how text not null,
            agreed_at {ts},
            reason text not null,
            way_out text not null,
            contested_at {ts},
            contest_due_at {ts},
            contest_word text not null,
            blocked_at {ts},
            blocked_until {ts},
            blocked_by integer references member (id),
            blocked_why text not null,
            published_at {ts},
            edited_at {ts},
            edited_from text not null,
            review_at {ts},
            review_due_at {ts},
            review_by integer references member (id),
            low_told_at {ts},
            cancelled_at {ts},
            cancelled_by integer references member (id),
            cancel_reason text not null,
            created_at {ts} not null,
            modified_at {ts} not null
        );

        create table host (
            id {id},
            workshop_id integer not null references workshop (id),
            member_id integer not null references member (id),
            state text not null,
            invited_by integer references member (id),
            since_at {ts} not null,
            last_word text not null,
            last_word_shown {bool} not null
        );

        create table sign_up (
            id {id},
            workshop_id integer not null references workshop (id),
            member_id integer references member (id),
            first_name text not null,
            signed_by integer references member (id),
            state text not null,
            asked_at {ts} not null,
            offered_at {ts},
            offer_until {ts},
            settled_at {ts},
            present {bool} not null,
            last_word text not null,
            last_word_shown {bool} not null
        );

        create table juror (
            id {id},
            workshop_id integer not null references workshop (id),
            member_id integer not null references member (id),
            matter text not null,
            drawn_at {ts} not null,
            vote text not null,
            voted_at {ts}
        );

        create unique index workshop_once on workshop (proposer_id, once);
        create index workshop_in_place on workshop (place_id, state, starts_at);
        create index workshop_by_state on workshop (state, due_at);
        create index workshop_of_proposer on workshop (proposer_id, state);
        create unique index host_once on host (workshop_id, member_id);
        create index host_of_member on host (member_id, state);
        create unique index sign_up_once on sign_up (workshop_id, member_id)
            where member_id is not null and state in ('waiting', 'offered', 'confirmed');
        create index sign_up_of_workshop on sign_up (workshop_id, state, id);
        create index sign_up_of_member on sign_up (member_id, state);
        create index sign_up_offers on sign_up (offer_until) where state = 'offered';
        create unique index juror_once on juror (workshop_id, member_id, matter);
        create index juror_of_member on juror (member_id);
    """)
