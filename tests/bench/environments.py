"""An environment of its own for each peer, made once and kept in the data folder."""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path


class NotInstalled(Exception):
    """Its text says why, without an address or a path: it stands in the table."""


def python_with(requirements: Sequence[str], folder: Path) -> Path:
    """The interpreter of an environment that holds just these requirements."""
    wanted = "\n".join(requirements)
    name = requirements[0].replace("==", "-").lower()
    place = folder / f"{name}-{sha256((wanted + sys.version).encode()).hexdigest()[:8]}"
    python, stamp = place / "bin" / "python", place / "installed.txt"
    if stamp.exists() and python.exists():
        return python
    shutil.rmtree(place, ignore_errors=True)
    if not _succeeds([sys.executable, "-m", "venv", "--without-pip", str(place)]):
        raise NotInstalled("this Python cannot make an environment")
    if not _succeeds([*_installer(python), "--no-deps", *requirements]):
        raise NotInstalled("cannot be installed here: no package index, or no such release for this Python")
    stamp.write_text(wanted)
    return python


def _installer(python: Path) -> list[str]:
    uv = shutil.which("uv")
    if uv:
        return [uv, "pip", "install", "--quiet", "--python", str(python)]
    if importlib.util.find_spec("pip") is None:
        raise NotInstalled("there is neither uv nor pip")
    # Few and short attempts: without a network every peer would wait for all of them.
    patience = ["--quiet", "--disable-pip-version-check", "--retries", "1", "--timeout", "20"]
    return [sys.executable, "-m", "pip", "--python", str(python), "install", *patience]


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
