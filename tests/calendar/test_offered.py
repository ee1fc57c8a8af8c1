"""A place that is kept for somebody stands out among their dates, and is not theirs yet."""

from app.calendar.api import Role, take_part
from app.database import Store, transaction
from tests.client import NOON, words
from tests.people import make_cast
from tests.workshops.test_pages import Scene
from workshops import commands


async def test_an_offer_is_told_in_the_agenda_and_stays_out_of_what_is_mine(db: Store) -> None:
    scene = Scene(await make_cast())
    workshop_id = await scene.published(day="2026-11-27")
    karim = await scene.as_(scene.cast.karim)
    await commands.sign_up(actor=scene.cast.karim, workshop_id=workshop_id, now=NOON)
    assert "Tu as ta place" in words(await karim.get("/agenda"))
    async with transaction():
        await take_part("workshop", workshop_id, scene.cast.karim, Role.OFFERED, binding=False, now=NOON)
    page = await karim.get("/agenda")
    assert "Une place est pour toi : réponds" in words(page)
    assert "strip mine" not in page.text
    assert "Je réponds" in words(page)
    assert 'class="ticket' not in page.text
    waiting = words(await karim.get("/mes-rendez-vous"))
    assert "Une place est pour toi : réponds" in waiting


async def test_an_offer_comes_before_what_is_sooner(db: Store) -> None:
    scene = Scene(await make_cast())
    days = ("2026-11-26", "2026-11-27", "2026-11-30", "2026-12-02", "2026-12-18")
    made = [await scene.published(title=f"Le {day}", day=day) for day in days]
    for workshop_id in made:
        await commands.sign_up(actor=scene.cast.karim, workshop_id=workshop_id, now=NOON)
    async with transaction():
        await take_part("workshop", made[-1], scene.cast.karim, Role.OFFERED, binding=False, now=NOON)
    page = words(await (await scene.as_(scene.cast.karim)).get("/agenda"))
    assert "Je réponds : Le 2026-12-18" in page


async def test_what_is_held_until_it_is_paid_asks_for_that_and_not_for_an_answer(db: Store) -> None:
    scene = Scene(await make_cast())
    workshop_id = await scene.published(day="2026-11-27")
    karim = await scene.as_(scene.cast.karim)
    async with transaction():
        await take_part("workshop", workshop_id, scene.cast.karim, Role.HELD, binding=False, now=NOON)
    page = await karim.get("/agenda")
    assert "Ta place est gardée : il reste à la payer" in words(page)
    assert "Je paie" in words(page)
    assert "réponds" not in words(page)
    assert "strip mine" not in page.text
    assert "il reste à la payer" in words(await karim.get("/mes-rendez-vous"))
