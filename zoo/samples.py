"""Arrays with named inputs and targets: what data sets give, and what training and reports take."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from zoo.errors import DataError, require_known
from zoo.lazy_array import join, take

Kind = Literal["regression", "classification", "binary", "ordered", "tags", "heat_map", "mask"]
KINDS: tuple[Kind, ...] = ("regression", "classification", "binary", "ordered", "tags", "heat_map", "mask")
MAPS = ("heat_map", "mask")  # kinds whose output has a value for each place of a picture or volume
FOUND = ("nothing", "structure")  # what is decided of a place of a heat map, and what mistakes with it cost
EXCLUSIVE = ("classification", "ordered")  # kinds whose output has a probability for each label, of which one is right
CLASSES = (*EXCLUSIVE, "binary")  # kinds whose labels exclude each other: a row has one of them
MISSING_CLASS = -1  # a class label that is not known; an unknown number is NaN
COARSE = 0.01  # of a target's deviation, by which float32 may round it
BATCH_VALUES = 1 << 22  # numbers of (rows, labels) that are worked on at once: 16 MB of float32


@dataclass(frozen=True)
class Target:
    """What one output predicts.

    `labels` are the class names in the order of their integers: all of them for "classification", from the least to the
    most for "ordered", the negative and the positive one for "binary", none for "regression"; of "tags", several of
    which may hold at once, the name of each column. A "heat_map" says how near each place is to a centre, 0 to 1, and
    has no labels; a "mask" has one of its labels at each place. `unit` is that of a regression ("years").
    """

    kind: Kind
    labels: tuple[str, ...] = ()
    unit: str = ""

    def __post_init__(self) -> None:
        require_known("kind of target", self.kind, KINDS)
        if not all(isinstance(label, str) for label in self.labels) or len(set(self.labels)) < len(self.labels):
            raise DataError(f"The labels of a target must be different texts; received {list(self.labels)}.")
        expected = {
            "regression": len(self.labels) == 0,
            "heat_map": len(self.labels) == 0,
            "binary": len(self.labels) == 2,
            "tags": len(self.labels) >= 1,
        }
        if not expected.get(self.kind, len(self.labels) >= 2):
            raise DataError(f"A target of the kind '{self.kind}' cannot have the labels {list(self.labels)}.")


@dataclass(frozen=True)
class Samples:
    """Arrays of one split, all of the same first dimension n.

    inputs   name -> (n, ...), arrays or lazy ones (`zoo.lazy_array`). Integer sequences are padded on the right with 0.
    targets  name -> (n,). Regression: floats, NaN where missing; vectors are (n, k). Classes: integers,
             `MISSING_CLASS` where missing. Tags: (n, tags) of 0, 1 or `MISSING_CLASS`. Of an output that predicts at
             every step of a sequence: (n, steps). Of a heat map (n, ...) floats, 1 at each centre, and of a mask
             (n, ...) integers, one for each place.
    groups   name -> (n,) strings: columns to break errors down by, beside the targets themselves.
    raw      input -> n values as people read them (a text, the path of a picture), for simple models and for showing.
    sample_weight  name of a target -> (n,) numbers >= 0: how much each sample counts in the loss of that output, beside
             the others: their mean makes no difference. One array stands for all outputs.
    owner    (n,) number of the row that each sample is a piece of, where long texts were cut; None: each is a row.
    """

    inputs: Mapping[str, np.ndarray]
    targets: Mapping[str, np.ndarray] = field(default_factory=dict)
    groups: Mapping[str, np.ndarray] = field(default_factory=dict)
    raw: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    sample_weight: Mapping[str, np.ndarray] = field(default_factory=dict)
    owner: np.ndarray | None = None

    def __post_init__(self) -> None:
        for name in ("inputs", "targets"):
            arrays = getattr(self, name)
            if not isinstance(arrays, Mapping):
                raise DataError(f"The {name} of a split must map names to arrays; received {type(arrays).__name__}.")
            if any(isinstance(each, list | tuple) for each in arrays.values()):
                object.__setattr__(self, name, {key: np.asarray(each) for key, each in arrays.items()})
        given = {} if self.sample_weight is None else self.sample_weight
        if not isinstance(given, Mapping):
            given = dict.fromkeys(self.targets, given)
        object.__setattr__(self, "sample_weight", {name: np.asarray(each) for name, each in given.items()})
        parts = (self.inputs, self.targets, self.groups, self.sample_weight)
        lengths = {name: len(values) for part in parts for name, values in part.items()}
        lengths |= {f"raw {name}": len(values) for name, values in self.raw.items()}
        if len({len(values) for part in (*parts, self.raw) for values in part.values()}) > 1:
            raise DataError(f"Arrays of one split must be equally long; received {lengths}.")
        if self.owner is not None and len(self.owner) != len(self):
            raise DataError(f"The owners of {len(self)} samples must be as many; received {len(self.owner)}.")
        if not self.inputs:
            raise DataError("A split needs at least one named input.")
        for name, weights in self.sample_weight.items():
            require_known("target to weigh samples of", name, self.targets)
            _check_weights(name, weights)

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    def take(self, rows: np.ndarray) -> "Samples":
        """The samples of these row numbers, in this order."""
        return Samples(
            {name: take(values, rows) for name, values in self.inputs.items()},
            {name: values[rows] for name, values in self.targets.items()},
            {name: values[rows] for name, values in self.groups.items()},
            {name: [values[row] for row in rows] for name, values in self.raw.items()},
            {name: values[rows] for name, values in self.sample_weight.items()},
            None if self.owner is None else self.owner[rows],
        )

    def whole(self) -> "Samples":
        """A sample for each row: of the first of its pieces; raw texts are those of all its pieces."""
        if self.owner is None:
            return self
        _, first = np.unique(self.owner, return_index=True)
        found = replace(self.take(first), owner=None)
        texts: dict[str, list[list[str]]] = {name: [[] for _ in first] for name in self.raw}
        for name, values in self.raw.items():
            for row, value in zip(np.unique(self.owner, return_inverse=True)[1], values, strict=True):
                texts[name][row].append(value)
        joined = {
            name: [" ".join(each) if all(isinstance(part, str) for part in each) else each[0] for each in rows]
            for name, rows in texts.items()
        }
        return replace(found, raw=joined)

    def joined(self, other: "Samples") -> "Samples":
        """These samples and then those of `other`, which has the same inputs, targets and groups."""
        parts = (
            (self.inputs, other.inputs),
            (self.targets, other.targets),
            (self.groups, other.groups),
            (self.sample_weight, other.sample_weight),
            (self.raw, other.raw),
        )
        if any(mine.keys() != theirs.keys() for mine, theirs in parts):
            raise DataError("Samples of different inputs, targets, groups, weights or raw values cannot be joined.")
        inputs, targets, groups, weights = (
            {name: join(values, theirs[name]) for name, values in mine.items()} for mine, theirs in parts[:4]
        )
        raw = {name: [*values, *other.raw[name]] for name, values in self.raw.items()}
        owner = None
        if self.owner is not None or other.owner is not None:
            mine, theirs = (np.arange(len(each)) if each.owner is None else each.owner for each in (self, other))
            owner = np.concatenate([mine, theirs + mine.max(initial=-1) + 1])
        return Samples(inputs, targets, groups, raw, weights, owner)


def mean_of_pieces(values: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """(pieces, ...) -> (rows, ...): the mean over the pieces of each row, in the order of `owner`.

    >>> mean_of_pieces(np.array([0.0, 1.0, 5.0]), np.array([0, 0, 1])).tolist()
    [0.5, 5.0]
    """
    rows, place = np.unique(owner, return_inverse=True)
    sums = np.zeros((len(rows), *values.shape[1:]))
    np.add.at(sums, place, values)
    return np.asarray(sums / np.bincount(place).reshape(-1, *[1] * (values.ndim - 1)))


def _check_weights(name: str, weights: np.ndarray) -> None:
    """Raise a `DataError` unless they are numbers >= 0, one a sample."""
    if weights.ndim != 1 or weights.dtype.kind not in "fiub":
        raise DataError(
            f"The sample weights of '{name}' must be numbers (n,); received {weights.dtype} of shape {weights.shape}."
        )
    numbers = weights.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(numbers) | (numbers < 0))
    if len(bad):
        raise DataError(f"The sample weights of '{name}' must be finite and >= 0; row {bad[0]} has {weights[bad[0]]}.")


def require_resolved(name: str, values: np.ndarray) -> None:
    """Raise a `DataError` where float32 rounds the numbers (n, ...) of a target by more than `COARSE` of a column's
    deviation: a model that is measured by what is left would be measured on other numbers.

    name  as the message calls it.
    """
    for column in values.reshape(len(values), -1).T if values.size else ():
        exact = column.astype(np.float64)
        exact = exact[np.isfinite(exact)]
        error = np.abs(exact.astype(np.float32) - exact).max(initial=0.0)
        spread = exact.std() if len(exact) else 0.0
        if error > COARSE * spread and spread > 1e-12 * np.abs(exact).max(initial=0.0):  # equal ones spread by rounding
            raise DataError(
                f"The target {name} is around {exact.mean():.6g} and varies by {spread:.3g}, which float32 cannot tell "
                f"apart there; subtract {np.median(exact):.0f} from it, and add that to what is predicted."
            )


def present(values: np.ndarray) -> np.ndarray:
    """Which labels are known, bool of the same shape. Floats are missing as NaN, integers as `MISSING_CLASS`."""
    return ~np.isnan(values) if np.issubdtype(values.dtype, np.floating) else values != MISSING_CLASS


def labelled(values: np.ndarray) -> np.ndarray:
    """(n, ...) -> (n,) bool: which samples have a label at all."""
    known = present(values)
    return known if values.ndim == 1 else np.asarray(known.any(axis=tuple(range(1, values.ndim))))


def row_batches(rows: int, width: int) -> Iterator[slice]:
    """All of `rows` rows of `width` numbers each, in slices of at most `BATCH_VALUES` numbers, or of one row.

    What is made of probabilities (n, labels) on the way to a score is so never as large as they are.

    >>> [(part.start, part.stop) for part in row_batches(5, BATCH_VALUES // 2)]
    [(0, 2), (2, 4), (4, 6)]
    """
    size = max(1, BATCH_VALUES // max(width, 1))
    for start in range(0, max(rows, 1), size):
        yield slice(start, start + size)
