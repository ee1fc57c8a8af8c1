"""What meals tell somebody about themselves, and what is left of them when they go."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.contracts import Erasure, Renaming, Word
from app.database import run, transaction
from app.i18n import language
from app.identity.leaving import erase_for, leaving_of
from app.main import REGISTRY
from meals import leaving, own_data
from meals.commands import pot
from meals.commands.booking import book_for
from meals.commands.dishes import write_dish
from meals.commands.giving_back import cancel_seats
from meals.commands.opener import let_go
from meals.commands.opening import cancel_meal, go_ahead
from meals.commands.till import enter_count
from meals.kitchen import Amount
from meals.plan import DishWords
from meals.states import Allergen, Diet, Unit
from tests.client import NOON
from tests.factories import make_place, writing
from tests.meals import reads
from tests.meals.make import DAY, START, a_wish, change_meal, make_booking, make_dish, make_meal
from tests.meals.plans import edited, opened
from tests.people import Cast

LATER = NOON + timedelta(minutes=5)
REASON = "canari-la-raison-de-l-annulation"
FATOU, MOMO = "canari-fatou", "canari-momo"


async def live(cast: Cast) -> dict[str, int]:
    """Karim ate twice, is coming to a meal with diets and a gift, waits for another, gave one up, booked for two, wrote
    a dish, opened one meal that was and one that is to come, called one off and had one go ahead."""
    me, place = cast.karim, cast.place
    bread = await make_dish(place_id=place, name="Pain", allergens=[Allergen.GLUTEN])
    eaten = await make_meal(place_id=place, opener=me, title="Hier", starts_at=NOON - DAY, now=NOON - 9 * DAY)
    before = NOON - 5 * DAY
    ate = await make_booking(meal_id=eaten, member_id=me, seats=2, give=1, price_cents=800, now=before)
    past_guest = await book_for(actor=me, meal_id=eaten, first_name=MOMO, wish=a_wish(), now=before)
    await change_meal(eaten, state="closed", doubtful_until=NOON - DAY + timedelta(hours=1))
    await go_ahead(actor=me, meal_id=eaten, now=NOON - DAY)
    await change_meal(eaten, state="served")
    coming = await make_meal(place_id=place, opener=cast.odile, seats=4, dishes=[bread])
    comes = await make_booking(meal_id=coming, member_id=me, seats=2, suspended=True, diets={Diet.NO_GLUTEN: 2})
    guest = await book_for(actor=me, meal_id=coming, first_name=FATOU, wish=a_wish(price_cents=300), now=NOON)
    aicha_comes = await make_booking(meal_id=coming, member_id=cast.aicha)
    samira_waits = await make_booking(meal_id=coming, member_id=cast.samira, seats=2)
    full = await make_meal(place_id=place, opener=cast.odile, title="Plein", seats=1, starts_at=START + DAY)
    await make_booking(meal_id=full, member_id=cast.aicha)
    waits = await make_booking(meal_id=full, member_id=me)
    given = await make_meal(place_id=place, opener=cast.odile, title="Rendu", starts_at=START + 2 * DAY)
    gave = await make_booking(meal_id=given, member_id=me)
    await cancel_seats(actor=me, booking_id=gave, seats=None, leave=False, now=NOON)
    off = await opened(cast, actor=me, title="Annulé", once="off")
    await make_booking(meal_id=off, member_id=cast.aicha)
    await cancel_meal(actor=me, meal_id=off, reason=REASON, now=NOON)
    mine = await opened(cast, actor=me, title="Le mien", once="mine")
    await make_booking(meal_id=mine, member_id=cast.aicha)
    dish = await write_dish(
        actor=me,
        place_id=place,
        dish=DishWords("Tarte", about="Au four.", allergens=frozenset({Allergen.EGGS}), ingredients=(FLOUR,)),
        now=NOON,
    )
    boxes = await make_meal(place_id=place, opener=cast.odile, title="Avant-hier", starts_at=NOON - 2 * DAY)
    async with writing():
        await run(
            "insert into till_count (meal_id, cents, first_by, second_by, counted_at) values ({}, 900, {}, {}, {})",
            *(boxes, cast.odile, me, NOON - DAY),
        )
    await enter_count(eaten, actor=me, cents=700, now=NOON)
    return {
        "boxes": boxes,
        "eaten": eaten,
        "ate": ate,
        "past_guest": past_guest,
        "coming": coming,
        "comes": comes,
        "guest": guest,
        "aicha_comes": aicha_comes,
        "samira_waits": samira_waits,
        "full": full,
        "waits": waits,
        "gave": gave,
        "off": off,
        "mine": mine,
        "dish": dish,
    }


FLOUR = Amount("Farine", 500_000, Unit.GRAM)


async def tables(member_id: int) -> dict[str, list[dict[str, Any]]]:
    return {each.key: [dict(row) for row in each.rows] for each in await own_data.export_of(member_id)}


class TestTheCopy:
    async def test_it_has_all_of_it_in_words_of_ours(self, cast: Cast) -> None:
        await live(cast)
        exported = await own_data.export_of(cast.karim)
        found = await tables(cast.karim)
        assert {name: len(rows) for name, rows in found.items()} == {
            "opened_meals": 3,
            "meal_bookings": 4,
            "meal_seats": 4,
            "meal_diets": 1,
            "meal_guests": 2,
            "suspended_meals": 2,
            "meal_cards": 0,
            "till_entries": 1,
            "meal_tills": 1,
            "dishes": 2,
        }
        assert [(row["cents"], row["meal"]) for row in found["till_entries"]] == [(700, "Hier")]
        assert [(row["cents"], row["meal"]) for row in found["meal_tills"]] == [(900, "Avant-hier")]
        assert [row["meal"] for row in found["opened_meals"]] == ["Hier", "Annulé", "Le mien"]
        assert found["opened_meals"][1]["reason"] == REASON
        first = found["meal_bookings"][0]
        assert (first["price_cents"], first["give"]) == (800, 1)
        assert [row["suspended"] for row in found["meal_bookings"]] == [False, True, False, False]
        assert [row["state"].code for row in found["meal_seats"]] == ["confirmed", "confirmed", "waiting", "cancelled"]
        assert (found["meal_diets"][0]["diet"].code, found["meal_diets"][0]["people"]) == ("no_gluten", 2)
        assert {(row["first_name"], row["price_cents"]) for row in found["meal_guests"]} == {(MOMO, 500), (FATOU, 300)}
        assert [(row["kind"].code, row["cents"]) for row in found["suspended_meals"]] == [
            ("given", 500),
            ("taken", -500),
        ]
        tart = next(row for row in found["dishes"] if row["dish"] == "Tarte")
        assert (tart["about"], tart["ingredients"]) == ("Au four.", "Farine")
        assert [word.code for word in tart["allergens"]] == ["eggs"]
        for each in exported:
            for row in each.rows:
                assert row.keys() == each.columns.keys(), each.key
                for value in row.values():
                    for word in value if isinstance(value, tuple) else [value]:
                        assert not isinstance(word, Word) or language("fr").say(word.said)

    async def test_of_others_it_says_nothing_nor_what_they_pay(self, cast: Cast) -> None:
        await live(cast)
        for other in (cast.odile, cast.aicha, cast.samira):
            told = repr(await own_data.export_of(other))
            assert "Karim" not in told
            assert FATOU not in told
        assert {row["price_cents"] for row in (await tables(cast.aicha))["meal_bookings"]} == {500}
        assert (await tables(cast.odile))["meal_bookings"] == [], "whoever opened it reads nobody's booking"
        assert await tables(cast.newcomer) == {key: [] for key in await tables(cast.karim)}


class TestLeaving:
    async def test_what_was_opened_is_passed_on_first_and_the_rest_said_before(self, cast: Cast) -> None:
        there = await live(cast)
        said = await leaving_of(cast.karim, REGISTRY.domains, now=LATER)
        (first,) = [each for each in said.first if each.href.startswith("/repas/")]
        assert first.href == f"/repas/{there['mine']}#tenir"
        assert "Le mien" in language("fr").say(first.what)
        words = "\n".join(language("fr").say(each).replace("\u00a0", " ") for each in said.then)
        for part in (
            "Tes réservations à 2 repas sont annulées",
            "pour qui tu as réservé un repas gardent leur place",
            "Le repas que tu as ouvert reste dans la mémoire du lieu, sans ton nom",
            "Les 2 plats que tu as écrits restent",
            "Le nombre de places prises à table reste",
            "Ce que tu as compté dans la boîte d’un repas reste dans les comptes, sans ton nom",
        ):
            assert part in words, words
        await let_go(actor=cast.karim, meal_id=there["mine"], now=LATER)
        again = await leaving_of(cast.karim, REGISTRY.domains, now=LATER)
        assert [each for each in again.first if each.href.startswith("/repas/")] == []

    async def test_who_has_nothing_to_do_with_meals_is_told_nothing(self, cast: Cast) -> None:
        assert await leaving.leaving(cast.karim, NOON) == await leaving.leaving(10**6, NOON)
        assert (await leaving.leaving(cast.karim, NOON)).then == []


class TestErasing:
    async def test_seats_are_given_back_and_go_to_whoever_waits(self, cast: Cast) -> None:
        there = await live(cast)
        assert await reads.stands(there["samira_waits"]) == {"waiting": 2}, "the control: the table was full"
        assert await reads.counts(there["coming"]) == (4, 2)
        await gone(cast)
        assert await reads.stands(there["samira_waits"]) == {"offered": 2}
        assert cast.samira in await reads.mailed(about="offer-")
        assert await reads.counts(there["coming"]) == (4, 0)
        assert await reads.counts(there["full"]) == (1, 0)
        assert set(await reads.roles(there["coming"])) == {cast.aicha, cast.samira}
        assert await reads.booking(there["guest"]), "whoever has no account comes still"
        assert (await reads.booking(there["guest"]))["first_name"] == FATOU
        assert await reads.stands(there["guest"]) == {"confirmed": 1}

    async def test_the_pot_has_back_what_was_drawn_for_a_meal_to_come_and_keeps_what_was_given(
        self, cast: Cast
    ) -> None:
        there = await live(cast)
        await gone(cast)
        assert await reads.pot_lines(there["comes"]) == [("taken", -500), ("put_back", 500)]
        assert await reads.pot_lines(there["ate"]) == [("given", 500)]
        ((pot,), (lines,)) = (
            await run("select cents from pot"),
            await run("select sum(cents) as cents from pot_line"),
        )
        assert pot["cents"] == lines["cents"] == 500

    async def test_what_was_eaten_is_counted_still_whoever_it_was(self, cast: Cast) -> None:
        there = await live(cast)
        await gone(cast)
        row = await reads.booking(there["ate"])
        assert (row["member_id"], row["first_name"], row["price_cents"]) == (None, "", 800)
        assert await reads.stands(there["ate"]) == {"confirmed": 2}
        assert (await reads.meal(there["eaten"]))["taken"] == 3
        for dead in ("waits", "gave"):
            assert await run("select id from booking where id = {}", there[dead]) == []
            assert await reads.parts(there[dead]) == []

    async def test_a_meal_to_come_takes_place_and_whoever_may_take_it_on_is_asked(self, cast: Cast) -> None:
        there = await live(cast)
        await gone(cast)
        row = await reads.meal(there["mine"])
        assert (row["state"], row["opener_id"]) == ("open", None)
        assert await reads.mailed(about="opener-wanted") == {cast.rosa}, "she keeps the place"
        assert await reads.counts(there["mine"]) == (1, 0)

    async def test_no_row_and_no_message_says_who_it_was(self, cast: Cast) -> None:
        there = await live(cast)
        async with writing():
            await run("update outbox set sent_at = null where about_kind = 'meal'")
        before = await everything()
        for canary in (REASON, MOMO, "Karim"):
            assert canary in before, "the controls: they were there"
        assert "Karim" in (await reads.entry(there["mine"]))["ics_member"]
        await gone(cast)
        after = await everything()
        for canary in (REASON, MOMO, "Karim"):
            assert canary not in after
        assert "une personne partie" in (await reads.entry(there["eaten"]))["hosts"]
        for table, columns in {
            "meal": ("opener_id", "cancelled_by", "goes_ahead_by"),
            "booking": ("member_id", "booked_by"),
            "dish": ("written_by",),
            "till_entry": ("member_id",),
            "till_count": ("first_by", "second_by"),
        }.items():
            for column in columns:
                rows = await run(f"select id from {table} where {column} = {{}}", cast.karim)
                assert not rows, (table, column)
        (box,) = await run("select cents, first_by from till_count where meal_id = {}", there["boxes"])
        assert box == {"cents": 900, "first_by": cast.odile}, "what was in it stays, and who else found it"
        assert await run("select id from meal where once like {}", f"{cast.karim}:%") == []
        assert await run("select id from booking_diet where booking_id = {}", there["comes"]) == []

    async def test_twice_is_once(self, cast: Cast) -> None:
        await live(cast)
        await gone(cast)
        left = await everything()
        async with transaction():
            await own_data.erase(Erasure(cast.karim, "Karim", "une personne partie", LATER))
        assert await everything() == left

    async def test_why_the_place_called_something_off_stays(self, cast: Cast) -> None:
        """Rosa keeps the place: what she says in that role is the place's, not hers."""
        meal_id = await make_meal(place_id=cast.place, opener=cast.odile)
        await cancel_meal(actor=cast.rosa, meal_id=meal_id, reason=REASON, now=NOON)
        await erase_for(cast.rosa, REGISTRY.domains, force=True, now=LATER)
        row = await reads.meal(meal_id)
        assert (row["reason"], row["cancelled_by"]) == (REASON, None)


