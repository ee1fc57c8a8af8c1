"""During and after: who is there, ticked by a host, and « le mot de la fin ». Absence is never recorded."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from app.database import command, run, transaction
from app.errors import NotFound
from workshops import rules
from workshops.commands.places import last_sign_up
from workshops.commands.steps import ask, locked, refuse_if
from workshops.states import SignUpState
from workshops.tables import Host, SignUp


@command
async def tick_present(
    *, actor: int, workshop_id: int, sign_up_ids: Collection[int], before: Collection[int] | None = None, now: datetime
) -> None:
    """A host says who is there: exactly these sign-ups. Leaving somebody out only takes a tick back.

    With `before`, the ticks that the host's page showed, only what differs from them is written: two hosts who tick at
    once do not undo each other. Whoever has given up their place meanwhile is passed over.
    """
    async with transaction():
        row = await locked(workshop_id)
        standing, who = await ask(row, actor, now=now)
        refuse_if(rules.why_cannot_tick(standing, who, now=now))
        rows = await run("select id, state from sign_up where workshop_id = {}", workshop_id)
        if not set(sign_up_ids) <= {each["id"] for each in rows}:
            raise NotFound
        coming = {each["id"] for each in rows if each["state"] == SignUpState.CONFIRMED}
        shown = coming if before is None else set(before)
        here, gone = coming & set(sign_up_ids), coming & shown - set(sign_up_ids)
        for ids, present in ((here, True), (gone, False)):
            if ids:
                await SignUp.update({SignUp.present: present}).where(SignUp.id.is_in(sorted(ids)))


@command
async def last_word(*, actor: int, workshop_id: int, words: str, shown: bool, now: datetime) -> None:
    """One sentence afterwards, by whoever had a place or hosted; shown if they like. An empty one takes it back."""
    async with transaction():
        row = await locked(workshop_id)
        standing, who = await ask(row, actor, now=now)
        refuse_if(rules.why_cannot_say_last_word(standing, who, now=now))
        shown = shown and bool(words)
        if who.hosting:
            await Host.update({Host.last_word: words, Host.last_word_shown: shown}).where(
                (Host.workshop_id == workshop_id) & (Host.member_id == actor)
            )
            return
        mine = await last_sign_up(row, actor)
        assert mine is not None
        await SignUp.update({SignUp.last_word: words, SignUp.last_word_shown: shown}).where(SignUp.id == mine["id"])
