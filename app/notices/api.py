"""Telling people something: a row in the outbox for each, in the transaction of what it tells.

The words are said here, in the language of whoever reads them; `app.notices.delivery` sends them later. What is told,
to whom and when is decided by the command that calls; who gets it as a mail, and with which event, by `rules`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from app.calendar.api import kept_for
from app.database import run
from app.i18n import Language, Text, language
from app.notices import rules
from app.notices.moved import note_moved
from app.notices.own_data import forget_address, unsay
from app.notices.rules import as_quote, is_address, is_path, one_line, several_lines, short_subject
from app.notices.states import WAYS_IN, Kind, Method, Part

__all__ = [
    "About",
    "Kind",
    "Part",
    "address_changed",
    "forget_address",
    "note_moved",
    "offers_over",
    "post_mail",
    "tell",
    "unsay",
]

PRODUCT = "Le Réseau"
ROWS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class About:
    """The entry of the calendar that a message is about."""

    kind: str
    thing_id: int
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class _Reader:
    member_id: int
    address: str
    language: Language
    mailed: bool
    stopped: bool
    """Whether they want no mails of this kind, and could have them."""
    last_sequence: int | None
    """Of the last part about this entry that was sent to them, if one was…"""
    requested: bool
    """…and whether their own calendar holds the entry."""
    put_off: bool
    """Whether something told them of this entry was put off by the mail server."""


async def tell(
    members: Iterable[int],
    *,
    kind: Kind,
    what: str,
    subject: Text,
    body: Sequence[Text | str],
    link: str = "",
    action: Text | None = None,
    place_id: int | None = None,
    about: About | None = None,
    part: Part | None = None,
    offer_keys: Mapping[int, str] | None = None,
    also: Mapping[int, Text] | None = None,
    discreet: bool = False,
    quiet: bool = False,
    good_until: datetime | None = None,
    now: datetime,
) -> int:
    """Tell each of these members, once: the same `what` to the same person again changes nothing. Returns how many
    were told just now. Needs the caller's transaction, and the calendar's entry already as the message says it is.

    `body` is one item a paragraph; a plain string is somebody's own words, which stay as they are written and are set
    apart (`rules.as_quote`). `link` is the path, on our site, of the one thing to do next, `action` what it does.
    `part` says what happens to the reader's own calendar (`about` says with which entry). `offer_keys` make the mail
    of these readers one that is answered without signing in: what the domain of `about` knows each one's offer by.
    `also` is one more paragraph for these readers. `discreet` messages are passed on by others without their words.
    `quiet` is for somebody's own deed, which the page has told already: only those get it whose own calendar changes
    with it. `good_until` is when the mail is no longer true: what could not leave by then does not leave any more.
    Whoever has no address, or stopped this kind of mail, reads it on the site (`rules.is_mailed`). Costs the same
    number of queries for one person and for a hundred.
    """
    if link and not is_path(link):
        raise ValueError("The link of a message is a path on our own site.")
    if kind in WAYS_IN:
        raise ValueError("A way in is a mail: post_mail.")
    if about is None and (part is not None or offer_keys):
        raise ValueError("An event or an offer is about something in the calendar.")
    readers, sender = await _readers(sorted(set(members)), kind, about, part, place_id, now=now)
    if not readers:
        return 0
    events = await _events(readers, about, part, now=now) if about is not None else {}
    if quiet:
        readers = [reader for reader in readers if reader.member_id in events]
    signature, place_email = sender or await _sender(place_id)
    said = {
        spoken: (
            short_subject(spoken.say(subject)),
            _paragraphs(body, spoken),
            one_line(spoken.say(action)) if action is not None else "",
        )
        for spoken in {reader.language for reader in readers}
    }
    keys, more = offer_keys or {}, also or {}
    rows = []
    for reader in readers:
        words, paragraphs, button = said[reader.language]
        if reader.member_id in more:
            paragraphs = "\n\n".join((paragraphs, _said(more[reader.member_id], reader.language)))
        method, event, sequence = events.get(reader.member_id, ("", "", 0))
        rows.append(
            {
                "dedupe": rules.known_by(f"{what}-{reader.member_id}"),
                "kind": kind.value,
                "member_id": reader.member_id,
                "recipient": reader.address if reader.mailed else "",
                "language": reader.language.code,
                "subject": words,
                "body": paragraphs,
                "link": link,
                "action": button,
                "signature": signature,
                "place_email": place_email,
                "place_id": place_id,
                "about_kind": about.kind if about else "",
                "about_id": about.thing_id if about else None,
                "about_at": about.starts_at if about else None,
                "method": method,
                "event": event,
                "sequence": sequence,
                "offer_key": keys.get(reader.member_id, ""),
                "on_site": not reader.mailed,
                "stopped": reader.stopped,
                "discreet": discreet,
                "good_until": good_until,
                "read_at": None if rules.is_news(kind) or reader.mailed else now,
                "created_at": now,
                "run_at": now,
                "tries": 0,
                "error": "",
            }
        )
    told = await _insert(rows)
    if about is not None and told:
        if put_off := told & {reader.member_id for reader in readers if reader.put_off}:
            await _hurry_earlier(put_off, about, now=now)
        await _note_parts({member: events[member] for member in told if member in events}, about, now=now)
    return len(told)


async def offers_over(kind: str, keys: Mapping[int, str], *, now: datetime) -> None:
    """The offers that this domain knows by these keys, a member each, were answered or lapsed: they are nothing to read
    on the site any more, nobody is telephoned about them, and no mail that has yet to leave tells of them. Needs the
    caller's transaction."""
    if not keys:
        return
    theirs = f"about_kind = {{}} and member_id in ({_marks(keys)}) and offer_key in ({_marks(keys)})"
    values = (kind, *keys, *keys.values())
    await run(
        f"update outbox set recipient = '', on_site = {{}} where {theirs} "  # noqa: S608 - marks only
        "and kind = 'offer' and method = '' and recipient <> '' and lease_by is null "
        "and sent_at is null and logged_at is null and set_aside_at is null",
        True,
        *values,
    )
    await run(f"update outbox set read_at = {{}} where {theirs} and read_at is null", now, *values)  # noqa: S608 - marks only


