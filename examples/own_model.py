"""A model of your own out of blocks, trained on arrays: which way does the bar lie, and how bright is it?

    python -m examples.own_model                    20 epochs on 2,000 generated pictures: some seconds

Two blocks and two outputs, in `graph`; it is a plain `keras.Model`, and remains one. The light is a half to three
times what the grey values of the picture say, by the exposure, which is an input of its own.
"""

from typing import TYPE_CHECKING

import numpy as np

import zoo
from examples.command import SEED, Run, option, page
from zoo.cli.options import positive_number
from zoo.samples import Samples, Target

if TYPE_CHECKING:
    import keras

EPOCHS = option("--epochs", "passes over the pictures (default: 20)", type=positive_number, default=20)


def pictures(rows: int, seed: int) -> Samples:
    """A bar in noise, upright or lying; grey values are brightness times exposure."""
    random = np.random.default_rng(seed)
    lying, light, exposure = random.integers(0, 2, rows), random.uniform(50, 150, rows), random.uniform(0.3, 2, rows)
    picture = random.normal(0, 0.05, (rows, 12, 12)).astype("float32")
    picture[:, 4:6] += (lying * light * exposure / 100)[:, None, None]
    picture[:, :, 4:6] += ((1 - lying) * light * exposure / 100)[:, None, None]
    inputs = {"picture": picture[..., None], "exposure": exposure[:, None].astype("float32")}
    return Samples(inputs, {"way": lying, "light": light})


def graph() -> "keras.Model":
    """Pictures (B, 12, 12, 1), exposures (B, 1) -> way (B, 2), light (B, 1)."""
    import keras

    from blocks import classification_head, inception_module, regression_head, residual_block

    inputs = [keras.Input((12, 12, 1), name="picture"), keras.Input((1,), name="exposure")]
    x = inception_module(inputs[0], 16, name="mixed")  # (B, 12, 12, 64)
    x = residual_block(x, 16, stride=2, name="residual")  # (B, 6, 6, 16)
    x = keras.layers.Concatenate(name="both")([keras.layers.GlobalAveragePooling2D(name="pool")(x), inputs[1]])
    x = keras.layers.Dense(32, activation="relu", name="features")(x)  # (B, 32)
    heads = {"way": classification_head(x, 2, name="way"), "light": regression_head(x, name="light")}
    return keras.Model(inputs, heads, name="bars")


@page(EPOCHS, SEED)
def main(run: Run) -> None:
    """The graph, the history, and predictions beside what is true."""
    import keras

    ways = ("upright", "lying")
    heads = {"way": zoo.Head(Target("classification", ways)), "light": zoo.Head(Target("regression"), loss="mae")}
    optimiser = zoo.training.Optimiser("adam", learning_rate=1e-2)
    train, validation, test = pictures(2_000, run.seed), pictures(500, run.seed + 1), pictures(3, run.seed + 2)
    keras.utils.set_random_seed(run.seed)
    model = graph()
    print(zoo.draw(model))

    fitted = zoo.fit(model, train, validation, zoo.Recipe(heads, epochs=run.epochs, optimiser=optimiser), seed=run.seed)
    for row in fitted.history:
        scores = f"accuracy {row['val_way_accuracy']:.3f}   light {row['val_light_mae']:.1f} cd off"
        print(f"epoch {row['epoch']:2}   loss {row['loss']:.3f}   {scores}")

    found, true = zoo.training.predict(model, test, heads), test.targets
    for place, shares in enumerate(found["way"]):
        print(f"predicted: {ways[shares.argmax()]}, {found['light'][place]:.0f} cd", end="   ")
        print(f"true: {ways[true['way'][place]]}, {true['light'][place]:.0f} cd")


if __name__ == "__main__":
    raise SystemExit(main())
