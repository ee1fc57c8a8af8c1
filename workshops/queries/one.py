"""One workshop: who may see it, and its page for one reader."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any

from app.calendar import api as calendar
from app.database import run, stamp
from app.errors import NotFound
from app.i18n import Language, Text, capital, language, text, text_n
from app.identity.api import here_at
from app.identity.visits import Visit, kept_for
from app.unchanged import unchanged
from workshops import rules, views
from workshops.facts import KIND, matter_of, part_of, standing_of, who_with
from workshops.labels import DRAWINGS, FORMAT_ICONS
from workshops.queries.turns import Turns, keys_words, read_turns, turns_part
from workshops.rules import Standing, Who
from workshops.states import ACTIVE, FORMATS, HostState, State, WorkshopRefusal
from workshops.views import HostLine, May, PersonLine, WorkshopPage
from workshops.wording import SENTENCES

POSTED = (State.PUBLISHED, State.HELD)
"""What has a poster to print."""

_WORKSHOP = """
select w.*, r.name as room_name, r.step_free as room_step_free, wr.name as wished_room_name,
       p.name as place_name, p.address as place_address, p.slug as place_slug
from workshop w
join place p on p.id = w.place_id
left join room r on r.id = w.room_id
left join room wr on wr.id = w.wished_room_id
where w.id = {}
"""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is the same for everybody who may see it. Shared by all who read it: nobody changes anything in it."""

    row: dict[str, Any]
    standing: Standing
    hosts: list[dict[str, Any]]
    last_words: list[str]
    votes: list[str]
    """Of those drawn, on what they would rule on now: empty while they have not voted."""
    turns: Turns | None = None
    pages: dict[Any, tuple[datetime, WorkshopPage]] = field(default_factory=dict)
    """What it says to all who are the same to it, and in which minute (`_page`)."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A workshop that the reader may see, with the facts that rules ask for."""

    row: dict[str, Any]
    standing: Standing
    who: Who | None
    hosts: list[dict[str, Any]]
    last_words: list[str]


def sentence(refusal: WorkshopRefusal | None, lang: Language) -> str:
    """A refusal without details, said; nothing for none."""
    return "" if refusal is None else lang.gettext(SENTENCES[refusal])


async def seen(workshop_id: int, visit: Visit) -> Seen:
    """The workshop, if this reader may see it. Raises `NotFound`."""
    shown, who = await _shown_to(workshop_id, visit)
    return Seen(shown.row, shown.standing, who, shown.hosts, shown.last_words)


async def _shown_to(workshop_id: int, visit: Visit) -> tuple[_Shown, Who | None]:
    shown = await unchanged(await stamp(visit.taken), (KIND, workshop_id), partial(_shown, workshop_id))
    if shown is None:
        raise NotFound
    row, who = shown.row, None
    if visit.member is not None:
        me = visit.member.id
        who = who_with(row, me, await part_of(row, me), await here_at(visit, row["place_id"]))
    if not rules.may_see(shown.standing, who):
        raise NotFound
    return shown, who


async def _shown(workshop_id: int) -> _Shown | None:
    rows = await run(_WORKSHOP, workshop_id)
    if not rows:
        return None
    row = rows[0]
    hosts = await run(
        "select m.id, m.name, m.about, h.state, h.last_word, h.last_word_shown from host h "
        "join member m on m.id = h.member_id "
        "where h.workshop_id = {} and h.state in ('hosting', 'invited') order by h.id",
        workshop_id,
    )
    said = await run(
        "select last_word from sign_up where workshop_id = {} and last_word_shown and last_word <> '' "
        "and state in ('waiting', 'offered', 'confirmed') order by id",
        workshop_id,
    )
    by_hosts = [each["last_word"] for each in hosts if each["last_word"] and each["last_word_shown"]]
    matter = matter_of(row)
    votes = (
        await run("select vote from juror where workshop_id = {} and matter = {} order by id", workshop_id, matter)
        if matter
        else []
    )
    return _Shown(
        row,
        await standing_of(row),
        hosts,
        by_hosts + [each["last_word"] for each in said],
        [each["vote"] for each in votes],
        await read_turns(row),
    )


