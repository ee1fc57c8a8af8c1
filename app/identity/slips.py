"""What stands on a slip that the welcome turn hands over: a sign-in name and a password, made to be said aloud.

Both are for people without e-mail, so both are easy to type on an old phone: « fatou-482 », three plain words. Nothing
is looked up here; who gets a slip, and who may make one, is decided in `commands_welcome`.
"""

from __future__ import annotations

import re
import secrets

from app.identity.rules import name_key
from app.identity.words import WORDS

DIGITS = "23456789"
"""Neither 0 nor 1, which look like letters."""
LONGEST_PART = 12
NOBODYS = "membre"
"""What stands before the digits of a name that has no Latin letter."""
WORDS_OF_A_PASSWORD = 3

_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "ð": "d", "þ": "th"})
_SIGN_IN_NAME = re.compile(r"([a-z]{1,12})[\s.,_\-‐‑‒–—−]*([2-9]{3,4})")
_WORDS = re.compile(r"[a-z]+(?:[\s.,_\-‐‑‒–—−]+[a-z]+){2}")


def make_sign_in_name(name: str, *, digits: int = 3) -> str:
    """A sign-in name for somebody of this name, « fatou-482 ». Whether it is free is asked elsewhere."""
    first = (name_key(name).translate(_LETTERS).split(" ") or [""])[0]
    parts = [re.sub(r"[^a-z]", "", part) for part in re.split(r"[-‐‑–—]", first)]
    letters = next((part for part in parts if len(part) > 1), "".join(parts))[:LONGEST_PART] or NOBODYS
    return f"{letters}-{''.join(secrets.choice(DIGITS) for _ in range(digits))}"


def read_sign_in_name(written: str) -> str | None:
    """The sign-in name that was meant, however it was typed: « Fatou 482 », « FATOU–482 ». Nothing for other texts."""
    match = _SIGN_IN_NAME.fullmatch(name_key(written))
    return f"{match[1]}-{match[2]}" if match else None


def is_sign_in_name(entered: str) -> bool:
    """Whether this is a sign-in name rather than an address, which always has an @."""
    return "@" not in entered


def three_words() -> str:
    """A password of three plain words, each of the list with the same chance: 33 bits."""
    return " ".join(secrets.choice(WORDS) for _ in range(WORDS_OF_A_PASSWORD))


def as_on_a_slip(written: str) -> str | None:
    """Three words as they stand on a slip, however a phone wrote them: « Lampe-Jardin pomme ». Nothing for others."""
    key = name_key(written)
    return " ".join(re.findall(r"[a-z]+", key)) if _WORDS.fullmatch(key) else None
