"""One workshop: who may see it, and its page for one reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from app.calendar import api as calendar
from app.database import run, stamp
from app.errors import NotFound
from app.i18n import Language, Text, capital, language, text, text_n
from app.identity.api import Here
from app.identity.visits import Visit
from app.unchanged import unchanged
from workshops import rules, views
from workshops.facts import KIND, matter_of, standing_of, who_is
from workshops.labels import DRAWINGS, FORMAT_ICONS
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
    shown = await unchanged(await stamp(), (KIND, workshop_id), partial(_shown, workshop_id))
    if shown is None:
        raise NotFound
    row, who = shown.row, None
    if visit.member is not None:
        who = await who_is(row, visit.member.id, now=visit.now, here=_here(visit, row["place_id"]))
    if not rules.may_see(shown.standing, who):
        raise NotFound
    return Seen(row, shown.standing, who, shown.hosts, shown.last_words)


async def _shown(workshop_id: int) -> _Shown | None:
    rows = await run(_WORKSHOP, workshop_id)
    if not rows:
        return None
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
    return _Shown(rows[0], await standing_of(rows[0]), hosts, by_hosts + [each["last_word"] for each in said])


async def starts_at(workshop_id: int) -> datetime:
    """When it begins, for whoever has just done something about it."""
    (row,) = await run("select starts_at from workshop where id = {}", workshop_id)
    at: datetime = row["starts_at"]
    return at


def _here(visit: Visit, place_id: int) -> Here | None:
    """What the visit knows already of its member, when the workshop is at the place that they look at."""
    me = visit.member
    if me is None or visit.place is None or visit.place.id != place_id:
        return None
    return Here(me.belongs, me.mediator, frozenset() if me.mediator else me.acts)


async def workshop_page(
    workshop_id: int,
    *,
    visit: Visit,
    values: dict[str, str] | None = None,
    errors: dict[str, Text] | None = None,
    focus: bool = False,
) -> WorkshopPage:
    """The page of one workshop. `focus` marks the panel, after an act in it."""
    found = await seen(workshop_id, visit)
    row, standing, who = found.row, found.standing, found.who
    lang = language(visit.language)
    now = visit.now
    hosts = found.hosts
    reads_list = who is not None and rules.why_cannot_read_list(standing, who) is None
    sign_ups = await _sign_ups(workshop_id, reads_list, who)
    matter = matter_of(row)
    votes = (
        await run("select vote from juror where workshop_id = {} and matter = {} order by id", workshop_id, matter)
        if matter
        else []
    )
    mine = next((each for each in sign_ups if who is not None and each["member_id"] == who.id), None)
    said = mine or next((each for each in hosts if who is not None and who.hosting and each["id"] == who.id), None)
    may = _may(standing, who, now=now)
    left = rules.seats_left_of(standing, now=now)
    names_shown = visit.member is not None and (visit.member.met or (who is not None and who.hosting))
    inside = who is not None and (who.proposer or who.hosting)
    return WorkshopPage(
        id=workshop_id,
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
        seats_left=left,
        panel=views.panel(
            standing,
            who,
            left=left,
            rank=who.rank if who is not None else 0,
            why_not=sentence(rules.why_cannot_sign_up(standing, who or _NOBODY, now=now), lang),
            overlap=await _overlap(row, standing, who, mine is not None, lang),
            needs_sign_in=who is None and rules.why_cannot_sign_up(standing, _NOBODY, now=now) is None,
            focus=focus,
            lang=lang,
        ),
        facts=views.facts(
            row,
            room=row["room_name"] or "",
            room_step_free=bool(row["room_step_free"]),
            place=f"{row['place_name']}, {row['place_address']}",
            least=FORMATS[standing.format].least,
            lang=lang,
        ),
        may=may,
        hosts=_host_lines(hosts, inside=inside, lang=lang) if names_shown or inside else (),
        hosts_words=_hosts_words(len([each for each in hosts if each["state"] == HostState.HOSTING]), visit, lang),
        speaker=row["speaker"],
        bring=[line for line in row["bring"].split("\n") if line],
        ics=f"/ateliers/{workshop_id}.ics" if standing.announced else "",
        poster=standing.state in POSTED,
        banner=views.banner(row, standing.state, now=now, lang=lang),
        steps=views.steps(row, standing.state, lang) if who is not None else (),
        steps_title=lang.say(text("Où en est ta proposition") if inside else text("Où en est cette proposition")),
        steps_seen_by=lang.say(
            text("Visible par l’équipe seulement")
            if standing.state is State.DRAFT
            else text("Visible par l’équipe et la médiation")
        ),
        inset=views.inset(
            row,
            standing,
            who,
            votes=[each["vote"] for each in votes],
            wished_room=row["wished_room_name"] or "",
            lang=lang,
        )
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
        last_words=found.last_words,
        my_last_word=said["last_word"] if said is not None else "",
        my_last_word_shown=bool(said["last_word_shown"]) if said is not None else False,
        my_guests=[
            PersonLine(each["id"], each["first_name"])
            for each in sign_ups
            if who is not None and each["signed_by"] == who.id and each["first_name"]
        ],
        version=standing.version,
        for_hosts=who is not None and (may.cancel or may.invite or (who.hosting and standing.announced)),
        edit_published=standing.state is State.PUBLISHED,
        people=_people(sign_ups, standing, may, lang) if reads_list else (),
        people_title=lang.say(text_n("%(n)s personne", "%(n)s personnes", standing.taken)),
        values=values or {},
        errors=errors or {},
    )


_NOBODY = Who(id=0)


async def _sign_ups(workshop_id: int, all_of_them: bool, who: Who | None) -> list[dict[str, Any]]:
    """Those that stand: all for whoever reads the list, else one's own and one's guests'."""
    if who is None or not (all_of_them or who.sign_up in ACTIVE or who.guests):
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


async def _overlap(row: dict[str, Any], standing: Standing, who: Who | None, signed_up: bool, lang: Language) -> str:
    """A warning to oneself alone: one's own sign-ups at the same time never refuse anything."""
    if who is None or signed_up or standing.state is not State.PUBLISHED or who.hosting:
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


def _hosts_words(number: int, visit: Visit, lang: Language) -> str:
    if not number:
        return lang.say(text("Personne pour l’instant."))
    if visit.member is None:
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
