"""Reading the forms of workshops: raw text in; a proposal, or one sentence for each field, out.

Lengths and a format's bounds are judged here. What depends on rooms, people or the hour is asked of `rules` by the
commands; `fields_of_refusal` says beside which field such a refusal belongs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.clock import local
from app.i18n import Text, text, text_n
from app.web.forms import Fields, Form, clean_line
from workshops.labels import LANGUAGE_NAMES
from workshops.rules import Proposal
from workshops.states import FORMATS, Format, Need, TurnMoment, WorkshopRefusal

LONGEST = timedelta(hours=12)
FURTHEST = timedelta(days=366)

FIELD_OF_REFUSAL: dict[WorkshopRefusal, str] = {
    WorkshopRefusal.STARTS_TOO_SOON: "day",
    WorkshopRefusal.IN_THE_PAST: "day",
    WorkshopRefusal.ROOM_TAKEN: "room",
    WorkshopRefusal.ROOM_TOO_SMALL: "capacity",
    WorkshopRefusal.FEWER_THAN_TAKEN: "capacity",
    WorkshopRefusal.HOST_NOT_FREE: "from",
}
"""Where on the form a refusal is shown."""


@dataclass(frozen=True, slots=True)
class ProposalForm:
    """The form as it was sent: what to show again, what is wrong, and the proposal when nothing is."""

    values: dict[str, str]
    needs: frozenset[str]
    errors: dict[str, Text]
    proposal: Proposal | None
    cohosts: tuple[str, ...] = ()
    """Names written in « J’anime avec », to be looked up."""
    draft: bool = False
    once: str = ""
    version: int = 0
    starts_at: datetime | None = None
    ends_at: datetime | None = None


def read_proposal(form: Form, *, now: datetime, rooms: Collection[int], starts: datetime | None = None) -> ProposalForm:
    """Read a proposal; `starts` is the start of what is edited, which may have passed.

    Times come as `starts_at`, `ends_at`, or as `day`, `from`, `to`; the button of a free hour sends both as `shift`,
    which stands for them.
    """
    shift = form.get("shift", "").split(" ")
    if len(shift) == 2:
        others = [(name, value) for name, value in form.pairs() if name not in ("day", "from", "to", "shift")]
        form = Form([*others, ("starts_at", shift[0]), ("ends_at", shift[1])])
    fields = Fields(form)
    chosen = fields.choice("format", list(Format), required=text("Choisis une forme dans la liste."))
    title = fields.line(
        "title", longest=90, shortest=3, required=text("Il faut un nom, même court. Comme sur une affiche.")
    )
    summary = fields.paragraph(
        "summary", longest=1500, required=text("Dis en deux phrases ce qu’on y fera : c’est ce que tout le monde lira.")
    )
    bring = fields.paragraph("bring", longest=600)
    starts_at, ends_at = _read_times(fields, now, starts)
    room_id = _read_room(fields, rooms)
    capacity = _read_capacity(fields, chosen)
    speaker = fields.line("speaker", longest=120)
    if chosen is not None and FORMATS[chosen].needs_speaker and not speaker:
        fields.fault(
            "speaker", text("Un groupe de parole a besoin d’une psychologue ou d’un autre intervenant. Écris son nom.")
        )
    language = fields.choice("language", list(LANGUAGE_NAMES)) if form.get("language") else "fr"
    needs = frozenset(value for value in form.all("needs") if value in set(Need))
    cohosts = tuple(filter(None, (clean_line(name) for name in form.get("cohosts", "")[:400].split(","))))
    proposal = None
    if not fields.errors and chosen and starts_at and ends_at and capacity is not None:
        proposal = Proposal(
            title=title,
            format=chosen,
            summary=summary,
            starts_at=starts_at,
            ends_at=ends_at,
            capacity=capacity,
            bring=bring,
            language=language or "fr",
            step_free=fields.box("step_free"),
            children=fields.box("children"),
            room_id=room_id,
            keep_room_wish=fields.box("keep_room_wish"),
            speaker=speaker,
            help_wanted=fields.box("help_wanted"),
            needs=frozenset(Need(value) for value in needs),
        )
    return ProposalForm(
        values=with_local_fields(fields.values, starts_at, ends_at),
        needs=needs,
        errors=fields.errors,
        proposal=proposal,
        cohosts=cohosts[:5],
        draft=fields.box("draft"),
        once=clean_line(form.get("once", ""))[:64] or (_told_apart(proposal) if proposal else ""),
        version=read_version(form),
        starts_at=starts_at,
        ends_at=ends_at,
    )


def _told_apart(proposal: Proposal) -> str:
    """For a form without `once` (a script's): the very same proposal of a person is the same one."""
    needs = sorted(need.value for need in proposal.needs)
    return hashlib.sha256(repr((replace(proposal, needs=frozenset()), needs)).encode()).hexdigest()


def with_local_fields(values: dict[str, str], starts_at: datetime | None, ends_at: datetime | None) -> dict[str, str]:
    """The form's `day`, `from` and `to`, whichever way the times came."""
    filled = dict(values)
    if starts_at is not None and not filled.get("day"):
        filled["day"] = f"{local(starts_at):%Y-%m-%d}"
        filled["from"] = f"{local(starts_at):%H:%M}"
    if ends_at is not None and not filled.get("to"):
        filled["to"] = f"{local(ends_at):%H:%M}"
    return filled


def _read_times(fields: Fields, now: datetime, starts: datetime | None) -> tuple[datetime | None, datetime | None]:
    needed = text("Choisis un jour et une heure.")
    if fields.form.get("starts_at"):
        starts_at = fields.moment("starts_at", required=needed)
        ends_at = fields.moment("ends_at", required=text("À quelle heure ça finit ?"))
    else:
        starts_at = fields.moment("starts_at", day="day", hour="from", required=needed)
        ends_at = fields.moment("ends_at", day="day", hour="to", required=text("À quelle heure ça finit ?"))
    for asked, shown in (("starts_at", "day"), ("ends_at", "to")):  # the page has day, from and to
        if asked in fields.errors:
            fields.fault(shown, fields.errors.pop(asked))
    if starts_at is None or ends_at is None:
        return starts_at, ends_at
    if ends_at <= starts_at:
        fields.fault("to", text("La fin vient avant le début. Vérifie les deux heures."))
    elif ends_at - starts_at > LONGEST:
        fields.fault("to", text("Un atelier dure douze heures au plus."))
    elif ends_at - starts_at < timedelta(minutes=15):
        fields.fault("to", text("Il faut au moins un quart d’heure."))
    if starts_at <= now and starts_at != starts:
        fields.fault("day", text("Ce moment est déjà passé. Choisis un jour à venir."))
    elif starts_at - now > FURTHEST:
        fields.fault("day", text("C’est dans plus d’un an. Choisis un jour plus proche."))
    return starts_at, ends_at


def _read_room(fields: Fields, rooms: Collection[int]) -> int | None:
    raw = clean_line(fields.form.get("room", ""))
    if not raw:
        return None
    if not raw.isascii() or not raw.isdigit() or int(raw[:10]) not in rooms:
        fields.fault("room", text("Cette salle n’est pas dans la liste. Choisis-en une autre."))
        return None
    return int(raw)


def _read_capacity(fields: Fields, chosen: Format | None) -> int | None:
    bounds = FORMATS[chosen or Format.LIBRE]
    written = clean_line(fields.form.get("capacity", ""))[:12]
    return fields.whole(
        "capacity",
        least=bounds.least,
        most=bounds.most,
        required=text("Combien de personnes peuvent venir ?"),
        too_few=text_n(
            "Il faut au moins %(n)s place. Tu as écrit %(value)s.",
            "Il faut au moins %(n)s places. Tu as écrit %(value)s.",
            bounds.least,
            value=written,
        ),
        too_many=text_n(
            "Pas plus de %(n)s place pour cette forme. Tu as écrit %(value)s.",
            "Pas plus de %(n)s places pour cette forme. Tu as écrit %(value)s.",
            bounds.most,
            value=written,
        ),
    )


def read_version(form: Form) -> int:
    """The version that was read; 0, which no workshop has, when the form does not say."""
    raw = form.get("version", "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 9 else 0


def read_ids(form: Form, name: str) -> set[int]:
    """The ids that were ticked; what is none is passed over."""
    return {int(raw) for raw in form.all(name) if raw.isascii() and raw.isdigit() and len(raw) < 10}


@dataclass(frozen=True, slots=True)
class DecisionForm:
    """A mediator's answer."""

    values: dict[str, str]
    errors: dict[str, Text]
    decision: str
    reason: str
    way_out: str
    version: int


def read_decision(form: Form) -> DecisionForm:
    """`decision` = `approve`, `send_back` or `block`; the last two need a reason, the second a way out as well."""
    fields = Fields(form)
    decision = fields.choice("decision", ["approve", "send_back", "block"], required=text("Choisis une réponse."))
    reason = fields.paragraph("reason", longest=1500)
    way_out = fields.paragraph("way_out", longest=1500)
    if decision in ("send_back", "block") and not reason:
        fields.fault("reason", text("Dis ce qui coince. La personne lira ces mots, tels quels."))
    if decision == "send_back" and not way_out:
        fields.fault("way_out", text("Dis aussi ce qui conviendrait : un changement se demande avec une issue."))
    return DecisionForm(
        values=fields.values,
        errors=fields.errors,
        decision=decision or "",
        reason=reason,
        way_out=way_out,
        version=read_version(form),
    )


@dataclass(frozen=True, slots=True)
class TurnForm:
    """A turn that a host asks for, and what is wrong with it."""

    errors: dict[str, Text]
    duty_id: int
    moment: TurnMoment
    minutes: int
    people: int


def read_turn(form: Form) -> TurnForm:
    """`duty`, `moment` (`before`, `during`, `after`), `minutes` (of the first and the last), `people`."""
    fields = Fields(form)
    duty = fields.whole("duty", least=1, most=2**31 - 1, required=text("Choisis un rôle."))
    moment = fields.choice("moment", list(TurnMoment), required=text("Choisis quand."))
    minutes = fields.whole("minutes", least=5, most=240)
    people = fields.whole("people", least=1, most=40, required=text("Écris combien de personnes il faut."))
    return TurnForm(fields.errors, duty or 0, moment or TurnMoment.DURING, minutes or 30, people or 1)


@dataclass(frozen=True, slots=True)
class SentenceForm:
    """One text, with what is wrong with it."""

    value: str
    errors: dict[str, Text]
    shown: bool = False


def read_sentence(form: Form, name: str, *, longest: int, required: Text | None = None) -> SentenceForm:
    """One text: the reason of a cancellation, the word of a contest, a first name; a last word need not be there."""
    fields = Fields(form)
    reader = fields.paragraph if longest > 300 else fields.line
    value = reader(name, longest=longest, required=required)
    return SentenceForm(value, fields.errors, fields.box("shown"))
