"""What identity decides without looking anything up, and the table act × who."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.identity.acts import GRANTED_BY, MAY, Who, as_markdown
from app.identity.passwords import easily_guessed
from app.identity.rules import (
    email_key,
    name_key,
    proves_by_mail,
    starts_like,
    why_cannot_meet,
    why_cannot_receive,
    why_may_not,
)
from app.identity.states import Act, IdentityRefusal
from app.identity.visits import Me
from app.identity.wording import ACTS, DEVICE_ICONS, SENTENCES, UNKNOWN_DEVICE, device_label
from tests.client import NOON

PERMISSIONS = Path(__file__).parents[3] / "docs" / "permissions.md"


def someone(who: Who, act: Act) -> Me | None:
    """A person of this sort, for whom everything else would speak."""
    match who:
        case Who.VISITOR:
            return None
        case Who.ELSEWHERE:
            return Me(1, "Samira", mediator=False, met=True, belongs=False, acts=frozenset({act}))
        case Who.MEMBER:
            return Me(1, "Samira", mediator=False, met=True, belongs=True, acts=frozenset(Act) - {act})
        case Who.HOLDER:
            return Me(1, "Samira", mediator=False, met=True, belongs=True, acts=frozenset({act}))
        case Who.MEDIATOR:
            return Me(1, "Bruno", mediator=True, met=True, belongs=True, acts=frozenset(Act))


class TestWhoMayDoWhat:
    @pytest.mark.parametrize("who", Who)
    @pytest.mark.parametrize("act", Act)
    def test_the_rule_comes_to_what_the_table_says(self, act: Act, who: Who) -> None:
        reason = why_may_not(someone(who, act), act)
        assert (reason is None) is (who in MAY[act])

    def test_each_reason_is_the_nearest(self) -> None:
        assert why_may_not(someone(Who.VISITOR, Act.SAY_YES), Act.SAY_YES) is IdentityRefusal.NOT_OF_THIS_PLACE
        assert why_may_not(someone(Who.MEDIATOR, Act.SAY_YES), Act.SAY_YES) is IdentityRefusal.MEDIATOR_HERE
        assert why_may_not(someone(Who.MEMBER, Act.SAY_YES), Act.SAY_YES) is IdentityRefusal.NEEDS_ACT

    def test_every_act_is_in_the_table_and_has_a_name(self) -> None:
        assert set(MAY) == set(GRANTED_BY) == set(ACTS) == set(Act)

    def test_the_page_shows_the_table(self) -> None:
        assert as_markdown() in PERMISSIONS.read_text(encoding="utf-8")

    def test_every_refusal_has_a_sentence(self) -> None:
        assert set(SENTENCES) == set(IdentityRefusal)


class TestKeys:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("Samira@Exemple.FR", "samira@exemple.fr"),
            (" samira@exemple.fr ", "samira@exemple.fr"),
            ("e\u0301lodie@exemple.fr", "\u00e9lodie@exemple.fr"),
            ("STRASSE@exemple.de", "straße@exemple.de"),
        ],
    )
    def test_addresses_that_are_one(self, one: str, other: str) -> None:
        assert email_key(one) == email_key(other)

    def test_addresses_that_are_two(self) -> None:
        assert email_key("elodie@exemple.fr") != email_key("élodie@exemple.fr")

    @pytest.mark.parametrize(
        ("name", "key"),
        [
            ("Élodie", "elodie"),
            ("Aïcha  N’Guessan", "aicha n'guessan"),
            ("Cœur", "coeur"),
            ("Łukasz", "łukasz"),
            ("", ""),
        ],
    )
    def test_names_are_sorted_without_accents(self, name: str, key: str) -> None:
        assert name_key(name) == key

    @given(st.text(max_size=60))
    @example("ℐ")
    def test_a_key_is_the_same_when_made_again(self, name: str) -> None:
        assert name_key(name_key(name)) == name_key(name)
        assert email_key(email_key(name)) == email_key(name)

    def test_a_pattern_means_what_is_written(self) -> None:
        assert starts_like("100%_!") == "100!%!_!!%"


class TestMeeting:
    def test_whoever_is_met_here_may_say_so(self) -> None:
        assert why_cannot_meet(themselves=False, belongs=True, met=True) is None

    @pytest.mark.parametrize(
        ("themselves", "belongs", "met", "reason"),
        [
            (True, True, True, IdentityRefusal.THEMSELVES),
            (False, False, False, IdentityRefusal.NOT_OF_THIS_PLACE),
            (False, True, False, IdentityRefusal.NOT_MET),
        ],
    )
    def test_others_may_not(self, themselves: bool, belongs: bool, met: bool, reason: IdentityRefusal) -> None:
        assert why_cannot_meet(themselves=themselves, belongs=belongs, met=met) is reason


class TestReceivingARole:
    @pytest.mark.parametrize(
        ("themselves", "belongs", "mediator", "holds", "reason"),
        [
            (True, True, False, True, IdentityRefusal.THEMSELVES),
            (False, False, False, False, IdentityRefusal.NOT_OF_THIS_PLACE),
            (False, True, True, False, IdentityRefusal.PERSON_IS_MEDIATOR),
            (False, True, False, True, IdentityRefusal.ALREADY_HOLDS),
            (False, True, False, False, None),
        ],
    )
    def test_why_not(
        self, themselves: bool, belongs: bool, mediator: bool, holds: bool, reason: IdentityRefusal | None
    ) -> None:
        found = why_cannot_receive(themselves=themselves, belongs=belongs, mediator=mediator, holds=holds)
        assert found is reason


class TestProof:
    def test_a_code_by_mail_proves_for_half_an_hour(self) -> None:
        def proves(minutes: int, by_mail: bool = True) -> bool:
            return proves_by_mail(by_mail=by_mail, opened_at=NOON, now=NOON + timedelta(minutes=minutes))

        assert proves(29)
        assert not proves(30)
        assert not proves(1, by_mail=False)


class TestPasswords:
    @pytest.mark.parametrize(
        "password",
        [
            "1234567890",
            "MotDePasse123",
            "azertyuiop",
            "Azerty 12345",
            "1212121212",
            "samira@exemple.fr",
            "Samira Benali",
        ],
    )
    def test_what_is_tried_first(self, password: str) -> None:
        assert easily_guessed(password, name="Samira Benali", email="Samira@exemple.fr")

    @pytest.mark.parametrize(
        "password", ["trois mots au hasard", "demonstration", "correct cheval batterie", "🦊🦊🦊 dort"]
    )
    def test_what_is_not(self, password: str) -> None:
        assert not easily_guessed(password, name="Samira", email="samira@exemple.fr")


class TestDevices:
    @pytest.mark.parametrize(
        ("agent", "label"),
        [
            ("Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/130 Mobile Safari/537.36", "Téléphone Android"),
            ("Mozilla/5.0 (Linux; Android 13; SM-X200) Chrome/130 Safari/537.36", "Tablette Android"),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", "iPhone"),
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/132.0", "Ordinateur sous Windows"),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15", "Mac"),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Firefox/132.0", "Ordinateur sous Linux"),
            ("curl/8", UNKNOWN_DEVICE),
            ("", UNKNOWN_DEVICE),
        ],
    )
    def test_they_are_named_coarsely(self, agent: str, label: str) -> None:
        assert device_label(agent) == label
        assert label == UNKNOWN_DEVICE or label in DEVICE_ICONS
