"""Scores of the author profile over several seeds, each a training from scratch on its own split.

    python -m benchmarks.profile_scores posts     # writes results/profile_scores_posts.json
    python -m benchmarks.profile_scores blogs     # needs the corpus; writes results/profile_scores_blogs.json

The recipe's choices were made on validation splits; the test split is read once a seed, here.
"""

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

from zoo.records import write_record

MODELS = {"posts": "author_profile_small", "blogs": "author_profile_wide"}


def one_seed(model: str, data: str, seed: int, folder: Path) -> dict[str, Any]:
    """Train and judge; every output's headline score beside the baselines and the limit."""
    from zoo.recipes import train
    from zoo.terminal import epoch_printer

    start = time.perf_counter()
    _, report = train(model, data, folder=folder / f"{data}-{seed}", seed=seed, callbacks=[epoch_printer()])
    outputs: dict[str, Any] = {}
    for row in report.scores:
        outputs.setdefault(row["output"], {key: value for key, value in row.items() if key != "output"})
    return {"seed": seed, "seconds": time.perf_counter() - start, "outputs": outputs}


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Output -> mean and standard deviation over the seeds of every number in its row."""
    found: dict[str, Any] = {}
    for name, first in runs[0]["outputs"].items():
        found[name] = {"metric": first["metric"]}
        for key in ("model", "majority", "linear", "trees", "limit", "gap_closed"):
            values = [run["outputs"][name].get(key) for run in runs]
            if all(isinstance(value, float) for value in values):
                found[name][key] = {"mean": statistics.mean(values), "deviation": statistics.stdev(values)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", choices=sorted(MODELS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("runs/scores"))
    arguments = parser.parse_args()
    model = MODELS[arguments.data]
    runs = [one_seed(model, arguments.data, seed, arguments.folder) for seed in range(arguments.seeds)]
    figures = {"model": model, "summary": summary(runs), "runs": runs}
    print(figures["summary"])
    write_record(
        f"results/profile_scores_{arguments.data}.json",
        figures,
        command=f"python -m benchmarks.profile_scores {arguments.data} --seeds {arguments.seeds}",
        seed=list(range(arguments.seeds)),
    )


if __name__ == "__main__":
    main()
