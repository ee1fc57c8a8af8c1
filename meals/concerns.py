"""What meals tell the rest of the house: what is found, what is kept, and how the journal says their deeds.

Nothing of theirs waits at a desk: a team that lacks people does so by its turns, and whoever opened a meal is asked in
person when too few are there to cook.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.contracts import About, Found, Kept
from app.database import run
from app.finding import pattern, search_words
from app.i18n import Text, text
from app.i18n.text import N_
from app.identity.visits import Visit
from meals.facts import KIND, Row
from meals.states import MealState

JOURNAL_ACTS: Mapping[str, str] = {
    "meal.opened": N_("Repas ouvert"),
    "meal.edited": N_("Repas modifié"),
    "meal.cancelled": N_("Repas annulé"),
    "meal.goes_ahead": N_("Repas maintenu, même avec peu de monde en cuisine"),
    "meal.closed": N_("Réservations closes"),
    "meal.let_go": N_("Quelqu’un a passé la main pour un repas"),
    "meal.taken_on": N_("Quelqu’un s’occupe d’un repas"),
    "meal.dish_written": N_("Plat écrit dans le cahier"),
    "meal.dish_changed": N_("Plat changé"),
    "meal.dish_retired": N_("Plat retiré du cahier"),
    "meal.prices": N_("Prix des repas changés"),
}
"""Of each line that is written; members read none of them."""


# -------------------------------------------------------------------------------------------------------------- search

_MEALS = "select id, title, about, starts_at, ends_at, closes_at, state, seats, taken from meal where "


async def search(visit: Visit, written: str, limit: int) -> Sequence[Found]:
    """Meals that have all the words in their title, in what is said of them or on their menu: what is to come first,
    then the latest. Then, for members of the place, the dishes of its book. Of the place of this visit, of all for who
    has none; nobody is found."""
    words = search_words(written)
    if not words:
        return []
    where, args = _having(words)
    if visit.place is not None:
        where, args = f"{where} and place_id = {{}}", [*args, visit.place.id]
    rows = await run(f"{_MEALS}{where} and ends_at > {{}} order by starts_at, id limit {{}}", *args, visit.now, limit)
    if len(rows) < limit:
        past = f"{_MEALS}{where} and ends_at <= {{}} order by ends_at desc, id desc limit {{}}"
        rows += await run(past, *args, visit.now, limit - len(rows))
    found = [_meal(row, visit.now) for row in rows]
    if len(found) < limit and visit.place is not None and visit.member is not None and visit.member.belongs:
        found += await _dishes(visit.place.id, words, limit - len(found))
    return found


def _having(words: Sequence[str]) -> tuple[str, list[Any]]:
    return " and ".join(["search_key like {} escape '!'"] * len(words)), [pattern(word) for word in words]


async def _dishes(place_id: int, words: Sequence[str], limit: int) -> list[Found]:
    where, args = _having(words)
    rows = await run(
        f"select id, name, about from dish where {where} and place_id = {{}} and retired_at is null "  # noqa: S608 - marks only
        "order by name, id limit {}",
        *args,
        place_id,
        limit,
    )
    return [Found(KIND, N_("Plats"), row["name"], row["about"], f"/repas/plats/{row['id']}", "book") for row in rows]


def _meal(row: Row, now: datetime) -> Found:
    return Found(
        kind=KIND,
        group=N_("Repas"),
        title=row["title"],
        words=row["about"],
        href=f"/repas/{row['id']}",
        icon="soup",
        when=row["starts_at"],
        state=_state(row, now),
    )


def _state(row: Row, now: datetime) -> Text | None:
    """What to know of it first, if anything."""
    state = MealState(row["state"])
    if state is MealState.CANCELLED:
        return text("Annulé")
    if row["ends_at"] <= now:
        return None
    if state is not MealState.OPEN or row["closes_at"] <= now:
        return text("Réservations closes")
    return None if row["taken"] < row["seats"] else text("Complet")


# ---------------------------------------------------------------------------------------------------------------- kept

FORGETS = "meals.forget_guests_and_diets"

KEEPS = (
    Kept(
        About.DATES,
        text("Les repas : qui en a ouvert un, et qui a écrit les plats du cahier"),
        text("Qui a ouvert le repas : les membres du lieu. Qui a écrit un plat : personne"),
        text("Sans limite : c’est la mémoire du lieu. Une fois le compte effacé, sans le nom"),
    ),
    Kept(
        About.DATES,
        text("Les réservations : combien de places, si l’on vient ou si l’on attend"),
        text("Personne, sauf les nombres : ni nom, ni prix sur aucune liste"),
        text("Tant que le compte existe ; ensuite il reste un nombre de places, sans la personne"),
    ),
    Kept(
        About.DATES,
        text("Ce que l’on paie pour un repas, et ce que l’on donne ou prend aux repas suspendus"),
        text("Personne. On montre qu’il reste des repas suspendus, jamais combien, ni de qui"),
        text("Un mois après le repas. Ensuite il reste une somme du lieu, sans les personnes"),
        job="meals.forget_what_was_paid",
    ),
    Kept(
        About.DATES,
        text("Qu’un repas a été payé par carte, combien, et ce qui en a été rendu ; jamais la carte elle-même"),
        text("Personne. Qui tient les comptes lit des sommes, sans les personnes"),
        text(
            "Un mois après le repas. Ensuite il reste une somme, sans les personnes. La banque garde ce qui la regarde"
        ),
        job="meals.forget_what_was_paid",
    ),
    Kept(
        About.HOUSE,
        text("La boîte d’un repas : qui l’a comptée, quand, et combien il y avait"),
        text("La somme : les deux personnes qui l’ont comptée, et qui tient les comptes. Qui : l’équipe du repas"),
        text("Un mois après le repas. Ensuite il reste la somme, dans les comptes du lieu, sans les personnes"),
        job="meals.forget_who_counted",
    ),
    Kept(
        About.DATES,
        text("Ce que l’on ne mange pas, pour un repas"),
        text("Qui cuisine, qui a ouvert le repas et qui tient le lieu en lisent le nombre. Personne ne lit de nom"),
        text("Jusqu’à la nuit d’après le repas, ou jusqu’à ce que la place soit rendue"),
        job=FORGETS,
    ),
    Kept(
        About.DATES,
        text("Le prénom d’une personne sans compte qui vient manger, et qui a réservé pour elle"),
        text("Qui a réservé, qui a ouvert le repas et qui tient le lieu"),
        text("Jusqu’à la nuit d’après le repas"),
        job=FORGETS,
        before_serving=True,
    ),
)
