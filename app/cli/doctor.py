"""`reseau doctor`: what is wrong with an installation, and how to mend it."""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import aiosmtplib
import click
from rich.console import Console

from app import clock
from app.cli.common import Failed, open_or_fail, reason_of
from app.cli.doctor_accounts import of_accounts
from app.cli.doctor_stripe import of_payments, of_stripe
from app.cli.findings import Finding, Findings, fault, ok, warn
from app.database import close_database, engine, is_sqlite, run, transaction
from app.erased import kept_at, read_file
from app.errors import DatabaseHeld
from app.identity.commands_second import how_many_lack_one, made_with_another_key
from app.jobs import MAIL, failed_jobs
from app.main import REGISTRY
from app.migrations import MigrationRefused, pending
from app.notices.smtp import MailServer, ServerAway, without_addresses
from app.settings import Settings, SettingsError
from app.sqlite_engine import SQLiteStore
from app.timekeeping import latest_seen

SLOW_COMMIT = 50.0
"""Milliseconds. Each booking waits for one."""
LITTLE_SPACE = 200 * 1024 * 1024
LATE_MAIL = timedelta(minutes=15)
LATE_JOBS = timedelta(minutes=10)
AHEAD = timedelta(minutes=5)
SET_ASIDE_NAMED = 10
"""So many of the mails that were set aside are named one by one, the latest first."""
EXAMPLE = "bonjour@exemple.fr"
"""The sender in `.env.example`: whoever copied it has not said their own."""
OLDEST_NOW = datetime(2026, 11, 1, tzinfo=UTC)
"""No clock that is right shows an earlier time: the program is younger."""
ROLES = {
    "keep_place": "the place",
    "keep_accounts": "its accounts",
    "say_yes": "the yes of the bureau",
}


@click.command(short_help="What is wrong, and how to mend it.")
def doctor() -> int:
    """Look at settings, database, mail, clock and people: what is wrong, and how to mend it.

    Nothing is changed and no mail is sent. Exits with 1 when something does not work.

    \b
    Example:
      reseau doctor
    """
    console = Console(soft_wrap=True, highlight=False)
    marks = {"ok": "[green]ok   [/]", "warn": "[yellow]look [/]", "fault": "[red]wrong[/]"}
    sorts = []

    async def all_of_it() -> None:
        async for finding in findings():
            sorts.append(finding.sort)
            console.print(marks[finding.sort], end=" ")
            console.print(finding.what, markup=False)
            if finding.mend:
                console.print(f"      → {finding.mend}", markup=False)

    asyncio.run(all_of_it())
    wrong, look = sorts.count("fault"), sorts.count("warn")
    if wrong:
        click.echo(f"{wrong} wrong, {look} to look at.", err=True)
        return 1
    click.echo(f"Nothing is wrong, {look} to look at." if look else "Nothing is wrong.")
    return 0


async def findings() -> Findings:
    """Everything, in the order in which one would mend it."""
    try:
        settings = Settings.read(os.environ)
    except SettingsError as error:
        yield fault("The settings cannot be read.", str(error))
        return
    for finding in of_settings(settings):
        yield finding
    for finding in of_clock(clock.now()):
        yield finding
    async for finding in of_database(settings):
        yield finding
    yield await of_mail(settings)
    async for finding in of_stripe(settings):
        yield finding


# ------------------------------------------------------------------------------------------------- settings and clock


def of_settings(settings: Settings) -> list[Finding]:
    """The secret key, the address, and the names of those who answer for it."""
    found = []
    if len(settings.secret_key) >= 32:
        found.append(ok("There is a secret key."))
    else:
        found.append(
            fault(
                "There is no secret key of 32 characters: `reseau serve` does not start, and no mail can be signed.",
                "Put RESEAU_SECRET_KEY into the environment or into .env; `reseau setup` does it.",
            )
        )
    missing = [
        name
        for name, said in (("RESEAU_PUBLISHER", settings.publisher), ("RESEAU_HOSTED_BY", settings.hosted_by))
        if not said
    ]
    if missing:
        found.append(
            warn(
                "« Mentions légales » does not say who publishes or hosts the site: French law wants both.",
                f"Set {' and '.join(missing)}.",
            )
        )
    if EXAMPLE in settings.mail_from:
        found.append(
            warn(f"Mails come from {EXAMPLE}, the example of .env.example.", "Set RESEAU_MAIL_FROM to one of yours.")
        )
    host = urlsplit(settings.base_url).hostname
    if settings.secure:
        found.append(ok(f"People come by {settings.base_url}."))
    elif host in ("127.0.0.1", "localhost", "::1"):
        found.append(
            warn(
                f"The address is {settings.base_url}: links in mails lead nowhere from other machines.",
                "Set RESEAU_BASE_URL to the address that people type.",
            )
        )
    else:
        found.append(
            warn(
                f"The address {settings.base_url} is not encrypted: passwords can be read on the way.",
                "Put a proxy with a certificate before it (Caddy does it by itself), and https in RESEAU_BASE_URL.",
            )
        )
    return found


