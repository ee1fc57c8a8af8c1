"""What the pages of workshops show: frozen dataclasses, and the sentences that say how things stand.

Pure: rows come from `queries`, permissions from `rules`. Everything here is already said in the reader's language, so
that a template only places it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.i18n import Language, Text, capital, text, text_n
from workshops.labels import FORMAT_NAMES, LANGUAGE_NAMES, NEED_NAMES
from workshops.rules import Standing, Who
from workshops.states import Format, Need, SignUpState, State

Step = tuple[str, str, str, str]
Fact = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class May:
    """Which buttons the reader gets: each answer comes from a rule."""

    edit: bool = False
    submit: bool = False
    withdraw_proposal: bool = False
    contest: bool = False
    vote: bool = False
    say_yes: bool = False
    review: bool = False
    answer_invitation: bool = False
    decline_invitation: bool = False
    invite: bool = False
    leave_hosting: bool = False
    take_over: bool = False
    cancel: bool = False
    reopen: bool = False
    print_list: bool = False
    tick: bool = False
    say_last_word: bool = False
    bring_guest: bool = False
    free_guest: bool = False
    open_turns: bool = False


@dataclass(frozen=True, slots=True)
class HostLine:
    """Somebody who hosts."""

    id: int
    name: str
    about: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Somebody on a host's list, or a guest of the reader's."""

    id: int
    name: str
    note: str = ""
    present: bool = False


@dataclass(frozen=True, slots=True)
class Banner:
    """A word above everything: cancelled, over, on now."""

    tone: str
    strong: str
    words: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Inset:
    """What the reader should know about where the proposal stands."""

    icon: str
    strong: str
    lines: Sequence[str] = ()
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """The sign-up panel: one heading, at most one main act."""

    title: str
    icon: str = ""
    lines: Sequence[str] = ()
    mine: bool = False
    seated: bool = False
    focus: bool = False
    join_words: str = ""
    join_icon: str = "plus"
    sign_in: bool = False
    offer: bool = False
    leave_words: str = ""
    leave_asks: bool = False
    """Somebody waits: leaving cannot be undone, so it is asked first."""
    hint: str = ""
    rank: int = 0
    sign_up_state: str = ""


@dataclass(frozen=True, slots=True)
class TurnLine:
    """A turn that the workshop opened."""

    id: int
    duty: str
    icon: str
    hours: str
    who: str
    lacks: str
    seats_left: int
    may_close: bool


@dataclass(frozen=True, slots=True)
class TurnsPart:
    """The turns of a workshop, and for its hosts what they may ask for."""

    lines: Sequence[TurnLine]
    duties: Sequence[tuple[str, str]]
    moments: Sequence[tuple[str, str]]
    minutes: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class WorkshopPage:
    """The page of one workshop, for one reader."""

    id: int
    title: str
    state: str
    format_name: str
    icon: str
    drawing: str
    day: str
    when_words: str
    summary: str
    capacity: int
    taken: int
    seats_left: int
    panel: Panel
    facts: Sequence[Fact]
    may: May
    hosts: Sequence[HostLine]
    hosts_words: str
    speaker: str
    bring: Sequence[str]
    ics: str
    poster: bool = False
    """Whether there is a poster to print."""
    banner: Banner | None = None
    steps: Sequence[Step] = ()
    steps_title: str = ""
    steps_seen_by: str = ""
    inset: Inset | None = None
    submit_words: str = ""
    contest_words: str = ""
    last_words: Sequence[str] = ()
    my_last_word: str = ""
    my_last_word_shown: bool = False
    my_guests: Sequence[PersonLine] = ()
    version: int = 0
    for_hosts: bool = False
    edit_published: bool = False
    people: Sequence[PersonLine] = ()
    people_title: str = ""
    turns: TurnsPart | None = None
    keys_words: str = ""
    """« Personne n’a encore les clés », if it is so."""
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class QuestionPage:
    """Are you sure? Asked on a page of its own."""

    id: int
    title: str
    when_words: str
    question: str
    words: str
    action: str
    yes: str
    no: str


