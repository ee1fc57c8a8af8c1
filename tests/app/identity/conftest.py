"""`cast`: the fixed cast on each engine; passwords hashed as cheaply as Argon2 allows."""

import pytest

from app.database import Store
from app.identity import passwords
from tests.people import Cast, make_cast


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested is that they are hashed, not how dearly."""
    monkeypatch.setattr(passwords, "COST", passwords.Cost(rounds=1, memory=8, lanes=1))


@pytest.fixture
async def cast(db: Store) -> Cast:
    return await make_cast()
