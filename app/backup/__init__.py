"""Backups: everything in one file while the place goes on, and back again, whole or not at all.

`archive` is the file; `sqlite` and `postgres` copy a database out of the running server and back; `aftercare` is what
must not come back to life with an older state. What people type and read is up to `app.cli.backup`.
"""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""What is under way, how much of it is done, and of how much (0: nobody knows)."""


class BackupError(Exception):
    """A backup or a restoration cannot be. Its text is a sentence for the person who hosts."""
