"""VEVENTs and calendars: what they say, that they never change by themselves, and that no text breaks them."""

import re
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import icalendar
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from icalendar.parser import unescape_backslash

from app.calendar.icalendar import (
    FORMAT,
    Happening,
    Personal,
    Words,
    calendar_bytes,
    clean_line,
    clean_text,
    event_bytes,
    next_modified,
    personal_bytes,
    uid,
)
from app.clock import at_local, from_local

GOLDEN = Path(__file__).parent / "golden"
WORDS = Words(cancelled="ANNULÉ – ", hosted_by="Avec %(names)s")
INSTALLATION = "4f0c2b9a.reseau"
CV_TROC = Happening(
    uid=uid("workshop", 12, INSTALLATION),
    sequence=3,
    modified_at=datetime(2026, 10, 1, 8, 30, 5, tzinfo=UTC),
    starts_at=from_local("2026-10-24T14:00"),
    ends_at=from_local("2026-10-24T15:30"),
    title="CV-troc : « on se relit »",
    description="Viens avec ton CV, même vieux.\nOn le lit à deux.",
    location="Salle bleue, 3 rue de l’Égalité, 93350 Le Bourget",
    url="https://reseau.example.org/ateliers/12",
    categories=("Atelier",),
    organizer_name="Le Réseau, Le Bourget",
    hosts=("Aïcha", "Marc D."),
)
ALWAYS = {"SUMMARY", "DTSTART", "DTEND", "DTSTAMP", "LAST-MODIFIED", "UID", "SEQUENCE", "STATUS"}
BREAKING = (
    "\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:intruder\r\n",
    "a\nATTENDEE:mailto:x@example.org",
    "a\rX-INJECTED:1",
    "a\u2028BEGIN:VEVENT\u2029END:VEVENT\x85X:1\x0bX:1\x0cX:1\x1cX:1\x1dX:1\x1eX:1",
    "a\x00b\x07c\x1bd\x7fe\x9ff",
    "alone \ud83d and \udc4d, reversed \udc4d\ud83d",
    r"C:\Notes\new; a\, b\\N \; \: \\",
    '"quotes" ; semi, comma: colon^n^^',
    "\ufeffmark at the start, \ufffe and \uffff",
    "👩🏽‍🚒🏳️‍🌈é" * 800,
    "x" * 10_240,
    "\t tab \t and   spaces  ",
    " " * 200 + "\xa0" * 200,
    "\\" * 500,
    "%41%zz%",
    "",
)
any_text = st.one_of(
    st.sampled_from(BREAKING),
    st.text(st.characters(exclude_categories=())),
    st.text(st.sampled_from("aé🙂\\;,:\"'nN \t\r\n\x00\u2028\ud800=^%")),
)


def feed(*happenings: Happening, personal: Personal | None = None) -> bytes:
    return calendar_bytes(
        "Agenda",
        [event_bytes(happening, WORDS, personal) for happening in happenings],
        color="teal",
        url="https://reseau.example.org/agenda",
    )


def lines_of(written: bytes) -> list[str]:
    """The unfolded lines, as any reader sees them."""
    return written.replace(b"\r\n ", b"").decode().split("\r\n")[:-1]


def properties_of(written: bytes) -> dict[str, str]:
    return dict(line.split(":", 1) for line in lines_of(written) if not line.startswith(("BEGIN:", "END:")))


def parsed(written: bytes) -> Any:
    """The calendar as the library reads it, without a single complaint. Its properties have too many types to name."""
    calendar = icalendar.Calendar.from_ical(written)
    assert isinstance(calendar, icalendar.Calendar)
    assert [component.errors for component in calendar.walk() if component.errors] == []
    return calendar


def only_event(written: bytes) -> Any:
    (event,) = parsed(written).walk("VEVENT")
    return event


