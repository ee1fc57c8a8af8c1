"""What people are told when turns move, end, are made or lack somebody: by a place, a clock, or what opened them.

What becomes of one's own deeds is said in `rotas.wording`. Who is told what, and when, is decided by the commands.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.clock import local_day
from app.i18n import Text, text, text_n
from app.i18n.text import N_
from rotas.rules import Lack
from rotas.states import Level
from rotas.wording import Mail

SEE = text("Je vois le tour")
SEE_ALL = text("Je vois les tours")
TAKE = text("Je prends un tour")

STAND_INS = {
    Lack.STAND_IN: N_("« %(title)s », %(when)s : une personne ne peut pas venir, on cherche quelqu’un à sa place."),
    Lack.KEYS_STAND_IN: N_(
        "« %(title)s », %(when)s : une personne qui ouvre le lieu ne peut pas venir, on cherche quelqu’un à sa place."
    ),
}
"""Of turns that are somebody’s until another takes them; who it is, their page says."""

WANTED = {
    Lack.STAND_IN: N_("Une personne ne peut pas venir : on cherche quelqu’un à sa place"),
    Lack.KEYS_STAND_IN: N_("Une personne qui ouvre le lieu ne peut pas venir : on cherche quelqu’un à sa place"),
}
"""The same at the desk."""

LEVEL_WORDS = {
    Level.NONE: N_("« %(duty)s » : on repart du début, viens regarder quand tu veux."),
    Level.WATCHED: N_("« %(duty)s » : tu as regardé. La prochaine fois, fais-le avec quelqu’un qui sait."),
    Level.DID_WITH: N_("« %(duty)s » : tu l’as fait avec quelqu’un qui sait."),
    Level.DOES: N_("« %(duty)s » : tu sais faire. Tu peux prendre ces tours sans personne à côté de toi."),
    Level.TEACHES: N_("« %(duty)s » : tu sais faire, et tu peux l’apprendre à d’autres."),
}

JOURNAL_ACTS = {
    "turn.duty_opened": N_("Rôle ouvert"),
    "turn.duty_changed": N_("Rôle changé"),
    "turn.duty_retired": N_("Rôle retiré"),
    "turn.pattern_opened": N_("Tour de chaque semaine ouvert"),
    "turn.pattern_changed": N_("Tour de chaque semaine changé"),
    "turn.pattern_ended": N_("Fin d’un tour de chaque semaine"),
    "turn.opened": N_("Tour ouvert"),
    "turn.changed": N_("Tour changé"),
    "turn.cancelled": N_("Tour annulé"),
    "turn.reopened": N_("Tour remis"),
    "turn.attested": N_("Savoir-faire noté pour quelqu’un"),
    "turn.till_counted": N_("Caisse comptée"),
    "turn.quiet": N_("Mode calme changé"),
}
"""Of the journal lines that commands of places write."""

_IT_IS_YOURS = text("Si ça ne va pas, la page du tour a le bouton « Je ne peux pas venir ».")


def moved(title: str, before: datetime, starts_at: datetime, ends_at: datetime) -> Mail:
    """To whoever has the turn, and keeps it."""
    return Mail(
        text("« %(title)s » change d’heure : %(when)s", title=title, when=starts_at),
        (
            text("Ton tour, prévu %(before)s, commence maintenant %(when)s.", before=before, when=starts_at),
            text("Il finit %(until)s.", until=ends_at),
            _IT_IS_YOURS,
        ),
        SEE,
    )


def moved_all(title: str, spans: Sequence[tuple[datetime, datetime]]) -> Mail:
    """To whoever has several turns of one pattern, and keeps them: before and after of each."""
    return Mail(
        text("« %(title)s » : tes tours changent d’heure", title=title),
        (
            text("Tes tours restent à toi, à leur nouvelle heure :"),
            *(text("%(before)s → %(after)s", before=before, after=after) for before, after in spans),
            _IT_IS_YOURS,
        ),
        SEE_ALL,
    )


def renamed(title: str, starts_at: datetime) -> Mail:
    """To whoever has the turn, and it in their own calendar."""
    return Mail(
        text("Ton tour s’appelle maintenant « %(title)s »", title=title),
        (text("L’heure reste la même : %(when)s.", when=starts_at),),
        SEE,
    )


def moved_away(title: str, before: datetime, starts_at: datetime, why: Text) -> Mail:
    """To whoever had the turn, and cannot have it at its new hours."""
    return Mail(
        text("« %(title)s » change d’heure, et tu n’as plus ce tour", title=title),
        (
            text("Ton tour, prévu %(before)s, commence maintenant %(when)s.", before=before, when=starts_at),
            why,
            text("Ce tour n’est donc plus à toi : il n’y a rien à faire. Si tu peux quand même, reprends-le."),
        ),
        SEE,
    )


def busy(title: str) -> Text:
    """What stands against the new hours."""
    return text("À cette heure-là, tu as déjà « %(title)s ».", title=title)


ROLE_REFUSED = text(
    "Ce tour donne un pouvoir, et ton mot de passe vient d’un papier : choisis-en un à toi, puis reprends ce tour."
)
"""Why somebody cannot have it, of whoever signs in with the words of a paper still."""


def guest_moved(title: str, before: datetime, starts_at: datetime, *, first_name: str) -> Mail:
    """To whoever took a turn for somebody without an account."""
    return Mail(
        text("« %(title)s » change d’heure : préviens %(name)s", title=title, name=first_name),
        (
            text("Le tour, prévu %(before)s, commence maintenant %(when)s.", before=before, when=starts_at),
            text("Tu l’as pris pour %(name)s, qui n’a pas de compte : c’est toi qui préviens.", name=first_name),
        ),
        SEE,
    )


def stays_once(title: str, starts_at: datetime) -> Mail:
    """To whoever has a turn that its pattern has no more."""
    return Mail(
        text("« %(title)s » change de jour ou d’heure, ton tour reste", title=title),
        (
            text("Ce tour passe à un autre jour ou une autre heure. Le tien, %(when)s, reste.", when=starts_at),
            _IT_IS_YOURS,
        ),
        SEE,
    )


def off(title: str, starts_at: datetime) -> Mail:
    """To whoever had the turn: it will not be."""
    return Mail(
        text("« %(title)s », %(day)s : ce tour n’a plus lieu", title=title, day=local_day(starts_at)),
        (text("Le tour prévu %(when)s est annulé. Il n’y a rien à faire.", when=starts_at),),
        SEE,
    )


def on_again(title: str, starts_at: datetime) -> Mail:
    """To whoever had the turn when it was called off."""
    return Mail(
        text("« %(title)s », %(day)s : ce tour a lieu", title=title, day=local_day(starts_at)),
        (
            text("Il avait été annulé ; il a bien lieu, %(when)s.", when=starts_at),
            text("Ta place est libre de nouveau. Si tu peux encore, reprends-la."),
        ),
        SEE,
    )


def yours_again(title: str, starts_at: datetime) -> Mail:
    """To whoever had the turn when it was called off, and has it again."""
    return Mail(
        text("« %(title)s », %(day)s : ce tour a lieu", title=title, day=local_day(starts_at)),
        (
            text("Il avait été annulé ; il a bien lieu, %(when)s.", when=starts_at),
            text("Il est de nouveau à toi, comme avant."),
            _IT_IS_YOURS,
        ),
        SEE,
    )


def weekly_missed(title: str, starts_at: datetime, why: Text) -> Mail:
    """To whoever holds it every week, and cannot have this one."""
    return Mail(
        text("« %(title)s », %(day)s : pas cette fois", title=title, day=local_day(starts_at)),
        (
            text("Tu tiens ce tour chaque semaine, mais celui qui commence %(when)s n’est pas à toi.", when=starts_at),
            why,
            text("Les autres semaines ne changent pas."),
        ),
        SEE,
    )


def weekly_given(title: str, starts_at: datetime, *, where: str) -> Mail:
    """To whoever holds it every week: the next one, for their calendar."""
    return Mail(
        text("« %(title)s », %(day)s : c’est ton tour", title=title, day=local_day(starts_at)),
        (
            text("Tu tiens ce tour chaque semaine : le prochain commence %(when)s.", when=starts_at),
            text("Où : %(where)s.", where=where),
            _IT_IS_YOURS,
        ),
        SEE,
    )


def pattern_over(title: str, last_on: object) -> Mail:
    """To whoever held it every week."""
    return Mail(
        text("« %(title)s » ne revient plus chaque semaine", title=title),
        (text("Tu le tenais chaque semaine. Le dernier jour : %(day)s. Merci !", day=last_on),),
        SEE_ALL,
    )


def fewer_weekly(title: str, from_on: object) -> Mail:
    """To whoever held it every week, and does not hold what it was changed into: it wants fewer people."""
    return Mail(
        text("« %(title)s » : tu ne le tiens plus chaque semaine", title=title),
        (
            text(
                "À partir du %(day)s, ce tour demande moins de monde. Les places de chaque semaine restent à qui les "
                "tient depuis le plus longtemps.",
                day=from_on,
            ),
            text("Les tours que tu as déjà restent à toi."),
        ),
        SEE_ALL,
    )


def called(lacks: Sequence[tuple[str, datetime, int, Lack]]) -> Mail:
    """To those who may: these turns of the next two days lack so many people, or somebody in whose place to come."""
    if len(lacks) == 1:
        title, starts_at, missing, lack = lacks[0]
        if lack in STAND_INS:
            subject = text("On cherche quelqu’un : « %(title)s », %(when)s", title=title, when=starts_at)
        else:
            subject = text_n(
                "Il manque une personne : « %(title)s », %(when)s",
                "Il manque %(n)s personnes : « %(title)s », %(when)s",
                missing,
                title=title,
                when=starts_at,
            )
    else:
        subject = text_n("%(n)s tour cherche quelqu’un", "%(n)s tours cherchent quelqu’un", len(lacks))
    return Mail(
        subject,
        (
            *(_lack(*each) for each in lacks),
            text("Si tu peux, prends-en un. Si tu ne peux pas, il n’y a rien à faire."),
        ),
        TAKE,
    )


def _lack(title: str, starts_at: datetime, missing: int, lack: Lack) -> Text:
    if lack is Lack.KEYS:
        return text("« %(title)s », %(when)s : personne n’a encore les clés.", title=title, when=starts_at)
    if lack in STAND_INS:
        return Text(STAND_INS[lack], {"title": title, "when": starts_at})
    return text_n(
        "« %(title)s », %(when)s : il manque une personne.",
        "« %(title)s », %(when)s : il manque %(n)s personnes.",
        missing,
        title=title,
        when=starts_at,
    )


def nobody_came_forward(title: str, starts_at: datetime) -> Mail:
    """To whoever looked for somebody in their place, when the turn begins."""
    return Mail(
        text("« %(title)s » : personne n’a pu te remplacer", title=title),
        (text("Le tour qui commence %(when)s est resté à toi.", when=starts_at),),
        SEE,
    )


def empty_run(title: str, starts_at: datetime, times: int) -> Mail:
    """To whoever keeps the place."""
    return Mail(
        text("« %(title)s » est resté vide %(n)s fois : on l’enlève ?", title=title, n=times),
        (
            text(
                "Personne n’a pris ce tour les %(n)s dernières fois. La dernière : %(when)s.", n=times, when=starts_at
            ),
            text("Peut-être qu’il ne manque à personne, ou qu’une autre heure irait mieux."),
        ),
        SEE_ALL,
    )


def attested(duty: str, level: Level) -> Mail:
    """To whoever somebody said it of."""
    return Mail(text("« %(duty)s » : où tu en es", duty=duty), (Text(LEVEL_WORDS[level], {"duty": duty}),), SEE_ALL)
