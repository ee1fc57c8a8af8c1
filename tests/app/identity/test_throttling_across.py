"""Tries are counted in the database: by all processes together, and over a restart; and they lock nobody out."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from app.database import Store
from app.identity import throttle
from tests.app.identity.steps import email_of, give_password, sign_in
from tests.client import World
from tests.people import make_cast
from tests.servers import people, serving

WRONG = "un mot de passe faux"


@pytest.mark.slow
async def test_two_processes_count_together_and_go_on_counting(
    postgres_only_db: Store, postgres_database_url: str, tmp_path: Path
) -> None:
    cast = await make_cast()
    await give_password(cast.samira)
    email = await email_of(cast.samira)
    form = {"email": email, "password": WRONG, "device": "mine"}
    with serving(tmp_path, postgres_database_url, "--workers", "2") as server:
        async with people(server.url) as crowd:
            answers = await asyncio.gather(*(crowd.stranger().post("/connexion", form) for _ in range(30)))
            assert Counter(each.status_code for each in answers) == {422: 10, 429: 20}
    with serving(tmp_path, postgres_database_url, "--workers", "2") as server:
        async with people(server.url) as crowd:
            assert (await crowd.stranger().post("/connexion", form)).status_code == 429
            asked = await crowd.stranger().post("/connexion", {"email": email, "way": "mail"})
            assert (asked.status_code, asked.headers["location"].partition("?")[0]) == (303, "/inscription/code")


@pytest.mark.slow
async def test_without_holding_the_count_more_get_through(
    postgres_only_db: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The positive control, with two applications on one database; a busy machine may need another try, of another
    account."""

    async def let_go(*_: object) -> None:
        """Anybody else may count meanwhile, and does."""
        await asyncio.sleep(0.05)

    cast = await make_cast()
    monkeypatch.setattr(throttle, "hold", let_go)
    worlds, let_through = (World(), World()), []
    for member in (cast.samira, cast.karim, cast.yann, cast.odile):
        email = await email_of(member)
        answers = await asyncio.gather(*(sign_in(worlds[each % 2].browser(), email, WRONG) for each in range(30)))
        let_through.append(Counter(each.status_code for each in answers)[422])
    assert max(let_through) > 10
