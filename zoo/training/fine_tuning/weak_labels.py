"""Many cheap labels first, few clean ones afterwards: pretrain, begin anew with the last layers, fine-tune."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras

from zoo.errors import ConfigError
from zoo.samples import Samples
from zoo.training.fine_tuning.fine_tune import ALL, AUTO, PROBE, FineTune
from zoo.training.fine_tuning.freezing import require_graph
from zoo.training.fine_tuning.initial_values import initial_values
from zoo.training.fine_tuning.network import Network
from zoo.training.fit import Run, fit
from zoo.training.recipe import Recipe


@dataclass(frozen=True)
class WeakRun:
    """The training on weak labels, and the one on clean labels after it, whose weights the model carries."""

    weak: Run
    clean: Run


def fresh_head(model: keras.Model, *, seed: int = 0) -> tuple[str, ...]:
    """Give the last layers with weights before the outputs initial values, by their own initialisers -> their names.

    Equal seeds give equal values. Raises `ConfigError` for a layer that does not tell its initialiser.
    """
    found = {id(call.layer): call.layer for call in Network(require_graph(model)).head}
    for place, layer in enumerate(found.values()):
        values = initial_values(layer, seed + place)
        for variable, value in zip(layer.weights, values, strict=True):
            variable.assign(value)
    return tuple(layer.name for layer in found.values())


def fit_weak_then_clean(
    model: keras.Model,
    weak: Samples,
    clean: Samples,
    validation: Samples,
    recipe: Recipe,
    *,
    weak_recipe: Recipe | None = None,
    seed: int = 0,
    folder: Path | str | None = None,
    checkpoint_seconds: float = 60.0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> WeakRun:
    """Train on many weak labels, then with fresh last layers on few clean ones, at rates of their own.

    `weak_recipe` is that of the first training, `recipe` without it; a head with the loss
    "generalised_crossentropy" or "symmetric_crossentropy" bears wrong labels. The second training is `recipe`'s: as it
    says how to fine-tune, and where it does not, the head first and then all, the lower stages at lower rates. Both are
    judged by `validation`, which should be clean. With a `folder`, they go on from its folders "weak" and "clean".
    """
    if weak_recipe is not None and set(weak_recipe.heads) != set(recipe.heads):
        raise ConfigError(
            f"Both recipes must have the same heads; received {', '.join(weak_recipe.heads)} for the weak labels and "
            f"{', '.join(recipe.heads)} for the clean ones."
        )
    both: dict[str, Any] = {"seed": seed, "checkpoint_seconds": checkpoint_seconds, "callbacks": callbacks}
    places = {name: None if folder is None else Path(folder) / name for name in ("weak", "clean")}
    first = fit(model, weak, validation, weak_recipe or recipe, folder=places["weak"], **both)
    fresh_head(model, seed=seed)
    tune = FineTune((PROBE, ALL)) if recipe.fine_tune == AUTO else recipe.fine_tune
    second = fit(model, clean, validation, replace(recipe, fine_tune=tune), folder=places["clean"], **both)
    return WeakRun(first, second)
