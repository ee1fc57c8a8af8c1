"""What a row of the outbox looks like as a mail: headers, words, page, event. Nothing here is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.calendar.icalendar import Happening, event_bytes, uid
from app.calendar.kept import kept_words
from app.i18n import language
from app.i18n import text as text_of
from app.main import REGISTRY
from app.notices import api, composing, rules
from app.notices.composing import PAPERS, Composer, Paper
from app.notices.links import OfferLink, StopLink, read_offer, read_stop
from app.notices.rules import blocks_of, known_by, one_line, short_subject
from app.notices.states import STOPPABLE, WAYS_IN, Kind
from app.settings import Settings
from tests.client import NOON

SECRET = "a secret for tests, long enough to serve"
BASE = "https://reseau.exemple"
SETTINGS = Settings(secret_key=SECRET, base_url=BASE, mail_from="Le Réseau <ne-pas-repondre@reseau.exemple>")
TOKENS = Path(__file__).parents[3] / "app" / "static" / "css" / "20-tokens.css"


def composer(**more: Any) -> Composer:
    given_: dict[str, Any] = {"secret_key": SECRET, "base_url": BASE, "mail_from": SETTINGS.mail_from, **more}
    return Composer(Settings(**given_), REGISTRY.entry_kinds)


def kept(title: str = "On se relit nos CV", place: str = "Les Tanneurs", address: str = "14 rue des Tanneurs") -> str:
    happening = Happening(
        uid=uid("workshop", 7, "4f0c2b9a.reseau"),
        sequence=1,
        modified_at=NOON,
        starts_at=NOON + timedelta(days=3),
        ends_at=NOON + timedelta(days=3, hours=2),
        title=title,
        location=f"{place}, {address}",
        url="entry:workshop/7",
        categories=("entry:workshop/cv_troc",),
        organizer_name=place,
    )
    return event_bytes(happening, kept_words()).decode()


def row(**more: Any) -> dict[str, Any]:
    return {
        "dedupe": known_by("workshop-7-confirmed-3"),
        "kind": "confirmation",
        "member_id": 3,
        "recipient": "samira@exemple.fr",
        "language": "fr",
        "subject": "C’est noté : « CV-troc »",
        "body": "Tu as ta place.\n\n> Un stylo,\n> deux feuilles\n\nÀ vendredi.",
        "link": "/ateliers/7",
        "action": "Je vois l’atelier",
        "signature": "Les Tanneurs",
        "place_email": "bonjour@tanneurs.exemple",
        "about_kind": "workshop",
        "method": "",
        "event": "",
        "sequence": 0,
        "offer_key": "",
        "created_at": NOON,
        **more,
    }


def sent(message: EmailMessage) -> EmailMessage:
    """The mail as it is read at the other end."""
    read = message_from_bytes(message.as_bytes(), policy=SMTP)
    assert isinstance(read, EmailMessage)
    return read


def mail(**more: Any) -> EmailMessage:
    return sent(composer().message(row(**more), NOON))


def part(message: EmailMessage, kind: str) -> str:
    (found,) = [each for each in message.walk() if each.get_content_type() == kind]
    return str(found.get_content()).replace("\r\n", "\n")


class Page(HTMLParser):
    """What a page links to, shows and loads."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] != "style" and data.strip():
            self.words.append(data.strip())


