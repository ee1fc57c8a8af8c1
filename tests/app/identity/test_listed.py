"""Who is listed is found by the beginning of any word of their name, and no more names are read than a page shows."""

from __future__ import annotations

from app.database import is_sqlite, run, transaction
from app.identity import listed
from app.identity.commands import join_place
from app.identity.commands_me import Profile, edit_me
from app.identity.listed import beginnings, count_listed, list_again, listed_people
from app.identity.tables import Member, Membership
from tests.client import NOON
from tests.factories import make_member, make_place
from tests.people import Cast

PAGE = 30
MANY = 3000


async def found(place: int, asked: str) -> list[str]:
    return [row["name"] for row in await listed_people(place, asked, limit=PAGE)]


class TestFinding:
    async def test_each_word_is_a_beginning_in_its_order(self, cast: Cast) -> None:
        for name in ("Samira Kaci", "Karim", "Zoé ÉLAN", "Jean-Baptiste Élan", "Ali Amar", "Ksenia O’Kane"):
            await make_member(name=name, place_id=cast.place, listed=True)
        assert await found(cast.place, "k") == ["Samira Kaci", "Karim", "Ksenia O’Kane"]
        assert await found(cast.place, "éla") == ["Zoé ÉLAN", "Jean-Baptiste Élan"], "the same word: who came first"
        assert await found(cast.place, "a") == ["Ali Amar"], "once, though two words begin so"
        assert await found(cast.place, "ali am") == ["Ali Amar"]
        assert await found(cast.place, "o'k") == ["Ksenia O’Kane"]
        for nothing in ("lan", "%", "_", "!", "é%", "zzz"):
            assert await found(cast.place, nothing) == [], nothing
        assert len(await found(cast.place, " ")) == 6
        assert await count_listed(cast.place, 9) == 6
        assert await count_listed(cast.place, 4) == 4

    async def test_what_changes_is_found_anew(self, cast: Cast) -> None:
        other = await make_place(name="Le Canal")

        async def edit(name: str, wished: bool) -> None:
            profile = Profile(name=name, about="", phone="", listed=wished)
            await edit_me(actor=cast.samira, profile=profile, domains=(), now=NOON)

        await edit("Samira Kaci", True)
        assert await found(cast.place, "kac") == ["Samira Kaci"]
        await edit("Samira Ben Ali", True)
        assert (await found(cast.place, "kac"), await found(cast.place, "ben")) == ([], ["Samira Ben Ali"])
        await join_place(actor=cast.samira, place_id=other, session_id=None, now=NOON)
        assert await found(other, "ali") == ["Samira Ben Ali"]
        await edit("Samira Ben Ali", False)
        assert [await found(place, "ali") for place in (cast.place, other)] == [[], []]
        assert await run("select 1 as one from name_word") == []

    async def test_whoever_is_not_listed_is_not_shown_whatever_is_kept_of_words(self, cast: Cast) -> None:
        here = await make_member(name="Fatou", place_id=cast.place, listed=True)
        assert await found(cast.place, "fat") == ["Fatou"], "the control"
        for change in ("update member set listed = {}", "update member set erased_at = {}", "delete from membership"):
            again = await make_member(name="Fatou", place_id=cast.place, listed=True)
            async with transaction():
                if change.startswith("delete"):
                    await run(f"{change} where member_id = {{}}", again)
                else:
                    await run(f"{change} where id = {{}}", False if "listed" in change else NOON, again)
            assert await run("select 1 as one from name_word where member_id = {}", again)
            assert [row["id"] for row in await listed_people(cast.place, "fat", limit=PAGE)] == [here]


async def crowd(place: int) -> None:
    """Names of two words, each beginning with another letter for each number."""
    names = [f"{'aeiou'[number % 5]}{number:05} {'krt'[number % 3]}{number}" for number in range(MANY)]
    async with transaction():
        for first in range(0, MANY, 500):
            some = names[first : first + 500]
            made = await Member.insert(
                *(Member(name=name, name_key=name, listed=True, created_at=NOON) for name in some)
            ).returning(Member.id)
            ids = [row["id"] for row in made]
            await Membership.insert(
                *(Membership(member_id=each, place_id=place, joined_at=NOON, met_at=NOON) for each in ids)
            )
            await list_again(*ids)
        if not is_sqlite():
            await run("analyze name_word")
            await run("analyze member")


async def plan(question: str, *args: object) -> list[str]:
    if is_sqlite():
        return [row["detail"] for row in await run(f"explain query plan {question}", *args)]
    return [row["QUERY PLAN"] for row in await run(f"explain (analyze, timing off, summary off) {question}", *args)]


async def test_a_page_is_read_among_thousands(cast: Cast) -> None:
    await crowd(cast.place)
    for asked, many in (("", PAGE), ("k", PAGE), ("k2", PAGE), ("zzz", 0)):
        assert len(await found(cast.place, asked)) == many
        bounds = [asked, asked + listed._LAST, f"% {asked}%"] if asked else []
        question = listed._PAGE.replace("/*which*/", listed._FOUND if asked else listed._ALL)
        lines = await plan(question, cast.place, *bounds, PAGE, 0, cast.place)
        if is_sqlite():
            index = "name_word_here (place_id=? AND key>? AND key<?)" if asked else "name_word_first (place_id=?)"
            assert any(f"INDEX {index}" in line for line in lines), lines
            assert sum("TEMP B-TREE" in line for line in lines) <= 1, "only the page's own rows are put in order"
        else:
            (line,) = [line for line in lines if "name_word_" in line]
            assert int(line.split("actual rows=")[1].partition(" ")[0].partition(".")[0]) == many, lines
    # The control: the same people as they would be found without these words.
    lines = await plan("select id from member where name_key like {} order by name_key, id limit 30", "% zzz%")
    if is_sqlite():
        assert lines[0].startswith("SCAN member"), lines
    else:
        assert any(f"Rows Removed by Filter: {MANY // 1000}" in line for line in lines), lines


def test_the_beginnings_of_a_name() -> None:
    assert list(beginnings("samira ben ali")) == [
        ("samira ben ali", ""),
        ("ben ali", "samira "),
        ("ali", "samira ben "),
    ]
    assert list(beginnings("")) == []
