"""The `reseau` command: what it does, its exit codes, and that it never answers a mistake with a traceback."""

from __future__ import annotations

import asyncio
import io
import os
import re
import sqlite3
import stat
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app import cli, clock
from app.cli import check, demo, upkeep
from app.cli.common import Failed, on_sqlite, with_database
from app.cli.first import SECOND_CODE, slug_of
from app.contracts import Domain, Job
from app.database import run, transaction
from app.i18n import text
from app.notices.api import Kind, post_mail
from app.registry import Registry
from rehearsal import Rehearsal
from tests.app.cli.said import KEY, Said, is_one_sentence, rows
from tests.factories import make_member

COMMANDS = [
    ["demo"],
    ["serve"],
    ["upgrade"],
    ["setup"],
    ["place", "add"],
    ["member", "add"],
    ["jobs"],
    ["backup"],
    ["restore"],
    ["doctor"],
    ["payments"],
    ["accounts", "check"],
    ["check"],
]


class TestHelp:
    @pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
    def test_each_command_explains_itself_with_an_example(
        self, reseau: Callable[..., Said], command: list[str]
    ) -> None:
        code, out, err = reseau(*command, "--help")
        assert (code, err) == (0, "")
        assert "Example" in out
        assert f"reseau {' '.join(command)}" in out

    def test_every_command_is_in_the_list(self, reseau: Callable[..., Said]) -> None:
        _, out, _ = reseau("--help")
        listed = set(re.findall(r"^  ([a-z]+)  ", out, re.MULTILINE))
        assert listed == {command[0] for command in COMMANDS}

    def test_alone_it_shows_what_there_is(self, reseau: Callable[..., Said]) -> None:
        code, _, err = reseau()
        assert code == 2
        assert "doctor" in err


class TestCalledWrongly:
    @pytest.mark.parametrize(
        "args",
        [
            ["dance"],
            ["serve", "--port", "everywhere"],
            ["serve", "--port", "99999"],
            ["serve", "--workers", "0"],
            ["place", "add", "Les Tanneurs", "--name", "a", "--address", "b"],
            ["place", "add", "tanneurs", "--name", " ", "--address", "b"],
            ["place", "add", "tanneurs"],
            ["member", "add", "samira"],
            ["member", "add", "a@b.fr, c@d.fr"],
            ["setup", "--email", "x"],
            ["place", "add", "x", "--name", "X", "--address", "Y", "--email", "rené@exemple.fr"],
            ["upgrade", "now"],
        ],
        ids=" ".join,
    )
    def test_it_says_so_and_exits_with_2(self, reseau: Callable[..., Said], args: list[str]) -> None:
        code, out, err = reseau(*args)
        assert (code, out) == (2, "")
        assert is_one_sentence(err.replace("\n", " ").strip())
        assert "--help" in err

    def test_several_workers_need_postgresql(self, reseau: Callable[..., Said], sqlite_database_url: str) -> None:
        code, _, err = reseau("serve", "--workers", "2", database_url=sqlite_database_url, secret_key=KEY)
        assert code == 2
        assert "postgresql://" in err


