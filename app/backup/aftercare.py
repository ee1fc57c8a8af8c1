"""What must not come back to life with an older state of the database, said once for both engines.

Before the present database is replaced, a few of its facts are kept in temporary tables (`KEPT`); after the older state
is there, and before anybody sees it, `WHAT_HAS_ENDED` puts it right by them, and numbers go on in each engine's own
words. A backup may be as old as the first migration: only what that one made is named there. What came later is in
`LATER`, and done where both states have it, or where the restored one has.

In braces stand the words that each engine has of its own: `{ts}` and `{date}`, types of columns; `{as_day}` after a
text that is a day; `{day}`, the first of some days; `{digest}`, the SHA-256 of `outbox.dedupe`, hexadecimal;
`{seconds}`, since the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

KEPT = {
    # temporary table: (its columns, how it is filled from the present database)
    "present_installation": ("name text", "select name from installation"),
    "present_member": (
        "id integer primary key, created_at {ts}, password_hash text",
        "select id, created_at, password_hash from member",
    ),
    "present_feed": (
        "token_hash text primary key, revoked_at {ts}",
        "select token_hash, revoked_at from feed where revoked_at is not null",
    ),
    "present_outbox": (
        "dedupe text primary key, sent_at {ts}, logged_at {ts}, set_aside_at {ts}",
        "select dedupe, sent_at, logged_at, set_aside_at from outbox "
        "where sent_at is not null or logged_at is not null or set_aside_at is not null",
    ),
    "present_erased": (
        "id integer primary key, erased_on text",
        "select id, substr(cast(erased_at as text), 1, 10) from member where erased_at is not null",
    ),
}
NEEDED = frozenset({"installation", "member", "feed", "outbox"})
"""Tables of the present database without which nothing is kept from it."""

COUNTERS = "present_counter"
"""One more temporary table (`name text, last bigint`): the last number that each table has given."""
LISTED = "listed_erased"
"""Another (`id integer, erased_on text`): who stands in the lists of erased people that are at hand (`app.erased`)."""
LEAP = 1000
"""How many numbers are left out in each table when nobody knows which were given since the backup."""

_SAME = "(select 1 from installation i join present_installation p on p.name = i.name)"
"""Numbers of another installation are other people's."""

IS_KNOWN = f"select count(*) from {_SAME} as it"  # noqa: S608 - constants of this file
"""1 when the database that is being replaced is an earlier or later state of the same installation."""

_STILL_THERE = (
    "(select m.id from member m join present_member p on p.id = m.id and p.created_at = m.created_at "
    "where m.erased_at is null)"
)
"""Who is known to both states: a number may have become somebody else's."""

WHAT_HAS_ENDED = (
    # Of another installation, nothing is kept.
    *(
        f"delete from {table} where not exists {_SAME}"  # noqa: S608 - constants of this file
        for table in (*KEPT, COUNTERS)
        if table != "present_installation"
    ),
    # Whoever was erased since is erased again, before anything is served (`app.identity.leaving.erase_again`). A number
    # that was given only after that day is somebody else's.
    "create table if not exists erase_again (member_id integer primary key, erased_on date not null)",
    "insert into erase_again (member_id, erased_on) select m.id, {day} from member m "
    "join (select id, erased_on from present_erased union all select id, erased_on from listed_erased) e "
    "on e.id = m.id "
    "where m.erased_at is null and substr(cast(m.created_at as text), 1, 10) <= e.erased_on "
    "and m.id not in (select member_id from erase_again) group by m.id",
    # Everybody signs in again: who was signed out since, or closed a stolen telephone's session, stays signed out.
    "delete from session",
    "delete from passage",
    # Their codes and links open nothing any more.
    "delete from outbox where kind in ('join', 'sign_in')",
    # A password that was changed since may have been changed because somebody knew the old one.
    "update member set password_hash = (select p.password_hash from present_member p where p.id = member.id) "  # noqa: S608 - constants of this file
    f"where id in {_STILL_THERE}",
    # A calendar address that was cut stays cut.
    "update feed set revoked_at = (select p.revoked_at from present_feed p where p.token_hash = feed.token_hash) "
    "where revoked_at is null and token_hash in (select token_hash from present_feed)",
    # What was told since is not told again.
    "update outbox set (sent_at, logged_at, set_aside_at) = (select p.sent_at, p.logged_at, p.set_aside_at "
    # A backup of the first version has no digests of it yet.
    "from present_outbox p where p.dedupe in (outbox.dedupe, {digest})) "
    "where sent_at is null and logged_at is null and set_aside_at is null "
    "and exists (select 1 from present_outbox p where p.dedupe in (outbox.dedupe, {digest}))",
)


@dataclass(frozen=True, slots=True)
class Later:
    """What is put right where both states have tables that not every state has; elsewhere the backup's stand."""

    tables: frozenset[str]
    kept: Mapping[str, tuple[str, str]]
    """As `KEPT`."""
    statements: tuple[str, ...]
    """After `WHAT_HAS_ENDED`: of another installation there is nobody left in `present_member` then."""
    anyway: bool = False
    """Also where the present database lacks those tables, or is not there: nothing is in `kept` then."""


