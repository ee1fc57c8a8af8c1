"""A name in messages that others have: it changes or goes where our sentences say it, and nothing else does."""

from __future__ import annotations

import re
from pathlib import Path

from app.calendar.api import host_renamed
from app.database import run, transaction
from app.identity import leaving
from app.identity.commands import offer_role
from app.identity.commands_me import Profile, edit_me
from app.identity.states import Act
from app.identity.wording import NAMING as OF_IDENTITY
from app.main import REGISTRY
from tests.client import NOON
from tests.factories import make_grant, make_member, make_workshop
from tests.people import Cast
from workshops import wording
from workshops.commands import answer_invitation, invite_host, sign_up

ROOT = Path(__file__).resolve().parents[3]
GONE = "une personne partie"


async def told(member_id: int) -> list[str]:
    """What somebody was told, subject and words, with plain spaces."""
    rows = await run("select subject, body from outbox where member_id = {} order by id", member_id)
    return [re.sub(r"\s", " ", f"{row['subject']} / {row['body']}") for row in rows]


async def erase(member_id: int) -> None:
    assert await leaving.erase_for(member_id, REGISTRY.domains, force=True, now=NOON)


async def rename(member_id: int, name: str) -> None:
    profile = Profile(name, "", "", listed=False)
    await edit_me(actor=member_id, profile=profile, domains=REGISTRY.domains, now=NOON)


async def hosted(cast: Cast, *, name: str, title: str) -> tuple[int, int]:
    """Somebody of this name who hosts with Aïcha, has invited Yann, and whose workshop Karim comes to."""
    me = await make_member(name=name, place_id=cast.place)
    workshop = await make_workshop(place_id=cast.place, host=cast.aicha, mediator=cast.bruno, title=title)
    await invite_host(actor=cast.aicha, workshop_id=workshop, member_id=me, now=NOON)
    await answer_invitation(actor=me, workshop_id=workshop, yes=True, now=NOON)
    await invite_host(actor=me, workshop_id=workshop, member_id=cast.yann, now=NOON)
    await sign_up(actor=cast.karim, workshop_id=workshop, now=NOON)
    return me, workshop


def begins(told_to: list[str], *starts: str) -> bool:
    return all(any(each.startswith(start) for each in told_to) for start in starts)


class TestErased:
    async def test_a_name_that_is_a_word_goes_where_it_is_a_name(self, cast: Cast) -> None:
        me, _ = await hosted(cast, name="Le", title="Le Grand Tri")
        before = {member: await told(member) for member in (cast.aicha, cast.yann, cast.karim)}
        assert begins(before[cast.aicha], "Le anime « Le Grand Tri » avec toi")
        assert begins(before[cast.yann], "Le t’invite à animer « Le Grand Tri »")
        assert "Le Grand Tri" in before[cast.karim][0]
        await erase(me)
        assert await told(cast.karim) == before[cast.karim], "also while it is still to leave"
        assert begins(await told(cast.aicha), f"{GONE} anime « Le Grand Tri » avec toi")
        assert begins(await told(cast.yann), f"{GONE} t’invite à animer « Le Grand Tri »")

    async def test_a_title_and_a_place_keep_the_same_words(self, cast: Cast) -> None:
        async with transaction():
            await run("update place set name = {} where id = {}", "Chez Marius", cast.place)
        me, _ = await hosted(cast, name="Marius", title="Marius t’invite à animer")
        before = await told(cast.karim)
        assert "Chez Marius" in before[0]
        await erase(me)
        assert await told(cast.karim) == before
        assert begins(await told(cast.yann), f"{GONE} t’invite à animer « Marius t’invite à animer »")

    async def test_another_of_the_same_name_keeps_theirs(self, cast: Cast) -> None:
        me, workshop = await hosted(cast, name="Marie", title="Repriser")
        other = await make_member(name="Marie", place_id=cast.place)
        await invite_host(actor=cast.aicha, workshop_id=workshop, member_id=other, now=NOON)
        await answer_invitation(actor=other, workshop_id=workshop, yes=True, now=NOON)
        before = await told(cast.yann)
        await erase(me)
        assert begins(await told(cast.aicha), "Marie anime « Repriser » avec toi")
        assert await told(cast.yann) == before, "whose it is, nobody can tell"
        (entry,) = await run("select hosts from entry where thing_id = {}", workshop)
        assert "Marie" in entry["hosts"].split("\n")

    async def test_in_the_reader_s_language(self, cast: Cast) -> None:
        async with transaction():
            await run("update member set language = 'en' where id = {}", cast.yann)
        me, _ = await hosted(cast, name="Zoé", title="Repriser")
        assert begins(await told(cast.yann), "Zoé invites you to host")
        await erase(me)
        assert not [each for each in await told(cast.yann) if "Zoé" in each]


class TestRenamed:
    async def test_the_name_of_before_is_nowhere_after_an_erasure(self, cast: Cast) -> None:
        me, _ = await hosted(cast, name="Zoraïde", title="Repriser")
        await make_grant(member_id=me, place_id=cast.place, act=Act.KEEP_PLACE, from_at=NOON)
        await offer_role(actor=me, place_id=cast.place, act=Act.KEEP_PLACE, member_id=cast.odile, shared=True, now=NOON)
        offered = await told(cast.odile)
        assert offered[0].count("Zoraïde") == 2
        await rename(me, "Zoé Martin")
        assert (await told(cast.odile))[0] == offered[0].replace("Zoraïde", "Zoé Martin")
        assert begins(await told(cast.yann), "Zoé Martin t’invite à animer « Repriser »")
        await erase(me)
        left = await run("select subject, body, event from outbox")
        assert len(left) > 4
        assert not [row for row in left if "Zora" in str(row) or "Martin" in str(row)]
        assert (await told(cast.odile))[0].count(GONE) == 2

    async def test_the_control_without_it(self, cast: Cast) -> None:
        me, _ = await hosted(cast, name="Zoraïde", title="Repriser")
        async with transaction():
            await run("update member set name = 'Zoé' where id = {}", me)
            await host_renamed(me, old="Zoraïde", new="Zoé", now=NOON)
        await erase(me)
        assert begins(await told(cast.yann), "Zoraïde t’invite")


def test_every_sentence_that_says_a_name_is_known() -> None:
    """Guests and speakers are no members; « … n’est pas libre » is shown on a page and kept nowhere."""
    source = (ROOT / "workshops" / "wording.py").read_text()
    others = ("La place de %(name)s est rendue", "Personne invitée : %(name)s", wording.NOT_FREE)
    found = {each for each in re.findall(r'"([^"]*%\(name\)s[^"]*)"', source) if not each.startswith(others)}
    assert found == set(wording.NAMING)
    assert len(found) >= 6
    for path in (ROOT / "app" / "identity").glob("commands*.py"):
        assert "%(name)s" not in path.read_text(), f"{path.name}: it belongs to wording.NAMING"
    assert all("%(name)s" in each for each in OF_IDENTITY)
