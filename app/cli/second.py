"""`reseau member second-code`: what somebody needs who has lost the telephone and the recovery codes."""

from __future__ import annotations

import click

from app import clock
from app.cli.common import Failed, read_settings, with_database
from app.identity.api import member_by_email, members_by_id
from app.identity.commands_second import factor_of, recovery_codes_left, reset
from app.identity.queries_welcome import whose_sign_in_name
from app.identity.slips import is_sign_in_name, read_sign_in_name
from app.notices.rules import one_line


@click.command("second-code")
@click.argument("who")
@click.option("--reset", "taken_off", is_flag=True, help="Take it off: the next sign-in sets up another.")
def second_code(who: str, taken_off: bool) -> None:
    """Say whether somebody has a second code, or take it off.

    WHO is an address or a sign-in name. Nobody can do this on a page: make sure that it is the person. They are signed
    out everywhere and told by mail, and the journal keeps a line.

    \b
    Examples:
      reseau member second-code bruno@exemple.fr
      reseau member second-code bruno@exemple.fr --reset
    """
    click.echo(with_database(read_settings().database_url, lambda: _second_code(who, taken_off=taken_off)))


async def _second_code(who: str, *, taken_off: bool) -> str:
    now = clock.now()
    found = await whose(who)
    if found is None:
        raise Failed(f"Nobody here signs in with « {one_line(who)} ».")
    member_id, name = found
    if taken_off:
        if not await reset(member_id=member_id, now=now):
            return f"{name} had no second code; every device of theirs is signed out."
        return f"{name} has no second code any more, and is signed out everywhere. The next sign-in sets up another."
    factor = await factor_of(member_id)
    if factor is None:
        return f"{name} has no second code."
    left = await recovery_codes_left(member_id)
    return f"{name} has a second code since {factor['since_at']:%Y-%m-%d}, and {left} recovery codes."


async def whose(who: str) -> tuple[int, str] | None:
    """Number and name of whoever signs in with this address or sign-in name."""
    if not is_sign_in_name(who):
        person = await member_by_email(who)
        return (person.id, person.name) if person is not None else None
    meant = read_sign_in_name(who)
    named = await whose_sign_in_name(meant, now=clock.now()) if meant is not None else None
    if named is None:
        return None
    return named[0], (await members_by_id([named[0]]))[named[0]].name
