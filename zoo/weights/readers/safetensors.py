"""safetensors: eight bytes with the header's length, a JSON header of types, shapes and offsets, then the numbers.

Format: https://github.com/huggingface/safetensors. Everything that the header claims is checked before it is used.
"""

import math
import mmap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import WeightsError
from zoo.weights.memory import empty
from zoo.weights.readers.hdf5 import MOST_NAMES, widened_bfloat16
from zoo.weights.readers.net import read_json
from zoo.weights.stored import StoredArray, StoredWeights, by_name

LARGEST_HEADER = 100 * 10**6  # the format's own limit
MOST_AXES = 8
TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip


@contextmanager
def opened(path: Path | str) -> Iterator[StoredWeights]:
    """The file, mapped into memory until the block ends."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        header, start = _header(content, path)
        arrays: dict[str, StoredArray] = {}
        spans = []
        for name, claim in header.items():
            arrays[name], span = _array(content, start, name, claim, path)
            spans.append(span)
        _require_filled(sorted(spans), len(content) - start, path)
        yield StoredWeights(str(path), "a safetensors file", by_name(arrays, str(path)))


def _header(content: Any, path: Path | str) -> tuple[dict[str, Any], int]:
    length = int.from_bytes(content[:8], "little")
    if length > min(LARGEST_HEADER, len(content) - 8):
        raise WeightsError(f"{path} is damaged or cut short: its header claims {length:,} bytes.")
    header = read_json(content[8 : 8 + length], path, "its header")
    if not isinstance(header, dict) or len(header) > MOST_NAMES:
        raise WeightsError(f"{path} is damaged: its header is not a JSON object of at most {MOST_NAMES:,} names.")
    header.pop("__metadata__", None)
    return header, 8 + length


def _array(content: Any, start: int, name: str, claim: Any, path: Path | str) -> tuple[StoredArray, tuple[int, int]]:
    fields: Mapping[str, Any] = claim if isinstance(claim, Mapping) else {}
    kind, shape, span = fields.get("dtype"), fields.get("shape", ()), fields.get("data_offsets", ())
    if not isinstance(kind, str) or kind not in TYPES:
        raise WeightsError(f"{path} holds '{name}' in a type that is not read here: {kind!r}.")
    if not _whole_numbers(shape) or not _whole_numbers(span) or len(span) != 2:
        raise WeightsError(f"{path} is damaged: it claims the shape {shape!r} and the place {span!r} for '{name}'.")
    size = math.prod(shape) * np.dtype(TYPES[kind]).itemsize
    if span[1] - span[0] != size or start + span[1] > len(content):
        raise WeightsError(f"{path} is damaged or cut short: '{name}' of shape {tuple(shape)} does not fit its place.")
    return StoredArray(tuple(shape), _reader(content, start + span[0], kind, tuple(shape))), (span[0], span[1])


def _reader(content: Any, offset: int, kind: str, shape: tuple[int, ...]) -> Callable[[], np.ndarray]:
    def read() -> np.ndarray:
        array = empty(shape, TYPES[kind])  # a copy outlives the mapping
        array[...] = np.frombuffer(content, TYPES[kind], math.prod(shape), offset).reshape(shape)
        return widened_bfloat16(array) if kind == "BF16" else array

    return read


def _require_filled(spans: list[tuple[int, int]], size: int, path: Path | str) -> None:
    end = 0
    for first, last in spans:
        if first != end:
            raise WeightsError(f"{path} is damaged: its arrays overlap or leave gaps.")
        end = last
    if end != size:
        raise WeightsError(f"{path} is damaged or cut short: its arrays take {end:,} bytes, and {size:,} follow.")


def _whole_numbers(value: Any) -> bool:
    """A short list: the product of many large numbers takes for ever."""
    few = isinstance(value, list) and len(value) <= MOST_AXES
    return few and all(type(each) is int and 0 <= each < 2**48 for each in value)
