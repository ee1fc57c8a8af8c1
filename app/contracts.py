"""What a domain may offer to the shell, which calls it back without knowing anyone.

A domain's `domain.py` fills in one `Domain`; `app.main` puts them together in a `Registry`. A field appears here when
something uses it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

from litestar import Router

from app.errors import Refusal
from app.i18n import Text, text

if TYPE_CHECKING:
    from app.identity.states import Act
    from app.identity.visits import Visit


@dataclass(frozen=True, slots=True, eq=False)
class NavItem:
    """A line of the contents list. Made once, by its domain, and so known by what it is and not by what it says: each
    page looks up twice what it remembers of all of them."""

    key: str
    label: str
    """French msgid."""
    href: str
    kind: str
    """Colour and shape: agenda, workshop, meal, turn, committee, exchange, care, path, mediation."""
    icon: str
    order: int
    mobile: bool = False
    """Whether it also stands in the bar at the bottom of a phone."""
    for_members: bool = False
    for_mediators: bool = False
    not_for_mediators: bool = False
    for_act: Act | None = None
    """Only for whom a role allows this act here and now."""


@dataclass(frozen=True, slots=True)
class EntryKind:
    """How the calendar shows and reaches a domain's entries."""

    kind: str
    """`entry.kind`, the colour and shape of the design language, too."""
    filter: str
    """Value of the agenda's `genre` filter and name of the public feed: `ateliers`."""
    label: str
    """French msgid, plural, for the filter chip: « Ateliers »."""
    path: str
    """Address of the thing, with `{id}`."""
    join_path: str
    """Where « Je m’inscris » posts, with `{id}`."""
    leave_path: str
    """Where leaving posts, with `{id}`."""
    join_label: str
    """French msgid of that button."""
    icon: str
    first_come: timedelta = timedelta()
    """How long before the start free seats are no longer kept for those who wait."""
    genres: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """`entry.genre` → (French msgid of its name, icon)."""
    see_label: str = ""
    """French msgid of the button that leads to `path` from a message: « Je vois l’atelier »."""
    discreet: frozenset[str] = frozenset()
    """Values of `entry.genre` of which nobody else may be told that a person takes part."""
    lacks_people: bool = False
    """Whether a free seat is work that somebody is wanted for: « Il manque une personne »; nobody waits for one."""
    leave_label: str = ""
    """French msgid of the button on one's own strip that leads to `leave_path`, if it has one."""
    leave_icon: str = "hand-stop"
    join_leads: bool = False
    """Whether the button leads to `join_path` instead of posting there: something is read before one joins."""


@dataclass(frozen=True, slots=True)
class Concern:
    """Something that waits at the mediators' desk. The deed is done on the domain's own page."""

    kind: str
    thing_id: int
    title: str
    who: str
    """Display names of those who wait, as a list in the visit's language."""
    what: Text
    """What is asked, in a sentence that does not name them again."""
    since: datetime
    due_at: datetime | None
    """When silence settles it, or until when it can be done; none when nothing ends it."""
    href: str
    icon: str
    sort: str
    """`reading`, `clash`, `block`, `contest`, `edit`, `help`, `yes`, `uncovered`, `empty`."""
    deed: str = ""
    """Address of the one deed that a button on the desk does at once (« Remettre à relire »), if there is one."""


@dataclass(frozen=True, slots=True)
class Found:
    """A search result that the asking person may see."""

    kind: str
    group: str
    """French msgid, plural, of the heading that it stands under: « Ateliers »."""
    title: str
    words: str
    href: str
    icon: str
    when: datetime | None = None
    state: Text | None = None
    """What to know of it first, if anything: « Brouillon », « Annulé »."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that others ask of the member of a visit in person; it is answered on the domain's own page."""

    what: str
    """In a sentence, said already."""
    when: datetime
    href: str
    icon: str


@dataclass(frozen=True, slots=True)
class OfferSeen:
    """A place that is kept for somebody, as the page that a mail leads to shows it, without a session."""

    title: str
    starts_at: datetime
    ends_at: datetime
    where: str
    """Room and place, in one line."""
    until: datetime | None
    """Until when it can be answered."""
    state: str
    """`open`; `taken` when yes was said; `declined`; `over` when it lapsed, or the thing is cancelled or past."""
    href: str
    """The thing's own page."""
    icon: str


