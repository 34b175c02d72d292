"""How old is this person? Ages learnt from 8,000 faces, by a network pretrained on ImageNet.

    python -m examples.age_from_faces                              needs the mirror of the data: faces are shown nowhere
    python -m examples.age_from_faces --data faces.csv             your own: a column of paths and a column "age"

The age is what a distribution over 101 ages expects, as in DEX (Rothe et al. 2015), on MobileNet or, from Python, any
other backbone: zoo.train("dex_age", data, weights="imagenet", config={"backbone": "resnet34"}, ...). Faces are seen at
64 pixels a side, which a processor can train on; more pixels (`SIZE`) are better and slower.
"""

import zoo
from examples.command import Run, training_page
from zoo.terminal import show_report

SIZE = 64  # pixels a side; the weights were trained on 224


@training_page("dex_age", "utkface", weights="imagenet")
def main(run: Run) -> None:
    """Mean absolute error in years, beside a constant and simple models; errors by sex."""
    run.options["data_options"] = {"size": SIZE, **(run.options.get("data_options") or {})}
    trained, report = zoo.train(run.model, run.data, **run.options)
    print(trained.schema)
    show_report(report, run.folder)


if __name__ == "__main__":
    raise SystemExit(main())
