"""`/repas/{id}/caisse`: the box of a meal, for whoever may count it. What others found is on no page: only whether they
counted, and once two have found the same, what is missing beside what was pledged, if it is of enough people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.contracts import GONE
from app.database import run
from app.errors import Forbidden, NotFound
from app.i18n import Language, Text, capital, language, text
from app.identity.api import here_at, somebody_holds
from app.identity.states import Act
from app.identity.visits import Visit
from meals import door_rules, till_rules
from meals.accounts_rules import LEAST_PEOPLE
from meals.facts import Row, entries_of, night_of, standing_of, turns_of, who_is
from meals.states import MealRefusal
from meals.till_rules import Entry, TillWho
from meals.wording import SENTENCES

_MEAL = """
select m.*, p.name as place_name,
       t.cents as counted_cents, t.first_by, t.second_by, t.counted_at, f.name as first_name, s.name as second_name,
       a.pledged_cents, a.box_people,
       case when exists (select 1 from published_figure g where g.meal_id = m.id and g.means = 'box')
           then 1 else 0 end as published,
       case when exists (select 1 from ledger_line k join ledger_line l on l.id = k.corrects
                         where l.kind = 'cash' and l.ref = {}) then 1 else 0 end as corrected
from meal m join place p on p.id = m.place_id
left join till_count t on t.meal_id = m.id
left join member f on f.id = t.first_by left join member s on s.id = t.second_by
left join meal_account a on a.meal_id = m.id
where m.id = {}
"""


@dataclass(frozen=True, slots=True)
class TillPage:
    """The box of one meal, for one of those who may count it."""

    id: int
    title: str
    when_words: str
    state: str
    """`early`, `open`, `entered`, `differs`, `counted`, `over`."""
    strong: str
    """How it stands, in few words."""
    lines: Sequence[str]
    counts: bool
    """Whether a total can be entered now."""
    again: bool
    """Whether they have entered one that stands."""
    takes_cash: bool
    """Whether they have a float of their own to count elsewhere."""
    ticks: bool
    """Whether the list of the door is theirs as well, now."""
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Said:
    """How the box stands, in words."""

    state: str
    strong: Text
    lines: Sequence[Text]


async def till_page(
    meal_id: int,
    *,
    visit: Visit,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, Text] | None = None,
) -> TillPage:
    """The box of this meal. Raises `NotFound` for whoever is no member of its place, `Forbidden` for its other
    members."""
    rows = await run(_MEAL, till_rules.cash_ref(meal_id), meal_id)
    if not rows or visit.member is None:
        raise NotFound
    (row,) = rows
    here = await here_at(visit, row["place_id"])
    if not here.belongs:
        raise NotFound
    turns = await turns_of(meal_id, now=visit.now)
    who = await who_is(row, visit.member.id, now=visit.now, here=here, turns=turns, may_have_booked=False)
    till = till_rules.seen(who, somebody_takes_cash=await somebody_holds(row["place_id"], Act.TAKE_CASH, visit.now))
    if not till_rules.may_count(till):
        raise Forbidden(MealRefusal.ONLY_TILL)
    entries = await entries_of(meal_id)
    lang = language(visit.language)
    said = _said(row, till, entries, me=visit.member.id, named=here.met, now=visit.now, lang=lang)
    return TillPage(
        id=meal_id,
        title=row["title"],
        when_words=f"{capital(lang.day(row['starts_at']))}, {lang.hours(row['starts_at'], row['ends_at'])}",
        state=said.state,
        strong=lang.say(said.strong),
        lines=[lang.say(each) for each in said.lines],
        counts=said.state in ("open", "entered", "differs"),
        again=said.state == "entered",
        takes_cash=till.takes_cash,
        ticks=till.checks_in and door_rules.why_not_now(standing_of(row), night=night_of(row), now=visit.now) is None,
        values=values or {},
        errors=errors or {},
    )


def _said(
    row: Row, who: TillWho, entries: Sequence[Entry], *, me: int, named: bool, now: datetime, lang: Language
) -> _Said:
    if row["counted_at"] is not None:
        return _Said("counted", *_counted(row, me=me, named=named, lang=lang))
    reason = till_rules.why_not_now(standing_of(row), now=now)
    if reason is not None:
        return _Said(
            "early" if reason is MealRefusal.TILL_NOT_YET else "over",
            text(SENTENCES[reason]),
            [text("Il commence %(starts_at)s.", starts_at=row["starts_at"])]
            if reason is MealRefusal.TILL_NOT_YET
            else [],
        )
    mine = next((each for each in entries if each.member == me), None)
    if mine is not None and mine.differs:
        return _Said(
            "differs",
            text("Vous n’avez pas trouvé la même chose"),
            [text("Recomptez ensemble, puis entrez chacun le total.")],
        )
    if mine is not None:
        return _Said("entered", text("Ton compte est noté"), [_who_is_missing(who, entries, me)])
    others = [each for each in entries if not each.differs]
    if others:
        return _Said("open", text("Quelqu’un a déjà compté"), [text("À toi, sans lui demander ce qu’il y avait.")])
    return _Said(
        "open",
        text("La boîte est à compter"),
        [
            text("Ouvrez les enveloppes à deux. Comptez chacun de votre côté, puis entrez chacun le total."),
            text("Quand vous avez trouvé la même chose, c’est écrit dans les comptes."),
        ],
    )


def _who_is_missing(who: TillWho, entries: Sequence[Entry], me: int) -> Text:
    """Of two who count, one has the till."""
    if till_rules.has_till(who) or any(each.has_till and not each.differs for each in entries if each.member != me):
        return text("Il manque celui d’une autre personne de l’équipe.")
    return text("Il manque celui de la personne qui tient la caisse, ou qui a ouvert le repas.")


def _counted(row: Row, *, me: int, named: bool, lang: Language) -> tuple[Text, list[Text]]:
    """Who found what: the sum is said to the two who found it. What is missing is said once nobody can come in any
    more, which is when the accounts of the meal are closed."""
    own = me in (row["first_by"], row["second_by"])
    strong = (
        text("C’est compté : %(sum)s", sum=lang.euros(row["counted_cents"])) if own else text("La boîte est comptée")
    )
    if named and (row["first_by"] or row["second_by"]):
        by = tuple(row[name] or lang.say(GONE) for name in ("first_name", "second_name"))
        lines = [text("Par %(names)s, %(at)s.", names=by, at=row["counted_at"])]
    else:
        lines = [text("Par deux personnes, %(at)s.", at=row["counted_at"])]
    lines.append(_difference(row, lang))
    if row["corrected"]:
        lines.append(text("Depuis, une correction est écrite dans les comptes."))
    return strong, lines


def _difference(row: Row, lang: Language) -> Text:
    if row["pledged_cents"] is None:
        return text(
            "La différence avec ce qui était prévu se lira ici %(day)s, quand les comptes du repas seront clos.",
            day=lang.day(night_of(row)),
        )
    if row["box_people"] >= LEAST_PEOPLE and not row["published"]:  # with others' it would tell what theirs was
        return text("La différence se compte avec celle d’autres repas, dans les comptes.")
    cents = till_rules.difference_cents(
        counted=row["counted_cents"], pledged=row["pledged_cents"], people=row["box_people"]
    )
    if cents is None:
        return text("Moins de cinq enveloppes : la différence n’est pas montrée.")
    if not cents:
        return text("Il y avait exactement ce qui était prévu.")
    if cents > 0:
        return text("Il y avait %(sum)s de plus que prévu.", sum=lang.euros(cents))
    return text("Il y avait %(sum)s de moins que prévu. Personne ne sait de qui.", sum=lang.euros(-cents))
