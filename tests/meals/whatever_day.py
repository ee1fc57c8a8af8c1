"""What holds of the meals of the demonstration whatever the day: tests/app/test_demo.py asks it of each of its days."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from app.clock import local_day, week_start
from app.database import run
from app.demo.cast import OTHERS
from app.demo.people import address_of
from meals.demo_plan import TONIGHT, TONIGHTS_SEATS

(ZINEB,) = (person for person in OTHERS if person.key == "zineb")


async def one(sql: str, *args: Any) -> Any:
    """The one value of the one row."""
    (row,) = await run(sql, *args)
    (value,) = row.values()
    return value


def is_of_tonight(title: str, starts_at: datetime, now: datetime) -> bool:
    """Whether this is the meal that begins an hour after the demonstration, or somebody's turn at it."""
    soon = abs(starts_at - now) < timedelta(hours=5)
    return soon and (TONIGHT.title in title or title == "Accueil des repas")


async def tonight_is_open(now: datetime) -> None:
    """It begins in an hour; all sorts of people come, more than are left of seats wait; two welcome them, Odile has the
    till."""
    (meal,) = await run("select * from meal where title = {}", TONIGHT.title)
    assert timedelta(minutes=50) <= meal["starts_at"] - now <= timedelta(minutes=65)
    assert meal["state"] == "closed"
    assert 2 <= meal["seats"] - meal["taken"] < meal["waiting"] == 4
    assert meal["taken"] > TONIGHTS_SEATS - 10
    bookings = await run(
        "select b.*, sum(p.seats) as seats, sum(p.children) as children from booking b join booking_part p "
        "on p.booking_id = b.id where b.meal_id = {} and p.state in ('confirmed', 'attended') group by b.id",
        meal["id"],
    )
    assert {row["payment"] for row in bookings} == {"card", "on_site"}
    assert len([row for row in bookings if row["payment"] == "card"]) >= 6
    assert sum(row["children"] for row in bookings) == 3
    assert len([row for row in bookings if row["suspended"]]) == 2
    assert {row["first_name"]: bool(row["walk_in"]) for row in bookings if row["member_id"] is None} == {
        "Marcel": False,
        "Kader": True,
    }
    came = await run("select * from booking_part where meal_id = {} and state = 'attended'", meal["id"])
    assert sum(row["seats"] for row in came) >= 9
    assert all(now - timedelta(minutes=15) < row["attended_at"] < now for row in came)
    held = await run(
        "select m.email, g.act from granted_act g join member m on m.id = g.member_id "
        "where g.from_at <= {} and g.until_at > {} and g.act = 'check_in'",
        *(now, now),
    )
    assert 2 <= len(held) <= 4
    assert {row["email"] for row in held} >= {"samira@exemple.fr", address_of(ZINEB)}
    till = await run(
        "select m.name from rota_slot s join duty d on d.id = s.duty_id join rota_holding h on h.slot_id = s.id "
        "join member m on m.id = h.member_id where s.source_kind = 'meal' and s.source_id = {} and d.name = 'Caisse'",
        meal["id"],
    )
    assert [row["name"] for row in till] == ["Odile"]


