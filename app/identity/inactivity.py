"""People of whom nothing is heard any more: a friendly mail after a year, erasure after two (domain.md).

Being here is opening or using a session, having a calendar read, taking part in something, mediating, holding a role.
Nobody is erased who was not written to a year before, who has no address to be written to, or who is still needed
(`leaving`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from app.clock import local_day
from app.contracts import Domain
from app.database import run, transaction
from app.i18n import Text, text, text_n
from app.identity.leaving import erase_absent
from app.notices.api import Kind, tell
from app.one_by_one import OneByOne

MONTHS_TO_ASK = 12
MONTHS_TO_ERASE = 24
AT_ONCE = 200
"""People written to by one run: a mail server is not flooded."""
ERASED_AT_ONCE = 50

_GONE = """
from member m left join presence p on p.member_id = m.id
where m.erased_at is null and m.email is not null and m.created_at < {}
and (p.active_on is null or p.active_on <= {})
and not exists (select 1 from session s where s.member_id = m.id and s.seen_at >= {})
and not exists (select 1 from feed f where f.member_id = m.id and f.revoked_at is null and f.read_at >= {})
and not exists (select 1 from taking_part t join entry e on e.id = t.entry_id where t.member_id = m.id
    and t.left_at is null and e.ends_at >= {} and e.state in ('tentative', 'confirmed'))
and not exists (select 1 from granted_act g where g.member_id = m.id and (g.until_at is null or g.until_at >= {}))
and not exists (select 1 from membership ms where ms.member_id = m.id and ms.mediator = {})
"""


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, 28))


def in_years(months: int) -> Text:
    """So many months, in whole years if they are."""
    years, left = divmod(months, 12)
    if years and not left:
        return text_n("un an", "%(n)s ans", years)
    return text_n("un mois", "%(n)s mois", months)


async def end_inactive(now: datetime, domains: Sequence[Domain]) -> int:
    """A job: write to whom nothing was heard of for a year, erase who did not answer that for another. Done twice, it
    does nothing more."""
    today = local_day(now)
    things = OneByOne("identity.end_inactive")
    for row in await _absent(today, MONTHS_TO_ASK, now, "(p.warned_on is null or p.warned_on <= p.active_on)", AT_ONCE):

        async def ask(member_id: int = row["id"]) -> int:
            return await _ask(member_id, today, now=now)

        await things.try_one("member", row["id"], ask)
    for row in await _long_gone(today, now):

        async def erase(member_id: int = row["id"]) -> int:
            async def still() -> bool:
                return bool(await _long_gone(today, now, member_id))

            return int(await erase_absent(member_id, domains, still=still, now=now))

        await things.try_one("member", row["id"], erase)
    return things.done()


async def _long_gone(today: date, now: datetime, *only: int) -> list[dict[str, Any]]:
    """Who is to be erased; of these alone, if some are named."""
    asked_by = _months_before(today, MONTHS_TO_ERASE - MONTHS_TO_ASK)
    which = "p.warned_on > p.active_on and p.warned_on <= {}"
    if only:
        which += f" and m.id in ({', '.join('{}' for _ in only)})"
    return await _absent(today, MONTHS_TO_ERASE, now, which, ERASED_AT_ONCE, asked_by, *only)


async def _absent(today: date, months: int, now: datetime, which: str, most: int, *more: Any) -> list[dict[str, Any]]:
    last = _months_before(today, months)
    since = now - timedelta(days=(today - last).days)
    return await run(
        f"select m.id {_GONE} and {which} order by m.id limit {{}}",
        since,
        last,
        since,
        since,
        since,
        since,
        True,
        *more,
        most,
    )


async def _ask(member_id: int, today: date, *, now: datetime) -> int:
    async with transaction():
        noted = await run(
            "insert into presence (member_id, active_on, warned_on) values ({}, {}, {}) "
            "on conflict (member_id) do update set warned_on = excluded.warned_on "
            "where presence.warned_on is null or presence.warned_on <= presence.active_on returning id",
            member_id,
            _months_before(today, MONTHS_TO_ASK),
            today,
        )
        if not noted:
            return 0
        await tell(
            [member_id],
            kind=Kind.ACCOUNT,
            what=f"absent-{today.isoformat()}",
            subject=text("On se revoit quand tu veux"),
            body=[
                text(
                    "Déjà %(time)s sans te voir ici. Ton compte t’attend, et la porte est ouverte.",
                    time=in_years(MONTHS_TO_ASK),
                ),
                text("Tu veux le garder ? Entre une fois, et c’est tout."),
                text(
                    "Sinon, ne fais rien : il sera effacé dans %(time)s, et ton nom avec. "
                    "Tu peux aussi l’effacer maintenant.",
                    time=in_years(MONTHS_TO_ERASE - MONTHS_TO_ASK),
                ),
            ],
            link="/moi/donnees",
            action=text("Je garde mon compte"),
            now=now,
        )
        return 1
