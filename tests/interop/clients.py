"""Other people's calendar programs, each asked over real HTTP what it sees in a feed.

Any address will do, the running application's as well as a test's own server. All answer alike: the time of each event
in UTC, its title, its status, and its UID where the program keeps it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.request import urlopen

from icalendar import Calendar

HERE = Path(__file__).parent
PATIENCE_S = 60
VDIRSYNCER_CONFIG = """\
[general]
status_path = "{folder}/status"

[pair feed]
a = "from_the_feed"
b = "on_this_disk"
collections = null

[storage from_the_feed]
type = "http"
url = "{url}"

[storage on_this_disk]
type = "filesystem"
path = "{folder}/events"
fileext = ".ics"
"""
# Times are shown as a person in Paris sees them, with the offset that tells the two hours of October apart.
KHAL_CONFIG = """\
[calendars]
[[feed]]
path = {folder}/events
readonly = True

[locale]
local_timezone = Europe/Paris
default_timezone = Europe/Paris
timeformat = %H:%M%z
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M%z
longdatetimeformat = %Y-%m-%d %H:%M%z

[sqlite]
path = {folder}/khal.db
"""


@dataclass(frozen=True, order=True)
class Seen:
    """An event as a program shows it. The UID does not count when two are compared: vdirsyncer replaces it."""

    start: datetime
    end: datetime
    title: str
    status: str
    uid: str | None = field(default=None, compare=False)


Reader = Callable[[str], list[Seen]]
"""A program: given an address, what it sees there, in order."""


class ProgramFailed(AssertionError):
    """A calendar program gave up on a feed; the text is what it wrote."""


def read_with_icalendar(url: str) -> list[Seen]:
    """What the Python library sees: strictly, without one broken line."""
    with urlopen(url, timeout=PATIENCE_S) as answer:
        calendar = Calendar.from_ical(answer.read())
    assert isinstance(calendar, Calendar)
    complaints = [component.errors for component in calendar.walk() if component.errors]
    if complaints:
        raise ProgramFailed(f"icalendar: {complaints}")
    return sorted(
        Seen(
            _in_utc(event.start),
            _in_utc(event.end),
            str(event["SUMMARY"]),
            str(event["STATUS"]),
            event.uid,
        )
        for event in calendar.events
    )


def read_with_icaljs(url: str) -> list[Seen]:
    """What ical.js sees, the parser of Thunderbird and Nextcloud."""
    return _read_with_node("ical.js", url)


def read_with_node_ical(url: str) -> list[Seen]:
    """What node-ical sees, a parser of its own used by many home screens and bots."""
    return _read_with_node("node-ical", url)


def read_with_khal(url: str, folder: Path, *, since: date = date(2026, 1, 1), days: int = 1000) -> list[Seen]:
    """What khal shows in Paris after vdirsyncer has fetched the feed into `folder`, which a later call goes on with."""
    sync_with_vdirsyncer(url, folder)
    config = folder / "khal.conf"
    config.write_text(KHAL_CONFIG.format(folder=folder))
    fields = [word for name in ("start-full", "end-full", "title", "status") for word in ("--json", name)]
    written = _run("khal", "-c", str(config), "list", "--once", *fields, since.isoformat(), f"{days}d", folder=folder)
    days_shown = [json.loads(line) for line in written.splitlines() if line.startswith("[")]
    return sorted(
        Seen(_instant(event["start-full"]), _instant(event["end-full"]), event["title"], event["status"])
        for day in days_shown
        for event in day
    )


def sync_with_vdirsyncer(url: str, folder: Path) -> list[str]:
    """Fetch the feed into `folder/events` as vdirsyncer does; what it changed there, a sentence each."""
    (folder / "events").mkdir(parents=True, exist_ok=True)
    config = folder / "vdirsyncer.conf"
    config.write_text(VDIRSYNCER_CONFIG.format(folder=folder, url=url))
    if not (folder / "status").exists():
        _run("vdirsyncer", "-c", str(config), "discover", "feed", folder=folder)
    written = _run("vdirsyncer", "-c", str(config), "sync", "feed", folder=folder)
    return [line for line in written.splitlines() if line.startswith(("Copying", "Deleting"))]


def _read_with_node(reader: str, url: str) -> list[Seen]:
    done = subprocess.run(
        ["node", str(HERE / "read_feed.mjs"), reader, url], capture_output=True, encoding="utf-8", timeout=PATIENCE_S
    )
    if done.returncode:
        raise ProgramFailed(f"{reader}: {done.stderr}")
    return sorted(
        Seen(_instant(event["start"]), _instant(event["end"]), event["title"], event["status"], event["uid"])
        for event in json.loads(done.stdout)
    )


def _run(module: str, *arguments: str, folder: Path) -> str:
    """Run a Python program of this environment with `folder` as its home; what it wrote, complaints included."""
    surroundings = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        encoding="utf-8",
        env=surroundings,
        timeout=PATIENCE_S,
    )
    if done.returncode:
        raise ProgramFailed(f"{module} {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def _in_utc(at: date) -> datetime:
    assert isinstance(at, datetime), f"a day without an hour: {at}"
    return at.astimezone(UTC)


def _instant(written: str) -> datetime:
    return datetime.fromisoformat(written).astimezone(UTC)
