"""Scores of the models that compare two texts, on the official splits, over several seeds.

    python -m benchmarks.texts.pairs sick      # writes results/pairs_sick.json
    python -m benchmarks.texts.pairs sts-b     # writes results/pairs_sts-b.json

The recipes' choices were made on the validation splits; the test split is read once a seed, here. Finished runs in the
folder are judged anew, not trained again.
"""

import argparse
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.records import write_record

MODELS: Mapping[str, tuple[str, Mapping[str, Any]]] = {  # title -> entry, and options beside its recipe's
    "text_similarity, side by side": ("text_similarity", {"comparison": "concatenate"}),  # the book's, to the letter
    "text_similarity": ("text_similarity", {}),
    "text_similarity_manhattan": ("text_similarity_manhattan", {}),
    "text_similarity_aligned": ("text_similarity_aligned", {}),
}
RUN = {"sick": tuple(MODELS), "sts-b": ("text_similarity_manhattan", "text_similarity_aligned")}  # data -> titles
METRICS = ("pearson", "spearman", "mse")
BASELINES = {"linear": "ridge regression of shared words", "trees": "boosted trees of shared words"}


def one_run(model: str, data: str, seed: int, folder: Path, **changes: Any) -> dict[str, Any]:
    """Train and judge one model; its scores and those of simple models of how much the texts share."""
    from zoo.tasks import train
    from zoo.terminal import epoch_printer

    start = time.perf_counter()
    trained, report = train(
        model, data, folder=folder, seed=seed, callbacks=[epoch_printer()], baselines="full", **changes
    )
    rows = {row["metric"]: row for row in report.scores}
    found = {who: {metric: rows[metric][who] for metric in METRICS} for who in ("model", *BASELINES)}
    seconds = time.perf_counter() - start
    return {"seed": seed, "seconds": seconds, "weights": trained.model.count_params(), **found}


def summary(runs: Sequence[Mapping[str, Any]], who: str = "model") -> dict[str, Any]:
    """Metric -> mean and standard deviation over the seeds."""
    values = {metric: [run[who][metric] for run in runs] for metric in METRICS}
    return {
        metric: {"mean": statistics.mean(each), "deviation": statistics.stdev(each) if len(each) > 1 else 0.0}
        for metric, each in values.items()
    }


def cosine_of_bags(data: str) -> dict[str, float]:
    """What the cosine of two bags of words, weighted by their rarity in the training texts, scores on test.

    The error is that of a straight line through the training pairs.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    from zoo.columns.text import spelled
    from zoo.datasets.pairs.build import pairs_of
    from zoo.metrics import score
    from zoo.samples import Samples
    from zoo.tasks import load_dataset

    dataset = load_dataset(data)
    pairs = pairs_of(dataset.train)
    weigh = TfidfVectorizer(token_pattern=r"\S+").fit([spelled(t) for pair in pairs for t in (pair.left, pair.right)])

    def alike(samples: Samples) -> np.ndarray:
        left, right = (
            weigh.transform([spelled(getattr(pair, side)) for pair in pairs_of(samples)]) for side in ("left", "right")
        )
        return np.asarray(left.multiply(right).sum(axis=1)).ravel()

    slope, intercept = np.polyfit(alike(dataset.train), dataset.train.targets["score"], 1)
    guess = slope * alike(dataset.test) + intercept
    return {metric: float(score(metric, dataset.test.targets["score"], guess) or 0.0) for metric in METRICS}


def simple_answers(data: str, run: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """What is reached without a network: no seed changes it."""
    fitted = {title: run[who] for who, title in BASELINES.items()}
    return {"cosine of bags of words": cosine_of_bags(data), **fitted}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", choices=list(RUN))
    parser.add_argument("--models", nargs="*", choices=list(MODELS), help="some of them, without a record")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("runs/pairs"))
    arguments = parser.parse_args()
    found: dict[str, Any] = {}
    for title in arguments.models or RUN[arguments.data]:
        entry, config = MODELS[title]
        place = arguments.folder / f"{arguments.data}-{title.replace(', ', '-').replace(' ', '-')}"
        seeds = range(arguments.seeds)
        runs = [one_run(entry, arguments.data, seed, place / str(seed), config=config) for seed in seeds]
        found[title] = {"summary": summary(runs), "runs": runs}
        print(title, found[title]["summary"])
    if arguments.models:
        print("No record is written of some models; run it again without --models, finished runs are only judged.")
        return
    simple = simple_answers(arguments.data, found["text_similarity_aligned"]["runs"][0])
    write_record(
        f"results/pairs_{arguments.data}.json",
        {"models": found, "simple": simple},
        command=f"python -m benchmarks.texts.pairs {arguments.data} --seeds {arguments.seeds}",
        seed=list(range(arguments.seeds)),
    )


if __name__ == "__main__":
    main()
