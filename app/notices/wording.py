"""How kinds of messages are called: at the foot of mails, and where one chooses what to receive."""

from __future__ import annotations

from app.errors import Refusal
from app.i18n.text import N_
from app.notices.states import Kind, NoticeRefusal, Remind

KIND_NAMES: dict[Kind, str] = {
    Kind.JOIN: N_("Inscription"),
    Kind.SIGN_IN: N_("Connexion"),
    Kind.CONFIRMATION: N_("Confirmations"),
    Kind.CHANGE: N_("Changements"),
    Kind.CANCELLATION: N_("Annulations"),
    Kind.OFFER: N_("Places qui se libèrent"),
    Kind.REMINDER: N_("Rappels"),
    Kind.HOSTING: N_("Ce que j’anime ou propose"),
    Kind.DUTY: N_("Ce qu’on me demande"),
    Kind.DIGEST: N_("Ta semaine"),
    Kind.ACCOUNT: N_("Mon compte"),
}
"""French msgids."""

KIND_WORDS: dict[Kind, str] = {
    Kind.CONFIRMATION: N_("Ta place est notée, ou tu la laisses."),
    Kind.CHANGE: N_("L’heure, la salle ou le contenu d’un rendez-vous change."),
    Kind.CANCELLATION: N_("Un rendez-vous n’aura pas lieu."),
    Kind.OFFER: N_("Une place est gardée pour toi, le temps que tu répondes."),
    Kind.REMINDER: N_("Ce qui vient, la veille ou un peu avant."),
    Kind.HOSTING: N_("Ce que devient ta proposition, et les invitations à animer."),
    Kind.DUTY: N_("Ce qui attend ton avis ou ton accord, un rôle qu’on te propose."),
    Kind.DIGEST: N_("Le lundi matin, ce qui se passe dans la semaine."),
}
"""French msgids: what each kind that can be stopped is about."""

KIND_ICONS: dict[Kind, str] = {
    Kind.JOIN: "key",
    Kind.SIGN_IN: "key",
    Kind.CONFIRMATION: "check",
    Kind.CHANGE: "pencil",
    Kind.CANCELLATION: "calendar-off",
    Kind.OFFER: "armchair",
    Kind.REMINDER: "bell",
    Kind.HOSTING: "messages",
    Kind.DUTY: "hand-stop",
    Kind.DIGEST: "calendar-week",
    Kind.ACCOUNT: "key",
}

REMINDERS: dict[Remind, str] = {
    Remind.EVE: N_("La veille, à 18 h"),
    Remind.SOON: N_("Deux heures avant"),
    Remind.BOTH: N_("Les deux"),
    Remind.NEVER: N_("Jamais"),
}
"""French msgids, in the order of the page."""

SENTENCES: dict[Refusal, str] = {
    NoticeRefusal.ONLY_WELCOME: N_("Cette liste est pour qui tient l’accueil, le temps de son tour."),
    NoticeRefusal.TOLD_ANOTHER_DAY: N_("C’était un autre jour : ça ne se défait plus."),
}
