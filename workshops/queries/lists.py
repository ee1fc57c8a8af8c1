"""Lists of workshops: those to come, those that were, and one's own that are not published."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.clock import local
from app.database import is_sqlite, run
from app.i18n import Language, capital, language, text
from app.identity.visits import Me, Visit
from workshops import rules, views
from workshops.labels import FORMAT_ICONS, FORMAT_NAMES, STATE_NAMES
from workshops.rules import Who
from workshops.states import Format, State

PAGE = 20


@dataclass(frozen=True, slots=True)
class Line:
    """One workshop in a list."""

    id: int
    state: str
    title: str
    icon: str
    format_name: str
    datetime: str
    short_day: str
    hour: str
    when: str
    line: str
    mine: bool
    taken: int
    capacity: int
    seats_left: int
    seats_words: str
    state_icon: str
    state_words: str


@dataclass(frozen=True, slots=True)
class WorkshopsPage:
    """`/ateliers`."""

    subtitle: str
    items: list[Line]
    mine: list[Line]
    formats: list[tuple[str, str, str]]
    """Those of what is to come: on a phone, a chip for each that there might be would hide the first workshop."""
    format: str
    past: bool
    may_propose: bool
    before_href: str
    after_href: str
    empty_title: str
    empty_words: str


_COLUMNS = """
select w.id, w.title, w.format, w.state, w.starts_at, w.ends_at, w.capacity, r.name as room_name,
       p.name as place_name, e.taken, e.waiting,
       t.role
"""
_JOINED = """
join place p on p.id = w.place_id
left join room r on r.id = w.room_id
left join entry e on e.kind = 'workshop' and e.thing_id = w.id
left join taking_part t on t.entry_id = e.id and t.member_id = {} and t.left_at is null
"""
_LIST = f"{_COLUMNS} from workshop w {_JOINED} where "
_PAST = f"""{_COLUMNS} from (
    select w.id from workshop w /*index*/
    where /*place*/w.state in ('held', 'published') and w.ends_at <= {{}}/*format*/
    order by w.ends_at desc, w.id desc limit {{}} offset {{}}
) page join workshop w on w.id = page.id {_JOINED} order by w.ends_at desc, w.id desc"""  # noqa: S608 - constants of this file
"""A page is found in one of the indexes `workshop_was…`, which say the same of the state; only its rows are read."""
_TO_COME = """w.state in ('published', 'cancelled') and w.published_at is not null and w.ends_at > {}/*format*/
order by w.starts_at, w.id limit {} offset {}"""
_FORMATS = "select distinct w.format from workshop w where "
_ANY = "w.state in ('published', 'cancelled') and w.published_at is not null and w.ends_at > {}"
_UNPUBLISHED = """w.state in ('draft', 'proposed', 'sent_back', 'contested') and exists (
    select 1 from host h where h.workshop_id = w.id and h.member_id = {}
    and (h.state = 'hosting' or (h.state = 'invited' and w.state <> 'draft')))