async def starts_at(workshop_id: int) -> datetime:
    """When it begins, for whoever has just done something about it."""
    (row,) = await run("select starts_at from workshop where id = {}", workshop_id)
    at: datetime = row["starts_at"]
    return at


async def workshop_page(
    workshop_id: int,
    *,
    visit: Visit,
    values: dict[str, str] | None = None,
    errors: dict[str, Text] | None = None,
    focus: bool = False,
) -> WorkshopPage:
    """The page of one workshop. `focus` marks the panel, after an act in it. Raises `NotFound`."""
    read = partial(_read_page, workshop_id, visit, focus)
    page = await kept_for(visit, (KIND, workshop_id, focus), read)
    if values or errors:
        page = replace(page, values=values or page.values, errors=errors or page.errors)
    return page


async def _read_page(workshop_id: int, visit: Visit, focus: bool) -> WorkshopPage:
    shown, who = await _shown_to(workshop_id, visit)
    lang = language(visit.language)
    page = _page(shown, who, visit, lang, focus=focus)
    own: dict[str, Any] = {}
    if who is not None:
        own = await _own(shown, who, page, now=visit.now, focus=focus, lang=lang)
    return replace(page, **own) if own else page


_AS_SEEN = attrgetter(*(each.name for each in fields(Who) if each.name != "id"))
"""What somebody is to a workshop, whoever they are."""


def _page(shown: _Shown, who: Who | None, visit: Visit, lang: Language, *, focus: bool) -> WorkshopPage:
    """What the page says to all who are the same to the workshop, made once a minute: starts and ends, by which rules
    go, are written to the minute. Nothing of the reader's own is in it: `_own`."""
    seen_as = lang.code, focus, None if who is None else _AS_SEEN(who)
    minute = visit.now.replace(second=0, microsecond=0)
    kept = shown.pages.get(seen_as)
    if kept is not None and kept[0] == minute:
        return kept[1]
    page = _page_for(shown, who, now=visit.now, focus=focus, lang=lang)
    shown.pages[seen_as] = minute, page
    return page


def _page_for(shown: _Shown, who: Who | None, *, now: datetime, focus: bool, lang: Language) -> WorkshopPage:
    row, standing, hosts = shown.row, shown.standing, shown.hosts
    may = _may(standing, who, now=now)
    inside = who is not None and (who.proposer or who.hosting)
    names_shown = inside or (who is not None and who.met)
    return WorkshopPage(
        id=row["id"],
        title=row["title"],
        state=standing.state.value,
        format_name=views.format_name(row["format"], lang),
        icon=FORMAT_ICONS[standing.format],
        drawing=DRAWINGS.get(standing.format, "libre"),
        day=lang.day(row["starts_at"]),
        when_words=f"{capital(lang.day(row['starts_at']))}, {lang.hour(row['starts_at'])}",
        summary=row["summary"],
        capacity=row["capacity"],
        taken=standing.taken,
        seats_left=rules.seats_left_of(standing, now=now),
        panel=_panel(standing, who, overlap="", now=now, focus=focus, lang=lang),
        facts=views.facts(
            row,
            room=row["room_name"] or "",
            room_step_free=bool(row["room_step_free"]),
            place=f"{row['place_name']}, {row['place_address']}",
            least=FORMATS[standing.format].least,
            lang=lang,
        ),
        may=may,
        turns=turns_part(shown.turns, row, names=names_shown, asks=may.open_turns, now=now, lang=lang)
        if who is not None
        else None,
        keys_words=keys_words(shown.turns, row, now=now, lang=lang) if who is not None else "",
        hosts=_host_lines(hosts, inside=inside, lang=lang) if names_shown else (),
        hosts_words=_hosts_words(len([each for each in hosts if each["state"] == HostState.HOSTING]), who, lang),
        speaker=row["speaker"],
        bring=[line for line in row["bring"].split("\n") if line],
        ics=f"/ateliers/{row['id']}.ics" if standing.announced else "",
        poster=standing.state in POSTED,
        banner=views.banner(row, standing.state, now=now, lang=lang),
        steps=views.steps(row, standing.state, lang) if who is not None else (),
        steps_title=lang.say(text("Où en est ta proposition") if inside else text("Où en est cette proposition")),
        steps_seen_by=lang.say(
            text("Visible par l’équipe seulement")
            if standing.state is State.DRAFT
            else text("Visible par l’équipe et la médiation")
        ),
        inset=views.inset(row, standing, who, votes=shown.votes, wished_room=row["wished_room_name"] or "", lang=lang)
        if who is not None
        else None,
        submit_words=lang.say(
            text("Je propose") if standing.state is State.DRAFT else text("C’est changé, je propose de nouveau")
        ),
        contest_words=lang.say(
            text(
                "Une autre personne de la médiation relira. S’il n’y en a pas, trois membres tirés au sort décideront."
            )
        ),
        last_words=shown.last_words,
        version=standing.version,
        for_hosts=who is not None and (may.cancel or may.invite or (who.hosting and standing.announced)),
        edit_published=standing.state is State.PUBLISHED,
        people_title=lang.say(text_n("%(n)s personne", "%(n)s personnes", standing.taken)),
    )


