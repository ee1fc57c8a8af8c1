"""What workshops tell the rest of the house: what waits at the desk and for the bureau, what settled itself, what is
found, and how the journal says their deeds.

Who may do what is asked of the same rules as the commands, so that nothing waits at somebody's desk who cannot settle
it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.contracts import About, Concern, Found, Kept
from app.database import run
from app.finding import answers, pattern, search_words
from app.i18n import Language, Text, language, text, text_n
from app.i18n.text import N_
from app.identity.states import Act
from app.identity.visits import Visit
from workshops import rules
from workshops.facts import KIND, Row, Words, matter_of, needs_of, standing_with
from workshops.labels import FORMAT_ICONS, FORMAT_NAMES, NEED_NAMES, STATE_NAMES
from workshops.rules import EDIT_SHOWN_FOR, GUESTS_KEPT_FOR, Standing, Who
from workshops.states import Format, HostState, Need, State

MOST = 300
"""So many workshops at the desk at once, the oldest; no place comes near."""

JOURNAL_ACTS: Mapping[str, str] = {
    "workshop.published": N_("Publié"),
    "workshop.sent_back": N_("Un changement est demandé"),
    "workshop.blocked": N_("Parution bloquée, 72 h au plus"),
    "workshop.yes": N_("Oui à ce qui engage l’association"),
    "workshop.edit_kept": N_("La modification reste"),
    "workshop.edit_put_back": N_("Remis comme avant la modification"),
    # Those that members do not read.
    "workshop.proposed": N_("Proposé"),
    "workshop.proposed_again": N_("Proposé de nouveau"),
    "workshop.withdrawn": N_("Proposition retirée"),
    "workshop.agreed": N_("Relu, en attente de l’accord du bureau"),
    "workshop.contested": N_("Avis contesté"),
    "workshop.drawn": N_("Tirage au sort"),
    "workshop.edited": N_("Modifié"),
    "workshop.review_again": N_("Remis à relire"),
    "workshop.room_found": N_("Salle trouvée"),
    "workshop.lapsed": N_("Passé sans paraître"),
    "workshop.host_left": N_("Quelqu’un a passé la main"),
    "workshop.taken_over": N_("Quelqu’un a repris l’atelier"),
    "workshop.cancelled": N_("Annulé"),
    "workshop.reopened": N_("Finalement, ça a lieu"),
    "workshop.turn_opened": N_("Tour ouvert pour l’atelier"),
    "workshop.turn_closed": N_("Tour retiré de l’atelier"),
    "workshop.guest_signed_up": N_("Place prise pour une personne sans compte"),
}
"""Of each line that is written (`steps.note`)."""

_WAITING = """
select w.*, r.name as room_name, wr.name as wished_room_name
from workshop w
left join room r on r.id = w.room_id
left join room wr on wr.id = w.wished_room_id
where w.place_id = {} and w.ends_at > {} and (
    w.state in ('proposed', 'contested')
    or (w.state = 'sent_back' and (w.help_wanted = {} or w.needs <> ''))
    or (w.state = 'published' and (w.edited_at > {} or w.review_due_at is not null or w.help_wanted = {}))
)
order by coalesce(w.proposed_at, w.created_at), w.id
limit {}
"""

_PARTS = """
select h.workshop_id, h.member_id, h.state as part, '' as matter, m.name, h.id as rank
from host h join member m on m.id = h.member_id
where h.workshop_id in ({ids}) and h.state in ('hosting', 'invited')
union all
select j.workshop_id, j.member_id, 'drawn' as part, j.matter, '' as name, j.id as rank
from juror j where j.workshop_id in ({ids})
order by 6
"""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A workshop of which something may wait."""

    row: Row
    standing: Standing
    who: Who
    """The asking person, seen from it."""
    hosts: Sequence[str]


