"""What stands now, beside what somebody wrote after having read something else."""

from __future__ import annotations

from collections.abc import Mapping

from app.i18n import Text, text

NO_WORDS = ("turn_slot_", "turn_job_")
"""Fields that say nothing to people."""


def differing(
    written: Mapping[str, str], stands: Mapping[str, str], *, called: Mapping[str, object] | None = None
) -> dict[str, Text]:
    """Beside each field that was written otherwise than it stands now, how it stands: nobody writes over somebody else
    without reading it. `called` are the words of what stands, by field, where they are not its value."""
    found = {}
    for name, value in stands.items():
        if name.startswith(NO_WORDS) or written.get(name, "").strip() == value.strip():
            continue
        if words := (called or {}).get(name, value):
            found[name] = text("Maintenant, c’est : « %(words)s ». Ce que tu as écrit est gardé.", words=words)
        else:
            found[name] = text("Maintenant, ce champ est vide. Ce que tu as écrit est gardé.")
    return found
