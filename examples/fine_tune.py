"""Your own classes of pictures, with a network that has seen a million others.

    python -m examples.fine_tune FOLDER                             a folder with a folder of pictures for each class
    python -m examples.fine_tune photos.csv --model resnet34        a table with their paths and labels

The network keeps what it learnt on ImageNet; its last layer is made anew for the classes of the folder:

    heads = {"label": {"kind": "classification", "classes": 3}}
    model = zoo.create_model("mobilenet", weights="imagenet", outputs=heads)
"""

from pathlib import Path

import zoo
from examples.command import Run, option, page
from zoo.cli.options import positive_number, whole_number
from zoo.terminal import epoch_printer, show_report

OPTIONS = (
    option("data", "folder, zip file or table of pictures; or pets37, cars64", metavar="FOLDER"),
    option("--model", "an entry of the catalogue (default: mobilenet)", default="mobilenet"),
    option("--weights", "tag or file of the weights to begin with (default: imagenet)", default="imagenet"),
    option("--size", "pixels a side (default: as the weights were trained)", type=positive_number),
    option("--epochs", "default: the recipe's", type=positive_number),
    option("--seed", type=whole_number, default=0),
    option("--out", "run folder (default: named after the run, in runs)", metavar="DIR"),
)


@page(*OPTIONS)
def main(run: Run) -> None:
    """Train, print scores beside simple models on small grey pictures, and say what a few test pictures show."""
    folder = Path(run.out or f"runs/{run.model}_{Path(run.data).stem}_seed-{run.seed}")
    changes = {"epochs": run.epochs} if run.epochs else {}
    size = {"size": run.size} if run.size else {}
    trained, report = zoo.train(
        run.model,
        run.data,
        weights=run.weights,
        folder=folder,
        seed=run.seed,
        data_options=size,
        callbacks=[epoch_printer()],
        **changes,
    )
    print(trained.schema)
    show_report(report, folder)
    print(f"\nNow: zoo predict {run.model} --weights {folder} PICTURE ...")


if __name__ == "__main__":
    raise SystemExit(main())
