"""The small budget as it is read: what was asked for, by every member; what a month is meant for, by whoever sets it.

Whose request it is, only they themselves and whoever keeps the accounts are told.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.accounts import rules
from app.accounts.queries import Row, budget_of, spent_by_month
from app.accounts.queries_purchases import Option, here_of_place, kept_place, who_of
from app.accounts.states import REQUEST_MOVES, RequestState, Spending
from app.accounts.wording import REQUEST_STATES, SPENDINGS
from app.clock import local_day
from app.database import run
from app.i18n import Language, Text, language, text
from app.identity.visits import Visit
from app.web.forms import placed

SHOWN = 60
"""Requests of the list; those that wait come first."""
ICONS = {
    RequestState.OPEN: "hourglass",
    RequestState.AGREED: "check",
    RequestState.REFUSED: "clock",
    RequestState.BOUGHT: "basket",
    RequestState.WITHDRAWN: "x",
}


@dataclass(frozen=True, slots=True)
class RequestLine:
    """Something that was asked for."""

    id: int
    what: str
    words: str
    why: str
    state: tuple[str, str]
    code: str
    reason: str
    who: str
    """Whose it is, for whoever may know."""
    mine: bool
    may_take_back: bool
    may_agree: bool
    may_refuse: bool
    may_buy: bool
    version: int


@dataclass(frozen=True, slots=True)
class RequestsPage:
    """All that was asked for, and the form to ask."""

    place_name: str
    waiting: Sequence[RequestLine]
    answered: Sequence[RequestLine]
    spendings: Sequence[Option]
    may_ask: bool
    keeper: bool
    once: str
    values: Mapping[str, Any]
    errors: Mapping[str, Text]
    part: int
    """The request whose answer the values and errors belong to; 0 for the form that asks."""


@dataclass(frozen=True, slots=True)
class BudgetLineSeen:
    """A line of the small budget, as it is set."""

    name: str
    label: str
    value: str
    version: int
    spent: str


@dataclass(frozen=True, slots=True)
class BudgetPage:
    """What a month is meant for."""

    place_name: str
    month: str
    lines: Sequence[BudgetLineSeen]
    errors: Mapping[str, Text]


def _line(row: Row, visit: Visit, lang: Language, *, keeper: bool) -> RequestLine:
    assert visit.member is not None
    state = RequestState(row["state"])
    mine = row["member_id"] == visit.member.id
    spoken = lang.say(SPENDINGS[Spending(row["spending"])])
    asker = (row["name"] or lang.say(text("une personne partie"))) if keeper and not mine else ""
    return RequestLine(
        id=row["id"],
        what=row["what"],
        words=f"{lang.euros(row['cents'])}, {spoken.lower()}",
        why=row["why"],
        state=(ICONS[state], lang.say(REQUEST_STATES[state])),
        code=state.value,
        reason=row["reason"],
        who=lang.say(text("par moi")) if mine else asker,
        mine=mine,
        may_take_back=mine and RequestState.WITHDRAWN in REQUEST_MOVES[state],
        may_agree=keeper and state in (RequestState.OPEN, RequestState.REFUSED),
        may_refuse=keeper and state is RequestState.OPEN,
        may_buy=state is RequestState.AGREED and (mine or keeper),
        version=row["version"],
    )


async def requests_page(
    visit: Visit,
    *,
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, Text] | None = None,
    once: str = "",
    part: int = 0,
) -> RequestsPage:
    """What the place was asked for, for each of its members."""
    assert visit.member is not None
    place_id, name, here = await here_of_place(visit)
    who = who_of(here)
    keeper = rules.why_not_keeper(who) is None
    lang = language(visit.language)
    # What was taken back is nobody's to read but of whoever asked.
    rows = await run(
        "select r.*, m.name from budget_request r left join member m on m.id = r.member_id and m.erased_at is null "
        "where r.place_id = {} and (r.state <> {} or r.member_id = {}) "
        "order by case when r.state in ('open', 'agreed') then 0 else 1 end, r.asked_at desc, r.id desc limit {}",
        place_id,
        RequestState.WITHDRAWN.value,
        visit.member.id,
        SHOWN,
    )
    lines = [_line(row, visit, lang, keeper=keeper) for row in rows]
    answerable = part == 0 or any(line.id == part and line.may_refuse for line in lines)
    waits = (RequestState.OPEN.value, RequestState.AGREED.value)
    return RequestsPage(
        place_name=name,
        waiting=[line for line in lines if line.code in waits],
        answered=[line for line in lines if line.code not in waits],
        spendings=[(each.value, lang.say(SPENDINGS[each])) for each in rules.LOGISTICS],
        may_ask=rules.why_not_here(who) is None,
        keeper=keeper,
        once=once or secrets.token_urlsafe(16),
        values=values or {},
        errors=placed(errors, missing=() if answerable else ("reason",)),
        part=part,
    )


async def open_requests(place_id: int) -> int:
    """How many wait for an answer."""
    rows = await run(
        "select count(*) as n from budget_request where place_id = {} and state = {}",
        place_id,
        RequestState.OPEN.value,
    )
    return int(rows[0]["n"])


def month_of(day: date) -> tuple[date, date]:
    """Its first and last day so far."""
    return day.replace(day=1), day


async def budget_page(
    visit: Visit, *, values: Mapping[str, Any] | None = None, errors: Mapping[str, Text] | None = None
) -> BudgetPage:
    """The form, with what this month spent so far."""
    place_id, name = await kept_place(visit)
    lang = language(visit.language)
    today = local_day(visit.now)
    first, last = month_of(today)
    spent = (await spent_by_month(place_id, first, last)).get((today.year, today.month), {})
    lines = []
    for spending, line in (await budget_of(place_id)).items():
        stands = amount_written(line.month_cents) if line.month_cents is not None else ""
        lines.append(
            BudgetLineSeen(
                spending.value,
                lang.say(SPENDINGS[spending]),
                stands if values is None else str(values.get(spending.value, "")),
                line.version,
                lang.say(text("Ce mois-ci : %(spent)s.", spent=lang.euros(spent.get(spending, 0)))),
            )
        )
    return BudgetPage(name, lang.month(today), lines, errors or {})


def amount_written(cents: int) -> str:
    """As people write it in a field: « 12,50 »."""
    whole, rest = divmod(abs(cents), 100)
    return f"{whole},{rest:02d}" if rest else str(whole)
