"""What GNOME sees in a feed (Evolution, GNOME Calendar): run by hand, as it needs a desktop's packages and a bus.

    apt-get install evolution-data-server gir1.2-ecal-2.0 python3-gi dbus
    /usr/bin/python3 tests/interop/ask_evolution.py http://127.0.0.1:8000/calendriers/agenda.ics

It subscribes in a home folder of its own, prints what it sees, and reads the feed again at each press of Enter, which
is how one sees whether a change, a removal or an emptied feed arrives. Ctrl-D ends it.
"""

import importlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

INSIDE = "RESEAU_ASKING_EVOLUTION"
SUBSCRIPTION = """\
[Data Source]
DisplayName=feed
Enabled=true
Parent=webcal-stub

[Calendar]
BackendName=webcal

[Authentication]
Host={host}
Port={port}
Method=none

[Security]
Method={security}

[WebDAV Backend]
ResourcePath={path}

[Offline]
StaySynchronized=true

[Refresh]
Enabled=false
"""


def start_a_session(url: str) -> int:
    """Run this file again on a bus and in a home of its own, so that nobody's real calendars are touched."""
    with tempfile.TemporaryDirectory() as home:
        sources = Path(home, ".config", "evolution", "sources")
        sources.mkdir(parents=True)
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        (sources / "feed.source").write_text(
            SUBSCRIPTION.format(
                host=parts.hostname,
                port=parts.port or (443 if secure else 80),
                security="tls" if secure else "none",
                path=parts.path,
            )
        )
        surroundings = {key: value for key, value in os.environ.items() if not key.startswith("XDG_")}
        surroundings |= {"HOME": home, "XDG_RUNTIME_DIR": home, INSIDE: "1"}
        return subprocess.run(
            ["dbus-run-session", "--", sys.executable, __file__, url], env=surroundings, check=False
        ).returncode


def ask() -> None:
    """Print the events, and again after each Enter."""
    # Debian's own Python has these modules, the environment for developing has not.
    gi: Any = importlib.import_module("gi")
    gi.require_version("ECal", "2.0")
    gi.require_version("EDataServer", "1.2")
    ecal: Any = importlib.import_module("gi.repository.ECal")
    server: Any = importlib.import_module("gi.repository.EDataServer")

    source = server.SourceRegistry.new_sync(None).ref_source("feed")
    client = ecal.Client.connect_sync(source, ecal.ClientSourceType.EVENTS, 10, None)
    while True:
        client.refresh_sync(None)
        time.sleep(3)  # refresh_sync only asks for a refresh
        _, events = client.get_object_list_as_comps_sync("#t", None)
        print(f"{len(events)} events")
        for event in sorted(events, key=lambda event: str(event.get_uid())):
            said = event.get_icalcomponent()
            alarms = len(event.get_all_alarms())
            print(f"  {event.get_uid()}  {said.get_dtstart().as_ical_string()}  {said.get_summary()}  {alarms} alarms")
        try:
            input("Enter reads the feed again, Ctrl-D ends. ")
        except EOFError:
            return


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if INSIDE not in os.environ:
        sys.exit(start_a_session(sys.argv[1]))
    ask()
