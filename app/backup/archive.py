"""The file of a backup: a zip with `manifest.json` and the database, whose comment is the checksum of all before it.

Any unzip opens it. The comment, 64 hexadecimal digits at the very end, is the SHA-256 of every byte before them, so
that no byte can change unseen; `head -c -64 FILE | sha256sum` shows the same. What stands in the database's part is up
to `sqlite` and `postgres`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from app.backup import BackupError, Progress
from app.erased import BESIDE_BACKUPS, Erased
from app.erased import read as read_erased
from app.erased import written as erased_written

FORMAT = "reseau-backup"
VERSION = 1
"""Of this form of file. It rises when an older program could not restore it rightly."""

MANIFEST = "manifest.json"
MANY = 1 << 20
"""Bytes of a manifest, at most."""
PIECE = 1 << 18
SEAL = 64
LEFT_BEHIND = 24 * 3600
"""Seconds after which what a killed program left beside its file is nobody's any more."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself."""

    product: str
    """Version of the program that made it."""
    engine: str
    """`sqlite` or `postgres`."""
    engine_version: str
    schema: str
    """Of PostgreSQL; empty for SQLite."""
    installation: str
    """The name that keeps this installation's events apart (`app.calendar.tables.Installation`)."""
    made_at: datetime
    members: int
    migrations: tuple[str, ...]
    """Those that had run, as `package/mNNNN_name`."""
    file: str
    """The part that holds the database."""
    size: int = 0
    sha256: str = ""

    def as_json(self) -> bytes:
        """As it stands in the file."""
        told = asdict(self) | {"made_at": self.made_at.isoformat()}
        part = {told.pop("file"): {"bytes": told.pop("size"), "sha256": told.pop("sha256")}}
        whole = {"format": FORMAT, "version": VERSION, **told, "files": part}
        return json.dumps(whole, indent=2, ensure_ascii=False).encode() + b"\n"

    @classmethod
    def of_json(cls, text: bytes) -> Manifest:
        """What `as_json` wrote. Raises `BackupError` for one of a newer form, ValueError for anything else."""
        told = json.loads(text)
        if not isinstance(told, dict) or told.pop("format", None) != FORMAT:
            raise ValueError("another format")
        if told.pop("version", None) != VERSION:
            raise BackupError(
                f"The backup was made by a newer version ({told.get('product')}): install that one first. "
                "Nothing was done."
            )
        try:
            ((file, part),) = told.pop("files").items()
            made_at, migrations = datetime.fromisoformat(told.pop("made_at")), tuple(told.pop("migrations"))
            size, sha256 = part["bytes"], part["sha256"]
            return cls(**told, file=file, made_at=made_at, migrations=migrations, size=size, sha256=sha256)
        except (TypeError, AttributeError, KeyError) as error:
            raise ValueError("another form") from error


# ------------------------------------------------------------------------------------------------------------- writing


class _Sealing:
    """A file that replaces the last 64 bytes by the checksum of those before them. Written from front to end only."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._sum = hashlib.sha256()
        self._held = b""

    def write(self, data: bytes) -> int:
        held = self._held + bytes(data)
        whole = max(len(held) - SEAL, 0)
        self._sum.update(held[:whole])
        self._file.write(held[:whole])
        self._held = held[whole:]
        return len(data)

    def flush(self) -> None:
        self._file.flush()

    def seal(self) -> None:
        self._file.write(self._sum.hexdigest().encode())
        self._file.flush()


def write(
    file: BinaryIO, manifest: Manifest, pieces: Iterable[bytes], *, compress: bool, erased: Iterable[Erased] = ()
) -> Manifest:
    """Write a whole backup of these pieces, which may be a pipe as well, and give its completed manifest. Who has been
    erased goes with it, so that an older backup can be put right by a newer one."""
    sealing = _Sealing(file)
    checksum, size = hashlib.sha256(), 0
    how = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(sealing, "w", how, compresslevel=3) as archive:  # type: ignore[call-overload]  # write and flush are all it needs
        archive.comment = b"0" * SEAL
        with archive.open(manifest.file, "w", force_zip64=True) as part:
            for piece in pieces:
                checksum.update(piece)
                size += len(piece)
                part.write(piece)
        manifest = replace(manifest, size=size, sha256=checksum.hexdigest())
        if listed := erased_written(erased):
            archive.writestr(BESIDE_BACKUPS, listed)
        archive.writestr(MANIFEST, manifest.as_json())
    sealing.seal()
    return manifest


@contextmanager
def work_folder(beside: Path) -> Iterator[Path]:
    """A folder for its owner alone, on the same disk, gone afterwards; what was left behind by kill -9 goes too."""
    for old in beside.glob(".reseau-work-*"):
        with suppress(OSError):
            if time.time() - old.stat().st_mtime > LEFT_BEHIND:
                shutil.rmtree(old)
    folder = Path(tempfile.mkdtemp(prefix=".reseau-work-", dir=beside))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put_in_place(made: Path, target: Path) -> None:
    """Give a whole, flushed file its name, which nobody must have taken: FileExistsError. Survives a power cut."""
    with made.open("rb") as file:
        os.fsync(file.fileno())
    try:
        os.link(made, target)
    except FileExistsError:
        raise
    except OSError:  # a disk without links, as those of cameras and of Windows
        if target.exists():
            raise FileExistsError(target) from None
        made.rename(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


# ------------------------------------------------------------------------------------------------------------- reading


def verified(path: Path, progress: Progress) -> Manifest:
    """The manifest of a backup, all of whose bytes are as they were written. Raises `BackupError`."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            checksum, left = hashlib.sha256(), size - SEAL
            while left > 0 and (piece := file.read(min(PIECE, left))):
                checksum.update(piece)
                left -= len(piece)
                progress("Reading the backup", size - left, size)
            if left or file.read() != checksum.hexdigest().encode():
                raise _spoilt(path)
            with zipfile.ZipFile(file) as archive:
                if archive.getinfo(MANIFEST).file_size > MANY:
                    raise _spoilt(path)
                manifest = Manifest.of_json(archive.read(MANIFEST))
                archive.getinfo(manifest.file)
                return manifest
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise _spoilt(path) from error
    except OSError as error:
        raise BackupError(f"The file {path} cannot be read: {(error.strerror or str(error)).lower()}.") from error


def extract(path: Path, manifest: Manifest, target: Path, progress: Progress) -> None:
    """The database's part into a new file, for its owner alone. Raises `BackupError` when it was changed."""
    checksum, done = hashlib.sha256(), 0
    with (
        zipfile.ZipFile(path) as archive,
        archive.open(manifest.file) as part,
        os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
    ):
        while piece := part.read(PIECE):
            checksum.update(piece)
            file.write(piece)
            done += len(piece)
            progress("Unpacking", done, manifest.size)
    if (done, checksum.hexdigest()) != (manifest.size, manifest.sha256):
        raise _spoilt(path)


def erased_in(path: Path) -> frozenset[Erased]:
    """Who had been erased when this backup was made. Raises `BackupError`."""
    try:
        with zipfile.ZipFile(path) as archive:
            if BESIDE_BACKUPS not in archive.namelist():
                return frozenset()
            return read_erased(archive.read(BESIDE_BACKUPS).decode("ascii"))
    except (zipfile.BadZipFile, ValueError) as error:
        raise _spoilt(path) from error


def _spoilt(path: Path) -> BackupError:
    return BackupError(
        f"The file {path} is no whole backup of Le Réseau: it was cut or changed, or is something else. "
        "Nothing was done."
    )
