"""The packages that keep something in the database: their tables, and the migrations that make them.

Piccolo has classes for this of its own, but with them comes a formatter of source code: 5 MiB in every process.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from piccolo.table import Table

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Package:
    """One of them."""

    name: str
    migrations: Path
    """The folder of its migrations."""
    modules: tuple[str, ...] = ()
    """That define its tables."""

    def tables(self) -> Iterator[type[Table]]:
        """Its tables, which are thereby loaded."""
        for name in self.modules:
            for each in vars(import_module(name)).values():
                if isinstance(each, type) and issubclass(each, Table) and each.__module__ == name:
                    yield each


PACKAGES = (
    Package(
        "app",
        ROOT / "app" / "piccolo_migrations",
        (
            "app.identity.tables",
            "app.identity.data_tables",
            "app.calendar.tables",
            "app.notices.tables",
            "app.accounts.tables",
            "app.payments.tables",
            "app.journal",
        ),
    ),
    Package("rotas", ROOT / "rotas" / "piccolo_migrations", ("rotas.tables",)),
    Package("meals", ROOT / "meals" / "piccolo_migrations", ("meals.tables",)),
    Package("workshops", ROOT / "workshops" / "piccolo_migrations", ("workshops.tables",)),
)
"""Each after those whose tables its own point to."""


def all_tables() -> list[type[Table]]:
    """Those of all packages."""
    return [table for package in PACKAGES for table in package.tables()]
