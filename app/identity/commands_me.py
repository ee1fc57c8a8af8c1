"""What members change of their own: how they appear, their password, their address, their devices.

Password and address ask for a proof that it is the person: the present password, or a session that a code by mail has
just opened. Both end the other sessions at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.calendar.api import host_renamed
from app.contracts import Domain, Renaming
from app.database import command, get_for_update, run, transaction
from app.errors import NotFound, Refused, TooFast
from app.i18n import Text, text
from app.identity import throttle
from app.identity.entrance import (
    PASSAGE_LIFE,
    Asking,
    WrongCode,
    check_code,
    lock_waiting,
)
from app.identity.entrance import code_hash as hash_of_code
from app.identity.listed import list_again
from app.identity.narrowing import say_may_less
from app.identity.passwords import hash_password, password_fits
from app.identity.rules import email_key, name_key, proves_by_mail
from app.identity.sessions import end_sessions
from app.identity.states import IdentityRefusal, Purpose
from app.identity.tables import Member, Passage, Session
from app.identity.visits import hash_token
from app.notices.api import Kind, address_changed, post_mail


@dataclass(frozen=True, slots=True)
class Profile:
    """How a member appears."""

    name: str
    about: str
    phone: str
    listed: bool


@command
async def edit_me(*, actor: int, profile: Profile, domains: Sequence[Domain], now: datetime) -> None:
    """Change one's name, line, telephone and whether one is on the members' list."""
    async with transaction():
        rows = await get_for_update(Member, actor)
        if not rows:
            raise NotFound
        await Member.update(
            {
                Member.name: profile.name,
                Member.name_key: name_key(profile.name),
                Member.about: profile.about,
                Member.phone: profile.phone,
                Member.listed: profile.listed,
            }
        ).where(Member.id == actor)
        if (profile.name, profile.listed) != (rows[0]["name"], bool(rows[0]["listed"])):
            await list_again(actor)
        if profile.name != rows[0]["name"]:
            await host_renamed(actor, old=rows[0]["name"], new=profile.name, now=now)
            renaming = Renaming(actor, rows[0]["name"], profile.name, now)
            for domain in domains:
                if domain.renamed is not None:
                    await domain.renamed(renaming)


@command
async def set_age(*, actor: int, adult_on: date | None, domains: Sequence[Domain], now: datetime) -> None:
    """Say until when one is under 18, or that one is not: what a role asks of adults is not offered until then, and
    what one has of it already is taken back (`Domain.may_less`)."""
    async with transaction():
        await get_for_update(Member, actor)
        await Member.update({Member.adult_on: adult_on}).where(Member.id == actor)
        if adult_on is not None:
            await say_may_less(actor, domains, now=now)


@command
async def set_language(*, actor: int, language: str) -> None:
    """Speak this language to the member, on pages and in mails."""
    async with transaction():
        await Member.update({Member.language: language}).where(Member.id == actor)


# --------------------------------------------------------------------------------------------- the proof, the password


async def proven_by_session(session_id: int | None, *, now: datetime) -> bool:
    """Whether this session stands for the password: a code by mail has just opened it."""
    rows = await run("select by_mail, created_at from session where id = {}", session_id)
    return bool(rows) and proves_by_mail(by_mail=bool(rows[0]["by_mail"]), opened_at=rows[0]["created_at"], now=now)


async def prove(actor: int, session_id: int | None, password: str, *, now: datetime) -> None:
    """Raises `Refused` unless it is the person. Outside a transaction, since hashing takes its time."""
    if await proven_by_session(session_id, now=now):
        return
    rows = await run("select password_hash from member where id = {}", actor)
    if not rows or not rows[0]["password_hash"]:
        raise Refused(IdentityRefusal.NOT_PROVEN)
    subject = f"member {actor}"
    async with transaction():
        await throttle.hold(throttle.PASSWORD, subject)
        tried = await throttle.tries(throttle.PASSWORD, subject, now=now)
        wait = throttle.wait_seconds(throttle.PASSWORD, tried, now=now)
        if not wait:
            await throttle.note(throttle.PASSWORD, subject, now=now)
    if wait:
        raise TooFast(wait)
    if not await password_fits(rows[0]["password_hash"], password):
        raise Refused(IdentityRefusal.WRONG_PASSWORD)
    async with transaction():
        await throttle.forgive(throttle.PASSWORD, subject)


@command
async def set_password(*, actor: int, session_id: int | None, password: str, new_password: str, now: datetime) -> None:
    """Set or change the password; every other session of the member ends, and the member is told by mail.

    Raises `Refused` without the present password, unless a code by mail has just opened this session; and when the new
    one is that of a paper, which somebody else has seen.
    """
    await prove(actor, session_id, password, now=now)
    given = await run("select password_hash from member where id = {} and password_given_at is not null", actor)
    if given and await password_fits(given[0]["password_hash"], new_password):
        raise Refused(IdentityRefusal.SAME_PASSWORD)
    new_hash = await hash_password(new_password)
    async with transaction():
        if not await get_for_update(Member, actor):
            raise NotFound
        if session_id is not None and not await run("select 1 as one from session where id = {}", session_id):
            raise Refused(IdentityRefusal.NOT_PROVEN)  # a new paper has ended it meanwhile
        await Member.update({Member.password_hash: new_hash, Member.password_given_at: None}).where(Member.id == actor)
        await _close_other_ways(actor, session_id, now=now)
        await post_mail(
            member_id=actor,
            kind=Kind.SIGN_IN,
            dedupe=f"password:{secrets.token_hex(16)}",
            subject=text("Ton mot de passe a changé"),
            body=[
                text("Le mot de passe de ton compte vient de changer. Tes autres appareils sont déconnectés."),
                text("Ce n’était pas toi ? Demande un lien par mail, puis choisis un autre mot de passe :"),
            ],
            link="/connexion",
            now=now,
        )


async def _close_other_ways(actor: int, session_id: int | None, *, now: datetime) -> None:
    """End the other sessions, and whatever code or link for this member is still under way."""
    await end_sessions(actor, but=session_id)
    await Passage.update({Passage.used_at: now}).where((Passage.member_id == actor) & Passage.used_at.is_null())


# --------------------------------------------------------------------------------------------------------- the address


@command
async def ask_for_address(
    *, actor: int, session_id: int | None, password: str, email: str, asking: Asking, now: datetime
) -> str | None:
    """Send a code to the new address. Returns what the browser keeps meanwhile; nothing when an earlier mail must do.

    Whether somebody else has that address is told by mail to whoever reads it, not to whoever asks.
    """
    await prove(actor, session_id, password, now=now)
    key = email_key(email)
    waiting, code = secrets.token_urlsafe(24), f"{secrets.randbelow(10**6):06}"
    async with transaction():
        await throttle.hold(throttle.MAIL, key)
        sent = await throttle.tries(throttle.MAIL, key, now=now)
        if len(sent) >= throttle.MAIL.most and now - sent[-1] < PASSAGE_LIFE:
            return None
        if len(await throttle.tries(throttle.STRANGERS, asking.network, now=now)) >= throttle.STRANGERS.most:
            return None
        await throttle.note(throttle.MAIL, key, now=now)
        await throttle.note(throttle.STRANGERS, asking.network, now=now)
        taken = await run("select 1 as one from member where email_key = {} and id <> {}", key, actor)
        await Passage.insert(
            Passage(
                purpose=Purpose.ADDRESS.value,
                token_hash=hash_token(secrets.token_urlsafe(32)),
                waiting_hash=hash_token(waiting),
                code_hash=hash_of_code(waiting, code),
                email_key=key,
                member_id=actor,
                email=email,
                language=asking.language,
                created_at=now,
                expires_at=now + PASSAGE_LIFE,
            )
        )
        subject, body = _taken_words() if taken else _address_words(code)
        await post_mail(
            member_id=None,
            to=email,
            spoken=asking.language,
            kind=Kind.SIGN_IN,
            dedupe=f"address:{hash_token(waiting)[:40]}",
            subject=subject,
            body=body,
            good_until=None if taken else now + PASSAGE_LIFE,
            now=now,
        )
    return waiting


def _address_words(code: str) -> tuple[Text, list[Text]]:
    return text("Ton code : %(code)s", code=code), [
        text(
            "%(code)s : c’est le code qui confirme ta nouvelle adresse. Il marche dix minutes, une seule fois.",
            code=code,
        ),
        text("Tu n’as rien demandé ? Ne fais rien : sans ce code, rien ne change."),
    ]


def _taken_words() -> tuple[Text, list[Text]]:
    return text("Cette adresse a déjà un compte"), [
        text("Quelqu’un a voulu mettre cette adresse sur un autre compte. Elle en a déjà un : rien n’a changé."),
    ]


@command
async def take_address(
    *, actor: int, session_id: int | None, waiting: str | None, code: str, now: datetime
) -> WrongCode | None:
    """Take the new address once its code is right; the old one is told, other sessions end. Nothing comes back then.

    In place of a sign-in name it can be taken off by the welcome turn for a while (`rules.ADDRESS_SETTLES`). Raises
    `Refused` when the code is over or somebody else has taken the address meanwhile.
    """
    async with transaction():
        rows = await get_for_update(Member, actor)
        passage = await lock_waiting(waiting, Purpose.ADDRESS, now=now)
        if not rows or passage["member_id"] != actor:
            raise Refused(IdentityRefusal.CODE_OVER)
        wrong = await check_code(passage, waiting or "", code, now=now)
        if wrong is not None:
            return wrong
        await throttle.hold(throttle.MAIL, passage["email_key"])
        if await run("select 1 as one from member where email_key = {} and id <> {}", passage["email_key"], actor):
            raise Refused(IdentityRefusal.ADDRESS_TAKEN)
        await Member.update({Member.email: passage["email"], Member.email_key: passage["email_key"]}).where(
            Member.id == actor
        )
        if not rows[0]["email"]:
            await Member.update({Member.kept_name: rows[0]["email_key"], Member.address_added_at: now}).where(
                Member.id == actor
            )
        await _close_other_ways(actor, session_id, now=now)
        if rows[0]["email"]:
            await address_changed(actor, old=rows[0]["email"], new=passage["email"], now=now)
            await post_mail(
                member_id=actor,
                to=rows[0]["email"],
                kind=Kind.SIGN_IN,
                dedupe=f"moved:{hash_token(waiting or '')[:40]}",
                subject=text("Ton adresse a changé"),
                body=[
                    text("Ton compte a maintenant une autre adresse. Celle-ci ne l’ouvre plus."),
                    text("Ce n’était pas toi ? Dis-le vite aux personnes qui tiennent le lieu."),
                ],
                now=now,
            )
    return None


# --------------------------------------------------------------------------------------------------------- the devices


@command
async def end_device(*, actor: int, session_id: int) -> bool:
    """Sign one of one's own devices out. Whether it was in."""
    async with transaction():
        ended = await (
            Session.delete().where((Session.id == session_id) & (Session.member_id == actor)).returning(Session.id)
        )
        return bool(ended)


@command
async def end_other_devices(*, actor: int, session_id: int | None) -> int:
    """Sign all of one's devices out but this one. Returns how many."""
    async with transaction():
        return await end_sessions(actor, but=session_id)
