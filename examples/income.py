"""Does a person earn more than $50,000 a year? The census of the United States of 1994.

    python -m examples.income                       train, judge, draw; then answer for a few people

The model, in `zoo/models/entity_embedding.py`, has a vector for each value of a category, and bins for numbers:

    vectors = [entity_embedding(ids, size, name=...) for ids, size in ...]   # occupation, education, ...
    x = dense_stack(side_by_side([numbers, bins, *vectors]), units=(256, 128), name="hidden")
    keras.Model(table.inputs, {"income": binary_head(x, name="income")})
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
    parser = argparse.ArgumentParser(prog="python -m examples.income", allow_abbrev=False)
    add_example_options(parser, model="entity_embedding", data="adult")
    parsed = parse(parser, arguments)
    trained = train_command(parsed)
    rows = load_table(parsed.data, seed=parsed.seed).test.head(5)
    true = rows[["age", "sex", "occupation", "income"]].rename(columns={"income": "income (true)"})
    shown = trained.predict(rows).join(true)
    console().print(shown.to_string(float_format="%.3f"), markup=False)


if __name__ == "__main__":
    sys.exit(main())