class TestTheirGuests:
    async def test_what_changes_is_said_to_whoever_opened_the_meal_once_nobody_else_can_tell_them(
        self, cast: Cast
    ) -> None:
        made = await opened(cast, actor=cast.odile, title="Soupe", once="theirs")
        await book_for(actor=cast.karim, meal_id=made, first_name=FATOU, wish=a_wish(), now=NOON)
        await edited(made, actor=cast.odile, title="Potage", now=NOON)
        assert await reads.mailed(about="changed") == {cast.karim}
        await gone(cast)
        await edited(made, actor=cast.odile, title="Velouté", now=LATER)
        (told,) = await reads.mails(about="changed", to=cast.odile)
        assert f"Dis-le à {FATOU} : cette personne n’a pas de compte" in told["body"].replace("\u00a0", " ")
        await cancel_meal(actor=cast.rosa, meal_id=made, reason="", now=LATER)
        (told,) = await reads.mails(about="cancelled", to=cast.odile)
        assert f"Préviens {FATOU} : cette personne n’a pas de compte" in told["body"].replace("\u00a0", " ")


async def gone(cast: Cast) -> None:
    """An older state has a meal that was not passed on: the rest of it is as pages ask for."""
    await erase_for(cast.karim, REGISTRY.domains, force=True, now=LATER)


