"""A week of a place's mail, read in its people's letter boxes, with the machine killed five times on the way.

`week.py` tells what happens from Monday to the Tuesday after. It runs in a process of its own, through the same jobs
beside the same server as always, and mail goes over a real socket. Five times the process is killed (`kill -9`), at
moments that nobody chose, and begins again at the hour at which it fell. In the end each box is opened: everybody has
been told what they should have been, and nothing else, however the machine fared.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from app.clock import local
from app.database import Store, is_sqlite, run
from tests.app.notices.letter_boxes import Letter, PostOffice, read_box
from tests.app.notices.week import DAYS, MEDIATORS, MEMBERS, WITHOUT_MAIL, Week, address_of
from tests.app.programs import Program, started

KILLS = 5
BOOTING = timedelta(minutes=6)
"""How long the machine takes to be up again, on its own clock."""

# What stands in each box in the end: when it came, what it says, and what it did to the reader's own calendar.
WEEK = {
    "Samira": """
        Mon 08 Ta semaine, à partir du lundi {monday}
        Mon 09 C’est noté : « Café-débat », jeudi {thursday} REQUEST
        Mon 12 C’est noté : « Les mots justes », dimanche {sunday} REQUEST
        Mon 12 C’est noté : « Sortie au parc », samedi {saturday} REQUEST
        Wed 10 « Café-débat » a changé REQUEST
        Wed 18 « Café-débat » : demain, jeudi {thursday} à 15 h
        Fri 10 « Sortie au parc » est annulé CANCEL
        Sat 18 « Les mots justes » : demain, dimanche {sunday} à 10 h
        Mon 08 Ta semaine, à partir du lundi {next_monday}
        """,
    "Karim": """
        Mon 08 « Sortie au parc », samedi {saturday} : c’est dans l’agenda REQUEST
        Mon 09 C’est noté : « Café-débat », jeudi {thursday} REQUEST
        Wed 09 « Café-débat » : tu laisses ta place CANCEL
        Fri 10 « Sortie au parc » est annulé CANCEL
        """,
    "Aïcha": """
        Tue 19 C’est noté : « Le tableur », mercredi {wednesday} REQUEST
        Wed 09 Une place pour toi : « Café-débat »
        Wed 10 « Café-débat » a changé
        Wed 17 Le délai est passé : « Café-débat »
        """,
    "Nour": """
        Wed 10 « Café-débat » a changé
        Wed 17 Une place pour toi : « Café-débat »
        Wed 19 C’est noté : « Café-débat », jeudi {thursday} REQUEST
        """,
    "Yann": """
        Mon 08 « Café-débat », jeudi {thursday} : c’est dans l’agenda REQUEST
        Tue 18 « Le tableur » : demain, mercredi {wednesday} à 18 h
        Tue 18 « Le tableur », mercredi {wednesday} : c’est dans l’agenda REQUEST
        Wed 10 « Café-débat » a changé REQUEST
        Wed 18 « Café-débat » : demain, jeudi {thursday} à 15 h
        """,
    # She reads her calendar on her telephone: no mail brings an event, or she would have each twice.
    "Odile": """
        Mon 08 « Les mots justes », dimanche {sunday} : c’est dans l’agenda
        Mon 09 C’est noté : « Café-débat », jeudi {thursday}
        Wed 10 « Café-débat » a changé
        Wed 18 « Café-débat » : demain, jeudi {thursday} à 15 h
        Sat 18 « Les mots justes » : demain, dimanche {sunday} à 10 h
        """,
    # In English; the evening before, and two hours before. On Sunday at 8 h by the clock that was just changed.
    "Lina": """
        Mon 12 Les mots justes REQUEST
        Tue 19 Le tableur REQUEST
        Wed 16 Le tableur
        Sat 18 Les mots justes
        Sun 08 Les mots justes
        """,
    # On Friday he had enough of reminders.
    "Tom": """
        Mon 09 C’est noté : « Café-débat », jeudi {thursday} REQUEST
        Mon 12 C’est noté : « Les mots justes », dimanche {sunday} REQUEST
        Wed 10 « Café-débat » a changé REQUEST
        Wed 18 « Café-débat » : demain, jeudi {thursday} à 15 h
        """,
    "Zoé": """
        Mon 08 Ta semaine, à partir du lundi {monday}
        Mon 12 C’est noté : « Sortie au parc », samedi {saturday} REQUEST
        Fri 10 « Sortie au parc » est annulé CANCEL
        Mon 08 Ta semaine, à partir du lundi {next_monday}
        """,
    "Rosa": """
        Mon 08 « Le jardin », mercredi {next_wednesday} : c’est dans l’agenda REQUEST
        Mon 14 « Le jardin » : on garde, on déplace, on annule ?
        """,
    "Bruno": "",
    "Hélène": "",
}
# On the site, for whoever has no address.
PAUL = [
    "C’est noté : « Sortie au parc », samedi {saturday}",
    "C’est noté : « Le tableur », mercredi {wednesday}",
    "« Sortie au parc » est annulé",
]
ALL_MAILS = sum(len(box.strip().splitlines()) for box in WEEK.values())


@pytest.mark.slow
async def test_a_week(db: Store, database_url: str, tmp_path: Path) -> None:
    # On Sunday the clocks go back in one of the weeks, forward in the other.
    week = Week(date(2026, 10, 19) if is_sqlite() else date(2027, 3, 22))
    await week.begin()
    post = PostOffice(folder=tmp_path)
    async with post.running():
        kills = await lived_through(week, database_url, post)
    assert kills == KILLS
    boxes = {name: read_box(tmp_path, address_of(name)) for name in (*MEMBERS, *MEDIATORS)}

    # Each was told exactly what they should have been…
    for name, letters in boxes.items():
        assert as_read(name, once(letters)) == expected(name, week), name
    # …once; or twice where a kill fell between the server's yes and our noting it.
    twice = Counter(letter.number for letters in boxes.values() for letter in letters)
    assert len(twice) == ALL_MAILS
    assert sum(twice.values()) - len(twice) <= KILLS
    assert max(twice.values()) > 1, "the control: no kill fell at the moment that matters"

    for name, letters in boxes.items():
        is_ones_own(name, letters, boxes)
        leaves_a_calendar_right(once(letters))
    nothing_follows_a_cancellation(boxes)

    on_site = await run("select subject from outbox where member_id = {} order by id", await week.member(WITHOUT_MAIL))
    assert [row["subject"].replace("\u00a0", " ") for row in on_site] == [line.format(**days_of(week)) for line in PAUL]
    assert not await run("select id from outbox where recipient <> '' and sent_at is null")


async def lived_through(week: Week, database_url: str, post: PostOffice) -> int:
    """Run the week to its end, killing the process on the way: three times just when a mail was taken, and twice at any
    moment. How many times it was killed."""
    seed = random.SystemRandom().randrange(10**6)
    print(f"The moments were drawn with {seed}.")  # shown when the test fails
    chance = random.Random(seed)
    at_mails = set(chance.sample(range(2, ALL_MAILS - 1), 3))
    at_hours = set(chance.sample(range(1, 24 * DAYS), 2))
    kills = hours = 0
    hour = week.now
    running: list[Program] = []

    def kill() -> None:
        os.kill(running.pop().pid, signal.SIGKILL)

    post.then = dict.fromkeys(at_mails, kill)
    while True:
        arguments = (database_url, post.url, str(post.folder), week.monday.isoformat(), hour.isoformat())
        async with started("tests.app.notices.week", *arguments) as program:
            running.append(program)
            while line := await program.line():
                if line.startswith("The end"):
                    return kills
                hour, hours = datetime.fromisoformat(line), hours + 1
                if hours in at_hours:
                    await asyncio.sleep(chance.uniform(0, 0.03))
                    if running:
                        kill()
                    else:  # it has just been, over a mail
                        at_hours.add(hours + 1)
            assert await program.end() == -signal.SIGKILL
            kills += 1
            hour += BOOTING


def once(letters: Iterable[Letter]) -> list[Letter]:
    """Each mail once, as programs show them that know its number."""
    return list({letter.number: letter for letter in letters}.values())


def as_read(name: str, letters: Iterable[Letter]) -> list[str]:
    """The lines of `WEEK`."""
    lines = []
    for letter in letters:
        when = local(letter.message["Date"].datetime)
        words = letter.subject if name != "Lina" else letter.subject.translate(str.maketrans("‘’«»“”", "      "))
        if name == "Lina":  # her words are for the translators to choose; the title is her host's
            (words,) = (title for title in ("Les mots justes", "Le tableur") if title in words)
        lines.append(_at_any_look(f"{when:%a %H} {words} {letter.method}".rstrip()))
    return sorted(lines)


def expected(name: str, week: Week) -> list[str]:
    return sorted(_at_any_look(line.strip().format(**days_of(week))) for line in WEEK[name].strip().splitlines())


def _at_any_look(line: str) -> str:
    """An offer lapses, and the next is made, between two looks of the clock: after a kill the next look comes sooner
    than an hour later."""
    return re.sub(r"^(\w+) 1[67] (Le délai est passé|Une place pour toi)", r"\1 \2", line)


def days_of(week: Week) -> dict[str, str]:
    """The days that the mails name."""
    first = week.monday
    return {
        day: f"{on.day} {MONTHS[on.month]}"
        for day, on in {
            "monday": first,
            "wednesday": first + timedelta(days=2),
            "thursday": first + timedelta(days=3),
            "saturday": first + timedelta(days=5),
            "sunday": first + timedelta(days=6),
            "next_monday": first + timedelta(days=7),
            "next_wednesday": first + timedelta(days=9),
        }.items()
    }


MONTHS = {3: "mars", 10: "octobre"}


def is_ones_own(name: str, letters: Iterable[Letter], boxes: dict[str, list[Letter]]) -> None:
    """Addressed to its reader alone, with links that no other mail has, and nobody's name but those of hosts."""
    hosts = {"Yann", "Karim", "Odile", "Rosa"}
    others = {*MEMBERS, WITHOUT_MAIL, *MEDIATORS} - hosts - {name}
    elsewhere = {word for other, box in boxes.items() if other != name for letter in box for word in tokens(letter)}
    for letter in letters:
        assert letter.to == address_of(name)
        written = str(letter.message)
        assert not [other for other in MEMBERS if other != name and address_of(other) in written]
        assert not [other for other in others if other in letter.words.split()], letter.words
        assert not tokens(letter) & elsewhere


def tokens(letter: Letter) -> set[str]:
    """The addresses in it that do something for its reader."""
    return {word for word in letter.words.split() if "/offres/" in word or "/courrier/" in word}


def leaves_a_calendar_right(letters: Iterable[Letter]) -> None:
    """For each event: sent before it is taken back, with a SEQUENCE that rises, and nothing after the end of it."""
    parts: dict[str, list[tuple[int, str]]] = {}
    for letter in letters:
        if (event := letter.event) is not None:
            parts.setdefault(str(event["UID"]), []).append((int(str(event["SEQUENCE"])), letter.method))
    for each in parts.values():
        sequences, methods = zip(*each, strict=True)
        assert list(sequences) == sorted(set(sequences)), each
        assert methods[0] == "REQUEST"
        assert "CANCEL" not in methods[:-1]


def nothing_follows_a_cancellation(boxes: dict[str, list[Letter]]) -> None:
    told = 0
    for letters in boxes.values():
        about = [letter.subject for letter in once(letters) if "Sortie au parc" in letter.subject]
        told += bool(about)
        assert not about or about[-1] == "« Sortie au parc » est annulé"
    assert told == 3, "Karim, Samira, Zoé; and Paul on the site"
