"""Names in PyTorch's files of ResNet: those of torchvision, which timm uses too."""

from zoo.weights.names import Names, by_rule, first_of, underscores

NAMES = {
    "torchvision": Names(rename=first_of(by_rule((r"fc", "predictions")), underscores), signs=["layer1.0.conv1"]),
}
