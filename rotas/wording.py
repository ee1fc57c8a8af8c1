"""What is said about turns: why something cannot be, and what people are told.

Sentences are msgids with the refusal's details in %(…)s; a mail is its subject and its paragraphs. Who is told what,
and when, is decided by the commands.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.clock import local, local_day
from app.errors import Refusal
from app.i18n import Text, text, text_n
from app.i18n.text import N_
from rotas.recurring import ends_next_day
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
    RotaRefusal.NOBODY_BESIDE: N_(
        "Ce rôle se fait d’abord à côté de quelqu’un qui sait. Dès qu’une personne qui sait sera sur ce tour, tu "
        "pourras le prendre."
    ),
    RotaRefusal.NOT_YET_ROUND: N_(
        "Beaucoup de monde veut ce tour. Il s’ouvre d’abord à qui en a fait le moins ; pour toi, %(when)s."
    ),
    RotaRefusal.UNDER_AGE: N_("Avant 18 ans, pas de clés ni de caisse : les autres tours te sont ouverts."),
    RotaRefusal.NOT_MET: N_(
        "Ce tour donne des clés ou un pouvoir : il faut d’abord que deux membres, ou l’accueil, t’aient rencontré ici."
    ),
    RotaRefusal.MEDIATOR_HERE: N_("Qui fait la médiation ici ne tient pas ce rôle : il donne un pouvoir aux membres."),
    RotaRefusal.NO_GUESTS: N_("Ce tour demande un compte : il donne des clés, une caisse ou un savoir-faire."),
    RotaRefusal.ALREADY_YOURS: N_("Ce tour est déjà à toi."),
    RotaRefusal.ALREADY_THEIRS: N_("%(name)s a déjà ce tour."),
    RotaRefusal.NOT_YOURS: N_("Ce tour n’est pas à toi, ou plus."),
    RotaRefusal.NOT_THEIRS: N_("%(name)s n’a pas ce tour, ou plus."),
    RotaRefusal.NOT_FOR_THEM: N_(
        "%(name)s ne peut pas prendre ce tour-là. Demande à quelqu’un d’autre, ou à tout le monde."
    ),
    RotaRefusal.NOBODY_TO_WATCH: N_(
        "Personne qui sait faire n’est encore sur ce tour : choisis-en un autre pour regarder."
    ),
    RotaRefusal.SWAP_OVER: N_("C’est déjà réglé : quelqu’un a répondu, ou la demande a été retirée."),
    RotaRefusal.SWAP_OTHERS: N_("Cette demande est pour quelqu’un d’autre."),
    RotaRefusal.SAME_SLOT: N_("C’est le même tour. Choisis-en un autre."),
    RotaRefusal.SWAP_NOBODY: N_("Personne n’a ce tour-là : prends-le, puis laisse le tien."),
    RotaRefusal.NOT_WEEKLY: N_("Ce tour n’a lieu qu’une fois."),
    RotaRefusal.WEEKLY_FULL: N_("La moitié des places est déjà tenue chaque semaine. Les autres tournent."),
    RotaRefusal.MAY_NOT: N_("Ce n’est pas à toi de le faire."),
    RotaRefusal.CHANGED_MEANWHILE: N_("Quelqu’un vient de le changer. Regarde comment c’est maintenant."),
    RotaRefusal.ALREADY_SENT: N_("Ce formulaire a déjà ouvert un tour. Pour en ouvrir un de plus, envoie-le encore."),
    RotaRefusal.PATTERN_SENT: N_(
        "Ce formulaire a déjà ouvert des tours chaque semaine. Pour en ouvrir d’autres, envoie-le encore."
    ),
    RotaRefusal.PATTERN_ENDED: N_("Ce tour ne revient plus chaque semaine."),
    RotaRefusal.PATTERN_DOUBLE: N_("Ce rôle a déjà un tour ce jour-là à cette heure."),
    RotaRefusal.DUTY_DOUBLE: N_("Ce lieu a déjà un rôle de ce nom."),
    RotaRefusal.NOT_SKILLED: N_("Pour le dire de quelqu’un, il faut savoir le faire."),
    RotaRefusal.FROM_SOURCE: N_("Ce tour vient de « %(title)s » : c’est là qu’on le change."),
}

# ---------------------------------------------------------------------------------------------------------- messages

STANDS_IN = N_("%(name)s prend ton tour : « %(title)s », %(day)s")
SWAPS = N_("%(name)s échange avec toi : « %(title)s », %(day)s")
YOURS_NOW = N_("À sa place, tu as maintenant « %(title)s », %(starts_at)s, celui de %(name)s.")
WROTE_FOR_YOU = N_("%(name)s l’a écrit pour toi. Si ce n’est pas juste, reprends ton tour : il est encore libre.")
ASKED_FOR_YOU = N_("%(name)s l’a écrit pour toi. Tant que personne ne l’a pris, il reste à toi, et tu peux le garder.")
KEPT_FOR_YOU = N_("%(name)s l’a écrit pour toi : tu gardes ton tour, on ne cherche plus personne.")
CAN_YOU = N_("%(name)s ne peut pas venir : tu prends son tour ?")
WOULD_SWAP = N_("%(name)s te propose un échange de tours")
SAID_NO = N_("%(name)s ne peut pas prendre ton tour")
NO_MORE_NEEDED = N_("%(name)s n’a plus besoin qu’on prenne son tour")
WATCH_ENDED_FOR_YOU = N_("%(name)s l’a écrit pour toi. Si ce n’est pas juste, tu peux encore venir regarder.")
GAVE_BACK = N_("%(name)s a rendu cette place.")
NAMING = (
    STANDS_IN,
    SWAPS,
    YOURS_NOW,
    WROTE_FOR_YOU,
    ASKED_FOR_YOU,
    KEPT_FOR_YOU,
    WATCH_ENDED_FOR_YOU,
    CAN_YOU,
    WOULD_SWAP,
    SAID_NO,
    NO_MORE_NEEDED,
    GAVE_BACK,
)
"""Every sentence of a message that says a member’s name: there it is found when it changes, or is to be forgotten."""

SEE = text("Je vois le tour")
TAKE = text("Je prends ce tour")
ANSWER = text("Je réponds")


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail says: a plain string among the paragraphs is somebody's own words."""

    subject: Text
    body: tuple[Text | str, ...]
    action: Text
    """What the link of the mail does, on its button."""


