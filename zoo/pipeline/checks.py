"""Whether a schema and a model belong together."""

from collections.abc import Iterator, Mapping
from typing import Any

from zoo.columns import Schema
from zoo.errors import DataError, WeightsError
from zoo.keras_internals.graph import is_symbolic, next_calls, producer
from zoo.samples import MAPS

PLACES = (None, None, None)  # of a volume


def require_fit(schema: Schema, model: Any) -> None:
    """Raise unless the model has exactly the inputs and outputs of the schema, by name and shape."""
    expected = {name: spec.shape for name, spec in schema.inputs.items()}
    _require_same("inputs", {tensor.name: tuple(tensor.shape[1:]) for tensor in model.inputs}, expected)
    if not isinstance(model.output, Mapping):
        raise WeightsError("The model of a pipeline must have a dict of named outputs.")
    own = {column.output for column in schema.outputs}  # others are of every step of a sequence
    widths: dict[str, tuple[Any, ...]] = {
        name: (1,)
        if target.kind in ("regression", "binary")
        else (*(() if name in own else (None,)), len(target.labels))
        for name, target in schema.targets.items()
    }
    if any(target.kind in MAPS for target in schema.targets.values()):  # numbers beside them are maps too
        widths = {name: (*PLACES, len(target.labels) or 1) for name, target in schema.targets.items()}
    _require_same("outputs", {name: tuple(tensor.shape[1:]) for name, tensor in model.output.items()}, widths)


def require_vocabularies(schema: Schema, model: Any) -> None:
    """Raise where the model knows fewer values than the schema has: their ids would lie outside of it."""
    inputs = {tensor.name: tensor for tensor in model.inputs}
    for column in schema.columns:
        if not (column.input and hasattr(column, "size")):
            continue
        for name, known in getattr(column, "sizes", {column.input: column.size}).items():
            sizes = list(_sizes_behind(inputs[name]))
            if any(size < known for size in sizes):
                raise DataError(
                    f"The model was built for {min(sizes)} ids of '{name}'; the schema has {known} of '{column.name}'."
                )


def _sizes_behind(tensor: Any) -> Iterator[int]:
    """The number of ids that each embedding and one-hot encoding of these ids can take; none is known of ONNX."""
    if not is_symbolic(tensor):
        return
    for call in next_calls(producer(tensor)[0].operation):
        if not any(each is tensor for each in call.inputs):
            continue
        if hasattr(call.operation, "input_dim"):
            yield call.operation.input_dim
        elif hasattr(call.operation, "num_classes"):
            yield call.operation.num_classes + 1  # a value never seen may have none
        elif "int" in call.outputs[0].dtype:  # still ids
            yield from _sizes_behind(call.outputs[0])


def _require_same(what: str, found: Mapping[str, tuple[Any, ...]], expected: Mapping[str, tuple[Any, ...]]) -> None:
    """An axis that either leaves open fits any length."""
    same = found.keys() == expected.keys() and all(_fits(shape, expected[name]) for name, shape in found.items())
    if not same:
        raise DataError(f"The model's {what} are {_listed(found)}; those of the schema are {_listed(expected)}.")


def _fits(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return len(one) == len(other) and all(
        a == b or not isinstance(a, int) or not isinstance(b, int) for a, b in zip(one, other, strict=True)
    )


def _listed(shapes: Mapping[str, tuple[Any, ...]]) -> str:
    return ", ".join(f"{name} {('batch', *shape)}".replace("'", "") for name, shape in sorted(shapes.items())) or "none"
