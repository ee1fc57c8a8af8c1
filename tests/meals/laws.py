"""What must always hold of a meal's seats and of the pot, whatever people have done: asked of the database."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from app.database import run
from meals.facts import HAD_SUSPENDED, offer_key, source_of
from rotas.api import gave_up
from tests.client import NOON
from tests.meals.reads import all_parts, bookings, counts, meal, roles

LIVE = ("waiting", "offered", "held", "confirmed", "attended")
SITS = ("offered", "held", "confirmed", "attended")


async def seats_agree(meal_id: int, *, now: datetime) -> None:
    """Never more seats than places, nobody overtaken, one booking a person, and the calendar says the same."""
    row, rows, all_of_them = await meal(meal_id), await all_parts(meal_id), await bookings(meal_id)
    of_id = {each["id"]: each for each in all_of_them}
    taken = sum(part["seats"] for part in rows if part["state"] in SITS)
    waiting = [part for part in rows if part["state"] == "waiting"]
    assert taken <= row["seats"], "more seats than places"
    assert await counts(meal_id) == (taken, sum(part["seats"] for part in waiting))
    live = {part["booking_id"] for part in rows if part["state"] in LIVE}
    assert live == {each["id"] for each in all_of_them if each["active"]}
    active = Counter(each["member_id"] for each in all_of_them if each["active"] and each["member_id"])
    assert max(active.values(), default=1) == 1, "two bookings of one person"
    for each in all_of_them:
        mine = [part for part in rows if part["booking_id"] == each["id"] and part["state"] in LIVE]
        assert sum(part["seats"] for part in mine) <= 6
    queues = [part["queue"] for part in waiting]
    assert None not in queues
    assert len(set(queues)) == len(queues), "two who wait at the same place"
    assert all(part["offer_until"] <= row["closes_at"] for part in rows if part["state"] == "offered")
    if row["state"] != "cancelled":
        assert await roles(meal_id) == {
            of_id[booking_id]["member_id"]: role_of([part for part in rows if part["booking_id"] == booking_id])
            for booking_id in live
            if of_id[booking_id]["member_id"]
        }, "the calendar says otherwise"
    if row["state"] == "open" and now < row["closes_at"]:
        nobody_overtaken(rows, of_id, free=row["seats"] - taken)


def role_of(rows: list[dict[str, Any]]) -> str:
    states = {part["state"] for part in rows}
    if states & {"confirmed", "attended"}:
        return "participant"
    return next((state for state in ("offered", "held") if state in states), "waiting")


def nobody_overtaken(rows: list[dict[str, Any]], of_id: dict[int, dict[str, Any]], *, free: int) -> None:
    for part in rows:
        if part["state"] != "waiting":
            continue
        if of_id[part["booking_id"]]["together"]:
            assert part["seats"] > free, "seats are kept from a group that they are enough for"
        else:
            assert not free, "a free seat is kept from those who wait"
            later = [each for each in rows if each["state"] == "offered" and each["queue"] > part["queue"]]
            assert not later, "somebody was overtaken"


async def the_pot_agrees(place_id: int) -> None:
    """What is in it is what stands: of each booking, its gifts if a seat of it is theirs, and what it drew."""
    sums: dict[int, Counter[str]] = {}
    total = 0
    for line in await run("select * from pot_line where place_id = {}", place_id):
        total += line["cents"]
        sums.setdefault(line["booking_id"], Counter())[line["kind"]] += line["cents"]
    kept = (await run("select * from pot where place_id = {}", place_id) or [{"cents": 0, "borne_cents": 0}])[0]
    assert (total, sum(each["borne"] for each in sums.values())) == (kept["cents"], kept["borne_cents"])
    assert kept["cents"] >= 0, "what is not in the pot was drawn from it"
    assert kept["borne_cents"] >= 0, "more was put back than was borne"
    for each in await run(
        "select b.id, b.give, b.suspended, b.fair_cents, (select count(*) from booking_part p "
        "where p.booking_id = b.id and p.state in ('confirmed', 'attended')) as confirmed from booking b "
        "join meal m on m.id = b.meal_id where m.place_id = {}",
        place_id,
    ):
        moved = sums.get(each["id"], Counter())
        given, drawn = moved["given"] + moved["taken_back"], moved["taken"] + moved["put_back"]
        assert given == (each["give"] * each["fair_cents"] if each["confirmed"] else 0)
        assert drawn in ((0, -each["fair_cents"]) if each["confirmed"] and each["suspended"] else (0,))


async def one_message_a_promotion(meal_id: int) -> None:
    """Each part that was offered has been told of once, and nothing else was; of who is gone nothing is known."""
    there = {each["id"] for each in await bookings(meal_id) if each["member_id"] is not None}
    keys = {
        offer_key(part["id"], part["offered_at"])
        for part in await all_parts(meal_id)
        if part["offered_at"] is not None and part["booking_id"] in there
    }
    mails = await run(
        "select o.offer_key from outbox o join member m on m.id = o.member_id where o.kind = 'offer' "
        "and o.about_kind = 'meal' and o.about_id = {} and o.offer_key <> '' and m.erased_at is null order by o.id",
        meal_id,
    )
    told = [mail["offer_key"] for mail in mails]
    assert len(told) == len(set(told))
    assert set(told) == keys


async def nobody_is_asked_twice(meal_id: int) -> None:
    """Whoever said no to seats, or did not answer, is not offered what else they had asked for with them. Nobody has
    answered what ends because the meal is called off."""
    rows = await all_parts(meal_id)
    (off,) = await run("select cancelled_at as at from meal where id = {}", meal_id)
    for part in rows:
        answered = part["settled_at"] != off["at"]
        if part["offered_at"] is not None and part["state"] in ("lapsed", "cancelled") and answered:
            again = [
                each
                for each in rows
                if each["queue"] == part["queue"] and (each["offered_at"] or NOON) >= part["settled_at"]
            ]
            assert again == [], "asked again after the answer"


async def nobody_eats_for_nothing_twice(meal_id: int) -> None:
    """One suspended meal a person, nobody's but their own; a turn feeds whoever has it, and no guest."""
    suspended = Counter(
        row["member_id"]
        for row in await run(
            f"select b.member_id from booking b where b.meal_id = {{}} and {HAD_SUSPENDED}",
            meal_id,
        )
        if row["member_id"] is not None
    )
    assert max(suspended.values(), default=0) <= 1, "two suspended meals of one person"
    for each in await bookings(meal_id):
        if each["booked_by"] is not None:
            assert (each["own"], bool(each["team"]), bool(each["suspended"])) == ("chosen", False, False)
        assert (each["own"] == "free") == bool(each["team"] or each["suspended"])


async def whoever_gave_their_turn_up_pays(meal_id: int, *, now: datetime) -> None:
    """Right after the job: nobody who comes has a seat for a turn that they gave up."""
    row = await meal(meal_id)
    if row["state"] in ("open", "closed") and now < row["starts_at"]:
        gone = await gave_up(source_of(meal_id))
        for each in await bookings(meal_id):
            assert not (each["active"] and each["team"] and each["member_id"] in gone)


async def all_rows() -> dict[str, list[dict[str, Any]]]:
    """What deeds change: to see that a refusal changes nothing."""
    tables = ("meal", "booking", "booking_part", "booking_diet", "pot_line", "pot", "entry", "taking_part", "outbox")
    return {table: await run(f"select * from {table} order by id") for table in tables}  # constants
