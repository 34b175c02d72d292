"""The price of a house in California: from one feature by least squares, then from all by a network.

    python -m examples.house_price                    both, beside each other
    python -m examples.house_price --feature income   another single feature

The network, in `zoo/models/entity_embedding.py`, learns a vector for each square of the map, of three sizes:

    vectors = [entity_embedding(ids, size, name=...) for ids, size in ...]   # where the house stands
    x = dense_stack(side_by_side([numbers, pieces, *vectors]), units=(256, 128), name="hidden")
    keras.Model(table.inputs, {"value": regression_head(x, name="value")})
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from zoo.cli import train_command
from zoo.options import add_example_options
from zoo.tasks import load_table
from zoo.terminal import console, parse, run


def main(arguments: Sequence[str] | None = None) -> int:
    """Train a line, then the network."""
    return run(lambda: train(arguments))


def train(arguments: Sequence[str] | None) -> None:
    """Scores beside a constant answer, a linear model and boosted trees; a picture; and answers for rows."""
    parser = argparse.ArgumentParser(prog="python -m examples.house_price", allow_abbrev=False)
    add_example_options(parser, model="entity_embedding", data="california")
    parser.add_argument(
        "--feature", default="rooms_per_household", help="the one feature (default: rooms_per_household)"
    )
    parsed = parse(parser, arguments)
    one = {"model": "linear_regression", "data_options": {"only": parsed.feature}, "epochs": None}
    folder = parsed.out or f"runs/house_price_seed-{parsed.seed}"
    line = train_command(argparse.Namespace(**{**vars(parsed), **one, "out": f"{folder}/{parsed.feature}"}))
    compare_with_least_squares(line, parsed.feature, parsed.seed)
    train_command(argparse.Namespace(**{**vars(parsed), "out": f"{folder}/all"}))


def compare_with_least_squares(line: Any, feature: str, seed: int) -> None:
    """The line that was learnt beside the one that is computed from the same rows."""
    rows = load_table("california", only=feature, seed=seed).train
    slope, height = np.polyfit(rows[feature], rows["value"], 1)
    low, high = line.predict({feature: [0.0, 1.0]})["value"]
    console().print(f"learnt: value = {high - low:.4f} {feature} + {low:.4f}; least squares: {slope:.4f}, {height:.4f}")


if __name__ == "__main__":
    sys.exit(main())
