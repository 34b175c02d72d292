"""The official model of each of ours, with random weights that let a signal through: for parity and for speed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

CALIBRATION = 4  # images over which batch statistics are taken


@dataclass(frozen=True)
class Official:
    """A builder of keras.applications or torchvision or timm, what it is called with, and where its features end."""

    package: str
    builder: str
    options: dict[str, Any] = field(default_factory=dict)
    features: str | None = None  # the module of PyTorch whose output ours gives without a top


def _keras(builder: str, **options: Any) -> Official:
    return Official("keras.applications", builder, options)


WIDTHS_V2 = {"": 1.0, "_035": 0.35, "_050": 0.5, "_075": 0.75, "_130": 1.3, "_140": 1.4}
FORMS_V3: dict[str, dict[str, Any]] = {"": {}, "_075": {"alpha": 0.75}, "_minimal": {"minimalistic": True}}
OFFICIAL: dict[str, Official] = {  # in the order of their cost, the largest last
    **{f"mobilenet{s}": _keras("MobileNet", alpha=a) for s, a in WIDTHS_V2.items() if a in (0.5, 0.75, 1.0)},
    "mobilenet_025": _keras("MobileNet", alpha=0.25),
    "vgg16": _keras("VGG16"),
    "resnet50": _keras("ResNet50"),
    "inception_v3": _keras("InceptionV3"),
    "squeezenet_1_0": Official("torchvision", "squeezenet1_0", features="features"),
    "squeezenet_1_1": Official("torchvision", "squeezenet1_1", features="features"),
    "alexnet": Official("torchvision", "alexnet", features="features"),
    "resnet18": Official("torchvision", "resnet18", features="layer4"),
    "resnet34": Official("torchvision", "resnet34", features="layer4"),
    "resnet50_v1_5": Official("torchvision", "resnet50", features="layer4"),
    "googlenet": Official("torchvision", "googlenet", {"aux_logits": True, "init_weights": False}, "inception5b"),
    "efficientnet_lite0": Official("timm", "tf_efficientnet_lite0", features="bn2"),
    **{f"mobilenet_v2{s}": _keras("MobileNetV2", alpha=a) for s, a in WIDTHS_V2.items()},
    **{f"mobilenet_v3_small{s}": _keras("MobileNetV3Small", **options) for s, options in FORMS_V3.items()},
    **{f"mobilenet_v3_large{s}": _keras("MobileNetV3Large", **options) for s, options in FORMS_V3.items()},
    "xception": _keras("Xception"),
    "nasnet_mobile": _keras("NASNetMobile"),
    "efficientnet_b0": _keras("EfficientNetB0"),
    "efficientnet_v2_b0": _keras("EfficientNetV2B0"),
    "convnext_tiny": _keras("ConvNeXtTiny"),
    "densenet121": _keras("DenseNet121"),
    "resnet50_v2": _keras("ResNet50V2"),
    "inception_resnet_v2": _keras("InceptionResNetV2"),
    "vgg19": _keras("VGG19"),
    **{f"resnet{depth}": _keras(f"ResNet{depth}") for depth in (101, 152)},
    **{f"resnet{depth}_v2": _keras(f"ResNet{depth}V2") for depth in (101, 152)},
    **{f"densenet{depth}": _keras(f"DenseNet{depth}") for depth in (169, 201)},
    **{f"efficientnet_v2_{size.lower()}": _keras(f"EfficientNetV2{size}") for size in ("B1", "B2", "B3", "S")},
    **{f"efficientnet_b{number}": _keras(f"EfficientNetB{number}") for number in range(1, 7)},
    **{f"convnext_{size.lower()}": _keras(f"ConvNeXt{size}") for size in ("Small", "Base")},
    **{f"efficientnet_v2_{size.lower()}": _keras(f"EfficientNetV2{size}") for size in ("M", "L")},
    "efficientnet_b7": _keras("EfficientNetB7"),
    "nasnet_large": _keras("NASNetLarge"),
    "convnext_large": _keras("ConvNeXtLarge"),
    "convnext_xlarge": _keras("ConvNeXtXLarge"),
}


def images(batch: int, size: int, seed: int) -> np.ndarray:
    """(B, S, S, 3) pixels, 0 to 255: noise, each image tinted and dimmed in its own way, so that answers differ."""
    random = np.random.default_rng(seed)
    pixels = random.uniform(0, 255, (batch, size, size, 3)) * random.uniform(0.2, 1, (batch, 1, 1, 3))
    return pixels.astype("float32")


def build_keras(official: Official, size: int, *, include_top: bool) -> Any:
    """The official Keras model, fresh, answering logits."""
    import keras

    options = {"classifier_activation": None, **official.options} if include_top else official.options
    builder = getattr(keras.applications, official.builder)
    return builder(weights=None, include_top=include_top, input_shape=(size, size, 3), **options)


def preprocessing_inside(model: Any) -> Callable[[np.ndarray], Any]:
    """What the official model does to pixels before its first layer of weights that we have too."""
    import keras

    kinds = keras.layers.Rescaling | keras.layers.Normalization
    inside = [layer for layer in model.layers[:8] if isinstance(layer, kinds)]
    if not inside:
        return lambda pixels: pixels / np.float32(127.5) - 1
    return keras.Model(model.inputs, inside[-1].output)


def randomise_keras(model: Any, size: int) -> None:
    """Random weights, with the batch statistics of random images: signals keep their size, however deep the model."""
    from zoo.testing.subject import calibrate, fill

    fill(model)
    pixels = images(CALIBRATION, size, seed=2)
    calibrate(model, pixels if has_preprocessing(model) else pixels / np.float32(127.5) - 1)


def has_preprocessing(model: Any) -> bool:
    import keras

    return any(isinstance(layer, keras.layers.Rescaling | keras.layers.Normalization) for layer in model.layers[:8])


def build_torch(official: Official) -> Any:
    """The module of torchvision or timm with random weights, in its inference mode."""
    import torch

    module = _torch_builder(official)(**official.options)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if value.dim() > 1:
                fan_in = value[0].numel()
                kernel = torch.randn(value.shape, generator=generator)
                if fan_in > 4:
                    kernel -= kernel.mean(tuple(range(1, value.dim())), keepdim=True)
                value.copy_(kernel * (2 / fan_in) ** 0.5)
            elif name.endswith(("running_var", "weight")):
                value.copy_(0.5 + torch.rand(value.shape, generator=generator))
            elif value.is_floating_point():
                value.copy_(0.1 * torch.randn(value.shape, generator=generator))
        for part in module.modules():
            if isinstance(part, torch.nn.BatchNorm2d):
                part.momentum = 1.0
            elif isinstance(part, torch.nn.Dropout):
                part.p = 0.0
        module.train()
        module(torch.from_numpy(images(CALIBRATION, 128, seed=2) / 127.5 - 1).permute(0, 3, 1, 2))
        for part in module.modules():
            if isinstance(part, torch.nn.BatchNorm2d):
                part.running_var.clamp_(min=0.1 * part.running_var.median().item() + 1e-3)
    return module.eval()


def _torch_builder(official: Official) -> Callable[..., Any]:
    allow_torchvision()
    if official.package == "timm":
        import timm

        return lambda **options: timm.create_model(official.builder, pretrained=False, **options)
    import torchvision

    return lambda **options: getattr(torchvision.models, official.builder)(weights=None, **options)


def allow_torchvision() -> None:
    """Declare torchvision's two compiled operators, where that part of it does not fit PyTorch: no model uses them."""
    import torch

    if not hasattr(torch.ops.torchvision, "nms"):
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _KEPT.append(library)


_KEPT: list[Any] = []
