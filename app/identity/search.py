"""People and places in the search: what the asking person may see anyway."""

from __future__ import annotations

from collections.abc import Sequence

from app.contracts import Found
from app.database import run
from app.i18n.text import N_
from app.identity.queries import may_see_names
from app.identity.rules import name_key, starts_like
from app.identity.visits import Visit


async def search(visit: Visit, words: str, limit: int) -> Sequence[Found]:
    """Places by name or address; listed members of the visit's place by name, for those who see names."""
    key = name_key(words)
    if not key:
        return []
    places = await run("select name, slug, address from place order by name, id")
    found = [
        Found("agenda", N_("Lieux"), row["name"], row["address"], f"/lieux/{row['slug']}", "map-pin")
        for row in places
        if key in name_key(f"{row['name']} {row['address']}")
    ]
    if may_see_names(visit) and visit.place is not None:
        pattern = starts_like(key)
        rows = await run(
            "select m.id, m.name, m.about from membership ms join member m on m.id = ms.member_id "
            "where ms.place_id = {} and m.listed = {} and m.erased_at is null "
            "and (m.name_key like {} escape '!' or m.name_key like {} escape '!') order by m.name_key, m.id limit {}",
            visit.place.id,
            True,
            pattern,
            f"% {pattern}",
            limit,
        )
        found += [
            Found("care", N_("Membres"), row["name"], row["about"], f"/membres/{row['id']}", "user") for row in rows
        ]
    return found[:limit]
