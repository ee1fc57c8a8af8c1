"""The rehearsal's page to pay at, on a phone and a computer, in both lights: what axe-core finds, and that it works."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.async_api import expect

from rehearsal import Rehearsal
from tests.browser.axe import assert_accessible
from tests.browser.conftest import PageOpener
from tests.browser.looks import overflowing, wider_than_the_window

LONG = "Soupe de lentilles corail, citron, cumin, et un nom qui ne finit pas de s’étirer : " + "a" * 60


@pytest.fixture
def stripe() -> Iterator[Rehearsal]:
    with Rehearsal(secret_key="sk_test_page", webhook_secret="whsec_page") as rehearsal:
        yield rehearsal
    assert rehearsal.faults == []


def session(stripe: Rehearsal, locale: str) -> str:
    """A page to pay 10 € at; paid or left, it leads to an address where there is nothing to pay."""
    form = {
        "mode": "payment",
        "locale": locale,
        "success_url": f"{stripe.address}/c/pay/nobody?retour",
        "cancel_url": f"{stripe.address}/c/pay/nobody?abandon",
        "line_items[0][price_data][currency]": "eur",
        "line_items[0][price_data][unit_amount]": "1000",
        "line_items[0][price_data][product_data][name]": LONG,
    }
    headers = {"authorization": "Bearer sk_test_page"}
    made = httpx.post(f"{stripe.address}/v1/checkout/sessions", data=form, headers=headers, trust_env=False)
    return str(made.json()["url"])


@pytest.mark.parametrize("light", ["light", "dark"])
@pytest.mark.parametrize("device", ["phone", "desktop"])
async def test_nothing_bars_the_way(stripe: Rehearsal, open_page: PageOpener, device: str, light: str) -> None:
    page = await open_page(device, color_scheme=light)
    for locale in ("fr", "en"):
        address = session(stripe, locale)
        for state in ("", "?refused", "paid"):
            if state == "paid":
                stripe.pay(address.rpartition("/")[2])
            await page.goto(address + state.removeprefix("paid"))
            await assert_accessible(page)
            assert not await wider_than_the_window(page)
            assert not await overflowing(page)
    address = session(stripe, "fr")
    stripe.expire(address.rpartition("/")[2])
    await page.goto(address)
    await assert_accessible(page)


async def test_somebody_pays_without_a_script(stripe: Rehearsal, open_page: PageOpener) -> None:
    page = await open_page("phone", javascript=False)
    await page.goto(session(stripe, "fr"))
    await expect(page.get_by_text("aucune carte n’est débitée")).to_be_visible()
    await page.get_by_role("button", name="Ma carte est refusée").click()
    await expect(page.get_by_role("alert")).to_contain_text("La carte est refusée.")
    await page.get_by_role("button", name="Je paie 10,00").click()
    await expect(page).to_have_url(re.compile(r"\?retour$"))
    assert [one["payment_status"] for one in stripe.sessions.values()] == ["paid"]


async def test_somebody_goes_back(stripe: Rehearsal, open_page: PageOpener) -> None:
    page = await open_page("phone", javascript=False)
    await page.goto(session(stripe, "fr"))
    await page.get_by_role("link", name="Je reviens en arrière").click()
    await expect(page).to_have_url(re.compile(r"\?abandon$"))
    assert [one["status"] for one in stripe.sessions.values()] == ["open"]