class TestEvent:
    def test_it_says_all_of_a_happening(self) -> None:
        said = properties_of(event_bytes(CV_TROC, WORDS))

        assert said == {
            "SUMMARY": "CV-troc : « on se relit »",
            "DTSTART": "20261024T120000Z",
            "DTEND": "20261024T133000Z",
            "DTSTAMP": "20261001T083005Z",
            "LAST-MODIFIED": "20261001T083005Z",
            "UID": "workshop-12@4f0c2b9a.reseau",
            "SEQUENCE": "3",
            "STATUS": "CONFIRMED",
            "DESCRIPTION": r"Viens avec ton CV\, même vieux.\nOn le lit à deux.\n\nAvec Aïcha\, Marc D.",
            "LOCATION": r"Salle bleue\, 3 rue de l’Égalité\, 93350 Le Bourget",
            "URL": "https://reseau.example.org/ateliers/12",
            "CATEGORIES": "Atelier",
            "CONTACT": r"Le Réseau\, Le Bourget",
        }

    def test_what_is_not_given_leaves_no_line(self) -> None:
        bare = replace(CV_TROC, description="", location="", url="", categories=(), organizer_name=None, hosts=())

        assert set(properties_of(event_bytes(bare, WORDS))) == ALWAYS

    def test_a_public_event_names_nobody(self) -> None:
        assert b"Marc" not in event_bytes(replace(CV_TROC, hosts=()), WORDS)

    def test_a_cancelled_one_says_so_thrice(self) -> None:
        said = properties_of(event_bytes(replace(CV_TROC, cancelled=True, tentative=True), WORDS))

        assert said["SUMMARY"] == "ANNULÉ – CV-troc : « on se relit »"
        assert said["STATUS"] == "CANCELLED"
        assert said["TRANSP"] == "TRANSPARENT"

    def test_a_tentative_one_says_so(self) -> None:
        assert properties_of(event_bytes(replace(CV_TROC, tentative=True), WORDS))["STATUS"] == "TENTATIVE"

    @pytest.mark.parametrize(
        ("start", "fold", "end", "end_fold", "written"),
        [
            ("2027-03-28T01:30", 0, "2027-03-28T03:30", 0, ("20270328T003000Z", "20270328T013000Z")),
            ("2026-10-25T02:30", 0, "2026-10-25T02:30", 1, ("20261025T003000Z", "20261025T013000Z")),
            ("2026-10-25T01:00", 0, "2026-10-25T04:00", 0, ("20261024T230000Z", "20261025T030000Z")),
        ],
        ids=["the hour that is missing", "the hour that comes twice", "the long night"],
    )
    def test_the_clocks_change(self, start: str, fold: int, end: str, end_fold: int, written: tuple[str, str]) -> None:
        event = replace(CV_TROC, starts_at=from_local(start, fold=fold), ends_at=from_local(end, fold=end_fold))

        said = properties_of(event_bytes(event, WORDS))

        assert (said["DTSTART"], said["DTEND"]) == written

    def test_other_time_zones_give_the_same_bytes(self) -> None:
        india = timezone(timedelta(hours=5, minutes=30))
        elsewhere = replace(
            CV_TROC,
            starts_at=CV_TROC.starts_at.astimezone(india),
            ends_at=CV_TROC.ends_at.astimezone(india),
            modified_at=CV_TROC.modified_at.astimezone(india),
        )

        assert event_bytes(elsewhere, WORDS) == event_bytes(CV_TROC, WORDS)

    def test_fractions_of_a_second_are_dropped(self) -> None:
        late = replace(CV_TROC, modified_at=CV_TROC.modified_at.replace(microsecond=999_999))

        assert event_bytes(late, WORDS) == event_bytes(CV_TROC, WORDS)

    @pytest.mark.parametrize("field", ["starts_at", "ends_at", "modified_at"])
    def test_it_refuses_a_time_without_a_zone(self, field: str) -> None:
        with pytest.raises(ValueError, match="without a time zone"):
            replace(CV_TROC, **{field: getattr(CV_TROC, field).replace(tzinfo=None)})

    @pytest.mark.parametrize("length", [timedelta(0), timedelta(microseconds=900_000), timedelta(hours=-1)])
    def test_it_refuses_an_end_that_does_not_come_after_the_start(self, length: timedelta) -> None:
        with pytest.raises(ValueError, match="after the start"):
            replace(CV_TROC, ends_at=CV_TROC.starts_at + length)

    def test_it_refuses_a_sequence_below_zero(self) -> None:
        with pytest.raises(ValueError, match="below zero"):
            replace(CV_TROC, sequence=-1)

    def test_a_url_cannot_hold_what_no_uri_holds(self) -> None:
        said = properties_of(event_bytes(replace(CV_TROC, url="https://x.example/a b\r\nX:é?q=1#top%20"), WORDS))

        assert said["URL"] == "https://x.example/a%20b%20X:%C3%A9?q=1#top%20"


