"""What is in a photo: from a file to the names of classes in one call."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.create import create_model
from zoo.errors import DataError
from zoo.prediction import predict
from zoo.pretrained.images import preprocess
from zoo.pretrained.labels import Guess, classes_of, decode

if TYPE_CHECKING:
    import keras

BATCH = 32  # photos in memory


def classify(photo: Any, tag: str, *, model: "keras.Model | None" = None, top: int = 5) -> list[Guess]:
    """The `top` best classes of one photo, (id, label, probability), the best first.

        zoo.classify("cat.png", "mobilenet.imagenet")[0]        # ("n02123045", "tabby", 0.41)

    `photo` is what `zoo.preprocess` takes: a file, a Pillow image or an array. `tag` says which weights to ask, and how
    they want photos and name classes. For more than one photo, give the `model` that you created, else each call
    builds and loads it again.
    """
    classes_of(tag)  # weights without classes are told before anything is built
    image = preprocess(photo, tag)
    return decode(predict(create_model(tag) if model is None else model, image), tag, top)[0]


def classify_photos(
    photos: Sequence[Path | str], tag: str, *, model: "keras.Model", top: int = 5
) -> Iterator[tuple[Path | str, list[Guess] | DataError]]:
    """(file, its `top` best classes) of every photo in turn, as `classify` gives them; many are asked at once.

    Where a file cannot be read the `DataError` stands in the place of the classes.
    """
    for start in range(0, len(photos), BATCH):
        images = [(photo, _image_or_error(photo, tag)) for photo in photos[start : start + BATCH]]
        readable = [image for _, image in images if not isinstance(image, DataError)]
        best = iter(decode(predict(model, np.concatenate(readable)), tag, top) if readable else ())
        for photo, image in images:
            yield photo, image if isinstance(image, DataError) else next(best)


def _image_or_error(photo: Path | str, tag: str) -> "np.ndarray | DataError":
    try:
        return preprocess(photo, tag)
    except DataError as error:
        return error
