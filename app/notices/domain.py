"""What `app.notices` offers to the registry."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from litestar import Router

from app.contracts import Domain, EntryKind, Job, NavItem
from app.i18n.text import N_
from app.identity.states import Act
from app.notices import digest, moves, own_data, reminders
from app.notices.jobs import KEEPS, forget_calendars, forget_mail, week_again
from app.notices.pages import show_demo_mail, show_demo_mails
from app.notices.pages_calls import CALLS
from app.notices.pages_links import LINKS
from app.notices.pages_mine import MINE
from app.notices.wording import SENTENCES


def jobs_about(kinds: Mapping[str, EntryKind]) -> Sequence[Job]:
    """What is told about the entries of these kinds by the clock."""
    return (*reminders.jobs_about(kinds), *moves.jobs_about(kinds), *digest.jobs_about(kinds))


DOMAIN = Domain(
    name="notices",
    routers=(
        Router(path="/demo/courrier", route_handlers=[show_demo_mails, show_demo_mail]),
        Router(path="", route_handlers=[*MINE, *CALLS, *LINKS]),
    ),
    nav=(
        NavItem("messages", N_("Mes messages"), "/messages", "agenda", "mail", order=16, for_members=True),
        NavItem("calls", N_("À prévenir"), "/a-prevenir", "turn", "phone", order=83, for_act=Act.REGISTER),
    ),
    refusals=SENTENCES,
    keeps=KEEPS,
    jobs=(
        Job("forget_mail", forget_mail, timedelta(hours=1)),
        Job("notices.forget_calendars", forget_calendars, timedelta(hours=6)),
    ),
    jobs_about=jobs_about,
    export_of=own_data.export_of,
    leaving=own_data.leaving,
    erase=own_data.erase,
    set_back=week_again,
    demo="app.notices.demo",
)
