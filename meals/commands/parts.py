"""What happens to the seats of bookings: they move along `PART_MOVES`, are split, offered to those who wait, lapse; and
what follows from it for the booking, the person's calendar, the pot and the meal's numbers.

Inside the caller's transaction, with the meal's row locked. Moves change `taken` and `waiting` in that row;
`offer_freed` and whatever calls it write them, once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.calendar.api import Role, all_take_part, leave, next_opening, take_part
from app.database import columns_of, get_for_update, run
from app.errors import NotFound
from app.i18n import Text
from app.notices.api import Kind, Part, offers_over
from meals import rules, wording_booking
from meals.commands.pot import pot_follows
from meals.commands.steps import locked, moment, recount, tell, way_out, where_is
from meals.facts import KIND, Row, offer_key, standing_of
from meals.rules import Waiting, Who
from meals.states import ACTIVE, PART_MOVES, TAKES_SEATS, PartState
from meals.tables import Booking, BookingPart
from meals.wording import Mail

Spans = Sequence[tuple[PartState, int, int]]
_LIVE = ", ".join(f"'{state.value}'" for state in ACTIVE)
_PART = columns_of(BookingPart)
THEIRS = (PartState.CONFIRMED, PartState.ATTENDED)
"""Of seats that are somebody's, whether they are at the table already or not."""


@dataclass(slots=True)
class Held:
    """A booking with its parts that stand, and how it stood before this command."""

    booking: Row
    parts: list[Row]
    role: Role | None
    """As what its person was in the calendar."""
    confirmed: int
    """How many of its seats were theirs."""
    asked: int
    """How many of its seats stood."""

    @classmethod
    def of(cls, booking: Row, parts: Iterable[Row]) -> Held:
        held = cls(booking, list(parts), None, 0, 0)
        held.role, held.confirmed, held.asked = held.role_now(), held.seats(*THEIRS), held.seats()
        return held

    @property
    def id(self) -> int:
        return int(self.booking["id"])

    @property
    def member(self) -> int | None:
        """Whose it is, if they have an account."""
        member: int | None = self.booking["member_id"]
        return member

    def of_state(self, *states: PartState) -> list[Row]:
        """Its parts in one of these states, in the order of the list."""
        found = [part for part in self.parts if part["state"] in states]
        return sorted(found, key=lambda part: (part["queue"] or 0, part["id"]))

    def seats(self, *states: PartState) -> int:
        """How many of its seats are in one of these states; all that stand if none is named."""
        return sum(part["seats"] for part in self.of_state(*(states or ACTIVE)))

    def children(self) -> int:
        """How many of the seats that stand are children's."""
        return sum(part["children"] for part in self.of_state(*ACTIVE))

    def role_now(self) -> Role | None:
        """As what its person is in the calendar, if in any way."""
        if self.of_state(*THEIRS):
            return Role.PARTICIPANT
        if self.of_state(PartState.OFFERED):
            return Role.OFFERED
        if self.of_state(PartState.HELD):
            return Role.HELD
        return Role.WAITING if self.of_state(PartState.WAITING) else None


# ------------------------------------------------------------------------------------------------------------- reading


async def locked_booking(booking_id: int) -> tuple[Row, Held]:
    """The meal's row, locked, and the booking with what stands of it. Raises `NotFound`."""
    seen = await run("select meal_id from booking where id = {}", booking_id)
    if not seen:
        raise NotFound
    row = await locked(seen[0]["meal_id"])
    (booking,) = await get_for_update(Booking, booking_id)
    return row, Held.of(booking, await _live_parts(booking_id))


async def booking_of(row: Row, member_id: int) -> Held | None:
    """The booking of this member that stands, once the meal is locked."""
    found = await run(
        f"select {columns_of(Booking)} from booking where meal_id = {{}} and member_id = {{}} and active = {{}}",  # noqa: S608 - names of ours
        row["id"],
        member_id,
        True,
    )
    return Held.of(found[0], await _live_parts(found[0]["id"])) if found else None


async def held_of(booking_ids: Collection[int]) -> list[Held]:
    """These bookings with what stands of them, by id."""
    bookings = await get_for_update(Booking, *booking_ids)
    parts = await _live_parts(*booking_ids)
    return [Held.of(each, (part for part in parts if part["booking_id"] == each["id"])) for each in bookings]


