"""Who becomes a member? Eleven features of a visit: an address, a platform, six ways of taking part.

    python -m examples.membership                     generated visits, for which the best possible score is known
    python -m examples.membership --visits mine.csv   your own: the same columns, and "member" (yes or no)

The model, in `zoo/models/mlp.py`, is one dense layer on numbers scaled to 0..1, their pieces, and the platform:

    table = table_inputs(numbers={"shifts": ..., "pieces": ...}, categories={"platform": 6}, ...)
    x = dense_stack(table.one_hot_features(), units=(128,), dropout=0.3, name="hidden")
    keras.Model(table.inputs, {"member": classification_head(x, 2, name="member")})
"""

import zoo
from examples.command import Run, option, table_page
from zoo.terminal import show_report

VISITS = option("--visits", "a CSV or Parquet file of visits (default: generated ones)", metavar="FILE")


@table_page("mlp", "membership", VISITS)
def main(run: Run) -> None:
    """Scores beside a constant answer, a linear model and boosted trees; a picture; and answers for rows."""
    own = {"path": run.visits} if run.visits else {}
    table = zoo.tasks.load_table("membership", seed=run.seed, **own)
    data = table.dataset()  # its columns as arrays, by a schema learnt from the training rows
    print(data.schema)
    recipe = zoo.tasks.recipe_for(
        data, "mlp", data="membership", options=own
    )  # losses, optimiser, options of the model
    print(zoo.draw(zoo.create_model("mlp", **recipe.config)))

    trained, report = zoo.train("mlp", "membership", **run.options | {"data_options": own})
    show_report(report, run.folder)

    address = {"byte_1": [76, 200], "byte_2": [128, 0], "byte_3": [1, 1], "byte_4": [1, 1]}
    part = {"forum": [1, 0], "newsletter": [0, 0], "event": [1, 0], "survey": [0, 1], "referral": [0, 0]}
    rows = {**address, "platform": ["ios", "desktop"], **part, "download": [0, 0]}
    print(trained.predict(rows).to_string(float_format="%.3f"))


if __name__ == "__main__":
    raise SystemExit(main())
