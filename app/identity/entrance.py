"""Getting in and out: joining, signing in by password, by code or by link, signing out.

Nothing here tells whether an address or a sign-in name has an account: known and unknown ones take the same steps, the
same time, and get the same number of mails (none for sign-in names). Cookies and pages are `pages`' affair; how often
one may try is `throttle`'s.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.database import command, get_for_update, run, transaction
from app.errors import Refused, TooFast
from app.i18n import Text, text
from app.identity import throttle
from app.identity.over import is_of_the_future, passage_is_over
from app.identity.passwords import hash_password, outdated, password_fits
from app.identity.rules import email_key, name_key
from app.identity.sessions import Opened, open_session
from app.identity.slips import is_sign_in_name
from app.identity.states import Device, IdentityRefusal, Purpose
from app.identity.tables import Member, Membership, Passage, Session
from app.identity.visits import hash_token
from app.notices.api import Kind, post_mail

PASSAGE_LIFE = timedelta(minutes=10)
MOST_TRIES = 5
JUST_USED = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """A mail was asked for."""

    waiting: str | None
    """What the asking browser keeps, so that the code works there; none when an earlier mail must do."""
    crowded: bool
    """Whether so many unknown addresses were tried from this network that the mail may not come."""


@dataclass(frozen=True, slots=True)
class WrongCode:
    """The code was another one."""

    left: int
    """How many tries are left."""


@dataclass(frozen=True, slots=True)
class Asking:
    """The browser that asks: all that is kept of it for ten minutes."""

    language: str
    network: str
    device: str = ""


@command
async def ask_to_join(
    *, name: str, email: str, password: str, place_id: int | None, asking: Asking, now: datetime
) -> Asked:
    """Send a way in to whoever joins. Somebody who has an account gets a way in to it, and nothing of it changes."""
    password_hash = await hash_password(password or secrets.token_hex(16))  # hashed in any case: the same time for all
    return await _post_way_in(
        email=email,
        name=name,
        password_hash=password_hash if password else None,
        place_id=place_id,
        asking=asking,
        now=now,
    )


@command
async def ask_by_mail(*, email: str, asking: Asking, now: datetime) -> Asked:
    """Send a way in to whoever has an account here, and to everybody else a word that there is none.

    A sign-in name gets no mail: the same steps, and a passage that opens nothing.
    """
    return await _post_way_in(email=email, name="", password_hash=None, place_id=None, asking=asking, now=now)


async def _post_way_in(
    *, email: str, name: str, password_hash: str | None, place_id: int | None, asking: Asking, now: datetime
) -> Asked:
    key = email_key(email)
    waiting, token = secrets.token_urlsafe(24), secrets.token_urlsafe(32)
    code = f"{secrets.randbelow(10**6):06}"
    mailed = not is_sign_in_name(key)
    async with transaction():
        await throttle.hold(throttle.MAIL, key)
        member = await _member_with(key)
        known = member is not None
        strangers = await throttle.tries(throttle.STRANGERS, asking.network, now=now)
        crowded = len(strangers) >= throttle.STRANGERS.most
        sent = await throttle.tries(throttle.MAIL, key, now=now)
        if len(sent) >= throttle.MAIL.most and now - sent[-1] < PASSAGE_LIFE:
            return Asked(None, crowded)
        await throttle.note(throttle.MAIL, key, now=now)
        await throttle.note(throttle.STRANGERS, _counted(asking.network, known), now=now)
        await Passage.insert(
            Passage(
                purpose=Purpose.ENTER.value,
                token_hash=hash_token(token),
                waiting_hash=hash_token(waiting),
                code_hash=code_hash(waiting, code),
                email_key=key,
                member_id=member["id"] if member and mailed else None,
                name=name,
                email=email,
                password_hash=password_hash,
                language=asking.language,
                place_id=place_id,
                device=asking.device,
                created_at=now,
                expires_at=now + PASSAGE_LIFE,
            )
        )
        if mailed and (known or not crowded):
            subject, body, link, kind = _words(known=known, joining=bool(name), code=code, token=token)
            await post_mail(
                member_id=member["id"] if member else None,
                to=None if member else email,
                spoken=None if member else asking.language,
                kind=kind,
                dedupe=f"way-in:{hash_token(token)[:40]}",
                subject=subject,
                body=body,
                link=link,
                place_id=place_id,
                good_until=now + PASSAGE_LIFE,
                now=now,
            )
    return Asked(waiting, crowded)


def _counted(network: str, known: bool) -> str:
    """Unknown accounts are counted; for known ones a line that nobody reads is written, for the same time."""
    return f"known {network}" if known else network


def _words(*, known: bool, joining: bool, code: str, token: str) -> tuple[Text, list[Text], str, Kind]:
    code_line = text(
        "%(code)s : c’est le code à écrire dans la page restée ouverte. Il marche dix minutes, une seule fois.",
        code=code,
    )
    link_line = text("Sur un autre appareil, ce lien fait la même chose :")
    if known:
        first = (
            text("Tu as déjà un compte ici : pas besoin d’en ouvrir un autre. Voici de quoi entrer.")
            if joining
            else text("Voici de quoi entrer.")
        )
        last = text("Tu n’as rien demandé ? Ne fais rien : sans ce code, personne n’entre.")
        return (
            text("Ton code : %(code)s", code=code),
            [first, code_line, last, link_line],
            f"/connexion/lien/{token}",
            Kind.SIGN_IN,
        )
    if joining:
        return (
            text("Bienvenue. Le code : %(code)s", code=code),
            [
                text("Bienvenue ! Il reste une chose à faire pour ouvrir le compte."),
                code_line,
                text("Vous n’avez rien demandé ? Alors il n’y a rien à faire : sans ce code, rien ne s’ouvre."),
                link_line,
            ],
            f"/connexion/lien/{token}",
            Kind.JOIN,
        )
    return (
        text("Pas de compte à cette adresse"),
        [
            text("Quelqu’un a voulu entrer avec cette adresse, et elle n’a pas de compte ici."),
            text("C’était vous ? Le compte est peut-être à une autre adresse. Ou bien il reste à en ouvrir un :"),
        ],
        "/inscription",
        Kind.JOIN,
    )


def code_hash(waiting: str, code: str) -> str:
    """Bound to the asking browser, so that the hash alone cannot be turned back into six digits."""
    return hash_token(f"{waiting}:{code}")


async def _member_with(key: str) -> dict[str, Any] | None:
    rows = await run(
        "select id, name, email, password_hash from member where email_key = {} and erased_at is null", key
    )
    return rows[0] if rows else None


# ------------------------------------------------------------------------------------------------- the code, the link


@command
async def open_with_code(
    *, waiting: str | None, code: str, device: Device, label: str, old_token: str | None, now: datetime
) -> Opened | WrongCode:
    """Open a session with the six digits, in the browser that asked for them.

    Raises `Refused` when the code is over, or when too many wrong ones were written for this address today.
    """
    async with transaction():
        passage = await _waiting_passage(waiting, Purpose.ENTER, now=now)
        wrong = await check_code(passage, waiting or "", code, now=now)
        if wrong is not None:
            return wrong
        return await _walk_through(passage, own_browser=True, device=device, label=label, old_token=old_token, now=now)


@command
async def open_with_link(
    *, token: str, waiting: str | None, device: Device, label: str, old_token: str | None, now: datetime
) -> Opened:
    """Open a session with the link of a mail, in any browser, once. Raises `Refused` when it is over."""
    async with transaction():
        rows = await run(
            "select id from passage where token_hash = {} and purpose = {}", hash_token(token), Purpose.ENTER.value
        )
        passages = await get_for_update(Passage, *(row["id"] for row in rows))
        if not passages or not _alive(passages[0], now) or not _opens(passages[0]):
            raise Refused(IdentityRefusal.LINK_OVER)
        passage = passages[0]
        own = bool(waiting) and hmac.compare_digest(hash_token(waiting or ""), passage["waiting_hash"])
        return await _walk_through(passage, own_browser=own, device=device, label=label, old_token=old_token, now=now)


async def find_waiting(waiting: str | None, purpose: Purpose, *, now: datetime) -> dict[str, Any] | None:
    """The passage that this browser waits for, while its code may still be written."""
    if not waiting:
        return None
    rows = await run(
        "select * from passage where waiting_hash = {} and purpose = {}", hash_token(waiting), purpose.value
    )
    return rows[0] if rows and _alive(rows[0], now) and rows[0]["tries"] < MOST_TRIES else None


async def just_used(waiting: str | None, code: str, *, now: datetime) -> bool:
    """Whether this browser used this very code a moment ago: the form was sent twice."""
    if not waiting:
        return False
    rows = await run("select code_hash, used_at from passage where waiting_hash = {}", hash_token(waiting))
    return bool(
        rows
        and rows[0]["used_at"] is not None
        and now - rows[0]["used_at"] < JUST_USED
        and hmac.compare_digest(code_hash(waiting, code), rows[0]["code_hash"])
    )


async def find_link(token: str, *, now: datetime) -> dict[str, Any] | None:
    """The passage that this link opens, if it still does; reading it uses nothing up."""
    rows = await run(
        "select p.*, m.name as member_name from passage p left join member m on m.id = p.member_id "
        "where p.token_hash = {} and p.purpose = {}",
        hash_token(token),
        Purpose.ENTER.value,
    )
    return rows[0] if rows and _alive(rows[0], now) and _opens(rows[0]) else None


def _alive(passage: dict[str, Any], now: datetime) -> bool:
    if passage["used_at"] is not None or is_of_the_future(passage["created_at"], now):
        return False
    if passage["expires_at"] <= now:
        passage_is_over(passage["id"])
        return False
    return True


def _opens(passage: dict[str, Any]) -> bool:
    """Not what was sent to an address without account by somebody who wanted to sign in."""
    return passage["member_id"] is not None or bool(passage["name"])


async def _waiting_passage(waiting: str | None, purpose: Purpose, *, now: datetime) -> dict[str, Any]:
    """The passage whose code this browser may write, locked. Raises `Refused` when there is none any more."""
    found = await find_waiting(waiting, purpose, now=now)
    passages = await get_for_update(Passage, found["id"]) if found else []
    if not passages or not _alive(passages[0], now) or passages[0]["tries"] >= MOST_TRIES:
        raise Refused(IdentityRefusal.CODE_OVER)
    return passages[0]


async def lock_waiting(waiting: str | None, purpose: Purpose, *, now: datetime) -> dict[str, Any]:
    """Inside a transaction, for other commands that ask for a code. Raises `Refused`."""
    return await _waiting_passage(waiting, purpose, now=now)


async def check_code(passage: dict[str, Any], waiting: str, code: str, *, now: datetime) -> WrongCode | None:
    """Inside a transaction that holds the passage: count a wrong code, or use the passage up with the right one."""
    await throttle.hold(throttle.CODE, passage["email_key"])
    wrong_today = await throttle.tries(throttle.CODE, passage["email_key"], now=now)
    if throttle.wait_seconds(throttle.CODE, wrong_today, now=now):
        raise Refused(IdentityRefusal.CODE_CLOSED)
    if not hmac.compare_digest(code_hash(waiting, code), passage["code_hash"]):
        await throttle.note(throttle.CODE, passage["email_key"], now=now)
        await Passage.update({Passage.tries: passage["tries"] + 1}).where(Passage.id == passage["id"])
        return WrongCode(MOST_TRIES - passage["tries"] - 1)
    await Passage.update({Passage.used_at: now}).where(Passage.id == passage["id"])
    return None


async def _walk_through(
    passage: dict[str, Any], *, own_browser: bool, device: Device, label: str, old_token: str | None, now: datetime
) -> Opened:
    """The account that the passage opens, made now if need be, and a session of it."""
    if not _opens(passage):
        raise Refused(IdentityRefusal.CODE_OVER)
    await Passage.update({Passage.used_at: now}).where(Passage.id == passage["id"])
    await throttle.hold(throttle.MAIL, passage["email_key"])
    member = await _member_with(passage["email_key"])
    if not _same_person(passage, member):
        raise Refused(IdentityRefusal.LINK_OVER)
    joined = member is None
    if member is None:
        member = await _make_account(passage, with_password=own_browser, now=now)
    await throttle.forgive(throttle.PASSWORD, passage["email_key"])
    token = await open_session(
        member_id=member["id"],
        device=device,
        label=label,
        by_mail=True,
        old_token=old_token,
        place_id=passage["place_id"] if joined else None,
        now=now,
    )
    dropped = joined and not own_browser and passage["password_hash"] is not None
    return Opened(token, member["id"], device, member["name"], joined, dropped)


def _same_person(passage: dict[str, Any], member: dict[str, Any] | None) -> bool:
    """Whether the account at this address is still the one that the mail was about.

    It may have gone, or moved to another address. And it may have appeared meanwhile: then it must be at the very
    address that the mail went to, since two addresses that compare alike can be two mailboxes.
    """
    if member is None:
        return passage["member_id"] is None
    if passage["member_id"] is None:
        return bool(member["email"] == passage["email"])
    return bool(member["id"] == passage["member_id"])


async def _make_account(passage: dict[str, Any], *, with_password: bool, now: datetime) -> dict[str, Any]:
    """A new member, and a member of the place where they joined.

    The password that was chosen while joining counts only in the browser that chose it: somebody else may have written
    this address into the form, with a password of their own.
    """
    rows = await Member.insert(
        Member(
            name=passage["name"],
            name_key=name_key(passage["name"]),
            email=passage["email"],
            email_key=passage["email_key"],
            password_hash=passage["password_hash"] if with_password else None,
            language=passage["language"],
            created_at=now,
        )
    ).returning(Member.id)
    member_id: int = rows[0]["id"]
    if passage["place_id"] is not None:
        await Membership.insert(Membership(member_id=member_id, place_id=passage["place_id"], joined_at=now))
    return {"id": member_id, "name": passage["name"]}


# -------------------------------------------------------------------------------------------------------- the password


@command
async def sign_in(
    *, email: str, password: str, device: Device, label: str, network: str, old_token: str | None, now: datetime
) -> Opened | None:
    """Open a session with a password; nothing when it does not go with the address or the sign-in name, whatever the
    reason. Raises `TooFast` after too many tries at this one, or at unknown ones from this network.
    """
    key = email_key(email)
    async with transaction():
        await throttle.hold(throttle.PASSWORD, key)
        tried = await throttle.tries(throttle.PASSWORD, key, now=now)
        wait = throttle.wait_seconds(throttle.PASSWORD, tried, now=now)
        if not wait:
            await throttle.note(throttle.PASSWORD, key, now=now)
    if wait:
        raise TooFast(wait)
    member = await _member_with(key)
    kept = member["password_hash"] if member else None
    if not await password_fits(kept, password) or member is None:
        async with transaction():
            await throttle.note(throttle.STRANGERS, _counted(network, member is not None), now=now)
            strangers = await throttle.tries(throttle.STRANGERS, network, now=now)
        if len(strangers) > throttle.STRANGERS.most:
            raise TooFast(throttle.wait_seconds(throttle.STRANGERS, strangers, now=now))
        return None
    assert kept is not None
    renewed = await hash_password(password) if outdated(kept) else kept
    async with transaction():
        locked = await get_for_update(Member, member["id"])
        if not locked or locked[0]["password_hash"] != kept or locked[0]["erased_at"] is not None:
            return None  # changed while we were comparing
        if renewed != kept:
            await Member.update({Member.password_hash: renewed}).where(Member.id == member["id"])
        await throttle.forgive(throttle.PASSWORD, key)
        token = await open_session(
            member_id=member["id"], device=device, label=label, by_mail=False, old_token=old_token, now=now
        )
    return Opened(token, member["id"], device, member["name"])


@command
async def sign_out(*, session_id: int) -> None:
    """End this session."""
    async with transaction():
        await Session.delete().where(Session.id == session_id)
