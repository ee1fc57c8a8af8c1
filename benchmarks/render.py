"""What it costs to render the agenda: 40 strips of a member, the whole page.

`python -m benchmarks.render` compares with a fixed piece of work of the same kind, escaping a thousand short texts,
since milliseconds say more of the machine than of the templates. `--profile` shows where the time goes.
"""

from __future__ import annotations

import cProfile
import pstats
import sys
from collections.abc import Callable
from datetime import date, timedelta
from time import perf_counter
from typing import Any

from markupsafe import escape

from app.calendar.queries import PlaceLine, Strip
from app.calendar.spans import Days
from app.calendar.states import EntryState, Invitation, Role
from app.calendar.views import AgendaPage, Chip, by_day
from app.clock import local_day
from app.i18n import text_n
from app.identity.visits import Me, Spot, Visit
from app.main import REGISTRY
from app.settings import Settings
from app.web.csrf import LazyToken
from app.web.remembering import Remember
from app.web.rendering import environment_of, page_context
from tests.client import NOON

STRIPS = 40
ROUNDS = 200


def strip(number: int) -> Strip:
    """One entry: every fifth is mine, every seventh full."""
    starts_at = NOON + timedelta(hours=3 * number)
    mine, full = number % 5 == 0, number % 7 == 0
    taken = 12 if full else number % 11
    return Strip(
        entry_id=number,
        kind=("workshop", "meal", "turn")[number % 3],
        thing_id=number,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=2),
        day=local_day(starts_at),
        state=EntryState.CONFIRMED,
        title=f"On se relit nos CV, séance {number}",
        genre="CV-troc",
        icon="file-text",
        href=f"/ateliers/{number}",
        room="Salle du fond",
        place="Les Tanneurs",
        hosts=("Samira", "Karim"),
        language="fr",
        step_free=number % 2 == 0,
        children=number % 4 == 0,
        seats=12,
        taken=taken,
        left=12 - taken,
        seats_words=text_n("Il reste %(n)s place", "Il reste %(n)s places", 12 - taken),
        role=Role.PARTICIPANT if mine else None,
        mine_words=None,
        invitation=Invitation.MINE if mine else Invitation.WAIT if full else Invitation.JOIN,
        join_path=f"/ateliers/{number}/inscription",
        join_label="Je m’inscris",
        leave_path="",
        leave_label="",
        leave_icon="hand-stop",
        join_leads=False,
        lacks_people=number % 3 == 2,
    )


def agenda(strips: int) -> AgendaPage:
    """The page with so many entries."""
    place = PlaceLine(1, "tanneurs", "Les Tanneurs", "14 rue des Tanneurs", "", "", "", True)
    first = date(2026, 11, 24)
    chips = tuple(Chip(f"/agenda?genre={name}", name, False, "workshop") for name in ("Ateliers", "Repas", "Tours"))
    return AgendaPage(
        place=place,
        places=(),
        days=Days(first, first + timedelta(days=5), first, chosen=False),
        shown=by_day(strip(number) for number in range(strips)),
        chips=chips,
        filtered=False,
        mine=False,
        previous_href="/agenda?du=2026-11-16",
        next_href="/agenda?du=2026-11-30",
        more_href="",
        month_href="/agenda/mois",
        all_href="/agenda",
        free_words="",
        tickets=tuple(strip(number) for number in range(0, 3 * 5, 5)),
        offers=(),
        asks=(),
        propose_href="/ateliers/nouveau",
        feed_href="/moi/calendrier",
    )


def visit() -> Visit:
    """A member who looks at it."""
    me = Me(id=1, name="Samira", mediator=False, met=True, belongs=True)
    spot = Spot(1, "tanneurs", "Les Tanneurs", "14 rue des Tanneurs")
    return Visit(now=NOON, member=me, place=spot, session_key="k")


def rendering(strips: int) -> Callable[[], Callable[[], str]]:
    """What an answer does with a page that it has just read: makes it, and gives what renders it."""
    template = environment_of("fr").get_template("app/calendar/show_agenda.html")
    settings = Settings(secret_key="k" * 32)

    def prepared() -> Callable[[], str]:
        page, who = agenda(strips), visit()
        return lambda: template.render(page_context(page, who, REGISTRY, LazyToken(settings, who), None))

    return prepared


def fixed_work() -> None:
    """The unit: a thousand short texts escaped."""
    for number in range(1000):
        escape(f"texte {number} & autre")


def best(prepared: Callable[[], Callable[[], Any]]) -> float:
    """Seconds of the fastest of many rounds: what the machine can do when nothing disturbs it."""
    fastest = float("inf")
    for _ in range(ROUNDS):
        work = prepared()
        started = perf_counter()
        work()
        fastest = min(fastest, perf_counter() - started)
    return fastest


def forgetting(prepared: Callable[[], Callable[[], Any]]) -> Callable[[], Callable[[], Any]]:
    """The same, as when nothing is remembered."""

    def prepared_anew() -> Callable[[], Any]:
        remember = environment_of("fr").extensions[Remember.identifier]
        assert isinstance(remember, Remember)
        remember.kept.clear()
        return prepared()

    return prepared_anew


def main(arguments: list[str]) -> None:
    """Print the ratios, or a profile."""
    whole, bare = rendering(STRIPS), rendering(0)
    if arguments == ["--profile"]:
        with cProfile.Profile() as profile:
            for _ in range(ROUNDS):
                whole()()
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        return
    unit, page, frame = best(lambda: fixed_work), best(whole), best(bare)
    first = best(forgetting(whole))
    sys.stdout.write(
        f"{STRIPS} strips, {len(whole()()) // 1024} KiB: {page / unit:.2f} units\n"
        f"the page around them: {frame / unit:.2f} units, one strip: {(page - frame) / STRIPS / unit:.3f} units\n"
        f"the first time, when nothing is remembered: {first / unit:.2f} units\n"
        "(a unit: a thousand short texts escaped)\n"
    )
    if arguments == ["--milliseconds"]:
        sys.stdout.write(f"{page * 1000:.2f} ms and {frame * 1000:.2f} ms here, a unit {unit * 1000:.2f} ms\n")


if __name__ == "__main__":
    main(sys.argv[1:])