class TestHeaders:
    def test_it_is_from_the_place_and_answers_go_to_the_place(self) -> None:
        message = mail()
        assert message["From"] == "Les Tanneurs <ne-pas-repondre@reseau.exemple>"
        assert message["Reply-To"] == "Les Tanneurs <bonjour@tanneurs.exemple>"
        assert message["To"] == "samira@exemple.fr"
        assert message["Subject"] == "C’est noté : « CV-troc »"
        assert message["Date"].datetime == NOON
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["Content-Language"] == "fr"

    @pytest.mark.parametrize(
        "place_email", ["", "no address", "a@b.fr, c@d.fr", "a@b.fr\r\nBcc: c@d.fr", "rené@b.fr", "a..b@c.fr", ".@x"]
    )
    def test_a_place_without_a_good_address_takes_no_answers(self, place_email: str) -> None:
        message = mail(place_email=place_email)
        assert message["Reply-To"] is None
        assert "répondre" not in part(message, "text/plain")

    def test_its_number_says_what_it_is_about_for_ever(self) -> None:
        first, again = mail(), sent(composer().message(row(id=77), NOON + timedelta(days=1)))
        assert first["Message-ID"] == again["Message-ID"]
        assert str(first["Message-ID"]) == f"<{sha256(b'workshop-7-confirmed-3').hexdigest()[:32]}@reseau.exemple>"
        assert mail(dedupe=known_by("another"))["Message-ID"] != first["Message-ID"]

    @pytest.mark.parametrize("kind", STOPPABLE)
    def test_each_kind_that_can_be_stopped_is_stopped_in_one_click(self, kind: Kind) -> None:
        message = mail(kind=kind.value)
        address = str(message["List-Unsubscribe"]).strip("<>")
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert read_stop(_token(address, "/courrier/", "/stop"), SECRET) == StopLink(3, kind)
        assert address in part(message, "text/plain").split("\n")
        assert address in Page(part(message, "text/html")).links

    @pytest.mark.parametrize("more", [{"kind": kind.value} for kind in WAYS_IN] + [{"member_id": None}])
    def test_a_way_in_cannot_be_stopped_nor_what_goes_to_a_mere_address(self, more: dict[str, Any]) -> None:
        message = mail(**more)
        assert message["List-Unsubscribe"] is None
        assert message["List-Unsubscribe-Post"] is None
        assert "/courrier/" not in part(message, "text/plain") + part(message, "text/html")

    def test_a_long_address_stays_whole_on_its_line(self) -> None:
        long = composer(base_url="https://" + "un-tres-long-nom." * 8 + "exemple")
        written = long.message(row(), NOON).as_bytes()
        (line,) = re.findall(rb"(?m)^List-Unsubscribe: (.*)\r$", written)
        assert line.startswith(b"<https://un-tres-long-nom.")
        assert line.endswith(b"/stop>")

    def test_a_domain_with_accents_is_written_as_mail_wants_it(self) -> None:
        assert mail(recipient="rene@café.exemple")["To"] == "rene@xn--caf-dma.exemple"

    @pytest.mark.parametrize(
        "more",
        [
            {"recipient": "a@b.fr, c@d.fr"},
            {"recipient": "rené@b.fr"},
            {"recipient": "a..b@c.fr"},
            {"recipient": ""},
            {"kind": "nonsense"},
        ],
    )
    def test_what_cannot_be_a_mail_to_one_person_is_none(self, more: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r".+"):
            composer().message(row(**more), NOON)


class TestWords:
    def test_they_end_with_the_one_link_and_how_to_stop(self) -> None:
        stop = str(mail()["List-Unsubscribe"]).strip("<>")
        assert part(mail(), "text/plain").replace("\u00a0", " ").replace("\u202f", " ") == (
            "Tu as ta place.\n\n> Un stylo,\n> deux feuilles\n\nÀ vendredi.\n\n"
            f"Je vois l’atelier :\n{BASE}/ateliers/7\n\n"
            "-- \nLes Tanneurs\nUne question ? Tu peux répondre à ce mail.\n\n"
            f"Ce mail fait partie de « Confirmations ».\nNe plus recevoir ce genre de mail :\n{stop}\n"
        )

    def test_an_offer_leads_to_its_answer_without_signing_in(self) -> None:
        message = mail(kind="offer", offer_key="12.5")
        links = Page(part(message, "text/html")).links
        assert len(links) == 2
        assert read_offer(_token(links[0], "/offres/", ""), SECRET) == OfferLink(3, "workshop", "12.5")
        assert links[0] in part(message, "text/plain")
        assert f"{BASE}/ateliers/7" not in part(message, "text/plain")

    def test_without_a_secret_nothing_is_signed_and_the_mail_leaves_all_the_same(self) -> None:
        message = sent(composer(secret_key="").message(row(kind="offer", offer_key="12.5"), NOON))
        assert Page(part(message, "text/html")).links == [f"{BASE}/ateliers/7"]
        assert message["List-Unsubscribe"] is None

    @pytest.mark.parametrize(
        "link", ["//mal.exemple", "https://mal.exemple", "/\\mal.exemple", "/a\nb", "ateliers", ""]
    )
    def test_a_link_leads_to_us_or_nowhere(self, link: str) -> None:
        message = mail(link=link, kind="sign_in")
        assert Page(part(message, "text/html")).links == []
        assert "exemple/" not in part(message, "text/plain")

    def test_a_code_stands_large_and_alone(self) -> None:
        body = "Bonjour.\n\n482913\u00a0: c’est le code."
        message = mail(kind="sign_in", body=body, action="", link="/connexion/lien/abc")
        page = Page(part(message, "text/html"))
        assert "482913" in page.words
        assert "c’est le code." in page.words
        assert "J’entre" in page.words
        assert part(message, "text/plain").startswith(f"{body}\n\n{BASE}/connexion/lien/abc\n")
        assert "482913" not in Page(part(mail(body=body), "text/html")).words  # in other mails it is only a number

    def test_somebody_s_own_words_are_set_apart(self) -> None:
        source = part(mail(), "text/html")
        assert re.search(r"<blockquote[^>]*>Un stylo,<br>deux feuilles</blockquote>", source)
        assert [(block.quote, block.lines) for block in blocks_of(row()["body"])] == [
            (False, ("Tu as ta place.",)),
            (True, ("Un stylo,", "deux feuilles")),
            (False, ("À vendredi.",)),
        ]

    def test_own_words_of_several_paragraphs_stay_one_quotation(self) -> None:
        body = api._paragraphs(["Un.\n\nDeux.", text_of("Trois.")], language("fr"))
        assert [(block.quote, block.lines) for block in blocks_of(body)] == [
            (True, ("Un.", "", "Deux.")),
            (False, ("Trois.",)),
        ]


