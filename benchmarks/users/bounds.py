"""Seconds and peak memory of a first hour's steps as data grows: rows, texts, labels, columns.

    python -m benchmarks.users.bounds [--only rows] [--smallest 1000] [--largest 100000]  # into results/bounds.json

For every size a fresh process writes a file, reads it, learns a schema and encodes, trains one epoch, fits the simple
models of a report, builds the report, and predicts for every row of the file (with many labels, whose predictions are
as many numbers a row, for the first 1,000). The peak of a step is the process's largest resident memory while the step
ran (Linux's VmHWM, which is set back before each). A process that takes longer than four minutes or more than 10 GB is
ended, and its record says so.
"""

import argparse
import importlib
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from zoo.records import write_record

SIZES = {
    "rows": (10_000, 100_000, 1_000_000),
    "texts": (1_000, 10_000, 50_000),
    "labels": (10, 100, 1_000, 10_000),
    "columns": (20, 200, 2_000, 20_000),
}
MODELS = {"rows": "mlp", "texts": "author_profile_small", "labels": "mlp", "columns": "mlp"}
ROWS_OF_LABELS, ROWS_OF_COLUMNS, PREDICTED_OF_LABELS = 100_000, 1_000, 1_000
WORDS, VOCABULARY = 40, 20_000
STEPS = ("read", "encode", "epoch", "baselines", "report", "predict")
LIMIT_SECONDS, LIMIT_BYTES = 240, 10 * 10**9
RECORD = Path("results/bounds.json")


def table_of(what: str, size: int) -> Any:
    """A table of one kind: what grows is its rows, its texts, its labels or its columns."""
    import pandas as pd

    random = np.random.default_rng(0)
    if what == "texts":
        words = np.array([f"word{number}" for number in range(VOCABULARY)])
        label = random.integers(0, 5, size)
        ids = np.minimum(random.zipf(1.2, (size, WORDS)), VOCABULARY) - 1
        ids[:, 3] = 50 + label  # a word that tells
        return pd.DataFrame({"text": [" ".join(words[row]) for row in ids], "y": [f"label {each}" for each in label]})
    if what == "labels":
        label = random.permutation(np.arange(ROWS_OF_LABELS) % size)
        return pd.DataFrame({"x": (label + random.normal(size=len(label))).round(3), "y": [f"l{k}" for k in label]})
    rows, columns = (size, 5) if what == "rows" else (ROWS_OF_COLUMNS, size)
    numbers = random.normal(size=(rows, columns)).astype(np.float32).round(3)
    frame = pd.DataFrame(numbers, columns=[f"x{place}" for place in range(columns)])
    towns = {} if what == "columns" else {"town": random.choice([f"town {k}" for k in range(200)], rows)}
    noisy = numbers[:, 0] - numbers[:, 1] + random.normal(size=rows)
    return frame.assign(**towns, y=np.where(noisy > 0, "yes", "no"))


