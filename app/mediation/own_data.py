"""What the journal keeps about one person: told to them, and forgotten with them. The deed and the role stay."""

from __future__ import annotations

from datetime import datetime

from app.contracts import Deed, Erasure, Exported, Leaving, Word
from app.database import run
from app.i18n import text

VOICES = {
    "member": text("Membre"),
    "host": text("Qui anime"),
    "mediation": text("La médiation"),
    "bureau": text("Le bureau"),
    "drawn": text("Tirage au sort"),
    "silence": text("Le silence"),
    "clock": text("L’horloge"),
}


async def export_of(member_id: int) -> list[Exported]:
    """The lines that one's deeds have written, and those about oneself."""
    lines = await run(
        "select j.at, p.name as place, j.voice, j.act, j.title, j.reason, j.shown, j.actor_id from journal_line j "
        "join place p on p.id = j.place_id where j.actor_id = {} or (j.kind = 'member' and j.thing_id = {}) "
        "order by j.id",
        member_id,
        member_id,
    )
    return [
        Exported(
            "journal",
            text("Journal"),
            {
                "at": text("Quand"),
                "place": text("Lieu"),
                "voice": text("Au nom de"),
                "act": text("Quoi"),
                "title": text("À propos de"),
                "reason": text("Raison écrite"),
                "shown": text("Lu par les membres"),
                "by_me": text("Par moi"),
            },
            [
                {
                    "at": row["at"],
                    "place": row["place"],
                    "voice": Word(row["voice"], VOICES.get(row["voice"], VOICES["clock"])),
                    "act": Deed(row["act"]),
                    "title": row["title"],
                    "reason": row["reason"],
                    "shown": bool(row["shown"]),
                    "by_me": row["actor_id"] == member_id,
                }
                for row in lines
            ],
        )
    ]


async def leaving(member_id: int, now: datetime) -> Leaving:
    """The journal never shows names; it forgets them as well."""
    return Leaving(then=[text("Le journal garde ce qui a été décidé, et dans quel rôle. Il ne dit plus par qui.")])


async def erase(erasure: Erasure) -> None:
    """Each line keeps the deed and as whom it was done."""
    me = erasure.member_id
    await run("update journal_line set actor_id = null where actor_id = {}", me)
    await run("update journal_line set thing_id = null where kind = 'member' and thing_id = {}", me)
