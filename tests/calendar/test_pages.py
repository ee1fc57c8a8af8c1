"""The agenda, the month, one's own dates and the home page, as people see them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from litestar import Request, Response, Router, post
from litestar.params import FromPath

from app.calendar.api import put_entry
from app.calendar.strips import answer_strip, wants_strip
from app.calendar.tables import Entry, TakingPart
from app.contracts import Domain
from app.database import Store, transaction
from app.main import REGISTRY, make_app
from app.registry import Registry
from app.web.answers import go_to
from app.web.forms import read_form
from tests.calendar.plans import at, plan, put
from tests.calendar.world import KINDS, CalendarWorld
from tests.client import NOON, Browser, words
from tests.factories import make_member, make_place
from tests.people import Cast, make_cast


def titles(answer: httpx.Response) -> list[str]:
    """Titles of the strips, in order."""
    assert answer.status_code == 200
    found = re.findall(
        r"<article class=\"strip.*?<h[34][^>]*><a [^>]*>(?:<s>)?(.*?)(?:</s>)?</a>", answer.text, re.DOTALL
    )
    return [title.replace("\u202f", " ") for title in found]


def forms(answer: httpx.Response) -> list[str]:
    """Where the strips' forms post."""
    return re.findall(r'<form method="post" action="([^"]+)" hx-post', answer.text)


async def fill(place_id: int, count: int, **changes: Any) -> None:
    """So many workshops within the coming days."""
    async with transaction():
        for number in range(1, count + 1):
            starts_at = at("2026-11-25T08:00") + timedelta(hours=number % 90)
            await put_entry(
                plan(number, place_id=place_id, starts_at=starts_at, title=f"T{number}", **changes), now=NOON
            )


@pytest.fixture
def world() -> CalendarWorld:
    return CalendarWorld()


@pytest.fixture
def visitor(world: CalendarWorld) -> Browser:
    return world.browser()


@pytest.fixture
async def cast(db: Store) -> Cast:
    return await make_cast()


@pytest.fixture
async def karim(world: CalendarWorld, cast: Cast) -> Browser:
    return await world.browser_of(cast.karim, place_id=cast.place)


