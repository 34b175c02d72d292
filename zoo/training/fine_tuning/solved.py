"""A linear probe whose heads are solved: the best by L2 of a few strengths, instead of where an optimiser's steps end.

On features that stand still, a dense head under a cross-entropy or a squared error is a convex problem. Its one
setting, the strength of L2, is chosen on the validation rows; where these are trained on too (`refit`), in folds of all
of them. Outputs do not touch each other there: each has its own strength, and no balance between them changes anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
from keras import activations, layers

from zoo.samples import EXCLUSIVE, Samples, present
from zoo.training.fine_tuning.fine_tune import AUTO, PROBE, UPPER_FROM, FineTune, stages_for
from zoo.training.fine_tuning.linear_solver import (
    LINEAR,
    PREDICTED,
    ROUGH,
    SIGMOID,
    SOFTMAX,
    LinearRows,
    solve_path,
)
from zoo.training.fine_tuning.network import Network
from zoo.training.fine_tuning.standardised import Scale
from zoo.training.heads import Head
from zoo.training.output_layers.target_scaling import assign, moments
from zoo.training.recipe import Recipe
from zoo.training.verification import MeasuredRows, verify_predictions

# Of half the sum of squared weights, beside the summed losses; from strong to weak.
STRENGTHS = tuple(10.0 ** (place / 2) for place in range(8, -3, -1))
FOLDS = 5
RISES = 2  # strengths in a row that are worse than the best, after which no weaker one is tried
TRIED_ROWS = 64  # for which the model is compared with the solution
NUMBERS = 2**27  # of features, a GiB in float64, that are solved at once
BALANCES = ("static", "relative")  # which learn nothing
METHODS = ("none", "class_weights")  # against imbalance, which are weights of rows
# kind -> the loss that is convex, and the activation of its layer
CONVEX = {
    "classification": ("crossentropy", SOFTMAX),
    "ordered": ("crossentropy", SOFTMAX),
    "binary": ("crossentropy", SIGMOID),
    "tags": ("crossentropy", SIGMOID),
    "regression": ("mse", LINEAR),
}
ACTIVATIONS = {SOFTMAX: activations.softmax, SIGMOID: activations.sigmoid, LINEAR: activations.linear}


@dataclass(frozen=True)
class SolvedProbe:
    """Heads that read standardised features alone, and the rows that they are solved on.

    upper   the model that standardises features and has these heads.
    layers  output -> the dense layer that gives it.
    name    of the input that is features.
    views   of each training row: all rows as they are, then all of them augmented, and so on.
    """

    upper: keras.Model
    heads: Mapping[str, Head]
    layers: Mapping[str, Any]
    name: str
    scale: Scale
    train: Samples
    validation: Samples
    views: int
    refit: bool

    def __call__(self) -> dict[str, float]:
        """Give the layers their weights, in the targets' own units -> "l2_X", the strength for each output.

        Raises `TrainingError` unless the model then predicts what the solutions say.
        """
        train, unseen = (self._features(each) for each in (self.train, self.validation))
        found, expected = {}, {}
        for name, head in self.heads.items():
            shift, scale = unit = units(head, name, self.train)
            table = head.class_weight_table(self.train.targets[name])
            own = linear_rows(head, name, train, self.train, unit, table)
            judged = None if self.refit else linear_rows(head, name, unseen, self.validation, unit, table)
            strength = found[f"l2_{name}"] = chosen_strength(own, judged, self.views)
            ((kernel, bias),) = solve_path(own, [strength])
            assign(self.layers[name], kernel * scale, bias * scale + shift)
            expected[name] = PREDICTED[own.activation](train[:TRIED_ROWS] @ kernel + bias) * scale + shift
        kept = MeasuredRows(self.train.take(np.arange(min(TRIED_ROWS, len(train)))))
        verify_predictions(self.upper, kept, expected, epoch=1)
        return found

    def facts(self) -> dict[str, Any]:
        """What of it is a configuration."""
        return {"strengths": STRENGTHS, "chosen_on": f"{FOLDS} folds" if self.refit else "validation"}

    def _features(self, samples: Samples) -> np.ndarray:
        values = np.asarray(samples.inputs[self.name], np.float64).reshape(len(samples), -1)
        return (values - self.scale.mean) / self.scale.deviation


def solved_probe(
    upper: keras.Model, scales: tuple[Scale, ...], train: Samples, validation: Samples, recipe: Recipe, views: int
) -> SolvedProbe | str:
    """What solves the heads of this model, or in a clause why they are trained in steps."""
    if len(scales) != 1 or len(train.inputs) != 1:
        return "the heads read more than the same standardised features"
    ((name, features),), (scale,) = train.inputs.items(), scales
    if np.prod(features.shape) > NUMBERS:
        return f"{len(features):,} rows of {features.shape[-1]:,} features are more than are solved at once"
    if recipe.balance not in BALANCES or recipe.adversarial is not None:
        return f"the balance '{recipe.balance}' learns" if recipe.adversarial is None else "pictures are attacked"
    network = Network(upper)
    kinds = (layers.Dropout, layers.Flatten, layers.Dense, layers.Normalization)
    if (
        not all(isinstance(call.layer, kinds) for call in network.calls)
        or {id(each) for each in scale.heads} != scale.last
    ):
        return "there is more above the features than heads"
    ends = dict(zip(keras.tree.flatten({key: key for key in upper.output}), network.outputs, strict=True))
    makers = {key: call.layer for call in network.calls for key in call.outputs}
    found = {key: makers[end] for key, end in ends.items()}
    if len({id(each) for each in found.values()}) < len(found):
        return "outputs share a layer"
    for key, head in recipe.heads.items():
        if why := _why_not_convex(head, found[key], train.targets[key]):
            return f"'{key}' {why}"
    return SolvedProbe(upper, recipe.heads, found, name, scale, train, validation, views, recipe.refit)


def without_steps(recipe: Recipe) -> Recipe:
    """The recipe for one epoch whose weights are given: nothing of steps is left to watch or to average."""
    optimiser = replace(recipe.optimiser, average=None, average_last=None)
    return replace(recipe, epochs=1, patience=None, on_nonfinite=None, optimiser=optimiser)


def worth_a_refit(recipe: Recipe, rows: int) -> bool:
    """Whether a solved probe is all of a training on so few rows that those of validation should be learnt from too.

    Its L2 is chosen in folds then, and of classes without costs nothing else is chosen on validation.
    """
    tune = recipe.fine_tune
    if not isinstance(tune, FineTune) or not tune.solve or rows >= UPPER_FROM:
        return False
    heads = recipe.heads.values()
    plain = all(
        each.target.kind == "classification" and each.costs is None and each.imbalance is None for each in heads
    )
    stages = stages_for(rows, max(len(each.target.labels) for each in heads)) if tune.stages == AUTO else tune.stages
    return plain and tuple(stages) == (PROBE,)


def strengths_in(row: Mapping[str, Any]) -> dict[str, float]:
    """Output -> the strength of L2 that a row of the history tells of."""
    return {key.removeprefix("l2_"): value for key, value in row.items() if key.startswith("l2_")}


def _why_not_convex(head: Head, layer: Any, targets: np.ndarray) -> str:
    loss, activation = CONVEX.get(head.target.kind, ("", ""))
    if head.loss != loss:
        return f"has the loss '{head.loss}'"
    if head.plan.method not in METHODS:
        return f"has '{head.plan.method}' against imbalance"
    if layer.activation is not ACTIVATIONS[activation] or layer.units != _width(head, targets):
        return f"comes from a layer with the activation '{getattr(layer.activation, '__name__', layer.activation)}'"
    if layer.kernel_regularizer or layer.bias_regularizer or layer.activity_regularizer:
        return "has a regularisation of its own"
    if targets.ndim > (2 if head.target.kind in ("tags", "regression") else 1):
        return "is predicted at several places"
    return "" if np.isfinite(targets[present(targets)]).all() else "has targets that are not finite"


def _width(head: Head, targets: np.ndarray) -> int:
    if head.target.kind in EXCLUSIVE:
        return len(head.target.labels)
    return int(np.prod(targets.shape[1:], dtype=int))


def units(head: Head, name: str, train: Samples) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation (k,) of a regression's targets, by which a strength means the same for all; else 0 and 1."""
    if head.target.kind != "regression":
        return np.zeros(1), np.ones(1)
    shift, scale = moments(train, name)
    return shift, np.where(scale > 1e-6 * np.abs(shift), scale, 1.0)


