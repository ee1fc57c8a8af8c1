"""What turns offer to the registry."""

from datetime import timedelta

from app.contracts import Domain, EntryKind, Job, NavItem
from app.i18n.text import N_
from app.identity.states import Act
from rotas import concerns, jobs, own_data, pages
from rotas.calling_out import call_out
from rotas.commands.taking_back import take_back
from rotas.commands.till import forget_counts
from rotas.facts import KIND
from rotas.queries.asked import asks_of
from rotas.wording import SENTENCES

DOMAIN = Domain(
    name="rotas",
    routers=(pages.router,),
    nav=(
        NavItem("turns", N_("Tours"), "/tours", "turn", "refresh", order=25, mobile=True),
        NavItem("till", N_("La caisse"), "/tours/caisse", "turn", "coin-euro", order=26, for_act=Act.TAKE_CASH),
    ),
    entry_kinds=(
        EntryKind(
            kind=KIND,
            filter="tours",
            label=N_("Tours"),
            path="/tours/{id}",
            join_path="/tours/{id}/prise",
            leave_path="/tours/{id}/empechement",
            join_label=N_("Je prends ce tour"),
            icon="refresh",
            genres={"": (N_("Tour"), "refresh")},
            see_label=N_("Je vois le tour"),
            lacks_people=True,
            leave_label=N_("Je ne peux pas venir"),
        ),
    ),
    refusals=SENTENCES,
    concerns=concerns.open_concerns,
    asks=asks_of,
    search=concerns.search,
    journal_acts=concerns.JOURNAL_ACTS,
    keeps=concerns.KEEPS,
    jobs=(
        Job("rotas.make_slots", jobs.make_slots, every=timedelta(minutes=15)),
        Job("rotas.call_out", call_out),
        Job("rotas.lapse_swaps", jobs.lapse_swaps),
        Job("rotas.learn", jobs.learn, every=timedelta(minutes=5)),
        Job("rotas.empty_runs", jobs.empty_runs, every=timedelta(hours=1)),
        Job("rotas.forget_guests", jobs.forget_guests, every=timedelta(hours=6)),
        Job("rotas.forget_counts", forget_counts, every=timedelta(hours=6)),
    ),
    export_of=own_data.export_of,
    leaving=own_data.leaving,
    erase=own_data.erase,
    renamed=own_data.renamed,
    may_less=take_back,
    set_back=jobs.made_again,
    demo="rotas.demo",
)
