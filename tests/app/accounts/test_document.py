"""docs/accounts.md tells of every kind of line and every account, and of addresses, buttons and delays that exist."""

import re
from pathlib import Path

import pytest

from app.accounts import rules as accounts_rules
from app.accounts.export import HEADS
from app.accounts.states import Account, LedgerKind
from app.main import REGISTRY
from meals import accounts_rules as published
from meals import door_rules
from meals import rules as meals_rules

ROOT = Path(__file__).parents[3]
TOLD = (ROOT / "docs" / "accounts.md").read_text(encoding="utf-8")
TEMPLATES = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "templates").rglob("*.html"))


def test_it_tells_of_every_account_and_kind_of_line() -> None:
    cells = {word for line in TOLD.splitlines() if line.startswith("| `") for word in re.findall(r"`(\w+)`", line)}
    assert {each.value for each in Account} <= cells
    assert {each.value for each in LedgerKind} <= cells


def test_its_addresses_are_answered() -> None:
    paths = {
        re.sub(r"\{\w+:\w+\}", "{}", path)
        for domain in REGISTRY.domains
        for router in domain.routers
        for route in router.routes
        for path in [route.path]
    }
    told = set(re.findall(r"`(/[a-z/{}0-9]+)`", TOLD))
    assert len(told) >= 8
    assert {re.sub(r"\{\w+\}|\b\d+\b", "{}", path) for path in told} <= paths


@pytest.mark.parametrize(
    "words",
    ["Je raye cet achat", "J’annule le remboursement", "J’ajoute la photo", "C’était en vérité", "Entre à table",
     "Entre la boîte et la banque", "La liste à imprimer", "Je note un achat", "Dans la boîte", "J’ai rendu"],
)  # fmt: skip
def test_its_words_stand_on_the_site(words: str) -> None:
    assert f"« {words}" in TOLD
    assert words in TEMPLATES


def test_its_columns_are_those_of_the_file() -> None:
    table = TOLD.split("| column |", 1)[1].split("\n\n", 1)[0]
    assert re.findall(r"^\| (\w+) \|", table, re.MULTILINE) == [str(head.msgid) for head in HEADS]


def test_its_delays_and_bounds_are_ours() -> None:
    assert meals_rules.MONEY_KEPT.days == 31
    assert "within 31 days" in TOLD
    assert door_rules.OPENS_BEFORE.total_seconds() == 2 * 3600
    assert "two hours before the meal" in TOLD
    assert published.LEAST_PEOPLE == 5
    assert accounts_rules.YEARS_KEPT == 10
    assert accounts_rules.REQUEST_REMEMBERED.days == 365
    assert accounts_rules.MOST_PICTURES == 3


def test_what_it_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", TOLD)
    assert len(links) >= 4
    assert [link for link in links if not (ROOT / "docs" / link).is_file()] == []
