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
from zoo.keras_internals.graph import input_names
from zoo.metrics import ALLOWED, DEFAULTS
from zoo.samples import EXCLUSIVE, FOUND, MAPS, Samples, Target, present
from zoo.training.resampling.imbalance import SAMPLING, Imbalance, merged_labels

if TYPE_CHECKING:
    import keras

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
        if self.costs is not None and not isinstance(self.costs, CostMatrix):
            raise ConfigError(f"'costs' must be a CostMatrix; received {self.costs!r}.")
        if self.costs is not None:
            self.costs.check(self.answers.labels)
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
        if self.costs is not None:
            if not isinstance(self.costs, CostMatrix):
                raise ConfigError(f"'costs' must be a CostMatrix; received {self.costs!r}.")
            self.costs.check(FOUND)
        if self.imbalance is None:
            return
        require_known("method against the imbalance of a heat_map output", self.plan.method, ("none", *SAMPLING))
        if self.plan.calibration != "none" or self.plan.merge or self.plan.ignore:
            raise ConfigError(
                "A heat_map output has no classes: of its 'imbalance' only the method, the ratio and the share of hard "
                "samples are for it, with calibration='none'."
            )

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


def check_heads(model: "keras.Model", heads: Mapping[str, Head], *splits: Samples) -> None:
    """Raise a `ConfigError` unless heads, outputs, inputs and targets agree by key and by shape.

    `model` has a dict of outputs (`named_graph`).
    """
    outputs = model.output
    require_same_keys("heads", heads, f"outputs of '{model.name}'", outputs)
    for name, head in heads.items():
        _check_output(model.name, name, head, tuple(outputs[name].shape))
    for samples in splits:
        names = input_names(model)
        require_same_keys("inputs", samples.inputs, f"inputs of '{model.name}'", names)
        for input_name, tensor in zip(names, model.inputs, strict=True):
            _check_input(model.name, input_name, tensor, samples.inputs[input_name])
        for name, head in heads.items():
            require_known("target (heads are matched with targets by name)", name, samples.targets)
            steps = head.target.kind == "classification" and len(outputs[name].shape) == 3
            check_values(name, head, samples.targets[name], steps=steps)
            expected = tuple(outputs[name].shape)
            shape = samples.targets[name].shape
            shape = (*shape, expected[-1] or 1) if head.target.kind in MAPS else shape
            if head.target.kind in ("regression", "tags", *MAPS) and not _fits(shape, expected):
                raise ConfigError(
                    f"Output '{name}' of '{model.name}' has shape {expected}, and its target "
                    f"{samples.targets[name].shape}; the target must be {_told(expected)}."
                )
            unweighted = steps or head.loss == "expected_cost" or head.plan.method == "focal"
            if unweighted and name in samples.sample_weight:
                what = "predicts at every step" if steps else "is judged by another loss than it is trained by"
                raise ConfigError(f"Output '{name}' {what}; sample weights are not for it.")
            if head.target.kind == "regression" and outputs[name].dtype == "float16":
                _check_half(name, samples.targets[name])
            if steps and head.loss in NOISE_AWARE:
                raise ConfigError(f"'{name}' answers at every step; the loss '{head.loss}' is for whole samples.")
            if steps and head.imbalance is not None:
                raise ConfigError(f"'{name}' predicts at every step; methods against imbalance choose whole samples.")


def check_predictable(model: "keras.Model", heads: Mapping[str, Head], samples: Samples) -> None:
    """Raise a `ZooError` unless the model has these outputs and takes these samples, of which there are some."""
    for name, head in heads.items():
        require_known("output", name, model.output)
        _check_output(model.name, name, head.settled(), tuple(model.output[name].shape))
    if not len(samples):
        raise ConfigError("There are no samples to predict for.")
    names = input_names(model)
    require_same_keys("inputs", samples.inputs, f"inputs of '{model.name}'", names)
    for input_name, tensor in zip(names, model.inputs, strict=True):
        _check_input(model.name, input_name, tensor, samples.inputs[input_name])


