"""« Mes données »: a copy of all of one's own and nothing of another's, and an erasure after which nothing is left."""

from __future__ import annotations

import asyncio
import html
import io
import json
import logging
import re
import zipfile
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from app.calendar.commands import add_feed
from app.calendar.rules import FeedWishes
from app.contracts import Erasure
from app.database import run, transaction
from app.errors import Refusal
from app.i18n import language
from app.identity import leaving
from app.identity.commands_me import Profile, edit_me
from app.identity.commands_welcome import register_without_email
from app.identity.states import HANDED_OVER, STANDING, Act
from app.identity.tables import Member
from app.main import REGISTRY
from app.mediation.own_data import VOICES
from app.notices.commands import choose_mail
from app.notices.delivery import Postman
from app.notices.states import Kind, Remind
from app.notices.wording import KIND_NAMES
from app.settings import LANGUAGES
from app.web.kept import by_part
from tests.app.identity.lives import ADULT_ON, CANARIES, LATER, NAME, TOKEN, left_of_them, live
from tests.app.identity.steps import PASSWORD, email_of, give_password
from tests.app.notices.mail_server import MailServer
from tests.client import NOON, Browser, World, words
from tests.factories import make_grant, make_proposal, make_workshop
from tests.people import Cast
from workshops.commands import sign_up
from workshops.own_data import VOTES
from workshops.states import Need
from workshops.tables import Juror

ROOT = Path(__file__).resolve().parents[3]
YES = {"understood": "1", "password": PASSWORD}
ERASURE = "/moi/donnees/effacement"


@pytest.fixture
async def somebody(cast: Cast) -> int:
    return await live(cast)


async def at_home(world: World, member_id: int, place_id: int) -> Browser:
    return await world.browser_of(member_id, place_id=place_id)


def known_codes() -> set[str]:
    """What we call things by in programs: of each enumeration of states, of the journal, of languages."""
    kinds = [each for each in StrEnum.__subclasses__() if each.__module__.split(".")[0] in ("app", "workshops")]
    kinds = [each for each in kinds if not issubclass(each, Refusal)]
    assert {Act, Kind, Need} <= set(kinds)
    return {each.value for kind in kinds for each in kind} | {*VOICES, *VOTES, *LANGUAGES, *REGISTRY.journal_acts} - {
        ""
    }


def codes_in(told: object) -> set[str]:
    """Those that stand anywhere in what is told to programs."""
    if isinstance(told, dict):
        return {code for each in told.values() for code in codes_in(each)}
    if isinstance(told, list):
        return {code for each in told for code in codes_in(each)}
    return {told} & known_codes() if isinstance(told, str) else set()


def postman(world: World) -> Postman:
    return Postman(world.settings, REGISTRY.entry_kinds)


class TestThePages:
    async def test_what_is_kept_is_the_table_that_everybody_reads(self, cast: Cast) -> None:
        browser = await at_home(World(), cast.samira, cast.place)
        mine, all_read = words(await browser.get("/moi/donnees")), words(await browser.get("/confidentialite"))
        assert len(REGISTRY.keeps) > 15
        parts = by_part(REGISTRY.keeps)
        assert all(part.things for part in parts)
        assert sum(len(part.things) for part in parts) == len(REGISTRY.keeps)
        told = [each.why for each in parts]
        told += [part for kept in REGISTRY.keeps for part in (kept.what, kept.seen_by, kept.how_long)]
        for each in told:
            said = language("fr").say(each).replace("\u00a0", " ").replace("\u202f", " ")
            assert said in mine, said
            assert said in all_read, said

    async def test_the_two_acts_come_before_the_long_list_which_is_closed(self, cast: Cast) -> None:
        page = (await (await at_home(World(), cast.samira, cast.place)).get("/moi/donnees")).text
        main = page[page.index("<main") :]
        assert main.index('href="/moi/donnees/copie"') < main.index(f'href="{ERASURE}"') < main.index("<details>")
        assert main.count("<details>") == len(by_part(REGISTRY.keeps))
        assert "<details open" not in main

    async def test_they_ask_for_a_sign_in(self, cast: Cast) -> None:
        browser = World().browser()
        for path in ("/moi/donnees", "/moi/donnees/copie", ERASURE):
            assert (await browser.get(path)).status_code == 303

    async def test_each_job_that_is_told_exists(self) -> None:
        told = {kept.job for kept in REGISTRY.keeps if kept.job}
        assert len(told) >= 7
        assert told <= {job.name for job in REGISTRY.jobs}


