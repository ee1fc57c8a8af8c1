"""The two VEVENTs that are kept with each entry: for everybody, and with its hosts' names for members.

Written only when something visible changes. What belongs to the installation rather than to the entry (the site's
address, the French names of kinds) stands as marks in them, which `app.calendar.feeds` fills in when it answers: a new
host name moves nobody's SEQUENCE.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from app.calendar.icalendar import Happening, Words, event_bytes, uid
from app.calendar.states import EntryState
from app.i18n import language

KEPT_LANGUAGE = "fr"
"""Feeds are read by everyone in the place, in the place's language."""
HOSTS_JOINT = "\n"
"""Between the hosts' names in `entry.hosts`: no name holds a line end."""


def kept_words() -> Words:
    """The words that kept VEVENTs are made with."""
    spoken = language(KEPT_LANGUAGE)
    return Words(cancelled=spoken.gettext("ANNULÉ –") + " ", hosted_by=spoken.gettext("Avec %(names)s"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Visible:
    """All that the VEVENTs of an entry hang on."""

    installation: str
    kind: str
    thing_id: int
    sequence: int
    modified_at: datetime
    starts_at: datetime
    ends_at: datetime
    state: EntryState
    title: str
    genre: str
    summary: str
    hosts: str
    language: str
    step_free: bool
    children: bool
    room: str | None
    place: str
    address: str


def kept_events(visible: Visible) -> tuple[str, str]:
    """The VEVENT for everybody and the one for members, as text to be kept."""
    happening = Happening(
        uid=uid(visible.kind, visible.thing_id, visible.installation),
        sequence=visible.sequence,
        modified_at=visible.modified_at,
        starts_at=visible.starts_at,
        ends_at=visible.ends_at,
        title=visible.title,
        description=_description(visible),
        location=", ".join(part for part in (visible.room, visible.place, visible.address) if part),
        url=f"entry:{visible.kind}/{visible.thing_id}",
        categories=(f"entry:{visible.kind}/{visible.genre}",),
        cancelled=visible.state is EntryState.CANCELLED,
        tentative=visible.state is EntryState.TENTATIVE,
        organizer_name=visible.place,
    )
    words = kept_words()
    public = event_bytes(happening, words).decode()
    if not visible.hosts:
        return public, public
    named = replace(happening, hosts=tuple(visible.hosts.split(HOSTS_JOINT)))
    return public, event_bytes(named, words).decode()


def _description(visible: Visible) -> str:
    spoken = language(KEPT_LANGUAGE)
    facts = []
    if visible.language == "en":
        facts.append(spoken.gettext("En anglais."))
    if visible.step_free:
        facts.append(spoken.gettext("Accessible sans marche."))
    if visible.children:
        facts.append(spoken.gettext("Enfants bienvenus."))
    return "\n\n".join(part for part in (visible.summary, " ".join(facts)) if part)
