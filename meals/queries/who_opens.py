"""Where not everybody opens meals: who does, and by which turns, for a member who cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.i18n import language, text, text_n
from app.identity.api import here_at, holders_of
from app.identity.states import Act
from app.identity.visits import Visit
from rotas.api import DutySeen, duties_of


@dataclass(frozen=True, slots=True)
class WhoOpensPage:
    """What allows opening a meal here."""

    duties: Sequence[DutySeen]
    """Whose turns allow it."""
    now: str
    """Who may at this moment: by name for whoever somebody has met, else how many."""
    keeps: bool


async def who_opens_page(visit: Visit, place_id: int) -> WhoOpensPage:
    """For a member of this place."""
    lang = language(visit.language)
    here = await here_at(visit, place_id)
    people = await holders_of(place_id, Act.OPEN_MEALS, visit.now)
    if here.met:
        said = text("En ce moment : %(names)s.", names=tuple(person.name for person in people))
    else:
        said = text_n("En ce moment : %(n)s personne.", "En ce moment : %(n)s personnes.", len(people))
    duties = [duty for duty in await duties_of(place_id) if duty.act == Act.OPEN_MEALS]
    return WhoOpensPage(duties, lang.say(said), Act.KEEP_PLACE in here.acts)
