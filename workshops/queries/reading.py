"""A proposal as its place's mediators read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.database import run
from app.errors import NotFound
from app.i18n import Text, language, text
from app.identity.visits import Visit
from workshops import rules, views
from workshops.facts import Words, needs_of
from workshops.labels import FORMAT_ICONS, NEED_NAMES, STATE_NAMES
from workshops.queries.one import seen, sentence
from workshops.states import Need, State


@dataclass(frozen=True, slots=True)
class ReadingPage:
    """A proposal as a mediator reads it."""

    id: int
    state: str
    title: str
    icon: str
    line: str
    due_words: str
    summary: str
    notes: list[str]
    bring: str
    before: str
    asked: str
    """The change that was asked and is contested: its reason and what would do."""
    contest_word: str
    blocked_why: str
    sentence: str
    may_decide: bool
    may_review_again: bool
    version: int
    options: list[tuple[str, str, str]]
    reason_hint: str
    values: dict[str, str]
    errors: dict[str, Text]


async def reading_page(
    workshop_id: int, *, visit: Visit, values: dict[str, str] | None = None, errors: dict[str, Text] | None = None
) -> ReadingPage:
    """The proposal with the form that answers it. Only for mediators of its place."""
    found = await seen(workshop_id, visit)
    row, standing, who = found.row, found.standing, found.who
    if who is None or not who.mediator or standing.state is State.DRAFT:
        raise NotFound
    lang = language(visit.language)
    say = lang.say
    names = await run(
        "select m.name from host h join member m on m.id = h.member_id "
        "where h.workshop_id = {} and h.state = 'hosting' order by h.id",
        workshop_id,
    )
    team = ", ".join(each["name"] for each in names)
    why_not = rules.why_cannot_decide(standing, who, version=standing.version)
    contested = standing.state is State.CONTESTED
    due = row["review_due_at"] or (row["contest_due_at"] if contested else row["due_at"])
    notes = []
    if row["help_wanted"]:
        notes.append(say(text("L’équipe aimerait de l’aide pour préparer.")))
    if row["wished_room_name"]:
        notes.append(say(text("Salle souhaitée, déjà prise : %(room)s.", room=row["wished_room_name"])))
    notes.extend(lang.gettext(NEED_NAMES[need]) for need in Need if need in needs_of(row))
    if row["speaker"]:
        notes.append(say(text("Personne invitée : %(name)s.", name=row["speaker"])))
    if row["language"] == "en":
        notes.append(say(text("En anglais.")))
    if row["step_free"]:
        notes.append(say(text("Accessible sans marche.")))
    if row["children"]:
        notes.append(say(text("Enfants bienvenus.")))
    options = [
        ("approve", say(text("C’est d’accord")), say(text("Paraît maintenant"))),
        ("send_back", say(text("Je demande un changement")), say(text("L’équipe est prévenue, avec tes mots"))),
    ]
    if rules.why_cannot_block(standing, who) is None:
        options.append(
            (
                "block",
                say(text("Je bloque la parution")),
                say(text("72 h au plus, puis trois membres tirés au sort décident")),
            )
        )
    before = words_before(row)
    return ReadingPage(
        id=workshop_id,
        state=standing.state.value,
        title=row["title"],
        icon=FORMAT_ICONS[standing.format],
        line=say(
            text(
                "%(format)s, par %(team)s, %(day)s, %(hours)s, %(room)s, %(capacity)s places",
                format=views.format_name(row["format"], lang),
                team=team or "?",
                day=lang.day(row["starts_at"]),
                hours=lang.hours(row["starts_at"], row["ends_at"]),
                room=row["room_name"] or say(text("salle à trouver")),
                capacity=row["capacity"],
            )
        ),
        due_words=say(text("Sans réponse %(when)s, c’est oui", when=due))
        if due and why_not is None
        else say(text(STATE_NAMES[standing.state])),
        summary=row["summary"],
        notes=notes,
        bring=row["bring"],
        before=before,
        asked="\n\n".join(filter(None, (row["reason"], row["way_out"]))) if contested else "",
        contest_word=row["contest_word"] if contested else "",
        blocked_why=row["blocked_why"] if standing.state is State.PROPOSED else "",
        sentence=sentence(why_not, lang),
        may_decide=why_not is None,
        may_review_again=rules.why_cannot_review_again(standing, who, now=visit.now) is None,
        version=standing.version,
        options=options,
        reason_hint=say(
            text(
                "Pour un changement ou pour bloquer : l’équipe lira ces mots, tels quels. Les membres aussi, dans le "
                "journal. N’y nomme personne."
            )
        ),
        values=values or {},
        errors=errors or {},
    )


def words_before(row: dict[str, Any]) -> str:
    """What it said before the last edit, while that edit is shown."""
    words = Words.before(row)
    return f"{words.title}\n\n{words.summary}" if words is not None else ""
