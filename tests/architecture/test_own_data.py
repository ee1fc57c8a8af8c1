"""What becomes of every column when somebody takes a copy, and when they are erased: as data, so that a table or a
column that is added later is a decision. What is left of somebody is looked for in tests/app/identity."""

from __future__ import annotations

from typing import Any

from app.database import is_sqlite, run
from app.packages import all_tables

Decision = tuple[str, str]
"""In the copy: `copy`, or why not; when erased: `gone` (the row or its value), or why it stays."""

OURS = ("nothing of a person", "nothing of a person")
NUMBER = ("a number of ours", "a number without a name")
KEPT_EMPTY = "goes with the row"
SECRET = "a secret, or its hash"
PLACE = ("of the place", "of the place: whoever keeps it changes it")
PUBLISHED = ("copy", "the memory of the place; gone with what was never published")
TEN_YEARS = "accounts are kept ten years, without an account"
MEDIATORS = ("copy", "the words of a role about somebody else's thing")
STATE = ("copy", "how the thing stands")


Decided = tuple[str, Decision | None, dict[str, Decision]]


def table(name: str, every: Decision, /) -> Decided:
    """A table without people: one decision for all that is in it, and will be."""
    return name, every, {}


def each(name: str, alike: str = "", how: Decision = ("copy", "gone"), /, **columns: Decision) -> Decided:
    """A table with people: each column is decided for itself, those that are `alike` together."""
    return name, None, dict.fromkeys(alike.split(), how) | columns


