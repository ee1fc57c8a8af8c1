"""What the search finds of turns, and that it names nobody."""

from __future__ import annotations

from datetime import timedelta

from app.i18n import language
from app.identity.visits import Me, Spot, Visit
from rotas.api import Source, Wanted, open_slots
from rotas.commands.claiming import claim
from rotas.concerns import search
from tests.client import NOON
from tests.factories import make_place, writing
from tests.people import Cast
from tests.rotas.make import SOON, make_duty, make_slot


def visit(cast: Cast, member_id: int | None, place_id: int | None = None) -> Visit:
    if member_id is None:
        return Visit(now=NOON)
    me = Me(id=member_id, name="Moi", mediator=False, met=True, belongs=True)
    return Visit(now=NOON, member=me, place=Spot(place_id or cast.place, "x", "Les Tanneurs", ""))


async def found(asking: Visit, words: str) -> list[tuple[str, str, str]]:
    return [(each.group, each.title, each.href) for each in await search(asking, words, 25)]


async def test_duties_and_turns_to_come_whatever_the_accents(cast: Cast) -> None:
    duty = await make_duty(place_id=cast.place, name="Clés du matin", about="On ouvre la porte.")
    later = await make_slot(place_id=cast.place, duty_id=duty, starts_at=SOON + timedelta(days=7))
    first = await make_slot(place_id=cast.place, duty_id=duty)
    await make_slot(place_id=cast.place, duty_id=duty, starts_at=NOON - timedelta(days=2))
    expected = [
        ("Rôles", "Clés du matin", f"/tours/roles/{duty}"),
        ("Tours", "Clés du matin", f"/tours/{first}"),
        ("Tours", "Clés du matin", f"/tours/{later}"),
    ]
    for words in ("CLES", "porte matin", "ouvre"):
        assert await found(visit(cast, cast.karim), words) == expected
    assert await found(visit(cast, cast.karim), "vaisselle") == []
    assert await found(visit(cast, None), "cles") == expected[1:], "pages of duties are for members"
    assert [each.state and language("fr").say(each.state) for each in await search(visit(cast, None), "cles", 1)] == [
        "Il manque une personne"
    ]


async def test_what_opened_it_finds_it(cast: Cast) -> None:
    duty = await make_duty(place_id=cast.place, name="Vaisselle")
    alone = await make_slot(place_id=cast.place, duty_id=duty)
    async with writing():
        (slot_id,) = await open_slots(
            source=Source("meal", 3, "Couscous du vendredi", "/repas/3"),
            place_id=cast.place,
            room_id=None,
            wanted=[Wanted(duty, SOON, SOON + timedelta(hours=1), 2)],
            now=NOON,
        )
    asking = visit(cast, cast.karim)
    assert await found(asking, "couscous vaisselle") == [
        ("Tours", "Vaisselle · Couscous du vendredi", f"/tours/{slot_id}")
    ]
    assert {href for _, _, href in await found(asking, "vaisselle")} == {
        f"/tours/roles/{duty}",
        f"/tours/{alone}",
        f"/tours/{slot_id}",
    }


async def test_nobody_is_found_by_their_turns_and_no_other_place_is_looked_through(cast: Cast) -> None:
    slot_id = await make_slot(place_id=cast.place, people=2)
    await claim(actor=cast.samira, slot_id=slot_id, sure=True, now=NOON)
    elsewhere = await make_place(slug="ailleurs", name="Ailleurs")
    other = await make_slot(place_id=elsewhere, duty_id=await make_duty(place_id=elsewhere, name="Accueil"))
    asking = visit(cast, cast.karim)
    assert await found(asking, "samira") == []
    assert f"/tours/{slot_id}" in {href for _, _, href in await found(asking, "accueil")}, "the control: it is found"
    assert f"/tours/{other}" not in {href for _, _, href in await found(asking, "accueil")}
    assert f"/tours/{other}" in {href for _, _, href in await found(visit(cast, None), "accueil")}


async def test_no_more_than_asked_for(cast: Cast) -> None:
    duty = await make_duty(place_id=cast.place, name="Accueil")
    for number in range(6):
        await make_slot(place_id=cast.place, duty_id=duty, starts_at=SOON + timedelta(hours=3 * number))
    assert len(await search(visit(cast, cast.karim), "accueil", 4)) == 4
    assert len(await search(visit(cast, cast.karim), "accueil", 25)) == 7
