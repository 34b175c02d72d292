"""Attacks that change a few pixels as much as they like: single pixels, without a gradient, and a square patch."""

import numpy as np

from zoo.robustness.classifier import Classifier
from zoo.robustness.gradient_attacks import Found

POPULATION, GENERATIONS = 100, 30
MUTATION = 0.5
PATCH_STEPS, PATCH_STEP = 40, 0.1


def one_pixel(
    classifier: Classifier,
    rows: np.ndarray,
    labels: np.ndarray,
    strength: float,
    seed: int,
    *,
    population: int = POPULATION,
    generations: int = GENERATIONS,
) -> Found:
    """So many pixels of any colours at any places, by differential evolution on the label's probability (Su et al.
    2019, there with a population of 400 and 100 generations). Needs no gradient; takes a picture at a time."""
    random = np.random.default_rng(seed)
    found = classifier.pictures[rows].copy()
    fooled = np.zeros(len(rows), bool)
    for place, (row, label) in enumerate(zip(rows, labels, strict=True)):
        picture = classifier.pictures[row]
        genes = random.random((population, int(strength), 2 + picture.shape[-1]))
        values = _of_label(classifier, _painted(picture, genes), row, label)
        for _ in range(generations):
            best = int(values[:, 0].argmin())
            if values[best, 1]:
                break
            chosen = np.argsort(random.random((population, population)), axis=1)[:, :3]
            one, two, three = (genes[chosen[:, each]] for each in range(3))
            children = np.clip(one + MUTATION * (two - three), 0, 1)
            fresh = _of_label(classifier, _painted(picture, children), row, label)
            better = fresh[:, 0] <= values[:, 0]
            genes[better], values[better] = children[better], fresh[better]
        best = int(np.lexsort((values[:, 0], -values[:, 1]))[0])
        found[place], fooled[place] = _painted(picture, genes[[best]])[0], bool(values[best, 1])
    return found, fooled


def _painted(picture: np.ndarray, genes: np.ndarray) -> np.ndarray:
    """(H, W, C) and (p, pixels, 2 + C) numbers from 0 to 1 -> (p, H, W, C): row, column and colour of each pixel."""
    height, width, _ = picture.shape
    found = np.repeat(picture[None], len(genes), axis=0)
    lines = np.minimum((genes[..., 0] * height).astype(int), height - 1)
    columns = np.minimum((genes[..., 1] * width).astype(int), width - 1)
    found[np.arange(len(genes))[:, None], lines, columns] = genes[..., 2:]
    return found


def _of_label(classifier: Classifier, pictures: np.ndarray, row: int, label: int) -> np.ndarray:
    """(p, 2): log probability of the label, and whether something else is predicted."""
    scores = classifier.scores(pictures, np.full(len(pictures), row))
    return np.stack([scores[:, label], classifier.decided(scores) != label], axis=1)


def patch(
    classifier: Classifier,
    rows: np.ndarray,
    labels: np.ndarray,
    strength: float,
    seed: int,
    *,
    steps: int = PATCH_STEPS,
) -> Found:
    """A square that covers this share of the picture, where the gradient is largest, its pixels found by sign steps
    from noise (as LaVAN, Karmon et al. 2018; one for each picture, not one for all)."""
    random = np.random.default_rng(seed)
    pictures = classifier.pictures[rows]
    height, width = pictures.shape[1:3]
    side = max(1, min(height, width, round((strength * height * width) ** 0.5)))
    _, gradient = classifier.gradient(pictures, rows, labels)
    mask = _masks(np.abs(gradient).sum(axis=-1), side)
    changed = np.where(mask, random.random(pictures.shape), pictures).astype(np.float32)
    best, fooled = changed.copy(), np.zeros(len(rows), bool)
    active = np.arange(len(rows))
    for step in range(steps + 1):
        scores, gradient = classifier.gradient(changed, rows[active], labels[active])
        wrong = classifier.decided(scores) != labels[active]
        best[active], fooled[active] = changed, wrong
        active, changed, gradient = active[~wrong], changed[~wrong], gradient[~wrong]
        if not len(active):
            break
        size = PATCH_STEP * (1 - step / (steps + 1))
        moved = np.clip(changed + size * np.sign(gradient), 0, 1)
        changed = np.where(mask[active], moved, changed).astype(np.float32)
    return best, fooled


def _masks(weights: np.ndarray, side: int) -> np.ndarray:
    """(k, H, W) -> (k, H, W, 1) bool: the square of this side that holds most of each."""
    sums = np.pad(weights.cumsum(axis=1, dtype=np.float64).cumsum(axis=2), ((0, 0), (1, 0), (1, 0)))
    inside = sums[:, side:, side:] - sums[:, :-side, side:] - sums[:, side:, :-side] + sums[:, :-side, :-side]
    found = np.zeros((*weights.shape, 1), bool)
    for each, place in enumerate(inside.reshape(len(weights), -1).argmax(axis=1)):
        line, column = divmod(int(place), inside.shape[2])
        found[each, line : line + side, column : column + side] = True
    return found
