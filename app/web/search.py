"""Search over what one may see: each domain answers for its own things; here they are grouped and marked.

The pages of the house itself are searched too, by their titles and a few words about them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.contracts import Found
from app.finding import LONGEST_QUERY, answers, marked, search_words
from app.i18n import Language, language, text, text_n
from app.i18n.text import N_
from app.identity.visits import Visit
from app.registry import Registry
from app.web.forms import clean_line

MOST = 25
"""So many results of one domain are shown; beyond, one more word is better than more pages."""
WORDS_SHOWN = 180


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A page of the house that a search may find."""

    title: str
    words: str
    href: str
    icon: str
    kind: str = "agenda"
    for_members: bool = False


HOUSE = (
    Shortcut(N_("Agenda"), N_("Tout ce qui vient : jour, semaine, mois"), "/agenda", "calendar-week"),
    Shortcut(
        N_("Comment venir"),
        N_("Les lieux : adresse, horaires, accès, plain-pied, plan, bus, métro"),
        "/lieux",
        "map-pin",
    ),
    Shortcut(N_("Ateliers"), N_("Ce qui se prépare, ce qui a eu lieu"), "/ateliers", "messages", "workshop"),
    Shortcut(
        N_("Proposer un atelier"),
        N_("Une idée, même petite : animer, écrire une proposition"),
        "/ateliers/nouveau",
        "plus",
        "workshop",
        for_members=True,
    ),
    Shortcut(
        N_("Mon calendrier dans le téléphone"),
        N_("S’abonner : iPhone, Android, Google, Outlook, ical, webcal"),
        "/moi/calendrier",
        "calendar-plus",
        for_members=True,
    ),
    Shortcut(N_("Membres"), N_("Qui vient ici et souhaite être dans la liste"), "/membres", "users", "care", True),
    Shortcut(
        N_("Mon compte"),
        N_("Mon nom, ma phrase, mon adresse mail, mon mot de passe, mes rôles"),
        "/moi",
        "user",
        "care",
        True,
    ),
    Shortcut(
        N_("Mes appareils"),
        N_("Me déconnecter ailleurs : téléphone perdu, ordinateur partagé"),
        "/moi/appareils",
        "device-mobile",
        "care",
        True,
    ),
    Shortcut(N_("Journal"), N_("Ce qui a été décidé, par qui et pourquoi"), "/journal", "book", "mediation", True),
    Shortcut(N_("Rejoindre Le Réseau"), N_("Inscription, nouveau compte"), "/inscription", "user-plus"),
    Shortcut(N_("Aide"), N_("Des questions, des réponses courtes"), "/aide", "help"),
    Shortcut(N_("Charte"), N_("Les règles de la maison"), "/charte", "heart"),
    Shortcut(N_("Langue et couleurs"), N_("Français, English, thème sombre ou clair"), "/langue", "language"),
    Shortcut(
        N_("Données personnelles"),
        N_("Ce qui est gardé, combien de temps, qui le voit : confidentialité, RGPD, cookies"),
        "/confidentialite",
        "lock",
        "mediation",
    ),
    Shortcut(
        N_("Mentions légales"), N_("Qui publie, qui héberge, code source"), "/mentions-legales", "scale", "mediation"
    ),
    Shortcut(
        N_("Accessibilité"),
        N_("Handicap, lecteur d’écran, clavier, ce qui a été vérifié"),
        "/accessibilite",
        "wheelchair",
        "mediation",
    ),
)


@dataclass(frozen=True, slots=True)
class Result:
    """One thing that was found."""

    kind: str
    icon: str
    href: str
    title: Markup
    words: Markup
    when: str
    state: str


@dataclass(frozen=True, slots=True)
class Group:
    """What was found of one sort."""

    id: str
    title: str
    note: str
    results: Sequence[Result]


@dataclass(frozen=True, slots=True)
class SearchPage:
    """« Chercher »."""

    written: str
    asked: bool
    """Whether there was enough to look for."""
    groups: Sequence[Group]
    count: str
    more: bool
    """Whether some were left out."""
    too_short: bool
    longest: int = LONGEST_QUERY


async def search_page(visit: Visit, registry: Registry, written: str) -> SearchPage:
    """What this visit may see that answers these words, whatever was written."""
    lang = language(visit.language)
    written = clean_line(written[: 4 * LONGEST_QUERY])[:LONGEST_QUERY]
    words = search_words(written)
    found: dict[str, list[Found]] = {}
    more = False
    if words:
        for domain in registry.domains:
            if domain.search is None:
                continue
            answer = await domain.search(visit, written, MOST + 1)
            more = more or len(answer) > MOST
            for each in answer[:MOST]:
                found.setdefault(each.group, []).append(each)
    groups = sorted(found, key=lambda group: found[group][0].kind not in registry.entry_kinds)  # things first, stable
    count = sum(len(results) for results in found.values())
    return SearchPage(
        written=written,
        asked=bool(words),
        groups=[_group(number, name, found[name], words, lang) for number, name in enumerate(groups, 1)],
        count=_count_words(count, more, lang) if words else "",
        more=more,
        too_short=bool(written) and not words,
    )


async def search_house(visit: Visit, written: str, limit: int) -> Sequence[Found]:
    """Pages of the house."""
    lang = language(visit.language)
    words = search_words(written)
    return [
        Found(
            kind=page.kind,
            group=N_("Pages"),
            title=lang.gettext(page.title),
            words=lang.gettext(page.words),
            href=page.href,
            icon=page.icon,
        )
        for page in HOUSE
        if words
        and (visit.member is not None or not page.for_members)
        and answers(f"{lang.gettext(page.title)} {lang.gettext(page.words)}", words)
    ][:limit]


def _count_words(count: int, more: bool, lang: Language) -> str:
    if more:
        return lang.say(text_n("Plus de %(n)s résultat", "Plus de %(n)s résultats", count))
    return lang.say(text_n("%(n)s résultat", "%(n)s résultats", count))


def _group(number: int, name: str, found: Sequence[Found], words: Sequence[str], lang: Language) -> Group:
    return Group(
        id=f"resultats-{number}",
        title=lang.gettext(name),
        note=lang.say(text_n("%(n)s résultat", "%(n)s résultats", len(found))),
        results=[_result(each, words, lang) for each in found],
    )


def _result(found: Found, words: Sequence[str], lang: Language) -> Result:
    return Result(
        kind=found.kind,
        icon=found.icon,
        href=found.href,
        title=marked(found.title, words),
        words=marked(" ".join(found.words.split()), words, longest=WORDS_SHOWN),
        when=lang.say(text("%(day)s à %(hour)s", day=lang.date(found.when), hour=lang.hour(found.when)))
        if found.when
        else "",
        state=lang.say(found.state) if found.state is not None else "",
    )
