"""What stands on a slip: sign-in names and passwords that can be said aloud."""

from __future__ import annotations

import math
import re
from collections import Counter

import pytest

from app.identity import passwords
from app.identity.slips import (
    WORDS_OF_A_PASSWORD,
    as_on_a_slip,
    is_sign_in_name,
    make_sign_in_name,
    read_sign_in_name,
    three_words,
)
from app.identity.words import WORDS


class TestThePassword:
    def test_the_words_are_plain(self) -> None:
        assert [word for word in WORDS if not re.fullmatch("[a-z]{4,8}", word)] == []

    def test_guessing_one_takes_32_bits_at_least(self) -> None:
        """With ten wrong tries in 15 minutes, two thousand years for one chance in six."""
        assert len(set(WORDS)) == len(WORDS)
        assert WORDS_OF_A_PASSWORD * math.log2(len(WORDS)) >= 32

    def test_it_is_made_of_three_of_them_by_chance(self) -> None:
        made = [three_words() for _ in range(400)]
        drawn = Counter(word for each in made for word in each.split(" "))
        assert all(len(each.split(" ")) == 3 and set(each.split(" ")) <= set(WORDS) for each in made)
        assert len(drawn) > 700
        assert max(drawn.values()) < 12

    def test_it_is_long_enough_and_not_easily_guessed(self) -> None:
        made = three_words()
        assert len(made) >= passwords.SHORTEST
        assert not passwords.easily_guessed(made, name="Fatou", email="fatou-482")

    @pytest.mark.parametrize(
        "written",
        [
            "lampe jardin pomme",
            "Lampe jardin pomme ",
            "LAMPE-JARDIN-POMME",
            "lampe.jardin, pomme",
            "lâmpe  jardin pomme",
        ],
    )
    def test_it_is_read_as_telephones_write_it(self, written: str) -> None:
        assert as_on_a_slip(written) == "lampe jardin pomme"

    @pytest.mark.parametrize("written", ["", "lampe jardin", "lampe jardin pomme poire", "lampejardinpomme", "a b 3"])
    def test_other_passwords_are_left_as_they_are(self, written: str) -> None:
        assert as_on_a_slip(written) is None

    async def test_it_fits_however_it_is_written(self) -> None:
        kept = await passwords.hash_password("lampe jardin pomme")
        assert await passwords.password_fits(kept, "Lampe-jardin pomme ")
        assert not await passwords.password_fits(kept, "lampe pomme jardin")
        assert not await passwords.password_fits(None, "lampe jardin pomme")

    async def test_three_words_with_capitals_of_ones_own_still_fit(self) -> None:
        kept = await passwords.hash_password("Lampe Jardin Pomme")
        assert await passwords.password_fits(kept, "Lampe Jardin Pomme")
        assert not await passwords.password_fits(kept, "lampe jardin pomme")


class TestTheSignInName:
    @pytest.mark.parametrize(
        ("name", "letters"),
        [
            ("Fatou", "fatou"),
            ("Élodie N’Guessan", "elodie"),
            ("Jean-Pierre", "jean"),
            ("N’Golo", "ngolo"),
            ("D. Martin", "d"),
            ("Łukasz", "lukasz"),
            ("Maximiliennette", "maximilienne"),
            ("محمد", "membre"),
            ("<script>", "script"),
            ("482", "membre"),
            ("", "membre"),
        ],
    )
    def test_it_begins_as_the_name_does(self, name: str, letters: str) -> None:
        assert re.fullmatch(letters + "-[2-9]{3}", make_sign_in_name(name))
        assert re.fullmatch(letters + "-[2-9]{4}", make_sign_in_name(name, digits=4))

    @pytest.mark.parametrize("name", ["Fatou", "محمد", "Ö", "İbrahim", "a" * 60])
    def test_what_is_made_is_read(self, name: str) -> None:
        made = make_sign_in_name(name)
        assert read_sign_in_name(made) == made
        assert is_sign_in_name(made)

    @pytest.mark.parametrize(
        "written", ["fatou-482", "Fatou 482", " FATOU–482 ", "fatou482", "fatou.482", "Fâtou - 482"]
    )
    def test_it_is_read_however_it_is_typed(self, written: str) -> None:
        assert read_sign_in_name(written) == "fatou-482"

    @pytest.mark.parametrize(
        "written", ["", "fatou", "482", "fatou-48", "fatou-48222", "fatou-401", "a@b.fr", "fa tou-482"]
    )
    def test_nothing_else_is_one(self, written: str) -> None:
        assert read_sign_in_name(written) is None

    def test_an_address_is_none(self) -> None:
        assert not is_sign_in_name("fatou-482@exemple.fr")
