"""Names in torchvision's file of AlexNet."""

from zoo.weights.names import Names, by_rule, first_of, flattened, underscores

NAMES = {
    "torchvision": Names(
        rename=first_of(by_rule((r"classifier\.6", "predictions")), underscores),
        adapt={"classifier_1/kernel": flattened(256, 6, 6)},
        signs=["features.10", "classifier.6"],
    ),
}
