"""Turns in agenda, month, home and JSON: while they lack somebody, and one's own; reminders, and the week."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import Any

import httpx
import pytest

from app.calendar import queries
from app.clock import at_local, local_day
from app.database import Store, run, transaction
from app.identity.visits import Me, Spot, Visit
from app.main import REGISTRY
from app.notices.commands import resume_mail
from app.notices.digest import tell_weeks
from app.notices.links import StopLink
from app.notices.reminders import remind_due
from app.notices.states import Kind
from rotas.commands.claiming import claim, watch
from rotas.commands.duties import set_quiet
from rotas.commands.giving_up import free
from rotas.commands.slots import cancel_slot
from tests.client import NOON
from tests.factories import make_workshop
from tests.people import Cast
from tests.rotas import reads
from tests.rotas.make import DAY, make_duty, make_practice, make_slot
from tests.rotas.scene import TOMORROW, Scene

LATER = TOMORROW + timedelta(hours=3)
KINDS = REGISTRY.entry_kinds


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return Scene(cast)


def shown(answer: httpx.Response) -> dict[int, str]:
    """The strips of turns by slot: what a person reads of each."""
    assert answer.status_code == 200
    found = re.findall(
        r'<li><article class="strip[^>]*data-kind="turn" data-id="(\d+)".*?</li>', answer.text, re.DOTALL
    )
    parts = re.split(r"<li>(?=<article)", answer.text)[1:]
    return {int(key): plain(next(part for part in parts if f'data-id="{key}"' in part)) for key in found}


def plain(markup: str) -> str:
    bare = re.sub(r"<[^>]+>", " ", markup).replace("\u00a0", " ").replace("\u202f", " ")
    return re.sub(r"\s+", " ", bare).strip()


class TestTheAgenda:
    async def test_a_turn_that_lacks_people_is_there_for_all_and_a_full_one_for_its_own(self, scene: Scene) -> None:
        cast = scene.cast
        lacking = await scene.slot("Accueil", people=2)
        one_left = await scene.slot("Vaisselle", people=2, who=(cast.karim,))
        full = await scene.slot("Courses", people=1, who=(cast.karim,), starts_at=LATER)
        samira, karim, visitor = await scene.as_(cast.samira), await scene.as_(cast.karim), scene.world.browser()
        for path in ("/agenda", "/agenda?genre=tours"):
            assert shown(await visitor.get(path)).keys() == {lacking, one_left}
            assert shown(await samira.get(path)).keys() == {lacking, one_left}
            assert shown(await karim.get(path)).keys() == {lacking, one_left, full}
        assert shown(await karim.get("/agenda?genre=a-moi")).keys() == {one_left, full}
        of_samira = shown(await samira.get("/agenda"))
        assert "Il manque 2 personnes" in of_samira[lacking]
        assert "Je prends ce tour" in of_samira[lacking]
        assert "Il manque une personne" in of_samira[one_left]
        of_karim = shown(await karim.get("/agenda"))
        assert "C’est ton tour" in of_karim[full]
        assert "Je ne peux pas venir" in of_karim[full]
        assert "Je ne peux pas venir" not in of_karim[lacking]
        assert "Je prends ce tour" not in shown(await visitor.get("/agenda"))[lacking]

    async def test_the_page_is_another_as_soon_as_it_fills_up_and_is_given_up(self, scene: Scene) -> None:
        """What all share is kept from one reader to the next: it is read anew when a turn fills up."""
        cast = scene.cast
        slot_id = await scene.slot(people=1)
        samira, karim = await scene.as_(cast.samira), await scene.as_(cast.karim)
        for _ in range(2):
            assert slot_id in shown(await samira.get("/agenda"))
            await claim(actor=cast.karim, slot_id=slot_id, now=scene.world.later(minutes=1))
            assert slot_id not in shown(await samira.get("/agenda"))
            assert slot_id in shown(await karim.get("/agenda"))
            await free(actor=cast.karim, slot_id=slot_id, member_id=cast.karim, now=scene.world.later(minutes=1))
        assert slot_id in shown(await samira.get("/agenda"))

    async def test_it_is_taken_and_left_from_its_strip(self, scene: Scene) -> None:
        cast = scene.cast
        slot_id = await scene.slot(people=1)
        samira = await scene.as_(cast.samira)
        page = await samira.get("/agenda")
        assert f'action="/tours/{slot_id}/prise"' in page.text
        taken = await samira.partial(f"/tours/{slot_id}/prise", {"view": "strip"})
        assert taken.status_code == 200
        strip, beside = taken.text.split('<div hx-swap-oob="innerHTML:#a-moi">')
        assert "C’est ton tour" in plain(strip)
        assert "C’est noté, à mercredi 25 novembre !" in plain(strip)
        assert f'<a class="ticket mine" data-kind="turn" href="/tours/{slot_id}"' in beside
        assert 'hx-swap-oob="innerHTML:#avis"' in beside
        assert f'href="/tours/{slot_id}/empechement"' in taken.text
        karim = await scene.as_(cast.karim)
        late = await karim.partial(f"/tours/{slot_id}/prise", {"view": "strip"})
        assert late.status_code == 409
        strip, beside = late.text.split('<div hx-swap-oob="innerHTML:#a-moi">')
        assert 'role="alert"' in strip
        assert "quelqu’un vient de prendre la dernière place" in plain(strip)
        assert '<div hx-swap-oob="innerHTML:#avis"></div>' in beside, "said once, and nothing older stays"
        assert "J’attends une place" not in late.text

    async def test_own_turns_stand_between_the_others_page_by_page(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Full ones of one's own are merged into what all see: none is lost at the end of a page, none comes twice."""
        cast = scene.cast
        monkeypatch.setattr("app.calendar.pages.STRIPS_A_PAGE", 4)
        monkeypatch.setattr("app.calendar.views.STRIPS_A_PAGE", 4)
        duty = await make_duty(place_id=cast.place)
        slots = [
            await make_slot(place_id=cast.place, duty_id=duty, starts_at=TOMORROW + n * timedelta(hours=3), people=1)
            for n in range(11)
        ]
        mine = [slots[index] for index in (0, 3, 4, 9, 10)]
        for slot_id in mine:
            await claim(actor=cast.karim, slot_id=slot_id, now=NOON)
        karim = await scene.as_(cast.karim)
        seen: list[int] = []
        path = "/agenda"
        while path:
            answer = await karim.get(path)
            seen += shown(answer)
            more = re.search(r'href="(/agenda\?[^"]*apres=[^"]*)"', answer.text)
            path = more[1].replace("&amp;", "&") if more else ""
        assert seen == slots
        samira = await scene.as_(cast.samira)
        assert mine[0] not in shown(await samira.get("/agenda")), "the control: they are hers to see nowhere"

    async def test_a_quiet_place_says_of_nothing_that_it_is_missing(self, scene: Scene) -> None:
        cast = scene.cast
        before = await scene.slot("Accueil")
        visitor = scene.world.browser()
        assert before in shown(await visitor.get("/agenda"))
        await set_quiet(actor=cast.rosa, place_id=cast.place, quiet=True, now=scene.world.later(minutes=1))
        after = await scene.slot("Café")
        assert shown(await visitor.get("/agenda")) == {}
        await claim(actor=cast.karim, slot_id=after, now=scene.world.now)
        karim = await scene.as_(cast.karim)
        for path in ("/agenda", "/mes-rendez-vous"):
            own = shown(await karim.get(path))
            assert own.keys() == {after}
            assert "C’est ton tour" in own[after]
            assert "Il manque" not in own[after]
        await set_quiet(actor=cast.rosa, place_id=cast.place, quiet=False, now=scene.world.later(minutes=1))
        assert shown(await visitor.get("/agenda")).keys() == {before, after}

    async def test_one_that_is_off_is_nowhere(self, scene: Scene) -> None:
        slot_id = await scene.slot()
        visitor = scene.world.browser()
        assert slot_id in shown(await visitor.get("/agenda"))
        await cancel_slot(actor=scene.cast.rosa, slot_id=slot_id, now=scene.world.now)
        assert shown(await visitor.get("/agenda")) == {}

    async def test_of_what_is_over_nobody_is_missing(self, scene: Scene) -> None:
        slot_id = await scene.slot()
        scene.world.now = TOMORROW + timedelta(hours=5)
        visitor = scene.world.browser()
        assert slot_id not in shown(await visitor.get("/agenda"))
        day = local_day(TOMORROW)
        strip = shown(await visitor.get(f"/agenda?du={day}&au={day}"))[slot_id]
        assert "Il manque" not in strip

    async def test_a_visitor_comes_home_to_what_is_on_not_to_what_is_to_be_done(self, scene: Scene) -> None:
        cast = scene.cast
        slot_id = await scene.slot()
        await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno, title="CV", starts_at=TOMORROW)
        home = await scene.world.browser().get("/")
        assert "CV" in home.text
        assert shown(home) == {}
        assert slot_id in shown(await scene.world.browser().get("/agenda")), "the control: it is in the agenda"

    async def test_the_month_and_the_json_have_what_is_listed(self, scene: Scene) -> None:
        cast = scene.cast
        lacking = await scene.slot("Accueil", people=2, who=(cast.karim,))
        full = await scene.slot("Courses", people=1, who=(cast.karim,), starts_at=LATER)
        visitor, karim = scene.world.browser(), await scene.as_(cast.karim)
        month = (await visitor.get("/agenda/mois")).text
        assert f"/tours/{lacking}" in month
        assert f"/tours/{full}" not in month
        assert f"/tours/{full}" in (await karim.get("/agenda/mois")).text
        answer = await visitor.get("/api/agenda?genre=tours")
        (entry,) = answer.json()["entries"]
        assert entry["url"].endswith(f"/tours/{lacking}")
        assert (entry["kind"], entry["genre"], entry["seats"], entry["seats_left"]) == ("turn", "Tour", 2, 1)
        assert "Karim" not in answer.text
        same = await visitor.get("/api/agenda?genre=tours", If_None_Match=answer.headers["etag"])
        assert same.status_code == 304
        await claim(actor=cast.samira, slot_id=lacking, sure=True, now=scene.world.now)
        other = await visitor.get("/api/agenda?genre=tours", If_None_Match=answer.headers["etag"])
        assert (other.status_code, other.json()["entries"]) == (200, [])

    @pytest.mark.parametrize("path", ["/agenda", "/agenda/mois", "/api/agenda", "/mes-rendez-vous"])
    async def test_as_many_questions_for_one_turn_as_for_thirty(self, db: Store, scene: Scene, path: str) -> None:
        cast = scene.cast
        duty = await make_duty(place_id=cast.place)
        karim = await scene.as_(cast.karim)
        asked = []
        for count in (1, 29):
            for number in range(count):
                starts_at = TOMORROW + (number + count) * timedelta(minutes=130)
                slot_id = await make_slot(place_id=cast.place, duty_id=duty, starts_at=starts_at)
                await claim(actor=cast.karim, slot_id=slot_id, now=NOON)
            await karim.get(path)
            before = db.query_id
            assert (await karim.get(path)).status_code == 200
            asked.append(db.query_id - before)
        assert asked[0] == asked[1] <= 6


