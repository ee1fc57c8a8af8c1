"""What a mail says, to whom, and that it is said once."""

from datetime import UTC, datetime

import pytest

from app.database import Store, run, transaction
from app.i18n import text
from app.notices.api import Kind, post_mail
from tests.factories import make_member, make_place

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


async def outbox() -> list[dict[str, object]]:
    return await run("select * from outbox order by id")


class TestPostMail:
    async def test_it_writes_to_the_member_in_their_language(self, db: Store) -> None:
        samira = await make_member(name="Samira", email="samira@exemple.fr")
        async with transaction():
            await post_mail(
                member_id=samira,
                kind=Kind.SIGN_IN,
                dedupe="a",
                subject=text("Ton atelier « %(title)s »", title="CV-troc"),
                body=[text("Bonjour %(name)s !", name="Samira"), "Mes mots : 100 % à moi"],
                link="/ateliers/3",
                now=NOW,
            )
        (row,) = await outbox()
        assert row["recipient"] == "samira@exemple.fr"
        assert row["subject"] == "Ton atelier «\u00a0CV-troc\u00a0»"
        assert row["body"] == "Bonjour Samira\u202f!\n\n> Mes mots : 100 % à moi"
        assert (row["link"], row["run_at"], row["tries"], row["sent_at"]) == ("/ateliers/3", NOW, 0, None)

    async def test_the_same_thing_is_told_once(self, db: Store) -> None:
        for subject in ("Premier", "Second"):
            async with transaction():
                await post_mail(
                    member_id=None,
                    to="a@exemple.fr",
                    kind=Kind.SIGN_IN,
                    dedupe="d",
                    subject=text(subject),
                    body=[],
                    now=NOW,
                )
        assert [row["subject"] for row in await outbox()] == ["Premier"]

    async def test_nothing_is_told_when_the_deed_is_undone(self, db: Store) -> None:
        async def fall() -> None:
            async with transaction():
                await post_mail(
                    member_id=None,
                    to="a@exemple.fr",
                    kind=Kind.SIGN_IN,
                    dedupe="d",
                    subject=text("Oui"),
                    body=[],
                    now=NOW,
                )
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fall()
        assert await outbox() == []

    async def test_a_member_without_an_address_gets_nothing(self, db: Store) -> None:
        someone = await make_member(name="Paul", email=None)
        async with transaction():
            await post_mail(member_id=someone, kind=Kind.SIGN_IN, dedupe="d", subject=text("Oui"), body=[], now=NOW)
        assert await outbox() == []

    @pytest.mark.parametrize("address", ["a@b.fr\r\nBcc: c@d.fr", "a@b.fr, c@d.fr", "<a@b.fr>", "a", "@", "a@b" * 99])
    async def test_it_refuses_what_is_not_one_address(self, sqlite_only_db: Store, address: str) -> None:
        async with transaction():
            await post_mail(
                member_id=None, to=address, kind=Kind.SIGN_IN, dedupe="d", subject=text("Oui"), body=[], now=NOW
            )
        assert await outbox() == []

    async def test_names_begin_no_line_of_their_own(self, db: Store) -> None:
        name = "Eve\r\nBcc: victime@exemple.fr\r\n\r\nhttps://mal.exemple\u2028\x00\x85\ud800\u202e"
        async with transaction():
            await post_mail(
                member_id=None,
                to="a@exemple.fr",
                kind=Kind.SIGN_IN,
                dedupe="d",
                subject=text("%(name)s t’écrit", name=name),
                body=[text("%(name)s t’écrit.", name=name)],
                now=NOW,
            )
        (row,) = await outbox()
        for said in (str(row["subject"]), str(row["body"])):
            assert len(said.splitlines()) == 1
            assert "\x00" not in said
            assert said.encode("utf-8")
            assert said.startswith("Eve  Bcc: victime@exemple.fr")

    async def test_the_only_place_signs(self, db: Store) -> None:
        first = await make_place(name="Maison de la Plaine")

        async def post(dedupe: str, place_id: int | None = None) -> None:
            async with transaction():
                await post_mail(
                    member_id=None,
                    to="a@exemple.fr",
                    kind=Kind.SIGN_IN,
                    dedupe=dedupe,
                    subject=text("Oui"),
                    body=[],
                    now=NOW,
                    place_id=place_id,
                )

        await post("one")
        await make_place(name="Maison de la Gare")
        await post("two")
        await post("named", first)
        assert [row["signature"] for row in await outbox()] == [
            "Maison de la Plaine",
            "Le Réseau",
            "Maison de la Plaine",
        ]
