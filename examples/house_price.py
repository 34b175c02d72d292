"""The price of a house in California: from one feature by least squares, then from all by a network.

    python -m examples.house_price                    both, beside each other
    python -m examples.house_price --feature income   another single feature

The network, in `zoo/models/entity_embedding.py`, learns a vector for each square of the map, of three sizes:

    vectors = [entity_embedding(ids, size, name=...) for ids, size in ...]   # where the house stands
    x = dense_stack(side_by_side([numbers, pieces, *vectors]), units=(256, 128), name="hidden")
    keras.Model(table.inputs, {"value": regression_head(x, name="value")})
"""

import numpy as np

import zoo
from examples.command import Run, announce, option, table_page
from zoo.terminal import show_report

FEATURE = option("--feature", "the one feature (default: rooms_per_household)", default="rooms_per_household")


@table_page("entity_embedding", "california", FEATURE, announced=False)
def main(run: Run) -> None:
    """Scores beside a constant answer, a linear model and boosted trees; a picture; and answers for rows."""
    folder, one = run.out or f"runs/house_price_seed-{run.seed}", {"only": run.feature}
    rows = zoo.tasks.load_table("california", seed=run.seed, **one).train
    print(rows.head())
    announce("linear_regression", "california", f"{folder}/{run.feature}")
    options = {"seed": run.seed, "callbacks": run.options["callbacks"], "data_options": one}
    line, report = zoo.train("linear_regression", "california", folder=f"{folder}/{run.feature}", **options)
    show_report(report, f"{folder}/{run.feature}")
    slope, height = np.polyfit(rows[run.feature], rows["value"], 1)
    low, high = line.predict({run.feature: [0.0, 1.0]})["value"]
    print(f"learnt: value = {high - low:.4f} {run.feature} + {low:.4f}; least squares: {slope:.4f}, {height:.4f}")

    table = zoo.tasks.load_table("california", seed=run.seed)
    data = table.dataset()  # its columns as arrays, by a schema learnt from the training rows
    print(data.schema)
    recipe = zoo.tasks.recipe_for(data, "entity_embedding", data="california", options={})  # losses, optimiser, options
    print(zoo.draw(zoo.create_model("entity_embedding", **recipe.config)))
    announce("entity_embedding", "california", f"{folder}/all")
    network, report = zoo.train("entity_embedding", "california", **run.options | {"folder": f"{folder}/all"})
    show_report(report, f"{folder}/all")
    houses = table.test.head(5)
    print(network.predict(houses).join(houses["value"].rename("value (true)")).to_string(float_format="%.3f"))


if __name__ == "__main__":
    raise SystemExit(main())
