"""What workshops say: the sentence of each refusal, and the words of each mail.

Sentences are msgids with the refusal's details in %(…)s; a mail is its subject and its paragraphs. Who is told what,
and when, is decided by the commands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.clock import local, local_day
from app.errors import Refusal
from app.i18n import Text, text, text_n
from app.i18n.text import N_
from workshops.labels import LANGUAGE_NAMES, NEED_NAMES
from workshops.states import Need, WorkshopRefusal

SENTENCES: dict[Refusal, str] = {
    WorkshopRefusal.MEDIATOR_CANNOT_PROPOSE: N_(
        "Qui fait la médiation ici n’y propose pas d’atelier : ce sont les membres qui commencent. Ailleurs, oui."
    ),
    WorkshopRefusal.MEDIATOR_CANNOT_HOST: N_(
        "Qui fait la médiation ici n’y anime pas d’atelier. Participer, oui, comme tout le monde."
    ),
    WorkshopRefusal.NOT_A_MEMBER_HERE: N_("C’est réservé aux membres de ce lieu. Un membre peut t’y accueillir."),
    WorkshopRefusal.ONLY_HOSTS: N_("C’est aux personnes qui animent l’atelier de le faire."),
    WorkshopRefusal.ONLY_MEDIATORS: N_("C’est à la médiation de le faire."),
    WorkshopRefusal.CONCERNED: N_("Cela te concerne de trop près : quelqu’un d’autre répondra."),
    WorkshopRefusal.NEEDS_THE_BUREAU: N_("Il faut pour cela l’accord explicite du bureau."),
    WorkshopRefusal.STARTS_TOO_SOON: N_(
        "C’est trop tôt : il faut au moins quatre heures pour qu’on puisse te lire. "
        "Le premier moment possible : %(earliest)s."
    ),
    WorkshopRefusal.IN_THE_PAST: N_("Ce moment est déjà passé. Le premier moment possible : %(earliest)s."),
    WorkshopRefusal.ROOM_TAKEN: N_(
        "Quelqu’un a déjà la salle à ce moment-là : %(room)s, %(starts_at)s. Prends une autre salle, une autre heure, "
        "ou garde ton souhait : si elle se libère, elle est pour toi."
    ),
    WorkshopRefusal.ROOM_TOO_SMALL: N_(
        "Cette salle est trop petite : %(room)s a %(seats)s places. Si vous serez plus, dis-le au bureau en cochant "
        "« plus de monde que la salle n’en tient »."
    ),
    WorkshopRefusal.HOST_NOT_FREE: N_("Ce n’est pas possible à ce moment-là : %(who)s."),
    WorkshopRefusal.WRONG_STATE: N_("L’atelier n’en est pas là : cela ne se peut pas, ou plus."),
    WorkshopRefusal.ALREADY_DECIDED: N_("C’est déjà réglé : quelqu’un a répondu avant toi."),
    WorkshopRefusal.CHANGED_MEANWHILE: N_(
        "L’atelier a changé pendant que tu lisais. Relis-le ; ce que tu as écrit est gardé."
    ),
    WorkshopRefusal.ALREADY_CONTESTED: N_("C’est déjà contesté : d’autres personnes le relisent."),
    WorkshopRefusal.ALREADY_BLOCKED: N_("La parution est déjà bloquée ; cela ne se fait qu’une fois."),
    WorkshopRefusal.DRAWN_RULE: N_("Des membres tirés au sort en décident maintenant."),
    WorkshopRefusal.NOT_DRAWN: N_("Ce sont des membres tirés au sort qui en décident."),
    WorkshopRefusal.NOT_OPEN: N_("Cet atelier n’est pas ouvert aux inscriptions."),
    WorkshopRefusal.OVER: N_("Cet atelier a déjà eu lieu."),
    WorkshopRefusal.FULL: N_(
        "Il n’y a plus de place. Une personne qui a un compte peut se mettre sur la liste d’attente."
    ),
    WorkshopRefusal.WAITING_COME_FIRST: N_("Des personnes attendent déjà : la place libre est pour elles."),
    WorkshopRefusal.OFFER_OVER: N_("Le délai est passé : la place n’est plus gardée pour toi."),
    WorkshopRefusal.SAID_YES: N_("Tu as déjà dit oui. Pour laisser ta place, ouvre la page de l’atelier."),
    WorkshopRefusal.NO_OFFER: N_("Aucune place ne t’est gardée pour l’instant."),
    WorkshopRefusal.HOST_CANNOT_SIGN_UP: N_("Tu animes cet atelier : tu y as déjà ta place."),
    WorkshopRefusal.FEWER_THAN_TAKEN: N_(
        "%(taken)s places sont déjà prises : on ne peut pas descendre plus bas sans laisser quelqu’un de côté."
    ),
    WorkshopRefusal.NOT_STARTED: N_("C’est trop tôt : l’atelier n’en est pas encore là."),
    WorkshopRefusal.NO_LIST: N_("Ce format ne garde aucune liste de participants."),
    WorkshopRefusal.NOT_THERE: N_("Le mot de la fin est à celles et ceux qui y étaient."),
    WorkshopRefusal.DRAWN_CANNOT_HOST: N_("Cette personne ne peut pas animer cet atelier pour l’instant."),
    WorkshopRefusal.ALREADY_HOST: N_("Cette personne anime déjà l’atelier."),
    WorkshopRefusal.LAST_HOST: N_("Tu es seul·e à animer : retire plutôt ta proposition, ou invite d’abord quelqu’un."),
    WorkshopRefusal.HAS_HOSTS: N_("Quelqu’un anime déjà cet atelier. Demande-lui : à plusieurs, c’est plus facile."),
}

NOT_FREE_YOURSELF = N_("tu as déjà « %(title)s », %(starts_at)s")
NOT_FREE = N_("%(name)s n’est pas libre")

INVITES = N_("%(name)s t’invite à animer « %(title)s »")
HOSTS_WITH_YOU = N_("%(name)s anime « %(title)s » avec toi")
CANNOT_HOST = N_("%(name)s ne peut pas animer « %(title)s »")
HOSTS_NO_MORE = N_("%(name)s n’anime plus « %(title)s »")
WITHDREW = N_("%(name)s a retiré la proposition.")
TAKES_OVER = N_("%(name)s reprend l’atelier du %(starts_at)s. À bientôt !")
NAMING = (INVITES, HOSTS_WITH_YOU, CANNOT_HOST, HOSTS_NO_MORE, WITHDREW, TAKES_OVER)
"""Every sentence of a message that says a member’s name: there it is found when it changes, or is to be forgotten."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail says: a plain string among the paragraphs is somebody's own words."""

    subject: Text
    body: tuple[Text | str, ...]
    action: Text
    """What the link of the mail does, on its button."""


