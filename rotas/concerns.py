"""What turns tell the rest of the house: who is missing in the next two days, what nobody takes, what is found, what is
kept, and how the journal says their deeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from app.clock import local_day
from app.contracts import About, Concern, Found, Kept
from app.database import run
from app.finding import answers, search_words
from app.i18n import Text, text, text_n
from app.i18n.text import N_
from app.identity.states import Act
from app.identity.visits import Visit
from rotas import calling, rules, views, wording_slots
from rotas.facts import KIND, Row, title_of
from rotas.rules import CALLED_BEFORE, COUNTS_KEPT_FOR, EMPTY_RUN, GUESTS_KEPT_FOR, Lack
from rotas.wanted import wanted_stand_ins
from rotas.wording_slots import JOURNAL_ACTS as OF_PLACES

MOST = 100
"""So many turns at the desk at once, the first to begin; no place has more in two days."""
MOST_READ = 2000
"""Turns to come that are looked through for some words: eight weeks of six places with forty a week."""
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

JOURNAL_ACTS: Mapping[str, str] = {
    **OF_PLACES,
    "turn.guest_taken": N_("Tour pris pour une personne sans compte"),
    "turn.freed_for": N_("Tour libéré pour quelqu’un qui ne peut pas venir"),
    "turn.asked_for": N_("Remplacement demandé pour quelqu’un qui ne peut pas venir"),
    "turn.kept_for": N_("Demande retirée pour quelqu’un qui vient finalement"),
}
"""Of each line that is written; members read none of them."""


# ------------------------------------------------------------------------------------------------------------ concerns

_UNCOVERED = """
select s.id, s.source_title, s.starts_at, s.people, s.taken, s.called_at, d.name as duty, d.icon, d.opens_place
from rota_slot s join duty d on d.id = s.duty_id left join rota_setting q on q.place_id = s.place_id
where s.place_id = {} and s.state = 'open' and s.taken < s.people and s.starts_at > {} and s.starts_at <= {}
and (q.quiet is null or q.quiet = {}) order by s.starts_at, s.id limit {}
"""
_EMPTY = """
select max(s.id) as id, p.duty_id, d.name as duty, d.icon, count(*) as times, '' as source_title
from rota_pattern p join duty d on d.id = p.duty_id left join rota_setting q on q.place_id = p.place_id
join rota_slot s on s.pattern_id = p.id and s.state = 'open' and s.ends_at <= {}
where p.place_id = {} and (p.until_on is null or p.until_on >= {}) and (q.quiet is null or q.quiet = {})
and s.starts_at > coalesce((select t.starts_at from rota_slot t where t.pattern_id = p.id and t.state = 'open'
    and t.ends_at <= {} and t.taken > 0 order by t.starts_at desc limit 1), {})
