"""A head on features that are kept on disk against Keras' recipe for a frozen base: seconds and accuracy.

    ZOO_MIRROR=... python -m benchmarks.pictures.cached_features    # two minutes on two cores

It writes results/cached_features.json.

The 259 photos of pets37's sample, 7 of each of 37 breeds, of which 2 a breed are held out, and MobileNet's weights of
ImageNet. Both train the same head on the same pixels with the same optimiser, for as many epochs, and look at the held
out photos after each. Keras' recipe is that of its guide: the base with `trainable = False`, called with
training=False, an average, a layer. Seconds are those of `fit`, compiling included; "again" is a second training, with
another seed, whose features are on disk already.
"""

import argparse
import os
import tempfile
import time
import zipfile
from pathlib import Path

import keras
import numpy as np
from PIL import Image

import zoo
from zoo.pretrained.images import preprocess
from zoo.records import write_record
from zoo.samples import Samples, Target
from zoo.training import Head, Optimiser, Recipe, fit
from zoo.training.fine_tuning.features import FOLDER

FILE = "pictures/pets37-sample.zip"
HELD_OUT = 2  # photos of each breed
RATE, BATCH = 3e-3, 32


def photos(size: int) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Pixels (n, size, size, 3) as MobileNet takes them, labels (n,), names of the breeds."""
    found = []
    with zipfile.ZipFile(Path(os.environ["ZOO_MIRROR"]) / FILE) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".jpg"):
                with archive.open(name) as file:
                    pixels = preprocess(Image.open(file).convert("RGB"), "mobilenet.imagenet", size=size)[0]
                found.append((pixels, name.split("/")[-2]))
    breeds = tuple(sorted({breed for _, breed in found}))
    return np.stack([pixels for pixels, _ in found]), np.array([breeds.index(each) for _, each in found]), breeds


def splits(pixels: np.ndarray, labels: np.ndarray) -> tuple[Samples, Samples]:
    """The last photos of each breed are held out."""
    place = np.array([np.sum(labels[:row] == label) for row, label in enumerate(labels)])
    held = place >= np.bincount(labels)[labels] - HELD_OUT
    parts = (np.flatnonzero(~held), np.flatnonzero(held))
    first, second = (Samples({"image": pixels[rows]}, {"predictions": labels[rows].astype("int32")}) for rows in parts)
    return first, second


def by_keras(train: Samples, held_out: Samples, classes: int, epochs: int, size: int) -> dict[str, float]:
    """Keras' recipe: the base is computed in every epoch."""
    keras.utils.set_random_seed(0)
    whole = zoo.create_model("mobilenet.imagenet", input_shape=(size, size, 3), include_top=False, pooling="avg")
    whole.trainable = False
    image = keras.Input((size, size, 3))
    features = whole(image, training=False)["features"]
    model = keras.Model(image, keras.layers.Dense(classes, activation="softmax")(features))
    model.compile(keras.optimizers.Adam(RATE), "sparse_categorical_crossentropy", metrics=["accuracy"])
    start = time.perf_counter()
    history = model.fit(
        train.inputs["image"],
        train.targets["predictions"],
        validation_data=(held_out.inputs["image"], held_out.targets["predictions"]),
        epochs=epochs,
        batch_size=BATCH,
        verbose=0,
    )
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "accuracy": history.history["val_accuracy"][-1]}


def by_zoo(
    train: Samples, held_out: Samples, breeds: tuple[str, ...], epochs: int, size: int, seed: int
) -> dict[str, float]:
    """`fit` with a frozen base."""
    keras.utils.set_random_seed(seed)
    shape = (size, size, 3)
    model = zoo.create_model("mobilenet.imagenet", input_shape=shape, classes=len(breeds))
    recipe = Recipe(
        {"predictions": Head(Target("classification", breeds))},
        epochs=epochs,
        batch_size=BATCH,
        optimiser=Optimiser("adam", learning_rate=RATE, schedule="constant"),
        fine_tune="linear_probe",
    )
    start = time.perf_counter()
    run = fit(model, train, held_out, recipe, seed=seed)
    seconds = time.perf_counter() - start
    print(*run.notes, sep="\n")
    return {"seconds": seconds, "accuracy": run.history[-1]["val_predictions_accuracy"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--size", type=int, default=160)
    arguments = parser.parse_args()
    pixels, labels, breeds = photos(arguments.size)
    train, held_out = splits(pixels, labels)
    options = arguments.epochs, arguments.size
    with tempfile.TemporaryDirectory() as folder:
        os.environ[FOLDER] = folder
        rows = {"keras": by_keras(train, held_out, len(breeds), *options)}
        rows["first"] = by_zoo(train, held_out, breeds, *options, seed=0)
        rows["again"] = by_zoo(train, held_out, breeds, *options, seed=1)
    for name in ("first", "again"):
        rows[name]["share"] = rows[name]["seconds"] / rows["keras"]["seconds"]
    for name, row in rows.items():
        print(name, row)
    figures = {
        "epochs": arguments.epochs,
        "size": arguments.size,
        "rows": len(train),
        "held_out": len(held_out),
        **rows,
    }
    write_record(
        "results/cached_features.json", figures, command="python -m benchmarks.pictures.cached_features", seed=[0, 1]
    )


if __name__ == "__main__":
    main()
