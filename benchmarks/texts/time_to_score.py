"""Seconds of training until the textbook's best validation score is reached: the zoo's recipe against the textbook's.

    python -m benchmarks.texts.time_to_score   # about ten quiet minutes on two cores; writes results/time_to_score.json

Both train the reference `author_profile` on the generated posts. The textbook's way is plain `compile` and `fit` with
RMSprop and the loss weights 0.25 / 1 / 10; the zoo's is its recipe. The score is the validation skill (mean share of
the constant answer's loss removed). The textbook's clock counts `fit` alone; the zoo's counts validation too.
"""

import argparse
import statistics
import time
from typing import Any

import keras
import numpy as np

from zoo.datasets.dataset import Dataset
from zoo.models import author_profile
from zoo.records import write_record
from zoo.tasks import load_dataset, recipe_for
from zoo.tasks.texts import STATIC_WEIGHTS
from zoo.training import Recipe, fit, predict
from zoo.training.losses import mean_loss
from zoo.training.output_layers.prior import prior_losses

LOSSES = {"age": "mse", "income": "sparse_categorical_crossentropy", "gender": "binary_crossentropy"}


def skill(model: keras.Model, data: Dataset, chosen: Recipe) -> float:
    """Mean share of the constant answers' validation losses that the model removes."""
    priors = {name: head.prior(data.train.targets[name]) for name, head in chosen.heads.items()}
    constant = prior_losses(chosen.heads, priors, data.validation)
    answers = predict(model, data.validation, chosen.heads)
    shares = []
    for name, head in chosen.heads.items():
        output = answers[name] if answers[name].ndim == 2 else answers[name][:, None]
        loss = mean_loss(head, data.validation.targets[name], output)
        assert loss is not None
        shares.append(1.0 - loss / constant[name])
    return float(np.mean(shares))


def textbook(data: Dataset, chosen: Recipe, epochs: int, seed: int) -> list[dict[str, float]]:
    """Seconds of `fit` and validation skill after every epoch."""
    keras.utils.set_random_seed(seed)
    assert data.schema.of("text")[0].tokeniser is not None
    model = author_profile(vocabulary_size=data.schema.of("text")[0].tokeniser.size)
    model.compile("rmsprop", loss=LOSSES, loss_weights={name: STATIC_WEIGHTS[name] for name in LOSSES})
    rows, seconds = [], 0.0
    for _ in range(epochs):
        start = time.perf_counter()
        model.fit(data.train.inputs["posts"], dict(data.train.targets), batch_size=64, epochs=1, verbose=0)
        seconds += time.perf_counter() - start
        rows.append({"seconds": seconds, "skill": skill(model, data, chosen)})
        print("textbook", rows[-1], flush=True)
    return rows


def zoo_way(data: Dataset, chosen: Recipe, seed: int) -> list[dict[str, float]]:
    """Seconds of everything and validation skill after every epoch."""
    keras.utils.set_random_seed(seed)
    assert data.schema.of("text")[0].tokeniser is not None
    model = author_profile(vocabulary_size=data.schema.of("text")[0].tokeniser.size, dropout=chosen.config["dropout"])
    run = fit(model, data.train, data.validation, chosen, seed=seed)
    return [{"seconds": row["seconds"], "skill": row["val_skill"]} for row in run.history]


def one_seed(seed: int, epochs: int) -> dict[str, Any]:
    data = load_dataset("posts", seed=seed, people=16_000)
    chosen = recipe_for(data, "author_profile", data="posts", options={"seed": seed})
    theirs, ours = textbook(data, chosen, epochs, seed), zoo_way(data, chosen, seed)
    best = max(theirs, key=lambda row: row["skill"])
    reached = next((row for row in ours if row["skill"] >= best["skill"]), None)
    print(best, reached, flush=True)
    ratio = best["seconds"] / reached["seconds"] if reached else None
    return {"seed": seed, "textbook": theirs, "zoo": ours, "target_skill": best["skill"], "times_as_fast": ratio}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=5, help="of the textbook's training")
    arguments = parser.parse_args()
    runs = [one_seed(seed, arguments.epochs) for seed in range(arguments.seeds)]
    ratios = [run["times_as_fast"] for run in runs if run["times_as_fast"]]
    figures = {"times_as_fast_median": statistics.median(ratios) if ratios else None, "runs": runs}
    command = f"python -m benchmarks.texts.time_to_score --seeds {arguments.seeds} --epochs {arguments.epochs}"
    write_record("results/time_to_score.json", figures, command=command, seed=list(range(arguments.seeds)))


if __name__ == "__main__":
    main()
