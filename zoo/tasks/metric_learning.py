"""Train the encoder of pairs by distances or classes first, and then the unit that verifies pairs.

Who is who is read off the pairs: pictures that pairs of the same link are of one person or thing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.datasets.image_pairs.build import SAME, SIDES
from zoo.datasets.image_pairs.links import Links, person_of
from zoo.errors import DataError
from zoo.lazy_array import LazyArray, take
from zoo.models.metric_learning import (
    CLASS,
    CLASSES,
    CONTRASTIVE,
    NEARER,
    TRIPLET,
    TRIPLETS,
    class_network,
    distance_network,
    triplet_network,
)
from zoo.samples import Samples, Target
from zoo.training import Head, Optimiser, Recipe, Run, fit
from zoo.training.fine_tuning.fine_tune import AS_FROZEN, FineTune

VERIFICATION = {"epochs": 12, "batch_size": 64, "optimiser": Optimiser("adam", learning_rate=0.1, schedule="one_cycle")}
VERIFIED_ON = 1_000  # pairs: a unit of few weights learns no more of others
HELD_OUT = 20  # of so many pictures of a class one is watched; it is trained on too


def fit_encoder(
    encoder: keras.Model, train: Samples, validation: Samples, recipe: Recipe, objective: str, **options: Any
) -> Run:
    """Train an encoder of vectors of length 1 by the `objective`, on what pairs tell."""
    seed = options.get("seed", 0)
    if objective == CONTRASTIVE:
        head = Head(recipe.heads[SAME].target, loss=CONTRASTIVE, metrics=("auc",))
        network = distance_network(encoder, SIDES, SAME)
        return fit(network, train, validation, _recipe(recipe, {SAME: head}), **options)
    if objective == TRIPLET:
        head = Head(Target("binary", ("further", "nearer")), loss=TRIPLET, metrics=("accuracy",))
        triplets, held_out = (triplets_of(split, seed) for split in (train, validation))
        return fit(triplet_network(encoder), triplets, held_out, _recipe(recipe, {NEARER: head}), **options)
    assert objective == CLASSES
    pictures, labels = pictures_of(train)
    head = Head(Target("classification", tuple(labels)), metrics=("accuracy",))
    places = np.arange(len(pictures)) % HELD_OUT == 0
    most, few = (pictures.take(np.flatnonzero(rows)) for rows in (~places, places))
    told = replace(_recipe(recipe, {CLASS: head}), refit=True)
    return fit(class_network(encoder, len(labels)), most, few, told, **options)


def _recipe(recipe: Recipe, heads: Mapping[str, Head]) -> Recipe:
    return replace(recipe, heads=heads, balance="static", start_at_prior=False, patience=None)


def fit_verification(
    model: keras.Model, train: Samples, validation: Samples, recipe: Recipe, encoder: keras.Model, **options: Any
) -> Run:
    """Train what compares the features of an encoder that stands still."""
    rows = np.random.default_rng(options.get("seed", 0)).permutation(len(train))[:VERIFIED_ON]
    trainable = {id(layer): layer.trainable for layer in encoder.layers}
    encoder.trainable = False
    try:
        tune = FineTune(AS_FROZEN, standardise=False)
        changes: dict[str, Any] = {**VERIFICATION, "augmentation": None, "fine_tune": tune}
        return fit(model, train.take(np.sort(rows)), validation, replace(recipe, **changes), **options)
    finally:
        encoder.trainable = True
        for layer in encoder.layers:
            layer.trainable = trainable[id(layer)]


def keys_of(pictures: Any) -> list[str]:
    """A hash for each row of pictures, the same for the same picture."""
    if isinstance(pictures, LazyArray) and not isinstance(pictures.items, np.ndarray):
        known: dict[str, str] = {}
        return [
            known.setdefault(item, pictures.identity(item)) if isinstance(item, str) else pictures.identity(item)
            for item in pictures.items
        ]
    items = pictures.items if isinstance(pictures, LazyArray) else pictures
    return [str(hash(np.ascontiguousarray(item).tobytes())) for item in items]


def _read(samples: Samples) -> tuple[Any, list[str], dict[str, str]]:
    """All left pictures and then all right ones, their keys, and key -> person."""
    left, right = (samples.inputs[side] for side in SIDES)
    if isinstance(left, LazyArray) and isinstance(right, LazyArray):  # of columns that share what they learnt
        whole = isinstance(left.items, np.ndarray) and isinstance(right.items, np.ndarray)
        items = np.concatenate([left.items, right.items]) if whole else [*left.items, *right.items]
        pictures: Any = left.with_items(items)
    else:
        pictures = np.concatenate([left, right])
    keys, count = keys_of(pictures), len(samples)
    return pictures, keys, person_of(Links.of(keys[:count], keys[count:], samples.targets[SAME] == 1))


def pictures_of(samples: Samples) -> tuple[Samples, Sequence[str]]:
    """Pairs -> every picture once, with the person or thing that it is of; and their names, in order of their numbers.

    Those of whom there is one picture alone are left out. Raises `DataError` for fewer than two others.
    """
    pictures, keys, people = _read(samples)
    first = {key: row for row, key in reversed(list(enumerate(keys)))}
    counts: dict[str, int] = {}
    for key in first:
        counts[people[key]] = counts.get(people[key], 0) + 1
    rows = sorted(row for key, row in first.items() if counts[people[key]] > 1)
    names = list(dict.fromkeys(people[keys[row]] for row in rows))
    if len(names) < 2:
        raise DataError(
            "To learn classes, pairs must be of at least two people or things with two pictures; received "
            f"{len(names)}."
        )
    place = {name: number for number, name in enumerate(names)}
    labels = np.array([place[people[keys[row]]] for row in rows], dtype=np.int32)
    width = len(str(len(names)))
    return Samples({"image": take(pictures, np.array(rows))}, {CLASS: labels}), [
        f"{number:0{width}d}" for number in range(len(names))
    ]


def triplets_of(samples: Samples, seed: int = 0) -> Samples:
    """Pairs -> for each pair of the same, both ways round, a picture of somebody who is said to differ from them.

    Raises `DataError` where there is none.
    """
    pictures, keys, people = _read(samples)
    count, random = len(samples), np.random.default_rng([seed, 3])
    rows_of: dict[str, list[int]] = {}
    for row, key in enumerate(keys):
        rows_of.setdefault(people[key], []).append(row)
    others: dict[str, list[str]] = {}
    for row in np.flatnonzero(samples.targets[SAME] == 0).tolist():
        one, other = people[keys[row]], people[keys[row + count]]
        others.setdefault(one, []).append(other)
        others.setdefault(other, []).append(one)
    found: list[tuple[int, int, int]] = []
    for row in np.flatnonzero(samples.targets[SAME] == 1).tolist():
        for anchor, positive in ((row, row + count), (row + count, row)):
            if far := others.get(people[keys[anchor]]):
                choice = rows_of[far[int(random.integers(len(far)))]]
                found.append((anchor, positive, choice[int(random.integers(len(choice)))]))
    if not found:
        raise DataError(
            "Triplets need people or things with a pair of the same and a pair that differs; there are none."
        )
    places = np.array(found)
    inputs = {name: take(pictures, places[:, side]) for side, name in enumerate(TRIPLETS)}
    return Samples(inputs, {NEARER: np.ones(len(places), np.int32)})


def folder_of(folder: Path | str | None, part: str) -> Path | None:
    """Where a part of a training stands in the folder of a run."""
    return None if folder is None else Path(folder) / part
