"""`reseau member add … --mediator-of`: what a role allowed them is somebody else's, and they are told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from app import clock
from app.cli.common import with_database
from app.identity.states import Act
from rotas.commands.claiming import claim
from tests.app.cli.said import Said, rows
from tests.rotas.make import make_duty, make_slot


def test_their_till_turn_is_free_and_they_are_told(reseau: Callable[..., Said], installed: str) -> None:
    reseau("upgrade")
    reseau("member", "add", "rosa@exemple.fr", "--name", "Rosa")
    reseau("place", "add", "gare", "--name", "Gare", "--address", "1 place de la Gare", "--kept-by", "rosa@exemple.fr")
    reseau("member", "add", "karim@exemple.fr", "--name", "Karim", "--place", "gare")
    (place,) = rows(installed, "select id from place where slug = 'gare'")
    (karim,) = rows(installed, "select id from member where name = 'Karim'")

    async def takes() -> None:
        now = clock.now()
        duty = await make_duty(place_id=place["id"], name="Caisse", act=Act.TAKE_CASH.value)
        for days, duty_id in ((3, duty), (5, None)):
            made = await make_slot(place_id=place["id"], duty_id=duty_id, starts_at=now + timedelta(days=days), now=now)
            await claim(actor=karim["id"], slot_id=made, now=now)

    with_database(installed, takes)
    held = "select d.name from rota_holding h join rota_slot s on s.id = h.slot_id join duty d on d.id = s.duty_id "
    assert len(rows(installed, held + "where h.went = ''")) == 2
    code, out, err = reseau("member", "add", "karim@exemple.fr", "--mediator-of", "gare")
    assert (code, err) == (0, "")
    assert "Karim mediates in Gare." in out
    assert rows(installed, held + "where h.went = ''") == [{"name": "Accueil"}]
    assert rows(installed, "select taken from rota_slot order by id") == [{"taken": 0}, {"taken": 1}]
    told = rows(installed, "select member_id, subject from outbox where subject like '%plus à toi%'")
    assert [row["member_id"] for row in told] == [karim["id"]]
