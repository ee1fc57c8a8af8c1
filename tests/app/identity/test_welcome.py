"""Members without e-mail: the account that the welcome turn opens, and the new password when the slip is lost."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.database import is_sqlite, run, transaction
from app.errors import NotFound, Refused
from app.identity import commands, commands_me, commands_welcome, entrance, throttle
from app.identity.commands_welcome import (
    SLIPS_KEPT,
    Registered,
    forget_slips,
    give_new_password,
    register_without_email,
)
from app.identity.passwords import hash_password
from app.identity.sessions import Opened
from app.identity.slips import read_sign_in_name
from app.identity.states import Act, Device, IdentityRefusal
from app.identity.tables import Member
from tests.app.identity.steps import sessions_of
from tests.client import NOON
from tests.factories import make_grant, make_member, make_place
from tests.people import Cast


@pytest.fixture
async def house(cast: Cast) -> Cast:
    """Odile holds the welcome turn."""
    await make_grant(member_id=cast.odile, place_id=cast.place, act=Act.REGISTER)
    return cast


async def welcome(house: Cast, **changes: Any) -> Registered:
    plain: dict[str, Any] = {"actor": house.odile, "place_id": house.place, "name": "Fatou", "now": NOON}
    return await register_without_email(**{**plain, **changes})


async def new_slip(house: Cast, member_id: int, **changes: Any) -> Registered:
    plain: dict[str, Any] = {"actor": house.odile, "place_id": house.place, "member_id": member_id, "now": NOON}
    return await give_new_password(**{**plain, **changes})


async def enter(name: str, password: str) -> Opened | None:
    return await entrance.sign_in(
        email=name, password=password, device=Device.MINE, label="", network="192.0.2.1", old_token=None, now=NOON
    )


async def refusal(done: Any) -> IdentityRefusal:
    with pytest.raises(Refused) as caught:
        await done
    assert isinstance(caught.value.reason, IdentityRefusal)
    return caught.value.reason


async def members_called(name: str) -> list[dict[str, Any]]:
    return await run("select * from member where name = {}", name)


class TestOpeningAnAccount:
    async def test_the_slip_opens_it(self, house: Cast) -> None:
        slip = await welcome(house, phone="06 12 34 56 78", language="en")
        opened = await enter(slip.sign_in_name, slip.password)
        assert opened is not None
        assert opened.member_id == slip.member_id
        row = (await members_called("Fatou"))[0]
        assert (row["email"], row["email_key"], row["phone"], row["language"], row["listed"]) == (
            None,
            slip.sign_in_name,
            "06 12 34 56 78",
            "en",
            False,
        )
        assert read_sign_in_name(slip.sign_in_name) == slip.sign_in_name

    async def test_they_are_met_members_of_that_place_alone(self, house: Cast) -> None:
        await make_place(slug="ailleurs")
        slip = await welcome(house)
        rows = await run("select * from membership where member_id = {}", slip.member_id)
        assert [(row["place_id"], row["met_at"], bool(row["mediator"])) for row in rows] == [(house.place, NOON, False)]

    async def test_two_of_the_same_name_get_two_names(self, house: Cast) -> None:
        slips = [await welcome(house, once=str(number)) for number in range(12)]
        assert len({slip.sign_in_name for slip in slips}) == 12

    async def test_a_name_that_is_taken_is_made_again(self, house: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        given = iter(["fatou-222", "fatou-222", "fatou-333"])
        monkeypatch.setattr(commands_welcome, "make_sign_in_name", lambda name, digits: next(given))
        assert [(await welcome(house, once=str(number))).sign_in_name for number in range(2)] == [
            "fatou-222",
            "fatou-333",
        ]

    async def test_after_a_while_there_is_one_digit_more(self, house: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            commands_welcome, "make_sign_in_name", lambda name, digits: "fatou-222" if digits == 3 else "fatou-2222"
        )
        assert [(await welcome(house, once=str(number))).sign_in_name for number in range(2)] == [
            "fatou-222",
            "fatou-2222",
        ]

    async def test_whoever_runs_the_server_may_too(self, house: Cast) -> None:
        slip = await welcome(house, actor=None)
        assert await enter(slip.sign_in_name, slip.password)

    async def test_a_line_of_the_journal_stays(self, house: Cast) -> None:
        slip = await welcome(house)
        lines = await run("select * from journal_line where act = {}", "identity.registered")
        assert [
            (line["actor_id"], line["thing_id"], line["title"], line["reason"], bool(line["shown"])) for line in lines
        ] == [(house.odile, slip.member_id, "", "", False)]


class TestOnce:
    async def test_without_it_each_sending_makes_an_account(self, house: Cast) -> None:
        """The control."""
        for number in range(2):
            await welcome(house, once=f"form {number}")
        assert len(await members_called("Fatou")) == 2

    async def test_twenty_same_forms_make_one_account(self, house: Cast) -> None:
        done = await asyncio.gather(*(welcome(house, once="this form") for _ in range(20)), return_exceptions=True)
        slips = [each for each in done if isinstance(each, Registered)]
        assert len(slips) == 1
        assert {each.reason for each in done if isinstance(each, Refused)} == {IdentityRefusal.SLIP_GIVEN}
        assert len(await members_called("Fatou")) == 1
        assert await enter(slips[0].sign_in_name, slips[0].password)
        assert len(await run("select id from membership where member_id = {}", slips[0].member_id)) == 1

    async def test_without_a_mark_the_same_words_on_the_same_day_are_one(self, house: Cast) -> None:
        await welcome(house)
        assert await refusal(welcome(house)) is IdentityRefusal.SLIP_GIVEN
        await welcome(house, now=NOON + timedelta(days=1))
        assert len(await members_called("Fatou")) == 2

    async def test_twenty_same_forms_give_one_password(self, house: Cast) -> None:
        first = await welcome(house)
        done = await asyncio.gather(
            *(new_slip(house, first.member_id, once="this form") for _ in range(20)), return_exceptions=True
        )
        slips = [each for each in done if isinstance(each, Registered)]
        assert len(slips) == 1
        assert await enter(slips[0].sign_in_name, slips[0].password)

    async def test_somebody_elses_form_is_another_one(self, house: Cast) -> None:
        await make_grant(member_id=house.yann, place_id=house.place, act=Act.REGISTER)
        await welcome(house, once="1")
        await welcome(house, once="1", actor=house.yann)
        assert len(await members_called("Fatou")) == 2

    async def test_it_is_forgotten_when_the_form_cannot_come_again(self, house: Cast) -> None:
        await welcome(house)
        assert await forget_slips(NOON + SLIPS_KEPT - timedelta(seconds=1)) == 0
        assert await forget_slips(NOON + SLIPS_KEPT) == 1
        assert await forget_slips(NOON + SLIPS_KEPT) == 0
        assert len(await members_called("Fatou")) == 1


class TestWhoMay:
    @pytest.mark.parametrize("who", ["samira", "rosa", "bruno", "newcomer"])
    async def test_nobody_without_the_welcome_turn(self, house: Cast, who: str) -> None:
        slip = await welcome(house)
        actor = getattr(house, who)
        assert await refusal(welcome(house, actor=actor, name="Moussa")) is IdentityRefusal.NEEDS_ACT
        assert await refusal(new_slip(house, slip.member_id, actor=actor)) is IdentityRefusal.NEEDS_ACT
        assert await members_called("Moussa") == []
        assert await enter(slip.sign_in_name, slip.password)

    async def test_no_mediator_whatever_a_grant_says(self, house: Cast) -> None:
        await make_grant(member_id=house.bruno, place_id=house.place, act=Act.REGISTER)
        assert await refusal(welcome(house, actor=house.bruno)) is IdentityRefusal.NEEDS_ACT

    async def test_only_at_their_own_place(self, house: Cast) -> None:
        elsewhere = await make_place(slug="ailleurs")
        assert await refusal(welcome(house, place_id=elsewhere)) is IdentityRefusal.NEEDS_ACT

    async def test_only_during_the_turn(self, house: Cast) -> None:
        until = NOON + timedelta(hours=3)
        await make_grant(member_id=house.yann, place_id=house.place, act=Act.REGISTER, until_at=until)
        await welcome(house, actor=house.yann, now=until - timedelta(seconds=1))
        assert await refusal(welcome(house, actor=house.yann, name="Moussa", now=until)) is IdentityRefusal.NEEDS_ACT

    async def test_no_such_place(self, house: Cast) -> None:
        with pytest.raises(NotFound):
            await welcome(house, place_id=house.place + 1000)


class TestANewPassword:
    async def test_the_old_one_opens_nothing_any_more(self, house: Cast) -> None:
        first = await welcome(house)
        assert await enter(first.sign_in_name, first.password)
        slip = await new_slip(house, first.member_id)
        assert slip.sign_in_name == first.sign_in_name
        assert slip.password != first.password
        assert await sessions_of(first.member_id) == []
        assert await enter(first.sign_in_name, first.password) is None
        assert await enter(slip.sign_in_name, slip.password)

    async def test_a_line_of_the_journal_and_a_message_stay(self, house: Cast) -> None:
        first = await welcome(house)
        await new_slip(house, first.member_id)
        lines = await run("select * from journal_line where act = {}", "identity.password_given")
        assert [(line["actor_id"], line["thing_id"], bool(line["shown"])) for line in lines] == [
            (house.odile, first.member_id, False)
        ]
        told = await run("select * from outbox where member_id = {}", first.member_id)
        assert [
            (row["subject"], row["kind"], row["recipient"], bool(row["on_site"]), row["read_at"]) for row in told
        ] == [("L’accueil t’a donné un nouveau mot de passe", "account", "", True, None)]

    async def test_somebody_without_any_sign_in_name_gets_one(self, house: Cast) -> None:
        member_id = await make_member(name="Moussa", place_id=house.place, email=None)
        slip = await new_slip(house, member_id)
        assert slip.sign_in_name.startswith("moussa-")
        assert await enter(slip.sign_in_name, slip.password)

    async def test_whoever_has_an_address_asks_for_a_mail(self, house: Cast) -> None:
        before = (await run("select password_hash from member where id = {}", house.karim))[0]
        assert await refusal(new_slip(house, house.karim)) is IdentityRefusal.HAS_ADDRESS
        assert (await run("select password_hash from member where id = {}", house.karim))[0] == before

    async def test_not_their_own(self, house: Cast) -> None:
        member_id = await make_member(name="Moussa", place_id=house.place, email=None)
        await make_grant(member_id=member_id, place_id=house.place, act=Act.REGISTER)
        assert await refusal(new_slip(house, member_id, actor=member_id)) is IdentityRefusal.THEMSELVES

    async def test_only_of_members_of_the_place(self, house: Cast) -> None:
        elsewhere = await make_place(slug="ailleurs")
        member_id = await make_member(name="Moussa", place_id=elsewhere, email=None)
        for unknown in (member_id, member_id + 1000):
            with pytest.raises(NotFound):
                await new_slip(house, unknown)

    async def test_of_nobody_who_left(self, house: Cast) -> None:
        slip = await welcome(house)
        async with transaction():
            await Member.update({Member.erased_at: NOON}).where(Member.id == slip.member_id)
        with pytest.raises(NotFound):
            await new_slip(house, slip.member_id)

    async def test_a_worn_out_name_is_changed(self, house: Cast) -> None:
        first = await welcome(house)
        for _ in range(throttle.PASSWORD.most):
            assert await enter(first.sign_in_name, "autre chose ici") is None
        slip = await new_slip(house, first.member_id)
        assert slip.sign_in_name != first.sign_in_name
        assert await enter(slip.sign_in_name, slip.password)

    async def test_a_few_wrong_tries_are_forgotten(self, house: Cast) -> None:
        first = await welcome(house)
        for _ in range(throttle.PASSWORD.most - 1):
            assert await enter(first.sign_in_name, "autre chose ici") is None
        slip = await new_slip(house, first.member_id)
        assert slip.sign_in_name == first.sign_in_name
        assert await throttle.tries(throttle.PASSWORD, first.sign_in_name, now=NOON) == []
        assert await enter(slip.sign_in_name, slip.password)


class TestNoRoleIsTakenOver:
    """Whoever holds the welcome turn for an evening must not come by another's role, here, elsewhere or later."""

    @pytest.fixture
    async def moussa(self, house: Cast) -> Registered:
        return await welcome(house, name="Moussa")

    async def test_a_plain_member_may_be_helped(self, house: Cast, moussa: Registered) -> None:
        """The control: nothing else than the role stands in the way below."""
        await make_grant(member_id=moussa.member_id, place_id=house.place, act=Act.KEEP_PLACE, until_at=NOON)
        slip = await new_slip(house, moussa.member_id)
        assert slip.member_id == moussa.member_id

    @pytest.mark.parametrize("act", Act)
    @pytest.mark.parametrize(
        ("from_at", "until_at"),
        [
            (NOON - timedelta(days=1), None),
            (NOON - timedelta(hours=1), NOON + timedelta(hours=1)),
            (NOON + timedelta(days=6), NOON + timedelta(days=7)),
        ],
        ids=["standing", "now", "next week"],
    )
    async def test_no_role(self, house: Cast, moussa: Registered, act: Act, from_at: Any, until_at: Any) -> None:
        await make_grant(member_id=moussa.member_id, place_id=house.place, act=act, from_at=from_at, until_at=until_at)
        assert await refusal(new_slip(house, moussa.member_id)) is IdentityRefusal.HOLDS_A_ROLE
        assert await enter(moussa.sign_in_name, moussa.password)

    async def test_no_role_elsewhere(self, house: Cast, moussa: Registered) -> None:
        elsewhere = await make_place(slug="ailleurs")
        await make_grant(member_id=moussa.member_id, place_id=elsewhere, act=Act.SAY_YES)
        assert await refusal(new_slip(house, moussa.member_id)) is IdentityRefusal.HOLDS_A_ROLE

    async def test_no_mediation_here_or_elsewhere(self, house: Cast) -> None:
        elsewhere = await make_place(slug="ailleurs")
        for place_id in (house.place, elsewhere):
            member_id = await make_member(name="Ali", place_id=place_id, mediator=True, email=None)
            if place_id == elsewhere:
                async with transaction():
                    await run(
                        "insert into membership (member_id, place_id, mediator, employer, joined_at) "
                        "values ({}, {}, {}, '', {})",
                        member_id,
                        house.place,
                        False,
                        NOON,
                    )
            assert await refusal(new_slip(house, member_id)) is IdentityRefusal.HOLDS_A_ROLE

    async def test_no_role_that_is_offered(self, house: Cast, moussa: Registered) -> None:
        """Whoever signs in with the new words would only have to say yes."""
        await offer(house, moussa.member_id)
        assert await refusal(new_slip(house, moussa.member_id)) is IdentityRefusal.HOLDS_A_ROLE
        assert await enter(moussa.sign_in_name, moussa.password)
        assert (await new_slip(house, moussa.member_id, actor=None)).member_id == moussa.member_id, "the server's may"

    @pytest.mark.parametrize("why", ["declined", "the giver has it no more"])
    async def test_an_offer_that_stands_no_more_is_in_nobodys_way(
        self, house: Cast, moussa: Registered, why: str
    ) -> None:
        handover = await offer(house, moussa.member_id)
        if why == "declined":
            await commands.answer_role(actor=moussa.member_id, handover_id=handover, yes=False, now=NOON)
        else:
            async with transaction():
                await run("update granted_act set until_at = {} where member_id = {}", NOON, house.rosa)
        assert (await new_slip(house, moussa.member_id)).member_id == moussa.member_id