def _check_output(model: str, name: str, head: Head, shape: tuple[int | None, ...]) -> None:
    """Raise unless the shape of an output is that of its kind."""
    kind, labels = head.target.kind, len(head.target.labels)
    if kind == "regression":
        fits, expected = len(shape) >= 2, "(None, k)"
    elif kind in MAPS:
        width = labels or 1
        fits, expected = len(shape) >= 4 and shape[-1] == width, f"(None, places along each axis, {width})"
    elif kind in EXCLUSIVE:
        fits, expected = len(shape) in (2, 3) and shape[-1] == labels, f"(None, {labels})"
    else:
        width = labels if kind == "tags" else 1
        fits, expected = shape[1:] == (width,), f"(None, {width})"
    if not fits:
        several = kind == "binary" and len(shape) == 2 and (shape[1] or 0) > 1
        cure = " For several labels at once there is Target('tags', labels)." if several else ""
        raise ConfigError(f"Output '{name}' of '{model}' has shape {shape}; its {kind} head needs {expected}.{cure}")


def _check_input(model: str, name: str, tensor: Any, values: np.ndarray) -> None:
    """Raise unless an array fits an input tensor, dimension by dimension."""
    expected, given = tuple(tensor.shape), np.shape(values)
    if getattr(tensor, "sparse", False) or not hasattr(values, "dtype"):
        return
    if not _fits(given, expected):
        raise ConfigError(f"Input '{name}' of '{model}' has shape {expected}; its values have {given}.")
    if values.dtype.kind not in "fiub":
        raise ConfigError(f"Input '{name}' of '{model}' must be numbers; received {values.dtype}.")
    whole = "int" in str(tensor.dtype)
    if whole and values.dtype.kind == "f" and not np.array_equal(values, np.round(values)):
        raise ConfigError(
            f"Input '{name}' of '{model}' takes whole numbers ({tensor.dtype}); received fractions or NaN."
        )


def _check_half(name: str, values: np.ndarray) -> None:
    """Raise where half precision cannot hold a target."""
    most = float(np.nanmax(np.abs(values), initial=0.0))
    if most > float(np.finfo(np.float16).max):
        raise ConfigError(
            f"Output '{name}' is float16, which ends at 65504, and its target reaches {most:.6g}; give its layer "
            "dtype='float32'."
        )


def _fits(shape: tuple[int, ...], expected: tuple[int | None, ...]) -> bool:
    if len(shape) == 1 and expected[1:] == (1,):
        return True
    pairs = zip(expected[1:], shape[1:], strict=False)
    return len(shape) == len(expected) and all(each in (None, given) for each, given in pairs)


def _told(shape: tuple[int | None, ...]) -> str:
    rest = ", ".join("any" if each is None else str(each) for each in shape[1:])
    return "(n,)" if shape[1:] == (1,) else f"(n, {rest})"


def check_values(name: str, head: Head, values: np.ndarray, *, steps: bool = False) -> None:
    """Raise a `ConfigError` unless one split's target has the shape, type and range of its kind."""
    kind = head.target.kind
    if kind in (*EXCLUSIVE, "binary") and values.ndim != (2 if steps else 1):
        expected = "(n, steps), as the output predicts at every step" if steps else "(n,)"
        hint = " Of one-hot rows, give the places of the ones: values.argmax(axis=1)." if values.ndim == 2 else ""
        raise ConfigError(f"Target '{name}' must have shape {expected}; received {values.shape}.{hint}")
    if kind in ("regression", "heat_map"):
        if not np.issubdtype(values.dtype, np.floating):
            raise ConfigError(f"Target '{name}' must be floats (NaN where missing); received {values.dtype}.")
        if np.isinf(values).any():
            raise ConfigError(f"Target '{name}' must be finite (NaN where missing); received infinite numbers.")
        return
    if not np.issubdtype(values.dtype, np.integer):
        raise ConfigError(f"Target '{name}' must be integer labels; received {values.dtype}.")
    most = 1 if kind == "tags" else len(head.target.labels) - 1
    if values.size and not (values.min() >= -1 and values.max() <= most):
        shifted = values.min() == 1 and values.max() == most + 1
        cure = f" Of labels from 1 to {most + 1}, give values - 1." if shifted else ""
        labels = "" if kind == "tags" else f", for '{head.target.labels[0]}' to '{head.target.labels[-1]}'"
        raise ConfigError(
            f"Target '{name}' must lie in 0..{most} (-1 where missing){labels}; received "
            f"{values.min()}..{values.max()}.{cure}"
        )
