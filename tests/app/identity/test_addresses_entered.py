"""An address to which no mail can be made is refused where it is entered, with what is wrong beside the field."""

from __future__ import annotations

import httpx
import pytest

from app.database import run
from tests.app.identity.steps import PASSWORD, ask_to_join, give_password, mails_to
from tests.client import World, words
from tests.people import Cast

WRONG = [
    ("rené@exemple.fr", "un accent avant le @"),
    ("a..b@exemple.fr", "un point ne vient ni au début"),
    (".a@exemple.fr", "un point ne vient ni au début"),
    ("samira@exemple", "Une adresse s’écrit comme"),
]
pytestmark = pytest.mark.parametrize(("email", "sentence"), WRONG)


@pytest.fixture
def world() -> World:
    return World()


def is_said_beside_the_field(answer: httpx.Response, email: str, sentence: str) -> None:
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert 'href="#field-email"' in answer.text
    assert f'value="{email}"' in answer.text


async def test_joining(cast: Cast, world: World, email: str, sentence: str) -> None:
    is_said_beside_the_field(await ask_to_join(world.browser(), email), email, sentence)
    assert await run("select id from passage") == []
    await ask_to_join(world.browser(), "rene@exemple.fr")
    assert len(await mails_to("rene@exemple.fr")) == 1, "the control"


async def test_asking_for_a_mail(cast: Cast, world: World, email: str, sentence: str) -> None:
    answer = await world.browser().post("/connexion", {"email": email, "way": "mail"})
    is_said_beside_the_field(answer, email, "Une adresse s’écrit comme")


async def test_ones_own(cast: Cast, world: World, email: str, sentence: str) -> None:
    await give_password(cast.samira)
    samira = await world.browser_of(cast.samira, place_id=cast.place)
    is_said_beside_the_field(await samira.post("/moi/adresse", {"email": email, "password": PASSWORD}), email, sentence)


async def test_a_places(cast: Cast, world: World, email: str, sentence: str) -> None:
    rosa = await world.browser_of(cast.rosa, place_id=cast.place)
    form = {"name": "Les Tanneurs", "address": "14 rue", "about": "", "email": email, "phone": ""}
    is_said_beside_the_field(await rosa.post("/lieux/les-tanneurs/reglages", form), email, sentence)
    assert await run("select email from place") == [{"email": "bonjour@tanneurs.exemple"}]
