"""Members and places among what is searched: names of listed members only, and only for whom names are shown."""

from __future__ import annotations

from collections.abc import Sequence

from app.contracts import Found
from app.database import run
from app.finding import answers, pattern, search_words
from app.i18n.text import N_
from app.identity.api import places
from app.identity.queries import may_see_names
from app.identity.visits import Visit


async def search(visit: Visit, written: str, limit: int) -> Sequence[Found]:
    """Listed members of the place of this visit, by name, then places."""
    words = search_words(written)
    if not words:
        return []
    return [*await _members(visit, words, limit), *await _places(words, limit)]


async def _members(visit: Visit, words: Sequence[str], limit: int) -> list[Found]:
    if visit.place is None or not may_see_names(visit):
        return []
    rows = await run(
        "select m.id, m.name, m.about from membership ms join member m on m.id = ms.member_id "  # noqa: S608 - constant
        "where ms.place_id = {} and m.listed = {} and m.erased_at is null "
        + "".join("and m.name_key like {} escape '!' " for _ in words)
        + "order by m.name_key, m.id limit {}",
        visit.place.id,
        True,
        *(pattern(word) for word in words),
        limit,
    )
    return [
        Found(
            kind="care",
            group=N_("Membres"),
            title=row["name"],
            words=row["about"],
            href=f"/membres/{row['id']}",
            icon="user",
        )
        for row in rows
    ]


async def _places(words: Sequence[str], limit: int) -> list[Found]:
    return [
        Found(
            kind="agenda",
            group=N_("Lieux"),
            title=place.name,
            words=place.address,
            href=f"/agenda?lieu={place.slug}",
            icon="map-pin",
        )
        for place in await places()
        if answers(f"{place.name} {place.address}", words)
    ][:limit]
