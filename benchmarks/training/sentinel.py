"""Plant faults in trainings and see whether the sentinel finds and names them; and what watching costs.

python -m benchmarks.training.sentinel faults       # TensorFlow and JAX; writes results/sentinel.json
python -m benchmarks.training.sentinel overhead     # writes results/sentinel_overhead.json; on a quiet machine

A fault counts as found in the right place when the sentinel's first incident names the batch, and the row and column of
a number in the data, the layer (and row) of an operation, the weight that was overwritten, or the update that
overflowed. Restored means: all variables of model and optimiser equal, bit for bit, those of a healthy training without
a sentinel that ends just before the batch.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
from keras import layers

import zoo
from zoo.records import write_record
from zoo.samples import Samples, Target
from zoo.sentinel import NaNSentinel
from zoo.training import Recipe, fit, heads_for

BACKENDS = ("tensorflow", "jax")
COUNTED = ("found", "right_batch", "right_place", "restored")
PAIRS = 6  # trainings with and without, in turns


def faults() -> None:
    with ThreadPoolExecutor() as pool:
        found = pool.map(lambda backend: _on(backend, ["-m", "tests.planted_faults"]), BACKENDS)
        rows = [row for each in found for row in each]
    figures = {"planted": len(rows), **{key: sum(row[key] for row in rows) for key in COUNTED}, "cases": rows}
    print({key: value for key, value in figures.items() if key != "cases"})
    write_record("results/sentinel.json", figures, command="python -m benchmarks.training.sentinel faults", seed=3)


def overhead() -> None:
    rows = [row for backend in BACKENDS for row in _on(backend, ["-m", "benchmarks.training.sentinel", "measure"])]
    command = "python -m benchmarks.training.sentinel overhead"
    write_record("results/sentinel_overhead.json", {"pairs": PAIRS, "cases": rows}, command=command, seed=0)


def _on(backend: str, arguments: list[str]) -> list[dict]:
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.json"
        subprocess.run([sys.executable, *arguments, str(path)], env=environment, check=True)
        return json.loads(path.read_text(encoding="utf-8"))


def measure(path: str) -> None:
    """On this backend: time of a step of several models without the sentinel and with it."""
    rows = []
    for name, (make, x, y, batch, steps) in _models().items():
        trainings = _by_keras(make(), x, y, batch), _by_keras(make(), x, y, batch, NaNSentinel())
        rows.append({"model": name, "by": "keras", "batch": batch} | _pair(*trainings, steps))
        print(rows[-1], flush=True)
    make, x, y, batch, steps = _models()["table"]
    trainings = _by_recipe(make(), x, y, batch, None), _by_recipe(make(), x, y, batch, "stop")
    rows.append({"model": "table", "by": "zoo", "batch": batch} | _pair(*trainings, steps))
    print(rows[-1], flush=True)
    Path(path).write_text(json.dumps(rows), encoding="utf-8")


class Clock(keras.callbacks.Callback):
    """Wall time, and processor time of all threads, of every epoch."""

    def on_train_begin(self, logs=None):
        self.epochs: list[tuple[float, float]] = []

    def on_epoch_begin(self, epoch, logs=None):
        self.begun = time.perf_counter(), time.process_time()

    def on_epoch_end(self, epoch, logs=None):
        wall, processor = self.begun
        self.epochs.append((time.perf_counter() - wall, time.process_time() - processor))


def _by_keras(model: keras.Model, x, y, batch: int, *watchers: NaNSentinel) -> Callable[[], Clock]:
    """Three epochs by Keras' own `fit`."""

    def train() -> Clock:
        clock = Clock()
        model.fit(x, y, batch_size=batch, epochs=3, verbose=0, callbacks=[*watchers, clock])
        return clock

    return train


