"""How often something may be tried: counted in the database, so that it holds over a restart and across workers.

Kept per action and person aimed at (their address, whether or not it has an account). A network address is counted for
unknown accounts only, and far above what thirty people behind one line do. Nothing here ever closes the way by mail.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.database import is_sqlite, run
from app.identity.tables import Attempt
from app.identity.visits import hash_token

KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries in so long."""

    action: str
    most: int
    within: timedelta

    def key(self, subject: str) -> str:
        """How the tries of this action at this person are named in the database."""
        return hash_token(f"{self.action}:{subject}")


PASSWORD = Limit("password", 10, timedelta(minutes=15))
"""Wrong passwords for one address. Beyond, the mail is the way."""
MAIL = Limit("mail", 5, timedelta(hours=1))
"""Mails with a code to one address. Beyond, one in ten minutes, so that the newest link always works."""
CODE = Limit("code", 20, timedelta(days=1))
"""Wrong codes for one address. Beyond, the link in the mail is the way."""
STRANGERS = Limit("strangers", 200, timedelta(hours=1))
"""Tries at unknown accounts from one network."""

SECOND = Limit("second", 10, timedelta(minutes=15))
"""Wrong codes of a telephone for one member: only who has their password or reads their mails gets so far."""
SECOND_IN_A_DAY = Limit("second in a day", 40, KEPT)
"""Whoever tries all day guesses one of a million with three chances each time: once in twenty years."""
RECOVERY = Limit("recovery", 60, timedelta(hours=1))
"""Wrong recovery codes for one member, counted apart, so that wrong codes of a telephone do not close this way."""


def network_of(address: str | None) -> str:
    """The network that a request comes from: an IPv4 address, the first half of an IPv6 one."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


async def tries(limit: Limit, subject: str, *, now: datetime) -> list[datetime]:
    """When it was tried within the limit's time, oldest first."""
    rows = await run(
        "select tried_at from attempt where key = {} and tried_at > {} order by tried_at",
        limit.key(subject),
        now - limit.within,
    )
    return [row["tried_at"] for row in rows]


async def hold(limit: Limit, subject: str) -> None:
    """Inside a transaction: let nobody else count or note this until it ends."""
    if not is_sqlite():  # there a transaction that writes is alone anyway
        await run("select pg_advisory_xact_lock(hashtextextended({}, 0))", limit.key(subject))


async def note(limit: Limit, subject: str, *, now: datetime) -> None:
    """Inside a transaction: one more try."""
    await Attempt.insert(Attempt(key=limit.key(subject), tried_at=now))


async def forgive(limit: Limit, subject: str) -> None:
    """Inside a transaction: forget the tries, since the person has shown who they are."""
    await Attempt.delete().where(Attempt.key == limit.key(subject))


def wait_seconds(limit: Limit, tried: list[datetime], *, now: datetime) -> int:
    """How long until one more try is allowed; 0 when it is now."""
    if len(tried) < limit.most:
        return 0
    free_at = tried[-limit.most] + limit.within
    return max(1, round((free_at - now).total_seconds()))
