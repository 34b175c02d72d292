"""Faces of 30 people, ten each: the same person or not, of people never seen. Samaria and Harter 1994.

Real people: the pictures are for figures alone, and none is to be shown.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zoo.artifacts import fetch
from zoo.datasets.checks import require_count, require_seed
from zoo.datasets.image_pairs.build import COUNTS, all_pairs, draw_pairs, pairs_table, resized, split_classes
from zoo.datasets.splits import SPLITS
from zoo.datasets.table import Table
from zoo.errors import ConfigError

FOLDS = 10
SIZE = (40, 32)  # height and width; the pictures' own are 112 and 92


def orl(
    *,
    size: int | Sequence[int] = SIZE,
    channels: int = 1,
    preprocessing: Mapping[str, Any] | None = None,
    fold: int | None = None,
    seed: int = 0,
) -> Table:
    """Pairs of faces: of 21 people to train on, of 3 to validate and of 6 to test.

    With a `fold` from 0 to 9 three people are the test and the next three validation, so that ten trainings judge each
    person once. Every pair of pictures of the people of validation and of the test is there; those to train on are
    drawn, half of them of one person.
    """
    with np.load(fetch("orl.sample")) as stored:
        faces, people = stored["x"], stored["person"].astype(int)
    pictures = resized(faces, size, channels)
    split_of = (
        _fold(people, fold, seed) if fold is not None else split_classes(people.tolist(), seed=seed, what="people")
    )
    frames = {}
    for split in SPLITS:
        inside = np.flatnonzero([split_of[person] == split for person in people.tolist()])
        own = people[inside]
        pairs = draw_pairs(own, COUNTS[0], seed=seed) if split == "train" else all_pairs(own)
        frames[split] = pairs.frame([pictures[place] for place in inside])
    return pairs_table(
        "orl",
        frames,
        size=size,
        channels=channels,
        preprocessing=preprocessing,
        card={
            "source": "Samaria and Harter 1994, AT&T Laboratories Cambridge, 30 of 40 people",
            "licence": "free, give credit to AT&T Laboratories Cambridge",
            "split": "by person" if fold is None else f"by person, fold {fold} of {FOLDS}",
            "people": {split: sorted(each for each, its in split_of.items() if its == split) for split in SPLITS},
            "seed": seed,
        },
    )


def _fold(people: np.ndarray, fold: int, seed: int) -> dict[int, str]:
    if require_count("fold", fold, least=0) >= FOLDS:
        raise ConfigError(f"'fold' must be a whole number from 0 to {FOLDS - 1}; received {fold!r}.")
    order = np.random.default_rng(require_seed(seed)).permutation(np.unique(people))
    found = dict.fromkeys(order.tolist(), "train")
    found |= dict.fromkeys(order[(fold + 1) % FOLDS :: FOLDS].tolist(), "validation")
    return found | dict.fromkeys(order[fold::FOLDS].tolist(), "test")
