"""What sells, and at which price: a table, a text and a picture of each item, in one model with two heads.

    python -m examples.fashion_trend                train (some minutes), judge, draw; then what each sense says

The items are generated: what can be known of them from each sense alone, and from all together, is known (`shop`). On
real ones: zoo train fashion_trend --data fashion. The model, in `zoo/models/joint.py`, masks the senses that an item
lacks, puts the others side by side, and has a head for each output:

    photo = cnn(image);  title = convolutional_text_encoder(embed(words), ...);  table = one_hot_features(...)
    x = concatenate_senses([dense(table), dense(title), dense(photo)], present)
    x = dense_stack(x, (128,), name="trunk")
    keras.Model(inputs, {"trend": binary_head(x), "price": regression_head(x)})
"""

import zoo
from examples.command import Run, table_page
from zoo.terminal import show_report


@table_page("joint", "shop")
def main(run: Run) -> None:
    """Scores beside simple models and the best possible; a picture; and what each prediction owes to each sense."""
    data = zoo.load_dataset("shop", seed=run.seed)
    print(data.schema)
    recipe = zoo.tasks.recipe_for(data, "joint", data="shop", options={})  # losses, optimiser, options
    print(zoo.draw(zoo.create_model("joint", **recipe.config)))

    trained, report = zoo.train("joint", "shop", **run.options)
    show_report(report, run.folder)

    rows = data.table.test.head(5)
    print(
        zoo.tasks.joint.explain_senses(trained, rows).join(rows[["price"]].add_suffix(" (true)")).round(3).T.to_string()
    )


if __name__ == "__main__":
    raise SystemExit(main())
