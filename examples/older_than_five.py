"""Younger than five, five, or older? A softmax on [year, 1], where the 1 is a distractor.

    python -m examples.older_than_five              train, judge, draw; then answer for 4, 5 and 6

The model, in `zoo/models/regression.py`, is one weighted sum a class. The column that is always 1 is scaled to 0:

    table = table_inputs(numbers=2, ...)
    keras.Model(table.inputs, {"age": classification_head(table.one_hot_features(), 3, name="age")})
"""

import argparse
import sys
from collections.abc import Sequence

from zoo.cli import train_command
from zoo.options import add_example_options
from zoo.terminal import console, parse, run


def main(arguments: Sequence[str] | None = None) -> int:
    """Train by the recipe, then answer for a few rows."""
    return run(lambda: train(arguments))


def train(arguments: Sequence[str] | None) -> None:
    """Scores beside a constant answer, a linear model and boosted trees; a picture; and answers for rows."""
    parser = argparse.ArgumentParser(prog="python -m examples.older_than_five", allow_abbrev=False)
    add_example_options(parser, model="softmax_regression", data="older_than_five")
    trained = train_command(parse(parser, arguments))
    rows = {"year": [4, 5, 6], "one": [1, 1, 1]}
    console().print(trained.predict(rows).to_string(float_format="%.3f"), markup=False)


if __name__ == "__main__":
    sys.exit(main())