class TestTheCopy:
    async def copy(self, member_id: int, place_id: int) -> tuple[str, dict[str, Any]]:
        answer = await (await at_home(World(LATER), member_id, place_id)).get("/moi/donnees/copie")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert "attachment" in answer.headers["content-disposition"]
        with zipfile.ZipFile(io.BytesIO(answer.content)) as both:
            assert sorted(both.namelist()) == ["mes-donnees.html", "mes-donnees.json"]
            page, told = both.read("mes-donnees.html").decode(), json.loads(both.read("mes-donnees.json"))
        return page, told

    async def test_it_has_all_of_ones_own_in_both_files(self, somebody: int, cast: Cast) -> None:
        page, told = await self.copy(somebody, cast.place)
        text = json.dumps(told, ensure_ascii=False)
        for name, canary in CANARIES.items():
            if name != "name as it is searched":
                assert canary in page, name
                assert canary in text, name
        assert told["identity"]["account"][0]["email"] == CANARIES["address"]
        assert told["identity"]["account"][0]["adult_on"] == ADULT_ON.isoformat()
        assert {each["title"] for each in told["calendar"]["appointments"]} >= {"Tenu", "Suivi", "Annulé"}
        assert [each["present"] for each in told["workshops"]["sign_ups"]] == [True]
        assert [each["first_name"] for each in told["workshops"]["guests"]] == ["Invitée"]
        assert told["identity"]["roles"][0]["act"] == "keep_place"

    async def test_it_has_nothing_of_anybody_else(self, somebody: int, cast: Cast) -> None:
        page, told = await self.copy(cast.samira, cast.place)
        text = json.dumps(told, ensure_ascii=False)
        assert "Samira" in page, "the control"
        for name, canary in CANARIES.items():
            assert canary not in page, name
            assert canary not in text, name

    async def test_it_has_no_secret(self, somebody: int, cast: Cast) -> None:
        page, told = await self.copy(somebody, cast.place)
        text = page + json.dumps(told)
        secrets = [
            row["password_hash"] for row in await run("select password_hash from member where id = {}", somebody)
        ]
        for table in ("feed", "session"):
            secrets += [row["token_hash"] for row in await run(f"select token_hash from {table}")]
        secrets += [row["dedupe"] for row in await run("select dedupe from outbox")]
        assert len(secrets) > 3
        assert not [secret for secret in secrets if secret in text]
        assert "hash" not in text.lower()

    async def test_no_word_of_a_program_is_read_in_it(self, somebody: int, cast: Cast) -> None:
        page, _ = await self.copy(somebody, cast.place)
        for word in ("None", "True", "False", "Text(", "Word(", "datetime", "undefined"):
            assert word not in page, word

    async def test_no_code_of_ours_is_read_in_it(self, cast: Cast) -> None:
        """Codes are for programs; a person reads words."""
        me = cast.yann
        await make_grant(member_id=me, place_id=cast.place, act=Act.REGISTER)
        await register_without_email(actor=me, place_id=cast.place, name="Germaine", now=NOON)
        await make_proposal(place_id=cast.place, host=me, needs=frozenset({Need.OUTING, Need.ALCOHOL}))
        await choose_mail(actor=me, stopped={Kind.DIGEST, Kind.HOSTING}, remind=Remind.EVE, now=NOON)
        other = await make_proposal(place_id=cast.place, host=cast.aicha)
        async with transaction():
            await Juror.insert(
                Juror(workshop_id=other, member_id=me, matter="contest", drawn_at=NOON, vote="publish", voted_at=NOON)
            )
        page, told = await self.copy(me, cast.place)
        there, read = codes_in(told), set(html.unescape(page).replace("\u00a0", " ").replace("\u202f", " ").split("\n"))
        assert there >= {
            *("fr", "mine", "register", "identity.registered", "workshop.proposed", "host", "hosting", "proposed"),
            *("libre", "outing", "alcohol", "digest", "hosting", "eve", "publish"),
        }, "the control: they are in the other file"
        cells = {each for line in read for cell in re.split("<[^>]*>", line) for each in (cell, *cell.split(", "))}
        assert not known_codes() & cells
        for said in ("Proposé", "Compte ouvert par l’accueil", "On sort du lieu", "Français", "Il peut paraître"):
            assert said in cells, said
        assert {KIND_NAMES[Kind.DIGEST], KIND_NAMES[Kind.HOSTING]} <= cells

    def test_every_act_of_the_journal_has_its_words(self) -> None:
        source = "".join(path.read_text() for path in sorted((ROOT / "app" / "identity").glob("*.py")))
        acts = set(re.findall(r'(?:_journal\(|act=)"(identity\.\w+)"', source))
        assert len(acts) >= 6
        assert source.count("_journal(f") == 2, "roles that are passed on, and laid down"
        acts |= {f"identity.{act}_taken" for act in HANDED_OVER} | {f"identity.{act}_laid_down" for act in STANDING}
        assert acts == {act for act in REGISTRY.journal_acts if act.startswith("identity.")}

    async def test_a_name_is_only_text_in_it(self, cast: Cast) -> None:
        async with transaction():
            await run(
                "update member set name = {}, about = {} where id = {}", "<b>Sam", "<script>1</script>", cast.samira
            )
        page, told = await self.copy(cast.samira, cast.place)
        assert "<script" not in page
        assert "&lt;script&gt;" in page
        assert told["identity"]["account"][0]["name"] == "<b>Sam"


