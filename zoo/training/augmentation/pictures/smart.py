"""Smart augmentation: a small network learns to blend two pictures of a class, together with the classifier of them.

Lemley, Bazrafkan, Corcoran 2017, "Smart Augmentation: Learning an Optimal Data Augmentation Strategy". Network A sees
two pictures of one class and makes a third; its loss is `ALPHA` times the squared distance from yet another picture of
the class, and `BETA` times the loss of the classifier (network B) on what it made.

    whole = smart_augmentation(classifier)
    heads = smart_heads({"digit": Head(Target("classification", DIGITS))})
    fit(whole, smart_samples(train, "digit"), smart_samples(validation, "digit"), Recipe(heads))
    predict(classifier, test, ...)                       # the same layers, trained
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import layers

from zoo.errors import ConfigError, require_known
from zoo.keras_internals.graph import input_names
from zoo.pictures.views import is_pictures
from zoo.samples import EXCLUSIVE, Samples, Target, present
from zoo.training.heads import Head

FIRST, SECOND, BLEND = "first", "second", "blend"  # inputs of network A, and the output that is its picture
ALPHA, BETA = 0.3, 0.7  # section IV: the best of the paper's
FILTERS = (16, 32, 16)


def of_blend(output: str) -> str:
    """The name of the output that the classifier has of blended pictures."""
    return f"{output}_of_{BLEND}"


def smart_augmentation(classifier: keras.Model, *, name: str = "smart_augmentation") -> keras.Model:
    """A classifier of pictures, and a network that blends two pictures for it, as one model.

    Inputs are the classifier's own, (B, H, W, C), and "first" and "second"; outputs are the classifier's of its own
    input, of the blend (`of_blend`), and "blend", (B, H, W, C). In the paper network A draws the pixels; here it draws
    for each the share of the first picture, so that a blend has the scale of its pictures, whatever that is.

    Raises `ConfigError` for a classifier of other inputs than one of pictures, or of several outputs.
    """
    shape = tuple(classifier.inputs[0].shape)
    if len(classifier.inputs) != 1 or len(shape) != 4 or len(classifier.outputs) != 1:
        raise ConfigError(
            f"Smart augmentation needs a classifier of one picture with one output; '{classifier.name}' has inputs "
            f"{[tuple(each.shape) for each in classifier.inputs]} and {len(classifier.outputs)} output(s)."
        )
    own, first, second = (keras.Input(shape[1:], name=each) for each in (input_names(classifier)[0], FIRST, SECOND))
    x = layers.Concatenate(name="blend_pair")([first, second])  # (B, H, W, 2 C)
    x = layers.BatchNormalization(name="blend_scale")(x)
    for place, filters in enumerate(FILTERS):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"blend_conv{place}")(x)
    share = layers.Conv2D(shape[-1], 3, padding="same", activation="sigmoid", name="blend_share")(x)  # (B, H, W, C)
    apart = layers.Subtract(name="blend_apart")([first, second])
    blend = layers.Add(name=BLEND)([second, layers.Multiply(name="blend_moved")([share, apart])])
    output = output_name(classifier)
    return keras.Model(
        [own, first, second],
        {output: _only(classifier(own)), of_blend(output): _only(classifier(blend)), BLEND: blend},
        name=name,
    )


def output_name(classifier: keras.Model) -> str:
    """The key of its output, or the name of its last layer."""
    return (
        str(next(iter(classifier.output))) if isinstance(classifier.output, dict) else str(classifier.output_names[0])
    )


def _only(outputs: Any) -> Any:
    return keras.tree.flatten(outputs)[0]


def smart_samples(samples: Samples, output: str, *, seed: int = 0, repeats: int = 1) -> Samples:
    """Every sample `repeats` times, each time with two other pictures of its class to blend, and a third as the aim.

    Rows without a label are left out. Raises `ConfigError` for samples of other inputs than one of pictures.
    """
    require_known("target of `smart_samples`", output, samples.targets)
    names = list(samples.inputs)
    if len(names) != 1 or not is_pictures(samples.inputs[names[0]]):
        raise ConfigError(f"Smart augmentation needs samples of one input of pictures; received {', '.join(names)}.")
    labels = samples.targets[output]
    rows = np.repeat(np.flatnonzero(present(labels)), repeats)
    of_class = {label: np.flatnonzero(labels == label) for label in np.unique(labels[rows]).tolist()}
    random = np.random.default_rng([seed, 0, 0, 0, 7])
    others = np.empty((3, len(rows)), dtype=np.int64)
    for label, members in of_class.items():
        places = np.flatnonzero(labels[rows] == label)
        others[:, places] = members[random.integers(0, len(members), (3, len(places)))]
    pictures = samples.inputs[names[0]]
    inputs = {names[0]: pictures[rows], FIRST: pictures[others[0]], SECOND: pictures[others[1]]}
    targets = {output: labels[rows], of_blend(output): labels[rows], BLEND: pictures[others[2]].astype(np.float32)}
    return Samples(inputs, targets)


def smart_heads(heads: Mapping[str, Head], *, alpha: float = ALPHA, beta: float = BETA) -> dict[str, Head]:
    """The head of the classifier, by its name -> the heads of all three outputs, weighed 1, `beta` and `alpha`."""
    if len(heads) != 1 or next(iter(heads.values())).target.kind not in (*EXCLUSIVE, "binary"):
        raise ConfigError(
            f"Smart augmentation blends pictures of a class: one head of classes; received {list(heads)}."
        )
    (name, head), *_ = heads.items()
    blend = Head(Target("regression"), weight=alpha)
    return {name: head, of_blend(name): replace(head, weight=beta * head.weight), BLEND: blend}