async def accounts_are_told(now: datetime) -> None:
    """Meals are paid for, counted and closed, but for the boxes of the last two: nobody has opened the one yet, and two
    found different sums in the other. Money was spent, some of it is still owed; members asked for things, and were
    answered."""
    place = await one("select id from place where slug = 'les-tanneurs'")
    closed = await run("select a.*, t.cents from meal_account a left join till_count t on t.meal_id = a.meal_id")
    served = await one("select count(*) as n from meal where state = 'served'")
    assert served - 1 <= len(closed) <= served, "the night after"
    assert 1 <= sum(row["cents"] is None for row in closed) <= 2
    assert await one("select count(*) as n from till_count") == served - 2
    assert [row["differs"] for row in await run("select differs from till_entry")] == [True, True]
    assert {row["card_people"] >= 5 for row in closed} == {True, False}
    assert {row["box_people"] >= 5 for row in closed} == {True, False}
    months = {row["day"].replace(day=1) for row in await run("select day from published_figure")}
    assert len(months) >= 3
    assert {row["means"] for row in await run("select means from published_figure")} == {"card", "box", "pot"}
    assert await one("select count(*) as n from booking_part where attended_at < {}", now - timedelta(days=2)) == 0
    asked = {row["state"] for row in await run("select state from budget_request where place_id = {}", place)}
    assert asked == {"open", "agreed", "refused", "bought", "withdrawn"}
    purchases = await run(
        "select p.*, (select count(*) from receipt r where r.purchase_id = p.id) as receipts, "
        "(select count(*) from reimbursement r where r.purchase_id = p.id) as back from purchase p"
    )
    assert {row["spending"] for row in purchases} == {"food", "coffee", "material", "room", "other"}
    assert {row["paid_from"] for row in purchases} == {"member", "box", "bank"}
    assert all(row["receipts"] == 1 for row in purchases)
    assert len([row for row in purchases if row["struck_at"]]) == 1
    advanced = [row for row in purchases if row["paid_from"] == "member" and row["struck_at"] is None]
    assert 1 <= len([row for row in advanced if not row["back"]]) <= 4 < len([row for row in advanced if row["back"]])
    box = "select at, sum(cents) over (order by at, id) as holds from ledger_line where account = 'box' order by at, id"
    assert min(row["holds"] for row in await run(box)) >= 0
    accounts = {row["account"] for row in await run("select distinct account from ledger_line")}
    assert accounts == {"stripe", "box", "bank", "owed"}


async def meals_are_eaten(now: datetime) -> None:
    """Some served, one called off; the next has seats left and lacks somebody, the one after is full and waited for."""
    place = await one("select id from place where slug = 'les-tanneurs'")
    meals = await run("select * from meal where place_id = {} order by starts_at", place)
    assert {row["state"] for row in meals} - {"closed"} == {"open", "served", "cancelled"}
    assert len([row for row in meals if row["state"] == "served"]) >= 15
    assert meals[0]["starts_at"] < now - timedelta(days=45), "of more than a month"
    nearest, full, *_ = [
        row for row in meals if row["state"] == "open" and row["closes_at"] > now + timedelta(hours=12)
    ]
    sunday = week_start(local_day(now)) + timedelta(days=14)
    assert local_day(full["starts_at"]) < sunday or (local_day(now).month, local_day(now).day) > (12, 10)
    assert 0 < nearest["taken"] < nearest["seats"]
    assert not nearest["waiting"]
    assert (
        await one(
            "select sum(people - taken) as n from rota_slot where source_kind = 'meal' and source_id = {} "
            "and state = 'open'",
            nearest["id"],
        )
        == 1
    )
    assert full["taken"] == full["seats"] == 24
    assert full["waiting"] == 6
    offered = await run("select * from booking_part where state = 'offered'")
    assert [(row["meal_id"], row["seats"]) for row in offered] == [(full["id"], 1)]
    assert offered[0]["offer_until"] > now + timedelta(hours=1)
    cancelled = next(row for row in meals if row["state"] == "cancelled")
    assert cancelled["starts_at"] > now
    assert cancelled["reason"]
    assert await one("select cents from pot where place_id = {}", place) == 2 * 500, "two suspended meals"
    assert await one("select sum(cents) as n from pot_line") == 1000
    known = "select distinct price_cents from booking where forgotten_at is null"
    prices = {row["price_cents"] for row in await run(known)}
    assert prices == {300, 500, 800}
    for column in ("suspended", "team"):
        assert await one(f"select count(*) as n from booking where {column} = {{}}", True) > 2
    diets = {row["diet"] for row in await run("select distinct diet from booking_diet")}
    assert len(diets) >= 2
    ended = await run(
        "select d.id from booking_diet d join booking b on b.id = d.booking_id join meal m on m.id = b.meal_id "
        "where m.ends_at < {}",
        now - timedelta(days=1),
    )
    assert ended == [], "forgotten the night after"
    named = await run("select distinct first_name from booking where member_id is null and first_name <> ''")
    assert {row["first_name"] for row in named} == {"Marcel", "Kader"}, "nobody of the meals that are over"
    book = await run("select name, allergens from dish where place_id = {}", place)
    assert len(book) >= 12
    assert await one("select count(*) as n from ingredient") > 6 * len(book)
