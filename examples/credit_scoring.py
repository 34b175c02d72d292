"""Will a borrower be 90 days late with a payment? 150,000 borrowers, of whom 6.7 % were.

    python -m examples.credit_scoring               train, judge, draw; then answer for a few borrowers

The model, in `zoo/models/mlp.py`, cuts every number into 32 pieces of equal frequency:

    table = table_inputs(numbers={"pieces": ..., "flags": ...}, ...)         # a flag where the income is missing
    x = dense_stack(table.one_hot_features(), units=(128, 64), dropout=0.3, name="hidden")
    keras.Model(table.inputs, {"default": binary_head(x, name="default")})
"""

import zoo
from examples.command import Run, table_page
from zoo.terminal import show_report


@table_page("mlp", "credit")
def main(run: Run) -> None:
    """Scores beside a constant answer, a linear model and boosted trees; a picture; and answers for rows."""
    table = zoo.tasks.load_table("credit", seed=run.seed)
    data = table.dataset()  # its columns as arrays, by a schema learnt from the training rows
    print(data.schema)
    recipe = zoo.tasks.recipe_for(data, "mlp", data="credit", options={})  # losses, optimiser, options of the model
    print(zoo.draw(zoo.create_model("mlp", **recipe.config)))

    trained, report = zoo.train("mlp", "credit", **run.options)
    show_report(report, run.folder)

    rows = table.test.head(5)
    true = rows[["utilisation", "late_90", "default"]].rename(columns={"default": "default (true)"})
    print(trained.predict(rows).join(true).to_string(float_format="%.3f"))


if __name__ == "__main__":
    raise SystemExit(main())
