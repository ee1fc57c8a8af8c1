"""`/tours/{id}`: one turn for one reader, and the swaps about it that they may answer."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.calendar.api import Clash, why_clashes
from app.clock import local_day
from app.database import run
from app.i18n import Language, Text, capital, language, text, text_n
from app.identity.api import here_of
from app.identity.states import Act
from app.identity.visits import Visit
from app.identity.wording import ACTS
from rotas import rules, views
from rotas.facts import KIND, slot_of, source_of, standing_of, who_is
from rotas.queries.reading import Row
from rotas.queries.telling import name_of
from rotas.rules import Standing, Who
from rotas.states import Came, Level, RotaRefusal
from rotas.wording import SENTENCES


@dataclass(frozen=True, slots=True)
class Panel:
    """What the reader may do at once about the turn."""

    mine: bool
    seated: bool
    icon: str
    title: str
    lines: Sequence[str]
    take: bool = False
    asks_sure: bool = False
    sign_in: bool = False
    cannot: bool = False
    watch: bool = False
    watch_other: tuple[str, str] | None = None
    """Address and words of a turn where somebody can be watched, when there is nobody on this one."""
    leave_watching: bool = False
    keep_swap: int = 0
    """The reader's own open request, which they may take back."""
    till: bool = False
    focus: bool = False


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Somebody who is there."""

    holding: int
    name: str
    note: str
    cannot_href: str
    give_back: bool


@dataclass(frozen=True, slots=True)
class SwapLine:
    """An open request about this turn that the reader may answer."""

    id: int
    words: str
    word: str
    lines: Sequence[str]
    """Of a swap which turn the reader gives, and what they need not do."""
    yes: str
    no: bool


@dataclass(frozen=True, slots=True)
class Weekly:
    """Holding it every week."""

    words: str
    hold: bool
    end: bool


@dataclass(frozen=True, slots=True)
class SlotPage:
    """One turn."""

    id: int
    duty: str
    icon: str
    state: str
    day: str
    when_words: str
    people: int
    taken: int
    seats_left: int
    about: str
    facts: Sequence[tuple[str, str, str]]
    source_title: str
    source_url: str
    panel: Panel
    persons: Sequence[PersonLine]
    persons_words: str
    swaps: Sequence[SwapLine]
    weekly: Weekly | None
    steps: Sequence[tuple[str, str, str, str]]
    learn_words: str
    brings_guest: bool
    duty_href: str
    keeps: bool
    """Whether the reader may change it here: nothing else opened it, and it is not over."""
    week_href: str
    once: str
    """What tells this form for somebody without an account from others."""
    values: Mapping[str, str]
    errors: Mapping[str, Text]


_WHERE = """
select p.name as place_name, p.address, r.name as room, q.quiet, d.retired_at from place p
left join rota_setting q on q.place_id = p.id left join room r on r.id = {} left join duty d on d.id = {}
where p.id = {}
"""
_HOLDINGS = """
select h.id, h.slot_id, h.member_id, h.first_name, h.came, h.taken_by, m.name from rota_holding h
left join member m on m.id = h.member_id where h.slot_id = {} and h.went = '' order by h.taken_at, h.id
"""
_SWAPS = """
select x.id, x.slot_id, x.from_member, x.to_member, x.wanted_slot_id, x.word, x.until_at, m.name,
       s.starts_at, d.name as duty, w.starts_at as wanted_at, v.name as wanted_duty,
       (select count(*) from rota_holding h where h.slot_id = x.wanted_slot_id and h.member_id = {} and h.went = ''
        and h.came <> 'watches') as holds_wanted,
       (select count(*) from rota_holding h where h.slot_id = x.wanted_slot_id and h.member_id <> x.from_member
        and h.went = '' and h.came <> 'watches') as hold_wanted
from rota_swap x join member m on m.id = x.from_member
join rota_slot s on s.id = x.slot_id join duty d on d.id = s.duty_id
left join rota_slot w on w.id = x.wanted_slot_id left join duty v on v.id = w.duty_id
where x.state = 'open' and (x.slot_id = {} or x.wanted_slot_id = {}) order by x.id
"""
_TO_WATCH = """
select s.id, s.starts_at from rota_slot s where s.place_id = {} and s.duty_id = {} and s.state = 'open'
and s.starts_at > {} and exists (select 1 from rota_holding h
    join rota_practice k on k.member_id = h.member_id and k.duty_id = s.duty_id
    where h.slot_id = s.id and h.went = '' and h.came <> 'watches' and k.level in ('does', 'teaches'))
