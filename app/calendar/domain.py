"""What `app.calendar` offers to the registry."""

from datetime import timedelta

from litestar import Router

from app.calendar import own_data
from app.calendar.feed_pages import no_feed
from app.calendar.jobs import KEEPS, forget_cut_feeds
from app.calendar.pages import show_agenda, show_home, show_mine, show_month
from app.calendar.pages_feeds import (
    add_feed,
    ask_cut,
    ask_renew,
    change_feed,
    cut_feed,
    renew_feed,
    show_feeds,
)
from app.calendar.pages_public import agenda_api, schema
from app.calendar.wording import SENTENCES
from app.contracts import Domain, Job, NavItem
from app.i18n.text import N_

DOMAIN = Domain(
    name="calendar",
    routers=(
        Router(path="", route_handlers=[show_home, show_agenda, show_month, show_mine]),
        Router(path="", route_handlers=[no_feed]),
        Router(path="", route_handlers=[show_feeds, add_feed, change_feed, ask_cut, cut_feed, ask_renew, renew_feed]),
        Router(path="", route_handlers=[agenda_api, schema]),
    ),
    refusals=SENTENCES,
    keeps=KEEPS,
    export_of=own_data.export_of,
    leaving=own_data.leaving,
    erase=own_data.erase,
    jobs=(Job("calendar.forget_cut_feeds", forget_cut_feeds, every=timedelta(hours=6)),),
    nav=(
        NavItem("agenda", N_("Agenda"), "/agenda", "agenda", "calendar-week", order=10, mobile=True),
        NavItem(
            "mine", N_("Mes rendez-vous"), "/mes-rendez-vous", "agenda", "calendar-event", order=15, for_members=True
        ),
    ),
)
