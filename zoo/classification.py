"""What is in a photo: from a file to the names of classes in one call."""

from typing import TYPE_CHECKING, Any

from zoo.create import create_model
from zoo.prediction import predict
from zoo.pretrained.images import preprocess
from zoo.pretrained.labels import Guess, classes_of, decode

if TYPE_CHECKING:
    import keras


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
