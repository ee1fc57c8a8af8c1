"""What `app.mediation` offers to the registry."""

from app.contracts import Domain, NavItem
from app.i18n.text import N_
from app.identity.states import Act
from app.mediation import own_data
from app.mediation.pages import ROUTER
from app.mediation.states import MediationRefusal

DOMAIN = Domain(
    name="mediation",
    routers=(ROUTER,),
    export_of=own_data.export_of,
    leaving=own_data.leaving,
    erase=own_data.erase,
    nav=(
        NavItem("desk", N_("À régler"), "/mediation", "mediation", "scale", 90, mobile=True, for_mediators=True),
        NavItem("bureau", N_("Le bureau"), "/bureau", "committee", "key", 91, for_act=Act.SAY_YES),
        NavItem("journal", N_("Journal"), "/journal", "mediation", "book", 95, for_members=True),
    ),
    refusals={
        MediationRefusal.ONLY_MEDIATORS: N_(
            "Cette page est pour les personnes qui font la médiation dans ce lieu. Ce que tu as proposé se suit dans "
            "« Ateliers »."
        ),
        MediationRefusal.ONLY_BUREAU: N_("Cette page est pour les membres du bureau de ce lieu."),
        MediationRefusal.ONLY_MEMBERS: N_("Le journal est pour les membres de ce lieu."),
    },
)
