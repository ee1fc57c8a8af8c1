"""The desk, the bureau's page and the journal over HTTP: who gets in, what is shown, and what is never shown."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import httpx
import pytest

from app.database import Store, run, transaction
from app.identity.states import Act
from app.journal import write_journal
from app.mediation.pages import page_number
from app.mediation.queries import A_PAGE
from tests.client import NOON, Browser, World, words
from tests.factories import a_proposal, make_grant, make_member, make_place, make_proposal, make_workshop
from tests.people import Cast, make_cast
from workshops import commands, jobs
from workshops.states import Need

DAY = timedelta(days=1)


class Scene:
    """The cast, the application, and a browser for each person."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.world = World()

    async def as_(self, member_id: int, *, place: int | None = None) -> Browser:
        return await self.world.browser_of(member_id, place_id=place or self.cast.place)


@pytest.fixture
async def scene(db: Store) -> Scene:
    return Scene(await make_cast())


def nav(page: httpx.Response) -> set[str]:
    """Addresses of the contents list."""
    contents = page.text.split('id="sommaire"')[1].split("</nav>")[0]
    return set(re.findall(r'href="([^"]+)"', contents))


def marks(page: httpx.Response) -> list[tuple[str, str]]:
    """Each thing that waits: its sort and its id, as programs read them."""
    return [(sort, key) for key, sort in re.findall(r'data-id="(\d+)" data-sort="(\w+)"', page.text)]


class TestWhoGetsIn:
    async def test_role_by_page(self, scene: Scene) -> None:
        cast = scene.cast
        elsewhere = await make_place(slug="ailleurs")
        stray = await make_member(name="Ailleurs", place_id=elsewhere, mediator=True)
        both = await make_member(name="Double", place_id=cast.place, mediator=True)
        await make_grant(member_id=both, place_id=cast.place, act=Act.SAY_YES, from_at=NOON - DAY)
        expected = {
            # who: desk, bureau, journal
            "mediator": (await scene.as_(cast.bruno), 200, 403, 200),
            "mediator with an old grant": (await scene.as_(both), 200, 403, 200),
            "bureau": (await scene.as_(cast.rosa), 403, 200, 200),
            "member": (await scene.as_(cast.samira), 403, 403, 200),
            "newcomer": (await scene.as_(cast.newcomer), 403, 403, 200),
            "mediator of another place, looking here": (await scene.as_(stray), 403, 403, 403),
            "mediator here, looking elsewhere": (await scene.as_(cast.bruno, place=elsewhere), 403, 403, 403),
            "visitor": (scene.world.browser(), 303, 303, 303),
        }
        for who, (browser, *statuses) in expected.items():
            for path, status in zip(("/mediation", "/bureau", "/journal"), statuses, strict=True):
                answer = await browser.get(path)
                assert answer.status_code == status, f"{who} {path}"
                # What one may not read does not stand in the contents, either (the journal does, for any member).
                if status != 303 and path != "/journal":
                    assert (path in nav(answer)) == (status == 200), f"{who} {path}"

    async def test_visitors_sign_in_and_come_back(self, scene: Scene) -> None:
        answer = await scene.world.browser().get("/mediation")
        assert answer.headers["location"] == "/connexion?suite=/mediation"

    async def test_a_refusal_is_in_plain_words(self, scene: Scene) -> None:
        member = await scene.as_(scene.cast.samira)
        assert "pour les personnes qui font la médiation dans ce lieu" in words(await member.get("/mediation"))
        assert "pour les membres du bureau" in words(await member.get("/bureau"))
        elsewhere = await make_place(slug="ailleurs")
        stray = await scene.as_(scene.cast.samira, place=elsewhere)
        assert "pour les membres de ce lieu" in words(await stray.get("/journal"))

    async def test_the_desk_is_at_hand_on_a_mediators_phone(self, scene: Scene) -> None:
        page = (await (await scene.as_(scene.cast.bruno)).get("/agenda")).text
        bar = page.split('<nav class="bar"')[1]
        assert 'href="/mediation"' in bar
        assert len(re.findall("<li>", bar)) <= 5


