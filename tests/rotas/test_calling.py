"""Whoever cannot come and asks everybody, for a turn that is near: called out like a turn that nobody has."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.database import run, transaction
from rotas import calling, jobs
from rotas.calling_out import call_out
from rotas.commands.claiming import claim
from rotas.commands.duties import set_quiet
from rotas.commands.giving_up import ask_stand_in, free, propose_swap, withdraw_swap
from rotas.commands.swapping import settle
from rotas.rules import Lack, Standing, SwapStanding
from rotas.states import Level, SlotState, SwapState
from rotas.wanted import wanted_stand_ins
from tests.client import NOON
from tests.people import Cast
from tests.rotas.make import SOON, make_duty, make_practice, make_slot
from tests.rotas.reads import swap
from tests.rotas.scene import Scene
from tests.rotas.test_rules import FULL, NOW, OPEN, SWAP, H
from tests.workshops.reads import mailed, mails
from tests.workshops.test_races import at_once, errors

HOUR = timedelta(hours=1)
NEAR = NOON + 40 * HOUR
EVERYBODY_ELSE = {"karim", "aicha", "yann", "odile", "rosa", "bruno", "helene"}


def all_but_samira(cast: Cast) -> set[int]:
    return {getattr(cast, name) for name in EVERYBODY_ELSE}


async def taken(cast: Cast, *, starts_at: datetime = NEAR, duty_id: int | None = None) -> int:
    """A turn for one person, which Samira has."""
    made = await make_slot(place_id=cast.place, duty_id=duty_id, starts_at=starts_at)
    await claim(actor=cast.samira, slot_id=made, now=NOON)
    return made


async def asked(cast: Cast, slot_id: int, *, to: int | None = None, now: datetime = NOON) -> int:
    return await ask_stand_in(actor=cast.samira, slot_id=slot_id, member_id=cast.samira, to_member=to, now=now)


class TestTheRule:
    @pytest.mark.parametrize(
        ("standing", "request_", "called_at", "quiet", "calls"),
        [
            (replace(FULL, starts_at=NOW + 48 * H), SWAP, None, False, True),
            (replace(OPEN, starts_at=NOW + 48 * H), SWAP, None, False, True),
            (replace(FULL, starts_at=NOW + 49 * H), SWAP, None, False, False),
            (replace(FULL, starts_at=NOW), SWAP, None, False, False),
            (replace(FULL, starts_at=NOW + H, state=SlotState.CANCELLED), SWAP, None, False, False),
            (replace(FULL, starts_at=NOW + H), SWAP, NOW - H, False, False),
            (replace(FULL, starts_at=NOW + H), SWAP, None, True, False),
            (replace(FULL, starts_at=NOW + H), replace(SWAP, to_member=2), None, False, False),
            (replace(FULL, starts_at=NOW + H), replace(SWAP, wants_slot=True), None, False, False),
            (replace(FULL, starts_at=NOW + H), replace(SWAP, state=SwapState.TAKEN), None, False, False),
        ],
    )
    def test_once_near_asked_of_everybody_never_in_quiet_mode(
        self, standing: Standing, request_: SwapStanding, called_at: datetime | None, quiet: bool, calls: bool
    ) -> None:
        assert calling.calls_stand_in(standing, request_, called_at=called_at, quiet=quiet, now=NOW) is calls

    def test_keys_are_at_stake(self) -> None:
        assert calling.lack_of_stand_in(opens_place=True) is Lack.KEYS_STAND_IN
        assert calling.lack_of_stand_in(opens_place=False) is Lack.STAND_IN


class TestTheJob:
    async def test_without_its_mark_it_calls_every_minute(self, cast: Cast) -> None:
        """The control: it is `rota_swap.called_at` that makes it once."""
        swap_id = await asked(cast, await taken(cast))
        for minute in range(2):
            assert await call_out(NOON + timedelta(minutes=minute)) == 1
            async with transaction():
                await run("update rota_swap set called_at = null where id = {}", swap_id)
        assert len(await mails(to=cast.karim, about="called")) == 2

    async def test_who_may_and_is_free_is_called_once_and_not_who_asks(self, cast: Cast) -> None:
        made = await taken(cast)
        busy = await make_slot(
            place_id=cast.place, duty_id=await make_duty(place_id=cast.place, name="Caisse"), starts_at=NEAR + HOUR
        )
        await claim(actor=cast.karim, slot_id=busy, now=NOON)
        assert await call_out(NOON) == 0
        swap_id = await asked(cast, made)
        ends = await at_once([call_out(NOON + HOUR) for _ in range(3)])
        assert errors(ends) == []
        assert sorted(str(end) for end in ends) == ["0", "0", "1"]
        assert await mailed(about="called") == all_but_samira(cast) - {cast.karim}
        assert (await swap(swap_id))["called_at"] == NOON + HOUR
        assert await call_out(NOON + 2 * HOUR) == 0
        (mail,) = await mails(to=cast.yann, about="called")
        assert mail["link"] == f"/tours/{made}"
        assert "on cherche quelqu’un à sa place" in mail["body"]
        assert "Samira" not in mail["subject"] + mail["body"]

    async def test_as_it_comes_near(self, cast: Cast) -> None:
        made = await taken(cast, starts_at=SOON)
        await asked(cast, made)
        assert await call_out(SOON - 49 * HOUR) == 0
        assert [await call_out(SOON - 48 * HOUR + n * HOUR) for n in range(2)] == [1, 0]

    async def test_each_request_anew(self, cast: Cast) -> None:
        made = await taken(cast)
        first = await asked(cast, made)
        assert await call_out(NOON) == 1
        await withdraw_swap(actor=cast.samira, swap_id=first, now=NOON + HOUR)
        assert await call_out(NOON + HOUR) == 0
        await asked(cast, made, now=NOON + 2 * HOUR)
        assert [await call_out(NOON + n * HOUR) for n in (2, 3, 4)] == [0, 1, 0]

    async def test_not_of_one_person_nor_for_a_turn_in_return_nor_once_somebody_said_yes(self, cast: Cast) -> None:
        named, swapped, settled = [
            await taken(cast, duty_id=await make_duty(place_id=cast.place, name=name), starts_at=NEAR + n * 2 * HOUR)
            for n, name in enumerate(("Un", "Deux", "Trois"))
        ]
        wanted = await make_slot(place_id=cast.place, duty_id=await make_duty(place_id=cast.place, name="Quatre"))
        await claim(actor=cast.karim, slot_id=wanted, now=NOON)
        await asked(cast, named, to=cast.yann)
        await propose_swap(actor=cast.samira, slot_id=swapped, member_id=cast.samira, wanted_slot_id=wanted, now=NOON)
        done = await asked(cast, settled)
        assert [row["swap_id"] for row in await wanted_stand_ins(now=NOON)] == [done]
        await settle(actor=cast.aicha, swap_id=done, now=NOON)
        assert await call_out(NOON) == 0
        assert await mails(about="called") == []

    async def test_a_quiet_place_calls_nobody_until_it_is_quiet_no_more(self, cast: Cast) -> None:
        await asked(cast, await taken(cast))
        await set_quiet(actor=cast.rosa, place_id=cast.place, quiet=True, now=NOON)
        assert await call_out(NOON) == 0
        await set_quiet(actor=cast.rosa, place_id=cast.place, quiet=False, now=NOON)
        assert await call_out(NOON) == 1

    async def test_keys_at_stake_are_said_and_go_to_nobody_under_age_or_mediating(self, cast: Cast) -> None:
        duty = await make_duty(
            place_id=cast.place, name="Ouverture", act="register", opens_place=True, adults_only=True
        )
        async with transaction():
            await run("update member set adult_on = {} where id = {}", NEAR.date() + timedelta(days=30), cast.aicha)
        await asked(cast, await taken(cast, duty_id=duty))
        assert await call_out(NOON) == 1
        assert await mailed(about="called") == all_but_samira(cast) - {cast.aicha, cast.bruno, cast.helene}
        assert (
            "une personne qui ouvre le lieu ne peut pas venir" in (await mails(to=cast.yann, about="called"))[0]["body"]
        )

    @pytest.mark.parametrize("another", [False, True], ids=["asker-alone-can", "somebody-else-can-too"])
    async def test_who_cannot_come_shows_nobody_how_it_is_done(self, cast: Cast, another: bool) -> None:
        duty = await make_duty(place_id=cast.place, needs_training=True)
        await make_practice(duty_id=duty, member_id=cast.samira)
        await make_practice(duty_id=duty, member_id=cast.odile)
        await make_practice(duty_id=duty, member_id=cast.karim, level=Level.WATCHED)
        made = await make_slot(place_id=cast.place, duty_id=duty, starts_at=NEAR, people=2)
        await claim(actor=cast.samira, slot_id=made, now=NOON)
        if another:
            await claim(actor=cast.odile, slot_id=made, now=NOON)
        await asked(cast, made)
        async with transaction():
            await run("update rota_slot set called_at = {} where id = {}", NOON, made)
        assert await call_out(NOON) == 1
        assert await mailed(about="called") == ({cast.karim} if another else {cast.odile})

    async def test_one_message_for_all_and_again_when_it_is_freed_after_all(self, cast: Cast) -> None:
        made = await taken(cast)
        await asked(cast, made)
        await make_slot(
            place_id=cast.place, duty_id=await make_duty(place_id=cast.place, name="Caisse"), starts_at=NEAR + 4 * HOUR
        )
        assert await call_out(NOON) == 2
        (mail,) = await mails(to=cast.yann, about="called")
        assert (mail["subject"], mail["link"]) == ("2 tours cherchent quelqu’un", "/tours")
        await free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=NOON + HOUR)
        assert [await call_out(NOON + n * HOUR) for n in (1, 2)] == [1, 0]

    async def test_a_clock_that_was_ahead_leaves_nobody_uncalled(self, cast: Cast) -> None:
        await asked(cast, await taken(cast, starts_at=SOON))
        assert await call_out(SOON - HOUR) == 1
        assert await call_out(SOON - 40 * HOUR) == 0
        await jobs.made_again(SOON - 40 * HOUR, SOON - HOUR)
        assert await call_out(SOON - 40 * HOUR) == 1


class TestTheDesk:
    async def test_it_stands_with_what_lacks_somebody_once_for_a_turn(self, cast: Cast) -> None:
        scene = Scene(cast)
        desk = await scene.as_(cast.bruno)
        made = await make_slot(place_id=cast.place, starts_at=NEAR, people=2)
        await claim(actor=cast.samira, slot_id=made, now=NOON)
        await claim(actor=cast.karim, slot_id=made, sure=True, now=NOON)
        assert f"/tours/{made}" not in (await desk.get("/mediation")).text
        await asked(cast, made)
        shown = (await desk.get("/mediation")).text
        links = shown.count(f'href="/tours/{made}"')
        assert links > 0
        assert shown.count("on cherche quelqu’un à sa place") == 1
        await free(actor=cast.karim, slot_id=made, member_id=cast.karim, now=NOON)
        shown = (await desk.get("/mediation")).text
        assert shown.count(f'href="/tours/{made}"') == links
        assert "on cherche quelqu’un à sa place" not in shown
        await scene.quiet()
        assert f"/tours/{made}" not in (await desk.get("/mediation")).text
