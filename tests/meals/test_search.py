"""What the search finds of meals and dishes, for whom, and that it names nobody."""

from __future__ import annotations

from datetime import datetime

from app.i18n import language
from app.identity.visits import Me, Spot, Visit
from meals.concerns import JOURNAL_ACTS, search
from tests.client import NOON
from tests.factories import make_place
from tests.meals.make import CLOSES, DAY, START, make_booking, make_dish, make_meal
from tests.meals.plans import SOUP, opened
from tests.people import Cast


def visit(cast: Cast, member_id: int | None, *, place: int | None = None, belongs: bool = True) -> Visit:
    spot = Spot(place or cast.place, "x", "Les Tanneurs", "")
    if member_id is None:
        return Visit(now=NOON, place=spot)
    me = Me(id=member_id, name="Moi", mediator=False, met=True, belongs=belongs)
    return Visit(now=NOON, member=me, place=spot)


async def found(asking: Visit, words: str, limit: int = 25) -> list[tuple[str, str]]:
    return [(each.group, each.href) for each in await search(asking, words, limit)]


async def test_meals_by_title_words_and_dishes_to_come_first(cast: Cast) -> None:
    later = await opened(cast, title="Couscous", about="Avec la chorale.", once="b", starts_at=START + DAY / 24)
    sooner = await opened(cast, title="Fête", about="Avec la chorale.", once="a")
    past = await make_meal(
        place_id=cast.place,
        opener=cast.odile,
        title="Hier",
        search_key="hier avec la chorale",
        starts_at=NOON - DAY,
        now=NOON - 3 * DAY,
    )
    asking = visit(cast, None)
    assert await found(asking, "CHORALE") == [("Repas", f"/repas/{each}") for each in (sooner, later, past)]
    assert await found(asking, "chorale", 2) == [("Repas", f"/repas/{each}") for each in (sooner, later)]
    assert await found(asking, "fete") == [("Repas", f"/repas/{sooner}")]
    assert {href for _, href in await found(asking, SOUP.name)} == {f"/repas/{sooner}", f"/repas/{later}"}
    assert await found(asking, "paella") == []


async def test_dishes_of_the_book_are_for_members_of_the_place(cast: Cast) -> None:
    dish = await make_dish(place_id=cast.place, name="Tajine")
    await make_dish(place_id=cast.place, name="Tajine d’avant", retired_at=NOON)
    elsewhere = await make_place(slug="ailleurs", name="Ailleurs")
    await make_dish(place_id=elsewhere, name="Tajine d’ailleurs")
    assert await found(visit(cast, cast.karim), "tajine") == [("Plats", f"/repas/plats/{dish}")]
    assert await found(visit(cast, None), "tajine") == []
    assert await found(visit(cast, cast.karim, belongs=False), "tajine") == []


async def test_what_is_to_be_known_first(cast: Cast) -> None:
    async def state(now: datetime = NOON) -> list[str]:
        asking = Visit(now=now, place=Spot(cast.place, "x", "Les Tanneurs", ""))
        spoken = language("fr")
        return [spoken.say(each.state) if each.state else "" for each in await search(asking, "mafe", 25)]

    meal_id = await make_meal(place_id=cast.place, opener=cast.odile, title="Mafé", search_key="mafe", seats=1)
    assert await state() == [""]
    await make_booking(meal_id=meal_id, member_id=cast.karim)
    assert await state() == ["Complet"]
    assert await state(CLOSES) == ["Réservations closes"]
    assert await state(START + DAY) == [""]
    await make_meal(place_id=cast.place, opener=cast.odile, starts_at=START + DAY, state="cancelled", search_key="mafe")
    assert await state() == ["Complet", "Annulé"]


async def test_nobody_is_found_by_what_they_opened_or_eat(cast: Cast) -> None:
    meal_id = await opened(cast, title="Couscous")
    await make_booking(meal_id=meal_id, member_id=cast.karim)
    assert await found(visit(cast, cast.samira), "couscous") == [("Repas", f"/repas/{meal_id}")], "the control"
    for name in ("odile", "karim"):
        assert await found(visit(cast, cast.samira), name) == []


def test_the_journal_has_words_for_each_deed() -> None:
    assert len(JOURNAL_ACTS) == 11
    assert all(language("fr").gettext(words) for words in JOURNAL_ACTS.values())
