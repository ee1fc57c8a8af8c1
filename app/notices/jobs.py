"""What is forgotten about messages, and when."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.clock import local_day
from app.contracts import About, Kept
from app.database import run, transaction
from app.i18n import text, text_n
from app.notices.rules import ABOUT_KEPT_FOR
from app.notices.states import KEPT_FOR, WAYS_IN

KEEP_WAYS_IN = timedelta(days=1)

# As the partial index has it: the emptied rows, which are nearly all in the tenth year, are not read each hour.
_OVER = (
    "subject <> '' and run_at <= {} "
    "and (recipient = '' or sent_at is not null or logged_at is not null or set_aside_at is not null)"
)
FORGET_WAYS_IN = f"delete from outbox where {_OVER} and kind in ({{}}, {{}}) returning id"  # noqa: S608 - constants of this file
EMPTY = (
    "update outbox set recipient = '', member_id = null, subject = '', body = '', link = '', action = '', "  # noqa: S608 - constants of this file
    "signature = '', place_id = null, place_email = '', about_kind = '', about_id = null, about_at = null, "
    "event = '', method = '', sequence = 0, offer_key = '', error = '', on_site = false, stopped = false, "
    "discreet = false, read_at = null, told_at = null, told_by = null "
    f"where {_OVER} returning id"
)


async def forget_mail(now: datetime) -> int:
    """Empty the messages of 30 days ago and more; those that let somebody in go after a day, altogether.

    An emptied row stays, with its kind, its hours and a digest of what it said to whom: it is how the same thing is
    never told twice. Returns how many mails were forgotten.
    """
    async with transaction():
        gone = await run(FORGET_WAYS_IN, now - KEEP_WAYS_IN, *sorted(WAYS_IN))
        emptied = await run(EMPTY, now - KEPT_FOR)
    return len(gone) + len(emptied)


FORGET_REMINDED = "delete from reminded where starts_at <= {} returning id"
FORGET_REQUESTS = (
    "delete from calendar_request where id in (select c.id from calendar_request c "
    "join entry e on e.kind = c.kind and e.thing_id = c.thing_id where e.ends_at <= {}) returning id"
)


async def forget_calendars(now: datetime) -> int:
    """Whose calendar got what, and what was reminded, 30 days after it is over. Returns how many rows went."""
    over = now - ABOUT_KEPT_FOR
    async with transaction():
        reminded = await run(FORGET_REMINDED, over)
        requests = await run(FORGET_REQUESTS, over)
    return len(reminded) + len(requests)


async def week_again(now: datetime, latest: datetime, believed: bool = True) -> None:
    """The clock was set back: whoever got a week of later on gets this one, and none twice (`tell` remembers)."""
    async with transaction():
        await run("update mail_choice set digest_on = null where digest_on > {}", local_day(now))


KEEPS = (
    Kept(
        About.MESSAGES,
        text("Les messages envoyés par mail ou montrés sur le site, et s’ils sont arrivés"),
        text("Personne. Sans adresse mail, ou si un mail urgent n’arrive pas : qui tient l’accueil"),
        text_n("%(n)s jour", "%(n)s jours", KEPT_FOR.days),
        job="forget_mail",
    ),
    Kept(
        About.WAY_IN,
        text("Les mails avec un code ou un lien pour entrer"),
        text("Personne"),
        text_n("%(n)s jour", "%(n)s jours", KEEP_WAYS_IN.days),
        job="forget_mail",
    ),
    Kept(
        About.MESSAGES,
        text("Qui a prévenu qui par téléphone ou de vive voix"),
        text("Qui tient l’accueil"),
        text_n("%(n)s jour, avec le message", "%(n)s jours, avec le message", KEPT_FOR.days),
        job="forget_mail",
    ),
    Kept(
        About.MESSAGES,
        text("Les choix : les mails arrêtés, le moment des rappels, « Ta semaine »"),
        text("Personne"),
        text("Tant que le compte existe"),
    ),
    Kept(
        About.MESSAGES,
        text("Ce qui est parti par mail vers un calendrier, et les rappels déjà envoyés"),
        text("Personne"),
        text_n("%(n)s jour après le rendez-vous", "%(n)s jours après le rendez-vous", ABOUT_KEPT_FOR.days),
        job="notices.forget_calendars",
    ),
)
