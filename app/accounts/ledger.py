"""The ledger: what moved in a place's accounts, a line each, however often we are told of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.accounts.states import Account, LedgerKind
from app.database import run


async def add_line(
    kind: LedgerKind,
    ref: str,
    cents: int,
    *,
    now: datetime,
    account: Account = Account.STRIPE,
    place_id: int | None = None,
    checkout_id: int | None = None,
    about: str = "",
    about_id: int | None = None,
    corrects: int | None = None,
    words: str = "",
) -> bool:
    """Write a line, in the caller's transaction, unless it stands there already (`kind` and `ref`). Whether it did
    not."""
    added = await run(
        "insert into ledger_line (place_id, account, kind, ref, cents, at, checkout_id, about, about_id, corrects, "
        "words) values ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}) on conflict (kind, ref) do nothing returning id",
        place_id,
        account.value,
        kind.value,
        ref,
        cents,
        now,
        checkout_id,
        about,
        about_id,
        corrects,
        words,
    )
    return bool(added)


async def add_counter_entry(line: Mapping[str, Any], cents: int, words: str, *, now: datetime) -> bool:
    """Mend a line of the ledger by so much, with the reason: a line of the same account, once for each."""
    return await add_line(
        LedgerKind.CORRECTION,
        f"correction-{line['id']}",
        cents,
        account=Account(line["account"]),
        place_id=line["place_id"],
        about=line["about"],
        about_id=line["about_id"],
        corrects=line["id"],
        words=words,
        now=now,
    )
