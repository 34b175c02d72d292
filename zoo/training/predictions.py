"""What a model predicts for every sample of a split."""

from collections.abc import Iterator, Mapping, Sequence

import keras
import numpy as np

from zoo.errors import ConfigError
from zoo.pictures.views import PLAIN, average_over_views, refuse_views_of_maps, require_views
from zoo.samples import Samples, mean_of_pieces
from zoo.training.batches import Batches
from zoo.training.head_checks import check_predictable
from zoo.training.heads import Head
from zoo.training.named_graph import named_graph, with_named_inputs


def predict(
    model: keras.Model,
    samples: Samples,
    heads: Mapping[str, Head],
    *,
    trim_padding: bool = False,
    views: Sequence[str] | str = PLAIN,
) -> dict[str, np.ndarray]:
    """Predictions for every sample: (n,) for regression, (n,) probability of the positive label, (n, classes).

    Of vectors and tags, (n, k). With `views` of the pictures or volumes among the inputs, such as "mirrored" or
    ("plain", "flip", "left", "right"), they are the means over all of these (test-time augmentation).
    """
    if not isinstance(samples, Samples) or not isinstance(heads, Mapping):
        raise ConfigError("`predict` takes a model, Samples, and a dict of output -> Head.")
    graph, samples = named_graph(model), with_named_inputs(model, samples)
    check_predictable(graph, heads, samples)
    views = require_views(views, samples.inputs)
    refuse_views_of_maps(views, {name: head.target.kind for name, head in heads.items()})
    outputs = outputs_of(graph, Batches(samples, batch_size=256, trim_padding=trim_padding), views)
    return {name: answers_of(head, outputs[name]) for name, head in heads.items()}


def predict_rows(
    model: keras.Model, samples: Samples, heads: Mapping[str, Head], *, trim_padding: bool = False
) -> tuple[dict[str, np.ndarray], Samples]:
    """(`predict` for every row, the samples as rows): of a text in several pieces the mean, as a pipeline predicts."""
    found = predict(model, samples, heads, trim_padding=trim_padding)
    if samples.owner is None:
        return found, samples
    return {name: mean_of_pieces(values, samples.owner) for name, values in found.items()}, samples.whole()


def outputs_of(model: keras.Model, batches: Batches, views: Sequence[str] = PLAIN) -> dict[str, np.ndarray]:
    """The outputs of a model with a dict of them, for every sample, in float32; means over views of pictures."""
    found: dict[str, np.ndarray] = {}
    for rows, outputs in each_output(model, batches, views):
        for name, values in outputs.items():
            if name not in found:
                found[name] = np.zeros((len(batches.samples), *values.shape[1:]), dtype=np.float32)
            found[name][rows] = values
    return found


def each_output(
    model: keras.Model, batches: Batches, views: Sequence[str] = PLAIN
) -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """Row numbers and outputs of every batch, once, in float32; means over views of pictures."""
    for rows, inputs in batches.all_inputs():
        outputs = average_over_views(model.predict_on_batch, inputs, views)
        yield rows, {name: np.asarray(values, dtype=np.float32) for name, values in outputs.items()}


def answers_of(head: Head, output: np.ndarray) -> np.ndarray:
    """An output as metrics take it: (n, 1) of one number or probability as (n,)."""
    alone = head.target.kind in ("regression", "binary") and output.ndim == 2 and output.shape[1] == 1
    return output[:, 0] if alone else output
