"""What holds for the files of the project, whatever is in them.

Each check reads the files that git knows, or, in a copy without git, all those that are not made by a tool.
"""

import io
import os
import re
import shutil
import subprocess
import tokenize
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
MADE = {".git", ".venv", "node_modules", "__pycache__", "htmlcov", "var"}
CACHES = re.compile(r"^\..*cache$|^\.hypothesis$|\.egg-info$")
MANY_LINES = 600

# In pieces, so that this file does not hold what it forbids.
REGISTRIES = re.compile("|".join([r"pypi\." "org", r"python" r"hosted\.", r"npm" r"js\.", r"deb\." "debian"]))
MACHINE_PATHS = re.compile(r"(?<![\w.~)}-])/(?:root|home|work|Users)/[\w.]")
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME)\b")

SILENCED = re.compile(r"#\s*(?:noqa|type:\s*ignore|pragma:\s*no (?:cover|branch))")
WITH_A_REASON = re.compile(
    r"#\s*(?:noqa:\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*|type:\s*ignore\[[\w, -]+\]|pragma:\s*no (?:cover|branch))"
    r"\W+\w+\W+\w.*"
)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@cache
def project_files() -> tuple[Path, ...]:
    if (ROOT / ".git").exists() and shutil.which("git"):
        asked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True)
        if asked.returncode == 0:
            known = [ROOT / os.fsdecode(name) for name in asked.stdout.split(b"\0") if name]
            return tuple(path for path in known if path.is_file())
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in MADE and not CACHES.search(name)]
        found += [Path(folder, name) for name in files if name not in (".coverage", ".env")]
    return tuple(found)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def texts() -> dict[str, str]:
    """The text of each file that is text, by its name, line ends as they are."""
    found = {}
    for path in project_files():
        content = path.read_bytes()
        if b"\0" not in content:
            found[named(path)] = content.decode("utf-8")
    assert len(found) > 20, "hardly any file was found: the checks below would pass for nothing"
    return found


def texts_of(*endings: str) -> dict[str, str]:
    chosen = {name: text for name, text in texts().items() if name.endswith(endings)}
    assert chosen, f"no file ends with {' or '.join(endings)}"
    return chosen