class TestBefore:
    async def test_it_says_what_becomes_of_each_thing(self, somebody: int, cast: Cast) -> None:
        said = words(await (await at_home(World(LATER), somebody, cast.place)).get(ERASURE))
        for sentence in (
            "Ton brouillon est effacé.",
            "Ton adresse de calendrier est coupée",
            "Ton mot de la fin est effacé.",
            "animés par « une personne partie »",
            "Un dernier mail te dit que c’est fait.",
            "Le journal garde ce qui a été décidé",
        ):
            assert sentence in said
        assert "D’abord" not in said

    async def test_what_one_hosts_comes_first(self, cast: Cast) -> None:
        await give_password(cast.samira)
        coming = await make_workshop(place_id=cast.place, host=cast.samira, mediator=cast.bruno, title="À venir")
        browser = await at_home(World(), cast.samira, cast.place)
        page = await browser.get(ERASURE)
        assert "Tu animes « À venir »" in words(page)
        assert f'href="/ateliers/{coming}"' in page.text
        assert 'name="understood"' not in page.text
        answer = await browser.post(ERASURE, YES)
        assert answer.status_code == 409
        assert "Rien n’est effacé." in words(answer)
        assert await run("select 1 as one from member where id = {} and erased_at is not null", cast.samira) == []

    async def test_the_last_mediator_and_the_last_keeper_are_told(self, cast: Cast) -> None:
        world = World()
        for member in (cast.rosa, cast.helene, cast.bruno):
            await give_password(member)
        rosa = await at_home(world, cast.rosa, cast.place)
        assert "personne d’autre n’a ce rôle : Tenir le lieu" in words(await rosa.get(ERASURE))
        assert (await rosa.post(ERASURE, YES)).status_code == 409
        helene, bruno = [await at_home(world, member, cast.place) for member in (cast.helene, cast.bruno)]
        assert (await helene.post(ERASURE, YES)).status_code == 303, "the control: one of two may go"
        assert "personne d’autre ne fait la médiation" in words(await bruno.get(ERASURE))
        assert (await bruno.post(ERASURE, YES)).status_code == 409
        await make_grant(member_id=cast.samira, place_id=cast.place, act=Act.KEEP_PLACE)
        await make_grant(member_id=cast.samira, place_id=cast.place, act=Act.KEEP_ACCOUNTS)
        assert (await rosa.post(ERASURE, YES)).status_code == 303, "with somebody else who keeps it"

    async def test_the_password_is_asked_once_more(self, cast: Cast) -> None:
        await give_password(cast.samira)
        browser = await at_home(World(), cast.samira, cast.place)
        for fields, sentence in (
            ({"password": PASSWORD}, "Coche d’abord la case"),
            ({"understood": "1", "password": "un autre"}, "Ce n’est pas ton mot de passe actuel."),
            ({"understood": "1"}, "Écris ton mot de passe."),
            ({}, "Écris ton mot de passe."),
        ):
            answer = await browser.post(ERASURE, fields)
            assert answer.status_code == 422
            assert sentence in words(answer)
        assert (await browser.post(ERASURE, YES, token="")).status_code == 403
        assert (await browser.get("/moi")).status_code == 200, "nothing has happened"
        assert (await browser.post(ERASURE, YES)).status_code == 303

    async def test_what_is_missing_is_said_at_once_near_the_top_and_the_tick_is_kept(self, cast: Cast) -> None:
        await give_password(cast.samira)
        browser = await at_home(World(), cast.samira, cast.place)
        both, tick, control = [
            await browser.post(ERASURE, each) for each in ({}, {"understood": "1"}, {"password": "x"})
        ]
        assert "Il reste 2 choses à voir" in words(both)
        assert "Coche d’abord la case" in words(both)
        for answer in (both, tick, control):
            assert answer.text.index('id="summary"') < answer.text.index('id="ensuite"')
        ticked = [re.search(r'id="field-understood"[^>]* checked', each.text) is not None for each in (tick, control)]
        assert ticked == [True, False]

    async def test_without_a_password_a_mailed_code_is_the_proof(self, cast: Cast) -> None:
        browser = await at_home(World(), cast.samira, cast.place)
        page = await browser.get(ERASURE)
        assert "Reçois un code par mail" in words(page)
        assert 'name="suite" value="/moi/donnees/effacement"' in page.text
        assert (await browser.post(ERASURE, {"understood": "1"})).status_code == 409
        async with transaction():
            await run("update session set by_mail = {} where member_id = {}", True, cast.samira)
        assert (await browser.post(ERASURE, {"understood": "1"})).status_code == 303

    async def test_without_either_the_welcome_turn_helps(self, cast: Cast) -> None:
        async with transaction():
            await Member.update({Member.email: None, Member.email_key: "samira-123"}).where(Member.id == cast.samira)
        page = await (await at_home(World(), cast.samira, cast.place)).get(ERASURE)
        assert "Demande à l’accueil du lieu" in words(page)
        assert 'name="understood"' not in page.text