async def _live_parts(*booking_ids: int) -> list[Row]:
    marks = ", ".join("{}" for _ in booking_ids) or "null"
    return await run(
        f"select {_PART} from booking_part where booking_id in ({marks}) and state in ({_LIVE}) order by id",  # noqa: S608 - names of ours
        *booking_ids,
    )


def sent_before(held: Held, form: str) -> bool:
    """Whether this form was the last that changed the booking: the same sent twice is one deed."""
    return bool(form) and held.booking["last_form"] == form


async def keep_form(held: Held, form: str, *, now: datetime) -> None:
    """This form has changed the booking."""
    await run("update booking set last_form = {}, modified_at = {} where id = {}", form, now, held.id)


# --------------------------------------------------------------------------------------------------------------- moves


async def add_parts(row: Row, booking_id: int, parts: Spans, *, now: datetime) -> list[Row]:
    """Seats that a booking has from now on: state, seats, children of each part. Those that wait stand at the end of
    the list."""
    wanted = [(state, seats, children) for state, seats, children in parts if seats]
    made = await run(
        "insert into booking_part (booking_id, meal_id, seats, children, state, asked_at) values "  # noqa: S608 - marks only
        + ", ".join(["({}, {}, {}, {}, {}, {})"] * len(wanted))
        + f" returning {_PART}",
        *(
            value
            for state, seats, children in wanted
            for value in (booking_id, row["id"], seats, children, state.value, now)
        ),
    )
    for part in made:
        if part["state"] == PartState.WAITING:
            part["queue"] = part["id"]
            await run("update booking_part set queue = id where id = {}", part["id"])
        _count(row, part["seats"], None, PartState(part["state"]))
    return made


async def split(part: Row, seats: int, *, going: bool = False) -> Row:
    """So many seats of a part, as a part of their own; the part itself if these are all. What was offered, or handed
    over, stays the part's. Grown-ups are with the children on the side that comes to the meal: what is split off,
    unless it is `going`."""
    left = part["seats"] - seats
    if not left:
        return part
    now, later = (left, seats) if going else (seats, left)
    children = rules.children_now(children=part["children"], now=now, later=later)
    children = part["children"] - children if going else children
    part["seats"], part["children"] = left, part["children"] - children
    await run("update booking_part set seats = {}, children = {} where id = {}", left, part["children"], part["id"])
    made = await run(
        "insert into booking_part (booking_id, meal_id, seats, children, state, queue, asked_at) "  # noqa: S608 - names of ours
        "select booking_id, meal_id, {}, {}, state, queue, asked_at from booking_part where id = {} "
        f"returning {_PART}",
        seats,
        children,
        part["id"],
    )
    return made[0]


async def move(row: Row, part: Row, to: PartState, *, now: datetime, **values: Any) -> None:
    """Move a part along the table `PART_MOVES`, and write these columns with it. What was offered, or handed over,
    ends with it."""
    before = PartState(part["state"])
    if to not in PART_MOVES[before]:
        raise RuntimeError(f"{before} does not become {to}")
    over = {"settled_at": now, "handed_at": None} if to in (PartState.LAPSED, PartState.CANCELLED) else {}
    columns = {"state": to.value, **over, **values}
    moved = await run(
        f"update booking_part set {', '.join(f'{name} = {{}}' for name in columns)} "  # noqa: S608 - names of ours
        "where id = {} and state = {} returning id",
        *columns.values(),
        part["id"],
        before.value,
    )
    if not moved:
        raise RuntimeError("parts only move under the lock of their meal")
    part.update(columns)
    _count(row, part["seats"], before, to)


def _count(row: Row, seats: int, before: PartState | None, after: PartState) -> None:
    row["taken"] += seats * ((after in TAKES_SEATS) - (before in TAKES_SEATS))
    row["waiting"] += seats * ((after is PartState.WAITING) - (before is PartState.WAITING))


async def offer_ended(held: Held, part: Row, *, now: datetime) -> None:
    """What was offered of this part is nothing to read or to tell any more. After it has moved."""
    if part["offered_at"] is not None and held.member is not None:
        await offers_over(KIND, {held.member: offer_key(part["id"], part["offered_at"])}, now=now)