order by w.starts_at limit 20"""


async def workshops_page(*, visit: Visit, chosen: str, past: bool, number: int) -> WorkshopsPage:
    """Workshops of the place of this visit, of all places for visitors: those to come by date, or those that were, the
    latest first."""
    lang = language(visit.language)
    in_place, place = ("w.place_id = {} and ", [visit.place.id]) if visit.place else ("", [])
    member_id = visit.member.id if visit.member else 0
    known = chosen if chosen in set(Format) else ""
    chosen_format = " and w.format = {}" if known else ""
    question = (
        _past(in_place, chosen_format) if past else _LIST + in_place + _TO_COME.replace("/*format*/", chosen_format)
    )
    which = [*place, visit.now, *([known] if known else []), PAGE + 1, (number - 1) * PAGE]
    rows = await run(question, *([*which, member_id] if past else [member_id, *which]))
    mine = []
    if member_id:
        mine = await run(
            _LIST + in_place + _UNPUBLISHED,
            member_id,
            *place,
            member_id,
        )
    there = (
        set(Format)
        if past
        else {Format(row["format"]) for row in await run(_FORMATS + in_place + _ANY, *place, visit.now)}
    )
    query = "&".join(filter(None, [f"forme={known}" if known else "", "passes=1" if past else ""]))
    base = f"/ateliers?{query}&" if query else "/ateliers?"
    return WorkshopsPage(
        subtitle=lang.say(text("Ceux qui ont eu lieu") if past else text("Ateliers à venir")),
        items=[_line(row, visit.now, lang, says_place=not place) for row in rows[:PAGE]],
        mine=[_line(row, visit.now, lang) for row in mine],
        formats=[
            (each.value, lang.gettext(FORMAT_NAMES[each]), FORMAT_ICONS[each])
            for each in Format
            if each in there or each.value == known
        ],
        format=known,
        past=past,
        may_propose=visit.member is not None and _may_propose(visit.member),
        before_href=f"{base}page={number - 1}" if number > 1 else "",
        after_href=f"{base}page={number + 1}" if len(rows) > PAGE else "",
        empty_title=lang.say(text("Rien encore") if past else text("Rien de prévu pour l’instant")),
        empty_words=lang.say(
            text("Ce qui a eu lieu se lira ici.")
            if past
            else text("La table est libre. Une idée, même petite, suffit.")
        ),
    )


def _past(in_place: str, chosen_format: str) -> str:
    """The question of the past list. SQLite keeps no statistics and would read a whole state: it is told the index."""
    index = f"workshop_was{'_format' if chosen_format else ''}{'_here' if in_place else ''}"
    asked = _PAST.replace("/*index*/", f"indexed by {index}" if is_sqlite() else "")
    return asked.replace("/*place*/", in_place).replace("/*format*/", chosen_format)


def _may_propose(me: Me) -> bool:
    return rules.why_cannot_propose(Who(id=me.id, belongs=me.belongs, mediator=me.mediator)) is None


_STATE_ICONS = {
    State.DRAFT: "device-floppy",
    State.PROPOSED: "hourglass",
    State.SENT_BACK: "pencil",
    State.CONTESTED: "scale",
    State.CANCELLED: "ban",
    State.HELD: "check",
}


def _line(row: dict[str, Any], now: datetime, lang: Language, *, says_place: bool = False) -> Line:
    state = State(row["state"])
    role_words = {
        "host": text("Tu animes"),
        "participant": text("Tu as ta place"),
        "waiting": text("Tu attends une place"),
        "offered": text("Une place est pour toi : réponds"),
    }
    role = row["role"] or ""
    if state is State.PUBLISHED:
        icon = {"waiting": "hourglass", "offered": "hand-stop"}.get(role, "check")
        words = lang.say(role_words[role]) if role else ""
    else:
        icon, words = _STATE_ICONS.get(state, "clock"), lang.gettext(STATE_NAMES[state])
    taken, waiting = row["taken"] or 0, row["waiting"] or 0
    left = rules.seats_left(capacity=row["capacity"], taken=taken, waiting=waiting, starts_at=row["starts_at"], now=now)
    where = [row["place_name"]] if says_place else []
    where.append(row["room_name"] or lang.say(text("Salle à trouver")))
    return Line(
        id=row["id"],
        state=state.value,
        title=row["title"],
        icon=FORMAT_ICONS[Format(row["format"])],
        format_name=views.format_name(row["format"], lang),
        datetime=local(row["starts_at"]).isoformat(timespec="minutes"),
        short_day=capital(lang.short_day(row["starts_at"])),
        hour=lang.hour(row["starts_at"]),
        when=lang.when(row["starts_at"]),
        line=f"{capital(lang.day(row['starts_at']))}. {', '.join(where)}",
        mine=role in ("host", "participant") and state is State.PUBLISHED,
        taken=taken,
        capacity=row["capacity"],
        seats_left=left,
        seats_words=views.seats_words(left, waiting, lang) if state is State.PUBLISHED else "",
        state_icon=icon,
        state_words=words,
    )
