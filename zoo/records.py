"""The JSON record of a benchmark or a run: its figures, and what is needed to measure them again.

Every figure of the README and of a model card is read from such a record under `results/`.
"""

import math
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import DataError
from zoo.files import write_json

PACKAGES = ("keras", "tensorflow", "jax", "torch", "numpy", "h5py", "scikit-learn", "matplotlib")
GIT_SECONDS = 20  # a repository on a slow disk; afterwards the record says that the commit is not known


def write_record(
    path: Path | str, figures: Mapping[str, Any], *, command: str, seed: int | Sequence[int] | None
) -> dict[str, Any]:
    """Write `figures` to `path` with the command and seed that gave them and the machine's facts; return the record.

    Numpy values become plain ones. A figure that is NaN or infinite was not measured: `DataError`.
    """
    record = {
        "command": command,
        "seed": plain(seed, "seed"),
        "figures": plain(figures, "figures"),
        "machine": machine_facts(),
    }
    write_json(path, record)
    return record


def machine_facts() -> dict[str, Any]:
    """What a figure depends on beside the code: Python, system, processor, cores, memory, packages, commit, date.

    Imports no framework. `commit` is None outside a checkout; `dirty` is True when tracked files differ from it
    (results/ left aside: an earlier benchmark's record changes no code).
    """
    commit, dirty = _git_state(Path(__file__).resolve().parents[1])
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "dirty": dirty,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": _cores(),
        "memory_gib": _memory_gib(),
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
    }


def plain(value: Any, name: str = "value") -> Any:
    """Mappings, sequences, numpy arrays and scalars -> what JSON can hold; `name` is said in the error.

    >>> plain({"loss": np.float32(0.5), "seeds": np.arange(3)})
    {'loss': 0.5, 'seeds': [0, 1, 2]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item, f"{name}.{key}") for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist(), name)
    if isinstance(value, list | tuple):
        return [plain(item, f"{name}[{position}]") for position, item in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise DataError(f"A record holds finite numbers only; {name} is {value}.")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise DataError(f"A record holds numbers, strings, lists and mappings; {name} is a {type(value).__name__}.")


def _git_state(folder: Path) -> tuple[str | None, bool | None]:
    """(commit, whether tracked files differ) of the checkout whose root is `folder`; (None, None) elsewhere."""
    if not (folder / ".git").exists():  # a file in a linked work tree, a folder otherwise; absent in site-packages
        return None, None
    commit = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", ".", ":(exclude)results")
    return commit or None, None if changes is None else bool(changes)


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 (fixed arguments, no shell)
            ["git", "-C", str(folder), *arguments],  # noqa: S607 (the user's own git, wherever it is)
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _processor() -> str:
    """The processor's model; `platform.processor()` alone says only "x86_64" on Linux."""
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        for line in facts.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _cores() -> int:
    """Cores that this process may use, fewer than the machine's inside a container or under taskset."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory_gib() -> float | None:
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", {}):
        return None
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
