"""What workshops tell the desk, the bureau and the search, and that nobody learns of what is not theirs to know."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.contracts import Concern
from app.database import Store, run, transaction
from app.i18n import language
from app.identity.states import Act
from app.identity.visits import Me, Spot, Visit
from tests.client import NOON
from tests.factories import a_proposal, make_member, make_place, make_proposal, make_workshop
from tests.people import Cast, make_cast
from workshops import commands, jobs
from workshops.concerns import JOURNAL_ACTS, open_concerns, search, settled
from workshops.states import Format, Need

DAY = timedelta(days=1)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def cast(db: Store) -> Cast:
    return await make_cast()


def visit(
    cast: Cast,
    member_id: int | None,
    *,
    mediator: bool = False,
    acts: Iterable[Act] = (),
    place: int | None = None,
    now: datetime = NOON,
    spoken: str = "fr",
) -> Visit:
    """A visit as the session would make it."""
    spot = Spot(place or cast.place, "x", "Les Tanneurs", "")
    if member_id is None:
        return Visit(now=now, language=spoken)
    me = Me(id=member_id, name="Moi", mediator=mediator, met=True, belongs=True, acts=frozenset(acts))
    return Visit(now=now, language=spoken, member=me, place=spot)


async def desk(cast: Cast, member_id: int | None = None, *, now: datetime = NOON) -> list[Concern]:
    """What waits for Bruno, or for another mediator."""
    return list(await open_concerns(visit(cast, member_id or cast.bruno, mediator=True, now=now)))


async def bureau(cast: Cast, member_id: int | None = None, *, now: datetime = NOON) -> list[Concern]:
    """What waits for Rosa's yes, or for that of another member of the bureau."""
    return list(await open_concerns(visit(cast, member_id or cast.rosa, acts=[Act.SAY_YES], now=now)))


def brief(concerns: Iterable[Concern]) -> list[tuple[str, str]]:
    return [(concern.sort, concern.title) for concern in concerns]


def said(concern: Concern) -> str:
    return language("fr").say(concern.what).replace("\u00a0", " ").replace("\u202f", " ")


async def send_back(cast: Cast, workshop_id: int, *, by: int, now: datetime = NOON) -> None:
    await commands.decide(
        actor=by,
        workshop_id=workshop_id,
        decision="send_back",
        reason="Trop tard.",
        way_out="À 14 h.",
        version=1,
        now=now,
    )


