"""Five folds of GTZAN's sample, and networks that are trained on them."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.grouped_folds import SEED, Rows, grouped_folds
from benchmarks.seeds import spread

CHOSEN, TEST = 1, 2  # places of a fold's rows


def folds() -> list[Rows]:
    """Rows to train on, to choose by and to test on; copies of a track stand in one part."""
    from zoo.datasets.sounds.genres import read_pictures, repeated

    pictures, labels, *_ = read_pictures()
    return grouped_folds(labels, repeated(pictures))


def trained(
    build: Callable[[], Any], inputs: dict[str, Any], settings: dict[str, Any], fields: dict[str, Any]
) -> dict[str, Any]:
    """Five folds of a network on these inputs, judged on the rows of `TEST`; `fields` are others of its recipe."""
    import keras

    from zoo.datasets.sounds.genres import read_pictures
    from zoo.samples import Samples, Target
    from zoo.training import Head, Optimiser, Recipe, fit

    _, labels, _, names = read_pictures()
    more = dict(fields)
    if "learning_rate" in settings:
        more["optimiser"] = Optimiser(
            "adamw",
            learning_rate=settings["learning_rate"],
            schedule="one_cycle",
            weight_decay=settings["weight_decay"],
        )
    recipe = Recipe(
        {"genre": Head(Target("classification", tuple(names)))},
        epochs=settings["epochs"],
        batch_size=settings["batch_size"],
        **more,
    )
    samples = Samples(inputs, {"genre": labels.astype("int32")})
    scores, notes, start = [], [], time.perf_counter()
    for fold, rows in enumerate(folds()):
        keras.utils.set_random_seed(SEED + fold)
        model = build()
        notes += fit(model, samples.take(rows[0]), samples.take(rows[CHOSEN]), recipe, seed=SEED + fold).notes
        test = rows[TEST]
        tested = samples.take(test)
        found = [
            np.asarray(model.predict_on_batch({name: each[part] for name, each in tested.inputs.items()})["genre"])
            for part in np.array_split(np.arange(len(test)), 4)
        ]
        scores.append(float((np.concatenate(found).argmax(axis=1) == labels[test]).mean()))
        print(f"fold {fold + 1}: {scores[-1]:.3f}, {time.perf_counter() - start:.0f} s", flush=True)
    told = {"notes": notes} if notes else {"settings": settings}
    return {**spread(scores), **told, "seconds": time.perf_counter() - start}