SEE = text("Je vois l’atelier")
ANSWER = text("Je réponds")
REREAD = text("Je relis")
CHANGE = text("Je change ma proposition")
DISAGREE = N_("Je ne suis pas d’accord avec ce changement")
"""As the page has it."""
WAY_OUT = text("Ce qui conviendrait :")


def _mail(subject: Text, *body: Text | str, action: Text = SEE) -> Mail:
    return Mail(subject, body, action)


def _where(where: str) -> Text:
    """Said in the mail itself, for whoever reads it on the way and has no calendar."""
    return text("Où : %(where)s.", where=where)


def _quoted(words: str, before: Text) -> list[Text | str]:
    """Somebody's words after what announces them; nothing at all when there are none."""
    return [before, words] if words else []


# ------------------------------------------------------------------------------------------------- hosts and mediation


def published(title: str, starts_at: datetime, *, how: str, room_to_find: bool) -> Mail:
    """To hosts: it is on."""
    why = {
        "mediation": text("La médiation a relu : c’est d’accord."),
        "silence": text("Personne n’a rien trouvé à redire : c’est d’accord."),
        "drawn": text("Les membres tirés au sort ont dit oui."),
    }[how]
    more = [text("Il n’a pas encore de salle : si celle que tu souhaites se libère, elle est à vous.")]
    return _mail(
        text("« %(title)s », %(day)s : c’est dans l’agenda", title=title, day=local_day(starts_at)),
        why,
        text("L’atelier a lieu %(starts_at)s. Les inscriptions sont ouvertes.", starts_at=starts_at),
        *(more if room_to_find else []),
    )


def waits_for_bureau(title: str) -> Mail:
    """To hosts: agreed, but for the bureau."""
    return _mail(
        text("« %(title)s » : il reste l’accord du bureau", title=title),
        text("Côté lecture, c’est d’accord. L’atelier paraîtra dès que le bureau aura dit oui à ce que tu as coché."),
    )


def yes_wanted(title: str, needs: Sequence[Need]) -> Mail:
    """To whoever may say yes for the association."""
    return _mail(
        text("« %(title)s » attend le oui du bureau", title=title),
        text("L’association en répond, il faut donc un oui explicite. C’est coché :"),
        *(text(NEED_NAMES[need]) for need in needs),
        action=ANSWER,
    )


