"""A training step on volumes: the zoo's `fit` beside the same network, loss and optimiser (SGD) in PyTorch, float32.

    python -m benchmarks.volumes.step [--rounds 3] [--shared]     # the backend's part of results/volumes_step.json

`volume_classifier` on 16 x 32 x 32 voxels in memory, without augmentation. Contestants take turns, each round a
training of its own; the first steps, which compile, do not count. Seconds of the processor, of all threads together,
and by the clock; ratios are of the medians of the rounds.
"""

import argparse
import json
import statistics
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.records import write_record

RESULT = Path(__file__).resolve().parents[2] / "results" / "volumes_step.json"
BATCH, STEPS, SKIPPED = 16, 12, 4
SHAPE = (16, 32, 32)
FILTERS = (16, 32, 64)
Clock = tuple[float, float]


def data() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    rows = BATCH * STEPS
    return random.normal(size=(rows, *SHAPE, 1)).astype("float32"), random.integers(0, 2, rows).astype("int32")


def now() -> Clock:
    return time.process_time(), time.perf_counter()


def a_step(ends: list[Clock]) -> Clock:
    """Seconds of the processor and by the clock, out of the times at which the steps ended."""
    first, last, steps = ends[SKIPPED - 1], ends[-1], len(ends) - SKIPPED
    return (last[0] - first[0]) / steps, (last[1] - first[1]) / steps


def zoo_fit() -> Clock:

    from zoo.create import create_model
    from zoo.samples import Samples, Target
    from zoo.training import Head, Optimiser, Recipe, fit

    ends: list[Clock] = []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            ends.append(now())

    volumes, labels = data()
    samples = Samples({"volume": volumes}, {"label": labels})
    recipe = Recipe(
        {"label": Head(Target("classification", ("no", "yes")))},
        optimiser=Optimiser("sgd", learning_rate=0.01, schedule="constant"),
        epochs=1,
        batch_size=BATCH,
        balance="static",
    )
    model = create_model("volume_classifier", filters=FILTERS, dropout=0.0, input_shape=[*SHAPE, 1])
    fit(model, samples, samples.take(np.arange(BATCH)), recipe, callbacks=[Watch()])
    return a_step(ends)


def torch_network() -> Any:
    import torch
    from torch import nn

    def unit(before: int, width: int, kernel: int) -> list[nn.Module]:
        conv = nn.Conv3d(before, width, kernel, padding=kernel // 2, bias=False)
        return [conv, nn.BatchNorm3d(width, eps=1e-3, momentum=0.1)]

    class Residual(nn.Module):
        def __init__(self, before: int, width: int):
            super().__init__()
            self.path = nn.Sequential(*unit(before, width, 3), nn.ReLU(), *unit(width, width, 3))
            self.shortcut = nn.Sequential(*unit(before, width, 1)) if before != width else nn.Identity()

        def forward(self, x: Any) -> Any:
            return torch.relu(self.path(x) + self.shortcut(x))

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Sequential(*unit(2, FILTERS[0], 3), nn.ReLU())
            self.stages = nn.Sequential(
                *[each for one, two in pairwise(FILTERS) for each in (nn.MaxPool3d(2), Residual(one, two))]
            )
            self.head = nn.Linear(2 * FILTERS[-1], 2)

        def forward(self, x: Any) -> Any:
            halved = [nn.functional.avg_pool3d(x, 2), nn.functional.max_pool3d(x, 2)]
            x = self.stages(self.stem(torch.cat(halved, 1)))
            return self.head(torch.cat([x.mean((2, 3, 4)), x.amax((2, 3, 4))], 1))

    return Network()


def torch_loop() -> Clock:
    import torch

    model = torch_network().to(memory_format=torch.channels_last_3d)
    optimiser = torch.optim.SGD(model.parameters(), 0.01)
    volumes, labels = (torch.from_numpy(each) for each in data())
    volumes, labels = volumes.permute(0, 4, 1, 2, 3), labels.long()
    ends: list[Clock] = []
    for rows in torch.randperm(len(labels)).split(BATCH):
        x = volumes[rows].contiguous(memory_format=torch.channels_last_3d)
        loss = torch.nn.functional.cross_entropy(model(x), labels[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        ends.append(now())
    return a_step(ends)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shared", action="store_true", help="say in the record that others used the machine too")
    options = parser.parse_args()
    rounds: list[dict[str, Clock]] = []
    for _ in range(options.rounds):
        rounds.append({"zoo": zoo_fit(), "torch": torch_loop()})
        print(rounds[-1], flush=True)
    found = {
        what: {name: 1000 * statistics.median(each[name][place] for each in rounds) for name in ("zoo", "torch")}
        for place, what in enumerate(("processor_milliseconds_a_step", "milliseconds_a_step"))
    }
    backend = keras.backend.backend()
    figures = json.loads(RESULT.read_text(encoding="utf-8"))["figures"] if RESULT.exists() else {}
    figures[backend] = {
        "network": f"volume_classifier, filters {FILTERS}, volumes {SHAPE}",
        "batch_size": BATCH,
        "machine_was_shared": options.shared,
        **found,
        "torch_times_as_long_as_the_zoo": {what: each["torch"] / each["zoo"] for what, each in found.items()},
        "rounds": rounds,
    }
    command = f"KERAS_BACKEND={backend} python -m benchmarks.volumes.step --rounds {options.rounds}"
    write_record(RESULT, figures, command=command, seed=0)


if __name__ == "__main__":
    main()