class TestItCannot:
    @pytest.mark.parametrize(
        ("settings", "named"),
        [
            ({"database_url": "mysql://x"}, "RESEAU_DATABASE_URL"),
            ({"base_url": "reseau.exemple"}, "RESEAU_BASE_URL"),
            ({"smtp_url": "smtp://"}, "RESEAU_SMTP_URL"),
            ({"smtp_url": "smtp://mail:port"}, "RESEAU_SMTP_URL"),
            ({"locale": "tlh"}, "RESEAU_LOCALE"),
            ({"mail_from": "nobody"}, "RESEAU_MAIL_FROM"),
        ],
    )
    def test_a_malformed_setting_is_named(
        self, reseau: Callable[..., Said], settings: dict[str, str], named: str
    ) -> None:
        code, _, err = reseau("jobs", secret_key=KEY, **settings)
        assert code == 1
        assert named in err
        assert is_one_sentence(err)

    @pytest.mark.parametrize("command", ["serve", "jobs"])
    @pytest.mark.parametrize("key", ["", "short"])
    def test_a_secret_key_is_wanted(
        self, reseau: Callable[..., Said], sqlite_database_url: str, command: str, key: str
    ) -> None:
        """Links in mails are signed with it, too."""
        code, _, err = reseau(command, database_url=sqlite_database_url, secret_key=key)
        assert code == 1
        assert err.startswith("RESEAU_SECRET_KEY is missing")

    @pytest.mark.parametrize("command", ["serve", "jobs"])
    def test_a_database_that_is_not_up_to_date_is_not_used(
        self, reseau: Callable[..., Said], empty_database_url: str, command: str
    ) -> None:
        if on_sqlite(empty_database_url):
            sqlite3.connect(empty_database_url.removeprefix("sqlite:///")).close()
        code, _, err = reseau(command, database_url=empty_database_url, secret_key=KEY)
        assert code == 1
        assert "`reseau upgrade`" in err

    def test_a_missing_database_file_is_not_made_by_looking(self, reseau: Callable[..., Said], tmp_path: Path) -> None:
        code, _, err = reseau("jobs", database_url="sqlite:///nowhere.sqlite", secret_key=KEY)
        assert code == 1
        assert "There is no database at nowhere.sqlite yet" in err
        assert not (tmp_path / "nowhere.sqlite").exists()

    def test_a_file_that_is_no_database(self, reseau: Callable[..., Said], tmp_path: Path) -> None:
        (tmp_path / "letter.txt").write_text("Bonjour, " * 1000)
        code, _, err = reseau("upgrade", database_url=f"sqlite:///{tmp_path}/letter.txt")
        assert code == 1
        assert "not a database" in err
        assert is_one_sentence(err)

    def test_a_folder_that_is_not_there(self, reseau: Callable[..., Said]) -> None:
        code, _, err = reseau("upgrade", database_url="sqlite:////nowhere/at/all.sqlite")
        assert code == 1
        assert is_one_sentence(err)

    @pytest.mark.parametrize(
        "url", ["postgresql://x:secret@127.0.0.1:1/none", "postgresql://x:secret@nowhere.invalid/none"]
    )
    def test_a_server_that_does_not_answer(self, reseau: Callable[..., Said], url: str) -> None:
        code, _, err = reseau("upgrade", database_url=url)
        assert code == 1
        assert err.startswith("The database cannot be opened:")
        assert "secret" not in err
        assert is_one_sentence(err)

    def test_a_database_that_is_not_on_the_server(self, reseau: Callable[..., Said], postgres: Any) -> None:
        code, _, err = reseau("upgrade", database_url=postgres.url("no_such_database"))
        assert code == 1
        assert "no_such_database" in err
        assert is_one_sentence(err)

    def test_a_database_that_is_newer_than_the_program(self, reseau: Callable[..., Said], installed: str) -> None:
        async def leave_a_trace() -> None:
            async with transaction():
                await run("insert into migration (name, app_name) values ({}, {})", "m9999_later", "app")

        with_database(installed, leave_a_trace)
        for command in ("upgrade", "jobs", "serve"):
            code, _, err = reseau(command)
            assert code == 1
            assert "newer version" in err


