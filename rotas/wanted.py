"""Who asks everybody to come in their place for a turn that is near: what the clock calls out and the desk shows.

A row is the turn's as `facts.title_of` needs it, with the request's id as `swap_id` and when people were called for it.
"""

from __future__ import annotations

from datetime import datetime

from app.database import run
from rotas.facts import Row
from rotas.rules import CALLED_BEFORE

_WANTED = """
select s.id, s.place_id, s.starts_at, s.source_title, d.name as duty, d.icon, d.opens_place,
       x.id as swap_id, x.called_at, x.asked_at
from rota_swap x join rota_slot s on s.id = x.slot_id join duty d on d.id = s.duty_id
left join rota_setting q on q.place_id = s.place_id
where x.state = 'open' and x.to_member is null and x.wanted_slot_id is null and s.state = 'open'
and s.starts_at > {} and s.starts_at <= {} and (q.quiet is null or q.quiet = {})
"""


async def wanted_stand_ins(*, now: datetime, place_id: int | None = None) -> list[Row]:
    """These requests of this place, or of all, the turn that begins first before the others. Nobody is asked for an own
    turn in return, nor by name. A quiet place has none."""
    here, place = ("", []) if place_id is None else ("and s.place_id = {} ", [place_id])
    return await run(
        f"{_WANTED}{here}order by s.starts_at, x.id",
        now,
        now + CALLED_BEFORE,
        False,
        *place,
    )
