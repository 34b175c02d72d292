"""How old is this person? Ages learnt from 8,000 faces, by a network pretrained on ImageNet.

    python -m examples.age_from_faces                              needs the mirror of the data: faces are shown nowhere
    python -m examples.age_from_faces --data faces.csv             your own: a column of paths and a column "age"

The age is what a distribution over ages expects, as in DEX (Rothe et al. 2015): `blocks.expected_value_head`.
"""

import zoo
from examples.command import Run, training_page
from zoo.terminal import show_report


@training_page("mobilenet", "utkface")
def main(run: Run) -> None:
    """Mean absolute error in years, beside a constant and simple models; errors by sex."""
    trained, report = zoo.train(run.model, run.data, **run.options)
    print(trained.schema)
    show_report(report, run.folder)


if __name__ == "__main__":
    raise SystemExit(main())