def linear_rows(
    head: Head,
    name: str,
    features: np.ndarray,
    samples: Samples,
    unit: tuple[np.ndarray, np.ndarray],
    table: np.ndarray | None,
) -> LinearRows:
    """Standardised features (n, d) and the targets of one output, with the weights of samples and of their classes."""
    values = samples.targets[name]
    weights = np.asarray(samples.sample_weight.get(name, np.ones(len(values))), np.float64)[:, None]
    if head.target.kind in EXCLUSIVE:
        label, known = np.maximum(values, 0), present(values)[:, None]
        targets = np.eye(len(head.target.labels))[label]
    else:
        columns = values.reshape(len(values), -1)
        known = present(columns)
        label = np.where(known, columns, 0)
        targets = (np.where(known, columns, 0.0) - unit[0]) / unit[1]
    weights = weights * known
    if table is not None:  # of classes
        weights = weights * table[label].reshape(len(values), 1).astype(np.float64)
    return LinearRows(features, targets, weights, CONVEX[head.target.kind][1])


def chosen_strength(rows: LinearRows, judged: LinearRows | None, views: int) -> float:
    """The strength with the least loss on rows that a solution has not seen: those `judged`, or folds of its own.

    The folds hold out all views of a row, and judge by the first.
    """
    pairs = folds_of(rows, views) if judged is None or not judged.weights.any() else [(rows, judged)]
    paths = [solve_path(first, STRENGTHS, ROUGH) for first, _ in pairs]
    losses: list[float] = []
    for solutions in zip(*paths, strict=True):
        told = zip(solutions, pairs, strict=True)
        losses.append(sum(judge.loss(judge.features @ kernel + bias)[0] for (kernel, bias), (_, judge) in told))
        if len(losses) - 1 - int(np.argmin(losses)) >= RISES:
            break
    return STRENGTHS[int(np.argmin(losses))]


def folds_of(rows: LinearRows, views: int) -> list[tuple[LinearRows, LinearRows]]:
    """Each with about as many rows of each class, or of each size of the first target."""
    count = len(rows.features) // views
    kinds = rows.targets[:count].argmax(axis=1) if rows.targets.shape[1] > 1 else rows.targets[:count, 0]
    shuffled = np.random.default_rng(0).permutation(count)
    fold = np.empty(count, int)
    fold[shuffled[np.argsort(kinds[shuffled], kind="stable")]] = np.arange(count) % FOLDS
    every = np.tile(fold, views)
    return [
        (rows.take(np.flatnonzero(every != each)), rows.take(np.flatnonzero(fold == each)))
        for each in range(min(FOLDS, count))
    ]
