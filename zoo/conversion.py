"""A file of Keras, torchvision or timm -> our own file of the same weights, by layer name, which says what it holds."""

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.catalogue import describe
from zoo.create import create_model, full_config
from zoo.errors import ConfigError, UnknownNameError, WeightsError
from zoo.pretrained import Pretrained, pretrained, pretrained_sets
from zoo.weights import LoadReport, head_classes, load_weights, save_weights, without_values

ALIKE = 0.8  # of two tags, from which on one is taken for the other misspelt


@dataclass(frozen=True)
class Conversion:
    """The file that was written, and how each weight came into it."""

    path: Path
    report: LoadReport


def convert(file: Path | str, name: str, out: Path | str | None = None, *, by_order: bool = False) -> Conversion:
    """Read `file` as the weights `name` ("resnet18.imagenet") and write them to `out`, by default "NAME.h5" here.

    `name` is that of an official set, or a model with a tag of one's own ("mobilenet_v2.dogs"): then the model has as
    many classes as the file's head, and no top where the file has no head.

    The metadata hold the entry and its config, so that `create_model` makes the model again, the name of the set, the
    name of the source file and, of an official set, the preprocessing as data and the set of labels. The file is whole
    or not there.

    `by_order` matches the layers of a file of Keras by class and order where their names do not fit.

    Raises `WeightsError` unless every weight of the model is in the file and every other in it is explained,
    `UnknownNameError` for a name that is nearly that of an official set.
    """
    row = official_set(name)
    arch = name.partition(".")[0]
    target = Path(out) if out is not None else Path(f"{name}.h5")
    if target.resolve() == Path(file).resolve():
        raise WeightsError(f"The converted weights would replace {file}; give another name.")
    names = (row.names if row else None) or describe(arch).family
    config = full_config(arch, {} if row is None or row.with_top else {"include_top": False})
    if row is None and "include_top" in config:
        config |= _top_in(file, arch, config, names)
    with without_values():
        model = create_model(arch, **config)
    report = load_weights(model, file, names=names, by_order=by_order)
    metadata: dict[str, Any] = {"entry": arch, "config": config, "source": {"weights": name, "file": Path(file).name}}
    if row is not None:
        metadata |= {"preprocessing": row.preprocessing.as_json(), "labels": row.labels}
    save_weights(model, target, metadata=metadata)
    return Conversion(target, report)


def official_set(name: str) -> Pretrained | None:
    """The official set of this name; None for a model of the catalogue with a tag of one's own.

    Raises `UnknownNameError` for a model that is in no list and a tag that is nearly an official one, `ConfigError`
    for a name without a tag.
    """
    if not isinstance(name, str):
        return pretrained(name)
    arch, _, tag = name.partition(".")
    entry = describe(arch)
    if not tag or set(tag) & set("/\\\0"):
        raise ConfigError(f"Weights are named MODEL.TAG, as in '{arch}.mine'; received '{name}'.")
    try:
        known = [row.tag for row in pretrained_sets(entry.name)]
    except UnknownNameError:  # a model without any
        return None
    if tag in known or difflib.get_close_matches(tag, known, 1, ALIKE):
        return pretrained(name)
    return None


def _top_in(file: Path | str, arch: str, config: dict[str, Any], names: str) -> dict[str, Any]:
    """The options with which the model has the file's head."""
    with without_values():
        model = create_model(arch, **config)
    classes = head_classes(model, file, names=names)
    return {"include_top": False} if classes is None else {"classes": classes}
