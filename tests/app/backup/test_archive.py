"""The file of a backup: whatever happens to one byte of it is seen."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.backup import BackupError, archive
from app.backup.archive import SEAL, Manifest, extract, put_in_place, verified, work_folder, write

CONTENT = [b"un peu de texte " * 40, os.urandom(1500)]
MANIFEST = Manifest(
    product="0.1.0",
    engine="sqlite",
    engine_version="3.40.1",
    schema="",
    installation="0123456789abcdef.reseau",
    made_at=datetime(2026, 11, 24, 3, 15, tzinfo=UTC),
    members=12,
    migrations=("app/m0001_shell", "workshops/m0001_workshops"),
    file="database.sqlite",
)


def quiet(_what: str, _done: int, _total: int) -> None:
    """Nobody looks."""


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    path = tmp_path / "whole.zip"
    with path.open("wb") as file:
        write(file, MANIFEST, CONTENT, compress=True)
    return path


class TestWhole:
    def test_what_goes_in_comes_out(self, whole: Path, tmp_path: Path) -> None:
        manifest = verified(whole, quiet)
        assert manifest == replace(MANIFEST, size=manifest.size, sha256=manifest.sha256)
        extract(whole, manifest, tmp_path / "out", quiet)
        assert (tmp_path / "out").read_bytes() == b"".join(CONTENT)
        assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o600

    def test_other_programs_can_open_and_check_it(self, whole: Path) -> None:
        with zipfile.ZipFile(whole) as opened:
            assert opened.testzip() is None
            told = json.loads(opened.read("manifest.json"))
            content = opened.read("database.sqlite")
        assert told["format"] == "reseau-backup"
        assert told["files"] == {
            "database.sqlite": {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        }
        data = whole.read_bytes()
        assert data[-SEAL:].decode() == hashlib.sha256(data[:-SEAL]).hexdigest()

    def test_a_pipe_will_do(self, whole: Path) -> None:
        class Pipe(io.RawIOBase):
            """Can be written to, and nothing else."""

            def __init__(self) -> None:
                self.taken = b""

            def writable(self) -> bool:
                return True

            def write(self, data: bytes) -> int:  # type: ignore[override]  # bytes are all that comes
                self.taken += data
                return len(data)

        pipe = Pipe()
        write(pipe, MANIFEST, CONTENT, compress=False)  # type: ignore[arg-type]  # a pipe is all that it needs
        whole.write_bytes(pipe.taken)
        assert verified(whole, quiet).members == 12


class TestDamaged:
    def test_no_byte_changes_unseen(self, whole: Path, tmp_path: Path) -> None:
        data, changed = whole.read_bytes(), tmp_path / "changed.zip"
        unseen_by_zip = 0
        for place in range(len(data)):
            changed.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
            with pytest.raises(BackupError, match=r"is no whole backup .* Nothing was done\."):
                verified(changed, quiet)
            try:
                with zipfile.ZipFile(changed) as opened:
                    unseen_by_zip += opened.testzip() is None and len(opened.namelist()) == 2
            except (zipfile.BadZipFile, zlib.error, RuntimeError, OSError, ValueError):
                continue
        assert unseen_by_zip, "zip sees every change by itself: the seal is for nothing"
        changed.write_bytes(data)
        assert verified(changed, quiet).members == 12, "unchanged, it is taken"

    @pytest.mark.parametrize("left", [0, 1, 63, 64, 65, 500, -65, -64, -1])
    def test_a_cut_one_is_refused(self, whole: Path, left: int) -> None:
        whole.write_bytes(whole.read_bytes()[:left])
        with pytest.raises(BackupError, match="no whole backup"):
            verified(whole, quiet)

    def test_one_with_something_after_it(self, whole: Path) -> None:
        whole.write_bytes(whole.read_bytes() + b"\n")
        with pytest.raises(BackupError, match="no whole backup"):
            verified(whole, quiet)

    @staticmethod
    def sealed(data: bytes) -> bytes:
        """Whatever it is, with a right checksum at its end."""
        data = data[:-SEAL]
        return data + hashlib.sha256(data).hexdigest().encode()

    @pytest.mark.parametrize(
        "manifest",
        [b"", b"[]", b"{}", b'{"format": "reseau-backup", "version": 1}', b"\xff", b" " * (archive.MANY + 1)],
        ids=["empty", "a list", "nothing", "hardly anything", "no text", "too long"],
    )
    def test_something_else_with_a_checksum(self, tmp_path: Path, manifest: bytes) -> None:
        path = tmp_path / "else.zip"
        with zipfile.ZipFile(path, "w") as made:
            made.comment = b"0" * SEAL
            made.writestr("manifest.json", manifest)
        path.write_bytes(self.sealed(path.read_bytes()))
        with pytest.raises(BackupError, match="no whole backup"):
            verified(path, quiet)

    def test_a_text_with_a_checksum(self, tmp_path: Path) -> None:
        path = tmp_path / "text"
        path.write_bytes(self.sealed(b"bonjour" + b"0" * SEAL))
        with pytest.raises(BackupError, match="no whole backup"):
            verified(path, quiet)

    def test_a_part_that_is_not_what_the_manifest_says(self, whole: Path, tmp_path: Path) -> None:
        manifest = replace(verified(whole, quiet), sha256="0" * 64)
        with pytest.raises(BackupError, match="no whole backup"):
            extract(whole, manifest, tmp_path / "out", quiet)

    def test_one_of_a_later_form_says_what_to_do(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "later.zip"
        monkeypatch.setattr(archive, "VERSION", 2)
        with path.open("wb") as file:
            write(file, replace(MANIFEST, product="9.0"), CONTENT, compress=True)
        assert verified(path, quiet).product == "9.0"
        monkeypatch.undo()
        with pytest.raises(BackupError, match=r"newer version \(9\.0\): install that one first"):
            verified(path, quiet)

    def test_what_cannot_be_read_at_all(self, tmp_path: Path) -> None:
        for path in (tmp_path, tmp_path / "nowhere.zip"):
            with pytest.raises(BackupError, match=r"cannot be read: (is a directory|no such file)"):
                verified(path, quiet)


class TestPlace:
    @pytest.fixture
    def made(self, tmp_path: Path) -> Iterator[Path]:
        with work_folder(tmp_path) as folder:
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            (folder / "made").write_bytes(b"new")
            yield folder / "made"
        assert not folder.exists()

    def test_a_name_that_is_free(self, made: Path, tmp_path: Path) -> None:
        put_in_place(made, tmp_path / "name")
        assert (tmp_path / "name").read_bytes() == b"new"

    def test_a_name_that_is_taken(self, made: Path, tmp_path: Path) -> None:
        (tmp_path / "name").write_bytes(b"old")
        with pytest.raises(FileExistsError):
            put_in_place(made, tmp_path / "name")
        assert (tmp_path / "name").read_bytes() == b"old"

    def test_a_disk_without_links(self, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refused(*_: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", refused)
        (tmp_path / "taken").write_bytes(b"old")
        with pytest.raises(FileExistsError):
            put_in_place(made, tmp_path / "taken")
        put_in_place(made, tmp_path / "name")
        assert (tmp_path / "name").read_bytes() == b"new"
        assert (tmp_path / "taken").read_bytes() == b"old"

    def test_what_was_left_behind_goes_after_a_day(self, tmp_path: Path) -> None:
        for name, age in ((".reseau-work-old", 2), (".reseau-work-new", 0), ("reseau-2026.zip", 9)):
            (tmp_path / name).mkdir()
            (tmp_path / name / "part").touch()
            at = datetime.now(UTC).timestamp() - age * 24 * 3600
            os.utime(tmp_path / name, (at, at))
        with work_folder(tmp_path):
            left = {path.name for path in tmp_path.iterdir() if len(path.name) < 20}
        assert left >= {".reseau-work-new", "reseau-2026.zip"}
        assert not (tmp_path / ".reseau-work-old").exists()
