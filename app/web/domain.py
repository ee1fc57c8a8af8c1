"""What `app.web` offers to the registry."""

from app.contracts import Domain, NavItem
from app.i18n.text import N_
from app.web.kept import KEEPS
from app.web.pages import ROUTER
from app.web.search import search_house

DOMAIN = Domain(
    name="web",
    routers=(ROUTER,),
    nav=(NavItem("search", N_("Chercher"), "/recherche", "agenda", "search", 98),),
    search=search_house,
    keeps=KEEPS,
)