def of_clock(now: datetime) -> list[Finding]:
    """The machine's clock, and whether it knows the hours of Paris."""
    found = []
    if now < OLDEST_NOW:
        found.append(fault(f"The clock shows {now:%Y-%m-%d %H:%M} UTC.", "Set it, and let ntp keep it."))
    else:
        found.append(ok(f"The clock shows {now:%Y-%m-%d %H:%M} UTC."))
    try:
        paris = ZoneInfo("Europe/Paris")
        hours = [datetime(2026, month, 1, 12, tzinfo=UTC).astimezone(paris).hour for month in (1, 7)]
    except ZoneInfoNotFoundError:
        hours = []
    if hours == [13, 14]:
        found.append(ok("The hours of Europe/Paris are known, summer and winter."))
    else:
        found.append(fault("The hours of Europe/Paris are not known.", "Install the package tzdata."))
    return found


# ------------------------------------------------------------------------------------------------------------ database


async def of_database(settings: Settings) -> Findings:
    """Whether it answers, is up to date and quick; then what only it knows."""
    try:
        await open_or_fail(settings.database_url, patience=5)
    except Failed as failed:
        yield fault(failed.message, "Look at RESEAU_DATABASE_URL, and whether the server runs.")
        return
    try:
        async for finding in _of_open_database(settings):
            yield finding
    finally:
        await close_database()


async def _of_open_database(settings: Settings) -> Findings:
    yield ok(f"The database answers: {await _version()}.")
    store = engine()
    if isinstance(store, SQLiteStore):
        for finding in of_folder(store.path):
            yield finding
    try:
        waiting = await pending()
    except MigrationRefused as refused:
        yield fault("The database is newer than this version.", str(refused))
        return
    if waiting:
        yield fault(f"{len(waiting)} migrations have not run.", "Run `reseau upgrade`.")
        return
    yield ok("Every migration has run.")
    yield await _of_commits()
    yield await _of_database_clock()
    yield of_list(kept_at())
    for look in (_of_jobs, _of_outbox, _of_people, of_payments, of_accounts):
        async for finding in look():
            yield finding
    async for finding in _of_second_codes(settings):
        yield finding


async def _version() -> str:
    if is_sqlite():
        (row,) = await run("select sqlite_version() as version")
        return f"SQLite {row['version']}, in {getattr(engine(), 'path', '')}"
    (row,) = await run("show server_version")
    return f"PostgreSQL {row['server_version']}"


def of_folder(database: str) -> list[Finding]:
    """The folder of the embedded database: SQLite writes its log beside the file."""
    folder = Path(database).resolve().parent
    if not os.access(folder, os.W_OK | os.X_OK):
        return [fault(f"Nothing can be written in {folder}.", "Give this folder to the user that runs the server.")]
    free = shutil.disk_usage(folder).free
    if free < LITTLE_SPACE:
        return [warn(f"Only {free // 2**20} MB are left in {folder}.", "Make room: a full disk stops every sign-up.")]
    return [ok(f"The folder {folder} can be written, with {free // 2**30} GB left.")]


def of_list(path: Path | None) -> Finding:
    """The list of erased people, which an older backup is put right by."""
    if path is None:
        return warn(
            "Whoever erases themselves is in no list until the next `reseau backup`: if the database is lost before, "
            "an older backup brings them back.",
            "Set RESEAU_ERASED_LIST to a file outside the database, like /var/lib/reseau/reseau.erased.",
        )
    try:
        read_file(path)
    except (OSError, ValueError) as error:
        return fault(
            f"The list of erased people, {path}, cannot be read: {reason_of(error)}",
            "Mend it, or put its copy back that stands beside the backups.",
        )
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        return fault(
            f"Nobody can be added to the list of erased people, {path}.",
            "Give it to the user that runs the server, in a folder that is there; RESEAU_ERASED_LIST names another.",
        )
    return ok(f"Whoever erases themselves is added to {path}.")


