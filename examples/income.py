"""Does a person earn more than $50,000 a year? The census of the United States of 1994.

    python -m examples.income                       train, judge, draw; then answer for a few people

The model, in `zoo/models/entity_embedding.py`, has a vector for each value of a category, and bins for numbers:

    vectors = [entity_embedding(ids, size, name=...) for ids, size in ...]   # occupation, education, ...
    x = dense_stack(side_by_side([numbers, bins, *vectors]), units=(256, 128), name="hidden")
    keras.Model(table.inputs, {"income": binary_head(x, name="income")})
"""

import zoo
from examples.command import Run, table_page
from zoo.terminal import show_report


@table_page("entity_embedding", "adult")
def main(run: Run) -> None:
    """Scores beside a constant answer, a linear model and boosted trees; a picture; and answers for rows."""
    table = zoo.tasks.load_table("adult", seed=run.seed)
    data = table.dataset()  # its columns as arrays, by a schema learnt from the training rows
    print(data.schema)
    recipe = zoo.tasks.recipe_for(data, "entity_embedding", data="adult", options={})  # losses, optimiser, options
    print(zoo.draw(zoo.create_model("entity_embedding", **recipe.config)))

    trained, report = zoo.train("entity_embedding", "adult", **run.options)
    show_report(report, run.folder)

    rows = table.test.head(5)
    true = rows[["age", "sex", "occupation", "income"]].rename(columns={"income": "income (true)"})
    print(trained.predict(rows).join(true).to_string(float_format="%.3f"))


if __name__ == "__main__":
    raise SystemExit(main())
