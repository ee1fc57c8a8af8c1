"""What one takes along: a zip with a page to read and the same for programs.

Two files of one content, so that neither has to be both: `mes-donnees.html` opens in any browser, without a network, on
a telephone as well; `mes-donnees.json` is what another program reads. Both are made of the domains' `Exported`.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from app.clock import local
from app.contracts import Deed, Domain, Exported, Value, Word
from app.i18n import Language, text
from app.i18n.text import N_

FORMAT = "reseau-own-data"
VERSION = 1


async def export_of(member_id: int, domains: Sequence[Domain]) -> list[tuple[str, list[Exported]]]:
    """All that the domains keep about this member, by the domain's name."""
    acts = {act: said for domain in domains for act, said in domain.journal_acts.items()}
    return [
        (domain.name, [_with_words(table, acts) for table in await domain.export_of(member_id)])
        for domain in domains
        if domain.export_of is not None
    ]


def _with_words(table: Exported, acts: Mapping[str, str]) -> Exported:
    """The same, with the words for what a line of the journal tells."""
    rows = [{name: _worded(value, acts) for name, value in row.items()} for row in table.rows]
    return replace(table, rows=rows)


def _worded(value: Value, acts: Mapping[str, str]) -> Value:
    if not isinstance(value, Deed):
        return value
    said = acts.get(value.act, N_("Décidé"))
    return Word(value.act, text(said))


def as_json(told: Sequence[tuple[str, Sequence[Exported]]], *, now: datetime) -> bytes:
    """For programs: domain → table → rows; instants in UTC, ISO 8601."""
    whole: dict[str, Any] = {"format": FORMAT, "version": VERSION, "made_at": now.isoformat()}
    for domain, tables in told:
        whole[domain] = {
            table.key: [{name: _plain(row.get(name)) for name in table.columns} for row in table.rows]
            for table in tables
        }
    return json.dumps(whole, indent=2, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _plain(value: Value) -> str | int | bool | list[str] | None:
    if isinstance(value, tuple):
        return [each.code for each in value]
    if isinstance(value, Deed):
        return value.act
    if isinstance(value, Word):
        return value.code
    return value.isoformat() if isinstance(value, date) else value


def in_words(value: Value, spoken: Language) -> str:
    """As a person reads it."""
    if value is None or value == "":
        return ""
    if isinstance(value, tuple):
        return "\n".join(spoken.say(each.said) for each in value)
    if isinstance(value, Word):
        return spoken.say(value.said)
    if isinstance(value, bool):
        return spoken.say(text("Oui") if value else text("Non"))
    if isinstance(value, datetime):
        return f"{spoken.date(local(value).date())}, {spoken.hour(value)}"
    if isinstance(value, date):
        return spoken.date(value)
    return str(value)


def zipped(page: bytes, programs: bytes, *, now: datetime) -> bytes:
    """Both files in one."""
    whole = io.BytesIO()
    stamp = local(now).timetuple()[:6]
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (("mes-donnees.html", page), ("mes-donnees.json", programs)):
            archive.writestr(zipfile.ZipInfo(name, stamp), content, zipfile.ZIP_DEFLATED)
    return whole.getvalue()
