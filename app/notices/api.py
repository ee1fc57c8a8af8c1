"""Telling somebody something: a row in the outbox, in the transaction of what it tells.

The words are said here, in the language of whoever reads them; `app.notices.delivery` sends them later. What is
told, to whom and when is decided by the command that calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.database import run
from app.i18n import Language, Text, language
from app.notices.rules import is_address, is_path, one_line, several_lines, short_subject

PRODUCT = "Le Réseau"


async def post_mail(
    *,
    member_id: int | None,
    to: str | None = None,
    kind: str,
    dedupe: str,
    subject: Text,
    body: Sequence[Text | str],
    link: str = "",
    now: datetime,
    run_at: datetime | None = None,
    spoken: str | None = None,
    place_id: int | None = None,
) -> None:
    """Tell a member, or an address, once: the same `dedupe` again changes nothing. Needs the caller's transaction.

    `body` is one item a paragraph; a plain string is somebody's own words and stays as it is written. `link` is the
    path, on our site, of the one thing to do next. `run_at` is when it may leave (default: at once). `spoken` is the
    language of an address without a member; `place_id` the place that signs, the only one of the installation if
    nothing is said. Members without an e-mail address get nothing here.
    """
    if link and not is_path(link):
        raise ValueError("The link of a mail is a path on our own site.")
    if member_id is not None:
        rows = await run("select email, language from member where id = {}", member_id)
        if rows:
            to, spoken = to or rows[0]["email"], spoken or rows[0]["language"]
    if to is None or not is_address(to):
        return
    reader = language(spoken or "fr")
    await run(
        "insert into outbox (dedupe, kind, member_id, recipient, language, subject, body, link, signature, created_at, "
        "run_at, tries, error) values ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, 0, '') "
        "on conflict (dedupe) do nothing",
        dedupe,
        kind,
        member_id,
        to,
        reader.code,
        short_subject(reader.say(subject)),
        "\n\n".join(paragraph for item in body if (paragraph := _said(item, reader))),
        link,
        await _signature(place_id),
        now,
        run_at or now,
    )


def _said(item: Text | str, reader: Language) -> str:
    """One paragraph. What fills in a sentence stays inside its line, so that no name can begin a new one."""
    if isinstance(item, str):
        return several_lines(item)
    return several_lines(reader.say(Text(item.msgid, _flat(item.details), item.plural, item.n)))


def _flat(details: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one_line(value) if isinstance(value, str) else value for name, value in details.items()}


async def _signature(place_id: int | None) -> str:
    """The place's name; the product's where there are several places and none is named."""
    if place_id is not None:
        rows = await run("select name from place where id = {}", place_id)
    else:
        rows = await run("select name from place order by id limit 2")
    return one_line(rows[0]["name"]) if len(rows) == 1 else PRODUCT
