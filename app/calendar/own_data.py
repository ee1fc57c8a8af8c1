"""What the calendar keeps about one person: told to them, and forgotten with them."""

from __future__ import annotations

from datetime import datetime

from app.calendar.entries import host_renamed
from app.calendar.states import Role
from app.calendar.tables import Feed, TakingPart
from app.contracts import Erasure, Exported, Leaving, Word
from app.database import run
from app.i18n import text, text_n

ROLES = {
    Role.HOST: text("J’anime"),
    Role.PARTICIPANT: text("Je participe"),
    Role.WAITING: text("J’attends"),
    Role.OFFERED: text("Une place m’est gardée"),
    Role.HELD: text("Une place m’est gardée, à payer"),
    Role.HOLDER: text("Je tiens ce rôle"),
    Role.WATCHER: text("Je viens regarder"),
}


async def export_of(member_id: int) -> list[Exported]:
    """What one takes part in, and one's calendar addresses (not the secret in them)."""
    parts = await run(
        "select e.title, e.starts_at, e.ends_at, p.name as place, t.role, t.left_at from taking_part t "
        "join entry e on e.id = t.entry_id join place p on p.id = e.place_id where t.member_id = {} "
        "order by e.starts_at, t.id",
        member_id,
    )
    feeds = await run(
        "select name, discreet, private, alarm_minutes, created_at, modified_at, read_at, revoked_at from feed "
        "where member_id = {} order by id",
        member_id,
    )
    return [
        Exported(
            "appointments",
            text("Mes rendez-vous"),
            {
                "title": text("Quoi"),
                "starts_at": text("Début"),
                "ends_at": text("Fin"),
                "place": text("Lieu"),
                "role": text("Ma part"),
                "left_at": text("Place laissée"),
            },
            [{**row, "role": Word(row["role"], ROLES[Role(row["role"])])} for row in parts],
        ),
        Exported(
            "calendar_addresses",
            text("Mes adresses de calendrier"),
            {
                "name": text("Appareil"),
                "discreet": text("Sans les titres"),
                "private": text("Marqué privé"),
                "alarm_minutes": text("Rappel, en minutes"),
                "created_at": text("Créée"),
                "modified_at": text("Choix changés"),
                "read_at": text("Dernière lecture"),
                "revoked_at": text("Coupée"),
            },
            [{**row, "discreet": bool(row["discreet"]), "private": bool(row["private"])} for row in feeds],
        ),
    ]


async def leaving(member_id: int, now: datetime) -> Leaving:
    """Addresses are cut; what a telephone has copied goes when it asks again."""
    feeds = await Feed.count().where((Feed.member_id == member_id) & Feed.revoked_at.is_null())
    if not feeds:
        return Leaving()
    return Leaving(
        then=[
            text_n(
                "Ton adresse de calendrier est coupée : ton téléphone n’y trouve plus rien.",
                "Tes %(n)s adresses de calendrier sont coupées : tes appareils n’y trouvent plus rien.",
                feeds,
            )
        ]
    )


async def forget_entry(kind: str, thing_id: int) -> None:
    """Something that was never announced, and that nobody else has a part in, is gone altogether. Needs the caller's
    transaction."""
    await run(
        "delete from taking_part where entry_id in (select id from entry where kind = {} and thing_id = {})",
        kind,
        thing_id,
    )
    await run("delete from calendar_request where kind = {} and thing_id = {}", kind, thing_id)
    await run("delete from entry where kind = {} and thing_id = {}", kind, thing_id)


async def erase(erasure: Erasure) -> None:
    """The name goes from what they hosted, also from the bytes that feeds send; their addresses open nothing. The
    emptied rows of these stay as those of others that were cut, so that a telephone hears « gone » and forgets."""
    me = erasure.member_id
    await host_renamed(me, old=erasure.name, new=erasure.shown_as, now=erasure.now)
    await TakingPart.delete().where(TakingPart.member_id == me)
    await run(
        "update feed set revoked_at = coalesce(revoked_at, {}), name = '', discreet = {}, private = {}, "
        "alarm_minutes = null, read_at = null where member_id = {}",
        erasure.now,
        False,
        False,
        me,
    )
