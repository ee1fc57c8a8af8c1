"""The doors of meals: each handler reads its form, calls one command or query, and answers."""

from litestar import Router

from meals.pages import booking, card, meals
from meals.pages.accounts import routes_accounts
from meals.pages.dishes import routes_dishes
from meals.pages.door import routes_door
from meals.pages.keeping import routes_keeping
from meals.pages.kitchen import routes_kitchen
from meals.pages.till import routes_till

router = Router(
    path="",
    route_handlers=[
        *meals.HANDLERS,
        *booking.HANDLERS,
        *card.HANDLERS,
        *routes_keeping,
        *routes_dishes,
        *routes_kitchen,
        *routes_door,
        *routes_till,
        *routes_accounts,
    ],
)
