"""The calendar parts of mails: what RFC 5546 demands of each, and what two independent parsers make of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ical.calendar_stream import CalendarStream
from icalendar import Calendar

from app.calendar.icalendar import Happening, calendar_bytes, event_bytes, uid
from app.calendar.invitations import Invitation, Inviting, invitation_bytes
from app.calendar.kept import kept_words
from tests.calendar.world import KINDS
from tests.client import NOON

STARTS = NOON + timedelta(days=3)
CV_TROC = Happening(
    uid=uid("workshop", 7, "4f0c2b9a.reseau"),
    sequence=1,
    modified_at=NOON - timedelta(days=1),
    starts_at=STARTS,
    ends_at=STARTS + timedelta(hours=2),
    title="On se relit nos CV",
    description="À prendre : ton CV ; de quoi écrire, et du temps.\nOn le lit à deux.",
    location="Salle du fond, Les Tanneurs, 14 rue des Tanneurs, 93200 Saint-Denis",
    url="entry:workshop/7",
    categories=("entry:workshop/cv_troc",),
    organizer_name="Les Tanneurs",
    hosts=("Yann", "Aïcha"),
)
REQUEST = Invitation(
    method="REQUEST",
    sequence=1,
    made_at=NOON,
    organizer="Les Tanneurs",
    organizer_address="bonjour@tanneurs.exemple",
    sent_by="ne-pas-repondre@reseau.exemple",
    attendee_address="samira+reseau@exemple.fr",
)
CANCEL = replace(REQUEST, method="CANCEL", sequence=3, made_at=NOON + timedelta(hours=2))


def part(invitation: Invitation = REQUEST, happening: Happening = CV_TROC) -> str:
    kept = event_bytes(happening, kept_words()).decode()
    return Inviting("https://reseau.exemple", KINDS).part(kept, invitation)


@dataclass(frozen=True)
class Read:
    """What a parser makes of a part."""

    method: str
    uid: str
    sequence: int
    status: str
    title: str
    where: str
    starts_at: datetime
    ends_at: datetime
    made_at: datetime
    organizer: str
    attendees: tuple[str, ...]


def with_icalendar(written: str) -> Read:
    calendar = Calendar.from_ical(written)
    assert isinstance(calendar, Calendar)
    assert not [each.errors for each in calendar.walk() if each.errors]
    (event,) = calendar.events
    attendees = event["ATTENDEE"]
    return Read(
        method=str(calendar["METHOD"]),
        uid=str(event["UID"]),
        sequence=int(str(event["SEQUENCE"])),
        status=str(event["STATUS"]),
        title=str(event["SUMMARY"]),
        where=str(event["LOCATION"]),
        starts_at=event.decoded("DTSTART"),
        ends_at=event.decoded("DTEND"),
        made_at=event.decoded("DTSTAMP"),
        organizer=str(event["ORGANIZER"]),
        attendees=tuple(map(str, attendees if isinstance(attendees, list) else [attendees])),
    )


def with_ical(written: str) -> Read:
    (calendar,) = CalendarStream.from_ics(written).calendars
    (event,) = calendar.events
    assert event.organizer is not None
    return Read(
        method=calendar.method or "",
        uid=event.uid,
        sequence=event.sequence or 0,
        status=str(event.status.value if event.status else ""),
        title=event.summary or "",
        where=event.location or "",
        starts_at=_in_utc(event.dtstart),
        ends_at=_in_utc(event.dtend),
        made_at=_in_utc(event.dtstamp),
        organizer=str(event.organizer.uri),
        attendees=tuple(str(each.uri) for each in event.attendees),
    )


BOTH = pytest.mark.parametrize("read", [with_icalendar, with_ical])


class TestBothParsers:
    @BOTH
    @pytest.mark.parametrize("invitation", [REQUEST, CANCEL])
    def test_read_what_was_meant(self, read: Callable[[str], Read], invitation: Invitation) -> None:
        assert read(part(invitation)) == Read(
            method=invitation.method,
            uid="workshop-7@4f0c2b9a.reseau",
            sequence=invitation.sequence,
            status="CONFIRMED" if invitation.method == "REQUEST" else "CANCELLED",
            title=CV_TROC.title,
            where=CV_TROC.location,
            starts_at=CV_TROC.starts_at,
            ends_at=CV_TROC.ends_at,
            made_at=invitation.made_at,
            organizer="mailto:bonjour@tanneurs.exemple",
            attendees=("mailto:samira+reseau@exemple.fr",),
        )

    @BOTH
    def test_read_names_that_try_to_break_out(self, read: Callable[[str], Read]) -> None:
        nasty = "a\"\r\nATTENDEE:mailto:b@exemple.fr\u2028END:VEVENT\x85;CN=x:^n^' \x00,é\\" + "🏳️‍🌈" * 40
        seen = read(
            part(
                replace(REQUEST, organizer=nasty, attendee_address="o'neil&sons?x=1#é%@exemple.fr"),
                replace(CV_TROC, title=nasty, location=nasty, description=nasty, organizer_name=nasty, hosts=(nasty,)),
            )
        )
        assert seen.attendees == ("mailto:o'neil%26sons%3Fx=1%23%C3%A9%25@exemple.fr",)
        assert seen.organizer == "mailto:bonjour@tanneurs.exemple"
        assert seen.title.startswith('a" ATTENDEE:mailto:b@exemple.fr END:VEVENT ;CN=x:^n^')

    def test_they_would_notice_a_broken_part(self) -> None:
        """Positive control."""
        without_uid = re.sub(r"UID:.*\r\n", "", part())
        never_ended = part().replace("END:VEVENT\r\n", "")
        for read in (with_icalendar, with_ical):
            for broken in (without_uid, never_ended):
                with pytest.raises(Exception, match=r".+"):
                    assert read(broken).uid.startswith("workshop-7@")


class TestWhatTheStandardDemands:
    """RFC 5546, 3.2.2 and 3.2.5."""

    @pytest.mark.parametrize("invitation", [REQUEST, CANCEL])
    def test_each_property_the_right_number_of_times(self, invitation: Invitation) -> None:
        names = [re.split("[:;]", line)[0] for line in lines_of(part(invitation))]
        for once in ("METHOD", "PRODID", "VERSION", "UID", "DTSTAMP", "DTSTART", "DTEND", "SEQUENCE", "STATUS"):
            assert names.count(once) == 1, once
        for once in ("ORGANIZER", "ATTENDEE", "SUMMARY", "LAST-MODIFIED", "URL", "LOCATION"):
            assert names.count(once) == 1, once
        assert not {"REQUEST-STATUS", "RRULE", "VALARM", "X-WR-CALNAME", "NAME"} & set(names)

    def test_one_attendee_who_has_said_yes_and_is_asked_nothing(self) -> None:
        (attendee,) = (line for line in lines_of(part()) if line.startswith("ATTENDEE"))
        assert attendee == (
            "ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=FALSE;"
            'CN="samira+reseau@exemple.fr":mailto:samira+reseau@exemple.fr'
        )

    def test_the_sender_stands_beside_the_organizer_unless_it_is_the_same(self) -> None:
        by = 'SENT-BY="mailto:ne-pas-repondre@reseau.exemple"'
        assert f'ORGANIZER;CN="Les Tanneurs";{by}:mailto:bonjour@tanneurs.exemple' in lines_of(part())
        same = part(replace(REQUEST, sent_by="bonjour@tanneurs.exemple"))
        assert 'ORGANIZER;CN="Les Tanneurs":mailto:bonjour@tanneurs.exemple' in lines_of(same)

    def test_what_is_cancelled_leaves_the_time_free(self) -> None:
        lines = lines_of(part(CANCEL))
        assert {"STATUS:CANCELLED", "TRANSP:TRANSPARENT", "LAST-MODIFIED:20261124T130000Z"} <= set(lines)
        cancelled = lines_of(part(CANCEL, replace(CV_TROC, cancelled=True)))
        assert [line for line in cancelled if line.startswith(("STATUS", "TRANSP"))] == [
            "STATUS:CANCELLED",
            "TRANSP:TRANSPARENT",
        ]

    def test_lines_are_folded_and_end_as_they_must(self) -> None:
        long = replace(CV_TROC, title="é" * 300)
        written = part(replace(REQUEST, organizer="Les Tanneurs et leurs amis, " * 9), long).encode()
        assert written.endswith(b"END:VCALENDAR\r\n")
        assert b"\n" not in written.replace(b"\r\n", b"")
        assert max(len(line) for line in written.split(b"\r\n")) <= 75

    def test_it_is_the_same_whenever_it_is_made(self) -> None:
        assert part() == part()
        assert "DTSTAMP:20261124T110000Z" in lines_of(part())

    def test_it_leads_to_our_site_and_names_no_other_person(self) -> None:
        lines = lines_of(part())
        assert "URL:https://reseau.exemple/ateliers/7" in lines
        assert "CATEGORIES:Ateliers,CV-troc" in lines
        assert not re.search(r"entry:", part())
        public = part(happening=replace(CV_TROC, hosts=()))
        assert "Yann" in part()
        assert "Yann" not in public

    def test_what_is_no_kept_event_is_refused(self) -> None:
        with pytest.raises(ValueError, match="not a VEVENT"):
            invitation_bytes(b"BEGIN:VEVENT\r\n", REQUEST)


class TestOneEventInFeedAndMail:
    def test_it_has_one_name(self) -> None:
        feed = calendar_bytes(
            "Agenda", [event_bytes(CV_TROC, kept_words())], color="teal", url="https://reseau.exemple/agenda"
        )
        in_feed, in_mail = Calendar.from_ical(feed), Calendar.from_ical(part())
        assert in_feed.walk("VEVENT")[0]["UID"] == in_mail.walk("VEVENT")[0]["UID"]

    def test_khal_follows_a_request_a_change_and_the_end(self, tmp_path: Path) -> None:
        khal = Khal(tmp_path)
        khal.take(part())
        assert khal.shows() == [("12:00", CV_TROC.title, "CONFIRMED")]
        later = replace(CV_TROC, starts_at=STARTS + timedelta(hours=1), ends_at=STARTS + timedelta(hours=2), sequence=2)
        khal.take(part(replace(REQUEST, sequence=2, made_at=NOON + timedelta(hours=1)), later))
        assert khal.shows() == [("13:00", CV_TROC.title, "CONFIRMED")]
        khal.take(part(CANCEL, later))
        assert khal.shows() == [("13:00", CV_TROC.title, "CANCELLED")]
        assert len(list((tmp_path / "events").glob("*.ics"))) == 1


class Khal:
    """A calendar on somebody's computer, into which the parts of mails are imported one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "events").mkdir()
        (folder / "config").write_text(
            f"[calendars]\n[[mine]]\npath = {folder}/events\n"
            "[locale]\nlocal_timezone = Europe/Paris\ndefault_timezone = Europe/Paris\n"
            "timeformat = %H:%M\ndateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\n"
            "datetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n"
            f"[sqlite]\npath = {folder}/khal.db\n"
        )

    def take(self, written: str) -> None:
        (self.folder / "part.ics").write_bytes(written.encode())
        self._run("import", "--batch", "-a", "mine", str(self.folder / "part.ics"))

    def shows(self) -> list[tuple[str, str, str]]:
        fields = ("--json", "start-time", "--json", "title", "--json", "status")
        said = self._run("list", "--once", *fields, "2026-11-20", "30d")
        found: list[dict[str, Any]] = [
            event for line in said.splitlines() if line.startswith("[") for event in json.loads(line)
        ]
        return [(event["start-time"], event["title"], event["status"]) for event in found]

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "khal", "-c", str(self.folder / "config"), *arguments],
            capture_output=True,
            encoding="utf-8",
            env={"HOME": str(self.folder), "PYTHONIOENCODING": "utf-8", "PATH": "/usr/bin:/bin"},
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def lines_of(written: str) -> list[str]:
    return re.sub("\r\n[ \t]", "", written).splitlines()


def _in_utc(at: Any) -> datetime:
    assert isinstance(at, datetime)
    return at.astimezone(UTC)
