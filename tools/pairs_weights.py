"""From a finished run on SICK to the weights that come with the zoo: half precision, judged as they are, with a card.

    python -m benchmarks.texts.pairs sick                                              # leaves the runs
    python -m tools.pairs_weights runs/pairs/sick-text_similarity_aligned/1

Writes weights/text_similarity_aligned.sick.h5 and its card, and the file's row in weights/manifest.json.
"""

import argparse
from pathlib import Path

from tools.shipped import WEIGHTS, ship

NAME = "text_similarity_aligned.sick"
LICENCE = "CC BY-NC-SA 3.0, as the data: for non-commercial use"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    run = parser.parse_args().run
    from zoo.tasks import evaluate, load_pipeline

    trained = load_pipeline(run)
    path = WEIGHTS / f"{NAME}.h5"
    trained.save(path, dtype="float16")
    seed, known = trained.origin["seed"], len(trained.schema.column("left").vocabulary)
    keys = ("output", "metric", "model", "standard_error", "linear", "trees")
    card = {
        "model": f"{trained.entry}: how alike two English sentences are, on the scale of the data, 1 to 5",
        "data": "SICK, Marelli et al. 2014, https://zenodo.org/record/2787612: 4,439 training pairs of sentences about "
        "pictures and videos, judged by people; nothing else was learnt from",
        "licence": LICENCE,
        "command": f"zoo train {trained.entry} --data sick --seed {seed} (then python -m "
        "tools.pairs_weights, in half precision)",
        "seed": seed,
        "chosen": "of the seeds 0, 1 and 2, the one that is best on validation",
        "limits": f"{known:,} words are known; it is about scenes that one can see, not about "
        "news, opinions or other languages",
        "scores_on_test": [{key: row[key] for key in keys} for row in evaluate(path).scores],
    }
    ship(path, card)


if __name__ == "__main__":
    main()
