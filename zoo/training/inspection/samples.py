"""Inspection of a model with heads, on named arrays: with the loss that its training has."""

import keras
import numpy as np

from zoo.samples import Samples
from zoo.training.balance import Static
from zoo.training.heads import Head, check_heads
from zoo.training.inspection.facts import Inspection, inspect_model
from zoo.training.trainer import Trainer


def inspect_samples(
    model: keras.Model, samples: Samples, heads: dict[str, Head], *, training: bool = False
) -> Inspection:
    """One batch, all of `samples`, through `model` and back from the losses of its heads, weighted as they say."""
    check_heads(model, heads, samples)
    trainer = Trainer(model, heads, Static(heads, dict.fromkeys(heads, 1.0)), {})
    trainer.compile(optimizer="sgd")
    rows = np.arange(len(samples))
    targets = {name: samples.targets[name][rows] for name in heads}
    found = inspect_model(trainer, dict(samples.inputs), targets, training=training)
    return Inspection(model.name, found.rows, found.layers, found.loss, found.losses)
