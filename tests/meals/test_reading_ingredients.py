"""What the names of ingredients say of allergens, as people write them."""

from __future__ import annotations

import pytest

from app.identity.rules import name_key
from meals.demo_plan import BOOK
from meals.kitchen import BEGIN_OTHERS, END_OTHERS, USUALLY, read_in, unticked
from meals.states import Allergen

GLUTEN, MILK, NUTS, EGGS = Allergen.GLUTEN, Allergen.MILK, Allergen.NUTS, Allergen.EGGS


@pytest.mark.parametrize(
    ("written", "holds"),
    [
        ("Farine de blé", {GLUTEN}),
        ("FARINE T55", {GLUTEN}),
        ("pâtes complètes", {GLUTEN}),
        ("Pâte brisée", {GLUTEN}),
        ("Beurre doux", {MILK}),
        ("Crème fraîche", {MILK}),
        ("Fromages", {MILK}),
        ("Œufs", {EGGS}),
        ("Jaunes d'oeufs", {EGGS}),
        ("Pâte d’arachide", {Allergen.PEANUTS}),
        ("beurre de cacahuètes", {Allergen.PEANUTS}),
        ("Poudre d’amandes", {NUTS}),
        ("Noix", {NUTS}),
        ("Beurre et noisettes", {MILK, NUTS}),
        ("Moutarde de Dijon", {Allergen.MUSTARD}),
        ("Tahini", {Allergen.SESAME}),
        ("Tofu fumé", {Allergen.SOYBEANS}),
        ("sauce soja", {Allergen.SOYBEANS, GLUTEN}),
        ("Céleri-rave", {Allergen.CELERY}),
        ("Dos de cabillaud", {Allergen.FISH}),
        ("Crevettes", {Allergen.CRUSTACEANS}),
        ("Moules", {Allergen.MOLLUSCS}),
        ("Noix de Saint-Jacques", {Allergen.MOLLUSCS}),
        ("Farine de lupin", {Allergen.LUPIN}),
        ("farine, riz", {GLUTEN}),
    ],
)
def test_what_people_write_is_read(written: str, holds: set[Allergen]) -> None:
    assert read_in(written) == holds


@pytest.mark.parametrize(
    ("written", "holds"),
    [
        ("Noix de coco", set()),
        ("noix de muscade", set()),
        ("Lait de coco", set()),
        ("Lait d’amandes", {NUTS}),
        ("Lait de soja", {Allergen.SOYBEANS}),
        ("lait d'avoine", {GLUTEN}),
        ("Farine de riz", set()),
        ("Farine de blé noir", set()),
        ("Farine de riz et farine de blé", {GLUTEN}),
        ("Pâtes de riz", set()),
        ("Œufs de lump", {Allergen.FISH}),
        ("Haricots beurre", set()),
        ("Beurre noisette", {MILK}),
        ("Beurre de cacao", set()),
        ("Farine sans gluten", set()),
        ("Pâtes sans œufs", {GLUTEN}),
        ("Laitue", set()),
        ("Aubergines", set()),
        ("Vinaigre de vin", set()),
        ("", set()),
    ],
)
def test_what_is_called_alike_is_not_taken_for_it(written: str, holds: set[Allergen]) -> None:
    assert read_in(written) == holds


def test_what_is_ticked_is_asked_no_more() -> None:
    needs = ["Farine", "Beurre", "Pain", "Farine"]
    assert unticked(needs, set()) == {GLUTEN: ["Farine", "Pain"], MILK: ["Beurre"]}
    assert unticked(needs, {GLUTEN}) == {MILK: ["Beurre"]}
    assert unticked(needs, {GLUTEN, MILK}) == {}


def test_nothing_is_asked_about_the_dishes_of_the_demonstration() -> None:
    assert any(read_in(each.name) for dish in BOOK for each in dish.ingredients), "the control"
    for dish in BOOK:
        assert unticked((each.name for each in dish.ingredients), dish.allergens) == {}, dish.name


def test_the_words_are_written_as_they_are_compared() -> None:
    for listed in (*USUALLY.values(), BEGIN_OTHERS, END_OTHERS):
        assert listed == name_key(listed)
    assert set(Allergen) - set(USUALLY) == {Allergen.SULPHITES}, "of which no word says enough"
    for allergen, listed in USUALLY.items():
        for word in listed.split(", "):
            assert allergen in read_in(word), word
