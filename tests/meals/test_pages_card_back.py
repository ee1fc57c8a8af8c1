"""What was paid by card, given back: all, seat by seat, left to the pot; and the page that says what became of it."""

from __future__ import annotations

import re

import httpx
import pytest

from app.database import Store
from meals import jobs
from rehearsal import Rehearsal
from tests.client import Browser, words
from tests.meals.card_scene import CardScene
from tests.meals.make import change_meal
from tests.meals.reads import counts, pot_lines, stands
from tests.meals.scene import part, said
from tests.people import Cast


@pytest.fixture
async def scene(cast: Cast, card: Rehearsal) -> CardScene:
    return CardScene(cast, card)


def fields_of(form: str) -> dict[str, str]:
    """What the hidden fields of a form send."""
    return dict(re.findall(r'type="hidden" name="(had|once|seats)" value="([^"]*)"', form))


async def asks(browser: Browser, booking_id: int, query: str = "") -> tuple[httpx.Response, dict[str, str]]:
    """The question before seats are given up, and what its form sends."""
    page = await browser.get(f"/reservations/{booking_id}/annulation{query}")
    return page, fields_of(part(page, 'id="confirm"', "</section>"))


def given_back(scene: CardScene) -> list[int]:
    return [each["amount"] for each in scene.stripe.refunds.values()]


