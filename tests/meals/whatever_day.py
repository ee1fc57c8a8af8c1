"""What holds of the meals of the demonstration whatever the day: tests/app/test_demo.py asks it of each of its days."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from app.clock import local_day, week_start
from app.database import run


async def one(sql: str, *args: Any) -> Any:
    """The one value of the one row."""
    (row,) = await run(sql, *args)
    (value,) = row.values()
    return value


async def meals_are_eaten(now: datetime) -> None:
    """Some served, one called off; the next has seats left and lacks somebody, the one after is full and waited for."""
    place = await one("select id from place where slug = 'les-tanneurs'")
    meals = await run("select * from meal where place_id = {} order by starts_at", place)
    assert {row["state"] for row in meals} - {"closed"} == {"open", "served", "cancelled"}
    assert len([row for row in meals if row["state"] == "served"]) >= 4
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
    prices = {row["price_cents"] for row in await run("select distinct price_cents from booking")}
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
    assert [row["first_name"] for row in await run("select first_name from booking where member_id is null")] == [
        "Marcel"
    ]
    book = await run("select name, allergens from dish where place_id = {}", place)
    assert len(book) >= 12
    assert await one("select count(*) as n from ingredient") > 6 * len(book)