def _panel(
    standing: Standing, who: Who | None, *, overlap: str, now: datetime, focus: bool, lang: Language
) -> views.Panel:
    return views.panel(
        standing,
        who,
        left=rules.seats_left_of(standing, now=now),
        rank=who.rank if who is not None else 0,
        why_not=sentence(rules.why_cannot_sign_up(standing, who or _NOBODY, now=now), lang),
        overlap=overlap,
        needs_sign_in=who is None and rules.why_cannot_sign_up(standing, _NOBODY, now=now) is None,
        focus=focus,
        lang=lang,
    )


async def _own(
    shown: _Shown, who: Who, page: WorkshopPage, *, now: datetime, focus: bool, lang: Language
) -> dict[str, Any]:
    """What the page says to this reader alone: what they wrote, whom they bring, what else they do then; and the list
    of those who come, to whoever reads it."""
    row, standing = shown.row, shown.standing
    reads_list = rules.why_cannot_read_list(standing, who) is None
    sign_ups = await _sign_ups(row["id"], reads_list, who)
    mine = next((each for each in sign_ups if each["member_id"] == who.id), None)
    said = mine or (next((each for each in shown.hosts if each["id"] == who.id), None) if who.hosting else None)
    own: dict[str, Any] = {}
    if overlap := await _overlap(row, standing, who, mine is not None, lang):
        own["panel"] = _panel(standing, who, overlap=overlap, now=now, focus=focus, lang=lang)
    if said is not None:
        own["my_last_word"], own["my_last_word_shown"] = said["last_word"], bool(said["last_word_shown"])
    if guests := [each for each in sign_ups if each["signed_by"] == who.id and each["first_name"]]:
        own["my_guests"] = [PersonLine(each["id"], each["first_name"]) for each in guests]
    if reads_list:
        own["people"] = _people(sign_ups, standing, page.may, lang)
    return own


_NOBODY = Who(id=0)


async def _sign_ups(workshop_id: int, all_of_them: bool, who: Who) -> list[dict[str, Any]]:
    """Those that stand: all for whoever reads the list, else one's own and one's guests'."""
    if not (all_of_them or who.sign_up in ACTIVE or who.guests):
        return []
    of_whom = "" if all_of_them else "and (s.member_id = {} or s.signed_by = {}) "
    args = () if all_of_them else (who.id, who.id)
    return await run(
        "select s.id, s.member_id, s.first_name, s.signed_by, s.state, s.present, s.last_word, s.last_word_shown, "  # noqa: S608 - constants and marks
        "m.name from sign_up s left join member m on m.id = s.member_id where s.workshop_id = {} "
        f"and s.state in ('waiting', 'offered', 'confirmed') {of_whom}order by s.id",
        workshop_id,
        *args,
    )