class TestAnyText:
    @given(any_text, any_text, any_text, any_text, any_text, any_text, any_text)
    def test_it_parses_says_the_same_and_adds_no_line(
        self, title: str, description: str, location: str, url: str, category: str, organizer: str, host: str
    ) -> None:
        odd = replace(
            CV_TROC,
            title=title,
            description=f"début\n{description}\nfin",
            location=f"à {location}.",
            url=f"https://x.example/{url}",
            categories=("Atelier", f"{category}."),
            organizer_name=f"à {organizer}.",
            hosts=(f"à {host}.", "Marc"),
        )
        written = feed(odd, CV_TROC)
        plain = feed(CV_TROC, CV_TROC)
        first, second = parsed(written).walk("VEVENT")

        assert len(lines_of(written)) == len(lines_of(plain))
        # What vdirsyncer does: a feed is cut wherever Python sees the end of a line.
        assert written.decode().splitlines() == written.decode().split("\r\n")[:-1]
        assert first["SUMMARY"] == clean_line(title)
        assert first["DESCRIPTION"] == (
            clean_text(f"début\n{description}\nfin") + f"\n\nAvec {clean_line(f'à {host}.')}, Marc"
        )
        assert first["LOCATION"] == clean_line(f"à {location}.")
        assert first["CONTACT"] == clean_line(f"à {organizer}.")
        assert list(first["CATEGORIES"].cats) == ["Atelier", clean_line(f"{category}.")]
        assert str(first["URL"]).startswith("https://x.example/")
        assert second["SUMMARY"] == CV_TROC.title

    @given(any_text)
    def test_no_line_is_longer_than_75_octets(self, text: str) -> None:
        written = feed(replace(CV_TROC, title=text, description=text, location=text, url=f"https://x.example/{text}"))

        assert max(len(line) for line in written.split(b"\r\n")) <= 75
        assert b"\n" not in written.replace(b"\r\n", b"")

    @given(any_text, any_text)
    def test_a_calendar_can_have_any_name(self, name: str, description: str) -> None:
        written = calendar_bytes(
            name, [event_bytes(CV_TROC, WORDS)], color="teal", url="https://x.example/", description=f"à {description}."
        )
        calendar = parsed(written)

        # icalendar 7.3 does not know NAME and leaves its value escaped.
        assert unescape_backslash(calendar["NAME"]) == clean_line(name)
        assert calendar["DESCRIPTION"] == clean_text(f"à {description}.")
        assert len(lines_of(written)) == len(lines_of(feed(CV_TROC))) + 2
        assert written.decode().splitlines() == written.decode().split("\r\n")[:-1]
        assert max(len(line) for line in written.split(b"\r\n")) <= 75

    @given(any_text)
    @example("a\r\n\r\nb")
    def test_cleaning_twice_is_cleaning_once(self, text: str) -> None:
        cleaned = clean_text(text)

        assert clean_text(cleaned) == cleaned
        assert clean_line(clean_line(text)) == clean_line(text)
        assert "\n" not in clean_line(text)
        cleaned.encode()
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]", cleaned)

    @pytest.mark.parametrize(
        ("text", "cleaned"),
        [
            ("a\r\nb\rc\nd", "a\nb\nc\nd"),
            ("a\u2028b\u2029c\x85d\x0be\x0cf", "a\nb\nc\nd\ne\nf"),
            ("tab\there", "tab here"),
            ("n\x00u\x1bl\x9f \ud800\ufeff.", "nul ."),
            ("« espaces\xa0insécables\u202f»", "« espaces\xa0insécables\u202f»"),
            ("👩🏽‍🚒 مرحبا \u200f", "👩🏽‍🚒 مرحبا \u200f"),
        ],
    )
    def test_what_is_kept_and_what_goes(self, text: str, cleaned: str) -> None:
        assert clean_text(text) == cleaned

    def test_on_one_line(self) -> None:
        assert clean_line("  Un titre \r\n\r\n  en deux lignes\n") == "Un titre en deux lignes"


