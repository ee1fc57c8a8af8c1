"""What `app.identity` offers to the registry."""

from datetime import timedelta

from litestar import Router

from app.contracts import Domain, Job, NavItem
from app.i18n.text import N_
from app.identity import own_data
from app.identity.commands_welcome import forget_slips
from app.identity.data_wording import DATA_SENTENCES, data_jobs
from app.identity.jobs import forget_ages, forget_expired, forget_tries, stay_ended
from app.identity.pages import ENTRANCE
from app.identity.pages_data import DATA
from app.identity.pages_me import ME
from app.identity.pages_members import MEMBERS
from app.identity.pages_places import PLACES
from app.identity.pages_second import SECOND
from app.identity.pages_welcome import WELCOME
from app.identity.search import search
from app.identity.states import Act
from app.identity.wording import JOURNAL_ACTS, SENTENCES

DOMAIN = Domain(
    name="identity",
    routers=(Router(path="", route_handlers=[*ENTRANCE, *ME, *DATA, *MEMBERS, *PLACES, *SECOND, *WELCOME]),),
    nav=(
        NavItem(
            key="members",
            label=N_("Membres"),
            href="/membres",
            kind="care",
            icon="users",
            order=80,
            for_members=True,
        ),
        NavItem("welcome", N_("Accueil"), "/accueil", "turn", "door", 82, for_act=Act.REGISTER),
    ),
    refusals={**SENTENCES, **DATA_SENTENCES},
    jobs=(
        Job("identity.forget_expired", forget_expired, in_doubt=True),
        Job("identity.forget_tries", forget_tries, every=timedelta(minutes=10)),
        Job("identity.forget_ages", forget_ages, every=timedelta(hours=6)),
        Job("identity.forget_slips", forget_slips, every=timedelta(hours=6)),
    ),
    jobs_of_all=data_jobs,
    journal_acts=JOURNAL_ACTS,
    export_of=own_data.export_of,
    leaving=own_data.leaving,
    erase=own_data.erase,
    renamed=own_data.renamed,
    set_back=stay_ended,
    search=search,
)
