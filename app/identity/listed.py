"""Who is on the members' list, found by the beginning of their name or of a later word of it, among any number.

`name_word` keeps these beginnings by place, in their order; whoever changes a name, or who is listed where, says so
with `list_again`. It only finds: that somebody is listed there is read from the member, each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from app.database import run
from app.identity.rules import name_key, starts_like
from app.identity.tables import NameWord

_ALL = "w.place_id = {} and w.before = ''"
_FOUND = """w.place_id = {} and w.key >= {} and w.key < {}
    and (w.before = '' or ' ' || w.before not like {} escape '!')"""
"""Of a name in which several words begin so, the first."""
_PAGE = """
select m.id, m.name, m.about from (
    select w.member_id, w.key from name_word w where /*which*/
    order by w.key, w.member_id limit {} offset {}
) page
join member m on m.id = page.member_id
join membership ms on ms.member_id = m.id and ms.place_id = {}
where m.listed and m.erased_at is null
order by page.key, m.id
"""
_COUNT = f"select count(*) as n from (select 1 as one from name_word w where {_ALL} limit {{}}) listed"  # noqa: S608 - constants of ours
_LAST = "\U0010ffff"
"""Comes after every letter."""
WHOLE_NAMES = """select w.member_id from name_word w where w.place_id = {} and w.key >= {} and w.key < {}
    and w.before = '' order by w.key, w.member_id limit {}"""
"""A question within another one: ids of those listed whose name begins so. Its arguments: `whole_names`."""


async def listed_people(place_id: int, asked: str, *, limit: int, offset: int = 0) -> list[dict[str, Any]]:
    """Who is listed at this place and whose name, or a later word of it, begins so: `id`, `name`, `about`.

    In the order of what begins so: asked for « k », Samira Kaci comes before Karim. Asked for nothing, all by name.
    """
    key = name_key(asked)
    found = (key, key + _LAST, f"% {starts_like(key)}") if key else ()
    question = _PAGE.replace("/*which*/", _FOUND if key else _ALL)
    return await run(question, place_id, *found, limit, offset, place_id)


def whole_names(place_id: int, key: str, *, limit: int) -> tuple[Any, ...]:
    """What `WHOLE_NAMES` is asked with."""
    return place_id, key, key + _LAST, limit


async def count_listed(place_id: int, most: int) -> int:
    """How many are listed at this place, counted up to so many."""
    return int((await run(_COUNT, place_id, most))[0]["n"])


def beginnings(key: str) -> Iterator[tuple[str, str]]:
    """A name's key from each of its words on, with what stands before it."""
    for match in re.finditer(r"\S+", key):
        yield key[match.start() :], key[: match.start()]


async def list_again(*members: int) -> None:
    """Write anew by what these members are found. Inside the transaction in which that changed."""
    marks = ", ".join("{}" for _ in members)
    await run(f"delete from name_word where member_id in ({marks})", *members)  # noqa: S608 - marks only
    rows = await run(
        "select ms.member_id, ms.place_id, m.name_key from membership ms join member m on m.id = ms.member_id "  # noqa: S608 - marks only
        f"where m.id in ({marks}) and m.listed and m.erased_at is null order by ms.id",
        *members,
    )
    words = [
        NameWord(place_id=row["place_id"], member_id=row["member_id"], key=key, before=before)
        for row in rows
        for key, before in beginnings(row["name_key"])
    ]
    if words:
        await NameWord.insert(*words)
