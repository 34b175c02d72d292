"""Which file each function of the installed keras.applications asks for: name, address and hash.

The functions are run with a stand-in for layers, so that nothing is built, and with one for `get_file`, which notes
what it is asked for.
"""

import importlib
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

SOURCES = "keras.src.applications."

# ours -> module and function of keras.applications
KERAS: dict[str, tuple[str, str, dict[str, Any]]] = {
    **{name: (name, name.upper(), {}) for name in ("vgg16", "vgg19")},
    **{f"resnet{depth}": ("resnet", f"ResNet{depth}", {}) for depth in (50, 101, 152)},
    **{f"resnet{depth}_v2": ("resnet_v2", f"ResNet{depth}V2", {}) for depth in (50, 101, 152)},
    "inception_v3": ("inception_v3", "InceptionV3", {}),
    "inception_resnet_v2": ("inception_resnet_v2", "InceptionResNetV2", {}),
    "xception": ("xception", "Xception", {}),
    **{f"densenet{depth}": ("densenet", f"DenseNet{depth}", {}) for depth in (121, 169, 201)},
    **{f"nasnet_{size.lower()}": ("nasnet", f"NASNet{size}", {}) for size in ("Mobile", "Large")},
    "mobilenet": ("mobilenet", "MobileNet", {}),
    **{f"mobilenet_0{width}": ("mobilenet", "MobileNet", {"alpha": width / 100}) for width in (75, 25)},
    "mobilenet_050": ("mobilenet", "MobileNet", {"alpha": 0.5}),
    "mobilenet_v2": ("mobilenet_v2", "MobileNetV2", {}),
    **{
        f"mobilenet_v2_{width:03}": ("mobilenet_v2", "MobileNetV2", {"alpha": width / 100})
        for width in (35, 50, 75, 130, 140)
    },
    **{
        f"mobilenet_v3_{size.lower()}{name}": ("mobilenet_v3", f"MobileNetV3{size}", options)
        for size in ("Small", "Large")
        for name, options in (("", {}), ("_075", {"alpha": 0.75}), ("_minimal", {"minimalistic": True}))
    },
    **{f"efficientnet_b{number}": ("efficientnet", f"EfficientNetB{number}", {}) for number in range(8)},
    **{
        f"efficientnet_v2_{size.lower()}": ("efficientnet_v2", f"EfficientNetV2{size}", {})
        for size in ("B0", "B1", "B2", "B3", "S", "M", "L")
    },
    **{
        f"convnext_{size.lower()}": ("convnext", f"ConvNeXt{size}", {})
        for size in ("Tiny", "Small", "Base", "Large", "XLarge")
    },
}


class Anything:
    """Stands in for a module of layers, a layer, a tensor and a model: whatever is done with it gives it again."""

    def __call__(self, *_: Any, **__: Any) -> "Anything":
        return self

    def __getattr__(self, name: str) -> "Anything":
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, place: Any) -> Any:
        return (8, 8) if isinstance(place, slice) else 8  # of a shape

    def __add__(self, other: Any) -> "Anything":
        return self

    __radd__ = __mul__ = __rmul__ = __sub__ = __truediv__ = __add__


class AskedError(Exception):
    """`get_file` was asked for a file: (name, address, hash)."""


def note(name: str, address: str, *, file_hash: str | None = None, **_: Any) -> None:
    raise AskedError(name, address, file_hash)


STAND_INS = {
    **dict.fromkeys(
        (
            "layers",
            "Functional",
            "Sequential",
            "ops",
            "activations",
            "initializers",
            "LayerScale",
            "StochasticDepth",
            "CustomScaleLayer",
        ),
        Anything(),
    ),
    "file_utils": SimpleNamespace(get_file=note),
}


@contextmanager
def stand_ins(*modules: Any) -> Iterator[None]:
    """Modules of keras.applications whose layers and models are stand-ins, and whose downloads are notes."""
    with ExitStack() as stack:
        for module in modules:
            for name in STAND_INS.keys() & vars(module).keys():
                stack.enter_context(mock.patch.object(module, name, STAND_INS[name]))
        yield


def official_file(arch: str, *, with_top: bool, size: int | None = None) -> tuple[str, str, str | None]:
    """(file name, address, hash or None) that keras.applications asks for."""
    module, function, options = KERAS[arch]
    home = importlib.import_module(SOURCES + module)
    modules = [home] + ([importlib.import_module(SOURCES + "resnet")] if module == "resnet_v2" else [])
    shape = {"input_shape": (size, size, 3)} if size else {}
    with stand_ins(*modules), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sizes that are not given
        try:
            getattr(home, function)(weights="imagenet", include_top=with_top, **shape, **options)
        except AskedError as asked:
            name, address, known_hash = asked.args
            return name, address, known_hash
    raise RuntimeError(f"{function} of keras.applications asked for no file.")