class TestAgenda:
    async def test_what_is_to_come_by_local_day(self, cast: Cast, visitor: Browser) -> None:
        await put(plan(1, place_id=cast.place, title="Ce matin", starts_at=at("2026-11-24T09:00")))
        await put(plan(2, place_id=cast.place, title="En cours", starts_at=at("2026-11-24T11:00")))
        await put(plan(3, place_id=cast.place, title="Vers minuit", starts_at=at("2026-11-25T23:30")))
        await put(plan(4, place_id=cast.place, title="Dimanche", starts_at=at("2026-11-29T22:00")))
        await put(plan(5, place_id=cast.place, title="Lundi", starts_at=at("2026-11-30T00:00")))
        answer = await visitor.get("/agenda")
        assert titles(answer) == ["En cours", "Vers minuit", "Dimanche"]
        days = re.findall(r'<section class="day"[^>]*><h2[^>]*>(.*?)</h2>', answer.text)
        assert [re.sub(r"<.*|\s", " ", day).strip() for day in days] == [
            "Mardi 24 novembre",
            "Mercredi 25 novembre",
            "Dimanche 29 novembre",
        ]
        assert "aujourd’hui" in days[0]
        assert "Vers minuit" in answer.text.split('id="j2026-11-25"')[1].split('class="day"')[0]
        assert "23 h 30 à jeu. 26, 1 h 30" in words(answer)

    async def test_a_week_at_a_time(self, cast: Cast, visitor: Browser) -> None:
        await put(plan(1, place_id=cast.place, title="Plus tard", starts_at=at("2026-12-02T09:00")))
        answer = await visitor.get("/agenda")
        assert titles(answer) == []
        assert 'rel="next" href="/agenda?du=2026-11-30"' in answer.text
        answer = await visitor.get("/agenda?du=2026-11-30")
        assert titles(answer) == ["Plus tard"]
        assert "La semaine prochaine" in words(answer)
        assert 'rel="prev" href="/agenda"' in answer.text
        assert 'rel="prev" href="/agenda?du=2026-11-23"' in (await visitor.get("/agenda")).text
        assert 'rel="prev" href="/agenda?du=2026-11-16"' in (await visitor.get("/agenda?du=2026-11-23")).text

    async def test_a_past_week_can_be_looked_at(self, cast: Cast, visitor: Browser) -> None:
        await put(plan(1, place_id=cast.place, title="Avant", starts_at=at("2026-11-11T09:00")))
        assert titles(await visitor.get("/agenda?du=2026-11-09")) == ["Avant"]

    async def test_a_kind_alone(self, cast: Cast, visitor: Browser) -> None:
        await put(plan(1, place_id=cast.place, title="Atelier"))
        await put(plan(2, place_id=cast.place, kind="meal", title="Repas", genre=""))
        assert titles(await visitor.get("/agenda?genre=repas")) == ["Repas"]
        for unknown in ("", "tours", "a-moi", "<script>"):
            assert titles(await visitor.get(f"/agenda?genre={unknown}")) == ["Atelier", "Repas"]
        answer = await visitor.get("/agenda?genre=repas&du=2026-11-25&au=2026-11-28")
        assert "/agenda?genre=repas&amp;du=2026-11-30" not in answer.text
        assert "/agenda?genre=repas&amp;du=2026-11-29" in answer.text
        assert 'href="/agenda?genre=ateliers&amp;du=2026-11-25&amp;au=2026-11-28"' in answer.text

    async def test_a_kind_that_no_domain_offers_any_more_is_left_out(self, cast: Cast, visitor: Browser) -> None:
        await put(plan(1, place_id=cast.place, kind="ghost"))
        assert titles(await visitor.get("/agenda")) == []

    async def test_the_place_of_the_visit_or_the_one_asked_for(
        self, cast: Cast, visitor: Browser, karim: Browser
    ) -> None:
        canal = await make_place(slug="canal", name="Le Canal")
        await put(plan(1, place_id=cast.place, title="Ici"))
        await put(plan(2, place_id=canal, title="Là-bas"))
        for browser in (visitor, karim):
            assert titles(await browser.get("/agenda")) == ["Ici"]
            answer = await browser.get("/agenda?lieu=canal")
            assert titles(answer) == ["Là-bas"]
            assert "/agenda?lieu=canal&amp;du=2026-11-30" in answer.text
            assert titles(await browser.get("/agenda?lieu=nulle-part")) == ["Ici"]
        there = await CalendarWorld().browser_of(cast.karim, place_id=canal)
        assert titles(await there.get("/agenda")) == ["Là-bas"]

    async def test_hosts_are_named_to_members_who_have_been_met_here(
        self, world: CalendarWorld, cast: Cast, visitor: Browser, karim: Browser
    ) -> None:
        canal = await make_place(slug="canal", name="Le Canal")
        await put(plan(1, place_id=cast.place, hosts=("Samira", "Yann", "Aïcha")))
        await put(plan(2, place_id=canal, hosts=("Samira",)))
        newcomer = await world.browser_of(cast.newcomer, place_id=cast.place)
        assert "avec Samira, Yann et Aïcha" in words(await karim.get("/agenda"))
        for browser, path in ((visitor, "/agenda"), (newcomer, "/agenda"), (karim, "/agenda?lieu=canal")):
            assert "Samira" not in (await browser.get(path)).text

    async def test_members_join_from_the_strip_and_visitors_do_not(
        self, cast: Cast, visitor: Browser, karim: Browser
    ) -> None:
        await put(plan(1, place_id=cast.place, seats=12, taken=8))
        await put(plan(2, place_id=cast.place, seats=12, taken=12, waiting=2))
        await put(plan(3, place_id=cast.place), participant=(cast.karim,))
        await put(plan(4, place_id=cast.place, title="Tombé à l’eau"))
        await put(plan(4, place_id=cast.place, title="Tombé à l’eau", state="cancelled"))
        answer = await karim.get("/agenda")
        assert forms(answer) == ["/ateliers/1/inscription", "/ateliers/2/inscription"]
        text = words(answer)
        assert "Il reste 4 places Je m’inscris" in text
        assert "Complet. 2 personnes attendent J’attends une place" in text
        assert "Tu as ta place" in text
        assert "<s>Tombé à l’eau</s>" in answer.text
        assert answer.text.count('name="view" value="strip"') == 2
        assert answer.text.count('name="_csrf_token"') >= 2
        assert re.findall(r'data-id="(\d)" data-state="(\w+)"(?: data-seats-left="(\d+)")?', answer.text) == [
            ("1", "confirmed", "4"),
            ("2", "confirmed", "0"),
            ("3", "confirmed", "12"),
            ("4", "cancelled", "12"),
        ]
        assert forms(await visitor.get("/agenda")) == []

    async def test_my_proposal_shows_to_me_alone(self, world: CalendarWorld, cast: Cast, karim: Browser) -> None:
        await put(plan(1, place_id=cast.place, title="Mon idée", state="tentative"), host=(cast.karim,))
        assert "Attend une réponse" in words(await karim.get("/agenda"))
        yann = await world.browser_of(cast.yann, place_id=cast.place)
        assert titles(await yann.get("/agenda")) == []

    async def test_what_is_mine(self, cast: Cast, karim: Browser) -> None:
        await put(plan(1, place_id=cast.place, title="À moi"), participant=(cast.karim,))
        await put(plan(2, place_id=cast.place, title="À d’autres"), participant=(cast.yann,))
        assert titles(await karim.get("/agenda?genre=a-moi")) == ["À moi"]

    async def test_my_next_dates_come_first(self, cast: Cast, karim: Browser) -> None:
        canal = await make_place(slug="canal")
        for number in range(1, 6):
            place = canal if number == 2 else cast.place
            starts_at = at(f"2026-12-0{number}T10:00")
            await put(plan(number, place_id=place, title=f"T{number}", starts_at=starts_at), host=(cast.karim,))
        await put(plan(9, place_id=cast.place, title="J’attends"), waiting=(cast.karim,))
        answer = await karim.get("/agenda")
        assert re.findall(r'class="ticket mine".*?</small> (.*?)</span>', answer.text) == ["T1", "T2", "T3"]

    async def test_long_weeks_go_on(self, cast: Cast, visitor: Browser) -> None:
        await fill(cast.place, 130)
        seen: list[str] = []
        path = "/agenda"
        pages = 0
        while path:
            answer = await visitor.get(path)
            seen += titles(answer)
            pages += 1
            more = re.search(r'href="(/agenda\?[^"]*apres=[^"]*)"', answer.text)
            path = more[1].replace("&amp;", "&") if more else ""
        assert pages == 3
        assert sorted(seen) == sorted(f"T{number}" for number in range(1, 131))
        assert len(set(seen)) == 130

    @pytest.mark.parametrize("path", ["/agenda", "/agenda/mois", "/", "/mes-rendez-vous"])
    async def test_as_many_questions_for_one_row_as_for_thirty(
        self, db: Store, world: CalendarWorld, cast: Cast, visitor: Browser, karim: Browser, path: str
    ) -> None:
        browsers = (karim,) if path == "/mes-rendez-vous" else (visitor, karim)
        asked = []
        for rows in (1, 30):
            await fill(cast.place, rows)
            async with transaction():
                await TakingPart.delete(force=True)
                for row in await Entry.select(Entry.id, Entry.starts_at):
                    await TakingPart.insert(
                        TakingPart(
                            entry_id=row["id"],
                            member_id=cast.karim,
                            role="participant",
                            starts_at=row["starts_at"],
                            modified_at=NOON,
                        )
                    )
            for browser in browsers:
                for read in ("for the first time", "again"):
                    before = db.query_id
                    assert (await browser.get(path)).status_code == 200
                    if read == "again":
                        asked.append(db.query_id - before)
                    else:
                        first_read = db.query_id - before
                # Rows that nobody has read since they changed, and what all share: at most once for each list.
                assert asked[-1] <= first_read <= asked[-1] + 4
        assert asked[: len(browsers)] == asked[len(browsers) :]
        assert max(asked) <= 6

    async def test_an_empty_week_invites(
        self, world: CalendarWorld, cast: Cast, visitor: Browser, karim: Browser
    ) -> None:
        assert "Rien de prévu ces jours-ci" in words(await visitor.get("/agenda"))
        assert "Rien de ce genre ces jours-ci" in words(await karim.get("/agenda?genre=repas"))
        assert "Rien à toi ces jours-ci" in words(await karim.get("/agenda?genre=a-moi"))

    async def test_days_that_are_free_are_named_when_they_are_few(self, cast: Cast, visitor: Browser) -> None:
        """The place opens from Monday to Friday: nobody is asked to propose something for its week-end."""
        await put(plan(1, place_id=cast.place))
        world = CalendarWorld(at("2026-11-25T08:00"))
        member = await world.browser_of(cast.karim, place_id=cast.place)
        text = words(await member.get("/agenda"))
        assert "Rien de prévu mercredi 25 et jeudi 26 La table est libre." in text
        assert "Je propose quelque chose" in text
        world.now = at("2026-11-23T08:00")
        assert "Rien de prévu" not in words(await member.get("/agenda"))
        assert "Je propose" not in words(await visitor.get("/agenda"))

    async def test_it_speaks_english_too(self, cast: Cast) -> None:
        await put(plan(1, place_id=cast.place, title="Le CV"))
        answer = await CalendarWorld().browser().get("/agenda", Accept_Language="en")
        assert '<html lang="en"' in answer.text
        assert titles(answer) == ["Le CV"]

    async def test_hostile_titles_are_text(self, cast: Cast, karim: Browser) -> None:
        nasty = "<img src=x onerror=alert(1)>\"'&amp;</script>"
        await put(plan(1, place_id=cast.place, title=nasty, hosts=(nasty,), starts_at=at("2026-11-27T14:00")))
        for path in ("/agenda", "/agenda/mois", "/"):
            answer = await karim.get(path)
            assert "<img" not in answer.text
            assert "onerror=alert(1)&gt;" in answer.text


