"""From a finished training on Tang poems to the weights that come with the zoo: half precision, judged as they are.

    python -m benchmarks.texts.poem_training train --seed 1      # leaves the run
    python -m tools.poem_weights --seed 1

Writes weights/poem.tang.h5 and its card, and the file's row in weights/manifest.json.
"""

import argparse
import json
from typing import Any

from benchmarks.texts.poem_training import FOLDER, OPTIONS, SPLIT_SEED
from tools.shipped import WEIGHTS, ship
from zoo.create import create_model
from zoo.datasets.poems.corpora import tang
from zoo.tasks import recipe_for
from zoo.tasks.verbs import judge, pipeline_of

NAME = "poem.tang"
LICENCE = "MIT, as the digitised text; the poems are in the public domain"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    seed = parser.parse_args().seed
    dataset = tang(seed=SPLIT_SEED)
    plan = recipe_for(dataset, "poem", data="tang", options=OPTIONS)
    run = FOLDER / f"tang-{seed}"
    best = json.loads((run / "facts.json").read_text(encoding="utf-8"))["best_epoch"]
    origin: dict[str, Any] = {"data": "tang", "data_options": OPTIONS, "seed": SPLIT_SEED, "epochs": best}
    path = WEIGHTS / f"{NAME}.h5"
    model = create_model("poem", weights=run / "weights.h5")
    pipeline_of(model, plan, dataset, origin=origin, unseen=None).save(path, dtype="float16")
    half = create_model("poem", weights=path)
    card = {
        "model": "poem: the next character of a classical Chinese poem, given its form",
        "data": f"the Complete Tang Poems, {dataset.card['source']}: {dataset.card['poems']['train']:,} poems to learn "
        f"from; split seed {SPLIT_SEED}, near-duplicates in one split",
        "licence": LICENCE,
        "command": f"python -m benchmarks.texts.poem_training train --seed {seed}; python -m tools.poem_weights "
        f"--seed {seed}",
        "seed": seed,
        "limits": f"{dataset.card['characters']:,} traditional characters are known; it writes as its corpus does",
        "scores_on_test": list(judge(half, plan, dataset, seed=seed).scores),
    }
    ship(path, card)


if __name__ == "__main__":
    main()
