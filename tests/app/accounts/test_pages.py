"""The doors of accounts: who gets in, what is shown, what a form does, and what it says when it cannot."""

from __future__ import annotations

import io
from typing import Any

import httpx
import pytest
from PIL import Image

from app.accounts import drawing, spending
from app.accounts.commands import answer_request, ask_for, give_back
from app.accounts.drawing import draw_anew
from app.accounts.pages import LARGEST_FORM
from app.accounts.pictures import Picture
from app.accounts.queries_desk import LAST_SHOWN
from app.accounts.states import PaidFrom, Spending
from app.database import Store, engine, run
from app.main import LARGEST_BODY, REGISTRY
from app.web.csrf import FIELD
from tests.app.accounts.shopping import TODAY, bought, fill_box, lines, once, one_more_keeper, photo, sums
from tests.client import NOON, Browser, World, words
from tests.factories import make_member, make_place
from tests.meals.make import make_meal
from tests.people import Cast, make_cast


@pytest.fixture
async def cast(db: Store) -> Cast:
    spending.know(REGISTRY.spends)
    return await make_cast()


@pytest.fixture
def world() -> World:
    return World()


async def browser(world: World, cast: Cast, who: int) -> Browser:
    return await world.browser_of(who, place_id=cast.place)


def form(**changes: str) -> dict[str, str]:
    plain = {
        "what": "Carottes",
        "amount": "23,40",
        "spending": "food",
        "bought_on": TODAY.isoformat(),
        "paid_from": "member",
        "once": once(),
    }
    return {**plain, **changes}


async def send(
    reader: Browser, path: str, data: dict[str, str], taken: list[bytes] | None = None, **named: Any
) -> httpx.Response:
    """As a browser sends a form with files."""
    files = [("receipt", (f"{n}.jpg", each, "image/jpeg")) for n, each in enumerate(taken or [])]
    return await reader.http.post(
        path,
        data={FIELD: reader.csrf_token(), **data},
        files=files or {"receipt": ("", b"", "application/octet-stream")},
        **named,
    )


async def test_a_cook_writes_down_what_they_bought_with_its_receipt(world: World, cast: Cast) -> None:
    meal = await make_meal(place_id=cast.place, opener=cast.odile)
    odile = await browser(world, cast, cast.odile)
    page = await odile.get(f"/comptes/achats/nouveau?repas={meal}")
    assert "Soupe de lentilles" in words(page)
    assert "Avec l’argent de la boîte" not in words(page)
    sent = await send(odile, "/comptes/achats", form(meal=str(meal), payee="Odile Martin"), [photo((3000, 4000))])
    assert sent.status_code == 303
    seen = await odile.get(sent.headers["location"])
    assert "23,40 €" in words(seen)
    assert "Odile Martin" in words(seen)
    assert "À rembourser" in words(seen)
    picture = await odile.get(sent.headers["location"] + "/recu/1")
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.headers["cache-control"] == "no-store"
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert picture.headers["content-disposition"] == "inline"
    assert Image.open(io.BytesIO(picture.content)).size == (1200, 1600)
    assert "Carottes" in words(await odile.get("/comptes/achats"))


async def test_without_a_picture_too_and_the_same_form_twice(world: World, cast: Cast) -> None:
    rosa = await browser(world, cast, cast.rosa)
    data = form()
    first = await send(rosa, "/comptes/achats", data)
    again = await send(rosa, "/comptes/achats", data)
    assert first.status_code == again.status_code == 303
    assert first.headers["location"] == again.headers["location"]
    assert len(await lines()) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"what": ""}, "Écris ce que tu as acheté."),
        ({"amount": ""}, "Il manque la somme"),
        ({"amount": "beaucoup"}, "Écris une somme en euros"),
        ({"amount": "0"}, "Écris une somme en euros"),
        ({"amount": "-5"}, "Écris une somme en euros"),
        ({"amount": "5000,01"}, "C’est plus de 5 000 €"),
        ({"bought_on": "2026-02-30"}, "Ce jour n’existe pas."),
        ({"bought_on": ""}, "Il manque le jour"),
        ({"spending": "champagne"}, "Choisis à quoi cela sert."),
        ({"paid_from": "trésor"}, "Choisis avec quel argent."),
        ({"for_other": "1", "payee": ""}, "Écris le nom de la personne"),
    ],
)
async def test_what_cannot_be_read_is_said_beside_it_and_the_rest_is_kept(
    world: World, cast: Cast, changes: dict[str, str], said: str
) -> None:
    rosa = await browser(world, cast, cast.rosa)
    sent = await send(rosa, "/comptes/achats", form(**{"payee": "Rosa Diallo", **changes}), [photo()])
    assert sent.status_code == 422
    assert said in words(sent)
    assert "Choisis de nouveau la photo" in words(sent)
    if "payee" not in changes:
        assert "Rosa Diallo" in sent.text
    assert await lines() == []


