"""The daily sales of 1,115 drug stores, six weeks ahead: fast.ai's network for the Rossmann competition.

    python -m examples.store_sales                  train (some minutes), judge, draw; then answer for a few days

The model, in `zoo/models/entity_embedding.py`, has a vector for every store, weekday, state, holiday ...:

    vectors = [entity_embedding(ids, size, dropout=0.04, name=...) for ids, size in ...]
    x = dense_stack(side_by_side([numbers, *vectors]), (1000, 500), dropout=(0.001, 0.01), batch_norm=True, ...)
    keras.Model(table.inputs, {"Sales": bounded_output(x, low=0, high=log(1.2 * the most), name="Sales")})
"""

import zoo
from examples.command import Run, table_page
from zoo.terminal import show_report


@table_page("entity_embedding", "rossmann")
def main(run: Run) -> None:
    """Scores beside a constant answer, a linear model and boosted trees; a picture; and answers for rows."""
    table = zoo.tasks.load_table("rossmann", seed=run.seed)
    data = table.dataset()  # its columns as arrays, by a schema learnt from the training rows
    print(data.schema)
    recipe = zoo.tasks.recipe_for(data, "entity_embedding", data="rossmann", options={})  # losses, optimiser, options
    print(zoo.draw(zoo.create_model("entity_embedding", **recipe.config)))

    trained, report = zoo.train("entity_embedding", "rossmann", **run.options)
    show_report(report, run.folder)

    rows = table.test.head(5)
    true = rows[["Store", "Day", "Month", "Sales"]].rename(columns={"Sales": "Sales (true)"})
    print(trained.predict(rows).join(true).to_string(float_format="%.3f"))


if __name__ == "__main__":
    raise SystemExit(main())
