"""What accounts say: the sentence of each refusal, what money is spent on, and the words of each message.

No subject of a mail tells of money: it may be read over a shoulder. No message names anybody.
"""

from __future__ import annotations

from app.accounts.states import AccountsRefusal, LedgerKind, PaidFrom, RequestState, Spending
from app.errors import Refusal
from app.i18n import Text, text
from app.i18n.text import N_

SENTENCES: dict[Refusal, str] = {
    AccountsRefusal.NOT_A_MEMBER_HERE: N_("Les comptes de ce lieu sont à ses membres."),
    AccountsRefusal.MEDIATOR_HERE: N_("Qui fait la médiation ici ne touche pas à l’argent du lieu."),
    AccountsRefusal.ONLY_KEEPER: N_("C’est à qui tient les comptes du lieu de le faire."),
    AccountsRefusal.MAY_NOT_BUY: N_(
        "Un achat est noté par l’équipe du repas, par la personne dont la demande a été acceptée, ou par qui tient les "
        "comptes."
    ),
    AccountsRefusal.NOT_AN_AMOUNT: N_("Écris une somme en euros, comme 12 ou 12,50."),
    AccountsRefusal.TOO_MUCH: N_("C’est plus de 5 000 € : relis la somme."),
    AccountsRefusal.IN_THE_FUTURE: N_("Ce jour n’est pas encore venu. Écris le jour de l’achat."),
    AccountsRefusal.TOO_LONG_AGO: N_("C’était il y a plus d’un an : ces comptes-là sont clos."),
    AccountsRefusal.STRUCK_OUT: N_("Cet achat est rayé."),
    AccountsRefusal.PAID_BACK: N_("C’est déjà remboursé. Pour rayer l’achat, annule d’abord le remboursement."),
    AccountsRefusal.NOT_ADVANCED: N_("Personne n’a avancé cet argent : il n’y a rien à rembourser."),
    AccountsRefusal.OWN_MONEY: N_(
        "C’est toi qui as avancé cet argent. Une autre personne tient les comptes : c’est à elle de te rembourser."
    ),
    AccountsRefusal.NOT_IN_BOX: N_(
        "Il n’y a pas autant dans la boîte. Si une boîte n’est pas encore comptée, compte-la d’abord."
    ),
    AccountsRefusal.ANSWERED: N_("Cette demande a déjà sa réponse, ou n’est plus là."),
    AccountsRefusal.NO_REASON: N_("Il manque la raison : quelques mots suffisent."),
    AccountsRefusal.CHANGED_MEANWHILE: N_("Cela a changé pendant que tu lisais. Relis ; ce que tu as écrit est gardé."),
    AccountsRefusal.NOT_A_PICTURE: N_(
        "Cette photo ne s’ouvre pas ici. Prends le ticket en photo en JPEG, ou fais une capture d’écran de la photo."
    ),
    AccountsRefusal.PICTURE_TOO_LARGE: N_("Cette photo est trop grande. Prends-la de plus loin, ou en plus petit."),
    AccountsRefusal.TOO_MANY_PICTURES: N_("C’est trop de photos : trois au plus pour un achat, et trente par jour."),
    AccountsRefusal.NOT_CORRECTABLE: N_("Cette ligne ne se corrige pas ici."),
}

SPENDINGS: dict[Spending, str] = {
    Spending.FOOD: N_("À manger"),
    Spending.ROOM: N_("La salle"),
    Spending.COFFEE: N_("Le café"),
    Spending.MATERIAL: N_("Le matériel"),
    Spending.OTHER: N_("Autre chose"),
}
"""French msgids."""

PAID_FROMS: dict[PaidFrom, str] = {
    PaidFrom.MEMBER: N_("J’ai avancé l’argent"),
    PaidFrom.BOX: N_("Avec l’argent de la boîte"),
    PaidFrom.BANK: N_("Avec la carte ou le chèque de l’association"),
}

REQUEST_STATES: dict[RequestState, str] = {
    RequestState.OPEN: N_("Attend une réponse"),
    RequestState.AGREED: N_("D’accord"),
    RequestState.REFUSED: N_("Pas maintenant"),
    RequestState.BOUGHT: N_("Acheté"),
    RequestState.WITHDRAWN: N_("Retirée"),
}

LINES: dict[LedgerKind, str] = {
    LedgerKind.PAYMENT: N_("Payé par carte"),
    LedgerKind.FEE: N_("Frais de carte"),
    LedgerKind.REFUND: N_("Rendu sur une carte"),
    LedgerKind.REFUND_FAILED: N_("Rendu sur une carte, et revenu"),
    LedgerKind.DISPUTE: N_("Repris par une banque"),
    LedgerKind.DISPUTE_FEE: N_("Frais d’une reprise"),
    LedgerKind.DISPUTE_WON: N_("Rendu par une banque"),
    LedgerKind.PAYOUT: N_("Versé par Stripe à la banque"),
    LedgerKind.PAYOUT_FAILED: N_("Versement revenu chez Stripe"),
    LedgerKind.CASH: N_("Boîte comptée"),
    LedgerKind.PURCHASE: N_("Achat"),
    LedgerKind.REIMBURSEMENT: N_("Remboursement"),
    LedgerKind.DEPOSIT: N_("Entre la boîte et la banque"),
    LedgerKind.CORRECTION: N_("Correction"),
}
"""Why money moved, on screen and on paper. French msgids."""


def agreed(what: str) -> tuple[Text, list[Text | str], Text]:
    """To whoever asked: subject, paragraphs, and what the button does."""
    return (
        text("Ta demande a sa réponse"),
        [text("C’est d’accord pour « %(what)s ». Une fois l’achat fait, note-le avec le ticket de caisse.", what=what)],
        text("Je note l’achat"),
    )


def refused(what: str, reason: str) -> tuple[Text, list[Text | str], Text]:
    """To whoever asked."""
    return (
        text("Ta demande a sa réponse"),
        [text("Pour « %(what)s », c’est : pas maintenant. La raison :", what=what), reason],
        text("Je vois la demande"),
    )


def given_back(what: str) -> tuple[Text, list[Text | str], Text]:
    """To whoever advanced it."""
    return (
        text("Ton achat est réglé"),
        [
            text("Ce que tu as avancé pour « %(what)s » t’a été rendu, d’après les comptes du lieu.", what=what),
            text("Si tu n’as rien reçu, dis-le à qui tient les comptes."),
        ],
        text("Je vois l’achat"),
    )


def not_given_back(what: str) -> tuple[Text, list[Text | str], Text]:
    """To whoever was told the contrary."""
    return (
        text("Ton achat n’est pas encore réglé"),
        [
            text(
                "On t’avait écrit que « %(what)s » t’avait été rendu. C’était une erreur : cela reste à te rendre.",
                what=what,
            )
        ],
        text("Je vois l’achat"),
    )