class TestSeatBySeat:
    async def test_until_nothing_is_left(self, scene: CardScene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        made = await scene.paid(browser, meal_id, seats="2")
        ticket = await browser.get(f"/reservations/{made}")
        assert f'href="/reservations/{made}/annulation?places=1"' in ticket.text
        page, fields = await asks(browser, made, "?places=1")
        for sentence in (
            "Tu rends une place ?",
            "5,00 € te sont rendus sur ta carte, sous 5 à 10 jours.",
            "Je laisse ces 5,00 € aux repas suspendus",
            "Oui, je rends une place",
            "Non, je garde mes places",
        ):
            assert sentence in words(page), sentence
        for _ in range(2):
            answer = await browser.post(f"/reservations/{made}/annulation", fields)
            assert answer.status_code == 303
        assert given_back(scene) == [500]
        assert await counts(meal_id) == (1, 0)
        page, fields = await asks(browser, made)
        assert "Tu annules ta place ?" in words(page)
        assert "Oui, j’annule ma réservation Non, je garde ma place" in words(page)
        assert "Je laisse ces 5,00 € aux repas suspendus" in words(page)
        for _ in range(2):
            answer = await browser.post(f"/reservations/{made}/annulation", fields)
            assert answer.status_code == 303
        assert given_back(scene) == [500, 500]
        assert await counts(meal_id) == (0, 0)
        choice = words(await browser.get(f"/reservations/{made}/choix"))
        assert "Payé par carte : 10,00 €" in choice
        assert "Remboursé : 10,00 €, arrive sous 5 à 10 jours" in choice
        assert "enveloppe" not in choice
        ticket = await browser.get(f"/reservations/{made}")
        assert "Cette réservation est annulée" in words(ticket)
        assert f'href="/reservations/{made}/choix"' in ticket.text
        assert "€" not in words(ticket)

    async def test_it_is_said_what_comes_back(self, scene: CardScene) -> None:
        browser = await scene.as_(scene.cast.karim)
        made = await scene.paid(browser, await scene.meal(), seats="3")
        _, fields = await asks(browser, made, "?places=1")
        answer = await browser.post(f"/reservations/{made}/annulation", fields)
        page = words(await browser.get(answer.headers["location"]))
        assert "C’est fait, la place est libre. 5,00 € te sont rendus, sous 5 à 10 jours. Il te reste 2 places." in page
        assert "€" not in words(await browser.get(f"/reservations/{made}")), "once only: a ticket is shown at the door"

    async def test_nobody_is_asked_about_seats_that_are_not_there(self, scene: CardScene) -> None:
        browser = await scene.as_(scene.cast.karim)
        made = await scene.paid(browser, await scene.meal(), seats="2")
        for query in ("?places=2", "?places=5"):
            answer = await browser.get(f"/reservations/{made}/annulation{query}")
            assert (answer.status_code, answer.headers["location"]) == (303, f"/reservations/{made}"), query
        assert "Tu annules tes 2 places ?" in words(await browser.get(f"/reservations/{made}/annulation?places=0"))

    async def test_a_seat_that_was_paid_for_on_site_is_given_back_at_once(self, scene: CardScene) -> None:
        made = await scene.booked(await scene.meal(), scene.cast.karim, 2)
        browser = await scene.as_(scene.cast.karim)
        ticket = await browser.get(f"/reservations/{made}")
        assert 'name="seats" value="1"' in ticket.text
        assert "annulation?places" not in ticket.text
        page, _ = await asks(browser, made)
        assert "€" not in words(page)
        assert 'name="leave"' not in page.text
        assert (await browser.get(f"/reservations/{made}/annulation?places=1")).status_code == 303


class TestLeftToThePot:
    async def test_what_was_paid_goes_there_and_not_back(self, scene: CardScene) -> None:
        browser = await scene.as_(scene.cast.karim)
        made = await scene.paid(browser, await scene.meal(), seats="2")
        page, fields = await asks(browser, made, "?places=1")
        box = part(page, 'type="checkbox"', ">")
        assert ('name="leave"' in box, "checked" in box) == (True, False)
        answer = await browser.post(f"/reservations/{made}/annulation", {**fields, "leave": "1"})
        page_after = words(await browser.get(answer.headers["location"]))
        assert "5,00 € vont aux repas suspendus. Merci !" in page_after
        assert (given_back(scene), await pot_lines(made)) == ([], [("left", 500)])
        choice = words(await browser.get(f"/reservations/{made}/choix"))
        assert "Payé par carte : 10,00 €" in choice
        assert "Laissé aux repas suspendus : 5,00 €" in choice
        assert "Remboursé" not in choice
        assert "Rien à mettre dans l’enveloppe" in choice

    async def test_nothing_that_was_not_paid_by_card_is_left(self, scene: CardScene) -> None:
        made = await scene.booked(await scene.meal(), scene.cast.karim, 2)
        browser = await scene.as_(scene.cast.karim)
        await browser.post(f"/reservations/{made}/annulation", {"leave": "1", "had": "2"})
        assert (await stands(made), await pot_lines(made)) == ({"cancelled": 2}, [])


class TestGivingUpWhileItIsPaid:
    async def test_the_question_cannot_be_mistaken(self, scene: CardScene) -> None:
        browser = await scene.as_(scene.cast.karim)
        made = await scene.books(browser, await scene.meal(), seats="1")
        page, fields = await asks(browser, made)
        for sentence in (
            "Tu annules ta place ?",
            "Si tu viens de payer, tout t’est rendu.",
            "Oui, j’annule ma réservation Non, je garde ma place",
        ):
            assert sentence in words(page), sentence
        assert "seats" not in fields
        for _ in range(2):
            answer = await browser.post(f"/reservations/{made}/annulation", fields)
            assert (answer.status_code, answer.headers["location"]) == (303, f"/reservations/{made}")
        (session,) = scene.stripe.sessions.values()
        assert (session["status"], await stands(made)) == ("expired", {"cancelled": 1})

    async def test_what_was_paid_meanwhile_comes_back(self, scene: CardScene) -> None:
        browser = await scene.as_(scene.cast.karim)
        made = await scene.books(browser, await scene.meal(), seats="2")
        scene.pay(await browser.get(f"/reservations/{made}"))
        answer = await browser.post(f"/reservations/{made}/annulation", {"had": "2"})
        page = words(await browser.get(answer.headers["location"]))
        assert "C’est fait, c’est annulé. 10,00 € te sont rendus, sous 5 à 10 jours." in page
        assert (given_back(scene), await stands(made)) == ([1000], {"cancelled": 2})


class TestWhatWasPaid:
    async def test_while_it_is_to_be_paid(self, scene: CardScene) -> None:
        browser = await scene.as_(scene.cast.karim)
        made = await scene.books(browser, await scene.meal(), seats="2", give="1", price_cents="300")
        page = words(await browser.get(f"/reservations/{made}/choix"))
        assert "À payer par carte : 11,00 € 2 places à 3 € 1 repas offert" in page
        assert "Payé" not in page

    async def test_once_it_is_paid(self, scene: CardScene) -> None:
        browser = await scene.as_(scene.cast.karim)
        made = await scene.paid(browser, await scene.meal(), seats="2")
        page = words(await browser.get(f"/reservations/{made}/choix"))
        assert "Payé par carte : 10,00 € 2 places à 5 € Rien à mettre dans l’enveloppe" in page
        assert "Remboursé" not in page

    async def test_a_seat_more_is_left_for_the_envelope(self, scene: CardScene) -> None:
        browser = await scene.as_(scene.cast.karim)
        made = await scene.paid(browser, await scene.meal(), seats="1")
        assert (await browser.post(f"/reservations/{made}/places", {"seats": "1", "had": "1"})).status_code == 303
        page = words(await browser.get(f"/reservations/{made}/choix"))
        assert "Reste à mettre dans l’enveloppe : 5,00 €" in page

    async def test_a_refund_that_fails_is_said(self, scene: CardScene) -> None:
        browser = await scene.as_(scene.cast.karim)
        made = await scene.paid(browser, await scene.meal(), seats="2")
        scene.stripe.fail_next(1, status=400)
        await browser.post(f"/reservations/{made}/annulation", {"had": "2"})
        page = words(await browser.get(f"/reservations/{made}/choix"))
        assert "Un remboursement n’est pas passé. Une personne du lieu s’en occupe." in page

    async def test_is_read_by_nobody_else(self, scene: CardScene) -> None:
        meal_id = await scene.meal()
        made = await scene.paid(await scene.as_(scene.cast.karim), meal_id)
        for reader in (scene.cast.odile, scene.cast.rosa):
            browser = await scene.as_(reader)
            assert (await browser.get(f"/reservations/{made}/choix")).status_code == 404
            for path in (f"/repas/{meal_id}", f"/repas/{meal_id}/cuisine"):
                assert "10,00" not in words(await browser.get(path)), path

    async def test_the_ticket_looks_the_same_for_whoever_paid_on_site(self, scene: CardScene) -> None:
        meal_id = await scene.meal()
        paid = await scene.paid(await scene.as_(scene.cast.karim), meal_id)
        on_site = await scene.booked(meal_id, scene.cast.samira, 2)
        read = []
        for member_id, booking_id in ((scene.cast.karim, paid), (scene.cast.samira, on_site)):
            ticket = await (await scene.as_(member_id)).get(f"/reservations/{booking_id}")
            main = ticket.text[ticket.text.index("<main") : ticket.text.index("</main>")]
            read.append(said(re.sub(r'ticket-code">[^<]*<', "<", main)))
        assert read[0] == read[1]

    async def test_a_meal_that_is_cancelled_leads_to_it(self, scene: CardScene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        made = await scene.paid(browser, meal_id)
        await (await scene.as_(scene.cast.odile)).post(f"/repas/{meal_id}/annulation", {"reason": "Le four est cassé."})
        ticket = await browser.get(f"/reservations/{made}")
        assert "Ce repas est annulé" in words(ticket)
        assert "Ce que tu as payé t’est rendu, sous 5 à 10 jours." in words(ticket)
        assert f'href="/reservations/{made}/choix"' in ticket.text
        page = words(await browser.get(f"/reservations/{made}/choix"))
        assert "Remboursé : 10,00 €, arrive sous 5 à 10 jours" in page

    async def test_as_many_questions_whatever_was_given_back(self, db: Store, scene: CardScene) -> None:
        browser = await scene.as_(scene.cast.karim)
        one = await scene.paid(browser, await scene.meal(), seats="2")
        many = await scene.paid(browser, await scene.meal(), seats="6")
        for _ in range(3):
            _, fields = await asks(browser, many, "?places=1")
            await browser.post(f"/reservations/{many}/annulation", fields)
        for way, most in (("", 4), ("/annulation", 7), ("/annulation?places=1", 7), ("/choix", 10)):
            asked = []
            for booking_id in (one, many):
                await browser.get("/aide")
                before = db.query_id
                assert (await browser.get(f"/reservations/{booking_id}{way}")).status_code == 200, way
                asked.append(db.query_id - before)
            assert asked[0] == asked[1] <= most, way

    async def test_a_month_later_nobody_knows_it_any_more(self, scene: CardScene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        made = await scene.paid(browser, meal_id)
        await change_meal(meal_id, state="served")
        scene.world.later(days=60)
        await jobs.forget_what_was_paid(scene.world.now)
        browser = await scene.as_(scene.cast.karim)
        page = words(await browser.get(f"/reservations/{made}/choix"))
        assert "Ce que tu as payé est effacé" in page
        assert "€" not in page