class TestKeptEntries:
    async def test_whoever_reads_the_strip_next_sees_it_as_it_is(self, scene: Scene) -> None:
        """Every write of an entry moves its version, so that nothing kept outlives it."""
        cast = scene.cast
        slot_id = await scene.slot(people=2)

        async def version() -> int:
            return int((await reads.entry(slot_id))["version"])

        seen = [await version()]
        await claim(actor=cast.karim, slot_id=slot_id, now=NOON)
        seen.append(await version())
        await claim(actor=cast.samira, slot_id=slot_id, sure=True, now=NOON)
        seen.append(await version())
        await set_quiet(actor=cast.rosa, place_id=cast.place, quiet=True, now=NOON)
        await free(actor=cast.samira, slot_id=slot_id, member_id=cast.samira, now=NOON)
        seen.append(await version())
        await set_quiet(actor=cast.rosa, place_id=cast.place, quiet=False, now=NOON)
        seen.append(await version())
        assert seen == sorted(set(seen))

    async def test_it_is_listed_while_it_lacks_somebody(self, scene: Scene) -> None:
        cast = scene.cast
        slot_id = await scene.slot(people=1)
        sequence = (await reads.entry(slot_id))["sequence"]
        assert (await reads.entry(slot_id))["listed"]
        await claim(actor=cast.karim, slot_id=slot_id, now=NOON)
        kept = await reads.entry(slot_id)
        assert (bool(kept["listed"]), kept["sequence"]) == (False, sequence), "no calendar hears of a number"


