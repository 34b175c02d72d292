"""LSTM and GRU over whole sequences in TensorFlow on a CPU: the same values and gradients as Keras' loop, in less time.

A step of a small recurrent layer is a product of a few microseconds, so that what counts is how much surrounds it.
Here the loop holds one product and two or three passes over the gates, compiled by XLA (without which each of some
thirty operations is handed to a thread); everything that does not need the step before is done for all steps at once:
inputs are projected before the loop, and the gradient's loop only carries the states' gradients back, with the
weights' gradients as one product after it. Two runs on one machine give the same bits.

Without a graph around it, TensorFlow would record the loop for a gradient of its own: hence `tf.stop_gradient`.

Tensors are "time-major", (T, B, ...). A mask (T, B, 1) of bool makes a sample keep its state where it is false.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

Tensor = Any


def project_tokens(tokens: Tensor, table: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
    """(T, B) integers, (V, D), (D, F), (F,) -> (T, B, F): the embedded tokens times the kernel, plus the bias.

    Each word of the batch is multiplied once, however often it stands there, and the gradient of `table` is a
    `tf.IndexedSlices` with every row at most once.
    """
    words, places = tf.unique(tf.reshape(tokens, [-1]))  # (U,), (T * B,)
    rows = tf.matmul(tf.gather(table, words), kernel)  # (U, F)
    spread = _spread(rows if bias is None else rows + bias, places)
    return tf.reshape(spread, tf.concat([tf.shape(tokens), tf.shape(rows)[1:]], axis=0))


@tf.custom_gradient
def _spread(rows: Tensor, places: Tensor) -> tuple[Tensor, Callable[..., Any]]:
    """(U, F), (N,) below U -> (N, F): the row of every place.

    The gradient sorts the places first, so that a row's stand side by side: half the time of TensorFlow's.
    """

    def gradient(upstream: Tensor) -> tuple[Tensor, None]:
        order = tf.argsort(places, stable=True)
        rows = tf.gather(places, order)
        return tf.raw_ops.SparseSegmentSum(data=upstream, indices=order, segment_ids=rows), None

    return tf.gather(rows, places), gradient


def project(x: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
    """(T, B, D), (D, F), (F,) -> (T, B, F), as one product."""
    y = tf.matmul(tf.reshape(x, (-1, kernel.shape[0])), kernel)
    y = y if bias is None else y + bias
    return tf.reshape(y, tf.concat([tf.shape(x)[:2], tf.shape(y)[1:]], axis=0))


def lstm(
    x: Tensor, kernel: Tensor, h: Tensor, c: Tensor, mask: Tensor | None, *, every: bool
) -> tuple[Tensor | None, Tensor, Tensor]:
    """(T, B, 4H) projected inputs, (H, 4H), (B, H), (B, H) -> states h of every step (T, B, H) or None, last h, last c.

    Hochreiter and Schmidhuber 1997; the gates stand in Keras' order: input, forget, candidate, output.
    """

    @tf.custom_gradient
    def run(x: Tensor, kernel: Tensor, h: Tensor, c: Tensor) -> tuple[tuple[Tensor, ...], Callable[..., Any]]:
        states, cells, gates = _lstm_forward(*map(tf.stop_gradient, (x, kernel, h, c)), mask)

        def gradient(*upstream: Tensor) -> tuple[Tensor, ...]:
            for_states, (last_h, last_c) = (upstream[0] if every else None), upstream[-2:]
            dx, dh, dc = _lstm_backward(for_states, last_h, last_c, cells, gates, kernel, mask)
            return dx, _product(h, states, dx), dh, dc

        last = states[-1], cells[-1]
        return ((states, *last) if every else last), gradient

    found = run(x, tf.convert_to_tensor(kernel), h, c)
    return (found[0] if every else None), found[-2], found[-1]


def gru(
    x: Tensor, kernel: Tensor, bias: Tensor | None, h: Tensor, mask: Tensor | None, *, every: bool
) -> tuple[Tensor | None, Tensor]:
    """(T, B, 3H) projected inputs, (H, 3H), (3H,), (B, H) -> states of every step (T, B, H) or None, the last one.

    Cho et al. 2014 with the reset gate after the product, as Keras and cuDNN have it; the gates stand in Keras' order:
    update, reset, candidate.
    """
    bias = tf.zeros((kernel.shape[1],), kernel.dtype) if bias is None else bias

    @tf.custom_gradient
    def run(x: Tensor, kernel: Tensor, bias: Tensor, h: Tensor) -> tuple[tuple[Tensor, ...], Callable[..., Any]]:
        states, gates = _gru_forward(*map(tf.stop_gradient, (x, kernel, bias, h)), mask)

        def gradient(*upstream: Tensor) -> tuple[Tensor, ...]:
            for_states = upstream[0] if every else None
            dx, dm, dh = _gru_backward(for_states, upstream[-1], h, states, gates, kernel, mask)
            return dx, _product(h, states, dm), tf.reduce_sum(dm, axis=(0, 1)), dh

        return ((states, states[-1]) if every else (states[-1],)), gradient

    found = run(x, tf.convert_to_tensor(kernel), tf.convert_to_tensor(bias), h)
    return (found[0] if every else None), found[-1]


@tf.function(jit_compile=True, autograph=False)
def _lstm_forward(
    x: Tensor, kernel: Tensor, h: Tensor, c: Tensor, mask: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """-> h after every step (T, B, H), c before and after every step (T + 1, B, H), and the gates (T, B, 4H)."""
    units = kernel.shape[0]
    # sigmoid(x) = tanh(x / 2) / 2 + 1 / 2: one pass over all gates.
    half = tf.repeat(tf.constant((0.5, 0.5, 1.0, 0.5), x.dtype), units)
    kernel = kernel * half

    def step(t: Tensor, h: Tensor, states: Any, cells: Any, gates: Any) -> tuple[Any, ...]:
        gate = tf.tanh(x[t] * half + tf.matmul(h, kernel)) * half + (1.0 - half)
        let_in, keep, candidate, let_out = tf.split(gate, 4, axis=1)
        before = cells.read(t)
        c = keep * before + let_in * candidate
        c = c if mask is None else tf.where(mask[t], c, before)
        cells = cells.write(t + 1, c)
        new_h = let_out * tf.tanh(cells.read(t + 1))  # read again, so that XLA computes c right into its place
        new_h = new_h if mask is None else tf.where(mask[t], new_h, h)
        return t + 1, new_h, states.write(t, new_h), cells, gates.write(t, gate)

    steps = tf.shape(x)[0]
    kept = _array(steps, units), _array(steps + 1, units).write(0, c), _array(steps, 4 * units)
    _, _, *kept = tf.while_loop(lambda t, *_: t < steps, step, (0, h, *kept), parallel_iterations=1)
    return tuple(each.stack() for each in kept)


@tf.function(jit_compile=True, autograph=False)
def _lstm_backward(
    for_states: Tensor | None, dh: Tensor, dc: Tensor, cells: Tensor, gates: Tensor, kernel: Tensor, mask: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """-> gradients of the projected inputs (T, B, 4H) and of the first h and c."""
    let_in, keep, candidate, let_out = tf.split(gates, 4, axis=2)
    squashed = tf.tanh(cells[1:])
    # What a gradient of c (the first three gates) or of h (the last) becomes at a gate, for all steps at once.
    factors = tf.concat(
        [
            candidate * let_in * (1.0 - let_in),
            cells[:-1] * keep * (1.0 - keep),
            let_in * (1.0 - tf.square(candidate)),
            squashed * let_out * (1.0 - let_out),
        ],
        axis=2,
    )
    to_cell = let_out * (1.0 - tf.square(squashed))
    if mask is not None:
        factors, to_cell = tf.where(mask, factors, 0.0), tf.where(mask, to_cell, 0.0)
        keep = tf.where(mask, keep, 1.0)
        held = tf.cast(~mask, gates.dtype)
    keep_after = tf.concat([keep[1:], tf.ones_like(keep[:1])], axis=0)  # what of c goes on into the next step's
    turned = tf.transpose(kernel)

    def step(t: Tensor, dh: Tensor, dc: Tensor, gradients: Any) -> tuple[Any, ...]:
        dh = dh if for_states is None else dh + for_states[t]
        dc = dc * keep_after[t] + dh * to_cell[t]
        dx = factors[t] * tf.concat([dc, dc, dc, dh], axis=1)
        new_dh = tf.matmul(dx, turned)
        new_dh = new_dh if mask is None else new_dh + dh * held[t]
        return t - 1, new_dh, dc, gradients.write(t, dx)

    steps = tf.shape(gates)[0]
    start = (steps - 1, dh, dc, _array(steps, gates.shape[2]))
    _, dh, dc, dx = tf.while_loop(lambda t, *_: t >= 0, step, start, parallel_iterations=1)
    return dx.stack(), dh, dc * keep[0]


@tf.function(jit_compile=True, autograph=False)
def _gru_forward(x: Tensor, kernel: Tensor, bias: Tensor, h: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """-> states after every step (T, B, H); update, reset, candidate and the product before the reset (T, B, 4H)."""
    units = kernel.shape[0]

    def step(t: Tensor, h: Tensor, states: Any, gates: Any) -> tuple[Any, ...]:
        outer, inner = x[t], tf.matmul(h, kernel) + bias
        both = tf.tanh((outer[:, : 2 * units] + inner[:, : 2 * units]) * 0.5) * 0.5 + 0.5
        update, reset = tf.split(both, 2, axis=1)
        candidate = tf.tanh(outer[:, 2 * units :] + reset * inner[:, 2 * units :])
        new_h = candidate + update * (h - candidate)
        new_h = new_h if mask is None else tf.where(mask[t], new_h, h)
        gate = tf.concat([both, candidate, inner[:, 2 * units :]], axis=1)
        return t + 1, new_h, states.write(t, new_h), gates.write(t, gate)

    steps = tf.shape(x)[0]
    kept = _array(steps, units), _array(steps, 4 * units)
    _, _, *kept = tf.while_loop(lambda t, *_: t < steps, step, (0, h, *kept), parallel_iterations=1)
    return tuple(each.stack() for each in kept)


@tf.function(jit_compile=True, autograph=False)
def _gru_backward(
    for_states: Tensor | None,
    dh: Tensor,
    h: Tensor,
    states: Tensor,
    gates: Tensor,
    kernel: Tensor,
    mask: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """-> gradients of the projected inputs and of the recurrent product (T, B, 3H), and of the first state."""
    update, reset, candidate, inner = tf.split(gates, 4, axis=2)
    to_candidate = (1.0 - update) * (1.0 - tf.square(candidate))
    to_update = (_shifted(states, h) - candidate) * update * (1.0 - update)
    if mask is not None:
        to_candidate, to_update = tf.where(mask, to_candidate, 0.0), tf.where(mask, to_update, 0.0)
        update = tf.where(mask, update, 1.0)
    to_reset = to_candidate * inner * reset * (1.0 - reset)
    factors = tf.concat([to_update, to_reset, to_candidate * reset], axis=2)
    turned = tf.transpose(kernel)

    def step(t: Tensor, dh: Tensor, for_state: Any) -> tuple[Any, ...]:
        dh = dh if for_states is None else dh + for_states[t]
        new_dh = dh * update[t] + tf.matmul(factors[t] * tf.tile(dh, (1, 3)), turned)
        return t - 1, new_dh, for_state.write(t, dh)

    steps = tf.shape(gates)[0]
    start = (steps - 1, dh, _array(steps, kernel.shape[0]))
    _, dh, for_state = tf.while_loop(lambda t, *_: t >= 0, step, start, parallel_iterations=1)
    spread = tf.tile(for_state.stack(), (1, 1, 3))
    return tf.concat([to_update, to_reset, to_candidate], axis=2) * spread, factors * spread, dh


def _array(steps: Tensor, width: int) -> tf.TensorArray:
    """Room for a value (B, width) of every step."""
    return tf.TensorArray("float32", steps, element_shape=(None, width), clear_after_read=False)


def _shifted(states: Tensor, first: Tensor) -> Tensor:
    """The state before every step."""
    return tf.concat([first[None], states[:-1]], axis=0)


def _product(first: Tensor, states: Tensor, gradients: Tensor) -> Tensor:
    """(B, H), (T, B, H), (T, B, F) -> (H, F): the states before every step times its gradients, summed."""
    before, after = (tf.reshape(each, (-1, each.shape[2])) for each in (states[:-1], gradients[1:]))  # no copies
    return tf.matmul(before, after, transpose_a=True) + tf.matmul(first, gradients[0], transpose_a=True)
