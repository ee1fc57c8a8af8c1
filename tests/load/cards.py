"""A server that takes cards, Stripe rehearsed in this process, and what people do between the two of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx

from app import clock
from app.database import run
from app.main import REGISTRY
from app.payments import gateway
from app.settings import Settings
from rehearsal import Rehearsal
from rehearsal.errors import Refusal
from tests.load.meals import Ask, a_booking, offers, rush
from tests.load.scenes import Scene
from tests.rehearsing import SECRET_KEY, WEBHOOK_SECRET
from tests.servers import RESEAU, Server, free_port, serving

MOVED = (41, 43, 45, 110)
"""Minutes later, when the jobs are done: the hold is over after 40, and what fails is put off for an hour."""


@dataclass
class Counter:
    """Where seats are sold by card: our server and Stripe's."""

    server: Server
    stripe: Rehearsal


@contextmanager
def selling(folder: Path, database: str, *, program: tuple[str, ...] = (str(RESEAU),)) -> Iterator[Counter]:
    """SQLite is served by one process, PostgreSQL by two. Stripe tells this server what happens."""
    port = free_port()
    hook = f"http://127.0.0.1:{port}/paiements/stripe/webhook"
    workers = () if database.startswith("sqlite") else ("--workers", "2")
    with Rehearsal(secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET, webhook_url=hook) as stripe:
        with serving(
            folder,
            database,
            *workers,
            port=port,
            program=program,
            stripe_secret_key=SECRET_KEY,
            stripe_webhook_secret=WEBHOOK_SECRET,
            stripe_api_base=stripe.address,
        ) as server:
            yield Counter(server, stripe)
        assert stripe.faults == []


@asynccontextmanager
async def asking(stripe: Rehearsal) -> AsyncIterator[None]:
    """In this process too, for the jobs of another hour."""
    own = gateway.Gateway(SECRET_KEY, (WEBHOOK_SECRET,), Settings().base_url, stripe.address, timeout=5.0, retries=0)
    gateway.use(own)
    try:
        yield
    finally:
        gateway.use(None)
        await own.aclose()


async def much_later(stripe: Rehearsal) -> None:
    """The hold is over: Stripe's clock and that of the jobs go on; nobody tells the server, whose clock does not."""
    stripe.hold_events = True
    began = clock.now()
    async with asking(stripe):
        for minutes in MOVED:
            now = datetime.fromtimestamp(began.timestamp() + 60 * minutes, tz=began.tzinfo)
            stripe.clock = now.timestamp
            for job in REGISTRY.jobs:
                if job.name in ("meals.lapse_held", "payments.settle_open", "payments.send_refunds"):
                    await job.run(now)


# ------------------------------------------------------------------------------------------------------- what people do


@dataclass(frozen=True)
class Held:
    """Somebody's seats, kept until they are paid for."""

    member: int
    booking: int
    session: str


async def held(meal_id: int) -> list[Held]:
    """Those whose page Stripe has made."""
    rows = await run(
        "select distinct b.member_id, b.id, c.session_id from booking b join booking_part p on p.booking_id = b.id "
        "join checkout c on c.id = p.checkout_id where b.meal_id = {} and p.state = 'held' "
        "and c.session_id is not null order by b.id",
        meal_id,
    )
    return [Held(row["member_id"], row["id"], row["session_id"]) for row in rows]


def by_card(meal_id: int, member: int) -> Ask:
    return a_booking(meal_id, member, seats=1, price_cents=500, payment="card")


@dataclass
class Buyers:
    """What they do once their seat is held, each in their own way, over and over as seats come free."""

    scene: Scene
    stripe: Rehearsal
    meal: int
    answers: list[httpx.Response] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)
    """How many seats were taken, each time that somebody looked."""
    did: dict[str, int] = field(default_factory=dict)

    async def watch(self, over: asyncio.Event) -> None:
        while not over.is_set():
            (row,) = await run(
                "select coalesce(sum(seats), 0) as n from booking_part where meal_id = {} "
                "and state in ('offered', 'held', 'confirmed')",
                self.meal,
            )
            self.seen.append(int(row["n"]))
            await asyncio.sleep(0.03)

    async def post(self, asks: Iterable[Ask]) -> None:
        self.answers += [turn.answer for turn in await rush(self.scene, list(asks), first=10)]

    async def at_stripe(self, deed: str, one: Held) -> None:
        with suppress(Refusal):  # it was closed meanwhile
            await asyncio.to_thread(getattr(self.stripe, deed), one.session)

    async def one_way(self, which: int, one: Held) -> None:
        mine = f"/reservations/{one.booking}"
        verify, cancel = Ask(one.member, f"{mine}/verification"), Ask(one.member, f"{mine}/annulation")
        match which:
            case 0 | 1:
                way = "paid, and asked three times whether it is"
                await self.at_stripe("pay", one)
                await self.post([verify, verify, verify])
            case 2:
                way = "was refused, and paid on site"
                await self.at_stripe("refuse_card", one)
                await self.post([Ask(one.member, f"{mine}/sur-place")])
            case 3:
                way = "was refused, and paid with another card"
                await self.at_stripe("refuse_card", one)
                await self.at_stripe("pay", one)
            case 4:
                way = "gave up while they paid"
                await asyncio.gather(self.at_stripe("pay", one), self.post([cancel, verify]))
            case 5:
                way = "paid and gave it back"
                await self.at_stripe("pay", one)
                await self.post([verify])
                await self.post([cancel, cancel])
            case 6:
                way = "paid while they said that they pay on site"
                on_site = Ask(one.member, f"{mine}/sur-place")
                await asyncio.gather(self.at_stripe("pay", one), self.post([on_site, verify]))
            case _:
                way = "never paid"
        self.did[way] = self.did.get(way, 0) + 1

    async def wave(self, first: int) -> int:
        """Each does something else; how many did."""
        some = await held(self.meal)
        await asyncio.gather(*[self.one_way((first + number) % 8, one) for number, one in enumerate(some)])
        asks = []
        for offer in await offers(self.meal):
            ask = offer.answer(True)
            asks.append(Ask(ask.member, ask.path, {**ask.form, "payment": "card"}))
        await self.post(asks)
        return len(some)


async def until(happened: object, seconds: float = 30.0) -> None:
    """Wait until this question about the database is answered with no row."""
    deadline = time.monotonic() + seconds
    while await run(str(happened)):
        assert time.monotonic() < deadline, happened
        await asyncio.sleep(0.1)