class TestDesk:
    async def test_a_proposal_waits_with_who_what_and_until_when(self, cast: Cast) -> None:
        workshop_id = await make_proposal(
            place_id=cast.place, host=cast.yann, room_id=cast.salon, format=Format.CV_TROC, cohost_ids=(cast.aicha,)
        )
        await commands.answer_invitation(actor=cast.aicha, workshop_id=workshop_id, yes=True, now=NOON)
        (concern,) = await desk(cast)
        assert brief([concern]) == [("reading", "On se relit nos CV")]
        assert concern.who == "Yann et Aïcha"
        assert said(concern) == "CV-troc, vendredi 4 décembre de 12 h à 14 h, Salon, 12 places"
        assert (concern.since, concern.due_at) == (NOON, NOON + 7 * DAY)
        assert concern.href == f"/mediation/ateliers/{workshop_id}"

    async def test_it_speaks_the_language_of_the_visit(self, cast: Cast) -> None:
        workshop_id = await make_proposal(place_id=cast.place, host=cast.yann, cohost_ids=(cast.aicha,))
        await commands.answer_invitation(actor=cast.aicha, workshop_id=workshop_id, yes=True, now=NOON)
        (concern,) = await open_concerns(visit(cast, cast.bruno, mediator=True, spoken="en"))
        assert concern.who == "Yann and Aïcha"

    async def test_nothing_waits_for_members_strangers_and_mediators_elsewhere(self, cast: Cast) -> None:
        await make_proposal(place_id=cast.place, host=cast.yann, needs=frozenset({Need.FLAME}))
        elsewhere = await make_place(slug="ailleurs")
        assert brief(await desk(cast)) == [
            ("reading", "On se relit nos CV"),
            ("yes", "On se relit nos CV"),
        ], "there is something to see"
        assert await open_concerns(visit(cast, cast.yann)) == []
        assert await open_concerns(visit(cast, cast.samira, acts=[Act.KEEP_PLACE])) == []
        assert await open_concerns(visit(cast, None)) == []
        assert await open_concerns(visit(cast, cast.bruno, mediator=True, place=elsewhere)) == []
        assert await open_concerns(visit(cast, cast.rosa, acts=[Act.SAY_YES], place=elsewhere)) == []

    async def test_the_oldest_comes_first_whatever_its_sort(self, cast: Cast) -> None:
        for days, title in ((1, "Deuxième"), (3, "Premier"), (0, "Troisième")):
            await make_proposal(
                place_id=cast.place,
                host=cast.yann,
                title=title,
                now=NOON - days * DAY,
                starts_at=NOON + (10 + days) * DAY,
            )
        assert [concern.title for concern in await desk(cast)] == ["Premier", "Deuxième", "Troisième"]

    async def test_drafts_the_sent_back_the_published_and_the_withdrawn_do_not_wait(self, cast: Cast) -> None:
        draft = a_proposal(starts_at=NOON + 8 * DAY)
        await commands.propose(actor=cast.yann, place_id=cast.place, proposal=draft, draft=True, once="draft", now=NOON)
        sent_back = await make_proposal(place_id=cast.place, host=cast.samira)
        await send_back(cast, sent_back, by=cast.bruno)
        await make_workshop(place_id=cast.place, host=cast.karim, mediator=cast.helene)
        gone = await make_proposal(place_id=cast.place, host=cast.odile)
        await commands.withdraw_proposal(actor=cast.odile, workshop_id=gone, now=NOON)
        assert await desk(cast) == []

    async def test_a_taken_room_waits_by_itself_and_says_which(self, cast: Cast) -> None:
        await make_proposal(place_id=cast.place, host=cast.yann, room_id=cast.salon, title="Premier")
        second = await make_proposal(
            place_id=cast.place, host=cast.samira, room_id=cast.salon, keep_room_wish=True, title="Second",
            now=NOON + timedelta(hours=1),
        )  # fmt: skip
        concerns = await desk(cast, now=NOON + 2 * timedelta(hours=1))
        assert brief(concerns) == [("reading", "Premier"), ("clash", "Second")]
        (row,) = await run("select due_at from workshop where id = {}", second)
        assert concerns[1].due_at == row["due_at"] == NOON + 9 * DAY, "the clock stands until 24 h before the start"
        assert said(concerns[1]).endswith("Salle souhaitée, déjà prise : Salon")

    async def test_a_contest_waits_for_another_mediator_only(self, cast: Cast) -> None:
        workshop_id = await make_proposal(place_id=cast.place, host=cast.yann)
        await send_back(cast, workshop_id, by=cast.bruno)
        await commands.contest(actor=cast.yann, workshop_id=workshop_id, word="Le salon est libre.", now=NOON + DAY)
        now = NOON + DAY
        assert await desk(cast, cast.bruno, now=now) == []
        (concern,) = await desk(cast, cast.helene, now=now)
        assert concern.sort == "contest"
        assert concern.since == now
        assert "« Le salon est libre. »" in said(concern)

    async def test_a_quarrel_waits_with_its_reason_until_the_drawn_rule(self, cast: Cast) -> None:
        for _ in range(3):
            await make_member(place_id=cast.place)
        workshop_id = await make_proposal(place_id=cast.place, host=cast.yann)
        await commands.block(actor=cast.helene, workshop_id=workshop_id, reason="On y vend.", now=NOON)
        (concern,) = await desk(cast)
        assert (concern.sort, concern.due_at) == ("block", NOON + 3 * DAY)
        assert "« On y vend. »" in said(concern)
        now = NOON + 3 * DAY
        await jobs.settle_contests(now)
        assert await run("select 1 as one from juror where workshop_id = {}", workshop_id)
        assert await desk(cast, now=now) == []

    async def test_an_edit_of_words_is_shown_for_48_hours(self, cast: Cast) -> None:
        workshop_id = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.helene)
        await commands.edit(
            actor=cast.yann,
            workshop_id=workshop_id,
            proposal=a_proposal(title="On se moque des CV"),
            version=1,
            now=NOON,
        )
        (concern,) = await desk(cast)
        assert brief([concern]) == [("edit", "On se moque des CV")]
        assert "« On se relit nos CV »" in said(concern)
        assert concern.deed == f"/mediation/ateliers/{workshop_id}/relecture"
        assert concern.due_at == NOON + 2 * DAY
        assert await desk(cast, now=NOON + 2 * DAY - timedelta(minutes=1))
        assert await desk(cast, now=NOON + 2 * DAY) == []

    async def test_an_edit_of_the_hour_alone_is_not_shown(self, cast: Cast) -> None:
        workshop_id = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.helene)
        later = a_proposal(starts_at=NOON + 11 * DAY)
        await commands.edit(actor=cast.yann, workshop_id=workshop_id, proposal=later, version=1, now=NOON)
        assert await desk(cast) == []

    async def test_an_edit_put_back_to_be_read_is_to_be_read(self, cast: Cast) -> None:
        workshop_id = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.helene)
        edited = a_proposal(summary="Tout autre chose.")
        await commands.edit(actor=cast.yann, workshop_id=workshop_id, proposal=edited, version=1, now=NOON)
        now = NOON + timedelta(hours=1)
        await commands.review_again(actor=cast.bruno, workshop_id=workshop_id, now=now)
        (concern,) = await desk(cast, cast.helene, now=now)
        (row,) = await run("select review_due_at from workshop where id = {}", workshop_id)
        assert (concern.sort, concern.since, concern.due_at) == ("reading", now, row["review_due_at"])
        assert said(concern) == "Changé après la parution : la présentation"

    async def test_help_is_asked_of_mediators_once_proposed_until_the_start(self, cast: Cast) -> None:
        draft = a_proposal(help_wanted=True, starts_at=NOON + 8 * DAY)
        await commands.propose(actor=cast.yann, place_id=cast.place, proposal=draft, draft=True, once="d", now=NOON)
        workshop_id = await make_workshop(place_id=cast.place, host=cast.samira, mediator=cast.helene, help_wanted=True)
        (concern,) = await desk(cast)
        assert (concern.sort, concern.href) == ("help", f"/ateliers/{workshop_id}")
        start = NOON + 10 * DAY
        assert await desk(cast, now=start - timedelta(minutes=1))
        assert await desk(cast, now=start) == []

    async def test_nobody_reads_what_concerns_them(self, cast: Cast) -> None:
        await make_proposal(place_id=cast.place, host=cast.yann)
        async with transaction():
            await run("update membership set mediator = {} where member_id = {}", True, cast.yann)
        assert brief(await desk(cast)) == [("reading", "On se relit nos CV")]
        assert await desk(cast, cast.yann) == []

    async def test_two_mediators_see_the_same_until_one_has_answered(self, cast: Cast) -> None:
        workshop_id = await make_proposal(place_id=cast.place, host=cast.yann)
        assert brief(await desk(cast, cast.bruno)) == brief(await desk(cast, cast.helene)) != []
        await commands.decide(actor=cast.bruno, workshop_id=workshop_id, decision="approve", version=1, now=NOON)
        assert await desk(cast, cast.bruno) == await desk(cast, cast.helene) == []

    @pytest.mark.parametrize("number", [1, 20])
    async def test_two_queries_whatever_waits(self, cast: Cast, db: Store, number: int) -> None:
        for n in range(number):
            host = await make_member(place_id=cast.place)
            await make_proposal(place_id=cast.place, host=host, needs=frozenset({Need.FLAME}), title=f"Atelier {n}")
        before = db.query_id
        concerns = await desk(cast)
        assert db.query_id - before == 2
        assert len(concerns) == 2 * number