# What the present database says of them stands, as it does for passwords: a telephone may have been replaced or reset
# because somebody had it.
SECOND_CODES = Later(
    tables=frozenset({"second_factor", "recovery_code"}),
    kept={
        "present_second_factor": (
            "member_id integer primary key, seed text, made_with text, last_step integer, since_at {ts}",
            "select member_id, seed, made_with, last_step, since_at from second_factor",
        ),
        "present_recovery_code": (
            "member_id integer, code_hash text, primary key (member_id, code_hash)",
            "select member_id, code_hash from recovery_code",
        ),
    },
    statements=(
        f"delete from second_factor where member_id in {_STILL_THERE} "  # noqa: S608 - constants of this file
        "and not exists (select 1 from present_second_factor p where p.member_id = second_factor.member_id "
        "and p.seed = second_factor.seed and p.made_with = second_factor.made_with)",
        # Of the same telephone, no code is taken twice.
        "update second_factor set last_step = (select p.last_step from present_second_factor p "  # noqa: S608 - constants of this file
        f"where p.member_id = second_factor.member_id) where member_id in {_STILL_THERE} "
        "and last_step < (select p.last_step from present_second_factor p where p.member_id = second_factor.member_id)",
        "insert into second_factor (member_id, seed, made_with, last_step, since_at) "  # noqa: S608 - constants of this file
        "select member_id, seed, made_with, last_step, since_at from present_second_factor "
        f"where member_id in {_STILL_THERE} and member_id not in (select member_id from second_factor)",
        # A recovery code that was used since stays used.
        f"delete from recovery_code where member_id in {_STILL_THERE} "  # noqa: S608 - constants of this file
        "and not exists (select 1 from present_recovery_code p where p.member_id = recovery_code.member_id "
        "and p.code_hash = recovery_code.code_hash)",
        # They are made ten at a time: where one is left, those that the backup lacks were used before it.
        "insert into recovery_code (member_id, code_hash) select member_id, code_hash from present_recovery_code "  # noqa: S608 - constants of this file
        f"where member_id in {_STILL_THERE} and member_id not in (select member_id from recovery_code)",
    ),
)

_TOLD_OF = f"(select member_id from present_presence where member_id in {_STILL_THERE})"  # noqa: S608 - constants of this file
_NOW = "(select p.{} from present_presence p where p.member_id = presence.member_id)"

# Whoever came since the backup is not long gone in it (`app.identity.inactivity`). Of whom nobody can tell, the day of
# the restoration is the earliest from which their absence is counted, as the upgrade did (m0003).
PRESENCE = Later(
    tables=frozenset({"presence"}),
    anyway=True,
    kept={
        "present_presence": (
            "member_id integer primary key, active_on {date}, warned_on {date}",
            # Having a calendar read is being here as well; the restored state knows of earlier readings only.
            "select m.id, max(seen.on_day){as_day}, max(seen.warned_on) from member m "
            "join (select member_id, cast(active_on as text) as on_day, warned_on from presence "
            "union all select member_id, substr(cast(read_at as text), 1, 10), null from feed "
            "where read_at is not null and revoked_at is null "
            "union all select id, substr(cast(created_at as text), 1, 10), null from member) seen "
            "on seen.member_id = m.id where m.erased_at is null group by m.id",
        ),
    },
    statements=(
        f"update presence set active_on = {_NOW.format('active_on')} "  # noqa: S608 - constants of this file
        f"where member_id in {_TOLD_OF} and active_on < {_NOW.format('active_on')}",
        # Who was written to since need not be written to again, and has their year to answer.
        f"update presence set warned_on = {_NOW.format('warned_on')} "  # noqa: S608 - constants of this file
        f"where member_id in {_TOLD_OF} and {_NOW.format('warned_on')} is not null "
        f"and (warned_on is null or warned_on < {_NOW.format('warned_on')})",
        "insert into presence (member_id, active_on, warned_on) select member_id, active_on, warned_on "  # noqa: S608 - constants of this file
        f"from present_presence where member_id in {_TOLD_OF} and member_id not in (select member_id from presence)",
        f"update presence set active_on = current_date where active_on < current_date and member_id not in {_TOLD_OF}",  # noqa: S608 - constants of this file
        "insert into presence (member_id, active_on) select id, current_date from member "
        "where erased_at is null and id not in (select member_id from presence)",
    ),
)
LATER = (SECOND_CODES, PRESENCE)

NEW_VERSIONS = (
    "update entry set version = case when (select max(version) from entry) < {seconds} - 1767225600 "
    "then {seconds} - 1767225600 else (select max(version) from entry) + 1 end"
)
"""Where entries have versions, after the rest: what a living process has kept of one (`app.calendar.kept_entries`) is
another history, so none gets a version that it may have had already. A backup from before there were any gets them
when it is brought up to date: then it is done after that. Seconds of 2026 and later: nobody writes an entry once a
second for years, and they fit into the column until 2094."""
EVER_KEPT: Mapping[str, tuple[str, str]] = KEPT | {
    table: filled for each in LATER for table, filled in each.kept.items()
}
"""All temporary tables, whether or not something goes into them."""


def kept_of(tables: frozenset[str]) -> Mapping[str, tuple[str, str]]:
    """What is kept of a present database that has these tables, `NEEDED` among them."""
    return KEPT | {
        table: filled for each in later_in(tables) if each.tables <= tables for table, filled in each.kept.items()
    }


def later_in(tables: frozenset[str]) -> tuple[Later, ...]:
    """What of `LATER` is to be done when the present database has these tables, if the restored one has its own."""
    return tuple(each for each in LATER if each.anyway or each.tables <= tables)
