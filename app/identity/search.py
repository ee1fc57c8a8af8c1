"""People and places in the search: what the asking person may see anyway."""

from __future__ import annotations

from collections.abc import Sequence

from app.contracts import Found
from app.database import run
from app.i18n.text import N_
from app.identity.listed import listed_people
from app.identity.queries import may_see_names
from app.identity.rules import name_key
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
        rows = await listed_people(visit.place.id, words, limit=limit)
        found += [
            Found("care", N_("Membres"), row["name"], row["about"], f"/membres/{row['id']}", "user") for row in rows
        ]
    return found[:limit]