class TestSameBytes:
    def test_nothing_changed(self) -> None:
        assert feed(CV_TROC) == feed(replace(CV_TROC))

    @pytest.mark.parametrize(
        "change",
        [
            {"sequence": 4},
            {"modified_at": CV_TROC.modified_at + timedelta(seconds=1)},
            {"title": "CV-troc"},
            {"location": "Salle verte"},
            {"cancelled": True},
            {"starts_at": CV_TROC.starts_at - timedelta(minutes=1)},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_a_change_changes_them(self, change: dict[str, Any]) -> None:
        assert feed(replace(CV_TROC, **change)) != feed(CV_TROC)

    def test_the_kept_file_is_still_written(self) -> None:
        """Whoever changes what is written raises FORMAT, which names the file: else programs are told 304 for ever."""
        spring = at_local(date(2027, 3, 28), datetime.min.time())
        happenings = (
            CV_TROC,
            replace(
                CV_TROC,
                uid=uid("meal", 7, INSTALLATION),
                sequence=0,
                title="Repas du samedi ; couscous, tarte",
                starts_at=spring,
                ends_at=spring + timedelta(hours=5),
                cancelled=True,
                hosts=(),
                categories=("Repas", "Cuisine, service"),
                url="https://reseau.example.org/repas/7",
            ),
            replace(CV_TROC, uid=uid("turn", 3, INSTALLATION), tentative=True, description="é" * 80 + "🙂" * 20),
        )
        written = calendar_bytes(
            "Le Réseau, agenda",
            [event_bytes(happening, WORDS) for happening in happenings],
            color="gold",
            url="https://reseau.example.org/agenda",
            description="Ateliers, repas et tours",
        )

        assert written == (GOLDEN / f"agenda-format-{FORMAT}.ics").read_bytes()


class TestPersonal:
    def test_nothing_chosen_changes_nothing(self) -> None:
        kept = event_bytes(CV_TROC, WORDS)

        assert personal_bytes(kept, WORDS, Personal()) == kept

    def test_discreet_tells_when_and_nothing_else(self) -> None:
        discreet = Personal(discreet_title="Rendez-vous")
        said = properties_of(event_bytes(CV_TROC, WORDS, discreet))

        assert set(said) == ALWAYS
        assert said["SUMMARY"] == "Rendez-vous"

    def test_a_discreet_one_still_says_that_it_is_cancelled(self) -> None:
        cancelled = replace(CV_TROC, cancelled=True)
        said = properties_of(event_bytes(cancelled, WORDS, Personal(discreet_title="Rendez-vous")))

        assert said["SUMMARY"] == "ANNULÉ – Rendez-vous"
        assert said["STATUS"] == "CANCELLED"

    def test_private(self) -> None:
        written = feed(CV_TROC, personal=Personal(private=True))

        assert only_event(written)["CLASS"] == "PRIVATE"
        assert only_event(written)["SUMMARY"] == CV_TROC.title

    def test_an_alarm_rings_before(self) -> None:
        event = only_event(feed(CV_TROC, personal=Personal(alarm_minutes=90)))
        (alarm,) = event.walk("VALARM")

        assert alarm["ACTION"] == "DISPLAY"
        assert alarm["DESCRIPTION"] == CV_TROC.title
        assert alarm["TRIGGER"].dt == timedelta(minutes=-90)
        assert event["DESCRIPTION"].startswith("Viens avec ton CV")

    def test_a_cancelled_thing_rings_no_alarm(self) -> None:
        assert b"VALARM" not in event_bytes(replace(CV_TROC, cancelled=True), WORDS, Personal(alarm_minutes=90))

    def test_the_alarm_of_a_discreet_event_is_discreet(self) -> None:
        written = event_bytes(CV_TROC, WORDS, Personal(discreet_title="Rendez-vous", alarm_minutes=0))

        assert b"CV" not in written
        assert written.count(b"Rendez-vous") == 2
        assert b"TRIGGER:-PT0M\r\n" in written

    @given(any_text, any_text)
    def test_any_title_and_any_discreet_title(self, title: str, discreet_title: str) -> None:
        happening = replace(CV_TROC, title=title)
        shown = feed(happening, personal=Personal(private=True, alarm_minutes=15))
        hidden = feed(happening, personal=Personal(discreet_title=discreet_title, alarm_minutes=15))

        assert only_event(shown).walk("VALARM")[0]["DESCRIPTION"] == clean_line(title)
        assert only_event(hidden)["SUMMARY"] == clean_line(discreet_title)
        assert only_event(hidden).walk("VALARM")[0]["DESCRIPTION"] == clean_line(discreet_title)
        for written in (shown, hidden):
            assert max(len(line) for line in written.split(b"\r\n")) <= 75
            assert written.decode().splitlines() == written.decode().split("\r\n")[:-1]
        assert len(lines_of(shown)) == len(lines_of(feed(CV_TROC))) + 6

    def test_a_later_choice_moves_the_event(self) -> None:
        later = CV_TROC.modified_at + timedelta(days=2)
        said = properties_of(event_bytes(CV_TROC, WORDS, Personal(discreet_title="Rendez-vous", changed_at=later)))

        assert said["LAST-MODIFIED"] == said["DTSTAMP"] == "20261003T083005Z"

    def test_an_earlier_choice_moves_nothing(self) -> None:
        earlier = CV_TROC.modified_at - timedelta(days=2)

        assert event_bytes(CV_TROC, WORDS, Personal(changed_at=earlier)) == event_bytes(CV_TROC, WORDS)

    def test_it_refuses_an_alarm_after_the_start(self) -> None:
        with pytest.raises(ValueError, match="after the start"):
            Personal(alarm_minutes=-1)

    def test_it_refuses_a_choice_at_no_known_time(self) -> None:
        with pytest.raises(ValueError, match="without a time zone"):
            Personal(changed_at=datetime(2026, 1, 1))

    def test_it_refuses_what_is_no_event(self) -> None:
        with pytest.raises(ValueError, match="not a VEVENT"):
            personal_bytes(b"BEGIN:VJOURNAL\r\nEND:VJOURNAL\r\n", WORDS, Personal(private=True))


class TestCalendar:
    def test_the_header(self) -> None:
        written = calendar_bytes(
            "Agenda; Le Bourget, Drancy",
            [],
            color="teal",
            url="https://reseau.example.org/agenda",
            refresh=timedelta(hours=6),
        )

        assert lines_of(written)[:11] == [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Le Reseau//Agenda//FR",
            "CALSCALE:GREGORIAN",
            r"NAME:Agenda\; Le Bourget\, Drancy",
            r"X-WR-CALNAME:Agenda\; Le Bourget\, Drancy",
            "COLOR:teal",
            "REFRESH-INTERVAL;VALUE=DURATION:PT6H",
            "URL:https://reseau.example.org/agenda",
            "X-PUBLISHED-TTL:PT6H",
            "X-WR-TIMEZONE:Europe/Paris",
        ]

    def test_there_is_no_uid_and_no_method_on_the_calendar(self) -> None:
        calendar = parsed(feed(CV_TROC))

        assert "UID" not in calendar
        assert "METHOD" not in calendar

    def test_events_stay_as_they_were_kept_and_in_order(self) -> None:
        kept = [event_bytes(replace(CV_TROC, uid=uid("meal", number, INSTALLATION)), WORDS) for number in (3, 1, 2)]

        assert b"".join(kept) in calendar_bytes("Agenda", iter(kept), color="teal", url="https://x.example/")

    def test_an_empty_one_holds_an_event_where_nobody_looks(self) -> None:
        calendar = parsed(feed())
        (event,) = calendar.walk("VEVENT")

        calendar.validate()
        assert event["SUMMARY"] == "Agenda"
        assert event.end == datetime(2000, 1, 1, 0, 1, tzinfo=UTC)
        assert feed() == feed()

    def test_that_event_goes_when_there_is_another(self) -> None:
        assert [event.uid for event in parsed(feed(CV_TROC)).events] == [CV_TROC.uid]

    @pytest.mark.parametrize("color", ["#00aa88", "teal\r\nX:1", "", "Teal"])
    def test_it_refuses_what_is_no_name_of_a_colour(self, color: str) -> None:
        with pytest.raises(ValueError, match="colour"):
            calendar_bytes("Agenda", [], color=color, url="https://x.example/")

    def test_it_refuses_to_be_asked_all_the_time(self) -> None:
        with pytest.raises(ValueError, match="too short"):
            calendar_bytes("Agenda", [], color="teal", url="https://x.example/", refresh=timedelta(seconds=1))

    def test_joining_500_kept_events_takes_well_under_a_millisecond(self) -> None:
        kept = [event_bytes(CV_TROC, WORDS)] * 500
        taken = []
        for _ in range(20):
            began = time.perf_counter()
            calendar_bytes("Agenda", kept, color="teal", url="https://x.example/")
            taken.append(time.perf_counter() - began)

        # Serialising them takes over 100 ms, so this notices at once if they are no longer only joined.
        assert min(taken) < 0.001


class TestUid:
    def test_it_is_made_of_what_never_changes(self) -> None:
        assert uid("workshop", 12, "4f0c2b9a.reseau") == "workshop-12@4f0c2b9a.reseau"

    @pytest.mark.parametrize(
        ("kind", "thing_id", "installation"),
        [
            ("Workshop", 1, "a.reseau"),
            ("work shop", 1, "a.reseau"),
            ("", 1, "a.reseau"),
            ("workshop", 0, "a.reseau"),
            ("workshop", 1, ""),
            ("workshop", 1, "a\r\nX:1"),
            ("workshop", 1, "réseau"),
            ("workshop", 1, "a,b"),
            ("workshop", 1, "a" * 101),
        ],
    )
    def test_it_refuses_what_would_need_quoting(self, kind: str, thing_id: int, installation: str) -> None:
        with pytest.raises(ValueError, match="parts of a UID"):
            uid(kind, thing_id, installation)


class TestNextModified:
    def test_the_first_is_now_in_whole_seconds(self) -> None:
        now = datetime(2026, 10, 1, 8, 0, 0, 999_999, tzinfo=UTC)

        assert next_modified(None, now) == datetime(2026, 10, 1, 8, tzinfo=UTC)

    def test_two_changes_within_a_second_are_told_apart(self) -> None:
        now = datetime(2026, 10, 1, 8, 0, 0, 100, tzinfo=UTC)
        first = next_modified(None, now)

        assert next_modified(first, now + timedelta(milliseconds=5)) == first + timedelta(seconds=1)

    def test_a_clock_that_was_set_back_does_not_take_a_change_back(self) -> None:
        previous = datetime(2026, 10, 1, 8, tzinfo=UTC)

        assert next_modified(previous, previous - timedelta(hours=1)) == previous + timedelta(seconds=1)
