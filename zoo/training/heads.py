"""What is asked of each output of a model: its kind, loss, weight, metrics, class weights, and cost of mistakes.

All keys and values are checked here, before Keras sees them: Keras applies a mistyped key of `loss_weights` by its
sorted position, zips a list of targets with the sorted output names, and refuses `class_weight` with several outputs.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.costs import CostMatrix
from zoo.errors import ConfigError, UnknownNameError, is_number, require_known
from zoo.metrics import ALLOWED, DEFAULTS
from zoo.samples import Samples, Target, present
from zoo.training.imbalance import Imbalance, merged_labels

if TYPE_CHECKING:
    import keras

LOSSES: dict[str, tuple[str, ...]] = {
    "regression": ("mse", "mae", "huber"),
    "classification": ("crossentropy", "expected_cost"),
    "binary": ("crossentropy", "expected_cost"),
}


@dataclass(frozen=True)
class Head:
    """One output of a model.

    target         what it predicts (kind, labels, unit).
    loss           one of `LOSSES[kind]`, the first where empty. "huber" bends at `huber_delta` units; "expected_cost"
                   is what the answers, taken as shares of decisions, cost by `costs`.
    weight         its share in the sum of losses under static balancing.
    metrics        names in `zoo.metrics.ALLOWED[kind]`; its `DEFAULTS` where empty. The first is the headline.
    class_weights  label -> weight, or "balanced": inverse to the frequency in the training split. Scaled so that the
                   mean weight of a training sample is 1.
    imbalance      what is done about labels of unequal frequency: an `Imbalance`, or the name of its method.
    costs          what mistakes cost, for the loss "expected_cost" and for decisions (`zoo.costs.decide`).
    """

    target: Target
    loss: str = ""
    weight: float = 1.0
    metrics: tuple[str, ...] = ()
    class_weights: Mapping[str, float] | str | None = None
    huber_delta: float = 1.0
    imbalance: Imbalance | str | None = None
    costs: CostMatrix | None = None

    def __post_init__(self) -> None:
        kind = self.target.kind
        object.__setattr__(self, "loss", self.loss or LOSSES[kind][0])
        object.__setattr__(self, "metrics", tuple(self.metrics) or DEFAULTS[kind])
        require_known(f"loss of a {kind} output", self.loss, LOSSES[kind])
        for metric in self.metrics:
            require_known(f"metric of a {kind} output", metric, ALLOWED[kind])
        if not is_number(self.weight) or self.weight < 0:
            raise ConfigError(f"The weight of a loss must be a number >= 0; received {self.weight!r}.")
        if not is_number(self.huber_delta) or self.huber_delta <= 0:
            raise ConfigError(f"'huber_delta' must be a number > 0; received {self.huber_delta!r}.")
        if isinstance(self.imbalance, str):
            object.__setattr__(self, "imbalance", Imbalance(self.imbalance))
        self._check_classes()
        self._check_class_weights()

    @property
    def plan(self) -> Imbalance:
        """What is done about imbalance; by default nothing, but an answer of shares of decisions is calibrated."""
        if isinstance(self.imbalance, Imbalance):
            return self.imbalance
        return Imbalance(calibration="temperature_and_prior" if self.loss == "expected_cost" else "none")

    @property
    def answers(self) -> Target:
        """What the output answers: the target, its labels merged."""
        return replace(self.target, labels=merged_labels(self.target.labels, self.plan.merge))

    def settled(self) -> "Head":
        """The head of data whose labels are merged already (`zoo.training.labels.relabel`)."""
        if self.imbalance is None:
            return self
        return replace(self, target=self.answers, imbalance=replace(self.plan, merge={}, ignore=()))

    def _check_classes(self) -> None:
        if self.target.kind == "regression":
            for what in ("imbalance", "costs"):
                if getattr(self, what) is not None:
                    raise ConfigError(f"A regression output has no classes; '{what}' is for classes.")
            return
        if self.imbalance is not None and not isinstance(self.imbalance, Imbalance):
            raise ConfigError(f"'imbalance' must be an Imbalance or its method's name; received {self.imbalance!r}.")
        self.plan.check(self.target.labels)
        if self.costs is not None and not isinstance(self.costs, CostMatrix):
            raise ConfigError(f"'costs' must be a CostMatrix; received {self.costs!r}.")
        if self.costs is not None:
            self.costs.check(self.answers.labels)
        if self.loss == "expected_cost":
            if self.costs is None:
                raise ConfigError("The loss 'expected_cost' needs a cost matrix: Head(costs=CostMatrix(...)).")
            if self.plan.method == "focal":
                raise ConfigError("'focal' changes the cross-entropy; it does not go with the loss 'expected_cost'.")
        if self.class_weights is not None and (self.plan.method == "class_weights" or self.plan.alpha is not None):
            raise ConfigError("Class weights are given twice: by 'class_weights' and by 'imbalance'.")

    def _check_class_weights(self) -> None:
        if self.class_weights is None:
            return
        if self.target.kind == "regression":
            raise ConfigError("A regression output has no classes to weight.")
        if isinstance(self.class_weights, str):
            require_known("class weighting", self.class_weights, ["balanced"])
            return
        require_same_keys("class weights", self.class_weights, "labels", self.answers.labels)
        if not all(is_number(weight) and weight >= 0 for weight in self.class_weights.values()):
            raise ConfigError(f"Class weights must be numbers >= 0; received {dict(self.class_weights)}.")

    def class_weight_table(self, labels: np.ndarray) -> np.ndarray | None:
        """(n,) training labels -> (classes,) float32 weights, or None. A class that never occurs weighs 0."""
        weights = "balanced" if self.plan.method == "class_weights" else self.class_weights
        if weights is None:
            return None
        counts = np.bincount(labels[present(labels)], minlength=len(self.target.labels)).astype(np.float64)
        if isinstance(weights, str):
            table = np.divide(1.0, counts, out=np.zeros_like(counts), where=counts > 0)
        else:
            table = np.array([weights[label] for label in self.target.labels], dtype=np.float64)
        mean = float(np.sum(table * counts) / max(np.sum(counts), 1.0))
        if mean <= 0:
            raise ConfigError(f"The class weights {weights!r} leave no sample with a weight.")
        return (table / mean).astype(np.float32)

    def prior(self, values: np.ndarray) -> np.ndarray:
        """(n,) training targets -> the best constant answer, shaped as one row of the output: (1,) or (classes,)."""
        known = values[present(values)]
        if not len(known):
            raise ConfigError("An output without a single label in the training split cannot be trained.")
        if self.target.kind == "regression":
            return np.array([np.mean(known) if self.loss == "mse" else np.median(known)], dtype=np.float32)
        if self.target.kind == "binary":
            return np.array([(np.sum(known) + 0.5) / (len(known) + 1.0)], dtype=np.float32)
        counts = np.bincount(known, minlength=len(self.target.labels)) + 0.5
        return (counts / counts.sum()).astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        """Plain values that tell everything about the head."""
        return asdict(self)


def heads_for(targets: Mapping[str, Target], **changes: Mapping[str, Any]) -> dict[str, Head]:
    """One head for each target; `changes` maps an argument of `Head` to output name -> value.

    >>> heads = heads_for({"age": Target("regression", unit="years")}, weight={"age": 0.25})
    >>> heads["age"].loss, heads["age"].weight
    ('mse', 0.25)
    """
    for argument, values in changes.items():
        require_known("argument of Head", argument, [name for name in Head.__dataclass_fields__ if name != "target"])
        for name in values:
            require_known("output", name, targets)
    return {
        name: Head(target, **{argument: values[name] for argument, values in changes.items() if name in values})
        for name, target in targets.items()
    }


def require_same_keys(what: str, given: Mapping[str, Any], whose: str, expected: Any) -> None:
    """Raise unless the keys of `given` are exactly `expected`, naming the nearest right spelling."""
    for key in given:
        if key not in expected:
            raise UnknownNameError(f"key of the {what}", key, expected)
    missing = [str(key) for key in expected if key not in given]
    if missing:
        raise ConfigError(f"The {what} lack {', '.join(missing)}; the {whose} are {', '.join(map(str, expected))}.")


def check_heads(model: "keras.Model", heads: Mapping[str, Head], *splits: Samples) -> None:
    """Raise a `ConfigError` unless heads, outputs, inputs and targets agree by key and by shape."""
    outputs = model.output
    if not isinstance(outputs, dict):
        raise ConfigError(f"Model '{model.name}' must have a dict of named outputs; it has {type(outputs).__name__}.")
    require_same_keys("heads", heads, f"outputs of '{model.name}'", outputs)
    for name, head in heads.items():
        expected = len(head.target.labels) if head.target.kind == "classification" else 1
        ranks = (2, 3) if head.target.kind == "classification" else (2,)  # of rank 3: an answer at every step
        if outputs[name].shape[-1] != expected or len(outputs[name].shape) not in ranks:
            raise ConfigError(
                f"Output '{name}' of '{model.name}' has shape {tuple(outputs[name].shape)}; "
                f"its {head.target.kind} head needs (None, {expected})."
            )
    for samples in splits:
        require_same_keys("inputs", samples.inputs, f"inputs of '{model.name}'", [each.name for each in model.inputs])
        for name, head in heads.items():
            require_known("target (heads are matched with targets by name)", name, samples.targets)
            steps = len(outputs[name].shape) == 3
            check_values(name, head, samples.targets[name], steps=steps)
            if steps and head.imbalance is not None:
                raise ConfigError(f"'{name}' answers at every step; methods against imbalance choose whole samples.")


def check_values(name: str, head: Head, values: np.ndarray, *, steps: bool = False) -> None:
    """Raise a `ConfigError` unless one split's target has the shape, type and range of its kind."""
    if values.ndim != (2 if steps else 1):
        expected = "(n, steps), as the output answers at every step" if steps else "(n,)"
        raise ConfigError(f"Target '{name}' must have shape {expected}; received {values.shape}.")
    if head.target.kind == "regression":
        if not np.issubdtype(values.dtype, np.floating):
            raise ConfigError(f"Target '{name}' must be floats (NaN where missing); received {values.dtype}.")
        if np.isinf(values).any():
            raise ConfigError(f"Target '{name}' must be finite (NaN where missing); received infinite numbers.")
        return
    if not np.issubdtype(values.dtype, np.integer):
        raise ConfigError(f"Target '{name}' must be integer labels; received {values.dtype}.")
    if len(values) and not (values.min() >= -1 and values.max() < len(head.target.labels)):
        raise ConfigError(
            f"Target '{name}' must lie in 0..{len(head.target.labels) - 1} (-1 where missing); "
            f"received {values.min()}..{values.max()}."
        )