def sent_back(title: str, *, reason: str, way_out: str, drawn: bool, may_contest: bool) -> Mail:
    """To hosts: a change is asked."""
    otherwise = text(
        "Ou bien, sur la page de l’atelier : « %(disagree)s ». D’autres personnes le reliront.", disagree=text(DISAGREE)
    )
    who = (
        text("Les membres tirés au sort demandent un changement. Voici pourquoi :")
        if drawn
        else text("La médiation a relu et demande un changement. Voici pourquoi :")
    )
    return _mail(
        text("« %(title)s » : à revoir", title=title),
        who,
        reason,
        *_quoted(way_out, WAY_OUT),
        text("Change ce qu’il faut et propose de nouveau."),
        *([otherwise] if may_contest else []),
        action=CHANGE,
    )


def blocked(title: str, *, why: str, until: datetime) -> Mail:
    """To hosts: a mediator stops publication for a while."""
    return _mail(
        text("« %(title)s » : parution bloquée pour l’instant", title=title),
        text("La médiation a bloqué la parution, pour l’instant. Voici pourquoi :"),
        why,
        text(
            "Cela vaut jusqu’au %(until)s. Si rien n’est réglé, trois membres tirés au sort décident. S’ils ne disent "
            "rien, c’est oui.",
            until=until,
        ),
    )


def contested(title: str, *, word: str, due_at: datetime) -> Mail:
    """To the other mediators."""
    return _mail(
        text("« %(title)s » : une autre lecture est demandée", title=title),
        text("Les personnes qui proposent ne sont pas d’accord avec le changement demandé. Elles écrivent :"),
        word,
        text("Sans réponse d’ici %(due_at)s, c’est oui.", due_at=due_at),
        action=REREAD,
    )


def drawn(title: str, *, due_at: datetime) -> Mail:
    """To each of the drawn."""
    return _mail(
        text("Le sort est tombé sur toi : un avis sur « %(title)s »", title=title),
        text("La médiation et les personnes qui proposent ne sont pas d’accord : on tire au sort, et c’est toi."),
        text(
            "Lis la proposition et dis si elle paraît telle quelle, d’ici %(due_at)s. Ton avis reste secret.",
            due_at=due_at,
        ),
        action=text("Je donne mon avis"),
    )


def review_again(title: str, *, due_at: datetime) -> Mail:
    """To hosts: what they changed is read again."""
    return _mail(
        text("« %(title)s » : ton changement est relu", title=title),
        text(
            "La médiation voudrait relire ce que tu as changé. L’atelier reste dans l’agenda, les inscriptions aussi."
        ),
        text("Sans réponse d’ici %(due_at)s, ton changement reste.", due_at=due_at),
    )


def put_back(title: str, *, reason: str, way_out: str) -> Mail:
    """To hosts: the words are again those that were read."""
    return _mail(
        text("« %(title)s » a retrouvé son texte d’avant", title=title),
        text("La médiation a relu ton changement et demande autre chose. Voici pourquoi :"),
        reason,
        *_quoted(way_out, WAY_OUT),
        text("L’atelier a toujours lieu. Tu peux le changer à nouveau."),
    )


def invitation(title: str, starts_at: datetime, *, by: str) -> Mail:
    """To a member who is asked to host."""
    return _mail(
        Text(INVITES, {"name": by, "title": title}),
        text("C’est prévu %(starts_at)s. Tant que tu n’as pas dit oui, ce temps reste à toi.", starts_at=starts_at),
        action=ANSWER,
    )


def invitation_answered(title: str, *, name: str, yes: bool) -> Mail:
    """To whoever invited."""
    return _mail(
        Text(HOSTS_WITH_YOU, {"name": name, "title": title})
        if yes
        else Text(CANNOT_HOST, {"name": name, "title": title}),
        text("Tout est à jour dans l’agenda.") if yes else text("Tu peux inviter quelqu’un d’autre."),
    )


def hosting(title: str, starts_at: datetime) -> Mail:
    """To somebody who has just come to host what is on: for their calendar."""
    return _mail(
        text("C’est noté : tu animes « %(title)s »", title=title),
        text("L’atelier a lieu %(starts_at)s.", starts_at=starts_at),
    )


def hosting_no_more(title: str, starts_at: datetime) -> Mail:
    """To somebody who has just left: for their calendar."""
    return _mail(
        text("C’est noté : tu n’animes plus « %(title)s »", title=title),
        text("L’atelier du %(starts_at)s s’enlève de ton calendrier.", starts_at=starts_at),
    )


def host_left(title: str, starts_at: datetime, *, name: str) -> Mail:
    """To the other hosts."""
    return _mail(
        Text(HOSTS_NO_MORE, {"name": name, "title": title}),
        text("C’est toujours prévu %(starts_at)s.", starts_at=starts_at),
    )