@dataclass(frozen=True, slots=True)
class CancelPage:
    """Why is it cancelled?"""

    id: int
    title: str
    when_words: str
    words: str
    values: Mapping[str, str]
    errors: Mapping[str, Text]


@dataclass(frozen=True, slots=True)
class ClosedDoorPage:
    """Why there is no form here for this person."""

    sentence: str


def seats_words(left: int, waiting: int, lang: Language) -> str:
    """« Il reste 4 places », « Complet. 2 personnes attendent ». `left` as `rules.seats_left` counts."""
    if left:
        return lang.say(text_n("Il reste %(n)s place", "Il reste %(n)s places", left))
    if waiting:
        return lang.say(text_n("Complet. %(n)s personne attend", "Complet. %(n)s personnes attendent", waiting))
    return lang.say(text("Complet"))


def panel(
    standing: Standing,
    who: Who | None,
    *,
    left: int,
    rank: int,
    why_not: str,
    overlap: str,
    needs_sign_in: bool,
    focus: bool,
    lang: Language,
) -> Panel:
    """The sign-up panel. `left` as `rules.seats_left` counts; `why_not` is the sentence of the rule that refuses, or
    nothing."""
    say = lang.say
    sign_up = who.sign_up if who else None
    state_words = sign_up.value if sign_up else ""
    if standing.state is State.HELD:
        return Panel(
            title=say(
                text_n(
                    "%(n)s place prise sur %(all)s",
                    "%(n)s places prises sur %(all)s",
                    standing.taken,
                    all=standing.capacity,
                )
            )
        )
    if standing.state is not State.PUBLISHED:
        return Panel(
            title=say(text_n("%(n)s place prévue", "%(n)s places prévues", standing.capacity)),
            lines=[_not_open(standing.state, lang)],
        )
    places = say(
        text_n("Il reste %(n)s place sur %(all)s", "Il reste %(n)s places sur %(all)s", left, all=standing.capacity)
    )
    title = places if left else seats_words(left, standing.waiting, lang)
    if sign_up is SignUpState.CONFIRMED:
        lines = [say(text("C’est dans tes rendez-vous. Si l’heure change, on te le dit."))]
        if left:
            lines.append(
                say(
                    text_n(
                        "Il reste %(n)s place : tu connais quelqu’un ?",
                        "Il reste %(n)s places : tu connais quelqu’un ?",
                        left,
                    )
                )
            )
        return Panel(
            title=say(text("Tu as ta place")),
            icon="check",
            lines=lines,
            mine=True,
            seated=True,
            focus=focus,
            leave_words=say(text("Je laisse ma place")),
            leave_asks=standing.waiting > 0,
            sign_up_state=state_words,
        )
    if sign_up is SignUpState.OFFERED and who is not None and who.offer_until is not None:
        return Panel(
            title=say(text("Une place est pour toi")),
            icon="hand-stop",
            lines=[say(text("Dis oui avant %(until)s. Après, elle va à la personne suivante.", until=who.offer_until))],
            mine=True,
            seated=True,
            focus=focus,
            offer=True,
            sign_up_state=state_words,
        )
    if sign_up is SignUpState.WAITING and left:
        return Panel(
            title=say(text("Une place est libre")),
            icon="hand-stop",
            lines=[say(text("À deux heures du début, c’est la première personne qui la prend."))],
            mine=True,
            focus=focus,
            join_words=say(text("Je prends la place")),
            leave_words=say(text("Je n’attends plus")),
            sign_up_state=state_words,
        )
    if sign_up is SignUpState.WAITING:
        lines = [say(text("Si une place se libère, on te prévient, dans l’ordre d’arrivée."))]
        if rank > 1:
            lines.insert(
                0,
                say(text_n("Il y a %(n)s personne avant toi.", "Il y a %(n)s personnes avant toi.", rank - 1)),
            )
        return Panel(
            title=say(text("Tu es en liste d’attente")),
            icon="hourglass",
            lines=lines,
            mine=True,
            focus=focus,
            leave_words=say(text("Je n’attends plus")),
            rank=rank,
            sign_up_state=state_words,
        )
    hint = say(text("Un empêchement ? Tu laisses ta place en un geste, sans te justifier."))
    if needs_sign_in:
        return Panel(title=title, sign_in=True)
    if why_not:
        return Panel(title=title, lines=[why_not], focus=focus)
    lines = [overlap] if overlap else []
    if left:
        return Panel(title=title, lines=lines, join_words=say(text("Je m’inscris")), hint=hint, focus=focus)
    return Panel(
        title=title,
        lines=[*lines, say(text("Tu serais la personne n° %(rank)s en liste d’attente.", rank=standing.waiting + 1))],
        join_words=say(text("J’attends une place")),
        join_icon="hourglass",
        hint=hint,
        focus=focus,
    )


