"""What must be so of everybody's money and seats at a meal once nothing is left to do: asked of Stripe and of us."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from app import clock
from app.database import run
from rehearsal import Rehearsal
from tests.meals.laws import seats_agree, the_pot_agrees

TAKEN = ("offered", "held", "confirmed", "attended")


async def wrongs(stripe: Rehearsal, meals: Sequence[int], *, settled: bool = True) -> list[str]:
    """What does not agree; empty when all is well. `settled`: the jobs have done everything that was due."""
    found: list[str] = []
    for meal_id in meals:
        found += [f"meal {meal_id}: {wrong}" for wrong in await _of_meal(stripe, meal_id)]
    known = {row["key"] for row in await run("select key from checkout")}
    for session in stripe.sessions.values():
        if session["metadata"]["key"] not in known:
            found.append(f"a session of nobody, {session['status']}")
    (place,) = await run("select place_id from meal where id = {}", meals[0])
    found += [said for said in [await _law(the_pot_agrees(place["place_id"]))] if said]
    if settled:
        found += await _left_over()
    return found


async def _of_meal(stripe: Rehearsal, meal_id: int) -> list[str]:
    found = [said for said in [await _law(seats_agree(meal_id, now=clock.now()))] if said]
    (meal,) = await run("select seats, title from meal where id = {}", meal_id)
    parts = await run("select * from booking_part where meal_id = {} order by id", meal_id)
    taken = sum(part["seats"] for part in parts if part["state"] in TAKEN)
    if taken > meal["seats"]:
        found.append(f"{taken} at {meal['seats']} seats")
    for booking in await run("select * from booking where meal_id = {} order by id", meal_id):
        mine = [part for part in parts if part["booking_id"] == booking["id"]]
        found += [f"booking {booking['id']}: {wrong}" for wrong in await _of_booking(stripe, booking, mine)]
    told = Counter(
        (row["member_id"], row["subject"])
        for row in await run(
            "select member_id, subject from outbox where about_kind = 'meal' and about_id = {}", meal_id
        )
    )
    return found + [f"{member} was told {many} times: {what}" for (member, what), many in told.items() if many > 1]


async def _law(law: Any) -> str:
    try:
        await law
    except AssertionError as broken:
        return f"a law is broken: {str(broken).partition(chr(10))[0]}"
    return ""


async def _of_booking(stripe: Rehearsal, booking: dict[str, Any], parts: list[dict[str, Any]]) -> list[str]:
    checkouts = await run("select * from checkout where kind = 'meal' and thing_id = {} order by id", booking["id"])
    keys = [row["key"] for row in checkouts]
    sessions = [each for each in stripe.sessions.values() if each["metadata"]["key"] in keys]
    seats = Counter[str]()
    for part in parts:
        seats[part["state"]] += part["seats"]
    found = []
    if many := [key for key, n in Counter(each["metadata"]["key"] for each in sessions).items() if n > 1]:
        found.append(f"{len(many)} checkouts have two sessions")
    open_there = sum(each["status"] == "open" for each in sessions)
    if open_there > (1 if seats["held"] else 0):
        found.append(f"{open_there} sessions are open at Stripe, and {seats['held']} seats are held")

    intents = {each["payment_intent"] for each in sessions if each["payment_intent"]}
    charged = sum(
        each["amount"] for each in stripe.charges.values() if each["paid"] and each["payment_intent"] in intents
    )
    back = [each for each in stripe.refunds.values() if each["payment_intent"] in intents]
    refunded = sum(each["amount"] for each in back if each["status"] in ("succeeded", "pending"))
    ids = [row["id"] for row in checkouts] or [0]
    (ledger,) = await run(
        "select coalesce(sum(cents), 0) as cents from ledger_line where kind in "
        f"('payment', 'refund', 'refund_failed') and checkout_id in ({', '.join(map(str, ids))})"
    )
    if ledger["cents"] != charged - refunded:
        found.append(f"Stripe has {charged} - {refunded}, the ledger says {ledger['cents']}")
    (left,) = await run(
        "select coalesce(sum(cents), 0) as cents from pot_line where booking_id = {} and kind = 'left'", booking["id"]
    )
    kept, confirmed = charged - refunded - left["cents"], seats["confirmed"] + seats["attended"]
    due = confirmed * booking["price_cents"] + (booking["give"] * booking["fair_cents"] if confirmed else 0)
    by_card = booking["payment"] == "card" and not seats["held"]
    if kept != (due if by_card else 0) and not (seats["held"] and kept == due):
        found.append(f"{kept} are kept, and {due} are due for {dict(seats)} ({booking['payment']})")
    return found


async def _left_over() -> list[str]:
    """What is not done, or waits for a person."""
    left = {
        "checkouts that are not over": "select id from checkout where state in ('made', 'open', 'flagged')",
        "refunds that are not done": "select id from refund where state <> 'succeeded'",
        "seats that are held": "select id from booking_part where state = 'held'",
    }
    return [f"{len(rows)} {what}" for what, sql in left.items() if (rows := await run(sql))]