async def test_what_is_refused_is_said_beside_the_field(world: World, cast: Cast) -> None:
    rosa = await browser(world, cast, cast.rosa)
    for picture in (b"<script>alert(1)</script>", photo()[:-300], b"<svg xmlns='http://www.w3.org/2000/svg'/>"):
        sent = await send(rosa, "/comptes/achats", form(), [picture])
        assert sent.status_code == 409
        assert "Cette photo ne s’ouvre pas ici" in words(sent)
    four = await send(rosa, "/comptes/achats", form(), [photo((100 + n, 100)) for n in range(4)])
    assert "trois au plus" in words(four)
    box = await send(rosa, "/comptes/achats", form(paid_from="box"))
    assert "Il n’y a pas autant dans la boîte" in words(box)
    assert await lines() == []


async def test_a_form_as_large_as_said_and_no_larger(world: World, cast: Cast) -> None:
    rosa = await browser(world, cast, cast.rosa)
    padded = photo() + b"\0" * (LARGEST_BODY + 1024)
    assert (await send(rosa, "/comptes/achats", form(), [padded])).status_code == 303
    too_large = await send(rosa, "/comptes/achats", form(), [photo() + b"\0" * LARGEST_FORM])
    assert too_large.status_code == 413
    elsewhere = await send(rosa, "/comptes/demandes", {"what": "x" * LARGEST_BODY})
    assert elsewhere.status_code == 413
    assert len(await lines()) == 1


async def test_a_form_with_pictures_needs_its_token(world: World, cast: Cast) -> None:
    rosa = await browser(world, cast, cast.rosa)
    refused = await rosa.http.post("/comptes/achats", data=form(), files={"receipt": ("a.jpg", photo(), "image/jpeg")})
    assert refused.status_code == 403
    visitor = world.browser()
    assert (await send(visitor, "/comptes/achats", form(), [photo()])).status_code == 303
    assert await lines() == []


async def test_whoever_has_nothing_to_buy_reads_why(world: World, cast: Cast) -> None:
    karim = await browser(world, cast, cast.karim)
    refused = await karim.get("/comptes/achats/nouveau")
    assert refused.status_code == 403
    assert "Un achat est noté par l’équipe du repas" in words(refused)
    assert (await send(karim, "/comptes/achats", form())).status_code == 403
    bruno = await browser(world, cast, cast.bruno)
    assert (await bruno.get("/comptes/achats/nouveau")).status_code == 403


