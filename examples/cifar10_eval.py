"""How good is the network of `python -m examples.cifar10_train`, on the official test photos or others?

python -m examples.cifar10_eval RUN_FOLDER
python -m examples.cifar10_eval RUN_FOLDER --data DIR        a folder with a folder of photos for each class
"""

import zoo
from examples.command import Run, option, page
from zoo.terminal import show_report

FOLDER = "runs/airbench94_cifar10_seed-0"


@page(
    option("run", f"the folder of a training (default: {FOLDER})", nargs="?", default=FOLDER, metavar="RUN_FOLDER"),
    option("--data", "other data (default: that of the training)"),
)
def main(run: Run) -> None:
    """Scores, the classes that are confused, and errors by brightness."""
    found = zoo.evaluate(run.run, data=run.data)
    show_report(found, run.run if run.data is None else None)  # the run's pictures are of its own test photos


if __name__ == "__main__":
    raise SystemExit(main())
