"""Opening a meal, editing it, calling it off, « on le fait quand même »."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.clock import from_local
from app.database import run, transaction
from app.errors import NotFound, Refused
from app.identity.api import somebody_holds
from app.identity.states import Act
from meals.commands.booking import book_for
from meals.commands.dishes import change_dish
from meals.commands.giving_back import cancel_seats
from meals.commands.opening import cancel_meal, edit_meal, go_ahead, open_meal
from meals.facts import turns_of
from meals.forms_keeping import default_closing
from meals.jobs import close_due
from meals.plan import DishWords, PlannedDish
from meals.rules import Prices
from meals.states import Allergen, Diet, Job, MealRefusal, PartState
from meals.tables import Meal
from rotas.states import RotaRefusal
from tests.client import NOON
from tests.factories import make_grant, make_member, make_place, make_room, make_workshop
from tests.meals.make import AFTER_CLOSING, CLOSES, DAY, HOUR, START, a_wish, make_booking, make_crowd, make_dish
from tests.meals.plans import SOUP, a_plan, edited, moved, opened, plan_of, turns_for, words
from tests.meals.reads import (
    booking,
    bookings,
    counts,
    diets,
    entry,
    mailed,
    mails,
    meal,
    pot_lines,
    refused,
    roles,
    stands,
)
from tests.people import Cast
from tests.workshops.test_races import at_once, errors


async def may(attempt: Any) -> bool:
    """Whether it was not refused."""
    try:
        await attempt
    except Refused:
        return False
    return True


class TestOpening:
    async def test_it_is_on_with_its_menu_and_its_turns(self, cast: Cast) -> None:
        made = await opened(cast, turns=await turns_for(cast, *Job), room_id=cast.salon, seats=12, about="Vegan.")
        row = await meal(made)
        assert (row["state"], row["opener_id"], row["seats"], row["low_cents"]) == ("open", cast.odile, 12, 300)
        assert row["search_key"] == "soupe de lentilles vegan. soupe de lentilles"
        kept = await entry(made)
        assert (kept["state"], kept["room_id"], kept["starts_at"]) == ("confirmed", cast.salon, START)
        assert await counts(made) == (0, 0)
        turns = await turns_of(made, now=NOON)
        assert {job for job, _ in turns} == set(Job)
        assert {slot.people for _, slot in turns} == {2}
        (dish,) = await run("select * from dish where place_id = {}", cast.place)
        assert (dish["name"], dish["written_by"]) == ("Soupe de lentilles", cast.odile)

    async def test_the_same_form_sent_twice_is_one_meal(self, cast: Cast) -> None:
        turns = await turns_for(cast, Job.COOK)
        plan = a_plan(turns=turns)
        ends = await at_once(
            open_meal(actor=cast.odile, place_id=cast.place, plan=plan, once="a", now=NOON) for _ in range(4)
        )
        assert errors(ends) == []
        assert len(set(ends)) == 1
        assert len(await run("select id from meal")) == len(await run("select id from rota_slot")) == 1
        assert await open_meal(actor=cast.odile, place_id=cast.place, plan=plan, once="b", now=NOON) not in ends

    async def test_any_member_where_nobody_holds_it_else_its_holders_never_mediators(self, cast: Cast) -> None:
        for actor in (cast.samira, cast.odile):
            assert await may(opened(cast, actor=actor, once=f"{actor}"))
        await refused(opened(cast, actor=cast.bruno), MealRefusal.MEDIATOR_HERE)
        stranger = await make_member()
        await refused(opened(cast, actor=stranger), MealRefusal.NOT_A_MEMBER_HERE)
        await make_grant(member_id=cast.odile, place_id=cast.place, act=Act.OPEN_MEALS, until_at=NOON + HOUR)
        assert await somebody_holds(cast.place, Act.OPEN_MEALS, NOON)
        await refused(opened(cast, actor=cast.samira), MealRefusal.MAY_NOT_OPEN)
        assert await may(opened(cast, actor=cast.odile))
        assert not await somebody_holds(cast.place, Act.OPEN_MEALS, NOON + HOUR)
        assert await may(opened(cast, actor=cast.samira, now=NOON + HOUR))

    async def test_when_it_can_be(self, cast: Cast) -> None:
        await refused(opened(cast, now=START), MealRefusal.IN_THE_PAST)
        await refused(opened(cast, closes_at=START + HOUR), MealRefusal.CLOSES_TOO_LATE)
        await refused(opened(cast, now=CLOSES), MealRefusal.CLOSES_TOO_LATE)
        assert await may(opened(cast, closes_at=START))
        with pytest.raises(ValueError, match="not a meal"):
            await opened(cast, ends_at=START)

    async def test_the_room_is_taken_by_nothing_else_and_holds_all_seats(self, cast: Cast) -> None:
        await make_workshop(
            place_id=cast.place,
            host=cast.yann,
            mediator=cast.bruno,
            starts_at=START + HOUR,
            room_id=cast.salon,
        )
        caught = await refused(opened(cast, room_id=cast.salon, seats=12), MealRefusal.ROOM_TAKEN)
        assert caught.details == {"room": "Salon", "starts_at": START + HOUR}
        caught = await refused(opened(cast, room_id=cast.back_room, seats=15), MealRefusal.ROOM_TOO_SMALL)
        assert caught.details["seats"] == 14
        made = await opened(cast, room_id=cast.back_room, seats=14)
        assert (await entry(made))["room_id"] == cast.back_room
        await refused(opened(cast, room_id=cast.back_room, seats=14, once="b"), MealRefusal.ROOM_TAKEN)
        elsewhere = await make_room(place_id=await make_place(name="Ailleurs"))
        with pytest.raises(NotFound):
            await opened(cast, room_id=elsewhere)

    async def test_shopping_begins_after_closing(self, cast: Cast) -> None:
        (shop,) = await turns_for(cast, Job.SHOP)
        early = replace(shop, starts_at=CLOSES - HOUR)
        await refused(opened(cast, turns=(early,)), MealRefusal.SHOPPING_TOO_EARLY)
        assert await run("select id from meal") == []
        assert await may(opened(cast, turns=(replace(shop, starts_at=CLOSES),)))

    async def test_nothing_is_left_of_what_is_refused(self, cast: Cast) -> None:
        (cook,) = await turns_for(cast, Job.COOK)
        late = replace(cook, starts_at=NOON - HOUR, ends_at=NOON)
        with pytest.raises(Refused) as caught:
            await opened(cast, turns=(late,))
        assert caught.value.reason is RotaRefusal.OVER
        with pytest.raises(NotFound):
            await opened(cast, turns=(replace(cook, duty_id=999),))
        for table in ("meal", "dish", "meal_turn", "entry", "rota_slot"):
            assert await run(f"select id from {table}") == []

    async def test_two_jobs_of_one_duty_at_one_hour_are_two_turns(self, cast: Cast) -> None:
        (serve,) = await turns_for(cast, Job.SERVE, people=3)
        till = replace(serve, job=Job.TILL, people=1)
        made = await opened(cast, turns=(serve, till))
        turns = dict(await turns_of(made, now=NOON))
        assert (turns[Job.SERVE].people, turns[Job.TILL].people) == (3, 1)
        assert turns[Job.SERVE].id != turns[Job.TILL].id

    async def test_a_menu_of_the_book_and_of_new_names_each_once(self, cast: Cast) -> None:
        await refused(opened(cast, dishes=()), MealRefusal.NO_DISHES)
        tart = await make_dish(place_id=cast.place, name="Tarte aux poires")
        twice = (PlannedDish(tart), PlannedDish(None, name="tarte aux POIRES"))
        await refused(opened(cast, dishes=twice), MealRefusal.DISH_DOUBLE)
        made = await opened(cast, dishes=(PlannedDish(tart, 12, "un fruit"), SOUP))
        menu = (await plan_of(made)).dishes
        assert [(each.portions, each.instead) for each in menu] == [(12, "un fruit"), (None, "")]
        again = await opened(cast, once="b", dishes=(SOUP,))
        assert (await plan_of(again)).dishes[0].dish_id == menu[1].dish_id
        foreign = await make_dish(place_id=await make_place(name="Ailleurs"), name="Curry")
        with pytest.raises(NotFound):
            await opened(cast, once="c", dishes=(PlannedDish(foreign),))


class TestEditing:
    async def test_its_opener_or_whoever_may_open_meals(self, cast: Cast) -> None:
        made = await opened(cast)
        await refused(edited(made, actor=cast.samira, title="A"), MealRefusal.ONLY_OPENER)
        await refused(edited(made, actor=cast.rosa, title="A"), MealRefusal.ONLY_OPENER)
        await make_grant(member_id=cast.samira, place_id=cast.place, act=Act.OPEN_MEALS)
        assert await may(edited(made, actor=cast.samira, title="Mafé"))
        assert (await entry(made))["title"] == (await meal(made))["title"] == "Mafé"

    async def test_of_two_who_edit_the_later_reads_again_and_the_same_form_twice_is_one_edit(self, cast: Cast) -> None:
        made = await opened(cast, turns=await turns_for(cast, Job.COOK))
        plan = replace(await plan_of(made), starts_at=START + HOUR, ends_at=START + 3 * HOUR)
        send: dict[str, Any] = {"actor": cast.odile, "meal_id": made, "version": 1, "now": NOON}
        await edit_meal(plan=plan, **send)
        (_, slot) = (await turns_of(made, now=NOON))[0]
        await edit_meal(plan=plan, **send)  # the hours of its turn in this form are those from before the move
        assert (await turns_of(made, now=NOON))[0][1] == slot
        assert (await meal(made))["version"] == 2
        await refused(edit_meal(plan=replace(plan, title="Autre"), **send), MealRefusal.CHANGED_MEANWHILE)

    async def test_people_booked_are_told_new_hours_room_closing_title_and_menu(self, cast: Cast) -> None:
        made = await opened(cast)
        await make_booking(meal_id=made, member_id=cast.samira)
        cake = await make_dish(place_id=cast.place, name="Gâteau", allergens=[Allergen.EGGS, Allergen.GLUTEN])
        dishes = (*(await plan_of(made)).dishes, PlannedDish(cake))
        await moved(made, HOUR, actor=cast.odile, room_id=cast.salon, seats=15, title="Mafé", dishes=dishes)
        assert await mailed(about="changed") == {cast.samira}
        (mail,) = await mails(to=cast.samira, about="changed")
        body = words(mail)
        for said in (
            "de 13 h 30 à 15 h 30, au lieu de 12 h 30 à 14 h 30",
            "jusqu’au jeudi 3 décembre à 19 h",
            "Nouvelle salle : Salon",
            "Nouveau titre : « Mafé »",
            "Au menu maintenant : Soupe de lentilles et Gâteau",
            "Le menu contient maintenant : gluten et œufs",
        ):
            assert said in body
        assert mail["method"] in ("", "REQUEST")

    async def test_what_changes_for_nobody_is_told_to_nobody(self, cast: Cast) -> None:
        made = await opened(cast)
        await make_booking(meal_id=made, member_id=cast.samira)
        await edited(made, actor=cast.odile, about="On épluche à plusieurs.", seats=30, prices=Prices(200, 400, 700))
        assert await mails(about="changed") == []
        assert (await booking((await bookings(made))[0]["id"]))["price_cents"] == 500

    async def test_whoever_booked_for_somebody_is_told_to_say_so(self, cast: Cast) -> None:
        made = await opened(cast)
        booked = await make_booking(meal_id=made, member_id=cast.samira)
        async with transaction():
            await run(
                "update booking set member_id = null, first_name = 'Monique', booked_by = {} where id = {}",
                cast.yann,
                booked,
            )
        await moved(made, HOUR, actor=cast.odile)
        (mail,) = await mails(about="changed")
        assert mail["member_id"] == cast.yann
        assert "Dis-le à Monique" in words(mail)

    async def test_seats_are_never_fewer_than_are_taken_and_more_are_offered(self, cast: Cast) -> None:
        made = await opened(cast, seats=4)
        crowd = await make_crowd(cast, 4)
        ids = [await make_booking(meal_id=made, member_id=member, seats=2) for member in crowd]
        assert await counts(made) == (4, 4)
        caught = await refused(edited(made, actor=cast.odile, seats=3), MealRefusal.FEWER_THAN_TAKEN)
        assert caught.details["taken"] == 4
        await edited(made, actor=cast.odile, seats=6)
        assert await counts(made) == (6, 2)
        assert await stands(ids[2]) == {PartState.OFFERED: 2}
        assert await stands(ids[3]) == {PartState.WAITING: 2}
        assert await mailed(about="offer") == {crowd[2]}
        await refused(edited(made, actor=cast.odile, seats=5), MealRefusal.FEWER_THAN_TAKEN)

    async def test_an_offer_does_not_outlast_closing(self, cast: Cast) -> None:
        made = await opened(cast, seats=2)
        await make_booking(meal_id=made, member_id=cast.samira, seats=2)
        waits = await make_booking(meal_id=made, member_id=cast.karim, seats=1)
        await edited(made, actor=cast.odile, seats=3)
        (part,) = await run("select * from booking_part where booking_id = {}", waits)
        assert part["offer_until"] == NOON + DAY
        await edited(made, actor=cast.odile, closes_at=NOON + 2 * HOUR)
        (part,) = await run("select * from booking_part where booking_id = {}", waits)
        assert part["offer_until"] == NOON + 2 * HOUR
        (mail,) = await mails(to=cast.karim, about="changed")
        assert "jusqu’au mardi 24 novembre à 14 h" in words(mail)
        (other,) = await mails(to=cast.samira, about="changed")
        assert "Dis oui ou non" not in words(other)

    async def test_once_closed_it_stays_closed_and_may_still_move(self, cast: Cast) -> None:
        made = await opened(cast)
        later: dict[str, Any] = {"actor": cast.odile, "now": AFTER_CLOSING}
        await refused(edited(made, closes_at=START, **later), MealRefusal.NOT_OPEN)
        await refused(edited(made, starts_at=CLOSES - HOUR, **later), MealRefusal.CLOSES_TOO_LATE)
        await edited(made, starts_at=START + HOUR, **later)
        assert (await entry(made))["starts_at"] == START + HOUR
        begun = START + HOUR + HOUR / 2
        await refused(
            edited(made, actor=cast.odile, starts_at=START + DAY, ends_at=START + 2 * DAY, now=begun),
            MealRefusal.IN_THE_PAST,
        )
        await edited(made, actor=cast.odile, ends_at=START + 3 * HOUR, now=begun)
        await refused(edited(made, actor=cast.odile, title="A", now=START + 3 * HOUR), MealRefusal.OVER)

    async def test_a_dish_that_is_made_no_more_stays_on_its_menu(self, cast: Cast) -> None:
        made = await opened(cast)
        async with transaction():
            await run("update dish set retired_at = {}", NOON)
        await edited(made, actor=cast.odile, title="Adieu la soupe")
        assert len((await plan_of(made)).dishes) == 1

    @pytest.mark.parametrize(
        ("start", "shifted"),
        [("2026-03-28T12:30", "2026-03-29T12:30"), ("2026-10-24T12:30", "2026-10-25T12:30")],
        ids=["spring", "autumn"],
    )
    async def test_across_a_clock_change_the_hour_on_the_wall_is_what_is_told(
        self, cast: Cast, start: str, shifted: str
    ) -> None:
        at, to = from_local(start), from_local(shifted)
        assert to - at != DAY
        now = at - 5 * DAY
        made = await opened(cast, starts_at=at, ends_at=at + 2 * HOUR, closes_at=at - 18 * HOUR, now=now)
        await make_booking(meal_id=made, member_id=cast.samira, now=now)
        await edited(made, actor=cast.odile, starts_at=to, ends_at=to + 2 * HOUR, now=now)
        (mail,) = await mails(to=cast.samira, about="changed")
        assert "de 12 h 30 à 14 h 30, au lieu du" in words(mail)


class TestCallingOff:
    async def test_everybody_is_told_and_nothing_stays(self, cast: Cast) -> None:
        made = await opened(cast, seats=3, turns=await turns_for(cast, Job.COOK))
        one = await make_booking(meal_id=made, member_id=cast.samira, seats=2, give=1)
        two = await make_booking(meal_id=made, member_id=cast.karim, seats=2)
        await edited(made, actor=cast.odile, seats=4)
        assert await stands(two) == {PartState.CONFIRMED: 1, PartState.OFFERED: 1}
        await cancel_meal(actor=cast.odile, meal_id=made, reason="Plus de gaz.", now=NOON)
        row = await meal(made)
        assert (row["state"], row["cancelled_by"], row["reason"]) == ("cancelled", cast.odile, "Plus de gaz.")
        assert await stands(one) == {PartState.CANCELLED: 2}
        assert await stands(two) == {PartState.CANCELLED: 2}
        assert await counts(made) == (0, 0)
        assert not any(each["active"] for each in await bookings(made))
        assert [kind for kind, _ in await pot_lines(one)] == ["given", "taken_back"]
        assert (await entry(made))["state"] == "cancelled"
        assert set(await roles(made)) == {cast.samira, cast.karim}  # in their calendars it is struck out
        assert await mailed(kind="cancellation") == {cast.samira, cast.karim}
        (mail,) = await mails(to=cast.samira, kind="cancellation")
        assert "Plus de gaz." in mail["body"]
        assert await turns_of(made, now=NOON) == []
        await cancel_meal(actor=cast.odile, meal_id=made, reason="Encore.", now=NOON + HOUR)
        assert len(await mails(kind="cancellation")) == 2

    async def test_diets_are_forgotten_with_it(self, cast: Cast) -> None:
        bread = await make_dish(place_id=cast.place, name="Pain", allergens=[Allergen.GLUTEN])
        made = await opened(cast, dishes=(PlannedDish(bread),))
        booked = await make_booking(meal_id=made, member_id=cast.samira, diets={Diet.NO_GLUTEN: 1})
        assert await diets(booked) == {"no_gluten": 1}
        await cancel_meal(actor=cast.odile, meal_id=made, reason="", now=NOON)
        assert await diets(booked) == {}

    async def test_by_its_opener_whoever_opens_meals_or_keeps_the_place(self, cast: Cast) -> None:
        made = await opened(cast)
        await refused(cancel_meal(actor=cast.samira, meal_id=made, reason="", now=NOON), MealRefusal.ONLY_OPENER)
        await refused(cancel_meal(actor=cast.bruno, meal_id=made, reason="", now=NOON), MealRefusal.ONLY_OPENER)
        await cancel_meal(actor=cast.rosa, meal_id=made, reason="La salle fuit.", now=NOON)
        (mail,) = await mails(to=cast.odile)
        assert "La salle fuit." in mail["body"]
        (line,) = await run("select * from journal_line where act = 'meal.cancelled'")
        assert (line["voice"], line["actor_id"]) == ("bureau", cast.rosa)
        over = await opened(cast, once="b")
        await refused(cancel_meal(actor=cast.odile, meal_id=over, reason="", now=START + 2 * HOUR), MealRefusal.OVER)

    async def test_nobody_books_what_is_called_off_meanwhile(self, cast: Cast) -> None:
        made = await opened(cast, seats=30)
        crowd = await make_crowd(cast, 12)
        ends = await at_once(
            [
                *(make_booking(meal_id=made, member_id=member) for member in crowd[:6]),
                cancel_meal(actor=cast.odile, meal_id=made, reason="", now=NOON),
                *(make_booking(meal_id=made, member_id=member) for member in crowd[6:]),
            ]
        )
        assert errors(ends) == []
        assert await counts(made) == (0, 0)
        came = {each["member_id"] for each in await bookings(made)}
        assert await mailed(kind="cancellation") == came
        assert len(came) + ends.count(MealRefusal.CANCELLED) == 12


class TestGoingAhead:
    async def test_only_while_it_is_in_doubt_and_twice_is_once(self, cast: Cast) -> None:
        made = await opened(cast)

        async def said(now: datetime, actor: int = cast.odile) -> None:
            await go_ahead(actor=actor, meal_id=made, now=now)

        await refused(said(NOON), MealRefusal.NOT_DOUBTFUL)
        async with transaction():
            doubtful: dict[Any, Any] = {"state": "closed", "doubtful_until": CLOSES + 2 * HOUR}
            await Meal.update(doubtful).where(Meal.id == made)
        await refused(said(CLOSES + HOUR, cast.samira), MealRefusal.ONLY_OPENER)
        await refused(said(CLOSES + 2 * HOUR), MealRefusal.NOT_DOUBTFUL)
        await said(CLOSES + HOUR)
        await said(CLOSES + timedelta(hours=5))
        row = await meal(made)
        assert (row["doubtful_until"], row["goes_ahead_by"]) == (None, cast.odile)
        assert row["goes_ahead_at"] == CLOSES + HOUR


class TestChangedAfterClosing:
    """Seats are handed over then, not given back; but a meal that is not any more what was booked lets people go."""

    async def closed(self, cast: Cast) -> tuple[int, int]:
        bread = await make_dish(place_id=cast.place, name="Pain", allergens=[Allergen.GLUTEN])
        made = await opened(cast, dishes=(PlannedDish(bread),), cooks_least=0)
        booked = await make_booking(meal_id=made, member_id=cast.samira)
        await close_due(CLOSES)
        return made, booked

    async def gives_back(self, cast: Cast, booked: int, *, now: datetime = AFTER_CLOSING) -> bool:
        return await may(cancel_seats(actor=cast.samira, booking_id=booked, seats=None, leave=False, now=now))

    async def test_another_hour_lets_people_give_their_seats_back_until_it_begins(self, cast: Cast) -> None:
        made, booked = await self.closed(cast)
        hours: dict[str, Any] = {"starts_at": START + HOUR, "ends_at": START + 3 * HOUR}
        await edited(made, actor=cast.odile, now=AFTER_CLOSING, **hours)
        (mail,) = await mails(to=cast.samira, about="changed")
        assert "rends ta place en un geste" in words(mail)
        assert not await self.gives_back(cast, booked, now=START + HOUR)
        assert await self.gives_back(cast, booked)
        assert await counts(made) == (0, 0)

    async def test_so_does_what_it_holds_now(self, cast: Cast) -> None:
        made, booked = await self.closed(cast)
        nuts = await make_dish(place_id=cast.place, name="Gâteau", allergens=[Allergen.NUTS])
        menu = (*(await plan_of(made)).dishes, PlannedDish(nuts))
        await edited(made, actor=cast.odile, now=AFTER_CLOSING, dishes=menu)
        (mail,) = await mails(to=cast.samira, about="changed")
        assert "rends ta place en un geste" in words(mail)
        assert await self.gives_back(cast, booked)

    async def test_a_dish_that_gains_something_too_and_nobody_is_promised_it_once_it_has_begun(
        self, cast: Cast
    ) -> None:
        _, booked = await self.closed(cast)
        (bread,) = await run("select id from dish where name = 'Pain'")
        holds = DishWords("Pain", allergens=frozenset({Allergen.GLUTEN, Allergen.MILK}))
        await change_dish(actor=cast.odile, dish_id=bread["id"], dish=holds, version=1, now=AFTER_CLOSING)
        more = replace(holds, allergens=holds.allergens | {Allergen.EGGS})
        await change_dish(actor=cast.odile, dish_id=bread["id"], dish=more, version=2, now=START + HOUR)
        before, late = await mails(to=cast.samira, about="dish")
        assert "rends ta place" in words(before)
        assert "rends ta place" not in words(late)
        assert await self.gives_back(cast, booked)

    async def test_another_name_or_room_does_not_and_nobody_is_told_so(self, cast: Cast) -> None:
        made, booked = await self.closed(cast)
        await edited(made, actor=cast.odile, now=AFTER_CLOSING, title="Mafé", room_id=cast.salon, seats=12)
        (mail,) = await mails(to=cast.samira, about="changed")
        assert "rends ta place" not in words(mail)
        assert "passe ta place à quelqu’un" in words(mail)
        assert not await self.gives_back(cast, booked)

    async def test_once_it_has_begun_nobody_is_told_to_do_what_cannot_be_done(self, cast: Cast) -> None:
        made, _ = await self.closed(cast)
        await edited(made, actor=cast.odile, now=START + HOUR, title="Mafé")
        (mail,) = await mails(to=cast.samira, about="changed")
        assert "ta place" not in words(mail)

    async def test_before_closing_nothing_is_released(self, cast: Cast) -> None:
        made = await opened(cast)
        await moved(made, HOUR, actor=cast.odile)
        assert (await meal(made))["released_at"] is None


async def test_what_is_made_instead_is_told_when_it_changes(cast: Cast) -> None:
    bread = await make_dish(place_id=cast.place, name="Pain", allergens=[Allergen.GLUTEN])
    made = await opened(cast, dishes=(PlannedDish(bread, instead="du riz"),))
    await make_booking(meal_id=made, member_id=cast.samira)
    await edited(made, actor=cast.odile, dishes=(PlannedDish(bread, instead="des galettes"),))
    await edited(made, actor=cast.odile, dishes=(PlannedDish(bread),))
    first, second = await mails(to=cast.samira, about="changed")
    assert "À la place de « Pain », pour qui n’en mange pas : des galettes." in words(first)
    assert "Rien n’est plus prévu à la place de « Pain »." in words(second)


async def test_while_it_is_eaten_nobody_calls_it_off(cast: Cast) -> None:
    made = await opened(cast, cooks_least=0)
    await close_due(CLOSES)
    for actor in (cast.odile, cast.rosa):
        await refused(cancel_meal(actor=actor, meal_id=made, reason="", now=START), MealRefusal.BEGUN)
    await cancel_meal(actor=cast.rosa, meal_id=made, reason="", now=START - timedelta(minutes=1))
    await cancel_meal(actor=cast.rosa, meal_id=made, reason="", now=START)  # off already


async def test_a_meal_of_the_same_hour_closes_when_it_begins(cast: Cast) -> None:
    assert default_closing(NOON + HOUR, now=NOON) == NOON + HOUR
    assert await may(opened(cast, starts_at=NOON + HOUR, ends_at=NOON + 3 * HOUR, closes_at=NOON + HOUR))


async def test_whoever_opened_it_and_left_the_place_changes_it_no_more(cast: Cast) -> None:
    made = await opened(cast)
    guest = await book_for(actor=cast.yann, meal_id=made, first_name="Monique", wish=a_wish(), now=NOON)
    async with transaction():
        await run("delete from membership where member_id = {} and place_id = {}", cast.odile, cast.place)
    with pytest.raises(NotFound):
        await cancel_seats(actor=cast.odile, booking_id=guest, seats=None, leave=False, now=NOON)
    await refused(edited(made, actor=cast.odile, title="Mafé"), MealRefusal.ONLY_OPENER)
    await refused(cancel_meal(actor=cast.odile, meal_id=made, reason="", now=NOON), MealRefusal.ONLY_OPENER)
