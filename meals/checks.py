"""Whether the money of meals agrees with itself: the pot with its lines, what two people counted with the ledger, what
was paid by card with what bookings owe, and what a meal came to with the lines that it is the sum of.

Only reads. What is compared is read in one statement each, so that what somebody writes meanwhile is no difference.
Nobody's name is in any answer, and sums are of whole meals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.contracts import Difference
from app.database import run
from meals.commands.closing import BY_CARD
from meals.commands.money import due_for
from meals.facts import KIND
from meals.states import PotKind


async def differences(now: datetime) -> Sequence[Difference]:
    """All that does not agree."""
    found = []
    for what, words, statement, args in _COMPARED:
        found += [
            Difference(what, row["about"], int(row["expected"]), int(row["found"]), words, row["place_id"])
            for row in await run(statement, *args)
        ]
    return [*found, *await _paid_for_nothing()]


_CARD = ", ".join(f"'{kind.value}'" for kind in BY_CARD)
_COMPARED: tuple[tuple[str, str, str, tuple[Any, ...]], ...] = (
    (
        "pot",
        "what is in the pot, and the sum of its lines",
        "select o.place_id, 'pot-' || o.id as about, coalesce(sum(l.cents), 0) as expected, o.cents as found "
        "from pot o left join pot_line l on l.place_id = o.place_id group by o.id, o.place_id, o.cents "
        "having coalesce(sum(l.cents), 0) <> o.cents order by o.id",
        (),
    ),
    (
        "pot_borne",
        "what the place put into the pot, and the sum of the lines that say so",
        "select o.place_id, 'pot-' || o.id as about, coalesce(sum(l.cents), 0) as expected, o.borne_cents as found "
        "from pot o left join pot_line l on l.place_id = o.place_id and l.kind = {} "
        "group by o.id, o.place_id, o.borne_cents having coalesce(sum(l.cents), 0) <> o.borne_cents order by o.id",
        (PotKind.BORNE.value,),
    ),
    (
        "pot_without_lines",
        "lines of a pot that is not there",
        "select l.place_id, 'place-' || l.place_id as about, 0 as expected, sum(l.cents) as found from pot_line l "
        "where not exists (select 1 from pot o where o.place_id = l.place_id) group by l.place_id order by l.place_id",
        (),
    ),
    (
        "till_count",
        "what two people counted in the box, and what the ledger says of it",
        "select m.place_id, 'meal-' || t.meal_id as about, t.cents as expected, coalesce(l.cents, 0) as found "
        "from till_count t join meal m on m.id = t.meal_id "
        "left join ledger_line l on l.kind = 'cash' and l.ref = 'meal-' || t.meal_id "
        "where l.id is null or l.cents <> t.cents or l.account <> 'box' or l.place_id <> m.place_id "
        "or l.about <> {} or coalesce(l.about_id, 0) <> t.meal_id order by t.meal_id",
        (KIND,),
    ),
    (
        "cash_of_nothing",
        "a line about a box that nobody counted",
        "select l.place_id, 'line-' || l.id as about, 0 as expected, l.cents as found from ledger_line l "
        "where l.kind = 'cash' and not exists (select 1 from till_count t where 'meal-' || t.meal_id = l.ref) "
        "order by l.id",
        (),
    ),
    (
        "entry_after_count",
        "what somebody alone found in a box that is counted",
        "select m.place_id, 'meal-' || t.meal_id as about, t.cents as expected, max(e.cents) as found "
        "from till_count t join till_entry e on e.meal_id = t.meal_id join meal m on m.id = t.meal_id "
        "group by m.place_id, t.meal_id, t.cents order by t.meal_id",
        (),
    ),
    (
        "meal_card",
        "what a meal brought by card when its accounts were closed, and the lines that it is the sum of",
        # Of whoever erased themselves nobody knows what they paid, nor that they had a booking if it came to nothing;
        # nor, after a month, of anybody. So it is compared while as many bookings are known as were counted.
        "select a.place_id, 'meal-' || a.meal_id as about, coalesce(s.cents, 0) as expected, a.card_cents as found "  # noqa: S608 - words of ours
        "from meal_account a left join (select e.meal_id, sum(e.cents) as cents, "
        "sum(case when e.cents <> 0 then 1 else 0 end) as people from (select b.meal_id, sum(l.cents) as cents "
        "from ledger_line l join checkout c on c.id = l.checkout_id and c.kind = {} "
        "join booking b on b.id = c.thing_id join meal_account k on k.meal_id = b.meal_id and l.id <= k.ledger_line_id "
        f"where l.kind in ({_CARD}) group by b.meal_id, b.id) e group by e.meal_id) s on s.meal_id = a.meal_id "
        "where coalesce(s.cents, 0) <> a.card_cents and coalesce(s.people, 0) = a.card_people and not exists "
        "(select 1 from booking o where o.meal_id = a.meal_id "
        "and (o.forgotten_at is not null or (o.payment = 'card' and o.member_id is null))) order by a.meal_id",
        (KIND,),
    ),
    (
        "meal_pot",
        "what a meal brought to the pot when its accounts were closed, and the lines that it is the sum of",
        "select a.place_id, 'meal-' || a.meal_id as about, coalesce(sum(l.cents), 0) as expected, "
        "a.pot_cents as found from meal_account a "
        "left join pot_line l on l.meal_id = a.meal_id and l.kind <> {} and l.at <= a.closed_at "
        "group by a.place_id, a.meal_id, a.pot_cents having coalesce(sum(l.cents), 0) <> a.pot_cents "
        "order by a.meal_id",
        (PotKind.BORNE.value,),
    ),
    (
        "meal_sums",
        "money of a meal that is of nobody, or below zero",
        "select a.place_id, 'meal-' || a.meal_id as about, 0 as expected, "
        "abs(a.card_cents) + abs(a.pledged_cents) + abs(a.pot_cents) as found from meal_account a "
        "where a.pledged_cents < 0 or a.eaten < 0 or (a.card_cents <> 0 and a.card_people < 1) "
        "or (a.pledged_cents = 0 and a.box_people <> 0) or (a.pot_cents <> 0 and a.pot_people < 1) order by a.meal_id",
        (),
    ),
)

_BY_CARD = """
select b.meal_id, m.place_id, b.price_cents, b.own, b.give, b.fair_cents,
       (select coalesce(sum(p.seats), 0) from booking_part p
        where p.booking_id = b.id and p.state in ('confirmed', 'attended')) as seats,
       (select coalesce(sum(l.cents), 0) from pot_line l where l.booking_id = b.id and l.kind = {}) as left_cents,
       c.paid, coalesce(c.back, 0) as back
from booking b join meal m on m.id = b.meal_id
join (select c.thing_id, sum(c.amount_cents) as paid, sum(
          (select case when sum(r.amount_cents) > c.amount_cents then c.amount_cents else sum(r.amount_cents) end
           from refund r where r.checkout_id = c.id)) as back
      from checkout c where c.kind = {} and c.state = 'paid' and c.thing_id is not null
      group by c.thing_id) c on c.thing_id = b.id
where b.forgotten_at is null order by b.meal_id, b.id
"""


async def _paid_for_nothing() -> list[Difference]:
    """What is paid by card is for seats that are somebody's, or was left to the pot, or goes back."""
    owed: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    for row in await run(_BY_CARD, PotKind.LEFT.value, KIND):
        kept = int(row["paid"]) - int(row["back"]) - int(row["left_cents"])
        sums = owed[row["place_id"], row["meal_id"]]
        sums[0] += min(kept, due_for(row, int(row["seats"])))
        sums[1] += kept
    words = "what bookings owe that is paid by card, and what is kept of it"
    return [
        Difference("card_dues", f"meal-{meal}", expected, found, words, place)
        for (place, meal), (expected, found) in owed.items()
        if expected != found
    ]
