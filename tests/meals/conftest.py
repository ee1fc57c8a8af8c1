"""`cast`: the fixed cast, in a clean database, on each engine in turn."""

import pytest

from app.database import Store
from app.notices import rules
from rehearsal import Rehearsal
from tests.meals.paying import Bank
from tests.meals.reads import SAID
from tests.people import Cast, make_cast
from tests.rehearsing import card, stripe

__all__ = ["bank", "card", "cast", "said", "stripe"]


@pytest.fixture(autouse=True)
def said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The outbox keeps a digest of what was told to whom; tests ask for it by its name."""
    known_by = rules.known_by

    def overheard(what: str) -> str:
        SAID[known_by(what)] = what
        return known_by(what)

    monkeypatch.setattr(rules, "known_by", overheard)


@pytest.fixture
async def cast(db: Store) -> Cast:
    return await make_cast()


@pytest.fixture
def bank(card: Rehearsal) -> Bank:
    """Cards are taken; whoever pays does so at Stripe's, rehearsed."""
    return Bank(card)
