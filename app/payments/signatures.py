"""Whether a letter to our webhook is from Stripe: its signature over the raw bytes, and the hour it was signed at.

By Stripe's own library, but for the hour: it takes the machine's clock, and lets pass what is signed for tomorrow.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.payments.gateway import load

TOLERANCE = 300
"""Seconds that a letter may be on its way, or our clocks apart, as Stripe has it."""
LONGEST = 255


class NotStripes(Exception):
    """It is not from Stripe, or not for us, or nothing that can be read."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What Stripe tells us has happened. A hint: what is so, it is asked for."""

    id: str
    type: str
    object_id: str


def opened(body: bytes, header: str | None, *, secrets: Sequence[str], livemode: bool, now: datetime) -> Letter:
    """The letter, if one of the secrets signed it within five minutes of now. Raises `NotStripes`."""
    if not header:
        raise NotStripes("no signature")
    if not any(_signed(body, header, secret) for secret in secrets):
        raise NotStripes("no good signature")
    signed_at = int(next(item[2:] for item in header.split(",") if item.startswith("t=")))
    if abs(now.timestamp() - signed_at) > TOLERANCE:
        raise NotStripes("signed at another hour")
    return _read(body, livemode)


def _signed(body: bytes, header: str, secret: str) -> bool:
    signature: Any = load().WebhookSignature
    try:
        signature.verify_header(body, header, secret, None)
    except Exception:  # besides its own errors: bytes that are no text, letters in a signature that are none of ASCII
        return False
    return True


def _read(body: bytes, livemode: bool) -> Letter:
    try:
        told = json.loads(body)
        letter = Letter(told["id"], told["type"], _id_of(told["data"]["object"]))
        of_this_mode = told["livemode"] is livemode
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise NotStripes("not an event") from error
    for word in (letter.id, letter.type, letter.object_id):
        if not isinstance(word, str) or len(word) > LONGEST or "\0" in word or not word.isascii():
            raise NotStripes("not an event")
    if not of_this_mode:
        raise NotStripes("of tests, or not")
    return letter


def _id_of(told: dict[str, Any]) -> str:
    """Of what it is about; some things, as a balance, have no number."""
    return str(told.get("id", ""))
