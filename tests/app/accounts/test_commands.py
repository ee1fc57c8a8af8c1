"""What is done to a place's accounts: who may, what the ledger then says, and that nothing is done twice."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.accounts import spending
from app.accounts.api import box_cents, budget_of, spent_by_month, spent_on
from app.accounts.commands import (
    add_receipt,
    answer_request,
    ask_for,
    box,
    correct_line,
    deposit,
    give_back,
    set_budget,
    strike_purchase,
    take_request_back,
    undo_give_back,
    write_purchase,
)
from app.accounts.commands.parts import buyer_of
from app.accounts.drawing import draw_anew
from app.accounts.queries import balances, chain_of
from app.accounts.rules import Buyer
from app.accounts.states import AccountsRefusal, PaidFrom, Spending
from app.database import Store, run
from app.errors import NotFound, Refused
from app.identity.api import who_is_here
from app.main import REGISTRY
from meals.states import Job
from rotas.commands import claim
from tests.app.accounts.shopping import TODAY, bought, fill_box, lines, once, one_more_keeper, photo, sums, words
from tests.client import NOON
from tests.factories import make_member, make_place
from tests.meals.make import make_meal, make_turn
from tests.people import Cast, make_cast

BOX, BANK, MEMBER = PaidFrom.BOX, PaidFrom.BANK, PaidFrom.MEMBER


@pytest.fixture
async def cast(db: Store) -> Cast:
    spending.know(REGISTRY.spends)
    return await make_cast()


async def refused(deed: Any) -> AccountsRefusal:
    with pytest.raises(Refused) as caught:
        await deed
    reason = caught.value.reason
    assert isinstance(reason, AccountsRefusal)
    return reason


# ----------------------------------------------------------------------------------------------------------- purchases


async def test_whoever_has_a_turn_of_the_meal_writes_down_what_they_bought_for_it(cast: Cast) -> None:
    meal = await make_meal(place_id=cast.place, opener=cast.odile)
    slot = await make_turn(meal_id=meal, job=Job.SHOP)
    assert await refused(bought(cast.samira, cast, meal=meal)) is AccountsRefusal.MAY_NOT_BUY
    await claim(actor=cast.samira, slot_id=slot, now=NOON)
    await bought(cast.samira, cast, meal=meal)
    await bought(cast.odile, cast, meal=meal, cents=160)
    assert await spent_on("meal", [meal, meal + 1]) == {meal: 2500}
    assert await lines() == [("purchase", "owed", -2340), ("purchase", "owed", -160)]
    assert (await balances(cast.place)).owed == 2500


@pytest.mark.parametrize("who", ["karim", "newcomer", "bruno"])
async def test_others_do_not(cast: Cast, who: str) -> None:
    meal = await make_meal(place_id=cast.place, opener=cast.odile)
    why = await refused(bought(getattr(cast, who), cast, meal=meal))
    assert why is (AccountsRefusal.MEDIATOR_HERE if who == "bruno" else AccountsRefusal.MAY_NOT_BUY)
    assert await lines() == []


async def test_nobody_of_elsewhere_does(cast: Cast) -> None:
    elsewhere = await make_member(name="Loin", place_id=await make_place())
    assert await refused(bought(elsewhere, cast)) is AccountsRefusal.NOT_A_MEMBER_HERE


async def test_for_a_meal_of_elsewhere_nothing_is_bought_here(cast: Cast) -> None:
    other = await make_place()
    meal = await make_meal(place_id=other, opener=cast.rosa)
    with pytest.raises(NotFound):
        await bought(cast.rosa, cast, meal=meal)


@pytest.mark.parametrize("paid_from", [BOX, BANK])
async def test_box_and_card_are_in_the_hands_of_whoever_keeps_the_accounts(cast: Cast, paid_from: PaidFrom) -> None:
    meal = await make_meal(place_id=cast.place, opener=cast.odile)
    await fill_box(cast, 10_000)
    assert await refused(bought(cast.odile, cast, meal=meal, paid_from=paid_from)) is AccountsRefusal.ONLY_KEEPER
    await bought(cast.rosa, cast, meal=meal, paid_from=paid_from)
    assert (await sums())[paid_from.value] == (10_000 if paid_from is BOX else 0) - 2340


async def test_the_box_gives_no_more_than_it_holds(cast: Cast) -> None:
    await fill_box(cast, 2339)
    assert await refused(bought(cast.rosa, cast, paid_from=BOX)) is AccountsRefusal.NOT_IN_BOX
    await fill_box(cast, 1)
    await bought(cast.rosa, cast, paid_from=BOX)
    assert await box_cents(cast.place) == 0


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"cents": 0}, AccountsRefusal.NOT_AN_AMOUNT),
        ({"cents": -5}, AccountsRefusal.NOT_AN_AMOUNT),
        ({"cents": 500_001}, AccountsRefusal.TOO_MUCH),
        ({"bought_on": TODAY + timedelta(days=1)}, AccountsRefusal.IN_THE_FUTURE),
        ({"bought_on": TODAY - timedelta(days=367)}, AccountsRefusal.TOO_LONG_AGO),
    ],
)
async def test_what_cannot_have_been_bought(cast: Cast, changes: dict[str, Any], why: AccountsRefusal) -> None:
    assert await refused(bought(cast.rosa, cast, **changes)) is why
    await bought(cast.rosa, cast, cents=500_000, bought_on=TODAY - timedelta(days=366))


async def test_one_form_is_one_purchase_and_everybody_has_their_own_forms(cast: Cast) -> None:
    send: dict[str, Any] = {"place_id": cast.place, "words": words(), "once": "the same", "now": NOON}
    karim = await one_more_keeper(cast, cast.karim)
    first = await write_purchase(actor=cast.rosa, **send)
    assert await write_purchase(actor=cast.rosa, **send) == first
    assert await write_purchase(actor=karim, **send) != first
    assert len(await lines()) == 2


async def test_one_form_sent_twice_at_once_is_one_purchase(cast: Cast) -> None:
    send: dict[str, Any] = {"place_id": cast.place, "words": words(), "once": once(), "now": NOON}
    ids = await asyncio.gather(*(write_purchase(actor=cast.rosa, **send) for _ in range(4)))
    assert len(set(ids)) == 1
    assert await lines() == [("purchase", "owed", -2340)]


async def test_the_name_on_the_list_is_the_one_they_want(cast: Cast) -> None:
    await bought(cast.rosa, cast)
    names = "select name, member_id from payee order by id"
    assert await run(names) == [{"name": "Rosa", "member_id": cast.rosa}]
    await bought(cast.rosa, cast, payee="Rosa Diallo")
    await bought(cast.rosa, cast)
    await bought(cast.rosa, cast, payee="Madame Le Goff", for_other=True)
    assert await run(names) == [
        {"name": "Rosa Diallo", "member_id": cast.rosa},
        {"name": "Madame Le Goff", "member_id": None},
    ]


async def test_only_whoever_keeps_the_accounts_writes_for_another(cast: Cast) -> None:
    meal = await make_meal(place_id=cast.place, opener=cast.odile)
    await bought(cast.odile, cast, meal=meal, payee="Tout le monde", for_other=True)
    assert await run("select name, member_id from payee") == [{"name": "Tout le monde", "member_id": cast.odile}]


async def test_what_is_struck_out_is_out_of_all_sums_and_stays_in_the_ledger(cast: Cast) -> None:
    meal = await make_meal(place_id=cast.place, opener=cast.odile)
    purchase = await bought(cast.odile, cast, meal=meal)
    assert await refused(strike_purchase(actor=cast.odile, purchase_id=purchase, reason="", now=NOON)) is (
        AccountsRefusal.NO_REASON
    )
    for _ in range(2):
        await strike_purchase(actor=cast.odile, purchase_id=purchase, reason="Noté deux fois", now=NOON)
    assert await lines() == [("purchase", "owed", -2340), ("correction", "owed", 2340)]
    assert await spent_on("meal", [meal]) == {}
    assert await spent_by_month(cast.place, TODAY, TODAY) == {}
    rows = await run("select corrects, words, about_id from ledger_line where kind = 'correction'")
    assert rows[0]["words"] == "Noté deux fois"
    assert rows[0]["about_id"] == meal


async def test_what_others_wrote_is_nobodys_to_strike_out(cast: Cast) -> None:
    meal = await make_meal(place_id=cast.place, opener=cast.odile)
    purchase = await bought(cast.odile, cast, meal=meal)
    for other in (cast.samira, cast.bruno):
        with pytest.raises(NotFound):
            await strike_purchase(actor=other, purchase_id=purchase, reason="Non", now=NOON)
    await strike_purchase(actor=cast.rosa, purchase_id=purchase, reason="En double", now=NOON)


async def test_months_by_what_it_was_spent_on(cast: Cast) -> None:
    await bought(cast.rosa, cast, spending=Spending.COFFEE, cents=500)
    await bought(cast.rosa, cast, spending=Spending.COFFEE, cents=250)
    await bought(cast.rosa, cast, cents=1000, bought_on=TODAY - timedelta(days=40))
    before = TODAY - timedelta(days=40)
    assert await spent_by_month(cast.place, before, TODAY) == {
        (before.year, before.month): {Spending.FOOD: 1000},
        (TODAY.year, TODAY.month): {Spending.COFFEE: 750},
    }
    assert await spent_by_month(cast.place, before + timedelta(days=1), TODAY - timedelta(days=1)) == {}


# ------------------------------------------------------------------------------------------------------------ receipts


async def test_three_pictures_at_most_and_the_same_one_once(cast: Cast) -> None:
    pictures = [draw_anew(photo((200 + 10 * each, 300))) for each in range(4)]
    purchase = await bought(cast.rosa, cast, pictures=pictures[:2])
    await add_receipt(actor=cast.rosa, purchase_id=purchase, pictures=pictures[:2], now=NOON)
    await add_receipt(actor=cast.rosa, purchase_id=purchase, pictures=[pictures[2], pictures[2]], now=NOON)
    assert await refused(add_receipt(actor=cast.rosa, purchase_id=purchase, pictures=pictures[3:], now=NOON)) is (
        AccountsRefusal.TOO_MANY_PICTURES
    )
    rows = await run("select rank, width, digest from receipt order by rank")
    assert [(row["rank"], row["width"]) for row in rows] == [(1, 200), (2, 210), (3, 220)]
    with pytest.raises(NotFound):
        await add_receipt(actor=cast.samira, purchase_id=purchase, pictures=pictures[:1], now=NOON)


async def test_thirty_pictures_a_day_at_most(cast: Cast) -> None:
    for each in range(10):
        pictures = [draw_anew(photo((100 + 3 * each + more, 150))) for more in range(3)]
        await bought(cast.rosa, cast, pictures=pictures)
    one = [draw_anew(photo((50, 60)))]
    assert await refused(bought(cast.rosa, cast, pictures=one)) is AccountsRefusal.TOO_MANY_PICTURES
    assert len(await lines()) == 10  # nothing of it is written
    await bought(cast.rosa, cast, pictures=one, now=NOON + timedelta(days=1))


# --------------------------------------------------------------------------------------------------------- given back


async def test_given_back_out_of_the_box(cast: Cast) -> None:
    meal = await make_meal(place_id=cast.place, opener=cast.odile)
    purchase = await bought(cast.odile, cast, meal=meal)
    await fill_box(cast, 5000)
    await give_back(actor=cast.rosa, purchase_id=purchase, paid_from=BOX, once=once(), now=NOON)
    assert await sums() == {"box": 2660, "owed": 0}
    told = await run("select member_id, subject, body, discreet from outbox")
    assert [row["member_id"] for row in told] == [cast.odile]
    assert "23" not in told[0]["subject"] + told[0]["body"]
    assert told[0]["discreet"]


async def test_given_back_once_by_one_form_and_refused_to_the_next(cast: Cast) -> None:
    karim = await one_more_keeper(cast, cast.karim)
    meal = await make_meal(place_id=cast.place, opener=cast.odile)
    purchase = await bought(cast.odile, cast, meal=meal)
    again: dict[str, Any] = {"purchase_id": purchase, "paid_from": BANK, "now": NOON}
    first = await give_back(actor=cast.rosa, once="one", **again)
    assert await give_back(actor=cast.rosa, once="one", **again) == first
    assert await refused(give_back(actor=karim, once="one", **again)) is AccountsRefusal.PAID_BACK
    assert await refused(strike_purchase(actor=karim, purchase_id=purchase, reason="Non", now=NOON)) is (
        AccountsRefusal.PAID_BACK
    )
    for _ in range(2):
        await undo_give_back(actor=karim, reimbursement_id=first, now=NOON)
    assert await give_back(actor=cast.rosa, once="one", **again) == first  # the old form, come again
    assert await sums() == {"owed": -2340, "bank": 0}
    assert await give_back(actor=cast.rosa, once="two", **again) != first
    assert await sums() == {"owed": 0, "bank": -2340}


async def test_two_keepers_give_back_at_once(cast: Cast) -> None:
    karim = await one_more_keeper(cast, cast.karim)
    meal = await make_meal(place_id=cast.place, opener=cast.odile)
    purchase = await bought(cast.odile, cast, meal=meal)
    said = await asyncio.gather(
        *(
            give_back(actor=each, purchase_id=purchase, paid_from=BANK, once=once(), now=NOON)
            for each in (cast.rosa, karim)
        ),
        return_exceptions=True,
    )
    assert sorted(isinstance(each, Refused) for each in said) == [False, True]
    assert await sums() == {"owed": 0, "bank": -2340}


async def test_nobody_gives_money_back_to_themselves_while_another_may(cast: Cast) -> None:
    purchase = await bought(cast.rosa, cast)
    for_another = await bought(cast.rosa, cast, payee="Une voisine", for_other=True)
    karim = await one_more_keeper(cast, cast.karim)
    for each in (purchase, for_another):
        own = give_back(actor=cast.rosa, purchase_id=each, paid_from=BANK, once=once(), now=NOON)
        assert await refused(own) is AccountsRefusal.OWN_MONEY
        await give_back(actor=karim, purchase_id=each, paid_from=BANK, once=once(), now=NOON)


async def test_alone_one_may(cast: Cast) -> None:
    purchase = await bought(cast.rosa, cast)
    await give_back(actor=cast.rosa, purchase_id=purchase, paid_from=BANK, once=once(), now=NOON)
    assert await run("select 1 as one from outbox") == []


async def test_what_cannot_be_given_back(cast: Cast) -> None:
    await fill_box(cast, 2340)
    by_box = await bought(cast.rosa, cast, paid_from=BOX)
    struck = await bought(cast.rosa, cast)
    await strike_purchase(actor=cast.rosa, purchase_id=struck, reason="En double", now=NOON)
    much = await bought(cast.rosa, cast)
    back: dict[str, Any] = {"actor": cast.rosa, "paid_from": BOX, "now": NOON}
    assert await refused(give_back(purchase_id=by_box, once=once(), **back)) is AccountsRefusal.NOT_ADVANCED
    assert await refused(give_back(purchase_id=struck, once=once(), **back)) is AccountsRefusal.STRUCK_OUT
    assert await refused(give_back(purchase_id=much, once=once(), **back)) is AccountsRefusal.NOT_IN_BOX
    back["actor"] = cast.samira
    assert await refused(give_back(purchase_id=much, once=once(), **back)) is AccountsRefusal.ONLY_KEEPER


async def test_two_things_at_once_take_no_more_than_the_box_holds(cast: Cast) -> None:
    await fill_box(cast, 3000)
    ids = [await bought(cast.rosa, cast) for _ in range(2)]
    said = await asyncio.gather(
        *(give_back(actor=cast.rosa, purchase_id=each, paid_from=BOX, once=once(), now=NOON) for each in ids),
        deposit(actor=cast.rosa, place_id=cast.place, cents=3000, once=once(), now=NOON),
        return_exceptions=True,
    )
    assert [each.reason for each in said if isinstance(each, Refused)] == [AccountsRefusal.NOT_IN_BOX] * 2
    assert await box_cents(cast.place) in (0, 660)


# ------------------------------------------------------------------------------------------------------------- the box


async def test_brought_to_the_bank_and_back(cast: Cast) -> None:
    await fill_box(cast, 8450)
    there: dict[str, Any] = {"actor": cast.rosa, "place_id": cast.place, "now": NOON}
    assert await deposit(cents=8000, once="one", **there)
    assert not await deposit(cents=8000, once="one", **there)
    assert await refused(deposit(cents=451, once="two", **there)) is AccountsRefusal.NOT_IN_BOX
    assert await deposit(cents=1000, once="three", fetched=True, **there)
    assert await sums() == {"box": 1450, "bank": 7000}
    there["actor"] = cast.samira
    assert await refused(deposit(cents=1, once="four", **there)) is AccountsRefusal.ONLY_KEEPER


async def test_a_count_is_corrected_by_another_line_and_that_one_too(cast: Cast) -> None:
    meal = await make_meal(place_id=cast.place, opener=cast.odile)
    line = await fill_box(cast, 8450, meal=meal)
    for _ in range(2):
        await correct_line(actor=cast.rosa, line_id=line, cents=8540, reason="Chiffres inversés", now=NOON)
    assert await box_cents(cast.place) == 8540
    chain = await chain_of(line)
    assert [each["cents"] for each in chain] == [8450, 90]
    assert [each["about_id"] for each in chain] == [meal, meal]
    late = correct_line(actor=cast.rosa, line_id=line, cents=1, reason="Vieille page", seen=line, now=NOON)
    assert await refused(late) is AccountsRefusal.CHANGED_MEANWHILE
    await correct_line(actor=cast.rosa, line_id=chain[1]["id"], cents=8400, reason="Un billet de trop", now=NOON)
    assert [each["cents"] for each in await chain_of(chain[1]["id"])] == [8450, 90, -140]
    assert await box_cents(cast.place) == 8400


async def test_a_deposit_is_corrected_on_both_sides(cast: Cast) -> None:
    await fill_box(cast, 8000)
    await deposit(actor=cast.rosa, place_id=cast.place, cents=5000, once="one", now=NOON)
    line = (await run("select id from ledger_line where kind = 'deposit' and account = 'box'"))[0]["id"]
    await correct_line(actor=cast.rosa, line_id=line, cents=-4500, reason="Reçu de la banque", now=NOON)
    assert await sums() == {"box": 3500, "bank": 4500}
    too_much = correct_line(actor=cast.rosa, line_id=line, cents=-8001, reason="Non", now=NOON)
    assert await refused(too_much) is AccountsRefusal.NOT_IN_BOX


async def test_what_is_not_corrected_so(cast: Cast) -> None:
    await fill_box(cast, 9000)
    await bought(cast.rosa, cast, paid_from=BOX)
    counted, purchase = [row["id"] for row in await run("select id from ledger_line order by id")]
    fix: dict[str, Any] = {"cents": 10_000, "now": NOON}
    assert await refused(correct_line(actor=cast.rosa, line_id=purchase, reason="x", **fix)) is (
        AccountsRefusal.NOT_CORRECTABLE
    )
    assert await refused(correct_line(actor=cast.rosa, line_id=counted, reason="", **fix)) is AccountsRefusal.NO_REASON
    assert await refused(correct_line(actor=cast.karim, line_id=counted, reason="x", **fix)) is (
        AccountsRefusal.ONLY_KEEPER
    )
    elsewhere = await make_member(name="Loin", place_id=await make_place())
    for actor, line in ((elsewhere, counted), (cast.rosa, 4000)):
        with pytest.raises(NotFound):
            await correct_line(actor=actor, line_id=line, reason="x", **fix)


# ---------------------------------------------------------------------------------------------------- the small budget


async def asked(actor: int, cast: Cast, **changes: Any) -> int:
    plain = {"spending": Spending.MATERIAL, "what": "Une bouilloire", "why": "L’autre fuit.", "cents": 3000}
    return await ask_for(actor=actor, place_id=cast.place, once=once(), now=NOON, **{**plain, **changes})


async def test_asked_agreed_bought_and_struck_out(cast: Cast) -> None:
    request = await asked(cast.samira, cast)
    assert (
        await refused(bought(cast.samira, cast, spending=Spending.MATERIAL, request_id=request))
        is AccountsRefusal.ANSWERED
    )
    for _ in range(2):
        await answer_request(actor=cast.rosa, request_id=request, agree=True, version=1, now=NOON)
    told = await run("select member_id, subject, body, discreet from outbox")
    assert [row["member_id"] for row in told] == [cast.samira]
    assert "30" not in told[0]["subject"] + told[0]["body"]
    assert await refused(bought(cast.karim, cast, spending=Spending.MATERIAL, request_id=request)) is (
        AccountsRefusal.MAY_NOT_BUY
    )
    # The line of the budget is the request's, whatever the form says.
    purchase = await bought(cast.samira, cast, request_id=request)
    assert (await run("select spending, about from purchase"))[0] == {"spending": "material", "about": ""}
    assert (await run("select state from budget_request"))[0]["state"] == "bought"
    assert await refused(bought(cast.samira, cast, request_id=request)) is AccountsRefusal.ANSWERED
    await strike_purchase(actor=cast.samira, purchase_id=purchase, reason="Rapportée", now=NOON)
    assert (await run("select state from budget_request"))[0]["state"] == "agreed"


async def test_a_no_has_its_reason_and_may_become_a_yes(cast: Cast) -> None:
    request = await asked(cast.samira, cast)
    no: dict[str, Any] = {"actor": cast.rosa, "request_id": request, "agree": False, "now": NOON}
    assert await refused(answer_request(version=1, **no)) is AccountsRefusal.NO_REASON
    await answer_request(version=1, reason="On attend janvier.", **no)
    assert await refused(answer_request(version=1, reason="Une autre.", **no)) is AccountsRefusal.ANSWERED
    yes: dict[str, Any] = {**no, "agree": True}
    assert await refused(answer_request(version=1, **yes)) is AccountsRefusal.CHANGED_MEANWHILE
    await answer_request(version=2, **yes)
    assert len(await run("select 1 as one from outbox")) == 2


async def test_two_keepers_answer_at_once(cast: Cast) -> None:
    karim = await one_more_keeper(cast, cast.karim)
    request = await asked(cast.samira, cast)
    said = await asyncio.gather(
        answer_request(actor=cast.rosa, request_id=request, agree=True, version=1, now=NOON),
        answer_request(actor=karim, request_id=request, agree=False, reason="Non", version=1, now=NOON),
        return_exceptions=True,
    )
    assert len([each for each in said if isinstance(each, Refused)]) == 1
    assert len(await run("select 1 as one from outbox")) == 1


async def test_taken_back_by_whoever_asked_alone(cast: Cast) -> None:
    request = await asked(cast.samira, cast)
    for other in (cast.karim, cast.rosa):
        with pytest.raises(NotFound):
            await take_request_back(actor=other, request_id=request, now=NOON)
    for _ in range(2):
        await take_request_back(actor=cast.samira, request_id=request, now=NOON)
    answer = answer_request(actor=cast.rosa, request_id=request, agree=True, version=2, now=NOON)
    assert await refused(answer) is AccountsRefusal.ANSWERED


async def test_who_asks_and_who_answers(cast: Cast) -> None:
    assert await refused(asked(cast.bruno, cast)) is AccountsRefusal.MEDIATOR_HERE
    request = await asked(cast.newcomer, cast)
    answer: dict[str, Any] = {"request_id": request, "agree": True, "version": 1, "now": NOON}
    assert await refused(answer_request(actor=cast.samira, **answer)) is AccountsRefusal.ONLY_KEEPER
    elsewhere = await make_member(name="Loin", place_id=await make_place())
    with pytest.raises(NotFound):
        await answer_request(actor=elsewhere, **answer)


async def test_months_are_meant_for_so_much(cast: Cast) -> None:
    there: dict[str, Any] = {"actor": cast.rosa, "place_id": cast.place, "now": NOON}
    for _ in range(2):
        await set_budget(amounts={Spending.COFFEE: 4000, Spending.ROOM: 0}, versions={}, **there)
    budget = await budget_of(cast.place)
    assert {line.spending: line.month_cents for line in budget.values()} == {
        Spending.ROOM: 0,
        Spending.COFFEE: 4000,
        Spending.MATERIAL: None,
        Spending.OTHER: None,
    }
    assert await refused(set_budget(amounts={Spending.COFFEE: 1}, versions={}, **there)) is (
        AccountsRefusal.CHANGED_MEANWHILE
    )
    await set_budget(amounts={Spending.COFFEE: None}, versions={Spending.COFFEE: 1}, **there)
    assert (await budget_of(cast.place))[Spending.COFFEE].month_cents is None
    there["actor"] = cast.samira
    assert await refused(set_budget(amounts={Spending.COFFEE: 1}, **there)) is AccountsRefusal.ONLY_KEEPER


# ------------------------------------------------------------------------------------------ two keepers, and one box


async def both_empty_the_box(cast: Cast, karim: int) -> int:
    """Two keepers bring all that is in the box to the bank at once; what the box holds then."""
    await fill_box(cast, 3000 - await box_cents(cast.place))
    await asyncio.gather(
        *(deposit(actor=each, place_id=cast.place, cents=3000, once=once(), now=NOON) for each in (cast.rosa, karim)),
        return_exceptions=True,
    )
    return await box_cents(cast.place)


async def test_without_the_places_lock_two_keepers_empty_the_box_twice(
    postgres_only_db: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The positive control. On SQLite nobody writes beside another anyway."""
    cast = await make_cast()
    karim = await one_more_keeper(cast, cast.karim)

    async def entered(actor: int, place_id: int, *, now: datetime) -> Buyer:
        return buyer_of(await who_is_here(actor, place_id, at=now))

    with monkeypatch.context() as patch:
        patch.setattr(box, "enter", entered)
        for _ in range(200):
            if await both_empty_the_box(cast, karim) < 0:
                break
        else:
            pytest.fail("they never met")
    for _ in range(20):
        assert await both_empty_the_box(cast, karim) == 0


async def test_two_keepers_empty_the_box_once(cast: Cast) -> None:
    karim = await one_more_keeper(cast, cast.karim)
    for _ in range(5):
        assert await both_empty_the_box(cast, karim) == 0