class TestPage:
    def test_it_loads_nothing_and_runs_nothing(self) -> None:
        page = Page(part(mail(), "text/html"))
        assert {tag for tag, _ in page.tags}.isdisjoint({"img", "script", "link", "iframe", "form", "svg", "object"})
        source = part(mail(), "text/html")
        assert not re.search(r"url\(|@import|@font-face", source)
        assert all(link.startswith(f"{BASE}/") for link in page.links)

    @pytest.mark.parametrize("code", ["fr", "en"])
    def test_it_says_its_language_and_one_heading(self, code: str) -> None:
        page = Page(part(mail(language=code), "text/html"))
        assert dict(page.tags)["html"] == {"lang": code}
        assert [tag for tag, _ in page.tags].count("h1") == 1
        assert all(attrs.get("role") == "presentation" for tag, attrs in page.tags if tag == "table")

    @pytest.mark.parametrize(
        ("more", "kind"),
        [
            ({}, "workshop"),
            ({"about_kind": ""}, "workshop"),
            ({"about_kind": "", "link": "/mediation"}, "mediation"),
            ({"about_kind": "", "link": "/moi"}, "agenda"),
        ],
    )
    def test_it_is_printed_on_the_paper_of_what_it_is_about(self, more: dict[str, Any], kind: str) -> None:
        assert PAPERS[kind][0].ground in part(mail(**more), "text/html")

    @pytest.mark.parametrize("kind", PAPERS)
    def test_its_colours_are_those_of_the_site_and_can_be_read(self, kind: str) -> None:
        css = TOKENS.read_text()
        light, dark = PAPERS[kind]
        name = re.findall(rf"\[data-kind={kind}\] {{ --flat: var\(--([a-z]+)\)", css)[0]
        for paper, which in ((light, 0), (dark, 1)):
            assert (paper.flat, paper.ground) == (_token_of(css, name)[which], _token_of(css, f"{name}-paper")[which])
            assert (paper.ink, paper.soft) == (_token_of(css, "ink")[which], _token_of(css, "soft")[which])
            assert paper.on_flat == _token_of(css, f"{name}-on")[which]
            for front, back in _pairs(paper):
                assert _contrast(front, back) >= 4.5, (kind, front, back)

    def test_what_members_write_is_only_words(self) -> None:
        nasty = '<script>alert(1)</script><a href="https://mal.exemple">"x\' & </blockquote>'
        message = mail(subject=nasty, body=f"{nasty}\n\n> {nasty}", signature=nasty, action=nasty)
        page = Page(part(message, "text/html"))
        assert "script" not in {tag for tag, _ in page.tags}
        assert all(link.startswith(f"{BASE}/") for link in page.links)


