"""Attacks that follow the gradient of the loss, and plain noise beside them.

Each takes a classifier, the numbers of some of its pictures, their labels and a strength, and gives those pictures
changed, with whether the prediction is another than the label. Pixels are from 0 to 1.
"""

import numpy as np

from zoo.pictures.pixel_scale import REACH
from zoo.robustness.classifier import Classifier

STEPS = 40
TINY = 1e-12

Found = tuple[np.ndarray, np.ndarray]  # (k, H, W, C) pictures, (k,) whether they fool the model


def noise(classifier: Classifier, rows: np.ndarray, labels: np.ndarray, strength: float, seed: int) -> Found:
    """Gaussian noise of this deviation, one draw."""
    random = np.random.default_rng(seed)
    pictures = classifier.pictures[rows]
    changed = np.clip(pictures + random.normal(0, strength, pictures.shape), 0, 1).astype(np.float32)
    return changed, classifier.decided(classifier.scores(changed, rows)) != labels


def fgsm(classifier: Classifier, rows: np.ndarray, labels: np.ndarray, strength: float, seed: int) -> Found:
    """One step along the sign of the gradient (Goodfellow et al. 2015)."""
    pictures = classifier.pictures[rows]
    _, gradient = classifier.gradient(pictures, rows, labels)
    changed = np.clip(pictures + strength * np.sign(gradient), 0, 1).astype(np.float32)
    return changed, classifier.decided(classifier.scores(changed, rows)) != labels


def pgd(
    classifier: Classifier,
    rows: np.ndarray,
    labels: np.ndarray,
    strength: float,
    seed: int,
    *,
    norm: str = "linf",
    steps: int = STEPS,
    restarts: int = 1,
    loss: str = "cross_entropy",
) -> Found:
    """Projected gradient ascent from a random start (Madry et al. 2018), in the ball of this radius.

    The first picture on the way that fools the model is kept, and is not changed any more. Several restarts begin
    elsewhere with what is left. Of "l2" the radius is the Euclidean length of the change of all pixels together.
    """
    random = np.random.default_rng(seed)
    pictures = classifier.pictures[rows]
    best, fooled = pictures.copy(), np.zeros(len(rows), bool)
    for _ in range(restarts):
        active = np.flatnonzero(~fooled)
        changed = _start(pictures[active], strength, norm, random)
        for step in range(steps + 1):
            if not len(active):
                break
            own = labels[active]
            if step < steps:
                scores, gradient = classifier.gradient(changed, rows[active], own, loss)
            else:
                scores, gradient = classifier.scores(changed, rows[active]), changed
            wrong = classifier.decided(scores) != own
            best[active], fooled[active] = changed, wrong
            active, changed, gradient = active[~wrong], changed[~wrong], gradient[~wrong]
            moved = changed + (REACH * strength / steps) * _direction(gradient, norm)
            changed = _projected(moved, pictures[active], strength, norm)
    return best, fooled


def _start(pictures: np.ndarray, strength: float, norm: str, random: np.random.Generator) -> np.ndarray:
    if norm == "linf":
        change = random.uniform(-strength, strength, pictures.shape)
    else:
        change = random.normal(size=pictures.shape)
        numbers = int(np.prod(pictures.shape[1:]))
        radius = strength * random.random((len(pictures), 1, 1, 1)) ** (1 / numbers)
        change *= radius / np.maximum(_length(change), TINY)
    return np.clip(pictures + change, 0, 1).astype(np.float32)


def _direction(gradient: np.ndarray, norm: str) -> np.ndarray:
    return np.sign(gradient) if norm == "linf" else gradient / np.maximum(_length(gradient), TINY)


def _projected(changed: np.ndarray, pictures: np.ndarray, strength: float, norm: str) -> np.ndarray:
    """The nearest point of the ball, within the range of a pixel."""
    change = changed - pictures
    if norm == "linf":
        change = np.clip(change, -strength, strength)
    else:
        change *= np.minimum(1.0, strength / np.maximum(_length(change), TINY))
    return np.clip(pictures + change, 0, 1).astype(np.float32)


def _length(values: np.ndarray) -> np.ndarray:
    """(k, H, W, C) -> (k, 1, 1, 1) Euclidean length."""
    return np.sqrt(np.square(values, dtype=np.float64).sum(axis=(1, 2, 3), keepdims=True))
