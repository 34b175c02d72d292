"""What is in this small photo? Training on CIFAR-10, which is fetched when it is missing.

    python -m examples.cifar10_train                     then: python -m examples.cifar10_eval
    python -m examples.cifar10_train --model resnet20

The network, in `zoo/models/small_images.py`, is made to be trained fast (Jordan 2024): a first convolution that turns
patches into uncorrelated numbers, set from the pictures and not trained, and three wide blocks.
"""

import zoo
from examples.command import Run, training_page
from zoo.terminal import show_report


@training_page("airbench94", "cifar10")
def main(run: Run) -> None:
    """Train, and print the scores on the official 10,000 test photos; the run folder keeps model and picture."""
    trained, report = zoo.train(run.model, run.data, **run.options)
    print(trained.schema)
    print(zoo.draw(trained.model))
    show_report(report, run.folder)


if __name__ == "__main__":
    raise SystemExit(main())
