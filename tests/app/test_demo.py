"""The demonstration, whatever the day: every state is there, Samira's story holds, nothing leaves, nothing overlaps."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest

import app.accounts.demo_plan
import app.demo.cast
import meals.demo_plan
import workshops.demo_programme
import workshops.demo_stories
from app.clock import at_local, local, local_day, week_start
from app.contracts import Domain
from app.database import Store, run, transaction
from app.demo import PASSWORD, NotEmpty, accounts, is_seeded, seed
from app.demo.cast import CANAL, GERMAINE, GERMAINES_PHONE, NAMED, OTHERS, TANNEURS
from app.demo.people import closed_days
from app.demo.seeding import in_playing_order
from app.identity.passwords import password_fits
from app.identity.states import Act
from app.main import REGISTRY
from app.notices.delivery import Postman
from app.payments import gateway
from app.registry import Registry
from app.settings import Settings
from rehearsal import Rehearsal
from tests.client import World, words
from tests.meals.whatever_day import accounts_are_told, is_of_tonight, meals_are_eaten, tonight_is_open
from tests.rehearsing import SECRET_KEY, WEBHOOK_SECRET
from workshops.demo_plan import make_plan, samiras
from workshops.demo_programme import PROGRAMME, Planned
from workshops.demo_stories import CANCELLED, SOON, STORIES
from workshops.states import FORMATS, SignUpState, State

MONDAY_MORNING = at_local(date(2026, 11, 23), time(8, 40))
DAYS = {
    "monday morning": MONDAY_MORNING,
    "saturday evening": at_local(date(2026, 11, 28), time(20, 30)),
    "the clocks go forward": at_local(date(2027, 3, 28), time(3, 30)),
    "the clocks go back": at_local(date(2026, 10, 25), time(2, 30), fold=1),
    "30 December": at_local(date(2026, 12, 30), time(16)),
    "just before Christmas": at_local(date(2026, 12, 20), time(23, 50)),
}
PEOPLE_ONLY = Registry.of()


async def seeded(
    now: datetime, registry: Registry = REGISTRY, members: int | None = None
) -> list[tuple[str, int, int]]:
    """Seed, with a bank as `reseau demo` does, and give back what was said of the progress."""
    said: list[tuple[str, int, int]] = []
    with Rehearsal(secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET) as stripe:
        gateway.connect(Settings(stripe_secret_key=SECRET_KEY, stripe_api_base=stripe.address))
        try:
            await seed(
                registry,
                now=now,
                members=members,
                progress=lambda what, done, total: said.append((what, done, total)),
                cards=stripe,
            )
        finally:
            await gateway.disconnect()
    assert stripe.faults == []
    return said


async def one(sql: str, *args: Any) -> Any:
    """The one value of the one row."""
    (row,) = await run(sql, *args)
    (value,) = row.values()
    return value


async def member(key: str) -> int:
    return int(await one("select id from member where email = {}", f"{key}@exemple.fr"))


# ---------------------------------------------------------------------------------------------- what holds whatever day


async def every_state_is_there(now: datetime) -> None:
    states = {row["state"] for row in await run("select distinct state from workshop")}
    assert states == {state.value for state in State}
    signed = {row["state"] for row in await run("select distinct state from sign_up")}
    assert signed == {state.value for state in SignUpState}
    hows = {
        row["decided_how"]
        for row in await run(
            "select distinct decided_how from workshop where published_at > {}", now - timedelta(days=90)
        )
    }
    assert hows == {"mediation", "silence", "drawn"}


async def nothing_is_late(now: datetime) -> None:
    late = await run(
        "select title, state from workshop where ends_at <= {} and state not in ('held', 'lapsed', 'cancelled')", now
    )
    assert late == []
    assert await run("select title from workshop where state in ('proposed', 'contested') and due_at <= {}", now) == []
    assert await run("select id from sign_up where state = 'offered' and offer_until <= {}", now) == []
    for job in REGISTRY.jobs:
        assert await job.run(now) == 0, job.name


async def nothing_was_done_in_the_future(now: datetime) -> None:
    for column, table in (
        ("at", "journal_line"), ("created_at", "member"), ("joined_at", "membership"), ("met_at", "membership"),
        ("proposed_at", "workshop"), ("published_at", "workshop"), ("modified_at", "entry"), ("asked_at", "sign_up"),
        ("created_at", "outbox"), ("created_at", "duty"), ("opened_at", "rota_slot"), ("taken_at", "rota_holding"),
        ("asked_at", "rota_swap"), ("created_at", "meal"), ("made_at", "booking"), ("asked_at", "booking_part"),
        ("at", "pot_line"), ("created_at", "dish"), ("at", "ledger_line"), ("written_at", "purchase"),
        ("asked_at", "budget_request"), ("closed_at", "meal_account"), ("counted_at", "till_count"),
    ):  # fmt: skip
        assert await one(f"select count(*) as n from {table} where {column} > {{}}", now) == 0, (column, table)


async def nothing_differs(now: datetime) -> None:
    """What is kept about money agrees with itself."""
    checks = [domain.checks for domain in REGISTRY.domains if domain.checks is not None]
    assert len(checks) >= 2
    for differences in checks:
        assert list(await differences(now)) == []


async def no_two_at_once(now: datetime) -> None:
    entries = await run("select * from entry where state in ('tentative', 'confirmed')")
    hosts = await run(
        "select entry_id, member_id from taking_part where role = 'host' and binding = {} and left_at is null", True
    )
    hosting: dict[int, set[int]] = {}
    for each in hosts:
        hosting.setdefault(each["entry_id"], set()).add(each["member_id"])
    assert len(entries) > 80
    for number, first in enumerate(entries):
        for other in entries[number + 1 :]:
            if first["starts_at"] < other["ends_at"] and other["starts_at"] < first["ends_at"]:
                pair = (first["title"], other["title"], first["starts_at"])
                assert first["room_id"] is None or first["room_id"] != other["room_id"], pair
                assert not hosting.get(first["id"], set()) & hosting.get(other["id"], set()), pair


async def places_are_open_and_one_week_is_quiet(now: datetime) -> None:
    first = await one("select id from place where slug = 'les-tanneurs'")
    rows = await run(
        "select e.kind, e.title, e.starts_at, e.ends_at, e.place_id, e.room_id, e.seats, r.seats as room_seats "
        "from entry e left join room r on r.id = e.room_id where e.state in ('tentative', 'confirmed')"
    )
    week = {
        place: {day: (opens, closes) for day, opens, closes in each.hours}
        for place, each in ((first, TANNEURS), (None, CANAL))
    }
    closed = [(first_on, last_on) for first_on, last_on, _ in closed_days(now)]
    tonight = [row for row in rows if is_of_tonight(row["title"], row["starts_at"], now)]
    assert len(tonight) == 7, "a meal whatever the hour, its team's five turns and the one at its door"
    for row in rows:
        if row in tonight:
            continue
        starts, ends = local(row["starts_at"]), local(row["ends_at"])
        opens, closes = week[first if row["place_id"] == first else None][starts.weekday()]
        assert opens <= f"{starts:%H:%M}" < f"{ends:%H:%M}" <= closes, row["title"]
        assert starts.date() == ends.date()
        assert row["room_id"] is None or row["seats"] <= row["room_seats"], row["title"]
        if row["place_id"] == first:
            assert not any(begins <= starts.date() <= over for begins, over in closed), row["title"]
    monday = week_start(local_day(now)) + timedelta(days=14)
    quiet = [row for row in rows if monday <= local_day(row["starts_at"]) < monday + timedelta(days=7)]
    assert [row["title"] for row in quiet if row["kind"] == "workshop"] == ["Café ouvert"]


async def samira_finds_her_story(now: datetime) -> None:
    samira = await member("samira")
    soon = [
        row["title"]
        for row in await run(
            "select w.title from host h join workshop w on w.id = h.workshop_id where h.member_id = {} and "
            "h.state = 'hosting' and w.state = 'published' and w.starts_at between {} and {}",
            samira,
            now,
            now + timedelta(days=6),
        )
    ]
    assert SOON.title in soon
    mine = await run(
        "select s.id, s.workshop_id, s.state, s.offer_until, w.starts_at from sign_up s "
        "join workshop w on w.id = s.workshop_id where s.member_id = {} and w.starts_at > {}",
        samira,
        now,
    )
    assert Counter(row["state"] for row in mine) == {"confirmed": 2, "waiting": 1, "offered": 1}
    by_state = {row["state"]: row for row in mine}
    before = await one(
        "select count(*) as n from sign_up where workshop_id = {} and state = 'waiting' and id <= {}",
        by_state["waiting"]["workshop_id"],
        by_state["waiting"]["id"],
    )
    assert before == 2, "her rank"
    assert timedelta(hours=1) < by_state["offered"]["offer_until"] - now < timedelta(hours=20)
    states = {row["state"] for row in await run("select state from workshop where proposer_id = {}", samira)}
    assert states >= {"draft", "proposed", "sent_back", "published"}


async def karim_is_new(now: datetime) -> None:
    karim = await member("karim")
    joined, met = (await run("select joined_at, met_at from membership where member_id = {}", karim))[0].values()
    assert local_day(joined) == local_day(now) - timedelta(days=1)
    assert met is None
    assert await one("select count(*) as n from encounter where member_id = {}", karim) == 1
    unmet = await one("select count(*) as n from membership where met_at is null and mediator = {}", False)
    assert unmet == 2
    coming = await run(
        "select w.format, s.state from sign_up s join workshop w on w.id = s.workshop_id "
        "where s.member_id = {} and w.starts_at > {}",
        karim,
        now,
    )
    assert {"format": "accueil", "state": "confirmed"} in coming


async def mediators_have_to_read(now: datetime) -> None:
    proposed = await run("select * from workshop where state = 'proposed'")
    plain = [row for row in proposed if not row["wished_room_id"] and not row["blocked_at"] and not row["needs"]]
    assert 3 <= len(plain) <= 5
    assert len({row["due_at"] for row in plain}) == len(plain), "different clocks"
    assert any(row["due_at"] - now < timedelta(hours=60) for row in plain)
    assert [row["help_wanted"] for row in plain].count(True) == 1
    assert len([row for row in proposed if row["wished_room_id"]]) == 1, "a clash"
    assert len([row for row in proposed if row["blocked_until"] and row["blocked_until"] > now]) == 1
    assert len([row for row in proposed if row["needs"]]) == 1
    assert (
        await one(
            "select count(*) as n from workshop where edited_at > {} and state = 'published'", now - timedelta(hours=48)
        )
        == 1
    )
    without_room = await one(
        "select count(*) as n from workshop "
        "where state = 'published' and wished_room_id is not null and room_id is null"
    )
    assert without_room == 1
    lost = await one(
        "select count(*) as n from workshop w where state = 'published' and not exists "
        "(select 1 from host h where h.workshop_id = w.id and h.state = 'hosting')"
    )
    assert lost == 1
    assert await one("select count(*) as n from host where state = 'left'") == 2
    assert await one("select count(*) as n from sign_up where member_id is null and first_name <> ''") == 3


async def the_past_was_lived(now: datetime) -> None:
    assert await one("select count(*) as n from sign_up where present = {}", True) > 50
    assert await one("select count(*) as n from sign_up where last_word <> '' and last_word_shown = {}", True) > 5
    journal = {row["act"] for row in await run("select act from journal_line where shown = {}", True)}
    assert journal >= {"workshop.published", "workshop.sent_back", "workshop.blocked", "workshop.yes"}
    voices = {row["voice"] for row in await run("select voice from journal_line where act = 'workshop.published'")}
    assert voices == {"mediation", "silence", "drawn"}
    order = [row["at"] for row in await run("select at from journal_line order by id")]
    assert sum(later < earlier for earlier, later in pairwise(order)) <= 3, "told in order, domain by domain"


async def no_mail_leaves(now: datetime) -> None:
    assert await Postman(Settings(smtp_url="smtp://127.0.0.1:1"), {}).deliver(now + timedelta(days=60)) == 0
    shown = await run("select recipient, kind, created_at from outbox where recipient <> '' order by id")
    assert 12 <= len(shown) <= 80
    samiras_mails = {row["kind"] for row in shown if row["recipient"] == "samira@exemple.fr"}
    assert samiras_mails >= {"offer", "hosting", "digest"}
    kinds = {row["kind"] for row in shown}
    assert "reminder" in kinds, kinds


async def samira_can_answer_from_her_mail(now: datetime) -> None:
    samira = await member("samira")
    keys = await run(
        "select offer_key from outbox where member_id = {} and offer_key <> '' and recipient <> '' order by id", samira
    )
    seen = [await REGISTRY.offers["workshop"].look(row["offer_key"], samira, now) for row in keys]
    assert [offer.state for offer in seen if offer is not None] == ["open"]


async def germaine_is_to_be_told(now: datetime) -> None:
    """She has no e-mail: whoever holds the welcome turn finds her telephone number and what to say."""
    place = await one("select id from place where slug = 'les-tanneurs'")
    zineb = await one("select id from member where name = 'Zineb'")
    page = words(await (await World(now).browser_of(zineb, place_id=place)).get("/a-prevenir"))
    assert GERMAINE.name in page
    assert GERMAINES_PHONE in page
    assert CANCELLED.title in page


async def pages_open(now: datetime) -> None:
    """Each named account finds its pages, and somebody without one finds the public ones."""
    world = World(now)
    place = await one("select id from place where slug = 'les-tanneurs'")
    ids = [row["id"] for row in await run("select min(id) as id from workshop group by state order by state")]
    for key in (person.key for person in NAMED):
        browser = await world.browser_of(await member(key), place_id=place)
        for path in (
            "/agenda",
            "/ateliers",
            "/repas",
            "/repas/comptes",
            "/tours",
            "/moi",
            *(f"/ateliers/{number}" for number in ids),
        ):
            answer = await browser.get(path)
            assert answer.status_code in (200, 403, 404), (key, path)
            assert answer.status_code == 200 or path.startswith("/ateliers/"), (key, path)
    mediation = await (await world.browser_of(await member("helene"), place_id=place)).get("/mediation")
    assert "Dire non à une offre" in mediation.text
    assert (await world.browser().get("/")).status_code == 200


async def turns_go_round(now: datetime) -> None:
    """Weeks gone by and to come; somebody cannot come, two may swap, a turn of the next days lacks everybody."""
    place = await one("select id from place where slug = 'les-tanneurs'")
    turns = await run(
        "select s.id, s.starts_at, s.ends_at, s.people, s.taken, d.name as duty from rota_slot s "
        "join duty d on d.id = s.duty_id where s.place_id = {} and s.state = 'open' order by s.starts_at",
        place,
    )
    gone = [row for row in turns if row["ends_at"] <= now]
    assert sum(row["taken"] for row in gone) > 0.8 * sum(row["people"] for row in gone) > 100
    assert turns[-1]["starts_at"] > now + timedelta(weeks=7)
    lacking = [row for row in turns if now < row["starts_at"] and not row["taken"]]
    assert any(row["starts_at"] < now + timedelta(days=2) for row in lacking) or local_day(now).month == 12
    held = {
        row["state"]: row["n"]
        for row in await run(
            "select state || case when wanted_slot_id is null then '' else ' swap' end as state, count(*) as n "
            "from rota_swap group by 1"
        )
    }
    assert held == {"open": 1, "open swap": 1, "taken": 1}
    came = {row["came"] for row in await run("select distinct came from rota_holding where went = ''")}
    assert came == {"claimed", "weekly", "stood_in", "guest", "watches"}
    samira = await member("samira")
    hers = await run(
        "select s.starts_at from rota_holding h join rota_slot s on s.id = h.slot_id "
        "where h.member_id = {} and h.went = ''",
        samira,
    )
    assert any(now < row["starts_at"] < now + timedelta(days=15) for row in hers)
    till = await run(
        "select k.member_id from rota_practice k join duty d on d.id = k.duty_id where d.name = 'Caisse' "
        "and k.level in ('does', 'teaches')"
    )
    assert [row["member_id"] for row in till] == [await member("odile")], "what one person alone can do"
    twice = await run(
        "select a.member_id from taking_part a join entry e on e.id = a.entry_id join taking_part b "
        "on b.member_id = a.member_id and b.entry_id > a.entry_id join entry f on f.id = b.entry_id "
        "where a.binding = {} and b.binding = {} and a.left_at is null and b.left_at is null "
        "and e.state in ('tentative', 'confirmed') and f.state in ('tentative', 'confirmed') "
        "and e.starts_at < f.ends_at and f.starts_at < e.ends_at",
        True,
        True,
    )
    assert twice == [], "nobody is in two places"


CHECKS: tuple[Callable[[datetime], Awaitable[None]], ...] = (
    every_state_is_there,
    nothing_is_late,
    nothing_was_done_in_the_future,
    no_two_at_once,
    places_are_open_and_one_week_is_quiet,
    samira_finds_her_story,
    karim_is_new,
    mediators_have_to_read,
    the_past_was_lived,
    no_mail_leaves,
    samira_can_answer_from_her_mail,
    germaine_is_to_be_told,
    turns_go_round,
    meals_are_eaten,
    tonight_is_open,
    accounts_are_told,
    nothing_differs,
    pages_open,
)


@pytest.mark.slow
@pytest.mark.parametrize("now", DAYS.values(), ids=DAYS)
async def test_whatever_the_day(now: datetime, sqlite_only_db: Store) -> None:
    said = await seeded(now)
    for check in CHECKS:
        await check(now)
    assert said[0] == ("members", 0, 51)
    for last in ("workshops", "turns", "meals"):
        assert len({(done == total, total) for what, done, total in said if what == last and done == total}) == 1, last
    assert said[-1][0] == "meals"


@pytest.mark.slow
async def test_on_the_other_database(postgres_only_db: Store) -> None:
    await seeded(MONDAY_MORNING)
    for check in CHECKS:
        await check(MONDAY_MORNING)


def test_any_day_of_three_years_has_room_for_the_plan() -> None:
    hours = {day: (opens, closes) for day, opens, closes in TANNEURS.hours}
    far = 0
    for number in range(0, 3 * 366, 5):
        now = at_local(date(2026, 6, 1) + timedelta(days=number), time(number % 24, 20))
        plan = make_plan(now, closed=[(first, last) for first, last, _ in closed_days(now)], hours=hours)
        hers = samiras(plan, now)
        assert plan.soon is not None
        at_hand = [plan.soon, hers.waits, hers.offered, *hers.places]
        assert len(set(map(id, at_hand))) == len(at_hand)
        assert not any(one.meets(other) for one in at_hand for other in at_hand if one is not other)
        assert min(session.starts_at for session in at_hand) > now
        far += max(session.starts_at for session in at_hand) > now + timedelta(days=9)
        assert len([session for session in plan.all() if session.week == 2]) == 1
    assert far < 10, "only the closed days of December put things off"


# --------------------------------------------------------------------------------------------------- people and places


class TestPeople:
    async def test_everybody_signs_in_with_the_one_password(self, db: Store) -> None:
        await seeded(MONDAY_MORNING, PEOPLE_ONLY)
        hashes = await run("select distinct password_hash from member")
        assert len(hashes) == 1
        assert await password_fits(hashes[0]["password_hash"], PASSWORD)
        addresses = {row["email_key"] for row in await run("select email_key from member")}
        assert len(addresses) == 51
        assert {account.address for account in (await accounts())[:-1]} <= addresses
        assert {f"membre{number}@exemple.fr" for number in range(1, 45)} <= addresses

    @pytest.mark.parametrize(("members", "last"), [(0, 44), (112, 112)])
    async def test_whom_one_may_sign_in_as_goes_to_the_last_there_is(
        self, sqlite_only_db: Store, members: int, last: int
    ) -> None:
        await seeded(MONDAY_MORNING, PEOPLE_ONLY, members=members)
        everybody_else = (await accounts())[-1]
        assert everybody_else.address == f"membre1@exemple.fr … membre{last}@exemple.fr"

    async def test_roles_are_held_and_bruno_mediates_in_one_place_only(self, sqlite_only_db: Store) -> None:
        await seeded(MONDAY_MORNING, PEOPLE_ONLY)
        held = await run("select m.email, g.act from granted_act g join member m on m.id = g.member_id")
        by_email: dict[str, set[str]] = {}
        for row in held:
            by_email.setdefault(row["email"], set()).add(row["act"])
        assert by_email["rosa@exemple.fr"] == {Act.SAY_YES, Act.KEEP_PLACE, Act.KEEP_ACCOUNTS}
        assert by_email["odile@exemple.fr"] == {Act.OPEN_MEALS}
        assert sum(Act.SAY_YES in acts for acts in by_email.values()) == 2
        mediators = await run(
            "select m.email, ms.mediator, ms.employer, p.slug from membership ms join member m on m.id = ms.member_id "
            "join place p on p.id = ms.place_id where m.email in ('bruno@exemple.fr', 'helene@exemple.fr') "
            "order by m.email, p.slug"
        )
        assert [tuple(row.values()) for row in mediators] == [
            ("bruno@exemple.fr", False, "", "le-canal"),
            ("bruno@exemple.fr", True, "Ville de Saint-Denis", "les-tanneurs"),
            ("helene@exemple.fr", True, "Maison de l’emploi", "les-tanneurs"),
        ]
        listed = await one("select count(*) as n from member where listed = {}", True)
        assert 20 < listed < 45
        assert await one("select count(*) as n from member where language = 'en'") == 2

    async def test_it_is_seeded_once_and_only_into_an_empty_database(self, sqlite_only_db: Store) -> None:
        assert not await is_seeded()
        await seeded(MONDAY_MORNING, PEOPLE_ONLY)
        assert await is_seeded()
        with pytest.raises(NotEmpty):
            await seeded(MONDAY_MORNING, PEOPLE_ONLY)
        async with transaction():
            await run("delete from journal_line")
        assert not await is_seeded(), "one that was cut off is not whole"
        with pytest.raises(NotEmpty):
            await seeded(MONDAY_MORNING, PEOPLE_ONLY)

    async def test_a_crowd_comes_in_chunks(self, db: Store) -> None:
        said = await seeded(MONDAY_MORNING, PEOPLE_ONLY, members=1200)
        assert [done for _, done, _ in said] == [0, 51, 551, 1051, 1207]
        assert {total for _, _, total in said} == {1207}
        last = await member("membre1200")
        assert await one("select met_at from membership where member_id = {}", last) is not None
        assert await one("select count(*) as n from membership where place_id = 1") == 1207
        names = await run("select name, name_key, about from member where email = 'membre700@exemple.fr'")
        assert names[0]["name"]
        assert names[0]["name_key"] == names[0]["name_key"].casefold()


def test_whoever_needs_what_another_plays_comes_after_it() -> None:
    first, second, third = Domain(name="first", demo_after="third"), Domain(name="second"), Domain(name="third")
    assert in_playing_order((second, third)) == [second, third]
    assert in_playing_order((first, second, third)) == [second, third, first]
    assert in_playing_order((first, second)) == [first, second], "what is not there is not waited for"


# --------------------------------------------------------------------------------------------------------- what is said


def texts(thing: Any) -> Iterator[str]:
    if isinstance(thing, str):
        yield thing
    elif isinstance(thing, dict):
        for key, value in thing.items():
            yield from texts(key)
            yield from texts(value)
    elif isinstance(thing, (tuple, list)):
        for each in thing:
            yield from texts(each)
    elif is_dataclass(thing):
        for each in fields(thing):
            yield from texts(getattr(thing, each.name))


MODULES = (app.accounts.demo_plan, app.demo.cast, meals.demo_plan, workshops.demo_programme, workshops.demo_stories)
SAID = sorted(
    {each for module in MODULES for name, thing in vars(module).items() if name.isupper() for each in texts(thing)}
)
EVERYTHING: list[Planned] = [
    *PROGRAMME,
    *workshops.demo_programme.CANAL,
    CANCELLED,
    SOON,
    *(s.planned for s in STORIES),
]


def test_nothing_is_said_with_straight_signs() -> None:
    assert len(SAID) > 200
    assert [each for each in SAID if "'" in each or '"' in each or "..." in each or " ," in each] == []


def test_sentences_are_short() -> None:
    sentences = [
        sentence.strip()
        for each in SAID
        for sentence in each.replace("?", ".").replace("!", ".").replace(":", ".").replace("\n", ".").split(".")
    ]
    assert [each for each in sentences if len(each.split()) > 15] == []


@pytest.mark.parametrize("planned", EVERYTHING, ids=lambda planned: planned.title)
def test_each_could_have_been_proposed_on_the_form(planned: Planned) -> None:
    bounds = FORMATS[planned.format]
    assert bounds.least <= planned.capacity <= bounds.most
    assert bool(planned.speaker) >= bounds.needs_speaker
    assert 3 <= len(planned.title) <= 60, "as on a poster"
    keys = {person.key for person in (*NAMED, *OTHERS)}
    assert {*planned.hosts, *planned.with_} <= keys
