"""Rows to judge by whose pictures, sounds or volumes were trained on, whatever their files are called there."""

import warnings
from collections.abc import Iterable
from hashlib import sha256

import numpy as np

from zoo.columns import Schema
from zoo.errors import DataWarning
from zoo.lazy_array import LazyArray
from zoo.samples import Samples


def tell_seen_files(schema: Schema, trained: Samples, judged: Samples, data: str) -> None:
    """Warn where files of rows of `data` have the content of such that the model was trained on, in whatever row."""
    for kind in dict.fromkeys(column.kind for column in schema.columns):
        inputs = [name for column in schema.columns if column.kind == kind for name in column.inputs]
        known = {each for name in inputs for each in _contents(trained, name)} - {""}
        if not known:
            continue
        seen = np.zeros(len(judged), dtype=bool)
        for name in inputs:
            seen |= np.array([each in known for each in _contents(judged, name)] or False, dtype=bool)
        if seen.any():
            warnings.warn(
                f"{int(seen.sum()):,} of the {len(judged):,} rows of '{data}' have a {kind} that the model was trained "
                "on: scores on them tell little of new ones.",
                DataWarning,
                stacklevel=4,
            )


def _contents(samples: Samples, name: str) -> Iterable[str]:
    """What tells one file of an input from another, a row; "" where there is none. Nothing of inputs without files."""
    values = samples.inputs.get(name)
    if not isinstance(values, LazyArray):
        return []
    if isinstance(values.items, np.ndarray):
        return [sha256(np.ascontiguousarray(item).tobytes()).hexdigest() for item in values.items]
    return ["" if item is None else values.identity(item) for item in values.items]
