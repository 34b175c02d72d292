"""Outputs that predict at every step of a sequence: judged batch by batch, since all together would not fit.

A split of 2,000 poems of 64 characters out of 6,000 has 3 GB of probabilities; kept are two numbers for each step.
"""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.metrics import TINY
from zoo.samples import MISSING_CLASS, Samples, present
from zoo.training.acceleration.tied_softmax import TiedSoftmax, tied_softmaxes
from zoo.training.batches import Batches
from zoo.training.heads import Head

JUDGED_BATCH = 32  # sequences whose probabilities are held at once
TARGET = "target_of_"


def per_step(model: keras.Model, heads: Mapping[str, Head]) -> tuple[str, ...]:
    """The outputs (B, L, classes) among the heads'."""
    kinds = {name: head.target.kind for name, head in heads.items()}
    return tuple(name for name in heads if kinds[name] == "classification" and len(model.output[name].shape) == 3)


def labels_by_frequency(head: Head, values: np.ndarray) -> np.ndarray:
    """(n, L) training targets -> all labels (classes,), the most frequent first."""
    counts = np.bincount(values[present(values)], minlength=len(head.target.labels))
    return np.argsort(-counts, kind="stable")


class StepJudge(keras.Model):
    """The model's inputs and targets (B, L) -> output -> (B, L, 2): the cross-entropy of the label, and 1 if it was the
    likeliest; 0 where there is no label."""

    def __init__(self, model: keras.Model, outputs: tuple[str, ...]):
        super().__init__(name=f"{model.name}_judge", dtype="float32", autocast=False)
        orders = {name: np.arange(model.output[name].shape[-1]) for name in outputs}
        self._tied = tuple(tied_softmaxes(model, orders, seed=0).items())  # a tuple: Keras would wrap a dict
        self._names = outputs
        features = {name: each.features for name, each in self._tied}
        self.graph = keras.Model(model.inputs, {name: features.get(name, model.output[name]) for name in outputs})
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool | None = None) -> dict[str, Any]:
        answers = self.graph({name: x for name, x in inputs.items() if not name.startswith(TARGET)}, training=False)
        return {name: self._judge(name, answers[name], inputs[f"{TARGET}{name}"]) for name in self._names}

    def _judge(self, name: str, answer: Any, target: Any) -> Any:
        known = ops.not_equal(target, MISSING_CLASS)
        label = ops.where(known, target, ops.zeros_like(target))
        tied: TiedSoftmax | None = dict(self._tied).get(name)
        if tied is not None:
            loss, right = tied.judge(answer, label)
        else:
            shares = ops.cast(answer, "float32")
            share = ops.squeeze(ops.take_along_axis(shares, ops.expand_dims(label, -1), axis=-1), -1)
            loss = -ops.log(ops.clip(share, TINY, 1.0))
            right = ops.equal(ops.argmax(answer, axis=-1), ops.cast(label, "int32"))
        found = ops.stack([loss, ops.cast(right, loss.dtype)], axis=-1)
        return found * ops.expand_dims(ops.cast(known, loss.dtype), -1)


def judge_steps(
    model: keras.Model | StepJudge, samples: Samples, outputs: tuple[str, ...], *, trim_padding: bool = True
) -> dict[str, np.ndarray]:
    """Output -> (n, L, 2): each step's cross-entropy in nats, and whether the label was the likeliest.

    Needs the targets (n, L) of these outputs; steps without a label have 0 and 0.
    """
    judge = model if isinstance(model, StepJudge) else StepJudge(model, outputs)
    batches = Batches(samples, batch_size=JUDGED_BATCH, trim_padding=trim_padding, steps=outputs)
    found = {name: np.zeros((*samples.targets[name].shape, 2), np.float32) for name in outputs}
    for rows, inputs in batches.all_inputs():
        targets = batches.targets(rows)
        answers = judge.predict_on_batch({**inputs, **{f"{TARGET}{name}": targets[name] for name in outputs}})
        for name, values in answers.items():
            values = np.asarray(values, dtype=np.float32)
            found[name][rows, : values.shape[1]] = values
    return found


def step_score(metric: str, judged: np.ndarray, target: np.ndarray) -> float | None:
    """One metric of a split's `judge_steps` (n, L, 2) over the steps with a label; None when there are none."""
    known = present(target)
    if not known.any():
        return None
    loss, right = judged[known].astype(np.float64).mean(axis=0)
    return {"log_loss": float(loss), "perplexity": float(np.exp(loss)), "accuracy": float(right)}[metric]
