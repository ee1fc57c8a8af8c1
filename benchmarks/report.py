"""Figures out of rounds, beside what is wanted of them: tables for people, dictionaries for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from rich.console import Console
from rich.table import Table

from benchmarks import figures as wanted
from benchmarks.figures import Aim, Round, Speed, processor_share, share, speed_of, steady
from benchmarks.measures import AGENDA, MEAL, TURNS, WAYS_AT_ONCE, WORKSHOP, Seen
from benchmarks.place import Place

ALONE = "sign-up alone"
BOOKING_ALONE = "booking alone"


@dataclass(frozen=True, slots=True)
class Judged:
    """A value beside what is wanted of it."""

    value: float
    unit: str
    """`/s`, `share`, `ms`, `MiB`."""
    aim: Aim | None = None

    @property
    def met(self) -> bool | None:
        return None if self.aim is None else self.aim.met(self.value)

    def said(self) -> str:
        return _said(self.value, self.unit)

    def judged(self) -> str:
        """What is wanted, and whether it is there; empty when nothing is."""
        if self.aim is None:
            return ""
        met = "met" if self.met else "[bold red]not met[/]"
        return f"{'≥' if self.aim.least else '≤'} {_said(self.aim.bound, self.unit)} {met}"


def _said(value: float, unit: str) -> str:
    match unit:
        case "share":
            return f"{value:.0%}"
        case "/s":
            return f"{value:,.0f}/s"
        case _:
            return f"{value:.1f} {unit}"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was measured at one place: itself, its yardstick and the ratio; or a value alone."""

    engine: str
    members: int
    what: str
    values: tuple[Judged, ...]
    ours: Speed | None = None
    yardstick: str = ""
    theirs: Speed | None = None
    by_processor: float | None = None
    """The ratio by time of the processor."""
    of_alone: float | None = None
    """Of a page, by time of the processor: the ratio to its template rendered by Litestar alone, without the frame of
    every answer."""

    @property
    def own(self) -> float:
        """What must be the same at places of all sizes. With a yardstick it is the ratio by time of the processor: the
        yardstick is the same program everywhere, and what else the machine does falls upon both."""
        return self.by_processor if self.by_processor is not None else self.values[0].value

    def told(self) -> dict[str, object]:
        """As JSON has it."""
        values = [{**asdict(each), "met": each.met} for each in self.values]
        return {**asdict(self), "values": values}


def lines_of(engine: str, seen: Iterable[tuple[Place, Seen]]) -> list[Line]:
    """All that was measured with an engine, place by place."""
    return [line for place, each in seen for line in _of_place(engine, place.members, each)]


