"""`reseau member add --no-email`, `reseau member password`: people without an address, by whoever runs the server."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from app.cli.common import with_database
from app.clock import now
from app.database import run, transaction
from app.identity.entrance import sign_in
from app.identity.sessions import Opened
from app.identity.states import Act, Device
from tests.app.cli.said import Said, is_one_sentence, rows
from tests.factories import make_grant

TOLD = re.compile(r"Fatou signs in with the name (fatou-[2-9]{3}) and these three words: ([a-z]+ [a-z]+ [a-z]+)\n")


@pytest.fixture(autouse=True)
def places(reseau: Callable[..., Said], installed: str) -> None:
    assert reseau("place", "add", "tanneurs", "--name", "Les Tanneurs", "--address", "14 rue")[0] == 0


def entered(url: str, name: str, password: str) -> bool:
    async def enter() -> Opened | None:
        return await sign_in(
            email=name, password=password, device=Device.MINE, label="", network="", old_token=None, now=now()
        )

    return with_database(url, enter) is not None


def add(reseau: Callable[..., Said], *more: str) -> tuple[str, str]:
    code, out, _ = reseau("member", "add", "--no-email", "--name", "Fatou", *more)
    assert code == 0
    told = TOLD.match(out)
    assert told, out
    return told[1], told[2]


def test_they_get_in_with_what_is_said(reseau: Callable[..., Said], installed: str) -> None:
    name, password = add(reseau, "--language", "en")
    assert entered(installed, name, password)
    (fatou,) = rows(installed, "select email, language, met_at from member m join membership s on s.member_id = m.id")
    assert (fatou["email"], fatou["language"]) == (None, "en")
    assert fatou["met_at"] is not None


def test_two_of_the_same_name_are_two(reseau: Callable[..., Said], installed: str) -> None:
    assert add(reseau)[0] != add(reseau)[0]


def test_where_there_are_two_places_one_is_said(reseau: Callable[..., Said], installed: str) -> None:
    reseau("place", "add", "canal", "--name", "Le Canal", "--address", "3 quai")
    code, _, err = reseau("member", "add", "--no-email", "--name", "Fatou")
    assert (code, is_one_sentence(err)) == (1, True)
    assert "canal, tanneurs" in err
    assert reseau("member", "add", "--no-email", "--name", "Fatou", "--place", "ailleurs")[0] == 1
    add(reseau, "--place", "canal")
    assert rows(installed, "select p.slug from membership s join place p on p.id = s.place_id") == [{"slug": "canal"}]


@pytest.mark.parametrize(
    "written",
    [
        [],
        ["--no-email"],
        ["fatou@exemple.fr", "--no-email", "--name", "Fatou"],
        ["--no-email", "--name", "Fatou", "--mediator-of", "tanneurs"],
        ["--no-email", "--name", "Fatou", "--password"],
    ],
)
def test_called_wrongly(reseau: Callable[..., Said], installed: str, written: list[str]) -> None:
    assert reseau("member", "add", *written)[0] == 2
    assert rows(installed, "select id from member") == []


class TestANewPassword:
    def test_the_old_one_opens_nothing_even_of_whoever_holds_a_role(
        self, reseau: Callable[..., Said], installed: str
    ) -> None:
        name, password = add(reseau)
        (fatou,) = rows(installed, "select member_id, place_id from membership")
        with_database(
            installed,
            lambda: make_grant(member_id=fatou["member_id"], place_id=fatou["place_id"], act=Act.KEEP_PLACE),
        )
        code, out, _ = reseau("member", "password", name.upper())
        told = TOLD.match(out)
        assert code == 0
        assert told
        assert told[1] == name
        assert not entered(installed, name, password)
        assert entered(installed, name, told[2])

    def test_the_name_before_an_address_finds_them_still(self, reseau: Callable[..., Said], installed: str) -> None:
        name, _ = add(reseau)

        async def somebody_adds_an_address(days: int) -> None:
            async with transaction():
                await run(
                    "update member set email = 'voleur@exemple.fr', email_key = 'voleur@exemple.fr', kept_name = {}, "
                    "address_added_at = {}",
                    name,
                    now() - timedelta(days=days),
                )

        with_database(installed, lambda: somebody_adds_an_address(31))
        assert reseau("member", "password", name)[0] == 1
        with_database(installed, lambda: somebody_adds_an_address(29))
        told = TOLD.match(reseau("member", "password", name)[1])
        assert told
        assert entered(installed, name, told[2])
        assert rows(installed, "select email from member") == [{"email": None}]

    @pytest.mark.parametrize(("name", "code"), [("fatou-222222", 2), ("samira@exemple.fr", 2), ("nobody-222", 1)])
    def test_nobody(self, reseau: Callable[..., Said], installed: str, name: str, code: int) -> None:
        assert reseau("member", "password", name)[0] == code
