"""What is paid for, by its kind: told once by the composition root, since a domain that asks for payment and the job
that settles it both start from a number in the database."""

from __future__ import annotations

from collections.abc import Mapping

from app.contracts import Payable

_known: dict[str, Payable] = {}


def know(payables: Mapping[str, Payable]) -> None:
    """These are all."""
    _known.clear()
    _known.update(payables)


def payable_of(kind: str) -> Payable:
    """The one of this kind. Raises `KeyError`: what was begun without one is a mistake in the program."""
    return _known[kind]