async def offer(house: Cast, member_id: int) -> int:
    """Rosa offers to keep the place together."""
    await commands.offer_role(
        actor=house.rosa, place_id=house.place, act=Act.KEEP_PLACE, member_id=member_id, shared=True, now=NOON
    )
    return int((await run("select id from handover where to_member = {}", member_id))[0]["id"])


class TestThePapersWordsLeadToNoRole:
    """Whoever wrote the paper knows them: the account must not gain a role before they are replaced."""

    OWN = "une phrase bien à elle"

    async def choose(self, slip: Registered, words: str = OWN, *, session_id: int | None = None) -> None:
        await commands_me.set_password(
            actor=slip.member_id, session_id=session_id, password=slip.password, new_password=words, now=NOON
        )

    @pytest.mark.parametrize("renewed", [False, True])
    async def test_an_offered_role_waits_for_an_own_password(self, house: Cast, renewed: bool) -> None:
        slip = await welcome(house)
        if renewed:
            slip = await new_slip(house, slip.member_id)
        handover = await offer(house, slip.member_id)

        async def accept() -> None:
            await commands.answer_role(actor=slip.member_id, handover_id=handover, yes=True, now=NOON)

        assert await refusal(accept()) is IdentityRefusal.GIVEN_PASSWORD
        assert not await has_grants(slip)
        await self.choose(slip)
        await accept()
        assert await has_grants(slip)

    async def test_no_mediation_and_no_place_of_their_own_either(self, house: Cast) -> None:
        slip = await welcome(house)

        async def mediate() -> None:
            await commands.make_mediator(member_id=slip.member_id, place_id=house.place, domains=(), now=NOON)

        async def found() -> None:
            await commands.found_place(
                founder_id=slip.member_id, slug="canal", name="Canal", address="3 quai", now=NOON
            )

        for deed in (mediate, found):
            assert await refusal(deed()) is IdentityRefusal.GIVEN_PASSWORD
        assert await run("select id from place where slug = 'canal'") == []
        await self.choose(slip)
        await found()
        await mediate()

    async def test_their_own_is_another_one(self, house: Cast) -> None:
        slip = await welcome(house)
        for same in (slip.password, slip.password.title().replace(" ", "-")):
            assert await refusal(self.choose(slip, same)) is IdentityRefusal.SAME_PASSWORD
        assert await given_at(slip) == NOON
        await self.choose(slip)
        assert await given_at(slip) is None
        await new_slip(house, slip.member_id, now=NOON + timedelta(days=1))
        assert await given_at(slip) == NOON + timedelta(days=1)

    async def test_a_session_that_a_new_paper_ended_changes_no_password(
        self, house: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The new paper is made while the password of whoever found the old one is being hashed."""
        slip = await welcome(house)
        assert await enter(slip.sign_in_name, slip.password)
        session_id = (await sessions_of(slip.member_id))[0]["id"]
        made: list[Registered] = []

        async def slowly(written: str) -> str:
            monkeypatch.undo()
            made.append(await new_slip(house, slip.member_id))
            return await hash_password(written)

        monkeypatch.setattr(commands_me, "hash_password", slowly)
        assert await refusal(self.choose(slip, session_id=session_id)) is IdentityRefusal.NOT_PROVEN
        assert await enter(made[0].sign_in_name, made[0].password)


async def has_grants(slip: Registered) -> bool:
    return bool(await run("select id from granted_act where member_id = {}", slip.member_id))


async def given_at(slip: Registered) -> Any:
    return (await run("select password_given_at from member where id = {}", slip.member_id))[0]["password_given_at"]


async def test_the_password_is_kept_nowhere(house: Cast, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        first = await welcome(house, once="a form")
        second = await new_slip(house, first.member_id)
        await enter(second.sign_in_name, second.password)
    everything = await every_text()
    assert first.sign_in_name in everything, "the control: what is kept is found"
    for slip in (first, second):
        for secret in (slip.password, slip.password.replace(" ", "-"), slip.password.replace(" ", "")):
            assert secret not in everything
            assert secret not in caplog.text
        assert slip.password not in repr(slip)


async def every_text() -> str:
    """All columns of all rows of all tables."""
    listing = (
        "select name from sqlite_master where type = 'table'"
        if is_sqlite()
        else "select table_name as name from information_schema.tables where table_schema = current_schema()"
    )
    tables = [row["name"] for row in await run(listing)]
    assert {"member", "handed_slip", "outbox", "journal_line"} <= set(tables)
    return "\n".join([repr(await run(f'select * from "{table}"')) for table in tables])
