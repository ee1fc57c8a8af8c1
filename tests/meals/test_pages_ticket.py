"""The ticket: the same for every price, its owner's alone, and what can be done about the seats on it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from app.database import Store
from meals import jobs
from meals.commands.booking import book_for
from meals.commands.giving_back import cancel_seats, hand_over
from meals.states import Diet, Job
from rotas.commands.giving_up import free
from tests.client import words
from tests.meals.make import AFTER_CLOSING, START, a_wish, change_meal
from tests.meals.reads import counts, diets, stands
from tests.meals.scene import Scene, part, said
from tests.people import Cast


@pytest.fixture
async def scene(cast: Cast) -> Scene:
    return Scene(cast)


def without_numbers(markup: str) -> str:
    """The page but for the number of the booking and what a browser is given anew each time."""
    page = markup[markup.index("<main") : markup.index("</main>")]
    page = re.sub(r'name="(_csrf_token|once)" value="[^"]*"', "", page)
    page = re.sub(r"/reservations/\d+|/repas/\d+", "", page)
    return re.sub(r'data-id="\d+"|ticket-code">[^<]*<', "", page)


class TestTheTicket:
    async def test_what_is_on_it(self, scene: Scene) -> None:
        meal_id = await scene.meal(room_id=scene.cast.salon)
        made = await scene.booked(meal_id, scene.cast.karim, 3, children=1)
        page = await (await scene.as_(scene.cast.karim)).get(f"/reservations/{made}")
        for sentence in (
            "Soupe de lentilles Vendredi 4 décembre, 12 h 30",
            "Tu as 3 places",
            f"Billet n° {made}",
            "Tu peux annuler jusqu’à jeudi 3 décembre à 18 h.",
            "Sur place, on paie dans une enveloppe. « Ce que je paie » te dit ce qui reste à payer.",
            "Salon, Les Tanneurs, 14 rue des Tanneurs",
            "Places 3 places, dont 1 enfant",
        ):
            assert sentence in words(page), sentence
        assert f'href="/repas/{meal_id}.ics"' in page.text
        assert f'data-id="{made}" data-state="confirmed"' in page.text

    async def test_it_looks_the_same_whatever_was_paid(self, scene: Scene) -> None:
        """Eight euros and a gift; three; a suspended meal: byte for byte, but for the number."""
        cast = scene.cast
        asked: list[tuple[int, dict[str, Any]]] = [
            (cast.karim, {"price_cents": 800, "give": 2}),
            (cast.samira, {"price_cents": 300}),
            (cast.yann, {"price_cents": 500, "suspended": True}),
        ]
        pages = []
        meal_id = await scene.meal()
        for member_id, wish in asked:
            made = await scene.booked(meal_id, member_id, 2, **wish)
            pages.append((await (await scene.as_(member_id)).get(f"/reservations/{made}")).text)
        assert len({without_numbers(page) for page in pages}) == 1
        assert "€" not in without_numbers(pages[0])

    async def test_others_find_nothing(self, scene: Scene) -> None:
        made = await scene.booked(await scene.meal(), scene.cast.karim, 2)
        for reader in (scene.cast.aicha, scene.cast.odile, scene.cast.rosa, scene.cast.bruno):
            browser = await scene.as_(reader)
            for way in ("", "/choix", "/annulation"):
                assert (await browser.get(f"/reservations/{made}{way}")).status_code == 404, way
            for way in ("annulation", "choix", "places", "passage", "passage/retrait", "reponse"):
                answer = await browser.post(f"/reservations/{made}/{way}", {"seats": "1", "answer": "yes"})
                assert answer.status_code == 404, way
        assert await stands(made) == {"confirmed": 2}
        visitor = await scene.visitor().get(f"/reservations/{made}")
        assert (visitor.status_code, visitor.headers["location"].startswith("/connexion")) == (303, True)

    @pytest.mark.parametrize("number", ["999", "99999999999999999999999999"])
    async def test_there_is_no_such_booking(self, scene: Scene, number: str) -> None:
        browser = await scene.as_(scene.cast.karim)
        assert (await browser.get(f"/reservations/{number}")).status_code == 404
        assert (await browser.post(f"/reservations/{number}/annulation")).status_code == 404

    async def test_of_somebody_without_an_account_for_whoever_booked(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        made = await book_for(
            actor=scene.cast.karim, meal_id=meal_id, first_name="Ali", wish=a_wish(2), now=scene.world.now
        )
        page = words(await (await scene.as_(scene.cast.karim)).get(f"/reservations/{made}"))
        assert "Pour Ali 2 places" in page
        assert "J’ajoute une place" not in page
        assert (await (await scene.as_(scene.cast.yann)).get(f"/reservations/{made}")).status_code == 404

    async def test_a_meal_that_is_cancelled(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        made = await scene.booked(meal_id, scene.cast.karim)
        await change_meal(meal_id, state="cancelled", reason="Le four est cassé.")
        page = words(await (await scene.as_(scene.cast.karim)).get(f"/reservations/{made}"))
        assert "Ce repas est annulé" in page
        assert "Le four est cassé. Il n’y a rien à faire, et rien à payer." in page
        assert "J’annule" not in page
        assert "Dans mon calendrier" not in page

    async def test_as_many_questions_for_one_seat_as_for_many_parts(self, db: Store, scene: Scene) -> None:
        one = await scene.booked(await scene.meal(), scene.cast.karim)
        full = await scene.meal(seats=5)
        await scene.booked(full, scene.cast.aicha, 2)
        parts = await scene.booked(full, scene.cast.karim, 6)
        browser = await scene.as_(scene.cast.karim)
        asked = []
        for booking_id in (one, parts):
            await browser.get("/aide")  # who is asking is asked here, if anything was committed
            before = db.query_id
            assert (await browser.get(f"/reservations/{booking_id}")).status_code == 200
            asked.append(db.query_id - before)
        assert asked[0] == asked[1] <= 3


class TestWhatWasChosen:
    @pytest.mark.parametrize(
        ("wish", "seats", "due", "lines"),
        [
            ({"price_cents": 800}, 1, "8 €", "1 place à 8 €"),
            ({"price_cents": 300, "give": 1}, 2, "11 €", "2 places à 3 € 1 repas offert"),
            ({"suspended": True}, 1, "0 €", "Ta place : repas suspendu"),
            ({"suspended": True, "price_cents": 300}, 3, "6 €", "2 places à 3 € Ta place : repas suspendu"),
        ],
    )
    async def test_the_amount(self, scene: Scene, wish: dict[str, Any], seats: int, due: str, lines: str) -> None:
        made = await scene.booked(await scene.meal(), scene.cast.karim, seats, **wish)
        page = words(await (await scene.as_(scene.cast.karim)).get(f"/reservations/{made}/choix"))
        assert f"Dans l’enveloppe : {due} {lines}" in page

    async def test_whoever_gives_the_turn_up_pays_the_price_of_the_meal(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        slot_id = await scene.turn(meal_id, Job.COOK, holders=[scene.cast.karim])
        made = await scene.booked(meal_id, scene.cast.karim, 2, team=True, price_cents=300)
        browser = await scene.as_(scene.cast.karim)
        assert "Dans l’enveloppe : 3 €" in words(await browser.get(f"/reservations/{made}/choix"))
        await free(actor=scene.cast.karim, slot_id=slot_id, member_id=scene.cast.karim, now=scene.world.now)
        page = words(await browser.get(f"/reservations/{made}/choix"))
        assert "Dans l’enveloppe : 8 € 1 place à 3 € Ta place : 5 €, le prix du repas, sans tour" in page

    async def test_a_month_later_nobody_knows_it_any_more(self, scene: Scene) -> None:
        made = await scene.booked(await scene.meal(), scene.cast.karim, give=1)
        scene.world.now = START + timedelta(days=40)
        assert await jobs.forget_what_was_paid(scene.world.now) == 1
        page = words(await (await scene.as_(scene.cast.karim)).get(f"/reservations/{made}/choix"))
        assert "Ce que tu as payé est effacé" in page
        assert "€" not in page

    async def test_what_one_does_not_eat(self, scene: Scene) -> None:
        made = await scene.booked(
            await scene.meal(dishes=await scene.menu()), scene.cast.karim, 2, diets={Diet.NO_MILK: 2, Diet.NO_EGGS: 1}
        )
        browser = await scene.as_(scene.cast.karim)
        page = words(await browser.get(f"/reservations/{made}/choix"))
        assert "Sans lait : 2 personnes" in page
        assert "Sans œuf : 1 personne" in page
        assert "Sans lait" not in words(await browser.get(f"/reservations/{made}"))

    async def test_it_may_be_said_anew(self, scene: Scene) -> None:
        made = await scene.booked(
            await scene.meal(dishes=await scene.menu()), scene.cast.karim, 2, diets={Diet.NO_MILK: 2}
        )
        browser = await scene.as_(scene.cast.karim)
        way = f"/reservations/{made}/choix"
        form = part(await browser.get(way), 'id="changer"', "</form>")
        assert 'name="diet" value="no_milk" checked' in form
        assert "<option selected>2</option>" in form
        assert 'name="team"' not in form
        wrong = await browser.post(way, {"diet": "no_eggs", "people_no_eggs": "3"})
        assert wrong.status_code == 422
        assert "Il y a plus de personnes que de places." in said(part(wrong, 'id="field-diet-error"', "</p>"))
        assert await diets(made) == {"no_milk": 2}
        answer = await browser.post(way, {"diet": "no_eggs", "people_no_eggs": "1"})
        assert (answer.status_code, answer.headers["location"]) == (303, way)
        assert await diets(made) == {"no_eggs": 1}
        assert "Sans œuf : 1 personne" in words(await browser.get(way))
        scene.world.now = START
        late = await browser.post(way, {})
        assert (late.status_code, await diets(made)) == (409, {"no_eggs": 1})
        assert 'id="changer"' not in late.text

    async def test_whoever_takes_a_turn_afterwards_eats_without_paying(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        made = await scene.booked(meal_id, scene.cast.karim)
        browser = await scene.as_(scene.cast.karim)
        way = f"/reservations/{made}/choix"
        assert 'name="team"' not in (await browser.get(way)).text
        refusal = await browser.post(way, {"team": "1"})
        assert refusal.status_code == 409
        assert "La place de l’équipe est à qui prend un tour de ce repas." in words(refusal)
        await scene.turn(meal_id, Job.COOK, holders=[scene.cast.karim])
        assert 'name="team" value="1" checked' in part(await browser.get(way), 'id="changer"', "</form>")
        assert (await browser.post(way, {"team": "1"})).status_code == 303
        page = await browser.get(way)
        assert "Dans l’enveloppe : 0 € Ta place : repas de l’équipe" in words(page)
        assert 'id="changer"' not in page.text

    async def test_a_suspended_meal_may_be_asked_for_afterwards_without_a_word(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        made = await scene.booked(meal_id, scene.cast.karim, 2)
        browser = await scene.as_(scene.cast.karim)
        way = f"/reservations/{made}/choix"
        form = part(await browser.get(way), 'id="changer"', "</form>")
        assert "Je mange sans payer, pour ma place : 0 €" in said(form)
        assert 'name="take" value="1"' in form
        assert "checked" not in form
        await scene.booked(meal_id, scene.cast.aicha, give=1)
        assert "Je prends un repas suspendu pour ma place, 0 €" in words(await browser.get(way))
        assert (await browser.post(way, {})).status_code == 303
        assert "Dans l’enveloppe : 10 €" in words(await browser.get(way))
        assert (await browser.post(way, {"take": "1"})).status_code == 303
        page = await browser.get(way)
        assert "Dans l’enveloppe : 5 € 1 place à 5 € Ta place : repas suspendu" in words(page)
        assert 'name="take"' not in page.text

    async def test_for_somebody_else_nobody_is_asked(self, scene: Scene) -> None:
        made = await book_for(
            actor=scene.cast.karim, meal_id=await scene.meal(), first_name="Ali", wish=a_wish(), now=scene.world.now
        )
        page = await (await scene.as_(scene.cast.karim)).get(f"/reservations/{made}/choix")
        assert 'name="take"' not in page.text


class TestGivingBack:
    async def test_all_after_a_question(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        made = await scene.booked(meal_id, scene.cast.karim, 2)
        browser = await scene.as_(scene.cast.karim)
        assert f'href="/reservations/{made}/annulation"' in (await browser.get(f"/reservations/{made}")).text
        question = await browser.get(f"/reservations/{made}/annulation")
        assert "Tu annules tes 2 places ? Elles iront à qui attend." in words(question)
        assert await counts(meal_id) == (2, 0)
        answer = await browser.post(f"/reservations/{made}/annulation", {"had": "2"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/reservations/{made}")
        assert await counts(meal_id) == (0, 0)
        page = words(await browser.get(f"/reservations/{made}"))
        assert "Cette réservation est annulée" in page
        assert "Je réserve de nouveau" in page

    async def test_the_same_form_twice_is_once(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        made = await scene.booked(meal_id, scene.cast.karim, 3)
        browser = await scene.as_(scene.cast.karim)
        form = part(await browser.get(f"/reservations/{made}"), 'name="seats" value="1"', "</form>")
        assert 'name="had" value="3"' in form
        fields = {"seats": "1", "had": "3", "once": once_of(form)}
        for _ in range(2):
            answer = await browser.post(f"/reservations/{made}/annulation", fields)
            assert answer.status_code == 303
        assert await counts(meal_id) == (2, 0)
        other = await browser.post(f"/reservations/{made}/annulation", {**fields, "once": "another"})
        assert other.status_code == 409
        assert "Cela a changé pendant que tu lisais." in words(other)
        assert await counts(meal_id) == (2, 0)

    async def test_all_is_all_even_when_a_seat_that_was_kept_has_lapsed_meanwhile(self, scene: Scene) -> None:
        meal_id = await scene.meal(seats=2)
        full = await scene.booked(meal_id, scene.cast.aicha)
        made = await scene.booked(meal_id, scene.cast.karim, 2)
        await cancel_seats(actor=scene.cast.aicha, booking_id=full, seats=None, leave=False, now=scene.world.now)
        browser = await scene.as_(scene.cast.karim)
        form = part(await browser.get(f"/reservations/{made}/annulation"), 'name="had" value="2"', "</form>")
        await jobs.lapse_offers(scene.world.now + timedelta(days=1))
        assert await stands(made) == {"confirmed": 1, "lapsed": 1}
        answer = await browser.post(f"/reservations/{made}/annulation", {"had": "2", "once": once_of(form)})
        assert answer.status_code == 303
        assert await stands(made) == {"cancelled": 1, "lapsed": 1}

    async def test_after_having_cancelled_the_question_is_not_asked(self, scene: Scene) -> None:
        made = await scene.booked(await scene.meal(), scene.cast.karim)
        await cancel_seats(actor=scene.cast.karim, booking_id=made, seats=None, leave=False, now=scene.world.now)
        answer = await (await scene.as_(scene.cast.karim)).get(f"/reservations/{made}/annulation")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/reservations/{made}")

    async def test_whoever_waits_gives_up_at_any_time(self, scene: Scene) -> None:
        meal_id = await scene.meal(seats=2)
        await scene.booked(meal_id, scene.cast.aicha, 1)
        made = await scene.booked(meal_id, scene.cast.karim, 3)
        assert await stands(made) == {"confirmed": 1, "waiting": 2}
        scene.world.now = AFTER_CLOSING
        browser = await scene.as_(scene.cast.karim)
        page = words(await browser.get(f"/reservations/{made}"))
        assert "Je n’attends plus" in page
        assert "J’annule" not in page
        question = await browser.get(f"/reservations/{made}/annulation")
        assert "Tu n’attends plus ?" in words(question)
        form = part(question, f'action="/reservations/{made}/annulation"', "</form>")
        sent = dict(re.findall(r'name="(seats|had)" value="(\d+)"', form))
        assert (await browser.post(f"/reservations/{made}/annulation", sent)).status_code == 303
        assert await stands(made) == {"confirmed": 1, "cancelled": 2}

    async def test_after_closing_they_are_not_given_back(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        made = await scene.booked(meal_id, scene.cast.karim, 2)
        scene.world.now = AFTER_CLOSING
        answer = await (await scene.as_(scene.cast.karim)).post(f"/reservations/{made}/annulation", {"seats": "1"})
        assert answer.status_code == 409
        assert "Tu peux passer ta place à quelqu’un." in words(answer)
        assert await counts(meal_id) == (2, 0)

    @pytest.mark.parametrize(
        ("written", "sentence"),
        [("0", "Il faut au moins une place."), ("9", "Pas plus de six places"), ("x", "Écris un nombre, comme 12.")],
    )
    async def test_a_bad_form(self, scene: Scene, written: str, sentence: str) -> None:
        meal_id = await scene.meal()
        made = await scene.booked(meal_id, scene.cast.karim, 2)
        answer = await (await scene.as_(scene.cast.karim)).post(f"/reservations/{made}/annulation", {"seats": written})
        assert (answer.status_code, await counts(meal_id)) == (422, (2, 0))
        assert sentence in words(answer)

    async def test_a_part_of_the_page_for_htmx(self, scene: Scene) -> None:
        made = await scene.booked(await scene.meal(), scene.cast.karim, 2)
        browser = await scene.as_(scene.cast.karim)
        answer = await browser.partial(f"/reservations/{made}/annulation", {"seats": "1", "had": "2"})
        assert answer.status_code == 200
        assert "<html" not in answer.text
        assert "Tu as ta place" in words(answer)
        assert "C’est fait, la place est libre." in said(part(answer, 'hx-swap-oob="innerHTML:#avis"', "</strong>"))


class TestMoreSeats:
    async def test_by_the_same_rules(self, scene: Scene) -> None:
        meal_id = await scene.meal(seats=4)
        made = await scene.booked(meal_id, scene.cast.karim, 2)
        await scene.booked(meal_id, scene.cast.aicha, 1)
        browser = await scene.as_(scene.cast.karim)
        form = part(
            await browser.get(f"/reservations/{made}"), f'action="/reservations/{made}/places#summary"', "</form>"
        )
        assert 'name="had" value="2"' in form
        assert [n for n in range(1, 7) if f'<option value="{n}"' in part_of(form, 'name="seats"')] == [1, 2, 3, 4]
        for _ in range(2):
            fields = {"seats": "2", "children": "1", "had": "2", "once": once_of(form)}
            answer = await browser.post(f"/reservations/{made}/places", fields)
            assert (answer.status_code, answer.headers["location"]) == (303, f"/reservations/{made}")
        assert await stands(made) == {"confirmed": 3, "waiting": 1}

    async def test_six_are_the_most(self, scene: Scene) -> None:
        made = await scene.booked(await scene.meal(), scene.cast.karim, 6)
        browser = await scene.as_(scene.cast.karim)
        assert "J’ajoute" not in words(await browser.get(f"/reservations/{made}"))
        answer = await browser.post(f"/reservations/{made}/places", {"seats": "1"})
        assert answer.status_code == 409
        assert "Une réservation tient de une à six places." in words(answer)

    @pytest.mark.parametrize(
        ("fields", "name", "sentence"),
        [
            ({}, "seats", "Choisis combien de places."),
            ({"seats": "9"}, "seats", "Pas plus de six places par réservation."),
            ({"seats": "1", "children": "2"}, "children", "Il y a plus d’enfants que de places."),
        ],
    )
    async def test_a_bad_form(self, scene: Scene, fields: dict[str, str], name: str, sentence: str) -> None:
        meal_id = await scene.meal()
        made = await scene.booked(meal_id, scene.cast.karim, 2)
        answer = await (await scene.as_(scene.cast.karim)).post(f"/reservations/{made}/places", fields)
        assert (answer.status_code, await counts(meal_id)) == (422, (2, 0))
        assert sentence in said(part(answer, f'id="field-{name}-error"', "</p>"))
        assert "<details open>" in answer.text


class TestHandingOver:
    async def test_after_closing_seats_may_be_had_by_whoever_waits(self, scene: Scene) -> None:
        meal_id = await scene.meal(seats=3)
        made = await scene.booked(meal_id, scene.cast.karim, 3)
        await scene.booked(meal_id, scene.cast.aicha, 1)
        browser = await scene.as_(scene.cast.karim)
        assert "Je passe ma place" not in words(await browser.get(f"/reservations/{made}"))
        scene.world.now = AFTER_CLOSING
        page = await browser.get(f"/reservations/{made}")
        assert "On a fait les courses en te comptant." in words(page)
        form = part(page, f'action="/reservations/{made}/passage#summary"', "</form>")
        assert 'name="had" value="3"' in form
        answer = await browser.post(f"/reservations/{made}/passage", {"seats": "2", "had": "3"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/reservations/{made}")
        page = await browser.get(f"/reservations/{made}")
        assert "2 places sont à prendre par qui attend." in words(page)
        assert 'name="had" value="1"' in part(page, f'action="/reservations/{made}/passage#summary"', "</form>")
        assert f'action="/reservations/{made}/passage/retrait"' in page.text
        assert (await browser.post(f"/reservations/{made}/passage/retrait")).status_code == 303
        assert "à prendre" not in words(await browser.get(f"/reservations/{made}"))

    async def test_before_closing_they_are_given_back(self, scene: Scene) -> None:
        made = await scene.booked(await scene.meal(), scene.cast.karim, 2)
        answer = await (await scene.as_(scene.cast.karim)).post(f"/reservations/{made}/passage", {"seats": "1"})
        assert answer.status_code == 409
        assert "Les réservations sont encore ouvertes" in words(answer)

    async def test_how_many_is_asked(self, scene: Scene) -> None:
        made = await scene.booked(await scene.meal(), scene.cast.karim, 2)
        scene.world.now = AFTER_CLOSING
        answer = await (await scene.as_(scene.cast.karim)).post(f"/reservations/{made}/passage", {"seats": ""})
        assert answer.status_code == 422
        assert "Choisis combien de places." in said(part(answer, 'id="field-seats-error"', "</p>"))

    async def test_when_it_has_begun_there_is_nothing_left_to_press(self, scene: Scene) -> None:
        made = await scene.booked(await scene.meal(), scene.cast.karim, 2)
        await hand_over_later(scene, made)
        scene.world.now = START
        page = words(await (await scene.as_(scene.cast.karim)).get(f"/reservations/{made}"))
        for button in ("Je passe", "Finalement", "J’annule", "Je rends", "J’ajoute"):
            assert button not in page


async def hand_over_later(scene: Scene, booking_id: int) -> None:
    scene.world.now = AFTER_CLOSING
    await hand_over(actor=scene.cast.karim, booking_id=booking_id, seats=1, now=scene.world.now)


def once_of(form: str) -> str:
    """What tells this form from others."""
    found = re.search(r'name="once" value="([0-9a-f]{32})"', form)
    assert found is not None
    return found[1]


def part_of(markup: str, opening: str) -> str:
    """From there to the end of the list of choices."""
    return markup[markup.index(opening) :].partition("</select>")[0]