def lines_with(pattern: re.Pattern[str], among: dict[str, str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()}"
        for name, text in among.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


class TestFiles:
    def test_none_names_a_package_registry(self) -> None:
        assert lines_with(REGISTRIES, texts()) == []

    def test_none_names_a_path_of_somebodys_machine(self) -> None:
        assert lines_with(MACHINE_PATHS, texts()) == []

    def test_lines_end_as_on_unix_but_in_calendars(self) -> None:
        assert [name for name, text in texts().items() if "\r" in text and not name.endswith((".ics", ".vcf"))] == []

    def test_each_ends_with_a_line_end(self) -> None:
        ours = {name: text for name, text in texts().items() if "/vendor/" not in name}
        assert [name for name, text in ours.items() if text and not text.endswith("\n")] == []

    def test_none_is_too_long_to_find_ones_way(self) -> None:
        long = {
            name: lines
            for name, text in texts_of(".py", ".html", ".css", ".js", ".mjs", ".sh", ".md").items()
            if "/vendor/" not in name and (lines := text.count("\n")) > MANY_LINES
        }
        assert long == {}

    def test_nothing_is_left_for_later(self) -> None:
        assert lines_with(UNFINISHED, texts_of(".py", ".html", ".css", ".js", ".sh")) == []

    def test_each_silenced_check_carries_its_reason(self) -> None:
        comments = [
            (name, token.start[0], token.string)
            for name, text in texts_of(".py").items()
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type == tokenize.COMMENT
        ]
        assert comments
        assert [each for each in comments if SILENCED.search(each[2]) and not WITH_A_REASON.search(each[2])] == []

    @pytest.mark.parametrize(
        ("comment", "enough"),
        [
            ("# no" "qa", False),
            ("# no" "qa: S608", False),
            ("# no" "qa: S608 – the names come from our own tables", True),
            ("# no" "qa: S608, B018  # the names are ours", True),
            ("# type: " "ignore", False),
            ("# type: " "ignore[arg-type]", False),
            ("# type: " "ignore[arg-type]  # Piccolo takes a string here", True),
            ("# pragma: " "no cover", False),
            ("# pragma: " "no cover - only on Windows", True),
        ],
    )  # fmt: skip
    def test_a_reason_is_more_than_a_code(self, comment: str, enough: bool) -> None:
        assert SILENCED.search(comment)
        assert bool(WITH_A_REASON.search(comment)) is enough


def anchors(text: str) -> set[str]:
    """The names that a reader's browser gives to the headings of a Markdown text."""
    headings = re.findall(r"^#{1,6}\s+(.+?)\s*$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_of_the_documentation_resolve() -> None:
    dead = []
    for name, text in texts_of(".md").items():
        for target in LINK.findall(FENCE.sub("", text)):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            aim = (ROOT / name).parent / path if path else ROOT / name
            if not aim.exists() or (anchor and anchor not in anchors(aim.read_text(encoding="utf-8"))):
                dead.append(f"{name}: {target}")
    assert dead == []


def test_make_alone_lists_every_target() -> None:
    targets = re.findall(r"^([a-z][\w-]*):", texts()["Makefile"], re.MULTILINE)
    assert {"help", "setup", "demo", "test"} <= set(targets)
    told = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    listed = re.findall(r"^\s+make (\S+)\s+\S", told, re.MULTILINE)
    assert sorted(listed) == sorted(targets)


def test_each_setting_stands_in_the_example() -> None:
    setting = re.compile(r"RESEAU_[A-Z_]+")
    read = set(setting.findall(texts()["app/settings.py"]))
    assert read
    assert set(setting.findall(texts()[".env.example"])) == read


def locked(name: str) -> dict[str, Requirement]:
    """What a lock file holds, by package; fails when a line has no hash."""
    entries = re.findall(r"^([^\s#].*?)(?=^\S|\Z)", texts()[name], re.MULTILINE | re.DOTALL)
    found: dict[str, Requirement] = {}
    for entry in entries:
        assert "--hash=sha256:" in entry, f"{name}: no hash in {entry}"
        requirement = Requirement(entry.partition("\\\n")[0])
        found[canonicalize_name(requirement.name)] = requirement
    return found


class TestLocks:
    PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    SERVING = PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["build"]
    TESTING = PROJECT["dependency-groups"]["dev"]

    @pytest.mark.parametrize(
        ("lock", "wanted"), [("requirements.lock", SERVING), ("requirements-dev.lock", SERVING + TESTING)]
    )
    def test_each_dependency_stands_in_the_lock(self, lock: str, wanted: list[str]) -> None:
        holds = locked(lock)
        for line in wanted:
            requirement = Requirement(line)
            pinned = holds[canonicalize_name(requirement.name)]
            (only,) = pinned.specifier
            assert only.operator == "=="
            assert requirement.specifier.contains(only.version), f"{lock} has {pinned}, the project wants {line}"

    def test_the_tests_run_with_the_versions_that_serve(self) -> None:
        testing = locked("requirements-dev.lock")
        for name, requirement in locked("requirements.lock").items():
            assert testing[name].specifier == requirement.specifier
            assert wider(testing[name].marker, requirement.marker), f"{name} is left out where it serves"

    def test_the_build_takes_what_is_locked(self) -> None:
        assert self.PROJECT["build-system"]["requires"] == self.PROJECT["dependency-groups"]["build"]

    def test_they_name_no_server(self) -> None:
        assert lines_with(re.compile(r"://|^-[^-]|^--"), texts_of(".lock", "package-lock.json")) == []


def wider(one: Marker | None, other: Marker | None) -> bool:
    """Whether `one` lets in every system that `other` does, of those we know."""
    systems = [
        {"sys_platform": platform, "platform_system": system, "python_version": python, "python_full_version": full}
        for platform, system in (("linux", "Linux"), ("darwin", "Darwin"))
        for python, full in (("3.11", "3.11.7"), ("3.12", "3.12.1"), ("3.13", "3.13.0"), ("3.14", "3.14.0"))
    ]
    return all(one is None or one.evaluate(each) or not (other is None or other.evaluate(each)) for each in systems)
