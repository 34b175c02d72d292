"""Names of Xception's layers in Keras' files: those of the four shortcuts are automatic."""

from zoo.weights.names import Names, by_creation

SHORTCUTS = [f"block{block}_shortcut" for block in (2, 3, 4, 13)]
OURS = {"conv2d": [f"{name}_conv" for name in SHORTCUTS], "batch_normalization": [f"{name}_bn" for name in SHORTCUTS]}

NAMES = {"keras": Names(rename=lambda file_layers, _: by_creation(file_layers, OURS), signs=["conv2d*"])}