async def follow(row: Row, held: Held, *, now: datetime) -> None:
    """What its moves mean for the booking: in its person's calendar, whether it is over, and for the pot."""
    role, confirmed = held.role_now(), held.seats(*THEIRS)
    if held.member is not None and role is not held.role:
        if role is None:
            await leave(KIND, row["id"], held.member, now=now)
        else:
            await take_part(KIND, row["id"], held.member, role, binding=False, now=now)
    if bool(confirmed) is not bool(held.confirmed):
        await pot_follows(row, held.booking, stands=bool(confirmed), now=now)
    if not held.seats():
        await run("update booking set active = {}, modified_at = {} where id = {}", False, now, held.id)
        await run("delete from booking_diet where booking_id = {}", held.id)
        held.booking["active"] = False
    elif held.seats() < held.asked:  # nobody is more people than they have seats
        people = "update booking_diet set people = {} where booking_id = {} and people > {}"
        await run(people, held.seats(), held.id, held.seats())
    held.role, held.confirmed, held.asked = role, confirmed, held.seats()


async def tell_confirmed(row: Row, held: Held, *, envelope: Text = wording_booking.ENVELOPE, now: datetime) -> None:
    """Whoever has their first seats is told, with the event for their calendar, and how they pay. After `follow`."""
    if held.member is None:
        return
    await tell(
        wording_booking.confirmed(
            row["title"],
            row["starts_at"],
            seats=held.seats(PartState.CONFIRMED),
            waiting=held.seats(PartState.WAITING),
            where=await where_is(row),
            envelope=envelope,
            way_out=way_out(row, now=now),
        ),
        [held.member],
        row=row,
        kind=Kind.CONFIRMATION,
        what=f"confirmed-{held.id}-{moment(now)}",
        link=f"/reservations/{held.id}",
        part=Part.INVITE,
        now=now,
    )


# --------------------------------------------------------------------------------------------------------------- offers

_NEXT = (
    "select p.id, p.seats, p.children, p.booking_id, p.state, p.queue, p.offered_at, b.member_id, b.together, m.email, "
    "case when exists (select 1 from booking_part q where q.booking_id = p.booking_id "
    "and q.state in ('offered', 'confirmed', 'attended')) then 1 else 0 end as sits "
    "from booking_part p join booking b on b.id = p.booking_id left join member m on m.id = b.member_id "
    "where p.meal_id = {} and p.state = 'waiting' and (b.together = {} or p.seats <= {}) "
    "order by p.queue, p.id limit {}"
)


async def offer_freed(row: Row, *, free_before: int | None = None, now: datetime) -> int:
    """Offer seats that are nobody's to those who wait, in the order of the list, while bookings are open; then write
    the meal's numbers. Returns how many seats were offered. `free_before`: how many were nobody's before this command,
    if the meal does not say so any more."""
    offered: list[Row] = []
    open_still = rules.why_cannot_book(standing_of(row), now=now) is None
    while open_still and row["waiting"] and (free := row["seats"] - row["taken"]) > 0:
        first = {part["id"]: part for part in await run(_NEXT, row["id"], False, free, free)}
        queue = (Waiting(part["id"], part["seats"], bool(part["together"])) for part in first.values())
        promoted = rules.promotions(queue, free)
        if not promoted:  # together, and too many for what is free
            break
        for part_id, seats in promoted:
            offered.append(await _offer(row, first[part_id], seats, now=now))
    if offered:
        await _tell_offers(row, offered, now=now)
    if not open_still:
        await _tell_of_free(row, free_before=free_before, now=now)
    await recount(row)
    return sum(part["seats"] for part in offered)


async def _offer(row: Row, waiting: Row, seats: int, *, now: datetime) -> Row:
    """Keep so many seats of a waiting part for its person; returns the part that is offered."""
    slow = None
    if not waiting["email"]:
        opening = await next_opening(row["place_id"], after=now)
        slow = opening[1] if opening is not None else None
    until = rules.offer_until(closes_at=row["closes_at"], now=now, next_opening_ends=slow)
    part = await split(waiting, seats)
    await move(row, part, PartState.OFFERED, now=now, offered_at=now, offer_until=until)
    return part | {"member_id": waiting["member_id"], "sits": waiting["sits"]}


async def _tell_offers(row: Row, offered: Sequence[Row], *, now: datetime) -> None:
    """Tell those for whom seats are kept from now on; each mail can be answered. Alike are told in one go."""
    new = [part["member_id"] for part in offered if not part["sits"]]
    await all_take_part(KIND, row["id"], new, Role.OFFERED, binding=False, now=now)
    groups: dict[tuple[datetime, int, int], dict[int, Row]] = {}
    seen: dict[int, int] = {}
    for part in offered:
        nth = seen[part["member_id"]] = seen.get(part["member_id"], 0) + 1
        groups.setdefault((part["offer_until"], part["seats"], nth), {})[part["member_id"]] = part
    for (until, seats, _), parts in groups.items():
        await tell(
            wording_booking.offer(row["title"], row["starts_at"], seats=seats, until=until),
            parts,
            row=row,
            kind=Kind.OFFER,
            what=f"offer-{max(part['id'] for part in parts.values())}-{moment(now)}",
            offer_keys={member: offer_key(part["id"], now) for member, part in parts.items()},
            good_until=until,
            now=now,
        )


