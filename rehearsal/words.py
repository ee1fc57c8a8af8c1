"""What the page says, in French and English, and how an amount is written. Its buttons speak in the first person."""

FRENCH = {
    "rehearsal": "Répétition",
    "colon": "\u00a0:",
    "no_card": "aucune carte n’est débitée.",
    "to_pay": "{amount} à payer",
    "still": "Cette page attend encore {span}.",
    "minutes": "{n} minutes",
    "minute": "une minute",
    "hours": "{n} heures",
    "hour": "une heure",
    "what": "Ce qui est payé",
    "pay": "Je paie {amount}",
    "refuse": "Ma carte est refusée",
    "back": "Je reviens en arrière",
    "instead": "En vrai, c’est ici la page de Stripe, où l’on donne sa carte. Pendant la répétition, un bouton suffit.",
    "refused": "La carte est refusée.",
    "refused_more": "Rien n’est payé. On peut essayer encore.",
    "complete": "C’est payé",
    "complete_more": "{amount}, une seule fois. Il n’y a plus rien à faire ici.",
    "expired": "Trop tard",
    "expired_more": "Cette page n’attend plus. Rien n’a été payé.",
    "absent": "Rien à payer ici",
    "absent_more": "Cette adresse n’est celle d’aucun paiement.",
    "return": "Je reviens",
}

ENGLISH = {
    "rehearsal": "Rehearsal",
    "colon": ":",
    "no_card": "no card is charged.",
    "to_pay": "{amount} to pay",
    "still": "This page waits for another {span}.",
    "minutes": "{n} minutes",
    "minute": "minute",
    "hours": "{n} hours",
    "hour": "hour",
    "what": "What is paid",
    "pay": "I pay {amount}",
    "refuse": "My card is declined",
    "back": "I go back",
    "instead": "For real, this is Stripe’s page, where one types a card’s number. In a rehearsal a button will do.",
    "refused": "The card is declined.",
    "refused_more": "Nothing is paid. One can try again.",
    "complete": "It is paid",
    "complete_more": "{amount}, once only. There is nothing more to do here.",
    "expired": "Too late",
    "expired_more": "This page waits no longer. Nothing was paid.",
    "absent": "Nothing to pay here",
    "absent_more": "No payment has this address.",
    "return": "I go back",
}

LANGUAGES = {"fr": FRENCH, "en": ENGLISH}


def language_of(locale: str | None, accepted: str) -> str:
    """The session's, or by `auto` the browser's; English for all that is not French."""
    if locale in (None, "auto"):
        locale = accepted.partition(",")[0].partition(";")[0].strip()
    return "fr" if (locale or "").lower().startswith("fr") else "en"


def money(cents: int, language: str) -> str:
    if language == "fr":
        return f"{cents // 100},{cents % 100:02}\u00a0€"
    return f"€{cents // 100}.{cents % 100:02}"


def span(seconds: int, language: str) -> str:
    """In minutes, over an hour and a half in hours; never more than is left, but for the last minute."""
    unit, length = ("minute", 60) if seconds < 90 * 60 else ("hour", 3600)
    n = max(1, seconds // length)
    say = LANGUAGES[language]
    return say[unit] if n == 1 else say[f"{unit}s"].format(n=n)
