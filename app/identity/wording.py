"""How identity says things: the sentence of each refusal, the names of acts and devices. French msgids."""

from __future__ import annotations

from app.errors import Refusal
from app.i18n.text import N_
from app.identity.states import Act, IdentityRefusal

SENTENCES: dict[Refusal, str] = {
    IdentityRefusal.NEEDS_ACT: N_("Ce rôle est tenu par d’autres en ce moment."),
    IdentityRefusal.MEDIATOR_HERE: N_("Tu fais la médiation dans ce lieu : ici, tu ne tiens pas d’autre rôle."),
    IdentityRefusal.NOT_OF_THIS_PLACE: N_("Il faut d’abord faire partie de ce lieu."),
    IdentityRefusal.NOT_MET: N_("Il faut d’abord que deux membres, ou l’accueil, t’aient rencontré ici."),
    IdentityRefusal.LAST_KEEPER: N_("Personne d’autre ne tient ce lieu. Passe d’abord le rôle à quelqu’un."),
    IdentityRefusal.ALREADY_MEMBER: N_("Cette adresse a déjà un compte."),
    IdentityRefusal.THEMSELVES: N_("C’est toi : choisis quelqu’un d’autre."),
    IdentityRefusal.PERSON_IS_MEDIATOR: N_("Cette personne fait la médiation ici : elle ne tient pas d’autre rôle."),
    IdentityRefusal.HOSTS_HERE: N_("Cette personne anime encore ici « %(title)s ». Qu’elle passe d’abord la main."),
    IdentityRefusal.ALREADY_HOLDS: N_("Cette personne a déjà ce rôle."),
    IdentityRefusal.OFFER_OVER: N_("Cette proposition ne tient plus."),
    IdentityRefusal.CODE_OVER: N_("Ce code n’est plus bon. Demande un autre mail."),
    IdentityRefusal.CODE_CLOSED: N_(
        "Trop de codes faux aujourd’hui. Ouvre plutôt le lien du mail : il marche toujours."
    ),
    IdentityRefusal.LINK_OVER: N_("Ce lien a déjà servi, ou il a plus de dix minutes. Demande un autre mail."),
    IdentityRefusal.NOT_PROVEN: N_("Il faut d’abord montrer que c’est bien toi : demande un code par mail."),
    IdentityRefusal.WRONG_PASSWORD: N_("Ce n’est pas ton mot de passe actuel."),
    IdentityRefusal.ADDRESS_TAKEN: N_("Un autre compte a pris cette adresse. Rien n’a changé."),
    IdentityRefusal.HAS_ADDRESS: N_(
        "Cette personne a une adresse mail : elle entre avec un lien par mail, et choisit elle-même son mot de passe."
    ),
    IdentityRefusal.HOLDS_A_ROLE: N_(
        "Cette personne tient un rôle, ou fait la médiation : l’accueil ne change pas son mot de passe."
    ),
    IdentityRefusal.GIVEN_PASSWORD: N_(
        "Choisis d’abord ton mot de passe : celui du papier, quelqu’un d’autre l’a vu. C’est dans « Moi »."
    ),
    IdentityRefusal.SAME_PASSWORD: N_("C’est celui du papier. Choisis-en un que personne d’autre n’a vu."),
    IdentityRefusal.SLIP_GIVEN: N_(
        "C’est déjà fait, et le papier ne se montre qu’une fois. Il est perdu ? Donne un nouveau mot de passe."
    ),
    IdentityRefusal.ROOM_IN_USE: N_("%(room)s est prise %(when)s. Déplace d’abord ce qui y est prévu."),
    IdentityRefusal.ROOM_NAME_TAKEN: N_("Une salle s’appelle déjà « %(room)s »."),
    IdentityRefusal.SLUG_TAKEN: N_("Un lieu s’appelle déjà « %(slug)s »."),
}

OFFERS_A_ROLE = N_("%(name)s te propose un rôle")
OFFERS_TO_KEEP = N_("%(name)s te propose de t’occuper du lieu avec le groupe, à %(place)s.")
NAMING = (OFFERS_A_ROLE, OFFERS_TO_KEEP)
"""Every sentence of a message that says a member’s name."""

ACTS: dict[Act, str] = {
    Act.OPEN_MEALS: N_("Ouvrir un repas"),
    Act.CHECK_IN: N_("Accueillir à la porte"),
    Act.TAKE_CASH: N_("Tenir la caisse"),
    Act.REGISTER: N_("Accueillir les nouvelles personnes"),
    Act.INTRODUCE: N_("Mettre des personnes en relation"),
    Act.KEEP_ACCOUNTS: N_("Tenir les comptes"),
    Act.KEEP_PLACE: N_("Tenir le lieu : salles, horaires, réglages"),
    Act.SAY_YES: N_("Donner l’accord du bureau"),
}

JOURNAL_ACTS: dict[str, str] = {
    "identity.registered": N_("Compte ouvert par l’accueil"),
    "identity.password_given": N_("Mot de passe donné par l’accueil"),
    "identity.address_taken_off": N_("Adresse mail retirée par l’accueil"),
    "identity.second_code_reset": N_("Deuxième code enlevé"),
    "identity.mediator_made": N_("Commence à faire la médiation"),
    "identity.mediator_unmade": N_("Ne fait plus la médiation"),
    "identity.keep_accounts_taken": N_("Rôle passé : tenir les comptes"),
    "identity.keep_place_taken": N_("Rôle passé : tenir le lieu"),
    "identity.keep_accounts_laid_down": N_("Rôle laissé : tenir les comptes"),
    "identity.keep_place_laid_down": N_("Rôle laissé : tenir le lieu"),
    "identity.say_yes_laid_down": N_("Rôle laissé : donner l’accord du bureau"),
}

LANGUAGE_NAMES = {"fr": "Français", "en": "English"}
"""Each language by its own name, whatever language is spoken."""

# What a browser says of itself, coarsely, the first that fits: (words in its User-Agent, label, icon).
_DEVICES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("iPhone",), N_("iPhone"), "device-mobile"),
    (("iPad",), N_("iPad"), "device-mobile"),
    (("Android", "Mobile"), N_("Téléphone Android"), "device-mobile"),
    (("Android",), N_("Tablette Android"), "device-mobile"),
    (("Windows",), N_("Ordinateur sous Windows"), "device-desktop"),
    (("Macintosh",), N_("Mac"), "device-desktop"),
    (("CrOS",), N_("Chromebook"), "device-desktop"),
    (("Linux",), N_("Ordinateur sous Linux"), "device-desktop"),
)
UNKNOWN_DEVICE = N_("Un appareil")
DEVICE_ICONS = {label: icon for _, label, icon in _DEVICES}


def device_label(user_agent: str) -> str:
    """The msgid that names the device; nothing finer is kept of it."""
    return next((label for wanted, label, _ in _DEVICES if all(word in user_agent for word in wanted)), UNKNOWN_DEVICE)
