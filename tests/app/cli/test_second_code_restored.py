"""An older backup brings no recovery code back that was used since, and no telephone that was replaced or reset."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app import migrations
from app.backup import aftercare
from app.cli.common import with_database
from app.clock import now
from app.database import run
from app.identity.tables import Member, RecoveryCode, SecondFactor
from app.migrations import known_steps, migrate
from tests.app.cli.kept import names, pg_bin, write
from tests.app.cli.said import KEY, Said, rows
from tests.app.identity.second_steps import RECOVERY, STEP, Telephone, half_in, set_up
from tests.client import World
from tests.factories import make_member, make_place

Reseau = Callable[..., Said]
SINCE = datetime(2026, 11, 20, 8, tzinfo=UTC)

Second = tuple[str, int, str] | None
"""A telephone, its last half minute, and the recovery codes that are left (a letter each)."""

LIVES: dict[str, tuple[Second, Second, Second]] = {
    # who: in the backup, in the database that is replaced, after the restoration
    "Nothing new": (("A", 5, "abc"), ("A", 5, "abc"), ("A", 5, "abc")),
    "A code of the paper used": (("A", 5, "abc"), ("A", 5, "ac"), ("A", 5, "ac")),
    "All of them used": (("A", 5, "abc"), ("A", 5, ""), ("A", 5, "")),
    "Another paper": (("A", 5, "abc"), ("A", 6, "xyz"), ("A", 6, "xyz")),
    "A code of the telephone used": (("A", 5, "abc"), ("A", 9, "abc"), ("A", 9, "abc")),
    "Another telephone": (("A", 7, "abc"), ("B", 6, "xyz"), ("B", 6, "xyz")),
    "Reset": (("A", 5, "abc"), None, None),
    "Set up since": (None, ("A", 5, "abc"), ("A", 5, "abc")),
    "The backup knows more": (("A", 9, "a"), ("A", 5, "abc"), ("A", 9, "a")),
    "Never one": (None, None, None),
}


@pytest.fixture(autouse=True)
def right_programs() -> None:
    os.environ["RESEAU_PG_BIN"] = pg_bin()


def without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restorations as they were before these statements."""
    monkeypatch.setattr(aftercare, "later_in", lambda _: ())


# ---------------------------------------------------------------------------------------------------------- on the site


def opens(url: str, path: str, code: Callable[[datetime], str]) -> bool:
    """Whether this code lets Bruno in, who has shown his password."""

    async def on_the_site() -> bool:
        (me,) = await run("select member_id, place_id from membership where mediator")
        world = World(now(), secret_key=KEY)
        browser = await half_in(world, me["member_id"], me["place_id"])
        return (await browser.post(path, {"code": code(world.now)})).status_code == 303

    return with_database(url, on_the_site)


def with_telephone(url: str) -> Telephone:
    """Bruno sets one up."""

    async def on_the_site() -> Telephone:
        (me,) = await run("select member_id, place_id from membership where mediator")
        return await set_up(await half_in(World(now(), secret_key=KEY), me["member_id"], me["place_id"]))

    return with_database(url, on_the_site)


class TestOnTheSite:
    @pytest.fixture
    def telephone(self, reseau: Reseau, installed: str) -> Telephone:
        """Bruno's, of which there is a backup."""

        async def lived() -> None:
            await make_member(name="Bruno", place_id=await make_place(), mediator=True)

        write(installed, lived)
        telephone = with_telephone(installed)
        assert reseau("backup", "older.zip")[0] == 0
        return telephone

    @pytest.mark.parametrize("control", [True, False])
    def test_a_recovery_code_that_was_used_since(
        self, reseau: Reseau, installed: str, telephone: Telephone, monkeypatch: pytest.MonkeyPatch, control: bool
    ) -> None:
        used, unused = telephone.paper[:2]
        assert opens(installed, RECOVERY, lambda _: used)
        if control:
            without_it(monkeypatch)
        assert reseau("restore", "older.zip", "--force")[0] == 0
        assert opens(installed, RECOVERY, lambda _: used) is control
        assert opens(installed, RECOVERY, lambda _: unused)

    @pytest.mark.parametrize("control", [True, False])
    def test_a_telephone_that_was_lost_since(
        self, reseau: Reseau, installed: str, telephone: Telephone, monkeypatch: pytest.MonkeyPatch, control: bool
    ) -> None:
        (me,) = rows(installed, "select email from member")
        assert reseau("member", "second-code", me["email"], "--reset")[0] == 0
        new = with_telephone(installed)
        if control:
            without_it(monkeypatch)
        assert reseau("restore", "older.zip", "--force")[0] == 0
        old_one, new_one = (
            opens(installed, STEP, lambda at, each=each: each.code(at, later=1))  # type: ignore[misc]  # bound here
            for each in (telephone, new)
        )
        assert (old_one, new_one) == ((True, False) if control else (False, True))
        assert opens(installed, RECOVERY, lambda _: telephone.paper[0]) is control


# ---------------------------------------------------------------------------------------------------------- row by row


