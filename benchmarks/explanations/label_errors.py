"""Wrong labels found again: 5 % of MNIST's labels flipped, ranked by confident learning here and by cleanlab.

    pip install cleanlab
    ZOO_MIRROR=... python -m benchmarks.explanations.label_errors    # about a quarter of an hour on two cores

It writes results/label_errors.json. Of the first 10,000 training pictures of MNIST a twentieth gets another label,
drawn at random, with `SEEDS` seeds. Probabilities of every row come from the fully connected network of MNIST's recipe,
trained in five folds on the others for a few epochs, without augmentation; both rankings see the same ones. Precision
is the share of really flipped labels among the worst rows, as many as were flipped. The way of ranking was settled with
another seed (`TUNING`), before.
"""

import argparse
from dataclasses import replace
from typing import Any

import numpy as np

import zoo
from zoo.records import write_record
from zoo.report.label_errors import label_errors
from zoo.samples import Samples
from zoo.tasks import recipe_for
from zoo.tasks.cross_validation import out_of_fold_predictions
from zoo.terminal import import_frameworks

SEEDS, TUNING = (1, 2, 3), (100,)
PICTURES, FLIPPED, FOLDS, EPOCHS = 10_000, 0.05, 5, 6
ENTRY = "image_mlp"
QUALITIES = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")  # of cleanlab


def flipped(labels: np.ndarray, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(labels of which a share are another class, which of them)."""
    random = np.random.default_rng(seed)
    wrong = np.zeros(len(labels), bool)
    wrong[random.permutation(len(labels))[: round(FLIPPED * len(labels))]] = True
    moved = (labels + random.integers(1, classes, len(labels))) % classes
    return np.where(wrong, moved, labels).astype(labels.dtype), wrong


def probabilities(dataset: Any, samples: Samples, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(n, classes) by models that were not trained on the row, and the rows' numbers in that order."""
    recipe = recipe_for(dataset, ENTRY, data="mnist", options={}, changes={"epochs": EPOCHS})
    recipe = replace(recipe, epochs=EPOCHS, augmentation=None)
    numbered = replace(samples, groups={"row": np.arange(len(samples)).astype(str)})
    found, rows = out_of_fold_predictions(
        lambda: zoo.create_model(ENTRY, **recipe.config), numbered, recipe, folds=FOLDS, seed=seed, tell=print
    )
    return found["label"], rows.groups["row"].astype(int)


def measured(dataset: Any, seed: int, keep: str | None = None) -> dict[str, Any]:
    """Precision at the number flipped of both, and how many rows each suspects with which precision."""
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    samples = dataset.train.take(np.arange(PICTURES))
    labels, wrong = flipped(samples.targets["label"], 10, seed)
    shares, order = probabilities(dataset, replace(samples, targets={"label": labels}), seed)
    labels, wrong, count = labels[order], wrong[order], int(wrong.sum())
    if keep:
        np.savez(f"{keep}/{seed}.npz", labels=labels, shares=shares, wrong=wrong)
    ours = label_errors(labels, shares, dataset.targets["label"].labels)
    suspected = np.array([each.row for each in ours.suspected])
    found = {
        "flipped": count,
        "accuracy_on_true_labels": float((shares.argmax(axis=1) == samples.targets["label"][order]).mean()),
        "zoo": float(wrong[ours.ranking[:count]].mean()),
        "zoo_suspected": {"rows": len(suspected), "precision": float(wrong[suspected].mean()),
                          "recall": float(wrong[suspected].sum() / count)},
        "zoo_estimated_share": ours.share,
    }  # fmt: skip
    for quality in QUALITIES:
        scores = get_label_quality_scores(labels, shares.astype(np.float64), method=quality)
        found[f"cleanlab_{quality}"] = float(wrong[np.argsort(scores, kind="stable")[:count]].mean())
    issues = find_label_issues(labels, shares.astype(np.float64), return_indices_ranked_by="self_confidence")
    found["cleanlab_suspected"] = {
        "rows": len(issues),
        "precision": float(wrong[issues].mean()),
        "recall": float(wrong[issues].sum() / count),
    }
    print(seed, found, flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tuning", metavar="DIR", help="the seeds by which the ranking was settled, kept there")
    parsed = parser.parse_args()
    import_frameworks()
    import cleanlab

    dataset = zoo.load_dataset("mnist", seed=0)
    if parsed.tuning:
        for seed in TUNING:
            measured(dataset, seed, parsed.tuning)
        return
    found = {str(seed): measured(dataset, seed) for seed in SEEDS}
    ways = ["zoo", *(f"cleanlab_{quality}" for quality in QUALITIES)]
    figures = {
        "pictures": PICTURES,
        "flipped_share": FLIPPED,
        "folds": FOLDS,
        "epochs": EPOCHS,
        "cleanlab": cleanlab.__version__,
        "seeds": found,
        "mean": {way: float(np.mean([each[way] for each in found.values()])) for way in ways},
    }
    print(figures["mean"])
    write_record(
        "results/label_errors.json", figures, command="python -m benchmarks.explanations.label_errors", seed=list(SEEDS)
    )


if __name__ == "__main__":
    main()
