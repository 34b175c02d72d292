"""Smart augmentation (Lemley et al. 2017) beside mixup, the preset for digits and nothing, on few digits of MNIST.

    ZOO_MIRROR=... python -m benchmarks.pictures.smart_augmentation  # minutes; results/smart_augmentation.json

The same small network, steps and rates for all; validation chooses the epoch, the test split is read once at the end.
Smart augmentation trains on three pictures a row, so that its steps cost more: seconds are told beside the scores.
"""

import argparse
import gzip
import os
import statistics
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from zoo.records import write_record
from zoo.samples import Samples, Target
from zoo.training import Head, Optimiser, Recipe, fit, predict
from zoo.training.augmentation.pictures.smart import smart_augmentation, smart_heads, smart_samples

DIGITS = tuple("0123456789")
HEADS = {"digit": Head(Target("classification", DIGITS))}
TRAIN, VALIDATION = 300, 1000  # 30 digits of each class on average
EPOCHS, BATCH = 40, 50
METHODS: dict[str, Any] = {
    "nothing": None,
    "digits": "digits",
    "mixup": "mixup",
    "digits and mixup": ["digits", "mixup"],
    "smart": None,
    "digits and smart": "digits",
}


def read(name: str, offset: int) -> np.ndarray:
    """An IDX file of the mirror without its header."""
    folder = Path(os.environ["ZOO_MIRROR"]) / "mnist"
    with gzip.open(folder / name) as file:
        return np.frombuffer(file.read(), np.uint8, offset=offset)


def digits(part: str) -> Samples:
    pictures = read(f"{part}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1)
    return Samples({"image": pictures}, {"digit": read(f"{part}-labels-idx1-ubyte.gz", 8).astype("int32")})


def network() -> keras.Model:
    image = keras.Input((28, 28, 1), name="image")
    x = layers.Rescaling(1 / 255.0, name="scale")(image)
    for place, filters in enumerate((16, 32)):
        x = layers.Conv2D(filters, 3, activation="relu", name=f"conv{place}")(x)
        x = layers.MaxPooling2D(name=f"pool{place}")(x)
    x = layers.Dropout(0.3, name="dropout")(layers.Flatten(name="flat")(x))
    return keras.Model([image], {"digit": layers.Dense(10, activation="softmax", name="digit")(x)}, name="digits_cnn")


def score(method: str, seed: int, whole: Samples, test: Samples) -> tuple[float, float]:
    """Accuracy on the test split, and seconds of training."""
    keras.utils.set_random_seed(seed)
    rows = np.random.default_rng(seed).permutation(len(whole))
    train, validation = whole.take(rows[:TRAIN]), whole.take(rows[TRAIN : TRAIN + VALIDATION])
    classifier = model = network()
    heads = HEADS
    if "smart" in method:
        model, heads = smart_augmentation(classifier), smart_heads(HEADS)
        train = smart_samples(train, "digit", seed=seed, repeats=4)
        validation = smart_samples(validation, "digit", seed=seed)
    epochs = EPOCHS // 4 if "smart" in method else EPOCHS  # of four times as many rows: the same steps
    optimiser = Optimiser("adam", learning_rate=2e-3)
    recipe = Recipe(heads, epochs=epochs, batch_size=BATCH, augmentation=METHODS[method], optimiser=optimiser)
    start = time.perf_counter()
    fit(model, train, validation, recipe, seed=seed)
    seconds = time.perf_counter() - start
    shares = predict(classifier, test, HEADS)["digit"]
    return float((shares.argmax(axis=1) == test.targets["digit"]).mean()), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    seeds = range(parser.parse_args().seeds)
    whole, test = digits("train"), digits("t10k")
    found: dict[str, Any] = {"training digits": TRAIN, "steps": EPOCHS * TRAIN // BATCH, "methods": {}}
    for method in METHODS:
        runs = [score(method, seed, whole, test) for seed in seeds]
        scores = [round(100 * accuracy, 2) for accuracy, _ in runs]
        found["methods"][method] = {
            "test accuracy %": round(statistics.mean(scores), 2),
            "spread": round(statistics.pstdev(scores), 2),
            "by seed": scores,
            "seconds": round(statistics.median([seconds for _, seconds in runs]), 1),
        }
        print(method, found["methods"][method], flush=True)
    command = "python -m benchmarks.pictures.smart_augmentation"
    write_record("results/smart_augmentation.json", found, command=command, seed=list(seeds))


if __name__ == "__main__":
    main()