async def _tell_of_free(row: Row, *, free_before: int | None, now: datetime) -> None:
    """After closing nothing is offered: those on the list who can take what came free, and could not before, are told.
    The meal's numbers are not written yet: unless it is said, how many were free before is read of them."""
    standing = standing_of(row)
    if row["waiting"] and standing.free and rules.why_not_between(standing, now) is None:
        (before,) = await run(
            "select seats - taken as free, (select coalesce(sum(p.seats), 0) from booking_part p "
            "where p.meal_id = m.id and p.state = 'confirmed' and p.handed_at is not null) as handed "
            "from meal m where m.id = {}",
            row["id"],
        )
        came = standing.free - (before["free"] if free_before is None else free_before)
        if came > 0:
            mail, handed = wording_booking.left_free(row["title"], row["starts_at"]), int(before["handed"])
            what = f"left-free-{moment(now)}"
            await tell_list(row, mail, what=what, before=handed - came, after=handed, now=now)


async def tell_list(row: Row, mail: Mail, *, what: str, before: int, after: int, but: int = 0, now: datetime) -> None:
    """Tell those on the list who can take seats now that so many (`after`) are handed over, and could not while it were
    so many as `before`; each once for each `what`. `but` is a booking whose person knows it."""
    standing, told = standing_of(row), []
    for each in await run(_LIST, row["id"], but):
        who = Who(each["member_id"], waits=each["waits"], together=bool(each["together"]), handed=each["handed"])
        if not rules.takeable(standing, who, before) and rules.takeable(standing, who, after):
            told.append(who.id)
    await tell(mail, told, row=row, kind=Kind.OFFER, what=what, good_until=row["starts_at"], now=now)


_LIST = (
    "select b.member_id, b.together, sum(case when p.state = 'waiting' then p.seats else 0 end) as waits, "
    "sum(case when p.handed_at is not null then p.seats else 0 end) as handed "
    "from booking_part p join booking b on b.id = p.booking_id "
    "where p.meal_id = {} and b.id <> {} and b.member_id is not null and p.state in ('waiting', 'confirmed') "
    "group by b.id, b.member_id, b.together having sum(case when p.state = 'waiting' then 1 else 0 end) > 0 "
    "order by b.id"
)
"""Those on the list, with how many seats each waits for, and lets others have."""


async def lapse_offers_of(row: Row, *, now: datetime) -> int:
    """End the offers that nobody answered in time, and what else those people wait for; tell them, offer again. Returns
    how many lapsed."""
    over = await run(
        "select id, booking_id from booking_part where meal_id = {} and state = 'offered' and offer_until <= {} "
        "order by id",
        row["id"],
        now,
    )
    if not over:
        return 0
    ids = {part["id"] for part in over}
    late = await held_of({part["booking_id"] for part in over})
    for held in late:
        for part in held.of_state(PartState.OFFERED):
            if part["id"] in ids:
                await move(row, part, PartState.LAPSED, now=now)
                await offer_ended(held, part, now=now)
        for part in held.of_state(PartState.WAITING):
            await move(row, part, PartState.LAPSED, now=now)
        await follow(row, held, now=now)
    await tell(
        wording_booking.offer_lapsed(row["title"]),
        [held.member for held in late if held.member is not None],
        row=row,
        kind=Kind.OFFER,
        what=f"lapsed-{over[-1]['id']}",
        now=now,
    )
    await offer_freed(row, now=now)
    return len(over)


async def shorten_offers(row: Row, *, now: datetime) -> list[int]:
    """Bookings close sooner: no offer lasts longer. Whose offers end sooner than was told, to be told."""
    hurried = await run(
        "update booking_part set offer_until = {} where meal_id = {} and state = 'offered' and offer_until > {} "
        "returning booking_id",
        max(now, row["closes_at"]),
        row["id"],
        row["closes_at"],
    )
    return sorted({held.member for held in await held_of({each["booking_id"] for each in hurried}) if held.member})
