"""How the losses of several outputs become one: by their size, fixed weights, learnt ones, or equal gradients.

Every method gives the weight of each loss in this batch; the trained loss is the sum of weight * loss, plus a penalty
where the method has one. All of them are logged, so that the printed terms add up to the printed loss.
"""

import warnings
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.errors import ConfigError
from zoo.training.heads import Head

Tensor = Any
UNEQUAL = 100.0  # times another loss, where one is warned of


class LossScaleWarning(UserWarning):
    """One output's loss is so much larger than another's that it decides alone."""


class Balance(keras.layers.Layer):
    """Base: a layer, so that what a method learns is saved, restored and optimised with the model.

    `scales` are the losses of the best constant predictions: the natural size of each loss before anything is learnt.
    """

    needs_shared_tensor = False

    def __init__(self, heads: Mapping[str, Head], scales: Mapping[str, float]):
        super().__init__(name="balance", dtype="float32")
        self.outputs = tuple(heads)
        self.static_weights = {name: float(head.weight) for name, head in heads.items()}
        self.scales = {name: max(float(scales[name]), 1e-30) for name in heads}
        self.built = True

    def weigh(self, losses: dict[str, Tensor], counts: dict[str, Tensor], shared: Tensor) -> tuple[dict, Tensor]:
        """Losses of a batch -> weight of each, and the penalty to be added to the sum."""
        raise NotImplementedError


class Static(Balance):
    """The weights of the heads, as they were given."""

    def weigh(self, losses: dict[str, Tensor], counts: dict[str, Tensor], shared: Tensor) -> tuple[dict, Tensor]:
        return {name: ops.convert_to_tensor(self.static_weights[name]) for name in losses}, ops.convert_to_tensor(0.0)


class Relative(Static):
    """The weights of the heads, relative to the loss of the best constant prediction: 1 for each output is one scale.

    A squared error of prices is 50,000 times a cross-entropy, and would have all of the gradient; one of lengths in
    metres may be so small that Adam, whose epsilon is an absolute number, does not move.
    """

    def __init__(self, heads: Mapping[str, Head], scales: Mapping[str, float]):
        super().__init__(heads, scales)
        self.static_weights = {name: weight / self.scales[name] for name, weight in self.static_weights.items()}


class Uncertainty(Balance):
    """Learnt weights exp(-s), penalty s / 2, where s is a trained log-variance. Kendall, Gal, Cipolla 2018, eq. 10.

    s starts at its optimum for the constant prediction, the log of twice that loss, not at 0: losses of any scale are
    balanced from the first step, and s has only to follow what is learnt. (When it followed faster than the losses
    fall, the output that is learnt first took all the weight.)
    """

    def __init__(self, heads: Mapping[str, Head], scales: Mapping[str, float]):
        super().__init__(heads, scales)
        self.log_variances = self.add_weight(
            shape=(len(self.outputs),),
            initializer=keras.initializers.Zeros(),
            trainable=True,
            name="log_variances",
        )
        self.start = np.log([2.0 * self.scales[name] for name in self.outputs]).astype("float32")

    def weigh(self, losses: dict[str, Tensor], counts: dict[str, Tensor], shared: Tensor) -> tuple[dict, Tensor]:
        logs = self.log_variances + self.start
        weights = {name: ops.exp(-logs[row]) for row, name in enumerate(self.outputs)}
        labelled = [ops.cast(counts[name] > 0, "float32") for name in self.outputs]
        return weights, 0.5 * ops.sum(logs * ops.stack(labelled))


class GradNorm(Balance):
    """Weights under which every loss pulls the shared features equally hard. Chen et al. 2018 (GradNorm).

    The paper moves the weights by gradient descent towards w_i * G_i = mean(G) * r_i ** alpha, where G_i is the
    gradient norm of loss i at the last shared features and r_i its relative inverse training rate. Here that point is
    solved for at every step, with G_i averaged over about `1 / (1 - MEMORY)` steps: there is no second learning rate,
    and losses of any scale balance at once. The weights are scaled to the number of outputs, as in the paper.
    """

    needs_shared_tensor = True
    ALPHA = 0.12
    MEMORY = 0.95

    def __init__(self, heads: Mapping[str, Head], scales: Mapping[str, float]):
        super().__init__(heads, scales)
        if keras.backend.backend() != "tensorflow":
            raise ConfigError("Balance 'gradnorm' needs the TensorFlow backend; use 'uncertainty' on the others.")
        for name in ("norms", "losses_now", "steps"):
            setattr(self, name, self.add_weight(shape=(len(heads),), initializer="zeros", trainable=False, name=name))

    def weigh(self, losses: dict[str, Tensor], counts: dict[str, Tensor], shared: Tensor) -> tuple[dict, Tensor]:
        import tensorflow as tf

        gradients = [tf.gradients(losses[name], [shared])[0] for name in self.outputs]
        norms = ops.stack([ops.sqrt(ops.sum(ops.square(ops.cast(each, "float32")))) for each in gradients])
        labelled = ops.stack([ops.cast(counts[name] > 0, "float32") for name in self.outputs])
        share = (1.0 - self.MEMORY) * labelled  # a batch without a label of an output says nothing about it
        now = ops.stack([losses[name] for name in self.outputs])
        self.norms.assign(self.norms + share * (norms - self.norms))
        self.losses_now.assign(self.losses_now + share * (now - self.losses_now))
        self.steps.assign(self.steps + labelled)

        seen = 1.0 - self.MEMORY**self.steps  # the average's bias while it is young, as in Adam
        scale = ops.convert_to_tensor([self.scales[name] for name in self.outputs])
        rate = self.losses_now / ops.maximum(seen, 1e-8) / scale
        rate = rate / ops.maximum(ops.mean(rate), 1e-8)
        pull = ops.maximum(self.norms / ops.maximum(seen, 1e-8), 1e-12)
        weights = ops.stop_gradient(ops.power(ops.maximum(rate, 1e-8), self.ALPHA) / pull)
        weights = weights * (len(self.outputs) / ops.sum(weights))
        return {name: weights[row] for row, name in enumerate(self.outputs)}, ops.convert_to_tensor(0.0)


BALANCES: dict[str, type[Balance]] = {
    "relative": Relative,
    "static": Static,
    "uncertainty": Uncertainty,
    "gradnorm": GradNorm,
}


def warn_of_unequal_losses(heads: Mapping[str, Head], scales: Mapping[str, float]) -> None:
    """Warn where, under the weights of the heads alone, one output's loss begins `UNEQUAL` times as large as another's.

    `scales` are the losses of the best constant predictions.
    """
    sizes = {name: head.weight * scales[name] for name, head in heads.items() if head.weight > 0}
    if len(sizes) < 2:
        return
    most, least = max(sizes, key=sizes.__getitem__), min(sizes, key=sizes.__getitem__)
    if sizes[most] > UNEQUAL * sizes[least]:
        warnings.warn(
            f"Under balance 'static' the weighted loss of '{most}' begins at {sizes[most]:.3g}, that of '{least}' at "
            f"{sizes[least]:.3g}: '{most}' will take nearly all of the gradient. Use balance 'relative' or "
            "'uncertainty', or other weights.",
            LossScaleWarning,
            stacklevel=2,
        )
