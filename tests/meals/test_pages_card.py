"""Paying by card, from the pages: the choice, the ticket while seats are kept, coming back from Stripe's page."""

from __future__ import annotations

import re
from typing import Any

import pytest

from app.database import Store, run
from rehearsal import Rehearsal
from tests.client import words
from tests.meals.card_scene import PAID, CardScene, link_on, session_of
from tests.meals.make import CLOSES, HOUR, a_wish, answer, change_meal
from tests.meals.reads import booking, bookings, counts, stands
from tests.meals.scene import Scene, part, said
from tests.people import Cast

MINUTE = HOUR / 60
CARD = "Par carte, maintenant"
ON_SITE = "Sur place, dans l’enveloppe"


@pytest.fixture
async def scene(cast: Cast, card: Rehearsal) -> CardScene:
    return CardScene(cast, card)


async def state_of(table: str) -> list[dict[str, Any]]:
    return await run(f"select * from {table} order by id")


async def everything() -> list[list[dict[str, Any]]]:
    """All that a page could have written about it."""
    return [await state_of(name) for name in ("checkout", "refund", "ledger_line", "booking", "booking_part", "outbox")]


class TestTheChoice:
    async def test_without_a_card_nobody_is_asked(self, cast: Cast) -> None:
        """The positive control of all that follows: no gateway is in use."""
        scene = Scene(cast)
        meal_id = await scene.meal()
        browser = await scene.as_(cast.karim)
        page = await browser.get(f"/repas/{meal_id}")
        assert 'name="payment"' not in page.text
        assert "Tu paies sur place, dans une enveloppe." in words(page)
        assert "carte" not in words(page)
        refusal = await browser.post(f"/repas/{meal_id}/reservations", {"payment": "card"})
        assert (refusal.status_code, await bookings(meal_id)) == (409, [])
        assert "La carte n’est pas possible ici. Tu peux payer sur place." in words(refusal)

    async def test_on_the_form_and_on_the_page_of_the_meal(self, scene: CardScene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        form = part(await browser.get(f"/repas/{meal_id}"), 'id="reservation"', "</form>")
        assert f"Comment tu paies ? {ON_SITE}" in said(form)
        assert f"{CARD} Le montant s’affiche avant de payer." in said(form)
        assert re.search(r'value="on_site"[^>]* checked', form)
        assert not re.search(r'value="card"[^>]* checked', form)
        assert "0 € si tu ne peux pas. Par carte ou sur place." in words(await scene.visitor().get(f"/repas/{meal_id}"))

    async def test_a_guest_pays_on_site(self, scene: CardScene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        guests = part(await browser.get(f"/repas/{meal_id}"), 'id="invites"', "</form>")
        assert 'name="payment"' not in guests
        await browser.post(f"/repas/{meal_id}/invites", {"first_name": "Ali", "payment": "card"})
        (made,) = await bookings(meal_id)
        assert (made["payment"], await stands(made["id"])) == ("on_site", {"confirmed": 1})

    async def test_a_word_that_is_no_way_to_pay(self, scene: CardScene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        page = await browser.post(f"/repas/{meal_id}/reservations", {"payment": "cheque", "seats": "2"})
        assert (page.status_code, await bookings(meal_id)) == (422, [])
        assert "Choisis comment tu paies : sur place, ou par carte." in said(
            part(page, 'id="field-payment-error"', "</p>")
        )
        assert '<option value="2" selected>' in page.text

    async def test_what_was_chosen_is_kept_with_a_fault_elsewhere(self, scene: CardScene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        page = await browser.post(f"/repas/{meal_id}/reservations", {"payment": "card", "price_cents": "1"})
        assert page.status_code == 422
        assert re.search(r'value="card"[^>]* checked', page.text)

    async def test_forty_minutes_before_closing_it_is_over(self, scene: CardScene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        scene.world.now = CLOSES - 41 * MINUTE
        assert CARD in words(await browser.get(f"/repas/{meal_id}"))
        scene.world.now = CLOSES - 40 * MINUTE
        assert CARD not in words(await browser.get(f"/repas/{meal_id}"))
        refusal = await browser.post(f"/repas/{meal_id}/reservations", {"payment": "card"})
        assert (refusal.status_code, await bookings(meal_id)) == (409, [])
        assert "La carte n’est pas possible ici." in words(refusal)

    async def test_where_nothing_is_free_it_is_chosen_later(self, scene: CardScene) -> None:
        meal_id = await scene.meal(seats=1)
        await scene.booked(meal_id, scene.cast.aicha)
        page = await (await scene.as_(scene.cast.karim)).get(f"/repas/{meal_id}")
        assert 'name="payment"' not in page.text
        assert "Quand une place est pour toi, tu choisis : par carte, ou sur place." in words(page)

    async def test_nothing_to_pay_is_nothing_to_wait_for(self, scene: CardScene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        made = await scene.books(browser, meal_id, seats="1", take="1")
        assert await stands(made) == {"confirmed": 1}
        assert "€" not in words(await browser.get(f"/reservations/{made}"))
        assert scene.stripe.requests == []


class TestTheTicketThatIsKept:
    async def test_what_is_on_it(self, scene: CardScene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        made = await scene.books(browser, meal_id)
        page = await browser.get(f"/reservations/{made}")
        for sentence in (
            "C’est noté, il reste à payer.",
            "Tes 2 places sont gardées",
            "Il reste à payer 10,00 € avant 12 h 35. Après, les 2 places sont libres pour les autres.",
            "Je paie 10,00 € par carte",
            "Tu paies sur la page de Stripe, notre service de paiement. Le Réseau ne voit jamais ta carte.",
            "J’ai payé, je vérifie",
            "Je paie plutôt sur place",
            "J’annule ma réservation",
        ):
            assert sentence in words(page), sentence
        assert f'data-id="{made}" data-state="held"' in page.text
        assert link_on(page).startswith(scene.stripe.address)
        for absent in ("Billet n°", "J’ajoute une place", "Je rends une place", "Dans mon calendrier", "Le jour venu"):
            assert absent not in words(page), absent
        assert scene.stripe.address not in page.headers["content-security-policy"]
        assert await counts(meal_id) == (2, 0)

    async def test_what_stripe_is_told(self, scene: CardScene) -> None:
        """The meal, the amount, a key: nobody's name."""
        meal_id = await scene.meal()
        made = await scene.books(await scene.as_(scene.cast.karim), meal_id, give="1")
        (form,) = scene.sent("/v1/checkout/sessions")
        assert form["success_url"].endswith(f"/reservations/{made}?carte=retour")
        assert form["cancel_url"].endswith(f"/reservations/{made}?carte=abandon")
        assert "1500" in repr(form)
        assert "Soupe de lentilles" in repr(form)
        assert "Karim" not in repr(form)
        assert "@" not in repr(form)

    async def test_the_page_of_the_meal_leads_to_it(self, scene: CardScene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        made = await scene.books(browser, meal_id)
        page = await browser.get(f"/repas/{meal_id}")
        assert "Tes 2 places sont gardées Il reste à payer par carte : c’est sur ton billet." in words(page)
        assert f'href="/reservations/{made}"' in page.text
        assert "10,00" not in words(page)

    async def test_others_find_nothing(self, scene: CardScene) -> None:
        made = await scene.books(await scene.as_(scene.cast.karim), await scene.meal())
        before = await everything()
        for reader in (scene.cast.aicha, scene.cast.odile, scene.cast.rosa, scene.cast.bruno):
            browser = await scene.as_(reader)
            for way in ("", "?carte=retour", "?carte=retour&essai=1", "/choix", "/annulation?places=1"):
                assert (await browser.get(f"/reservations/{made}{way}")).status_code == 404, way
            for way in ("verification", "paiement", "sur-place", "annulation"):
                assert (await browser.post(f"/reservations/{made}/{way}")).status_code == 404, way
        for way in ("verification", "paiement", "sur-place"):
            answer = await scene.visitor().post(f"/reservations/{made}/{way}")
            assert (answer.status_code, answer.headers["location"].startswith("/connexion")) == (303, True), way
            for number in ("999999", "99999999999999999999999999"):
                browser = await scene.as_(scene.cast.karim)
                assert (await browser.post(f"/reservations/{number}/{way}")).status_code == 404, way
        assert await everything() == before
        assert len(scene.stripe.requests) == 1

    async def test_the_form_sent_twice_is_one_payment(self, scene: CardScene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        made = await scene.books(browser, meal_id)
        link = link_on(await browser.get(f"/reservations/{made}"))
        assert await scene.books(browser, meal_id) == made
        assert link_on(await browser.get(f"/reservations/{made}")) == link
        assert len(scene.stripe.sessions) == 1
        assert await counts(meal_id) == (2, 0)

    async def test_seats_that_wait_are_not_paid_for_yet(self, scene: CardScene) -> None:
        meal_id = await scene.meal(seats=2)
        browser = await scene.as_(scene.cast.karim)
        made = await scene.books(browser, meal_id, seats="3")
        page = words(await browser.get(f"/reservations/{made}"))
        assert "Je paie 10,00 € par carte" in page
        assert "Tu attends 1 place." in page

    async def test_a_fixed_number_of_questions(self, db: Store, scene: CardScene) -> None:
        browser = await scene.as_(scene.cast.karim)
        one = await scene.books(browser, await scene.meal(), seats="1")
        full = await scene.meal(seats=5)
        await scene.booked(full, scene.cast.aicha, 2)
        many = await scene.books(browser, full, seats="6")
        for way, most in (("", 4), ("?carte=retour", 4), ("/annulation", 9), ("/choix", 12)):
            asked = []
            for booking_id in (one, many):
                await browser.get("/aide")  # who is asking is asked here, if anything was committed
                before = db.query_id
                assert (await browser.get(f"/reservations/{booking_id}{way}")).status_code == 200, way
                asked.append(db.query_id - before)
            assert asked[0] == asked[1] <= most, way


class TestComingBack:
    async def test_paid_and_verified(self, scene: CardScene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        made = await scene.books(browser, meal_id)
        scene.pay(await browser.get(f"/reservations/{made}"))
        back = await browser.get(f"/reservations/{made}?carte=retour")
        assert "On attend ta banque" in words(back)
        assert await stands(made) == {"held": 2}
        answer = await browser.post(f"/reservations/{made}/verification")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/reservations/{made}")
        page = await browser.get(f"/reservations/{made}")
        assert PAID in words(page)
        assert "Tu as 2 places" in words(page)
        assert "€" not in words(page)
        again = await browser.post(f"/reservations/{made}/verification")
        assert (again.status_code, again.headers["location"]) == (303, f"/reservations/{made}")
        assert len(await state_of("ledger_line")) == len({row["ref"] for row in await state_of("ledger_line")})
        assert await stands(made) == {"confirmed": 2}

    async def test_coming_back_writes_nothing_and_asks_stripe_nothing(self, scene: CardScene) -> None:
        browser = await scene.as_(scene.cast.karim)
        made = await scene.books(browser, await scene.meal())
        scene.pay(await browser.get(f"/reservations/{made}"))
        before, asked = await everything(), len(scene.stripe.requests)
        for way in ("retour", "abandon", "retour&essai=1", "retour&essai=30", "n’importe", "retour&essai=-1"):
            assert (await browser.get(f"/reservations/{made}?carte={way}")).status_code == 200, way
        assert (await everything(), len(scene.stripe.requests)) == (before, asked)

    async def test_the_page_asks_again_by_itself_thirty_times_at_most(self, scene: CardScene) -> None:
        browser = await scene.as_(scene.cast.karim)
        made = await scene.books(browser, await scene.meal())
        page = await browser.get(f"/reservations/{made}?carte=retour")
        waits = part(page, 'id="banque"', "</p>")
        assert f'hx-get="/reservations/{made}?carte=retour&amp;essai=1" hx-trigger="load delay:4s"' in waits
        partial = {"HX_Request": "true", "HX_Request_Type": "partial"}
        line = await browser.get(f"/reservations/{made}?carte=retour&essai=1", **partial)
        assert "essai=2" in line.text
        assert "<html" not in line.text
        assert "data-focus" not in line.text, "whoever reads is left where they are"
        last = await browser.get(f"/reservations/{made}?carte=retour&essai=30", **partial)
        assert "hx-get" not in last.text
        assert "Ta banque met du temps. On t’écrit dès qu’elle a répondu." in words(last)
        scene.pay(page)
        await browser.post(f"/reservations/{made}/verification")
        now = await browser.get(f"/reservations/{made}?carte=retour&essai=7", **partial)
        assert (now.headers["hx-retarget"], now.headers["hx-reswap"]) == ("#billet", "outerHTML")
        assert 'data-state="confirmed" data-focus' in now.text.replace(" data-rank", "")
        assert PAID in words(now)

    async def test_the_bank_has_said_nothing_yet(self, scene: CardScene) -> None:
        browser = await scene.as_(scene.cast.karim)
        made = await scene.books(browser, await scene.meal())
        answer = await browser.post(f"/reservations/{made}/verification")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/reservations/{made}?carte=retour")
        page = words(await browser.get(answer.headers["location"]))
        assert "Ta banque n’a encore rien dit. Si tu viens de payer, attends un peu : ta place reste gardée." in page
        fragment = await browser.partial(f"/reservations/{made}/verification")
        assert (fragment.status_code, "Ta banque n’a encore rien dit." in words(fragment)) == (200, True)

    async def test_given_up_there(self, scene: CardScene) -> None:
        browser = await scene.as_(scene.cast.karim)
        made = await scene.books(browser, await scene.meal(), seats="1")
        page = await browser.get(f"/reservations/{made}?carte=abandon")
        assert "Tu n’as rien payé. Ta place t’attend jusqu’à 12 h 35." in words(page)
        assert "Je paie 5,00 € par carte" in words(page)
        assert 'id="banque"' not in page.text

    async def test_paid_already_when_they_come_back(self, scene: CardScene) -> None:
        """The webhook, or the job, was quicker."""
        browser = await scene.as_(scene.cast.karim)
        made = await scene.paid(browser, await scene.meal())
        assert PAID in words(await browser.get(f"/reservations/{made}?carte=retour"))
        assert PAID not in words(await browser.get(f"/reservations/{made}"))

    async def test_a_ticket_that_was_paid_on_site_says_nothing_of_it(self, scene: CardScene) -> None:
        made = await scene.booked(await scene.meal(), scene.cast.karim)
        page = await (await scene.as_(scene.cast.karim)).get(f"/reservations/{made}?carte=retour")
        assert PAID not in words(page)

    async def test_the_time_to_pay_is_over(self, scene: CardScene) -> None:
        browser = await scene.as_(scene.cast.karim)
        made = await scene.books(browser, await scene.meal(), seats="1")
        scene.world.later(minutes=36)
        page = await browser.get(f"/reservations/{made}")
        assert "Le temps pour payer est passé." in words(page)
        assert "/c/pay/" not in page.text
        answer = await browser.post(f"/reservations/{made}/verification")
        assert answer.status_code == 303
        assert "Rien n’a été payé, et la place n’est plus gardée." in words(
            await browser.get(answer.headers["location"])
        )
        assert await stands(made) == {"lapsed": 1}


class TestStripeIsSlow:
    async def test_the_place_is_kept_and_one_may_try_again(self, scene: CardScene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        scene.stripe.down = True
        made = await scene.books(browser, meal_id)
        page = await browser.get(f"/reservations/{made}")
        assert "La banque met du temps à répondre. Tes 2 places sont gardées jusqu’à 12 h 35." in words(page)
        assert "J’essaie de nouveau" in words(page)
        assert "/c/pay/" not in page.text
        answer = await browser.post(f"/reservations/{made}/paiement")
        assert answer.status_code == 303
        assert "La banque ne répond pas pour l’instant." in words(await browser.get(answer.headers["location"]))
        scene.stripe.down = False
        for _ in range(2):
            assert (await browser.post(f"/reservations/{made}/paiement")).status_code == 303
        assert "La page de paiement est prête." in words(await browser.get(f"/reservations/{made}"))
        assert len(scene.stripe.sessions) == 1

    async def test_an_answer_that_is_lost_makes_one_page(self, scene: CardScene) -> None:
        browser = await scene.as_(scene.cast.karim)
        scene.stripe.do_but_never_answer(9)
        made = await scene.books(browser, await scene.meal())
        scene.stripe.deaf = 0
        await browser.post(f"/reservations/{made}/paiement")
        (session,) = scene.stripe.sessions
        assert session_of(await browser.get(f"/reservations/{made}")) == session

    async def test_it_cannot_be_known_whether_it_is_paid(self, scene: CardScene) -> None:
        """Neither given up nor paid on site: it is said, and all stays as it was."""
        browser = await scene.as_(scene.cast.karim)
        made = await scene.books(browser, await scene.meal())
        scene.stripe.down = True
        for way in ("sur-place", "annulation"):
            refusal = await browser.post(f"/reservations/{made}/{way}", {"had": "2"})
            assert refusal.status_code == 409, way
            assert "Ta banque ne répond pas pour l’instant" in words(refusal)
            assert await stands(made) == {"held": 2}
        scene.stripe.down = False
        assert "Je paie 10,00 € par carte" in words(await browser.get(f"/reservations/{made}"))


class TestPayingOnSiteInstead:
    async def test_the_seats_are_theirs_and_nobody_pays_there_any_more(self, scene: CardScene) -> None:
        browser = await scene.as_(scene.cast.karim)
        made = await scene.books(browser, await scene.meal())
        session = session_of(await browser.get(f"/reservations/{made}"))
        answer = await browser.post(f"/reservations/{made}/sur-place")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/reservations/{made}")
        page = words(await browser.get(f"/reservations/{made}"))
        assert "C’est noté : tu paies sur place, dans l’enveloppe." in page
        assert "Tu as 2 places" in page
        assert (scene.stripe.sessions[session]["status"], (await booking(made))["payment"]) == ("expired", "on_site")
        assert "Dans l’enveloppe : 10 €" in words(await browser.get(f"/reservations/{made}/choix"))

    async def test_paid_meanwhile_it_stays_paid(self, scene: CardScene) -> None:
        browser = await scene.as_(scene.cast.karim)
        made = await scene.books(browser, await scene.meal())
        scene.pay(await browser.get(f"/reservations/{made}"))
        await browser.post(f"/reservations/{made}/sur-place")
        page = words(await browser.get(f"/reservations/{made}"))
        assert "C’était déjà payé par carte. Il n’y a rien à mettre dans l’enveloppe." in page
        assert await stands(made) == {"confirmed": 2}

    async def test_where_nothing_is_to_be_paid_it_is_refused(self, scene: CardScene) -> None:
        made = await scene.booked(await scene.meal(), scene.cast.karim)
        browser = await scene.as_(scene.cast.karim)
        for way in ("sur-place", "paiement", "verification"):
            refusal = await browser.post(f"/reservations/{made}/{way}")
            assert refusal.status_code == 409, way
            assert "Il n’y a rien à payer par carte, ou plus rien." in words(refusal), way
        assert await stands(made) == {"confirmed": 1}


class TestAnOffer:
    async def offered(self, scene: CardScene) -> tuple[int, int]:
        """Karim's booking, and Aïcha's, who makes room for it."""
        meal_id = await scene.meal(seats=2)
        theirs = await scene.booked(meal_id, scene.cast.aicha, 2)
        made = await scene.booked(meal_id, scene.cast.karim, 2)
        browser = await scene.as_(scene.cast.aicha)
        await browser.post(f"/reservations/{theirs}/annulation")
        return meal_id, made

    async def test_is_paid_by_card(self, scene: CardScene) -> None:
        meal_id, made = await self.offered(scene)
        browser = await scene.as_(scene.cast.karim)
        for path in (f"/reservations/{made}", f"/repas/{meal_id}"):
            form = part(await browser.get(path), f'action="/reservations/{made}/reponse"', "</form>")
            assert f"Comment tu paies ? {ON_SITE}" in said(form), path
            assert CARD in said(form), path
        offer = re.search(r'name="offer" value="([^"]+)"', form)
        assert offer is not None
        fields = {"answer": "yes", "offer": offer[1], "payment": "card"}
        for _ in range(2):
            assert (await browser.post(f"/reservations/{made}/reponse", fields)).status_code == 303
        assert await stands(made) == {"held": 2}
        scene.pay(await browser.get(f"/reservations/{made}"))
        await browser.post(f"/reservations/{made}/verification")
        assert await stands(made) == {"confirmed": 2}
        assert len(scene.stripe.sessions) == 1

    async def test_on_site_is_what_is_meant_where_nothing_is_said(self, scene: CardScene) -> None:
        _, made = await self.offered(scene)
        await answer(actor=scene.cast.karim, booking_id=made, yes=True, now=scene.world.now)
        assert (await stands(made), (await booking(made))["payment"]) == ({"confirmed": 2}, "on_site")

    async def test_a_word_that_is_no_way_to_pay(self, scene: CardScene) -> None:
        _, made = await self.offered(scene)
        browser = await scene.as_(scene.cast.karim)
        page = await browser.post(f"/reservations/{made}/reponse", {"answer": "yes", "payment": "cheque"})
        assert page.status_code == 422
        assert "Choisis comment tu paies : sur place, ou par carte." in words(page)

    async def test_while_seats_are_kept_no_others_are_asked_for(self, scene: CardScene) -> None:
        browser = await scene.as_(scene.cast.karim)
        made = await scene.books(browser, await scene.meal())
        refusal = await browser.post(f"/reservations/{made}/places", {"seats": "1", "had": "2"})
        assert (refusal.status_code, await stands(made)) == (409, {"held": 2})
        assert "Tu es en train de payer par carte." in words(refusal)


class TestSomebodyHasToLook:
    async def test_it_is_said_and_no_second_payment_is_asked_for(self, scene: CardScene) -> None:
        browser = await scene.as_(scene.cast.karim)
        made = await scene.books(browser, await scene.meal())
        ticket = await browser.get(f"/reservations/{made}")
        scene.stripe.pay(session_of(ticket))
        scene.stripe.sessions[session_of(ticket)]["amount_total"] = 100
        answer = await browser.post(f"/reservations/{made}/verification")
        page = await browser.get(answer.headers["location"])
        assert "Quelque chose ne va pas avec ce paiement." in words(page)
        assert "Ne paie pas une deuxième fois." in words(page)
        assert "/c/pay/" not in page.text
        assert await stands(made) == {"held": 2}

    async def test_a_meal_that_is_cancelled_says_so(self, scene: CardScene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        made = await scene.paid(browser, meal_id)
        await change_meal(meal_id, state="cancelled", reason="Le four est cassé.")
        page = words(await browser.get(f"/reservations/{made}"))
        assert "Ce repas est annulé" in page


def test_a_wish_is_on_site_unless_it_says_otherwise() -> None:
    assert a_wish().payment == "on_site"