class TestDesk:
    async def test_an_empty_desk_says_so(self, scene: Scene) -> None:
        page = words(await (await scene.as_(scene.cast.bruno)).get("/mediation"))
        assert "Rien à régler." in page
        assert "sans toi" not in page

    async def test_what_waits_says_who_what_and_when_silence_is_yes(self, scene: Scene) -> None:
        cast = scene.cast
        workshop_id = await make_proposal(
            place_id=cast.place, host=cast.yann, room_id=cast.salon, now=NOON - timedelta(days=2)
        )
        page = await (await scene.as_(cast.bruno)).get("/mediation")
        assert "Par Yann. Atelier libre, vendredi 4 décembre de 12 h à 14 h, Salon, 12 places." in words(page)
        assert "Sans réponse dimanche 29 novembre à 12 h, c’est oui" in words(page)
        assert "Attend depuis 2 jours" in words(page)
        assert f'href="/mediation/ateliers/{workshop_id}"' in page.text
        assert marks(page) == [("reading", str(workshop_id))]
        assert page.headers["cache-control"] == "no-store"

    async def test_the_oldest_of_each_sort_stands_first_and_the_first_large(self, scene: Scene) -> None:
        cast = scene.cast
        ids = {
            days: await make_proposal(
                place_id=cast.place, host=cast.yann, now=NOON - days * DAY, starts_at=NOON + (10 + days) * DAY
            )
            for days in (1, 3, 2)
        }
        page = await (await scene.as_(cast.bruno)).get("/mediation")
        assert marks(page) == [("reading", str(ids[days])) for days in (3, 2, 1)]
        assert page.text.count('class="file-card') == 1
        assert page.text.index("file-card") < page.text.index('class="queue"')

    async def test_chips_count_and_filter(self, scene: Scene) -> None:
        cast = scene.cast
        flame = await make_proposal(place_id=cast.place, host=cast.yann, needs=frozenset({Need.FLAME}))
        help_ = await make_workshop(place_id=cast.place, host=cast.samira, mediator=cast.helene, help_wanted=True)
        bruno = await scene.as_(cast.bruno)
        page = await bruno.get("/mediation")
        for chip in ("Tout, 3", "À relire, 1", "Coups de main, 1", "Oui du bureau, 1"):
            assert chip in words(page)
        assert sorted(marks(page)) == sorted([("reading", str(flame)), ("help", str(help_)), ("yes", str(flame))])
        assert marks(await bruno.get("/mediation?voir=coups-de-main")) == [("help", str(help_))]
        assert marks(await bruno.get("/mediation?voir=oui-du-bureau")) == [("yes", str(flame))]
        for odd in ("rien", "contestes", "%00", "a" * 5000, "<b>"):
            assert len(marks(await bruno.get(f"/mediation?voir={odd}"))) == 3

    async def test_an_edit_is_put_back_to_be_read_from_the_desk(self, scene: Scene) -> None:
        cast = scene.cast
        workshop_id = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.helene)
        edited = a_proposal(title="On se moque des CV")
        await commands.edit(actor=cast.yann, workshop_id=workshop_id, proposal=edited, version=1, now=NOON)
        bruno = await scene.as_(cast.bruno)
        page = await bruno.get("/mediation")
        assert marks(page) == [("edit", str(workshop_id))]
        (deed,) = re.findall(r'action="(/mediation/[^"]+)"', page.text)
        assert (await bruno.post(deed)).status_code == 303
        assert marks(await bruno.get("/mediation")) == [("reading", str(workshop_id))]

    async def test_what_one_mediator_answers_leaves_the_others_desk(self, scene: Scene) -> None:
        cast = scene.cast
        workshop_id = await make_proposal(place_id=cast.place, host=cast.yann)
        bruno, helene = await scene.as_(cast.bruno), await scene.as_(cast.helene)
        assert marks(await helene.get("/mediation")) == [("reading", str(workshop_id))]
        decided = await bruno.post(f"/mediation/ateliers/{workshop_id}", {"decision": "approve", "version": "1"})
        assert (decided.status_code, decided.headers["location"]) == (303, "/mediation")
        assert marks(await helene.get("/mediation")) == []
        assert "C’est d’accord" in words(await bruno.get("/mediation"))

    async def test_it_counts_what_was_settled_without_it_since_monday(self, scene: Scene) -> None:
        cast = scene.cast
        for n in range(3):
            await make_proposal(
                place_id=cast.place, host=cast.yann, now=NOON - 9 * DAY, starts_at=NOON + (10 + n) * DAY
            )
        bruno = await scene.as_(cast.bruno)
        await jobs.publish_silent(NOON - 2 * DAY)  # on Sunday
        assert "sans toi" not in words(await bruno.get("/mediation"))
        await make_proposal(place_id=cast.place, host=cast.odile, now=NOON - 9 * DAY, starts_at=NOON + 20 * DAY)
        await jobs.publish_silent(NOON)
        assert "1 chose s’est réglée sans toi cette semaine." in words(await bruno.get("/mediation"))
        for n in range(2):
            await make_proposal(
                place_id=cast.place, host=cast.karim, now=NOON - 9 * DAY, starts_at=NOON + (30 + n) * DAY
            )
        await jobs.publish_silent(NOON)
        assert "3 choses se sont réglées sans toi cette semaine." in words(await bruno.get("/mediation"))

    async def test_attendance_is_shown_nowhere_on_it(self, scene: Scene) -> None:
        cast = scene.cast
        workshop_id = await make_workshop(
            place_id=cast.place, host=cast.yann, mediator=cast.helene, help_wanted=True, starts_at=NOON + DAY
        )
        await commands.sign_up(actor=cast.samira, workshop_id=workshop_id, now=NOON)
        page = await (await scene.as_(cast.bruno)).get("/mediation")
        assert marks(page) == [("help", str(workshop_id))]
        assert "Samira" not in page.text
        assert "data-seats-left" not in page.text

    async def test_what_people_wrote_stays_words(self, scene: Scene) -> None:
        cast = scene.cast
        workshop_id = await make_proposal(place_id=cast.place, host=cast.yann, title="<script>alert(1)</script>")
        await commands.block(
            actor=cast.helene, workshop_id=workshop_id, reason="</p><img src=x onerror=alert(1)> 100 % %(n)s", now=NOON
        )
        page = (await (await scene.as_(cast.bruno)).get("/mediation")).text
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "&lt;script&gt;alert(1)" in page
        assert "%(n)s" in page

    @pytest.mark.parametrize("number", [1, 20])
    async def test_a_fixed_number_of_queries(self, scene: Scene, db: Store, number: int) -> None:
        for n in range(number):
            host = await make_member(place_id=scene.cast.place)
            await make_proposal(place_id=scene.cast.place, host=host, title=f"Atelier {n}", help_wanted=True)
        bruno = await scene.as_(scene.cast.bruno)
        before = db.query_id
        page = await bruno.get("/mediation")
        assert len(marks(page)) == 2 * number
        told = "the visit, what waits, whose it is, what was settled; turns that lack somebody, duties that stay empty"
        assert db.query_id - before == 6, told


