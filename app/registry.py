"""The domains put together, flattened to what the shell asks for. It refuses what two domains both claim."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from litestar import Router

from app.contracts import Asked, Difference, Domain, EntryKind, Job, Kept, NavItem, Offers, Payable, Spends, Taking
from app.errors import Refusal

if TYPE_CHECKING:
    from app.identity.visits import Visit


class Doubled(Exception):
    """Two domains claim the same thing: a mistake in the program."""


@dataclass(frozen=True, slots=True)
class Registry:
    """What all domains offer together."""

    domains: tuple[Domain, ...]
    routers: tuple[Router, ...]
    nav: tuple[NavItem, ...]
    entry_kinds: Mapping[str, EntryKind]
    refusals: Mapping[Refusal, str]
    jobs: tuple[Job, ...]
    set_back: tuple[Callable[[datetime, datetime, bool], Awaitable[None]], ...]
    journal_acts: Mapping[str, str]
    keeps: tuple[Kept, ...]
    asks: tuple[Callable[[Visit], Awaitable[Sequence[Asked]]], ...]
    """What each domain's people ask of a member in person."""
    offers: Mapping[str, Offers]
    """By the kind of entry that is offered."""
    payables: Mapping[str, Payable]
    """By their kind."""
    checks: Mapping[str, Callable[[datetime], Awaitable[Sequence[Difference]]]]
    """By the name of the domain whose money it is."""
    spends: Sequence[Spends]
    takings: tuple[Callable[[int, date, date], Awaitable[Sequence[Taking]]], ...]
    """What money is spent for."""

    @classmethod
    def of(cls, *domains: Domain) -> Registry:
        """Flatten the manifests, in the order given; navigation by its own order."""
        kinds: dict[str, EntryKind] = {}
        refusals: dict[Refusal, str] = {}
        for domain in domains:
            for kind in domain.entry_kinds:
                if kind.kind in kinds or any(kind.filter == other.filter for other in kinds.values()):
                    raise Doubled(f"entry kind {kind.kind}")
                kinds[kind.kind] = kind
            for refusal, sentence in domain.refusals.items():
                if refusal in refusals:
                    raise Doubled(f"refusal {refusal}")
                refusals[refusal] = sentence
        nav = [item for domain in domains for item in domain.nav]
        jobs = [job for domain in domains for job in (*domain.jobs, *_jobs_about(domain, kinds))]
        jobs += [job for domain in domains if domain.jobs_of_all is not None for job in domain.jobs_of_all(domains)]
        acts = [act for domain in domains for act in domain.journal_acts.items()]
        _refuse_doubles("journal act", [act for act, _ in acts])
        _refuse_doubles("domain", [domain.name for domain in domains])
        _refuse_doubles("navigation key", [item.key for item in nav])
        _refuse_doubles("job", [job.name for job in jobs])
        payables = [domain.payable for domain in domains if domain.payable is not None]
        _refuse_doubles("payable", [payable.kind for payable in payables])
        return cls(
            domains=domains,
            routers=tuple(router for domain in domains for router in domain.routers),
            nav=tuple(sorted(nav, key=lambda item: item.order)),
            entry_kinds=kinds,
            refusals=refusals,
            jobs=tuple(jobs),
            set_back=tuple(domain.set_back for domain in domains if domain.set_back is not None),
            journal_acts=dict(acts),
            keeps=tuple(kept for domain in domains for kept in domain.keeps),
            asks=tuple(domain.asks for domain in domains if domain.asks is not None),
            offers={domain.offers.kind: domain.offers for domain in domains if domain.offers is not None},
            payables={payable.kind: payable for payable in payables},
            checks={domain.name: domain.checks for domain in domains if domain.checks is not None},
            spends=tuple(domain.spends for domain in domains if domain.spends is not None),
            takings=tuple(domain.takings for domain in domains if domain.takings is not None),
        )


def _jobs_about(domain: Domain, kinds: Mapping[str, EntryKind]) -> Sequence[Job]:
    return domain.jobs_about(kinds) if domain.jobs_about is not None else ()


def _refuse_doubles(what: str, names: Sequence[str]) -> None:
    for name in set(names):
        if names.count(name) > 1:
            raise Doubled(f"{what} {name}")
