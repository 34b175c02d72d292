"""PyTorch's files of a state dictionary, opened by PyTorch itself with `weights_only=True`: no code is run."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import MissingExtraError, WeightsError
from zoo.weights.stored import StoredArray, StoredWeights

OLD_FORMAT = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # a pickled magic number, before PyTorch 1.6
WRAPPERS = (
    "state_dict",
    "model_state_dict",
    "model",
    "model_state",
    "net",
    "network",
    "module",
    "weights",
    "params",
)  # of a checkpoint, around the state dictionary; the first that is there is taken
MOST_WRAPPERS = 4


def read(path: Path | str) -> StoredWeights:
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("Reading a PyTorch file", "torch", "torch") from error
    try:
        with open(path, "rb") as file:  # not its path: PyTorch would go by the suffix
            content = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path} is a pickle with more in it than weights, which can run any program when it is opened: it is not "
            "read. Save the model's state_dict() instead."
        ) from error
    tensors = _state(content, path)
    layers: dict[str, dict[str, StoredArray]] = {}
    for name, tensor in tensors.items():
        layer, _, role = name.rpartition(".")
        if not layer:
            raise WeightsError(f"{path} holds an array '{name}' that belongs to no layer.")
        _require_plain(tensor, name, path)
        layers.setdefault(layer, {})[role] = StoredArray(tuple(tensor.shape), _reader(tensor))
    return StoredWeights(str(path), "a PyTorch file", layers)


def _state(content: Any, path: Path | str) -> dict[str, Any]:
    import torch

    for _ in range(MOST_WRAPPERS):
        content = _unwrapped(content, path)
    named = isinstance(content, Mapping) and all(isinstance(name, str) for name in content)
    if not named or not all(isinstance(each, torch.Tensor) for each in content.values()):
        raise WeightsError(f"{path} is a PyTorch file, but does not hold a state dictionary: tensors by name.")
    return dict(content)


def _unwrapped(content: Any, path: Path | str) -> Any:
    """What one wrapper holds: a known one, or the only one that holds tensors by name."""
    import torch

    if not isinstance(content, Mapping) or any(isinstance(each, torch.Tensor) for each in content.values()):
        return content
    known = next((content[name] for name in WRAPPERS if isinstance(content.get(name), Mapping)), None)
    if known is not None:
        return known
    inside = {name: each for name, each in content.items() if _holds_tensors(each)}
    if len(inside) > 1:
        names = ", ".join(f"'{name}'" for name in inside)
        raise WeightsError(f"{path} holds {len(inside)} state dictionaries, {names}: save the one that is meant.")
    return next(iter(inside.values()), content)


def _holds_tensors(value: Any, depth: int = MOST_WRAPPERS) -> bool:
    """Whether it holds tensors by name; an optimiser has them by number."""
    import torch

    if not depth or not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        return isinstance(value, torch.Tensor) and depth < MOST_WRAPPERS
    return any(_holds_tensors(each, depth - 1) for each in value.values())


def _require_plain(tensor: Any, name: str, path: Path | str) -> None:
    """Raise unless the tensor is a dense array of real numbers, in memory."""
    import torch

    real = tensor.dtype in {
        torch.float64, torch.float32, torch.float16, torch.bfloat16,
        torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool,
    }  # fmt: skip
    if not real or tensor.layout != torch.strided or tensor.device.type != "cpu":
        kind = f"{tensor.dtype}, {tensor.layout}, on {tensor.device.type}"
        raise WeightsError(f"{path} holds '{name}' in a form that is not read here: {kind}.")


def _reader(tensor: Any) -> Any:
    def read_tensor() -> np.ndarray:
        import torch

        wide = tensor.to(torch.float32) if tensor.dtype == torch.bfloat16 else tensor
        return wide.detach().resolve_neg().contiguous().numpy()

    return read_tensor