async def open_concerns(visit: Visit) -> Sequence[Concern]:
    """What waits for this person: a mediator of the place, or whoever says yes there. Nothing for anybody else."""
    says_yes = visit.may(Act.SAY_YES) and not visit.mediator
    if visit.place is None or visit.member is None or not (visit.mediator or says_yes):
        return []
    lang = language(visit.language)
    found: list[Concern] = []
    for waiting in await _all_waiting(visit, says_yes):
        if visit.mediator:
            found += _for_mediators(waiting, now=visit.now, lang=lang)
        elif rules.why_cannot_say_yes(waiting.standing, waiting.who, now=visit.now) is None:
            found += _yes_wanted(waiting, lang)
    return sorted(found, key=lambda concern: (concern.since, concern.thing_id))


async def _all_waiting(visit: Visit, says_yes: bool) -> list[_Waiting]:
    assert visit.place is not None
    assert visit.member is not None
    me = visit.member.id
    rows = await run(_WAITING, visit.place.id, visit.now, True, visit.now - EDIT_SHOWN_FOR, True, MOST)
    if not rows:
        return []
    ids = [row["id"] for row in rows]
    marks = ", ".join("{}" for _ in ids)
    parts: dict[int, list[Row]] = {}
    for part in await run(_PARTS.replace("{ids}", marks), *ids, *ids):
        parts.setdefault(part["workshop_id"], []).append(part)
    return [_waiting(row, parts.get(row["id"], []), me, visit.mediator, says_yes) for row in rows]


def _waiting(row: Row, parts: Sequence[Row], me: int, mediator: bool, says_yes: bool) -> _Waiting:
    matter = matter_of(row)
    drawn = [part for part in parts if part["part"] == "drawn" and part["matter"] == matter]
    hosting = [part for part in parts if part["part"] == HostState.HOSTING]
    counts = {
        "taken": 0,
        "offered": 0,
        "waiting": 0,
        "hosts": len(hosting),
        "drawn": len(drawn),
    }  # nothing here asks for places
    who = Who(
        id=me,
        belongs=True,
        mediator=mediator,
        proposer=row["proposer_id"] == me,
        hosting=any(part["member_id"] == me for part in hosting),
        invited=any(part["member_id"] == me and part["part"] == HostState.INVITED for part in parts),
        juror=any(part["member_id"] == me for part in drawn),
        decided_before=me in (row["decided_by"], row["blocked_by"]),
        says_yes=says_yes,
    )
    return _Waiting(row, standing_with(row, counts), who, [part["name"] for part in hosting])


def _for_mediators(waiting: _Waiting, *, now: datetime, lang: Language) -> Iterator[Concern]:
    row, standing = waiting.row, waiting.standing
    if rules.why_cannot_decide(standing, waiting.who, version=standing.version) is None:
        yield _to_read(waiting, lang)
    elif standing.review_due_at is None and rules.why_cannot_review_again(standing, waiting.who, now=now) is None:
        edited_at = row["edited_at"]
        yield _concern(
            waiting,
            "edit",
            _edited(row),
            since=edited_at,
            due_at=min(edited_at + EDIT_SHOWN_FOR, row["starts_at"]),
            lang=lang,
            deed=f"/mediation/ateliers/{row['id']}/relecture",
        )
    if row["help_wanted"] and now < row["starts_at"]:
        yield _concern(
            waiting,
            "help",
            _facts(row, lang),
            since=row["proposed_at"] or row["created_at"],
            due_at=row["starts_at"],
            lang=lang,
            href=f"/ateliers/{row['id']}",
        )
    if standing.state is not State.PUBLISHED and now < row["starts_at"]:
        yield from _yes_wanted(waiting, lang)


def _to_read(waiting: _Waiting, lang: Language) -> Concern:
    """A proposal, a contest, a quarrel, or an edit put back: whatever a mediator answers with a decision."""
    row, standing = waiting.row, waiting.standing
    facts = _facts(row, lang)
    if standing.state is State.PUBLISHED:
        return _concern(
            waiting, "reading", _edited(row), since=row["review_at"], due_at=standing.review_due_at, lang=lang
        )
    if standing.state is State.CONTESTED:
        what = text("%(facts)s. L’équipe répond : « %(word)s »", facts=facts, word=_short(row["contest_word"]))
        return _concern(waiting, "contest", what, since=row["contested_at"], due_at=row["contest_due_at"], lang=lang)
    if standing.blocked_until is not None:
        what = text("%(facts)s. Parution bloquée : « %(why)s »", facts=facts, why=_short(row["blocked_why"]))
        return _concern(waiting, "block", what, since=row["blocked_at"], due_at=standing.blocked_until, lang=lang)
    if row["wished_room_id"] is not None:
        what = text("%(facts)s. Salle souhaitée, déjà prise : %(room)s", facts=facts, room=row["wished_room_name"])
        return _concern(waiting, "clash", what, since=row["proposed_at"], due_at=row["due_at"], lang=lang)
    return _concern(waiting, "reading", facts, since=row["proposed_at"], due_at=row["due_at"], lang=lang)


