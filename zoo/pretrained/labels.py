"""From probabilities to names of classes, offline."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zoo.errors import ConfigError, DataError, require_known
from zoo.pretrained.sets import pretrained

# ImageNet, ILSVRC 2012: "WordNet-id label" a line, in the order of the classes; Deng et al. 2009, Russakovsky et al.
# 2015. The labels are those of keras.applications' imagenet_class_index.json: 998, as "crane" and "maillot" are two.
FILES = {"imagenet": Path(__file__).with_name("imagenet_classes.txt")}


class Guess(NamedTuple):
    """One class: its WordNet id, its label, and the probability that a model gives it."""

    id: str
    label: str
    probability: float


@cache
def classes(labels: str) -> tuple[tuple[str, str], ...]:
    """(id, label) of every class of the set `labels`, in the order of a model's outputs.

    >>> classes("imagenet")[281]
    ('n02123045', 'tabby')
    """
    require_known("set of labels", labels, FILES)
    lines = FILES[labels].read_text(encoding="utf-8").splitlines()
    return tuple((identity, label) for identity, _, label in (line.partition(" ") for line in lines))


def classes_of(tag: str) -> tuple[tuple[str, str], ...]:
    """(id, label) of every class that the weights `tag` tell apart; `ConfigError` for weights without a top."""
    labels = pretrained(tag).labels
    if labels is None:
        raise ConfigError(f"'{tag}' has no classes to name: its weights have no top.")
    return classes(labels)


def decode(predictions: Any, tag: str, top: int = 5) -> list[list[Guess]]:
    """(B, classes) probabilities -> for every image its `top` best (id, label, probability), the best first.

    `predictions` is an array, or the dict that a model of the zoo returns. `tag` says which weights gave them:
    "mobilenet.imagenet".

    Raises `DataError` for values that are not such probabilities, `ConfigError` for weights without classes.
    """
    names = classes_of(tag)
    rows = _array(predictions)
    if rows.ndim != 2 or rows.shape[1] != len(names):
        raise DataError(f"{tag} has {len(names)} classes, (images, {len(names)}) predictions; received {rows.shape}.")
    if not ((rows >= 0) & (rows <= 1 + 1e-3)).all():  # NaN too; bfloat16 rounds above 1
        raise DataError("Predictions must be probabilities, from 0 to 1; received NaN or other numbers (logits?).")
    if type(top) is not int or not 1 <= top <= len(names):
        raise ConfigError(f"'top' must be a number from 1 to {len(names)}; received {top!r}.")
    return [_best(row, names, top) for row in rows]


def _best(row: np.ndarray, names: tuple[tuple[str, str], ...], top: int) -> list[Guess]:
    order = np.argsort(-row, kind="stable")[:top]
    return [Guess(id=names[place][0], label=names[place][1], probability=float(row[place])) for place in order]


def _array(predictions: Any) -> np.ndarray:
    if isinstance(predictions, Mapping):
        if "predictions" not in predictions:
            raise DataError(f"The outputs of the model have no 'predictions'; received {', '.join(predictions)}.")
        predictions = predictions["predictions"]
    if hasattr(predictions, "detach"):  # a PyTorch tensor that knows its gradient gives no array of itself
        predictions = predictions.detach().cpu()
    try:
        return np.asarray(predictions).astype("float32")
    except (TypeError, ValueError) as error:
        raise DataError(f"Predictions must be an array of numbers; received {predictions!r:.60}.") from error
