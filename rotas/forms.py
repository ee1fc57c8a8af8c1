"""What people write about turns: that they cannot come, and whom they bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.i18n import Text, text
from app.web.forms import Fields, clean_line

WAYS = ("free", "stand_in", "swap")
LONGEST_WORD = 200
LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Cannot:
    """« Je ne peux pas venir »."""

    way: str
    member_id: int | None
    """For whom it is written down; none for oneself."""
    wanted: int | None
    to_member: int | None
    who: str
    """The same person as somebody wrote them."""
    word: str
    values: Mapping[str, str]
    errors: dict[str, Text]


def read_cannot(form: Mapping[str, str]) -> Cannot:
    """`choice` = `free`, `stand_in` or `swap` (`with` a turn); `member`, `to` or `who`, `word`."""
    fields = Fields(form)
    way = fields.choice("choice", WAYS, required=text("Choisis une des trois façons.")) or ""
    wanted = _id(fields, "with")
    if way == "swap" and wanted is None:
        fields.fault("with", text("Choisis contre quel tour."))
    return Cannot(
        way=way,
        member_id=_id(fields, "member"),
        wanted=wanted,
        to_member=_id(fields, "to"),
        who=fields.line("who", longest=120),
        word=fields.line("word", longest=LONGEST_WORD) if way != "free" else "",
        values=fields.values,
        errors=fields.errors,
    )


def _id(fields: Fields, name: str) -> int | None:
    return fields.whole(name, least=1, most=2_147_483_647)


@dataclass(frozen=True, slots=True)
class GuestName:
    """Somebody present without an account."""

    first_name: str
    once: str
    """What tells this sending of the form from others: two people may have one first name."""
    values: Mapping[str, str]
    errors: dict[str, Text]


def read_guest(form: Mapping[str, str]) -> GuestName:
    """`first_name`, `once`."""
    fields = Fields(form)
    first_name = fields.line("first_name", longest=LONGEST_NAME, required=text("Écris son prénom."))
    return GuestName(first_name, clean_line(form.get("once", ""))[:64], fields.values, fields.errors)


def read_id(form: Mapping[str, str], name: str) -> int | None:
    """Of a thing that a form names; none for what is no number."""
    return _id(Fields(form), name)
