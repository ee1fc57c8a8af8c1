"""What a kitchen reckons with: allergens, diets, how much to buy, and how it is said."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.i18n import language
from meals.kitchen import (
    AVOIDS,
    PORTIONS,
    Amount,
    DishFacts,
    allergens_of,
    conflicts,
    diets_asked,
    in_words_of,
    may_eat_instead,
    recipe,
    replaced,
    shopping,
    undeclared,
)
from meals.labels import ALLERGEN_NAMES, DIET_NAMES, UNIT_NAMES, amount_words
from meals.states import Allergen, Diet, Unit

SOUP = DishFacts(1, "Soupe", frozenset({Allergen.CELERY}))
TART = DishFacts(2, "Tarte", frozenset({Allergen.GLUTEN, Allergen.EGGS, Allergen.MILK}))
BREAD = DishFacts(3, "Pain", frozenset({Allergen.GLUTEN}))
MAFE = DishFacts(4, "Mafé", frozenset({Allergen.PEANUTS}), meat=True)
RILLETTES = DishFacts(5, "Rillettes", pork=True)

dishes = st.lists(
    st.builds(
        DishFacts,
        id=st.integers(1, 99),
        name=st.text(min_size=1, max_size=8),
        allergens=st.frozensets(st.sampled_from(Allergen)),
        meat=st.booleans(),
        pork=st.booleans(),
    ),
    max_size=6,
)
amounts = st.lists(
    st.builds(
        Amount,
        name=st.sampled_from(["Farine", "farine", "Sel", "Œufs"]),
        milli=st.integers(0, 10**7),
        unit=st.just(Unit.GRAM),
    ),
    max_size=6,
)


class TestAllergens:
    def test_the_fourteen_of_the_annex_in_its_order(self) -> None:
        assert [each.value for each in Allergen] == [
            "gluten",
            "crustaceans",
            "eggs",
            "fish",
            "peanuts",
            "soybeans",
            "milk",
            "nuts",
            "celery",
            "mustard",
            "sesame",
            "sulphites",
            "lupin",
            "molluscs",
        ]
        assert set(ALLERGEN_NAMES) == set(Allergen)

    def test_each_with_the_dishes_that_hold_it(self) -> None:
        assert allergens_of([SOUP, TART, BREAD]) == {
            Allergen.GLUTEN: ["Tarte", "Pain"],
            Allergen.EGGS: ["Tarte"],
            Allergen.MILK: ["Tarte"],
            Allergen.CELERY: ["Soupe"],
        }
        assert list(allergens_of([SOUP, TART])) == [Allergen.GLUTEN, Allergen.EGGS, Allergen.MILK, Allergen.CELERY]
        assert allergens_of([]) == {}

    @given(dishes)
    def test_none_is_left_out_and_none_is_made_up(self, menu: list[DishFacts]) -> None:
        found = allergens_of(menu)
        assert set(found) == {each for dish in menu for each in dish.allergens}
        assert list(found) == sorted(found, key=list(Allergen).index)


class TestDiets:
    def test_one_for_each_allergen_and_two_plain_choices(self) -> None:
        assert set(AVOIDS.values()) == set(Allergen)
        assert set(Diet) - set(AVOIDS) == {Diet.NO_MEAT, Diet.NO_PORK}
        assert set(DIET_NAMES) == set(Diet)

    @pytest.mark.parametrize(
        ("menu", "asked"),
        [
            ([], []),
            ([DishFacts(9, "Riz")], []),
            ([BREAD], [Diet.NO_GLUTEN]),
            ([SOUP, TART], [Diet.NO_GLUTEN, Diet.NO_EGGS, Diet.NO_MILK, Diet.NO_CELERY]),
            ([MAFE], [Diet.NO_MEAT, Diet.NO_PEANUTS]),
            ([RILLETTES], [Diet.NO_MEAT, Diet.NO_PORK]),
        ],
    )
    def test_only_what_this_menu_conflicts_with_is_asked(self, menu: list[DishFacts], asked: list[Diet]) -> None:
        assert diets_asked(menu) == asked

    def test_of_what_is_made_instead_nobody_knows_what_it_holds(self) -> None:
        other = DishFacts(9, "Riz", instead="Satay aux cacahuètes")
        assert diets_asked([SOUP, other]) == list(Diet)
        assert not any(conflicts(diet, other) for diet in Diet), "the dish itself is what was written down"
        assert replaced([SOUP, other]) == ["Riz"]
        assert undeclared([SOUP, other]) == []

    def test_what_most_ask_for_is_asked_first(self) -> None:
        unknown = DishFacts(9, "Crumble", declared=False)
        assert diets_asked([unknown])[:3] == [Diet.NO_MEAT, Diet.NO_PORK, Diet.NO_GLUTEN]

    def test_a_free_word_is_trusted_with_no_allergen(self) -> None:
        assert {diet for diet in Diet if may_eat_instead(diet)} == {Diet.NO_MEAT, Diet.NO_PORK}

    def test_pork_is_meat_and_meat_is_not_pork(self) -> None:
        assert conflicts(Diet.NO_MEAT, RILLETTES)
        assert conflicts(Diet.NO_PORK, RILLETTES)
        assert not conflicts(Diet.NO_PORK, MAFE)

    @given(dishes)
    def test_nothing_is_asked_that_no_dish_is_about(self, menu: list[DishFacts]) -> None:
        for diet in Diet:
            assert (diet in diets_asked(menu)) is any(conflicts(diet, dish) for dish in menu)


class TestShopping:
    def test_scaled_summed_and_rounded_up(self) -> None:
        flour, eggs = Amount("Farine", 300_000, Unit.GRAM), Amount("Œufs", 4000, Unit.PIECE)
        more = Amount("farine", 120_000, Unit.GRAM)
        assert shopping([([flour, eggs], 24), ([more], 10)]) == [
            Amount("Farine", 840_000, Unit.GRAM),
            Amount("Œufs", 10_000, Unit.PIECE),
        ]

    def test_the_same_thing_in_another_unit_is_another_line(self) -> None:
        milk = [Amount("Lait", 500_000, Unit.MILLILITRE), Amount("Lait", 2000, Unit.SPOON)]
        assert [each.unit for each in shopping([(milk, 10)])] == [Unit.MILLILITRE, Unit.SPOON]

    @pytest.mark.parametrize(
        ("milli", "unit", "bought"),
        [
            (1, Unit.GRAM, 500),
            (2100, Unit.MILLILITRE, 2500),
            (5001, Unit.GRAM, 6000),
            (20_000, Unit.GRAM, 20_000),
            (20_001, Unit.GRAM, 25_000),
            (99_001, Unit.GRAM, 100_000),
            (100_001, Unit.GRAM, 110_000),
            (1_000_000, Unit.GRAM, 1_000_000),
            (1_000_001, Unit.GRAM, 1_050_000),
            (1, Unit.PIECE, 1000),
            (1001, Unit.SPOON, 1500),
            (1, Unit.PINCH, 1000),
            (0, Unit.TO_TASTE, 0),
        ],
    )
    def test_nobody_buys_a_third_of_an_egg(self, milli: int, unit: Unit, bought: int) -> None:
        assert shopping([([Amount("x", milli, unit)], PORTIONS)]) == [Amount("x", bought, unit)]

    @given(st.lists(st.tuples(amounts, st.integers(1, 300)), max_size=4))
    def test_there_is_enough_and_not_much_more(self, needs: list[tuple[list[Amount], int]]) -> None:
        bought = {each.name.casefold(): each.milli for each in shopping(needs)}
        needed: dict[str, Fraction] = {}
        for ingredients, portions in needs:
            for each in ingredients:
                key = each.name.casefold()
                needed[key] = needed.get(key, Fraction()) + Fraction(each.milli * portions, PORTIONS)
        assert set(bought) == set(needed)
        for name, milli in needed.items():
            assert milli <= bought[name] < milli + max(Fraction(5000), milli / 10)


class TestRecipe:
    @pytest.mark.parametrize(
        ("milli", "unit", "portions", "weighed"),
        [
            (100, Unit.GRAM, 10, 100),
            (100, Unit.GRAM, 24, 200),
            (100, Unit.GRAM, 1, 100),
            (1000, Unit.GRAM, 24, 2400),
            (2000, Unit.MILLILITRE, 12, 2400),
            (300_000, Unit.GRAM, 24, 720_000),
            (100_000, Unit.GRAM, 13, 130_000),
            (4000, Unit.PIECE, 13, 5000),
            (4000, Unit.PIECE, 14, 5500),
            (1000, Unit.PIECE, 1, 500),
            (1000, Unit.SPOON, 12, 1000),
            (1000, Unit.PINCH, 3, 1000),
            (0, Unit.TO_TASTE, 24, 0),
        ],
    )
    def test_to_what_one_can_weigh_and_no_more(self, milli: int, unit: Unit, portions: int, weighed: int) -> None:
        assert recipe([Amount("x", milli, unit)], portions) == [Amount("x", weighed, unit)]

    def test_in_its_own_order_and_as_often_as_it_is_written(self) -> None:
        needs = [Amount("Sel", 2000, Unit.GRAM), Amount("Riz", 500_000, Unit.GRAM), Amount("sel", 1000, Unit.GRAM)]
        assert recipe(needs, 10) == needs

    @given(st.integers(1, 10**7), st.integers(1, 300))
    def test_nobody_salts_by_the_spoon_what_wants_a_gram(self, milli: int, portions: int) -> None:
        (weighed,) = recipe([Amount("x", milli, Unit.GRAM)], portions)
        needed = Fraction(milli * portions, PORTIONS)
        assert abs(weighed.milli - needed) <= max(Fraction(100), needed / 40)


class TestWords:
    @pytest.mark.parametrize(
        ("amount", "said"),
        [
            (Amount("x", 1_200_000, Unit.GRAM), "1,2 kg"),
            (Amount("x", 999_000, Unit.GRAM), "999 g"),
            (Amount("x", 1_000_000, Unit.GRAM), "1 kg"),
            (Amount("x", 1_500_000, Unit.MILLILITRE), "1,5 l"),
            (Amount("x", 250_000, Unit.MILLILITRE), "25 cl"),
            (Amount("x", 255_000, Unit.MILLILITRE), "255 ml"),
            (Amount("x", 5000, Unit.MILLILITRE), "5 ml"),
            (Amount("x", 8000, Unit.PIECE), "8"),
            (Amount("x", 1500, Unit.SPOON), "1,5 c. à soupe"),
            (Amount("x", 1000, Unit.PINCH), "1 pincée"),
            (Amount("x", 2000, Unit.PINCH), "2 pincées"),
            (Amount("x", 0, Unit.TO_TASTE), ""),
        ],
    )
    def test_in_what_makes_sense(self, amount: Amount, said: str) -> None:
        assert amount_words(amount, language("fr")).replace("\u00a0", " ").replace("\u202f", " ") == said

    @given(st.integers(0, 10**8), st.sampled_from([Unit.GRAM, Unit.MILLILITRE]))
    def test_what_is_said_is_what_it_is(self, milli: int, unit: Unit) -> None:
        value, said = in_words_of(Amount("x", milli, unit))
        times = {"kg": 1000, "g": 1, "l": 1000, "cl": 10, "ml": 1}[said]
        assert value * times * 1000 == milli
        assert said not in ("g", "ml") or value < 1000

    def test_each_unit_has_a_name(self) -> None:
        assert set(UNIT_NAMES) == set(Unit)
