"""The three prices of a place: for forms of meals, and on the page of whoever keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.database import run
from app.errors import Forbidden, NotFound
from app.i18n import Text
from app.identity.api import here_at
from app.identity.states import Act
from app.identity.visits import Visit
from meals.facts import prices_of
from meals.queries.meanwhile import differing
from meals.rules import PRICES, Prices
from meals.states import MealRefusal


@dataclass(frozen=True, slots=True)
class PricesPage:
    """The three prices of the place."""

    place_name: str
    values: Mapping[str, str]
    errors: Mapping[str, Text]
    version: int


async def refuse_unless_keeps(visit: Visit, place_id: int) -> None:
    """Raises `NotFound` for whoever is no member of this place, `Forbidden` for whoever does not keep it."""
    here = await here_at(visit, place_id)
    if not here.belongs:
        raise NotFound
    if Act.KEEP_PLACE not in here.acts:
        raise Forbidden(MealRefusal.ONLY_KEEPER)


def price_values(prices: Prices) -> dict[str, str]:
    """The three prices as people write them."""
    return {name: _written(cents) for name, cents in zip(("low", "fair", "more"), prices.all, strict=True)}


def _written(cents: int) -> str:
    whole, rest = divmod(cents, 100)
    return f"{whole},{rest:02d}" if rest else str(whole)


async def prices_of_place(place_id: int) -> Prices:
    """What a place takes; 3, 5 and 8 € where it has not said."""
    rows = await run("select low_cents, fair_cents, more_cents from meal_setting where place_id = {}", place_id)
    return prices_of(rows[0]) if rows else Prices(*PRICES)


async def prices_page(
    *,
    visit: Visit,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, Text] | None = None,
    version: int | None = None,
) -> PricesPage:
    """The prices of the visit's place, as they stand or as they were written. Without the `version` that was read they
    are those of now: what stands is said beside what was written otherwise."""
    assert visit.place is not None
    rows = await run("select version from meal_setting where place_id = {}", visit.place.id)
    stands = price_values(await prices_of_place(visit.place.id))
    if values is not None and version is None:
        errors = {**(errors or {}), **differing(values, stands)}
    if version is None:
        version = rows[0]["version"] if rows else 0
    return PricesPage(visit.place.name, stands if values is None else values, errors or {}, version)
