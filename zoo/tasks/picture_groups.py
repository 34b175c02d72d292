"""Groups of pictures by which a report breaks errors down: brightness, size of the original, size of the class."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from zoo.datasets.dataset import Dataset
from zoo.datasets.pictures.facts import LOOKS, Facts
from zoo.lazy_array import LazyArray
from zoo.samples import Samples, present

CHUNK = 2048  # decoded pictures whose brightness is measured together
THIRDS = (1 / 3, 2 / 3)
UNEQUAL = 1.5  # times the smallest class, from which on the size of classes is looked at
FEWEST_CLASSES = 4  # of fewer, the classes themselves say what their sizes would


def picture_groups(dataset: Dataset, train: Samples, test: Samples) -> Mapping[str, np.ndarray]:
    """ "brightness", "original's size" and, of many classes, "class size" -> (n,) the third that a test picture is in.

    Thirds are those of the training pictures, or of the test pictures where nothing is known of the others.
    """
    looks, theirs = looks_of(dataset, "test", len(test)), looks_of(dataset, "train", len(train))
    found: dict[str, np.ndarray] = {}
    if looks:
        found["brightness"] = _thirds(
            [each.brightness for each in looks], [each.brightness for each in theirs], ("dark", "medium", "bright")
        )
        found["original's size"] = _thirds(
            [each.width * each.height for each in looks],
            [each.width * each.height for each in theirs],
            ("small", "medium", "large"),
            lambda pixels: f"{pixels**0.5:.0f}² pixels",
        )
    elif len(shades := _brightness(test)):
        found["brightness"] = _thirds(shades, [], ("dark", "medium", "bright"))
    of_classes = [
        name
        for name, target in dataset.targets.items()
        if target.kind != "tags" and len(target.labels) >= FEWEST_CLASSES and name in test.targets
    ]
    for name in of_classes:
        column = "class size" if len(of_classes) == 1 else f"class size of {name}"
        classes = len(dataset.targets[name].labels)
        found[column] = _class_sizes(test.targets[name], train.targets[name], classes)
    return {name: values for name, values in found.items() if len(set(values.tolist()) - {""}) > 1}


def looks_of(dataset: Dataset, split: str, count: int) -> list[Facts]:
    """What is known of the pictures of a split: nothing, where they were arrays or the rows are not those."""
    frame = None if dataset.table is None else getattr(dataset.table, split)
    if frame is None or LOOKS not in frame.columns or len(frame) != count:
        return []
    return list(frame[LOOKS])


def _brightness(samples: Samples) -> np.ndarray:
    """(n,) mean of the pixels of pictures that are decoded already; none of others."""
    lazy: list[Any] = [each for each in samples.inputs.values() if isinstance(each, LazyArray) and each.ndim == 4]
    if len(lazy) != 1 or not isinstance(lazy[0].items, np.ndarray):
        return np.empty(0)
    parts = [lazy[0].items[start : start + CHUNK] for start in range(0, len(samples), CHUNK)]
    return np.concatenate([part.mean(axis=(1, 2, 3), dtype=np.float64) for part in parts] or [np.empty(0)])


def _thirds(
    values: Sequence[float] | np.ndarray,
    learnt: Sequence[float],
    names: tuple[str, str, str],
    said: Callable[[float], str] = lambda value: f"{value:.0f}",
) -> np.ndarray:
    """(n,) texts as "dark, to 87": by the quantiles of what was learnt from, where that is known."""
    edges = np.quantile(np.array(learnt if len(learnt) else values, dtype=float), THIRDS)
    if edges[0] == edges[1]:  # nearly all are alike
        return np.full(len(values), "", dtype=object)
    texts = [f"{names[0]}, to {said(edges[0])}", f"{names[1]}, to {said(edges[1])}", f"{names[2]}, above"]
    return np.array(texts, dtype=object)[np.searchsorted(edges, np.array(values, dtype=float))]


def _class_sizes(labels: np.ndarray, trained: np.ndarray, classes: int) -> np.ndarray:
    """(n,) by how many training pictures the class of each test picture has; "" where that or the label is unknown."""
    counts = np.bincount(trained[present(trained)], minlength=classes)
    found = np.full(len(labels), "", dtype=object)
    known = present(labels)
    if counts.max() >= UNEQUAL * max(counts.min(), 1) and known.any():
        found[known] = _thirds(counts[labels[known]], counts.tolist(), ("few", "medium", "many"))
    return found
