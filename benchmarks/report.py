"""Figures out of rounds, beside what is wanted of them, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from benchmarks import figures as wanted
from benchmarks.figures import Aim, Round, processor_share, share, speed_of, steady
from benchmarks.measures import AGENDA, WORKSHOP, Seen
from benchmarks.place import Place

WITH_AIM = {AGENDA: wanted.PAGE, WORKSHOP: wanted.PAGE}


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    engine: str
    members: int
    what: str
    value: float
    unit: str
    """`/s`, `share`, `ms`, `MiB`."""
    aim: float | None = None
    least: bool = True
    note: str = ""
    by_processor: float | None = None
    """The same ratio by time of the processor."""
    milliseconds: float | None = None
    """Of the processor, for one answer."""

    @property
    def met(self) -> bool | None:
        return None if self.aim is None else Aim(self.aim, self.least).met(self.value)

    def told(self) -> dict[str, object]:
        """As JSON has it."""
        return {**asdict(self), "met": self.met}


def figures_of(engine: str, seen: Iterable[tuple[Place, Seen]]) -> list[Figure]:
    """All figures of an engine; those of the same thing at several places stand together."""
    found: list[Figure] = []
    for place, each in seen:
        found += _of_place(engine, place, each)
    order = {what: number for number, what in enumerate(dict.fromkeys(figure.what for figure in found))}
    return sorted(found, key=lambda figure: order[figure.what])


def _of_place(engine: str, place: Place, seen: Seen) -> Iterable[Figure]:
    def figure(what: str, value: float, unit: str, aim: Aim | None = None, **more: object) -> Figure:
        bound = {"aim": aim.bound, "least": aim.least} if aim is not None and aim.bound else {}
        return Figure(engine, place.members, what, value, unit, **bound, **more)  # type: ignore[arg-type]  # by name

    for name, (ours, theirs) in seen.pages.items():
        yield from _pair(figure, name, "bare " + name, ours, theirs, WITH_AIM.get(name))
    for name, (ours, theirs) in seen.feeds.items():
        aim = (wanted.UNCHANGED if "304" in name else wanted.FEED) if name.startswith("feed of all") else None
        yield from _pair(
            figure, name, "bare text" if "304" in name else "the same bytes from memory", ours, theirs, aim
        )
    for at_once, (ours, theirs) in seen.sign_ups.items():
        name = f"sign-ups, {at_once} at once"
        yield from _pair(figure, name, "bare durable commits", ours, theirs, wanted.OF_COMMITS, wanted.SIGN_UPS[engine])
        if at_once == 1:
            speed = speed_of(ours)
            yield figure("sign-up alone, p50", speed.p50, "ms", wanted.P50)
            yield figure("sign-up alone, p95", speed.p95, "ms", wanted.P95)
    for workers, value in seen.memory.items():
        aim = wanted.MEMORY[engine] if (engine == "sqlite") == (workers == 1) else None
        yield figure(f"memory, {workers} worker{'s' if workers > 1 else ''}", value, "MiB", aim)


def _pair(
    figure: object,
    name: str,
    against: str,
    ours: Sequence[Round],
    theirs: Sequence[Round],
    aim: Aim | None,
    pace: Aim | None = None,
) -> Iterable[Figure]:
    """What is measured, its yardstick, and the ratio."""
    assert callable(figure)
    one, other = speed_of(ours), speed_of(theirs)
    bare_aim = wanted.BARE_AGENDA if name == AGENDA else None
    yield figure(name, one.per_second, "/s", pace, milliseconds=one.processor)
    yield figure(f"{name}: {against}", other.per_second, "/s", bare_aim, milliseconds=other.processor)
    yield figure(f"{name}: ratio", share(ours, theirs), "share", aim, by_processor=processor_share(ours, theirs))


def show(figures: Sequence[Figure], console: Console, engine: str) -> None:
    """The table."""
    sizes = list(dict.fromkeys(figure.members for figure in figures))
    table = Table(title=f"{engine}, {', '.join(f'{size:,}' for size in sizes)} members", title_justify="left")
    table.add_column("")
    for size in sizes:
        table.add_column(f"{size:,}", justify="right")
    if len(sizes) > 1:
        table.add_column("± 10 %")
    table.add_column("aim")
    for what in dict.fromkeys(figure.what for figure in figures):
        line = [figure for figure in figures if figure.what == what]
        cells = [_cell(each) for each in line]
        if len(sizes) > 1:
            cells.append("" if len(line) < 2 else "yes" if steady([_own(each) for each in line]) else "[bold]no[/]")
        table.add_row(what, *cells, _aim(line))
    console.print(table)


def _own(figure: Figure) -> float:
    """What must stay the same whatever the size: time of the processor where it was taken, else the figure."""
    return figure.milliseconds or figure.by_processor or figure.value


def _cell(figure: Figure) -> str:
    if figure.unit == "share":
        by = f" ({figure.by_processor:.0%} by processor)" if figure.by_processor is not None else ""
        return f"{figure.value:.0%}{by}"
    if figure.unit == "/s":
        return f"{figure.value:,.0f}/s  {figure.milliseconds:.2f} ms"
    return f"{figure.value:.1f} {figure.unit}"


def _aim(line: Sequence[Figure]) -> str:
    first = line[0]
    if first.aim is None:
        return ""
    bound = f"{first.aim:.0%}" if first.unit == "share" else f"{first.aim:,.0f} {first.unit}"
    met = all(each.met for each in line)
    return f"{'≥' if first.least else '≤'} {bound} {'met' if met else '[bold red]not met[/]'}"
