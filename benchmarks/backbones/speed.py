"""Steady speed of our graphs beside keras.applications', the same architectures, and of ResNet-50 beside PyTorch.

python -m benchmarks.backbones.speed            # writes results/image_speed.json; a quiet machine, some ten minutes
python -m benchmarks.backbones.speed --pairs mobilenet_v2     # a part; the record is written when all are there

Images a second of compiled prediction and of a compiled training step (SGD with momentum, cross-entropy), one batch
size for all. Ours and theirs in turns, so that a change of the machine's speed meets both; the median of the rounds'
ratios.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from zoo.records import write_record

MODELS = {"resnet50": "ResNet50", "mobilenet_v2": "MobileNetV2", "densenet121": "DenseNet121"}
PYTORCH = "resnet50_v1_5"  # the form of torchvision
SIZE = 160
BATCH = 16
STEPS = {"predict": 4, "train": 2}  # in one round
ROUNDS = 9
GOAL = 0.97
FOLDER = Path("runs/image_speed")

Side = dict[str, Callable[[], None]]  # "predict" and "train" -> one step


def keras_side(model: Any) -> Side:
    import keras

    images, labels = batch()
    model.compile(keras.optimizers.SGD(1e-3, momentum=0.9), "sparse_categorical_crossentropy", jit_compile="auto")
    return {
        "predict": lambda: model.predict_on_batch(images),
        "train": lambda: model.train_on_batch(images, labels),
    }


def batch() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    images = random.normal(size=(BATCH, SIZE, SIZE, 3)).astype("float32")
    return images, random.integers(0, 1000, BATCH)


def ours(name: str) -> Side:
    from zoo.create import create_model

    return keras_side(create_model(name, input_shape=(SIZE, SIZE, 3)))


def theirs(name: str) -> Side:
    import keras

    return keras_side(getattr(keras.applications, MODELS[name])(weights=None, input_shape=(SIZE, SIZE, 3)))


def pytorch() -> Side:
    """On all cores or on one, whichever predicts faster here: on a busy machine its threads wait for each other."""
    import torch

    from benchmarks.backbones.official_models import allow_torchvision

    allow_torchvision()
    import torchvision

    model = torchvision.models.resnet50(weights=None).to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(model.parameters(), 1e-3, momentum=0.9)
    pixels, classes = batch()
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
    labels = torch.from_numpy(classes)

    def predict() -> None:
        model.eval()
        with torch.inference_mode():
            model(images)

    def train() -> None:
        model.train()
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(model(images), labels).backward()
        optimiser.step()

    side = {"predict": predict, "train": train}
    speeds = {}
    for threads in (len(os.sched_getaffinity(0)), 1):
        torch.set_num_threads(threads)
        predict()
        speeds[threads] = images_a_second(side, "predict")[0]
    torch.set_num_threads(max(speeds, key=speeds.__getitem__))
    return side


def images_a_second(side: Side, what: str) -> tuple[float, float]:
    """By the clock, and by the seconds of the processor that all threads took."""
    clock, processor = time.perf_counter(), time.process_time()
    for _ in range(STEPS[what]):
        side[what]()
    images = STEPS[what] * BATCH
    return images / (time.perf_counter() - clock), images / (time.process_time() - processor)


def compare(one: Side, other: Side, rounds: int) -> dict[str, Any]:
    """For "predict" and "train": images a second of both, and the median ratio of rounds that lie side by side."""
    figures = {}
    for what in STEPS:
        for side in (one, other):  # compile, and fill the caches
            images_a_second(side, what)
        pairs = []
        for number in range(rounds):
            if number % 2:
                second = images_a_second(other, what)
                pairs.append((images_a_second(one, what), second))
            else:
                pairs.append((images_a_second(one, what), images_a_second(other, what)))
        clock, processor = ([(first[unit], second[unit]) for first, second in pairs] for unit in (0, 1))
        figures[what] = {
            "ours": statistics.median(first for first, _ in clock),
            "theirs": statistics.median(second for _, second in clock),
            "ratio": statistics.median(first / second for first, second in clock),
            "ratios": sorted(round(first / second, 3) for first, second in clock),
            "ratio of processor time": statistics.median(first / second for first, second in processor),
        }
    return figures


def measure(name: str, rounds: int) -> dict[str, Any]:
    """Our graph `name` beside the official one."""
    if name == PYTORCH:
        other, against = pytorch(), "torchvision"
    else:
        other, against = theirs(name), "keras.applications"
    return {"against": against, "rounds": rounds, **compare(ours(name), other, rounds)}


def row(name: str, found: dict[str, Any]) -> str:
    cells = [
        f"{what} {one['ours']:6.1f} and {one['theirs']:6.1f} images/s, ratio {one['ratio']:.3f} "
        f"(processor {one['ratio of processor time']:.3f})"
        for what, one in ((what, found[what]) for what in STEPS)
    ]
    return f"{name}, {found['against']:<20} " + "   ".join(cells)


def main() -> None:
    import keras

    names = [*MODELS, PYTORCH]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", nargs="+", default=names, choices=names)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in options.pairs:
        found = measure(name, options.rounds)
        print(row(name, found), flush=True)
        (FOLDER / f"{name}.json").write_text(json.dumps(found))
        keras.utils.clear_session()
    paths = [FOLDER / f"{name}.json" for name in names]
    pairs = {path.stem: json.loads(path.read_text()) for path in paths if path.exists()}
    if len(pairs) == len(names) and all(found["rounds"] >= ROUNDS for found in pairs.values()):
        figures = {"backend": keras.backend.backend(), "batch": BATCH, "size": SIZE, "goal": GOAL, "pairs": pairs}
        write_record("results/image_speed.json", figures, command="python -m benchmarks.backbones.speed", seed=0)


if __name__ == "__main__":
    main()
