"""A training step on pictures: the zoo's `fit` beside Keras' own with its augmentation layers, and beside PyTorch.

    python -m benchmarks.pictures.step [--rounds 3]     # writes results/picture_step.json

The same network (`airbench94`, narrow, of fresh weights), batch and optimiser (SGD), flips and moves by up to 2 pixels,
pictures in memory. Contestants take turns, each round a training of its own; the first steps, which compile, do not
count. Seconds of the processor, of all threads together, and by the clock; ratios are of the medians of the rounds.
bfloat16 is measured where the processor computes in it.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from zoo.records import write_record

BATCH, STEPS, SKIPPED = 128, 16, 4
WIDTHS = (24, 96, 128)
MOVED = 2  # of 32 pixels
UNITS = ("avx512_bf16", "amx_bf16")  # as Linux calls what computes in bfloat16
Clock = tuple[float, float]


def data() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    rows = BATCH * STEPS
    return random.integers(0, 256, (rows, 32, 32, 3), dtype=np.uint8), random.integers(0, 10, rows)


def now() -> Clock:
    return time.process_time(), time.perf_counter()


def a_step(ends: list[Clock]) -> Clock:
    """Seconds of the processor and by the clock, out of the times at which the steps ended."""
    first, last = ends[SKIPPED - 1], ends[-1]
    steps = len(ends) - SKIPPED
    return (last[0] - first[0]) / steps, (last[1] - first[1]) / steps


def watching(ends: list[Clock]) -> Any:
    import keras

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            ends.append(now())

    return Watch()


def network() -> Any:
    from zoo.models import airbench94

    return airbench94(widths=WIDTHS)


def zoo_fit() -> Clock:
    from zoo.columns import PictureColumn
    from zoo.samples import Samples, Target
    from zoo.training import Head, Optimiser, Recipe, fit

    pictures, labels = data()
    column = PictureColumn("image", height=32, width=32, mean=(127.0,) * 3, std=(64.0,) * 3)
    samples = Samples({"image": column.encode(list(pictures))}, {"label": labels})
    recipe = Recipe(
        {"label": Head(Target("classification", tuple("0123456789")))},
        optimiser=Optimiser("sgd", learning_rate=0.01, schedule="constant"),
        epochs=1,
        batch_size=BATCH,
        augmentation=["flip", ("crop", {"padding": MOVED / 32})],
    )
    ends: list[Clock] = []
    fit(network(), samples, samples.take(np.arange(BATCH)), recipe, callbacks=[watching(ends)])
    return a_step(ends)


def keras_fit() -> Clock:
    import keras
    import tensorflow as tf
    from keras import layers

    pictures, labels = data()
    change = keras.Sequential([layers.RandomFlip("horizontal"), layers.RandomTranslation(MOVED / 32, MOVED / 32)])
    scaled = layers.Normalization(mean=[127.0] * 3, variance=[64.0**2] * 3)
    batches = (
        tf.data.Dataset.from_tensor_slices((pictures, labels))
        .shuffle(len(labels))
        .batch(BATCH)
        .map(lambda x, y: ({"image": scaled(change(x, training=True))}, {"label": y}), tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
    )
    model = network()
    model.compile(keras.optimizers.SGD(0.01), {"label": "sparse_categorical_crossentropy"})
    ends: list[Clock] = []
    model.fit(batches, epochs=1, verbose=0, callbacks=[watching(ends)])
    return a_step(ends)


def torch_loop(*, half: bool = False) -> Clock:
    """Channels last, the pictures changed as one batch, which is faster than one by one."""
    import torch
    from torch import nn
    from torch.nn import functional

    def block(before: int, width: int) -> list[nn.Module]:
        found: list[nn.Module] = []
        for number in (1, 2):
            found.append(nn.Conv2d(before if number == 1 else width, width, 3, padding="same", bias=False))
            found += [nn.MaxPool2d(2)] if number == 1 else []
            found += [nn.BatchNorm2d(width, eps=1e-12, momentum=0.4), nn.GELU()]
        return found

    widths = (24, *WIDTHS)
    body = [each for before, width in pairwise(widths) for each in block(before, width)]
    whitening = nn.Conv2d(3, 24, 2)
    whitening.requires_grad_(False)
    model = nn.Sequential(whitening, nn.GELU(), *body, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(WIDTHS[-1], 10))
    model = model.to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD([each for each in model.parameters() if each.requires_grad], 0.01)
    pictures, labels = (torch.from_numpy(each) for each in data())
    pictures = pictures.permute(0, 3, 1, 2)  # channels last in memory
    ends: list[Clock] = []
    for rows in torch.randperm(len(labels)).split(BATCH):
        x = (pictures[rows].float() - 127.0) / 64.0
        x = torch.where(torch.rand(len(x), 1, 1, 1) < 0.5, x.flip(3), x)
        x = functional.pad(x, (MOVED,) * 4, mode="reflect").unfold(2, 32, 1).unfold(3, 32, 1)  # (B, C, 5, 5, 32, 32)
        down, across = torch.randint(0, 2 * MOVED + 1, (2, len(x)))
        x = x[torch.arange(len(x)), :, down, across].contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = functional.cross_entropy(model(x) / 9, labels[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        ends.append(now())
    return a_step(ends)


def computes_in_bfloat16() -> bool:
    facts = Path("/proc/cpuinfo")
    return facts.is_file() and any(unit in facts.read_text() for unit in UNITS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shared", action="store_true", help="say in the record that others used the machine too")
    options = parser.parse_args()
    contestants: dict[str, Callable[[], Clock]] = {"zoo": zoo_fit, "keras": keras_fit, "torch": torch_loop}
    if computes_in_bfloat16():
        contestants["torch, bfloat16"] = lambda: torch_loop(half=True)
    rounds: list[dict[str, Clock]] = []
    for _ in range(options.rounds):
        rounds.append({name: run() for name, run in contestants.items()})
        print(rounds[-1], flush=True)
    found = {
        what: {name: 1000 * statistics.median(each[name][place] for each in rounds) for name in contestants}
        for place, what in enumerate(("processor_milliseconds_a_step", "milliseconds_a_step"))
    }
    ratios = {
        what: {name: values[name] / values["zoo"] for name in values if name != "zoo"} for what, values in found.items()
    }
    figures = {
        "network": f"airbench94, widths {WIDTHS}",
        "batch_size": BATCH,
        "computes_in_bfloat16": computes_in_bfloat16(),
        "machine_was_shared": options.shared,
        **found,
        "times_as_long_as_the_zoo": ratios,
        "rounds": rounds,
    }
    command = f"python -m benchmarks.pictures.step --rounds {options.rounds}"
    write_record("results/picture_step.json", figures, command=command, seed=0)


if __name__ == "__main__":
    main()
