"""The entries of image models: published sizes and scores, as data.

Scores are shares of the 50,000 validation images of ImageNet (ILSVRC 2012) in percent, one central crop; where they
were published, and what else is known of each set of weights, is in weights/imagenet.json.
"""

from collections.abc import Iterator
from typing import NamedTuple

from zoo.catalogue.entry import Entry, Weights

KERAS = ("imagenet", "imagenet_notop")  # Keras publishes every model as a file with its top and one without


def _sized(*sizes: int) -> tuple[str, ...]:
    """MobileNets were also trained on smaller images than 224x224."""
    return KERAS + tuple(f"imagenet_{size}{top}" for size in sizes for top in ("", "_notop"))


class Variant(NamedTuple):
    """One member of a family. `top1` and `top5` belong to the tag "imagenet"; `parameters` to 1000 classes."""

    parameters: int | None
    top1: float | None
    top5: float | None
    summary: str
    tags: tuple[str, ...] = KERAS


class Family(NamedTuple):
    """A module of `zoo.models`: its paper, its official members, and the members that exist only for tests."""

    source: str
    variants: dict[str, Variant]
    tests: tuple[str, ...]


TORCH = ("imagenet",)  # torchvision publishes one file, with its top
# the widths 1.3 and 1.4 of version 2 were trained for 224x224 alone (tensorflow/models, slim, mobilenet/README.md)
V1_TAGS, V2_TAGS = _sized(192, 160, 128), _sized(192, 160, 128, 96)

