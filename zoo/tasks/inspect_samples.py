"""Inspection of a model with heads, on named arrays: back from the losses of its heads."""

import keras
import numpy as np

from zoo.inspection.facts import Inspection, inspect_model
from zoo.samples import Samples
from zoo.training.balance import Static
from zoo.training.head_checks import check_heads
from zoo.training.heads import Head
from zoo.training.labels import relabel
from zoo.training.trainer import Trainer


def inspect_samples(
    model: keras.Model, samples: Samples, heads: dict[str, Head], *, training: bool = False
) -> Inspection:
    """One batch, all of `samples`, through `model` and back from the losses of its heads, weighted as they say.

    Labels are merged and ignored as in training; class weights, which depend on the training rows, are left out.
    """
    samples, heads = relabel(samples, heads), {name: head.settled() for name, head in heads.items()}
    check_heads(model, heads, samples)
    trainer = Trainer(model, heads, Static(heads, dict.fromkeys(heads, 1.0)), {})
    trainer.compile(optimizer="sgd")
    rows = np.arange(len(samples))
    targets = {name: samples.targets[name][rows] for name in heads}
    found = inspect_model(trainer, dict(samples.inputs), targets, training=training)
    return Inspection(model.name, found.rows, found.layers, found.loss, found.losses)
