"""Names of ConvNeXt's layers in Keras' files: they begin with the name that the saved model had."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from zoo.weights.names import Names

LAYER = re.compile(r"(?:.*/)?(?P<model>\w+?)(?P<layer>_(?:stem|downsampling|stage_\d|head)_\w+)")


def rename(file_layers: Sequence[str], model_layers: Sequence[str]) -> Mapping[str, str]:
    """`<model>_stem/<model>_stem_conv` is `<ours>_stem_conv`; without the top, the last normalisation has no name."""
    prefix = next((match["model"] for name in model_layers if (match := LAYER.fullmatch(name))), "")
    renamed = {}
    for name in file_layers:
        if name.endswith("_head_dense"):
            renamed[name] = "predictions"
        elif re.fullmatch(r"layer_normalization(_\d+)?", name):
            renamed[name] = f"{prefix}_head_layernorm"
        elif match := LAYER.fullmatch(name):
            renamed[name] = prefix + match["layer"]
    return renamed


def depthwise(array: Any) -> Any:
    """The kernel of a grouped convolution (7, 7, 1, C), Keras' way -> (7, 7, C, 1), of a depthwise one, ours."""
    return array.swapaxes(2, 3)


NAMES = {
    "keras": Names(
        rename=rename,
        ignore={"*_prestem_normalization": "the preprocessing, which is data of the weights"},
        roles={"*_layer_scale/gamma": "kernel", "*_layer_scale/variable*": "kernel"},
        adapt={"*_depthwise_conv/kernel": depthwise},
    ),
}