def _mail(subject: Text, *body: Text | str, action: Text = SEE) -> Mail:
    return Mail(subject, body, action)


def _hours(starts_at: datetime, ends_at: datetime) -> Text:
    """« Mardi 24 novembre, de 14 h à 16 h. » said in a sentence of its own."""
    said = N_("C’est %(day)s, de %(opens)s à %(closes)s.")
    if ends_next_day(starts_at, ends_at):
        said = N_("C’est %(day)s, de %(opens)s à %(closes)s le lendemain.")
    details = {"day": local_day(starts_at), "opens": local(starts_at).time(), "closes": local(ends_at).time()}
    return Text(said, details)


def _where(where: str) -> Text:
    return text("Où : %(where)s.", where=where)


def _quoted(words: str, before: Text) -> list[Text | str]:
    """Somebody's words after what announces them; nothing at all when there are none."""
    return [before, words] if words else []


def yours(title: str, starts_at: datetime, ends_at: datetime, *, where: str) -> Mail:
    """To whoever has just taken a turn, or been given one."""
    return _mail(
        text("C’est noté : « %(title)s », %(day)s", title=title, day=local_day(starts_at)),
        text("Ce tour est à toi. Merci !"),
        _hours(starts_at, ends_at),
        _where(where),
        text("Un empêchement ? « Je ne peux pas venir », sur la page du tour : sans te justifier."),
    )


def you_watch(title: str, starts_at: datetime, ends_at: datetime, *, where: str) -> Mail:
    """To whoever comes to watch how it is done."""
    return _mail(
        text("Tu viens regarder : « %(title)s », %(day)s", title=title, day=local_day(starts_at)),
        text("Tu ne prends la place de personne : quelqu’un qui sait faire est là pour te montrer."),
        _hours(starts_at, ends_at),
        _where(where),
    )


def weekly(title: str, starts_at: datetime, *, taken: int) -> Mail:
    """To whoever holds a place every week from now on: one message for all those turns."""
    return _mail(
        text("Chaque semaine : « %(title)s »", title=title),
        text_n(
            "C’est à toi chaque semaine, à partir du %(starts_at)s : %(n)s tour est noté, les suivants viendront.",
            "C’est à toi chaque semaine, à partir du %(starts_at)s : %(n)s tours sont notés, les suivants viendront.",
            taken,
            starts_at=starts_at,
        ),
        text("Une semaine où tu ne peux pas ? « Je ne peux pas venir » vaut pour ce tour-là seulement."),
    )


def given_up(title: str, starts_at: datetime) -> Mail:
    """To whoever has just freed their turn: for their calendar."""
    return _mail(
        text("« %(title)s » : c’est libéré", title=title),
        text("Le tour du %(starts_at)s s’enlève de ton calendrier. Merci d’avoir prévenu.", starts_at=starts_at),
    )


def watches_no_more(title: str, starts_at: datetime, *, by: str | None) -> Mail:
    """To whoever does not come to watch any more: for their calendar; `by` somebody who wrote it down for them."""
    return _mail(
        text("Tu ne viens plus regarder : « %(title)s », %(day)s", title=title, day=local_day(starts_at)),
        text("Le tour du %(starts_at)s s’enlève de ton calendrier. Merci d’avoir prévenu.", starts_at=starts_at)
        if by is None
        else Text(WATCH_ENDED_FOR_YOU, {"name": by}),
    )


def freed_for_you(title: str, starts_at: datetime, *, by: str) -> Mail:
    """To a member whose turn somebody freed for them."""
    return _mail(
        text("« %(title)s », %(day)s : ton tour est libéré", title=title, day=local_day(starts_at)),
        text("Tu ne peux pas venir %(starts_at)s : c’est noté, le tour n’est plus à toi.", starts_at=starts_at),
        Text(WROTE_FOR_YOU, {"name": by}),
        action=TAKE,
    )


