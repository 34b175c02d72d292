"""From pictures with classes to pairs that show the same or not, of classes that stand in one split alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from zoo.datasets.checks import require_seed
from zoo.datasets.splits import SHARES, SPLITS
from zoo.datasets.table import Table
from zoo.errors import DataError
from zoo.samples import Target

SIDES = ("left", "right")
SAME = "same"
LABELS = ("different", SAME)
COUNTS = (6_000, 1_000, 2_000)  # pairs that are drawn, half of them the same
LEAST_OF_SPLIT = 2  # classes, so that pairs can differ
LEAST_CLASSES = LEAST_OF_SPLIT * len(SPLITS)
ROUNDS = 30  # of drawing, after which fewer pairs are enough
# As the networks of the MobileNet, Inception and Xception families were trained; other encoders take any scale.
PREPROCESSING = {
    "crop": 1.0,
    "interpolation": "bilinear",
    "colour": "rgb",
    "scale": 1 / 127.5,
    "mean": (1.0, 1.0, 1.0),
    "std": (1.0, 1.0, 1.0),
}


@dataclass(frozen=True)
class Pairs:
    """Places of pictures (n,), (n,), and whether both show the same (n,) bool."""

    left: np.ndarray
    right: np.ndarray
    same: np.ndarray

    def frame(self, pictures: Sequence[Any], labels: Sequence[str] = LABELS) -> pd.DataFrame:
        """The rows of these pairs."""
        sides = {
            side: pd.Series([pictures[place] for place in places], dtype=object)
            for side, places in zip(SIDES, (self.left, self.right), strict=True)
        }
        return pd.DataFrame({**sides, SAME: [labels[int(each)] for each in self.same]})


def split_classes(names: Sequence[Any], *, seed: int, what: str = "classes") -> dict[Any, str]:
    """Class -> "train", "validation" or "test", 70:10:20 of the classes at random, at least two in each.

    Raises `DataError` for fewer than six classes.
    """
    found = sorted(set(names))
    if len(found) < LEAST_CLASSES:
        raise DataError(
            f"Pairs of {what} that were never seen need at least {LEAST_CLASSES} {what}, two each to train on, to "
            f"validate and to test; received {len(found)}."
        )
    order = np.random.default_rng(require_seed(seed)).permutation(len(found))
    held = [max(LEAST_OF_SPLIT, round(share * len(found))) for share in SHARES[1:]]
    counts = (len(found) - sum(held), *held)
    split = np.repeat(SPLITS, counts)
    return {found[place]: str(name) for place, name in zip(order, split, strict=True)}


def all_pairs(classes: np.ndarray) -> Pairs:
    """Every pair of pictures once."""
    left, right = np.triu_indices(len(classes), 1)
    return Pairs(left, right, classes[left] == classes[right])


def draw_pairs(classes: np.ndarray, count: int, *, seed: int, within: np.ndarray | None = None) -> Pairs:
    """About `count` different pairs at random, half of them of one class, so that each class hangs together.

    within  (n,) what both pictures of a pair must have in common: an alphabet, a scene.
    """
    random = np.random.default_rng(require_seed(seed))
    codes = np.unique(classes, return_inverse=True)[1]
    around = np.zeros(len(codes), int) if within is None else np.unique(within, return_inverse=True)[1]
    chain = {pair for members in _members(codes) for pair in _neighbours(random.permutation(members))}
    of_class, of_group = _chooser(codes, random), _chooser(around, random)
    half = max(count // 2, len(chain))
    same = _drawn(len(codes), half, random, of_class, lambda one, other: one != other, chain)
    apart = _drawn(len(codes), len(same), random, of_group, lambda one, other: codes[one] != codes[other], set())
    pairs = [*same, *apart]
    labels = np.arange(len(pairs)) < len(same)
    order = random.permutation(len(pairs))
    sides = np.array(pairs, dtype=int).reshape(-1, 2)[order]
    turned = random.random(len(order)) < 0.5
    sides[turned] = sides[turned][:, ::-1]
    return Pairs(sides[:, 0], sides[:, 1], labels[order])


def _members(codes: np.ndarray) -> list[np.ndarray]:
    return [np.flatnonzero(codes == code) for code in range(int(codes.max(initial=-1)) + 1)]


def _neighbours(members: np.ndarray) -> list[tuple[int, int]]:
    return [(min(pair), max(pair)) for pair in zip(members[:-1].tolist(), members[1:].tolist(), strict=True)]


def _chooser(codes: np.ndarray, random: np.random.Generator) -> Callable[[np.ndarray], np.ndarray]:
    """Places (k,) -> for each another place of the same code, or itself."""
    order = np.argsort(codes, kind="stable")
    counts = np.bincount(codes)
    starts = np.cumsum(counts) - counts

    def choose(places: np.ndarray) -> np.ndarray:
        own = codes[places]
        return np.asarray(order[starts[own] + (random.random(len(places)) * counts[own]).astype(int)])

    return choose


def _drawn(
    count: int,
    wanted: int,
    random: np.random.Generator,
    choose: Callable[[np.ndarray], np.ndarray],
    fits: Callable[[np.ndarray, np.ndarray], Any],
    begun: set[tuple[int, int]],
) -> list[tuple[int, int]]:
    """Pairs of places, each once: those begun with and others that fit, until there are enough."""
    found = dict.fromkeys(sorted(begun))
    for _ in range(ROUNDS):
        if len(found) >= wanted:
            break
        one = random.integers(0, count, max(wanted, 64))
        other = choose(one)
        good = fits(one, other)
        ends = np.sort(np.stack([one[good], other[good]], axis=1), axis=1)
        for pair in map(tuple, ends.tolist()):
            if len(found) < wanted:
                found.setdefault(pair)
    return list(found)


def require_apart(splits: Mapping[str, Sequence[Any]], what: str) -> None:
    """Raise `DataError` for a class, or a picture, of which two splits have pairs."""
    first: dict[Any, str] = {}
    for split, found in splits.items():
        for each in found:
            if first.setdefault(each, split) != split:
                raise DataError(
                    f"The {what} '{str(each)[-80:]}' stands in the splits {first[each]} and {split}: a model would be "
                    "judged on what it has seen. Each must stand in one split alone."
                )


def pairs_table(
    name: str,
    frames: Mapping[str, pd.DataFrame],
    *,
    size: int | Sequence[int],
    channels: int | None,
    preprocessing: Mapping[str, Any] | None = None,
    labels: Sequence[str] = LABELS,
    card: Mapping[str, Any],
) -> Table:
    """A table of pairs, of which every split must have some that are the same and some that are not."""
    for split, frame in frames.items():
        missing = [label for label in labels if not (frame[SAME] == label).any()]
        if missing:
            raise DataError(f"'{name}' has no pair '{missing[0]}' in the {split} split.")
    side = size if isinstance(size, int) else max(size)
    pixels = {"size": side, **PREPROCESSING, **(preprocessing or {})}
    return Table(
        name,
        frames["train"],
        frames["validation"],
        frames["test"],
        targets={SAME: Target("binary", tuple(labels))},
        columns={
            "types": dict.fromkeys(SIDES, "picture"),
            "options": {SIDES[0]: {"size": size, "channels": channels, "preprocessing": pixels}},
            "shared": (SIDES,),
        },
        unit="pairs",
        card={**card, "sizes": {split: len(frame) for split, frame in frames.items()}},
    )


def resized(pictures: np.ndarray, size: int | Sequence[int], channels: int) -> list[np.ndarray]:
    """(n, H, W) uint8 grey -> arrays (height, width, channels) as a column of that size takes them as they are."""
    from zoo.pictures.pixels import covered

    height, width = (size, size) if isinstance(size, int) else size
    small = [covered(each, height, width) if each.shape != (height, width) else each for each in pictures]
    return [np.repeat(np.asarray(each, np.uint8)[..., None], channels, axis=-1) for each in small]
