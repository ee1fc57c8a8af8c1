"""Booking from the page of a meal: three requests to the ticket, what a bad form answers, and who may have what."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.database import run, transaction
from meals.commands.booking import add_seats
from meals.commands.giving_back import cancel_seats, hand_over
from meals.states import Allergen, Diet, Job
from tests.client import Browser, words
from tests.meals.make import AFTER_CLOSING, CLOSES, change_meal, make_dish
from tests.meals.reads import booking, bookings, counts, diets, stands
from tests.meals.scene import Scene, part, said
from tests.people import Cast


@pytest.fixture
async def scene(cast: Cast) -> Scene:
    return Scene(cast)


async def has_booked(browser: Browser, meal_id: int, **fields: Any) -> int:
    """Book with the form; the booking's id."""
    answer = await browser.post(f"/repas/{meal_id}/reservations", fields)
    assert answer.status_code == 303, words(answer)[:2000]
    return int(answer.headers["location"].rpartition("/")[2])


def offer_on(page: httpx.Response) -> str:
    """The key of the seats that are kept, in the form that answers."""
    found = re.search(r'name="offer" value="(\d+-\d+)"', page.text)
    assert found is not None
    return found[1]


class TestBooking:
    async def test_in_three_requests_from_the_page_to_the_ticket(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        page = await browser.get(f"/repas/{meal_id}")
        assert f'action="/repas/{meal_id}/reservations#summary"' in page.text
        answer = await browser.post(
            f"/repas/{meal_id}/reservations", {"seats": "2", "price_cents": "300", "payment": "on_site"}
        )
        assert answer.status_code == 303
        ticket = await browser.get(answer.headers["location"])
        assert ticket.status_code == 200
        assert "Tu as 2 places" in words(ticket)
        assert "C’est noté !" in words(ticket)
        (made,) = await bookings(meal_id)
        assert (made["member_id"], made["price_cents"], await stands(made["id"])) == (
            scene.cast.karim,
            300,
            {"confirmed": 2},
        )

    async def test_an_empty_form_is_one_seat_at_the_fair_price(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        made = await booking(await has_booked(await scene.as_(scene.cast.karim), meal_id))
        assert (made["price_cents"], made["payment"], made["give"], bool(made["suspended"])) == (
            500,
            "on_site",
            0,
            False,
        )
        assert await counts(meal_id) == (1, 0)

    async def test_everything_that_can_be_asked(self, scene: Scene) -> None:
        meal_id = await scene.meal(dishes=await scene.menu())
        browser = await scene.as_(scene.cast.karim)
        made = await has_booked(
            browser,
            meal_id,
            seats="3",
            children="1",
            together="1",
            price_cents="800",
            give="1",
            take="1",
            diet=["no_gluten", "no_milk"],
            people_no_gluten="2",
        )
        row = await booking(made)
        assert (row["price_cents"], row["give"], bool(row["suspended"]), bool(row["together"])) == (800, 1, True, True)
        assert await diets(made) == {"no_gluten": 2, "no_milk": 1}
        (seats,) = await run("select seats, children from booking_part where booking_id = {}", made)
        assert (seats["seats"], seats["children"]) == (3, 1)

    async def test_the_form_sent_twice_is_one_booking(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        first = await has_booked(browser, meal_id, seats="2")
        assert await has_booked(browser, meal_id, seats="2") == first
        assert await counts(meal_id) == (2, 0)

    async def test_another_form_says_that_nothing_has_changed(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        fields: dict[str, Any] = {"seats": "2", "children": "1", "together": "1", "give": "1", "take": "1"}
        first = await has_booked(browser, meal_id, **fields)
        assert "C’est noté !" in words(await browser.get(f"/reservations/{first}"))
        for other in ({"seats": "3"}, {"price_cents": "800"}, {"take": ""}):
            assert await has_booked(browser, meal_id, **{**fields, **other}) == first
            page = words(await browser.get(f"/reservations/{first}"))
            assert "Tu avais déjà réservé : rien n’a changé." in page
            assert "C’est noté !" not in page
        assert await counts(meal_id) == (2, 0)

    async def test_who_has_booked_is_led_to_the_ticket(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        made = await scene.booked(meal_id, scene.cast.karim, 2)
        page = await (await scene.as_(scene.cast.karim)).get(f"/repas/{meal_id}")
        assert f'href="/reservations/{made}"' in page.text
        assert 'id="reservation"' not in page.text
        panel = part(page, '<section class="stack panel mine" id="reserver"', "</section>")
        assert 'data-state="confirmed"' in panel
        assert "Tu as 2 places" in said(panel)

    async def test_where_nothing_is_free_one_waits(self, scene: Scene) -> None:
        meal_id = await scene.meal(seats=3)
        await scene.booked(meal_id, scene.cast.aicha, 3)
        browser = await scene.as_(scene.cast.karim)
        before = words(await browser.get(f"/repas/{meal_id}"))
        assert "Je me mets en attente" in before
        assert "Je réserve Tu peux" not in before
        made = await has_booked(browser, meal_id, seats="2")
        ticket = await browser.get(f"/reservations/{made}")
        assert "Tu es en liste d’attente" in words(ticket)
        assert 'data-state="waiting" data-rank="1"' in ticket.text
        page = await browser.get(f"/repas/{meal_id}")
        assert "Tu attends 2 places. Tu es en tête de la liste." in words(page)
        assert 'data-rank="1"' in part(page, 'id="reserver"', ">")

    async def test_some_seats_now_and_some_later(self, scene: Scene) -> None:
        meal_id = await scene.meal(seats=3)
        await scene.booked(meal_id, scene.cast.aicha, 2)
        browser = await scene.as_(scene.cast.karim)
        assert "S’il n’y en a pas assez, tu attends le reste." in words(await browser.get(f"/repas/{meal_id}"))
        made = await has_booked(browser, meal_id, seats="3")
        assert await stands(made) == {"confirmed": 1, "waiting": 2}
        ticket = words(await browser.get(f"/reservations/{made}"))
        assert "Tu as ta place" in ticket
        assert "Tu attends 2 places." in ticket

    async def test_a_visitor_signs_in_first(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        answer = await scene.visitor().post(f"/repas/{meal_id}/reservations", {"seats": "1"})
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/connexion")
        assert await bookings(meal_id) == []

    async def test_the_fields_of_others_are_passed_over(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        made = await has_booked(
            await scene.as_(scene.cast.karim),
            meal_id,
            member_id=str(scene.cast.aicha),
            state="attended",
            paid="1",
            booked_by="1",
        )
        row = await booking(made)
        assert (row["member_id"], row["booked_by"], await stands(made)) == (scene.cast.karim, None, {"confirmed": 1})

    async def test_after_closing_it_says_why_not(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        scene.world.now = AFTER_CLOSING
        answer = await browser.post(f"/repas/{meal_id}/reservations", {"seats": "1"})
        assert answer.status_code == 409
        assert "Les réservations sont closes : on cuisine d’après les places prises." in words(answer)
        assert await bookings(meal_id) == []

    async def test_what_else_one_does_then_is_a_word_to_oneself(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        other = await scene.meal(title="Galettes")
        await scene.booked(other, scene.cast.karim)
        sentence = "À cette heure, tu as aussi « Galettes »."
        assert sentence in words(await (await scene.as_(scene.cast.karim)).get(f"/repas/{meal_id}"))
        assert sentence not in words(await (await scene.as_(scene.cast.yann)).get(f"/repas/{meal_id}"))


FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"seats": "0"}, "seats", "Il faut au moins une place."),
    ({"seats": "7"}, "seats", "Pas plus de six places par réservation."),
    ({"seats": "deux"}, "seats", "Écris un nombre, comme 12. Tu as écrit « deux »."),
    ({"seats": "99999999999999999999999999"}, "seats", "Écris un nombre, comme 12."),
    (
        {"seats": "2", "children": "2"},
        "children",
        "Un enfant vient avec un adulte : garde au moins une place d’adulte.",
    ),
    ({"children": "-1"}, "children", "Il faut au moins 0. Tu as écrit -1."),
    ({"price_cents": "1"}, "price_cents", "Ce prix n’est pas un de ceux du repas. Choisis-en un."),
    ({"price_cents": "-500"}, "price_cents", "Ce prix n’est pas un de ceux du repas."),
    ({"give": "7"}, "give", "Pas plus de 6. Tu as écrit 7."),
    ({"diet": "no_love"}, "diet", "Choisis dans la liste."),
    ({"diet": "no_milk", "people_no_milk": "2"}, "diet", "Il y a plus de personnes que de places."),
    ({"diet": "no_milk", "people_no_milk": "0"}, "diet", "Choisis pour combien de personnes."),
    ({"diet": "no_milk", "people_no_milk": "x"}, "diet", "Choisis pour combien de personnes."),
]


class TestABadForm:
    @pytest.mark.parametrize(("fields", "name", "sentence"), FAULTS, ids=[f"{fault[1]} {fault[0]}" for fault in FAULTS])
    async def test_it_comes_back_with_a_sentence_beside_the_field(
        self, scene: Scene, fields: dict[str, Any], name: str, sentence: str
    ) -> None:
        meal_id = await scene.meal(dishes=await scene.menu())
        answer = await (await scene.as_(scene.cast.karim)).post(f"/repas/{meal_id}/reservations", fields)
        assert answer.status_code == 422
        assert sentence in said(part(answer, f'id="field-{name}-error"', "</p>"))
        assert "<title>Erreur" in answer.text
        assert f'href="#field-{name}"' in part(answer, 'id="summary"', "</ul>")
        assert await bookings(meal_id) == []

    async def test_what_was_written_is_kept(self, scene: Scene) -> None:
        meal_id = await scene.meal(dishes=await scene.menu())
        fields = {
            "seats": "3",
            "children": "3",
            "together": "1",
            "price_cents": "800",
            "take": "1",
            "give": "1",
            "diet": ["no_gluten", "no_eggs"],
            "people_no_eggs": "2",
        }
        answer = await (await scene.as_(scene.cast.karim)).post(f"/repas/{meal_id}/reservations", fields)
        assert answer.status_code == 422
        for kept in (
            '<option value="3" selected>3 places</option>',
            'name="together" value="1" checked',
            'name="price_cents" value="800" checked',
            'name="take" value="1" checked',
            'name="give" value="1" checked',
            'name="diet" value="no_gluten" id="field-diet" checked',
            'name="diet" value="no_eggs" checked',
        ):
            assert kept.replace(" ", "") in answer.text.replace("\u00a0", "").replace(" ", ""), kept
        assert 'name="diet" value="no_milk" checked' not in answer.text
        assert "<option selected>2</option>" in part(answer, 'name="people_no_eggs"', "</select>")

    async def test_a_part_of_the_page_for_htmx(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        wrong = await browser.partial(f"/repas/{meal_id}/reservations", {"seats": "9"})
        assert wrong.status_code == 422
        assert "<html" not in wrong.text
        assert 'id="reserver"' in wrong.text
        right = await browser.partial(f"/repas/{meal_id}/reservations", {"seats": "2"})
        assert (right.status_code, right.headers["hx-redirect"].startswith("/reservations/")) == (200, True)

    async def test_a_form_that_is_not_there_any_more_says_it_at_the_head(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        scene.world.now = AFTER_CLOSING
        answer = await browser.post(f"/repas/{meal_id}/reservations", {"seats": "9"})
        assert answer.status_code == 422
        assert "Pas plus de six places par réservation." in said(part(answer, 'id="avis"', "</main>"))

    async def test_each_reader_gets_a_form_with_a_token_of_their_own(self, scene: Scene) -> None:
        """The form of those who are asked the same is drawn once, but for that."""
        meal_id = await scene.meal()
        for reader in (scene.cast.karim, scene.cast.samira):
            browser = await scene.as_(reader)
            form = part(await browser.get(f"/repas/{meal_id}"), 'id="reservation"', "</form>")
            assert f'name="_csrf_token" value="{browser.csrf_token()}"' in form

    async def test_without_the_token_nothing_is_booked(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        answer = await browser.post(f"/repas/{meal_id}/reservations", {"seats": "1"}, token="")
        assert answer.status_code in (403, 422)
        assert await bookings(meal_id) == []


class TestDiets:
    async def test_only_what_this_menu_conflicts_with_is_asked(self, scene: Scene) -> None:
        meal_id = await scene.meal(dishes=await scene.menu())
        page = (await (await scene.as_(scene.cast.karim)).get(f"/repas/{meal_id}")).text
        asked = [diet for diet in Diet if f'name="diet" value="{diet.value}"' in page]
        assert asked == [Diet.NO_GLUTEN, Diet.NO_EGGS, Diet.NO_MILK]

    async def test_a_menu_that_suits_all_asks_nothing(self, scene: Scene) -> None:
        meal_id = await scene.meal(dishes=[await make_dish(place_id=scene.cast.place, name="Riz")])
        assert 'name="diet"' not in (await (await scene.as_(scene.cast.karim)).get(f"/repas/{meal_id}")).text

    async def test_meat_is_asked_where_there_is_some(self, scene: Scene) -> None:
        stew = await make_dish(place_id=scene.cast.place, name="Mafé", meat=True, allergens=[Allergen.PEANUTS])
        meal_id = await scene.meal(dishes=[stew])
        page = (await (await scene.as_(scene.cast.karim)).get(f"/repas/{meal_id}")).text
        assert [d for d in Diet if f'value="{d.value}"' in page] == [Diet.NO_MEAT, Diet.NO_PEANUTS]

    async def test_what_nothing_is_against_is_not_kept(self, scene: Scene) -> None:
        meal_id = await scene.meal(dishes=await scene.menu())
        made = await has_booked(await scene.as_(scene.cast.karim), meal_id, diet=["no_fish", "no_milk"])
        assert await diets(made) == {"no_milk": 1}


class TestThePot:
    async def test_what_is_paid_already_is_offered_to_all(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        await scene.booked(meal_id, scene.cast.aicha, give=2)
        await scene.booked(meal_id, scene.cast.samira, give=1, suspended=True)  # how many, nobody reads
        page = words(await (await scene.as_(scene.cast.karim)).get(f"/repas/{meal_id}"))
        assert "Des repas sont déjà payés Prends-en un, sans expliquer." in page
        assert "Je prends un repas suspendu pour ma place, 0 €" in page
        assert "Le repas coûte 5 € à faire. C’est le prix de chaque place, enfant ou adulte." in page
        assert "J’offre un repas, + 5 €" in page

    async def test_an_empty_pot_leaves_it_possible(self, scene: Scene) -> None:
        page = words(await (await scene.as_(scene.cast.karim)).get(f"/repas/{await scene.meal()}"))
        assert "La semaine est dure ? Mange sans payer, sans expliquer." in page
        assert "Je mange sans payer, pour ma place : 0 €" in page

    async def test_once_for_each_meal_and_person(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        made = await has_booked(browser, meal_id, take="1")
        await cancel_seats(actor=scene.cast.karim, booking_id=made, seats=None, leave=False, now=scene.world.now)
        assert 'name="take"' in (await browser.get(f"/repas/{meal_id}")).text, "what was given back was not eaten"
        async with transaction():  # as the door will have it
            await run("update booking_part set state = 'attended' where booking_id = {}", made)
        page = await browser.get(f"/repas/{meal_id}")
        assert 'id="reservation"' in page.text
        assert 'name="take"' not in page.text
        answer = await browser.post(f"/repas/{meal_id}/reservations", {"take": "1"})
        assert answer.status_code == 409
        assert "Tu as déjà pris un repas suspendu pour ce repas" in words(answer)
        assert 'name="take"' in (await (await scene.as_(scene.cast.yann)).get(f"/repas/{meal_id}")).text


class TestTheTeamsSeat:
    async def test_whoever_has_a_turn_eats_without_paying(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        await scene.turn(meal_id, Job.COOK, holders=[scene.cast.karim])
        browser = await scene.as_(scene.cast.karim)
        assert 'name="team" value="1" checked' in (await browser.get(f"/repas/{meal_id}")).text
        assert bool((await booking(await has_booked(browser, meal_id, team="1", take="1")))["team"])

    async def test_nobody_else_does(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        await scene.turn(meal_id, Job.COOK, holders=[scene.cast.aicha])
        browser = await scene.as_(scene.cast.karim)
        assert 'name="team"' not in (await browser.get(f"/repas/{meal_id}")).text
        answer = await browser.post(f"/repas/{meal_id}/reservations", {"team": "1"})
        assert answer.status_code == 409
        assert "La place de l’équipe est à qui prend un tour de ce repas." in words(answer)


class TestSeatsThatComeFree:
    async def test_they_are_offered_on_the_page(self, scene: Scene) -> None:
        meal_id = await scene.meal(seats=2)
        theirs = await scene.booked(meal_id, scene.cast.aicha, 2)
        mine = await scene.booked(meal_id, scene.cast.karim, 2)
        await cancel_seats(actor=scene.cast.aicha, booking_id=theirs, seats=None, leave=False, now=scene.world.now)
        browser = await scene.as_(scene.cast.karim)
        page = await browser.get(f"/repas/{meal_id}")
        assert "2 places sont pour toi" in words(page)
        assert f'action="/reservations/{mine}/reponse"' in page.text
        stale = await browser.post(f"/reservations/{mine}/reponse", {"answer": "yes"})
        assert (stale.status_code, await stands(mine)) == (409, {"offered": 2}), "of which offer, nobody knows"
        answer = await browser.post(f"/reservations/{mine}/reponse", {"answer": "yes", "offer": offer_on(page)})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/reservations/{mine}")
        assert await stands(mine) == {"confirmed": 2}

    async def test_no_sends_them_on(self, scene: Scene) -> None:
        meal_id = await scene.meal(seats=2)
        theirs = await scene.booked(meal_id, scene.cast.aicha, 2)
        mine = await scene.booked(meal_id, scene.cast.karim, 2)
        next_one = await scene.booked(meal_id, scene.cast.yann, 2)
        await cancel_seats(actor=scene.cast.aicha, booking_id=theirs, seats=None, leave=False, now=scene.world.now)
        browser = await scene.as_(scene.cast.karim)
        fields = {"answer": "no", "offer": offer_on(await browser.get(f"/reservations/{mine}"))}
        assert (await browser.post(f"/reservations/{mine}/reponse", fields)).status_code == 303
        assert (await stands(mine), await stands(next_one)) == ({"cancelled": 2}, {"offered": 2})

    @pytest.mark.parametrize("written", ["", "maybe"])
    async def test_neither_is_asked_again(self, scene: Scene, written: str) -> None:
        mine = await scene.booked(await scene.meal(), scene.cast.karim)
        answer = await (await scene.as_(scene.cast.karim)).post(f"/reservations/{mine}/reponse", {"answer": written})
        assert answer.status_code == 422
        assert "Choisis une réponse." in words(answer)
        assert answer.text.count('<p class="message" tabindex="-1" data-focus>') == 1, "there are buttons alone"
        assert 'data-tone="fault"' not in answer.text, "no form has a field of it"

    async def test_the_page_offers_to_take_what_the_command_gives(self, scene: Scene) -> None:
        """Two who come together see no button for one seat; what is nobody's counts with what is handed over."""
        meal_id = await scene.meal(seats=3)
        theirs = await scene.booked(meal_id, scene.cast.aicha, 3)
        group = await scene.booked(meal_id, scene.cast.karim, 2, together=True)
        scene.world.now = CLOSES + timedelta(hours=1)
        browser = await scene.as_(scene.cast.karim)
        await hand_over(actor=scene.cast.aicha, booking_id=theirs, seats=1, now=scene.world.now)
        assert "reprise" not in (await browser.get(f"/repas/{meal_id}")).text
        await change_meal(meal_id, seats=4)
        page = await browser.get(f"/repas/{meal_id}")
        assert "2 places sont à prendre." in words(page)
        assert "Je prends 2 places" in words(page)
        assert (await browser.post(f"/repas/{meal_id}/reprise")).status_code == 303
        assert await stands(group) == {"confirmed": 2}
        assert await stands(theirs) == {"confirmed": 2, "cancelled": 1}

    async def test_of_two_places_on_the_list_the_better_one_is_said(self, scene: Scene) -> None:
        meal_id = await scene.meal(seats=2)
        await scene.booked(meal_id, scene.cast.aicha, 2)
        mine = await scene.booked(meal_id, scene.cast.karim)
        await scene.booked(meal_id, scene.cast.yann)
        await add_seats(actor=scene.cast.karim, booking_id=mine, seats=1, children=0, now=scene.world.now)
        browser = await scene.as_(scene.cast.karim)
        for way in (f"/repas/{meal_id}", f"/reservations/{mine}"):
            page = await browser.get(way)
            assert "Tu attends 2 places. Tu es en tête de la liste." in words(page), way
            assert 'data-rank="1"' in page.text

    async def test_after_closing_whoever_waits_takes_what_is_handed_over(self, scene: Scene) -> None:
        meal_id = await scene.meal(seats=2)
        theirs = await scene.booked(meal_id, scene.cast.aicha, 2)
        mine = await scene.booked(meal_id, scene.cast.karim, 2)
        scene.world.now = CLOSES + timedelta(hours=1)
        browser = await scene.as_(scene.cast.karim)
        assert "reprise" not in (await browser.get(f"/repas/{meal_id}")).text
        none = await browser.post(f"/repas/{meal_id}/reprise")
        assert none.status_code == 409
        assert "Personne ne passe sa place pour l’instant" in words(none)
        await hand_over(actor=scene.cast.aicha, booking_id=theirs, seats=1, now=scene.world.now)
        page = await browser.get(f"/repas/{meal_id}")
        assert f'action="/repas/{meal_id}/reprise"' in page.text
        assert "1 place est à prendre." in words(page)
        assert "reprise" not in (await (await scene.as_(scene.cast.yann)).get(f"/repas/{meal_id}")).text
        answer = await browser.post(f"/repas/{meal_id}/reprise")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/reservations/{mine}")
        assert await stands(mine) == {"confirmed": 1, "waiting": 1}
