"""What turns offer to the registry."""

from app.contracts import Domain, NavItem
from app.i18n.text import N_
from rotas import pages
from rotas.wording import SENTENCES

DOMAIN = Domain(
    name="rotas",
    routers=(pages.router,),
    nav=(NavItem("turns", N_("Tours"), "/tours", "turn", "refresh", order=25, mobile=True),),
    refusals=SENTENCES,
)
