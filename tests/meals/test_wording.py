"""Every refusal has its sentence, every message is said whole, and none tells what anybody pays."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from app.i18n import Text, language, text
from meals import wording, wording_booking, wording_card
from meals.states import MealRefusal
from meals.wording import SENTENCES, Mail
from rotas import wording as turns_wording
from tests.client import NOON
from workshops import wording as workshops_wording

DETAILS = {
    MealRefusal.ROOM_TAKEN: {"room", "starts_at"},
    MealRefusal.ROOM_TOO_SMALL: {"room", "seats"},
    MealRefusal.FEWER_THAN_TAKEN: {"taken"},
    MealRefusal.BANK_AWAY: {"until"},
    MealRefusal.OTHER_MEAL: {"title"},
}
GIVEN: dict[str, Any] = {
    "title": "Soupe de lentilles à 100 %",
    "starts_at": NOON,
    "until": NOON + timedelta(hours=2),
    "changes": [wording.new_room("Salon"), wording.new_menu(["Soupe", "Pain"])],
    "reason": "Plus de gaz.",
    "too_few_cooks": True,
    "dish": "Pain",
    "gained": [text("lait"), wording.PORK],
    "undone": True,
    "gives_back": False,
    "way_out": wording.HAND_OVER,
    "envelope": wording_card.PAID,
    "cooks": 1,
    "least": 2,
    "where": "Salon, Les Tanneurs",
    "seats": 2,
    "books": True,
    "waiting": 1,
    "left": 1,
    "first_name": "Monique",
}
MAILS = [
    function
    for module in (wording, wording_booking, wording_card)
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__ and function.__annotations__["return"] == "Mail"
]
CHANGES = [
    wording.new_hours(NOON, NOON + timedelta(hours=2), before=(NOON - timedelta(hours=1), NOON)),
    wording.new_hours(NOON, NOON + timedelta(hours=2), before=(NOON - timedelta(days=1), NOON)),
    wording.new_room(""),
    wording.new_room("Salon"),
    wording.new_title("Mafé"),
    wording.new_closing(NOON),
    wording.new_menu(["Soupe"]),
    wording.menu_gained([text("lait"), wording.MEAT]),
    wording.menu_undeclared(["Crumble"]),
    wording.instead_now("Pain", "du riz"),
    wording.instead_now("Pain", ""),
    wording.guests_off(["Monique"]),
    wording.guests_off(["Monique", "Ali"]),
    wording.guests_told(["Monique", "Ali"]),
]


def said(make: Callable[..., Mail]) -> Mail:
    return make(**{name: GIVEN[name] for name in inspect.signature(make).parameters})


def texts(mail: Mail) -> Iterator[Text]:
    yield mail.subject
    yield from (part for part in mail.body if isinstance(part, Text))


def test_every_refusal_has_its_sentence() -> None:
    assert set(SENTENCES) == set(MealRefusal)
    assert len(set(SENTENCES.values())) == len(SENTENCES)
    assert all(re.search(r"[.!]$", sentence) for sentence in SENTENCES.values())


def test_no_sentence_is_that_of_another_domain() -> None:
    """One msgid has one translation, whoever says it."""
    others = {*turns_wording.SENTENCES.values(), *workshops_wording.SENTENCES.values()}
    assert not others.intersection(SENTENCES.values())


def test_details_are_those_that_commands_give() -> None:
    for refusal in MealRefusal:
        assert set(re.findall(r"%\((\w+)\)s", SENTENCES[refusal])) == DETAILS.get(refusal, set()), refusal


@pytest.mark.parametrize("make", MAILS, ids=lambda make: make.__name__)
def test_each_message_is_said_whole_and_no_sum_is_in_it(make: Callable[..., Mail]) -> None:
    french = language("fr")
    for part in texts(said(make)):
        assert not re.search(r"%\(|Text\(|€|cents", french.say(part))
    assert len(french.say(said(make).subject)) <= 100


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.msgid[:20])
def test_each_change_is_said_whole(change: Text) -> None:
    assert re.fullmatch(r"[^%]*[.]", language("fr").say(change))


def test_what_was_gained_is_said_as_a_list() -> None:
    mail = wording.dish_gained("Mafé", NOON, dish="Pain", gained=[text("lait"), wording.PORK])
    assert language("fr").say(mail.body[0]).endswith("lait et porc.")
