"""The words of paying by card, for whoever pays: on the ticket while their seats are kept, and of what was paid.

Pure, and said in the reader's language. An amount is the owner's alone to read; on a ticket it stands only as long as
it is to be paid: a ticket that holds is shown at the door.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.i18n import Language, Text, text, text_n
from meals.card_rules import Money
from meals.labels import to_the_cent
from meals.states import Payment, Unpaid

ASK_AGAIN = 30
"""So many times a page asks by itself whether the bank has answered: two minutes, every four seconds."""


Choice = tuple[str, str, str]
"""Value, words, small words."""


class Back(StrEnum):
    """From Stripe's page one comes back so, by the address that Stripe was given."""

    PAID = "retour"
    """At least they have pressed its button: nothing follows from that."""
    GIVEN_UP = "abandon"


@dataclass(frozen=True, slots=True)
class Paying:
    """Seats that are kept until they are paid for."""

    seats: int
    """So many; those that are theirs beside them make a ticket already."""
    lines: Sequence[str]
    pay_words: str
    """« Je paie 10,00 € par carte »."""
    url: str
    """Of the page where one pays; none while Stripe has not answered, or when the time to pay is over."""
    retry: bool
    """Stripe has not answered: one may try again."""
    waits: bool
    """They came back from there: the page asks again by itself."""
    asked: int = 0
    """So many times it has done so."""
    on_site: bool = True
    """They may pay on site instead."""

    @property
    def asks_again(self) -> bool:
        return self.waits and self.asked < ASK_AGAIN


def paying(
    *,
    seats: int,
    cents: int,
    url: str,
    until: datetime,
    flagged: bool,
    unpaid: Unpaid,
    back: Back | None,
    asked: int,
    now: datetime,
    lang: Language,
) -> Paying:
    """What stands on the ticket while `seats` are kept and `cents` are to be paid for them `until` then."""
    say, amount, hour = lang.say, to_the_cent(cents, lang), lang.hour(until)
    over, ends = now >= until, unpaid in (Unpaid.ON_SITE, Unpaid.GIVEN_UP)
    if flagged:
        lines = [
            text("Quelque chose ne va pas avec ce paiement. Une personne du lieu regarde, et on t’écrit."),
            text("Ne paie pas une deuxième fois."),
        ]
    elif ends:
        lines = [
            text("Tu as dit que tu ne viens pas. On attend la réponse de ta banque : ensuite, ta place est libre.")
            if unpaid is Unpaid.GIVEN_UP
            else text("Tu paies sur place. On attend la réponse de ta banque : ensuite, ta place est à toi."),
            text("Si tu as payé par carte entre-temps, tout t’est rendu.")
            if unpaid is Unpaid.GIVEN_UP
            else text("Si tu as payé par carte entre-temps, il n’y a plus rien à payer."),
        ]
    elif over:
        lines = [
            text("Le temps pour payer est passé. Sans paiement, ta place se libère d’ici quelques minutes."),
            text("Si tu as payé, rien n’est perdu : appuie sur « J’ai payé, je vérifie »."),
        ]
    elif not url:
        lines = [
            text_n(
                "La banque met du temps à répondre. Ta place est gardée jusqu’à %(hour)s.",
                "La banque met du temps à répondre. Tes %(n)s places sont gardées jusqu’à %(hour)s.",
                seats,
                hour=hour,
            ),
            text("Rien n’est payé pour l’instant."),
        ]
    elif back is Back.PAID:
        lines = [
            text(
                "Ça prend d’habitude quelques secondes. Si tu as payé, tu peux fermer cette page : on continue de "
                "vérifier."
            ),
            text_n(
                "Ta place reste gardée jusqu’à %(hour)s.",
                "Tes %(n)s places restent gardées jusqu’à %(hour)s.",
                seats,
                hour=hour,
            ),
        ]
    elif back is Back.GIVEN_UP:
        lines = [
            text_n(
                "Tu n’as rien payé. Ta place t’attend jusqu’à %(hour)s.",
                "Tu n’as rien payé. Tes %(n)s places t’attendent jusqu’à %(hour)s.",
                seats,
                hour=hour,
            )
        ]
    else:
        lines = [
            text_n(
                "Il reste à payer %(amount)s avant %(hour)s. Après, la place est libre pour les autres.",
                "Il reste à payer %(amount)s avant %(hour)s. Après, les %(n)s places sont libres pour les autres.",
                seats,
                amount=amount,
                hour=hour,
            )
        ]
    return Paying(
        seats=seats,
        lines=tuple(say(line) for line in lines),
        pay_words=say(text("Je paie %(amount)s par carte", amount=amount)),
        url="" if flagged or over or ends else url,
        retry=not (url or flagged or over or ends),
        waits=back is Back.PAID and bool(url) and not (flagged or ends),
        asked=asked,
        on_site=not (flagged or over or ends),
    )


