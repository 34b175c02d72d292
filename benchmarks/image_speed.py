"""Steady speed of our graphs beside keras.applications', the same architectures, and of ResNet-50 beside PyTorch.

python -m benchmarks.image_speed            # writes results/image_speed.json; a quiet machine, a quarter of an hour
python -m benchmarks.image_speed --models mobilenet_v2 --rounds 3

Images a second of compiled prediction and of a compiled training step (SGD with momentum, cross-entropy), one batch
size for all. Ours and theirs in turns, so that a change of the machine's speed meets both; the median of the rounds'
ratios.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from zoo.records import write_record

MODELS = {"resnet50": "ResNet50", "mobilenet_v2": "MobileNetV2", "densenet121": "DenseNet121"}
SIZE = 160
BATCH = 16
STEPS = 4  # in one round
GOAL = 0.97

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


def pytorch(threads: int) -> Side:
    import torch

    from benchmarks.official_models import allow_torchvision

    allow_torchvision()
    import torchvision

    torch.set_num_threads(threads)
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

    return {"predict": predict, "train": train}


def images_a_second(step: Callable[[], None]) -> float:
    start = time.perf_counter()
    for _ in range(STEPS):
        step()
    return STEPS * BATCH / (time.perf_counter() - start)


def compare(one: Side, other: Side, rounds: int) -> dict[str, Any]:
    """For "predict" and "train": images a second of both, and the median ratio of rounds that lie side by side."""
    figures = {}
    for what in ("predict", "train"):
        for side in (one, other):  # compile, and fill the caches
            images_a_second(side[what])
        pairs = []
        for number in range(rounds):
            if number % 2:
                second = images_a_second(other[what])
                pairs.append((images_a_second(one[what]), second))
            else:
                pairs.append((images_a_second(one[what]), images_a_second(other[what])))
        figures[what] = {
            "ours": statistics.median(first for first, _ in pairs),
            "theirs": statistics.median(second for _, second in pairs),
            "ratio": statistics.median(first / second for first, second in pairs),
            "ratios": sorted(round(first / second, 3) for first, second in pairs),
        }
    return figures


def row(title: str, figures: dict[str, Any]) -> str:
    cells = [
        f"{what} {one['ours']:6.1f} and {one['theirs']:6.1f} images/s, ratio {one['ratio']:.3f}"
        for what, one in figures.items()
    ]
    return f"{title:<34} " + "   ".join(cells)


def main() -> None:
    import keras

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    figures: dict[str, Any] = {"batch": BATCH, "size": SIZE, "rounds": options.rounds, "goal": GOAL}
    for name in options.models:
        figures[name] = compare(ours(name), theirs(name), options.rounds)
        print(row(f"{name}, keras.applications", figures[name]), flush=True)
        keras.utils.clear_session()
    if "resnet50" in options.models:
        import os

        figures["resnet50_v1_5_and_pytorch"] = compare(
            ours("resnet50_v1_5"), pytorch(len(os.sched_getaffinity(0))), options.rounds
        )
        print(row("resnet50_v1_5, PyTorch", figures["resnet50_v1_5_and_pytorch"]), flush=True)
    figures["backend"] = keras.backend.backend()
    if options.models == list(MODELS) and options.rounds >= 15:
        write_record("results/image_speed.json", figures, command="python -m benchmarks.image_speed", seed=0)


if __name__ == "__main__":
    main()
