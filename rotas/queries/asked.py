"""What one is asked in person about turns: to come instead of somebody, or to give one's own for theirs."""

from __future__ import annotations

from app.contracts import Asked
from app.database import stamp
from app.i18n import Language, Text, language, text
from app.identity.visits import Visit
from rotas.queries.reading import Row, asked_here


async def asks_of(visit: Visit) -> list[Asked]:
    """Open requests at the place of this visit that its member alone may answer, or who has the turn that is wanted."""
    me = visit.member
    if me is None or visit.place is None:
        return []
    asked = await asked_here(visit.place.id, taken=await stamp(visit.taken))
    lang = language(visit.language)
    return [
        Asked(asked_words(row, named=me.met, lang=lang), row["starts_at"], _page(row), "arrows-exchange")
        for row in asked.get(me.id, ())
        if row["until_at"] > visit.now
    ]


def asked_words(ask: Row, *, named: bool, lang: Language) -> str:
    """Who asks for what, in a sentence."""
    name: str | Text = ask["name"] if named else text("Quelqu’un")
    if ask["wanted_slot_id"] is not None:
        return lang.say(text("%(name)s te propose un échange : « %(duty)s »", name=name, duty=ask["duty"]))
    return lang.say(text("%(name)s te demande de venir à sa place : « %(duty)s »", name=name, duty=ask["duty"]))


def _page(ask: Row) -> str:
    return f"/tours/{ask['slot_id']}#echanges"