class TestBureau:
    async def test_it_lists_what_waits_for_a_yes(self, scene: Scene) -> None:
        cast = scene.cast
        flame = await make_proposal(place_id=cast.place, host=cast.yann, needs=frozenset({Need.FLAME}))
        await make_proposal(place_id=cast.place, host=cast.samira, title="Sans bureau")
        rosa = await scene.as_(cast.rosa)
        page = await rosa.get("/bureau")
        assert marks(page) == [("yes", str(flame))]
        assert "Sans leur oui avant vendredi 4 décembre à 12 h, ça ne paraît pas" in words(page)
        assert "Sans bureau" not in words(page)
        assert (await rosa.post(f"/ateliers/{flame}/oui", {"version": "1"})).status_code == 303
        assert "Rien n’attend ton oui." in words(await rosa.get("/bureau"))

    async def test_a_mandate_that_is_over_opens_nothing(self, scene: Scene) -> None:
        cast = scene.cast
        await make_grant(
            member_id=cast.karim, place_id=cast.place, act=Act.SAY_YES, from_at=NOON - 9 * DAY, until_at=NOON + DAY
        )
        karim = await scene.as_(cast.karim)
        assert (await karim.get("/bureau")).status_code == 200
        scene.world.later(days=1)
        assert (await karim.get("/bureau")).status_code == 403


