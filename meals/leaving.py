"""What meals say to somebody who is about to erase themselves: what they do first, and what becomes of the rest."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.contracts import Leaving, ToDoFirst
from app.database import run
from app.i18n import Text, text, text_n


async def leaving(member_id: int, now: datetime) -> Leaving:
    """A meal to come that one opened is handed over or called off first, a payment under way is ended; seats are given
    back."""
    opened = await run(
        "select id, title, starts_at from meal where opener_id = {} and ends_at > {} and state in ('open', 'closed') "
        "order by starts_at, id",
        member_id,
        now,
    )
    first = [
        ToDoFirst(
            text(
                "Tu as ouvert le repas « %(title)s », %(starts_at)s. Passe la main, ou annule.",
                title=row["title"],
                starts_at=row["starts_at"],
            ),
            f"/repas/{row['id']}#tenir",
            "soup",
        )
        for row in opened
    ]
    paying = await run(
        "select distinct b.id, m.title, m.starts_at from booking b join meal m on m.id = b.meal_id "
        "join booking_part q on q.booking_id = b.id where b.member_id = {} and q.state = 'held' "
        "order by m.starts_at, b.id",
        member_id,
    )
    first += [
        ToDoFirst(
            text(
                "Tu es en train de payer par carte : « %(title)s », %(starts_at)s. Paie, ou annule.",
                title=row["title"],
                starts_at=row["starts_at"],
            ),
            f"/reservations/{row['id']}",
            "ticket",
        )
        for row in paying
    ]
    booked = await _count(
        "booking b join meal m on m.id = b.meal_id where b.member_id = {} and b.active = {} and m.ends_at > {}",
        *(member_id, True, now),
    )
    paid = await _count(
        "booking b join meal m on m.id = b.meal_id where b.member_id = {} and b.active = {} and m.ends_at > {} "
        "and b.payment = 'card' and exists (select 1 from booking_part q where q.booking_id = b.id "
        "and q.state = 'confirmed')",
        *(member_id, True, now),
    )
    guests = await _count(
        "booking b join meal m on m.id = b.meal_id where b.booked_by = {} and b.member_id is null and b.active = {} "
        "and m.ends_at > {}",
        *(member_id, True, now),
    )
    eaten = await _count(
        "booking b join meal m on m.id = b.meal_id where b.member_id = {} and m.ends_at <= {} and exists (select 1 "
        "from booking_part q where q.booking_id = b.id and q.state in ('confirmed', 'attended'))",
        *(member_id, now),
    )
    past = await _count("meal where opener_id = {} and ends_at <= {}", member_id, now)
    dishes = await _count("dish where written_by = {}", member_id)
    boxes = await _count("till_count where first_by = {} or second_by = {}", member_id, member_id)
    then: list[Text] = []
    if booked:
        then.append(
            text_n(
                "Ta réservation à un repas est annulée. Tes places vont à qui attend.",
                "Tes réservations à %(n)s repas sont annulées. Tes places vont à qui attend.",
                booked,
            )
        )
    if paid:
        then.append(text("Ce que tu as payé par carte pour un repas à venir te revient sur ta carte."))
    if guests:
        then.append(
            text("Les personnes sans compte pour qui tu as réservé un repas gardent leur place. Ton nom n’y est plus.")
        )
    if past:
        then.append(
            text_n(
                "Le repas que tu as ouvert reste dans la mémoire du lieu, sans ton nom.",
                "Les %(n)s repas que tu as ouverts restent dans la mémoire du lieu, sans ton nom.",
                past,
            )
        )
    if dishes:
        then.append(
            text_n(
                "Le plat que tu as écrit reste dans le cahier du lieu, sans ton nom.",
                "Les %(n)s plats que tu as écrits restent dans le cahier du lieu, sans ton nom.",
                dishes,
            )
        )
    if boxes:
        then.append(text("Ce que tu as compté dans la boîte d’un repas reste dans les comptes, sans ton nom."))
    if eaten:
        then.append(text("Le nombre de places prises à table reste, et ce qui a été payé. Plus rien ne dit par qui."))
    return Leaving(first, then)


async def _count(what: str, *args: Any) -> int:
    return int((await run(f"select count(*) as n from {what}", *args))[0]["n"])  # noqa: S608 - constants of this file
