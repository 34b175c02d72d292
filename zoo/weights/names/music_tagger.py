"""Names in the published file of MusicTaggerCRNN (Choi), written by Keras 1 with Theano's order of axes."""

from typing import Any

import numpy as np

from zoo.weights.names import Names, by_rule

# Keras 1 has hard_sigmoid(x) = clip(0.2 x + 0.5), Keras 3 clip(x / 6 + 0.5): they agree where x is 1.2 times as large.
STEEPER = 6 * 0.2


def correlation_kernel(array: Any) -> Any:
    """(out, in, height, width) -> (height, width, in, out); not mirrored, as a file of Theano's own would be."""
    return array.transpose(2, 3, 1, 0)


def for_hard_sigmoid(array: Any) -> Any:
    """(..., 3 * units) of a GRU: those of its two gates, the first two thirds, for the hard sigmoid of Keras 3."""
    units = array.shape[-1] // 3
    scale = np.repeat(np.array([STEEPER, STEEPER, 1.0]), units)
    return (array * scale).astype(array.dtype)


NAMES = {
    "keras1": Names(
        rename=by_rule((r"bn_0_freq", "frames_bn"), (r"(gru\d+)", r"\1/gru_cell"), (r"output", "tags")),
        signs=["bn_0_freq"],
        adapt={
            "conv*/kernel": correlation_kernel,
            "gru*/kernel": for_hard_sigmoid,
            "gru*/recurrent_kernel": for_hard_sigmoid,
            "gru*/bias": for_hard_sigmoid,
        },
    ),
}
