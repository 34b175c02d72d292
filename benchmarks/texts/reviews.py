"""Texts with labels of one's own: women's clothing reviews, beside TF-IDF and linear models on the same split.

python -m benchmarks.texts.reviews FILE.csv [--seeds 3] [--folder runs/reviews]     # writes results/reviews.json

FILE.csv is "Womens Clothing E-Commerce Reviews.csv" (kaggle.com/nicapotato/womens-ecommerce-clothing-reviews, CC0).
"""

import argparse
import time
from pathlib import Path

import numpy as np

from zoo.records import write_record
from zoo.tasks import train

ENTRY = "author_profile_small"
TARGETS = {"Recommended IND": "binary", "Rating": "ordered", "Department Name": "classification", "Age": "regression"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--folder", default="runs/reviews")
    arguments = parser.parse_args()
    runs = []
    for seed in range(arguments.seeds):
        begun = time.perf_counter()
        options = {"targets": TARGETS, "text": "Review Text"}
        _, report = train(
            ENTRY,
            arguments.file,
            folder=Path(arguments.folder) / str(seed),
            seed=seed,
            data_options=options,
            baselines="full",
        )
        scores = {f"{row['output']} {row['metric']}": row for row in report.scores}
        runs.append({"seed": seed, "seconds": time.perf_counter() - begun, "scores": scores})
        for name, row in scores.items():
            print(seed, name, {who: row[who] for who in ("model", "majority", "linear", "trees")}, flush=True)
    figures = {name: summary([run["scores"][name] for run in runs]) for name in runs[0]["scores"]}
    seconds = [run["seconds"] for run in runs]
    command = f"python -m benchmarks.texts.reviews FILE.csv --seeds {arguments.seeds}"
    write_record("results/reviews.json", {"scores": figures, "seconds": seconds}, command=command, seed=0)


def summary(rows: list[dict]) -> dict[str, dict[str, float]]:
    """Who -> mean and spread over the seeds, each with its own split."""
    found = {}
    for who in ("model", "majority", "linear", "trees"):
        values = [row[who] for row in rows if row[who] is not None]
        if values:
            spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
            found[who] = {"mean": float(np.mean(values)), "spread": spread}
    return found


if __name__ == "__main__":
    main()
