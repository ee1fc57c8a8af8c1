"""`reseau setup`, `place add`, `member add` and `member password`: from nothing to a place with people in it."""

from __future__ import annotations

import os
import re
import secrets
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from dotenv import set_key

from app import clock
from app.cli.common import Failed, read_settings, with_database
from app.cli.erasing import erase
from app.cli.second import second_code
from app.identity import commands
from app.identity.api import PlaceFacts, member_by_email, places
from app.identity.commands_welcome import Registered, give_new_password, register_without_email
from app.identity.passwords import LONGEST, SHORTEST, easily_guessed
from app.identity.queries_welcome import whose_sign_in_name
from app.identity.slips import read_sign_in_name
from app.main import REGISTRY
from app.migrations import migrate
from app.notices.rules import is_address, one_line
from app.settings import LANGUAGES

SECOND_CODE = "The next sign-in asks for a second code, which an application on their telephone gives."
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


# ------------------------------------------------------------------------------------------------- what is typed


class Line(click.ParamType[str]):
    """A text of one line, not empty."""

    name = "text"

    def __init__(self, longest: int) -> None:
        self.longest = longest

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        written = one_line(str(value))
        if not written or len(written) > self.longest:
            self.fail(f"it must have 1 to {self.longest} characters.", param, ctx)
        return written


class Slug(click.ParamType[str]):
    """A place's short name, as it stands in addresses."""

    name = "slug"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        written = str(value).strip()
        if not SLUG.fullmatch(written) or len(written) > 60:
            self.fail(f"« {one_line(written)} » is no short name: small letters, figures and hyphens.", param, ctx)
        return written


class Mail(click.ParamType[str]):
    """An e-mail address."""

    name = "e-mail"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        written = str(value).strip()
        if not is_address(written):
            self.fail(f"« {one_line(written)} » is no e-mail address.", param, ctx)
        return written


def slug_of(name: str) -> str:
    """The short name that suggests itself for a place."""
    whole = name.lower().replace("œ", "oe").replace("æ", "ae").replace("’", " ")
    plain = unicodedata.normalize("NFKD", whole).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")


def ask_password(*, name: str, email: str) -> str:
    """A password typed twice, unseen; or the first line of what is piped in."""
    if sys.stdin.isatty():
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not SHORTEST <= len(password) <= LONGEST:
        raise click.UsageError(f"A password has {SHORTEST} to {LONGEST} characters.")
    if easily_guessed(password, name=name, email=email):
        raise click.UsageError("This password is too easily guessed.")
    return password


password_option = click.option(
    "--ask-password", is_flag=True, help="Ask for a password, or read it from standard input. Else they get in by mail."
)
language_option = click.option("--language", type=click.Choice(LANGUAGES), help="Default: RESEAU_LOCALE.")


# ------------------------------------------------------------------------------------------------- place add


@click.group()
def place() -> None:
    """Places of this installation."""


@place.command("add")
@click.argument("slug", type=Slug())
@click.option("--name", required=True, type=Line(120), help="« Le Réseau des Tanneurs »")
@click.option("--address", required=True, type=Line(200), help="Where it is, on one line.")
@click.option("--about", default="", help="How to come, in the place's own words.")
@click.option("--email", type=Mail(), help="Shown to visitors.")
@click.option("--phone", default="", help="Shown to visitors.")
@click.option("--step-free", is_flag=True, help="One comes in without a step.")
@click.option("--kept-by", type=Mail(), help="Address of the member who keeps the place and its accounts at first.")
def place_add(slug: str, name: str, address: str, kept_by: str | None, email: str | None, **facts: Any) -> None:
    """Add a place. SLUG is its short name in addresses: small letters, figures, hyphens.

    Rooms and opening hours are entered on its pages by whoever keeps the place.

    \b
    Example:
      reseau place add les-tanneurs --name "Les Tanneurs" --address "14 rue des Tanneurs, 93200 Saint-Denis" \\
        --kept-by rosa@exemple.fr
    """

    facts["email"] = email or ""

    async def add() -> None:
        now = clock.now()
        if kept_by is None:
            await commands.add_place(slug=slug, name=name, address=address, now=now, **facts)
            return
        founder = await member_by_email(kept_by)
        if founder is None:
            raise Failed(f"Nobody here has the address {kept_by}: `reseau member add` first.")
        await commands.found_place(founder_id=founder.id, slug=slug, name=name, address=address, now=now, **facts)

    with_database(read_settings().database_url, add)
    kept = f"{kept_by} keeps it. {SECOND_CODE}" if kept_by else "Nobody keeps it yet."
    click.echo(f"{name} is there. {kept}")


