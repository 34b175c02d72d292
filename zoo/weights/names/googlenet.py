"""Names in torchvision's file of GoogLeNet."""

from zoo.weights.names import Names, by_rule, first_of, underscores

AUXILIARY = "of an auxiliary classifier, which helps in training only and has no place in the graph"
NAMES = {
    "torchvision": Names(
        rename=first_of(by_rule((r"fc", "predictions")), underscores),
        ignore={"aux1.*": AUXILIARY, "aux2.*": AUXILIARY},
        signs=["inception3a.branch1.conv"],
    ),
}
