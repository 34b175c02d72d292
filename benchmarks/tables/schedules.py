"""Schedules on California housing: a constant rate against cosine and one cycle, on validation, with the same budget.

    python -m benchmarks.tables.schedules     # about four minutes on two cores; writes results/schedules.json

The table's MLP, three seeds, each with a split of its own. Every schedule trains for the same epochs at three rates:
the recipe's, the one that `find_learning_rate` suggests, and ten times that. For each: the best mean absolute error
on validation, and the epochs until the best error of all constant rates was reached (an epoch costs the same for all).
"""

import argparse
import statistics
from dataclasses import replace
from typing import Any

import keras

from zoo.create import create_model
from zoo.records import write_record
from zoo.tasks import load_table, recipe_for
from zoo.training import find_learning_rate, fit

ENTRY, DATA, OUTPUT = "mlp", "california", "value"
SCHEDULES = ("constant", "cosine", "one_cycle")
METRIC = f"val_{OUTPUT}_mae"


def one_seed(seed: int, epochs: int) -> dict[str, Any]:
    """Suggested rates, and for each schedule and rate the validation error of every epoch."""
    options = {"seed": seed}
    data = load_table(DATA, **options).dataset()
    chosen = replace(recipe_for(data, ENTRY, data=DATA, options=options), epochs=epochs)

    def fresh() -> keras.Model:
        keras.utils.set_random_seed(seed)
        return create_model(ENTRY, **chosen.config)

    found = find_learning_rate(fresh(), data.train, chosen, seed=seed)
    rates = {"recipe": chosen.optimiser.learning_rate, "found": found.suggestion, "tenfold": 10 * found.suggestion}
    runs = {}
    for schedule in SCHEDULES:
        for name, rate in rates.items():
            changed = replace(chosen, optimiser=replace(chosen.optimiser, schedule=schedule, learning_rate=rate))
            history = fit(fresh(), data.train, data.validation, changed, seed=seed).history
            runs[f"{schedule}, {name}"] = {
                "rate": rate,
                "mae": [row[METRIC] for row in history],
            }
            print(seed, schedule, name, f"{rate:.2g}", min(runs[f"{schedule}, {name}"]["mae"]), flush=True)
    goal = min(min(run["mae"]) for name, run in runs.items() if name.startswith("constant"))
    for run in runs.values():
        reached = next((epoch for epoch, error in enumerate(run["mae"]) if error <= goal), None)
        run["epochs_to_goal"] = None if reached is None else reached + 1
    return {"seed": seed, "valley": found.valley, "steepest": found.steepest, "goal": goal, "runs": runs}


def summary(seeds: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Schedule and rate -> mean and spread of the best error, and how soon the goal was reached."""
    rows = {}
    for name in seeds[0]["runs"]:
        runs = [each["runs"][name] for each in seeds]
        best, epochs = [min(run["mae"]) for run in runs], [run["epochs_to_goal"] for run in runs]
        reached = all(epoch is not None for epoch in epochs)
        rows[name] = {
            "mae": statistics.mean(best),
            "spread": statistics.stdev(best) if len(best) > 1 else None,
            "seeds_that_reached_the_goal": sum(epoch is not None for epoch in epochs),
            "epochs_to_goal": statistics.mean(epochs) if reached else None,
        }
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=15)
    arguments = parser.parse_args()
    seeds = [one_seed(seed, arguments.epochs) for seed in range(arguments.seeds)]
    rows = summary(seeds)
    for name, row in rows.items():
        print(name, row)
    command = f"python -m benchmarks.tables.schedules --seeds {arguments.seeds} --epochs {arguments.epochs}"
    figures = {"epochs": arguments.epochs, "validation_mae_unit": "$100,000", "summary": rows, "seeds": seeds}
    write_record("results/schedules.json", figures, command=command, seed=list(range(arguments.seeds)))


if __name__ == "__main__":
    main()
