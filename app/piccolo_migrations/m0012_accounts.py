"""A place's accounts: the ledger of all its money, purchases, receipts, who advanced them, the small budget."""

from app.migrations import ddl

ID = "m0012_accounts"
VERSION = "1.38.0"
DESCRIPTION = "accounts: purchases, receipts, payees, reimbursements, the logistics budget"


async def forwards() -> None:
    await ddl("""
        alter table ledger_line add column account {text} not null default 'stripe'
            check (account in ('stripe', 'box', 'bank', 'owed'));
        alter table ledger_line add column about {text} not null default '';
        alter table ledger_line add column about_id {int};
        alter table ledger_line add column corrects {ref} references ledger_line (id);
        alter table ledger_line add column words {text} not null default '';
        create index ledger_about on ledger_line (about, about_id) where about_id is not null;
        create unique index ledger_corrected_once on ledger_line (corrects) where corrects is not null;

        create table payee (
            id {id},
            place_id {ref} not null references place (id),
            name {text} not null,
            member_id {ref} references member (id),
            created_at {ts} not null
        );
        create unique index payee_member on payee (place_id, member_id) where member_id is not null;
        create index payee_of_member on payee (member_id) where member_id is not null;

        create table budget_line (
            id {id},
            place_id {ref} not null references place (id),
            spending {text} not null check (spending in ('food', 'room', 'coffee', 'material', 'other')),
            month_cents {int} not null check (month_cents >= 0),
            version {int} not null,
            unique (place_id, spending)
        );

        create table budget_request (
            id {id},
            place_id {ref} not null references place (id),
            member_id {ref} references member (id),
            spending {text} not null check (spending in ('food', 'room', 'coffee', 'material', 'other')),
            what {text} not null,
            why {text} not null,
            cents {int} not null check (cents > 0),
            state {text} not null check (state in ('open', 'agreed', 'refused', 'bought', 'withdrawn')),
            reason {text} not null,
            once {text} not null unique,
            version {int} not null,
            asked_at {ts} not null,
            answered_at {ts},
            answered_by {ref} references member (id)
        );
        create index budget_request_open on budget_request (place_id, id) where state in ('open', 'agreed');
        create index budget_request_of on budget_request (place_id, asked_at);
        create index budget_request_member on budget_request (member_id) where member_id is not null;
        create index budget_request_answered_by on budget_request (answered_by) where answered_by is not null;

        create table purchase (
            id {id},
            place_id {ref} not null references place (id),
            spending {text} not null check (spending in ('food', 'room', 'coffee', 'material', 'other')),
            about {text} not null,
            about_id {int},
            what {text} not null,
            cents {int} not null check (cents > 0),
            bought_on {date} not null,
            paid_from {text} not null check (paid_from in ('box', 'bank', 'member')),
            payee_id {ref} references payee (id),
            request_id {ref} references budget_request (id),
            written_by {ref} references member (id),
            once {text} not null unique,
            written_at {ts} not null,
            struck_at {ts},
            struck_by {ref} references member (id),
            reason {text} not null,
            check ((paid_from = 'member') = (payee_id is not null))
        );
        create index purchase_of on purchase (place_id, bought_on);
        create index purchase_about on purchase (about, about_id) where about_id is not null;
        create index purchase_payee on purchase (payee_id) where payee_id is not null;
        create index purchase_request on purchase (request_id) where request_id is not null;
        create index purchase_written_by on purchase (written_by) where written_by is not null;
        create index purchase_struck_by on purchase (struck_by) where struck_by is not null;

        create table receipt (
            id {id},
            purchase_id {ref} not null references purchase (id),
            rank {int} not null,
            picture {blob} not null,
            width {int} not null,
            height {int} not null,
            digest {text} not null,
            added_at {ts} not null,
            unique (purchase_id, digest)
        );

        create table reimbursement (
            id {id},
            place_id {ref} not null references place (id),
            purchase_id {ref} not null references purchase (id),
            payee_id {ref} not null references payee (id),
            cents {int} not null check (cents > 0),
            paid_from {text} not null check (paid_from in ('box', 'bank')),
            paid_on {date} not null,
            paid_by {ref} references member (id),
            once {text} not null unique,
            paid_at {ts} not null,
            undone_at {ts},
            undone_by {ref} references member (id)
        );
        create unique index reimbursement_once on reimbursement (purchase_id) where undone_at is null;
        create index reimbursement_purchase on reimbursement (purchase_id);
        create index reimbursement_undone_by on reimbursement (undone_by) where undone_by is not null;
        create index reimbursement_of on reimbursement (place_id, paid_on);
        create index reimbursement_payee on reimbursement (payee_id);
        create index reimbursement_paid_by on reimbursement (paid_by) where paid_by is not null;
    """)
