"""What the pages of turns show: frozen dataclasses, and the sentences that say how a slot stands.

Pure: rows come from `queries`, permissions from `rules`. Everything here is said in the reader's language already, so
that a template only places it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.i18n import Language, Text, text, text_n
from rotas import rules
from rotas.recurring import ends_next_day
from rotas.rules import Lack, Pace, Standing, Who
from rotas.states import Level, RotaRefusal

LEAST_FOR_A_CHART = 4
"""Of fewer people a chart without names would still tell who they are."""
DOTS_A_COLUMN = 24
"""More people than that in a column: a dot stands for several."""
DOTS_A_ROW = 4
COLUMN, STEP, DOT = 66, 13, 5.4
"""Of the chart, in its own units: from column to column, from dot to dot, and a dot's radius."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What a button of a slot does at once, or where it leads."""

    sort: str
    """`take`, `replace`, `swap`, `cannot`, `learn`: which of the template's buttons it is."""
    href: str
    words: str


@dataclass(frozen=True, slots=True)
class SlotLine:
    """One slot of a week, for one reader. Hashable: slots that look alike are drawn once."""

    id: int
    state: str
    duty: str
    icon: str
    column: int
    """Of the grid; 0 where there are too many duties for columns."""
    starts: str
    """For programs."""
    hours: str
    hours_differ: bool
    """From other turns of the column, so that its head cannot say them."""
    day_words: str
    look: str
    """`full`, `missing`, `mine mine-cell`, or nothing."""
    people: int
    taken: int
    seats_left: int
    who: str
    mine: str
    need: str
    hint: str
    source_title: str
    source_url: str
    deed: Deed | None = None
    asks_sure: bool = False
    """Pressed once: whether somebody else should rather have it is asked before."""
    focus: bool = False


@dataclass(frozen=True, slots=True)
class DayOfTurns:
    """A day of the week's list and grid."""

    id: str
    weekday: str
    number: str
    today: bool
    slots: Sequence[SlotLine]


@dataclass(frozen=True, slots=True)
class Head:
    """A column of the grid."""

    duty: str
    icon: str
    hours: str


@dataclass(frozen=True, slots=True)
class Dot:
    """Somebody in the chart, nameless."""

    x: float
    y: float
    mine: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """How many people have taken how many turns this month."""

    label: str
    dots: Sequence[Dot]
    columns: Sequence[tuple[int, str]]
    """Where each stands, and its words."""
    height: int
    foot: int
    scale: str
    """What a dot is, where it is several people."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """One's own load, and the others' without a name."""

    title: str
    words: str
    chart: Chart | None
    most: str
    """« Trois personnes portent plus du quart des tours », where that is worth saying."""


@dataclass(frozen=True, slots=True)
class ForMe:
    """Something that a person is asked about a turn."""

    slot_id: int
    words: str
    when: str


def span_words(starts_at: datetime, ends_at: datetime, lang: Language) -> str:
    """« mercredi 25 novembre, de 20 h à 2 h le lendemain »."""
    said = f"{lang.day(starts_at)}, {lang.hours(starts_at, ends_at)}"
    return lang.say(text("%(hours)s le lendemain", hours=said)) if ends_next_day(starts_at, ends_at) else said


def hours_words(starts_at: datetime, ends_at: datetime, lang: Language) -> str:
    """« 9 h – 13 h »."""
    return f"{lang.hour(starts_at)} – {lang.hour(ends_at)}"


def need_words(lack: Lack | None, free: int, *, quiet: bool, lang: Language) -> str:
    """What a slot lacks, in a sentence; in quiet mode that there is room, and no more."""
    if lack is None:
        return ""
    if quiet:
        return lang.say(text("Libre"))
    if lack is Lack.KEYS:
        return lang.say(text("Personne n’a encore les clés"))
    return lang.say(lacking(free))


def lacking(number: int) -> Text:
    """« Il manque 2 personnes »."""
    return text_n("Il manque une personne", "Il manque %(n)s personnes", number)


def people_words(names: Sequence[str], number: int, *, named: bool, lang: Language) -> str:
    """Who is there: by name, or only how many for whoever is not shown names."""
    if named:
        return ", ".join(names)
    return lang.say(text_n("%(n)s personne", "%(n)s personnes", number)) if number else ""


def mine_words(others: Sequence[str], lang: Language) -> str:
    """« Toi, avec Marc »."""
    if not others:
        return lang.say(text("Toi"))
    return lang.say(text("Toi, avec %(names)s", names=lang.joined(others)))


def why_not_here(refusal: RotaRefusal | None, standing: Standing, who: Who, *, now: datetime, lang: Language) -> str:
    """Why a slot that lacks people has no button for this reader, in few words; the slot's page says all."""
    if refusal is RotaRefusal.NOT_YET_ROUND and (opens_at := rules.round_opens_at(standing, who)) is not None:
        return lang.say(text("S’ouvre à toi %(when)s", when=opens_at))
    if refusal is RotaRefusal.UNDER_AGE:
        return lang.say(text("À partir de 18 ans"))
    if refusal is RotaRefusal.NOT_MET:
        return lang.say(text("Pour les membres déjà rencontrés ici"))
    if refusal is RotaRefusal.MEDIATOR_HERE:
        return lang.say(text("Pas pour la médiation"))
    return ""


