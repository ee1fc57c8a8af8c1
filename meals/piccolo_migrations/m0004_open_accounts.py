"""Accounts that every member reads: what was told of, and what of it is published, once and for good."""

from app.database import is_sqlite, run
from app.migrations import ddl

ID = "m0004_open_accounts"
VERSION = "1.38.0"
DESCRIPTION = "what of the money of meals is published"


async def forwards() -> None:
    await ddl("""
        create table published_figure (
            id {id},
            place_id {ref} not null references place (id),
            means {text} not null check (means in ('card', 'box', 'pot')),
            day {date} not null,
            meal_id {ref} references meal (id),
            cents {int} not null,
            pledged_cents {int} not null,
            published_at {ts} not null
        );
        create index published_figure_of on published_figure (place_id, day);
        create unique index published_figure_meal on published_figure (meal_id, means) where meal_id is not null;

        create table money_moved (
            id {id},
            place_id {ref} not null references place (id),
            means {text} not null check (means in ('card', 'box', 'pot')),
            origin {text} not null check (origin in ('meal', 'line', 'pot')),
            origin_id {int} not null,
            meal_id {ref} references meal (id),
            day {date} not null,
            people {int} not null check (people >= 0),
            late {int} not null check (late >= 0),
            cents {int} not null,
            pledged_cents {int} not null,
            told_at {ts} not null,
            figure_id {ref} references published_figure (id),
            unique (origin, origin_id, means)
        );
        create index money_moved_waits on money_moved (place_id, means, id) where figure_id is null;
        create index money_moved_meal on money_moved (meal_id) where meal_id is not null;
        create index money_moved_figure on money_moved (figure_id) where figure_id is not null;
    """)
    if is_sqlite():
        await ddl("""
            create trigger published_figure_not_changed before update on published_figure
            begin select raise(abort, 'what was published stands'); end;
            create trigger published_figure_not_deleted before delete on published_figure
            begin select raise(abort, 'what was published stands'); end;
            create trigger money_moved_not_changed before update on money_moved
            when old.figure_id is not null or new.cents <> old.cents or new.people <> old.people
                or new.late <> old.late or new.pledged_cents <> old.pledged_cents
            begin select raise(abort, 'what was published stands'); end;
            create trigger money_moved_not_deleted before delete on money_moved
            begin select raise(abort, 'what was published stands'); end;
        """)
    else:
        await run(
            "create or replace function published_kept() returns trigger language plpgsql "
            "as 'begin raise exception ''what was published stands''; end'"
        )
        await run(
            "create trigger published_figure_not_changed before update or delete or truncate on published_figure "
            "for each statement execute function published_kept()"
        )
        await run(
            "create trigger money_moved_not_deleted before delete or truncate on money_moved "
            "for each statement execute function published_kept()"
        )
        await run(
            "create trigger money_moved_not_changed before update on money_moved for each row "
            "when (old.figure_id is not null or new.cents <> old.cents or new.people <> old.people "
            "or new.late <> old.late or new.pledged_cents <> old.pledged_cents) "
            "execute function published_kept()"
        )