async def _of_commits() -> Finding:
    """How long a real commit takes, with a write that changes nothing."""
    took = []
    try:
        for _ in range(5):
            started = time.perf_counter()
            async with transaction():
                await run("update migration set name = name where id = (select min(id) from migration)")
            took.append((time.perf_counter() - started) * 1000)
    except DatabaseHeld as held:
        return fault(
            f"The database cannot be written: {reason_of(held)}", "Look for a program that holds it, or a full disk."
        )
    middle = statistics.median(took)
    if middle > SLOW_COMMIT:
        return warn(
            f"A commit takes {middle:.1f} ms, and each booking waits for one.",
            "Use a disk of this machine, not one behind a network.",
        )
    return ok(f"A commit takes {middle:.1f} ms.")


async def _of_database_clock() -> Finding:
    now = clock.now()
    if not is_sqlite():
        (row,) = await run("select clock_timestamp() as now")
        apart = abs((row["now"] - now).total_seconds())
        if apart > 30:
            return fault(f"The clocks of this machine and of PostgreSQL are {apart:.0f} s apart.", "Let ntp keep both.")
    rows = await run("select created_at as at from outbox order by id desc limit 1")
    rows += await run("select at from journal_line order by id desc limit 1")
    if any(row["at"] > now + AHEAD for row in rows):
        return fault(
            "The database holds deeds of the future: the clock was set back.", "Set it right, and let ntp keep it."
        )
    return ok("The clock agrees with what the database holds.")


async def _of_outbox() -> Findings:
    waiting = await run(
        "select count(*) as many, min(run_at) as oldest from outbox where recipient <> '' and sent_at is null "
        "and logged_at is null and set_aside_at is null and run_at <= {}",
        clock.now(),
    )
    many, oldest = waiting[0]["many"], waiting[0]["oldest"]
    if isinstance(oldest, str):  # SQLite converts plain columns only
        oldest = datetime.fromisoformat(oldest)
    if oldest is not None and oldest < clock.now() - LATE_MAIL:
        yield warn(
            f"{many} mails wait, the oldest since {clock.local(oldest):%d/%m %H:%M}.",
            "Look whether `reseau serve` runs, and at the mail server below; `reseau jobs` sends them now.",
        )
    else:
        yield ok(f"{many} mails wait, none for long.")
    # Kept for 30 days: afterwards the rows are empty.
    aside = await run(
        "select id, kind, set_aside_at, error, member_id from outbox where set_aside_at is not null "
        "and recipient <> '' order by set_aside_at desc, id desc"
    )
    for row in aside[:SET_ASIDE_NAMED]:
        whose = "The reader finds it on the site." if row["member_id"] is not None else "Nobody has it."
        yield warn(
            f"Mail {row['id']} ({row['kind']}) was set aside on {clock.local(row['set_aside_at']):%d/%m}: "
            f"{without_addresses(row['error'])}",
            f"{whose} Its address is in the table outbox: perhaps there is a better one.",
        )
    if len(aside) > SET_ASIDE_NAMED:
        yield warn(
            f"{len(aside) - SET_ASIDE_NAMED} more mails were set aside before.",
            "They are in the table outbox, with the reason: ask these members for their right address.",
        )


async def _of_jobs() -> Findings:
    """Whether somebody does what is due, by the hour that every process notes each minute; and what failed."""
    now, latest = clock.now(), await latest_seen()
    if latest is None:
        yield warn("No job has ever run.", "Start `reseau serve`, or run `reseau jobs` each minute.")
    elif latest > now + AHEAD:
        yield fault(
            f"The clock was set back: jobs have seen {clock.local(latest):%d/%m/%Y %H:%M}.",
            "If it is right now, start `reseau serve` or run `reseau jobs`: what had expired stays so.",
        )
    elif latest < now - LATE_JOBS:
        yield warn(
            f"No job has run since {clock.local(latest):%d/%m/%Y %H:%M}: no mail leaves, and no silence is assent.",
            "Start `reseau serve`, or run `reseau jobs` each minute.",
        )
    else:
        yield ok("Jobs run.")
    known = {job.name for job in REGISTRY.jobs} | {MAIL}
    for failed in await failed_jobs():
        if failed["job"] in known:  # not one of an earlier version
            last = f"{clock.local(failed['failed_at']):%d/%m/%Y %H:%M}"
            yield fault(
                f"The job {failed['job']} failed when it was last done, on {last}.",
                "The log says at which thing and why; the other things were done. It is tried again.",
            )


