"""Passwords: how they are kept, and which are too easy to guess.

Hashing takes tens of milliseconds and 64 MiB each, so it runs in a few threads of its own, never in the loop; when too
many wait, the next are asked to come back. Whoever has no password costs as much time as whoever has one.
"""

from __future__ import annotations

import asyncio
import os
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import argon2

from app.errors import TooFast
from app.identity.rules import email_key, name_key
from app.identity.slips import as_on_a_slip

Result = TypeVar("Result")

SHORTEST = 10
LONGEST = 200
_AT_ONCE = min(4, os.cpu_count() or 1)
_MOST_WAITING = 100
_WAIT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Cost:
    """Parameters of Argon2id; memory in KiB."""

    rounds: int = 2
    memory: int = 64 * 1024
    lanes: int = 1


COST = Cost()
"""Above what OWASP asks (19 MiB, 2 rounds). Tests put a cheaper one here."""

_threads = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="password")
_waiting = 0


def _hasher(cost: Cost) -> argon2.PasswordHasher:
    return argon2.PasswordHasher(cost.rounds, cost.memory, cost.lanes)


@lru_cache(maxsize=4)
def _nobodys(cost: Cost) -> str:
    """A hash that no password is meant to fit, at this cost."""
    return _hasher(cost).hash(os.urandom(24).hex())


def plain(written: str) -> str:
    """The password as it is hashed: NFC, so that every keyboard's « é » is the same."""
    return unicodedata.normalize("NFC", written.encode("utf-8", "ignore").decode("utf-8"))


async def _aside(work: Callable[[], Result]) -> Result:
    global _waiting
    if _waiting >= _MOST_WAITING:
        raise TooFast(_WAIT_SECONDS)
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, work)
    finally:
        _waiting -= 1


async def hash_password(written: str) -> str:
    """What is kept of a password. Raises `TooFast` when too many are waiting."""
    cost = COST
    return await _aside(lambda: _hasher(cost).hash(plain(written)))


async def password_fits(password_hash: str | None, written: str) -> bool:
    """Whether this is the password; without one it takes the same time and says no.

    Three words fit as they stand on a slip, too: telephones put capitals, spaces and hyphens of their own.
    """
    cost = COST
    spellings = dict.fromkeys((plain(written), as_on_a_slip(written) or plain(written)))

    def compare() -> bool:
        return any(_verify(cost, password_hash or _nobodys(cost), each) for each in spellings)

    return await _aside(compare) and password_hash is not None


def _verify(cost: Cost, password_hash: str, written: str) -> bool:
    try:
        return _hasher(cost).verify(password_hash, written)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHash):
        return False


def outdated(password_hash: str) -> bool:
    """Whether it was made at another cost than today's, and should be made again while the password is known."""
    return _hasher(COST).check_needs_rehash(password_hash)


def easily_guessed(written: str, *, name: str, email: str) -> bool:
    """Whether it is among the hundred that are tried first, or only repeats who the person is."""
    asked = name_key(plain(written)).replace(" ", "")
    mail = email_key(email)
    own = {name_key(name).replace(" ", ""), mail, mail.partition("@")[0]} - {""}
    return asked in _COMMON or asked in own or len(set(asked)) <= 2


# The most used of at least ten characters, in what was found of stolen lists, French and international.
_COMMON = frozenset(
    """
    1234567890 12345678910 0123456789 0987654321 9876543210 1122334455 1234512345 123456789a 123456789q 1234567891
    123456789123 1234567890123 0102030405 123123123123 1231231231 1029384756 1234554321 1357924680 147258369
    1472583690 1597534862 7894561230 741852963 7418529630 789456123 7894561231 9638527410 1q2w3e4r5t 1q2w3e4r5t6y
    q1w2e3r4t5 1a2z3e4r5t a1z2e3r4t5 1qaz2wsx3edc qazwsxedcrfv zaq12wsxcde3 qwertyuiop qwertyuiop123 qwerty1234
    qwerty12345 qwerty123456 qwerty123456789 qwertyqwerty asdfghjkl1 asdfghjkl; zxcvbnm123 poiuytrewq
    azertyuiop azertyuiop123 azerty1234 azerty12345 azerty123456 azertyazerty azertyuiopqsdfghjklm
    qsdfghjklm wxcvbn1234 poiuytreza motdepasse motdepasse1 motdepasse12 motdepasse123 motdepasse1234 monmotdepasse
    lemotdepasse password12 password123 password1234 password12345 password123456 password123456789 password01
    password2024 password2025 password2026 passwordpassword passw0rd123 p@ssword123 p@ssw0rd123 mypassword
    changeme123 changezmoi welcome123 welcome1234 bienvenue1 bienvenue123 letmein123 administrator administrateur
    superman123 sunshine123 iloveyou123 iloveyou12 iloveyou1234 jetaime123 jetaime1234 jetaimejetaime doudou1234
    loulou1234 marseille13 marseille1 parissaintgermain parisfrance francefrance france1998 football123
    princesse1 princesse123 bonjour123 bonjour1234 bonjourbonjour soleil1234 chocolat123 nicolas123 camille123
    abcdefghij abcdefghijk abcdef1234 abcd123456 abcde12345 abc1234567 abcd1234567 abc123456789 a123456789
    a1234567890 aa123456789 aaaaaaaaaa 1111111111 0000000000 aqwzsxedc1 aqwzsxedcrfv lereseau123 franceTravail
    francetravail poleemploi poleemploi1 poleemploi123
    """.casefold().split()
)