COPY_GONE = ("copy", "gone")
DECIDED = [
    # ---------------------------------------------------------------------------------------------------- nobody's
    table("installation", OURS),
    table("room", OURS),
    table("opening_hours", OURS),
    table("closure", OURS),
    table("reminded", OURS),
    table("moved", OURS),
    table("clock_seen", OURS),
    table("failed_job", OURS),
    table("to_wipe", OURS),
    table("place", PLACE),
    each("attempt", "id key tried_at", (SECRET, "gone")),
    each("erase_again", "member_id erased_on", ("a number and a day", "gone as soon as it is done")),
    # ---------------------------------------------------------------------------------------------------- identity
    each(
        "member",
        id=("a number of ours", "never given again"),
        name=COPY_GONE,
        name_key=("the name once more", "gone"),
        email=COPY_GONE,
        email_key=COPY_GONE,
        kept_name=COPY_GONE,
        address_added_at=COPY_GONE,
        password_hash=(SECRET, "gone"),
        password_given_at=COPY_GONE,
        about=COPY_GONE,
        phone=COPY_GONE,
        listed=COPY_GONE,
        adult_on=COPY_GONE,
        language=COPY_GONE,
        created_at=("copy", "tells an older state's person from another with the same number"),
        erased_at=("nobody reads it who is erased", "the day of it"),
    ),
    each("name_word", "id place_id member_id key before", ("the name once more", "gone")),
    each("membership", "id member_id place_id mediator employer joined_at met_at dues_on"),
    each(
        "encounter",
        "id member_id place_id met_at",
        met_by=("copy", "a number without a name: the newcomer has been met"),
    ),
    each("granted_act", "id member_id place_id act from_at until_at", source=("a word of ours", "gone")),
    each("handover", "id place_id act from_member to_member shared offered_at answered_at accepted"),
    each(
        "session",
        id=NUMBER,
        token_hash=(SECRET, "gone"),
        member_id=COPY_GONE,
        place_id=("the place one looks at", "gone"),
        device=COPY_GONE,
        label=COPY_GONE,
        by_mail=("how it was opened, for half an hour", "gone"),
        created_at=COPY_GONE,
        seen_at=COPY_GONE,
        expires_at=COPY_GONE,
        second_at=("when a code was shown, while it lasts", "gone"),
    ),
    each(
        "passage",
        "id purpose token_hash waiting_hash code_hash email_key member_id name email password_hash language place_id "
        "device created_at expires_at tries used_at",
        ("a way in, for ten minutes", "gone"),
    ),
    each("handed_slip", "id member_id given_at", once_hash=(SECRET, "gone")),
    each("presence", "id member_id active_on warned_on"),
    each("second_factor", "id member_id seed made_with last_step", (SECRET, "gone"), since_at=COPY_GONE),
    each("recovery_code", "id member_id code_hash", (SECRET, "gone")),
    # ---------------------------------------------------------------------------------------------------- calendar
    each(
        "entry",
        "id kind thing_id place_id room_id seats taken waiting language step_free children sequence modified_at state "
        "genre version listed listed_at joins_until",
        OURS,
        starts_at=STATE,
        ends_at=STATE,
        title=PUBLISHED,
        summary=PUBLISHED,
        hosts=("names of others", "gone: « une personne partie »"),
        ics_public=("the same for calendars", "has no names"),
        ics_member=("the same for calendars", "gone: « une personne partie »"),
    ),
    each("taking_part", "id entry_id member_id role starts_at modified_at left_at", binding=("a rule of ours", "gone")),
    each(
        "feed",
        id=NUMBER,
        member_id=("copy", "a number without a name: the device hears « gone »"),
        token_hash=(SECRET, "the hash of a secret that opens nothing, for 400 days"),
        name=COPY_GONE,
        discreet=COPY_GONE,
        private=COPY_GONE,
        alarm_minutes=COPY_GONE,
        created_at=("copy", "of the cut address, for 400 days"),
        modified_at=("copy", "of the cut address, for 400 days"),
        read_at=COPY_GONE,
        revoked_at=("copy", "when it was cut"),
    ),
    # ----------------------------------------------------------------------------------------------------- notices
    each(
        "outbox",
        "id kind member_id recipient created_at sent_at read_at told_at",
        ("copy", "gone"),
        dedupe=(SECRET, "gone"),
        subject=("copy", "gone; in others' mails the name is"),
        body=("copy", "gone; in others' mails name and words are"),
        action=("a word of ours", "gone"),
        event=("in the calendar's own", "gone; in others' mails as the calendar has it"),
        told_by=("in the other's message", "gone"),
        **dict.fromkeys(
            (
                "link",
                "signature",
                "place_id",
                "place_email",
                "about_kind",
                "about_id",
                "about_at",
                "method",
                "sequence",
                "offer_key",
                "on_site",
                "stopped",
                "discreet",
                "run_at",
                "lease_until",
                "lease_by",
                "tries",
                "logged_at",
                "set_aside_at",
                "error",
                "perhaps_at",
                "good_until",
                "forget",
                "language",
            ),
            ("how it is sent", "gone"),
        ),
    ),
    each("mail_choice", "id member_id stopped remind digest digest_on"),
    each("calendar_request", "id member_id kind thing_id sent_at cancelled_at", sequence=("a number of ours", "gone")),
    # --------------------------------------------------------------------------------------------------- mediation
    each(
        "journal_line",
        id=NUMBER,
        place_id=("copy", "of the place"),
        at=STATE,
        actor_id=COPY_GONE,
        voice=("copy", "the role, not the name"),
        act=STATE,
        kind=STATE,
        thing_id=("copy", "gone where it is a person"),
        title=PUBLISHED,
        reason=("copy", "gone where a member or host wrote it; the words of a role stay"),
        shown=STATE,
    ),
    # --------------------------------------------------------------------------------------------------- workshops
    each(
        "workshop",
        id=NUMBER,
        place_id=STATE,
        proposer_id=("copy", "a number without a name: « une personne partie »"),
        once=("a number of ours", "random"),
        **dict.fromkeys(("title", "summary", "bring"), PUBLISHED),
        search_key=("title and summary once more", "the memory of the place"),
        edited_from=("what it said before, for 48 hours", "the memory of the place"),
        speaker=("copy", "somebody else, in the memory of the place"),
        **dict.fromkeys(("format", "capacity", "state", "starts_at", "ends_at", "needs", "proposed_at"), STATE),
        **dict.fromkeys(("published_at", "cancelled_at", "created_at"), STATE),
        **dict.fromkeys(("reason", "way_out"), MEDIATORS),
        blocked_why=("mediators', in the journal", "the words of a role about somebody else's thing"),
        contest_word=COPY_GONE,
        cancel_reason=("copy", "gone where they called it off"),
        **dict.fromkeys(
            ("yes_by", "decided_by", "blocked_by", "review_by", "cancelled_by"), ("in the journal's lines", "gone")
        ),
        **dict.fromkeys(
            (
                "language",
                "step_free",
                "children",
                "room_id",
                "wished_room_id",
                "help_wanted",
                "yes_at",
                "version",
                "due_at",
                "decided_at",
                "decided_how",
                "agreed_at",
                "contested_at",
                "contest_due_at",
                "blocked_at",
                "blocked_until",
                "edited_at",
                "review_at",
                "review_due_at",
                "low_told_at",
                "modified_at",
            ),
            OURS,
        ),
    ),
    each(
        "host",
        id=NUMBER,
        workshop_id=COPY_GONE,
        member_id=("copy", "a number without a name, where it was published: « une personne partie »"),
        state=COPY_GONE,
        invited_by=("another's number", "gone"),
        since_at=("copy", "when the person who left came to host"),
        last_word=COPY_GONE,
        last_word_shown=COPY_GONE,
    ),
    each(
        "sign_up",
        id=NUMBER,
        workshop_id=STATE,
        member_id=COPY_GONE,
        first_name=("copy", "of somebody without an account: gone 30 days after"),
        signed_by=COPY_GONE,
        **dict.fromkeys(("state", "asked_at", "settled_at", "present"), ("copy", "that somebody came, not who")),
        **dict.fromkeys(("offered_at", "offer_until"), ("copy", "that somebody came, not who")),
        last_word=COPY_GONE,
        last_word_shown=COPY_GONE,
    ),
    each(
        "juror",
        id=NUMBER,
        workshop_id=COPY_GONE,
        member_id=("copy", "gone once it is settled"),
        matter=("a word of ours", "gone once it is settled"),
        drawn_at=("copy", "gone once it is settled"),
        vote=("copy", "gone once it is settled"),
        voted_at=("copy", "gone once it is settled"),
    ),
    # ---------------------------------------------------------------------------------------------------- payments
    each(
        "checkout",
        id=NUMBER,
        thing_id=("in the copy of the booking", "gone with the booking's person, as soon as it has ended"),
        path=("where Stripe's page leads back to", "gone with the booking's person, as soon as it has ended"),
        url=("a page of Stripe's, over after 35 minutes", "gone with the booking's person, as soon as it has ended"),
        **dict.fromkeys(("key", "session_id", "payment_intent"), ("Stripe's and our numbers", "without a name")),
        **dict.fromkeys(
            ("amount_cents", "state"), ("in the copy of the booking", "the place's accounts, without a name")
        ),
        **dict.fromkeys(("place_id", "kind", "currency", "title", "language"), OURS),
        **dict.fromkeys(
            (
                "made_at",
                "expires_at",
                "held_until",
                "asked_at",
                "unsure",
                "closing_at",
                "settled_at",
                "fault",
                "seen_at",
            ),
            ("how it was asked of Stripe", "the place's accounts, without a name"),
        ),
    ),
    each(
        "refund",
        id=NUMBER,
        checkout_id=NUMBER,
        **dict.fromkeys(("key", "stripe_id"), ("Stripe's and our numbers", "without a name")),
        **dict.fromkeys(
            ("amount_cents", "state"), ("in the copy of the booking", "the place's accounts, without a name")
        ),
        **dict.fromkeys(
            ("wanted_at", "asked_at", "settled_at", "tries", "fault", "seen_at"),
            ("how it was asked of Stripe", "the place's accounts, without a name"),
        ),
    ),
    each(
        "ledger_line",
        "id place_id account kind ref cents at checkout_id about about_id corrects words",
        ("the place's accounts, which name nobody", "the place's accounts, without a name"),
    ),
    table("stripe_event", OURS),
    # ---------------------------------------------------------------------------------------------------- accounts
    each(
        "payee",
        id=NUMBER,
        place_id=("copy", TEN_YEARS),
        name=("copy", "the law has it kept ten years, then gone"),
        member_id=COPY_GONE,
        created_at=("when they first advanced money: the first of their purchases says so", TEN_YEARS),
    ),
    each(
        "purchase",
        "place_id spending what cents bought_on paid_from written_at struck_at reason",
        ("copy", TEN_YEARS),
        id=("copy", "a number without a name"),
        **dict.fromkeys(("about", "about_id"), ("on its page: a meal", TEN_YEARS)),
        **dict.fromkeys(("payee_id", "request_id"), NUMBER),
        written_by=COPY_GONE,
        struck_by=("on its page, that it was struck out", "gone"),
        once=("the digest of a form", "a digest without a name"),
    ),
    each(
        "receipt",
        **dict.fromkeys(("picture", "width", "height"), ("on the purchase's page, which the copy names", TEN_YEARS)),
        **dict.fromkeys(("id", "purchase_id", "rank"), NUMBER),
        digest=("of the picture", TEN_YEARS),
        added_at=("beside the hour of the purchase", TEN_YEARS),
    ),
    each(
        "reimbursement",
        **dict.fromkeys(("paid_from", "paid_on"), ("copy", TEN_YEARS)),
        cents=("in the copy of the purchase", TEN_YEARS),
        **dict.fromkeys(("id", "place_id", "purchase_id", "payee_id"), NUMBER),
        **dict.fromkeys(("paid_by", "undone_by"), ("the deed of a role about somebody else's money", "gone")),
        **dict.fromkeys(("paid_at", "undone_at"), ("beside its day", TEN_YEARS)),
        once=("the digest of a form", "a digest without a name"),
    ),
    table("budget_line", PLACE),
    each(
        "budget_request",
        "place_id spending what cents state reason asked_at answered_at",
        ("copy", "what the place was asked for, without a name"),
        id=NUMBER,
        member_id=COPY_GONE,
        why=COPY_GONE,
        once=("the digest of a form", "a digest without a name"),
        version=OURS,
        answered_by=("the deed of a role about somebody else's request", "gone"),
    ),
    # ------------------------------------------------------------------------------------------------------- turns
    table("rota_setting", PLACE),
    table("duty", PLACE),
    table("rota_pattern", PLACE),
    table("rota_slot", PLACE),
    each(
        "rota_holding",
        id=NUMBER,
        slot_id=("copy", "that somebody did it, not who"),
        member_id=COPY_GONE,
        first_name=("copy", "of somebody without an account: gone 30 days after"),
        taken_by=COPY_GONE,
        came=("copy", "that somebody did it, not who"),
        once=("a number of ours", "random"),
        taken_at=("copy", "that somebody did it, not who"),
        went=COPY_GONE,
        left_at=COPY_GONE,
        left_by=("in the journal's lines", "gone"),
    ),
    each("rota_weekly", "id pattern_id member_id since_at ended_at"),
    each(
        "rota_swap",
        "id place_id slot_id from_member wanted_slot_id word state asked_at until_at settled_at",
        to_member=("copy", "gone; the other's request stays theirs"),
        asked_by=("copy", "gone: whom it was written for stands there"),
        taken_by=("copy", "gone; the other's request stays theirs"),
        **dict.fromkeys(("called_at", "called_to"), ("how far people were called for it", "gone")),
    ),
    each("rota_practice", "id duty_id member_id level since_at", said_by=("in the journal's lines", "gone")),
    each(
        "rota_till_count",
        id=NUMBER,
        **dict.fromkeys(("slot_id", "moment", "cents", "counted_at"), ("copy", "the place's accounts, without a name")),
        word=COPY_GONE,
        counted_by=COPY_GONE,
    ),
    # ------------------------------------------------------------------------------------------------------- meals
    table("meal_setting", PLACE),
    table("meal_dish", PLACE),
    table("meal_turn", PLACE),
    table("pot", PLACE),
    each(
        "dish",
        id=NUMBER,
        **dict.fromkeys(("place_id", "name", "about", "allergens", "meat", "pork"), PUBLISHED),
        **dict.fromkeys(("created_at", "declared_at", "retired_at"), STATE),
        **dict.fromkeys(("search_key", "version"), OURS),
        written_by=("copy", "gone: the dish stays the place's"),
    ),
    each("ingredient", "dish_id name", PUBLISHED, **dict.fromkeys(("id", "rank", "quantity_milli", "unit"), OURS)),
    each(
        "meal",
        id=NUMBER,
        opener_id=("copy", "gone: nobody answers for it, or did"),
        once=("a number of ours, with the opener's", "another"),
        **dict.fromkeys(("title", "about"), PUBLISHED),
        search_key=("title and words once more", "the memory of the place"),
        last_form=("the digest of a form", "a digest without a name"),
        **dict.fromkeys(("place_id", "starts_at", "ends_at", "closes_at", "seats", "state", "created_at"), STATE),
        **dict.fromkeys(("low_cents", "fair_cents", "more_cents"), STATE),
        reason=("copy", "gone where they called it off; the words of a role stay"),
        **dict.fromkeys(("goes_ahead_by", "cancelled_by"), ("in the journal's lines", "gone")),
        **dict.fromkeys(
            (
                "room_id",
                "taken",
                "waiting",
                "cooks_least",
                "version",
                "doubtful_until",
                "goes_ahead_at",
                "called_at",
                "closed_at",
                "released_at",
                "served_at",
                "cancelled_at",
                "modified_at",
            ),
            OURS,
        ),
    ),
    each(
        "booking",
        id=NUMBER,
        meal_id=("copy", "that somebody ate, not who"),
        member_id=COPY_GONE,
        first_name=("copy", "of somebody without an account: gone the night after"),
        booked_by=COPY_GONE,
        **dict.fromkeys(
            ("price_cents", "fair_cents", "own", "payment", "give", "suspended", "team"),
            ("copy", "the place's accounts, without a name"),
        ),
        once=OURS,
        last_form=OURS,
        walk_in=("of somebody without an account", "that somebody ate, not who"),
        unpaid=("what becomes of seats that are held, for 40 minutes", "a word of ours without a name"),
        forgotten_at=("copy", "that somebody ate, not who"),
        **dict.fromkeys(("together", "active", "made_at", "modified_at"), ("copy", "that somebody ate, not who")),
    ),
    each(
        "booking_part",
        "booking_id meal_id seats children state asked_at offered_at offer_until handed_at attended_at settled_at",
        ("copy", "that somebody ate, not who; gone where nobody did"),
        id=NUMBER,
        queue=("how far it was on the list", "a number without a name"),
        ticked_by_form=("the digest of the door's form, until the night", "a digest without a name"),
        held_until=("until when a card is waited for", "an hour without a name"),
        checkout_id=("in the copy of what was paid by card", "a number without a name"),
    ),
    each("booking_diet", "booking_id diet people", id=NUMBER),
    each(
        "till_entry",
        "meal_id member_id cents entered_at differs",
        id=NUMBER,
        has_till=("whether a turn's rights counted then, for a month at most", "gone"),
    ),
    each(
        "till_count",
        **dict.fromkeys(("meal_id", "cents", "counted_at"), ("copy", "the place's accounts, without a name")),
        **dict.fromkeys(("first_by", "second_by"), COPY_GONE),
        id=NUMBER,
    ),
    table("meal_account", PLACE),
    table("published_figure", PLACE),
    table("money_moved", PLACE),
    each(
        "pot_line",
        "place_id meal_id booking_id kind cents at",
        ("copy", "the place's accounts, without a name"),
        id=NUMBER,
    ),
]