async def note(
    cast: Cast,
    *,
    at: datetime = NOON,
    title: str = "",
    reason: str = "",
    voice: str = "mediation",
    shown: bool = True,
    thing_id: int = 1,
    place: int | None = None,
) -> None:
    """A line of the journal, written as commands do."""
    async with transaction():
        await write_journal(
            place_id=place or cast.place, at=at, voice=voice, act="workshop.published", kind="workshop",
            thing_id=thing_id, actor_id=cast.bruno, title=title, reason=reason, shown=shown,
        )  # fmt: skip


class TestJournal:
    async def test_it_is_empty_at_first(self, scene: Scene) -> None:
        page = await (await scene.as_(scene.cast.samira)).get("/journal")
        assert "Rien de décidé encore." in words(page)

    async def test_a_decision_stands_with_its_reason_and_without_a_name(self, scene: Scene) -> None:
        cast = scene.cast
        workshop_id = await make_proposal(place_id=cast.place, host=cast.yann)
        await commands.decide(
            actor=cast.bruno, workshop_id=workshop_id, decision="send_back", reason="La salle ferme à 18 h.",
            way_out="À 14 h, oui.", version=1, now=NOON,
        )  # fmt: skip
        member = await scene.as_(cast.samira)
        page = await member.get("/journal")
        assert "Une proposition, pas encore parue Un changement est demandé. La médiation. 12 h" in words(page)
        assert "La salle ferme à 18 h. À 14 h, oui." in words(page)
        for leak in ("On se relit nos CV", "Yann", "Bruno", f"/ateliers/{workshop_id}"):
            assert leak not in page.text

        await commands.submit(actor=cast.yann, workshop_id=workshop_id, now=NOON)
        await commands.decide(actor=cast.helene, workshop_id=workshop_id, decision="approve", version=2, now=NOON)
        page = await member.get("/journal")
        assert words(page).count("On se relit nos CV") == 2, "published: the earlier line has its title, too"
        assert page.text.count(f'href="/ateliers/{workshop_id}"') == 2
        assert "Yann" not in page.text

    async def test_the_voices_of_silence_and_of_the_drawn(self, scene: Scene) -> None:
        await note(scene.cast, voice="silence", title="Un")
        await note(scene.cast, voice="drawn", title="Deux")
        await note(scene.cast, voice="bureau", title="Trois")
        await note(scene.cast, voice="something new", title="Quatre")
        page = words(await (await scene.as_(scene.cast.samira)).get("/journal"))
        assert "Un Publié. Le silence : personne n’a répondu à temps, et c’est oui." in page
        assert "Deux Publié. Trois membres tirés au sort." in page
        assert "Trois Publié. Le bureau." in page
        assert "Quatre Publié. L’horloge." in page

    async def test_lines_that_are_not_for_members_and_other_places_stay_out(self, scene: Scene) -> None:
        elsewhere = await make_place(slug="ailleurs")
        await note(scene.cast, title="Secret", shown=False)
        await note(scene.cast, title="Ailleurs", place=elsewhere)
        await note(scene.cast, title="Ici")
        page = await (await scene.as_(scene.cast.samira)).get("/journal")
        assert "Ici" in page.text
        assert "Secret" not in page.text
        assert "Ailleurs" not in page.text

    async def test_pages_hold_thirty_newest_first(self, scene: Scene) -> None:
        for n in range(2 * A_PAGE + 1):
            await note(scene.cast, at=NOON - timedelta(minutes=n), title=f"Ligne-{n:02}")
        member = await scene.as_(scene.cast.samira)
        seen: list[str] = []
        path = "/journal"
        for _ in range(5):
            page = await member.get(path)
            seen += re.findall(r"Ligne-\d\d", page.text)
            following = re.search(r'rel="next" href="([^"]+)"', page.text)
            if following is None:
                break
            path = following[1].replace("&amp;", "&")
        assert seen == [f"Ligne-{n:02}" for n in range(2 * A_PAGE + 1)]
        assert path == "/journal?page=3"

    async def test_a_month_can_be_chosen(self, scene: Scene) -> None:
        await note(scene.cast, at=datetime.fromisoformat("2026-09-30T21:59:59+00:00"), title="Septembre")
        await note(scene.cast, at=datetime.fromisoformat("2026-09-30T22:00:00+00:00"), title="Premier d’octobre")
        await note(scene.cast, at=datetime.fromisoformat("2026-10-31T22:59:00+00:00"), title="Fin d’octobre")
        await note(scene.cast, at=datetime.fromisoformat("2026-10-31T23:00:00+00:00"), title="En novembre")
        member = await scene.as_(scene.cast.samira)
        page = words(await member.get("/journal?mois=2026-10"))
        assert "Premier d’octobre" in page
        assert "Fin d’octobre" in page
        assert "En novembre" not in page
        assert "Septembre" not in page
        assert "novembre 2026 octobre 2026 septembre 2026" in page

    async def test_older_years_are_a_choice_each(self, scene: Scene) -> None:
        for at, title in (
            ("2023-12-31T23:30", "Janvier"),
            ("2024-12-31T22:30", "Décembre"),
            ("2025-01-01T00:00", "Plus tard"),
        ):
            await note(scene.cast, at=datetime.fromisoformat(f"{at}:00+00:00"), title=title)
        member = await scene.as_(scene.cast.samira)
        page = words(await member.get("/journal"))
        assert "décembre 2025 2025 2024 Je" in page
        assert "février 2024" not in page
        year = words(await member.get("/journal?mois=2024"))
        assert [title in year for title in ("Janvier", "Décembre", "Plus tard")] == [True, True, False]
        assert "décembre 2025 décembre 2024 novembre 2024" in year
        assert "janvier 2024 2025 2024 Je" in year
        month = words(await member.get("/journal?mois=2024-01"))
        assert [title in month for title in ("Janvier", "Décembre", "Plus tard")] == [True, False, False]

    @pytest.mark.parametrize(
        "query",
        ["mois=2026-13", "mois=x", "mois=2019-01", "page=0", "page=-1", "page=x", "page=%00", "page=1e9", "page=²"],
    )
    async def test_what_cannot_be_understood_shows_the_beginning(self, scene: Scene, query: str) -> None:
        await note(scene.cast, title="Ligne")
        page = await (await scene.as_(scene.cast.samira)).get(f"/journal?{query}")
        assert page.status_code == 200
        assert "Ligne" in page.text

    async def test_beyond_the_end_there_is_a_way_back(self, scene: Scene) -> None:
        await note(scene.cast, title="Ligne")
        for path in ("/journal?page=9999", "/journal?page=2"):
            page = await (await scene.as_(scene.cast.samira)).get(path)
            assert page.status_code == 200
            assert "Rien de plus." in words(page)
            assert "Je reviens au plus récent" in words(page)

    @pytest.mark.parametrize("number", [1, 20])
    async def test_a_fixed_number_of_queries(self, scene: Scene, db: Store, number: int) -> None:
        for n in range(number):
            await note(scene.cast, title=f"Ligne {n}", thing_id=n + 1)
        member = await scene.as_(scene.cast.samira)
        before = db.query_id
        page = await member.get("/journal")
        assert page.text.count("<h3>") == number
        assert db.query_id - before == 3, "the visit, the oldest line, the page"


async def test_reading_writes_nothing(scene: Scene) -> None:
    cast = scene.cast
    await make_proposal(place_id=cast.place, host=cast.yann)
    tables = ("workshop", "journal_line", "outbox", "entry", "taking_part", "juror", "host")

    async def all_rows() -> list[list[dict[str, object]]]:
        return [await run(f"select * from {table} order by id") for table in tables]

    before = await all_rows()
    for path, who in (("/mediation", cast.bruno), ("/bureau", cast.rosa), ("/journal", cast.samira)):
        assert (await (await scene.as_(who)).get(path)).status_code == 200
    assert await all_rows() == before


@pytest.mark.parametrize(
    ("written", "number"),
    [("", 1), ("2", 2), ("0", 1), ("-3", 1), ("١٢", 1), ("1000", 1000), ("9999", 1000), ("10000", 1)],
)
def test_page_numbers_are_read_leniently(written: str, number: int) -> None:
    assert page_number(written) == number