FAMILIES: dict[str, Family] = {
    "vgg": Family(
        "Simonyan and Zisserman 2014, Very Deep Convolutional Networks for Large-Scale Image Recognition",
        {
            "vgg16": Variant(138_357_544, 71.3, 90.1, "13 convolutions of 3x3 and 3 dense layers"),
            "vgg19": Variant(143_667_240, 71.3, 90.0, "16 convolutions of 3x3 and 3 dense layers"),
        },
        ("vgg_tiny",),
    ),
    "resnet": Family(
        "He et al. 2015, Deep Residual Learning; 2016, Identity Mappings in Deep Residual Networks",
        {
            "resnet50": Variant(25_636_712, 74.9, 92.1, "50 layers of residual blocks, as Keras has them"),
            "resnet101": Variant(44_707_176, 76.4, 92.8, "101 layers of residual blocks, as Keras has them"),
            "resnet152": Variant(60_419_944, 76.6, 93.1, "152 layers of residual blocks, as Keras has them"),
            "resnet50_v2": Variant(25_613_800, 76.0, 93.0, "50 layers, normalised before each convolution"),
            "resnet101_v2": Variant(44_675_560, 77.2, 93.8, "101 layers, normalised before each convolution"),
            "resnet152_v2": Variant(60_380_648, 78.0, 94.2, "152 layers, normalised before each convolution"),
            "resnet18": Variant(
                11_699_112, 69.758, 89.078, "18 layers of basic blocks, as torchvision has them", TORCH
            ),
            "resnet34": Variant(
                21_814_696, 73.314, 91.420, "34 layers of basic blocks, as torchvision has them", TORCH
            ),
            "resnet50_v1_5": Variant(
                25_610_152,
                76.130,
                92.862,
                "50 layers, strides in the 3x3, as torchvision has it",
                (*TORCH, "imagenet_v2"),
            ),
        },
        ("resnet_tiny", "resnet_v2_tiny", "resnet_v1_5_tiny"),
    ),
    "alexnet": Family(
        "Krizhevsky et al. 2012, ImageNet Classification; 2014, One weird trick (one tower); Jia et al. 2014, Caffe",
        {
            "alexnet": Variant(61_100_840, 56.522, 79.066, "5 convolutions in one tower, as torchvision has it", TORCH),
            "caffenet": Variant(60_965_224, None, None, "5 convolutions, some in two groups; no weights to load", ()),
        },
        ("alexnet_tiny",),
    ),
    "googlenet": Family(
        "Szegedy et al. 2014, Going Deeper with Convolutions; with batch normalisation, as torchvision has it",
        {"googlenet": Variant(6_639_464, 69.778, 89.530, "9 inception modules: the first Inception", TORCH)},
        ("googlenet_tiny",),
    ),
    "squeezenet": Family(
        "Iandola et al. 2016, SqueezeNet: AlexNet-level accuracy with 50x fewer parameters",
        {
            "squeezenet_1_0": Variant(1_248_424, 58.092, 80.420, "8 fire modules", TORCH),
            "squeezenet_1_1": Variant(
                1_235_496,
                58.178,
                80.624,
                "8 fire modules, pooled earlier: 2.4 times faster",
                (*TORCH, "imagenet_notop"),
            ),
        },
        ("squeezenet_tiny",),
    ),
    "inception_v3": Family(
        "Szegedy et al. 2015, Rethinking the Inception Architecture for Computer Vision",
        {"inception_v3": Variant(23_851_784, 77.9, 93.7, "factorised convolutions in parallel branches")},
        ("inception_v3_tiny",),
    ),
    "inception_resnet_v2": Family(
        "Szegedy et al. 2016, Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning",
        {"inception_resnet_v2": Variant(55_873_736, 80.3, 95.3, "inception modules with residual connections")},
        ("inception_resnet_v2_tiny",),
    ),
    "xception": Family(
        "Chollet 2017, Xception: Deep Learning with Depthwise Separable Convolutions",
        {"xception": Variant(22_910_480, 79.0, 94.5, "separable convolutions with residual connections")},
        ("xception_tiny",),
    ),
    "densenet": Family(
        "Huang et al. 2016, Densely Connected Convolutional Networks",
        {
            "densenet121": Variant(8_062_504, 75.0, 92.3, "121 layers, each fed by all before it in its block"),
            "densenet169": Variant(14_307_880, 76.2, 93.2, "169 layers, each fed by all before it in its block"),
            "densenet201": Variant(20_242_984, 77.3, 93.6, "201 layers, each fed by all before it in its block"),
        },
        ("densenet_tiny",),
    ),
    "nasnet": Family(
        "Zoph et al. 2017, Learning Transferable Architectures for Scalable Image Recognition",
        {
            "nasnet_mobile": Variant(5_326_716, 74.4, 91.9, "cells found by search, for phones"),
            "nasnet_large": Variant(88_949_818, 82.5, 96.0, "cells found by search, for accuracy"),
        },
        ("nasnet_tiny",),
    ),
    "mobilenet": Family(
        "Howard et al. 2017, MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications",
        {
            "mobilenet": Variant(4_253_864, 70.424, 89.504, "separable convolutions, full width", V1_TAGS),
            "mobilenet_075": Variant(2_601_976, 68.412, 88.242, "separable convolutions, width 0.75", V1_TAGS),
            "mobilenet_050": Variant(1_342_536, 64.292, 85.624, "separable convolutions, width 0.5", V1_TAGS),
            "mobilenet_025": Variant(475_544, 51.582, 75.792, "separable convolutions, width 0.25", V1_TAGS),
        },
        ("mobilenet_tiny",),
    ),
    "mobilenet_v2": Family(
        "Sandler et al. 2018, MobileNetV2: Inverted Residuals and Linear Bottlenecks",
        {
            "mobilenet_v2": Variant(3_538_984, 71.336, 90.142, "inverted residual blocks, full width", V2_TAGS),
            "mobilenet_v2_035": Variant(1_691_208, 60.086, 82.432, "inverted residual blocks, width 0.35", V2_TAGS),
            "mobilenet_v2_050": Variant(1_987_224, 65.194, 86.062, "inverted residual blocks, width 0.5", V2_TAGS),
            "mobilenet_v2_075": Variant(2_663_064, 69.532, 89.176, "inverted residual blocks, width 0.75", V2_TAGS),
            "mobilenet_v2_130": Variant(5_431_048, 74.680, 92.122, "inverted residual blocks, width 1.3", V2_TAGS),
            "mobilenet_v2_140": Variant(6_156_712, 75.230, 92.422, "inverted residual blocks, width 1.4"),
        },
        ("mobilenet_v2_tiny",),
    ),
    "mobilenet_v3": Family(
        "Howard et al. 2019, Searching for MobileNetV3",
        {
            "mobilenet_v3_small": Variant(2_554_968, 68.1, None, "found by search, for low resources"),
            "mobilenet_v3_small_075": Variant(2_051_552, 65.4, None, "the small one at width 0.75"),
            "mobilenet_v3_small_minimal": Variant(2_056_848, 61.9, None, "the small one with 3x3 and ReLU alone"),
            "mobilenet_v3_large": Variant(5_507_432, 75.6, None, "found by search, for phones"),
            "mobilenet_v3_large_075": Variant(4_012_616, 73.3, None, "the large one at width 0.75"),
            "mobilenet_v3_large_minimal": Variant(3_948_688, 72.3, None, "the large one with 3x3 and ReLU alone"),
        },
        ("mobilenet_v3_tiny",),
    ),
    "efficientnet": Family(
        "Tan and Le 2019, EfficientNet: Rethinking Model Scaling; Lite: tensorflow/tpu, efficientnet/lite",
        {
            "efficientnet_b0": Variant(5_330_564, 77.1, 93.3, "depth, width and image scaled together: the base, 224"),
            "efficientnet_b1": Variant(7_856_232, 79.1, 94.4, "scaled for images of 240x240"),
            "efficientnet_b2": Variant(9_177_562, 80.1, 94.9, "scaled for images of 260x260"),
            "efficientnet_b3": Variant(12_320_528, 81.6, 95.7, "scaled for images of 300x300"),
            "efficientnet_b4": Variant(19_466_816, 82.9, 96.4, "scaled for images of 380x380"),
            "efficientnet_b5": Variant(30_562_520, 83.6, 96.7, "scaled for images of 456x456"),
            "efficientnet_b6": Variant(43_265_136, 84.0, 96.8, "scaled for images of 528x528"),
            "efficientnet_b7": Variant(66_658_680, 84.3, 97.0, "scaled for images of 600x600"),
            "efficientnet_lite0": Variant(
                4_694_024, 75.1, None, "B0 without squeeze and excitation, with ReLU6", (*TORCH, "imagenet_timm")
            ),
        },
        ("efficientnet_tiny",),
    ),
    "efficientnet_v2": Family(
        "Tan and Le 2021, EfficientNetV2: Smaller Models and Faster Training",
        {
            "efficientnet_v2_b0": Variant(7_200_312, 78.7, 94.3, "fused blocks first, for images of 224x224"),
            "efficientnet_v2_b1": Variant(8_212_124, 79.8, 95.0, "fused blocks first, for images of 240x240"),
            "efficientnet_v2_b2": Variant(10_178_374, 80.5, 95.1, "fused blocks first, for images of 260x260"),
            "efficientnet_v2_b3": Variant(14_467_622, 82.0, 95.8, "fused blocks first, for images of 300x300"),
            "efficientnet_v2_s": Variant(21_612_360, 83.9, 96.7, "fused blocks first, for images of 384x384"),
            "efficientnet_v2_m": Variant(54_431_388, 85.3, 97.4, "fused blocks first, for images of 480x480"),
            "efficientnet_v2_l": Variant(119_027_848, 85.7, 97.5, "fused blocks first, the largest, for 480x480"),
        },
        ("efficientnet_v2_tiny",),
    ),
    "convnext": Family(
        "Liu et al. 2022, A ConvNet for the 2020s",
        {
            "convnext_tiny": Variant(28_589_128, 81.312, None, "7x7 depthwise convolutions, layer norm and GELU"),
            "convnext_small": Variant(50_223_688, 82.392, None, "three times as deep in the third stage"),
            "convnext_base": Variant(88_591_464, 85.364, None, "a third wider; first trained on ImageNet-21k"),
            "convnext_large": Variant(197_767_336, 86.36, None, "twice as wide; first trained on ImageNet-21k"),
            "convnext_xlarge": Variant(350_196_968, 86.732, None, "the widest; first trained on ImageNet-21k"),
        },
        ("convnext_test",),
    ),
}


