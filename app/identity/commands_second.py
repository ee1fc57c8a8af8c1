"""Showing, setting up, replacing and losing the second code.

Whoever has shown it gets another token for their session. Nobody but the person, and whoever runs the server, can take
a telephone off an account: no mediator, no welcome turn. Each change is told by mail.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.database import command, get_for_update, run, transaction
from app.errors import NotFound, TooFast
from app.i18n import Text, text
from app.identity import throttle
from app.identity.second import (
    hash_recovery_code,
    make_recovery_codes,
    mark_of,
    read_recovery_code,
    secret_of,
    seed_for,
    step_shown,
)
from app.identity.sessions import end_sessions, renew_session
from app.identity.states import SECOND_FOR
from app.identity.tables import Member, RecoveryCode, SecondFactor
from app.journal import write_journal
from app.notices.api import Kind, post_mail, tell

_ACTS = sorted(act.value for act in SECOND_FOR)
_HOLDS_ONE = f"from_at <= {{}} and (until_at is null or until_at > {{}}) and act in ({', '.join('{}' for _ in _ACTS)})"
"""Whoever holds such an act needs a second code: now, now, `_ACTS`."""


class Amiss(StrEnum):
    """Why a code is not taken."""

    WRONG = "wrong"
    USED = "used"
    """It was right, and has served already."""
    WRONG_NEW = "wrong_new"
    """That of the new telephone."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose code it is, on which session, and what the secrets are made of."""

    member_id: int
    session_id: int
    session_key: str
    secret_key: str


@dataclass(frozen=True, slots=True)
class Passed:
    """The second code was shown."""

    token: str
    """The session's new token."""
    codes: Sequence[str] = ()
    """Recovery codes that were made with it: shown once, kept nowhere."""
    left: int | None = None
    """How many recovery codes are left, when one of them was used."""


# ------------------------------------------------------------------------------------------------------ at the sign-in


@command
async def show_code(*, holder: Holder, code: str, now: datetime) -> Passed | Amiss:
    """Let the session in with six digits of the telephone. Raises `TooFast`, `NotFound` without a telephone."""
    async with transaction():
        factor = await _locked(holder.member_id)
        await _count(throttle.SECOND, holder.member_id, now=now)
        amiss = await _take_code(factor, holder, code, now=now)
        return amiss or await _let_in(holder, now=now)


@command
async def show_recovery_code(*, holder: Holder, code: str, now: datetime) -> Passed | Amiss:
    """Let the session in with a recovery code, which serves once. Raises `TooFast`, `NotFound` without a telephone."""
    async with transaction():
        await _locked(holder.member_id)
        await _count(throttle.RECOVERY, holder.member_id, now=now)
        if not await _take_recovery_code(holder, code, now=now):
            return Amiss.WRONG
        left = await recovery_codes_left(holder.member_id)
        passed = await _let_in(holder, now=now)
        return Passed(passed.token, left=left)


@command
async def set_up(*, holder: Holder, code: str, now: datetime) -> Passed | Amiss:
    """Make the telephone that has read this session's secret the member's, if it shows its code; and ten recovery
    codes. Raises `NotFound` when there is a telephone already.
    """
    async with transaction():
        if not await get_for_update(Member, holder.member_id) or await factor_of(holder.member_id) is not None:
            raise NotFound
        step = step_shown(secret_of(holder.secret_key, _next_seed(holder, None)), code, now)
        if step is None:
            return Amiss.WRONG
        codes = await _keep_telephone(holder, None, step, now=now)
        await _tell(
            holder.member_id,
            text("Ton compte demande un deuxième code"),
            text("Une application vient d’être reliée à ton compte : elle donne le code demandé à l’entrée."),
            now=now,
        )
        passed = await _let_in(holder, now=now)
        return Passed(passed.token, codes)


# --------------------------------------------------------------------------------------------------------------- later


@command
async def change_telephone(*, holder: Holder, current: str, code: str, now: datetime) -> Passed | Amiss:
    """Put another telephone in the place of the old one, with ten new recovery codes; other sessions end.

    `current` is a code of the old one, or a recovery code; `code` is of the new one. Raises `TooFast`.
    """
    async with transaction():
        factor = await _locked(holder.member_id)
        step = step_shown(secret_of(holder.secret_key, _next_seed(holder, factor)), code, now)
        if step is None:
            return Amiss.WRONG_NEW
        amiss = await _prove(factor, holder, current, now=now)
        if amiss is not None:
            return amiss
        codes = await _keep_telephone(holder, factor, step, now=now)
        await end_sessions(holder.member_id, but=holder.session_id)
        await _tell(
            holder.member_id,
            text("Ton deuxième code a changé de téléphone"),
            text("L’ancien téléphone ne donne plus de code pour ton compte. Tes autres appareils sont déconnectés."),
            now=now,
        )
        passed = await _let_in(holder, now=now)
        return Passed(passed.token, codes)


