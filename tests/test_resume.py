"""A run that was killed continues, and ends with the same weights, bit for bit."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.backends

ROOT = Path(__file__).parent.parent
EPOCHS = 4


def start(folder: Path, balance: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "tests.resumable_run", str(folder), balance, str(EPOCHS)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)


def kill_after(folder: Path, balance: str, lines: int, seconds: float) -> bool:
    """Start a run and kill it with -9 so long after its history has so many lines; False if it ended before."""
    process = start(folder, balance)
    history = folder / "history.jsonl"
    while process.poll() is None and (not history.exists() or len(history.read_text().splitlines()) < lines):
        time.sleep(0.005)
    time.sleep(seconds)
    killed = process.poll() is None
    process.kill()
    process.wait()
    process.stdout.close()
    return killed


def finish(folder: Path, balance: str) -> str:
    process = start(folder, balance)
    output, _ = process.communicate()
    assert process.returncode == 0
    return output.splitlines()[-1]


def test_a_run_killed_twice_ends_with_the_weights_of_an_uninterrupted_one(tmp_path):
    whole = finish(tmp_path / "whole", "uncertainty")
    chance = random.Random(0)
    assert kill_after(tmp_path / "killed", "uncertainty", 0, chance.uniform(0.3, 0.8))
    assert kill_after(tmp_path / "killed", "uncertainty", 2, chance.uniform(0.0, 0.1))
    rows = [json.loads(line) for line in (tmp_path / "killed" / "history.jsonl").read_text().splitlines()]
    assert len(rows) < EPOCHS
    assert finish(tmp_path / "killed", "uncertainty") == whole
