"""Losses whose sizes differ a thousandfold: what each way of balancing them makes of it.

    python -m benchmarks.training.balancing     # about 25 minutes on two cores; writes results/balancing.json

The generated posts, with the age in weeks: its squared error is 2,723 times that in years. Every output is trained
alone, then all together: unweighted, with fixed weights (one over the loss of the constant answer), with learnt
uncertainties, and with equal gradients. Scores are shares of the gap from the constant answer to the Bayes limit that
are closed on the test split.
"""

import argparse
import statistics
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from zoo.create import create_model
from zoo.datasets.dataset import Dataset
from zoo.metrics import score
from zoo.records import write_record
from zoo.tasks import load_dataset, recipe_for
from zoo.training import Head, Recipe, fit, predict
from zoo.training.output_layers.prior import prior_losses

MODEL = "author_profile_small"


def gaps(data: Dataset, chosen: Recipe, seed: int) -> dict[str, float]:
    """Train by `chosen`; output -> share of the gap closed on the test split, by its headline metric."""
    keras.utils.set_random_seed(seed)
    model = create_model(MODEL, **{**chosen.config, "targets": list(chosen.heads)})
    fit(model, _only(data.train, chosen), _only(data.validation, chosen), chosen, seed=seed)
    answers = predict(model, data.test, chosen.heads, trim_padding=True)
    found = {}
    for name, head in chosen.heads.items():
        metric = head.metrics[0]
        labels = data.test.targets[name]
        constant = head.prior(data.train.targets[name])
        shape = (len(labels), len(constant)) if head.target.kind == "classification" else (len(labels),)
        majority = score(metric, labels, np.broadcast_to(constant, shape))
        reached, limit = score(metric, labels, answers[name]), data.limits[name][metric]
        found[name] = (reached - majority) / (limit - majority)
    return found


def _only(samples: Any, chosen: Recipe) -> Any:
    return replace(samples, targets={name: samples.targets[name] for name in chosen.heads})


def reweighted(chosen: Recipe, weights: dict[str, float], **changes: Any) -> Recipe:
    """The recipe with other static weights."""
    heads = {name: replace(head, weight=weights[name]) for name, head in chosen.heads.items()}
    return replace(chosen, heads=heads, **changes)


def one_seed(seed: int) -> dict[str, dict[str, float]]:
    """Method -> output -> share of the gap closed."""
    options = {"seed": seed, "age_unit": "weeks"}
    data = load_dataset("posts", **options)
    chosen = recipe_for(data, MODEL, data="posts", options=options)
    priors = {name: head.prior(data.train.targets[name]) for name, head in chosen.heads.items()}
    sizes = prior_losses(chosen.heads, priors, data.train)
    ones = dict.fromkeys(chosen.heads, 1.0)
    methods = {
        "unweighted": reweighted(chosen, ones, balance="static"),
        "static": reweighted(chosen, {name: 1.0 / size for name, size in sizes.items()}, balance="static"),
        "uncertainty": replace(chosen, balance="uncertainty"),
        "gradnorm": replace(chosen, balance="gradnorm"),
    }
    found = {"alone": {}}
    for name in chosen.heads:
        single: dict[str, Head] = {name: replace(chosen.heads[name], weight=1.0)}
        found["alone"] |= gaps(data, replace(chosen, heads=single, balance="static"), seed)
        print(seed, "alone", found["alone"], flush=True)
    for method, its_recipe in methods.items():
        found[method] = gaps(data, its_recipe, seed)
        print(seed, method, found[method], flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    runs = [one_seed(seed) for seed in range(arguments.seeds)]
    means = {method: statistics.mean(statistics.mean(run[method].values()) for run in runs) for method in runs[0]}
    by_output = {
        method: {name: statistics.mean(run[method][name] for run in runs) for name in runs[0][method]}
        for method in runs[0]
    }
    figures = {
        "mean_gap_closed": means,
        "gap_closed": by_output,
        "points_below_alone": {method: 100 * (means["alone"] - mean) for method, mean in means.items()},
        "runs": runs,
    }
    print(means)
    command = f"python -m benchmarks.training.balancing --seeds {arguments.seeds}"
    write_record("results/balancing.json", figures, command=command, seed=list(range(arguments.seeds)))


if __name__ == "__main__":
    main()
