"""The first regression of many tutorials: the plane y = 0.1 a + 0.2 b + 0.3 through 100 points, by gradient descent.

    python -m examples.plane_fit                    200 steps at the rate 0.5, then slopes, height, scores, picture

The model, in `zoo/models/regression.py`, is one weighted sum of the table's columns:

    table = table_inputs(numbers=2, ...)
    keras.Model(table.inputs, {"y": regression_head(table.features, name="y")})
"""

from pathlib import Path

import zoo
from examples.command import OUT, SEED, Run, option, page
from zoo.cli.options import whole_number
from zoo.terminal import show_report

STEPS = option("--steps", "of gradient descent (default: 200)", type=whole_number, default=200)


@page(STEPS, SEED, OUT)
def main(run: Run) -> None:
    """An epoch is one step over all points at once; the weights of the model are the slopes."""
    table = zoo.tasks.load_table("plane", seed=run.seed)
    data = table.dataset()  # its columns as arrays, by a schema learnt from the training rows
    print(table.train.head(), data.schema, sep="\n\n")
    print(zoo.draw(zoo.create_model("linear_regression", flags=False, **data.schema.model_config())))

    folder = Path(run.out or f"runs/plane_steps-{run.steps}_seed-{run.seed}")
    trained, report = zoo.train("linear_regression", "plane", folder=folder, seed=run.seed, epochs=run.steps)
    show_report(report, folder)

    slopes, height = trained.model.get_layer("y").get_weights()
    print(f"y = {slopes[0, 0]:.4f} a + {slopes[1, 0]:.4f} b + {height[0]:.4f}   (true: 0.1, 0.2, 0.3)")
    print(trained.predict({"a": [0.0, 1.0], "b": [0.0, 1.0]}))


if __name__ == "__main__":
    raise SystemExit(main())