def _not_open(state: State, lang: Language) -> str:
    sentences = {
        State.CANCELLED: text("Cet atelier est annulé : il n’y a pas d’inscription."),
        State.LAPSED: text("Le jour est passé sans qu’il paraisse."),
    }
    return lang.say(sentences.get(state, text("Les inscriptions ouvrent dès que l’atelier est publié.")))


def steps(row: Mapping[str, Any], state: State, lang: Language) -> list[Step]:
    """« Où en est ta proposition »."""
    say = lang.say
    proposed_at, due_at = row["proposed_at"], row["due_at"]
    if state is State.DRAFT:
        return [
            ("now", "pencil", say(text("Brouillon")), say(text("visible par l’équipe seulement"))),
            ("", "", say(text("À relire")), ""),
            ("", "", say(text("Publié")), ""),
        ]
    first: Step = (
        "done",
        "check",
        say(text("Proposé")),
        say(text("le %(day)s", day=lang.day(proposed_at))) if proposed_at else "",
    )
    if state is State.PROPOSED:
        until = say(text("au plus tard %(when)s", when=due_at)) if due_at else ""
        return [
            first,
            ("now", "eye-check", say(text("À relire")), say(text("par la médiation"))),
            ("", "", say(text("Publié")), until),
        ]
    if state is State.SENT_BACK:
        return [
            first,
            ("done", "check", say(text("Relu")), say(text("par la médiation"))),
            ("now", "pencil", say(text("À revoir")), say(text("un changement est demandé"))),
        ]
    if state is State.CONTESTED:
        until = say(text("au plus tard %(when)s", when=row["contest_due_at"])) if row["contest_due_at"] else ""
        return [
            first,
            ("done", "check", say(text("À revoir")), say(text("avis contesté"))),
            ("now", "scale", say(text("Un autre avis")), until),
        ]
    return []


def _who_asks(row: Mapping[str, Any]) -> Text:
    if row["decided_how"] == "drawn":
        return text("Les membres tirés au sort demandent un changement")
    return text("La médiation demande un changement")


