"""A form far down a page that comes back with what is wrong: a browser without scripts stands there, not at the top."""

from __future__ import annotations

import re

import pytest

from tests.meals.make import AFTER_CLOSING
from tests.meals.scene import Scene
from tests.people import Cast


@pytest.fixture
async def scene(cast: Cast) -> Scene:
    return Scene(cast)


class TestWithoutScripts:
    @pytest.mark.parametrize(
        ("page", "way", "wrong", "late"),
        [
            ("repas/{meal}", "repas/{meal}/reservations", {"price_cents": "1"}, False),
            ("repas/{meal}", "repas/{meal}/invites", {"first_name": ""}, False),
            ("reservations/{mine}", "reservations/{mine}/places", {"seats": "9"}, False),
            ("reservations/{mine}", "reservations/{mine}/passage", {"seats": ""}, True),
            ("reservations/{mine}/choix", "reservations/{mine}/choix", {"diet": "no_love"}, False),
        ],
    )
    async def test_the_browser_stands_at_what_is_wrong(
        self, scene: Scene, page: str, way: str, wrong: dict[str, str], late: bool
    ) -> None:
        meal_id = await scene.meal(dishes=await scene.menu(), cooks_least=0)
        known = {"meal": meal_id, "mine": await scene.booked(meal_id, scene.cast.karim, 2)}
        who = scene.cast.aicha if "reservations" in way and "repas" in way else scene.cast.karim
        scene.world.now = AFTER_CLOSING if late else scene.world.now
        browser = await scene.as_(who)
        before = await browser.get(f"/{page.format(**known)}")
        found = re.search(rf'action="/{way.format(**known)}#([a-z]+)"', before.text)
        assert found is not None, "the form says where the browser is to stand"
        assert f'id="{found[1]}"' not in before.text, "an answer that is good begins at its head"
        answer = await browser.post(f"/{way.format(**known)}", wrong)
        assert answer.status_code == 422
        assert answer.text.count(f'id="{found[1]}"') == 1