def asked_for_you(title: str, starts_at: datetime, *, by: str) -> Mail:
    """To a member for whom somebody wrote that another is to come instead."""
    return _mail(
        text("« %(title)s », %(day)s : on cherche quelqu’un à ta place", title=title, day=local_day(starts_at)),
        text("Tu ne peux pas venir %(starts_at)s : c’est noté.", starts_at=starts_at),
        Text(ASKED_FOR_YOU, {"name": by}),
    )


def kept_for_you(title: str, starts_at: datetime, *, by: str) -> Mail:
    """To a member whose request somebody took back for them."""
    return _mail(
        text("« %(title)s », %(day)s : tu gardes ton tour", title=title, day=local_day(starts_at)),
        Text(KEPT_FOR_YOU, {"name": by}),
    )


def can_you(title: str, starts_at: datetime, ends_at: datetime, *, name: str, word: str) -> Mail:
    """To the one member who is asked to come in somebody's place."""
    return _mail(
        Text(CAN_YOU, {"name": name}),
        text("C’est le tour « %(title)s ».", title=title),
        _hours(starts_at, ends_at),
        *_quoted(word, text("Un mot avec la demande :")),
        text("Oui ou non, les deux sont bien. Sans réponse, rien ne change pour toi."),
        action=ANSWER,
    )


def would_swap(title: str, starts_at: datetime, *, wanted: str, wanted_at: datetime, name: str, word: str) -> Mail:
    """To whoever has the turn that somebody would like for theirs."""
    return _mail(
        Text(WOULD_SWAP, {"name": name}),
        text("Tu donnerais : « %(title)s », %(starts_at)s.", title=wanted, starts_at=wanted_at),
        text("Tu aurais : « %(title)s », %(starts_at)s.", title=title, starts_at=starts_at),
        *_quoted(word, text("Un mot avec la demande :")),
        text("Oui ou non, les deux sont bien. Sans réponse, rien ne change pour toi."),
        action=ANSWER,
    )


def said_no(title: str, starts_at: datetime, *, name: str) -> Mail:
    """To whoever asked."""
    return _mail(
        Text(SAID_NO, {"name": name}),
        text(
            "« %(title)s », %(starts_at)s : le tour est encore à toi. Tu peux demander à quelqu’un d’autre, ou le "
            "libérer.",
            title=title,
            starts_at=starts_at,
        ),
    )


def stood_in(title: str, starts_at: datetime, *, name: str) -> Mail:
    """To whoever could not come: somebody does instead."""
    return _mail(
        Text(STANDS_IN, {"name": name, "title": title, "day": local_day(starts_at)}),
        text("Le tour du %(starts_at)s n’est plus à toi. Tu n’as rien d’autre à faire.", starts_at=starts_at),
    )


def swapped(title: str, starts_at: datetime, *, name: str, other: str, other_at: datetime) -> Mail:
    """To either of the two, of the turn that they gave: what they have for it."""
    return _mail(
        Text(SWAPS, {"name": name, "title": title, "day": local_day(starts_at)}),
        text("Le tour du %(starts_at)s n’est plus à toi.", starts_at=starts_at),
        Text(YOURS_NOW, {"title": other, "starts_at": other_at, "name": name}),
    )


def asked_no_more(title: str, starts_at: datetime, *, name: str) -> Mail:
    """To whoever was asked to come in somebody's place, or to swap."""
    return _mail(
        Text(NO_MORE_NEEDED, {"name": name}),
        text("La demande pour « %(title)s », %(starts_at)s, est retirée.", title=title, starts_at=starts_at),
    )


def wanted_gone(title: str, starts_at: datetime, *, wanted: str) -> Mail:
    """To whoever proposed a swap: the other turn has changed hands."""
    return _mail(
        text("L’échange contre « %(title)s » ne peut plus se faire", title=wanted),
        text("L’autre tour a changé de mains."),
        text("« %(title)s », %(starts_at)s, est encore à toi.", title=title, starts_at=starts_at),
    )


def guest_gone(title: str, starts_at: datetime, *, first_name: str, by: str) -> Mail:
    """To whoever took a turn for somebody without an account, when somebody else gave it back."""
    return _mail(
        text("La place de %(guest)s est rendue : « %(title)s »", guest=first_name, title=title),
        text("C’était pour le tour du %(starts_at)s.", starts_at=starts_at),
        Text(GAVE_BACK, {"name": by}),
    )


def yours_no_more(title: str, starts_at: datetime, *, why: Text) -> Mail:
    """To whoever may not have their turn any more: it is free for others."""
    return _mail(
        text("« %(title)s », %(day)s : ce tour n’est plus à toi", title=title, day=local_day(starts_at)),
        text("Le tour prévu %(starts_at)s est libre de nouveau. Tu n’as rien à faire.", starts_at=starts_at),
        why,
    )


def weekly_no_more(title: str, *, why: RotaRefusal) -> Mail:
    """To whoever may not hold it every week any more."""
    return _mail(
        text("« %(title)s » : tu ne le tiens plus chaque semaine", title=title),
        Text(SENTENCES[why], {}),
        action=text("Je vois les tours"),
    )
