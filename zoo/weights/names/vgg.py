"""Names in torchvision's files of VGG (those without batch normalisation): numbers in a sequence."""

import re
from collections.abc import Mapping, Sequence

from zoo.weights.names import Names, by_rule, first_of, flattened

NUMBERED = re.compile(r"features\.\d{1,3}")


def in_order(file_layers: Sequence[str], model_layers: Sequence[str]) -> Mapping[str, str]:
    """The convolutions by their order; with normalisations among them the numbers differ, and nothing is renamed."""
    theirs = sorted((name for name in file_layers if NUMBERED.fullmatch(name)), key=lambda name: int(name[9:]))
    ours = [name for name in model_layers if name.startswith("block")]
    return dict(zip(theirs, ours, strict=True)) if len(theirs) == len(ours) else {}


DENSE = by_rule((r"classifier\.0", "fc1"), (r"classifier\.3", "fc2"), (r"classifier\.6", "predictions"))
NAMES = {
    "torchvision": Names(
        rename=first_of(DENSE, in_order), adapt={"fc1/kernel": flattened(512, 7, 7)}, signs=["features.0"]
    ),
}
