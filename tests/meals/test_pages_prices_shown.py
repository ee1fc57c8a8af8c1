"""The prices of a meal, for whoever has no seat there yet: on its page, and short in the list."""

from __future__ import annotations

import pytest

from app.i18n import language
from meals.rules import Prices
from meals.views_form import prices_words
from tests.client import words
from tests.meals.make import AFTER_CLOSING, START
from tests.meals.scene import Scene
from tests.people import Cast

WHOLE, SHORT = "3 €, 5 € ou 8 €, comme tu peux ; 0 € si tu ne peux pas.", "3 €, 5 € ou 8 €, comme tu peux"


@pytest.fixture
async def scene(cast: Cast) -> Scene:
    return Scene(cast)


async def test_a_visitor_and_a_member_without_a_seat_read_them(scene: Scene) -> None:
    meal = await scene.meal()
    for browser in (scene.visitor(), await scene.as_(scene.cast.karim)):
        assert f"Prix {WHOLE}" in words(await browser.get(f"/repas/{meal}"))
        assert SHORT in words(await browser.get("/repas"))


async def test_whoever_has_a_seat_or_waits_reads_none(scene: Scene) -> None:
    meal = await scene.meal(seats=2)
    await scene.booked(meal, scene.cast.karim, 2)
    await scene.booked(meal, scene.cast.samira)
    for member in (scene.cast.karim, scene.cast.samira):
        browser = await scene.as_(member)
        assert "€" not in words(await browser.get(f"/repas/{meal}"))
        assert "€" not in words(await browser.get("/repas"))


async def test_of_what_is_closed_the_page_alone_says_them_and_of_what_is_off_nothing_does(scene: Scene) -> None:
    closed = await scene.meal(title="Soupe")
    off = await scene.meal(title="Galettes", starts_at=START, state="cancelled")
    scene.world.now = AFTER_CLOSING
    visitor = scene.visitor()
    assert WHOLE in words(await visitor.get(f"/repas/{closed}"))
    assert "€" not in words(await visitor.get(f"/repas/{off}"))
    assert "€" not in words(await visitor.get("/repas"))


@pytest.mark.parametrize(
    ("prices", "whole", "short"),
    [
        (Prices(300, 500, 800), WHOLE, SHORT),
        (
            Prices(350, 500, 500),
            "3,50 € ou 5 €, comme tu peux ; 0 € si tu ne peux pas.",
            "3,50 € ou 5 €, comme tu peux",
        ),
        (Prices(0, 500, 800), "0 €, 5 € ou 8 €, comme tu peux", "0 €, 5 € ou 8 €, comme tu peux"),
        (Prices(500, 500, 500), "5 € ; 0 € si tu ne peux pas.", "5 €"),
        (Prices(0, 0, 0), "Gratuit", "Gratuit"),
    ],
)
def test_the_words_of_prices(prices: Prices, whole: str, short: str) -> None:
    def said(*, short: bool) -> str:
        found = prices_words(prices, language("fr"), short=short)
        return found.replace("\u00a0", " ").replace("\u202f", " ")

    assert (said(short=False), said(short=True)) == (whole, short)
