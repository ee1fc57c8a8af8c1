"""What the tests with other people's calendar programs share: the feed that is served, and the readers in turn.

khal, vdirsyncer and icalendar come with the environment for developing. Those written for Node are left out where Node
or its modules are missing, saying so, unless RESEAU_TEST_ALL=1: then the test fails.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import needs
from tests.interop import clients
from tests.interop.clients import Reader
from tests.interop.server import FeedServer, serving

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.interop)


@pytest.fixture
def feed() -> Iterator[FeedServer]:
    """A feed over HTTP that the test fills."""
    with serving() as server:
        yield server


@pytest.fixture(params=["icalendar", "khal", "ical.js", "node-ical"])
def read(request: pytest.FixtureRequest, tmp_path: Path) -> Reader:
    """What a program sees at an address; the test runs once for each program."""
    match request.param:
        case "icalendar":
            return clients.read_with_icalendar
        case "khal":
            return lambda url: clients.read_with_khal(url, tmp_path)
        case "ical.js":
            needs.require(needs.missing_for_interop())
            return clients.read_with_icaljs
        case _:
            needs.require(needs.missing_for_interop())
            return clients.read_with_node_ical
