"""Do two pictures show the same? One backbone reads both, with one set of weights.

    python -m examples.image_similarity                     train on generated signs (a minute or two), judge, draw
    python -m examples.image_similarity --data pairs.csv    pairs of your own: columns left, right, label
    python -m examples.image_similarity --data people/      a folder with a folder for each person; also orl, omniglot

Whatever it is judged by, it has never seen: people, signs, alphabets stand in one split alone. `graph` is the idea; the
model that is trained, in `zoo/models/image_similarity.py`, takes any backbone: --config picture=xception.
"""

from typing import TYPE_CHECKING

import zoo
from examples.command import Run, training_page
from zoo.terminal import show_report

if TYPE_CHECKING:
    import keras

MODEL, DATA = "image_similarity_small", "signs"


def graph() -> "keras.Model":
    """left (B, 64, 64, 1), right (B, 64, 64, 1) -> same (B, 1), the probability that both show the same."""
    import keras
    from keras import layers

    from blocks import binary_head, shared_encoder

    pictures = [keras.Input((64, 64, 1), name=side) for side in ("left", "right")]
    image = keras.Input((64, 64, 1), name="image")
    x = layers.MaxPooling2D(4)(layers.Conv2D(64, 7, strides=2, activation="relu", name="conv")(image))
    encoder = keras.Model(image, layers.Flatten()(x), name="encoder")
    left, right = shared_encoder(encoder, pictures)  # (B, features) each, by the same weights
    cosine = layers.Dot(axes=1, normalize=True, name="cosine")([left, right])
    return keras.Model(pictures, {"same": binary_head(cosine, name="same")}, name="image_similarity")


@training_page(MODEL, DATA)
def main(run: Run) -> None:
    """Train, and print scores beside those of simple models of small pictures; the run folder keeps all."""
    trained, report = zoo.train(run.model, run.data, **run.options)
    print(zoo.draw(trained.model))
    show_report(report, run.folder)


if __name__ == "__main__":
    raise SystemExit(main())
