"""How long a hostile request may take: a second, as the design asks, whatever else runs on the machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

A_SECOND = 1.0
"""Of this process's own work, in which the application runs: the most was 0.3 s, for two hashes of a password."""
AT_ALL = 5.0
"""By the clock, where other tests share the machine: 0.3 s of work took 1.2 s there."""


@contextmanager
def over_in_time(what: object, *, work: float = A_SECOND, at_all: float = AT_ALL) -> Iterator[None]:
    """Fails when the block takes longer: by its own work, or by waiting."""
    began, worked = time.perf_counter(), time.process_time()
    yield
    worked, took = time.process_time() - worked, time.perf_counter() - began
    assert worked < work, f"{what}: {worked:.2f} s of work"
    assert took < at_all, f"{what}: {took:.2f} s"
