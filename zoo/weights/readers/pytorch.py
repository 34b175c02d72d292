"""PyTorch's files of a state dictionary, opened by PyTorch itself with `weights_only=True`: no code is run."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import MissingExtraError, WeightsError
from zoo.weights.stored import StoredArray, StoredWeights

OLD_FORMAT = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # a pickled magic number, before PyTorch 1.6
WRAPPERS = ("state_dict", "model", "model_state", "weights")
PARALLEL = "module."  # of a model that was wrapped in DataParallel


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

    for wrapper in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
            break
    named = isinstance(content, Mapping) and all(isinstance(name, str) for name in content)
    if not named or not all(isinstance(each, torch.Tensor) for each in content.values()):
        raise WeightsError(f"{path} is a PyTorch file, but does not hold a state dictionary: tensors by name.")
    parallel = all(name.startswith(PARALLEL) for name in content)
    return {name.removeprefix(PARALLEL) if parallel else name: tensor for name, tensor in content.items()}


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
