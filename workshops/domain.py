"""What workshops offer to the registry."""

from datetime import timedelta

from app.contracts import Domain, EntryKind, Job, NavItem
from app.i18n.text import N_
from workshops import concerns, jobs, offers, own_data, pages
from workshops.facts import KIND
from workshops.labels import FORMAT_ICONS, FORMAT_NAMES
from workshops.rules import FIRST_COME
from workshops.states import FORMATS, Format
from workshops.wording import SENTENCES

DOMAIN = Domain(
    name="workshops",
    routers=(pages.router,),
    nav=(
        NavItem("workshops", N_("Ateliers"), "/ateliers", "workshop", "messages", order=20, mobile=True),
        NavItem(
            "propose",
            N_("Proposer"),
            "/ateliers/nouveau",
            "workshop",
            "plus",
            order=30,
            mobile=True,
            for_members=True,
            not_for_mediators=True,
        ),
    ),
    entry_kinds=(
        EntryKind(
            kind=KIND,
            filter="ateliers",
            label=N_("Ateliers"),
            path="/ateliers/{id}",
            join_path="/ateliers/{id}/inscription",
            leave_path="/ateliers/{id}/desistement",
            join_label=N_("Je m’inscris"),
            icon="messages",
            first_come=FIRST_COME,
            genres={each.value: (FORMAT_NAMES[each], FORMAT_ICONS[each]) for each in Format},
            see_label=N_("Je vois l’atelier"),
            discreet=frozenset(each.value for each in Format if not FORMATS[each].lists_participants),
        ),
    ),
    refusals=SENTENCES,
    concerns=concerns.open_concerns,
    settled=concerns.settled,
    search=concerns.search,
    journal_acts=concerns.JOURNAL_ACTS,
    keeps=concerns.KEEPS,
    jobs=(
        Job("workshops.publish_silent", jobs.publish_silent),
        Job("workshops.settle_contests", jobs.settle_contests),
        Job("workshops.lapse_offers", jobs.lapse_offers),
        Job("workshops.room_to_find", jobs.room_to_find),
        Job("workshops.lapse_past", jobs.lapse_past),
        Job("workshops.hold_past", jobs.hold_past),
        Job("workshops.low_numbers", jobs.low_numbers, every=timedelta(minutes=15)),
        Job("workshops.erase_guests", jobs.erase_guests, every=timedelta(hours=6)),
    ),
    export_of=own_data.export_of,
    leaving=own_data.leaving,
    erase=own_data.erase,
    renamed=own_data.renamed,
    offers=offers.OFFERS,
    demo="workshops.demo",
)
