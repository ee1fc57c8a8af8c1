"""« Mes messages » and « Mes mails »: what is shown, to whom, in which order, and what each button does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta

import pytest

from app.database import Store, run, transaction
from app.i18n import text
from app.notices import rules
from app.notices.api import Kind, post_mail, tell
from app.notices.commands import choose_mail, resume_mail, stop_mail
from app.notices.links import StopLink
from app.notices.states import STOPPABLE, Remind
from app.notices.tables import MailChoice
from tests.app.notices.telling import everything, message, set_message, told
from tests.client import NOON, Browser, World, words
from tests.factories import make_member
from tests.people import Cast, make_cast

ALL = {kind.value: "1" for kind in STOPPABLE}


def ids(text_: str) -> list[int]:
    return [int(found) for found in re.findall(r'class="letter[^>]*data-id="(\d+)"', text_)]


def shown_on(text_: str) -> list[int]:
    """What « J’ai tout lu » means on this page."""
    found = re.search(r'name="shown" value="([0-9,]+)"', text_)
    return [int(each) for each in found[1].split(",")] if found else []


def counted(text_: str) -> int:
    """What the head of the page says is left to read."""
    found = re.search(r"([0-9]+).à lire", text_.partition("</header>")[0])
    return int(found[1]) if found else 0


async def without_mail(cast: Cast, name: str = "Ginette") -> int:
    return await make_member(name=name, place_id=cast.place, email=None)


async def browser(member: int, cast: Cast, world: World | None = None) -> Browser:
    return await (world or World()).browser_of(member, place_id=cast.place)


class TestShowMessages:
    async def test_what_is_to_be_read_comes_first_then_the_newest(self, db: Store) -> None:
        cast = await make_cast()
        ginette = await without_mail(cast)
        (old,) = await told(ginette, subject="Le premier", now=NOON - timedelta(days=3))
        (read,) = await told(ginette, subject="Le deuxième", now=NOON - timedelta(days=2))
        (mailed,) = await told(ginette, subject="Le troisième", now=NOON - timedelta(days=1))
        await set_message(read, read_at=NOON)
        await set_message(mailed, on_site=False, recipient="g@exemple.fr", sent_at=NOON)
        page = await (await browser(ginette, cast)).get("/messages")
        assert page.status_code == 200
        assert ids(page.text) == [old, mailed, read]
        assert re.findall(r'class="letter[^>]*data-state="(\w+)"', page.text) == ["unread", "mailed", "read"]
        said = words(page)
        assert said.index("Le premier") < said.index("Le troisième") < said.index("Le deuxième")
        assert "Samedi 21 novembre à 12 h, ici" in said
        assert "Lundi 23 novembre à 12 h, par mail" in said
        assert counted(page.text) == 1

    async def test_a_mail_that_has_not_left_is_on_its_way(self, db: Store) -> None:
        cast = await make_cast()
        async with transaction():
            await tell([cast.samira], kind=Kind.CHANGE, what="one", subject=text("Salle"), body=[], now=NOON)
        said = await (await browser(cast.samira, cast)).get("/messages")
        assert 'data-state="waiting"' in said.text
        assert "le mail est en route" in words(said)

    async def test_it_says_the_words_and_offers_the_link(self, sqlite_only_db: Store) -> None:
        cast = await make_cast()
        ginette = await without_mail(cast)
        quote = "La salle <b>du fond</b>\nétait prise."
        await told(ginette, body=[text("C’est à 15 h."), quote], link="/ateliers/7", action=text("Je regarde"))
        page = await (await browser(ginette, cast)).get("/messages")
        assert 'href="/ateliers/7"' in page.text
        assert "Je regarde" in page.text
        assert "<blockquote><p>La salle &lt;b&gt;du fond&lt;/b&gt;<br>était prise.</p></blockquote>" in page.text

    async def test_nobody_sees_what_is_somebody_elses_a_way_in_forgotten_or_a_month_old(self, db: Store) -> None:
        cast = await make_cast()
        ginette, other = await without_mail(cast), await without_mail(cast, "Lila")
        await told(other, subject="Pour Lila")
        (gone,) = await told(ginette, subject="Oublié")
        await set_message(gone, subject="")
        await told(ginette, subject="Il y a un mois", now=NOON - timedelta(days=30))
        async with transaction():
            await post_mail(
                member_id=cast.samira, kind=Kind.SIGN_IN, dedupe="x", subject=text("Ton code"), body=[], now=NOON
            )
            await run("update outbox set on_site = {} where dedupe = {}", True, rules.known_by("x"))
        for member in (ginette, cast.samira):
            page = await (await browser(member, cast)).get("/messages")
            assert ids(page.text) == []
            assert counted(page.text) == 0
            assert "Rien à lire" in words(page)
        assert ids((await (await browser(other, cast)).get("/messages")).text), "the control: hers is shown to her"

    async def test_a_mail_that_did_not_get_through_says_so(self, sqlite_only_db: Store) -> None:
        cast = await make_cast()
        (lost,) = await told(cast.samira)
        await set_message(lost, on_site=True, set_aside_at=NOON)
        assert "ici : le mail n’est pas passé" in words(await (await browser(cast.samira, cast)).get("/messages"))

    async def test_it_has_pages(self, db: Store) -> None:
        cast = await make_cast()
        ginette = await without_mail(cast)
        sent = [(await told(ginette, subject=f"N° {n}", now=NOON - timedelta(hours=50 - n)))[0] for n in range(45)]
        person = await browser(ginette, cast)
        seen: list[int] = []
        for number in (1, 2, 3):
            page = await person.get(f"/messages?page={number}")
            seen += ids(page.text)
            assert counted(page.text) == 45
        assert seen == sent[::-1]
        assert "Plus rien ici" in words(await person.get("/messages?page=4"))
        for nonsense in ("0", "-1", "x", "9" * 30, "²"):
            assert (await person.get(f"/messages?page={nonsense}")).status_code == 200

    async def test_looking_changes_nothing(self, sqlite_only_db: Store) -> None:
        cast = await make_cast()
        ginette = await without_mail(cast)
        await told(ginette)
        person = await browser(ginette, cast)
        before = await everything()
        for path in ("/messages", "/moi/courrier"):
            await person.get(path)
            await person.head(path)
        assert await everything() == before

    async def test_every_page_says_how_much_is_left_at_no_further_query(
        self, sqlite_only_db: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.unchanged.MOST_OWN", 0)  # as whoever comes for the first time
        cast = await make_cast()
        ginette = await without_mail(cast)
        asked: list[str] = []
        original = type(sqlite_only_db).fetch

        async def counting(self: Store, sql: str, args: Sequence[object] = ()) -> list[object]:
            asked.append(sql)
            return await original(self, sql, args)

        monkeypatch.setattr(type(sqlite_only_db), "fetch", counting)
        person = await browser(ginette, cast)
        await person.get("/aide")
        asked.clear()
        assert counted((await person.get("/aide")).text) == 0
        without = len(asked)
        await told(ginette, kind=Kind.OFFER, subject="Une")
        await told(ginette, kind=Kind.DUTY, subject="Deux", starts_at=None)
        asked.clear()
        page = await person.get("/aide")
        assert (counted(page.text), len(asked)) == (2, without)
        assert 'href="/messages"' in page.text.partition("</header>")[0]


class TestReadMessage:
    async def test_it_is_read_once_and_stays_read(self, db: Store) -> None:
        cast = await make_cast()
        ginette = await without_mail(cast)
        (mine,) = await told(ginette)
        world = World()
        person = await browser(ginette, cast, world)
        answer = await person.post(f"/messages/{mine}/lu")
        assert (answer.status_code, answer.headers["location"]) == (303, "/messages")
        world.later(hours=1)
        assert (await person.post(f"/messages/{mine}/lu")).status_code == 303
        assert (await message(mine))["read_at"] == NOON
        page = await person.get("/messages")
        assert counted(page.text) == 0
        assert "Tu as tout lu" in words(page)

    async def test_htmx_gets_the_message_alone_and_the_new_count(self, db: Store) -> None:
        cast = await make_cast()
        ginette = await without_mail(cast)
        (first,), (second,) = await told(ginette, subject="Un"), await told(ginette, subject="Deux")
        person = await browser(ginette, cast)
        answer = await person.partial(f"/messages/{first}/lu")
        assert answer.status_code == 200
        assert "<html" not in answer.text
        assert ids(answer.text) == [first]
        assert "data-focus" in answer.text
        assert 'hx-swap-oob="innerHTML:#a-lire"' in answer.text
        assert "1 à lire" in words(answer)
        assert "à lire" not in words(await person.partial(f"/messages/{second}/lu"))

    async def test_that_of_another_is_not_found_and_stays_unread(self, db: Store) -> None:
        cast = await make_cast()
        ginette = await without_mail(cast)
        (hers,) = await told(ginette)
        for number in (hers, 999999):
            answer = await (await browser(cast.karim, cast)).post(f"/messages/{number}/lu")
            assert answer.status_code == 404
        assert (await message(hers))["read_at"] is None

    async def test_what_the_page_did_not_show_stays_unread(self, db: Store) -> None:
        """On PostgreSQL numbers are not given in the order of commits: a lower one may come later."""
        cast = await make_cast()
        ginette, other = await without_mail(cast), await without_mail(cast, "Lila")
        (unseen,) = await told(ginette, subject="Écrit avant, arrivé après")
        await set_message(unseen, member_id=other)
        (seen,) = await told(ginette, subject="Vu")
        (read,) = await told(ginette, subject="Déjà lu")
        await set_message(read, read_at=NOON - timedelta(hours=1))
        person = await browser(ginette, cast)
        shown = shown_on((await person.get("/messages")).text)
        assert shown == [seen]
        await set_message(unseen, member_id=ginette)
        (others,) = await told(other, subject="À une autre")
        await person.post("/messages/lus", {"shown": ",".join(map(str, [*shown, others, read]))})
        states = [(await message(each))["read_at"] for each in (unseen, seen, read, others)]
        assert states == [None, NOON, NOON - timedelta(hours=1), None]

    async def test_a_page_of_many_is_read_page_by_page(self, db: Store) -> None:
        cast = await make_cast()
        ginette = await without_mail(cast)
        for number in range(21):
            await told(ginette, subject=f"N° {number}")
        person = await browser(ginette, cast)
        page = await person.get("/messages")
        assert "J’ai lu cette page" in words(page)
        answer = await person.partial("/messages/lus", {"shown": ",".join(map(str, shown_on(page.text)))})
        assert "C’est noté" in words(answer)
        assert "1 à lire" in words(answer)
        assert "J’ai tout lu" in words(answer)
        assert "Tu as tout lu" not in words(answer)
        answer = await person.partial("/messages/lus", {"shown": str(shown_on(answer.text)[0])})
        assert "Tu as tout lu" in words(answer)

    async def test_all_is_read_up_to_what_was_shown(self, db: Store) -> None:
        cast = await make_cast()
        ginette, other = await without_mail(cast), await without_mail(cast, "Lila")
        seen = await told(ginette, other, subject="Vu")
        person = await browser(ginette, cast)
        page = await person.get("/messages")
        shown = shown_on(page.text)
        (later,) = await told(ginette, subject="Arrivé depuis")
        for _ in range(2):
            assert (await person.post("/messages/lus", {"shown": str(shown[0])})).status_code == 303
        assert [(await message(each))["read_at"] for each in (*seen, later)] == [NOON, None, None]
        answer = await person.partial("/messages/lus", {"shown": str(later)})
        assert answer.status_code == 200
        assert "Tu as tout lu" in words(answer)
        assert (await message(later))["read_at"] == NOON
        for nonsense in ("x", "", "-1,²,1e9," + "9" * 40, "1," * 5000):
            assert (await person.post("/messages/lus", {"shown": nonsense})).status_code == 303


class TestMailChoice:
    async def chosen(self, member: int) -> tuple[frozenset[Kind], str, bool]:
        rows = await run("select * from mail_choice where member_id = {}", member)
        assert len(rows) == 1
        return rules.read_stopped(rows[0]["stopped"]), rows[0]["remind"], bool(rows[0]["digest"])

    async def test_it_begins_with_everything_but_the_digest_and_the_eve(self, db: Store) -> None:
        cast = await make_cast()
        page = await (await browser(cast.samira, cast)).get("/moi/courrier")
        ticked = {kind.value for kind in STOPPABLE if re.search(rf'name="{kind.value}" value="1" checked', page.text)}
        assert ticked == {kind.value for kind in STOPPABLE} - {"digest", "reminder"}
        assert 'name="reminder"' not in page.text, "there is one switch for reminders"
        assert re.search(r'name="remind" value="eve"[^>]* checked', page.text)
        assert await run("select * from mail_choice") == []

    @pytest.mark.parametrize("kind", [kind for kind in STOPPABLE if kind is not Kind.REMINDER])
    async def test_each_kind_is_stopped_alone_and_comes_back(self, sqlite_only_db: Store, kind: Kind) -> None:
        cast = await make_cast()
        person = await browser(cast.samira, cast)
        some = {name: "1" for name in ALL if name != kind}
        for _ in range(2):
            answer = await person.post("/moi/courrier", {**some, "remind": "both"})
            assert (answer.status_code, answer.headers["location"]) == (303, "/moi/courrier")
        assert await self.chosen(cast.samira) == (frozenset({kind}), "both", kind is not Kind.DIGEST)
        page = await person.get("/moi/courrier")
        assert not re.search(rf'name="{kind.value}" value="1" checked', page.text)
        await person.post("/moi/courrier", {**ALL, "remind": "never"})
        assert await self.chosen(cast.samira) == (frozenset({Kind.REMINDER}), "never", True)

    @pytest.mark.parametrize("wish", [Remind.EVE, Remind.SOON, Remind.BOTH])
    async def test_reminders_have_one_switch(self, db: Store, wish: Remind) -> None:
        cast = await make_cast()
        person = await browser(cast.samira, cast)
        await person.post("/moi/courrier", {**ALL, "remind": wish})
        assert await self.chosen(cast.samira) == (frozenset(), wish, True)
        link = StopLink(cast.samira, Kind.REMINDER)
        await stop_mail(link, now=NOON)  # from the mail
        page = await person.get("/moi/courrier")
        assert re.findall(r'name="remind" value="(\w+)"[^>]* checked', page.text) == ["never"]
        await resume_mail(link, now=NOON)
        assert await self.chosen(cast.samira) == (frozenset(), wish, True), "as it was"
        await person.post("/moi/courrier", {**ALL, "remind": "never"})
        assert (await self.chosen(cast.samira))[0] == {Kind.REMINDER}
        await resume_mail(link, now=NOON)
        assert await self.chosen(cast.samira) == (frozenset(), "eve", True)
        await stop_mail(link, now=NOON)
        await person.post("/moi/courrier", {**ALL, "remind": wish})
        assert await self.chosen(cast.samira) == (frozenset(), wish, True), "whoever wishes for some gets some"

    async def test_what_is_stopped_is_read_on_the_site(self, db: Store) -> None:
        cast = await make_cast()
        (mailed,) = await told(cast.samira, subject="Avant")
        await choose_mail(actor=cast.samira, stopped={Kind.CHANGE}, remind=Remind.EVE, now=NOON)
        (kept,) = await told(cast.samira, subject="Après")
        assert [(await message(each))["on_site"] for each in (mailed, kept)] == [False, True]

    @pytest.mark.parametrize("wrong", ["", "jamais", "EVE", "x" * 500, "\0"])
    async def test_a_wrong_wish_is_shown_again_with_what_was_ticked(self, sqlite_only_db: Store, wrong: str) -> None:
        cast = await make_cast()
        person = await browser(cast.samira, cast)
        answer = await person.post("/moi/courrier", {"change": "1", "digest": "1", "remind": wrong})
        assert answer.status_code == 422
        assert "Choisis quand on te rappelle tes rendez-vous." in words(answer)
        assert 'id="field-remind-error"' in answer.text
        ticked = {kind.value for kind in STOPPABLE if re.search(rf'name="{kind.value}" value="1" checked', answer.text)}
        assert ticked == {"change", "digest"}
        assert await run("select * from mail_choice") == []

    async def test_without_an_address_only_reminders_are_chosen(self, db: Store) -> None:
        cast = await make_cast()
        ginette = await without_mail(cast)
        async with transaction():  # from the time when there was an address
            await MailChoice.insert(
                MailChoice(member_id=ginette, stopped="change,reminder", remind="both", digest=False)
            )
        person = await browser(ginette, cast)
        page = await person.get("/moi/courrier")
        assert "Tout t’attend dans « Mes messages »" in words(page)
        assert 'name="change"' not in page.text
        assert 'name="digest"' not in page.text
        assert re.search(r'name="remind" value="never"[^>]* checked', page.text), "stopped reminders are none"
        assert (await person.post("/moi/courrier", {"remind": "soon"})).status_code == 303
        assert await self.chosen(ginette) == (frozenset({Kind.CHANGE}), "soon", False)

    async def test_two_stops_at_once_both_hold(self, db: Store) -> None:
        cast = await make_cast()
        links = [StopLink(cast.samira, kind) for kind in STOPPABLE]
        await asyncio.gather(*(stop_mail(link, now=NOON) for link in links))
        assert await self.chosen(cast.samira) == (frozenset(STOPPABLE), "eve", False)
        await asyncio.gather(*(resume_mail(link, now=NOON) for link in links[:4]))
        assert (await self.chosen(cast.samira))[0] == frozenset(STOPPABLE[4:])

    async def test_it_is_reached_from_me_and_from_the_messages(self, sqlite_only_db: Store) -> None:
        cast = await make_cast()
        person = await browser(cast.samira, cast)
        for path in ("/moi", "/messages"):
            assert 'href="/moi/courrier"' in (await person.get(path)).text