class TestBureau:
    async def test_a_yes_waits_for_the_bureau_and_is_told_to_mediators(self, cast: Cast) -> None:
        workshop_id = await make_proposal(
            place_id=cast.place, host=cast.yann, needs=frozenset({Need.FLAME, Need.OUTING})
        )
        (concern,) = await bureau(cast)
        assert (concern.sort, concern.href) == ("yes", f"/ateliers/{workshop_id}")
        assert concern.due_at == NOON + 10 * DAY
        assert said(concern).endswith("On sort du lieu. Il y aura une flamme (bougie, réchaud)")
        await commands.decide(actor=cast.bruno, workshop_id=workshop_id, decision="approve", version=1, now=NOON)
        assert brief(await desk(cast)) == brief(await bureau(cast)) == [("yes", "On se relit nos CV")]
        await commands.say_yes(actor=cast.rosa, workshop_id=workshop_id, now=NOON)
        assert await bureau(cast) == await desk(cast) == []

    async def test_what_needs_no_yes_is_none_of_the_bureaus_business(self, cast: Cast) -> None:
        await make_proposal(place_id=cast.place, host=cast.yann, help_wanted=True)
        assert await bureau(cast) == []

    async def test_nobody_says_yes_to_their_own(self, cast: Cast) -> None:
        await make_proposal(place_id=cast.place, host=cast.rosa, needs=frozenset({Need.FLAME}))
        assert await bureau(cast, cast.rosa) == []
        assert brief(await bureau(cast, cast.karim)) == [("yes", "On se relit nos CV")]

    async def test_whoever_mediates_here_says_no_yes(self, cast: Cast) -> None:
        await make_proposal(place_id=cast.place, host=cast.yann, needs=frozenset({Need.FLAME}))
        both = visit(cast, cast.bruno, mediator=True, acts=[Act.SAY_YES])
        assert [concern.sort for concern in await open_concerns(both)] == ["reading", "yes"]

    async def test_after_the_start_there_is_nothing_to_say(self, cast: Cast) -> None:
        await make_proposal(place_id=cast.place, host=cast.yann, needs=frozenset({Need.FLAME}))
        start = NOON + 10 * DAY
        assert await bureau(cast, now=start - timedelta(minutes=1))
        assert await bureau(cast, now=start) == []
        assert [concern for concern in await desk(cast, now=start) if concern.sort == "yes"] == []


