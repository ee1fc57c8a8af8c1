"""The page to pay at, by its buttons and without a browser's help; Chromium looks at it in tests/browser."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from rehearsal import Rehearsal
from rehearsal.words import ENGLISH, FRENCH, language_of, money, span
from tests.rehearsal.conftest import NOW, Asking

NBSP = "\u00a0"


@pytest.fixture
def see(stripe: Rehearsal) -> Callable[..., httpx.Response]:
    def ask(made: dict[str, Any] | str, do: str | None = None, accept: str = "") -> httpx.Response:
        address = made if isinstance(made, str) else f"{stripe.address}/c/pay/{made['id']}"
        method, data = ("GET", None) if do is None else ("POST", {"do": do})
        return httpx.request(method, address, data=data, headers={"accept-language": accept}, trust_env=False)

    return ask


See = Callable[..., httpx.Response]


async def test_its_first_line_says_that_no_card_is_charged(stripe: Rehearsal, one_api: Asking, see: See) -> None:
    made = await one_api.session(1000, locale="fr", expires_at=NOW + 35 * 60)
    page = see(made["url"])
    assert page.status_code == 200
    body = page.text.partition("<body")[2]
    assert body.index("Répétition") < body.index("<h1")
    for words in (
        "aucune carte n’est débitée.",
        f"Je paie 10,00{NBSP}€",
        "Ma carte est refusée",
        "Soupe",
        "35 minutes",
    ):
        assert words in body
    assert 'href="http://127.0.0.1:9/abandon"' in body
    assert '<html lang="fr">' in page.text
    assert "<script" not in page.text


async def test_somebody_pays(stripe: Rehearsal, one_api: Asking, see: See) -> None:
    made = await one_api.session(1000, locale="fr")
    sent = see(made, "pay")
    assert (sent.status_code, sent.headers["location"]) == (303, f"http://127.0.0.1:9/retour?s={made['id']}")
    assert stripe.sessions[made["id"]]["payment_status"] == "paid"
    again = see(made, "pay")  # twice is once
    assert (again.status_code, again.headers["location"]) == (303, f"/c/pay/{made['id']}")
    assert len(stripe.charges) == 1
    assert "C’est payé" in see(made).text
    assert "<button" not in see(made).text


async def test_a_card_is_refused(stripe: Rehearsal, one_api: Asking, see: See) -> None:
    made = await one_api.session(locale="en")
    sent = see(made, "refuse")
    assert sent.status_code == 303
    page = see(stripe.address + sent.headers["location"])
    assert "The card is declined." in page.text
    assert "I pay €10.00" in page.text
    assert stripe.sessions[made["id"]]["status"] == "open"
    assert see(made, "nothing").headers["location"] == f"/c/pay/{made['id']}"
    assert len(stripe.charges) == 1


async def test_too_late(stripe: Rehearsal, one_api: Asking, see: See) -> None:
    made = await one_api.session(locale="fr", expires_at=NOW + 1800)
    stripe.clock = lambda: NOW + 1800
    assert see(made, "pay").headers["location"] == f"/c/pay/{made['id']}"
    page = see(made).text
    assert "Trop tard" in page
    assert "<button" not in page
    assert stripe.charges == {}


def test_no_such_page(stripe: Rehearsal, see: See) -> None:
    for path in ("/c/pay/cs_test_nobody", "/", "/c/pay/", "/c/page.py", "/c/../stage.py"):
        page = see(stripe.address + path, accept="fr-FR,fr;q=0.9")
        assert page.status_code == 404
        assert "Rien à payer ici" in page.text


async def test_nothing_that_is_asked_becomes_markup(stripe: Rehearsal, one_api: Asking, see: See) -> None:
    name = "<script>alert(1)</script>\"'&"
    line = {"price_data": {"currency": "eur", "unit_amount": 500, "product_data": {"name": name}}}
    made = await one_api.session(line_items=[line], cancel_url='http://127.0.0.1:9/"><b>', locale="fr")
    page = see(made).text
    assert "<script" not in page
    assert '"><b>' not in page
    assert "&lt;script&gt;" in page


async def test_the_heads(stripe: Rehearsal, one_api: Asking, see: See) -> None:
    page = see(await one_api.session(locale="fr"))
    assert page.headers["cache-control"] == "no-store"
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "form-action" not in page.headers["content-security-policy"]  # or paying would lead nowhere
    for name, sort in [("page.css", "text/css"), ("icon.svg", "image/svg+xml")]:
        assert see(f"{stripe.address}/c/{name}").headers["content-type"].startswith(sort)


def test_both_languages_say_the_same_things() -> None:
    assert FRENCH.keys() == ENGLISH.keys()
    for name, words in FRENCH.items():
        assert words.count("{") == ENGLISH[name].count("{")


@pytest.mark.parametrize(
    ("locale", "accepted", "language"),
    [
        ("fr", "en", "fr"),
        ("fr-CA", "", "fr"),
        ("en", "fr", "en"),
        ("de", "fr", "en"),
        ("auto", "fr-FR,en;q=0.5", "fr"),
        ("auto", "de,fr;q=0.5", "en"),
        (None, "", "en"),
    ],
)
def test_the_language(locale: str | None, accepted: str, language: str) -> None:
    assert language_of(locale, accepted) == language


def test_amounts_and_spans() -> None:
    assert (money(5, "fr"), money(123_456, "en")) == (f"0,05{NBSP}€", "€1234.56")
    assert [span(seconds, "fr") for seconds in (10, 60, 125, 5399, 5400, 86_400)] == [
        "une minute",
        "une minute",
        "2 minutes",
        "89 minutes",
        "une heure",
        "24 heures",
    ]