def decisions() -> dict[str, tuple[Decision | None, dict[str, Decision]]]:
    return {name: (default, columns) for name, default, columns in DECIDED}


def tables() -> dict[str, set[str]]:
    return {
        table._meta.tablename: {each._meta.db_column_name for each in table._meta.columns} for table in all_tables()
    }


def undecided(found: dict[str, set[str]]) -> list[str]:
    """Columns of which nobody has said what becomes of them, and decisions about what is not there."""
    decided = decisions()
    faults = [name for name in found if name not in decided] + [f"{name} is not" for name in decided.keys() - found]
    for name in found.keys() & decided.keys():
        default, columns = decided[name]
        if default is None:
            faults += [f"{name}.{column}" for column in found[name] - columns.keys()]
        faults += [f"{name}.{column} is not" for column in columns.keys() - found[name]]
    return faults


def test_each_column_is_decided() -> None:
    assert undecided(tables()) == []


def test_one_that_is_added_is_not() -> None:
    found = tables()
    assert undecided({**found, "diet": {"id", "member_id"}}) == ["diet"]
    for name in ("member", "membership", "outbox", "sign_up"):
        assert undecided({**found, name: found[name] | {"shoe_size"}}) == [f"{name}.shoe_size"]


def test_each_decision_says_why() -> None:
    for name, default, columns in DECIDED:
        for copied, erased in [*columns.values(), *([default] if default else [])]:
            assert copied, name
            assert erased, name