@dataclass(frozen=True, slots=True)
class Offers:
    """A domain's offers, answered from a mail without signing in: `/offres/{token}` asks here."""

    kind: str
    """`entry.kind` of what is offered."""
    look: Callable[[str, int, datetime], Awaitable[OfferSeen | None]]
    """What the offer of this key to this member is now; nothing for one that never was, or gave way to another."""
    answer: Callable[[str, int, bool, datetime], Awaitable[None]]
    """Says yes or no for this member, once: the same answer again changes nothing. Raises `Refused`, `NotFound`.
    However an offer ends, the domain says so to `app.notices.api.offers_over`."""


class About(Enum):
    """Which part of somebody's life here a thing that is kept belongs to; `app.web.kept` has the words."""

    ACCOUNT = "account"
    DATES = "dates"
    MESSAGES = "messages"
    WAY_IN = "way in"
    HOUSE = "house"


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that the software keeps about people, as the pages on personal data tell it. One wording for everybody
    and for the person: it says neither « tu » nor « la personne »."""

    about: About
    what: Text
    seen_by: Text
    """Who else than the person, on the site."""
    how_long: Text
    job: str = ""
    """The job that forgets it in time, if one does."""
    before_serving: bool = False
    """Whether `reseau restore` does that job over the older state, before anybody can read of it: names of people whom
    no list can tell."""


@dataclass(frozen=True, slots=True)
class Word:
    """One of our own words in what a person takes along."""

    code: str
    """For programs."""
    said: Text


@dataclass(frozen=True, slots=True)
class Deed:
    """What a line of the journal tells; the domain that wrote it has the words for it (`journal_acts`)."""

    act: str


Value = str | int | bool | date | Word | tuple[Word, ...] | Deed | None
"""What may stand in a cell; instants are aware datetimes."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A table of what is kept about one person, for that person: the same for programs and to be read."""

    key: str
    title: Text
    columns: Mapping[str, Text]
    """Name for programs → heading."""
    rows: Sequence[Mapping[str, Value]]


@dataclass(frozen=True, slots=True)
class ToDoFirst:
    """Something that a person hands over, or ends, before they can be erased."""

    what: Text
    href: str
    icon: str


@dataclass(frozen=True, slots=True)
class Leaving:
    """What a domain says to somebody who is about to erase themselves."""

    first: Sequence[ToDoFirst] = ()
    then: Sequence[Text] = ()
    """What becomes of each thing, a sentence each."""


GONE = text("une personne partie")
"""How whoever was erased is called wherever they did something."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """Somebody is erased."""

    member_id: int
    name: str
    """By which the others knew them."""
    shown_as: str
    """What stands in its place from now on: `GONE`, in French."""
    now: datetime


@dataclass(frozen=True, slots=True)
class Renaming:
    """A member has chosen another name."""

    member_id: int
    old: str
    new: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do when it is due, safely done twice or by two processes at once."""

    name: str
    run: Callable[[datetime], Awaitable[int]]
    """Does what is due at this instant; returns how many things it did."""
    every: timedelta = timedelta(minutes=1)
    in_doubt: bool = False
    """Whether it is done even while the hour is in doubt, the clock having just been set: if it does no harm then."""


@dataclass(frozen=True, slots=True)
class Payable:
    """Something that is paid for by card. All three are called in a transaction of `app.payments`, and are safely done
    twice; a thing that is gone is no error."""

    kind: str
    lock: Callable[[int], Awaitable[Any]]
    """Locks the thing, and what stands before it in the order of locking (members, rooms, the thing itself), before the
    checkout is. What it returns is handed to the other two."""
    paid: Callable[[Any, int, int, datetime], Awaitable[int]]
    """`(locked, checkout_id, cents, now)`: so much was paid. Returns how much of it is given back now: all of it, when
    what it was for is no more to be had, or the thing is gone."""
    ended: Callable[[Any, int, datetime], Awaitable[None]]
    """`(locked, checkout_id, now)`: it ended without payment. Frees what was held for it."""


@dataclass(frozen=True, slots=True)
class Spendable:
    """Something that money is spent for, as it stands in the accounts."""

    thing_id: int
    title: str
    starts_at: datetime
    href: str


@dataclass(frozen=True, slots=True)
class Spends:
    """What money is spent for, by those who make it."""

    kind: str
    """`entry.kind` of such a thing."""
    near: Callable[[int, int | None, datetime], Awaitable[Sequence[Spendable]]]
    """`(place_id, member_id, now)`: those of the place that something may be bought for now, the nearest first; of one
    member, those that they opened or have a turn of."""
    by_id: Callable[[Sequence[int]], Awaitable[Mapping[int, Spendable]]]
    """These, whenever they are."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Two things about money that should be the same, and are not. Nobody's name, nor what anybody in particular paid
    or was given, stands in it: numbers of rows, and sums."""

    what: str
    """Which of the things that are compared, in a word: `pot`, `payment_line`."""
    about: str
    """The thing by its number, as it is called elsewhere: `checkout-12`, `meal-3`."""
    expected_cents: int
    found_cents: int
    words: str
    """What is not as it should be: the end of a sentence, in English, for whoever runs the server."""
    place_id: int | None = None
    """None for what is of the whole account at Stripe."""