async def _overlap(row: dict[str, Any], standing: Standing, who: Who, signed_up: bool, lang: Language) -> str:
    """A warning to oneself alone: one's own sign-ups at the same time never refuse anything."""
    if signed_up or standing.state is not State.PUBLISHED or who.hosting:
        return ""
    clash = await calendar.own_overlaps(who.id, row["starts_at"], row["ends_at"], except_for=(KIND, row["id"]))
    if clash is None:
        return ""
    return lang.say(text("À cette heure, tu as aussi « %(title)s ».", title=clash.title))


def _may(standing: Standing, who: Who | None, *, now: datetime) -> May:
    if who is None:
        return May()
    hosting = who.hosting
    return May(
        edit=rules.why_cannot_edit(standing, who, now=now) is None,
        submit=rules.why_cannot_submit(standing, who, now=now) is None,
        withdraw_proposal=rules.why_cannot_withdraw_proposal(standing, who) is None,
        contest=rules.why_cannot_contest(standing, who, now=now) is None,
        vote=rules.why_cannot_vote(standing, who) is None and not who.voted,
        say_yes=rules.why_cannot_say_yes(standing, who, now=now) is None and not standing.said_yes,
        review=rules.why_cannot_decide(standing, who, version=standing.version) is None
        or rules.why_cannot_review_again(standing, who, now=now) is None,
        answer_invitation=who.invited and rules.why_cannot_answer_invitation(standing, who, yes=True, now=now) is None,
        decline_invitation=who.invited and rules.why_not_alive(standing, now) is None,
        invite=hosting and rules.why_cannot_invite(standing, who, Who(id=0, belongs=True), now=now) is None,
        leave_hosting=rules.why_cannot_leave_hosting(standing, who, now=now) is None,
        take_over=rules.why_cannot_take_over(standing, who, now=now) is None,
        cancel=rules.why_cannot_cancel(standing, who, now=now) is None,
        reopen=rules.why_cannot_reopen(standing, who, now=now) is None,
        print_list=rules.why_cannot_read_list(standing, who) is None and standing.announced,
        tick=rules.why_cannot_tick(standing, who, now=now) is None,
        say_last_word=rules.why_cannot_say_last_word(standing, who, now=now) is None,
        bring_guest=rules.why_cannot_sign_up_guest(standing, who, now=now) is None,
        open_turns=rules.why_cannot_open_turns(standing, who, now=now) is None,
        free_guest=rules.why_cannot_withdraw(standing, now=now) is None,
    )


def _host_lines(hosts: list[dict[str, Any]], *, inside: bool, lang: Language) -> list[HostLine]:
    """Who hosts; those who are invited and have not answered yet are the hosts' own affair."""
    invited = lang.say(text("(l’invitation attend sa réponse)"))
    return [
        HostLine(each["id"], each["name"], each["about"], invited if each["state"] == HostState.INVITED else "")
        for each in hosts
        if inside or each["state"] == HostState.HOSTING
    ]


def _hosts_words(number: int, who: Who | None, lang: Language) -> str:
    if not number:
        return lang.say(text("Personne pour l’instant."))
    if who is None:
        return lang.say(text_n("Une personne du lieu.", "%(n)s personnes du lieu.", number))
    return lang.say(text("Tu verras les prénoms quand tu auras rencontré deux membres, ou la personne à l’accueil."))


def person_name(sign_up: dict[str, Any], lang: Language) -> str:
    """A member's name, a guest's first name, or what is left of one whose name has been erased."""
    return sign_up["first_name"] or sign_up["name"] or lang.say(text("Une personne sans compte"))


def _people(sign_ups: list[dict[str, Any]], standing: Standing, may: May, lang: Language) -> list[PersonLine]:
    """Who comes, and who waits as long as nobody is to be ticked."""
    notes = {"offered": lang.say(text("(place proposée)")), "waiting": lang.say(text("(attend)")), "confirmed": ""}
    return [
        PersonLine(each["id"], person_name(each, lang), notes[each["state"]], bool(each["present"]))
        for each in sign_ups
        if each["state"] == "confirmed" or not (may.tick or standing.state is State.HELD)
    ]
