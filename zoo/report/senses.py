"""What each sense is worth to a model of several: its score without one, or with that of other rows in its place.

A sense is some of a model's inputs. Without it they are as in a row that lacks it: numbers NaN, ids and tokens 0, and
0 in the input that says whether there is a picture.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from zoo.errors import DataError, require_known
from zoo.lazy_array import LazyArray, take
from zoo.metrics import DEFAULTS, METRICS, score
from zoo.samples import Samples, Target

Predict = Callable[[Samples], Mapping[str, np.ndarray]]
Senses = Mapping[str, Sequence[str]]  # sense -> its inputs
PRESENT = "_present"


def sense_rows(
    predict: Predict,
    samples: Samples,
    senses: Senses,
    targets: Mapping[str, Target],
    *,
    metrics: Mapping[str, str] | None = None,
    repeats: int = 3,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """One row an output and sense: its score with all senses, without this one, and with this one of other rows.

    "worth_without" and "worth_permuted" are what is lost, above 0 where the sense helps. The first asks how well the
    others make up for it, where a model was trained to do without; the second what its content decides (Breiman 2001,
    section 10), as the mean of `repeats` draws.

    metrics  output -> its metric; the first of its kind where none is named.
    """
    _require_inputs(senses, samples)
    judged = {name: (metrics or {}).get(name, DEFAULTS[target.kind][0]) for name, target in targets.items()}
    whole = _scores(predict(samples), samples, judged)
    random = np.random.default_rng(seed)
    rows = []
    for sense, inputs in senses.items():
        without = _scores(predict(hidden(samples, inputs)), samples, judged)
        draws = [
            _scores(predict(permuted(samples, inputs, random.permutation(len(samples)))), samples, judged)
            for _ in range(repeats)
        ]
        for name, metric in judged.items():
            sign = 1 if METRICS[metric].better == "higher" else -1
            mixed = float(np.mean([draw[name] for draw in draws]))
            rows.append(
                {
                    "output": name,
                    "metric": metric,
                    "sense": sense,
                    "all": whole[name],
                    "without": without[name],
                    "permuted": mixed,
                    "worth_without": sign * (whole[name] - without[name]),
                    "worth_permuted": sign * (whole[name] - mixed),
                }
            )
    return rows


def sense_changes(predict: Predict, samples: Samples, senses: Senses) -> dict[str, dict[str, np.ndarray]]:
    """Output -> sense -> (n,) what each row's prediction owes to the sense: that of all, less that without it.

    A number in its own units; of classes the probability of the label that is predicted with all senses.
    """
    _require_inputs(senses, samples)
    whole = predict(samples)
    found: dict[str, dict[str, np.ndarray]] = {name: {} for name in whole}
    for sense, inputs in senses.items():
        without = predict(hidden(samples, inputs))
        for name, values in whole.items():
            found[name][sense] = _of_label(values, values) - _of_label(without[name], values)
    return found


def hidden(samples: Samples, inputs: Sequence[str]) -> Samples:
    """The samples as if they lacked these inputs."""
    masked = {name for name in inputs if name + PRESENT in inputs}  # nobody looks at what stands there
    absent = {name: _absent(name, samples.inputs[name]) for name in inputs if name not in masked}
    return replace(samples, inputs={**samples.inputs, **absent})


def permuted(samples: Samples, inputs: Sequence[str], order: np.ndarray) -> Samples:
    """The samples with these inputs of other rows: of row order[i] in row i."""
    return replace(samples, inputs={**samples.inputs, **{name: take(samples.inputs[name], order) for name in inputs}})


def _absent(name: str, values: Any) -> Any:
    if isinstance(values, LazyArray):
        raise DataError(f"'{name}' cannot be left out: no input '{name}{PRESENT}' says where there is one.")
    if name.endswith(PRESENT) or np.issubdtype(values.dtype, np.integer):
        return np.zeros_like(values)
    return np.full_like(values, np.nan)


def _of_label(values: np.ndarray, decided: np.ndarray) -> np.ndarray:
    if values.ndim == 1:
        return values
    return values[np.arange(len(values)), np.argmax(decided, axis=1)]


def _scores(predictions: Mapping[str, np.ndarray], samples: Samples, judged: Mapping[str, str]) -> dict[str, float]:
    return {
        name: float(score(metric, samples.targets[name], predictions[name]) or 0.0) for name, metric in judged.items()
    }


def _require_inputs(senses: Senses, samples: Samples) -> None:
    for inputs in senses.values():
        for name in inputs:
            require_known("input of a sense", name, samples.inputs)
