"""What the page of open accounts shows: one month of meals, in words and as drawings that say the same as their tables.

Pure: rows come from `queries.accounts`, what may be told from `accounts_rules`. Everything is said in the reader's
language already, and measured already: a template only places it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from babel.dates import format_date

from app.accounts.api import BudgetSeen, Spending
from app.i18n import Language, Text, capital, text
from app.i18n.text import N_
from meals.accounts_rules import each_cents, may_count, months_later

MONTHS_DRAWN, FEWEST_MONTHS = 6, 3
WIDTH, BASE, TALLEST = 320, 124, 92
"""Of a drawing, in its own units: it is as wide as there is room for it."""
BAR, LINE = 20, 50

SPENDING_NAMES = {
    Spending.ROOM: N_("La salle"),
    Spending.COFFEE: N_("Le café"),
    Spending.MATERIAL: N_("Le matériel"),
    Spending.OTHER: N_("Le reste"),
}


@dataclass(frozen=True, slots=True)
class Sum:
    """What one meal came to, as rows say it; `None` for what is not told."""

    meal_id: int
    title: str
    day: date
    eaten: int
    spent: int
    counted: bool
    """Whether its box was."""
    box: int | None
    pledged: int
    card: int | None


@dataclass(frozen=True, slots=True)
class Sums:
    """What a month came to, by figures that may be published."""

    spent: int = 0
    """On food."""
    box: int = 0
    card: int = 0
    pot: int = 0
    pot_moved: bool = False
    small_box: int | None = None
    """Of it, what came together from small meals."""
    small_pledged: int = 0
    small_card: int | None = None

    @property
    def brought(self) -> int:
        return self.box + self.card


@dataclass(frozen=True, slots=True)
class Fact:
    """A line about a meal."""

    term: str
    words: str
    more: str = ""
    told: bool = True
    """Whether the words are a figure, and not why there is none."""


@dataclass(frozen=True, slots=True)
class MealSeen:
    """One meal of the month."""

    id: int
    title: str
    day: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle of a drawing, and what stands beside it."""

    x: int
    y: int
    width: int
    height: int
    look: str
    """`ink`, `flat` or `line`, as in the style sheet."""