def _of_place(engine: str, members: int, seen: Seen) -> Iterator[Line]:
    def pair(what: str, yardstick: str, rounds: tuple[list[Round], list[Round]], *aims: Aim | None) -> Line:
        """`aims` are of the ratio, of the speed, and of the yardstick's own speed."""
        ours, theirs = speed_of(rounds[0]), speed_of(rounds[1])
        values = (
            Judged(share(*rounds), "share", aims[0] if aims else None),
            Judged(ours.per_second, "/s", aims[1] if len(aims) > 1 else None),
            Judged(theirs.per_second, "/s", aims[2] if len(aims) > 2 else None),
        )
        return Line(engine, members, what, values, ours, yardstick, theirs, processor_share(*rounds))

    def alone(what: str, rounds: list[Round]) -> Iterator[Line]:
        speed = speed_of(rounds)
        yield Line(engine, members, f"{what}, p50", (Judged(speed.p50, "ms", wanted.P50),))
        yield Line(engine, members, f"{what}, p95", (Judged(speed.p95, "ms", wanted.P95),))

    for name, rounds in seen.pages.items():
        least = wanted.PAGE if name in (AGENDA, WORKSHOP, TURNS, MEAL) else None
        line = pair(name, "bare page", rounds, least, None, wanted.BARE_AGENDA if name == AGENDA else None)
        frameless = seen.alone.get(name)
        yield replace(line, of_alone=processor_share(rounds[0], frameless)) if frameless else line
    for name, rounds in seen.feeds.items():
        unchanged = "304" in name
        least = (wanted.UNCHANGED if unchanged else wanted.FEED) if name.startswith("feed of all") else None
        yield pair(name, "bare text" if unchanged else "kept bytes", rounds, least)
    for at_once, rounds in seen.sign_ups.items():
        pace = wanted.SIGN_UPS if engine == "sqlite" else None
        yield pair(f"sign-ups, {at_once} at once", "bare commits", rounds, wanted.OF_COMMITS, pace)
        if at_once == 1:
            yield from alone(ALONE, rounds[0])
    for at_once, rounds in seen.bookings.items():
        pace = wanted.BOOKINGS if engine == "sqlite" else None
        yield pair(f"bookings, {at_once} at once", "bare commits", rounds, None, pace)
        if at_once == 1:
            yield from alone(BOOKING_ALONE, rounds[0])
    if seen.whole_bookings[0]:
        pace = wanted.WHOLE_BOOKINGS if engine == "sqlite" else None
        name = f"page, booking, ticket, {WAYS_AT_ONCE} at once"
        yield pair(name, "bare commits", seen.whole_bookings, None, pace)
    for workers, value in seen.memory.items():
        most = wanted.MEMORY.get((engine, workers))
        name = f"memory, {workers} worker{'s' if workers > 1 else ''}"
        yield Line(engine, members, name, (Judged(value, "MiB", most),))


def show(lines: Sequence[Line], console: Console) -> None:
    """A table for each place; for several places, one that says what moved."""
    for members in dict.fromkeys(line.members for line in lines):
        here = [line for line in lines if line.members == members]
        table = Table(title=f"{here[0].engine}, {members:,} members", title_justify="left")
        for name in (
            "",
            "a second",
            "yardstick",
            "ratio",
            "by processor",
            "of Litestar alone",
            "ms of processor",
            "aims",
        ):
            table.add_column(name, justify="left" if name in ("", "aims") else "right", no_wrap=name == "")
        for line in here:
            table.add_row(line.what, *_cells(line), ", ".join(filter(None, (each.judged() for each in line.values))))
        console.print(table)
    if len({line.members for line in lines}) > 1:
        console.print(_steadiness(lines))


def _cells(line: Line) -> tuple[str, ...]:
    if line.ours is None or line.theirs is None:
        return (line.values[0].said(), "", "", "", "", "")
    return (
        f"{line.ours.per_second:,.0f}",
        f"{line.yardstick} {line.theirs.per_second:,.0f}",
        f"{line.values[0].value:.0%}",
        f"{line.by_processor:.0%}",
        f"{line.of_alone:.0%}" if line.of_alone is not None else "",
        f"{line.ours.processor:.2f} / {line.theirs.processor:.2f}",
    )


def _steadiness(lines: Sequence[Line]) -> Table:
    sizes = list(dict.fromkeys(line.members for line in lines))
    table = Table(title=f"{lines[0].engine}: the same at any size, ± {wanted.STEADY:.0%}?", title_justify="left")
    table.add_column("", no_wrap=True)
    for size in sizes:
        table.add_column(f"{size:,}", justify="right")
    table.add_column("")
    for what in dict.fromkeys(line.what for line in lines):
        same = [line for line in lines if line.what == what]
        if len(same) < 2:
            continue
        first = same[0].own
        cells = [_said(each.own, "share" if each.by_processor is not None else each.values[0].unit) for each in same]
        moved = max((each.own / first - 1 for each in same), key=abs)
        verdict = "met" if steady([each.own for each in same]) else f"[bold red]not met[/] ({moved:+.0%})"
        table.add_row(what, *cells, verdict)
    return table