def put(url: str, which: int) -> None:
    """Give each of `LIVES` what they have in the backup (0) or at present (1)."""

    async def put_down() -> None:
        await SecondFactor.delete(force=True)
        await RecoveryCode.delete(force=True)
        for member in await Member.select(Member.id, Member.name):
            second = LIVES[member["name"]][which] if member["name"] in LIVES else ("C", 1, "c")
            if second is None:
                continue
            seed, last_step, codes = second
            await SecondFactor.insert(
                SecondFactor(
                    member_id=member["id"],
                    seed=seed,
                    made_with=f"key of {seed}",
                    last_step=last_step,
                    since_at=SINCE + timedelta(days=ord(seed)),
                )
            )
            if codes:
                await RecoveryCode.insert(*(RecoveryCode(member_id=member["id"], code_hash=code) for code in codes))

    write(url, put_down)


def found(url: str) -> dict[str, Second]:
    """Who has what."""

    async def read() -> dict[str, Second]:
        codes = await RecoveryCode.select().order_by(RecoveryCode.code_hash)
        factors = {each["member_id"]: each for each in await SecondFactor.select()}
        seen: dict[str, Second] = {}
        for member in await Member.select(Member.id, Member.name).order_by(Member.id):
            left = "".join(each["code_hash"] for each in codes if each["member_id"] == member["id"])
            factor = factors.pop(member["id"], None)
            if factor is None:
                assert not left
                seen[member["name"]] = None
                continue
            seed = factor["seed"]
            assert (factor["made_with"], factor["since_at"]) == (f"key of {seed}", SINCE + timedelta(days=ord(seed)))
            seen[member["name"]] = (seed, factor["last_step"], left)
        assert not factors
        return seen

    return with_database(url, read)


def as_of(which: int) -> dict[str, Second]:
    return {name: states[which] for name, states in LIVES.items()}


class TestRows:
    @pytest.fixture
    def older(self, reseau: Reseau, installed: str, tmp_path: Path) -> Path:
        """A backup, since which all of them had a life and Karim came."""
        write(installed, make_place, *(lambda name=name: make_member(name=name) for name in LIVES))
        put(installed, 0)
        path = tmp_path / "older.zip"
        assert reseau("backup", str(path))[0] == 0
        write(installed, lambda: make_member(name="Karim"))
        put(installed, 1)
        assert found(installed) == as_of(1) | {"Karim": ("C", 1, "c")}
        return path

    def test_the_present_database_tells(self, reseau: Reseau, installed: str, older: Path) -> None:
        assert reseau("restore", str(older), "--force")[0] == 0
        assert found(installed) == as_of(2)

    def test_the_control(self, reseau: Reseau, installed: str, older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        without_it(monkeypatch)
        assert reseau("restore", str(older), "--force")[0] == 0
        assert found(installed) == as_of(0)

    def test_on_a_new_machine_nobody_knows(self, reseau: Reseau, older: Path, other_url: str) -> None:
        assert reseau("restore", str(older), database_url=other_url)[0] == 0
        assert found(other_url) == as_of(0)

    @pytest.mark.parametrize(
        "changed",
        [
            "update installation set name = 'another'",
            "update member set created_at = '2026-11-01 12:00:01+00:00'",
        ],
    )
    def test_another_installation_and_another_person_have_no_say(
        self, reseau: Reseau, installed: str, older: Path, changed: str
    ) -> None:
        write(installed, changed)
        assert reseau("restore", str(older), "--force")[0] == 0
        assert found(installed) == as_of(0)

    def test_nobody_who_is_erased_in_the_backup_gets_one(self, reseau: Reseau, installed: str, older: Path) -> None:
        erased = "update member set erased_at = {} where name = 'Set up since'"
        write(installed, "delete from second_factor", "delete from recovery_code")
        put(installed, 0)
        write(installed, erased.format("created_at"))
        newer = older.with_name("newer.zip")
        assert reseau("backup", str(newer))[0] == 0
        write(installed, erased.format("null"))
        put(installed, 1)
        assert reseau("restore", str(newer), "--force")[0] == 0
        assert found(installed)["Set up since"] is None
        assert found(installed)["Another telephone"] == ("B", 6, "xyz")

    @pytest.mark.parametrize("older_is", ["the backup", "the present one"])
    def test_a_state_of_the_first_version(
        self,
        reseau: Reseau,
        installed: str,
        older: Path,
        other_url: str,
        monkeypatch: pytest.MonkeyPatch,
        older_is: str,
    ) -> None:
        (here,) = rows(installed, "select name from installation")
        (who,) = rows(installed, "select id, created_at from member where name = 'Reset'")
        with monkeypatch.context() as then:
            then.setattr(migrations, "known_steps", lambda: [each for each in known_steps() if "m0001" in each.id])
            with_database(other_url, migrate, make=True, migrated=False)
            write(
                other_url,  # in the words of that version
                "insert into member (id, name, name_key, about, phone, listed, language, created_at) "
                f"values ({who['id']}, 'Reset', 'reset', '', '', false, 'fr', '{who['created_at'].isoformat(' ')}')",
                f"update installation set name = '{here['name']}'",
            )
            assert reseau("backup", "first.zip", database_url=other_url)[0] == 0
        expected: dict[str, Second] = {"Reset": None} if older_is == "the backup" else as_of(0)
        if older_is == "the backup":
            code, out, err = reseau("restore", "first.zip", "--force", database_url=installed)
            url = installed
        else:
            code, out, err = reseau("restore", str(older), "--force", database_url=other_url)
            url = other_url
        assert (code, err) == (0, ""), out
        assert found(url) == expected
        assert names(url) == list(expected)