async def test_nothing_is_decoded_for_whoever_has_nothing_to_buy(
    world: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = []
    real = drawing.draw_anew

    def noted(sent: bytes) -> Picture:
        decoded.append(len(sent))
        return real(sent)

    monkeypatch.setattr(drawing, "draw_anew", noted)
    for who in (cast.karim, cast.bruno, cast.newcomer):
        reader = await browser(world, cast, who)
        assert (await send(reader, "/comptes/achats", form(), [photo()])).status_code == 403
    assert decoded == []
    request = await asked(cast, cast.karim)
    await answer_request(actor=cast.rosa, request_id=request, agree=True, version=1, now=NOON)
    karim = await browser(world, cast, cast.karim)
    data = form(request=str(request))
    sent = [await send(karim, "/comptes/achats", data, [photo()]) for _ in range(2)]
    assert [each.status_code for each in sent] == [303, 303]
    assert len({each.headers["location"] for each in sent}) == 1
    assert len(decoded) == 2


KEEPERS = ["/comptes", "/comptes/budget"]


@pytest.mark.parametrize("path", KEEPERS)
async def test_the_desk_is_for_whoever_keeps_the_accounts(world: World, cast: Cast, path: str) -> None:
    for who in (cast.karim, cast.bruno, cast.newcomer):
        refused = await (await browser(world, cast, who)).get(path)
        assert refused.status_code == 403
    elsewhere = await make_member(name="Loin", place_id=await make_place())
    assert (await (await world.browser_of(elsewhere, place_id=cast.place)).get(path)).status_code == 404
    assert (await world.browser().get(path)).status_code == 303
    rosa = await browser(world, cast, cast.rosa)
    assert (await rosa.get(path)).status_code == 200
    assert "Tenir les comptes" in words(await rosa.get("/repas"))
    assert "Tenir les comptes" not in words(await (await browser(world, cast, cast.karim)).get("/repas"))


async def test_others_purchases_are_nobodys_to_read(world: World, cast: Cast) -> None:
    meal = await make_meal(place_id=cast.place, opener=cast.odile)
    purchase = await bought(cast.odile, cast, meal=meal, pictures=[draw_anew(photo())])
    for who in (cast.odile, cast.rosa):
        reader = await browser(world, cast, who)
        assert (await reader.get(f"/comptes/achats/{purchase}")).status_code == 200
        assert (await reader.get(f"/comptes/achats/{purchase}/recu/1")).status_code == 200
        assert (await reader.get(f"/comptes/achats/{purchase}/recu/2")).status_code == 404
    for who in (cast.karim, cast.bruno):
        reader = await browser(world, cast, who)
        assert (await reader.get(f"/comptes/achats/{purchase}")).status_code == 404
        assert (await reader.get(f"/comptes/achats/{purchase}/recu/1")).status_code == 404
        for path in (f"achats/{purchase}/rayure", f"achats/{purchase}/recus", f"remboursements/{purchase}"):
            assert (await reader.post(f"/comptes/{path}", {"reason": "x"})).status_code == 404


async def test_given_back_undone_and_struck_out(world: World, cast: Cast) -> None:
    meal = await make_meal(place_id=cast.place, opener=cast.odile)
    purchase = await bought(cast.odile, cast, meal=meal)
    await fill_box(cast, 5000)
    rosa = await browser(world, cast, cast.rosa)
    desk = await rosa.get("/comptes")
    for told in ("50 €", "23,40 €", "Carottes et lentilles", "Odile"):
        assert told in words(desk)
    path = f"/comptes/remboursements/{purchase}"
    assert (await rosa.post(path, {"paid_from": "stripe"})).status_code == 422
    for _ in range(2):
        assert (await rosa.post(path, {"paid_from": "box", "once": "one"})).status_code == 303
    assert await sums() == {"box": 2660, "owed": 0}
    assert "− 23,40 € Remboursé : Carottes et lentilles" in words(await rosa.get("/comptes"))
    page = await rosa.get(f"/comptes/achats/{purchase}")
    assert "Remboursé le" in words(page)
    assert (await rosa.post(f"/comptes/achats/{purchase}/rayure", {"reason": "Non"})).status_code == 409
    back = (await run("select id from reimbursement"))[0]["id"]
    assert (await rosa.post(f"{path}/annulation", {"reimbursement": str(back + 1)})).status_code == 404
    assert (await rosa.post(f"{path}/annulation", {"reimbursement": str(back)})).status_code == 303
    moved = words(await rosa.get("/comptes"))
    assert "0 € Remboursé : Carottes et lentilles" in moved
    assert "+ 0 €" not in moved
    assert (await rosa.post(f"/comptes/achats/{purchase}/rayure", {"reason": ""})).status_code == 422
    assert (await rosa.post(f"/comptes/achats/{purchase}/rayure", {"reason": "En double"})).status_code == 303
    assert await sums() == {"box": 5000, "owed": 0}
    assert "En double" in words(await rosa.get(f"/comptes/achats/{purchase}"))


async def test_the_desk_tells_all_that_moved_in_the_box(world: World, cast: Cast) -> None:
    await fill_box(cast, 5000)
    rosa = await browser(world, cast, cast.rosa)
    assert (await send(rosa, "/comptes/achats", form(paid_from="box", what="Du sel"))).status_code == 303
    purchase = (await run("select id from purchase"))[0]["id"]
    desk = await rosa.get("/comptes")
    assert "− 23,40 € Acheté : Du sel" in words(desk)
    assert "+ 50 €" in words(desk)
    assert desk.text.count(f'href="/comptes/achats/{purchase}"') == 2, "in the box, and of the last purchases"


async def test_older_movements_and_purchases_are_a_page_further(world: World, cast: Cast) -> None:
    await fill_box(cast, 90_000)
    for number in range(LAST_SHOWN + 1):
        await bought(cast.rosa, cast, what=f"Achat {number:02}", paid_from=PaidFrom.BOX)
    rosa = await browser(world, cast, cast.rosa)
    first = await rosa.get("/comptes")
    assert "Achat 00" not in words(first)
    assert "Boîte comptée" not in words(first)
    assert 'href="/comptes?boite=2#boite"' in first.text
    assert 'href="/comptes?achats=2#achats"' in first.text
    second = await rosa.get("/comptes?boite=2&achats=2")
    assert words(second).count("Achat 00") == 2
    assert "Boîte comptée" in words(second)
    assert 'href="/comptes?achats=2#boite"' in second.text
    assert "Plus anciens" not in words(second)
    beyond = await rosa.get("/comptes?boite=99999999999&achats=x")
    assert beyond.status_code == 200
    assert "Achat 12" in words(beyond)


async def test_what_is_not_asked_is_wrong_for_the_whole_form(world: World, cast: Cast) -> None:
    """A cook is not asked what it is for: no field of theirs is at fault."""
    await make_meal(place_id=cast.place, opener=cast.odile)
    odile = await browser(world, cast, cast.odile)
    again = await send(odile, "/comptes/achats", form(spending="gold", request="x"))
    assert again.status_code == 422
    assert "Choisis à quoi cela sert." in words(again)
    assert "#field-spending" not in again.text
    assert 'name="spending" value="food"' in again.text


async def test_ones_own_money_is_another_keepers_to_give_back(world: World, cast: Cast) -> None:
    await one_more_keeper(cast, cast.karim)
    purchase = await bought(cast.rosa, cast)
    rosa = await browser(world, cast, cast.rosa)
    page = await rosa.get(f"/comptes/achats/{purchase}")
    assert "Une autre personne tient les comptes" in words(page)
    assert "J’ai rendu" not in words(page)
    assert (await rosa.post(f"/comptes/remboursements/{purchase}", {"paid_from": "bank"})).status_code == 409


async def test_a_picture_is_added_later(world: World, cast: Cast) -> None:
    purchase = await bought(cast.rosa, cast)
    rosa = await browser(world, cast, cast.rosa)
    path = f"/comptes/achats/{purchase}/recus"
    assert (await send(rosa, path, {})).status_code == 422
    assert (await send(rosa, path, {}, [b"x"])).status_code == 409
    for _ in range(2):
        assert (await send(rosa, path, {}, [photo()])).status_code == 303
    assert len(await run("select id from receipt")) == 1


async def asked(cast: Cast, who: int) -> int:
    return await ask_for(
        actor=who,
        place_id=cast.place,
        spending=Spending.COFFEE,
        what="Du café",
        why="Il n’y en a plus.",
        cents=1200,
        once=once(),
        now=NOON,
    )


async def test_a_request_is_read_by_all_and_its_person_by_few(world: World, cast: Cast) -> None:
    samira = await browser(world, cast, cast.samira)
    data = {"what": "Du café", "amount": "12", "spending": "coffee", "why": "Plus rien.", "once": "one"}
    for _ in range(2):
        assert (await samira.post("/comptes/demandes", data)).status_code == 303
    assert len(await run("select id from budget_request")) == 1
    for who, name in ((cast.karim, False), (cast.bruno, False), (cast.newcomer, False), (cast.rosa, True)):
        page = await (await browser(world, cast, who)).get("/comptes/demandes")
        assert "Du café" in words(page)
        assert "12 €" in words(page)
        assert ("Samira" in words(page)) is name
        assert ("Je suis d’accord" in words(page)) is (who == cast.rosa)
    assert "par moi" in words(await samira.get("/comptes/demandes"))
    bad = await samira.post("/comptes/demandes", {**data, "amount": "x", "once": "two"})
    assert bad.status_code == 422
    assert "Plus rien." in bad.text


async def test_answered_and_bought(world: World, cast: Cast) -> None:
    request = await asked(cast, cast.samira)
    rosa, samira = await browser(world, cast, cast.rosa), await browser(world, cast, cast.samira)
    path = f"/comptes/demandes/{request}"
    assert (await samira.post(path, {"decision": "agree", "version": "1"})).status_code == 403
    assert (await rosa.post(path, {"decision": "", "version": "1"})).status_code == 422
    assert (await rosa.post(path, {"decision": "refuse", "version": "1"})).status_code == 422
    assert (await rosa.post(path, {"decision": "agree", "version": "9"})).status_code == 409
    assert (await rosa.post(path, {"decision": "agree", "version": "1"})).status_code == 303
    page = await samira.get(f"/comptes/achats/nouveau?demande={request}")
    assert page.status_code == 200
    assert "Du café" in page.text
    sent = await send(samira, "/comptes/achats", form(request=str(request), spending=""))
    assert sent.status_code == 303
    assert (await run("select spending, request_id from purchase"))[0] == {"spending": "coffee", "request_id": request}
    assert (await samira.post(f"{path}/retrait")).status_code == 409


async def test_taken_back(world: World, cast: Cast) -> None:
    request = await asked(cast, cast.samira)
    karim = await browser(world, cast, cast.karim)
    assert (await karim.post(f"/comptes/demandes/{request}/retrait")).status_code == 404
    samira = await browser(world, cast, cast.samira)
    assert (await samira.post(f"/comptes/demandes/{request}/retrait")).status_code == 303
    assert "Du café" in words(await samira.get("/comptes/demandes"))
    assert "Du café" not in words(await karim.get("/comptes/demandes"))


async def test_the_small_budget_is_set(world: World, cast: Cast) -> None:
    rosa = await browser(world, cast, cast.rosa)
    data = {"coffee": "40", "room": "", "material": "12,50", "other": "0"}
    assert (await rosa.post("/comptes/budget", data)).status_code == 303
    assert "12,50" in (await rosa.get("/comptes/budget")).text
    assert (await rosa.post("/comptes/budget", {**data, "coffee": "41"})).status_code == 409
    assert (await rosa.post("/comptes/budget", {**data, "coffee": "x"})).status_code == 422


async def test_to_the_bank_and_a_count_corrected(world: World, cast: Cast) -> None:
    meal = await make_meal(place_id=cast.place, opener=cast.odile)
    line = await fill_box(cast, 8450, meal=meal)
    rosa, karim = await browser(world, cast, cast.rosa), await browser(world, cast, cast.karim)
    data = {"amount": "50", "way": "to", "once": "one"}
    for _ in range(2):
        assert (await rosa.post("/comptes/banque", data)).status_code == 303
    assert (await rosa.post("/comptes/banque", {**data, "amount": "x", "once": "b"})).status_code == 422
    assert (await rosa.post("/comptes/banque", {**data, "amount": "999", "once": "c"})).status_code == 409
    assert (await karim.post("/comptes/banque", data)).status_code == 403
    assert "Boîte comptée : Soupe de lentilles" in words(await rosa.get("/comptes"))
    assert (await karim.get(f"/comptes/lignes/{line}")).status_code == 403
    page = await rosa.get(f"/comptes/lignes/{line}")
    assert "84,50" in page.text
    path = f"/comptes/lignes/{line}"
    fix = {"amount": "85,40", "reason": "Inversés", "seen": str(line)}
    assert (await rosa.post(path, {**fix, "reason": ""})).status_code == 422
    for _ in range(2):
        assert (await rosa.post(path, fix)).status_code == 303
    assert (await rosa.post(path, {**fix, "amount": "1", "seen": "999999"})).status_code == 409
    assert "Corrigé" in words(await rosa.get("/comptes"))
    brought = (await run("select id from ledger_line where kind = 'deposit' and account = 'box'"))[0]["id"]
    less = {"amount": "45", "reason": "La banque a compté", "seen": str(brought)}
    assert (await rosa.post(f"/comptes/lignes/{brought}", less)).status_code == 303
    assert await sums() == {"box": 8540 - 4500, "bank": 4500}
    for other in (brought + 1, 999_999):
        assert (await rosa.get(f"/comptes/lignes/{other}")).status_code == 404


async def test_a_page_costs_as_much_however_many_rows_there_are(world: World, cast: Cast) -> None:
    rosa = await browser(world, cast, cast.rosa)

    async def questions(path: str) -> int:
        await rosa.get(path)
        before = engine().query_id
        assert (await rosa.get(path)).status_code == 200
        return engine().query_id - before

    async def more() -> None:
        meal = await make_meal(place_id=cast.place, opener=cast.odile)
        await fill_box(cast, 5000, meal=meal)
        purchase = await bought(cast.odile, cast, meal=meal)
        await bought(cast.rosa, cast)
        await asked(cast, cast.samira)
        await give_back(actor=cast.rosa, purchase_id=purchase, paid_from=PaidFrom.BANK, once=once(), now=NOON)

    paths = ("/comptes", "/comptes/demandes", "/comptes/achats", "/comptes/achats/nouveau")
    await more()
    few = [await questions(path) for path in paths]
    for _ in range(4):
        await more()
    assert [await questions(path) for path in paths] == few