def steps_of(what: str, path: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The steps in order, each to be called before the next is asked for."""
    from zoo.report import build_report
    from zoo.report.baselines import fit_baselines
    from zoo.tasks.task import recipe_for, task_of
    from zoo.tasks.verbs import pipeline_of
    from zoo.training import fit, predict

    entry = MODELS[what]
    options: dict[str, Any] = {"targets": ["y=classification" if what == "labels" else "y"], "seed": 0}
    options |= {"text": "text"} if what == "texts" else {}
    found: dict[str, Any] = {}

    def keep(name: str, make: Callable[[], Any]) -> tuple[str, Callable[[], Any]]:
        return name, lambda: found.setdefault(name, make())

    yield keep("read", lambda: task_of(entry).table(path, options))
    yield keep("encode", lambda: found["read"].dataset())
    data = found["encode"]
    recipe = recipe_for(data, entry, data=str(path), options=options)
    recipe = type(recipe)(**{**vars(recipe), "epochs": 1})
    model = created(entry, recipe)
    yield keep("epoch", lambda: fit(model, data.train, data.validation, recipe, seed=0))
    splits = (data.train, data.validation, data.test)
    yield keep("baselines", lambda: fit_baselines(*splits, data.targets))
    yield keep(
        "report",
        lambda: build_report(
            predict(model, data.test, recipe.heads, trim_padding=recipe.trim_padding),
            **dict(zip(("train", "validation", "test"), splits, strict=True)),
            targets=data.targets,
            baselines=found["baselines"],
        ).to_json(),
    )
    pipeline = pipeline_of(model, recipe, data, origin={}, unseen=None)
    if what == "labels":
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(lines[: PREDICTED_OF_LABELS + 1]), encoding="utf-8")
    yield keep("predict", lambda: pipeline.predict_file(path, path.with_name("predictions.csv")))


def created(entry: str, recipe: Any) -> Any:
    """A fresh model of the recipe."""
    from zoo.create import create_model

    return create_model(entry, **recipe.config)


def measure(what: str, size: int) -> None:
    """Print a line of JSON for every step, in a process of its own."""
    importlib.import_module("zoo.tasks")  # what is imported is not measured
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES + 4 * 10**9,) * 2)  # frameworks reserve what they never touch
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        table_of(what, size).to_csv(path, index=False)
        for name, step in steps_of(what, path):
            with measured(name):
                step()


@contextmanager
def measured(name: str) -> Iterator[None]:
    """Print the seconds and the peak of what is done while this lasts."""
    reset_peak()
    start = time.perf_counter()
    yield
    seconds = time.perf_counter() - start
    print(json.dumps({"step": name, "seconds": round(seconds, 3), "peak_mib": round(peak_mib(), 1)}), flush=True)


def reset_peak() -> None:
    """Set the process's peak back to what it holds now; where that is not to be had, it is the peak until now."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def peak_mib() -> float:
    """The largest resident memory since the last `reset_peak`."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def curve(what: str, sizes: Sequence[int]) -> dict[str, Any]:
    """Size -> step -> seconds and peak; and how both grow."""
    found: dict[str, Any] = {}
    for size in sizes:
        command = [sys.executable, "-m", "benchmarks.users.bounds", "--measure", what, str(size)]
        ended = ""
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
            lines = done.stdout
            if done.returncode:
                ended = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1][:200]
        except subprocess.TimeoutExpired as error:
            lines = (error.stdout or b"").decode() if isinstance(error.stdout, bytes) else error.stdout or ""
            ended = f"longer than {LIMIT_SECONDS} s"
        steps = [json.loads(line) for line in lines.splitlines() if line.startswith("{")]
        found[str(size)] = {row.pop("step"): row for row in steps} | ({"ended": ended} if ended else {})
        print(what, size, found[str(size)], flush=True)
    return {"sizes": found, "growth": growth(found)}


def growth(sizes: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Step -> the exponent of its seconds between the two largest sizes (1 is linear), and MiB for each 1,000 more."""
    found = {}
    for step in STEPS:
        known = [(int(size), row[step]) for size, row in sizes.items() if step in row]
        if len(known) < 2:
            continue
        (smaller, before), (larger, after) = known[-2:]
        found[step] = {
            "seconds_exponent": exponent((smaller, larger), (before["seconds"], after["seconds"])),
            "mib_per_1000": round(1000 * (after["peak_mib"] - before["peak_mib"]) / (larger - smaller), 3),
        }
    return found


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The k of value = c * size ** k, by least squares of the logarithms.

    >>> exponent((10, 100, 1000), (2, 200, 20_000))
    2.0
    """
    x, y = np.log(sizes), np.log(np.maximum(values, 1e-3))
    return round(float(np.polyfit(x, y, 1)[0]), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=[*SIZES])
    parser.add_argument("--smallest", type=float, default=0)
    parser.add_argument("--largest", type=float, default=math.inf, help="other sizes stay as the record has them")
    parser.add_argument("--measure", nargs=2, metavar=("WHAT", "SIZE"), help=argparse.SUPPRESS)
    parsed = parser.parse_args()
    if parsed.measure:
        measure(parsed.measure[0], int(parsed.measure[1]))
        return
    figures = json.loads(RECORD.read_text(encoding="utf-8"))["figures"] if RECORD.exists() else {}
    for what in parsed.only or SIZES:
        sizes = [size for size in SIZES[what] if parsed.smallest <= size <= parsed.largest]
        new = curve(what, sizes)["sizes"]
        merged = {**figures.get(what, {}).get("sizes", {}), **new}
        merged = {size: merged[size] for size in sorted(merged, key=int)}
        figures[what] = {"model": MODELS[what], "sizes": merged, "growth": growth(merged)}
        figures["note"] = "Other programs ran on the machine: seconds are above those of a quiet one, memory is not."
        figures[what]["not_run"] = [size for size in SIZES[what] if str(size) not in merged]
        write_record(RECORD, figures, command="python -m benchmarks.users.bounds", seed=0)


if __name__ == "__main__":
    main()