_PACES = {
    Pace.NONE: text("Un seul suffit pour commencer. Personne n’est obligé."),
    Pace.LESS: text("C’est un peu moins que la plupart. Si tu as le temps, il en reste. Personne n’est obligé."),
    Pace.MOST: text("C’est le rythme de la plupart. Personne n’est obligé."),
    Pace.MORE: text("C’est plus que la plupart, merci. Laisses-en aux autres si tu veux souffler."),
}


def sharing(mine: int, others: Sequence[int], over_90_days: Sequence[int], *, lang: Language) -> Sharing:
    """How the turns of this month are shared, `mine` beside the `others`' (each of them some)."""
    title = (
        text_n("Tu as %(n)s tour ce mois-ci", "Tu as %(n)s tours ce mois-ci", mine)
        if mine
        else text("Pas encore de tour pour toi ce mois-ci")
    )
    return Sharing(
        title=lang.say(title),
        words=lang.say(_PACES[rules.pace(mine, others)]),
        chart=chart(mine, others, lang=lang),
        most=_most(rules.carries_most(over_90_days), lang),
    )


def _most(few: int | None, lang: Language) -> str:
    said = {
        1: text("Une personne porte plus du quart des tours."),
        2: text("Deux personnes portent plus du quart des tours."),
        3: text("Trois personnes portent plus du quart des tours."),
    }.get(few or 0)
    return lang.say(said) if said else ""


def chart(mine: int, others: Sequence[int], *, lang: Language) -> Chart | None:
    """The chart, if enough people took turns for nobody to be told from it."""
    took = [load for load in others if load]
    if len(took) < LEAST_FOR_A_CHART:
        return None
    counts = [sum(min(load, 4) == number for load in took) for number in (1, 2, 3, 4)]
    if mine:
        counts[min(mine, 4) - 1] += 1
    worth = -(-max(counts) // DOTS_A_COLUMN)
    drawn = [-(-count // worth) for count in counts]
    rows = -(-max(drawn) // DOTS_A_ROW)
    top = rows * STEP
    dots = [
        Dot(
            x=column * COLUMN + 6 + index % DOTS_A_ROW * STEP,
            y=top - 6 - index // DOTS_A_ROW * STEP,
            mine=mine > 0 and column == min(mine, 4) - 1 and index == number - 1,
        )
        for column, number in enumerate(drawn)
        for index in range(number)
    ]
    names = [text("1 tour"), text("2 tours"), text("3 tours"), text("4 et plus")]
    said = [
        lang.say(text_n("%(n)s personne : %(turns)s", "%(n)s personnes : %(turns)s", count, turns=lang.say(name)))
        for count, name in zip(counts, names, strict=True)
        if count
    ]
    label = lang.say(text("Tours de ce mois-ci. %(said)s.", said=". ".join(said)))
    scale = lang.say(text("Un rond : %(n)s personnes.", n=worth)) if worth > 1 else ""
    columns = [(number * COLUMN, lang.say(name)) for number, name in enumerate(names)]
    return Chart(label, dots, columns, top + 26, top + 20, scale)


_STEPS: tuple[tuple[Level, str, Text, Text], ...] = (
    (Level.WATCHED, "eye", text("Regarder"), text("un tour, à côté de quelqu’un qui sait")),
    (Level.DID_WITH, "users", text("Faire avec"), text("quelqu’un qui sait")),
    (Level.DOES, "check", text("Faire"), text("sans personne à côté")),
    (Level.TEACHES, "school", text("Transmettre"), text("à la personne suivante")),
)


def learning_steps(level: Level, lang: Language) -> list[tuple[str, str, str, str]]:
    """How far somebody is: watch, do with, do, teach; what comes next is where they stand."""
    reached = [Level.NONE, *(step for step, *_ in _STEPS)].index(level)
    return [
        ("done" if number < reached else "now" if number == reached else "", icon, lang.say(name), lang.say(words))
        for number, (_, icon, name, words) in enumerate(_STEPS)
    ]