@dataclass(frozen=True, slots=True)
class Words:
    """A word in a drawing."""

    x: int
    y: int
    words: str
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing, all that it says in words, and the table that says the same."""

    title: str
    """What one finds, as a sentence."""
    width: int
    height: int
    label: str
    """All its figures, for who does not see it."""
    bars: tuple[Bar, ...]
    words: tuple[Words, ...]
    legend: tuple[tuple[str, str], ...]
    """Class of the square, and what it stands for."""
    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class AccountsPage:
    """`/repas/comptes`."""

    place_name: str
    month: str
    """`2026-11`."""
    month_words: str
    before_href: str
    before_words: str
    after_href: str
    after_words: str
    finding: str
    """The month in one sentence."""
    each: str
    """What a meal was for each of them, large; nothing where nobody can say."""
    lines: tuple[tuple[str, str], ...]
    meals: tuple[MealSeen, ...]
    small: MealSeen | None
    """What came together from small meals."""
    months: Chart | None
    budget: Chart | None
    budget_words: str
    asks_href: str


# ---------------------------------------------------------------------------------------------------------- the month


def found(month: date, sums: Sequence[Sum], *, this_month: bool, lang: Language) -> tuple[str, str]:
    """What a meal was for each of those at the table, large, and as a sentence: over the meals whose food is noted."""
    told = [each for each in sums if may_count(each.eaten) and each.spent > 0]
    if not told:
        words = text("Ce mois-ci, pas encore de quoi dire ce qu’un repas coûte.")
        if not this_month:
            words = text("En %(month)s, rien ne dit ce qu’un repas a coûté.", month=lang.month(month))
        return "", lang.say(words)
    cents = each_cents(sum(each.spent for each in told), sum(each.eaten for each in told))
    euros = lang.euros(cents)
    if this_month:
        return euros, lang.say(text("Ce mois-ci, chaque repas a coûté %(euros)s par personne.", euros=euros))
    words = text("En %(month)s, chaque repas a coûté %(euros)s par personne.", month=lang.month(month), euros=euros)
    return euros, lang.say(words)


def month_lines(sums: Sequence[Sum], month: Sums, lang: Language) -> tuple[tuple[str, str], ...]:
    """The rest of the month, a plain sentence each, with its icon."""
    lines: list[tuple[str, Text]] = []
    told = [each for each in sums if may_count(each.eaten)]
    if told:
        lines.append(
            (
                "users",
                text(
                    "%(meals)s, %(people)s personnes à table.",
                    meals=_meals(len(told), lang),
                    people=lang.number(sum(each.eaten for each in told)),
                ),
            )
        )
    if month.spent:
        lines.append(("basket", _shopping(month.spent, sum(each.spent for each in sums), lang)))
    if month.box and month.card:
        lines.append(
            (
                "coin-euro",
                text(
                    "Ce qu’on a mis : %(all)s, dont %(box)s dans la boîte et %(card)s par carte.",
                    all=lang.euros(month.brought),
                    box=lang.euros(month.box),
                    card=lang.euros(month.card),
                ),
            )
        )
    elif month.brought:
        lines.append(("coin-euro", text("Ce qu’on a mis : %(all)s.", all=lang.euros(month.brought))))
    if month.pot > 0:
        lines.append(
            (
                "heart-handshake",
                text("Repas suspendus : %(euros)s de plus dans la cagnotte.", euros=lang.euros(month.pot)),
            )
        )
    elif month.pot < 0:
        lines.append(
            (
                "heart-handshake",
                text("Repas suspendus : %(euros)s pris dans la cagnotte.", euros=lang.euros(-month.pot)),
            )
        )
    elif month.pot_moved:
        lines.append(("heart-handshake", text("Repas suspendus : autant de donnés que de pris.")))
    return tuple((icon, lang.say(line)) for icon, line in lines)


def _shopping(cents: int, counted: int, lang: Language) -> Text:
    """All of the month, and how much of it is of the meals that are listed: what is bought ahead is of none of them."""
    if cents == counted:
        return text("Les courses : %(euros)s.", euros=lang.euros(cents))
    return text(
        "Les courses : %(euros)s. Pour les repas comptés ici : %(counted)s.",
        euros=lang.euros(cents),
        counted=lang.euros(counted),
    )


def _meals(number: int, lang: Language) -> str:
    return lang.ngettext("%(n)s repas", "%(n)s repas", number) % {"n": number}


# ---------------------------------------------------------------------------------------------------------- its meals


def meal_seen(each: Sum, *, cards: bool, lang: Language) -> MealSeen:
    """One meal. Where nobody pays by card, nothing is said of cards."""
    say = lang.say
    together = say(text("compté avec d’autres repas"))
    box, card = say(text("Dans la boîte")), say(text("Par carte"))
    facts = []
    if may_count(each.eaten):
        facts.append(Fact(say(text("À table")), say(text("%(n)s personnes", n=lang.number(each.eaten)))))
    else:
        facts.append(Fact(say(text("À table")), say(text("moins de cinq personnes")), told=False))
    if each.spent:
        share = ""
        if may_count(each.eaten):
            euros = lang.euros(each_cents(each.spent, each.eaten))
            share = say(text("soit %(euros)s par personne", euros=euros))
        facts.append(Fact(say(text("Les courses")), lang.euros(each.spent), share))
    else:
        facts.append(Fact(say(text("Les courses")), say(text("pas encore notées")), told=False))
    if not each.counted:
        facts.append(Fact(box, say(text("pas encore comptée")), told=False))
    elif each.box is None:
        facts.append(Fact(box, together, told=False))
    else:
        facts.append(Fact(box, lang.euros(each.box), _against(each.box - each.pledged, lang)))
    if cards:
        facts.append(Fact(card, together, told=False) if each.card is None else Fact(card, lang.euros(each.card)))
    return MealSeen(each.meal_id, each.title, capital(lang.day(each.day)), tuple(facts))


def small_seen(month: Sums, lang: Language) -> MealSeen | None:
    """What came together from small meals and from corrections: nobody's, and no meal's."""
    facts = []
    if month.small_box is not None:
        words = _against(month.small_box - month.small_pledged, lang)
        facts.append(Fact(lang.say(text("Dans la boîte")), lang.euros(month.small_box), words))
    if month.small_card is not None:
        facts.append(Fact(lang.say(text("Par carte")), lang.euros(month.small_card)))
    if not facts:
        return None
    return MealSeen(0, lang.say(text("Comptés ensemble")), lang.say(text("Petits repas et corrections")), tuple(facts))


def _against(difference: int, lang: Language) -> str:
    if not difference:
        return lang.say(text("juste ce qui était prévu"))
    if difference > 0:
        return lang.say(text("%(euros)s de plus que prévu", euros=lang.euros(difference)))
    return lang.say(text("%(euros)s de moins que prévu", euros=lang.euros(-difference)))


# ----------------------------------------------------------------------------------------------------------- drawings


def months_chart(month: date, sums: Mapping[date, Sums], lang: Language) -> Chart | None:
    """What food cost and what people put, this month and those before it."""
    shown = [months_later(month, number - MONTHS_DRAWN + 1) for number in range(MONTHS_DRAWN)]
    while len(shown) > FEWEST_MONTHS and shown[0] not in sums:
        del shown[0]  # before there were any accounts
    of = {each: sums.get(each, Sums()) for each in shown}
    most = max(max(each.spent, each.brought, 0) for each in of.values())
    if not most:
        return None
    now, bars, words = of[month], list[Bar](), list[Words]()
    for number, each in enumerate(shown):
        middle = (2 * number + 1) * WIDTH // (2 * len(shown))
        for left, cents, look in ((middle - BAR - 1, of[each].spent, "ink"), (middle + 1, of[each].brought, "flat")):
            height = max(0, cents) * TALLEST // most
            if height:
                bars.append(Bar(left, BASE - height, BAR, height, look))
        words.append(Words(middle, BASE + 20, _short(each, lang), "middle"))
    tallest = max(now.spent, now.brought, 0) * TALLEST // most
    middle = (2 * len(shown) - 1) * WIDTH // (2 * len(shown))
    if now.brought > 0 or now.spent:
        higher = lang.euros(_round(max(now.spent, now.brought)))
        words.append(Words(min(middle, WIDTH - 26), BASE - tallest - 8, higher, "middle"))
    spoken = [
        lang.say(
            text(
                "%(month)s : %(spent)s de courses, %(brought)s apportés.",
                month=capital(lang.month(each)),
                spent=lang.euros(of[each].spent),
                brought=lang.euros(of[each].brought),
            )
        )
        for each in shown
    ]
    title = text("Les derniers mois")
    if now.brought or now.spent:
        brought, spent = lang.euros(now.brought), lang.euros(now.spent)
        title = text("On a mis %(brought)s, pour %(spent)s de courses", brought=brought, spent=spent)
    return Chart(
        title=lang.say(title),
        width=WIDTH,
        height=BASE + 28,
        label=" ".join(spoken),
        bars=tuple(bars),
        words=tuple(words),
        legend=(
            ("square taken", lang.say(text("les courses"))),
            ("square ours", lang.say(text("ce qu’on a mis"))),
        ),
        caption=lang.say(text("Les petites sommes s’y ajoutent plus tard.")),
        heads=(lang.say(text("Mois")), lang.say(text("Courses")), lang.say(text("Apporté"))),
        rows=tuple(
            (capital(lang.month(each)), lang.euros(of[each].spent), lang.euros(of[each].brought))
            for each in reversed(shown)
        ),
    )


def _short(month: date, lang: Language) -> str:
    """« nov. »."""
    return format_date(month, "LLL", locale="fr" if lang.code == "fr" else "en_GB")


def _round(cents: int) -> int:
    """To the euro: a drawing has no room for cents, and the table beside it has them."""
    return (cents + 50) // 100 * 100


def budget_chart(
    meant: Mapping[Spending, BudgetSeen], spent: Mapping[Spending, int], lang: Language
) -> tuple[Chart | None, str]:
    """What the place spent on other things than food, against what it means to; what is left is outlined. And where
    there is nothing to draw, what to say instead."""
    lines = [
        (SPENDING_NAMES[line], spent.get(line, 0), meant[line].month_cents if line in meant else None)
        for line in SPENDING_NAMES
    ]
    lines = [each for each in lines if each[1] or each[2] is not None]
    total = sum(each[1] for each in lines)
    most = max((max(cents, month or 0) for _, cents, month in lines), default=0)
    if not most:
        return None, lang.say(text("Rien n’a été acheté pour le lieu ce mois-ci, et rien n’était prévu."))
    bars, words, spoken, rows = list[Bar](), list[Words](), list[str](), list[tuple[str, ...]]()
    for number, (name, cents, month) in enumerate(lines):
        top = number * LINE
        said = _of(cents, month, lang)
        words.append(Words(0, top + 15, f"{lang.gettext(name)}", "start"))
        words.append(Words(WIDTH, top + 15, said, "end"))
        if month:
            bars.append(Bar(1, top + 23, max(3, month * (WIDTH - 3) // most), 16, "line"))
        if cents:
            bars.append(Bar(1, top + 23, max(3, cents * (WIDTH - 3) // most), 16, "flat"))
        spoken.append(lang.say(text("%(name)s : %(said)s.", name=lang.gettext(name), said=said)))
        told = lang.euros(month) if month is not None else lang.say(text("rien de dit"))
        rows.append((lang.gettext(name), lang.euros(cents), told))
    title = text("%(euros)s pour le lieu : salle, café, matériel", euros=lang.euros(total))
    if not total:
        title = text("Rien dépensé pour le lieu")
    return Chart(
        title=lang.say(title),
        width=WIDTH,
        height=LINE * len(lines) - 8,
        label=" ".join(spoken),
        bars=tuple(bars),
        words=tuple(words),
        legend=(
            ("square ours", lang.say(text("dépensé"))),
            ("square", lang.say(text("prévu pour le mois"))),
        ),
        caption="",
        heads=(lang.say(text("Pour")), lang.say(text("Dépensé")), lang.say(text("Prévu"))),
        rows=tuple(rows),
    ), ""


def _of(cents: int, month: int | None, lang: Language) -> str:
    if month is None:
        return lang.euros(cents)
    return lang.say(text("%(spent)s sur %(meant)s", spent=lang.euros(cents), meant=lang.euros(month)))
