"""The welcome turn lets people in who have no e-mail: a first account, and a new password when the slip is lost.

Passwords are made here, handed back once to be shown, and kept as a hash only. A new one is never given to whoever has
an address of some age, holds a role, is offered one or mediates anywhere, so that the welcome turn opens no door but
the plain member's; and the words of a paper lead to no role later (`api.refuse_given_password`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from app.database import command, get_for_update, run, transaction
from app.errors import NotFound, Refused
from app.i18n import LANGUAGES, text
from app.identity import throttle
from app.identity.api import belongs, has_role, holds
from app.identity.passwords import hash_password
from app.identity.rules import ADDRESS_SETTLES, address_settled, name_key, why_no_new_password
from app.identity.sessions import LIFE, end_sessions
from app.identity.slips import make_sign_in_name, three_words
from app.identity.states import Act, Device, IdentityRefusal
from app.identity.tables import HandedSlip, Member, Membership, Passage
from app.identity.visits import hash_token
from app.journal import write_journal
from app.notices.api import Kind, address_changed, post_mail, tell

SLIPS_KEPT = LIFE[Device.MINE]
"""As long as a session may live: the form that was sent cannot be sent again by a later one."""
_SHORT_TRIES, _MOST_TRIES = 8, 40


@dataclass(frozen=True, slots=True)
class Registered:
    """Somebody who may sign in now: what their slip says. The password is nowhere else."""

    member_id: int
    name: str
    sign_in_name: str
    password: str = field(repr=False)
    language: str = "fr"


@command
async def register_without_email(
    *,
    actor: int | None,
    place_id: int,
    name: str,
    phone: str = "",
    language: str = "fr",
    adult_on: date | None = None,
    once: str = "",
    now: datetime,
) -> Registered:
    """Open an account for somebody who stands there: a member of the place, whom the welcome turn has met.

    `actor` holds the welcome turn; none is whoever runs the server. Raises `Refused` when they do not, or when the same
    `once` came before: then the account is there and its password has been shown.
    """
    password = three_words()
    password_hash = await hash_password(password)
    async with transaction():
        await _refuse_others(actor, place_id, now=now)
        sign_in_name, member_id = "", 0
        for number in range(_MOST_TRIES):
            sign_in_name = make_sign_in_name(name, digits=3 if number < _SHORT_TRIES else 4)
            if await _is_taken(sign_in_name):
                continue
            rows = await run(
                "insert into member (name, name_key, email_key, password_hash, password_given_at, about, phone, "
                "listed, language, adult_on, created_at) values ({}, {}, {}, {}, {}, '', {}, {}, {}, {}, {}) "
                "on conflict do nothing returning id",
                name,
                name_key(name),
                sign_in_name,
                password_hash,
                now,
                phone,
                False,
                language if language in LANGUAGES else LANGUAGES[0],
                adult_on,
                now,
            )
            if rows:
                member_id = rows[0]["id"]
                break
        else:
            raise RuntimeError("no free sign-in name")
        await Membership.insert(Membership(member_id=member_id, place_id=place_id, joined_at=now, met_at=now))
        await _once(actor, once or f"{place_id} {name} {phone} {now:%Y-%m-%d}", member_id, now=now)
        await _journal("identity.registered", actor, member_id, place_id, now=now)
    return Registered(member_id, name, sign_in_name, password, language)


@command
async def give_new_password(
    *, actor: int | None, place_id: int, member_id: int, once: str = "", now: datetime
) -> Registered:
    """Give a member of the place who has no address a new password; all their sessions end, the old one opens nothing.

    An address that was added less than `rules.ADDRESS_SETTLES` ago is taken off: whoever found the lost paper may have
    added it. While somebody wears the sign-in name out with wrong passwords, it is changed as well: there is no way by
    mail. Raises `Refused` for whoever has another address, and when the same `once` came before; for whoever holds a
    role, unless `actor` is none, which is whoever runs the server.
    """
    password = three_words()
    password_hash = await hash_password(password)
    async with transaction():
        await _refuse_others(actor, place_id, now=now)
        members = await get_for_update(Member, member_id)
        if not members or members[0]["erased_at"] is not None or not await belongs(member_id, place_id):
            raise NotFound
        member = members[0]
        reason = why_no_new_password(
            themselves=member_id == actor,
            has_address=bool(member["email"]) and address_settled(member["address_added_at"], now),
            has_role=actor is not None and await has_role(member_id, now=now),
        )
        if reason is not None:
            raise Refused(reason)
        await _once(actor, once or f"{member_id} {now:%Y-%m-%dT%H:%M}", member_id, now=now)
        sign_in_name = await _name_to_keep(member, now=now)
        await Member.update(
            {
                Member.password_hash: password_hash,
                Member.password_given_at: now,
                Member.email: None,
                Member.email_key: sign_in_name,
                Member.kept_name: None,
                Member.address_added_at: None,
            }
        ).where(Member.id == member_id)
        await end_sessions(member_id)
        await Passage.update({Passage.used_at: now}).where((Passage.member_id == member_id) & Passage.used_at.is_null())
        await _journal("identity.password_given", actor, member_id, place_id, now=now)
        if member["email"]:
            await _take_off(member, actor, place_id, once=password_hash, now=now)
        await tell(
            [member_id],
            kind=Kind.ACCOUNT,
            what=f"password-given-{hash_token(password_hash)[:40]}",
            subject=text("L’accueil t’a donné un nouveau mot de passe"),
            body=[
                text("L’ancien ne marche plus, et tes appareils ont été déconnectés."),
                *([text("L’adresse mail ajoutée à ton compte n’y est plus.")] if member["email"] else []),
                text("Ce n’était pas toi ? Dis-le vite aux personnes qui tiennent le lieu."),
            ],
            link="/moi#mot-de-passe",
            action=text("Je change de mot de passe"),
            place_id=place_id,
            now=now,
        )
    return Registered(member_id, member["name"], sign_in_name, password, member["language"])


async def _take_off(member: dict[str, Any], actor: int | None, place_id: int, *, once: str, now: datetime) -> None:
    """The account has no address any more: what waits for it is read on the site, and whoever reads it is told."""
    await address_changed(member["id"], old=member["email"], new=None, now=now)
    await _journal("identity.address_taken_off", actor, member["id"], place_id, now=now)
    await post_mail(
        member_id=None,
        to=member["email"],
        spoken=member["language"],
        kind=Kind.SIGN_IN,
        dedupe=f"taken-off:{hash_token(once)[:40]}",
        subject=text("Cette adresse n’ouvre plus le compte"),
        body=[
            text("Elle avait été ajoutée à un compte, et l’accueil vient d’y donner un nouveau mot de passe."),
            text(
                "C’est ton compte ? Passe à l’accueil du lieu : tu entres avec un papier, puis tu remets ton adresse."
            ),
        ],
        link="/connexion",
        place_id=place_id,
        now=now,
    )


async def _refuse_others(actor: int | None, place_id: int, *, now: datetime) -> None:
    if not await run("select 1 as one from place where id = {}", place_id):
        raise NotFound
    if actor is not None and not await holds(actor, place_id, Act.REGISTER, now):
        raise Refused(IdentityRefusal.NEEDS_ACT)


async def _once(actor: int | None, once: str, member_id: int, *, now: datetime) -> None:
    """Note that this form has had its effect. Raises `Refused` when it had it before, with whom it was about."""
    once_hash = hash_token(f"{actor} {once}")
    rows = await run(
        "insert into handed_slip (once_hash, member_id, given_at) values ({}, {}, {}) "
        "on conflict (once_hash) do nothing returning id",
        once_hash,
        member_id,
        now,
    )
    if not rows:
        found = await run("select member_id from handed_slip where once_hash = {}", once_hash)
        raise Refused(IdentityRefusal.SLIP_GIVEN, member_id=found[0]["member_id"])


async def _is_taken(sign_in_name: str) -> bool:
    """Whether somebody signs in with it, or may have it back."""
    return bool(
        await run("select 1 as one from member where email_key = {} or kept_name = {}", sign_in_name, sign_in_name)
    )


async def _name_to_keep(member: dict[str, Any], *, now: datetime) -> str:
    """Their sign-in name, and its wrong tries forgotten; another one if there is none, or if it is being worn out."""
    kept = str((member["kept_name"] if member["email"] else member["email_key"]) or "")
    if kept:
        tried = await throttle.tries(throttle.PASSWORD, kept, now=now)
        await throttle.forgive(throttle.PASSWORD, kept)
        if not throttle.wait_seconds(throttle.PASSWORD, tried, now=now):
            return kept
    for number in range(_MOST_TRIES):
        another = make_sign_in_name(str(member["name"]), digits=3 if number < _SHORT_TRIES else 4)
        if not await _is_taken(another):
            return another
    raise RuntimeError("no free sign-in name")


async def _journal(act: str, actor: int | None, member_id: int, place_id: int, *, now: datetime) -> None:
    await write_journal(
        place_id=place_id, at=now, actor_id=actor, voice="member", act=act, kind="member", thing_id=member_id
    )


async def forget_slips(now: datetime) -> int:
    """Forget which forms gave a slip, once none of them can be sent again, and the sign-in names that an address has
    replaced for good. A job; returns how many."""
    async with transaction():
        names = await run(
            "update member set kept_name = null, address_added_at = null where address_added_at <= {} returning id",
            now - ADDRESS_SETTLES,
        )
        return len(names) + len(
            await HandedSlip.delete().where(HandedSlip.given_at <= now - SLIPS_KEPT).returning(HandedSlip.id)
        )
