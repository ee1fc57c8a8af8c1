"""What accounts keep about one person: told to them, and kept without their account when they leave.

Accounts and what proves them are kept ten years (Code de commerce, art. L123-22): the name of whoever advanced money
stands there for as long, in a row of its own, and leads to nobody's account once it is erased.
"""

from __future__ import annotations

from datetime import datetime

from app.accounts.states import PaidFrom, RequestState, Spending
from app.accounts.wording import REQUEST_STATES, SPENDINGS
from app.contracts import About, Erasure, Exported, Kept, Leaving, Word
from app.database import run
from app.i18n import Text, text

PAID = {
    PaidFrom.MEMBER: text("Avancé"),
    PaidFrom.BOX: text("De la boîte"),
    PaidFrom.BANK: text("De la banque"),
}

KEEPS = (
    Kept(
        About.HOUSE,
        text("Les achats pour le lieu : quoi, combien, la photo du ticket, qui l’a noté"),
        text("Qui l’a noté, et qui tient les comptes. Tous les membres lisent des sommes, sans nom"),
        text(
            "Dix ans, jusqu’à la fin de l’année : la loi le demande pour les comptes. Ensuite les photos et les noms "
            "s’en vont"
        ),
        job="accounts.forget_after_ten_years",
    ),
    Kept(
        About.HOUSE,
        text("Le nom de qui a avancé de l’argent, tel que cette personne l’a écrit, et ce qui lui a été rendu"),
        text("La personne, et qui tient les comptes"),
        text("Dix ans, jusqu’à la fin de l’année, même une fois le compte effacé : la loi le demande pour les comptes"),
        job="accounts.forget_after_ten_years",
        before_serving=True,
    ),
    Kept(
        About.HOUSE,
        text("Les demandes au petit budget : ce qui est demandé, pourquoi, par qui"),
        text("Les membres lisent quoi et pourquoi. Par qui : la personne, et qui tient les comptes"),
        text("Par qui : un an après la réponse. La demande reste, sans le nom"),
        job="accounts.forget_who_asked",
    ),
)


async def export_of(member_id: int) -> list[Exported]:
    """What one bought or advanced, what was given back, what one asked for."""
    bought = await run(
        "select p.bought_on, l.name as place, p.what, p.cents, p.spending, p.paid_from, y.name as payee, "
        "p.written_at, p.struck_at, p.reason, p.written_by, r.paid_on, r.paid_from as back_from, "
        "(select count(*) from receipt c where c.purchase_id = p.id) as pictures, p.id "
        "from purchase p join place l on l.id = p.place_id left join payee y on y.id = p.payee_id "
        "left join reimbursement r on r.purchase_id = p.id and r.undone_at is null "
        "where p.written_by = {} or y.member_id = {} order by p.id",
        member_id,
        member_id,
    )
    asked = await run(
        "select r.asked_at, l.name as place, r.what, r.why, r.cents, r.spending, r.state, r.reason, r.answered_at "
        "from budget_request r join place l on l.id = r.place_id where r.member_id = {} order by r.id",
        member_id,
    )
    return [
        Exported(
            "purchases",
            text("Mes achats pour le lieu"),
            {
                "bought_on": text("Acheté le"),
                "place": text("Lieu"),
                "what": text("Quoi"),
                "cents": text("Combien, en centimes"),
                "spending": text("Pour"),
                "paid_from": text("Payé"),
                "payee": text("Avancé par, dans les comptes"),
                "pictures": text("Photos du ticket"),
                "page": text("Où les voir"),
                "written_at": text("Noté"),
                "by_me": text("Par moi"),
                "struck_at": text("Rayé"),
                "reason": text("Raison"),
                "paid_on": text("Remboursé le"),
                "back_from": text("Remboursé"),
            },
            [
                {
                    "bought_on": row["bought_on"],
                    "place": row["place"],
                    "what": row["what"],
                    "cents": row["cents"],
                    "spending": Word(row["spending"], Text(SPENDINGS[Spending(row["spending"])])),
                    "paid_from": Word(row["paid_from"], PAID[PaidFrom(row["paid_from"])]),
                    "payee": row["payee"],
                    "pictures": row["pictures"],
                    "page": f"/comptes/achats/{row['id']}",
                    "written_at": row["written_at"],
                    "by_me": row["written_by"] == member_id,
                    "struck_at": row["struck_at"],
                    "reason": row["reason"],
                    "paid_on": row["paid_on"],
                    "back_from": Word(row["back_from"], PAID[PaidFrom(row["back_from"])]) if row["back_from"] else None,
                }
                for row in bought
            ],
        ),
        Exported(
            "budget_requests",
            text("Mes demandes au petit budget"),
            {
                "asked_at": text("Quand"),
                "place": text("Lieu"),
                "what": text("Quoi"),
                "why": text("Pourquoi"),
                "cents": text("Combien, en centimes"),
                "spending": text("Pour"),
                "state": text("Où en est la demande"),
                "reason": text("Raison"),
                "answered_at": text("Répondu"),
            },
            [
                {
                    **row,
                    "spending": Word(row["spending"], Text(SPENDINGS[Spending(row["spending"])])),
                    "state": Word(row["state"], Text(REQUEST_STATES[RequestState(row["state"])])),
                }
                for row in asked
            ],
        ),
    ]


async def leaving(member_id: int, now: datetime) -> Leaving:
    """What is still to be given back is said before it is too late to be told of; nothing of it hinders."""
    rows = await run(
        "select y.id, (select count(*) from purchase p where p.payee_id = y.id and p.struck_at is null and not exists "
        "(select 1 from reimbursement r where r.purchase_id = p.id and r.undone_at is null)) as owed "
        "from payee y where y.member_id = {}",
        member_id,
    )
    then: list[Text] = []
    if any(row["owed"] for row in rows):
        then.append(
            text(
                "De l’argent que tu as avancé n’est pas encore remboursé : vois cela d’abord avec qui tient les "
                "comptes, ou dis comment te joindre."
            )
        )
    if rows:
        then.append(
            text(
                "Les comptes gardent dix ans le nom que tu y as donné, avec ce que tu as avancé : la loi le demande. "
                "Rien n’y mène plus à toi sur le site."
            )
        )
    if await run("select 1 as one from budget_request where member_id = {} limit 1", member_id):
        then.append(text("Ce que tu as demandé au petit budget reste, sans ton nom ni tes raisons."))
    return Leaving(then=then)


async def erase(erasure: Erasure) -> None:
    """Accounts stay; whose account wrote in them, nobody knows."""
    me = erasure.member_id
    await run("update payee set member_id = null where member_id = {}", me)
    await run("update purchase set written_by = null where written_by = {}", me)
    await run("update purchase set struck_by = null where struck_by = {}", me)
    await run("update reimbursement set paid_by = null where paid_by = {}", me)
    await run("update reimbursement set undone_by = null where undone_by = {}", me)
    await run("update budget_request set member_id = null, why = '' where member_id = {}", me)
    await run("update budget_request set answered_by = null where answered_by = {}", me)
