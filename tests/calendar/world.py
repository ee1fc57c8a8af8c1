"""The application with two kinds of things in its calendar, whatever domains there are today."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.contracts import Domain, EntryKind, NavItem
from app.main import REGISTRY
from app.registry import Registry
from tests.client import NOON, World

WORKSHOP = EntryKind(
    kind="workshop",
    filter="ateliers",
    label="Ateliers",
    path="/ateliers/{id}",
    join_path="/ateliers/{id}/inscription",
    leave_path="/ateliers/{id}/desistement",
    join_label="Je m’inscris",
    icon="messages",
    genres={"cv_troc": ("CV-troc", "file-text"), "cafe_debat": ("Café-débat", "coffee")},
)
MEAL = EntryKind(
    kind="meal",
    filter="repas",
    label="Repas",
    path="/repas/{id}",
    join_path="/repas/{id}/reservations",
    leave_path="/repas/{id}/annulation",
    join_label="Je mange ici",
    icon="soup",
)
PROPOSE = NavItem("propose", "Proposer", "/ateliers/nouveau", "workshop", "plus", 30, for_members=True)
KINDS = {"workshop": WORKSHOP, "meal": MEAL}
THINGS = Registry.of(
    *(domain for domain in REGISTRY.domains if not domain.entry_kinds),
    Domain(name="things", entry_kinds=tuple(KINDS.values()), nav=(PROPOSE,)),
)


class CalendarWorld(World):
    """`World` without the domains that have things of their own, and with these two kinds instead."""

    def __init__(self, now: datetime = NOON, **settings: Any) -> None:
        super().__init__(now, THINGS, **settings)
