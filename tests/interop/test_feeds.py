"""What calendar programs make of our feeds: the same hours, titles and states as we meant, in each of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from app.calendar.icalendar import Happening, Personal, Words, calendar_bytes, event_bytes, uid
from app.clock import from_local
from tests.interop.clients import ProgramFailed, Reader, Seen, read_with_khal, sync_with_vdirsyncer
from tests.interop.server import FeedServer

WORDS = Words(cancelled="ANNULÉ – ", hosted_by="Avec %(names)s")
INSTALLATION = "4f0c2b9a.reseau"


def happening(number: int, title: str, start: datetime, end: datetime, *, cancelled: bool = False) -> Happening:
    return Happening(
        uid=uid("workshop", number, INSTALLATION),
        sequence=0,
        modified_at=datetime(2026, 10, 1, 8, tzinfo=UTC),
        starts_at=start,
        ends_at=end,
        title=title,
        description="À prendre : ton CV ; de quoi écrire, et du temps.\nOn le lit à deux.",
        location="Salle bleue, 3 rue de l’Égalité, 93350 Le Bourget",
        url=f"https://reseau.example.org/ateliers/{number}",
        categories=("Atelier",),
        organizer_name="Le Réseau",
        cancelled=cancelled,
    )


CV_TROC = happening(1, "CV-troc", from_local("2026-11-24T14:00"), from_local("2026-11-24T15:30"))
CANCELLED = happening(2, "Café-débat", from_local("2026-11-25T10:00"), from_local("2026-11-25T12:00"), cancelled=True)
AROUND_THE_CLOCK_CHANGES = (
    happening(10, "La veille d’octobre", from_local("2026-10-24T14:00"), from_local("2026-10-24T16:00")),
    happening(11, "L’heure qui revient", from_local("2026-10-25T02:30"), from_local("2026-10-25T02:30", fold=1)),
    happening(12, "La nuit longue", from_local("2026-10-25T01:00"), from_local("2026-10-25T04:00")),
    happening(13, "Le lendemain d’octobre", from_local("2026-10-26T14:00"), from_local("2026-10-26T16:00")),
    happening(20, "La veille de mars", from_local("2027-03-27T14:00"), from_local("2027-03-27T16:00")),
    happening(21, "L’heure qui manque", from_local("2027-03-28T01:30"), from_local("2027-03-28T03:30")),
    happening(22, "Le lendemain de mars", from_local("2027-03-29T14:00"), from_local("2027-03-29T16:00")),
)


def calendar(*happenings: Happening, personal: Personal | None = None) -> bytes:
    return calendar_bytes(
        "Agenda, Le Réseau",
        [event_bytes(one, WORDS, personal) for one in happenings],
        color="teal",
        url="https://reseau.example.org/agenda",
        description="Ateliers, repas et tours",
    )


def meant(*happenings: Happening) -> list[Seen]:
    return sorted(
        Seen(
            one.starts_at,
            one.ends_at,
            f"ANNULÉ – {one.title}" if one.cancelled else one.title,
            "CANCELLED" if one.cancelled else "CONFIRMED",
        )
        for one in happenings
    )


class TestEachProgram:
    def test_sees_the_hours_around_both_clock_changes(self, feed: FeedServer, read: Reader) -> None:
        feed.body = calendar(*AROUND_THE_CLOCK_CHANGES)

        assert read(feed.url) == meant(*AROUND_THE_CLOCK_CHANGES)

    def test_shows_what_is_cancelled_as_cancelled(self, feed: FeedServer, read: Reader) -> None:
        feed.body = calendar(CV_TROC, CANCELLED)

        assert read(feed.url) == meant(CV_TROC, CANCELLED)
        assert [seen.title for seen in read(feed.url)] == ["CV-troc", "ANNULÉ – Café-débat"]

    @pytest.mark.parametrize("read", ["icalendar", "ical.js", "node-ical"], indirect=True)
    def test_keeps_the_uid(self, feed: FeedServer, read: Reader) -> None:
        feed.body = calendar(CV_TROC, CANCELLED)

        assert [seen.uid for seen in read(feed.url)] == [CV_TROC.uid, CANCELLED.uid]

    def test_takes_a_feed_without_events(self, feed: FeedServer, read: Reader) -> None:
        feed.body = calendar()

        # One event stands in, so long ago that nobody sees it (app/calendar/icalendar.py).
        assert [seen for seen in read(feed.url) if seen.end > datetime(2000, 1, 2, tzinfo=UTC)] == []

    def test_takes_a_title_that_tries_to_break_out(self, feed: FeedServer, read: Reader) -> None:
        nasty = replace(
            CV_TROC,
            title='a\r\nEND:VEVENT\u2028BEGIN:VEVENT\x85UID:x ; \\ , "\x00\ud800 🙂 ' + "é" * 300,
            description="\u2028END:VCALENDAR\n" + "🏳️‍🌈" * 500,
            location="\x0cEND:VEVENT\x0b",
        )
        feed.body = calendar(nasty, CANCELLED)

        first, second = read(feed.url)
        assert first.title == 'a END:VEVENT BEGIN:VEVENT UID:x ; \\ , " 🙂 ' + "é" * 300
        assert second.title == "ANNULÉ – Café-débat"

    def test_takes_a_personal_feed(self, feed: FeedServer, read: Reader) -> None:
        feed.body = calendar(
            CV_TROC, CANCELLED, personal=Personal(discreet_title="Rendez-vous", private=True, alarm_minutes=30)
        )

        assert [seen.title for seen in read(feed.url)] == ["Rendez-vous", "ANNULÉ – Rendez-vous"]

    def test_takes_500_events(self, feed: FeedServer, read: Reader) -> None:
        many = [
            happening(number, f"Atelier {number}", start, start + timedelta(hours=1))
            for number in range(100, 600)
            for start in (CV_TROC.starts_at + timedelta(hours=number),)
        ]
        feed.body = calendar(*many)

        assert read(feed.url) == meant(*many)


class TestVdirsyncerAndKhal:
    def test_a_second_sync_of_an_unchanged_feed_does_nothing(self, feed: FeedServer, tmp_path: Path) -> None:
        feed.body = calendar(CV_TROC, CANCELLED)

        assert len(sync_with_vdirsyncer(feed.url, tmp_path)) == 2
        assert sync_with_vdirsyncer(feed.url, tmp_path) == []

    def test_a_new_title_arrives(self, feed: FeedServer, tmp_path: Path) -> None:
        feed.body = calendar(CV_TROC, CANCELLED)
        read_with_khal(feed.url, tmp_path)
        renamed = replace(
            CV_TROC, title="CV-troc du mardi", sequence=1, modified_at=CV_TROC.modified_at + timedelta(seconds=1)
        )
        feed.body = calendar(renamed, CANCELLED)

        assert read_with_khal(feed.url, tmp_path) == meant(renamed, CANCELLED)

    def test_a_new_hour_arrives(self, feed: FeedServer, tmp_path: Path) -> None:
        feed.body = calendar(CV_TROC, CANCELLED)
        read_with_khal(feed.url, tmp_path)
        moved = replace(CV_TROC, starts_at=CV_TROC.starts_at - timedelta(days=1), sequence=1)
        feed.body = calendar(moved, CANCELLED)

        assert read_with_khal(feed.url, tmp_path) == meant(moved, CANCELLED)

    def test_what_left_the_feed_leaves_the_telephone(self, feed: FeedServer, tmp_path: Path) -> None:
        feed.body = calendar(CV_TROC, CANCELLED)
        read_with_khal(feed.url, tmp_path)
        feed.body = calendar(CANCELLED)

        assert read_with_khal(feed.url, tmp_path) == meant(CANCELLED)

    def test_a_choice_of_the_owner_arrives(self, feed: FeedServer, tmp_path: Path) -> None:
        feed.body = calendar(CV_TROC)
        read_with_khal(feed.url, tmp_path)
        feed.body = calendar(CV_TROC, personal=Personal(discreet_title="Rendez-vous"))

        assert [seen.title for seen in read_with_khal(feed.url, tmp_path)] == ["Rendez-vous"]

    def test_an_emptied_feed_empties_the_telephone(self, feed: FeedServer, tmp_path: Path) -> None:
        feed.body = calendar(CV_TROC)
        read_with_khal(feed.url, tmp_path)
        feed.body = calendar()

        assert read_with_khal(feed.url, tmp_path) == []

    def test_vdirsyncer_would_refuse_a_feed_without_any_event(self, feed: FeedServer, tmp_path: Path) -> None:
        """Why an empty calendar holds an event: when this fails, vdirsyncer does not need it any more."""
        feed.body = calendar(CV_TROC)
        sync_with_vdirsyncer(feed.url, tmp_path)
        feed.body = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//FR\r\nEND:VCALENDAR\r\n"

        with pytest.raises(ProgramFailed, match="emptied"):
            sync_with_vdirsyncer(feed.url, tmp_path)


class TestConditionalRequests:
    def test_a_known_feed_is_not_sent_again(self, feed: FeedServer) -> None:
        feed.body = calendar(CV_TROC)
        with httpx.Client() as client:
            first = client.get(feed.url)
            by_tag = client.get(feed.url, headers={"If-None-Match": first.headers["ETag"]})
            by_date = client.get(feed.url, headers={"If-Modified-Since": first.headers["Last-Modified"]})
            feed.body = calendar(CANCELLED)
            changed = client.get(feed.url, headers={"If-None-Match": first.headers["ETag"]})

        assert [answer.status_code for answer in (first, by_tag, by_date, changed)] == [200, 304, 304, 200]
        assert (by_tag.content, by_date.content) == (b"", b"")
        assert changed.content == calendar(CANCELLED)
