"""How one's own data are spoken of, and what the clock does about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from app.contracts import Domain, Job
from app.errors import Refusal
from app.i18n.text import N_
from app.identity.data_states import DataRefusal
from app.identity.inactivity import end_inactive
from app.identity.leaving import finish_erasures, wipe

DATA_SENTENCES: dict[Refusal, str] = {
    DataRefusal.SOMETHING_FIRST: N_("Il reste quelque chose à passer ou à annuler d’abord. Rien n’est effacé."),
}


def data_jobs(domains: Sequence[Domain]) -> Sequence[Job]:
    """What the clock does with what all domains keep about a person."""
    return (
        Job("identity.end_inactive", partial(end_inactive, domains=domains), every=timedelta(hours=6)),
        Job(
            "identity.finish_erasures",
            partial(finish_erasures, domains=domains),
            every=timedelta(minutes=10),
            in_doubt=True,
        ),
        Job("identity.wipe", wipe, every=timedelta(minutes=1), in_doubt=True),
    )