def room_found(title: str, *, room: str, starts_at: datetime) -> Mail:
    """To hosts and people: the wished room came free."""
    return _mail(
        text("« %(title)s » a une salle", title=title),
        text("Elle s’est libérée : %(room)s, %(starts_at)s.", room=room, starts_at=starts_at),
    )


def low_numbers(title: str, starts_at: datetime, *, taken: int, least: int) -> Mail:
    """To hosts, 48 h before."""
    return _mail(
        text("« %(title)s » : on garde, on déplace, on annule ?", title=title),
        text_n(
            "%(n)s personne est inscrite pour %(starts_at)s ; ce format en demande %(least)s.",
            "%(n)s personnes sont inscrites pour %(starts_at)s ; ce format en demande %(least)s.",
            taken,
            starts_at=starts_at,
            least=least,
        ),
        text("Garder, déplacer ou annuler : c’est à toi de voir. Si tu ne fais rien, l’atelier est maintenu."),
    )


def lapsed(title: str, *, for_the_yes: bool) -> Mail:
    """To its author: its start has passed."""
    return _mail(
        text("« %(title)s » n’a pas paru", title=title),
        text("Son heure est passée sans le oui du bureau. Tu peux le proposer à une autre date.")
        if for_the_yes
        else text("Son heure est passée avant qu’il soit proposé de nouveau. Tu peux le proposer à une autre date."),
    )


def withdrawn(title: str, *, by: str) -> Mail:
    """To the other hosts of a proposal."""
    return _mail(
        text("« %(title)s » est retiré", title=title),
        Text(WITHDREW, {"name": by}),
    )


# ------------------------------------------------------------------------------------------------------ those who come


def confirmed(title: str, starts_at: datetime, *, where: str, bring: str) -> Mail:
    """To somebody who has a place."""
    return _mail(
        text("C’est noté : « %(title)s », %(day)s", title=title, day=local_day(starts_at)),
        text("Tu as ta place, %(starts_at)s.", starts_at=starts_at),
        _where(where),
        *_quoted(bring, text("À apporter :")),
        text("Un empêchement ? Tu laisses ta place en un geste, sans te justifier."),
    )


def given_back(title: str, starts_at: datetime) -> Mail:
    """To somebody who has just left their place: for their calendar."""
    return _mail(
        text("« %(title)s » : tu laisses ta place", title=title),
        text("L’atelier du %(starts_at)s s’enlève de ton calendrier.", starts_at=starts_at),
    )


def guest_left(title: str, starts_at: datetime, *, first_name: str) -> Mail:
    """To whoever signed up somebody without an account, when a host gave that place back."""
    return _mail(
        text("La place de %(name)s est rendue : « %(title)s »", name=first_name, title=title),
        text("C’était pour l’atelier du %(starts_at)s. L’équipe l’a rendue.", starts_at=starts_at),
    )


def offer(title: str, starts_at: datetime, *, where: str, until: datetime) -> Mail:
    """To the first who waits."""
    return _mail(
        text("Une place pour toi : « %(title)s »", title=title),
        text(
            "Une place s’est libérée pour l’atelier du %(starts_at)s. Elle t’est gardée jusqu’au %(until)s.",
            starts_at=starts_at,
            until=until,
        ),
        _where(where),
        text("Dis oui ou non ; sans réponse, elle va à la personne suivante."),
        action=ANSWER,
    )


def place_free(title: str, starts_at: datetime) -> Mail:
    """To those who wait, in the last two hours."""
    return _mail(
        text("Une place est libre, tout de suite : « %(title)s »", title=title),
        text(
            "C’est pour %(starts_at)s. À deux heures du début, c’est la première personne qui la prend.",
            starts_at=starts_at,
        ),
        action=text("Je prends la place"),
    )


def offer_lapsed(title: str) -> Mail:
    """To somebody who did not answer."""
    return _mail(
        text("Le délai est passé : « %(title)s »", title=title),
        text("La place n’est plus gardée pour toi, ce n’est pas grave. Tu peux t’inscrire à nouveau."),
    )


def changed(title: str, changes: Sequence[Text], *, host: bool = False, until: datetime | None = None) -> Mail:
    """To everybody who has a place or waits, or to hosts. `until`: to those whose offer ends sooner than was said."""
    more = [text("Si cela ne te va plus, laisse ta place en un geste.")]
    if until is not None:
        more = [text("Ta place t’est gardée jusqu’au %(until)s. Dis oui ou non.", until=until)]
    return _mail(
        text("« %(title)s » a changé", title=title),
        *changes,
        *([] if host else more),
        action=SEE if until is None else ANSWER,
    )


