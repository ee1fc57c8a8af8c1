"""What ends by itself: sessions, ways in, counted tries, ages; and what stays ended when the clock is set back."""

from __future__ import annotations

from datetime import datetime

from app.clock import local_day
from app.database import run, transaction
from app.identity import throttle
from app.identity.entrance import JUST_USED
from app.identity.over import CLOCKS_APART
from app.identity.rules import MAIL_PROVES_FOR
from app.identity.states import Device
from app.identity.tables import Passage, Session
from app.identity.visits import SHARED_IDLE


async def forget_expired(now: datetime) -> int:
    """Delete sessions and ways in whose time is over. Returns how many."""
    async with transaction():
        return await _end_expired(now)


async def forget_tries(now: datetime) -> int:
    """Delete what was counted longer ago than any limit looks back, and what a clock that was ahead has made: it would
    be good again when its time comes. Returns how many."""
    async with transaction():
        old = await run("delete from attempt where tried_at <= {} returning id", now - throttle.KEPT)
        sessions = await Session.delete().where(Session.created_at > now + CLOCKS_APART).returning(Session.id)
        passages = await Passage.delete().where(Passage.created_at > now + CLOCKS_APART).returning(Passage.id)
    return len(old) + len(sessions) + len(passages)


async def forget_ages(now: datetime) -> int:
    """Forget the day of whoever is 18 by now: it says nothing any more but how old they are. Returns how many."""
    async with transaction():
        grown = await run("update member set adult_on = {} where adult_on <= {} returning id", None, local_day(now))
    return len(grown)


async def stay_ended(now: datetime, latest: datetime, believed: bool = True) -> None:
    """The clock was set back, from `latest` to `now`: nothing that had expired by then is good again.

    No turn either, but by an hour that was not believed: nobody could give back what is left of one that runs.

    What was counted by the clock that was ahead counts as of now, else it would count for as long as it was ahead.
    """
    async with transaction():
        await _end_expired(latest)
        await run(
            "update session set by_mail = {} where by_mail = {} and created_at <= {}",
            False,
            True,
            latest - MAIL_PROVES_FOR,
        )
        if believed:
            await run(
                "update granted_act set until_at = {} where from_at <= {} and until_at > {} and until_at <= {}",
                now,
                now,
                now,
                latest,
            )
        await run("update session set seen_at = {} where seen_at > {} and created_at <= {}", now, now, now)
        await run("update attempt set tried_at = {} where tried_at > {}", now, now)


async def _end_expired(at: datetime) -> int:
    idle = (Session.device == Device.SHARED.value) & (Session.seen_at <= at - SHARED_IDLE)
    sessions = await Session.delete().where((Session.expires_at <= at) | idle).returning(Session.id)
    # What was used a moment ago stays until its form cannot be sent twice any more (`entrance.just_used`).
    done = Passage.used_at.is_null() | (Passage.used_at <= at - JUST_USED)
    passages = await Passage.delete().where((Passage.expires_at <= at) & done).returning(Passage.id)
    return len(sessions) + len(passages)
