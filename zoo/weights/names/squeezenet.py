"""Names in the files of SqueezeNet: rcmalli's for Keras, whose fire modules count from 2, and torchvision's."""

import re
from collections.abc import Mapping, Sequence

from zoo.weights.names import Names, by_rule, first_of, underscores


def fires(file_layers: Sequence[str], model_layers: Sequence[str]) -> Mapping[str, str]:
    """ "fire2/squeeze1x1" is the squeezing layer of our first fire module, whatever that is called."""
    ours = [name.removesuffix("_squeeze") for name in model_layers if name.endswith("_squeeze")]
    renamed = {}
    for name in file_layers:
        match = re.fullmatch(r"fire(\d{1,3})/(squeeze|expand1x1|expand3x3)(?:1x1)?", name)
        if match and 0 <= int(match[1]) - 2 < len(ours):
            renamed[name] = f"{ours[int(match[1]) - 2]}_{match[2]}"
    return renamed


NAMES = {
    "keras": Names(
        rename=first_of(by_rule((r"conv1", "features_0"), (r"conv10", "classifier_1")), fires),
        signs=["fire2/squeeze1x1"],
    ),
    "torchvision": Names(rename=underscores, signs=["features.3.squeeze"]),
}
