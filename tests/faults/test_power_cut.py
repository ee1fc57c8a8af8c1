"""The power is cut in a storm: what was acknowledged is on the disk.

`tests/app/test_sqlite_engine.py` asks whether SQLite is told to wait for the disk; this cuts the power of one. It runs
where a file system can be mounted and shut down (`power.missing`), and is left out, by name, where it cannot.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults import careless, power
from tests.faults.stage import Storm, look, make_town, wrongs
from tests.servers import RESEAU, people, serving

pytestmark = pytest.mark.slow

CUTS = 2


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[power.Disk]:
    if lacks := power.missing():
        pytest.skip(f"the power cut needs {', '.join(lacks)}")
    with ExitStack() as stack:
        try:
            made = stack.enter_context(power.disk(tmp_path))
        except (OSError, subprocess.CalledProcessError) as refused:
            pytest.skip(f"the power cut needs the right to mount a disk: {refused}")
        yield made


async def lost_by(disk: power.Disk, template: Path, log_folder: Path, program: Sequence[str]) -> list[list[str]]:
    """What each of some power cuts took away of what people were told."""
    database = disk.folder / f"{log_folder.name}.sqlite"
    database.write_bytes(template.read_bytes())
    url = f"sqlite:///{database}"
    town = await make_town(url)
    log_folder.mkdir()
    lost = []
    with serving(log_folder, url, program=program) as server:
        async with people(server.url) as crowd, Storm(town, crowd) as storm:
            for _ in range(CUTS):
                await storm.until_acknowledged(60)
                disk.cut_power()
                server.kill()
                await storm.pause()
                disk.start_again()
                await asyncio.to_thread(server.start)
                lost.append(wrongs(storm.told(), await look(town)))
                storm.go_on()
            await storm.until_acknowledged(20)
        assert storm.acknowledged > 60 * CUTS
        assert server.stop() == 0
    return lost


async def test_nothing_that_was_acknowledged_is_lost(disk: power.Disk, sqlite_template: Path, tmp_path: Path) -> None:
    # The control: the same cuts, on a server whose commits do not wait for the disk.
    without = careless.program(careless.without_waiting_for_the_disk)
    lost = await lost_by(disk, sqlite_template, tmp_path / "without", without)
    assert any(lost), "the power cut takes nothing away here: it shows nothing"
    print(f"without waiting for the disk, {[len(each) for each in lost]} people or proposals were told what is not so")
    assert await lost_by(disk, sqlite_template, tmp_path / "with", (str(RESEAU),)) == [[]] * CUTS