async def address_changed(member_id: int, *, old: str, new: str | None, now: datetime) -> None:
    """What waits to go to this member's old address goes to the new one; without one it is read on the site.

    Ways in stay as they are: they are for whoever reads the address that they were sent to. Needs the caller's
    transaction.
    """
    waiting = (
        "where member_id = {} and recipient = {} and sent_at is null and logged_at is null and set_aside_at is null "
        f"and kind not in ({', '.join(['{}'] * len(WAYS_IN))})"
    )
    of_whom = (member_id, old, *sorted(kind.value for kind in WAYS_IN))
    if new is not None:
        await run(f"update outbox set recipient = {{}} {waiting}", new, *of_whom)  # noqa: S608 - marks only
        return
    await run(
        "update outbox set recipient = '', on_site = {}, method = '', event = '', "  # noqa: S608 - marks only
        f"read_at = case when kind = {{}} then {{}} else read_at end {waiting}",
        True,
        Kind.CONFIRMATION.value,
        now,
        *of_whom,
    )


async def post_mail(
    *,
    member_id: int | None,
    to: str | None = None,
    kind: Kind,
    dedupe: str,
    subject: Text,
    body: Sequence[Text | str],
    link: str = "",
    action: Text | None = None,
    now: datetime,
    spoken: str | None = None,
    place_id: int | None = None,
    good_until: datetime | None = None,
    forget: bool = False,
) -> None:
    """Mail a way in (`states.WAYS_IN`) to a member or to an address, once: the same `dedupe` again changes nothing.

    Needs the caller's transaction. `spoken` is the language of an address without a member; `place_id` the place that
    signs, the only one of the installation if nothing is said; after `good_until` it does not leave any more. `forget`
    leaves no row of it once it has left, or cannot. Members without an e-mail address get nothing.
    """
    if link and not is_path(link):
        raise ValueError("The link of a mail is a path on our own site.")
    if kind not in WAYS_IN:
        raise ValueError("Whatever is no way in is told: tell.")
    if member_id is not None:
        rows = await run("select email, language from member where id = {}", member_id)
        if rows:
            to, spoken = to or rows[0]["email"], spoken or rows[0]["language"]
    if to is None or not is_address(to):
        return
    reader = language(spoken or "fr")
    signature, place_email = await _sender(place_id)
    await _insert(
        [
            {
                "dedupe": rules.known_by(dedupe),
                "kind": kind.value,
                "member_id": member_id,
                "recipient": to,
                "language": reader.code,
                "subject": short_subject(reader.say(subject)),
                "body": _paragraphs(body, reader),
                "link": link,
                "action": one_line(reader.say(action)) if action is not None else "",
                "signature": signature,
                "place_email": place_email,
                "place_id": place_id,
                "good_until": good_until,
                "forget": forget,
                "created_at": now,
                "run_at": now,
                "tries": 0,
                "error": "",
            }
        ]
    )


