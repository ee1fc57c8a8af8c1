"""What turns keep about one person: told to them, and forgotten with them.

Turns to come are free at once, and whoever was asked about them is told; of those that are over it stays that somebody
did them. Who attested what, wrote what down for whom or counted the box is no longer said.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.contracts import GONE, Erasure, Exported, Leaving, Renaming, Value, Word
from app.database import get_for_update, run
from app.i18n import Text, text, text_n
from app.notices.api import Kind, unsay
from rotas import wording
from rotas.commands.steps import asked_by, close_swap, holding_of, locked_slots, recount, take_turn_away, tell
from rotas.facts import KIND, Row, slot_of, title_of
from rotas.states import Came, Level, SwapState, Went
from rotas.tables import Holding, Practice, Swap, WeeklyHold

CAME = {
    Came.CLAIMED: text("Je l’ai pris"),
    Came.WEEKLY: text("Je le tiens chaque semaine"),
    Came.STOOD_IN: text("À la place de quelqu’un"),
    Came.SWAPPED: text("Par un échange"),
    Came.GUEST: text("Pour une personne sans compte"),
    Came.WATCHES: text("Pour regarder"),
}
WENT = {
    Went.FREED: text("Libéré"),
    Went.REPLACED: text("Quelqu’un l’a pris à ma place"),
    Went.MOVED: text("L’heure a changé"),
    Went.CANCELLED: text("Le tour n’a plus lieu"),
    Went.GONE: text("J’ai quitté le lieu"),
}
SWAP_STATES = {
    SwapState.OPEN: text("On cherche quelqu’un"),
    SwapState.TAKEN: text("Quelqu’un a dit oui"),
    SwapState.LAPSED: text("Le tour a commencé, ou changé de mains"),
    SwapState.WITHDRAWN: text("Demande retirée"),
}
SWAP_PARTS = {
    "from": text("Je ne pouvais pas venir"),
    "to": text("On me l’a demandé"),
    "took": text("J’ai dit oui"),
    "wrote": text("Je l’ai écrit pour quelqu’un"),
}
LEVELS = {
    Level.NONE: text("Rien de noté"),
    Level.WATCHED: text("J’ai regardé"),
    Level.DID_WITH: text("Je l’ai fait avec quelqu’un qui sait"),
    Level.DOES: text("Je sais faire"),
    Level.TEACHES: text("Je sais l’apprendre à d’autres"),
}
WEEKDAYS = (
    text("Lundi"),
    text("Mardi"),
    text("Mercredi"),
    text("Jeudi"),
    text("Vendredi"),
    text("Samedi"),
    text("Dimanche"),
)
MOMENTS = {"opening": text("Au début"), "closing": text("À la fin")}

_TURN = "d.name as duty, s.source_title, s.starts_at, s.ends_at, p.name as place"
_OF_SLOT = "join duty d on d.id = s.duty_id join place p on p.id = s.place_id"


# ------------------------------------------------------------------------------------------------------------- export


async def export_of(member_id: int) -> list[Exported]:
    """One's turns and those taken for others, what one holds every week, what one asked and answered, what one can do,
    what one counted."""
    held = await run(
        f"select {_TURN}, h.came, h.taken_at, h.went, h.left_at from rota_holding h "  # noqa: S608 - constants of this file
        f"join rota_slot s on s.id = h.slot_id {_OF_SLOT} where h.member_id = {{}} order by s.starts_at, h.id",
        member_id,
    )
    guests = await run(
        f"select {_TURN}, h.first_name, h.taken_at, h.left_at from rota_holding h "  # noqa: S608 - constants of this file
        f"join rota_slot s on s.id = h.slot_id {_OF_SLOT} where h.taken_by = {{}} and h.member_id is null "
        "order by s.starts_at, h.id",
        member_id,
    )
    weekly = await run(
        "select d.name as duty, r.weekday, r.starts, r.ends, p.name as place, w.since_at, w.ended_at "
        "from rota_weekly w join rota_pattern r on r.id = w.pattern_id join duty d on d.id = r.duty_id "
        "join place p on p.id = r.place_id where w.member_id = {} order by w.id",
        member_id,
    )
    swaps = await run(
        f"select {_TURN}, x.from_member, x.to_member, x.taken_by, x.asked_by, x.word, x.state, x.asked_at, "  # noqa: S608 - constants of this file
        "x.settled_at, e.name as wanted, o.starts_at as wanted_at from rota_swap x "
        f"join rota_slot s on s.id = x.slot_id {_OF_SLOT} left join rota_slot o on o.id = x.wanted_slot_id "
        "left join duty e on e.id = o.duty_id where {} in (x.from_member, x.to_member, x.taken_by, x.asked_by) "
        "order by x.id",
        member_id,
    )
    practice = await run(
        "select d.name as duty, p.name as place, k.level, k.since_at from rota_practice k "
        "join duty d on d.id = k.duty_id join place p on p.id = d.place_id where k.member_id = {} order by k.id",
        member_id,
    )
    counts = await run(
        f"select {_TURN}, c.moment, c.cents, c.word, c.counted_at from rota_till_count c "  # noqa: S608 - constants of this file
        f"join rota_slot s on s.id = c.slot_id {_OF_SLOT} where c.counted_by = {{}} order by c.id",
        member_id,
    )
    turn = {
        "turn": text("Tour"),
        "starts_at": text("Début"),
        "ends_at": text("Fin"),
        "place": text("Lieu"),
    }
    return [
        Exported(
            "turns",
            text("Mes tours"),
            {
                **turn,
                "came": text("Comment"),
                "taken_at": text("Depuis"),
                "went": text("Ce qui a changé"),
                "left_at": text("Plus à moi depuis"),
            },
            [
                {
                    **_turn(row),
                    "came": Word(row["came"], CAME[Came(row["came"])]),
                    "taken_at": row["taken_at"],
                    "went": Word(row["went"], WENT[Went(row["went"])]) if row["went"] else None,
                    "left_at": row["left_at"],
                }
                for row in held
            ],
        ),
        Exported(
            "turns_for_guests",
            text("Tours pris pour des personnes sans compte"),
            {
                **turn,
                "first_name": text("Prénom"),
                "taken_at": text("Depuis"),
                "left_at": text("Place rendue"),
            },
            [{**_turn(row), **{name: row[name] for name in ("first_name", "taken_at", "left_at")}} for row in guests],
        ),
        Exported(
            "weekly_turns",
            text("Tours que je tiens chaque semaine"),
            {
                "duty": text("Rôle"),
                "weekday": text("Jour"),
                "starts": text("Début"),
                "ends": text("Fin"),
                "place": text("Lieu"),
                "since_at": text("Depuis"),
                "ended_at": text("Jusqu’au"),
            },
            [{**row, "weekday": Word(str(row["weekday"]), WEEKDAYS[row["weekday"]])} for row in weekly],
        ),
        Exported(
            "swaps",
            text("« Je ne peux pas venir » : demandes et réponses"),
            {
                **turn,
                "part": text("Ma part"),
                "wanted": text("Contre le tour"),
                "wanted_at": text("Début de l’autre tour"),
                "word": text("Mot"),
                "state": text("Où ça en est"),
                "asked_at": text("Demandé"),
                "settled_at": text("Réglé"),
            },
            [
                {
                    **_turn(row),
                    "part": _part(row, member_id),
                    "state": Word(row["state"], SWAP_STATES[SwapState(row["state"])]),
                    **{name: row[name] for name in ("wanted", "wanted_at", "word", "asked_at", "settled_at")},
                }
                for row in swaps
            ],
        ),
        Exported(
            "practice",
            text("Ce que je sais faire"),
            {
                "duty": text("Rôle"),
                "place": text("Lieu"),
                "level": text("Où j’en suis"),
                "since_at": text("Depuis"),
            },
            [{**row, "level": Word(row["level"], LEVELS[Level(row["level"])])} for row in practice],
        ),
        Exported(
            "till_counts",
            text("Caisses que j’ai comptées"),
            {
                **turn,
                "moment": text("Quand"),
                "cents": text("Centimes"),
                "word": text("Mot"),
                "counted_at": text("Compté"),
            },
            [
                {
                    **_turn(row),
                    "moment": Word(row["moment"], MOMENTS[row["moment"]]),
                    **{name: row[name] for name in ("cents", "word", "counted_at")},
                }
                for row in counts
            ],
        ),
    ]


def _turn(row: Row) -> dict[str, Value]:
    return {"turn": title_of(row), "starts_at": row["starts_at"], "ends_at": row["ends_at"], "place": row["place"]}


def _part(row: Row, me: int) -> Word:
    parts = {"from": row["from_member"], "took": row["taken_by"], "to": row["to_member"]}
    code = next((name for name, member in parts.items() if member == me), "wrote")
    return Word(code, SWAP_PARTS[code])


# ------------------------------------------------------------------------------------------------------------ leaving


async def leaving(member_id: int, now: datetime) -> Leaving:
    """Nothing has to be done first: what one holds is free for others, who are called as for any turn."""
    coming = await _coming(member_id, now)
    weekly = await _count("rota_weekly where member_id = {} and ended_at is null", member_id)
    asked = await _count("rota_swap where from_member = {} and state = 'open'", member_id)
    done = await _count(
        "rota_holding h join rota_slot s on s.id = h.slot_id where h.member_id = {} and h.went = '' "
        "and s.ends_at <= {}",
        member_id,
        now,
    )
    guests = await _count(
        "rota_holding h join rota_slot s on s.id = h.slot_id where h.taken_by = {} and h.member_id is null "
        "and h.went = '' and s.ends_at > {}",
        member_id,
        now,
    )
    then: list[Text] = []
    if coming:
        then.append(
            text_n(
                "Ton tour à venir est libéré. Le lieu cherchera quelqu’un.",
                "Tes %(n)s tours à venir sont libérés. Le lieu cherchera quelqu’un.",
                len(coming),
            )
        )
    if weekly:
        then.append(text("Tu ne tiens plus de tour chaque semaine."))
    if asked:
        then.append(
            text("Tes demandes de remplacement sont retirées. Les personnes à qui tu as demandé sont prévenues.")
        )
    if guests:
        then.append(
            text("Les personnes sans compte pour qui tu as pris un tour gardent leur place. Ton nom n’y est plus.")
        )
    if done:
        then.append(
            text_n(
                "Le tour que tu as fait reste compté, sans ton nom.",
                "Les %(n)s tours que tu as faits restent comptés, sans ton nom.",
                done,
            )
        )
    return Leaving((), then)


async def _count(what: str, *args: Any) -> int:
    return int((await run(f"select count(*) as n from {what}", *args))[0]["n"])  # noqa: S608 - constants of this file


async def _coming(member_id: int, now: datetime) -> list[int]:
    """The slots that are not over and that this member has, or would watch."""
    rows = await run(
        "select h.slot_id from rota_holding h join rota_slot s on s.id = h.slot_id where h.member_id = {} "
        "and h.went = '' and s.ends_at > {} order by h.slot_id",
        member_id,
        now,
    )
    return [row["slot_id"] for row in rows]


# ------------------------------------------------------------------------------------------------------------ erasing


async def erase(erasure: Erasure) -> None:
    """Take back what they asked, free what is to come, then take the person out of every row."""
    me, now = erasure.member_id, erasure.now
    things = await _things(me)
    coming = await _coming(me, now)
    asked = await run(
        "select slot_id from rota_swap where state = 'open' and {} in (from_member, to_member, asked_by)", me
    )
    slots = await locked_slots(*coming, *(row["slot_id"] for row in asked), members=[me], now=now)
    await _answer_swaps(erasure)
    for slot_id in coming:
        holding = await holding_of(slot_id, me)
        if holding is not None:
            await take_turn_away(slots[slot_id], holding, Went.GONE, by=None, told=None, now=now)
            await recount(slots[slot_id], now=now)
    words = await run("select word from rota_swap where word <> '' and {} in (from_member, asked_by)", me)
    await _forget_rows(me)
    await _unsay(me, erasure.name, GONE, things=things, quotes=sorted({row["word"] for row in words}))


async def _answer_swaps(erasure: Erasure) -> None:
    """Whoever was asked is told that nobody asks any more, and who asked that nobody will come."""
    me, now, gone = erasure.member_id, erasure.now, erasure.shown_as
    found = await run(
        "select id from rota_swap where state = 'open' and {} in (from_member, to_member) order by id", me
    )
    for swap in await get_for_update(Swap, *(row["id"] for row in found)):
        if not await close_swap(swap, SwapState.WITHDRAWN, now=now):
            continue
        slot = await slot_of(swap["slot_id"], now=now)
        title, starts_at = title_of(slot), slot["starts_at"]
        if swap["from_member"] != me:
            mail = wording.said_no(title, starts_at, name=gone)
            await tell(
                mail, [swap["from_member"]], slot=slot, kind=Kind.CHANGE, what=f"swap-declined-{swap['id']}", now=now
            )
        else:
            mail = wording.asked_no_more(title, starts_at, name=gone)
            asked = await asked_by(swap)
            await tell(mail, asked, slot=slot, kind=Kind.DUTY, what=f"swap-withdrawn-{swap['id']}", now=now)


async def _forget_rows(me: int) -> None:
    # Whoever did a turn is counted still, as people without an account are once their first name is forgotten.
    await Holding.delete().where((Holding.member_id == me) & (Holding.went != Went.NOT_YET.value))
    await run("update rota_holding set member_id = null, taken_by = null where member_id = {}", me)
    await run("update rota_holding set taken_by = null where taken_by = {}", me)
    await run("update rota_holding set left_by = null where left_by = {}", me)
    await WeeklyHold.delete().where(WeeklyHold.member_id == me)
    await Swap.delete().where(Swap.from_member == me)
    await run("update rota_swap set to_member = null where to_member = {}", me)
    await run("update rota_swap set taken_by = null where taken_by = {}", me)
    await run("update rota_swap set asked_by = from_member, word = '' where asked_by = {}", me)
    await Practice.delete().where(Practice.member_id == me)
    await run("update rota_practice set said_by = null where said_by = {}", me)
    await run("update rota_till_count set counted_by = null, word = '' where counted_by = {}", me)


async def renamed(renaming: Renaming) -> None:
    """What others were told about these turns says the new name."""
    things = await _things(renaming.member_id)
    await _unsay(renaming.member_id, renaming.old, renaming.new, things=things)


_PARTS = """
select h.slot_id as id, m.id as member_id, m.name from rota_holding h
join member m on m.id in (h.member_id, h.taken_by, h.left_by) where {holding}
union select x.slot_id, m.id, m.name from rota_swap x
join member m on m.id in (x.from_member, x.to_member, x.asked_by, x.taken_by) where {swap}
union select x.wanted_slot_id, m.id, m.name from rota_swap x
join member m on m.id in (x.from_member, x.to_member, x.asked_by, x.taken_by)
where x.wanted_slot_id is not null and {swap}
union select j.thing_id, m.id, m.name from journal_line j join member m on m.id = j.actor_id
where j.kind = 'turn' and {journal}
"""


async def _things(me: int) -> list[int]:
    """The slots about which somebody may have been told this member's name."""
    mine = _PARTS.format(
        holding="{} in (h.member_id, h.taken_by, h.left_by)",
        swap="{} in (x.from_member, x.to_member, x.asked_by, x.taken_by)",
        journal="j.actor_id = {}",
    )
    return sorted({row["id"] for row in await run(mine, me, me, me, me)})


async def _unsay(me: int, name: str, shown_as: Text | str, *, things: list[int], quotes: Sequence[str] = ()) -> None:
    """Where somebody else of this name has a part too, nobody can tell whose it is: there it stays."""
    same = "m.name = {} and m.id <> {}"
    others = await run(_PARTS.format(holding=same, swap=same, journal=same), *(name, me) * 4)
    await unsay(
        name=name,
        shown_as=shown_as,
        sentences=wording.NAMING,
        kind=KIND,
        things=things,
        ambiguous={row["id"] for row in others},
        quotes=quotes,
    )