def inset(
    row: Mapping[str, Any], standing: Standing, who: Who, *, votes: Sequence[str], wished_room: str, lang: Language
) -> Inset | None:
    """What the reader should know, and may do, about where the proposal stands."""
    say = lang.say
    if standing.state is State.DRAFT:
        return Inset(
            "device-floppy",
            say(text("C’est un brouillon")),
            [say(text("Personne d’autre ne le voit. Propose-le quand il est prêt."))],
        )
    waits = [need for need in Need if need in standing.needs] if standing.needs and not standing.said_yes else []
    needed = (
        [
            say(
                text(
                    "Le bureau doit dire oui : %(what)s.",
                    what=", ".join(lang.gettext(NEED_NAMES[need]).lower() for need in waits),
                )
            )
        ]
        if waits
        else []
    )
    asked = [row["reason"]] if row["reason"] else []
    if row["way_out"]:
        asked.append(say(text("Ce qui conviendrait : %(way)s", way=row["way_out"])))
    if standing.state is State.SENT_BACK:
        return Inset("pencil", say(_who_asks(row)), [*asked, *needed])
    if standing.state is State.CONTESTED:
        if standing.jury_sits:
            given = sum(1 for vote in votes if vote)
            lines = [
                say(text("Trois membres tirés au sort décident, à la majorité.")),
                say(text_n("%(n)s avis donné sur %(all)s.", "%(n)s avis donnés sur %(all)s.", given, all=len(votes))),
            ]
        else:
            lines = [say(text("Une autre personne de la médiation relit, sans celle qui a demandé le changement."))]
        due = row["contest_due_at"]
        if due:
            lines.append(say(text("Sans réponse %(when)s, c’est oui.", when=due)))
        asked.insert(0, say(text("Le changement demandé :")))
        return Inset("scale", say(text("Un autre avis est demandé")), [*lines, *asked, *needed], row["contest_word"])
    if standing.state is not State.PROPOSED:
        return None
    if standing.blocked_until is not None:
        return Inset(
            "hand-stop",
            say(text("La parution est suspendue")),
            [
                say(
                    text(
                        "La médiation a écrit pourquoi. Au plus tard %(when)s, trois membres tirés au sort décident.",
                        when=standing.blocked_until,
                    )
                )
                if not standing.jury_sits
                else say(text("Trois membres tirés au sort décident, à la majorité.")),
                *needed,
            ],
            row["blocked_why"],
        )
    if standing.agreed:
        return Inset("check", say(text("Relu, d’accord")), needed)
    lines = []
    if wished_room:
        lines.append(
            say(
                text(
                    "La salle « %(room)s » est prise à cette heure. Prends-en une autre, ou attends qu’elle se libère.",
                    room=wished_room,
                )
            )
        )
    if row["due_at"]:
        lines.append(
            say(
                text(
                    "Si personne ne répond avant %(when)s, c’est d’accord : l’atelier paraît tout seul.",
                    when=row["due_at"],
                )
            )
        )
    lines.append(say(text("Si quelque chose coince, tu sauras quoi, et ce qui conviendrait.")))
    return Inset("hourglass", say(text("Sans réponse, c’est oui")), [*lines, *needed])


def banner(row: Mapping[str, Any], state: State, *, now: datetime, lang: Language) -> Banner | None:
    """A word above everything else."""
    say = lang.say
    if state is State.CANCELLED:
        return Banner("fault", say(text("Annulé")), row["cancel_reason"], "x")
    if state is State.LAPSED:
        return Banner("", say(text("Ce jour est passé")), say(text("La proposition n’a pas paru à temps.")), "clock")
    if state is State.HELD:
        return Banner("", say(text("Cet atelier a eu lieu")), "", "check")
    if state is State.PUBLISHED and row["starts_at"] <= now < row["ends_at"]:
        return Banner("", say(text("C’est maintenant")), "", "clock")
    return None


def facts(
    row: Mapping[str, Any], *, room: str, room_step_free: bool, place: str, least: int, lang: Language
) -> list[Fact]:
    """« En bref »."""
    say = lang.say
    where = room or say(text("Salle à trouver"))
    if room and room_step_free:
        where = say(text("%(room)s, de plain-pied", room=room))
    listed = [
        (
            "clock",
            say(text("Quand")),
            f"{capital(lang.day(row['starts_at']))}, {lang.hours(row['starts_at'], row['ends_at'])}",
        ),
        ("map-pin", say(text("Où")), f"{where}. {place}"),
        (
            "users-group",
            say(text("Combien")),
            say(text("De %(least)s à %(most)s personnes", least=least, most=row["capacity"]))
            if least < row["capacity"]
            else say(text_n("%(n)s personne", "%(n)s personnes", row["capacity"])),
        ),
        ("coin-euro", say(text("Prix")), say(text("Gratuit"))),
    ]
    if row["language"] != "fr":
        listed.append(("language", say(text("Langue")), capital(lang.gettext(LANGUAGE_NAMES.get(row["language"], "")))))
    if row["children"]:
        listed.append(("heart-handshake", say(text("Enfants")), say(text("Bienvenus"))))
    if row["step_free"] and not room_step_free:
        listed.append(("door", say(text("Accès")), say(text("Sans marche"))))
    return listed


def format_name(value: str, lang: Language) -> str:
    """« CV-troc »."""
    return lang.gettext(FORMAT_NAMES[Format(value)])
