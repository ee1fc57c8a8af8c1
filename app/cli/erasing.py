"""`reseau member erase`: for somebody who asked to be erased and cannot do it on the site."""

from __future__ import annotations

import click

from app import clock
from app.cli.common import Failed, read_settings, with_database
from app.cli.second import whose
from app.i18n import language
from app.identity.leaving import erase_for, leaving_of
from app.main import REGISTRY
from app.notices.rules import one_line


@click.command("erase")
@click.argument("who")
@click.option("--force", is_flag=True, help="Also while something of theirs is to be handed over.")
@click.option("--yes", is_flag=True, help="Do not ask once more.")
def erase(who: str, force: bool, yes: bool) -> None:
    """Erase somebody who asked for it, for good.

    WHO is an address or a sign-in name. Members do this themselves, on their page « Mes données »: make sure that it
    is the person. They are told by mail. With --force, what they host goes on without a host.

    \b
    Example:
      reseau member erase samira@exemple.fr
    """
    url = read_settings().database_url
    member_id, name, first = with_database(url, lambda: _look(who))
    if first and not force:
        raise Failed(f"{name} cannot be erased yet: {'; '.join(first)}. `--force` does it all the same.")
    if not yes:
        click.confirm(f"Erase {name} for good?", abort=True)

    async def done() -> bool:
        return await erase_for(member_id, REGISTRY.domains, force=force, now=clock.now())

    with_database(url, done)
    click.echo(
        "It is done. Nothing in the database says their name any more; older backups are put right by `restore`."
    )


async def _look(who: str) -> tuple[int, str, list[str]]:
    found = await whose(who)
    if found is None:
        raise Failed(f"Nobody here signs in with « {one_line(who)} ».")
    leaving = await leaving_of(found[0], REGISTRY.domains, now=clock.now())
    return *found, [language("en").say(each.what).rstrip(".") for each in leaving.first]
