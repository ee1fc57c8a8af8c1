"""axe-core on an open page: what a machine can find of the barriers in it.

The source is evaluated through the debugging protocol, since the content security policy forbids to add a script.
What axe cannot see (the order of the focus, zoom, the sense of a sentence) is for tests of their own.
"""

import asyncio
from dataclasses import dataclass
from functools import cache

from playwright.async_api import Page

from tests.needs import AXE

PATIENCE_SECONDS = 30
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

RUN = """async ([type, values]) => {
    const found = await axe.run(document, { runOnly: { type, values }, resultTypes: ["violations"] });
    return {
        passes: found.passes.length,
        violations: found.violations.map((violation) => ({
            rule: violation.id,
            help: violation.help,
            places: violation.nodes.map((node) => `${node.target.flat().join(" ")}  ${node.html.slice(0, 160)}`),
        })),
    };
}"""


@dataclass(frozen=True)
class Violation:
    """One rule of axe-core, and each place of the page that breaks it."""

    rule: str
    help: str
    places: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([f"{self.rule}: {self.help}", *(f"    {place}" for place in self.places)])


@cache
def _source() -> str:
    return AXE.read_text(encoding="utf-8")


async def violations(page: Page, *, only: tuple[str, ...] | None = None) -> list[Violation]:
    """What axe-core finds wrong in the page as it stands now, or what these rules alone find.

    The page must be allowed to run JavaScript.
    """
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_source())
    asked = ["rule", only] if only else ["tag", TAGS]
    try:
        found = await asyncio.wait_for(page.evaluate(RUN, asked), PATIENCE_SECONDS)
    except TimeoutError:
        raise AssertionError(
            f"axe-core gave no answer in {PATIENCE_SECONDS} s on {page.url}; it cannot in a page without JavaScript"
        ) from None
    assert found["passes"], f"axe-core found nothing to look at in {page.url}"
    return [Violation(each["rule"], each["help"], tuple(each["places"])) for each in found["violations"]]


async def assert_accessible(page: Page) -> None:
    """Fail with each barrier that axe-core finds in the page as it stands now."""
    found = await violations(page)
    listed = "\n".join(str(violation) for violation in found)
    assert not found, f"axe-core on {page.url}:\n{listed}"