class TestStripAlone:
    async def test_it_comes_back_as_it_stands_now(self, world: CalendarWorld, cast: Cast, karim: Browser) -> None:
        """Through the agenda's own handler of another domain: a form from a strip, answered by its strip."""

        @post("/ateliers/{thing_id:int}/inscription", status_code=303)
        async def join(request: Request[Any, Any, Any], thing_id: FromPath[int]) -> Response[Any]:
            await put(plan(thing_id, place_id=cast.place, taken=1), participant=(cast.karim,))
            if wants_strip(request, (await read_form(request)).get("view", "")):
                return await answer_strip(request, "workshop", thing_id)
            return go_to(request, f"/ateliers/{thing_id}")

        shell = [domain for domain in REGISTRY.domains if not domain.entry_kinds]
        things = Domain(name="things", entry_kinds=(KINDS["workshop"],), routers=(Router("", route_handlers=[join]),))
        world.app = make_app(world.settings, now=lambda: world.now, registry=Registry.of(*shell, things))
        browser = await world.browser_of(cast.karim, place_id=cast.place)
        await put(plan(1, place_id=cast.place))
        answer = await browser.partial("/ateliers/1/inscription", {"view": "strip"})
        assert answer.status_code == 200
        assert answer.text.strip().startswith('<li><article class="strip mine"')
        assert answer.text.count("<li><article") == 1
        assert 'hx-swap-oob="innerHTML:#a-moi"' in answer.text
        assert 'class="ticket mine"' in answer.text.split("#a-moi")[1], "one's own dates come along"
        assert "data-focus" in answer.text
        assert "<html" not in answer.text
        plain = await browser.post("/ateliers/1/inscription", {"view": "strip"})
        assert (plain.status_code, plain.headers["location"]) == (303, "/ateliers/1")
        missing = await browser.partial("/ateliers/1/inscription", {"view": "page"})
        assert missing.headers["hx-redirect"] == "/ateliers/1"


