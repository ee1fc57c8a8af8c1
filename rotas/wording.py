"""What is said about turns: why something cannot be, and what people are told."""

from __future__ import annotations

from app.errors import Refusal
from app.i18n.text import N_
from rotas.states import RotaRefusal

SENTENCES: dict[Refusal, str] = {
    RotaRefusal.NOT_OF_THIS_PLACE: N_("Les tours sont pris par les membres de ce lieu. Un membre peut t’y accueillir."),
    RotaRefusal.FULL: N_("C’est complet : quelqu’un vient de prendre la dernière place. Merci quand même !"),
    RotaRefusal.OVER: N_("C’est trop tard : ce tour est passé, ou il a commencé."),
    RotaRefusal.CANCELLED: N_("Ce tour n’a plus lieu."),
    RotaRefusal.CLASH: N_("À cette heure-là, tu as déjà « %(title)s », %(when)s."),
    RotaRefusal.THEIR_CLASH: N_("%(name)s n’est pas libre à cette heure-là."),
    RotaRefusal.NEEDS_TRAINING: N_(
        "Ce rôle s’apprend. Viens d’abord regarder un tour avec quelqu’un qui sait : le bouton est juste là."
    ),
    RotaRefusal.NOT_YET_ROUND: N_(
        "Beaucoup de monde veut ce tour. Il s’ouvre d’abord à qui en a fait le moins ; pour toi, %(when)s."
    ),
    RotaRefusal.UNDER_AGE: N_("Avant 18 ans, pas de clés ni de caisse : les autres tours te sont ouverts."),
    RotaRefusal.MEDIATOR_HERE: N_("Qui fait la médiation ici ne tient pas ce rôle : il donne un pouvoir aux membres."),
    RotaRefusal.NO_GUESTS: N_("Ce tour demande un compte : il donne des clés, une caisse ou un savoir-faire."),
    RotaRefusal.ALREADY_YOURS: N_("Ce tour est déjà à toi."),
    RotaRefusal.ALREADY_THEIRS: N_("%(name)s a déjà ce tour."),
    RotaRefusal.NOT_YOURS: N_("Ce tour n’est pas à toi, ou plus."),
    RotaRefusal.NOBODY_TO_WATCH: N_(
        "Personne qui sait faire n’est encore sur ce tour : choisis-en un autre pour regarder."
    ),
    RotaRefusal.SWAP_OVER: N_("C’est déjà réglé : quelqu’un a répondu, ou la demande a été retirée."),
    RotaRefusal.SWAP_OTHERS: N_("Cette demande est pour quelqu’un d’autre."),
    RotaRefusal.SAME_SLOT: N_("C’est le même tour. Choisis-en un autre."),
    RotaRefusal.NOT_WEEKLY: N_("Ce tour n’a lieu qu’une fois."),
    RotaRefusal.WEEKLY_FULL: N_("La moitié des places est déjà tenue chaque semaine. Les autres tournent."),
    RotaRefusal.MAY_NOT: N_("Ce n’est pas à toi de le faire."),
    RotaRefusal.CHANGED_MEANWHILE: N_("Quelqu’un vient de le changer. Regarde comment c’est maintenant."),
    RotaRefusal.PATTERN_ENDED: N_("Ce tour ne revient plus chaque semaine."),
    RotaRefusal.PATTERN_DOUBLE: N_("Ce rôle a déjà un tour ce jour-là à cette heure."),
    RotaRefusal.DUTY_DOUBLE: N_("Ce lieu a déjà un rôle de ce nom."),
    RotaRefusal.NOT_SKILLED: N_("Pour le dire de quelqu’un, il faut savoir le faire."),
    RotaRefusal.FROM_SOURCE: N_("Ce tour vient de « %(title)s » : c’est là qu’on le change."),
}
