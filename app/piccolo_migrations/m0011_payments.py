"""What is paid by card: checkouts, refunds, the ledger, what Stripe told."""

from app.database import is_sqlite, run
from app.migrations import ddl

ID = "m0011_payments"
VERSION = "1.38.0"
DESCRIPTION = "checkouts, refunds, the ledger, events of Stripe"


async def forwards() -> None:
    await ddl("""
        create table checkout (
            id {id},
            place_id {ref} not null references place (id),
            kind {text} not null,
            thing_id {int},
            key {text} not null unique,
            amount_cents {int} not null check (amount_cents > 0),
            currency {text} not null check (currency = 'eur'),
            title {text} not null,
            path {text} not null,
            language {text} not null,
            state {text} not null check (state in ('made', 'open', 'paid', 'expired', 'flagged')),
            session_id {text} unique,
            url {text} not null,
            payment_intent {text},
            made_at {ts} not null,
            expires_at {ts} not null,
            held_until {ts} not null,
            asked_at {ts},
            unsure {bool} not null,
            closing_at {ts},
            settled_at {ts},
            fault {text} not null,
            seen_at {ts},
            check (state <> 'open' or session_id is not null),
            check (state <> 'paid' or payment_intent is not null)
        );
        create unique index checkout_once on checkout (kind, thing_id)
            where state in ('made', 'open') and closing_at is null;
        create index checkout_of on checkout (kind, thing_id) where thing_id is not null;
        create index checkout_live on checkout (made_at) where state in ('made', 'open');
        create index checkout_flagged on checkout (id) where state = 'flagged';
        create index checkout_paid on checkout (settled_at) where state = 'paid';
        create index checkout_of_intent on checkout (payment_intent) where payment_intent is not null;

        create table refund (
            id {id},
            checkout_id {ref} not null references checkout (id),
            key {text} not null unique,
            amount_cents {int} not null check (amount_cents > 0),
            state {text} not null check (state in ('wanted', 'sent', 'succeeded', 'failed')),
            stripe_id {text} unique,
            wanted_at {ts} not null,
            asked_at {ts},
            settled_at {ts},
            tries {int} not null,
            fault {text} not null,
            seen_at {ts}
        );
        create index refund_of on refund (checkout_id);
        create index refund_to_send on refund (id) where state in ('wanted', 'sent');
        create index refund_failed on refund (id) where state = 'failed';

        create table ledger_line (
            id {id},
            place_id {ref} references place (id),
            kind {text} not null,
            ref {text} not null,
            cents {int} not null,
            at {ts} not null,
            checkout_id {ref} references checkout (id),
            unique (kind, ref)
        );
        create index ledger_of on ledger_line (place_id, at);
        create index ledger_of_checkout on ledger_line (checkout_id) where checkout_id is not null;

        create table stripe_event (
            id {id},
            event_id {text} not null unique,
            type {text} not null,
            object_id {text} not null,
            received_at {ts} not null,
            handled_at {ts},
            tries {int} not null
        );
        create index stripe_event_to_handle on stripe_event (id) where handled_at is null;
        create index stripe_event_to_forget on stripe_event (received_at);
    """)
    if is_sqlite():
        await ddl("""
            create trigger ledger_line_not_changed before update on ledger_line
            begin select raise(abort, 'the ledger is only added to'); end;
            create trigger ledger_line_not_deleted before delete on ledger_line
            begin select raise(abort, 'the ledger is only added to'); end;
        """)
    else:
        await run(  # each for itself: `ddl` takes statements apart as SQLite does
            "create or replace function ledger_line_kept() returns trigger language plpgsql "
            "as 'begin raise exception ''the ledger is only added to''; end'"
        )
        await run(
            "create trigger ledger_line_kept before update or delete or truncate on ledger_line "
            "for each statement execute function ledger_line_kept()"
        )
