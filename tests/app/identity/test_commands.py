"""Places, members, mediators, standing roles and meetings: what changes, what is refused, what is asked of the API."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from app.database import run, transaction
from app.errors import NotFound, Refused
from app.identity import api, commands
from app.identity.listed import list_again
from app.identity.states import Act, IdentityRefusal
from tests.app.identity.steps import mails_to, sessions_of
from tests.client import NOON
from tests.factories import make_grant, make_member, make_place
from tests.people import Cast


async def keepers(cast: Cast, act: Act = Act.KEEP_PLACE) -> list[int]:
    return [person.id for person in await api.holders_of(cast.place, act, NOON + timedelta(minutes=1))]


async def met_at(member_id: int) -> object:
    return (await run("select met_at from membership where member_id = {}", member_id))[0]["met_at"]


class TestPlaces:
    async def test_the_founder_keeps_the_place_and_its_accounts(self, cast: Cast) -> None:
        place_id = await commands.found_place(
            founder_id=cast.karim, slug="le-canal", name="Le Canal", address="3 quai de la Marne", now=NOON
        )
        for act in Act:
            expected = act in (Act.KEEP_PLACE, Act.KEEP_ACCOUNTS)
            assert await api.holds(cast.karim, place_id, act, NOON) is expected
        assert await api.belongs(cast.karim, place_id)
        assert (await api.place_of(place_id)).slug == "le-canal"

    async def test_a_short_name_is_given_once(self, cast: Cast) -> None:
        with pytest.raises(Refused) as refused:
            await commands.add_place(slug="les-tanneurs", name="Encore", address="Ailleurs", now=NOON)
        assert refused.value.reason is IdentityRefusal.SLUG_TAKEN

    async def test_joining_one_more_place_twice_is_joining_once(self, cast: Cast) -> None:
        other = await make_place(slug="le-canal", name="Le Canal")
        for _ in range(2):
            await commands.join_place(actor=cast.karim, place_id=other, session_id=None, now=NOON)
        rows = await run("select met_at from membership where member_id = {} and place_id = {}", cast.karim, other)
        assert rows == [{"met_at": None}]
        with pytest.raises(NotFound):
            await commands.join_place(actor=cast.karim, place_id=999, session_id=None, now=NOON)


class TestMembers:
    async def test_an_address_opens_one_account(self, cast: Cast) -> None:
        member_id = await commands.add_member(
            name="Éva", email="Eva@Exemple.fr", password="trois mots au hasard", place_id=cast.place, now=NOON
        )
        found = await api.member_by_email(" EVA@exemple.FR")
        assert found is not None
        assert (found.id, found.name, found.email) == (member_id, "Éva", "Eva@Exemple.fr")
        assert await met_at(member_id) == NOON
        with pytest.raises(Refused) as refused:
            await commands.add_member(name="Eva", email="eva@exemple.fr", now=NOON)
        assert refused.value.reason is IdentityRefusal.ALREADY_MEMBER

    async def test_people_without_an_address_have_accounts_too(self, cast: Cast) -> None:
        for _ in range(2):
            await commands.add_member(name="Paulette", email=None, place_id=cast.place, now=NOON)
        assert await run("select count(*) as n from member where email_key is null") == [{"n": 2}]


class TestMediators:
    async def test_becoming_one_ends_every_role_there(self, cast: Cast) -> None:
        await make_grant(member_id=cast.odile, place_id=cast.place, act=Act.OPEN_MEALS)
        assert await api.holds(cast.odile, cast.place, Act.OPEN_MEALS, NOON)
        await commands.make_mediator(
            member_id=cast.odile, place_id=cast.place, employer="La Ville", domains=(), now=NOON
        )
        assert await api.is_mediator(cast.odile, cast.place)
        assert not await api.holds(cast.odile, cast.place, Act.OPEN_MEALS, NOON)
        assert cast.odile in [person.id for person in await api.mediators_of(cast.place)]
        await commands.unmake_mediator(member_id=cast.odile, place_id=cast.place, now=NOON)
        assert not await api.is_mediator(cast.odile, cast.place)
        assert not await api.holds(cast.odile, cast.place, Act.OPEN_MEALS, NOON)

    async def test_a_later_grant_does_not_count_while_one_mediates(self, cast: Cast) -> None:
        await make_grant(member_id=cast.bruno, place_id=cast.place, act=Act.TAKE_CASH)
        assert not await api.holds(cast.bruno, cast.place, Act.TAKE_CASH, NOON)

    async def test_elsewhere_they_are_members_like_others(self, cast: Cast) -> None:
        other = await make_place(slug="le-canal", name="Le Canal")
        await commands.join_place(actor=cast.bruno, place_id=other, session_id=None, now=NOON)
        await make_grant(member_id=cast.bruno, place_id=other, act=Act.TAKE_CASH)
        assert not await api.is_mediator(cast.bruno, other)
        assert await api.holds(cast.bruno, other, Act.TAKE_CASH, NOON)

    async def test_the_last_who_keeps_the_place_cannot_become_one(self, cast: Cast) -> None:
        with pytest.raises(Refused) as refused:
            await commands.make_mediator(member_id=cast.rosa, place_id=cast.place, domains=(), now=NOON)
        assert refused.value.reason is IdentityRefusal.LAST_KEEPER
        assert await keepers(cast) == [cast.rosa]

    async def test_said_again_only_the_employer_changes(self, cast: Cast) -> None:
        await commands.make_mediator(
            member_id=cast.bruno, place_id=cast.place, employer="La Région", domains=(), now=NOON
        )
        rows = await run("select employer from membership where member_id = {}", cast.bruno)
        assert rows == [{"employer": "La Région"}]
        assert not await run("select 1 as one from journal_line")


class TestHandingOver:
    async def offer(self, cast: Cast, to: int, *, shared: bool = False, act: Act = Act.KEEP_PLACE) -> int:
        await commands.offer_role(actor=cast.rosa, place_id=cast.place, act=act, member_id=to, shared=shared, now=NOON)
        rows = await run("select id from handover where to_member = {} and answered_at is null", to)
        return int(rows[0]["id"])

    async def test_it_passes_when_the_other_accepts(self, cast: Cast) -> None:
        offer = await self.offer(cast, cast.samira)
        assert await keepers(cast) == [cast.rosa]
        address = (await api.members_by_id([cast.samira]))[cast.samira].email or ""
        assert len(await mails_to(address)) == 1
        await commands.answer_role(actor=cast.samira, handover_id=offer, yes=True, now=NOON)
        assert await keepers(cast) == [cast.samira]
        assert await keepers(cast, Act.KEEP_ACCOUNTS) == [cast.rosa]
        await commands.answer_role(actor=cast.samira, handover_id=offer, yes=True, now=NOON)
        assert await keepers(cast) == [cast.samira]

    async def test_it_can_be_shared(self, cast: Cast) -> None:
        offer = await self.offer(cast, cast.samira, shared=True)
        await commands.answer_role(actor=cast.samira, handover_id=offer, yes=True, now=NOON)
        assert await keepers(cast) == [cast.samira, cast.rosa]

    async def test_declining_changes_nothing(self, cast: Cast) -> None:
        offer = await self.offer(cast, cast.samira)
        await commands.answer_role(actor=cast.samira, handover_id=offer, yes=False, now=NOON)
        assert await keepers(cast) == [cast.rosa]
        with pytest.raises(Refused) as refused:
            await commands.answer_role(actor=cast.samira, handover_id=offer, yes=True, now=NOON)
        assert refused.value.reason is IdentityRefusal.OFFER_OVER

    async def test_offering_again_sends_no_second_mail(self, cast: Cast) -> None:
        first = await self.offer(cast, cast.samira)
        assert await self.offer(cast, cast.samira, shared=True) == first
        assert await run("select shared from handover") == await run("select shared from handover where shared")
        assert await run("select count(*) as n from outbox") == [{"n": 1}]

    async def test_only_the_person_asked_answers(self, cast: Cast) -> None:
        offer = await self.offer(cast, cast.samira)
        with pytest.raises(NotFound):
            await commands.answer_role(actor=cast.karim, handover_id=offer, yes=True, now=NOON)
        with pytest.raises(NotFound):
            await commands.answer_role(actor=cast.karim, handover_id=999, yes=True, now=NOON)

    async def test_an_offer_ends_with_the_role_of_who_made_it(self, cast: Cast) -> None:
        to_samira, to_karim = await self.offer(cast, cast.samira), await self.offer(cast, cast.karim)
        await commands.answer_role(actor=cast.samira, handover_id=to_samira, yes=True, now=NOON)
        with pytest.raises(Refused) as refused:
            await commands.answer_role(actor=cast.karim, handover_id=to_karim, yes=True, now=NOON)
        assert refused.value.reason is IdentityRefusal.OFFER_OVER
        assert await keepers(cast) == [cast.samira]

    @pytest.mark.parametrize(
        ("to", "reason"),
        [("bruno", IdentityRefusal.PERSON_IS_MEDIATOR), ("rosa", IdentityRefusal.THEMSELVES)],
    )
    async def test_to_whom_it_cannot_be_offered(self, cast: Cast, to: str, reason: IdentityRefusal) -> None:
        with pytest.raises(Refused) as refused:
            await self.offer(cast, getattr(cast, to))
        assert refused.value.reason is reason

    async def test_only_the_holder_offers_and_only_what_is_handed_over(self, cast: Cast) -> None:
        with pytest.raises(Refused):
            await commands.offer_role(
                actor=cast.karim, place_id=cast.place, act=Act.KEEP_PLACE, member_id=cast.samira, shared=True, now=NOON
            )
        with pytest.raises(NotFound):
            await commands.offer_role(
                actor=cast.rosa, place_id=cast.place, act=Act.SAY_YES, member_id=cast.samira, shared=True, now=NOON
            )

    async def test_the_last_keeper_cannot_leave_but_two_may_and_not_both(self, cast: Cast) -> None:
        with pytest.raises(Refused) as refused:
            await commands.lay_down_role(actor=cast.rosa, place_id=cast.place, act=Act.KEEP_PLACE, now=NOON)
        assert refused.value.reason is IdentityRefusal.LAST_KEEPER
        offer = await self.offer(cast, cast.samira, shared=True)
        await commands.answer_role(actor=cast.samira, handover_id=offer, yes=True, now=NOON)
        results = await asyncio.gather(
            *(
                commands.lay_down_role(actor=who, place_id=cast.place, act=Act.KEEP_PLACE, now=NOON)
                for who in (cast.rosa, cast.samira)
            ),
            return_exceptions=True,
        )
        assert sorted(type(result).__name__ for result in results) == ["NoneType", "Refused"]
        assert len(await keepers(cast)) == 1

    async def test_whoever_passes_a_role_on_is_signed_out(self, cast: Cast) -> None:
        from tests.client import World

        await World().browser_of(cast.rosa, place_id=cast.place)
        offer = await self.offer(cast, cast.samira)
        await commands.answer_role(actor=cast.samira, handover_id=offer, yes=True, now=NOON)
        assert not await sessions_of(cast.rosa)


class TestMeeting:
    async def meet(self, cast: Cast, actor: int, member_id: int | None = None) -> bool:
        return await commands.meet(actor=actor, member_id=member_id or cast.newcomer, place_id=cast.place, now=NOON)

    async def test_two_members_make_it(self, cast: Cast) -> None:
        assert not await self.meet(cast, cast.samira)
        assert not await self.meet(cast, cast.samira)
        assert await met_at(cast.newcomer) is None
        assert await self.meet(cast, cast.karim)
        assert await met_at(cast.newcomer) == NOON
        assert await self.meet(cast, cast.yann)

    async def test_the_welcome_turn_makes_it_alone(self, cast: Cast) -> None:
        await make_grant(member_id=cast.odile, place_id=cast.place, act=Act.REGISTER)
        assert await self.meet(cast, cast.odile)
        assert await met_at(cast.newcomer) == NOON

    async def test_a_role_of_another_time_does_not(self, cast: Cast) -> None:
        await make_grant(
            member_id=cast.odile,
            place_id=cast.place,
            act=Act.REGISTER,
            from_at=NOON - timedelta(hours=3),
            until_at=NOON,
        )
        assert not await self.meet(cast, cast.odile)

    async def test_two_newcomers_do_not_make_each_other_known(self, cast: Cast) -> None:
        other = await make_member(place_id=cast.place, met=False)
        with pytest.raises(Refused) as refused:
            await self.meet(cast, other)
        assert refused.value.reason is IdentityRefusal.NOT_MET
        with pytest.raises(Refused) as refused:
            await self.meet(cast, cast.newcomer)
        assert refused.value.reason is IdentityRefusal.THEMSELVES

    async def test_people_of_other_places_are_nobody_here(self, cast: Cast) -> None:
        stranger = await make_member()
        with pytest.raises(NotFound):
            await self.meet(cast, cast.samira, stranger)
        with pytest.raises(NotFound):
            await self.meet(cast, cast.samira, 999)
        with pytest.raises(Refused) as refused:
            await self.meet(cast, stranger)
        assert refused.value.reason is IdentityRefusal.NOT_OF_THIS_PLACE

    async def test_twenty_at_once_are_counted_each_once(self, cast: Cast) -> None:
        results = await asyncio.gather(*(self.meet(cast, cast.samira) for _ in range(20)))
        assert not any(results)
        assert await run("select count(*) as n from encounter") == [{"n": 1}]


class TestWhatOthersAsk:
    async def test_people_are_found_by_name_or_address_and_by_its_start_who_is_listed(self, cast: Cast) -> None:
        async def found(written: str) -> list[str]:
            return [person.name for person in await api.find_member_by_name_or_mail(cast.place, written)]

        assert await found("aicha") == ["Aïcha"]
        assert await found("  HÉLENE") == ["Hélène"]
        assert await found("HÉL") == []
        async with transaction():
            await run("update member set listed = {} where id = {}", True, cast.helene)
            await list_again(cast.helene)
        assert await found("  HÉL") == ["Hélène"]
        address = (await api.members_by_id([cast.samira]))[cast.samira].email or ""
        assert await found(address.upper()) == ["Samira"]
        assert await found(address[:-1]) == []
        assert await found("") == []
        assert await found("%") == []
        assert await found("Nouvelle") == []

    async def test_facts(self, cast: Cast) -> None:
        assert [room.name for room in await api.rooms_of(cast.place)] == ["Salle du fond", "Salon"]
        assert [person.name for person in await api.mediators_of(cast.place)] == ["Bruno", "Hélène"]
        assert [place.name for place in await api.places()] == ["Les Tanneurs"]
        assert set(await api.members_by_id([cast.karim, 999])) == {cast.karim}
        assert await api.members_by_id([]) == {}
        with pytest.raises(NotFound):
            await api.place_of(999)

    async def test_a_grant_is_given_back_by_its_source(self, cast: Cast) -> None:
        async with transaction():
            for source in ("turn:1", "turn:2"):
                await api.grant(
                    member_id=cast.karim,
                    place_id=cast.place,
                    act=Act.CHECK_IN,
                    from_at=NOON,
                    until_at=NOON + timedelta(hours=2),
                    source=source,
                )
            ended = await api.end_grant(member_id=cast.karim, place_id=cast.place, source="turn:1", now=NOON)
        assert ended == 1
        assert await api.holds(cast.karim, cast.place, Act.CHECK_IN, NOON)
        assert not await api.holds(cast.karim, cast.place, Act.CHECK_IN, NOON + timedelta(hours=2))
        assert not await api.holds(cast.karim, cast.place, Act.CHECK_IN, NOON - timedelta(minutes=1))
