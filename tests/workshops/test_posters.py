"""How a title fills a poster."""

import pytest

from workshops.posters import poster_title


@pytest.mark.parametrize(
    ("title", "lines", "size"),
    [
        ("On se relit nos CV", ["On se", "relit", "nos CV"], ""),
        ("Parler de soi en deux minutes", ["Parler de soi", "en deux", "minutes"], "medium"),
        ("Café ouvert", ["Café", "ouvert"], ""),
        ("Et à la maison, ça va ?", ["Et à la", "maison, ça", "va ?"], "medium"),
        ("CAFÉ OUVERT AUX MAMANS", ["CAFÉ OUVERT", "AUX", "MAMANS"], "medium"),
        (
            "Lettre de motivation : la jeter ou la garder ?",
            ["Lettre de", "motivation : la jeter", "ou la garder ?"],
            "long",
        ),
    ],
)
def test_a_posters_title_is_as_large_as_its_words_allow(title: str, lines: list[str], size: str) -> None:
    assert poster_title(title) == (lines, size)
