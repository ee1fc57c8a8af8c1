"""Reading a proposal: times in each way they come, bounds of a format, and texts that no browser would send."""

from datetime import UTC, datetime

import pytest

from app.i18n import language
from app.web.forms import Form
from tests.client import NOON
from workshops.forms import ProposalForm, read_decision, read_proposal
from workshops.states import Need

GOOD = {
    "title": "On se relit nos CV",
    "format": "cv_troc",
    "summary": "On lit, on dit ce qui accroche.",
    "day": "2026-12-11",
    "from": "14:00",
    "to": "15:30",
    "room": "2",
    "capacity": "12",
}


def read(**changes: str) -> ProposalForm:
    return read_proposal(Form([*{**GOOD, **changes}.items()]), now=NOON, rooms=[1, 2])


def said(read_form: ProposalForm, field: str) -> str:
    return language("fr").say(read_form.errors[field]).replace("\u00a0", " ").replace("\u202f", " ")


class TestTimes:
    def test_day_and_hours_are_local(self) -> None:
        proposal = read().proposal
        assert proposal is not None
        assert proposal.starts_at == datetime(2026, 12, 11, 13, 0, tzinfo=UTC)
        assert proposal.ends_at == datetime(2026, 12, 11, 14, 30, tzinfo=UTC)

    def test_whole_instants_are_taken_too(self) -> None:
        form = {name: value for name, value in GOOD.items() if name not in ("day", "from", "to")}
        whole = Form([*form.items(), ("starts_at", "2027-06-11T14:00"), ("ends_at", "2027-06-11T15:30")])
        proposal = read_proposal(whole, now=NOON, rooms=[2]).proposal
        assert proposal is not None
        assert proposal.starts_at == datetime(2027, 6, 11, 12, 0, tzinfo=UTC)

    def test_the_button_of_a_free_hour_stands_for_both(self) -> None:
        proposal = read(shift="2026-12-10T14:00 2026-12-10T15:30").proposal
        assert proposal is not None
        assert proposal.starts_at == datetime(2026, 12, 10, 13, 0, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("changes", "field", "sentence"),
        [
            ({"day": "2026-02-30"}, "day", "Ce jour ou cette heure n’existe pas"),
            ({"day": "2027-03-28", "from": "02:30"}, "day", "Cette heure n’existe pas ce jour-là"),
            ({"day": "", "from": ""}, "day", "Choisis un jour et une heure"),
            ({"to": ""}, "to", "À quelle heure ça finit"),
            ({"to": "13:00"}, "to", "La fin vient avant le début"),
            ({"to": "14:00"}, "to", "La fin vient avant le début"),
            ({"to": "14:05"}, "to", "un quart d’heure"),
            ({"day": "2026-11-20"}, "day", "déjà passé"),
            ({"day": "2028-01-01"}, "day", "plus d’un an"),
            ({"day": "9" * 400}, "day", "n’existe pas"),
        ],
    )
    def test_what_cannot_be_is_said_beside_its_field(self, changes: dict[str, str], field: str, sentence: str) -> None:
        form = read(**changes)
        assert form.proposal is None
        where = field if field in form.errors else "from"
        assert sentence in said(form, where)
        assert form.values["title"] == GOOD["title"]

    def test_the_hour_that_comes_twice_is_told_apart(self) -> None:
        first = read(day="2027-10-31", **{"from": "02:30"}, to="04:00").proposal
        second = read(day="2027-10-31", **{"from": "02:30"}, to="04:00", starts_at_fold="1").proposal
        assert first is not None
        assert second is not None
        assert (second.starts_at - first.starts_at).total_seconds() == 3600


class TestBounds:
    @pytest.mark.parametrize(
        ("capacity", "sentence"),
        [
            ("2", "Il faut au moins 6 places. Tu as écrit 2."),
            ("0", "Il faut au moins 6 places. Tu as écrit 0."),
            ("-3", "Il faut au moins 6 places. Tu as écrit -3."),
            ("1000000", "Pas plus de 12 places pour cette forme. Tu as écrit 1000000."),
            ("douze", "Écris un nombre"),
            ("9" * 30, "Écris un nombre"),
            ("", "Combien de personnes"),
            ("١٢", "Écris un nombre"),
        ],
    )
    def test_capacity(self, capacity: str, sentence: str) -> None:
        assert sentence in said(read(capacity=capacity), "capacity")

    def test_an_unknown_room_or_format_is_refused(self) -> None:
        assert "room" in read(room="99").errors
        assert "room" in read(room="1 or 1=1").errors
        assert "format" in read(format="karaoke").errors
        assert "language" in read(language="klingon").errors

    def test_no_room_is_fine(self) -> None:
        proposal = read(room="").proposal
        assert proposal is not None
        assert proposal.room_id is None

    def test_a_talking_group_needs_somebody_trained(self) -> None:
        assert "speaker" in read(format="parole", capacity="8").errors
        assert read(format="parole", capacity="8", speaker="Sophie Martel, psychologue").proposal is not None


class TestTexts:
    def test_what_is_too_long_is_refused_and_kept_short(self) -> None:
        form = read(title="x" * 1_000_000, summary="y" * 1_000_000)
        assert {"title", "summary"} <= set(form.errors)
        assert all(len(value) <= 20_000 for value in form.values.values())

    def test_controls_and_surrogates_go(self) -> None:
        proposal = read(title="Lire\x00 et\r\nécrire\u202e \ud800").proposal
        assert proposal is not None
        assert proposal.title == "Lire et écrire"

    def test_extra_fields_change_nothing(self) -> None:
        plain, stuffed = read(), read(state="published", proposer_id="1", place_id="9", decided_how="mediation")
        assert plain.proposal == stuffed.proposal

    def test_needs_are_those_we_know(self) -> None:
        form = read_proposal(
            Form([*GOOD.items(), ("needs", "outing"), ("needs", "flame"), ("needs", "rocket")]), now=NOON, rooms=[2]
        )
        assert form.proposal is not None
        assert form.proposal.needs == {Need.OUTING, Need.FLAME}


class TestDecision:
    def test_agreeing_needs_no_word(self) -> None:
        assert not read_decision(Form([("decision", "approve"), ("version", "3")])).errors

    @pytest.mark.parametrize("decision", ["send_back", "block"])
    def test_the_others_need_a_reason(self, decision: str) -> None:
        assert "reason" in read_decision(Form([("decision", decision)])).errors

    @pytest.mark.parametrize("decision", ["", "refuse", "APPROVE"])
    def test_nothing_else_is_a_decision(self, decision: str) -> None:
        assert "decision" in read_decision(Form([("decision", decision)])).errors
