"""Names of EfficientNet's layers in Keras' files, in timm's and in those of the PyTorch port of L. Melas-Kyriazi."""

import re
from collections.abc import Mapping, Sequence

from zoo.weights.names import Names

# each file's layers in the order of a block that widens; the block that does not is without the first two
OURS = ("expand_conv", "expand_bn", "dwconv", "bn", "se_reduce", "se_expand", "project_conv", "project_bn")
TIMM = ("conv_pw", "bn1", "conv_dw", "bn2", "se.conv_reduce", "se.conv_expand", "conv_pwl", "bn3")
TIMM_FIRST = ("", "", "conv_dw", "bn1", "se.conv_reduce", "se.conv_expand", "conv_pw", "bn2")
PORT = (
    *("_expand_conv", "_bn0", "_depthwise_conv", "_bn1"),
    *("_se_reduce", "_se_expand", "_project_conv", "_bn2"),
)


def rename_timm(file_layers: Sequence[str], model_layers: Sequence[str]) -> Mapping[str, str]:
    """`blocks.1.0.conv_dw`, stage and block from 0, is `block2a_dwconv`."""
    ends = {"conv_stem": "stem_conv", "bn1": "stem_bn", "conv_head": "top_conv", "bn2": "top_bn"}
    renamed = {**ends, "classifier": "predictions"}
    for name in file_layers:
        if match := re.fullmatch(r"blocks\.(\d{1,3})\.(\d{1,3})\.(.+)", name):
            stage, block, layer = int(match[1]), int(match[2]), match[3]
            widens = f"blocks.{stage}.{block}.conv_pwl" in file_layers
            ours = dict(zip(TIMM if widens else TIMM_FIRST, OURS, strict=True))
            if layer in ours:
                renamed[name] = f"block{stage + 1}{chr(ord('a') + block)}_{ours[layer]}"
    return {name: renamed[name] for name in file_layers if name in renamed}


def rename_port(file_layers: Sequence[str], model_layers: Sequence[str]) -> Mapping[str, str]:
    """`_blocks.3._bn1`, blocks counted through from 0, is `block3b_bn` where the model's fourth block is 3b."""
    ends = {"_conv_stem": "stem_conv", "_bn0": "stem_bn", "_conv_head": "top_conv", "_bn1": "top_bn"}
    renamed = {**ends, "_fc": "predictions"}
    found = (re.match(r"(block\d+[a-z])_", name) for name in model_layers)
    blocks = list(dict.fromkeys(match[1] for match in found if match))  # in the graph's order
    ours = dict(zip(PORT, OURS, strict=True))
    for name in file_layers:
        match = re.fullmatch(r"_blocks\.(\d{1,3})\.(.+)", name)
        if match and int(match[1]) < len(blocks) and match[2] in ours:
            renamed[name] = f"{blocks[int(match[1])]}_{ours[match[2]]}"
    return {name: renamed[name] for name in file_layers if name in renamed}


NAMES = {
    "timm": Names(rename=rename_timm, signs=["conv_stem", "blocks.0.0.conv_dw"]),
    "port": Names(rename=rename_port, signs=["_conv_stem", "_blocks.0._depthwise_conv"]),
    "keras": Names(ignore={"normalization*": "the preprocessing, which is data of the weights"}),
}
