"""Why somebody may not read a page of mediation."""

from __future__ import annotations

from app.errors import Refusal


class MediationRefusal(Refusal):
    """Each has its sentence in `app.mediation.domain`."""

    ONLY_MEDIATORS = "only_mediators"
    ONLY_BUREAU = "only_bureau"
    ONLY_MEMBERS = "only_members"