async def everything() -> str:
    """All that is kept about meals, and all messages."""
    names = ("meal", "booking", "booking_part", "booking_diet", "dish", "pot_line", "pot", "outbox", "entry")
    tills = ("till_entry", "till_count", "meal_account")
    rows = [await run(f"select * from {name} order by id") for name in (*names, *tills, "journal_line")]
    return repr([[{k: v for k, v in row.items() if k != "version"} for row in each] for each in rows])


class TestRenamed:
    async def test_the_calendar_says_the_new_name_of_whoever_opened_it(self, cast: Cast) -> None:
        there = await live(cast)
        before = await reads.entry(there["mine"])
        assert before["hosts"] == "Karim"
        async with transaction():
            await own_data.renamed(Renaming(cast.karim, "Karim", "Karima-la-neuve", LATER))
        for name in ("mine", "eaten"):
            entry = await reads.entry(there[name])
            assert entry["hosts"] == "Karima-la-neuve"
            assert "Karima-la-neuve" in entry["ics_member"]
        assert (await reads.entry(there["mine"]))["sequence"] == before["sequence"] + 1
        assert (await reads.entry(there["coming"]))["hosts"] == "Odile"

    async def test_an_event_that_has_not_left_yet_says_it_too(self, cast: Cast) -> None:
        there = await live(cast)
        of_meal = "select event from outbox where about_kind = 'meal' and about_id = {} and event <> ''"
        events = await run(of_meal, there["mine"])
        assert any("Karim" in row["event"] for row in events), "the control: it says who opened it"
        async with transaction():
            await own_data.renamed(Renaming(cast.karim, "Karim", "Karima-la-neuve", LATER))
        for row in await run(of_meal, there["mine"]):
            assert "Karima-la-neuve" in row["event"]