async def _insert(rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """Put these rows, all with the same columns, into the outbox, but those that are in it. Whose they were."""
    told: set[int] = set()
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        marks = ", ".join(["(" + ", ".join("{}" for _ in some[0]) + ")"] * len(some))
        inserted = await run(
            f"insert into outbox ({', '.join(some[0])}) values {marks} "  # noqa: S608 - names of this file, and marks
            "on conflict (dedupe) do nothing returning member_id",
            *(value for row in some for value in row.values()),
        )
        told.update(row["member_id"] for row in inserted)
    return told


_PUT_OFF = "lease_by is null and recipient <> '' and sent_at is null and logged_at is null and set_aside_at is null"
"""Of a row of the outbox whose time is to come."""


async def _hurry_earlier(members: Collection[int], about: About, *, now: datetime) -> None:
    """What was told them of this thing and put off by the mail server is tried again now: it leaves before the rest."""
    await run(
        "update outbox set run_at = {} where about_kind = {} and about_id = {} "  # noqa: S608 - marks and a constant
        f"and member_id in ({_marks(members)}) and run_at > {{}} and {_PUT_OFF}",
        now,
        about.kind,
        about.thing_id,
        *members,
        now,
    )


async def _readers(
    members: Sequence[int], kind: Kind, about: About | None, part: Part | None, place_id: int | None, *, now: datetime
) -> tuple[list[_Reader], tuple[str, str] | None]:
    """Those of these members who have an account still, with how this kind reaches them; and how this place signs, if
    it is there (`_sender`)."""
    if not members:
        return [], None
    rows = await run(
        "select m.id, m.email, m.language, c.stopped, r.sequence, r.id as request_id, r.cancelled_at, "  # noqa: S608 - marks and a constant
        "p.name as place_name, p.email as place_email, "
        "exists (select 1 from outbox o where o.member_id = m.id and o.about_kind = {} and o.about_id = {} "
        f"and o.run_at > {{}} and {_PUT_OFF}) as put_off "
        "from member m left join mail_choice c on c.member_id = m.id "
        "left join calendar_request r on r.member_id = m.id and r.kind = {} and r.thing_id = {} "
        "left join place p on p.id = {} "
        f"where m.erased_at is null and m.id in ({_marks(members)}) order by m.id",
        *(about_what := (about.kind, about.thing_id) if about else ("", 0)),
        now,
        *about_what,
        place_id or 0,
        *members,
    )
    signs = bool(rows) and rows[0]["place_name"] is not None
    readers = []
    for row in rows:
        has_address = bool(row["email"]) and is_address(row["email"])
        stopped = rules.read_stopped(row["stopped"] or "")
        requested = row["request_id"] is not None and row["cancelled_at"] is None
        readers.append(
            _Reader(
                row["id"],
                row["email"] or "",
                language(row["language"]),
                mailed=rules.is_mailed(kind, has_address=has_address, stopped=stopped, part=part, requested=requested),
                stopped=has_address and kind in stopped,
                last_sequence=row["sequence"],
                requested=requested,
                put_off=bool(row["put_off"]),
            )
        )
    return readers, (one_line(rows[0]["place_name"]), rows[0]["place_email"]) if signs else None


async def _events(
    readers: Collection[_Reader], about: About, part: Part | None, *, now: datetime
) -> dict[int, tuple[str, str, int]]:
    """Method, kept VEVENT and SEQUENCE of the part that goes with each reader's mail, for those who get one."""
    mailed = {reader.member_id: reader for reader in readers if reader.mailed}
    if part is None or not mailed:
        return {}
    events: dict[int, tuple[str, str, int]] = {}
    kept = await kept_for(about.kind, about.thing_id, mailed, lately=now - rules.READS_A_FEED)
    for member, event in kept.items():
        reader = mailed[member]
        method = rules.calendar_method(part, mailed=True, reads_a_feed=event.reads_a_feed, requested=reader.requested)
        if method is not None:
            events[member] = (method.value, event.ics, rules.next_sequence(event.sequence, reader.last_sequence))
    return events


async def _note_parts(parts: Mapping[int, tuple[str, str, int]], about: About, *, now: datetime) -> None:
    """Remember whose calendar holds the event, and with which SEQUENCE."""
    if not parts:
        return
    values: list[Any] = []
    for member, (method, _, sequence) in parts.items():
        values += [member, about.kind, about.thing_id, sequence, now, now if method == Method.CANCEL else None]
    marks = ", ".join(["({}, {}, {}, {}, {}, {})"] * len(parts))
    await run(
        "insert into calendar_request (member_id, kind, thing_id, sequence, sent_at, cancelled_at) "  # noqa: S608 - marks only
        f"values {marks} on conflict (member_id, kind, thing_id) do update set "
        "sequence = excluded.sequence, sent_at = excluded.sent_at, cancelled_at = excluded.cancelled_at",
        *values,
    )


def _paragraphs(body: Sequence[Text | str], reader: Language) -> str:
    return "\n\n".join(paragraph for item in body if (paragraph := _said(item, reader)))


def _said(item: Text | str, reader: Language) -> str:
    """One paragraph. What fills in a sentence stays inside its line, so that no name can begin a new one."""
    if isinstance(item, str):
        return as_quote(item)
    if not item.details:
        return _plainly(item.msgid, reader)
    return several_lines(reader.say(Text(item.msgid, _flat(item.details), item.plural, item.n)))


@lru_cache(maxsize=1000)
def _plainly(msgid: str, reader: Language) -> str:
    """A sentence that nothing fills in: the same for all."""
    return several_lines(reader.say(Text(msgid)))


def _flat(details: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _flat_one(value) for name, value in details.items()}


def _flat_one(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_flat_one(each) for each in value)
    return one_line(value) if isinstance(value, str) else value


async def _sender(place_id: int | None) -> tuple[str, str]:
    """The place's name and e-mail address; the product's name where there are several places and none is named."""
    if place_id is not None:
        rows = await run("select name, email from place where id = {}", place_id)
    else:
        rows = await run("select name, email from place order by id limit 2")
    return (one_line(rows[0]["name"]), rows[0]["email"]) if len(rows) == 1 else (PRODUCT, "")


def _marks(values: Collection[int]) -> str:
    return ", ".join("{}" for _ in values)