@command
async def renew_recovery_codes(*, holder: Holder, current: str, now: datetime) -> Sequence[str] | Amiss:
    """Ten new recovery codes; the old ones are over. `current` as above. Raises `TooFast`."""
    async with transaction():
        factor = await _locked(holder.member_id)
        amiss = await _prove(factor, holder, current, now=now)
        if amiss is not None:
            return amiss
        await _tell(
            holder.member_id,
            text("Tes codes de secours ont changé"),
            text("Dix nouveaux codes de secours ont été faits pour ton compte. Les anciens ne marchent plus."),
            now=now,
        )
        return await _make_codes(holder)


@command
async def reset(*, member_id: int, now: datetime) -> bool:
    """For whoever runs the server: take the telephone and the recovery codes off, and end all sessions. False when
    there was none. The next sign-in sets up another.
    """
    async with transaction():
        if not await get_for_update(Member, member_id):
            raise NotFound
        had = await forget_second(member_id)
        await end_sessions(member_id)
        if had:
            for place_id in await _where_it_is_needed(member_id, now=now):
                await write_journal(
                    place_id=place_id,
                    at=now,
                    voice="member",
                    act="identity.second_code_reset",
                    kind="member",
                    thing_id=member_id,
                )
            await tell(
                [member_id],
                kind=Kind.ACCOUNT,
                what=f"second-code-reset-{secrets.token_hex(16)}",
                subject=text("Ton deuxième code est enlevé"),
                body=[
                    text("La personne qui héberge le site l’a fait. À ta prochaine entrée, tu en feras un autre."),
                    text("Tu ne l’as pas demandé ? Dis-le vite à la personne qui héberge le site."),
                ],
                link="/moi",
                action=text("Je vois mon compte"),
                now=now,
            )
        return had


async def forget_second(member_id: int) -> bool:
    """Inside a transaction: no telephone, no recovery code, no counted try is left. Whether there was a telephone."""
    await RecoveryCode.delete().where(RecoveryCode.member_id == member_id)
    gone = await SecondFactor.delete().where(SecondFactor.member_id == member_id).returning(SecondFactor.id)
    for limit in (throttle.SECOND, throttle.SECOND_IN_A_DAY, throttle.RECOVERY):
        await throttle.forgive(limit, _subject(member_id))
    return bool(gone)


# -------------------------------------------------------------------------------------------------------- what is asked


async def factor_of(member_id: int) -> dict[str, Any] | None:
    """The member's telephone, if there is one."""
    rows = await run("select * from second_factor where member_id = {}", member_id)
    return rows[0] if rows else None


async def recovery_codes_left(member_id: int) -> int:
    """How many recovery codes have not served yet."""
    rows = await run("select count(*) as n from recovery_code where member_id = {}", member_id)
    return int(rows[0]["n"])


async def has_shown(session_id: int | None) -> bool:
    """Whether this session has shown the second code: the form was sent twice."""
    return bool(await run("select 1 as one from session where id = {} and second_at is not null", session_id))


async def how_many_lack_one(now: datetime) -> int:
    """How many people need a second code and have no telephone for it yet."""
    rows = await run(
        "select count(*) as n from member m where m.erased_at is null "  # noqa: S608 - constants of this file
        "and not exists (select 1 from second_factor s where s.member_id = m.id) "
        "and (exists (select 1 from membership ms where ms.member_id = m.id and ms.mediator) "
        f"or exists (select 1 from granted_act where member_id = m.id and {_HOLDS_ONE}))",
        now,
        now,
        *_ACTS,
    )
    return int(rows[0]["n"])


async def made_with_another_key(secret_key: str) -> int:
    """How many telephones were set up under another secret key of the installation: their codes are wrong now."""
    rows = await run("select count(*) as n from second_factor where made_with <> {}", mark_of(secret_key))
    return int(rows[0]["n"])


def seed_shown(holder: Holder, factor: dict[str, Any] | None) -> str:
    """The seed of the telephone that this session may set up, in the place of this one."""
    return _next_seed(holder, factor)


# --------------------------------------------------------------------------------------------------------------- inside


def _next_seed(holder: Holder, factor: dict[str, Any] | None) -> str:
    return seed_for(holder.secret_key, holder.session_key, factor["id"] if factor else 0)


def _subject(member_id: int) -> str:
    return f"member {member_id}"


async def _locked(member_id: int) -> dict[str, Any]:
    """The member's telephone, held until the transaction ends."""
    found = await factor_of(member_id)
    locked = await get_for_update(SecondFactor, found["id"]) if found else []
    if not locked:
        raise NotFound
    return locked[0]


