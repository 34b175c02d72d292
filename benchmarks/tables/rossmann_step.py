"""Milliseconds of a training step of the Rossmann network: the zoo's `fit`, Keras' own, and PyTorch.

    python -m benchmarks.tables.rossmann_step     # some minutes on two quiet cores; writes results/rossmann_step.json

The same network (24 embeddings, 1000, 500), the same rows of the real table, batches of 256, AdamW. The contestants
take turns in one process, an epoch of 200 steps each; what counts are the medians over rounds of the ratio, within a
round, of a contestant's time to the zoo's. The zoo's epoch contains a validation of 256 rows. The recipe's average of
weights, which begins after three quarters of a training, is no part of it: see `benchmarks.tables.rossmann`.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import torch

from zoo import create_model
from zoo.records import write_record
from zoo.samples import Samples
from zoo.tasks import load_table, recipe_for
from zoo.training import Recipe, fit

BATCH, STEPS, TARGET = 256, 200, "Sales"
Turn = Callable[[], float]  # one epoch -> seconds


class Clock(keras.callbacks.Callback):
    """Seconds of every epoch but the first, which compiles."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch:
            self.seconds.append(time.perf_counter() - self.start)


def of_the_zoo(recipe: Recipe, samples: Samples, on_nonfinite: str | None) -> Turn:
    def turn() -> float:
        clock, few = Clock(), samples.take(np.arange(BATCH))
        model = create_model(recipe.entry, **recipe.config)
        fit(model, samples, few, replace(recipe, epochs=2, on_nonfinite=on_nonfinite), callbacks=[clock])
        return clock.seconds[0]

    return turn


def of_keras(recipe: Recipe, samples: Samples) -> Turn:
    model = create_model(recipe.entry, **recipe.config)
    model.compile(keras.optimizers.AdamW(recipe.optimiser.learning_rate), loss={TARGET: "mse"})

    def turn() -> float:
        clock = Clock()
        options = {"batch_size": BATCH, "epochs": 2, "verbose": 0, "callbacks": [clock]}
        model.fit(dict(samples.inputs), dict(samples.targets), **options)
        return clock.seconds[0]

    return turn


class TorchNet(torch.nn.Module):
    """The network as fast.ai writes it."""

    def __init__(self, sizes: list[int], numbers: int, high: float) -> None:
        super().__init__()
        self.tables = torch.nn.ModuleList(torch.nn.Embedding(n, min(600, round(1.6 * n**0.56))) for n in sizes)
        self.norm, self.dropout, self.high = torch.nn.BatchNorm1d(numbers), torch.nn.Dropout(0.04), high
        width = 2 * numbers + sum(table.embedding_dim for table in self.tables)  # numbers and their missing flags
        parts = []
        for before, after, share in ((width, 1000, 0.001), (1000, 500, 0.01)):
            block = torch.nn.Linear(before, after, bias=False), torch.nn.ReLU(), torch.nn.BatchNorm1d(after)
            parts += [*block, torch.nn.Dropout(share)]
        self.stack = torch.nn.Sequential(*parts, torch.nn.Linear(500, 1))

    def forward(self, numbers: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
        flags = torch.isnan(numbers).float()
        known = self.norm(torch.nan_to_num(numbers))
        vectors = [table(column) for table, column in zip(self.tables, ids.T, strict=True)]
        x = torch.cat([known, flags, self.dropout(torch.cat(vectors, 1))], 1)
        return self.high * torch.sigmoid(self.stack(x))[:, 0]


def of_torch(recipe: Recipe, samples: Samples) -> Turn:
    names = [name for name in samples.inputs if name != "numbers"]
    config = recipe.config["numbers"]
    scaled = (samples.inputs["numbers"] - np.array(config["shifts"])) * np.array(config["factors"])
    numbers = torch.from_numpy(scaled.astype(np.float32))
    ids = torch.from_numpy(np.stack([samples.inputs[name] for name in names], axis=1)).long()
    target = torch.from_numpy(samples.targets[TARGET])
    sizes = [recipe.config["categories"][name] for name in names]
    net = TorchNet(sizes, numbers.shape[1], recipe.config["outputs"][TARGET]["high"])
    optimiser = torch.optim.AdamW(net.parameters(), recipe.optimiser.learning_rate)

    def turn() -> float:
        start = time.perf_counter()
        for rows in torch.randperm(len(target)).split(BATCH):
            loss = torch.mean((net(numbers[rows], ids[rows]) - target[rows]) ** 2)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        return time.perf_counter() - start

    turn()
    return turn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    data = load_table("rossmann").dataset()
    samples = data.train.take(np.random.default_rng(0).permutation(len(data.train))[: BATCH * STEPS])
    recipe = recipe_for(data, "entity_embedding", data="rossmann", options={})
    same = replace(recipe, optimiser=replace(recipe.optimiser, average=None, average_last=None))
    turns: dict[str, Turn] = {
        "zoo": of_the_zoo(same, samples, recipe.on_nonfinite),
        "zoo without sentinel": of_the_zoo(same, samples, None),
        "keras": of_keras(recipe, samples),
        "torch": of_torch(recipe, samples),
    }
    rounds: list[dict[str, float]] = []
    for number in range(arguments.rounds):
        order = list(turns)[number % len(turns) :] + list(turns)[: number % len(turns)]
        seconds = {name: turns[name]() for name in order}
        rounds.append({name: seconds[name] / STEPS * 1e3 for name in turns})
        print(rounds[-1], flush=True)
    ratios = {name: statistics.median(each[name] / each["zoo"] for each in rounds) for name in turns}
    figures = {
        "milliseconds_a_step": {name: statistics.median(each[name] for each in rounds) for name in turns},
        "times_as_long_as_the_zoo": ratios,
        "rounds": rounds,
        "batch_size": BATCH,
        "steps": STEPS,
    }
    print(ratios)
    command = f"python -m benchmarks.tables.rossmann_step --rounds {arguments.rounds}"
    write_record("results/rossmann_step.json", figures, command=command, seed=0)


if __name__ == "__main__":
    main()
