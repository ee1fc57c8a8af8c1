"""« À prévenir aujourd’hui »: who sees it, who stands in it and in which order, and what « C’est dit » does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

import pytest

from app.database import Store, run, transaction
from app.identity.states import Act
from app.notices import queries_calls
from app.notices.commands import stop_mail
from app.notices.links import StopLink
from app.notices.queries_calls import phone_href
from app.notices.states import STOPPABLE, URGENT, Kind
from tests.app.notices.telling import everything, message, set_message, told
from tests.client import NOON, Browser, World, words
from tests.factories import make_grant, make_member, make_place
from tests.people import Cast, make_cast


class Welcome:
    """The place, with Odile at the door."""

    def __init__(self, cast: Cast, odile: Browser, world: World) -> None:
        self.cast, self.odile, self.world = cast, odile, world

    @classmethod
    async def made(cls) -> Welcome:
        cast, world = await make_cast(), World()
        await make_grant(member_id=cast.odile, place_id=cast.place, act=Act.REGISTER)
        return cls(cast, await world.browser_of(cast.odile, place_id=cast.place), world)

    async def person(self, name: str = "Ginette", phone: str = "") -> int:
        member = await make_member(name=name, place_id=self.cast.place, email=None)
        async with transaction():
            await run("update member set phone = {} where id = {}", phone, member)
        return member

    async def listed(self, page: str = "") -> list[int]:
        """The messages that are still to be told, as they stand."""
        answer = await self.odile.get("/a-prevenir" + page)
        assert answer.status_code == 200
        return [int(found) for found in re.findall(r'<section class="call[^>]*data-id="(\d+)"', answer.text)]


class TestWhoSeesIt:
    @pytest.mark.parametrize("path", ["/a-prevenir", "/a-prevenir/feuille"])
    async def test_only_who_holds_the_welcome_turn_now(self, db: Store, path: str) -> None:
        cast, world = await make_cast(), World()
        hour = timedelta(hours=1)
        act = Act.REGISTER
        await make_grant(member_id=cast.odile, place_id=cast.place, act=act, from_at=NOON - hour, until_at=NOON + hour)
        await make_grant(member_id=cast.yann, place_id=cast.place, act=act, from_at=NOON + hour)
        await make_grant(member_id=cast.bruno, place_id=cast.place, act=act)
        elsewhere = await make_place()
        await make_grant(member_id=cast.aicha, place_id=elsewhere, act=act)
        assert (await (await world.browser_of(cast.odile, place_id=cast.place)).get(path)).status_code == 200
        for member in (cast.samira, cast.yann, cast.bruno, cast.rosa, cast.aicha):
            answer = await (await world.browser_of(member, place_id=cast.place)).get(path)
            assert answer.status_code == 403
            assert "Cette liste est pour qui tient l’accueil" in words(answer)
        assert (await world.browser().get(path)).status_code == 303
        odile = await world.browser_of(cast.odile, place_id=cast.place)
        world.later(hours=1)
        assert (await odile.get(path)).status_code == 403, "the turn is over"

    @pytest.mark.parametrize("deed", ["dit", "pas-dit"])
    async def test_nobody_else_notes_anything(self, db: Store, deed: str) -> None:
        here = await Welcome.made()
        (waiting,) = await told(await here.person(), place_id=here.cast.place)
        if deed == "pas-dit":
            await here.odile.post(f"/a-prevenir/{waiting}/dit")
        before = await everything()
        for member in (here.cast.samira, here.cast.bruno):
            other = await here.world.browser_of(member, place_id=here.cast.place)
            assert (await other.post(f"/a-prevenir/{waiting}/{deed}")).status_code == 403
        assert await everything() == before

    async def test_it_stands_in_the_contents_of_who_may(self, sqlite_only_db: Store) -> None:
        here = await Welcome.made()
        samira = await here.world.browser_of(here.cast.samira, place_id=here.cast.place)
        assert 'href="/a-prevenir"' in (await here.odile.get("/agenda")).text
        assert 'href="/a-prevenir"' not in (await samira.get("/agenda")).text


class TestWhoStandsInIt:
    async def test_urgent_kinds_alone(self, db: Store) -> None:
        here = await Welcome.made()
        ginette = await here.person()
        sent: dict[Kind, int] = {kind: (await told(ginette, kind=kind, subject=kind))[0] for kind in STOPPABLE}
        assert set(await here.listed()) == {sent[kind] for kind in URGENT}

    async def test_not_what_was_mailed_read_or_told_nor_what_has_begun(self, db: Store) -> None:
        here = await Welcome.made()
        ginette = await here.person()
        (mailed,) = await told(here.cast.samira, subject="Mail")
        (waiting,) = await told(ginette, subject="Attend")
        (read,) = await told(ginette, subject="Lu")
        (said,) = await told(ginette, subject="Dit")
        (begun,) = await told(ginette, subject="Commence", starts_at=NOON)
        (nearly,) = await told(ginette, subject="Bientôt", starts_at=NOON + timedelta(minutes=1))
        (emptied,) = await told(ginette, subject="Oublié")
        assert set(await here.listed()) == {waiting, read, said, nearly, emptied}, "the control"
        await set_message(read, read_at=NOON)
        await set_message(said, told_at=NOON)
        await set_message(emptied, subject="")
        assert await here.listed() == [nearly, waiting]
        assert begun != mailed
        here.world.later(minutes=1)
        assert await here.listed() == [waiting]

    async def test_what_has_no_hour_for_a_week(self, db: Store) -> None:
        here = await Welcome.made()
        ginette = await here.person()
        await told(ginette, subject="Huit jours", starts_at=None, now=NOON - timedelta(days=7))
        (young,) = await told(ginette, subject="Six", starts_at=None, now=NOON - timedelta(days=6))
        assert await here.listed() == [young]

    async def test_a_mail_that_did_not_get_through_is_to_be_said(self, db: Store) -> None:
        here = await Welcome.made()
        (lost,) = await told(here.cast.samira)
        assert await here.listed() == []
        await set_message(lost, on_site=True, set_aside_at=NOON)
        assert await here.listed() == [lost]
        assert "Le mail n’est pas passé" in words(await here.odile.get("/a-prevenir"))

    async def test_nobody_calls_who_wants_no_mail_of_that_kind(self, db: Store) -> None:
        here = await Welcome.made()
        await stop_mail(StopLink(here.cast.samira, Kind.CANCELLATION), now=NOON)
        (stopped,) = await told(here.cast.samira, kind=Kind.CANCELLATION, subject="Arrêté")
        assert [(await message(stopped))[name] for name in ("recipient", "on_site", "stopped")] == ["", True, True]
        assert await here.listed() == []
        assert (await here.odile.post(f"/a-prevenir/{stopped}/dit")).status_code == 404
        (other,) = await told(here.cast.samira, kind=Kind.CHANGE, subject="Pas arrêté")
        await set_message(other, on_site=True, set_aside_at=NOON)
        async with transaction():  # whoever has no address any more has stopped no mail that could come
            await run("update member set email = null where id = {}", here.cast.samira)
        (gone,) = await told(here.cast.samira, kind=Kind.CANCELLATION, subject="Plus d’adresse")
        assert set(await here.listed()) == {other, gone}
        await set_message(stopped, set_aside_at=NOON)  # it went all the same, for the calendar, and did not get through
        assert set(await here.listed()) == {other, gone}

    async def test_without_a_mail_server_not_everybody_is_called(self, db: Store) -> None:
        here = await Welcome.made()
        (logged,) = await told(here.cast.samira)
        (waiting,) = await told(await here.person())
        await set_message(logged, on_site=True, logged_at=NOON)
        assert await here.listed() == [waiting]

    async def test_whoever_mediates_there_reads_nothing_of_it_at_another_door(self, db: Store) -> None:
        here = await Welcome.made()
        tanneurs, canal = here.cast.place, await make_place(name="Le Canal")
        await make_grant(member_id=here.cast.bruno, place_id=canal, act=Act.REGISTER)
        async with transaction():
            await run(
                "insert into membership (member_id, place_id, mediator, employer, joined_at, met_at) "
                "values ({}, {}, {}, '', {}, {})",
                here.cast.bruno,
                canal,
                False,
                NOON,
                NOON,
            )
        ginette = await make_member(name="Ginette", place_id=canal, email=None)
        (theirs,) = await told(ginette, subject="D’ici", place_id=tanneurs)
        (own,) = await told(ginette, subject="De là-bas", place_id=canal)
        door = await here.world.browser_of(here.cast.bruno, place_id=canal)
        page = await door.get("/a-prevenir")
        assert re.findall(r'<section class="call[^>]*data-id="(\d+)"', page.text) == [str(own)]
        assert (await door.post(f"/a-prevenir/{theirs}/dit")).status_code == 404
        async with transaction():
            await run("update membership set mediator = {} where member_id = {}", False, here.cast.bruno)
        page = await door.get("/a-prevenir")
        assert len(re.findall(r'<section class="call[^>]*data-id="(\d+)"', page.text)) == 2, "the control"

    async def test_people_of_this_place_each_by_the_place_it_is_about(self, db: Store) -> None:
        here = await Welcome.made()
        canal = await make_place(name="Le Canal")
        both, canals = await here.person("Des deux"), await make_member(name="Du canal", place_id=canal, email=None)
        async with transaction():
            await run(
                "insert into membership (member_id, place_id, mediator, employer, joined_at) "
                "values ({}, {}, {}, '', {})",
                both,
                canal,
                False,
                NOON,
            )
        ours = await told(both, subject="D’ici", place_id=here.cast.place)
        nowhere = await told(both, subject="De nulle part", place_id=None)
        await told(both, subject="De là-bas", place_id=canal)
        await told(canals, subject="Pas d’ici", place_id=canal)
        visiting = await told(await here.person("En visite"), subject="Ailleurs", place_id=canal)
        assert set(await here.listed()) == {*ours, *nowhere, *visiting}

    async def test_not_oneself_nor_who_has_left(self, db: Store) -> None:
        here = await Welcome.made()
        gone = await here.person()
        for member in (here.cast.odile, gone):
            (each,) = await told(member, subject=str(member))
            await set_message(each, on_site=True, recipient="")
        assert len(await here.listed()) == 1
        async with transaction():
            await run("update member set erased_at = {} where id = {}", NOON, gone)
        assert await here.listed() == []

    async def test_the_soonest_first_all_of_a_person_together(self, db: Store) -> None:
        here = await Welcome.made()
        lila, ginette = await here.person("Lila"), await here.person("Ginette")
        (late,) = await told(lila, subject="Lila tard", starts_at=NOON + timedelta(days=5))
        (soon,) = await told(ginette, subject="Ginette", starts_at=NOON + timedelta(days=2))
        (sooner,) = await told(lila, subject="Lila tôt", starts_at=NOON + timedelta(days=1))
        (some,) = await told(ginette, subject="Sans heure", starts_at=None)
        assert await here.listed() == [sooner, late, soon, some]

    async def test_what_is_said_and_what_is_not(self, db: Store) -> None:
        here = await Welcome.made()
        ginette, lila = await here.person("Ginette", "06 39 98 12 34"), await here.person("Lila")
        await told(ginette, subject="L’heure change", place_id=here.cast.place)
        await told(lila, subject="Groupe de parole annulé", body=["Tout intime"], discreet=True)
        page = await here.odile.get("/a-prevenir")
        said = words(page)
        assert 'href="tel:0639981234"' in page.text
        assert "Pas de téléphone : à dire de vive voix" in said
        assert "L’heure change" in said
        assert said.count("Jeudi 26 novembre à 12 h") == 1, "when is said of what may be told alone"
        assert "Un message l’attend sur le site" in said
        for path in ("/a-prevenir", "/a-prevenir/feuille"):
            text = (await here.odile.get(path)).text
            assert "parole" not in text
            assert "intime" not in text

    async def test_it_is_glad_when_everybody_knows(self, sqlite_only_db: Store) -> None:
        here = await Welcome.made()
        assert "Tout le monde est au courant !" in words(await here.odile.get("/a-prevenir"))
        assert "Il n’y a personne à prévenir." in words(await here.odile.get("/a-prevenir/feuille"))

    async def test_it_has_pages_and_the_same_number_of_queries(
        self, sqlite_only_db: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.unchanged.MOST_OWN", 0)  # as whoever comes for the first time
        here = await Welcome.made()
        sent = []
        for number in range(45):
            sent += await told(await here.person(f"N° {number}"), starts_at=NOON + timedelta(hours=number + 1))
            sent += await told((await run("select max(id) as id from member"))[0]["id"], subject="b", starts_at=None)
        seen: list[int] = []
        for number in (1, 2, 3):
            seen += await here.listed(f"?page={number}")
        assert seen == sent
        assert "Plus rien ici" in words(await here.odile.get("/a-prevenir?page=4"))
        asked: list[str] = []
        original = type(sqlite_only_db).fetch

        async def counting(self: Store, sql: str, args: Sequence[object] = ()) -> list[object]:
            asked.append(sql)
            return await original(self, sql, args)

        monkeypatch.setattr(type(sqlite_only_db), "fetch", counting)
        assert len(await here.listed()) == 2 * queries_calls.A_PAGE
        assert len(asked) == 4, "the visit, the people, their messages, what was told today"

    async def test_its_indexes_are_used(self, sqlite_only_db: Store) -> None:
        here = await Welcome.made()
        args = (here.cast.place, here.cast.odile, here.cast.odile, NOON, NOON, NOON)
        plan = await run(f"explain query plan select o.id {queries_calls._WAITING}", *args)
        assert "outbox_to_tell" in str(plan), plan
        told_today = f"{queries_calls._OF_PLACE} and {queries_calls._URGENT} and o.told_at >= {{}}"
        plan = await run(f"explain query plan select o.id {told_today}", *args[:4])
        assert "outbox_told" in str(plan), plan


class TestToldByVoice:
    async def test_it_is_told_once_by_the_first(self, db: Store) -> None:
        here = await Welcome.made()
        (waiting,) = await told(await here.person())
        await make_grant(member_id=here.cast.yann, place_id=here.cast.place, act=Act.REGISTER)
        yann = await here.world.browser_of(here.cast.yann, place_id=here.cast.place)
        answer = await here.odile.post(f"/a-prevenir/{waiting}/dit")
        assert (answer.status_code, answer.headers["location"]) == (303, "/a-prevenir")
        here.world.later(minutes=5)
        for browser in (here.odile, yann):
            assert (await browser.post(f"/a-prevenir/{waiting}/dit")).status_code == 303
        row = await message(waiting)
        assert (row["told_at"], row["told_by"], row["read_at"]) == (NOON, here.cast.odile, None)
        assert await here.listed() == []
        assert "À 12 h, par toi" in words(await here.odile.get("/a-prevenir"))
        assert "À 12 h, par Odile" in words(await yann.get("/a-prevenir"))
        assert await run("select * from journal_line") == [], "nothing personal in the journal"

    async def test_it_is_taken_back_the_same_day(self, db: Store) -> None:
        here = await Welcome.made()
        (waiting,) = await told(await here.person(), starts_at=NOON + timedelta(days=3))
        await here.odile.post(f"/a-prevenir/{waiting}/dit")
        here.world.later(hours=11, minutes=59)
        for _ in range(2):
            assert (await here.odile.post(f"/a-prevenir/{waiting}/pas-dit")).status_code == 303
        row = await message(waiting)
        assert (row["told_at"], row["told_by"]) == (None, None)
        assert await here.listed() == [waiting]
        await here.odile.post(f"/a-prevenir/{waiting}/dit")
        here.world.later(minutes=1)
        answer = await here.odile.post(f"/a-prevenir/{waiting}/pas-dit")
        assert answer.status_code == 409
        assert "C’était un autre jour" in words(answer)
        assert (await message(waiting))["told_at"] is not None
        assert "Dit aujourd’hui" not in words(await here.odile.get("/a-prevenir"))

    async def test_htmx_gets_the_list_alone(self, sqlite_only_db: Store) -> None:
        here = await Welcome.made()
        (first,), (second,) = await told(await here.person("Lila")), await told(await here.person("Ginette"))
        answer = await here.odile.partial(f"/a-prevenir/{first}/dit")
        assert answer.status_code == 200
        assert "<html" not in answer.text
        assert answer.text.count("data-focus") == 1
        assert [int(each) for each in re.findall(r'class="call[^>]*data-id="(\d+)"', answer.text)] == [second]
        assert "En fait, non" in words(answer)
        glad = await here.odile.partial(f"/a-prevenir/{second}/dit")
        assert "Tout le monde est au courant !" in words(glad)
        assert glad.text.count("data-focus") == 1
        back = await here.odile.partial(f"/a-prevenir/{second}/pas-dit")
        assert "Ginette" in words(back)

    async def test_what_is_not_in_the_list_is_not_found(self, db: Store) -> None:
        here = await Welcome.made()
        canal = await make_place(name="Le Canal")
        elsewhere = await make_member(place_id=canal, email=None)
        (theirs,) = await told(elsewhere)
        (mailed,) = await told(here.cast.samira)
        (own,) = await told(here.cast.odile, subject="À moi")
        await set_message(own, on_site=True, recipient="")
        (calm,) = await told(await here.person(), kind=Kind.DUTY)
        before = await everything()
        for number in (theirs, mailed, own, calm, 999999):
            for deed in ("dit", "pas-dit"):
                assert (await here.odile.post(f"/a-prevenir/{number}/{deed}")).status_code == 404
        assert await everything() == before

    async def test_looking_changes_nothing(self, sqlite_only_db: Store) -> None:
        here = await Welcome.made()
        await told(await here.person())
        before = await everything()
        for path in ("/a-prevenir", "/a-prevenir/feuille"):
            await here.odile.get(path)
            await here.odile.head(path)
        assert await everything() == before


class TestTheSheet:
    async def test_each_message_has_a_line_and_no_sheet_too_many(self, sqlite_only_db: Store) -> None:
        here = await Welcome.made()
        for number in range(queries_calls.A_SHEET + 1):
            await told(await here.person(f"N° {number}", "01 02"), subject=f"Sujet {number}", place_id=here.cast.place)
        page = await here.odile.get("/a-prevenir/feuille")
        assert page.text.count('<article class="sheet') == 2
        assert page.text.count("tickbox") == queries_calls.A_SHEET + 1
        assert page.text.count("<h1") == 1
        said = words(page)
        assert said.index("Sujet 0") < said.index("Sujet 11")
        assert "elle est jetée ce soir" in said


@pytest.mark.parametrize(
    ("written", "href"),
    [
        ("06 39 98 12 34", "tel:0639981234"),
        ("+33 (0)1 39 98 00 00", "tel:+33139980000"),
        ("06.39.98.12.34 (Lila)", "tel:0639981234"),
        ("demander à Lila", ""),
        ("", ""),
        ("javascript:alert(1)", ""),
        ("٠٦٣٩٩٨", ""),
    ],
)
def test_a_number_is_dialled_as_telephones_do(written: str, href: str) -> None:
    assert phone_href(written) == href
