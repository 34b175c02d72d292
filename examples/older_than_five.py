"""Younger than five, five, or older? A softmax on [year, 1], where the 1 is a distractor.

    python -m examples.older_than_five              train, judge, draw; then predict for 4, 5 and 6

The model, in `zoo/models/regression.py`, is one weighted sum a class. The column that is always 1 is scaled to 0:

    table = table_inputs(numbers=2, ...)
    keras.Model(table.inputs, {"age": classification_head(table.one_hot_features(), 3, name="age")})
"""

import zoo
from examples.command import Run, table_page
from zoo.terminal import show_report


@table_page("softmax_regression", "older_than_five")
def main(run: Run) -> None:
    """Scores beside a constant answer, a linear model and boosted trees; a picture; and predictions for rows."""
    table = zoo.tasks.load_table("older_than_five", seed=run.seed)
    data = table.dataset()  # its columns as arrays, by a schema learnt from the training rows
    print(table.train.head(), data.schema, sep="\n\n")
    print(zoo.draw(zoo.create_model("softmax_regression", **data.schema.model_config())))

    trained, report = zoo.train("softmax_regression", "older_than_five", **run.options)
    show_report(report, run.folder)
    print(trained.predict({"year": [4, 5, 6], "one": [1, 1, 1]}).to_string(float_format="%.3f"))


if __name__ == "__main__":
    raise SystemExit(main())