class TestErasing:
    async def test_nothing_is_left_of_them(self, somebody: int, cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        assert await left_of_them() == set(CANARIES), "the control: all of it is there"
        assert await run("select id from member where adult_on is not null") == [{"id": somebody}]
        world = World(LATER)
        browser = await at_home(world, somebody, cast.place)
        answer = await browser.post(ERASURE, YES)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert await left_of_them() == {"address"}, "only that of the last mail"
        assert await postman(world).deliver(world.later(minutes=1)) >= 1
        assert await run("select id from outbox where forget or recipient = {}", CANARIES["address"]) == []
        assert await leaving.wipe(world.later(minutes=1)) == 1
        assert await left_of_them() == set()
        assert not [canary for canary in CANARIES.values() if canary in caplog.text]
        assert await run("select * from member where name_key = '' and email is null and password_hash is null")
        assert await run("select id from member where adult_on is not null") == []

    async def test_pages_search_and_calendars_have_them_no_more(self, somebody: int, cast: Cast) -> None:
        world = World(LATER)
        others = await at_home(world, cast.aicha, cast.place)
        ids = {row["title"]: row["id"] for row in await run("select id, title from workshop")}
        paths = (
            f"/ateliers/{ids['Tenu']}",
            "/membres",
            f"/membres/{somebody}",
            f"/recherche?q={NAME}",
            "/messages",
            "/journal",
            f"/calendriers/perso/{TOKEN}.ics",
        )
        before = {path: await others.get(path) for path in paths}
        assert sum(NAME in each.text for each in before.values()) >= 4, "the control"
        assert before[paths[-1]].status_code == 200
        mine = await at_home(world, somebody, cast.place)
        await mine.post(ERASURE, YES)
        after = {path: await others.get(path) for path in paths}
        for path, answer in after.items():
            shown = answer.text.replace(f'value="{NAME}"', "")
            assert NAME not in shown or path.startswith("/recherche"), path
        assert "une personne partie" in words(after[paths[0]])
        assert after[paths[2]].status_code == 404
        assert after[paths[-1]].status_code == 410
        assert f"/membres/{somebody}" not in after[paths[3]].text

    async def test_they_are_signed_out_everywhere_and_no_way_leads_in(self, somebody: int, cast: Cast) -> None:
        world = World(LATER)
        here, there = [await at_home(world, somebody, cast.place) for _ in range(2)]
        await here.post("/connexion", {"email": CANARIES["address"], "way": "mail", "device": "mine"})
        await here.post(ERASURE, YES)
        for browser in (here, there):
            assert (await browser.get("/moi")).status_code == 303
        fresh = world.browser()
        answer = await fresh.post("/connexion", {"email": CANARIES["address"], "password": PASSWORD, "device": "mine"})
        assert answer.status_code != 303 or "/connexion" in answer.headers["location"]
        assert await run("select id from session where member_id = {}", somebody) == []
        assert await run("select id from passage where member_id = {}", somebody) == []

    async def test_twice_is_once(self, somebody: int, cast: Cast) -> None:
        world = World(LATER)
        browser = await at_home(world, somebody, cast.place)
        token = browser.csrf_token()
        form, here = {**YES, "_csrf_token": token}, {"Referer": world.settings.base_url + ERASURE}
        first, second = [await browser.http.post(ERASURE, data=form, headers=here) for _ in range(2)]
        assert first.status_code == 303
        assert (second.status_code, second.headers["location"]) == (303, "/")
        assert "Si tu viens d’effacer ton compte, c’est fait." in words(await browser.get("/"))
        assert len(await run("select id from outbox where forget")) == 1
        domains = REGISTRY.domains
        assert await leaving.erase_for(somebody, domains, force=False, now=LATER) is False

    async def test_places_to_come_are_for_whoever_waits(self, cast: Cast) -> None:
        await give_password(cast.samira)
        full = await make_workshop(place_id=cast.place, host=cast.aicha, mediator=cast.bruno, capacity=3)
        for member in (cast.samira, cast.yann, cast.odile, cast.karim):
            await sign_up(actor=member, workshop_id=full, now=NOON)
        browser = await at_home(World(), cast.samira, cast.place)
        assert "Ta place à venir est rendue." in words(await browser.get(ERASURE))
        await browser.post(ERASURE, YES)
        states = await run("select member_id, state from sign_up where workshop_id = {} order by id", full)
        assert [(row["member_id"], row["state"]) for row in states] == [
            (cast.yann, "confirmed"),
            (cast.odile, "confirmed"),
            (cast.karim, "offered"),
        ]
        told = await run("select kind from outbox where member_id = {} and kind = 'offer'", cast.karim)
        assert len(told) == 1
        (entry,) = await run("select taken, waiting from entry where kind = 'workshop' and thing_id = {}", full)
        assert (entry["taken"], entry["waiting"]) == (3, 0)

    async def test_who_came_is_counted_still(self, somebody: int, cast: Cast) -> None:
        (held,) = await run("select id from workshop where title = 'Suivi'")
        count = "select count(*) as n from sign_up where workshop_id = {} and state = 'confirmed'"
        before = (await run(count, held["id"]))[0]["n"]
        await (await at_home(World(LATER), somebody, cast.place)).post(ERASURE, YES)
        assert (await run(count, held["id"]))[0]["n"] == before == 2


class TestUnderWay:
    """What a slow request writes after it has found its session, and the erasure came in between."""

    async def test_it_is_forgotten_by_the_next_look(self, somebody: int, cast: Cast) -> None:
        open_ = await make_workshop(
            place_id=cast.place, host=cast.aicha, mediator=cast.bruno, starts_at=LATER + timedelta(days=9), now=LATER
        )
        await (await at_home(World(LATER), somebody, cast.place)).post(ERASURE, YES)
        await sign_up(actor=somebody, workshop_id=open_, now=LATER)
        late = Profile(NAME, CANARIES["line"], CANARIES["telephone"], listed=True)
        await edit_me(actor=somebody, profile=late, domains=REGISTRY.domains, now=LATER)
        await add_feed(actor=somebody, wishes=FeedWishes(CANARIES["device"]), token="another", now=LATER)
        assert {"name", "line", "telephone", "device"} <= await left_of_them(), "the control: it is there"
        soon = LATER + timedelta(minutes=10)
        await leaving.finish_erasures(soon, REGISTRY.domains)
        assert await run("select id from sign_up where member_id = {}", somebody) == []
        async with transaction():
            await run("delete from outbox where forget")
        await leaving.wipe(soon + timedelta(hours=2))
        assert await left_of_them() == set()

    async def test_a_storm_of_ones_own_sign_ups(self, somebody: int, cast: Cast) -> None:
        world = World(LATER)
        open_ = [
            await make_workshop(
                place_id=cast.place,
                host=cast.aicha,
                mediator=cast.bruno,
                capacity=3,
                starts_at=LATER + timedelta(days=9 + number),
                now=LATER,
            )
            for number in range(6)
        ]
        for workshop_id in open_:
            for member in (cast.yann, cast.odile):
                await sign_up(actor=member, workshop_id=workshop_id, now=LATER)
        phones = [await at_home(world, somebody, cast.place) for _ in range(3)]

        async def claim(browser: Browser, workshop_id: int) -> int:
            answer = await browser.post(f"/ateliers/{workshop_id}/inscription")
            assert answer.status_code in (303, 404, 409), answer.status_code
            return int(answer.headers.get("location", "").startswith("/ateliers"))

        early = [await claim(phones[0], workshop_id) for workshop_id in open_[:2]]
        assert early == [1, 1], "the control: they have places"
        others = [claim(phone, workshop_id) for workshop_id in open_ for phone in phones]
        erasing = asyncio.create_task(phones[1].post(ERASURE, YES))
        await asyncio.gather(*others)
        assert (await erasing).status_code == 303
        await leaving.finish_erasures(LATER + timedelta(minutes=10), REGISTRY.domains)
        assert await run("select id from sign_up where member_id = {}", somebody) == []
        assert await run("select id from taking_part where member_id = {}", somebody) == []
        assert await run("select id from session where member_id = {}", somebody) == []
        counts = await run("select taken, waiting from entry where kind = 'workshop' and starts_at > {}", LATER)
        assert [(row["taken"], row["waiting"]) for row in counts if row["taken"]] == [(2, 0)] * 6

    async def test_two_at_once_leave_one_mediator(self, cast: Cast) -> None:
        world = World()
        browsers = []
        for member in (cast.bruno, cast.helene):
            await give_password(member)
            browsers.append(await at_home(world, member, cast.place))
        answers = await asyncio.gather(*(browser.post(ERASURE, YES) for browser in browsers))
        assert sorted(answer.status_code for answer in answers) == [303, 409]
        left = await run("select member_id from membership where mediator = {}", True)
        assert len(left) == 1

    async def test_the_last_mail_leaves_and_is_no_more(self, somebody: int, cast: Cast) -> None:
        async with MailServer().running() as server:
            world = World(LATER, smtp_url=server.url, mail_from="Les Tanneurs <bonjour@tanneurs.exemple>")
            await (await at_home(world, somebody, cast.place)).post(ERASURE, YES)
            (waits,) = await run("select * from outbox where forget")
            assert waits["recipient"] == CANARIES["address"]
            assert waits["member_id"] is None
            assert NAME not in str(waits)
            await postman(world).deliver(world.later(minutes=1))
            subjects = [str(mail["subject"]) for mail in server.received if mail["to"] == CANARIES["address"]]
            assert subjects == ["Ton compte est effacé"], "the only one of all those that waited"
        assert await run("select id from outbox where forget or recipient = {}", CANARIES["address"]) == []

    async def test_a_last_mail_that_cannot_leave_is_given_up_and_is_no_more(self, somebody: int, cast: Cast) -> None:
        world = World(LATER, smtp_url="smtp://127.0.0.1:9", mail_from="Les Tanneurs <bonjour@tanneurs.exemple>")
        await (await at_home(world, somebody, cast.place)).post(ERASURE, YES)
        await postman(world).deliver(world.later(minutes=1))
        assert len(await run("select id from outbox where forget")) == 1, "it is tried again"
        async with MailServer().running() as server:
            late = World(LATER, smtp_url=server.url, mail_from="Les Tanneurs <bonjour@tanneurs.exemple>")
            await postman(late).deliver(late.later(days=4))
            assert not [mail for mail in server.received if mail["to"] == CANARIES["address"]]
        assert await run("select id from outbox where forget") == []

    async def test_mails_on_their_way_leave_no_row(self, somebody: int, cast: Cast) -> None:
        world = World(LATER)
        async with transaction():
            await run(
                "update outbox set lease_by = 'another', lease_until = {} where member_id = {}",
                LATER + timedelta(minutes=5),
                somebody,
            )
        await (await at_home(world, somebody, cast.place)).post(ERASURE, YES)
        assert await run("select id from outbox where member_id = {}", somebody) == []


class TestTheOrder:
    async def test_an_error_in_one_domain_undoes_all(self, somebody: int, cast: Cast) -> None:
        async def falls_over(_: Erasure) -> None:
            raise RuntimeError("no")

        broken = [*REGISTRY.domains[:-1], replace(REGISTRY.domains[-1], erase=falls_over)]
        with pytest.raises(RuntimeError):
            await leaving.erase_for(somebody, broken, force=False, now=LATER)
        assert await left_of_them() == set(CANARIES)
        assert await email_of(somebody) == CANARIES["address"]
