"""What messages keep about one person: told to them, and forgotten with them; and how words leave the messages that
others got."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from app.calendar.api import kept_for
from app.contracts import Erasure, Exported, Leaving, Word
from app.database import run
from app.i18n import Language, Text, language, text
from app.notices.rules import as_quote, one_line, read_stopped, read_wish
from app.notices.states import WAYS_IN, Kind, Remind
from app.notices.tables import CalendarRequest, MailChoice
from app.notices.wording import KIND_NAMES

_WAYS_IN = ", ".join(f"'{kind.value}'" for kind in sorted(WAYS_IN))
TAKEN_OUT = "> …"
WISHES = {
    Remind.NEVER: text("Jamais"),
    Remind.EVE: text("La veille"),
    Remind.SOON: text("Deux heures avant"),
    Remind.BOTH: text("Les deux"),
}


async def export_of(member_id: int) -> list[Exported]:
    """One's choices, the messages that are kept, and what went to one's own calendar. Ways in are not told: whoever
    finds the file should not find a door in it."""
    chosen = await run(
        "select remind, stopped, digest, digest_on from mail_choice where member_id = {}",
        member_id,
    )
    messages = await run(
        "select kind, recipient, subject, body, created_at, sent_at, read_at, told_at from outbox "  # noqa: S608 - constants of this file
        f"where member_id = {{}} and subject <> '' and kind not in ({_WAYS_IN}) "
        "order by id",
        member_id,
    )
    ways_in = await run(
        f"select kind, created_at, sent_at from outbox where member_id = {{}} "  # noqa: S608 - constants of this file
        f"and kind in ({_WAYS_IN}) order by id",
        member_id,
    )
    requests = await run(
        "select e.title, c.sent_at, c.cancelled_at from calendar_request c "
        "join entry e on e.kind = c.kind and e.thing_id = c.thing_id where c.member_id = {} order by c.id",
        member_id,
    )
    return [
        Exported(
            "mail_choices",
            text("Mes choix de mails"),
            {
                "remind": text("Rappels"),
                "stopped": text("Mails arrêtés"),
                "digest": text("« Ta semaine »"),
                "digest_on": text("Dernière « Ta semaine »"),
            },
            [
                {
                    "remind": _wish(row),
                    "stopped": tuple(_kind(kind) for kind in sorted(read_stopped(row["stopped"]))),
                    "digest": bool(row["digest"]),
                    "digest_on": row["digest_on"],
                }
                for row in chosen
            ],
        ),
        Exported(
            "messages",
            text("Mes messages"),
            {
                "kind": text("Sorte"),
                "subject": text("Objet"),
                "body": text("Message"),
                "recipient": text("Envoyé à"),
                "created_at": text("Écrit"),
                "sent_at": text("Parti"),
                "read_at": text("Lu"),
                "told_at": text("Dit de vive voix"),
            },
            [{**row, "kind": _kind(row["kind"])} for row in messages],
        ),
        Exported(
            "ways_in",
            text("Mails pour entrer"),
            {"kind": text("Sorte"), "created_at": text("Demandé"), "sent_at": text("Parti")},
            [{**row, "kind": _kind(row["kind"])} for row in ways_in],
        ),
        Exported(
            "calendar_requests",
            text("Envoyés vers mon calendrier"),
            {"title": text("Quoi"), "sent_at": text("Envoyé"), "cancelled_at": text("Retiré")},
            requests,
        ),
    ]


def _kind(kind: str) -> Word:
    return Word(kind, text(KIND_NAMES[Kind(kind)]))


def _wish(row: dict[str, Any]) -> Word:
    wish = read_wish(row["remind"], row["stopped"])
    return Word(wish.value, WISHES[wish])


async def leaving(member_id: int, now: datetime) -> Leaving:
    """Messages and choices go; the last mail says that it is done."""
    address = await run("select email from member where id = {}", member_id)
    then = [text("Tes messages et tes choix de mails sont effacés.")]
    if address and address[0]["email"]:
        then.append(text("Un dernier mail te dit que c’est fait. Puis ton adresse est oubliée là aussi."))
    return Leaving(then=then)


async def erase(erasure: Erasure) -> None:
    """No message to them is left, sent or not, nor what they chose, nor that it was they who told somebody."""
    me = erasure.member_id
    await run("delete from outbox where member_id = {}", me)
    await run("update outbox set told_by = null where told_by = {}", me)
    await MailChoice.delete().where(MailChoice.member_id == me)
    await CalendarRequest.delete().where(CalendarRequest.member_id == me)


async def forget_address(address: str) -> None:
    """No mail to this address is left, whoever it was for: codes that were asked for with it."""
    await run("delete from outbox where recipient = {} and member_id is null", address)


async def unsay(
    *,
    name: str,
    shown_as: Text | str,
    sentences: Collection[str],
    kind: str = "",
    things: Collection[int] = (),
    ambiguous: Collection[int] = (),
    readers: Collection[int] = (),
    quotes: Sequence[str] = (),
) -> int:
    """Take a person's name, and what they wrote, out of the messages that others have about these things; without a
    `kind`, out of those about nothing in the calendar that these readers have. Returns how many were changed. Needs the
    caller's transaction, after the calendar has been put right.

    Messages do not say whose name they hold. So it is looked for only where one of these sentences (msgids, with
    `%(name)s`) sets it, never in titles or in other words; and not in what is about the `ambiguous` things, in which
    somebody else has the same name.
    """
    if not name:
        return 0
    quoted = [as_quote(each) for each in quotes if each.strip()]
    changed = 0
    for row in await (
        _about("about_kind = {} and about_id", kind, things)
        if kind
        else _about("about_kind = {} and member_id", "", readers)
    ):
        spoken = language(row["language"])
        said = shown_as if isinstance(shown_as, str) else spoken.say(shown_as)
        subject, body = row["subject"], row["body"]
        if row["about_id"] not in ambiguous:
            subject, body = (_renamed(each, name, said, sentences, spoken) for each in (subject, body))
        for quote in quoted:
            body = body.replace(quote, TAKEN_OUT)
        event = await _event(row, name)
        if (subject, body, event) != (row["subject"], row["body"], row["event"]):
            await run(
                "update outbox set subject = {}, body = {}, event = {} where id = {}", subject, body, event, row["id"]
            )
            changed += 1
    return changed


def _renamed(words: str, name: str, said: str, sentences: Collection[str], spoken: Language) -> str:
    """These words with another name where a line is one of our sentences with this one. A sentence is known by what
    stands between its details and the name: the rest may be anything, or cut."""
    for sentence in sentences:
        before, _, after = spoken.gettext(sentence).partition("%(name)s")
        _, another, near = before.rpartition(")s")
        start, after = "" if another else "^", after.partition("%(")[0]
        known = rf"{start}({_loosely(near)}){_loosely(one_line(name))}(?={_loosely(after)})"
        words = re.sub(known, lambda found: found[1] + said, words, flags=re.MULTILINE)
    return words


def _loosely(words: str) -> str:
    """A pattern of these words, whatever spaces are between them."""
    return r"\s".join(re.escape(each) for each in re.split(r"\s", words))


async def _about(which: str, kind: str, numbers: Collection[int]) -> list[dict[str, Any]]:
    found = []
    several = sorted(numbers)
    for start in range(0, len(several), 500):
        some = several[start : start + 500]
        found += await run(
            "select id, member_id, language, subject, body, action, event, about_kind, about_id, sent_at, logged_at, "  # noqa: S608 - constants and marks
            f"set_aside_at from outbox where subject <> '' and {which} in ({', '.join('{}' for _ in some)})",
            kind,
            *some,
        )
    return found


async def _event(row: dict[str, Any], name: str) -> str:
    """The event that goes with it: as the calendar has it now while it is still to leave, none once it has left."""
    event = str(row["event"])
    if name not in _hosts_in(event):
        return event
    if any(row[column] is not None for column in ("sent_at", "logged_at", "set_aside_at")):
        return ""
    kept = await kept_for(row["about_kind"], row["about_id"], [row["member_id"]])
    return kept[row["member_id"]].ics if row["member_id"] in kept else ""


def _hosts_in(event: str) -> list[str]:
    """The names at the end of an event's description, perhaps with words that are none."""
    found = re.search(r"^DESCRIPTION:(.*)$", event.replace("\r\n", "\n").replace("\n ", ""), re.MULTILINE)
    if found is None:
        return []
    last = re.split(r"\\n", found[1])[-1]
    names = last.partition(" ")[2].split("\\, ")
    return [re.sub(r"\\(.)", r"\1", each) for each in names]
