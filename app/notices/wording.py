"""How kinds of messages are called: at the foot of mails, and where one chooses what to receive."""

from __future__ import annotations

from app.i18n.text import N_
from app.notices.states import Kind

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
}
"""French msgids."""
