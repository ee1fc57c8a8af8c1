"""How formats, needs and states are called on screen: French msgids and icons. What they do stands in `states`."""

from __future__ import annotations

from app.i18n.text import N_
from workshops.states import Format, Need, State

FORMAT_NAMES: dict[Format, str] = {
    Format.CV_TROC: N_("CV-troc"),
    Format.CODEV: N_("Co-développement"),
    Format.CAFE_DEBAT: N_("Café-débat"),
    Format.TABLE_RONDE: N_("Table ronde"),
    Format.CHAMBOULE_TOUT: N_("Chamboule-tout de l’emploi"),
    Format.FORMATION: N_("Formation"),
    Format.ACCUEIL: N_("Accueil"),
    Format.RENCONTRE: N_("Rencontre du mois"),
    Format.PRATIQUES: N_("Groupe de pratiques"),
    Format.PAROLE: N_("Groupe de parole"),
    Format.LIBRE: N_("Atelier libre"),
}

FORMAT_HINTS: dict[Format, str] = {
    Format.CV_TROC: N_("On se relit à deux. De 6 à 12 personnes."),
    Format.CODEV: N_("Une situation, six regards. De 4 à 10 personnes."),
    Format.CAFE_DEBAT: N_("Une question, un café. Personne n’est expert."),
    Format.TABLE_RONDE: N_("Des gens racontent, puis tout le monde parle."),
    Format.CHAMBOULE_TOUT: N_("On écrit les obstacles, on les fait tomber."),
    Format.FORMATION: N_("Quelqu’un montre, les autres essaient."),
    Format.ACCUEIL: N_("Pour celles et ceux qui arrivent."),
    Format.RENCONTRE: N_("Ce qui marche, ce qui coince, ce qu’on prépare."),
    Format.PRATIQUES: N_("On s’entraîne ensemble à la même chose."),
    Format.PAROLE: N_("Avec une psychologue ou un autre intervenant."),
    Format.LIBRE: N_("Autre chose : invente."),
}

FORMAT_ICONS: dict[Format, str] = {
    Format.CV_TROC: "file-text",
    Format.CODEV: "users-group",
    Format.CAFE_DEBAT: "coffee",
    Format.TABLE_RONDE: "messages",
    Format.CHAMBOULE_TOUT: "speakerphone",
    Format.FORMATION: "key",
    Format.ACCUEIL: "door",
    Format.RENCONTRE: "calendar-event",
    Format.PRATIQUES: "pencil",
    Format.PAROLE: "heart-handshake",
    Format.LIBRE: "leaf",
}

DRAWINGS: dict[Format, str] = {
    Format.CV_TROC: "cv_troc",
    Format.CODEV: "codev",
    Format.CAFE_DEBAT: "cafe_debat",
    Format.TABLE_RONDE: "table_ronde",
    Format.FORMATION: "formation",
}
"""The poster's drawing; the others share one."""

NEED_NAMES: dict[Need, str] = {
    Need.OUTING: N_("On sort du lieu"),
    Need.ALCOHOL: N_("Il y aura de l’alcool"),
    Need.MINORS: N_("Des mineurs viennent sans leurs parents"),
    Need.FLAME: N_("Il y aura une flamme (bougie, réchaud)"),
    Need.CROWD: N_("Plus de monde que la salle n’a de places"),
}

STATE_NAMES: dict[State, str] = {
    State.DRAFT: N_("Brouillon"),
    State.PROPOSED: N_("À relire"),
    State.SENT_BACK: N_("À revoir"),
    State.CONTESTED: N_("Avis contesté"),
    State.PUBLISHED: N_("Publié"),
    State.HELD: N_("A eu lieu"),
    State.CANCELLED: N_("Annulé"),
    State.LAPSED: N_("Passé sans paraître"),
}

LANGUAGE_NAMES: dict[str, str] = {
    "fr": N_("en français"),
    "en": N_("en anglais"),
    "ar": N_("en arabe"),
    "es": N_("en espagnol"),
    "pt": N_("en portugais"),
    "uk": N_("en ukrainien"),
    "lsf": N_("en langue des signes"),
    "xx": N_("en plusieurs langues"),
}
