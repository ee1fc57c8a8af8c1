"""Offers answered from their mail: yes, no, twice, too late, with another's key, two at once."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from app.errors import NotFound, Refused
from app.notices.links import OfferLink, offer_path
from tests.client import NOON, World, words
from tests.factories import a_proposal, make_workshop
from tests.people import Cast
from tests.workshops.reads import mails, parts, places
from workshops.commands import answer_offer, cancel, edit, reopen, sign_up, withdraw
from workshops.jobs import lapse_offers
from workshops.offers import OFFERS, answer, look
from workshops.states import WorkshopRefusal

START = NOON + timedelta(days=10)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


async def offered(cast: Cast, *, capacity: int = 3) -> int:
    """Full with Samira, Karim and Odile; Aïcha waits, then Rosa; Karim leaves: Aïcha is offered his place."""
    made = await make_workshop(
        place_id=cast.place, host=cast.yann, mediator=cast.bruno, capacity=capacity, room_id=cast.salon
    )
    for member in (cast.samira, cast.karim, cast.odile, cast.aicha, cast.rosa):
        await sign_up(actor=member, workshop_id=made, now=NOON)
    await withdraw(actor=cast.karim, workshop_id=made, now=NOON)
    return made


async def key_of(member_id: int) -> str:
    """Of the last offer that was told to this member."""
    return str([mail for mail in await mails(to=member_id) if mail["offer_key"]][-1]["offer_key"])


async def state_of(key: str, member_id: int, now: datetime = NOON) -> str | None:
    seen = await look(key, member_id, now)
    return seen.state if seen else None


async def test_the_mail_carries_its_offer_and_says_until_when(cast: Cast) -> None:
    made = await offered(cast)
    (mail,) = await mails(to=cast.aicha, kind="offer")
    assert (mail["about_kind"], mail["about_id"], mail["action"], mail["method"]) == (
        "workshop",
        made,
        "Je réponds",
        "",
    )
    assert "jusqu’au mercredi 25 novembre à 12 h" in mail["body"].replace("\u00a0", " ")
    seen = await look(mail["offer_key"], cast.aicha, NOON)
    assert seen is not None
    assert (seen.title, seen.starts_at, seen.where) == ("On se relit nos CV", START, "Salon, Les Tanneurs")
    assert (seen.until, seen.state, seen.href) == (NOON + DAY, "open", f"/ateliers/{made}")


async def test_yes_and_yes_again(cast: Cast) -> None:
    made = await offered(cast)
    key = await key_of(cast.aicha)
    for _ in range(2):
        await answer(key, cast.aicha, True, NOON + HOUR)
        assert (await places(made))[cast.aicha] == "confirmed"
        assert await state_of(key, cast.aicha) == "taken"
    (mail,) = await mails(to=cast.aicha, kind="confirmation")
    assert mail["method"] == "REQUEST"
    assert (await parts(made))[cast.aicha] == "participant"


async def test_no_and_no_again_and_it_goes_to_the_next(cast: Cast) -> None:
    made = await offered(cast)
    key = await key_of(cast.aicha)
    for _ in range(2):
        await answer(key, cast.aicha, False, NOON + HOUR)
        assert await state_of(key, cast.aicha) == "declined"
    assert (await places(made))[cast.rosa] == "offered"
    assert len(await mails(to=cast.rosa, kind="offer")) == 1
    assert await mails(to=cast.aicha, kind="confirmation") == [], "nothing was in her calendar"


@pytest.mark.parametrize("first", [True, False])
async def test_the_other_answer_afterwards_is_refused(cast: Cast, first: bool) -> None:
    made = await offered(cast)
    key = await key_of(cast.aicha)
    await answer(key, cast.aicha, first, NOON)
    before = await places(made)
    with pytest.raises(Refused) as caught:
        await answer(key, cast.aicha, not first, NOON)
    assert caught.value.reason is (WorkshopRefusal.SAID_YES if first else WorkshopRefusal.NO_OFFER)
    assert await places(made) == before


async def test_after_the_delay(cast: Cast) -> None:
    made = await offered(cast)
    key = await key_of(cast.aicha)
    late = NOON + DAY
    assert await state_of(key, cast.aicha, late - timedelta(seconds=1)) == "open"
    assert await state_of(key, cast.aicha, late) == "over"
    with pytest.raises(Refused) as caught:
        await answer(key, cast.aicha, True, late)
    assert caught.value.reason is WorkshopRefusal.OFFER_OVER
    await lapse_offers(late)
    assert await state_of(key, cast.aicha, late) == "over"
    assert (await places(made))[cast.rosa] == "offered"
    await answer(key, cast.aicha, False, late)
    with pytest.raises(Refused):
        await answer(key, cast.aicha, True, late)
    assert (await places(made))[cast.aicha] == "lapsed"


async def test_after_cancellation_and_after_the_end(cast: Cast) -> None:
    made = await offered(cast)
    key = await key_of(cast.aicha)
    await cancel(actor=cast.yann, workshop_id=made, reason="", now=NOON)
    assert await state_of(key, cast.aicha) == "over"
    with pytest.raises(Refused) as caught:
        await answer(key, cast.aicha, True, NOON)
    assert caught.value.reason is WorkshopRefusal.NOT_OPEN
    assert await state_of(key, cast.aicha, START + DAY) == "over"


async def test_reopened_it_is_another_offer_and_each_has_their_own(cast: Cast) -> None:
    made = await offered(cast)
    old = await key_of(cast.aicha)
    await cancel(actor=cast.yann, workshop_id=made, reason="", now=NOON)
    await reopen(actor=cast.yann, workshop_id=made, now=NOON + HOUR)
    asked = [mail for mail in await mails(kind="offer") if "rouvre" in mail["subject"]]
    assert {mail["member_id"] for mail in asked} == {cast.samira, cast.odile, cast.aicha}
    assert len({mail["offer_key"] for mail in asked}) == 3
    assert all("jusqu’au mercredi 25 novembre à 13 h" in mail["body"].replace("\u00a0", " ") for mail in asked)
    assert await look(old, cast.aicha, NOON + HOUR) is None
    with pytest.raises(NotFound):
        await answer(old, cast.aicha, True, NOON + HOUR)
    for mail in asked:
        await answer(mail["offer_key"], mail["member_id"], True, NOON + HOUR)
    assert set((await parts(made)).values()) == {"host", "participant", "waiting"}


async def test_an_older_mail_answers_no_newer_offer(cast: Cast) -> None:
    """Declined, waited anew, offered again: the first mail's « yes » is not the second's."""
    made = await offered(cast)
    old = await key_of(cast.aicha)
    await answer(old, cast.aicha, False, NOON)
    await answer(await key_of(cast.rosa), cast.rosa, False, NOON)
    await sign_up(actor=cast.rosa, workshop_id=made, now=NOON)
    await sign_up(actor=cast.aicha, workshop_id=made, now=NOON)
    await withdraw(actor=cast.rosa, workshop_id=made, now=NOON + HOUR)
    assert (await places(made))[cast.aicha] == "offered"
    assert await key_of(cast.aicha) != old
    await answer(old, cast.aicha, False, NOON + HOUR)
    with pytest.raises(Refused) as caught:
        await answer(old, cast.aicha, True, NOON + HOUR)
    assert caught.value.reason is WorkshopRefusal.NO_OFFER
    assert (await places(made))[cast.aicha] == "offered", "untouched by either"
    assert await state_of(old, cast.aicha) == "declined"


async def test_without_its_key_it_would_have_been_answered(cast: Cast) -> None:
    """That the key alone keeps the older mail from it."""
    made = await offered(cast)
    await answer_offer(actor=cast.aicha, workshop_id=made, yes=True, now=NOON)
    assert (await places(made))[cast.aicha] == "confirmed"


async def test_with_anothers_key_or_one_of_nobody(cast: Cast) -> None:
    made = await offered(cast)
    key = await key_of(cast.aicha)
    number, _, moment = key.partition("-")
    for foreign in (f"{number}-{int(moment) + 1}", f"{int(number) + 1}-{moment}", "", "x", "0-0", f"{2**31}-{moment}"):
        assert await look(foreign, cast.aicha, NOON) is None
        with pytest.raises(NotFound):
            await answer(foreign, cast.aicha, True, NOON)
    assert await look(key, cast.rosa, NOON) is None
    with pytest.raises(NotFound):
        await answer(key, cast.rosa, True, NOON)
    assert (await places(made))[cast.aicha] == "offered"


@pytest.mark.parametrize("answers", [(True, True), (True, False), (False, False)])
async def test_two_at_once_have_one_effect(cast: Cast, answers: tuple[bool, ...]) -> None:
    made = await offered(cast)
    key = await key_of(cast.aicha)
    done = await asyncio.gather(*(answer(key, cast.aicha, yes, NOON) for yes in answers * 2), return_exceptions=True)
    assert all(each is None or isinstance(each, Refused) for each in done)
    said = {yes for yes, each in zip(answers * 2, done, strict=True) if each is None}
    assert len(said) == 1, "of two different answers one is refused"
    yes = said.pop()
    assert (await places(made))[cast.aicha] == ("confirmed" if yes else "withdrawn")
    assert len(await mails(to=cast.aicha, kind="confirmation")) == int(yes)
    assert len(await mails(to=cast.rosa, kind="offer")) == int(not yes)


async def test_an_offer_that_ends_sooner_is_told_until_when_once(cast: Cast) -> None:
    """The start comes nearer: what the first mail said is no longer true, and both mails answer the same offer."""
    made = await offered(cast)
    key = await key_of(cast.aicha)
    near = a_proposal(starts_at=NOON + 4 * HOUR, capacity=3, room_id=cast.salon)
    await edit(actor=cast.yann, workshop_id=made, proposal=near, version=1, now=NOON)
    (mail,) = await mails(to=cast.aicha, kind="change")
    said = mail["body"].replace("\u00a0", " ")
    assert "Nouvelle date : mardi 24 novembre, de 16 h à 18 h, au lieu du" in said
    assert "Ta place t’est gardée jusqu’au mardi 24 novembre à 13 h." in said
    assert (mail["offer_key"], mail["action"]) == (key, "Je réponds")
    assert await state_of(key, cast.aicha, NOON + HOUR) == "over"
    await answer(key, cast.aicha, True, NOON)
    assert (await places(made))[cast.aicha] == "confirmed"


async def test_the_page_of_the_mail(cast: Cast) -> None:
    """From the link, without signing in: yes, and the page says so."""
    assert OFFERS.kind == "workshop"
    made = await offered(cast)
    world = World(NOON)
    path = offer_path(OfferLink(cast.aicha, OFFERS.kind, await key_of(cast.aicha)), world.settings.secret_key)
    shown = await world.browser().get(path)
    assert shown.status_code == 200
    assert "On se relit nos CV" in words(shown)
    assert (await places(made))[cast.aicha] == "offered", "looking answers nothing"
    answered = await world.browser().post(path, {"answer": "yes"})
    assert answered.status_code == 303
    assert (await places(made))[cast.aicha] == "confirmed"