# -------------------------------------------------------------------------------------------------------------- people


async def _of_people() -> Findings:
    places = await run("select id, slug, name from place order by id")
    if not places:
        yield warn("There is no place yet.", "Run `reseau setup`.")
        return
    now = clock.now()
    for place in places:
        mediators = await run(
            "select m.name from membership ms join member m on m.id = ms.member_id "
            "where ms.place_id = {} and ms.mediator and m.erased_at is null",
            place["id"],
        )
        if len(mediators) < 2:
            yield warn(
                f"{place['name']}: {'one person mediates' if mediators else 'nobody mediates'}.",
                f"Two can stand in for each other: `reseau member add EMAIL --name … --mediator-of {place['slug']}`.",
            )
        for act, words in ROLES.items():
            holders = await run(
                "select distinct m.name from granted_act g join member m on m.id = g.member_id where g.place_id = {} "
                "and g.act = {} and g.from_at <= {} and (g.until_at is null or g.until_at > {}) "
                "and m.erased_at is null",
                place["id"],
                act,
                now,
                now,
            )
            if len(holders) == 1:
                yield warn(
                    f"{place['name']}: {holders[0]['name']} alone holds {words}.",
                    "If that person leaves or falls ill, nobody can: they can share it, on the page of the place.",
                )
            elif not holders and act == "keep_place":
                yield warn(
                    f"{place['name']}: nobody keeps {words}.", "Add the place with --kept-by, or ask its bureau."
                )
    yield ok(f"{len(places)} places looked at." if len(places) > 1 else f"{places[0]['name']} was looked at.")


async def _of_second_codes(settings: Settings) -> Findings:
    """How many people who need one have none yet, and none that a changed secret key has made useless."""
    without = await how_many_lack_one(clock.now())
    if without:
        who = (
            "One person who mediates or keeps accounts has"
            if without == 1
            else f"{without} people who mediate or keep accounts have"
        )
        yield ok(f"{who} no second code yet: the next sign-in asks for it.")
    others = await made_with_another_key(settings.secret_key)
    if others:
        yield warn(
            f"{others} second codes were made with another RESEAU_SECRET_KEY, and open nothing any more.",
            "Put the old key back, or `reseau member second-code WHO --reset` for each of them.",
        )


# ---------------------------------------------------------------------------------------------------------------- mail


async def of_mail(settings: Settings) -> Finding:
    """Whether the mail server lets us in. Nothing is sent."""
    if not settings.smtp_url:
        return warn(
            "No mail server is set: mails are noted in the log and go nowhere, so nobody gets a code to sign in.",
            "Set RESEAU_SMTP_URL.",
        )
    try:
        server = MailServer.of(settings.smtp_url)
    except SettingsError as error:
        return fault("The mail server is not understood.", str(error))
    try:
        client = await server.connect()
    except ServerAway as away:
        return fault(
            f"The mail server {server.host}:{server.port} does not let us in: {reason_of(away)}",
            "Look at RESEAU_SMTP_URL: name, port, password, smtp, smtps or smtp+starttls.",
        )
    try:
        await client.ehlo()
        await client.quit()
    except (aiosmtplib.SMTPException, OSError) as error:
        return fault(f"The mail server {server.host} cut the line: {reason_of(error)}", "Look at its log.")
    if server.scheme == "smtp" and server.user and server.host not in ("127.0.0.1", "localhost", "::1"):
        return warn(
            f"The password for {server.host} goes over the network in clear.", "Use smtp+starttls:// or smtps://."
        )
    if "localhost" in settings.mail_from:
        return warn("Mails come from an address that does not exist.", "Set RESEAU_MAIL_FROM to one of yours.")
    return ok(f"The mail server {server.host}:{server.port} lets us in.")
