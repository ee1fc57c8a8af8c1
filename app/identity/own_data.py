"""What identity keeps about one person: told to them, and forgotten with them. The erasing itself is `leaving`'s."""

from __future__ import annotations

from datetime import datetime

from app.contracts import GONE, Erasure, Exported, Leaving, Renaming, ToDoFirst, Word
from app.database import run
from app.i18n import Text, text
from app.identity import throttle
from app.identity.data_tables import Presence
from app.identity.states import HANDED_OVER, Act, Device
from app.identity.tables import Encounter, Grant, HandedSlip, Handover, Member, Membership, Passage, Session
from app.identity.wording import ACTS, LANGUAGE_NAMES, NAMING, UNKNOWN_DEVICE
from app.notices.api import unsay

MINE, SHARED = text("À moi"), text("Partagé")


async def export_of(member_id: int) -> list[Exported]:
    """Account, places, roles, who was met when, devices."""
    (me,) = await run("select * from member where id = {}", member_id)
    seen = await run("select active_on, warned_on from presence where member_id = {}", member_id)
    second = await run("select since_at from second_factor where member_id = {}", member_id)
    account = {
        "name": me["name"],
        "email": me["email"],
        "sign_in_name": me["kept_name"] if me["email"] else me["email_key"],
        "about": me["about"],
        "phone": me["phone"],
        "listed": bool(me["listed"]),
        "adult_on": me["adult_on"],
        "language": _language(me["language"]),
        "has_password": me["password_hash"] is not None,
        "password_given_at": me["password_given_at"],
        "address_added_at": me["address_added_at"],
        "second_factor_since": second[0]["since_at"] if second else None,
        "created_at": me["created_at"],
        "active_on": seen[0]["active_on"] if seen else None,
        "written_to_on": seen[0]["warned_on"] if seen else None,
    }
    places = await run(
        "select p.name as place, ms.joined_at, ms.met_at, ms.mediator, ms.employer, ms.dues_on from membership ms "
        "join place p on p.id = ms.place_id where ms.member_id = {} order by ms.id",
        member_id,
    )
    roles = await run(
        "select p.name as place, g.act, g.from_at, g.until_at from granted_act g join place p on p.id = g.place_id "
        "where g.member_id = {} order by g.id",
        member_id,
    )
    met = await run(
        "select p.name as place, e.met_at, e.member_id from encounter e join place p on p.id = e.place_id "
        "where e.member_id = {} or e.met_by = {} order by e.id",
        member_id,
        member_id,
    )
    offers = await run(
        "select p.name as place, h.act, h.from_member, h.shared, h.offered_at, h.answered_at, h.accepted "
        "from handover h join place p on p.id = h.place_id where h.from_member = {} or h.to_member = {} order by h.id",
        member_id,
        member_id,
    )
    devices = await run(
        "select label, device, created_at, seen_at, expires_at from session where member_id = {} order by id", member_id
    )
    slips = await run("select given_at from handed_slip where member_id = {} order by id", member_id)
    return [
        Exported(
            "account",
            text("Mon compte"),
            {
                "name": text("Nom affiché"),
                "email": text("Adresse mail"),
                "sign_in_name": text("Nom d’entrée"),
                "about": text("Une ligne sur moi"),
                "phone": text("Téléphone"),
                "listed": text("Dans la liste des membres"),
                "adult_on": text("Jour des 18 ans"),
                "language": text("Langue"),
                "has_password": text("Un mot de passe"),
                "password_given_at": text("Mot de passe donné par l’accueil"),
                "address_added_at": text("Adresse ajoutée"),
                "second_factor_since": text("Deuxième code depuis"),
                "created_at": text("Compte ouvert"),
                "active_on": text("Dernier jour de passage"),
                "written_to_on": text("Dernier mail « On se revoit quand tu veux »"),
            },
            [account],
        ),
        Exported(
            "places",
            text("Mes lieux"),
            {
                "place": text("Lieu"),
                "joined_at": text("Arrivée"),
                "met_at": text("Rencontre faite"),
                "mediator": text("Médiation"),
                "employer": text("Employeur affiché"),
                "dues_on": text("Adhésion du"),
            },
            [{**row, "mediator": bool(row["mediator"])} for row in places],
        ),
        Exported(
            "roles",
            text("Mes rôles"),
            {
                "place": text("Lieu"),
                "act": text("Rôle"),
                "from_at": text("Depuis"),
                "until_at": text("Jusqu’à"),
            },
            [{**row, "act": _act(row["act"])} for row in roles],
        ),
        Exported(
            "role_offers",
            text("Rôles proposés"),
            {
                "place": text("Lieu"),
                "act": text("Rôle"),
                "by_me": text("Par moi"),
                "shared": text("Tenu à plusieurs"),
                "offered_at": text("Proposé"),
                "answered_at": text("Répondu"),
                "accepted": text("Accepté"),
            },
            [
                {
                    "place": row["place"],
                    "act": _act(row["act"]),
                    "by_me": row["from_member"] == member_id,
                    "shared": bool(row["shared"]),
                    "offered_at": row["offered_at"],
                    "answered_at": row["answered_at"],
                    "accepted": bool(row["accepted"]),
                }
                for row in offers
            ],
        ),
        Exported(
            "encounters",
            text("Rencontres"),
            {"place": text("Lieu"), "met_at": text("Jour"), "said_by_me": text("Noté par moi")},
            [
                {"place": row["place"], "met_at": row["met_at"], "said_by_me": row["member_id"] != member_id}
                for row in met
            ],
        ),
        Exported(
            "devices",
            text("Mes appareils"),
            {
                "label": text("Appareil"),
                "device": text("À moi ou partagé"),
                "created_at": text("Ouvert"),
                "seen_at": text("Dernier passage"),
                "expires_at": text("Fermé au plus tard"),
            },
            [
                {
                    **row,
                    "label": _device(row["label"]),
                    "device": Word(row["device"], SHARED if row["device"] == Device.SHARED else MINE),
                }
                for row in devices
            ],
        ),
        Exported(
            "slips",
            text("Papiers reçus de l’accueil"),
            {"given_at": text("Jour")},
            slips,
        ),
    ]


