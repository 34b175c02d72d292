"""Rossmann store sales: one net of fast.ai's shape, the average of several, and simple answers, on the last six weeks.

    python -m benchmarks.tables.rossmann choose --loss mse # without the six weeks before the test: their score;
                                                    # also --epochs 7, --average-last 0.5
    python -m benchmarks.tables.rossmann net --seed 0      # one training; predictions into runs/rossmann
    python -m benchmarks.tables.rossmann baselines         # a constant, a linear model, gradient boosting; likewise
    python -m benchmarks.tables.rossmann record            # scores of all that is there into results/rossmann.json

Everything was chosen on the six weeks before; a net is then trained on all days before the test, which is read once.
"""

import argparse
import json
import os
import statistics
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from zoo.metrics import exp_rmspe
from zoo.records import write_record
from zoo.samples import Samples
from zoo.tasks import load_table, recipe_for
from zoo.tasks.settings import Settings
from zoo.training.heads import LOSSES

ENTRY, DATA, TARGET = "entity_embedding", "rossmann", "Sales"
FOLDER = Path(os.environ.get("ROSSMANN_RUNS", "runs/rossmann"))
TREES = {"max_iter": 500, "max_leaf_nodes": 127, "early_stopping": False}


def net(seed: int, settings: Settings, *, choose: bool = False) -> None:
    """Train one net and keep its predictions of the logarithm of the sales; `choose`: on the validation weeks."""
    import keras

    from zoo import create_model
    from zoo.tasks import tables
    from zoo.terminal import epoch_printer
    from zoo.training import fit, predict

    tables.SETTINGS[ENTRY, DATA] = settings
    data = load_table(DATA).dataset()
    recipe = replace(recipe_for(data, ENTRY, data=DATA, options={}), refit=not choose)
    keras.utils.set_random_seed(seed)
    model = create_model(ENTRY, **recipe.config)
    start, used = time.perf_counter(), time.process_time()
    fit(model, data.train, data.validation, recipe, seed=seed, callbacks=[epoch_printer()])
    facts = {
        "seed": seed,
        "wall_seconds": time.perf_counter() - start,
        "processor_seconds": time.process_time() - used,  # of all threads: half of it on two free cores, at best
        "training_rows": len(data.train) + (0 if choose else len(data.validation)),
        "weights": model.count_params(),
        "epochs": recipe.epochs,
        "batch_size": recipe.batch_size,
        "optimiser": asdict(recipe.optimiser),
        "loss": recipe.heads[TARGET].loss,
    }
    held_out = data.validation if choose else data.test
    name = f"choice-{recipe.epochs}-{recipe.optimiser.average_last}-{facts['loss']}" if choose else "net"
    keep(f"{name}-{seed}", held_out, predict(model, held_out, recipe.heads)[TARGET], facts)


def changed(epochs: int | None, average_last: float | None, loss: str | None) -> Settings:
    """The recipe's settings, perhaps with other epochs, another average of weights or loss: for choosing."""
    from zoo.tasks.tables import SETTINGS

    settings = SETTINGS[ENTRY, DATA]
    training = dict(settings.training)
    if epochs:
        training["epochs"] = epochs
    if average_last:
        training["optimiser"] = replace(training["optimiser"], average_last=average_last)
    return replace(settings, training=training, losses={TARGET: loss} if loss else settings.losses)


def baselines() -> None:
    """The report's baselines, chosen on validation; and trees of scikit-learn on all days that a net sees."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    from zoo.report.baselines import fit_baselines

    data = load_table(DATA).dataset()
    metrics = {TARGET: ("exp_rmspe",)}
    found = fit_baselines(data.train, data.validation, data.test, data.targets, metrics=metrics, size="full")[TARGET]
    for name, baseline in found.items():
        if baseline.predictions:
            keep(name, data.test, baseline.predictions["exp_rmspe"], {"note": baseline.note})
    rows = data.train.joined(data.validation)
    start = time.perf_counter()
    columns, kinds = table(rows)
    trees = HistGradientBoostingRegressor(categorical_features=kinds, random_state=0, **TREES)
    predicted = trees.fit(columns, rows.targets[TARGET]).predict(table(data.test)[0])
    keep("trees-on-all-days", data.test, predicted, {"wall_seconds": time.perf_counter() - start, **TREES})


def table(samples: Samples) -> tuple[np.ndarray, list[bool]]:
    """Numbers and ids side by side, and which columns trees take as categories: those of at most 255 values."""
    ids = np.stack([values for name, values in samples.inputs.items() if name != "numbers"], axis=1)
    few = [int(column.max()) < 255 for column in ids.T]
    return np.concatenate([samples.inputs["numbers"], ids], axis=1), [False] * samples.inputs["numbers"].shape[1] + few


def keep(name: str, samples: Samples, predicted: np.ndarray, facts: dict[str, Any]) -> None:
    """Write predictions and what they scored."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    np.save(FOLDER / f"{name}.npy", predicted.astype(np.float32))
    facts = {**facts, "exp_rmspe": exp_rmspe(samples.targets[TARGET], predicted)}
    (FOLDER / f"{name}.json").write_text(json.dumps(facts))
    print(name, facts)


def record() -> None:
    """Scores of every net, of their average, and of the simple answers."""
    data = load_table(DATA).dataset()
    runs = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("net-*.json"))]
    nets = [np.load(path) for path in sorted(FOLDER.glob("net-*.npy"))]
    scores = [run["exp_rmspe"] for run in runs]
    choices = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("choice-*.json"))]
    simple = [path for path in sorted(FOLDER.glob("*.json")) if not path.name.startswith(("net-", "choice-"))]
    figures = {
        "test": "19 June to 31 July 2015, open days with sales: fast.ai's split",
        "test_rows": len(data.test),
        "one_net": {"mean": statistics.mean(scores), "deviation": statistics.stdev(scores), "nets": len(runs)},
        "average_of_nets": {
            "nets": len(nets),
            "exp_rmspe": exp_rmspe(data.test.targets[TARGET], np.mean(nets, axis=0)),
        },
        "baselines": {path.stem: json.loads(path.read_text()) for path in simple},
        "fast_ai": 0.1037,
        "on_validation": choices,
        "runs": runs,
        "card": dict(data.card),
    }
    print(figures)
    seeds = [run["seed"] for run in runs]
    write_record(
        "results/rossmann.json",
        figures,
        command="python -m benchmarks.tables.rossmann net --seed N; record",
        seed=seeds,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("choose", "net", "baselines", "record"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--average-last", type=float)
    parser.add_argument("--loss", choices=LOSSES["regression"])
    arguments = parser.parse_args()
    if arguments.part in ("baselines", "record"):
        {"baselines": baselines, "record": record}[arguments.part]()
        return
    if arguments.part == "net" and (arguments.epochs or arguments.average_last or arguments.loss):
        parser.error("A net is trained by the recipe; other settings are for 'choose'.")
    settings = changed(arguments.epochs, arguments.average_last, arguments.loss)
    net(arguments.seed, settings, choose=arguments.part == "choose")


if __name__ == "__main__":
    main()
