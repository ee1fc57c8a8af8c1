"""A disk whose power is cut: an ext4 in a file, that is shut down without writing anything more (EXT4_IOC_SHUTDOWN).

What the machine had in its memory and had not brought to the disk is gone, as when somebody pulls the plug; mounted
again, the file system repairs itself from its journal. Needs root, loop devices and mkfs.ext4.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SHUTDOWN = 0x8004587D
"""_IOR('X', 125, __u32): FS_IOC_SHUTDOWN of Linux."""
AT_ONCE = 2
"""FS_SHUTDOWN_FLAGS_NOLOGFLUSH: not even the journal."""
SIZE = 64 * 1024 * 1024


def missing() -> list[str]:
    """What this machine lacks for it; empty when it can be done."""
    if not sys.platform.startswith("linux"):
        return ["Linux"]
    lacks = [] if os.geteuid() == 0 else ["root"]
    lacks += [name for name in ("mkfs.ext4", "mount", "umount") if shutil.which(name) is None]
    if not Path("/dev/loop-control").exists():
        lacks.append("loop devices")
    return lacks


class Disk:
    """An ext4 of 64 MB, mounted at `folder`."""

    def __init__(self, image: Path, folder: Path) -> None:
        self.image = image
        self.folder = folder

    def mount(self) -> None:
        subprocess.run(["mount", "-o", "loop", self.image, self.folder], check=True, capture_output=True)

    def unmount(self) -> None:
        subprocess.run(["umount", self.folder], check=True, capture_output=True)

    def cut_power(self) -> None:
        """From now on nothing that is written arrives."""
        opened = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(opened, SHUTDOWN, struct.pack("I", AT_ONCE))
        finally:
            os.close(opened)

    def start_again(self) -> None:
        """Nobody may have anything open there. What had not arrived is forgotten."""
        self.unmount()
        self.mount()


@contextmanager
def disk(folder: Path) -> Iterator[Disk]:
    """Raises `OSError` or `CalledProcessError` where it may not be mounted, whatever `missing` says."""
    image, place = folder / "disk.img", folder / "disk"
    with image.open("wb") as file:
        file.truncate(SIZE)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True, capture_output=True)
    place.mkdir()
    made = Disk(image, place)
    made.mount()
    try:
        yield made
    finally:
        made.unmount()