def heading(seats: int, *, waits: bool, lang: Language) -> tuple[str, str]:
    """Icon and sentence, above what `paying` says."""
    if waits:
        return "hourglass", lang.say(text("On attend ta banque"))
    return "credit-card", lang.say(text_n("Ta place est gardée", "Tes %(n)s places sont gardées", seats))


def payments(lang: Language) -> tuple[Choice, ...]:
    """The two ways to pay, where there are two."""
    say = lang.say
    return (
        (Payment.ON_SITE.value, say(text("Sur place, dans l’enveloppe")), say(text("Le jour du repas, à l’accueil."))),
        (
            Payment.CARD.value,
            say(text("Par carte, maintenant")),
            say(text("Le montant s’affiche avant de payer. Ta place est gardée pendant ce temps.")),
        ),
    )


def given_back(cents: int, left: int, lang: Language) -> Text | None:
    """What becomes of what was paid for seats that were just given back; nothing where nothing was paid."""
    if cents:
        return text("%(amount)s te sont rendus, sous 5 à 10 jours.", amount=to_the_cent(cents, lang))
    if left:
        return text("%(amount)s vont aux repas suspendus. Merci !", amount=to_the_cent(left, lang))
    return None


def both(one: Text | None, other: Text | None, lang: Language) -> Text | None:
    """Two sentences as one, ready to travel with a redirect."""
    if one is None or other is None:
        return one or other
    return text("%(one)s %(other)s", one=lang.say(one), other=lang.say(other))


def leave_words(cents: int, lang: Language) -> str:
    """Beside giving back what was paid by card."""
    return lang.say(text("Je laisse ces %(amount)s aux repas suspendus", amount=to_the_cent(cents, lang)))


def comes_back(cents: int, lang: Language) -> str:
    """Said before seats are given back that were paid by card."""
    return lang.say(text("%(amount)s te sont rendus sur ta carte, sous 5 à 10 jours.", amount=to_the_cent(cents, lang)))


def money_lines(money: Money, *, failed: int, lang: Language) -> list[str]:
    """What became of what was paid by card, and what is left to pay on site; `failed`: so much of it the
    bank could not give back."""
    said = []
    if money.refunded > failed:
        back = to_the_cent(money.refunded - failed, lang)
        said.append(text("Remboursé : %(amount)s, arrive sous 5 à 10 jours", amount=back))
    if failed:
        said.append(text("Un remboursement n’est pas passé. Une personne du lieu s’en occupe."))
    if money.left:
        said.append(text("Laissé aux repas suspendus : %(amount)s", amount=to_the_cent(money.left, lang)))
    if money.on_site:
        rest = to_the_cent(money.on_site, lang)
        said.append(text("Reste à mettre dans l’enveloppe : %(amount)s", amount=rest))
    elif money.due:
        said.append(text("Rien à mettre dans l’enveloppe"))
    return [lang.say(each) for each in said]