class TestSettingsFile:
    def test_it_is_read_and_the_environment_wins(self, reseau: Callable[..., Said], tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("RESEAU_LOCALE=tlh\nRESEAU_BASE_URL='nonsense'\n")
        os.environ["RESEAU_ENV_FILE"] = ".env"
        os.environ["RESEAU_BASE_URL"] = "https://reseau.exemple"
        code, _, err = reseau("jobs", secret_key=KEY)
        assert code == 1
        assert "RESEAU_LOCALE" in err

    def test_tests_do_not_read_it(self, reseau: Callable[..., Said], tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("RESEAU_LOCALE=tlh\n")
        assert "RESEAU_LOCALE" not in reseau("jobs", secret_key=KEY)[2]


class TestUpgrade:
    def test_it_makes_a_database_once(self, reseau: Callable[..., Said], empty_database_url: str) -> None:
        code, out, _ = reseau("upgrade", database_url=empty_database_url)
        assert code == 0
        assert "app/m0001_shell" in out
        assert out.splitlines()[-1] == "The database is up to date."
        assert rows(empty_database_url, "select id from place") == []
        assert reseau("upgrade")[:2] == (0, "The database was up to date already.\n")


class TestSetup:
    ANSWERS = (
        "setup",
        "--place-name",
        "Les Tanneurs d’Été",
        "--address",
        "14 rue des Tanneurs",
        "--name",
        "Rosa",
        "--email",
        "rosa@exemple.fr",
    )

    def test_by_options_alone(
        self, reseau: Callable[..., Said], empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("une phrase de passe\n"))
        code, out, err = reseau(
            *self.ANSWERS, "--base-url", "https://r.exemple", "--ask-password", database_url=empty_database_url
        )
        assert (code, err) == (0, "")
        assert "`reseau serve`" in out
        assert [row["slug"] for row in rows(empty_database_url, "select slug from place")] == ["les-tanneurs-d-ete"]
        held = rows(empty_database_url, "select act from granted_act order by act")
        assert [row["act"] for row in held] == ["keep_accounts", "keep_place"]
        (rosa,) = rows(empty_database_url, "select name, email, password_hash from member")
        assert rosa["password_hash"].startswith("$argon2id$")
        written = (tmp_path / ".env").read_text()
        assert "RESEAU_BASE_URL='https://r.exemple'" in written
        assert "RESEAU_DATABASE_URL" not in written, "it was in the environment"
        assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
        key = os.environ["RESEAU_SECRET_KEY"]
        assert len(key) >= 32

        code, out, _ = reseau(*self.ANSWERS)
        assert code == 0
        assert "There is a place already: Les Tanneurs d’Été." in out
        assert (tmp_path / ".env").read_text() == written

    def test_a_copy_of_the_example_is_filled_in_and_kept_to_oneself(
        self, reseau: Callable[..., Said], empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        copied = tmp_path / ".env"
        copied.write_text("# Signs the forms.\nRESEAU_SECRET_KEY=\n\nRESEAU_LOCALE=fr\n")
        copied.chmod(0o644)
        monkeypatch.setattr("sys.stdin", io.StringIO("une phrase de passe\n"))
        code, _, err = reseau(
            *self.ANSWERS, "--base-url", "https://r.exemple", "--ask-password", database_url=empty_database_url
        )
        assert (code, err) == (0, "")
        lines = copied.read_text().splitlines()
        assert sum(line.startswith("RESEAU_SECRET_KEY=") for line in lines) == 1
        assert lines[1] == f"RESEAU_SECRET_KEY='{os.environ['RESEAU_SECRET_KEY']}'"
        assert lines[3] == "RESEAU_LOCALE=fr"
        assert stat.S_IMODE(copied.stat().st_mode) == 0o600

    def test_by_questions(self, reseau: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        class Keyboard(io.StringIO):
            def isatty(self) -> bool:
                return True

        answers = [
            "sqlite:///ici.sqlite",
            "",
            "smtp://localhost",
            "Les Tanneurs <bonjour@tanneurs.exemple>",
            "Les Tanneurs",
            "14 rue des Tanneurs",
            "Rosa",
            "no address",
            "rosa@exemple.fr",
        ]
        monkeypatch.setattr("sys.stdin", Keyboard("\n".join(answers) + "\n"))
        code, out, _ = reseau("setup")
        assert code == 0
        assert "is no e-mail address" in out
        assert "Les Tanneurs is there, and Rosa keeps it." in out
        assert "RESEAU_MAIL_FROM='Les Tanneurs <bonjour@tanneurs.exemple>'" in (tmp_path / ".env").read_text()
        assert len(rows("ici.sqlite", "select id from membership")) == 1

    def test_without_anybody_to_answer_it_names_what_is_missing_and_writes_nothing(
        self, reseau: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(""))
        code, _, err = reseau("setup", "--name", "Rosa")
        assert code == 2
        assert "give --place-name, --address, --email" in err
        assert list(tmp_path.iterdir()) == []

    def test_a_wrong_setting_is_named_before_it_is_written(
        self, reseau: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(""))
        code, _, err = reseau(*self.ANSWERS, "--base-url", "r.exemple")
        assert code == 1
        assert "RESEAU_BASE_URL" in err
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("password", ["", "court", "motdepasse123", "a" * 300])
    def test_a_password_that_is_none(
        self, reseau: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, password: str
    ) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
        code, _, err = reseau(*self.ANSWERS, "--ask-password")
        assert code == 2
        assert "password" in err

    def test_without_mail_the_first_member_needs_a_password(
        self, reseau: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(""))
        code, _, err = reseau(*self.ANSWERS)
        assert code == 2
        assert "--ask-password" in err

    @pytest.mark.parametrize(
        ("name", "slug"),
        [("Les Tanneurs d’Été", "les-tanneurs-d-ete"), ("  L'Œuf -- à 3 ! ", "l-oeuf-a-3"), ("我们", "")],
    )
    def test_a_short_name_suggests_itself(self, name: str, slug: str) -> None:
        assert slug_of(name) == slug


class TestPlaceAdd:
    def test_it_adds_a_place_that_a_member_keeps(self, reseau: Callable[..., Said], installed: str) -> None:
        assert reseau("member", "add", "rosa@exemple.fr", "--name", "Rosa")[0] == 0
        code, out, _ = reseau(
            "place", "add", "tanneurs", "--name", "Les Tanneurs", "--address", "14 rue", "--kept-by", "Rosa@Exemple.fr"
        )
        assert (code, out) == (0, f"Les Tanneurs is there. Rosa@Exemple.fr keeps it. {SECOND_CODE}\n")
        assert len(rows(installed, "select id from granted_act")) == 2

    def test_a_short_name_is_given_once(self, reseau: Callable[..., Said], installed: str) -> None:
        add = ("place", "add", "tanneurs", "--name", "Les Tanneurs", "--address", "14 rue")
        assert reseau(*add)[0] == 0
        code, _, err = reseau(*add)
        assert code == 1
        assert is_one_sentence(err)
        assert len(rows(installed, "select id from place")) == 1

    def test_nobody_unknown_keeps_it(self, reseau: Callable[..., Said], installed: str) -> None:
        code, _, err = reseau(
            "place", "add", "tanneurs", "--name", "a", "--address", "b", "--kept-by", "personne@exemple.fr"
        )
        assert code == 1
        assert "`reseau member add` first" in err
        assert rows(installed, "select id from place") == []


class TestMemberAdd:
    @pytest.fixture(autouse=True)
    def places(self, reseau: Callable[..., Said], installed: str) -> None:
        assert reseau("place", "add", "tanneurs", "--name", "Les Tanneurs", "--address", "14 rue")[0] == 0

    def test_a_member_of_the_only_place(self, reseau: Callable[..., Said], installed: str) -> None:
        code, out, _ = reseau("member", "add", "samira@exemple.fr", "--name", "Samira", "--language", "en")
        assert (code, out) == (0, "Samira is a member of Les Tanneurs.\n")
        (samira,) = rows(installed, "select name, language, password_hash from member")
        assert samira == {"name": "Samira", "language": "en", "password_hash": None}

    def test_once(self, reseau: Callable[..., Said], installed: str) -> None:
        reseau("member", "add", "samira@exemple.fr", "--name", "Samira")
        code, _, err = reseau("member", "add", "SAMIRA@exemple.fr", "--name", "Une autre")
        assert code == 1
        assert "has an account already: Samira." in err
        assert len(rows(installed, "select id from member")) == 1

    def test_a_mediator_and_then_not_any_more(self, reseau: Callable[..., Said], installed: str) -> None:
        mediators = "select employer from membership where mediator"
        code, out, _ = reseau(
            "member", "add", "bruno@exemple.fr", "--name", "Bruno", "--mediator-of", "tanneurs", "--employer", "Ville"
        )
        assert code == 0
        assert "Bruno mediates in Les Tanneurs." in out
        assert rows(installed, mediators) == [{"employer": "Ville"}]
        code, out, _ = reseau("member", "add", "bruno@exemple.fr", "--not-mediator-of", "tanneurs")
        assert (code, out) == (0, "Bruno does not mediate in Les Tanneurs.\n")
        assert rows(installed, mediators) == []

    def test_a_place_that_is_not(self, reseau: Callable[..., Said], installed: str) -> None:
        code, _, err = reseau("member", "add", "bruno@exemple.fr", "--name", "Bruno", "--mediator-of", "gare")
        assert code == 1
        assert "There is no place « gare ». Known: tanneurs." in err
        assert rows(installed, "select id from member") == []

    def test_somebody_new_needs_a_name(self, reseau: Callable[..., Said]) -> None:
        code, _, err = reseau("member", "add", "samira@exemple.fr")
        assert code == 2
        assert "--name" in err

    def test_the_only_keeper_is_not_made_a_mediator(self, reseau: Callable[..., Said], installed: str) -> None:
        reseau("member", "add", "rosa@exemple.fr", "--name", "Rosa")
        reseau("place", "add", "gare", "--name", "Gare", "--address", "1 place", "--kept-by", "rosa@exemple.fr")
        code, _, err = reseau("member", "add", "rosa@exemple.fr", "--mediator-of", "gare")
        assert code == 1
        assert is_one_sentence(err.replace(". ", ", "))
        assert rows(installed, "select id from membership where mediator") == []


class TestJobs:
    def test_it_does_what_is_due_and_shows_it(self, reseau: Callable[..., Said], installed: str) -> None:
        async def post() -> None:
            async with transaction():
                await post_mail(
                    member_id=None,
                    to="a@b.fr",
                    kind=Kind.SIGN_IN,
                    dedupe="d",
                    subject=text("a"),
                    body=[],
                    now=clock.now(),
                )

        with_database(installed, post)
        code, out, _ = reseau("jobs")
        assert code == 0
        assert re.search(r"^ *mail +1 *$", out, re.MULTILINE)
        assert rows(installed, "select id from outbox where logged_at is null") == []

    def test_what_still_waits_is_told(self, reseau: Callable[..., Said], installed: str) -> None:
        async def post() -> None:
            async with transaction():
                await run(
                    "insert into outbox (dedupe, kind, recipient, language, subject, body, link, signature, "
                    "created_at, run_at, tries, error) values ('d', 'change', 'a@b.fr', 'fr', 'a', 'a', '', '', "
                    "{}, {}, 3, '')",
                    clock.now(),
                    clock.now() + timedelta(minutes=5),
                )

        with_database(installed, post)
        code, out, _ = reseau("jobs")
        assert code == 0
        assert out.endswith(
            "All that was due is done.\n1 mails still wait for another try: `reseau doctor` says more.\n"
        )

    def test_a_job_that_fails_is_named(
        self, installed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        async def falls(now: datetime) -> int:
            raise ZeroDivisionError

        monkeypatch.setattr(upkeep, "REGISTRY", Registry.of(Domain("tests", jobs=[Job("falls", falls)])))
        assert cli.main(["jobs"]) == 1
        written = capsys.readouterr()
        assert "Could not be done: falls." in written.err
        assert '"job": "falls"' in written.err


class TestDemo:
    """What is in its database; tests/app/test_serving.py serves it."""

    @pytest.mark.slow
    def test_it_is_made_once_and_anew_after_a_cut(self, empty_database_url: str, tmp_path: Path) -> None:
        keep = tmp_path / "cards"

        def prepare() -> list[dict[str, Any]]:
            asyncio.run(demo._prepare(empty_database_url, fresh=False, members=0, keep=keep))
            return rows(empty_database_url, "select name from member order by id")

        async def cut() -> None:
            async with transaction():
                await run("delete from journal_line")
                await run("update member set name = 'Coupée'")

        made = prepare()
        assert len(made) > 10
        with_database(empty_database_url, lambda: _rename("Restée"))
        assert {row["name"] for row in prepare()} == {"Restée"}
        with_database(empty_database_url, cut)
        assert prepare() == made
        with Rehearsal(secret_key=demo.REHEARSED_KEY, webhook_secret="whsec_x", keep=keep) as stripe:
            (paid,) = rows(empty_database_url, "select count(*) as many from checkout where state = 'paid'")
            assert len(stripe.charges) == paid["many"] > 20, "whoever rehearses next knows what was paid"
            assert stripe.letters() == []

    @pytest.mark.parametrize("fresh", [False, True])
    def test_it_touches_no_database_with_other_people(self, installed: str, fresh: bool) -> None:
        with_database(installed, lambda: make_member(name="Samira"))
        with pytest.raises(Failed, match="no demonstration"):
            asyncio.run(demo._prepare(installed, fresh=fresh, members=0, keep=Path("unused")))
        assert [row["name"] for row in rows(installed, "select name from member")] == ["Samira"]


async def _rename(name: str) -> None:
    async with transaction():
        await run("update member set name = {}", name)


class TestCheck:
    @pytest.fixture
    def makefile(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr(check, "ROOT", tmp_path)
        return tmp_path / "Makefile"

    def test_it_runs_what_the_makefile_runs(self, reseau: Callable[..., Said], makefile: Path) -> None:
        makefile.write_text("test: check\n\t@touch tested\ncheck:\n\t@touch checked\n")
        assert reseau("check")[:2] == (0, "All is well.\n")
        assert (makefile.parent / "tested").exists()
        (makefile.parent / "tested").unlink()
        assert reseau("check", "--no-tests")[0] == 0
        assert not (makefile.parent / "tested").exists()

    def test_a_failure_is_a_failure(self, reseau: Callable[..., Said], makefile: Path) -> None:
        makefile.write_text("test:\n\t@false\n")
        code, _, err = reseau("check")
        assert code == 1
        assert "`make test` failed" in err

    def test_without_the_sources_it_says_so(self, reseau: Callable[..., Said], makefile: Path) -> None:
        code, _, err = reseau("check")
        assert code == 1
        assert "sources" in err
