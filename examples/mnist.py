"""Which digit is this? Three networks on the same 60,000 pictures, beside each other.

    python -m examples.mnist                        softmax regression, dense layers, convolutions
    python -m examples.mnist --epochs 1 --data DIR  fewer epochs; or a folder of your own digits

The third, in `zoo/models/small_images.py`, reads

    x = conv_norm_act(x, 32, 3, ...)                       # twice a stage, of 32, 64 and 128 channels
    x = Dense(256)(Dropout(0.4)(GlobalMaxPooling2D()(x)))
    keras.Model([image], {"label": classification_head(x, 10, name="label")})
"""

from pathlib import Path

import zoo
from examples.command import Run, option, page
from zoo.cli.options import positive_number, whole_number
from zoo.terminal import console, epoch_printer, show_report

MODELS = ("image_softmax", "image_mlp", "mnist_cnn")
OPTIONS = (
    option("--data", "a folder of folders of digits (default: mnist)", default="mnist", metavar="DIR"),
    option("--models", "one or more entries of the catalogue", nargs="+", default=MODELS, metavar="MODEL"),
    option("--epochs", "default: the recipe's", type=positive_number),
    option("--seed", type=whole_number, default=0),
    option("--out", "folder of the runs (default: runs)", default="runs", metavar="DIR"),
)


@page(*OPTIONS)
def main(run: Run) -> None:
    """The scores of each network on the test pictures, and what it says of a few."""
    rows = zoo.load_dataset(run.data, task="pictures", seed=run.seed).table.test.head(5)
    changes = {"epochs": run.epochs} if run.epochs else {}
    beside: dict[str, dict[str, str]] = {}
    for name in run.models:
        folder = Path(run.out) / f"{name}_{Path(run.data).stem}_seed-{run.seed}"
        console().print(f"Training {name} on {run.data} into {folder}", markup=False)
        trained, report = zoo.train(
            name, run.data, folder=folder, seed=run.seed, callbacks=[epoch_printer()], **changes
        )
        print(zoo.draw(trained.model))
        show_report(report, folder)
        print(trained.predict(rows)[["label"]].assign(true=rows["label"].to_numpy()).to_string(index=False))
        beside[name] = {row["metric"]: f"{row['model']:.4f}" for row in report.scores if row["output"] == "label"}
        beside[name] |= {"weights": f"{trained.model.count_params():,}"}
    print("\t".join(["", *beside[run.models[0]]]))
    for name, scores in beside.items():
        print("\t".join([name, *scores.values()]))


if __name__ == "__main__":
    raise SystemExit(main())
