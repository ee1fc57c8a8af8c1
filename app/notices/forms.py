"""What the forms about messages say, read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.i18n import Text, text
from app.notices.states import STOPPABLE, Kind, Remind
from app.web.forms import Fields, Form

MOST_PAGES = 1000
LARGEST = 2**31 - 1
MOST_SHOWN = 100
"""More than a page has."""
KINDS = tuple(kind for kind in STOPPABLE if kind not in (Kind.DIGEST, Kind.REMINDER))
"""Those that one receives unless one says no. The digest is for who asks, reminders are stopped by « Jamais »."""


@dataclass(frozen=True, slots=True)
class ChoiceForm:
    """What somebody wishes to receive, as it was written."""

    stopped: frozenset[Kind] | None
    """None where no kinds were shown, since this person has no address."""
    remind: Remind
    values: Mapping[str, Any]
    errors: Mapping[str, Text]


def read_choice(form: Form, *, has_address: bool) -> ChoiceForm:
    """Ticked kinds are received. Without an address only the reminders are read."""
    fields = Fields(form)
    remind = fields.choice("remind", Remind, required=text("Choisis quand on te rappelle tes rendez-vous."))
    asked = (*KINDS, Kind.DIGEST)
    ticked = {kind for kind in asked if fields.box(kind.value)}
    return ChoiceForm(
        stopped=frozenset(asked) - ticked if has_address else None,
        remind=remind or Remind.EVE,
        values={**{kind.value: kind in ticked for kind in asked}, "remind": form.get("remind", "")[:20]},
        errors=fields.errors,
    )


def read_number(written: str) -> int:
    """The number of a page, as an address holds it; 1 when it cannot be understood."""
    if not written.isascii() or not written.isdigit() or len(written) > 10:
        return 1
    return min(max(int(written), 1), MOST_PAGES)


def read_shown(written: str) -> frozenset[int]:
    """The numbers of the messages that a page has shown; what is none is passed over."""
    names = written[: MOST_SHOWN * 11].split(",")[:MOST_SHOWN]
    numbers = {int(name) for name in names if name.isascii() and name.isdigit() and len(name) <= 10}
    return frozenset(number for number in numbers if 0 < number <= LARGEST)


def read_answer(form: Form) -> bool | None:
    """Yes or no to an offer; nothing when it says neither."""
    return {"yes": True, "no": False}.get(form.get("answer", ""))


def is_one_click(form: Form) -> bool:
    """Whether a mail program stops the mails for its reader (RFC 8058, 3.1): it follows no redirect."""
    return form.get("List-Unsubscribe", "").strip().casefold() == "one-click"
