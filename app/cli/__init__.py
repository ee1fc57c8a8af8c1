"""The `reseau` command: serving, upkeep and first set-up, for whoever runs the server or develops.

Each command says in one plain sentence what it did, or could not: exit 0, 1, or 2 when called wrongly. What it does is
done by the same commands as pages call; settings come from the environment or from the file `.env`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click
from dotenv import load_dotenv

from app.cli.common import sentence_for

EPILOG = """\b
A first installation:
  reseau setup
  reseau serve
Only to look around:
  reseau demo
"""
COMMANDS = {
    "accounts": "accounts",
    "backup": "backup",
    "check": "check",
    "demo": "demo",
    "doctor": "doctor",
    "jobs": "upkeep",
    "member": "first",
    "payments": "payments",
    "place": "first",
    "restore": "backup",
    "serve": "serve",
    "setup": "first",
    "upgrade": "upkeep",
}
"""By name, the module of this package that has it."""


class Commands(click.Group):
    """Loads a command when it is called: a server keeps nothing of the others in its memory for months."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        if cmd_name not in COMMANDS:
            raise click.exceptions.NoSuchCommand(cmd_name, possibilities=COMMANDS, ctx=ctx)
        found: click.Command = getattr(import_module(f"app.cli.{COMMANDS[cmd_name]}"), cmd_name)
        return found


@click.group(
    cls=Commands,
    name="reseau",
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def program() -> None:
    """Le Réseau: workshops, meals, rotas and mediation for a place run by its members."""


def main(args: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name, and return the exit code."""
    file = os.environ.get("RESEAU_ENV_FILE", ".env")
    if file:
        load_dotenv(file, override=False, encoding="utf-8")
    try:
        code = program.main(args=args, prog_name="reseau", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as alone:
        click.echo(alone.format_message(), err=True)
        return 2
    except click.UsageError as wrong:
        where = wrong.ctx.command_path if wrong.ctx is not None else "reseau"
        click.echo(f"{wrong.format_message()} See `{where} --help`.", err=True)
        return 2
    except click.ClickException as could_not:
        click.echo(could_not.format_message(), err=True)
        return 1
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return 1
    except BrokenPipeError:  # `reseau … | head`
        sys.stderr.close()
        return 1
    except Exception as error:
        sentence = sentence_for(error)
        if sentence is None:
            raise
        click.echo(sentence, err=True)
        return 1
    return code if isinstance(code, int) else 0
