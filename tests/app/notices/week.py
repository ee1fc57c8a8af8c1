"""A week of a place, as its people live it: `python -m tests.app.notices.week …` runs it fast, to be killed.

The acts below are what people do, each at its hour; everything else is done by the clock, through the same jobs beside
the same server as always. A process that begins in the middle does the acts of its first hour again: whoever saw no
answer presses the button once more.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path

from app.calendar.tables import Feed
from app.clock import at_local, local
from app.contracts import Domain, Job
from app.database import close_database, connect, open_database, run, transaction
from app.jobs import at_work
from app.main import REGISTRY
from app.notices.commands import choose_mail, resume_mail
from app.notices.links import StopLink
from app.notices.states import Kind, Remind
from app.registry import Registry
from app.steady import Clocks
from app.timekeeping import DOUBT, latest_seen
from tests.app.notices.letter_boxes import read_box
from tests.app.programs import settings
from tests.client import World
from tests.factories import a_proposal, make_member, make_place, make_workshop
from workshops.commands import cancel, edit, propose, sign_up, withdraw

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
DAYS = 8
"""From Monday 8 h to the Tuesday of the week after."""
MEMBERS = ("Samira", "Karim", "Aïcha", "Nour", "Yann", "Odile", "Lina", "Tom", "Zoé", "Rosa")
WITHOUT_MAIL = "Paul"
MEDIATORS = ("Bruno", "Hélène")


def address_of(name: str) -> str:
    plain = name.casefold().translate(str.maketrans("éèï", "eei"))
    return f"{plain}@exemple.fr"


class Week:
    """The week that begins on this Monday, with the hour that it is."""

    def __init__(self, monday: date, now: datetime | None = None, boxes: Path | None = None) -> None:
        self.monday = monday
        self.boxes = boxes or Path()
        self.now = now or self.on(0, 8)

    def on(self, day: int, hour: int) -> datetime:
        return at_local(self.monday + day * DAY, time(hour))

    async def member(self, name: str) -> int:
        return int((await run("select id from member where name = {}", name))[0]["id"])

    async def workshop(self, title: str) -> int:
        return int((await run("select id from workshop where title = {}", title))[0]["id"])

    async def comes(self, title: str, *names: str) -> None:
        for name in names:
            await sign_up(actor=await self.member(name), workshop_id=await self.workshop(title), now=self.now)

    # ------------------------------------------------------------------------------------------------ before the week

    async def begin(self) -> None:
        """The place, its people and what they wish; and what was already on."""
        before = self.on(-14, 12)
        place = await make_place(name="Les Tanneurs", now=before)
        people = {
            name: await make_member(
                name=name,
                place_id=place,
                email=address_of(name) if name != WITHOUT_MAIL else None,
                language="en" if name == "Lina" else "fr",
                mediator=name in MEDIATORS,
                now=before,
            )
            for name in (*MEMBERS, WITHOUT_MAIL, *MEDIATORS)
        }
        # Odile has it all on her telephone already; Lina wants to be reminded twice; Zoé and Samira read the week.
        async with transaction():
            await Feed.insert(
                Feed(
                    member_id=people["Odile"],
                    token_hash="0" * 64,
                    name="Téléphone",
                    created_at=before,
                    modified_at=before,
                    read_at=before,
                )
            )
        for title, host, starts_at, capacity in (
            ("Café-débat", "Yann", self.on(3, 14), 4),
            ("Sortie au parc", "Karim", self.on(5, 14), 12),
            ("Les mots justes", "Odile", self.on(6, 10), 12),
            ("Le jardin", "Rosa", self.on(9, 14), 12),
        ):
            await make_workshop(
                place_id=place,
                host=people[host],
                mediator=people["Bruno"],
                title=title,
                starts_at=starts_at,
                capacity=capacity,
                now=before,
            )
        await choose_mail(actor=people["Lina"], stopped=(Kind.DIGEST,), remind=Remind.BOTH, now=before)
        for name in ("Zoé", "Samira"):
            await resume_mail(StopLink(people[name], Kind.DIGEST), now=before)

    # ------------------------------------------------------------------------------------------------------ the week

    async def monday_9(self) -> None:
        """Four places at the café-débat, and four people."""
        await self.comes("Café-débat", "Samira", "Karim", "Odile", "Tom")

    async def monday_10(self) -> None:
        """Two more, who wait."""
        await self.comes("Café-débat", "Aïcha", "Nour")

    async def monday_11(self) -> None:
        """Yann proposes something for Wednesday. The mediators will say nothing: on Tuesday at 18 h it is yes."""
        (place,) = await run("select id from place")
        await propose(
            actor=await self.member("Yann"),
            place_id=place["id"],
            proposal=a_proposal(title="Le tableur", starts_at=self.on(2, 18)),
            draft=False,
            once="le-tableur",
            now=self.now,
        )

    async def monday_12(self) -> None:
        """The week-end fills up."""
        await self.comes("Sortie au parc", "Samira", "Zoé", WITHOUT_MAIL)
        await self.comes("Les mots justes", "Lina", "Tom", "Samira")

    async def tuesday_19(self) -> None:
        """It is published: three come."""
        await self.comes("Le tableur", "Lina", "Aïcha", WITHOUT_MAIL)

    async def wednesday_9(self) -> None:
        """Karim cannot come on Thursday. His place is kept for Aïcha, who does not look at her mail."""
        await withdraw(actor=await self.member("Karim"), workshop_id=await self.workshop("Café-débat"), now=self.now)

    async def wednesday_10(self) -> None:
        """The café-débat begins an hour later."""
        await edit(
            actor=await self.member("Yann"),
            workshop_id=await self.workshop("Café-débat"),
            proposal=a_proposal(title="Café-débat", starts_at=self.on(3, 15), capacity=4),
            version=1,
            now=self.now,
        )

    async def wednesday_19(self) -> None:
        """Nour finds the place that is now kept for her in her letter box, and presses the button of the mail."""
        (offer,) = [letter for letter in read_box(self.boxes, address_of("Nour")) if "/offres/" in letter.words][-1:]
        path = re.search(r"https://reseau\.exemple(/offres/\S+)", offer.words)
        assert path
        browser = self.world().browser()
        assert (await browser.get(path[1])).status_code == 200
        assert (await browser.post(path[1], {"answer": "yes"}, token="")).status_code in (200, 303)

    async def friday_10(self) -> None:
        """Karim falls ill, and cancels Saturday."""
        await cancel(
            actor=await self.member("Karim"),
            workshop_id=await self.workshop("Sortie au parc"),
            reason="Je suis malade.",
            now=self.now,
        )

    async def friday_12(self) -> None:
        """Tom's mail program has a button: no more reminders. It knows the address from the mail's header alone."""
        (reminder,) = [box for box in read_box(self.boxes, address_of("Tom")) if "demain, " in box.subject][-1:]
        path = str(reminder.message["List-Unsubscribe"]).strip("<>").removeprefix("https://reseau.exemple")
        answer = await self.world().browser().post(path, {"List-Unsubscribe": "One-Click"}, token="")
        assert answer.status_code == 200

    def world(self) -> World:
        """The site as it is at this hour."""
        return World(self.now, base_url="https://reseau.exemple", secret_key=settings(None).secret_key)

    def acts(self) -> dict[datetime, Callable[[], Awaitable[None]]]:
        """What people do, by the hour."""
        return {
            self.on(0, 9): self.monday_9,
            self.on(0, 10): self.monday_10,
            self.on(0, 11): self.monday_11,
            self.on(0, 12): self.monday_12,
            self.on(1, 19): self.tuesday_19,
            self.on(2, 9): self.wednesday_9,
            self.on(2, 10): self.wednesday_10,
            self.on(2, 19): self.wednesday_19,
            self.on(4, 10): self.friday_10,
            self.on(4, 12): self.friday_12,
        }


# ------------------------------------------------------------------------------------------------------ running it fast


async def live(week: Week, smtp: str) -> None:
    """Go from hour to hour: people act, and the clock does the rest. Each hour is said aloud."""
    rounds = 0

    async def tick(now: datetime) -> int:
        nonlocal rounds
        rounds += 1
        return 0

    start = week.now
    clocks = Clocks(
        wall=lambda: week.now,
        steady=lambda: (week.now - start).total_seconds(),
        awake=lambda: (week.now - start).total_seconds(),
    )
    registry = Registry.of(*REGISTRY.domains, Domain("tests", jobs=[Job("tick", tick, timedelta(0))]))

    async def all_is_quiet() -> None:
        """The jobs have gone round with the hour that it is, and what waited has left."""
        seen = rounds
        while rounds < seen + 2 or await run("select id from outbox where sent_at is null and recipient <> ''"):
            await asyncio.sleep(0.003)

    acts = week.acts()
    seen = await latest_seen()
    async with at_work(registry, settings(smtp), clocks=clocks, look_every=0.003, post_every=0.003):
        if seen is not None:  # it was off: perhaps for so long that jobs wait
            week.now += DOUBT
        while week.now < week.on(DAYS, 9):
            hour = week.now.replace(minute=0)
            print(week.now.isoformat(), flush=True)
            await all_is_quiet()
            if hour in acts:
                await acts[hour]()
                await all_is_quiet()
            week.now = hour + HOUR
    print(f"The end, on {local(week.now):%d/%m}.", flush=True)


async def main(database: str, smtp: str, boxes: str, monday: str, now: str) -> None:
    connect(database)
    await open_database(min_size=1, max_size=4)
    try:
        await live(Week(date.fromisoformat(monday), datetime.fromisoformat(now), Path(boxes)), smtp)
    finally:
        await close_database()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