async def _count(limit: throttle.Limit, member_id: int, *, now: datetime) -> None:
    """Raise `TooFast` after too many wrong tries. The caller holds the member's row, so none is missed."""
    day = throttle.SECOND_IN_A_DAY if limit is throttle.SECOND else limit
    for each in {limit, day}:
        wait = throttle.wait_seconds(each, await throttle.tries(each, _subject(member_id), now=now), now=now)
        if wait:
            raise TooFast(wait)


async def _wrong(limit: throttle.Limit, member_id: int, *, now: datetime) -> None:
    await throttle.note(limit, _subject(member_id), now=now)
    if limit is throttle.SECOND:
        await throttle.note(throttle.SECOND_IN_A_DAY, _subject(member_id), now=now)


async def _take_code(factor: dict[str, Any], holder: Holder, code: str, *, now: datetime) -> Amiss | None:
    """Use this code of the telephone up; or say what is amiss, and count it."""
    step = step_shown(secret_of(holder.secret_key, factor["seed"]), code, now)
    if step is None:
        await _wrong(throttle.SECOND, holder.member_id, now=now)
        return Amiss.WRONG
    if step <= factor["last_step"]:
        return Amiss.USED
    await SecondFactor.update({SecondFactor.last_step: step}).where(SecondFactor.id == factor["id"])
    return None


async def _take_recovery_code(holder: Holder, written: str, *, now: datetime) -> bool:
    code = read_recovery_code(written)
    kept = hash_recovery_code(holder.secret_key, holder.member_id, code or "")
    used = (
        await RecoveryCode.delete()
        .where((RecoveryCode.member_id == holder.member_id) & (RecoveryCode.code_hash == kept))
        .returning(RecoveryCode.id)
    )
    if not used:
        await _wrong(throttle.RECOVERY, holder.member_id, now=now)
        return False
    await _tell(
        holder.member_id,
        text("Un de tes codes de secours a servi"),
        text("Il a remplacé le code de ton téléphone. Si c’était toi, tout va bien : barre-le sur ton papier."),
        now=now,
    )
    return True


async def _prove(factor: dict[str, Any], holder: Holder, written: str, *, now: datetime) -> Amiss | None:
    """Take a code of the telephone or a recovery code as a proof, counted each as at the sign-in."""
    if read_recovery_code(written) is None:
        await _count(throttle.SECOND, holder.member_id, now=now)
        return await _take_code(factor, holder, written, now=now)
    await _count(throttle.RECOVERY, holder.member_id, now=now)
    return None if await _take_recovery_code(holder, written, now=now) else Amiss.WRONG


async def _let_in(holder: Holder, *, now: datetime) -> Passed:
    for limit in (throttle.SECOND, throttle.SECOND_IN_A_DAY, throttle.RECOVERY):
        await throttle.forgive(limit, _subject(holder.member_id))
    return Passed(await renew_session(holder.session_id, now=now))


async def _keep_telephone(holder: Holder, before: dict[str, Any] | None, step: int, *, now: datetime) -> Sequence[str]:
    if before is not None:
        await SecondFactor.delete().where(SecondFactor.id == before["id"])
    await SecondFactor.insert(
        SecondFactor(
            member_id=holder.member_id,
            seed=_next_seed(holder, before),
            made_with=mark_of(holder.secret_key),
            last_step=step,
            since_at=now,
        )
    )
    return await _make_codes(holder)


async def _make_codes(holder: Holder) -> Sequence[str]:
    await RecoveryCode.delete().where(RecoveryCode.member_id == holder.member_id)
    codes = make_recovery_codes()
    await RecoveryCode.insert(
        *(
            RecoveryCode(
                member_id=holder.member_id,
                code_hash=hash_recovery_code(holder.secret_key, holder.member_id, code),
            )
            for code in codes
        )
    )
    return codes


async def _where_it_is_needed(member_id: int, *, now: datetime) -> list[int]:
    """The places where the member mediates or keeps accounts; where it is needed no more, those of the member."""
    rows = await run(
        "select place_id from membership where member_id = {} and mediator = {} union "  # noqa: S608 - constants of this file
        f"select place_id from granted_act where member_id = {{}} and {_HOLDS_ONE} order by place_id",
        member_id,
        True,
        member_id,
        now,
        now,
        *_ACTS,
    )
    rows = rows or await run("select place_id from membership where member_id = {} order by place_id", member_id)
    return [row["place_id"] for row in rows]


async def _tell(member_id: int, subject: Text, what: Text, *, now: datetime) -> None:
    await post_mail(
        member_id=member_id,
        kind=Kind.SIGN_IN,
        dedupe=f"second:{secrets.token_hex(16)}",
        subject=subject,
        body=[what, text("Ce n’était pas toi ? Dis-le vite à la personne qui héberge le site.")],
        now=now,
    )
