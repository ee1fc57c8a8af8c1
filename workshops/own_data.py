"""What workshops keep about one person: told to them, and forgotten with them.

What was published stays, as the memory of the place, without the name of whoever wrote or hosted it. What never was
goes with the person; so do the last word, the word of a contest, the reason of a cancellation.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.calendar.api import forget_entry, leave, remove_entry
from app.contracts import GONE, Erasure, Exported, Leaving, Renaming, ToDoFirst, Word
from app.database import run
from app.i18n import Text, text, text_n
from app.notices.api import Kind, Part, unsay
from workshops import wording
from workshops.commands.places import end_sign_up, has_place, offer_freed
from workshops.commands.steps import hosts_of, locked, moment, tell, tell_people, write_entry
from workshops.facts import KIND, Row, matter_of, needs_of
from workshops.labels import FORMAT_NAMES, NEED_NAMES, STATE_NAMES
from workshops.states import ACTIVE, Format, HostState, SignUpState, State
from workshops.tables import Host, Juror, SignUp, Workshop

ALIVE = (State.PROPOSED, State.SENT_BACK, State.CONTESTED, State.PUBLISHED)
HOST_STATES = {
    HostState.INVITED: text("Invitation reçue"),
    HostState.HOSTING: text("J’anime"),
    HostState.DECLINED: text("J’ai dit non"),
    HostState.LEFT: text("J’ai passé la main"),
}
SIGN_UP_STATES = {
    SignUpState.WAITING: text("J’attends"),
    SignUpState.OFFERED: text("Une place m’est gardée"),
    SignUpState.CONFIRMED: text("J’ai une place"),
    SignUpState.WITHDRAWN: text("J’ai laissé ma place"),
    SignUpState.LAPSED: text("Pas répondu à temps"),
}


VOTES = {"publish": text("Il peut paraître"), "send_back": text("Je demande le changement aussi")}


# ------------------------------------------------------------------------------------------------------------- export


async def export_of(member_id: int) -> list[Exported]:
    """What one proposed, hosted or was asked to, one's places and those taken for others, one's votes."""
    proposed = await run(
        "select w.*, p.name as place from workshop w join place p on p.id = w.place_id where w.proposer_id = {} "
        "order by w.id",
        member_id,
    )
    hosted = await run(
        "select w.title, w.starts_at, h.state, h.since_at, h.last_word, h.last_word_shown from host h "
        "join workshop w on w.id = h.workshop_id where h.member_id = {} order by h.id",
        member_id,
    )
    signed = await run(
        "select w.title, w.starts_at, s.state, s.asked_at, s.offered_at, s.offer_until, s.settled_at, s.present, "
        "s.last_word, s.last_word_shown from sign_up s join workshop w on w.id = s.workshop_id where s.member_id = {} "
        "order by s.id",
        member_id,
    )
    guests = await run(
        "select w.title, w.starts_at, s.first_name, s.asked_at from sign_up s join workshop w on w.id = s.workshop_id "
        "where s.signed_by = {} and s.member_id is null order by s.id",
        member_id,
    )
    drawn = await run(
        "select w.title, j.drawn_at, j.vote, j.voted_at from juror j join workshop w on w.id = j.workshop_id "
        "where j.member_id = {} order by j.id",
        member_id,
    )
    when = {"title": text("Atelier"), "starts_at": text("Date")}
    last = {"last_word": text("Mot de la fin"), "last_word_shown": text("Mot montré")}
    return [
        Exported(
            "proposed_workshops",
            text("Ateliers que j’ai proposés"),
            {
                **when,
                "ends_at": text("Fin"),
                "place": text("Lieu"),
                "format": text("Forme de l’atelier"),
                "state": text("Où il en est"),
                "summary": text("Présentation"),
                "bring": text("À apporter"),
                "speaker": text("Personne invitée"),
                "capacity": text("Places"),
                "needs": text("Accord du bureau pour"),
                "proposed_at": text("Proposé"),
                "published_at": text("Paru"),
                "reason": text("Pourquoi un changement"),
                "way_out": text("Ce qui conviendrait"),
                "contest_word": text("Pourquoi j’ai contesté"),
                "cancelled_at": text("Annulé"),
                "cancel_reason": text("Raison de l’annulation"),
                "created_at": text("Écrit"),
            },
            [
                {
                    **row,
                    "format": Word(row["format"], text(FORMAT_NAMES[Format(row["format"])])),
                    "state": Word(row["state"], text(STATE_NAMES[State(row["state"])])),
                    "needs": tuple(Word(need.value, text(NEED_NAMES[need])) for need in sorted(needs_of(row))),
                }
                for row in proposed
            ],
        ),
        Exported(
            "hosted_workshops",
            text("Ateliers que j’anime, ou qu’on m’a proposé d’animer"),
            {**when, "state": text("Ma part"), "since_at": text("Depuis"), **last},
            [
                {
                    **row,
                    "state": Word(row["state"], HOST_STATES[HostState(row["state"])]),
                    "last_word_shown": bool(row["last_word_shown"]),
                }
                for row in hosted
            ],
        ),
        Exported(
            "sign_ups",
            text("Mes inscriptions"),
            {
                **when,
                "state": text("Où j’en suis"),
                "asked_at": text("Demandé"),
                "offered_at": text("Place proposée"),
                "offer_until": text("Gardée jusqu’à"),
                "settled_at": text("Réglé"),
                "present": text("Présence cochée"),
                **last,
            },
            [
                {
                    **row,
                    "state": Word(row["state"], SIGN_UP_STATES[SignUpState(row["state"])]),
                    "present": bool(row["present"]),
                    "last_word_shown": bool(row["last_word_shown"]),
                }
                for row in signed
            ],
        ),
        Exported(
            "guests",
            text("Places prises pour des personnes sans compte"),
            {**when, "first_name": text("Prénom"), "asked_at": text("Inscription faite")},
            guests,
        ),
        Exported(
            "drawn",
            text("Mes avis après un tirage au sort"),
            {
                "title": text("Atelier"),
                "drawn_at": text("Tirage"),
                "vote": text("Avis"),
                "voted_at": text("Donné"),
            },
            [{**row, "vote": row["vote"] and Word(row["vote"], VOTES[row["vote"]])} for row in drawn],
        ),
    ]


# ------------------------------------------------------------------------------------------------------------ leaving


async def leaving(member_id: int, now: datetime) -> Leaving:
    """What one hosts and is still to come is handed over or called off first; places are given back."""
    hosted = await run(
        f"select w.id, w.title, w.starts_at from host h join workshop w on w.id = h.workshop_id "  # noqa: S608 - constants of this file
        f"where h.member_id = {{}} and h.state = {{}} and w.ends_at > {{}} and w.state in ({_marks(ALIVE)}) "
        "order by w.starts_at, w.id",
        member_id,
        HostState.HOSTING.value,
        now,
        *(state.value for state in ALIVE),
    )
    first = [
        ToDoFirst(
            text("Tu animes « %(title)s », %(starts_at)s. Passe la main, ou annule.", **row),
            f"/ateliers/{row['id']}",
            "messages",
        )
        for row in hosted
    ]
    places = await _coming_places(member_id, now)
    drafts = await _count("workshop where proposer_id = {} and state = 'draft'", member_id)
    published = await _count(
        "host h join workshop w on w.id = h.workshop_id where h.member_id = {} and h.state = 'hosting' "
        "and w.published_at is not null and w.ends_at <= {}",
        member_id,
        now,
    )
    words = await _count("sign_up where member_id = {} and last_word <> ''", member_id)
    words += await _count("host where member_id = {} and last_word <> ''", member_id)
    guests = await run(
        "select count(*) as n from sign_up s join workshop w on w.id = s.workshop_id where s.signed_by = {} "
        "and s.state = 'confirmed' and w.ends_at > {}",
        member_id,
        now,
    )
    then = []
    if places:
        then.append(
            text_n(
                "Ta place à venir est rendue. Elle ira à la première personne en attente.",
                "Tes %(n)s places à venir sont rendues. Elles iront aux premières personnes en attente.",
                len(places),
            )
        )
    if guests[0]["n"]:
        then.append(text("Les personnes sans compte que tu as inscrites gardent leur place. Ton nom n’y est plus."))
    if drafts:
        then.append(text_n("Ton brouillon est effacé.", "Tes %(n)s brouillons sont effacés.", drafts))
    if published:
        then.append(
            text_n(
                "L’atelier que tu as animé reste dans la mémoire du lieu, animé par « %(gone)s ».",
                "Les %(n)s ateliers que tu as animés restent dans la mémoire du lieu, animés par « %(gone)s ».",
                published,
                gone=GONE,
            )
        )
        then.append(
            text_n(
                "Ce que tu as écrit pour le présenter reste. Ton nom y est ? Change le texte avant, ou écris au lieu.",
                "Ce que tu as écrit pour les présenter reste. Ton nom y est ? Change le texte avant, ou écris au lieu.",
                published,
            )
        )
    if words:
        then.append(text_n("Ton mot de la fin est effacé.", "Tes %(n)s mots de la fin sont effacés.", words))
    then.append(text("Le nombre de personnes venues reste. On n’y lit plus que tu en étais."))
    return Leaving(first, then)


async def _count(what: str, *args: Any) -> int:
    return int((await run(f"select count(*) as n from {what}", *args))[0]["n"])  # noqa: S608 - constants of this file


async def _coming_places(member_id: int, now: datetime) -> list[int]:
    rows = await run(
        "select s.workshop_id from sign_up s join workshop w on w.id = s.workshop_id where s.member_id = {} "  # noqa: S608 - marks only
        f"and s.state in ({_marks(ACTIVE)}) and w.state = {{}} and w.ends_at > {{}} order by s.workshop_id",
        member_id,
        *(state.value for state in ACTIVE),
        State.PUBLISHED.value,
        now,
    )
    return [row["workshop_id"] for row in rows]


def _marks(values: Any) -> str:
    return ", ".join("{}" for _ in values)


# ------------------------------------------------------------------------------------------------------------ erasing


async def erase(erasure: Erasure) -> None:
    """Give places back, leave what one hosts, then take the person out of every row."""
    me = erasure.member_id
    theirs = await run(
        "select id, published_at, ends_at from workshop where proposer_id = {} or cancelled_by = {} "
        "or id in (select workshop_id from host where member_id = {}) "
        "or id in (select workshop_id from sign_up where member_id = {} or signed_by = {}) order by id",
        *[me] * 5,
    )
    for each in theirs:
        if each["published_at"] is None or each["ends_at"] > erasure.now:
            row = await locked(each["id"])
            await _give_back(row, erasure)
            await _leave_hosting(row, erasure)
    quotes = await _forget_words(me)
    await _forget_rulings(me)
    await _forget_rows(me)
    things = [each["id"] for each in theirs]
    await _unsay(me, erasure.name, GONE, things=things, quotes=quotes)


async def renamed(renaming: Renaming) -> None:
    """What others were told says the new name: of what they proposed, or were asked to host."""
    theirs = await run(
        "select workshop_id as id from host where member_id = {} union select id from workshop where proposer_id = {}",
        renaming.member_id,
        renaming.member_id,
    )
    await _unsay(renaming.member_id, renaming.old, renaming.new, things=[each["id"] for each in theirs])


async def _unsay(me: int, name: str, shown_as: Text | str, *, things: list[int], quotes: Sequence[str] = ()) -> None:
    """Where somebody else of this name has a part too, nobody can tell whose it is: there it stays."""
    same = await run(
        "select h.workshop_id as id from host h join member m on m.id = h.member_id where m.name = {} and m.id <> {} "
        "union select w.id from workshop w join member m on m.id = w.proposer_id where m.name = {} and m.id <> {} "
        "union select s.workshop_id from sign_up s join member m on m.id in (s.member_id, s.signed_by) "
        "where m.name = {} and m.id <> {}",
        *(name, me) * 3,
    )
    ambiguous = {each["id"] for each in same}
    await unsay(
        name=name,
        shown_as=shown_as,
        sentences=wording.NAMING,
        kind=KIND,
        things=things,
        ambiguous=ambiguous,
        quotes=quotes,
    )


async def _give_back(row: Row, erasure: Erasure) -> None:
    """Their place in what is still to come is free at once."""
    if row["state"] != State.PUBLISHED or row["ends_at"] <= erasure.now:
        return
    mine = await SignUp.select().where(
        (SignUp.workshop_id == row["id"])
        & (SignUp.member_id == erasure.member_id)
        & SignUp.state.is_in([state.value for state in ACTIVE])
    )
    for each in mine:
        await end_sign_up(row, each, SignUpState.WITHDRAWN, now=erasure.now)
        await offer_freed(row, freed=has_place(each), now=erasure.now)


async def _leave_hosting(row: Row, erasure: Erasure) -> None:
    """They host nothing that is not over; what nobody else has a part in goes with them.

    Pages ask for it to be handed over first; this is for an older state, and for what was never proposed.
    """
    me, now, key = erasure.member_id, erasure.now, row["id"]
    hosting = await hosts_of(key)
    involved = me in hosting or row["proposer_id"] == me
    state = State(row["state"])
    others = set(hosting) - {me}
    if involved and not others and row["published_at"] is None and state is not State.CONTESTED:
        await _forget_workshop(row, now)
        return
    if me not in hosting or state not in (State.DRAFT, *ALIVE) or row["ends_at"] <= now:
        return
    await Host.delete().where((Host.workshop_id == key) & (Host.member_id == me))
    if state is State.DRAFT:
        return
    await leave(KIND, key, me, now=now)
    await write_entry(row, now=now)
    title, starts_at = row["title"], row["starts_at"]
    if others:
        mail = wording.host_left(title, starts_at, name=erasure.shown_as)
        what = f"host-left-{moment(now)}"
        await tell(mail, others, row=row, kind=Kind.HOSTING, what=what, part=Part.UPDATE, now=now)
    elif state is State.PUBLISHED:
        mail, what = wording.host_wanted(title, starts_at), f"host-wanted-{moment(now)}"
        await tell_people(mail, row=row, kind=Kind.CHANGE, what=what, part=Part.UPDATE, now=now)


async def _forget_workshop(row: Row, now: datetime) -> None:
    """Something that nobody else ever read in the agenda, and that nobody else hosts."""
    key = row["id"]
    await remove_entry(KIND, key, now=now)
    await forget_entry(KIND, key)
    await run("delete from outbox where about_kind = {} and about_id = {}", KIND, key)
    await run("update journal_line set title = '', reason = '' where kind = {} and thing_id = {}", KIND, key)
    await Juror.delete().where(Juror.workshop_id == key)
    await SignUp.delete().where(SignUp.workshop_id == key)
    await Host.delete().where(Host.workshop_id == key)
    await Workshop.delete().where(Workshop.id == key)


async def _forget_words(me: int) -> list[str]:
    """What they wrote about a quarrel, or about calling something off, and what they said at its end: these words."""
    contests = await run("select contest_word as said from workshop where proposer_id = {} and contest_word <> ''", me)
    reasons = await run(
        "select cancel_reason as said from workshop where cancelled_by = {} and cancel_reason <> ''", me
    )
    by_them = "kind = {} and actor_id = {} and voice in ('member', 'host') and reason <> ''"
    lines = await run(f"select reason as said from journal_line where {by_them}", KIND, me)  # noqa: S608 - constants of this function
    await run("update workshop set contest_word = '' where proposer_id = {} and contest_word <> ''", me)
    await run("update workshop set cancel_reason = '' where cancelled_by = {}", me)
    await run(f"update journal_line set reason = '' where {by_them}", KIND, me)  # noqa: S608 - constants of this function
    await run("update host set last_word = '', last_word_shown = {} where member_id = {}", False, me)
    return sorted({each["said"] for each in (*contests, *reasons, *lines) if each["said"]})


async def _forget_rulings(me: int) -> None:
    """Whoever has not ruled yet on what is open rules no more; what was settled does not say who did."""
    for sat in await run("select id, workshop_id, matter, vote from juror where member_id = {}", me):
        (row,) = await Workshop.select().where(Workshop.id == sat["workshop_id"])
        if not sat["vote"] or sat["matter"] != matter_of(row):
            await Juror.delete().where(Juror.id == sat["id"])


async def _forget_rows(me: int) -> None:
    # Whoever came is counted still, as people without an account are once their first name is forgotten.
    await run(
        "delete from sign_up where member_id = {} and not (state = 'confirmed' and workshop_id in "
        "(select id from workshop where state in ('held', 'published')))",
        me,
    )
    await run(
        "update sign_up set member_id = null, signed_by = null, first_name = '', last_word = '', last_word_shown = {} "
        "where member_id = {}",
        False,
        me,
    )
    await run("update sign_up set signed_by = null where signed_by = {}", me)
    await run("delete from host where member_id = {} and state <> 'hosting'", me)
    await run("update host set invited_by = null where invited_by = {}", me)
    for column in ("yes_by", "decided_by", "blocked_by", "review_by", "cancelled_by"):
        await run(f"update workshop set {column} = null where {column} = {{}}", me)  # noqa: S608 - constants of this line