def _yes_wanted(waiting: _Waiting, lang: Language) -> Iterator[Concern]:
    row, needs = waiting.row, needs_of(waiting.row)
    if not needs or waiting.standing.said_yes:
        return
    yield _concern(
        waiting,
        "yes",
        text(
            "%(facts)s. %(needs)s",
            facts=_facts(row, lang),
            needs=". ".join(lang.gettext(NEED_NAMES[need]) for need in Need if need in needs),
        ),
        since=row["proposed_at"] or row["created_at"],
        due_at=row["starts_at"],
        lang=lang,
        href=f"/ateliers/{row['id']}",
    )


def _concern(
    waiting: _Waiting,
    sort: str,
    what: Text,
    *,
    since: datetime,
    due_at: datetime | None,
    lang: Language,
    href: str = "",
    deed: str = "",
) -> Concern:
    row = waiting.row
    return Concern(
        kind=KIND,
        thing_id=row["id"],
        title=row["title"],
        who=lang.joined(waiting.hosts),
        what=what,
        since=since,
        due_at=due_at,
        href=href or f"/mediation/ateliers/{row['id']}",
        icon=FORMAT_ICONS[Format(row["format"])],
        sort=sort,
        deed=deed,
    )


def _facts(row: Row, lang: Language) -> Text:
    """« CV-troc, vendredi 11 décembre de 14 h à 15 h 30, salle du fond, 12 places »."""
    return text(
        "%(format)s, %(day)s %(hours)s, %(room)s, %(places)s",
        format=Text(FORMAT_NAMES[Format(row["format"])]),
        day=lang.day(row["starts_at"]),
        hours=lang.hours(row["starts_at"], row["ends_at"]),
        room=row["room_name"] or text("salle à trouver"),
        places=text_n("%(n)s place", "%(n)s places", row["capacity"]),
    )


def _edited(row: Row) -> Text:
    """What was changed after publication."""
    before = Words.before(row)
    if before is not None and before.title != row["title"]:
        return text("Changé après la parution. Avant, le titre était « %(title)s »", title=before.title)
    if before is not None and before.format != row["format"]:
        return text("Changé après la parution. Avant : %(format)s", format=Text(FORMAT_NAMES[Format(before.format)]))
    return text("Changé après la parution : la présentation")


def _short(words: str) -> str:
    """The first line or so of what somebody wrote."""
    line = " ".join(words.split())
    return line if len(line) <= 160 else line[:159].rstrip() + "…"


# --------------------------------------------------------------------------------------------------------- settled


async def settled(place_id: int, since: datetime) -> int:
    """How many workshops of this place were settled since then by silence or by drawn members."""
    rows = await run(
        # Both values of `shown` are named, so that the index on (place, shown, hour) finds the week among the years.
        "select count(distinct thing_id) as n from journal_line where place_id = {} and shown in ({}, {}) "
        "and at >= {} and kind = {} and voice in ('silence', 'drawn')",
        place_id,
        True,
        False,
        since,
        KIND,
    )
    return int(rows[0]["n"])


# ---------------------------------------------------------------------------------------------------------- search

_FOUND = "select w.id, w.title, w.summary, w.format, w.state, w.starts_at from workshop w where "
_SEEN = (
    "(w.published_at is not null or w.proposer_id = {} or exists (select 1 from host h where h.workshop_id = w.id "
    "and h.member_id = {} and (h.state = 'hosting' or (h.state = 'invited' and w.state not in ('draft', 'lapsed'))))"
)


