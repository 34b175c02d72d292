"""The language model of Tang poems: perplexity of held-out quatrains over three seeds, beside n-grams on that split.

    python -m benchmarks.texts.poem_training train --seed 0     # into runs/poem/tang-0; interrupted, it goes on
    python -m benchmarks.texts.poem_training record             # all seeds, judged on the test poems, once

Perplexity is per character, line ends (which the form gives) left out, every character of a poem predicted. A character
that the vocabulary lacks costs the model its "unknown" and a choice among all other characters of the corpus, and the
n-grams alike. Only the form is given. Splits: `zoo.datasets.poems.split`; one split for all seeds.
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.columns.verse import TARGET
from zoo.datasets.dataset import Dataset
from zoo.datasets.poems.corpora import tang
from zoo.files import write_json
from zoo.models.poem import poem
from zoo.records import write_record
from zoo.report.ngrams import KneserNey
from zoo.samples import Samples
from zoo.tasks import recipe_for
from zoo.tasks.poems import QUATRAINS, honest_loss, of_forms
from zoo.training import fit, judge_steps
from zoo.weights import load_weights, save_weights

FOLDER = Path("runs/poem")
FORMS = (*QUATRAINS, "5x8", "7x8")
SPLIT_SEED = 0
OPTIONS = {"seed": SPLIT_SEED}


def train(seed: int) -> None:
    """One training by the recipe; the weights of its best epoch, and its history, in a folder."""
    from zoo.terminal import epoch_printer

    dataset = tang(seed=SPLIT_SEED)
    plan = recipe_for(dataset, "poem", data="tang", options=OPTIONS)
    keras.utils.set_random_seed(seed)
    model = poem(**plan.config)
    folder = FOLDER / f"tang-{seed}"
    run = fit(model, dataset.train, dataset.validation, plan, seed=seed, folder=folder, callbacks=[epoch_printer()])
    save_weights(model, folder / "weights.h5", metadata={"entry": "poem", "config": dict(plan.config)})
    write_json(folder / "facts.json", {"best_epoch": run.best_epoch, "history": run.history})


def judged(dataset: Dataset, seed: int) -> dict[str, Any]:
    """The finished training of a seed on the test poems: perplexity by form, seconds, epochs."""
    folder = FOLDER / f"tang-{seed}"
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    model = poem(**recipe_for(dataset, "poem", data="tang", options=OPTIONS).config)
    load_weights(model, folder / "weights.h5")

    validation = of_forms(dataset.validation, QUATRAINS)
    return {
        "seed": seed,
        "perplexity": by_form(dataset, judge_steps(model, dataset.test, (TARGET,))[TARGET]),
        "validation": perplexity(dataset, validation, judge_steps(model, validation, (TARGET,))[TARGET]),
        "weights": model.count_params(),
        "epochs": len(facts["history"]),
        "best_epoch": facts["best_epoch"],
        "seconds": facts["history"][-1]["seconds"],
    }


def by_form(dataset: Dataset, losses: np.ndarray) -> dict[str, float]:
    """Losses of the test poems, (n, L, ...) -> perplexity of "quatrains", of each form, and of "all"."""
    found = {}
    for name, forms in {"quatrains": QUATRAINS, **{form: (form,) for form in FORMS}}.items():
        rows = np.flatnonzero(np.isin(dataset.test.groups["form"], forms))
        found[name] = perplexity(dataset, dataset.test.take(rows), losses[rows])
    return found | {"all": perplexity(dataset, dataset.test, losses)}


def perplexity(dataset: Dataset, samples: Samples, losses: np.ndarray) -> float:
    return float(np.exp(honest_loss(losses, samples.targets[TARGET], dataset.card["other_characters"])))


def ngrams(dataset: Dataset) -> dict[str, Any]:
    """Order -> what was counted -> perplexity by form."""
    size = dataset.targets[TARGET].labels
    found: dict[str, Any] = {}
    corpora = {"all poems": dataset.train, "quatrains": of_forms(dataset.train, QUATRAINS)}
    for order, name in ((1, "unigram"), (2, "bigram"), (3, "trigram")):
        found[name] = {}
        for corpus, samples in corpora.items():
            model = KneserNey(order, size=len(size)).fit(samples.targets[TARGET])
            found[name][corpus] = by_form(dataset, model.losses(dataset.test.targets[TARGET])[..., None])
    return found


def record(seeds: list[int]) -> None:
    dataset = tang(seed=SPLIT_SEED)
    runs = [judged(dataset, seed) for seed in seeds]
    over_seeds = [run["perplexity"]["quatrains"] for run in runs]
    quatrains = of_forms(dataset.test, QUATRAINS)
    figures = {
        "perplexity": {
            "mean": statistics.mean(over_seeds),
            "deviation": statistics.stdev(over_seeds) if len(seeds) > 1 else None,
        },
        "runs": runs,
        "ngrams": ngrams(dataset),
        "poems": dataset.card["poems"],
        "quatrains": {name: len(of_forms(getattr(dataset, name), QUATRAINS)) for name in dataset.card["poems"]},
        "characters": {
            "vocabulary": dataset.card["characters"],
            "others": dataset.card["other_characters"],
            "training": int(np.sum(dataset.train.targets[TARGET] >= 0)),
            "test quatrains": int(np.sum(quatrains.targets[TARGET] >= 0)),
        },
    }
    print(figures["perplexity"], {name: row["all poems"]["quatrains"] for name, row in figures["ngrams"].items()})
    write_record(
        "results/poem_training.json", figures, command="python -m benchmarks.texts.poem_training record", seed=seeds
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("train").add_argument("--seed", type=int, default=0)
    commands.add_parser("record").add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    arguments = parser.parse_args()
    if arguments.command == "train":
        train(arguments.seed)
    else:
        record(arguments.seeds)


if __name__ == "__main__":
    main()
