"""What the scanner and the sower leave alone does exist: an address that is renamed is not left alone any more."""

from __future__ import annotations

import re

from tests.attack.crawl import routes
from tests.browser.sowing import NOT_SOWN
from tests.client import World
from tests.tools.trial_wapiti import BEGIN, LEFT_ALONE


def reached_by(pattern: str) -> list[str]:
    """The routes of the demonstration that this fits. What follows an address of a feed is not in the route."""
    paths = [each.path for each in routes(World(demo=True))]
    return [path for path in paths if re.search(pattern, path)]


def globbed(written: str) -> str:
    """A pattern as wapiti reads it, as an expression."""
    return "^" + re.escape(written).replace(r"\*", ".*") + "$"


def test_each_fits_a_route() -> None:
    paths = [*NOT_SOWN, *map(globbed, LEFT_ALONE), *map(globbed, BEGIN)]
    assert [each for each in paths if each != r"\.ics$" and not reached_by(each)] == []
    assert {"/moi/deuxieme-code", "/moi/deuxieme-code/telephone"} <= set(reached_by("/moi/deuxieme-code"))


def test_an_address_that_does_not_exist_is_noticed() -> None:
    """The positive control."""
    assert reached_by(globbed("/moi/second*")) == []
    assert reached_by("/moi/second") == []