class TestTheEvent:
    def test_it_is_the_last_of_three_ways_to_say_it(self) -> None:
        message = mail(method="REQUEST", event=kept(), sequence=4)
        assert message.get_content_type() == "multipart/alternative"
        kinds = [each.get_content_type() for each in message.iter_parts()]
        assert kinds == ["text/plain", "text/html", "text/calendar"]
        *_, event = message.iter_parts()
        assert isinstance(event, EmailMessage)
        assert dict(event["Content-Type"].params) == {"charset": "utf-8", "method": "REQUEST"}
        assert event["Content-Disposition"] is None
        written = event.get_payload(decode=True)
        assert isinstance(written, bytes)
        assert written.startswith(b"BEGIN:VCALENDAR\r\nPRODID:")

    def test_it_says_for_whom_from_whom_and_which_revision(self) -> None:
        lines = _unfolded(part(mail(method="CANCEL", event=kept(), sequence=4), "text/calendar"))
        assert "METHOD:CANCEL" in lines
        assert "SEQUENCE:4" in lines
        assert "UID:workshop-7@4f0c2b9a.reseau" in lines
        assert "DTSTAMP:20261124T110000Z" in lines
        assert f"URL:{BASE}/ateliers/7" in lines
        (organizer,) = (line for line in lines if line.startswith("ORGANIZER"))
        assert organizer == (
            'ORGANIZER;CN="Les Tanneurs";SENT-BY="mailto:ne-pas-repondre@reseau.exemple"'
            ":mailto:bonjour@tanneurs.exemple"
        )

    def test_a_place_without_address_organises_from_ours(self) -> None:
        lines = _unfolded(part(mail(method="REQUEST", event=kept(), place_email=""), "text/calendar"))
        assert 'ORGANIZER;CN="Les Tanneurs":mailto:ne-pas-repondre@reseau.exemple' in lines

    def test_a_mail_sent_again_carries_the_same_event(self) -> None:
        one = composer().message(row(method="REQUEST", event=kept()), NOON)
        two = composer().message(row(method="REQUEST", event=kept()), NOON + timedelta(hours=9))
        assert part(sent(one), "text/calendar") == part(sent(two), "text/calendar")

    def test_what_was_emptied_after_it_had_left_has_none(self) -> None:
        message = mail(method="REQUEST", event="", sequence=4)
        assert [each.get_content_type() for each in message.iter_parts()] == ["text/plain", "text/html"]

    def test_without_a_method_there_is_none(self) -> None:
        assert [each.get_content_type() for each in mail().iter_parts()] == ["text/plain", "text/html"]


# What can end a line somewhere, close a quotation, begin a header, a part or a property, or turn the reading direction.
NASTY = st.lists(
    st.sampled_from(
        [
            "\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\x00", "\ud800", "\u202e", "\t", " ", "é",
            '"', "'", ";", ":", ",", "\\", "\\n", "^n", "^'", "<", ">", "=", "=?utf-8?q?a?=", "(", ")", "@", "[",
            "=?utf-8?q?=0D=0ABcc:_victime@exemple.fr?=", "--", "🏳️‍🌈", "x" * 90,
            "Bcc: victime@exemple.fr", "To: b@exemple.fr", "Content-Type: text/html", "BEGIN:VEVENT", "END:VEVENT",
            "METHOD:PUBLISH", "ATTENDEE:mailto:victime@exemple.fr", "mailto:victime@exemple.fr", "victime@exemple.fr",
            "https://mal.exemple", "> ", "</p><a href=https://mal.exemple>", "{{ 7*7 }}", "%(name)s",
        ]
    ),
    max_size=8,
).map("".join)  # fmt: skip


@st.composite
def nasty_rows(draw: st.DrawFn) -> dict[str, Any]:
    """A row as `app.notices.api` writes it, of hostile names and titles everywhere."""
    title, name, place, address, words = (draw(NASTY) for _ in range(5))
    spoken = language(draw(st.sampled_from(["fr", "en"])))
    method = draw(st.sampled_from(["", "REQUEST", "CANCEL"]))
    return row(
        language=spoken.code,
        subject=short_subject(spoken.say(text_of("%(name)s t’écrit : %(title)s", name=name, title=title))),
        body=api._paragraphs([text_of("« %(title)s » a changé.", title=title), words], spoken),
        action=one_line(title),
        signature=one_line(place),
        place_email=draw(st.sampled_from(["bonjour@tanneurs.exemple", address, f"{name}@exemple.fr", f"a@{name}"])),
        method=method,
        event=kept(title, place, address) if method else "",
        kind=draw(st.sampled_from([kind.value for kind in Kind])),
        link=draw(st.sampled_from(["/ateliers/7", "/ateliers", f"/{title}", title])),
    )


HEADERS = {
    "From", "Reply-To", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "List-Unsubscribe",
    "List-Unsubscribe-Post", "MIME-Version", "Content-Type", "Content-Language",
}  # fmt: skip
PROPERTIES = [
    "ATTENDEE", "BEGIN", "BEGIN", "CALSCALE", "CATEGORIES", "CONTACT", "DTEND", "DTSTAMP", "DTSTART", "END", "END",
    "LAST-MODIFIED", "LOCATION", "METHOD", "ORGANIZER", "PRODID", "SEQUENCE", "STATUS", "SUMMARY", "TRANSP", "UID",
    "URL", "VERSION",
]  # fmt: skip


