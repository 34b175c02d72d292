"""What is asked of each output of a model: its kind, loss, weight, metrics, class weights, and cost of mistakes.

All keys and values are checked here, before Keras sees them: Keras applies a mistyped key of `loss_weights` by its
sorted position, zips a list of targets with the sorted output names, and refuses `class_weight` with several outputs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from zoo.costs import CostMatrix
from zoo.errors import ConfigError, UnknownNameError, is_number, require_known
from zoo.metrics import ALLOWED, DEFAULTS
from zoo.samples import EXCLUSIVE, FOUND, MAPS, Target, present
from zoo.training.resampling.imbalance import SAMPLING, Imbalance, merged_labels

# Where a wrong label pulls less than in the cross-entropy.
DISTANCES = ("contrastive", "triplet")  # of outputs that are shares made of distances (`zoo.models.metric_learning`)
NOISE_AWARE = ("generalised_crossentropy", "symmetric_crossentropy")
LOSSES: dict[str, tuple[str, ...]] = {
    "regression": ("mse", "mae", "huber"),
    "classification": ("crossentropy", "expected_cost", *NOISE_AWARE, "smoothed_crossentropy"),
    "ordered": ("ranked", "crossentropy", "expected_cost", *NOISE_AWARE),
    "binary": ("crossentropy", "expected_cost", *NOISE_AWARE, *DISTANCES),
    "tags": ("crossentropy",),
    "heat_map": ("penalty_reduced_focal",),
    "mask": ("dice_crossentropy",),
}


@dataclass(frozen=True)
class Head:
    """One output of a model.

    target         what it predicts (kind, labels, unit).
    loss           one of `LOSSES[kind]`, the first where empty. "huber" bends at `huber_delta` units; "ranked" is the
                   cross-entropy and the ranked probability score, by which a near label is a smaller mistake than a far
                   one; "generalised_crossentropy" (Zhang and Sabuncu 2018) and "symmetric_crossentropy" (Wang et al.
                   2019) are for labels of which many are wrong; "smoothed_crossentropy" gives a tenth of each label to
                   all classes alike (Szegedy et al. 2016, section 7); "contrastive" (Hadsell et al. 2006) and "triplet"
                   (Schroff et al. 2015) read distances in the output (`zoo.models.metric_learning`); "expected_cost" is
                   what the predictions, taken as shares of decisions, cost by `costs`. Of a heat map the focal loss
                   that pardons places near a centre (Law and Deng 2018), of a mask Dice and cross-entropy.
    weight         its share in the sum of losses, under "relative" and "static" balancing.
    metrics        names in `zoo.metrics.ALLOWED[kind]`; its `DEFAULTS` where empty. The first is the headline.
    class_weights  label -> weight, or "balanced": inverse to the frequency in the training split. Scaled so that the
                   mean weight of a training sample is 1.
    imbalance      what is done about labels of unequal frequency: an `Imbalance`, or the name of its method.
    costs          what mistakes cost, for the loss "expected_cost" and for decisions (`zoo.costs.decide`); those of a
                   heat map have the labels "nothing" and "structure".
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
        if not isinstance(self.target, Target):
            raise ConfigError(f"A Head needs a Target, as in Head(Target('regression')); received {self.target!r}.")
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
        """What is done about imbalance; by default nothing, but a prediction of shares of decisions is calibrated."""
        if isinstance(self.imbalance, Imbalance):
            return self.imbalance
        return Imbalance(calibration="temperature_and_prior" if self.loss == "expected_cost" else "none")

    @property
    def answers(self) -> Target:
        """What the output predicts: the target, its labels merged."""
        return replace(self.target, labels=merged_labels(self.target.labels, self.plan.merge))

    def settled(self) -> "Head":
        """The head of data whose labels are merged already (`zoo.training.labels.relabel`)."""
        if self.imbalance is None:
            return self
        return replace(self, target=self.answers, imbalance=replace(self.plan, merge={}, ignore=()))

    def _check_classes(self) -> None:
        if self.target.kind == "heat_map":
            self._check_heat_map()
            return
        if self.target.kind in ("regression", "tags", *MAPS):
            for what in ("imbalance", "costs", "class_weights"):
                if getattr(self, what) is not None:
                    raise ConfigError(f"A {self.target.kind} output has no classes; '{what}' is for classes.")
            return
        if self.imbalance is not None and not isinstance(self.imbalance, Imbalance):
            raise ConfigError(f"'imbalance' must be an Imbalance or its method's name; received {self.imbalance!r}.")
        self.plan.check(self.target.labels)
        self._check_costs(self.answers.labels)
        if self.loss == "expected_cost" and self.costs is None:
            raise ConfigError("The loss 'expected_cost' needs a cost matrix: Head(costs=CostMatrix(...)).")
        if self.plan.method == "focal" and self.loss in ("expected_cost", *NOISE_AWARE):
            raise ConfigError(f"'focal' changes the cross-entropy; it does not go with the loss '{self.loss}'.")
        if self.class_weights is not None and (self.plan.method == "class_weights" or self.plan.alpha is not None):
            raise ConfigError("Class weights are given twice: by 'class_weights' and by 'imbalance'.")

    def _check_heat_map(self) -> None:
        """Samples with a centre and samples without are chosen, nothing is calibrated; costs are those of `FOUND`."""
        if self.class_weights is not None:
            raise ConfigError("A heat_map output has no classes; 'class_weights' is for classes.")
        self._check_costs(FOUND)
        if self.imbalance is None:
            return
        require_known("method against the imbalance of a heat_map output", self.plan.method, ("none", *SAMPLING))
        if self.plan.calibration != "none" or self.plan.merge or self.plan.ignore:
            raise ConfigError(
                "A heat_map output has no classes: of its 'imbalance' only the method, the ratio and the share of hard "
                "samples are for it, with calibration='none'."
            )

    def _check_costs(self, labels: Sequence[str]) -> None:
        if self.costs is not None:
            if not isinstance(self.costs, CostMatrix):
                raise ConfigError(f"'costs' must be a CostMatrix; received {self.costs!r}.")
            self.costs.check(labels)

    def _check_class_weights(self) -> None:
        if self.class_weights is None:
            return
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

    def prior(self, values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        """Training targets and weights of the samples -> the best constant prediction, shaped as one row of the output.

        (1,) or (classes,); of vectors and tags, one number for each column.
        """
        if not present(values).any():
            raise ConfigError("An output without a single label in the training split cannot be trained.")
        if self.target.kind in EXCLUSIVE:
            return self._shares(values, weights)
        if self.target.kind in MAPS or values.ndim > 3:
            return self._everywhere(values)
        columns = values.reshape(len(values), -1)
        found = [self._constant(columns[:, place], weights) for place in range(columns.shape[1])]
        return np.array(found, dtype=np.float32).reshape(values.shape[1:] or (1,))

    def _everywhere(self, values: np.ndarray) -> np.ndarray:
        """The same constant at each place of a map, shaped as its output."""
        if self.target.kind == "mask":
            shares = self._shares(values, None)
            return np.broadcast_to(shares, (*values.shape[1:], len(shares)))
        if self.target.kind == "heat_map":
            share = float(np.mean(values[present(values)] >= 1.0, dtype=np.float64))
            return np.full((*values.shape[1:], 1), max(share, 1e-4), np.float32)
        return np.full(values.shape[1:], self._constant(values.reshape(-1), None), np.float32)

    def _constant(self, values: np.ndarray, weights: np.ndarray | None) -> float:
        """The best constant of one column; 0, or one half, for a column without a label."""
        known = present(values)
        numbers = values[known].astype(np.float64)
        shares = np.ones(len(numbers)) if weights is None else weights[known].astype(np.float64)
        if not shares.any():
            return 0.0 if self.target.kind == "regression" else 0.5
        if self.target.kind != "regression":
            shares = shares / shares.mean()
            return float((np.sum(numbers * shares) + 0.5) / (len(numbers) + 1.0))
        return float(np.average(numbers, weights=shares)) if self.loss == "mse" else weighted_median(numbers, shares)

    def _shares(self, values: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        """(classes,) how often each label occurs, half a sample added to each."""
        known = present(values)
        shares = None
        if weights is not None:
            shares = np.broadcast_to(weights.reshape(-1, *[1] * (values.ndim - 1)), values.shape)[known]
            shares = shares / shares.mean() if shares.any() else None
        counts = np.bincount(values[known], weights=shares, minlength=len(self.target.labels)) + 0.5
        return (counts / counts.sum()).astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        """Plain values that tell everything about the head."""
        return asdict(self)


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """The number with the least weighted absolute distance to these; of equal weights, the median."""
    if (weights == weights[0]).all():
        return float(np.median(values))
    order = np.argsort(values, kind="stable")
    passed = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(passed, passed[-1] / 2.0)])


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
