"""The way to Stripe: one a process, as there is one engine of the database.

Its library is loaded when there is a key, not before: it needs more memory than a page has.
"""

from __future__ import annotations


class Gateway:
    """An account at Stripe."""


_gateway: Gateway | None = None


def use(gateway: Gateway | None) -> None:
    """From now on this one is asked, or none: then nothing is paid by card."""
    global _gateway
    _gateway = gateway


def in_use() -> Gateway | None:
    """The one that is asked."""
    return _gateway


def card_taken() -> bool:
    """Whether things can be paid by card here."""
    return _gateway is not None
