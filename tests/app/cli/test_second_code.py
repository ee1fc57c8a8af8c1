"""`reseau member second-code`, and what the other commands say of the second code."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.cli.common import with_database
from app.cli.first import SECOND_CODE
from app.clock import now
from app.database import run
from app.identity.second import code_at, secret_of, step_of
from app.settings import Settings
from tests.app.cli.said import KEY, Said, is_one_sentence, rows
from tests.app.identity.second_steps import half_in, leads_to_the_step, set_up
from tests.client import World

BRUNO = "bruno@exemple.fr"


@pytest.fixture(autouse=True)
def bruno(reseau: Callable[..., Said], installed: str) -> None:
    """Who mediates in a place that nobody keeps."""
    assert reseau("place", "add", "tanneurs", "--name", "Les Tanneurs", "--address", "14 rue")[0] == 0
    code, out, _ = reseau("member", "add", BRUNO, "--name", "Bruno", "--mediator-of", "tanneurs")
    assert code == 0
    assert out.endswith(f"Bruno mediates in Les Tanneurs.\n{SECOND_CODE}\n")


def with_telephone(url: str, key: str = KEY) -> None:
    """Bruno signs in and sets up his telephone."""

    async def on_the_site() -> None:
        world = World(now(), secret_key=key)
        (me,) = await run("select member_id, place_id from membership where mediator")
        await set_up(await half_in(world, me["member_id"], me["place_id"]))

    with_database(url, on_the_site)


def asked_again(url: str) -> bool:
    async def on_the_site() -> bool:
        (me,) = await run("select member_id, place_id from membership where mediator")
        browser = await half_in(World(now(), secret_key=KEY), me["member_id"], me["place_id"])
        assert leads_to_the_step(await browser.get("/agenda"))
        return 'name="first"' in (await browser.get("/connexion/deuxieme-code")).text

    return with_database(url, on_the_site)


def test_it_tells_whether_there_is_one(reseau: Callable[..., Said], installed: str) -> None:
    assert reseau("member", "second-code", BRUNO) == (0, "Bruno has no second code.\n", "")
    with_telephone(installed)
    code, out, _ = reseau("member", "second-code", "Bruno@Exemple.FR")
    assert code == 0
    assert is_one_sentence(out)
    assert f"since {now():%Y-%m-%d}, and 10 recovery codes" in out


def test_it_is_taken_off_and_set_up_anew(reseau: Callable[..., Said], installed: str) -> None:
    with_telephone(installed)
    assert not asked_again(installed)
    code, out, _ = reseau("member", "second-code", BRUNO, "--reset")
    assert code == 0
    assert "The next sign-in sets up another." in out
    assert [rows(installed, f"select id from {table}") for table in ("second_factor", "recovery_code", "session")] == [
        [],
        [],
        [],
    ]
    (line,) = rows(installed, "select act, actor_id from journal_line where act = 'identity.second_code_reset'")
    assert line["actor_id"] is None
    assert asked_again(installed)
    assert "had no second code" in reseau("member", "second-code", BRUNO, "--reset")[1]


def test_somebody_without_an_address_is_named_by_the_sign_in_name(reseau: Callable[..., Said], installed: str) -> None:
    assert reseau("member", "add", "--no-email", "--name", "Fatou")[0] == 0
    name = rows(installed, "select email_key from member where name = 'Fatou'")[0]["email_key"]
    assert reseau("member", "second-code", name.upper().replace("-", " ")) == (0, "Fatou has no second code.\n", "")


@pytest.mark.parametrize("who", ["nobody@exemple.fr", "fatou-222", "x\ny", ""])
def test_nobody_of_that_name(reseau: Callable[..., Said], installed: str, who: str) -> None:
    code, _, err = reseau("member", "second-code", who, "--reset")
    assert code == 1
    assert is_one_sentence(err)


def test_doctor_counts_who_has_none_and_names_nobody(reseau: Callable[..., Said], installed: str) -> None:
    code, out, _ = reseau("doctor", base_url="https://reseau.exemple")
    assert code == 0
    assert "One person who mediates or keeps accounts has no second code yet: the next sign-in asks for it." in out
    assert "Bruno" not in out
    with_telephone(installed)
    out = reseau("doctor", base_url="https://reseau.exemple")[1]
    assert "second code" not in out


def test_doctor_sees_that_the_secret_key_was_changed(reseau: Callable[..., Said], installed: str) -> None:
    with_telephone(installed)
    out = reseau("doctor", base_url="https://reseau.exemple", secret_key=KEY[::-1])[1]
    assert "1 second codes were made with another RESEAU_SECRET_KEY" in out


def test_what_the_database_holds_is_no_secret_without_the_key(installed: str) -> None:
    """The seed that is kept gives the telephone's code under this key, and under no other."""
    with_telephone(installed)
    (kept,) = rows(installed, "select seed, last_step from second_factor")
    shown = {key: code_at(secret_of(key, kept["seed"]), kept["last_step"]) for key in (KEY, KEY[::-1], "")}
    assert len(set(shown.values())) == 3
    assert kept["last_step"] <= step_of(now()) + 1
    assert Settings(secret_key=KEY).secret_key not in str(kept)
