"""From a finished training on generated posts to the weights that come with the zoo.

    zoo train author_profile_small --data posts --seed 0 --out runs/profile     # leaves the run
    python -m tools.profile_weights runs/profile

Writes weights/author_profile_small.posts.h5 and its card, and the file's row in weights/manifest.json.
"""

import argparse
import json
import shutil
from pathlib import Path

from tools.shipped import WEIGHTS, ship
from zoo.tasks import load_pipeline

NAME = "author_profile_small.posts"
KEYS = ("output", "metric", "model", "standard_error", "majority", "linear", "trees", "limit", "gap_closed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="the folder of the run")
    run = parser.parse_args().run
    origin = load_pipeline(run / "model.h5").origin
    if origin["data"] != "posts":
        raise SystemExit(f"{run} was trained on {origin['data']}, not on the generated posts.")
    scores = json.loads((run / "scores.json").read_text(encoding="utf-8"))["scores"]
    path = WEIGHTS / f"{NAME}.h5"
    shutil.copyfile(run / "model.h5", path)
    card = {
        "model": "author_profile_small: age, income group and gender of an author from posts",
        "data": f"generated posts (zoo.datasets.texts.posts, 32,000 people, seed {origin['seed']}); every correlation "
        "in them is invented, so answers say nothing about real people",
        "licence": "Apache-2.0: data and weights were made by this project",
        "command": f"zoo train author_profile_small --data posts --seed {origin['seed']} --out RUN; "
        "python -m tools.profile_weights RUN",
        "seed": origin["seed"],
        "scores_on_test": [{key: row[key] for key in KEYS} for row in scores],
    }
    ship(path, card)


if __name__ == "__main__":
    main()