class TestOnesOwn:
    async def test_my_dates_have_my_turns(self, scene: Scene) -> None:
        cast = scene.cast
        slot_id = await scene.slot("Courses", people=1, who=(cast.karim,))
        karim = await scene.as_(cast.karim)
        page = plain((await karim.get("/mes-rendez-vous")).text)
        assert "C’est ton tour Courses" in page
        assert "Je ne peux pas venir" in page
        scene.world.now = TOMORROW + DAY
        again = await karim.get("/mes-rendez-vous")
        assert "Avant" in again.text
        assert f'href="/tours/{slot_id}"' in again.text

    async def test_reminded_the_evening_before(self, scene: Scene) -> None:
        cast = scene.cast
        slot_id = await scene.slot("Courses", people=1, who=(cast.karim,))
        eve = at_local(local_day(NOON), time(18))
        assert await remind_due(KINDS, eve - timedelta(minutes=1)) == 0
        assert await remind_due(KINDS, eve) == 1
        assert await remind_due(KINDS, eve) == 0
        (mail,) = await run("select * from outbox where kind = 'reminder'")
        assert (mail["member_id"], mail["link"]) == (cast.karim, f"/tours/{slot_id}")
        assert "C’est ton tour." in mail["body"]
        assert "Je ne peux pas venir" in plain(mail["body"])

    async def test_whoever_watches_is_told_so(self, scene: Scene) -> None:
        cast = scene.cast
        slot_id = await scene.slot("Courses", people=2, who=(cast.odile,))
        (row,) = await run("select duty_id from rota_slot where id = {}", slot_id)
        await make_practice(duty_id=row["duty_id"], member_id=cast.odile)
        await watch(actor=cast.karim, slot_id=slot_id, now=NOON)
        page = plain((await (await scene.as_(cast.karim)).get("/mes-rendez-vous")).text)
        assert "Tu viens regarder Courses" in page
        assert "C’est ton tour" not in page
        assert await remind_due(KINDS, at_local(local_day(NOON), time(18))) == 2
        told = {row["member_id"]: row["body"] for row in await run("select * from outbox where kind = 'reminder'")}
        assert "C’est ton tour." in told[cast.odile]
        assert "Tu viens regarder, pour apprendre." in told[cast.karim]

    async def test_the_week_tells_apart_who_is_missing_and_where_there_is_room(self, scene: Scene) -> None:
        cast = scene.cast
        monday = at_local(local_day(NOON + 6 * DAY), time(8))
        await resume_mail(StopLink(cast.karim, Kind.DIGEST), now=NOON)
        hour = timedelta(hours=1)
        await scene.slot("Courses", people=1, who=(cast.karim,), starts_at=monday + 30 * hour)
        await scene.slot("Accueil", people=2, starts_at=monday + 50 * hour)
        await scene.slot("Vaisselle", people=1, who=(cast.samira,), starts_at=monday + 50 * hour)
        await make_workshop(
            place_id=cast.place, host=cast.yann, mediator=cast.bruno, title="CV", starts_at=monday + 60 * hour
        )
        assert await tell_weeks(monday, KINDS) == 1
        (mail,) = await run("select * from outbox where kind = 'digest'")
        heads = [line for line in plain_lines(mail["body"]) if line.endswith(":") or "«" in line]
        assert [re.sub(r".*« (.*) ».*", r"\1", line) for line in heads] == [
            "Tes rendez-vous :",
            "Courses",
            "Il reste de la place :",
            "CV",
            "Il manque du monde :",
            "Accueil",
        ]

    async def test_a_mail_puts_the_turn_into_a_calendar_and_takes_it_out_and_a_feed_makes_it_needless(
        self, scene: Scene
    ) -> None:
        cast = scene.cast
        slot_id = await scene.slot(people=2)

        async def methods(member_id: int) -> list[Any]:
            rows = await run(
                "select method from outbox where member_id = {} and about_kind = 'turn' order by id", member_id
            )
            return [row["method"] for row in rows if row["method"]]

        await claim(actor=cast.karim, slot_id=slot_id, now=NOON)
        await free(actor=cast.karim, slot_id=slot_id, member_id=cast.karim, now=NOON + timedelta(minutes=1))
        assert await methods(cast.karim) == ["REQUEST", "CANCEL"]
        async with transaction():
            await run(
                "insert into feed (member_id, token_hash, name, discreet, private, created_at, modified_at, read_at) "
                "values ({}, 'x', 'Téléphone', {}, {}, {}, {}, {})",
                *(cast.samira, False, False, NOON, NOON, NOON),
            )
        await claim(actor=cast.samira, slot_id=slot_id, now=NOON)
        await free(actor=cast.samira, slot_id=slot_id, member_id=cast.samira, now=NOON + timedelta(minutes=1))
        assert await methods(cast.samira) == [], "no event twice"


def plain_lines(body: str) -> list[str]:
    return [line.strip() for line in body.replace("\u00a0", " ").replace("\u202f", " ").splitlines() if line.strip()]


class TestWhatIsKeptForAll:
    async def test_the_shared_question_is_the_same_for_everybody(self, scene: Scene) -> None:
        """Own turns are added to what is read once for all: they do not make it a question of one's own."""
        cast = scene.cast
        await scene.slot("Courses", people=1, who=(cast.karim,))
        parts = await queries.my_parts(visit_of(cast, cast.karim))
        assert [(part.kind, part.listed) for part in parts] == [("turn", False)]


def visit_of(cast: Cast, member_id: int) -> Visit:
    me = Me(id=member_id, name="Karim", mediator=False, met=True, belongs=True)
    return Visit(now=NOON, member=me, place=Spot(cast.place, "les-tanneurs", "Les Tanneurs", ""))
