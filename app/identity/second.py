"""The second code: what a telephone gives every thirty seconds (RFC 6238), and the recovery codes on paper.

Everything here is computed, nothing looked up. A telephone's secret is kept nowhere: it is made each time of the
installation's secret key and of a seed, so that the database alone, or a backup of it, gives no code; and before it is
confirmed the seed is made of the session, so that showing it changes nothing. Who needs a code is decided in `rules`,
when one is taken in `commands_second`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from datetime import datetime

import pyotp

from app.identity.rules import name_key

STEP_SECONDS = 30
AROUND = (-1, 0, 1)
"""Codes of the half minute before and of the one after are taken: clocks differ, and people type."""
ISSUER = "Le Réseau"
HOW_MANY_CODES = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that looks like another on paper: neither i, l, o nor 0, 1."""
HALF = 4


def seed_for(secret_key: str, session_key: str, before: int) -> str:
    """The seed that this session is shown, always the same until it is confirmed. `before` is the number of the
    telephone that it would replace, 0 for the first."""
    return _keyed(secret_key, "second seed", f"{session_key}:{before}").hex()


def secret_of(secret_key: str, seed: str) -> str:
    """What the telephone keeps, in base32: 160 bits, as RFC 4226 (4, R6) recommends."""
    return base64.b32encode(_keyed(secret_key, "second secret", seed)[:20]).decode()


def mark_of(secret_key: str) -> str:
    """Tells whether a seed goes with this secret key, and nothing about the key."""
    return _keyed(secret_key, "second mark", "").hex()[:16]


def _keyed(secret_key: str, what: str, about: str) -> bytes:
    return hmac.new(secret_key.encode(), f"{what}:{about}".encode(), hashlib.sha256).digest()


def address_of(secret: str, *, name: str, host: str) -> str:
    """What the QR code says to the application that gives codes."""
    return pyotp.TOTP(secret).provisioning_uri(name=f"{name}, {host}", issuer_name=ISSUER)


def in_fours(secret: str) -> str:
    """The secret as it is typed by hand."""
    return " ".join(re.findall(".{1,4}", secret))


def step_of(now: datetime) -> int:
    """The number of the thirty seconds that this instant is in."""
    return int(now.timestamp()) // STEP_SECONDS


def code_at(secret: str, step: int) -> str:
    """The six digits that a telephone with this secret shows during these thirty seconds."""
    return pyotp.TOTP(secret).generate_otp(step)


def step_shown(secret: str, code: str, now: datetime) -> int | None:
    """Which thirty seconds this code is of, the latest if of several; none when it is wrong. In constant time."""
    shown = None
    for around in AROUND:
        step = step_of(now) + around
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode("utf-8", "surrogatepass")):
            shown = step
    return shown


# ------------------------------------------------------------------------------------------------------ recovery codes


def make_recovery_codes() -> list[str]:
    """Ten codes like « k7mq-3xpr »: 39 bits each."""
    codes: set[str] = set()
    while len(codes) < HOW_MANY_CODES:
        letters = "".join(secrets.choice(LETTERS) for _ in range(2 * HALF))
        codes.add(f"{letters[:HALF]}-{letters[HALF:]}")
    return sorted(codes)


def read_recovery_code(written: str) -> str | None:
    """The recovery code that was meant, however it was typed: « K7MQ 3XPR ». Nothing for other texts."""
    letters = re.sub(r"[\s.,_\-‐‑‒–—−]+", "", name_key(written))
    return f"{letters[:HALF]}-{letters[HALF:]}" if re.fullmatch(f"[{LETTERS}]{{{2 * HALF}}}", letters) else None


def hash_recovery_code(secret_key: str, member_id: int, code: str) -> str:
    """How a recovery code is kept: with the secret key, as forty bits alone could be tried one by one."""
    return _keyed(secret_key, "recovery code", f"{member_id}:{code}").hex()
