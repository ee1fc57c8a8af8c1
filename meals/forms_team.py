"""The team on the form of a meal: turns that stand as they were proposed go with the hours that somebody writes, and
what is asked about hours or numbers that may not be meant. Nothing here is refused.

A form proposes turns for a meal at `meant_day`, `meant_from`, `meant_to`; `turn_meant_1`… are their day and hours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

from app.i18n import Text, text
from app.web.forms import Form, clean_line
from meals.labels import JOB_NAMES
from meals.plan import MealPlan, PlannedTurn
from meals.states import Job
from rotas.api import Span, with_it

MOST_TURNS = 20
DAY = timedelta(days=1)
DURING = (Job.SERVE, Job.TILL)
"""Jobs that are done while one eats."""
_HOUR = re.compile(r"\d\d:\d\d", re.ASCII)
_MEAL = ("day", "from", "to")


def turn_rows(form: Mapping[str, str]) -> list[int]:
    """The numbers of the turns that a form has."""
    return [number for number in range(1, MOST_TURNS + 1) if f"turn_job_{number}" in form]


def has_turns(form: Mapping[str, str]) -> bool:
    """Whether a form says anything of turns."""
    return bool(form.get("turns") or turn_rows(form))


def proposed(values: Mapping[str, str]) -> dict[str, str]:
    """These values of a form, with what they propose: read again, it says what somebody left as it was."""
    meant = {f"meant_{name}": values.get(name, "") for name in _MEAL}
    hours = {f"turn_meant_{number}": _hours_of(values, number) for number in turn_rows(values)}
    return {**values, **meant, **hours}


def gone_with_the_meal(form: Form) -> Form:
    """The form, with the turns that stand as they were proposed brought to the hours of its meal, as turns that there
    are go with theirs. The others stay where somebody wrote them."""
    day, meant_day = clean_line(form.get("day", "")), clean_line(form.get("meant_day", ""))
    after = _span(day, form.get("from", ""), form.get("to", ""))
    before = _span(meant_day or day, form.get("meant_from", ""), form.get("meant_to", ""))
    if after is None or before is None or not after[0] < after[1] or not before[0] < before[1]:
        return form
    written = {f"meant_{name}": clean_line(form.get(name, "")) for name in _MEAL}
    for number in turn_rows(form):
        if not stands_as_proposed(form, number):
            written[f"turn_meant_{number}"] = ""
            continue
        own = clean_line(form.get(f"turn_day_{number}", ""))
        hours = form.get(f"turn_from_{number}", ""), form.get(f"turn_to_{number}", "")
        span = _span(own or meant_day or day, *hours, over_night=True)
        if span is None:
            continue
        starts, ends = with_it(span, before, after)
        on = starts.date().isoformat()
        hers = {"day": on if own or on != day else "", "from": f"{starts:%H:%M}", "to": f"{ends:%H:%M}"}
        written |= {f"turn_{name}_{number}": value for name, value in hers.items()}
        written[f"turn_meant_{number}"] = "|".join(hers.values())
    return Form([*((name, value) for name, value in form.pairs() if name not in written), *written.items()])


def stands_as_proposed(form: Mapping[str, str], number: int) -> bool:
    """Whether nobody wrote another day, or other hours, into this turn of a form that proposed them."""
    meant = form.get(f"turn_meant_{number}", "")
    return meant.strip("|") != "" and meant == _hours_of(form, number)


def beside_the_meal(
    turns: Sequence[tuple[int, PlannedTurn]], meal: Span | None, *, stands: Mapping[int, Span], form: Mapping[str, str]
) -> dict[str, Text]:
    """A question for each turn, by its field, that is for the time of the meal and does not touch it; not of those that
    nobody wrote: `stands` are the hours of turns that the meal has."""
    asked: dict[str, Text] = {}
    for number, turn in turns:
        span = turn.starts_at, turn.ends_at
        if meal is None or turn.job not in DURING or (span[0] < meal[1] and meal[0] < span[1]):
            continue
        left_alone = stands_as_proposed(form, number) or (turn.slot_id is not None and stands.get(turn.slot_id) == span)
        if not left_alone:
            asked[f"turn_from_{number}"] = text(
                "%(job)s : ce tour est hors du repas. Il commence %(turn)s, le repas %(meal)s. C’est voulu ?",
                job=text(JOB_NAMES[turn.job]),
                turn=span[0],
                meal=meal[0],
            )
    return asked


def many_for_few(plan: MealPlan, *, there: int) -> Text | None:
    """What to say of a team that wants more people than the meal has seats; `there` are those of the turns that it has,
    for a form that says nothing of turns."""
    people = there if plan.turns is None else sum(turn.people for turn in plan.turns)
    if people <= plan.seats:
        return None
    return text(
        "L’équipe compte %(people)s personnes pour %(seats)s places. Si ce n’est pas voulu, change l’un ou l’autre.",
        people=people,
        seats=plan.seats,
    )


def _hours_of(values: Mapping[str, str], number: int) -> str:
    return "|".join(clean_line(values.get(f"turn_{name}_{number}", "")) for name in _MEAL)


def _span(day: str, begins: str, ends: str, *, over_night: bool = False) -> Span | None:
    """From one hour to another on the wall of that day, to the day after if they end `over_night`; none where they
    cannot be read."""
    hours = [clean_line(each).zfill(5) for each in (begins, ends)]
    if not all(_HOUR.fullmatch(each) for each in hours):
        return None
    try:
        on = date.fromisoformat(day)
        first, last = (datetime.combine(on, time.fromisoformat(each)) for each in hours)
    except ValueError:
        return None
    if not 2000 <= on.year <= 2190:
        return None
    return first, last if last > first or not over_night else last + DAY