def test_whatever_points_to_a_member_is_told_or_gone_or_says_why_not() -> None:
    """By the name of the column: of a table without people there is none."""
    people = ("member_id", "proposer_id", "opener_id", "actor_id", "signed_by", "from_member", "to_member")
    decided = decisions()
    pointing = {
        (name, column)
        for name, columns in tables().items()
        for column in columns
        if column in people or column.endswith("_by")
    }
    assert len(pointing) > 20
    for name, column in pointing:
        default, columns = decided[name]
        assert columns.get(column, default) not in (OURS, PLACE), f"{name}.{column}"


async def test_the_database_has_no_foreign_key_to_members_that_is_not_known(db: Any) -> None:
    """Also of a column whose name does not tell."""
    decided = decisions()
    found = 0
    for name in tables():
        for column in await pointing_to_members(name):
            default, columns = decided[name]
            found += 1
            assert columns.get(column, default) not in (OURS, PLACE), f"{name}.{column}"
    assert found > 15


async def pointing_to_members(name: str) -> list[str]:
    if is_sqlite():
        rows = await run(f"select \"from\" as name from pragma_foreign_key_list('{name}') where \"table\" = 'member'")
    else:
        rows = await run(
            "select a.attname as name from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid "
            "and a.attnum = any(c.conkey) where c.contype = 'f' and c.confrelid = 'member'::regclass "
            f"and c.conrelid = '{name}'::regclass"
        )
    return [row["name"] for row in rows]