async def search(visit: Visit, written: str, limit: int) -> Sequence[Found]:
    """Workshops whose title, summary or format has all the words, of the place of this visit (of all for who has none).

    What is to come first, then the latest. A proposal is found by those who may read it, a draft by its hosts.
    """
    words = search_words(written)
    if not words:
        return []
    lang = language(visit.language)
    where, args = _may_find(visit)
    for word in words:
        formats = [each.value for each in Format if answers(lang.gettext(FORMAT_NAMES[each]), (word,))]
        marks = ", ".join("{}" for _ in formats)
        where += " and (w.search_key like {} escape '!'" + (f" or w.format in ({marks}))" if formats else ")")
        args += [pattern(word), *formats]
    rows = await run(
        f"{_FOUND}{where} and w.ends_at > {{}} order by w.starts_at, w.id limit {{}}", *args, visit.now, limit
    )
    if len(rows) < limit:
        rows += await run(
            f"{_FOUND}{where} and w.ends_at <= {{}} order by w.ends_at desc, w.id desc limit {{}}",
            *args,
            visit.now,
            limit - len(rows),
        )
    return [_result(row) for row in rows]


def _may_find(visit: Visit) -> tuple[str, list[Any]]:
    """The condition, with its arguments, for workshops that this visit may know of (`rules.may_see` but jurors)."""
    member = visit.member
    if member is None:
        where, args = "w.published_at is not null", []
    else:
        where, args = _SEEN, [member.id, member.id]
        reads = []
        if member.mediator:
            reads.append("w.state in ('proposed', 'sent_back', 'contested')")
        elif visit.may(Act.SAY_YES):
            reads.append("(w.needs <> '' and w.state in ('proposed', 'sent_back', 'contested'))")
        where += "".join(f" or {condition}" for condition in reads) + ")"
    if visit.place is not None:
        where, args = where + " and w.place_id = {}", [*args, visit.place.id]
    return where, args


def _result(row: Row) -> Found:
    state, kind = State(row["state"]), Format(row["format"])
    return Found(
        kind=KIND,
        group=N_("Ateliers"),
        title=row["title"],
        words=row["summary"],
        href=f"/ateliers/{row['id']}",
        icon=FORMAT_ICONS[kind],
        when=row["starts_at"],
        state=None if state is State.PUBLISHED else Text(STATE_NAMES[state]),
    )


# ------------------------------------------------------------------------------------------------------------- kept

KEEPS = (
    Kept(
        About.DATES,
        text("Les ateliers : ce que leur équipe a écrit, qui anime, ce que la médiation a répondu"),
        text(
            "Avant la parution : l’équipe, la médiation, s’il le faut le bureau ou des membres tirés au sort. "
            "Après : tout le monde, mais les noms sont pour les membres"
        ),
        text("Sans limite : c’est la mémoire du lieu. Une fois le compte effacé, sans le nom"),
    ),
    Kept(
        About.DATES,
        text("Les inscriptions : qui a pris une place ou attend"),
        text("Qui anime"),
        text("Tant que le compte existe ; ensuite il reste un nombre, sans la personne"),
    ),
    Kept(
        About.DATES,
        text("Qui est venu : une coche, mise par qui anime. Une absence n’est jamais notée"),
        text("Qui anime. Jamais la médiation"),
        text("Tant que le compte existe ; ensuite il reste un nombre, sans la personne"),
    ),
    Kept(
        About.DATES,
        text("Le prénom d’une personne sans compte, et qui l’a inscrite"),
        text("Qui anime et qui l’a inscrite"),
        text_n("%(n)s jour après l’atelier", "%(n)s jours après l’atelier", GUESTS_KEPT_FOR.days),
        job="workshops.erase_guests",
        before_serving=True,
    ),
    Kept(
        About.DATES,
        text("Le mot de la fin d’un atelier"),
        text("Tout le monde, si l’on veut le montrer. Sinon, personne"),
        text("Tant que le compte existe"),
    ),
    Kept(
        About.DATES,
        text("L’avis d’un membre tiré au sort"),
        text("Personne : seul le nombre d’avis est montré"),
        text("Tant que le compte existe"),
    ),
)
