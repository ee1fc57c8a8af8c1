"""French spacing, put in when a text is said."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.i18n.typography import NARROW, WIDE, typo


@pytest.mark.parametrize("sign", [";", "?", "!"])
def test_a_narrow_space_keeps_the_sign_with_its_sentence(sign: str) -> None:
    assert typo(f"On y va {sign} Oui") == f"On y va{NARROW}{sign} Oui"


@pytest.mark.parametrize("sign", [":", "»", "€", "%"])
def test_a_wide_space_stands_before_colons_closing_quotes_and_units(sign: str) -> None:
    assert typo(f"Il reste 5 {sign} là") == f"Il reste 5{WIDE}{sign} là"


def test_a_wide_space_follows_an_opening_quote() -> None:
    assert typo("Tu as écrit « deux ».") == f"Tu as écrit «{WIDE}deux{WIDE}»."


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("à 14 h 30", f"à 14{WIDE}h{WIDE}30"),
        ("à 14 h.", f"à 14{WIDE}h."),
        ("de 9 h à 11 h 05 !", f"de 9{WIDE}h à 11{WIDE}h{WIDE}05{NARROW}!"),
        ("2 habitants et 3 heures", "2 habitants et 3 heures"),
        ("à 14 h 300", f"à 14{WIDE}h 300"),
    ],
)
def test_an_hour_stays_on_one_line(written: str, said: str) -> None:
    assert typo(written) == said


@pytest.mark.parametrize(
    "written",
    [
        "de %(starts)s à %(ends)s",
        "Il y en a %(n)s %(unit)s",
        "https://exemple.fr/a?b=c;d!e:f",
        "Exemple : 14:30".replace(" :", ""),
        "24/11/2026 et 14:30",
        "Quoi?Non!",
        "",
    ],
)
def test_placeholders_addresses_and_times_are_left_alone(written: str) -> None:
    assert typo(written) == written


def test_a_doubled_percent_sign_is_one_sign() -> None:
    assert typo("50 %% des places, %(n)s %%") == f"50{WIDE}%% des places, %(n)s{WIDE}%%"


@given(st.text(alphabet="ab1h «»;?!:€%()ns30" + WIDE + NARROW))
def test_only_spaces_change_and_only_once(written: str) -> None:
    said = typo(written)
    assert re.sub(f"[{WIDE}{NARROW}]", " ", said) == re.sub(f"[{WIDE}{NARROW}]", " ", written)
    assert typo(said) == said
