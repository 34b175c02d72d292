"""Names tables: how the layers of a foreign file are called in our graphs.

A family whose files use other names than its graph has a module `zoo/weights/names/<family>.py` with a dictionary
`NAMES` of tables, one for each kind of file, the most particular first. A file with exactly our names needs no table.
"""

import importlib
import importlib.util
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from zoo.errors import WeightsError, require_known

Rename = Callable[[Sequence[str], Sequence[str]], Mapping[str, str]]


def keep(file_layers: Sequence[str], model_layers: Sequence[str]) -> Mapping[str, str]:
    """Every layer of the file keeps its name."""
    return {}


@dataclass(frozen=True)
class Names:
    """How one kind of file names the layers of one family.

    rename  (layers of the file that hold weights, in the file's order; those of the model, in the graph's order)
            -> {layer of the file: layer of the model}; a layer that is left out keeps its name.
    ignore  {pattern of "layer" or "layer/role" of the file: why it is not needed}; the report tells the reason.
    signs   patterns of layers of the file, each of which occurs in files of this kind alone: so it is recognised.
            No signs: any file that no earlier table recognises.
    roles   {pattern of "layer/role" of the file: role in the model}, where the loader cannot know it.
    adapt   {pattern of "layer/role" of the model: function of the file's array}, in place of the usual transposes.

    Patterns are those of file names: "*_bn/gamma".
    """

    rename: Rename = keep
    ignore: Mapping[str, str] = field(default_factory=dict)
    signs: Sequence[str] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    adapt: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)

    def recognises(self, file_layers: Iterable[str]) -> bool:
        """Whether every sign is met."""
        names = list(file_layers)
        return all(any(fnmatchcase(name, sign) for name in names) for sign in self.signs)


def tables_of(family: str) -> Mapping[str, Names]:
    """The tables of a family, by kind of file; none where its files use our names."""
    place = f"{__name__}.{family}"
    if not re.fullmatch(r"[a-z0-9_]+", family) or importlib.util.find_spec(place) is None:
        return {}
    return importlib.import_module(place).NAMES


def names_for(family: str, file_layers: Sequence[str]) -> Names:
    """The first table of `family` that recognises the file; "family.kind" names one outright.

    Raises `UnknownNameError` for a kind that the family does not have.
    """
    family, _, kind = family.partition(".")
    tables = tables_of(family)
    if kind:
        require_known(f"kind of file of {family}", kind, tables)
        return tables[kind]
    return next((names for names in tables.values() if names.recognises(file_layers)), Names())


def by_rule(*rules: tuple[str, str]) -> Rename:
    """A rename by regular expressions: of the (pattern, replacement) the first that fits a whole name is taken.

    >>> by_rule((r"layer(\\d)\\.(.*)", r"stage\\1_\\2"))(["layer1.conv", "fc"], [])
    {'layer1.conv': 'stage1_conv'}
    """
    compiled = [(re.compile(pattern), replacement) for pattern, replacement in rules]

    def rename(file_layers: Sequence[str], model_layers: Sequence[str]) -> Mapping[str, str]:
        renamed = {}
        for name in file_layers:
            found = next((match.expand(new) for pattern, new in compiled if (match := pattern.fullmatch(name))), None)
            if found is not None:
                renamed[name] = found
        return renamed

    return rename


def underscores(file_layers: Sequence[str], model_layers: Sequence[str]) -> Mapping[str, str]:
    """Every "." becomes "_": the names of PyTorch's modules as layer names of Keras, which take no dots.

    >>> underscores(["layer1.0.conv1", "fc"], [])
    {'layer1.0.conv1': 'layer1_0_conv1', 'fc': 'fc'}
    """
    return {name: name.replace(".", "_") for name in file_layers}


def by_creation(file_layers: Sequence[str], ours: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """For automatic names: the layers `prefix` or `prefix_<n>` of the file, by their numbers, are `ours[prefix]`.

    Ranks count, not the numbers: old files begin at `conv2d_1`, others at `conv2d` or after another model's layers.

    >>> by_creation(["conv2d_11", "conv2d_9", "conv2d_10"], {"conv2d": ["stem", "left", "right"]})
    {'conv2d_9': 'stem', 'conv2d_10': 'left', 'conv2d_11': 'right'}
    """
    renamed: dict[str, str] = {}
    for prefix, names in ours.items():
        numbers = {name: int(match[1] or 0) for name in file_layers if (match := _automatic(prefix, name))}
        found = sorted(numbers, key=numbers.__getitem__)
        if len(found) != len(names):
            raise WeightsError(
                f"The file has {len(found)} layers called {prefix}_<number>; the model expects {len(names)}."
            )
        renamed |= zip(found, names, strict=True)
    return renamed


def _automatic(prefix: str, name: str) -> re.Match[str] | None:
    return re.fullmatch(re.escape(prefix) + r"(?:_(\d{1,9}))?", name)


def first_of(*renames: Rename) -> Rename:
    """Several renames as one: of those that name a layer, the first counts."""

    def rename(file_layers: Sequence[str], model_layers: Sequence[str]) -> Mapping[str, str]:
        renamed: dict[str, str] = {}
        for one in renames:
            renamed = {**one(file_layers, model_layers), **renamed}
        return renamed

    return rename


def flattened(channels: int, height: int, width: int) -> Callable[[Any], Any]:
    """For `adapt`: the matrix (out, C*H*W) of PyTorch or Caffe after a flattening -> (H*W*C, out), ours."""

    def adapt(array: Any) -> Any:
        if array.ndim != 2 or array.shape[1] != channels * height * width:
            raise WeightsError(f"A matrix over {channels}x{height}x{width} features was expected, not {array.shape}.")
        ordered = array.reshape(-1, channels, height, width).transpose(2, 3, 1, 0)
        return ordered.reshape(height * width * channels, -1)

    return adapt
