"""Who becomes a member? Eleven features of a visit: an address, a platform, six ways of taking part.

    python -m examples.membership                     generated visits, for which the best possible score is known
    python -m examples.membership --visits mine.csv   your own: the same columns, and "member" (yes or no)

The model, in `zoo/models/mlp.py`, is one dense layer on numbers scaled to 0..1, their pieces, and the platform:

    table = table_inputs(numbers={"shifts": ..., "pieces": ...}, categories={"platform": 6}, ...)
    x = dense_stack(table.one_hot_features(), units=(128,), dropout=0.3, name="hidden")
    keras.Model(table.inputs, {"member": classification_head(x, 2, name="member")})
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
    parser = argparse.ArgumentParser(prog="python -m examples.membership", allow_abbrev=False)
    add_example_options(parser, model="mlp", data="membership")
    parser.add_argument("--visits", metavar="FILE", help="a CSV or Parquet file of visits (default: generated ones)")
    parsed = parse(parser, arguments)
    parsed.data_options = {"path": parsed.visits} if parsed.visits else {}
    trained = train_command(parsed)
    address = {"byte_1": [76, 200], "byte_2": [128, 0], "byte_3": [1, 1], "byte_4": [1, 1]}
    part = {"forum": [1, 0], "newsletter": [0, 0], "event": [1, 0], "survey": [0, 1], "referral": [0, 0], "download": 0}
    rows = address | {"platform": ["ios", "desktop"]} | {name: value or [0, 0] for name, value in part.items()}
    console().print(trained.predict(rows).to_string(float_format="%.3f"), markup=False)


if __name__ == "__main__":
    sys.exit(main())