def _act(act: str) -> Word:
    return Word(act, text(ACTS[Act(act)]))


def _device(label: str) -> Word:
    said = label or UNKNOWN_DEVICE
    return Word(label, text(said))


def _language(code: str) -> Word:
    named = LANGUAGE_NAMES[code]
    return Word(code, text(named))


# ------------------------------------------------------------------------------------------------------------ leaving


async def leaving(member_id: int, now: datetime) -> Leaving:
    """Who is the only one to mediate, or to keep a place or its accounts, passes that on first."""
    first = [
        ToDoFirst(
            text(
                "Au lieu « %(place)s », personne d’autre ne fait la médiation. "
                "Il faut d’abord y nommer quelqu’un d’autre.",
                **row,
            ),
            f"/lieux/{row['slug']}",
            "scale",
        )
        for row in await _mediates_alone(member_id)
    ]
    first += [
        ToDoFirst(
            text(
                "Au lieu « %(place)s », personne d’autre n’a ce rôle : %(role)s. Il faut d’abord le passer.",
                place=row["place"],
                role=text(ACTS[Act(row["act"])]),
            ),
            f"/lieux/{row['slug']}/reglages#roles",
            "key",
        )
        for row in await _holds_alone(member_id, now)
    ]
    return Leaving(
        first,
        [
            text("Ton nom, ton adresse, ton mot de passe, ta ligne et ton téléphone sont effacés."),
            text("Tous tes appareils sont déconnectés. Tes rôles prennent fin."),
            text(
                "Il reste un numéro sans nom, avec le jour de l’effacement. "
                "Il sert à effacer de nouveau ton compte, si une copie de secours le ramène."
            ),
        ],
    )


