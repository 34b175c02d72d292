"""Train the toy problem, or pictures, in the folder given, and print a hash of the final weights; tests kill it and
call again."""

import hashlib
import sys
from io import BytesIO

import keras
import numpy as np
from PIL import Image

from tests.toy import CONFIG, toy_recipe, toy_samples
from zoo.columns import PictureColumn
from zoo.models.author_profile import author_profile_tiny
from zoo.models.small_images import mnist_cnn_tiny
from zoo.samples import Samples, Target
from zoo.training import Head, Optimiser, Recipe, fit

Parts = tuple[keras.Model, Samples, Samples, Recipe]


def main(folder: str, what: str, epochs: str) -> None:
    """`what` is a balance of losses of the toy problem, or "pictures"."""
    keras.utils.set_random_seed(0)
    model, train, validation, recipe = (pictures if what == "pictures" else toy)(what, int(epochs))
    print("training", flush=True)
    fit(model, train, validation, recipe, folder=folder, checkpoint_seconds=0.02)
    digest = hashlib.sha256()
    for variable in model.weights:
        digest.update(np.asarray(variable).tobytes())
    print(digest.hexdigest(), flush=True)


def toy(balance: str, epochs: int) -> Parts:
    model = author_profile_tiny(dropout=0.2, **CONFIG)
    optimiser = Optimiser(learning_rate=1e-2, average=0.9)
    recipe = toy_recipe(balance=balance, epochs=epochs, optimiser=optimiser)
    return model, toy_samples(600, 0), toy_samples(100, 1), recipe


def pictures(_: str, epochs: int) -> Parts:
    """Pictures in files' bytes, decoded batch by batch in a thread, under every kind of augmentation; with dropout."""
    model = mnist_cnn_tiny(input_shape=(16, 16, 3))
    head = Head(Target("classification", tuple("0123456789")))
    recipe = Recipe({"label": head}, epochs=epochs, batch_size=16, augmentation="strong")
    return model, picture_samples(400, 0), picture_samples(60, 1), recipe


def picture_samples(count: int, seed: int) -> Samples:
    random = np.random.default_rng(seed)
    labels = random.integers(0, 10, count)
    files = []
    for label in labels:
        pixels = np.clip(random.normal(60 + 12 * label, 40, (16, 16, 3)), 0, 255).astype(np.uint8)
        content = BytesIO()
        Image.fromarray(pixels).save(content, "PNG")
        files.append(content.getvalue())
    column = PictureColumn("photo", height=16, width=16, mean=(110.0,) * 3, std=(60.0,) * 3)
    return Samples({"image": column.encode(files)}, {"label": labels})


if __name__ == "__main__":
    main(*sys.argv[1:])