def _by_recipe(model: keras.Model, x, y, batch: int, on_nonfinite: str | None) -> Callable[[], Clock]:
    """Three epochs by the zoo's `fit`, each with a validation of one batch."""
    heads = heads_for({"member": Target("classification", ("no", "yes"))})
    recipe = Recipe(heads, epochs=3, batch_size=batch, on_nonfinite=on_nonfinite)
    samples = Samples({"numbers": x}, {"member": y.astype(np.int32)})
    named = keras.Model(model.inputs, {"member": model.output})

    def train() -> Clock:
        clock = Clock()
        fit(named, samples, samples.take(np.arange(batch)), recipe, callbacks=[clock])
        return clock

    return train


def _pair(plainly: Callable[[], Clock], watchfully: Callable[[], Clock], steps: int) -> dict:
    """Two trainings of the same kind, one watched, in turns: the fastest epoch of each, their medians."""
    trainings, times = {False: plainly, True: watchfully}, {False: [], True: []}
    for turn in range(PAIRS + 1):
        for watched in (True, False) if turn % 2 else (False, True):
            clock = trainings[watched]()
            if turn:  # the first compiles; so does the first epoch of each training with a sentinel
                times[watched].append(np.min(clock.epochs[1:], axis=0) / steps)
    plain, watched = (np.array(times[key]) for key in (False, True))  # (PAIRS, 2)
    wall, processor = 100 * np.median(watched / plain - 1, axis=0)
    return {
        "backend": keras.backend.backend(),
        "step_ms": 1e3 * float(np.median(plain[:, 0])),
        "watched_step_ms": 1e3 * float(np.median(watched[:, 0])),
        "overhead_percent": float(wall),
        "overhead_percent_of_fastest": 100 * float(watched[:, 0].min() / plain[:, 0].min() - 1),
        "processor_overhead_percent": float(processor),
    }


def _models() -> dict:
    """name -> (builder of a compiled model, inputs, targets, batch size, steps an epoch)."""
    random = np.random.default_rng(0)

    def profile():
        model = zoo.create_model("author_profile_small", vocabulary_size=2_000)
        losses = {"age": "mse", "income": "sparse_categorical_crossentropy", "gender": "binary_crossentropy"}
        model.compile("adam", losses)
        return model

    def image():
        x = picture = keras.Input((32, 32, 3), name="image")
        for stage, width in enumerate((16, 32, 64)):
            x = layers.Conv2D(width, 3, padding="same", name=f"conv{stage}")(x)
            x = layers.MaxPooling2D()(layers.ReLU()(layers.BatchNormalization(name=f"norm{stage}")(x)))
        x = layers.Dense(10, activation="softmax", name="category")(layers.GlobalAveragePooling2D()(x))
        model = keras.Model(picture, x)
        model.compile("adam", "sparse_categorical_crossentropy")
        return model

    def table():
        x = numbers = keras.Input((11,), name="numbers")
        for width in (64, 32):
            x = layers.Dense(width, activation="relu")(x)
        model = keras.Model(numbers, layers.Dense(2, activation="softmax", name="member")(x))
        model.compile("adam", "sparse_categorical_crossentropy")
        return model

    posts = random.integers(1, 2_000, (128 * 16, 100)).astype("int32")
    people = {
        "age": random.normal(40, 10, (len(posts), 1)).astype("float32"),
        "income": random.integers(0, 10, len(posts)),
        "gender": random.integers(0, 2, (len(posts), 1)),
    }
    pictures = random.random((64 * 24, 32, 32, 3), dtype="float32")
    numbers = random.random((512 * 384, 11), dtype="float32")
    return {
        "author_profile_small": (profile, posts, people, 128, 16),
        "image": (image, pictures, random.integers(0, 10, len(pictures)), 64, 24),
        "table": (table, numbers, random.integers(0, 2, len(numbers)), 512, 384),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("faults", "overhead", "measure"))
    parser.add_argument("path", nargs="?")
    arguments = parser.parse_args()
    if arguments.what == "measure":
        measure(arguments.path)
    else:
        {"faults": faults, "overhead": overhead}[arguments.what]()


if __name__ == "__main__":
    main()
