"""`cast`: the fixed cast, in a clean database, on each engine in turn."""

import pytest

from app.database import Store
from tests.people import Cast, make_cast


@pytest.fixture
async def cast(db: Store) -> Cast:
    return await make_cast()
