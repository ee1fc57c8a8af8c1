"""Every refusal has its sentence, every message is said whole, and a name in it is found again to be forgotten."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from app.i18n import Text, language
from rotas import wording
from rotas.states import RotaRefusal
from rotas.wording import NAMING, SENTENCES, Mail
from tests.client import NOON

DETAILS = {
    RotaRefusal.CLASH: {"title", "when"},
    RotaRefusal.THEIR_CLASH: {"name"},
    RotaRefusal.NOT_YET_ROUND: {"when"},
    RotaRefusal.ALREADY_THEIRS: {"name"},
    RotaRefusal.NOT_THEIRS: {"name"},
    RotaRefusal.NOT_FOR_THEM: {"name"},
    RotaRefusal.FROM_SOURCE: {"title"},
}
GIVEN: dict[str, Any] = {
    "title": "Accueil",
    "starts_at": NOON,
    "ends_at": NOON + timedelta(hours=2),
    "where": "Salon, Les Tanneurs",
    "taken": 3,
    "by": "Odile",
    "name": "Odile",
    "word": "Grippe, 40 % de chances.",
    "wanted": "Caisse",
    "wanted_at": NOON,
    "other": "Caisse",
    "other_at": NOON,
    "first_name": "Monique",
    "why": RotaRefusal.UNDER_AGE,
}
MAILS = [
    function
    for name, function in inspect.getmembers(wording, inspect.isfunction)
    if not name.startswith("_") and function.__module__ == wording.__name__
]


def said(make: Callable[..., Mail]) -> Mail:
    return make(**{name: GIVEN[name] for name in inspect.signature(make).parameters})


def texts(mail: Mail) -> Iterator[Text]:
    yield mail.subject
    yield from (part for part in mail.body if isinstance(part, Text))


def test_every_refusal_has_its_sentence() -> None:
    assert set(SENTENCES) == set(RotaRefusal)
    assert len(set(SENTENCES.values())) == len(SENTENCES)
    assert all(re.search(r"[.!]$", sentence) for sentence in SENTENCES.values())


def test_details_are_those_that_commands_give() -> None:
    for refusal in RotaRefusal:
        assert set(re.findall(r"%\((\w+)\)s", SENTENCES[refusal])) == DETAILS.get(refusal, set()), refusal


@pytest.mark.parametrize("make", MAILS, ids=lambda make: make.__name__)
class TestMessages:
    def test_each_is_said_whole(self, make: Callable[..., Mail]) -> None:
        french = language("fr")
        for part in texts(said(make)):
            assert "%(" not in french.say(part)
        assert len(french.say(said(make).subject)) <= 100

    def test_whoever_is_named_is_named_by_a_sentence_that_is_looked_for(self, make: Callable[..., Mail]) -> None:
        naming = [part for part in texts(said(make)) if "Odile" in part.details.values()]
        assert all(part.msgid in NAMING and part.details["name"] == "Odile" for part in naming)
        assert bool(naming) is bool({"by", "name"} & set(inspect.signature(make).parameters))