order by s.starts_at limit 1
"""


def sentence(refusal: RotaRefusal, lang: Language, **details: object) -> str:
    """A refusal, said."""
    return lang.say(Text(SENTENCES[refusal], details))


async def slot_page(
    slot_id: int,
    *,
    visit: Visit,
    asks_sure: bool = False,
    focus: bool = False,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, Text] | None = None,
) -> SlotPage:
    """The page of one turn. `focus` marks the panel, after something was done in it. Raises `NotFound`."""
    lang, now = language(visit.language), visit.now
    slot = await slot_of(slot_id, now=now)
    standing = standing_of(slot)
    who = None
    if visit.member is not None:
        who = await who_is(slot, visit.member.id, now=now, here=here_of(visit, slot["place_id"]))
    (where,) = await run(_WHERE, slot["room_id"], slot["duty_id"], slot["place_id"])
    holdings = await run(_HOLDINGS, slot_id)
    swaps = await run(_SWAPS, visit.member.id if visit.member is not None else 0, slot_id, slot_id)
    named = who is not None and who.belongs and who.met
    old = local_day(slot["ends_at"]) < local_day(now)
    return SlotPage(
        id=slot_id,
        duty=slot["duty"],
        icon=slot["icon"],
        state=standing.state.value,
        day=lang.day(slot["starts_at"]),
        when_words=capital(views.span_words(slot["starts_at"], slot["ends_at"], lang)),
        people=slot["people"],
        taken=slot["taken"],
        seats_left=standing.free,
        about=slot["about"],
        facts=_facts(slot, standing, where, lang),
        source_title=slot["source_title"],
        source_url=slot["source_url"],
        panel=await _panel(
            slot, standing, who, visit, swaps=swaps, quiet=bool(where["quiet"]), sure=asks_sure, focus=focus, lang=lang
        ),
        persons=_persons(holdings, standing, who, now=now, lang=lang) if named and not old else (),
        persons_words=_persons_words(slot["taken"], named=named, old=old, lang=lang),
        swaps=_swaps(swaps, standing, who, named=named, now=now, lang=lang) if who is not None else (),
        weekly=_weekly(standing, who, lang) if who is not None and rules.why_off(standing, now) is None else None,
        steps=views.learning_steps(who.level, lang)
        if who is not None and who.belongs and (slot["needs_training"] or who.level is not Level.NONE)
        else (),
        learn_words=_learn_words(standing, who, now=now, lang=lang),
        brings_guest=who is not None and rules.why_cannot_take_for_guest(standing, who, now=now) is None,
        duty_href=f"/tours/roles/{slot['duty_id']}" if visit.member is not None and where["retired_at"] is None else "",
        keeps=who is not None
        and who.keeps_place
        and not slot["source_kind"]
        and slot["starts_at"] > now
        and rules.why_off(standing, now) is None,
        week_href=f"/tours?semaine={local_day(slot['starts_at']).isoformat()}#tour-{slot_id}",
        once=(values or {}).get("once") or secrets.token_hex(16),
        values=values or {},
        errors=errors or {},
    )


async def _panel(
    slot: Row,
    standing: Standing,
    who: Who | None,
    visit: Visit,
    *,
    swaps: Sequence[Row],
    quiet: bool,
    sure: bool,
    focus: bool,
    lang: Language,
) -> Panel:
    now, say = visit.now, lang.say
    if (off := rules.why_off(standing, now)) is not None:
        cancelled = off is RotaRefusal.CANCELLED
        title = say(text("Ce tour n’a plus lieu") if cancelled else text("C’est passé"))
        mine = who is not None and who.holds and not cancelled
        return Panel(mine, mine, "ban" if cancelled else "check", title, (), focus=focus)
    if who is not None and who.holds:
        own = next((swap for swap in swaps if swap["slot_id"] == slot["id"] and swap["from_member"] == who.id), None)
        lines = [say(_asked_words(own, lang))] if own is not None else []
        act = Act(slot["act"]) if slot["act"] else None
        return Panel(
            mine=True,
            seated=True,
            icon="check",
            title=say(text("C’est ton tour")),
            lines=lines,
            cannot=True,
            keep_swap=own["id"] if own is not None else 0,
            till=act is Act.TAKE_CASH
            and visit.may(Act.TAKE_CASH)
            and rules.allows_at(slot["starts_at"], slot["ends_at"], now),
            focus=focus,
        )
    lack = rules.lack_of(people=slot["people"], taken=slot["taken"], opens_place=bool(slot["opens_place"]))
    title = views.need_words(lack, standing.free, quiet=quiet, lang=lang) or say(text("C’est complet"))
    if who is None:
        return Panel(False, False, "", title, (), sign_in=lack is not None, focus=focus)
    clash = await _clash(slot, who)
    to_watch = rules.why_cannot_watch(standing, who, now=now) is None
    watch = to_watch and not clash
    line, take = "", False
    other = None
    if lack is not None:
        refusal = rules.why_cannot_take(standing, who, now=now)
        line = _why_not(refusal, clash, standing, who, lang)
        take = not line
        if not to_watch and refusal is RotaRefusal.NEEDS_TRAINING:
            line = say(text("Ce rôle s’apprend, en regardant d’abord un tour avec quelqu’un qui sait."))
            other = await _to_watch(slot, now=now, lang=lang)
    if sure and take:
        line = say(text("Sur ce tour, tout le monde débute. Quelqu’un qui connaît aiderait. Tu le prends quand même ?"))
    lines = [say(text("Tu viens regarder."))] if who.watches else []
    return Panel(
        mine=False,
        seated=False,
        icon="" if lack is not None else "check",
        title=title,
        lines=lines + ([line] if line else []),
        take=take,
        asks_sure=sure and take,
        watch=watch,
        watch_other=other,
        leave_watching=who.watches,
        focus=focus,
    )


def _why_not(refusal: RotaRefusal | None, clash: Clash | None, standing: Standing, who: Who, lang: Language) -> str:
    """Why the reader may not take it, or nothing. The last of all what else they do then."""
    if refusal is RotaRefusal.NOT_YET_ROUND:
        return sentence(refusal, lang, when=rules.round_opens_at(standing, who))
    if refusal is not None:
        return sentence(refusal, lang)
    return sentence(RotaRefusal.CLASH, lang, title=clash.title, when=clash.starts_at) if clash is not None else ""


async def _clash(slot: Row, who: Who) -> Clash | None:
    """What else the reader does at its hours."""
    return await why_clashes(
        starts_at=slot["starts_at"],
        ends_at=slot["ends_at"],
        member_ids=[who.id],
        except_for=(KIND, slot["id"]),
        part_of=source_of(slot),
    )


async def _to_watch(slot: Row, *, now: datetime, lang: Language) -> tuple[str, str] | None:
    """The next turn of the duty on which there is somebody who can do it."""
    found = await run(_TO_WATCH, slot["place_id"], slot["duty_id"], now)
    if not found:
        return None
    return f"/tours/{found[0]['id']}", lang.say(text("Je viens regarder %(when)s", when=found[0]["starts_at"]))


def _asked_words(swap: Row, lang: Language) -> Text:
    if swap["wanted_slot_id"] is not None:
        return text(
            "Tu as proposé un échange contre « %(duty)s », %(when)s. Sans réponse, ton tour reste à toi.",
            duty=swap["wanted_duty"],
            when=swap["wanted_at"],
        )
    return text("Tu as demandé quelqu’un à ta place. Tant que personne n’a dit oui, le tour reste à toi.")


def _facts(slot: Row, standing: Standing, where: Row, lang: Language) -> list[tuple[str, str, str]]:
    say = lang.say
    day = capital(views.span_words(slot["starts_at"], slot["ends_at"], lang))
    room = [where["room"]] if where["room"] else []
    found = [
        ("clock", say(text("Quand")), day),
        ("map-pin", say(text("Où")), ", ".join([*room, where["place_name"], where["address"]])),
        ("users", say(text("Combien")), say(text_n("%(n)s personne", "%(n)s personnes", slot["people"]))),
    ]
    if slot["act"]:
        allowed = text(
            "%(act)s, de %(first)s à %(last)s",
            act=lang.gettext(ACTS[Act(slot["act"])]),
            first=lang.hour(rules.allows_from(slot["starts_at"])),
            last=lang.hour(rules.allows_until(slot["ends_at"])),
        )
        found.append(("key", say(text("Ce que ça permet")), say(allowed)))
    if standing.adults_only:
        found.append(("user-check", say(text("Qui")), say(text("À partir de 18 ans"))))
    if rules.demands_training(standing):
        found.append(("school", say(text("Savoir-faire")), say(text("Ça s’apprend avec quelqu’un qui sait"))))
    return found


def _persons(
    holdings: Sequence[Row], standing: Standing, who: Who | None, *, now: datetime, lang: Language
) -> list[PersonLine]:
    assert who is not None  # names are for members
    notes = {
        Came.WATCHES: text("vient regarder"),
        Came.WEEKLY: text("chaque semaine"),
        Came.GUEST: text("sans compte"),
    }
    on = rules.why_off(standing, now) is None
    return [
        PersonLine(
            holding=row["id"],
            name=name_of(row, lang),
            note=lang.say(notes[Came(row["came"])]) if Came(row["came"]) in notes else "",
            cannot_href=f"/tours/{row['slot_id']}/empechement?pour={row['member_id']}"
            if on
            and row["member_id"] not in (None, who.id)
            and row["came"] != Came.WATCHES
            and rules.may_act_for(who, row["member_id"])
            else "",
            give_back=on and row["member_id"] is None and (row["taken_by"] == who.id or who.keeps_place),
        )
        for row in holdings
    ]


def _persons_words(taken: int, *, named: bool, old: bool, lang: Language) -> str:
    if not taken:
        return lang.say(text("Personne pour l’instant.") if not old else text("Personne."))
    if named and not old:
        return ""
    return lang.say(text_n("%(n)s personne.", "%(n)s personnes.", taken))


def _swaps(
    swaps: Sequence[Row],
    standing: Standing,
    who: Who,
    *,
    named: bool,
    now: datetime,
    lang: Language,
) -> list[SwapLine]:
    found = []
    for swap in swaps:
        asked_me = swap["to_member"] == who.id
        if swap["from_member"] == who.id or swap["until_at"] <= now or swap["to_member"] not in (None, who.id):
            continue
        name = swap["name"] if named else lang.say(text("Quelqu’un"))
        lines = []
        if swap["wanted_slot_id"] is None:
            if rules.why_cannot_replace(standing, who, now=now) is not None:
                continue
            said = text("%(name)s ne peut pas venir. Qui vient à sa place ?", name=name)
            if asked_me:
                said = text("%(name)s ne peut pas venir, et te demande si tu peux.", name=name)
            yes = text("Je viens à sa place")
        else:
            if not swap["holds_wanted"]:
                continue
            said = text(
                "%(name)s te propose « %(duty)s », %(when)s, contre ton tour « %(wanted)s », %(wanted_when)s.",
                name=name,
                duty=swap["duty"],
                when=swap["starts_at"],
                wanted=swap["wanted_duty"],
                wanted_when=swap["wanted_at"],
            )
            yes = text("D’accord, on échange")
            asked_me = asked_me or swap["hold_wanted"] == 1
            lines.append(text("Tu donnes : %(duty)s, %(when)s.", duty=swap["wanted_duty"], when=swap["wanted_at"]))
            lines.append(text("Tu prends : %(duty)s, %(when)s.", duty=swap["duty"], when=swap["starts_at"]))
            if not asked_me:
                lines.append(text("Vous êtes plusieurs à avoir ce tour : si ça ne te va pas, tu n’as rien à répondre."))
        words = swap["word"] if named else ""
        found.append(SwapLine(swap["id"], lang.say(said), words, list(map(lang.say, lines)), lang.say(yes), asked_me))
    return found


def _weekly(standing: Standing, who: Who, lang: Language) -> Weekly | None:
    if not standing.has_pattern:
        return None
    if who.weekly:
        return Weekly(lang.say(text("Tu tiens ce tour chaque semaine.")), hold=False, end=True)
    refusal = rules.why_cannot_hold_weekly(standing, who)
    if refusal is None:
        said = text("Tu peux le garder chaque semaine, et t’arrêter quand tu veux. La moitié des places tourne.")
        return Weekly(lang.say(said), hold=True, end=False)
    if refusal in (RotaRefusal.WEEKLY_FULL, RotaRefusal.PATTERN_ENDED):
        return Weekly(sentence(refusal, lang), hold=False, end=False)
    return None


def _learn_words(standing: Standing, who: Who | None, *, now: datetime, lang: Language) -> str:
    """What to know before coming to learn, if there is something."""
    if who is None or not who.belongs or who.watches or who.level not in (Level.NONE, Level.WATCHED):
        return ""
    nobody = rules.why_cannot_watch(standing, who, now=now) is RotaRefusal.NOBODY_TO_WATCH
    if nobody and rules.demands_training(standing):
        return sentence(RotaRefusal.NOBODY_TO_WATCH, lang)
    return ""
