"""What turns tell the mediators' desk and whoever keeps the place, and how the journal says what was done."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from app.contracts import Concern
from app.database import run
from app.i18n import language
from app.identity.states import Act
from app.identity.visits import Me, Spot, Visit
from rotas.commands.claiming import claim
from rotas.commands.duties import set_quiet
from rotas.concerns import JOURNAL_ACTS, open_concerns
from rotas.jobs import run_without_anybody
from tests.client import NOON, World
from tests.people import Cast
from tests.rotas.make import make_duty, make_slot, make_weeks

ROOT = Path(__file__).resolve().parents[2]
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def visit(
    cast: Cast, member_id: int, *, mediator: bool = False, acts: Iterable[Act] = (), now: datetime = NOON
) -> Visit:
    me = Me(id=member_id, name="Moi", mediator=mediator, met=True, belongs=True, acts=frozenset(acts))
    return Visit(now=now, member=me, place=Spot(cast.place, "x", "Les Tanneurs", ""))


async def desk(cast: Cast, now: datetime = NOON) -> list[tuple[str, str]]:
    found = await open_concerns(visit(cast, cast.bruno, mediator=True, now=now))
    assert {each.sort for each in found} <= {"uncovered"}
    return [(each.href, language("fr").say(each.what)) for each in found]


async def keeper(cast: Cast, now: datetime = NOON) -> list[Concern]:
    return list(await open_concerns(visit(cast, cast.rosa, acts=[Act.KEEP_PLACE], now=now)))


class TestTheDesk:
    async def test_turns_of_two_days_that_lack_somebody(self, cast: Cast) -> None:
        keys = await make_duty(place_id=cast.place, name="Clés", opens_place=True)
        closed = await make_slot(place_id=cast.place, duty_id=keys, starts_at=NOON + 20 * HOUR)
        half = await make_slot(place_id=cast.place, starts_at=NOON + 30 * HOUR, people=3)
        full = await make_slot(place_id=cast.place, starts_at=NOON + 10 * HOUR)
        await make_slot(place_id=cast.place, starts_at=NOON + 49 * HOUR)
        await make_slot(place_id=cast.place, starts_at=NOON - HOUR)
        await claim(actor=cast.karim, slot_id=half, now=NOON)
        await claim(actor=cast.karim, slot_id=full, now=NOON)
        expected = [
            (f"/tours/{closed}", "Personne n’a encore les clés"),
            (f"/tours/{half}", "Il manque 2 personnes"),
        ]
        assert await desk(cast) == expected
        assert await open_concerns(visit(cast, cast.karim)) == [], "for nobody else"
        await set_quiet(actor=cast.rosa, place_id=cast.place, quiet=True, now=NOON)
        assert await desk(cast) == []

    async def test_the_page_says_it_and_leads_there(self, cast: Cast) -> None:
        slot_id = await make_slot(place_id=cast.place, starts_at=NOON + 20 * HOUR)
        bruno = await World().browser_of(cast.bruno, place_id=cast.place)
        page = await bruno.get("/mediation")
        assert f'href="/tours/{slot_id}"' in page.text
        assert 'data-sort="uncovered"' in page.text
        assert "Il manque une personne" in page.text


class TestWhoeverKeepsThePlace:
    async def test_is_asked_about_what_nobody_takes(self, cast: Cast) -> None:
        pattern_id, slots = await make_weeks(place_id=cast.place, count=6)
        (row,) = await run("select max(starts_at) as last, max(duty_id) as duty_id from rota_slot")
        now = datetime.fromisoformat(row["last"]) if isinstance(row["last"], str) else row["last"]
        four = (await run("select ends_at from rota_slot where id = {}", slots[3]))[0]["ends_at"]
        assert await keeper(cast, four - HOUR) == []
        (concern,) = await keeper(cast, four)
        assert (concern.sort, concern.href) == ("empty", f"/tours/roles/{row['duty_id']}")
        assert "4 dernières fois" in language("fr").say(concern.what)
        assert len(await run_without_anybody(pattern_id, now=four)) == 4, "as the job counts"
        assert await open_concerns(visit(cast, cast.karim, now=four)) == []
        await claim(actor=cast.karim, slot_id=slots[4], now=NOON)
        assert await keeper(cast, now.replace(tzinfo=NOON.tzinfo) + DAY) == []

    async def test_one_that_was_taken_begins_the_count_anew(self, cast: Cast) -> None:
        _, slots = await make_weeks(place_id=cast.place, count=6)
        await claim(actor=cast.karim, slot_id=slots[1], now=NOON)
        ends = [row["ends_at"] for row in await run("select ends_at from rota_slot order by starts_at")]
        assert await keeper(cast, ends[4]) == []
        (concern,) = await keeper(cast, ends[5])
        assert "4 dernières fois" in language("fr").say(concern.what)

    async def test_the_page_of_the_bureau_asks(self, cast: Cast) -> None:
        _, slots = await make_weeks(place_id=cast.place, count=4)
        (row,) = await run("select ends_at from rota_slot where id = {}", slots[3])
        rosa = await World(row["ends_at"]).browser_of(cast.rosa, place_id=cast.place)
        page = await rosa.get("/bureau")
        assert "on les enlève" in page.text
        assert 'data-sort="empty"' in page.text


def test_each_act_that_is_written_has_its_words() -> None:
    source = "".join(path.read_text() for path in (ROOT / "rotas").rglob("*.py"))
    written = {f"turn.{act}" for act in re.findall(r"(?<!_)note\(\w+, \"(\w+)\"", source)}
    written |= {f"turn.{act}" for act in re.findall(r"note_of_place\(\s*\"(\w+)\"", source)}
    written |= {f"turn.pattern_{act}" for act in re.findall(r"_note\(\w+, \"(\w+)\"", source)}
    assert len(written) > 10
    assert written == JOURNAL_ACTS.keys(), "and none that nobody writes"