async def _mediates_alone(member_id: int) -> list[dict[str, str]]:
    return await run(
        "select p.name as place, p.slug from membership ms join place p on p.id = ms.place_id "
        "where ms.member_id = {} and ms.mediator = {} and not exists (select 1 from membership o "
        "join member m on m.id = o.member_id where o.place_id = ms.place_id and o.mediator = {} "
        "and o.member_id <> ms.member_id and m.erased_at is null) order by p.name, p.id",
        member_id,
        True,
        True,
    )


async def _holds_alone(member_id: int, now: datetime) -> list[dict[str, str]]:
    acts = sorted(act.value for act in HANDED_OVER)
    standing = "(g.until_at is null or g.until_at > {}) and g.from_at <= {}"
    others = standing.replace("g.", "o.")
    return await run(
        "select distinct p.name as place, p.slug, g.act from granted_act g join place p on p.id = g.place_id "  # noqa: S608 - constants and marks
        f"where g.member_id = {{}} and g.act in ({', '.join('{}' for _ in acts)}) and {standing} "
        "and not exists (select 1 from granted_act o join member m on m.id = o.member_id "
        "where o.place_id = g.place_id and o.act = g.act and o.member_id <> g.member_id and m.erased_at is null "
        f"and {others}) order by p.name, g.act",
        member_id,
        *acts,
        now,
        now,
        now,
        now,
    )


# ------------------------------------------------------------------------------------------------------------ erasing


async def erase(erasure: Erasure) -> None:
    """Empty the account and end all that it opened; the number stays, so that it is never given again."""
    me = erasure.member_id
    (row,) = await run("select email, email_key, kept_name, erased_at from member where id = {}", me)
    await Member.update(
        {
            Member.name: erasure.shown_as,
            Member.name_key: "",
            Member.email: None,
            Member.email_key: None,
            Member.kept_name: None,
            Member.address_added_at: None,
            Member.password_hash: None,
            Member.password_given_at: None,
            Member.about: "",
            Member.phone: "",
            Member.listed: False,
            Member.adult_on: None,
            Member.language: "fr",
            Member.erased_at: row["erased_at"] or erasure.now,
        }
    ).where(Member.id == me)
    await Session.delete().where(Session.member_id == me)
    keys = [key for key in (row["email_key"], row["kept_name"]) if key]
    await Passage.delete().where(Passage.member_id == me)
    for key in keys:
        await Passage.delete().where(Passage.email_key == key)
    subjects = [f"member {me}", *keys]
    limits = (
        *(throttle.PASSWORD, throttle.MAIL, throttle.CODE),
        *(throttle.SECOND, throttle.SECOND_IN_A_DAY, throttle.RECOVERY),
    )
    for tried in {limit.key(subject) for limit in limits for subject in subjects}:
        await run("delete from attempt where key = {}", tried)
    await HandedSlip.delete().where(HandedSlip.member_id == me)
    await _unsay_offers(me, erasure.name, GONE)
    await Handover.delete().where((Handover.from_member == me) | (Handover.to_member == me))
    await Grant.delete().where(Grant.member_id == me)
    await Encounter.delete().where(Encounter.member_id == me)
    await Membership.delete().where(Membership.member_id == me)
    await Presence.delete().where(Presence.member_id == me)
    for table in ("second_factor", "recovery_code", "name_word"):
        await run(f"delete from {table} where member_id = {{}}", me)  # noqa: S608 - constants of this line


async def renamed(renaming: Renaming) -> None:
    """Offers of a role that others have read say the new name."""
    await _unsay_offers(renaming.member_id, renaming.old, renaming.new)


async def _unsay_offers(me: int, name: str, shown_as: Text | str) -> None:
    offered = await run("select to_member from handover where from_member = {}", me)
    same = await run(
        "select h.to_member from handover h join member m on m.id = h.from_member where m.name = {} and m.id <> {}",
        name,
        me,
    )
    readers = {each["to_member"] for each in offered} - {each["to_member"] for each in same}
    await unsay(name=name, shown_as=shown_as, sentences=NAMING, readers=readers)
