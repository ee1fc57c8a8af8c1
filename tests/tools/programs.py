"""Other people's attack programs, each in an environment of its own: what they need must not decide what we serve with.

The exact versions stand in `<name>.txt` beside this file. They are installed once, into .venv, which `make clean`
removes.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TRIES = 2


def installed(name: str, command: str) -> Path:
    """The path of this command of the tool `name`, which is installed if it is not there as its list says."""
    wanted, folder = HERE / f"{name}.txt", ROOT / ".venv" / f"tool-{name}"
    mark = folder / "made-from"
    if not (mark.is_file() and mark.read_text() == wanted.read_text() + sys.version):
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "-r", str(wanted)]
        for left in reversed(range(TRIES)):
            if subprocess.run(pip, check=left == 0).returncode == 0:
                break
        mark.write_text(wanted.read_text() + sys.version)
    return folder / "bin" / command


def stand_in(folder: Path, module: str, *args: str) -> Path:
    """A program that can be started in the place of `reseau` and runs `module` of the tests instead."""
    path = folder / "stand-in"
    path.write_text(
        f"#!{sys.executable}\nimport runpy, sys\nsys.path.insert(0, {str(ROOT)!r})\nsys.argv[1:1] = {list(args)!r}\n"
        f"runpy.run_module({module!r}, run_name='__main__', alter_sys=False)\n"
    )
    path.chmod(0o755)
    return path