class TestSettled:
    async def test_silence_counts_and_a_mediator_does_not(self, cast: Cast) -> None:
        for n in range(3):
            await make_proposal(place_id=cast.place, host=cast.yann, now=NOON - 8 * DAY, starts_at=NOON + (5 + n) * DAY)
        await make_workshop(place_id=cast.place, host=cast.samira, mediator=cast.bruno)
        assert await settled(cast.place, NOON - DAY) == 0
        assert await jobs.publish_silent(NOON) == 3
        assert await settled(cast.place, NOON - DAY) == 3
        assert await settled(cast.place, NOON + DAY) == 0
        assert await settled(cast.place + 1000, NOON - DAY) == 0

    async def test_what_the_drawn_decide_counts_once(self, cast: Cast) -> None:
        for _ in range(3):
            await make_member(place_id=cast.place)
        workshop_id = await make_proposal(place_id=cast.place, host=cast.yann)
        await commands.block(actor=cast.helene, workshop_id=workshop_id, reason="Non.", now=NOON)
        now = NOON + 3 * DAY
        await jobs.settle_contests(now)
        for juror in await run("select member_id from juror where workshop_id = {} order by id limit 2", workshop_id):
            await commands.vote(actor=juror["member_id"], workshop_id=workshop_id, vote="publish", now=now)
        (row,) = await run("select state from workshop where id = {}", workshop_id)
        assert row["state"] == "published"
        assert await settled(cast.place, NOON) == 1


