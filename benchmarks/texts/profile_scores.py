"""Scores of the author profile over several seeds, each a training from scratch on its own split.

    python -m benchmarks.texts.profile_scores posts     # writes results/profile_scores_posts.json
    python -m benchmarks.texts.profile_scores blogs     # needs the corpus; writes results/profile_scores_blogs.json

The recipe's choices were made on validation splits; the test split is read once a seed, here.

On `posts` the trained network and the baselines also answer `FRESH` further posts of people whom nobody was trained on:
on the 5,000 of the test split even the exact posterior is not better at gender than a linear model by three standard
errors of the paired difference (0.2 to 2.5 of them in the five seeds), so that they cannot tell.
"""

import argparse
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zoo.records import write_record

MODELS = {"posts": "author_profile_small", "blogs": "author_profile_wide"}
BASELINES = ("majority", "linear", "trees")
FRESH, FRESH_SEEDS = 200_000, 1_000  # posts, and what is added to the seed to draw them


def one_seed(model: str, data: str, seed: int, folder: Path) -> dict[str, Any]:
    """Train and judge; every output's headline score beside the baselines and the limit."""
    from zoo.tasks import train
    from zoo.terminal import epoch_printer

    start = time.perf_counter()
    trained, report = train(
        model, data, folder=folder / f"{data}-{seed}", seed=seed, callbacks=[epoch_printer()], baselines="full"
    )
    run = {"seed": seed, "seconds": time.perf_counter() - start, "outputs": headlines(report.scores)}
    if data == "posts":
        run["fresh"] = {"posts": FRESH, "outputs": headlines(on_fresh_posts(trained, seed))}
    print(run, flush=True)
    return run


def headlines(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Output -> the row of its first metric."""
    found: dict[str, Any] = {}
    for row in rows:
        found.setdefault(row["output"], {key: value for key, value in row.items() if key != "output"})
    for row in found.values():
        row["standard_errors_ahead"] = {kind: errors_ahead(row, kind) for kind in BASELINES}
    return found


def errors_ahead(row: Mapping[str, Any], kind: str) -> float | None:
    """By how many standard errors of the paired difference the model is better than a baseline."""
    error = row[f"ahead_of_{kind}_standard_error"]
    return row[f"ahead_of_{kind}"] / error if error else None


def on_fresh_posts(trained: Any, seed: int) -> Sequence[Mapping[str, Any]]:
    """The rows of scores of this network, and of the baselines of its seed, on posts of `FRESH` other people."""
    from zoo.report import build_report
    from zoo.report.baselines import fit_baselines
    from zoo.tasks import load_dataset
    from zoo.training import predict

    own = load_dataset("posts", seed=seed)
    fresh = load_dataset("posts", seed=FRESH_SEEDS + seed, people=1, validation=1, test=FRESH)
    splits = {"train": own.train, "validation": own.validation, "test": fresh.test}
    report = build_report(
        predict(trained.model, fresh.test, trained.heads, trim_padding=True),
        **splits,
        targets=own.targets,
        limits=fresh.limits,
        baselines=fit_baselines(*splits.values(), own.targets, seed=seed, size="full"),
        seed=seed,
    )
    return report.scores


def summary(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Output -> mean and standard deviation over the seeds of every number in its row, and how far it is ahead."""
    found: dict[str, Any] = {}
    ahead = [f"ahead_of_{kind}" for kind in BASELINES]
    for name, first in runs[0]["outputs"].items():
        found[name] = {"metric": first["metric"]}
        for key in ("model", *BASELINES, "limit", "gap_closed", *ahead):
            values = [run["outputs"][name].get(key) for run in runs]
            if all(isinstance(value, float) for value in values):
                found[name][key] = {"mean": statistics.mean(values), "deviation": statistics.stdev(values)}
        errors = {kind: [run["outputs"][name]["standard_errors_ahead"][kind] for run in runs] for kind in BASELINES}
        found[name]["least_standard_errors_ahead"] = {
            kind: min(values) for kind, values in errors.items() if None not in values
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", choices=sorted(MODELS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path("runs/scores"))
    arguments = parser.parse_args()
    model = MODELS[arguments.data]
    runs = [one_seed(model, arguments.data, seed, arguments.folder) for seed in range(arguments.seeds)]
    figures = {"model": model, "summary": summary(runs), "runs": runs}
    if arguments.data == "posts":
        figures["fresh"] = summary([run["fresh"] for run in runs])
    print(figures["summary"], figures.get("fresh"))
    write_record(
        f"results/profile_scores_{arguments.data}.json",
        figures,
        command=f"python -m benchmarks.texts.profile_scores {arguments.data} --seeds {arguments.seeds}",
        seed=list(range(arguments.seeds)),
    )


if __name__ == "__main__":
    main()
