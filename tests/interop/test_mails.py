"""What the calendar programs of others make of the event in a mail: the same as of the feed, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.calendar.icalendar import Happening, event_bytes
from app.calendar.invitations import Invitation, Inviting
from tests.calendar.world import KINDS
from tests.interop.clients import Reader
from tests.interop.server import FeedServer
from tests.interop.test_feeds import CV_TROC, WORDS, meant

REQUEST = Invitation(
    method="REQUEST",
    sequence=1,
    made_at=datetime(2026, 11, 20, 8, tzinfo=UTC),
    organizer="Les Tanneurs",
    organizer_address="bonjour@tanneurs.exemple",
    sent_by="ne-pas-repondre@reseau.exemple",
    attendee_address="samira@exemple.fr",
)
EACH = pytest.mark.parametrize("read", ["icalendar", "ical.js", "node-ical", "khal"], indirect=True)


def part(invitation: Invitation = REQUEST, happening: Happening = CV_TROC) -> bytes:
    return Inviting("https://reseau.exemple", KINDS).part(event_bytes(happening, WORDS).decode(), invitation).encode()


class TestEachProgram:
    @EACH
    def test_sees_the_event(self, feed: FeedServer, read: Reader) -> None:
        feed.body = part()
        (seen,) = read(feed.url)
        assert [seen] == meant(CV_TROC)
        assert seen.uid in (CV_TROC.uid, None)

    @EACH
    def test_sees_that_it_is_over(self, feed: FeedServer, read: Reader) -> None:
        feed.body = part(replace(REQUEST, method="CANCEL", sequence=2))
        (seen,) = read(feed.url)
        assert (seen.status, seen.title, seen.start) == ("CANCELLED", CV_TROC.title, CV_TROC.starts_at)

    @EACH
    def test_takes_names_that_try_to_break_out(self, feed: FeedServer, read: Reader) -> None:
        nasty = 'a"\r\nEND:VEVENT\u2028BEGIN:VEVENT\x85;CN=x:^n \x00,é' + "🏳️‍🌈" * 40
        feed.body = part(replace(REQUEST, organizer=nasty), replace(CV_TROC, title=nasty, organizer_name=nasty))
        (seen,) = read(feed.url)
        assert seen.title.startswith('a" END:VEVENT BEGIN:VEVENT ;CN=x:^n ,é')