class TestMonth:
    def cells(self, answer: httpx.Response) -> dict[int, list[str]]:
        """Day of the month → hours and titles in its cell."""
        found: dict[int, list[str]] = {}
        for cell in re.findall(r"<td role=\"cell\"(?! class=\"outside\").*?</td>", answer.text, re.DOTALL):
            number = re.search(r"</span>(\d+)<span", cell)
            assert number is not None
            found[int(number[1])] = [
                re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", item)).strip()
                for item in re.findall(r"<li .*?</li>", cell, re.DOTALL)
            ]
        return found

    async def test_each_thing_stands_in_its_day(self, cast: Cast, visitor: Browser) -> None:
        await put(plan(1, place_id=cast.place, title="A", starts_at=at("2026-11-01T00:00")))
        await put(plan(2, place_id=cast.place, title="B", starts_at=at("2026-11-30T23:30")))
        await put(plan(3, place_id=cast.place, title="C", starts_at=at("2026-12-01T00:00")))
        await put(plan(4, place_id=cast.place, title="D", starts_at=at("2026-10-31T23:59")))
        cells = self.cells(await visitor.get("/agenda/mois"))
        assert len(cells) == 30
        assert {day: things for day, things in cells.items() if things} == {1: ["0 h A"], 30: ["23 h 30 B"]}

    @pytest.mark.parametrize(
        ("month", "day", "hours"),
        [("2026-10", 25, ["01:30", "03:30", "23:30"]), ("2027-03", 28, ["01:30", "03:30", "23:30"])],
    )
    async def test_days_on_which_the_clock_changes(
        self, cast: Cast, visitor: Browser, month: str, day: int, hours: list[str]
    ) -> None:
        for number, hour in enumerate(hours, start=1):
            await put(plan(number, place_id=cast.place, title=hour, starts_at=at(f"{month}-{day}T{hour}")))
        cells = self.cells(await visitor.get(f"/agenda/mois?mois={month}"))
        assert cells[day] == ["1 h 30 01:30", "3 h 30 03:30", "23 h 30 23:30"]
        assert sum(len(things) for things in cells.values()) == 3

    async def test_it_is_a_table_with_a_caption_and_heads(self, cast: Cast, karim: Browser) -> None:
        await put(plan(1, place_id=cast.place), participant=(cast.karim,))
        answer = await karim.get("/agenda/mois?mois=2026-11")
        assert "1 rendez-vous en novembre 2026" in words(answer)
        assert answer.text.count('scope="col"') == 7
        assert 'aria-current="date"' in answer.text
        assert 'class="mine"' in answer.text
        assert 'rel="next" href="/agenda/mois?mois=2026-12"' in answer.text

    async def test_a_month_too_full_for_a_page_says_so(
        self, cast: Cast, visitor: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for module in ("pages", "views"):
            monkeypatch.setattr(f"app.calendar.{module}.MONTH_STRIPS", 2)
        for number in (1, 2):
            await put(plan(number, place_id=cast.place))
        assert "trop de choses" not in words(await visitor.get("/agenda/mois"))
        await put(plan(3, place_id=cast.place))
        answer = await visitor.get("/agenda/mois")
        assert "trop de choses" in words(answer)
        assert self.cells(answer)[27] == ["14 h On se relit nos CV"] * 2

    async def test_weeks_without_anything_are_marked_for_the_list(self, cast: Cast, visitor: Browser) -> None:
        await put(plan(1, place_id=cast.place, starts_at=at("2026-11-03T10:00")))
        answer = await visitor.get("/agenda/mois")
        rows = re.findall(r'<tr role="row"( class="vacant")?>\s*<td', answer.text)
        # The week of the 3rd has something, that of the 24th has today.
        assert [bool(vacant) for vacant in rows] == [True, False, True, True, False, True]

    async def test_a_bad_month_is_this_one(self, cast: Cast, visitor: Browser) -> None:
        assert "Novembre 2026" in words(await visitor.get("/agenda/mois?mois=2026-99"))
        assert "Rien de prévu ce mois-ci" in words(await visitor.get("/agenda/mois"))


class TestMine:
    async def test_it_needs_an_account(self, cast: Cast, visitor: Browser) -> None:
        assert (await visitor.get("/mes-rendez-vous")).status_code == 303

    async def test_what_i_host_attend_and_wait_for_in_all_places(self, cast: Cast, karim: Browser) -> None:
        canal = await make_place(slug="canal", name="Le Canal")
        await put(plan(1, place_id=cast.place, title="J’anime"), host=(cast.karim,))
        await put(
            plan(2, place_id=canal, title="J’y vais", starts_at=at("2027-01-05T10:00")), participant=(cast.karim,)
        )
        await put(plan(3, place_id=cast.place, title="J’attends"), waiting=(cast.karim,))
        await put(plan(4, place_id=cast.place, title="Sans moi"), participant=(cast.yann,))
        await put(plan(5, place_id=cast.place, title="Annulé"), participant=(cast.karim,))
        await put(plan(5, place_id=cast.place, title="Annulé", state="cancelled"))
        answer = await karim.get("/mes-rendez-vous")
        assert titles(answer) == ["J’anime", "Annulé", "J’y vais", "J’attends"]
        text = words(answer)
        assert "Tu animes" in text
        assert "Le Canal" in text
        assert "Tu es en liste d’attente" in text.split("En attente")[1]

    async def test_what_is_over_is_paged(self, cast: Cast, karim: Browser) -> None:
        first = at("2026-06-01T10:00")
        for number in range(1, 46):
            starts_at = first + timedelta(days=number)
            await put(plan(number, place_id=cast.place, title=f"T{number}", starts_at=starts_at), host=(cast.karim,))
        seen: list[str] = []
        path = "/mes-rendez-vous"
        pages = 0
        while path:
            answer = await karim.get(path)
            seen += titles(answer)
            pages += 1
            more = re.search(r'rel="next" href="([^"]+)"', answer.text)
            path = more[1] if more else ""
        assert seen == [f"T{number}" for number in range(45, 0, -1)]
        assert pages == 3

    async def test_what_is_far_ahead_is_paged_too(self, cast: Cast, karim: Browser) -> None:
        for number in range(1, 66):
            starts_at = at("2026-12-01T10:00") + timedelta(days=number)
            await put(plan(number, place_id=cast.place, title=f"T{number}", starts_at=starts_at), host=(cast.karim,))
        first = await karim.get("/mes-rendez-vous")
        later = re.search(r'href="(/mes-rendez-vous\?apres=[^"]+)"', first.text)
        assert later is not None
        assert titles(first) + titles(await karim.get(later[1])) == [f"T{number}" for number in range(1, 66)]

    async def test_nothing_yet(self, cast: Cast, karim: Browser) -> None:
        assert "Rien de noté pour l’instant" in words(await karim.get("/mes-rendez-vous"))
        assert "Plus rien ici." in words(await karim.get("/mes-rendez-vous?avant=1000000000-1"))


class TestHome:
    async def test_a_visitor_learns_what_is_on_and_how_to_come(self, cast: Cast, visitor: Browser) -> None:
        await put(plan(1, place_id=cast.place, title="Café", hosts=("Samira",), starts_at=at("2026-11-26T10:00")))
        await put(plan(2, place_id=cast.place, title="Plus tard", starts_at=at("2026-12-10T10:00")))
        answer = await visitor.get("/")
        assert titles(answer) == ["Café"]
        text = words(answer)
        assert "14 rue des Tanneurs" in text
        assert "Du lundi au vendredi de 9 h à 18 h" in text
        assert "Créer un compte" in text
        assert "Samira" not in text
        assert not re.search(r"\b(tu|ton|ta|tes|toi|te)\b", text.split("Sommaire")[-1].split("Aide")[0], re.IGNORECASE)
        assert "set-cookie" not in {name.lower() for name in answer.headers} or "visite" in answer.headers["set-cookie"]

    async def test_nothing_on(self, cast: Cast, visitor: Browser) -> None:
        assert "Rien d’affiché cette semaine" in words(await visitor.get("/"))

    async def test_a_member_gets_the_agenda_itself(self, cast: Cast, karim: Browser) -> None:
        await put(plan(1, place_id=cast.place, title="Café"))
        home, agenda = await karim.get("/"), await karim.get("/agenda")
        assert home.status_code == 200
        assert titles(home) == titles(agenda) == ["Café"]

    @pytest.mark.parametrize("path", ["/", "/agenda", "/agenda/mois"])
    async def test_before_there_is_a_place(self, db: Store, visitor: Browser, path: str) -> None:
        answer = await visitor.get(path)
        assert answer.status_code == 200
        assert "reseau setup" in answer.text

    async def test_a_member_of_no_place_sees_the_first_one(self, cast: Cast, world: CalendarWorld) -> None:
        await put(plan(1, place_id=cast.place, title="Café"))
        nowhere = await make_member(name="Nulle part")
        browser = await world.browser_of(nowhere, place_id=None)
        assert titles(await browser.get("/agenda")) == ["Café"]