def _entries() -> Iterator[Entry]:
    for family, (source, variants, tests) in FAMILIES.items():
        for name, variant in variants.items():
            yield _entry(name, family, source, variant)
        for name in tests:
            variant = Variant(None, None, None, "for tests that run in milliseconds", ())
            yield _entry(name, family, source, variant, for_tests=True)


def _entry(name: str, family: str, source: str, variant: Variant, *, for_tests: bool = False) -> Entry:
    return Entry(
        name=name,
        task="image-classification",
        family=family,
        builder=f"zoo.models.{family}:{name}",
        summary=variant.summary,
        inputs={"image": "(batch, height, width, channels) numbers, as `zoo.preprocess` makes them"},
        outputs={"predictions": "(batch, classes) probabilities; without the top 'features', and taps 's2' to 's32'"},
        source=source,
        weights={tag: Weights("", "ImageNet", _scores(variant, tag)) for tag in variant.tags},
        parameters=variant.parameters,
        for_tests=for_tests,
    )


def _scores(variant: Variant, tag: str) -> dict[str, str]:
    if tag != "imagenet" or variant.top1 is None:
        return {}
    top5 = "" if variant.top5 is None else f", top-5 {variant.top5:.1f} %"
    return {"predictions": f"top-1 {variant.top1:.1f} %{top5}"}


ENTRIES = tuple(_entries())
