"""`/repas/comptes`: what meals cost and brought in a month, for every member of the place. The same questions however
many meals there were; of people's money only what is published (`commands.publishing`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

from app.accounts.api import Spending, budget_of, spent_by_month, spent_on
from app.clock import local_day
from app.database import run
from app.errors import Forbidden
from app.i18n import capital, language
from app.identity.visits import Spot, Visit, kept_for
from meals.accounts_rules import Means, month_of, months_later, read_month
from meals.facts import KIND, Row
from meals.states import MealRefusal
from meals.views_accounts import (
    MONTHS_DRAWN,
    AccountsPage,
    Sum,
    Sums,
    budget_chart,
    found,
    meal_seen,
    month_lines,
    months_chart,
    small_seen,
)

_MEALS = """
select a.meal_id, a.day, a.eaten, m.title, t.id is not null as counted
from meal_account a join meal m on m.id = a.meal_id left join till_count t on t.meal_id = a.meal_id
where a.place_id = {} and a.day >= {} and a.day < {} order by a.day desc, m.starts_at desc, a.meal_id desc
"""
_FIGURES = """
select day, means, meal_id, cents, pledged_cents from published_figure
where place_id = {} and day >= {} and day < {} order by id
"""
_FIRST = "select day from meal_account where place_id = {} order by day limit 1"
"""A figure is of a day of a meal."""


async def accounts_page(visit: Visit, *, written: str) -> AccountsPage:
    """The accounts of the place that one looks at, of the month that was written. Raises `Forbidden` for whoever is no
    member of it: the contents list leads there."""
    place = visit.place
    if place is None or visit.member is None or not visit.member.belongs:
        raise Forbidden(MealRefusal.NOT_A_MEMBER_HERE)
    month = read_month(written, today=local_day(visit.now))
    return await kept_for(visit, ("accounts", month), partial(_read, visit, place, month))


async def _read(visit: Visit, place: Spot, month: date) -> AccountsPage:
    lang, this_month = language(visit.language), month_of(local_day(visit.now))
    first, after = months_later(month, 1 - MONTHS_DRAWN), months_later(month, 1)
    rows = await run(_MEALS, place.id, month, after)
    figures = await run(_FIGURES, place.id, first, after)
    costs = await spent_on(KIND, [row["meal_id"] for row in rows])
    spent = await spent_by_month(place.id, first, after - timedelta(days=1))
    meant = await budget_of(place.id)
    oldest = await run(_FIRST, place.id)

    sums = _sums(figures)
    for (year, number), of in spent.items():
        each = date(year, number, 1)
        sums[each] = replace(sums.get(each, Sums()), spent=of.get(Spending.FOOD, 0))
    meals = [_sum(row, figures, costs) for row in rows]
    each_words, finding = found(month, meals, this_month=month == this_month, lang=lang)
    cards = any(row["means"] == Means.CARD for row in figures)
    budget, budget_words = budget_chart(meant, spent.get((month.year, month.month), {}), lang)
    before, later = months_later(month, -1), after if month < this_month else None
    begins = min([*(row["day"] for row in oldest), *_bought(spent)], default=month)
    return AccountsPage(
        place_name=place.name,
        month=f"{month:%Y-%m}",
        month_words=capital(lang.month(month)),
        before_href=_href(before) if begins < month else "",
        before_words=capital(lang.month(before)),
        after_href=_href(later) if later else "",
        after_words=capital(lang.month(later)) if later else "",
        finding=finding,
        each=each_words,
        lines=month_lines(meals, sums.get(month, Sums()), lang),
        meals=tuple(meal_seen(each, cards=cards, lang=lang) for each in meals),
        small=small_seen(sums.get(month, Sums()), lang),
        months=months_chart(month, sums, lang),
        budget=budget,
        budget_words=budget_words,
        asks_href="/comptes/demandes",
    )


def _href(month: date) -> str:
    return f"/repas/comptes?mois={month:%Y-%m}"


def _bought(spent: dict[tuple[int, int], dict[Spending, int]]) -> list[date]:
    return [date(year, number, 1) for year, number in spent]


def _sum(row: Row, figures: Sequence[Row], costs: dict[int, int]) -> Sum:
    own = {each["means"]: each for each in figures if each["meal_id"] == row["meal_id"]}
    box, card = own.get(Means.BOX), own.get(Means.CARD)
    return Sum(
        meal_id=row["meal_id"],
        title=row["title"],
        day=row["day"],
        eaten=row["eaten"],
        spent=costs.get(row["meal_id"], 0),
        counted=bool(row["counted"]),
        box=box["cents"] if box else None,
        pledged=box["pledged_cents"] if box else 0,
        card=card["cents"] if card else None,
    )


def _sums(figures: Sequence[Row]) -> dict[date, Sums]:
    """By month."""
    months: dict[date, Sums] = {}
    for row in figures:
        month, cents, small = month_of(row["day"]), row["cents"], row["meal_id"] is None
        so_far = months.get(month, Sums())
        if row["means"] == Means.BOX:
            so_far = replace(so_far, box=so_far.box + cents)
            if small:
                so_far = replace(
                    so_far,
                    small_box=(so_far.small_box or 0) + cents,
                    small_pledged=so_far.small_pledged + row["pledged_cents"],
                )
        elif row["means"] == Means.CARD:
            so_far = replace(so_far, card=so_far.card + cents)
            if small:
                so_far = replace(so_far, small_card=(so_far.small_card or 0) + cents)
        else:
            so_far = replace(so_far, pot=so_far.pot + cents, pot_moved=True)
        months[month] = so_far
    return months
