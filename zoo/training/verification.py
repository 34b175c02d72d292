"""Does the finished model predict what its best epoch was measured by?

A training rewrites parts of a model: units, calibrations, averages, a faster forward pass. Each is meant to be exact,
and this is where a mistake in one of them would end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import keras
import numpy as np

from zoo.errors import TrainingError
from zoo.keras_internals.graph import layers_of
from zoo.metrics import TINY
from zoo.samples import MISSING_CLASS, Samples
from zoo.training.batches import Batches
from zoo.training.predictions import outputs_of

ROUNDING = {"float32": (1e-3, 1e-5), "half": (2e-2, 1e-2)}  # of the spread of the predictions, and of their size
HALF = ("float16", "bfloat16")


class Measured(Protocol):
    """What a model was measured on: a `Validation`, or part of one."""

    @property
    def samples(self) -> Samples: ...

    @property
    def steps(self) -> Sequence[str]: ...

    @property
    def trim_padding(self) -> bool: ...


@dataclass(frozen=True)
class MeasuredRows:
    """Rows that a model was measured on."""

    samples: Samples
    steps: Sequence[str] = ()
    trim_padding: bool = False


def verify_predictions(model: keras.Model, validation: Measured, sample: Mapping[str, np.ndarray], epoch: int) -> None:
    """Raise `TrainingError` where predictions for the first rows of validation differ from `sample` beyond rounding.

    A model that draws random numbers when it predicts cannot be compared, and is not.
    """
    found = _predictions(model, validation, sample)
    half = any(layer.compute_dtype in HALF for layer in layers_of(model))
    for name, expected in sample.items():
        far = _difference(found[name], expected, half=half)
        if far > 1.0 and _difference(_predictions(model, validation, sample)[name], found[name], half=half) <= 1.0:
            raise TrainingError(
                f"The finished model predicts other values of '{name}' than epoch {epoch} was measured by (the "
                f"difference is {far:.3g} times what rounding explains). This is a fault of the zoo or of a callback "
                "that changed the model; its weights are not to be used."
            )


def _predictions(model: keras.Model, validation: Measured, sample: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for size in {len(values) for values in sample.values()}:
        rows = np.arange(size)
        part = validation.samples.take(rows)
        batches = Batches(part, batch_size=256, trim_padding=validation.trim_padding)
        outputs = outputs_of(model, batches)
        for name in (name for name, values in sample.items() if len(values) == size):
            is_by_step = name in validation.steps
            found[name] = _losses_of_steps(outputs[name], part.targets[name]) if is_by_step else outputs[name]
    return found


def _losses_of_steps(output: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(n, L, classes) probabilities and labels (n, L) -> (n,) cross-entropy of all labels of a row."""
    output = output[:, : target.shape[1]]
    target = target[:, : output.shape[1]]
    label = np.where(target == MISSING_CLASS, 0, target)
    shares = np.take_along_axis(output, label[..., None], axis=-1)[..., 0]
    return np.where(target == MISSING_CLASS, 0.0, -np.log(np.clip(shares, TINY, 1.0))).sum(axis=1)


def _difference(found: np.ndarray, expected: np.ndarray, *, half: bool) -> float:
    """The largest difference, as a multiple of what rounding explains."""
    if not expected.size:
        return 0.0
    of_spread, of_size = ROUNDING["half" if half else "float32"]
    columns = expected.reshape(-1, expected.shape[-1] if expected.ndim > 1 else 1).astype(np.float64)
    others = found.reshape(columns.shape).astype(np.float64)
    allowed = of_spread * columns.std(axis=0) + of_size * np.abs(columns).max(axis=0) + TINY**2
    far = np.abs(columns - others) / allowed
    return float(np.nan_to_num(far, nan=np.inf).max())
