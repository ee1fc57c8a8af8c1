"""What turns offer to the registry."""

from app.contracts import Domain, NavItem
from app.i18n.text import N_
from app.identity.states import Act
from rotas import pages
from rotas.wording import SENTENCES

DOMAIN = Domain(
    name="rotas",
    routers=(pages.router,),
    nav=(
        NavItem("turns", N_("Tours"), "/tours", "turn", "refresh", order=25, mobile=True),
        NavItem("till", N_("La caisse"), "/tours/caisse", "turn", "coin-euro", order=26, for_act=Act.TAKE_CASH),
    ),
    refusals=SENTENCES,
)