# ------------------------------------------------------------------------------------------------- member add


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What `member add` was asked for."""

    email: str
    name: str | None
    place: str | None
    mediator_of: Sequence[str]
    not_mediator_of: Sequence[str]
    employer: str
    language: str
    ask_password: bool


@click.group()
def member() -> None:
    """Members of this installation."""


member.add_command(second_code)
member.add_command(erase)


@member.command("add")
@click.argument("email", type=Mail(), required=False)
@click.option(
    "--no-email", is_flag=True, help="Somebody without e-mail: gets a sign-in name and a password, said once."
)
@click.option("--name", type=Line(60), help="As others read it. Needed for somebody new.")
@click.option("--place", "place_slug", type=Slug(), help="Place to be a member of. Default: the only one.")
@click.option("--mediator-of", multiple=True, type=Slug(), help="Place to mediate in. Can be repeated.")
@click.option("--not-mediator-of", multiple=True, type=Slug(), help="Place to mediate in no more. Can be repeated.")
@click.option("--employer", default="", help="Who pays the mediator; members read it.")
@language_option
@password_option
def member_add(
    email: str | None,
    no_email: bool,
    name: str | None,
    place_slug: str | None,
    mediator_of: Sequence[str],
    not_mediator_of: Sequence[str],
    employer: str,
    language: str | None,
    ask_password: bool,
) -> None:
    """Add a member, or change where one mediates.

    They sign in with their address and a code that is sent there; a password is not needed.

    \b
    Examples:
      reseau member add samira@exemple.fr --name Samira
      reseau member add bruno@exemple.fr --name Bruno --mediator-of les-tanneurs --employer "Ville de Saint-Denis"
      reseau member add bruno@exemple.fr --not-mediator-of les-tanneurs
      reseau member add --no-email --name Fatou
    """
    if no_email is bool(email):
        raise click.UsageError("Either an address, or --no-email.")
    settings = read_settings()
    if email is None:
        if name is None:
            raise click.UsageError("Somebody new needs a name: --name.")
        if mediator_of or not_mediator_of or employer or ask_password:
            raise click.UsageError("With --no-email there are only --name, --place and --language.")
        spoken = language or settings.locale
        given = with_database(settings.database_url, lambda: _add_without_email(name, place_slug, spoken))
        _say_slip(given)
        return
    wanted = _Wanted(
        email, name, place_slug, mediator_of, not_mediator_of, employer, language or settings.locale, ask_password
    )
    for sentence in with_database(settings.database_url, lambda: _add_member(wanted)):
        click.echo(sentence)


async def _add_without_email(name: str, place_slug: str | None, language: str) -> Registered:
    there = await places()
    home = next((each for each in there if place_slug in (each.slug, None)), None)
    if home is None or (place_slug is None and len(there) > 1):
        raise Failed(f"Which place? --place, one of: {', '.join(sorted(each.slug for each in there)) or 'none yet'}.")
    once = secrets.token_hex(16)
    return await register_without_email(
        actor=None, place_id=home.id, name=name, language=language, once=once, now=clock.now()
    )


def _say_slip(given: Registered) -> None:
    click.echo(f"{given.name} signs in with the name {given.sign_in_name} and these three words: {given.password}")
    click.echo("Write them down for them: they are not shown again.")


@member.command("password")
@click.argument("sign_in_name")
def member_password(sign_in_name: str) -> None:
    """Give a new password to a member without e-mail.

    The welcome turn does this for plain members; for those who hold a role it takes whoever runs the server. An
    address that was added less than 30 days ago is taken off; the name before it still finds them.

    \b
    Example:
      reseau member password fatou-482
    """
    meant = read_sign_in_name(sign_in_name)
    if meant is None:
        raise click.UsageError("A sign-in name is like fatou-482.")

    async def give() -> Registered:
        found = await whose_sign_in_name(meant, now=clock.now())
        if found is None:
            raise Failed(f"Nobody here signs in with the name {meant}.")
        member_id, place_id = found
        once = secrets.token_hex(16)
        return await give_new_password(actor=None, place_id=place_id, member_id=member_id, once=once, now=clock.now())

    _say_slip(with_database(read_settings().database_url, give))


async def _add_member(wanted: _Wanted) -> list[str]:
    """Do it, and say what was done."""
    now = clock.now()
    by_slug = {each.slug: each for each in await places()}
    for slug in (*wanted.mediator_of, *wanted.not_mediator_of, *([wanted.place] if wanted.place else [])):
        if slug not in by_slug:
            known = ", ".join(sorted(by_slug)) or "none yet"
            raise Failed(f"There is no place « {slug} ». Known: {known}.")
    found = await member_by_email(wanted.email)
    said: list[str] = []
    if found is not None:
        member_id, name = found.id, found.name
        if not (wanted.mediator_of or wanted.not_mediator_of):
            raise Failed(f"{wanted.email} has an account already: {name}.")
    else:
        if wanted.name is None:
            raise click.UsageError("Somebody new needs a name: --name.")
        name = wanted.name
        home = _home(wanted, by_slug)
        member_id = await commands.add_member(
            name=name,
            email=wanted.email,
            place_id=home.id if home else None,
            password=ask_password(name=name, email=wanted.email) if wanted.ask_password else "",
            language=wanted.language,
            now=now,
        )
        said.append(f"{name} is a member of {home.name}." if home else f"{name} has an account.")
    for slug in wanted.mediator_of:
        await commands.make_mediator(
            member_id=member_id,
            place_id=by_slug[slug].id,
            employer=wanted.employer,
            domains=REGISTRY.domains,
            now=now,
        )
        said.append(f"{name} mediates in {by_slug[slug].name}.")
    if wanted.mediator_of:
        said.append(SECOND_CODE)
    for slug in wanted.not_mediator_of:
        await commands.unmake_mediator(member_id=member_id, place_id=by_slug[slug].id, now=now)
        said.append(f"{name} does not mediate in {by_slug[slug].name}.")
    return said


def _home(wanted: _Wanted, by_slug: dict[str, PlaceFacts]) -> PlaceFacts | None:
    if wanted.place:
        return by_slug[wanted.place]
    if wanted.mediator_of:
        return by_slug[wanted.mediator_of[0]]
    return next(iter(by_slug.values())) if len(by_slug) == 1 else None


# ------------------------------------------------------------------------------------------------- setup


def _asked(value: str | None, question: str, kind: click.ParamType[str]) -> str:
    """What the option says; else the answer to this question."""
    if value is not None:
        return value
    answer: str = click.prompt(question, type=kind)
    return answer


@click.command(short_help="Settings, database, first place and first member.")
@click.option("--base-url", help="Address at which people reach the site: https://reseau.example.org")
@click.option("--database", help="sqlite:///path or postgresql://…")
@click.option("--smtp-url", help="Mail server: smtp+starttls://user:password@host:587; empty for none.")
@click.option("--mail-from", help="Who the mails come from: Les Tanneurs <bonjour@example.org>")
@click.option("--place-name", type=Line(120), help="Name of the first place.")
@click.option("--slug", type=Slug(), help="Its short name in addresses. Default: made from its name.")
@click.option("--address", type=Line(200), help="Where it is.")
@click.option("--name", type=Line(60), help="Name of the member who keeps it at first.")
@click.option("--email", type=Mail(), help="That member's address.")
@language_option
@password_option
def setup(
    base_url: str | None,
    database: str | None,
    smtp_url: str | None,
    mail_from: str | None,
    place_name: str | None,
    slug: str | None,
    address: str | None,
    name: str | None,
    email: str | None,
    language: str | None,
    ask_password: bool,
) -> None:
    """Set up an installation: settings, database, first place and its first member.

    What no option says is asked. Settings that are not in the environment are written to the file .env. It can be run
    again: what is there already stays.

    \b
    Example without questions:
      reseau setup --base-url https://reseau.example.org --smtp-url smtp://localhost \\
        --mail-from "Les Tanneurs <bonjour@example.org>" --place-name "Les Tanneurs" \\
        --address "14 rue des Tanneurs, 93200 Saint-Denis" --name Rosa --email rosa@exemple.fr
    """
    if not sys.stdin.isatty():
        needed = {"--place-name": place_name, "--address": address, "--name": name, "--email": email}
        missing = [option for option, value in needed.items() if value is None]
        if missing:
            raise click.UsageError(f"Nobody is there to answer questions: give {', '.join(missing)}.")
    _settle_settings(base_url, database, smtp_url, mail_from)
    settings = read_settings(serving=True)
    with_database(settings.database_url, migrate, make=True, migrated=False)
    click.echo("The database is up to date.")
    there = with_database(settings.database_url, places)
    if there:
        click.echo(f"There is a place already: {', '.join(each.name for each in there)}. Nothing else is to be done.")
        return
    place_name = _asked(place_name, "Name of the place", Line(120))
    slug = slug or slug_of(place_name) or "lieu"
    address = _asked(address, "Where is it", Line(200))
    name = _asked(name, "Your name, as others read it", Line(60))
    email = _asked(email, "Your e-mail address", Mail())
    password = _first_password(ask_password, settings.smtp_url is not None, name=name, email=email)

    async def found() -> None:
        now = clock.now()
        known = await member_by_email(email)
        founder_id = (
            known.id
            if known is not None
            else await commands.add_member(
                name=name, email=email, password=password, language=language or settings.locale, now=now
            )
        )
        await commands.found_place(founder_id=founder_id, slug=slug, name=place_name, address=address, now=now)

    with_database(settings.database_url, found)
    click.echo(f"{place_name} is there, and {name} keeps it. {SECOND_CODE} Now: `reseau doctor`, then `reseau serve`.")


def _first_password(wanted: bool, mail: bool, *, name: str, email: str) -> str:
    """Without a mail server no code arrives: then the first member needs a password to get in."""
    if not (wanted or mail or sys.stdin.isatty()):
        raise click.UsageError("Without a mail server the first member needs a password: give --ask-password.")
    return ask_password(name=name, email=email) if wanted or not mail else ""


def _settle_settings(base_url: str | None, database: str | None, smtp_url: str | None, mail_from: str | None) -> None:
    """Ask for what neither the environment nor an option says, and keep it in `.env`."""
    given = {
        "RESEAU_DATABASE_URL": database,
        "RESEAU_BASE_URL": base_url,
        "RESEAU_SMTP_URL": smtp_url,
        "RESEAU_MAIL_FROM": mail_from,
    }
    missing = {name: value for name, value in given.items() if name not in os.environ}
    for name, value in given.items():
        if value is not None and name not in missing and os.environ[name] != value:
            raise Failed(f"{name} is set to something else already; change it there, or leave the option out.")
    lines: dict[str, str] = {}
    if not os.environ.get("RESEAU_SECRET_KEY", "").strip():
        lines["RESEAU_SECRET_KEY"] = secrets.token_urlsafe(48)
    questions = {
        "RESEAU_DATABASE_URL": ("Database", "sqlite:///reseau.sqlite"),
        "RESEAU_BASE_URL": ("Address at which people will reach the site", "http://127.0.0.1:8000"),
        "RESEAU_SMTP_URL": ("Mail server (empty for none)", ""),
        "RESEAU_MAIL_FROM": ("Who the mails come from", "Le Réseau <ne-pas-repondre@localhost>"),
    }
    for name, value in missing.items():
        question, default = questions[name]
        if value is None and sys.stdin.isatty():
            value = click.prompt(question, default=default, show_default=bool(default))
        if value:
            lines[name] = value.strip()
    os.environ.update(lines)
    read_settings(serving=True)  # before anything is written: a wrong answer is named now
    if lines:
        _write_env(Path(os.environ.get("RESEAU_ENV_FILE") or ".env"), lines)


def _write_env(path: Path, lines: dict[str, str]) -> None:
    """Set these in the file, which its owner alone may read from then on."""
    for value in lines.values():
        if any(sign in value for sign in "\r\n'"):
            raise Failed("A setting must be one line without an apostrophe.")
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    path.chmod(0o600)  # a copy of .env.example may be read by everybody
    for name, value in lines.items():
        set_key(path, name, value, quote_mode="always")  # in place of an empty line of that name, else at the end
    path.chmod(0o600)
    click.echo(f"Written to {path}: {', '.join(lines)}.")
