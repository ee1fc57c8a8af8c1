"""The pages under wapiti, as a visitor, a member and a mediator see them: four minutes of what scanners send.

Not collected by `make test`: `.ci/run` runs it through `.ci/longer.d/wapiti`; by hand it is
`.venv/bin/pytest tests/tools/trial_wapiti.py -s`. Only modules that stay on this machine are run, each for so many
seconds. What it reports and is none stands in `false_positives.py`, with the reason.
"""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.server import LiveServer, demonstration
from tests.browser.site import kind_of
from tests.browser.steps import PASSWORD
from tests.tools.false_positives import why_false
from tests.tools.programs import installed, stand_in

CRAWL_SECONDS = 45
MODULE_SECONDS = 12
WHOLE_SECONDS = 280
MODULES = (
    "backup", "cookieflags", "crlf", "csp", "csrf", "exec", "file", "htaccess", "http_headers", "methods",
    "permanentxss", "redirect", "sql", "timesql", "upload", "xss",
)  # fmt: skip
"""Without those that ask servers elsewhere (ssrf, xxe, wapp, nikto, log4shell), those that only guess addresses,
and ldap: there is none here, and it takes any search that answers differently to `)` for one."""
LEFT_ALONE = (
    "/deconnexion*",
    "/moi/appareils*",
    "/moi/mot-de-passe*",
    "/moi/donnees*",
    "/moi/deuxieme-code*",
    "/demo/*",
)
"""Where it would sign itself out or lock itself out; and what the demonstration alone has."""
BEGIN = ("/recherche", "/connexion", "/moi", "/moi/calendrier", "/mediation", "/ateliers/nouveau", "/mes-rendez-vous")
"""So that the limits leave none of these out."""
WALKED = {
    "visitor": {"GET /agenda", "GET /ateliers", "GET /recherche", "POST /connexion", "POST /langue"},
    "samira@exemple.fr": {"GET /moi", "GET /ateliers/nouveau", "POST /ateliers/…/modifier", "POST /moi/calendrier"},
    "bruno@exemple.fr": {"GET /mediation", "GET /membres", "POST /moi/adresse", "POST /mediation/ateliers/…"},
}
"""By who walks: on most of these it must have been, since a scanner that found nothing also reports nothing. Which of
the many addresses it leaves out within its bounds, it chooses itself."""
TOKEN = re.compile(r'name="_csrf_token" value="(\w+)"')


@dataclass
class Scan:
    """What wapiti did, and what it thinks it has found."""

    found: list[dict[str, Any]]
    walked: set[str]
    """`GET /ateliers/…`, what it found."""
    attacks: int
    """How often a module took up one of them."""

    @property
    def real(self) -> list[str]:
        """Without what is known to be none."""
        return [
            f"{each['category']}: {each['method']} {each['path']}: {each['info']}\n{each['curl_command']}"
            for each in self.found
            if not why_false(each)
        ]


def signed_in(url: str, who: str) -> httpx.Client:
    """A browser with the cookies that forms need; of this person, if it is one."""
    browser = httpx.Client(base_url=url, timeout=30)
    token = TOKEN.search(browser.get("/connexion").text)
    assert token
    if who != "visitor":
        form = {"_csrf_token": token[1], "email": who, "password": PASSWORD, "device": "mine"}
        assert browser.post("/connexion", data=form).status_code == 303
        browser.cookies.delete("annonce")
    return browser


def scan(server: LiveServer, folder: Path, browser: httpx.Client, *, modules: tuple[str, ...] = MODULES) -> Scan:
    """Let wapiti loose with these cookies."""
    jar = {
        name: {"value": value, "version": 0, "expires": None, "secure": False, "port": None}
        for name, value in browser.cookies.items()
    }
    (folder / "cookies.json").write_text(json.dumps({"127.0.0.1": {"/": jar}}))
    command = [
        str(installed("wapiti", "wapiti")),
        *("-u", f"{server.url}/", "--scope", "folder", "-m", ",".join(modules)),
        *("-c", str(folder / "cookies.json"), "-f", "json", "-o", str(folder / "report.json"), "-v", "1"),
        # So that it ends: the calendar can be leafed through for ever.
        *("-d", "3", "--max-links-per-page", "60", "--max-files-per-dir", "12"),
        *(part for path in BEGIN for part in ("-s", server.url + path)),
        *("--max-scan-time", str(CRAWL_SECONDS), "--max-attack-time", str(MODULE_SECONDS)),
        # It asks for these even when nothing uses them.
        *("--endpoint", server.url, "--dns-endpoint", "localhost", "--no-bugreport"),
        *("--store-session", str(folder / "session"), "--store-config", str(folder / "config")),
        *(part for path in LEFT_ALONE for part in ("-x", server.url + path)),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=WHOLE_SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((folder / "report.json").read_text())
    found = [
        {**each, "category": category}
        for part in ("vulnerabilities", "anomalies")
        for category, several in report[part].items()
        for each in several
    ]
    (session,) = (folder / "session").glob("*.db")
    with closing(sqlite3.connect(session)) as connection:
        paths = connection.execute("select method, path from paths").fetchall()
    walked = {f"{method} {kind_of(path)}" for method, path in paths}
    attacks = len(re.findall(r"^\[\+\] (?:GET|POST) ", done.stdout, re.MULTILINE))
    print(f"{len(paths)} requests on {len(walked)} kinds of address, {attacks} attacked, {len(found)} reported")
    return Scan(found, walked, attacks)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with demonstration(tmp_path_factory.mktemp("demo")) as served:
        yield served


@pytest.mark.parametrize("who", WALKED)
def test_nothing_is_found(server: LiveServer, tmp_path: Path, who: str) -> None:
    since = server.size()
    with closing(signed_in(server.url, who)) as browser:
        scanned = scan(server, tmp_path, browser)
        assert scanned.real == []
        assert len(WALKED[who] & scanned.walked) >= 3, scanned.walked
        assert scanned.attacks > 20
        if who != "visitor":
            assert browser.get("/moi").status_code == 200, "it signed itself out on the way"
    assert '"level": "ERROR"' not in server.written(since=since)


def test_control_pages_without_escape_are_found_out(tmp_path: Path) -> None:
    careless = stand_in(tmp_path, "tests.tools.careless", "escape,policy")
    with demonstration(tmp_path, program=careless) as server, closing(signed_in(server.url, "visitor")) as browser:
        scanned = scan(server, tmp_path, browser, modules=("xss", "csp"))
        assert {each["module"] for each in scanned.found} == {"xss", "csp"}
        assert len(scanned.real) > 1
