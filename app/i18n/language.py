"""A language as pages and mails use it: saying texts, writing days, hours and durations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date as Day
from datetime import datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from babel.dates import format_date
from babel.lists import format_list
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from app.clock import PARIS, local
from app.i18n.text import Text
from app.i18n.typography import WIDE, typo

LANGUAGES = ("fr", "en")
_CATALOGUES = Path(__file__).parent
_typo = lru_cache(maxsize=8192)(typo)
"""Of sentences that are counted: as few as there are in the program, and said with each page."""


class Language:
    """One language. Cheap to ask: catalogues are read once, sentences and days are remembered."""

    def __init__(self, code: str, entries: dict[str, str | tuple[str, ...]]) -> None:
        self.code = code
        self._entries = entries
        self.gettext: Callable[[str], str] = lru_cache(maxsize=8192)(self._gettext)
        self.day: Callable[[Day | datetime], str] = lru_cache(maxsize=4096)(self._day)
        self.short_day: Callable[[Day | datetime], str] = lru_cache(maxsize=4096)(self._short_day)
        self.date: Callable[[Day | datetime], str] = lru_cache(maxsize=4096)(self._date)
        self.month: Callable[[Day | datetime], str] = lru_cache(maxsize=1024)(self._month)
        self.weekday: Callable[[Day], str] = lru_cache(maxsize=1024)(self._weekday)
        self.hour: Callable[[datetime], str] = lru_cache(maxsize=8192)(self._hour)
        self.euros: Callable[[int], str] = lru_cache(maxsize=1024)(self._euros)

    def _gettext(self, msgid: str) -> str:
        if self.code == "fr":
            return typo(msgid)
        found = self._entries.get(msgid)
        if isinstance(found, tuple):  # the same words are counted elsewhere
            found = found[0]
        return found or typo(msgid)

    def ngettext(self, one: str, many: str, n: int) -> str:
        """French counts zero and one alike (« 0 place »); English counts one alone."""
        if self.code == "fr":
            return _typo(one if abs(n) < 2 else many)
        found = self._entries.get(one)
        if isinstance(found, tuple) and len(found) == 2 and all(found):
            return found[0 if n == 1 else 1]
        return _typo(one if n == 1 else many)

    def say(self, message: Text | str) -> str:
        """The sentence, filled in. A plain string is taken as a msgid."""
        if isinstance(message, str):
            return self.gettext(message)
        template = (
            self.ngettext(message.msgid, message.plural, message.n) if message.plural else self.gettext(message.msgid)
        )
        if not message.details:
            return template.replace("%%", "%")
        return template % {name: self._said(value) for name, value in message.details.items()}

    def joined(self, names: Sequence[str]) -> str:
        """« Yann, Aïcha et Bao »."""
        return format_list(names, locale="fr" if self.code == "fr" else "en_GB")

    def number(self, value: Fraction | int) -> str:
        """« 1,2 », « 1 200 »: to the thousandth."""
        rounded = round(value * 1000) / Decimal(1000)
        return format_decimal(rounded, format="#,##0.###", locale="fr" if self.code == "fr" else "en_GB")

    def _euros(self, cents: int) -> str:
        """« 5 € », « 4,50 € »; in English « €4.50 »."""
        amount = format_decimal(
            Decimal(cents) / 100,
            format="#,##0.00" if cents % 100 else "#,##0",
            locale="fr" if self.code == "fr" else "en_GB",
        )
        return f"{amount}{WIDE}€" if self.code == "fr" else f"€{amount}"

    def _said(self, value: Any) -> Any:
        if isinstance(value, Text):
            return self.say(value)
        if isinstance(value, datetime):
            return self.when(value)
        if isinstance(value, Day):
            return self.day(value)
        if isinstance(value, time):
            return self.hour(datetime.combine(Day(2000, 1, 1), value, tzinfo=PARIS))
        if isinstance(value, tuple):
            return self.joined([self._said(each) for each in value])
        return value

    # Days and hours -------------------------------------------------------------------------------------------------

    def _day(self, at: Day | datetime) -> str:
        """« mardi 24 novembre »."""
        day = local(at).date() if isinstance(at, datetime) else at
        if self.code == "fr":
            number = "1er" if day.day == 1 else str(day.day)
            return f"{format_date(day, 'EEEE', locale='fr')} {number}{WIDE}{format_date(day, 'MMMM', locale='fr')}"
        return format_date(day, "EEEE d MMMM", locale="en_GB")

    def _short_day(self, at: Day | datetime) -> str:
        """« mar. 24 »."""
        day = local(at).date() if isinstance(at, datetime) else at
        if self.code == "fr":
            return f"{format_date(day, 'EEE', locale='fr')}{WIDE}{'1er' if day.day == 1 else day.day}"
        return format_date(day, "EEE d", locale="en_GB")

    def _date(self, at: Day | datetime) -> str:
        """Day, month and year: « 24 novembre 2026 »."""
        day = local(at).date() if isinstance(at, datetime) else at
        if self.code == "fr":
            number = "1er" if day.day == 1 else str(day.day)
            return f"{number}{WIDE}{format_date(day, 'MMMM y', locale='fr')}"
        return format_date(day, "d MMMM y", locale="en_GB")

    def _month(self, at: Day | datetime) -> str:
        """« novembre 2026 »."""
        day = local(at).date() if isinstance(at, datetime) else at
        return format_date(day, "LLLL y", locale="fr" if self.code == "fr" else "en_GB")

    def _weekday(self, day: Day) -> str:
        """« mardi »."""
        return format_date(day, "EEEE", locale="fr" if self.code == "fr" else "en_GB")

    def weekday_number(self, day: Day) -> str:
        """« mardi 24 »."""
        number = "1er" if self.code == "fr" and day.day == 1 else str(day.day)
        return f"{self.weekday(day)}{WIDE}{number}"

    def _hour(self, at: datetime) -> str:
        """« 14 h 30 », in English « 2.30 pm »."""
        wall = local(at)
        if self.code == "fr":
            return f"{wall.hour}{WIDE}h" + (f"{WIDE}{wall.minute:02}" if wall.minute else "")
        hour = wall.hour % 12 or 12
        half = "am" if wall.hour < 12 else "pm"
        return f"{hour}" + (f".{wall.minute:02}" if wall.minute else "") + f"{WIDE}{half}"

    def when(self, at: datetime) -> str:
        """« mardi 24 novembre à 14 h 30 »."""
        joint = " à " if self.code == "fr" else " at "
        return f"{self.day(at)}{joint}{self.hour(at)}"

    def hours(self, starts_at: datetime, ends_at: datetime) -> str:
        """« de 14 h à 16 h 30 »."""
        if self.code == "fr":
            return f"de {self.hour(starts_at)} à {self.hour(ends_at)}"
        return f"{self.hour(starts_at)} to {self.hour(ends_at)}"

    def until(self, starts_at: datetime, ends_at: datetime) -> str:
        """« à 16 h 30 », « à sam. 28, 2 h » when it ends on another day."""
        end = self.hour(ends_at)
        if local(starts_at).date() != local(ends_at).date():
            end = f"{self.short_day(ends_at)}, {end}"
        return f"à {end}" if self.code == "fr" else f"to {end}"

    def lasting(self, span: timedelta) -> str:
        """« 1 h 30 », « 45 min », « 3 jours »."""
        minutes = max(0, round(span.total_seconds() / 60))
        if minutes >= 48 * 60:
            days = minutes // (24 * 60)
            return f"{days}{WIDE}" + ("jours" if self.code == "fr" else "days")
        if minutes < 60:
            return f"{minutes}{WIDE}min"
        hours, rest = divmod(minutes, 60)
        return f"{hours}{WIDE}h" + (f"{WIDE}{rest:02}" if rest else "")


def capital(words: str) -> str:
    """The same with a capital: days and months have none in French."""
    return words[:1].upper() + words[1:]


@cache
def language(code: str) -> Language:
    """The language of this code; French when we do not have it."""
    if code not in LANGUAGES:
        code = "fr"
    path = _CATALOGUES / f"{code}.po"
    entries: dict[str, str | tuple[str, ...]] = {}
    if path.exists():
        with path.open("rb") as file:
            catalogue = read_po(file, locale=code)
        for message in catalogue:
            if message.id and not message.fuzzy:
                key = message.id[0] if isinstance(message.id, (tuple, list)) else message.id
                value = message.string
                entries[key] = tuple(value) if isinstance(value, (tuple, list)) else (value or "")
    return Language(code, entries)
