"""Will a borrower be 90 days late with a payment? 150,000 borrowers, of whom 6.7 % were.

    python -m examples.credit_scoring               train, judge, draw; then answer for a few borrowers

The model, in `zoo/models/mlp.py`, cuts every number into 32 pieces of equal frequency:

    table = table_inputs(numbers={"pieces": ..., "flags": ...}, ...)         # a flag where the income is missing
    x = dense_stack(table.one_hot_features(), units=(128, 64), dropout=0.3, name="hidden")
    keras.Model(table.inputs, {"default": binary_head(x, name="default")})
"""

import argparse
import sys
from collections.abc import Sequence

from zoo.cli import train_command
from zoo.options import add_example_options
from zoo.tasks import load_table
from zoo.terminal import console, parse, run


def main(arguments: Sequence[str] | None = None) -> int:
    """Train by the recipe, then answer for a few rows."""
    return run(lambda: train(arguments))


def train(arguments: Sequence[str] | None) -> None:
    """Scores beside a constant answer, a linear model and boosted trees; a picture; and answers for rows."""
    parser = argparse.ArgumentParser(prog="python -m examples.credit_scoring", allow_abbrev=False)
    add_example_options(parser, model="mlp", data="credit")
    parsed = parse(parser, arguments)
    trained = train_command(parsed)
    rows = load_table(parsed.data, seed=parsed.seed).test.head(5)
    true = rows[["utilisation", "late_90", "default"]].rename(columns={"default": "default (true)"})
    shown = trained.predict(rows).join(true)
    console().print(shown.to_string(float_format="%.3f"), markup=False)


if __name__ == "__main__":
    sys.exit(main())
