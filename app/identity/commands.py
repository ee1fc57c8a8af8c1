"""Places, members, mediators, and who holds a standing role: each function one deed, in one transaction.

Whoever runs the server calls the `add_…`, `found_…` and `make_…` ones (the `reseau` command); pages call the others,
with the member who acts. What a member changes of their own is in `commands_me`, of a place in `commands_places`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.contracts import Domain
from app.database import command, get_for_update, run, transaction
from app.errors import NotFound, Refused
from app.i18n import Text, text
from app.identity.api import (
    belongs,
    end_grant,
    grant,
    holders_of,
    holds,
    is_mediator,
    member_by_email,
    refuse_given_password,
)
from app.identity.listed import list_again
from app.identity.narrowing import say_may_less
from app.identity.passwords import hash_password
from app.identity.rules import email_key, name_key, why_cannot_meet, why_cannot_receive
from app.identity.sessions import end_sessions
from app.identity.states import HANDED_OVER, STANDING, Act, IdentityRefusal
from app.identity.tables import Encounter, Handover, Member, Membership, Place, Session
from app.identity.wording import OFFERS_A_ROLE, OFFERS_TO_KEEP
from app.journal import write_journal
from app.notices.api import Kind, tell

FOUNDER = "founder"
KEEPER = "keeper"
ENOUGH_ENCOUNTERS = 2

# ------------------------------------------------------------------------------------------------- places and members


@command
async def add_place(
    *,
    slug: str,
    name: str,
    address: str,
    about: str = "",
    email: str = "",
    phone: str = "",
    step_free: bool = False,
    now: datetime,
) -> int:
    """A new place, which nobody keeps yet. Raises `Refused` when the short name is taken."""
    async with transaction():
        return await _insert_place(
            slug=slug, name=name, address=address, about=about, email=email, phone=phone, step_free=step_free, now=now
        )


@command
async def found_place(
    *,
    founder_id: int,
    slug: str,
    name: str,
    address: str,
    about: str = "",
    email: str = "",
    phone: str = "",
    step_free: bool = False,
    now: datetime,
) -> int:
    """A new place, and its founder a member of it who keeps it and its accounts, until they pass both on."""
    async with transaction():
        place_id = await _insert_place(
            slug=slug, name=name, address=address, about=about, email=email, phone=phone, step_free=step_free, now=now
        )
        await _enter_place(founder_id, place_id, met=True, now=now)
        for act in (Act.KEEP_PLACE, Act.KEEP_ACCOUNTS):
            await grant(member_id=founder_id, place_id=place_id, act=act, from_at=now, until_at=None, source=FOUNDER)
    return place_id


async def _insert_place(*, slug: str, now: datetime, **facts: Any) -> int:
    if await run("select 1 as one from place where slug = {}", slug):
        raise Refused(IdentityRefusal.SLUG_TAKEN, slug=slug)
    rows = await Place.insert(Place(slug=slug, created_at=now, **facts)).returning(Place.id)
    place_id: int = rows[0]["id"]
    return place_id


async def _enter_place(member_id: int, place_id: int, *, met: bool, now: datetime) -> None:
    """A member of the place from now on; nothing changes for whoever is one already, but that they may be met now."""
    rows = await run(
        "insert into membership (member_id, place_id, mediator, employer, joined_at, met_at) "
        "values ({}, {}, {}, '', {}, {}) on conflict (member_id, place_id) do nothing returning id",
        member_id,
        place_id,
        False,
        now,
        now if met else None,
    )
    if rows:
        await list_again(member_id)
    if met and not rows:
        await run(
            "update membership set met_at = {} where member_id = {} and place_id = {} and met_at is null",
            now,
            member_id,
            place_id,
        )


@command
async def add_member(
    *,
    name: str,
    email: str | None,
    place_id: int | None = None,
    password: str = "",
    password_hash: str | None = None,
    language: str = "fr",
    about: str = "",
    listed: bool = False,
    met: bool = True,
    now: datetime,
) -> int:
    """A new account, by whoever runs the server; a member of the place, if one is named, whom others have met.

    Raises `Refused` when the address has an account. `password_hash` spares hashing the same one many times.
    """
    if password:
        password_hash = await hash_password(password)
    async with transaction():
        if email and await member_by_email(email):
            raise Refused(IdentityRefusal.ALREADY_MEMBER)
        rows = await Member.insert(
            Member(
                name=name,
                name_key=name_key(name),
                email=email,
                email_key=email_key(email) if email else None,
                password_hash=password_hash,
                about=about,
                listed=listed,
                language=language,
                created_at=now,
            )
        ).returning(Member.id)
        member_id: int = rows[0]["id"]
        if place_id is not None:
            await _enter_place(member_id, place_id, met=met, now=now)
    return member_id


@command
async def join_place(*, actor: int, place_id: int, session_id: int | None, now: datetime) -> None:
    """Become a member of one more place, and look at it from now on. Others there have yet to meet the person."""
    async with transaction():
        if not await get_for_update(Place, place_id):
            raise NotFound
        await _enter_place(actor, place_id, met=False, now=now)
        if session_id is not None:
            await Session.update({Session.place_id: place_id}).where(Session.id == session_id)


@command
async def look_at_place(*, session_id: int, place_id: int) -> None:
    """Show the lists of this place in this session."""
    async with transaction():
        await Session.update({Session.place_id: place_id}).where(Session.id == session_id)


@command
async def meet(*, actor: int, member_id: int, place_id: int, now: datetime) -> bool:
    """Say that one has met a newcomer of this place. Returns whether names are shown to the newcomer from now on:
    once two members, or one person of the welcome turn, have said so. Whoever may not say it learns of nobody by
    the answer."""
    async with transaction():
        await get_for_update(Member, member_id)
        mine = await run(
            "select met_at, mediator from membership where member_id = {} and place_id = {}", actor, place_id
        )
        reason = why_cannot_meet(
            themselves=actor == member_id,
            belongs=bool(mine),
            met=bool(mine and (mine[0]["met_at"] is not None or mine[0]["mediator"])),
        )
        if reason is not None:
            raise Refused(reason)
        rows = await run(
            "select ms.id, ms.met_at, ms.mediator from membership ms join member m on m.id = ms.member_id "
            "where ms.member_id = {} and ms.place_id = {} and m.erased_at is null",
            member_id,
            place_id,
        )
        if not rows:
            raise NotFound
        if rows[0]["met_at"] is not None or rows[0]["mediator"]:
            return True
        await run(
            "insert into encounter (member_id, place_id, met_by, met_at) values ({}, {}, {}, {}) "
            "on conflict (member_id, place_id, met_by) do nothing",
            member_id,
            place_id,
            actor,
            now,
        )
        count = await Encounter.count().where((Encounter.member_id == member_id) & (Encounter.place_id == place_id))
        met = count >= ENOUGH_ENCOUNTERS or await holds(actor, place_id, Act.REGISTER, now)
        if met:
            await Membership.update({Membership.met_at: now}).where(Membership.id == rows[0]["id"])
    return met


# ----------------------------------------------------------------------------------------------------------- mediators


@command
async def make_mediator(
    *, member_id: int, place_id: int, employer: str = "", domains: Sequence[Domain], now: datetime
) -> None:
    """Let this person mediate in this place, where every role that they hold ends at once, and what they would do by
    one is theirs no more (`Domain.may_less`).

    Raises `Refused` when nobody else keeps the place, while they host something there that is still to come, or while
    their password is one that somebody gave them. For whoever mediates there already, the employer is written anew.
    """
    async with transaction():
        if not await get_for_update(Member, member_id) or not await get_for_update(Place, place_id):
            raise NotFound
        already = await is_mediator(member_id, place_id)
        if not already:
            await refuse_given_password(member_id)
            await _refuse_last_keeper(member_id, place_id, now=now)
            await _refuse_host(member_id, place_id, now=now)
            await _end_acts(member_id, place_id, frozenset(Act), now=now)
        await _enter_place(member_id, place_id, met=True, now=now)
        await Membership.update({Membership.mediator: True, Membership.employer: employer}).where(
            (Membership.member_id == member_id) & (Membership.place_id == place_id)
        )
        if not already:
            await _journal("identity.mediator_made", member_id, place_id, now=now)
            await say_may_less(member_id, domains, now=now)


@command
async def unmake_mediator(*, member_id: int, place_id: int, now: datetime) -> None:
    """Let this person be a member like the others there; they are signed out everywhere."""
    async with transaction():
        if not await get_for_update(Member, member_id):
            raise NotFound
        if not await is_mediator(member_id, place_id):
            return
        await Membership.update({Membership.mediator: False, Membership.employer: ""}).where(
            (Membership.member_id == member_id) & (Membership.place_id == place_id)
        )
        await end_sessions(member_id)
        await _journal("identity.mediator_unmade", member_id, place_id, now=now)


async def _refuse_host(member_id: int, place_id: int, *, now: datetime) -> None:
    hosted = await run(
        "select e.title from taking_part t join entry e on e.id = t.entry_id where t.member_id = {} "
        "and t.role = 'host' and t.left_at is null and e.place_id = {} and e.state in ('tentative', 'confirmed') "
        "and e.ends_at > {} order by e.starts_at limit 1",
        member_id,
        place_id,
        now,
    )
    if hosted:
        raise Refused(IdentityRefusal.HOSTS_HERE, title=hosted[0]["title"])


async def _journal(act: str, member_id: int, place_id: int, *, actor: int | None = None, now: datetime) -> None:
    await write_journal(
        place_id=place_id, at=now, actor_id=actor, voice="member", act=act, kind="member", thing_id=member_id
    )


# ------------------------------------------------------------------------------------------------------ standing roles


async def _refuse_last_keeper(member_id: int, place_id: int, *, now: datetime) -> None:
    """Inside a transaction that holds the place: somebody must be left who keeps it."""
    keepers = [person.id for person in await holders_of(place_id, Act.KEEP_PLACE, now)]
    if keepers == [member_id]:
        raise Refused(IdentityRefusal.LAST_KEEPER)


async def _end_acts(member_id: int, place_id: int, acts: frozenset[Act], *, now: datetime) -> None:
    """End what any role allows this person there, of these acts; without a standing one they are signed out."""
    rows = await run(
        "select distinct source, act from granted_act where member_id = {} and place_id = {} "
        "and (until_at is null or until_at > {})",
        member_id,
        place_id,
        now,
    )
    for row in rows:
        if row["act"] in acts:
            await end_grant(member_id=member_id, place_id=place_id, source=row["source"], act=Act(row["act"]), now=now)


@command
async def offer_role(*, actor: int, place_id: int, act: Act, member_id: int, shared: bool, now: datetime) -> None:
    """Offer a standing role that one holds to another member, to pass it on or to share it. Nothing changes until the
    other accepts; offering again changes only whether it is shared."""
    if act not in HANDED_OVER:
        raise NotFound
    async with transaction():
        places = await get_for_update(Place, place_id)
        if not places or not await holds(actor, place_id, act, now):
            raise Refused(IdentityRefusal.NEEDS_ACT)
        reason = why_cannot_receive(
            themselves=actor == member_id,
            belongs=await belongs(member_id, place_id),
            mediator=await is_mediator(member_id, place_id),
            holds=await holds(member_id, place_id, act, now),
        )
        if reason is not None:
            raise Refused(reason)
        renewed = (
            await Handover.update({Handover.shared: shared, Handover.from_member: actor})
            .where(
                (Handover.place_id == place_id)
                & (Handover.act == act.value)
                & (Handover.to_member == member_id)
                & Handover.answered_at.is_null()
            )
            .returning(Handover.id)
        )
        if renewed:
            return
        rows = await Handover.insert(
            Handover(
                place_id=place_id,
                act=act.value,
                from_member=actor,
                to_member=member_id,
                shared=shared,
                offered_at=now,
            )
        ).returning(Handover.id)
        giver = (await Member.select(Member.name).where(Member.id == actor))[0]["name"]
        await tell(
            [member_id],
            kind=Kind.DUTY,
            what=f"handover-{rows[0]['id']}",
            subject=Text(OFFERS_A_ROLE, {"name": giver}),
            body=[
                Text(OFFERS_TO_KEEP, {"name": giver, "place": places[0]["name"]}),
                text("Rien ne change tant que tu n’as pas répondu. Tu peux dire non, sans raison à donner."),
            ],
            link="/moi#roles",
            action=text("Je réponds"),
            place_id=place_id,
            now=now,
        )


@command
async def answer_role(*, actor: int, handover_id: int, yes: bool, now: datetime) -> None:
    """Accept or decline a role that was offered to oneself. Raises `Refused` when the offer does not stand any more, or
    to a yes while one's password is one that somebody gave."""
    async with transaction():
        rows = await run("select * from handover where id = {}", handover_id)
        if not rows or rows[0]["to_member"] != actor:
            raise NotFound
        place_id, giver = rows[0]["place_id"], rows[0]["from_member"]
        await get_for_update(Member, actor, giver)
        await get_for_update(Place, place_id)
        offer = (await get_for_update(Handover, handover_id))[0]
        if offer["answered_at"] is not None:
            if bool(offer["accepted"]) is yes:
                return
            raise Refused(IdentityRefusal.OFFER_OVER)
        act = Act(offer["act"])
        if yes and (not await holds(giver, place_id, act, now) or await is_mediator(actor, place_id)):
            raise Refused(IdentityRefusal.OFFER_OVER)
        await Handover.update({Handover.answered_at: now, Handover.accepted: yes}).where(Handover.id == handover_id)
        if not yes:
            return
        await grant(member_id=actor, place_id=place_id, act=act, from_at=now, until_at=None, source=KEEPER)
        if not offer["shared"]:
            await _end_acts(giver, place_id, frozenset({act}), now=now)
        await _journal(f"identity.{act.value}_taken", actor, place_id, actor=giver, now=now)


@command
async def lay_down_role(*, actor: int, place_id: int, act: Act, now: datetime) -> None:
    """Give up a standing role. Raises `Refused` for the last person who keeps the place. One is signed out."""
    if act not in STANDING:
        raise NotFound
    async with transaction():
        await get_for_update(Member, actor)
        await get_for_update(Place, place_id)
        if act is Act.KEEP_PLACE:
            await _refuse_last_keeper(actor, place_id, now=now)
        await _end_acts(actor, place_id, frozenset({act}), now=now)
        await _journal(f"identity.{act.value}_laid_down", actor, place_id, actor=actor, now=now)
