"""The first regression of many tutorials: the plane y = 0.1 a + 0.2 b + 0.3 through 100 points, by gradient descent.

    python -m examples.plane_fit                    200 steps at the rate 0.5, then slopes, height, scores, picture

The model, in `zoo/models/regression.py`, is one weighted sum of the table's columns:

    table = table_inputs(numbers=2, ...)
    keras.Model(table.inputs, {"y": regression_head(table.features, name="y")})
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from zoo.options import whole_number
from zoo.terminal import console, import_frameworks, parse, run, show_report


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit the plane and show what was found."""
    return run(lambda: fit_plane(arguments))


def fit_plane(arguments: Sequence[str] | None) -> None:
    """Two hundred steps over all points at once; the weights of the model are the slopes."""
    parser = argparse.ArgumentParser(prog="python -m examples.plane_fit", allow_abbrev=False)
    parser.add_argument("--steps", type=whole_number, default=200, help="of gradient descent (default: 200)")
    parser.add_argument("--seed", type=whole_number, default=0)
    parser.add_argument("--out", metavar="DIR", help="run folder (default: named after the run, in runs)")
    parsed = parse(parser, arguments)
    import_frameworks()
    from zoo.tasks import train

    folder = Path(parsed.out or f"runs/plane_steps-{parsed.steps}_seed-{parsed.seed}")
    trained, report = train("linear_regression", "plane", folder=folder, seed=parsed.seed, epochs=parsed.steps)
    show_report(report, folder)
    slopes, height = trained.model.get_layer("y").get_weights()
    console().print(f"y = {slopes[0, 0]:.4f} a + {slopes[1, 0]:.4f} b + {height[0]:.4f}   (true: 0.1, 0.2, 0.3)")


if __name__ == "__main__":
    sys.exit(main())