def cancelled(title: str, starts_at: datetime, *, reason: str, host: bool = False) -> Mail:
    """To everybody who has a place or waits, or to hosts and those who were asked to be."""
    return _mail(
        text("« %(title)s » est annulé", title=title),
        text("L’atelier du %(starts_at)s n’aura pas lieu.", starts_at=starts_at),
        *([reason] if reason else []),
        *([] if host else [text("La liste est gardée : s’il rouvre, on te redemande.")]),
    )


def asked_again(title: str, starts_at: datetime, *, where: str, until: datetime) -> Mail:
    """To those who had a place in a session that is on again."""
    return _mail(
        text("« %(title)s » rouvre : tu viens toujours ?", title=title),
        text(
            "L’atelier a lieu %(starts_at)s, finalement. Ta place t’est gardée jusqu’au %(until)s.",
            starts_at=starts_at,
            until=until,
        ),
        _where(where),
        text("Dis oui ou non ; sans réponse, elle va à la personne suivante."),
        action=ANSWER,
    )


def on_again(title: str, starts_at: datetime) -> Mail:
    """To the other hosts, to those who wait and for people without an account: a session that was called off is on."""
    return _mail(
        text("« %(title)s » rouvre", title=title),
        text(
            "L’atelier a lieu %(starts_at)s, finalement. On redemande à celles et ceux qui avaient leur place.",
            starts_at=starts_at,
        ),
    )


def warn_guests(names: Sequence[str]) -> Text:
    """One more paragraph for the member who signed up these people, who have no account."""
    return text_n(
        "Préviens %(names)s, que tu avais inscrit·e.",
        "Préviens %(names)s, que tu avais inscrit·e·s.",
        len(names),
        names=tuple(names),
    )


def host_wanted(title: str, starts_at: datetime) -> Mail:
    """To people signed up: nobody hosts any more."""
    return _mail(
        text("On cherche quelqu’un pour animer « %(title)s »", title=title),
        text("L’atelier du %(starts_at)s n’a plus personne pour l’animer. Ta place est gardée.", starts_at=starts_at),
        text("Et toi, ça te dirait ? N’importe quel membre du lieu peut le reprendre."),
    )


def host_found(title: str, starts_at: datetime, *, name: str) -> Mail:
    """To people signed up: it is on after all."""
    return _mail(
        text("« %(title)s » a quelqu’un pour l’animer", title=title),
        Text(TAKES_OVER, {"name": name, "starts_at": starts_at}),
    )


# --------------------------------------------------------------------------------------------------- what has changed


def new_hours(starts_at: datetime, ends_at: datetime, *, before: tuple[datetime, datetime]) -> Text:
    """When it is now, and when it was."""
    details = {
        "day": local_day(starts_at),
        "start": local(starts_at).time(),
        "end": local(ends_at).time(),
        "old_day": local_day(before[0]),
        "old_start": local(before[0]).time(),
        "old_end": local(before[1]).time(),
    }
    if local_day(starts_at) == local_day(before[0]):
        return text(
            "Nouvelle heure : %(day)s, de %(start)s à %(end)s, au lieu de %(old_start)s à %(old_end)s.", **details
        )
    return text(
        "Nouvelle date : %(day)s, de %(start)s à %(end)s, au lieu du %(old_day)s, de %(old_start)s à %(old_end)s.",
        **details,
    )


def new_room(room: str) -> Text:
    return text("Nouvelle salle : %(room)s.", room=room) if room else text("La salle reste à trouver.")


def new_capacity(capacity: int) -> Text:
    return text("Nombre de places : %(capacity)s.", capacity=capacity)


def new_title(title: str) -> Text:
    return text("Nouveau titre : « %(title)s ».", title=title)


def new_summary() -> Text:
    return text("La présentation a été récrite.")


def new_format() -> Text:
    return text("Le format n’est plus le même.")


def new_speaker(speaker: str) -> Text:
    return text("Personne invitée : %(name)s.", name=speaker) if speaker else text("Il n’y a plus de personne invitée.")


def new_language(language: str) -> Text:
    return text("Cela se passe %(language)s.", language=text(LANGUAGE_NAMES[language]))


def new_access(step_free: bool) -> Text:
    return text("C’est sans marche.") if step_free else text("Attention : il y a des marches.")


def new_children(welcome: bool) -> Text:
    return text("Les enfants sont les bienvenus.") if welcome else text("Ce n’est plus prévu pour les enfants.")


def text_is_back() -> Text:
    return text("Le texte est revenu à ce qu’il disait avant.")
