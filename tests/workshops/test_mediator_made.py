"""Whoever hosts something to come cannot become a mediator of that place before handing it over."""

import pytest

from app.database import Store, run
from app.errors import Refused
from app.identity.commands import make_mediator
from app.identity.states import IdentityRefusal
from tests.client import NOON
from tests.people import make_cast
from tests.workshops.test_pages import Scene
from workshops import commands


async def test_a_host_hands_over_first(db: Store) -> None:
    scene = Scene(await make_cast())
    workshop_id = await scene.published()
    with pytest.raises(Refused) as refused:
        await make_mediator(member_id=scene.cast.samira, place_id=scene.cast.place, domains=(), now=NOON)
    assert refused.value.reason is IdentityRefusal.HOSTS_HERE
    await commands.leave_hosting(actor=scene.cast.samira, workshop_id=workshop_id, now=NOON)
    await make_mediator(member_id=scene.cast.samira, place_id=scene.cast.place, domains=(), now=NOON)
    (row,) = await run("select mediator from membership where member_id = {}", scene.cast.samira)
    assert row["mediator"]