@dataclass(frozen=True, slots=True)
class Taking:
    """A sum that people brought, of so many that nobody learns what one of them did."""

    day: date
    title: str
    """Of the thing that it is of; empty for what came together from several."""
    thing_id: int | None
    account: str
    """Where it went: `app.accounts.states.Account`."""
    cents: int


@dataclass(frozen=True, slots=True)
class Domain:
    """The manifest of a domain."""

    name: str
    routers: Sequence[Router] = ()
    nav: Sequence[NavItem] = ()
    entry_kinds: Sequence[EntryKind] = ()
    refusals: Mapping[Refusal, str] = field(default_factory=dict)
    """Each refusal's sentence: a French msgid, with the details' names in %(…)s."""
    concerns: Callable[[Visit], Awaitable[Sequence[Concern]]] | None = None
    asks: Callable[[Visit], Awaitable[Sequence[Asked]]] | None = None
    """What this member is asked in person and has not answered, what is soonest first: stands above their own dates.
    Asked on each of their agenda's pages, so it is read once between two writes."""
    settled: Callable[[int, datetime], Awaitable[int]] | None = None
    """How many things settled themselves at a place since that instant, without a mediator."""
    search: Callable[[Visit, str, int], Awaitable[Sequence[Found]]] | None = None
    """What this visit may see of the domain that answers these words, the nearest first, at most so many."""
    journal_acts: Mapping[str, str] = field(default_factory=dict)
    """`journal_line.act` → French msgid of what was done: of each that the domain writes, since those that members do
    not read stand in the copy of one's data."""
    keeps: Sequence[Kept] = ()
    """What it keeps about people today: with what its jobs forget, this is changed as well."""
    jobs: Sequence[Job] = ()
    jobs_about: Callable[[Mapping[str, EntryKind]], Sequence[Job]] | None = None
    """More jobs, which need all domains' kinds of entries."""
    jobs_of_all: Callable[[Sequence[Domain]], Sequence[Job]] | None = None
    """More jobs, which need all domains."""
    export_of: Callable[[int], Awaitable[Sequence[Exported]]] | None = None
    """All that is kept about this member: of others only what the member sees anyway, and no secret, nor its hash."""
    leaving: Callable[[int, datetime], Awaitable[Leaving]] | None = None
    """What this member has to do first, and what erasing would do. Changes nothing."""
    erase: Callable[[Erasure], Awaitable[None]] | None = None
    """Forgets a member, in the caller's transaction, which holds the member's row. Called in the order of the registry,
    identity first: the member belongs nowhere any more, and is told nothing. What hinders (`leaving`) is passed over:
    an older state may have it. Safely done twice."""
    renamed: Callable[[Renaming], Awaitable[None]] | None = None
    """Changes the name in what others were told, in the caller's transaction: whoever is erased later is known by the
    new one alone."""
    may_less: Callable[[int, datetime], Awaitable[None]] | None = None
    """This member may less than before: mediates at one more place, belongs no more to one, or is said to be under age.
    Takes back what is not for them any more and tells them, in the caller's transaction, which holds the member's row.
    Safely done twice."""
    set_back: Callable[[datetime, datetime, bool], Awaitable[None]] | None = None
    """The clock was set back: it is the first hour now, the second was the latest seen, and the third says whether that
    was believed: not so of a clock that had just been set, or that a machine started with. Ends for good what had
    expired by then, and lets nothing wait for an hour that comes only much later. Safely done twice."""
    offers: Offers | None = None
    payable: Payable | None = None
    checks: Callable[[datetime], Awaitable[Sequence[Difference]]] | None = None
    """All that does not agree in what it keeps about money. Reads, takes no lock, and changes nothing."""
    spends: Spends | None = None
    takings: Callable[[int, date, date], Awaitable[Sequence[Taking]]] | None = None
    """What people brought to this place from one day to another, both included, as far as it may be told: sums that are
    the same whoever asks, and whenever."""
    demo: str = ""
    """The name of the module whose `seed` fills a demonstration, loaded for that alone; gets the `app.demo.Stage`."""
    demo_after: str = ""
    """The domain whose `demo` has to come before, whatever the order of the registry."""
