"""Can it be fooled? Plain noise, attacks along the gradient, pictures made from noise; and a training that helps.

    python -m examples.fool_it                      a small network on generated pictures: about a minute

Does the bar lie or stand? The network is right nearly always. PGD finds small changes that turn its prediction; noise
as strong does nothing. Trained on attacked pictures, it holds out longer. A page for each shows the pictures.
"""

from typing import TYPE_CHECKING

import numpy as np

import zoo
from examples.command import SEED, Run, option, page
from zoo.cli.options import positive_number
from zoo.samples import Samples, Target

if TYPE_CHECKING:
    import keras

EPOCHS = option("--epochs", "passes over the pictures (default: 10)", type=positive_number, default=10)
STRENGTHS = [0.02, 0.04, 0.06, 0.1, 0.15]


def pictures(rows: int, seed: int) -> Samples:
    """(rows, 12, 12, 1) pixels from 0 to 1: a bar, lying or upright, a little brighter than the noise around it."""
    random = np.random.default_rng(seed)
    lying, place = random.integers(0, 2, rows), random.integers(0, 10, rows)
    picture = random.normal(0.4, 0.1, (rows, 12, 12))
    for each, line, way in zip(picture, place, lying, strict=True):
        (each if way else each.T)[line : line + 3] += 0.3
    return Samples({"picture": np.clip(picture, 0, 1)[..., None].astype("float32")}, {"way": lying})


def graph() -> "keras.Model":
    """(B, 12, 12, 1) -> way (B, 2)."""
    import keras

    from blocks import classification_head

    given = keras.Input((12, 12, 1), name="picture")
    x = keras.layers.Conv2D(16, 3, activation="relu", name="conv1")(given)
    x = keras.layers.Conv2D(32, 3, strides=2, activation="relu", name="conv2")(x)
    return keras.Model([given], {"way": classification_head(keras.layers.Flatten(name="flat")(x), 2, name="way")})


@page(EPOCHS, SEED)
def main(run: Run) -> None:
    """Accuracy under attack of a plain training and of an adversarial one."""
    import keras

    ways = ("upright", "lying")
    head = {"way": zoo.Head(Target("classification", ways))}
    train, validation, test = pictures(2_000, run.seed), pictures(300, run.seed + 1), pictures(200, run.seed + 2)
    optimiser = zoo.training.Optimiser("adam", learning_rate=1e-2)
    adversarial = zoo.training.AdversarialTraining(0.06, steps=4, scale=(0, 1))
    for name, attack in (("plain training", None), ("adversarial training", adversarial)):
        keras.utils.set_random_seed(run.seed)
        model = graph()
        recipe = zoo.Recipe(head, optimiser=optimiser, epochs=run.epochs, adversarial=attack)
        zoo.fit(model, train, validation, recipe, seed=run.seed)
        print(f"\n{name}")
        for method in ("noise", "fgsm", "pgd"):
            found = zoo.attack(
                model, test, method=method, strength=STRENGTHS, scale=(0, 1), classes=ways, seed=run.seed
            )
            print(" ", found.sentence())
        folder = name.replace(" ", "_")
        print("  page:", *found.save(folder)[1:])
        print(" ", zoo.robustness.fooling_images(model, scale=(0, 1), seed=run.seed).sentence())


if __name__ == "__main__":
    raise SystemExit(main())
