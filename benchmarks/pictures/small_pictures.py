"""Networks for small pictures trained from scratch by their recipes: accuracy, time and learning curve.

    ZOO_MIRROR=... python -m benchmarks.pictures.small_pictures                          all that take minutes
    ZOO_MIRROR=... python -m benchmarks.pictures.small_pictures mnist_cnn cifar10_90     some of them

Writes results/small_pictures.json; cases that are measured already and not named stay in it. All choices were made on
validation pictures; the test split is read once a training, at the end. Seconds are those of the training with its
validation, by the clock and of the processor: where a machine is shared, the second are what a quiet one would take on
one core. A training that is interrupted continues when the command is called again.
"""

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

from zoo.files import write_json
from zoo.records import machine_facts, write_record
from zoo.training import Optimiser

RECORD = Path("results/small_pictures.json")
RUNS = Path("runs/small_pictures")
NOTED_EVERY = 5.0  # seconds
BATCHES, BATCH = 500, 50  # of the shortest training
STEP_OF_500 = Optimiser("sgd", learning_rate=0.1, schedule="constant", average_last=0.5)


@dataclass(frozen=True)
class Case:
    """An entry trained on a data set; `views` are averaged over beside the plain predictions."""

    entry: str
    data: str
    seeds: int
    views: str = ""
    rows: int | None = None  # of the training pictures, where not all
    changes: dict[str, Any] = field(default_factory=dict)


CASES = {
    "mnist_softmax_500_batches": Case(
        "image_softmax", "mnist", 3, rows=BATCHES * BATCH, changes={"epochs": 1, "optimiser": STEP_OF_500}
    ),
    "mnist_softmax": Case("image_softmax", "mnist", 3),
    "mnist_mlp": Case("image_mlp", "mnist", 3),
    "mnist_cnn": Case("mnist_cnn", "mnist", 1),
    "cifar10_90": Case("airbench94", "cifar10", 1, views="six"),
    "cifar10_94": Case(
        "airbench94", "cifar10", 1, views="six", changes={"epochs": 8, "config": {"widths": (64, 256, 256)}}
    ),  # widths and epochs of the published network with this optimiser (airbench94_muon)
}
LONG = ("cifar10_94",)  # measured where it is named


@contextmanager
def noted(path: Path) -> Iterator[None]:
    """Keep in a file the seconds of the processor that this takes, beside those of processes that were killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    before = json.loads(path.read_text()) if path.is_file() else 0.0
    ended, start = Event(), time.process_time()

    def note() -> None:
        write_json(path, round(before + time.process_time() - start, 3))

    def keep_noting() -> None:
        while not ended.wait(NOTED_EVERY):
            note()

    thread = Thread(target=keep_noting, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        note()


def one_seed(name: str, case: Case, seed: int) -> dict[str, Any]:
    """Train, and judge on validation and, once, on test."""
    import keras
    import numpy as np

    import zoo
    from zoo.tasks.task import recipe_for, task_of
    from zoo.training import fit, predict

    dataset = zoo.load_dataset(case.data, seed=seed)
    recipe = recipe_for(dataset, case.entry, data=case.data, options={"seed": seed}, changes=case.changes)
    config = {**recipe.config, **case.changes.get("config", {})}
    recipe = replace(recipe, **{**case.changes, "config": config})
    train = dataset.train if case.rows is None else dataset.train.take(np.arange(case.rows))
    keras.utils.set_random_seed(seed)
    model = zoo.create_model(case.entry, **recipe.config)
    task = task_of(case.entry)
    if task.init_model is not None:
        task.init_model(model, replace(dataset, train=train))
    folder = RUNS / f"{name}_seed-{seed}"
    spent = folder.with_name(f"{folder.name}.processor_seconds.json")
    told = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(name, epoch + 1, logs))
    with noted(spent):
        run = fit(model, train, dataset.validation, recipe, seed=seed, folder=folder, callbacks=[told])
    found: dict[str, Any] = {
        "seed": seed,
        "epochs": len(run.history),
        "best_epoch": run.best_epoch,
        "seconds": run.history[-1]["seconds"],
        "processor_seconds": json.loads(spent.read_text()),
        "curve": [{"epoch": row["epoch"], "seconds": row["seconds"], "validation": row["val_label_accuracy"]}
                  for row in run.history],
    }  # fmt: skip
    for split in ("validation", "test"):
        samples = getattr(dataset, split)
        for views in filter(None, ("plain", case.views)):
            shares = predict(model, samples, recipe.heads, views=views)["label"]
            found[split if views == "plain" else f"{split}_{case.views}_views"] = float(
                (shares.argmax(axis=1) == samples.targets["label"]).mean()
            )
    return found


def measured(name: str, case: Case) -> dict[str, Any]:
    runs = [one_seed(name, case, seed) for seed in range(case.seeds)]
    scores = [key for key in runs[0] if key.startswith(("validation", "test"))]
    return {
        "entry": case.entry,
        "data": case.data,
        "mean": {key: statistics.mean(run[key] for run in runs) for key in scores},
        "spread": {key: statistics.stdev(run[key] for run in runs) if len(runs) > 1 else 0.0 for key in scores},
        "runs": runs,
        "machine": machine_facts(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], help="default: all but the longest")
    parser.add_argument("--shared", action="store_true", help="say in the record that others used the machine too")
    options = parser.parse_args()
    for name in options.cases or [each for each in CASES if each not in LONG]:
        found = measured(name, CASES[name])
        found["machine_was_shared"] = options.shared
        print(name, found["mean"], flush=True)
        known = json.loads(RECORD.read_text())["figures"] if RECORD.is_file() else {}
        figures = {each: {**known, name: found}[each] for each in CASES if each in {**known, name: found}}
        write_record(RECORD, figures, command="python -m benchmarks.pictures.small_pictures", seed=0)


if __name__ == "__main__":
    main()
