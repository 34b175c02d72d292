"""A 2.5-D detector: candidates of the matched filter, judged by a network on three orthogonal slices through each.

Roth et al. 2014, "A new 2.5D representation for lymph node detection using random sets of deep convolutional neural
network observations", in small.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

SIDE_2D = 16  # pixels of the three slices through a candidate


def found_by_slices(seed: int, dataset: Any, test: Sequence[Any]) -> tuple[list[list[Any]], float]:
    """What is found in each test volume, and the seconds of the training and its candidates."""
    import keras

    from zoo.datasets.volumes.phantom import filtered, phantoms
    from zoo.samples import Samples, Target
    from zoo.training import Head, Optimiser, Recipe, fit

    parts = [
        phantoms(len(part), seed=10 * seed + n)
        for n, part in enumerate((dataset.table.train, dataset.table.validation))
    ]
    start = time.perf_counter()
    splits = []
    for number, part in enumerate(parts):
        candidates = filtered(part, vessels_known=False)
        patches, labels = patches_of(part, candidates, [each.nodes for each in part], turns=4 if number == 0 else 1)
        splits.append(Samples({"slices": patches}, {"node": labels}))
    keras.utils.set_random_seed(seed)
    x = image = keras.Input((SIDE_2D, SIDE_2D, 3), name="slices")
    for stage, width in enumerate((16, 32, 64), start=1):
        x = keras.layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"conv{stage}")(x)
        x = keras.layers.ReLU(name=f"relu{stage}")(keras.layers.BatchNormalization(name=f"bn{stage}")(x))
        x = keras.layers.MaxPooling2D(2, name=f"pool{stage}")(x)
    x = keras.layers.Dropout(0.3, name="dropout")(keras.layers.Flatten(name="flat")(x))
    model = keras.Model([image], {"node": keras.layers.Dense(1, activation="sigmoid", name="node")(x)})
    optimiser = Optimiser("adamw", learning_rate=2e-3, weight_decay=1e-2, schedule="one_cycle")
    recipe = Recipe({"node": Head(Target("binary", ("no", "yes")))}, epochs=8, batch_size=64, optimiser=optimiser)
    fit(model, *splits, recipe, seed=seed)
    seconds = time.perf_counter() - start
    candidates = filtered(test, vessels_known=False)
    patches, _ = patches_of(test, candidates, [each.nodes for each in test], turns=1)
    scores = iter(np.asarray(model.predict_on_batch({"slices": patches})["node"])[:, 0].tolist())
    found = [[replace(each, score=next(scores)) for each in part] for part in candidates]
    return found, seconds


def patches_of(
    volumes: Sequence[Any], candidates: Sequence[Any], known: Sequence[Any], *, turns: int
) -> tuple[Any, Any]:
    """(n, 16, 16, 3) slices through each candidate, in `turns` orders of the axes, and whether it is a node (n,)."""
    from zoo.structures.froc import ALARM, matched

    patches, labels, half = [], [], SIDE_2D // 2
    orders = [(0, 1, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)][:turns]
    for each, found, truths in zip(volumes, candidates, known, strict=True):
        padded = np.pad(each.volume, half)
        for one, outcome in zip(found, matched(found, truths), strict=True):
            low = np.rint(one.centre).astype(int)
            cube = padded[tuple(slice(at, at + SIDE_2D) for at in low)]
            for order in orders:
                turned = cube.transpose(order)
                patches.append(np.stack([turned[half], turned[:, half], turned[:, :, half]], axis=-1))
                labels.append(int(outcome != ALARM))
    return np.stack(patches).astype(np.float32), np.array(labels, np.int32)
