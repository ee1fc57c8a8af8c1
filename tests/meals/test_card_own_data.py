"""What one paid by card is in one's own copy, and in nobody else's; whoever goes gets back what is to come, and leaves
sums without a name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.database import run
from app.identity.leaving import erase_for, leaving_of
from app.main import REGISTRY
from app.payments import api as payments
from meals import jobs, own_data
from meals.commands.giving_back import cancel_seats
from meals.facts import pot_cents
from tests.client import NOON
from tests.meals.laws import seats_agree, the_pot_agrees
from tests.meals.make import DAY, START, change_meal, make_booking, make_meal
from tests.meals.paying import Bank
from tests.meals.reads import meal, stands
from tests.people import Cast


async def cards(member_id: int) -> list[dict[str, Any]]:
    (found,) = [each for each in await own_data.export_of(member_id) if each.key == "meal_cards"]
    assert all(row.keys() == found.columns.keys() for row in found.rows)
    return [dict(row) for row in found.rows]


class TestTheCopy:
    async def test_what_i_paid_and_got_back_is_in_mine(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, title="Couscous")
        other = await make_meal(place_id=cast.place, opener=cast.yann, title="Gratin")
        mine = await bank.booked_and_paid(made, cast.samira, 2)
        await cancel_seats(actor=cast.samira, booking_id=mine, seats=1, leave=False, now=bank.now)
        await bank.books(other, cast.samira)
        await bank.booked_and_paid(made, cast.karim, 3)
        one, two = await cards(cast.samira)
        assert (one["meal"], one["amount_cents"], one["state"].code, one["refunded_cents"]) == (
            "Couscous",
            1000,
            "paid",
            500,
        )
        assert (two["meal"], two["state"].code, two["settled_at"]) == ("Gratin", "open", None)
        assert [row["amount_cents"] for row in await cards(cast.karim)] == [1500]
        assert await cards(cast.yann) == []

    async def test_no_number_of_stripes_is_in_anybodys(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await bank.booked_and_paid(made, cast.samira)
        row = await bank.checkout(mine)
        for member in (cast.samira, cast.karim, cast.yann, cast.rosa):
            told = repr(await own_data.export_of(member))
            for secret in (row["session_id"], row["payment_intent"], row["key"]):
                assert secret not in told

    async def test_a_month_later_it_is_forgotten(self, cast: Cast, bank: Bank) -> None:
        from meals import jobs

        made = await make_meal(place_id=cast.place, opener=cast.yann)
        await bank.booked_and_paid(made, cast.samira)
        assert len(await cards(cast.samira)) == 1
        await jobs.forget_what_was_paid(START + timedelta(days=40))
        assert await cards(cast.samira) == []
        (row,) = await run("select cents, kind from ledger_line where kind = 'payment'")
        assert row["cents"] == 500, "the place's accounts stay"


class TestWhoeverGoes:
    async def test_is_asked_to_end_a_payment_first(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await bank.books(made, cast.samira)
        told = await leaving_of(cast.samira, REGISTRY.domains, now=bank.now)
        assert [each.href for each in told.first] == [f"/reservations/{mine}"]
        await bank.pays(mine)
        await bank.settles(mine)
        told = await leaving_of(cast.samira, REGISTRY.domains, now=bank.now)
        assert told.first == []
        assert "revient sur ta carte" in repr(told.then)

    async def test_gets_back_what_is_to_come_and_leaves_what_was_eaten(self, cast: Cast, bank: Bank) -> None:
        eaten = await make_meal(place_id=cast.place, opener=cast.yann, seats=9)
        coming = await make_meal(place_id=cast.place, opener=cast.yann, starts_at=START + 9 * DAY)
        ate = await bank.booked_and_paid(eaten, cast.samira, 2, give=1)
        comes = await bank.booked_and_paid(coming, cast.samira, 3, give=1)
        await change_meal(eaten, state="served")
        bank.now = START + DAY
        await jobs.close_accounts(bank.now)  # before, the meal's sums still need to know what was paid for it
        checkouts = [(await bank.checkout(each))["id"] for each in (ate, comes)]
        await erase_for(cast.samira, REGISTRY.domains, force=True, now=bank.now)
        rows = await run("select id, thing_id, path, state from checkout order by id")
        assert [(row["id"], row["thing_id"], row["path"]) for row in rows] == [(each, None, "") for each in checkouts]
        refunds = await run("select checkout_id, amount_cents, state from refund order by id")
        assert [(row["checkout_id"], row["amount_cents"]) for row in refunds] == [(checkouts[1], 2000)]
        assert (await meal(coming))["taken"] == 0
        assert await pot_cents(cast.place) == 500, "what was given with what was eaten"
        await the_pot_agrees(cast.place)
        await seats_agree(coming, now=bank.now)

    async def test_while_paying_is_waited_for_no_more_and_refunded_if_paid(self, cast: Cast, bank: Bank) -> None:
        """By force, as of an older state: the page asks to end it first."""
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=2)
        mine, theirs = await bank.books(made, cast.samira), await bank.books(made, cast.karim)
        waits = await make_booking(meal_id=made, member_id=cast.aicha, seats=2)
        sessions = [(await bank.checkout(each)) for each in (mine, theirs)]
        await bank.pays(mine)
        for member in (cast.samira, cast.karim):
            await erase_for(member, REGISTRY.domains, force=True, now=bank.now)
        assert await stands(waits) == {"offered": 2}
        assert await payments.close(sessions[0]["id"], now=bank.now) is payments.Closing.PAID
        assert await payments.close(sessions[1]["id"], now=bank.now) is payments.Closing.CLOSED
        assert bank.open_pages() == 0
        refunds = await run("select checkout_id, amount_cents from refund")
        assert [(row["checkout_id"], row["amount_cents"]) for row in refunds] == [(sessions[0]["id"], 500)]
        assert (bank.charged(), bank.given_back()) == (500, 500)
        assert await stands(waits) == {"offered": 2}
        await seats_agree(made, now=NOON)