def look_for_more_than_was_meant(nasty: dict[str, Any]) -> None:
    """Read the mail as strangers do, and compare with what it is made of."""
    written = composer().message(nasty, NOON).as_bytes()
    message = message_from_bytes(written, policy=SMTP)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    assert set(message.keys()) <= HEADERS
    assert len(message.keys()) == len(set(message.keys()))
    assert [each.addr_spec for each in message["To"].addresses] == ["samira@exemple.fr"]
    assert [each.addr_spec for each in message["From"].addresses] == ["ne-pas-repondre@reseau.exemple"]
    assert len(message["Reply-To"].addresses if message["Reply-To"] else ()) <= 1
    wanted = ["text/plain", "text/html"] + (["text/calendar"] if nasty["method"] else [])
    assert [each.get_content_type() for each in message.walk()] == ["multipart/alternative", *wanted]
    page = Page(part(message, "text/html"))
    assert all(link.startswith(f"{BASE}/") for link in page.links)
    assert len(page.links) <= 2
    assert not {tag for tag, _ in page.tags} & {"script", "img", "form"}
    if nasty["method"]:
        *_, last = message.iter_parts()
        event = last.get_payload(decode=True)
        assert isinstance(event, bytes)
        names = [re.split("[:;]", line)[0] for line in _unfolded(event.decode())]
        assert sorted(names) == list(_expected(names))
        assert "\r" not in event.decode().replace("\r\n", "")
        assert not set("\x0b\x0c\x85\u2028\u2029\x00") & set(event.decode())


def _expected(names: list[str]) -> Iterator[str]:
    """The properties that are always there, and of those that may be missing the ones that are, once each."""
    optional = {"CONTACT", "TRANSP"}
    for name in PROPERTIES:
        if name not in optional or name in names:
            yield name


class TestNothingCanBeAdded:
    @given(nasty_rows())
    @settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_by_any_name_title_or_address(self, nasty: dict[str, Any]) -> None:
        look_for_more_than_was_meant(nasty)

    def test_the_search_would_find_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Positive control: each of the guards removed, and the very search above fails."""
        hidden = "=?utf-8?q?a=0D=0ABcc:_victime@exemple.fr?="
        look_for_more_than_was_meant(row(subject=hidden, signature='"' + "x" * 90))
        # Headers as the library writes them: it decodes the line end, or loses the marks around a long name.
        with monkeypatch.context() as unguarded:
            unguarded.setattr(composing, "POLICY", SMTP)
            with pytest.raises((AssertionError, MessageError)):
                look_for_more_than_was_meant(row(subject=hidden))
        # Names as they are written: no mail can be made.
        broken = "Eve\r\nBcc: victime@exemple.fr"
        look_for_more_than_was_meant(row(subject=broken))
        with monkeypatch.context() as unguarded:
            unguarded.setattr(rules, "_SIGNS", {})
            with pytest.raises((AssertionError, ValueError)):
                look_for_more_than_was_meant(row(subject=broken))
        # Names reach the calendar as they are written.
        look_for_more_than_was_meant(row(signature=broken, method="REQUEST", event=kept(title=broken)))
        told = kept().replace("SUMMARY:", "SUMMARY:a\r\nATTENDEE:mailto:victime@exemple.fr\r\nX-WAS:")
        with pytest.raises(AssertionError):
            look_for_more_than_was_meant(row(method="REQUEST", event=told))


def _unfolded(calendar: str) -> list[str]:
    return re.sub(r"\r?\n[ \t]", "", calendar).splitlines()


def _token(address: str, before: str, after: str) -> str:
    path = address.removeprefix(BASE)
    assert path.startswith(before)
    assert path.endswith(after)
    return path.removeprefix(before).removesuffix(after)


def _token_of(css: str, name: str) -> tuple[str, str]:
    (plain,) = re.findall(rf"(?m)^    --{name}: (#[0-9a-f]+);", css)
    both = re.findall(rf"--{name}: light-dark\((#[0-9a-f]+), (#[0-9a-f]+)\)", css)
    return both[0] if both else (plain, plain)


def _pairs(paper: Paper) -> Iterator[tuple[str, str]]:
    yield paper.ink, paper.ground
    yield paper.soft, paper.ground
    yield paper.ground, paper.ink
    yield paper.on_flat, paper.flat


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    digits = color[1:] if len(color) == 7 else "".join(2 * digit for digit in color[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
