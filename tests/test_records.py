"""A record says what was measured, and on what."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from zoo.errors import DataError
from zoo.records import _git_state, machine_facts, write_record


def test_a_record_holds_its_figures_command_seed_and_machine(tmp_path):
    record = write_record(tmp_path / "speed.json", {"ratio": np.float32(1.5)}, command="python -m x", seed=(0, 1, 2))
    read = json.loads((tmp_path / "speed.json").read_text(encoding="utf-8"))
    assert read == record
    assert read["figures"] == {"ratio": 1.5}
    assert (read["command"], read["seed"]) == ("python -m x", [0, 1, 2])
    assert read["machine"]["packages"]["numpy"] == np.__version__


@pytest.mark.parametrize("figure", [float("nan"), np.inf, [1.0, np.nan], object()])
def test_what_is_no_figure_is_refused_by_name_and_nothing_is_written(tmp_path, figure):
    with pytest.raises(DataError, match=r"figures\.step"):
        write_record(tmp_path / "record.json", {"step": figure}, command="x", seed=0)
    assert list(tmp_path.iterdir()) == []


def test_machine_facts_import_no_framework():
    code = (
        "import sys, zoo.records as r; r.machine_facts(); print({'keras', 'tensorflow', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_cores_and_memory_are_positive():
    facts = machine_facts()
    assert facts["cores"] >= 1
    assert facts["memory_gib"] is None or facts["memory_gib"] > 0


def _git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    done = subprocess.run(["git", "-C", folder, *identity, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_commit_and_whether_code_differs_from_it(tmp_path):
    assert _git_state(tmp_path) == (None, None)
    _git(tmp_path, "init", "-q")
    (tmp_path / "results").mkdir()
    for name in ("code.py", "results/speed.json"):
        (tmp_path / name).write_text("1")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-qm", "first")
    commit = _git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "results" / "speed.json").write_text("2")
    assert _git_state(tmp_path) == (commit, False)
    (tmp_path / "code.py").write_text("2")
    assert _git_state(tmp_path) == (commit, True)
    assert _git_state(tmp_path / "results") == (None, None)
