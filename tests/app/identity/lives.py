"""Somebody who has been everywhere, with marks by which to find what is left of them; and where to look."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from app.calendar.commands import add_feed
from app.calendar.rules import FeedWishes
from app.database import engine, is_sqlite, run, transaction
from app.identity.commands import meet, offer_role
from app.identity.commands_me import Profile, edit_me, set_age
from app.identity.states import Act
from app.notices.commands import choose_mail
from app.notices.states import Remind
from app.sqlite_engine import SQLiteStore
from meals.commands.booking import book_for
from meals.commands.opening import cancel_meal
from tests.app.identity.steps import give_password
from tests.client import NOON
from tests.factories import a_proposal, make_grant, make_member, make_workshop
from tests.meals.make import a_wish, make_booking, make_meal
from tests.people import Cast
from workshops import jobs
from workshops.commands import (
    answer_invitation,
    cancel,
    invite_host,
    last_word,
    propose,
    sign_up,
    sign_up_guest,
    tick_present,
)

NAME = "Zoraïde-Quenotte"
TOKEN = "a-feed-token-of-many-signs-as-all"
LATER = NOON + timedelta(days=13)
"""When they have lived."""
ADULT_ON = date(2039, 7, 23)
CANARIES = {
    "name": NAME,
    "name as it is searched": "zoraide-quenotte",
    "address": "quenotte.canari@exemple.fr",
    "line": "canari-une-ligne-sur-moi",
    "telephone": "0639981177",
    "last word": "canari-mot-de-la-fin",
    "draft": "canari-brouillon",
    "cancellation": "canari-raison-de-sante",
    "meal called off": "canari-plus-de-gaz",
    "guest at table": "canari-fatou",
    "device": "canari-montre",
}


async def live(cast: Cast) -> int:
    """They host, attend, write, take a place for somebody, offer a role, keep a draft, read a calendar; no session."""
    place, at = cast.place, NOON
    me = await make_member(name=NAME, place_id=place, email=CANARIES["address"], listed=True)
    await give_password(me)
    await edit_me(
        actor=me, profile=Profile(NAME, CANARIES["line"], CANARIES["telephone"], listed=True), domains=(), now=at
    )
    await set_age(actor=me, adult_on=ADULT_ON, domains=(), now=NOON)
    await add_feed(actor=me, wishes=FeedWishes(CANARIES["device"]), token=TOKEN, now=at)
    await choose_mail(actor=me, stopped=frozenset(), remind=Remind.BOTH, now=at)
    await meet(actor=me, member_id=cast.newcomer, place_id=place, now=at)
    # Hosted with Aïcha, who got a mail that names them, and over by now; attended; and called off by themselves.
    held = await make_workshop(place_id=place, host=cast.aicha, mediator=cast.bruno, title="Tenu")
    await invite_host(actor=cast.aicha, workshop_id=held, member_id=me, now=at)
    await answer_invitation(actor=me, workshop_id=held, yes=True, now=at)
    await sign_up(actor=cast.karim, workshop_id=held, now=at)
    attended = await make_workshop(
        place_id=place, host=cast.yann, mediator=cast.bruno, title="Suivi", starts_at=at + timedelta(days=11)
    )
    await sign_up(actor=me, workshop_id=attended, now=at)
    await sign_up_guest(actor=me, workshop_id=attended, first_name="Invitée", now=at)
    called_off = await make_workshop(
        place_id=place, host=me, mediator=cast.bruno, title="Annulé", starts_at=at + timedelta(days=12)
    )
    await sign_up(actor=cast.odile, workshop_id=called_off, now=at)
    await cancel(actor=me, workshop_id=called_off, reason=CANARIES["cancellation"], now=at)
    await _eat(me, cast)
    (mine,) = await run("select id from sign_up where member_id = {}", me)
    await jobs.hold_past(LATER)
    await tick_present(actor=cast.yann, workshop_id=attended, sign_up_ids=[mine["id"]], now=LATER)
    await last_word(actor=me, workshop_id=attended, words=CANARIES["last word"], shown=True, now=LATER)
    draft = a_proposal(starts_at=NOON + timedelta(days=40), title=CANARIES["draft"])
    await propose(actor=me, place_id=place, proposal=draft, draft=True, once="draft", now=LATER)
    await make_grant(member_id=me, place_id=place, act=Act.KEEP_PLACE, from_at=NOON)
    await offer_role(actor=me, place_id=place, act=Act.KEEP_PLACE, member_id=cast.odile, shared=True, now=LATER)
    return me


async def _eat(me: int, cast: Cast) -> None:
    """A meal that they opened, ate at and booked for somebody at, over by now; another that they called off."""
    opened = await make_meal(place_id=cast.place, opener=me, title="Mangé", starts_at=NOON + timedelta(days=10))
    await make_booking(meal_id=opened, member_id=cast.aicha)
    await make_booking(meal_id=opened, member_id=me, give=1)
    await book_for(actor=me, meal_id=opened, first_name=CANARIES["guest at table"], wish=a_wish(), now=NOON)
    off = await make_meal(place_id=cast.place, opener=me, title="Repas annulé", starts_at=NOON + timedelta(days=11))
    await make_booking(meal_id=off, member_id=cast.karim)
    await cancel_meal(actor=me, meal_id=off, reason=CANARIES["meal called off"], now=NOON)


async def dumped() -> str:
    """Every row of every table, as text."""
    if is_sqlite():
        tables = await run("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'")
    else:
        tables = await run("select tablename as name from pg_tables where schemaname = current_schema()")
    assert len(tables) > 25
    return "\n".join([str(await run(f"select * from {table['name']}")) for table in tables])


def raw_bytes() -> bytes:
    """SQLite's file, and whatever stands beside it."""
    store = engine()
    assert isinstance(store, SQLiteStore)
    path = Path(store.path)
    found = {each.name: each.read_bytes() for each in path.parent.iterdir() if each.name.startswith(path.name)}
    assert len(found[path.name]) > 4096
    return b"".join(found.values())


async def left_of_them(but: frozenset[str] = frozenset()) -> set[str]:
    """Which marks can still be found in the database, or in the raw bytes of its files."""
    text = await dumped()
    raw = raw_bytes() if is_sqlite() else b""
    return {name for name, mark in CANARIES.items() if mark in text or mark.encode() in raw} - but


async def mail_has_left() -> None:
    """As the postman does with what is to be forgotten."""
    async with transaction():
        await run("delete from outbox where forget")
