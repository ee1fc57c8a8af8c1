"""What meals offer to the registry."""

from datetime import timedelta

from app.contracts import Domain, EntryKind, Job, NavItem
from app.i18n.text import N_
from meals import checks, concerns, jobs, leaving, own_data, pages
from meals.commands.card import PAYABLE
from meals.commands.opener import let_go_where_barred
from meals.commands.publishing import publish_accounts
from meals.facts import KIND
from meals.offers import OFFERS
from meals.spending import SPENDS
from meals.takings import takings
from meals.wording import SENTENCES

NOBODY_FIRST = timedelta(days=10_000)
"""What is free at a meal is whoever's asks first: what was offered to the list is taken already."""

DOMAIN = Domain(
    name="meals",
    routers=(pages.router,),
    nav=(
        NavItem("meals", N_("Repas"), "/repas", "meal", "tools-kitchen-2", order=22),
        NavItem("open-accounts", N_("Comptes"), "/repas/comptes", "meal", "coin-euro", order=23, for_members=True),
    ),
    entry_kinds=(
        EntryKind(
            kind=KIND,
            filter="repas",
            label=N_("Repas"),
            path="/repas/{id}",
            join_path="/repas/{id}#reserver",
            leave_path="/repas/{id}/billet",
            join_label=N_("J’y mange"),
            icon="tools-kitchen-2",
            first_come=NOBODY_FIRST,
            genres={"": (N_("Repas partagé"), "soup")},
            see_label=N_("Je vois le repas"),
            leave_label=N_("Mon billet"),
            leave_icon="ticket",
            join_leads=True,
        ),
    ),
    refusals=SENTENCES,
    search=concerns.search,
    journal_acts=concerns.JOURNAL_ACTS,
    keeps=concerns.KEEPS,
    jobs=(
        Job("meals.close_due", jobs.close_due),
        Job("meals.cancel_doubtful", jobs.cancel_doubtful),
        Job("meals.call_gaps", jobs.call_gaps),
        Job("meals.lapse_offers", jobs.lapse_offers),
        Job("meals.lapse_held", jobs.lapse_held),
        Job("meals.team_seats", jobs.team_seats),
        Job("meals.end_lists", jobs.end_lists),
        Job("meals.serve_past", jobs.serve_past),
        Job("meals.close_accounts", jobs.close_accounts, every=timedelta(hours=1)),
        Job("meals.forget_guests_and_diets", jobs.forget_guests_and_diets, every=timedelta(hours=1)),
        Job("meals.publish_accounts", publish_accounts, every=timedelta(hours=1)),
        Job("meals.forget_what_was_paid", jobs.forget_what_was_paid, every=timedelta(hours=1)),
        Job("meals.forget_who_counted", jobs.forget_who_counted, every=timedelta(hours=1)),
    ),
    export_of=own_data.export_of,
    leaving=leaving.leaving,
    erase=own_data.erase,
    renamed=own_data.renamed,
    may_less=let_go_where_barred,
    set_back=jobs.made_again,
    offers=OFFERS,
    payable=PAYABLE,
    checks=checks.differences,
    spends=SPENDS,
    takings=takings,
    demo="meals.demo",
    demo_after="accounts",
)
