"""With a file to keep it in, a rehearsal goes on where it was: the demonstration is started again and again."""

import json
from pathlib import Path

import pytest

from rehearsal import Rehearsal
from tests import stripe_spec
from tests.rehearsal.conftest import NOW, Asking
from tests.rehearsing import SECRET_KEY, WEBHOOK_SECRET


def rehearsal(path: Path, port: int = 0) -> Rehearsal:
    return Rehearsal(secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET, keep=path, clock=lambda: NOW, port=port)


async def test_it_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "stripe.json"
    with rehearsal(path) as stripe:
        async with Asking(stripe.address, coroutines=True) as asking:
            made = await asking.session(key="a")
            open_one = await asking.session(key="b")
        port = int(stripe.address.rpartition(":")[2])
        stripe.pay(made["id"])
        told = [letter.event for letter in stripe.letters(keep=True)]
    with rehearsal(path, port=port) as stripe:
        async with Asking(stripe.address, coroutines=True) as asking:
            assert (await asking.session(key="a")) == made
            seen = await asking("checkout.sessions", "retrieve", made["id"], {"expand": ["line_items"]})
            assert (seen["payment_status"], seen["line_items"]["data"][0]["amount_total"]) == ("paid", 1000)
            refund = await asking("refunds", "create", {"payment_intent": seen["payment_intent"], "amount": 10})
        assert [letter.event for letter in stripe.letters(keep=True)][: len(told)] == told
        stripe.pay(open_one["id"])
        stripe.pay_out()
        stripe.dispute(stripe.sessions[open_one["id"]]["payment_intent"])
        stripe_spec.check(stripe)
    with rehearsal(path) as stripe:
        assert stripe.refunds[refund["id"]]["amount"] == 10
        assert len(stripe.disputes) == 1
        stripe_spec.check(stripe)


async def test_a_restart_never_finds_half_a_file(tmp_path: Path) -> None:
    """The new one takes the old one's place whole."""
    path = tmp_path / "stripe.json"
    with rehearsal(path) as stripe:
        async with Asking(stripe.address, coroutines=True) as asking:
            for _ in range(5):
                await asking.session()
                assert len(json.loads(path.read_text(encoding="utf-8"))["things"]["checkout.session"]) == len(
                    stripe.sessions
                )
    assert [each.name for each in tmp_path.iterdir()] == ["stripe.json"]


def test_a_file_that_is_none_of_ours_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "stripe.json"
    path.write_text("not ours", encoding="utf-8")
    with pytest.raises(json.JSONDecodeError):
        rehearsal(path)
    assert path.read_text(encoding="utf-8") == "not ours"
