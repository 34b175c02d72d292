"""EfficientNetV2: EfficientNet with fused blocks at the fine scales. Tan and Le 2021."""

from functools import partial

from keras import layers

from blocks.inverted_residual import NAMES, make_divisible
from zoo.models.efficientnet import Stage, efficientnet_features
from zoo.models.image_builder import ImageBuilder

B = (
    Stage(3, 1, 16, 1, 1, fused=True),
    Stage(3, 2, 32, 4, 2, fused=True),
    Stage(3, 2, 48, 4, 2, fused=True),
    Stage(3, 3, 96, 4, 2),
    Stage(3, 5, 112, 6, 1),
    Stage(3, 8, 192, 6, 2),
)
S = (  # table 4 of the paper; like the implementation, it has no seventh stage
    Stage(3, 2, 24, 1, 1, fused=True),
    Stage(3, 4, 48, 4, 2, fused=True),
    Stage(3, 4, 64, 4, 2, fused=True),
    Stage(3, 6, 128, 4, 2),
    Stage(3, 9, 160, 6, 1),
    Stage(3, 15, 256, 6, 2),
)
M = (
    Stage(3, 3, 24, 1, 1, fused=True),
    Stage(3, 5, 48, 4, 2, fused=True),
    Stage(3, 5, 80, 4, 2, fused=True),
    Stage(3, 7, 160, 4, 2),
    Stage(3, 14, 176, 6, 1),
    Stage(3, 18, 304, 6, 2),
    Stage(3, 5, 512, 6, 1),
)
L = (
    Stage(3, 4, 32, 1, 1, fused=True),
    Stage(3, 7, 64, 4, 2, fused=True),
    Stage(3, 7, 96, 4, 2, fused=True),
    Stage(3, 10, 192, 4, 2),
    Stage(3, 19, 224, 6, 1),
    Stage(3, 25, 384, 6, 2),
    Stage(3, 7, 640, 6, 1),
)
TINY = (
    Stage(3, 1, 8, 1, 1, fused=True),
    Stage(3, 2, 8, 2, 2, fused=True),
    Stage(3, 1, 16, 2, 2, fused=True),
    Stage(3, 2, 16, 3, 2),
    Stage(3, 2, 24, 3, 2),
)

features = partial(
    efficientnet_features,
    norm=partial(layers.BatchNormalization, momentum=0.9),
    names=NAMES | {"depthwise": ("dwconv2", "bn", "activation")},
    rounded=partial(make_divisible, share=0),
)
builder = partial(ImageBuilder, dropout=0.2, drop_path=0.2)
efficientnet_v2_b0 = builder("efficientnet_v2_b0", partial(features, stages=B))
efficientnet_v2_b1 = builder("efficientnet_v2_b1", partial(features, stages=B, width=1.0, depth=1.1), size=240)
efficientnet_v2_b2 = builder("efficientnet_v2_b2", partial(features, stages=B, width=1.1, depth=1.2), size=260)
efficientnet_v2_b3 = builder("efficientnet_v2_b3", partial(features, stages=B, width=1.2, depth=1.4), size=300)
efficientnet_v2_s = builder("efficientnet_v2_s", partial(features, stages=S, stem=24), size=384)
efficientnet_v2_m = builder("efficientnet_v2_m", partial(features, stages=M, stem=24), size=480)
efficientnet_v2_l = builder("efficientnet_v2_l", partial(features, stages=L, stem=32), size=480)
efficientnet_v2_tiny = builder("efficientnet_v2_tiny", partial(features, stages=TINY, stem=8, last=16), size=32)