@pytest.mark.parametrize("kept", [each for each in REGISTRY.domains if each.name == "meals"])
def test_what_is_kept_is_told_with_who_sees_it_and_until_when(kept: Any) -> None:
    spoken = language("fr")
    assert len(kept.keeps) == 7
    jobs = {job.name for job in REGISTRY.jobs}
    for each in kept.keeps:
        assert all(map(spoken.say, (each.what, each.seen_by, each.how_long)))
        assert not each.job or each.job in jobs
    assert [each.before_serving for each in kept.keeps if each.job] == [False, False, False, False, True]


async def test_pots_of_several_places_are_locked_in_their_order(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or two who leave at once, with seats here and there, wait for each other."""
    there = await make_place()
    for place in (there, cast.place):
        made = await make_meal(place_id=place, opener=cast.yann)
        await make_booking(meal_id=made, member_id=cast.karim, give=1)
    locked: list[int] = []

    async def heard(sql: str, *args: Any) -> list[dict[str, Any]]:
        if "into pot (" in sql:
            locked.append(args[0])
        return await run(sql, *args)

    monkeypatch.setattr(pot, "run", heard)
    async with transaction():
        await own_data.erase(Erasure(cast.karim, "Karim", "une personne partie", NOON))
    assert locked[:2] == [cast.place, there]