group by p.id, p.duty_id, d.name, d.icon having count(*) >= {} order by p.id
"""


async def open_concerns(visit: Visit) -> Sequence[Concern]:
    """At the mediators' desk the turns of the next 48 h that lack people; at whoever keeps the place what nobody takes.
    A quiet place has none of them."""
    if visit.place is None or visit.member is None:
        return []
    found: list[Concern] = []
    if visit.mediator:
        found += await _uncovered(visit, visit.place.id)
    if visit.may(Act.KEEP_PLACE):
        found += await _empty(visit, visit.place.id)
    return found


async def _uncovered(visit: Visit, place_id: int) -> list[Concern]:
    rows = await run(_UNCOVERED, place_id, visit.now, visit.now + CALLED_BEFORE, False, MOST)
    lacking = {row["id"] for row in rows}
    wanted = {row["id"]: row for row in await wanted_stand_ins(now=visit.now, place_id=place_id)}
    rows = sorted(
        [*rows, *(row for slot_id, row in wanted.items() if slot_id not in lacking)], key=lambda row: row["starts_at"]
    )
    return [
        Concern(
            kind=KIND,
            thing_id=row["id"],
            title=title_of(row),
            who="",
            what=_lacks(row),
            since=max(row["starts_at"] - CALLED_BEFORE, row.get("asked_at") or row["called_at"] or LONG_AGO),
            due_at=row["starts_at"],
            href=f"/tours/{row['id']}",
            icon=row["icon"],
            sort="uncovered",
        )
        for row in rows
    ]


def _lacks(row: Row) -> Text:
    if "swap_id" in row:
        return Text(wording_slots.WANTED[calling.lack_of_stand_in(opens_place=bool(row["opens_place"]))], {})
    lack = rules.lack_of(people=row["people"], taken=row["taken"], opens_place=bool(row["opens_place"]))
    if lack is Lack.KEYS:
        return text("Personne n’a encore les clés")
    return views.lacking(row["people"] - row["taken"])


async def _empty(visit: Visit, place_id: int) -> list[Concern]:
    rows = await run(_EMPTY, visit.now, place_id, local_day(visit.now), False, visit.now, LONG_AGO, EMPTY_RUN)
    return [
        Concern(
            kind=KIND,
            thing_id=row["id"],
            title=title_of(row),
            who="",
            what=text_n(
                "Personne ne l’a pris la dernière fois", "Personne ne l’a pris les %(n)s dernières fois", row["times"]
            ),
            since=visit.now,
            due_at=None,
            href=f"/tours/roles/{row['duty_id']}",
            icon=row["icon"],
            sort="empty",
        )
        for row in rows
    ]


# -------------------------------------------------------------------------------------------------------------- search

_COMING = """
select s.id, s.source_title, s.starts_at, s.people, s.taken, d.name as duty, d.about, d.icon, d.opens_place, q.quiet
from rota_slot s join duty d on d.id = s.duty_id left join rota_setting q on q.place_id = s.place_id
where {here} and s.starts_at > {{}} and s.ends_at > {{}} and s.starts_at <= {{}} and s.state = 'open'
order by s.starts_at, s.id limit {{}}
"""


async def search(visit: Visit, written: str, limit: int) -> Sequence[Found]:
    """The duties that have all the words in their name or in what one does, for members; then the turns to come that
    have them there or in what opened them. Of the place of this visit, of all for who has none; nobody is found."""
    words = search_words(written)
    if not words:
        return []
    if visit.place is not None:
        here, place = "= {}", [visit.place.id]
    else:
        here, place = "in (select id from place)", []
    duties = []
    if visit.member is not None:
        duties = await run(
            f"select id, name, about, icon from duty where place_id {here} and retired_at is null order by name, id",  # noqa: S608 - constants of this function
            *place,
        )
    coming = await run(
        _COMING.format(here=f"s.place_id {here}"),
        *place,
        visit.now - rules.LONGEST_SLOT,
        visit.now,
        visit.now + rules.MADE_AHEAD,
        MOST_READ,
    )
    found = [
        Found(KIND, N_("Rôles"), row["name"], row["about"], f"/tours/roles/{row['id']}", row["icon"])
        for row in duties
        if answers(f"{row['name']} {row['about']}", words)
    ]
    found += [_turn(row) for row in coming if answers(f"{row['duty']} {row['about']} {row['source_title']}", words)]
    return found[:limit]


def _turn(row: Row) -> Found:
    return Found(
        kind=KIND,
        group=N_("Tours"),
        title=title_of(row),
        words=row["about"],
        href=f"/tours/{row['id']}",
        icon=row["icon"],
        when=row["starts_at"],
        state=_lacks(row) if row["taken"] < row["people"] and not row["quiet"] else None,
    )


# ---------------------------------------------------------------------------------------------------------------- kept

KEEPS = (
    Kept(
        About.DATES,
        text("Les tours : qui en prend un, le tient chaque semaine ou vient regarder"),
        text("Les membres du lieu, jusqu’au lendemain ; ensuite, seul le nombre est montré"),
        text("Tant que le compte existe ; ensuite il reste un nombre, sans la personne"),
    ),
    Kept(
        About.DATES,
        text("« Je ne peux pas venir » : les demandes de remplacement, les échanges, et le mot qui va avec"),
        text("Qui est demandé ; les membres du lieu, quand la demande est pour tout le monde. Jamais une raison"),
        text("Tant que le compte existe"),
    ),
    Kept(
        About.DATES,
        text("Ce que chacun sait faire dans les rôles du lieu : a regardé, l’a fait, sait faire, sait l’apprendre"),
        text("Ce qui est su : les membres du lieu. Ce qui s’apprend encore : qui sait le faire, et qui tient le lieu"),
        text("Tant que le compte existe"),
    ),
    Kept(
        About.DATES,
        text("Les comptes de la caisse au début et à la fin d’un tour, et qui a compté"),
        text("Qui a ce tour de caisse, pendant le tour ; qui tient le lieu ou ses comptes"),
        text_n(
            "%(n)s an. Le nom et le mot, pas plus longtemps que le compte",
            "%(n)s ans. Le nom et le mot, pas plus longtemps que le compte",
            COUNTS_KEPT_FOR.days // 365,
        ),
        job="rotas.forget_counts",
    ),
    Kept(
        About.DATES,
        text("Le prénom d’une personne sans compte qui prend un tour, et qui l’a noté"),
        text("Les membres du lieu, jusqu’au lendemain"),
        text_n("%(n)s jour après le tour", "%(n)s jours après le tour", GUESTS_KEPT_FOR.days),
        job="rotas.forget_guests",
        before_serving=True,
    ),
)
