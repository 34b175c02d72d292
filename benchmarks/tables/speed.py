"""Microseconds of a training step on small tables: the zoo's `fit` beside plain Keras and PyTorch, on the same network.

    python -m benchmarks.tables.speed     # about three quiet minutes on two cores; writes results/table_speed.json

Two networks: an MLP of 8 numbers (64, 64) in batches of 32, bound by what a step costs beside its arithmetic, and
entity embeddings of two categories with 8 numbers (200, 100) in batches of 1,024. Contestants, in turns within one
process for each backend: `zoo.training.fit` as it is and without its sentinel, Keras' own `fit` on arrays with one and
with 32 steps an execution; and, where PyTorch is installed, the usual loop over the same layers. Each figure is the
median of the epochs after the first; the zoo's contains a validation of 64 rows.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import keras
import numpy as np

from zoo.models import entity_embedding, mlp
from zoo.records import write_record
from zoo.samples import Samples, Target
from zoo.training import Optimiser, Recipe, fit, heads_for

CATEGORIES = {"group": 100, "place": 60}
NETWORKS: dict[str, dict[str, Any]] = {
    "mlp": {"build": lambda: mlp(numbers=8, units=(64, 64)), "batch": 32, "steps": 400, "categories": {}},
    "entity_embedding": {
        "build": lambda: entity_embedding(numbers=8, categories=CATEGORIES, units=(200, 100)),
        "batch": 1024,
        "steps": 100,
        "categories": CATEGORIES,
    },
}
EPOCHS, ROUNDS = 5, 2
Seconds = list[float]


class Watch(keras.callbacks.Callback):
    """Seconds of every epoch but the first, which compiles."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: Seconds = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch:
            self.seconds.append(time.perf_counter() - self.start)


def samples_of(network: dict[str, Any]) -> Samples:
    random, rows = np.random.default_rng(0), network["batch"] * network["steps"]
    inputs = {"numbers": random.normal(size=(rows, 8)).astype(np.float32)}
    for name, size in network["categories"].items():
        inputs[name] = random.integers(2, size, rows).astype(np.int32)
    return Samples(inputs, {"target": random.normal(size=rows).astype(np.float32)})


def ours(network: dict[str, Any], samples: Samples, on_nonfinite: str | None) -> Seconds:
    watch, few = Watch(), samples.take(np.arange(64))
    heads = heads_for({"target": Target("regression")})
    recipe = Recipe(heads, epochs=EPOCHS, batch_size=network["batch"], optimiser=Optimiser(), on_nonfinite=on_nonfinite)
    fit(network["build"](), samples, few, recipe, callbacks=[watch])
    return watch.seconds


def plain_keras(network: dict[str, Any], samples: Samples, steps: int) -> Seconds:
    model, watch = network["build"](), Watch()
    model.compile("adam", loss={"target": "mse"}, steps_per_execution=steps)
    targets = dict(samples.targets)
    options = {"batch_size": network["batch"], "epochs": EPOCHS, "verbose": 0, "callbacks": [watch]}
    model.fit(dict(samples.inputs), targets, **options)
    return watch.seconds


def measured(network: dict[str, Any]) -> dict[str, float]:
    """Contestant -> microseconds a step, on the backend of this process."""
    samples = samples_of(network)
    contestants: dict[str, Callable[[], Seconds]] = {
        "zoo": lambda: ours(network, samples, "stop"),
        "zoo without sentinel": lambda: ours(network, samples, None),
        "keras": lambda: plain_keras(network, samples, 1),
        "keras, 32 steps an execution": lambda: plain_keras(network, samples, 32),
    }
    seconds: dict[str, Seconds] = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, run in contestants.items():
            seconds[name] += run()
    return {name: statistics.median(each) / network["steps"] * 1e6 for name, each in seconds.items()}


def torch_loop(network: dict[str, Any]) -> float:
    """Microseconds a step of PyTorch, eager, with data gathered by row numbers from tensors."""
    import torch

    samples, categories = samples_of(network), network["categories"]
    x, y = torch.from_numpy(samples.inputs["numbers"]), torch.from_numpy(samples.targets["target"])
    ids = [torch.from_numpy(samples.inputs[name]).long() for name in categories]
    tables = torch.nn.ModuleList(torch.nn.Embedding(n, min(600, round(1.6 * n**0.56))) for n in categories.values())
    width = 16 + sum(table.embedding_dim for table in tables)  # numbers and their missing flags
    units = (200, 100) if categories else (64, 64)
    norm = (lambda n: [torch.nn.BatchNorm1d(n)]) if categories else (lambda n: [])
    sizes = zip((width, units[0]), units, strict=True)
    layers = [layer for before, n in sizes for layer in (torch.nn.Linear(before, n), torch.nn.ReLU(), *norm(n))]
    stack = torch.nn.Sequential(*layers, torch.nn.Linear(units[-1], 1))
    optimiser = torch.optim.Adam([*tables.parameters(), *stack.parameters()])
    seconds: Seconds = []
    for _ in range(EPOCHS * ROUNDS):
        start = time.perf_counter()
        for rows in torch.randperm(len(x)).split(network["batch"]):
            numbers = x[rows]
            flags = torch.isnan(numbers).float()
            parts = [
                torch.nan_to_num(numbers),
                flags,
                *(table(each[rows]) for table, each in zip(tables, ids, strict=True)),
            ]
            loss = torch.mean((stack(torch.cat(parts, 1))[:, 0] - y[rows]) ** 2)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:]) / network["steps"] * 1e6


def in_a_process(network: str, backend: str) -> dict[str, float]:
    environment = os.environ | {"KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "benchmarks.tables.speed", "--network", network]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=NETWORKS, help="measure this one on the backend of this process")
    arguments = parser.parse_args()
    if arguments.network:
        print(json.dumps(measured(NETWORKS[arguments.network])))
        return
    figures: dict[str, dict[str, Any]] = {}
    for name, network in NETWORKS.items():
        figures[name] = {backend: in_a_process(name, backend) for backend in ("tensorflow", "jax")}
        if find_spec("torch"):
            figures[name]["torch"] = {"loop": torch_loop(network)}
        print(name, figures[name], flush=True)
    command = "python -m benchmarks.tables.speed"
    write_record("results/table_speed.json", {"microseconds_a_step": figures}, command=command, seed=0)


if __name__ == "__main__":
    main()
