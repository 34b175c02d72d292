"""The daily sales of 1,115 drug stores, six weeks ahead: fast.ai's network for the Rossmann competition.

    python -m examples.store_sales                  train (some minutes), judge, draw; then answer for a few days

The model, in `zoo/models/entity_embedding.py`, has a vector for every store, weekday, state, holiday ...:

    vectors = [entity_embedding(ids, size, dropout=0.04, name=...) for ids, size in ...]
    x = dense_stack(side_by_side([numbers, *vectors]), (1000, 500), dropout=(0.001, 0.01), batch_norm=True, ...)
    keras.Model(table.inputs, {"Sales": bounded_output(x, low=0, high=log(1.2 * the most), name="Sales")})
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
    parser = argparse.ArgumentParser(prog="python -m examples.store_sales", allow_abbrev=False)
    add_example_options(parser, model="entity_embedding", data="rossmann")
    parsed = parse(parser, arguments)
    trained = train_command(parsed)
    rows = load_table(parsed.data, seed=parsed.seed).test.head(5)
    true = rows[["Store", "Day", "Month", "Sales"]].rename(columns={"Sales": "Sales (true)"})
    shown = trained.predict(rows).join(true)
    console().print(shown.to_string(float_format="%.3f"), markup=False)


if __name__ == "__main__":
    sys.exit(main())