class TestSearch:
    async def found(self, whose: Visit, written: str, limit: int = 50) -> list[str]:
        return [found.title for found in await search(whose, written, limit)]

    @pytest.mark.parametrize(
        "written",
        ["elections", "ÉLECTIONS", "Élections café", "fête élec", "oeuf", "œuf", "cafe-debat", "l'ete", "l’été"],
    )
    async def test_accents_capitals_and_order_do_not_matter(self, cast: Cast, written: str) -> None:
        await make_workshop(
            place_id=cast.place, host=cast.yann, mediator=cast.bruno, title="Élections de l’été",
            summary="On en parle autour d’un œuf, c’est la FÊTE.", format=Format.CAFE_DEBAT,
        )  # fmt: skip
        await make_workshop(
            place_id=cast.place, host=cast.samira, mediator=cast.bruno, title="Autre chose", summary="Rien de tel."
        )
        assert await self.found(visit(cast, cast.karim), written) == ["Élections de l’été"]

    async def test_every_word_counts(self, cast: Cast) -> None:
        await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno, title="Coudre un bouton")
        assert await self.found(visit(cast, cast.karim), "coudre bouton") == ["Coudre un bouton"]
        assert await self.found(visit(cast, cast.karim), "coudre voile") == []

    async def test_an_edit_changes_what_is_found_and_putting_it_back_too(self, cast: Cast) -> None:
        workshop_id = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.helene)
        me = visit(cast, cast.karim)
        await commands.edit(
            actor=cast.yann, workshop_id=workshop_id, proposal=a_proposal(title="Tricot"), version=1, now=NOON
        )
        assert await self.found(me, "tricot") == ["Tricot"]
        assert await self.found(me, "relit") == []
        await commands.review_again(actor=cast.bruno, workshop_id=workshop_id, now=NOON)
        (row,) = await run("select version from workshop where id = {}", workshop_id)
        await commands.decide(
            actor=cast.bruno, workshop_id=workshop_id, decision="send_back", reason="x", way_out="y",
            version=row["version"], now=NOON,
        )  # fmt: skip
        assert await self.found(me, "tricot") == []
        assert await self.found(me, "relit") == ["On se relit nos CV"]

    async def test_what_comes_is_found_before_what_was_and_the_nearest_first(self, cast: Cast) -> None:
        for title, days in (("Fil un", 3), ("Fil deux", 5), ("Fil trois", 20)):
            await make_workshop(
                place_id=cast.place, host=cast.yann, mediator=cast.bruno, title=title, starts_at=NOON + days * DAY
            )
        now = NOON + 10 * DAY
        assert await self.found(visit(cast, cast.karim, now=now), "fil") == ["Fil trois", "Fil deux", "Fil un"]
        assert await self.found(visit(cast, cast.karim, now=now), "fil", 2) == ["Fil trois", "Fil deux"]

    async def test_each_sees_only_what_they_may(self, cast: Cast) -> None:
        """Who finds what, over every state before and after publication."""
        titles = {}
        draft = a_proposal(title="Perle brouillon", starts_at=NOON + 8 * DAY)
        await commands.propose(actor=cast.yann, place_id=cast.place, proposal=draft, draft=True, once="draft", now=NOON)
        for n, state in enumerate(("proposed", "yes wanted", "sent back", "withdrawn", "published", "cancelled")):
            titles[state] = await make_proposal(
                place_id=cast.place, host=cast.yann, title=f"Perle {state}", starts_at=NOON + (9 + n) * DAY,
                needs=frozenset({Need.FLAME}) if state == "yes wanted" else frozenset(),
                cohost_ids=(cast.aicha,) if state == "proposed" else (),
            )  # fmt: skip
        await send_back(cast, titles["sent back"], by=cast.bruno)
        await commands.withdraw_proposal(actor=cast.yann, workshop_id=titles["withdrawn"], now=NOON)
        for state in ("published", "cancelled"):
            await commands.decide(actor=cast.bruno, workshop_id=titles[state], decision="approve", version=1, now=NOON)
        await commands.cancel(actor=cast.yann, workshop_id=titles["cancelled"], reason="Malade", now=NOON)

        everybody = {"published", "cancelled"}
        proposals = {"proposed", "yes wanted", "sent back"}
        readers = {
            "author": (visit(cast, cast.yann), everybody | proposals | {"brouillon", "withdrawn"}),
            "invited": (visit(cast, cast.aicha), everybody | {"proposed"}),
            "mediator": (visit(cast, cast.helene, mediator=True), everybody | proposals),
            "bureau": (visit(cast, cast.rosa, acts=[Act.SAY_YES]), everybody | {"yes wanted"}),
            "keeper": (visit(cast, cast.samira, acts=[Act.KEEP_PLACE]), everybody),
            "member": (visit(cast, cast.karim), everybody),
            "visitor": (visit(cast, None), everybody),
        }
        for name, (reader, expected) in readers.items():
            assert {title.removeprefix("Perle ") for title in await self.found(reader, "perle")} == expected, name

    async def test_only_the_place_of_the_visit_but_for_whoever_has_none(self, cast: Cast) -> None:
        elsewhere = await make_place(slug="ailleurs")
        host = await make_member(place_id=elsewhere)
        mediator = await make_member(place_id=elsewhere, mediator=True)
        await make_workshop(place_id=elsewhere, host=host, mediator=mediator, title="Perle d’ailleurs")
        await make_proposal(place_id=elsewhere, host=host, title="Perle cachée", starts_at=NOON + 12 * DAY)
        assert await self.found(visit(cast, cast.karim), "perle") == []
        assert await self.found(visit(cast, cast.bruno, mediator=True), "perle") == []
        assert await self.found(visit(cast, cast.karim, place=elsewhere), "perle") == ["Perle d’ailleurs"]
        assert await self.found(visit(cast, None), "perle") == ["Perle d’ailleurs"]

    @pytest.mark.parametrize(
        "written", ["%%", "__", "c_", "%c%v%", "\\\\", "cv'; drop table workshop; --", 'cv" or 1=1']
    )
    async def test_wildcards_and_quotes_are_letters_like_others(self, cast: Cast, written: str) -> None:
        await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno)
        assert await self.found(visit(cast, cast.karim), "cv") == ["On se relit nos CV"]
        assert await self.found(visit(cast, cast.karim), written) == []

    async def test_a_wildcard_that_is_there_is_found(self, cast: Cast) -> None:
        await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno, title="100 % laine_douce !")
        for written in ("100 %", "laine_d", "douce !"):
            assert await self.found(visit(cast, cast.karim), written) == ["100 % laine_douce !"]

    async def test_what_is_not_on_says_so(self, cast: Cast) -> None:
        workshop_id = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno)
        await commands.cancel(actor=cast.yann, workshop_id=workshop_id, reason="Malade", now=NOON)
        (found,) = await search(visit(cast, cast.karim), "cv", 10)
        assert found.state is not None
        assert language("fr").say(found.state) == "Annulé"
        assert (found.href, found.when) == (f"/ateliers/{workshop_id}", NOON + 10 * DAY)

    @pytest.mark.parametrize("number", [1, 20])
    async def test_two_queries_whatever_is_found(self, cast: Cast, db: Store, number: int) -> None:
        for _ in range(number):
            host = await make_member(place_id=cast.place)
            await make_workshop(place_id=cast.place, host=host, mediator=cast.bruno)
        before = db.query_id
        found = await self.found(visit(cast, cast.karim), "cv")
        assert len(found) == number
        assert db.query_id - before == 2

    async def test_too_little_asks_the_database_nothing(self, cast: Cast, db: Store) -> None:
        before = db.query_id
        for written in ("", "a", "%", "'"):
            assert await search(visit(cast, cast.karim), written, 10) == []
        assert db.query_id == before


def test_every_deed_in_the_journal_has_its_words() -> None:
    source = "".join(path.read_text() for path in sorted((ROOT / "workshops").rglob("*.py")))
    calls = re.findall(r'\bnote\(\s*(?:row|after),\s*(?:"(\w+)" if again else )?"(\w+)"', source)
    assert len(calls) > 10, "the journal is written somewhere"
    written = {f"workshop.{act}" for both in calls for act in both if act}
    assert written == set(JOURNAL_ACTS)
