"""Convolutions over time in TensorFlow with fewer multiplications than the direct sum: the same values and gradients.

Only `tensorflow` operations that run in a fixed order are used, so that two runs on one CPU give the same bits.
"""

from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf

Tensor = Any

POINTS = (0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5)  # and infinity; Lavin and Gray 2016 use them for eight products too
PRODUCTS = len(POINTS) + 1


def token_convolution(tokens: Tensor, embeddings: Tensor, kernel: Tensor, bias: Tensor | None, padding: int) -> Tensor:
    """(B, L) integers, (V, D), (K, D, F), (F,) -> (B, L, F): "same" convolution of the embedded tokens, for odd K.

    The convolution of a sequence of rows of a table is a sum of K rows of another table, table @ kernel, and only
    the rows of words that stand in the batch are needed: of 32,000 words of prose about 5,000 differ, so that five in
    six multiplications fall away. The token `padding` counts as a row of zeros, as do the places beyond both ends.
    The gradient of `embeddings` is a `tf.IndexedSlices` with every row at most once.
    """
    taps, _, filters = kernel.shape
    before = (taps - 1) // 2
    padded = tf.pad(tokens, ((0, 0), (before, taps - 1 - before)), constant_values=padding)  # (B, L + K - 1)
    words, places = tf.unique(tf.reshape(padded, [-1]))  # (U,), (B * (L + K - 1),)
    rows = tf.gather(embeddings, words)  # (U, D)
    rows *= tf.cast(tf.not_equal(words, padding), rows.dtype)[:, None]
    bias = tf.zeros((filters,), rows.dtype) if bias is None else bias
    sums = _sum_of_rows(rows, tf.convert_to_tensor(kernel), tf.convert_to_tensor(bias), places, tf.shape(padded))
    return tf.reshape(sums, (tf.shape(tokens)[0], -1, filters))


def _sum_of_rows(rows: Tensor, kernel: Tensor, bias: Tensor, places: Tensor, shape: Tensor) -> Tensor:
    """(U, D), (K, D, F), (F,), (B * W,) below U, [B, W] -> (B * (W - K + 1), F)."""
    taps, dim, filters = kernel.shape
    centre = (taps - 1) // 2
    length = shape[1] - taps + 1
    count = shape[0] * length

    @tf.custom_gradient
    def run(rows: Tensor, kernel: Tensor, bias: Tensor) -> tuple[Tensor, Any]:
        flat = tf.reshape(tf.transpose(kernel, (1, 0, 2)), (dim, taps * filters))
        # Every sum holds exactly one row of the central tap, so the bias is added there, once a word.
        shift = tf.pad(bias, ((centre * filters, (taps - 1 - centre) * filters),))
        table = tf.reshape(tf.matmul(rows, flat) + shift, (-1, filters))  # (U * K, F)
        grid = tf.reshape(places, shape) * taps
        chosen = tf.stack([grid[:, tap : tap + length] + tap for tap in range(taps)], axis=-1)
        sums = tf.raw_ops.SparseSegmentSum(
            data=table, indices=tf.reshape(chosen, [-1]), segment_ids=tf.repeat(tf.range(count), taps)
        )

        def gradient(upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            order = tf.argsort(places, stable=True)  # places of one word side by side
            word = tf.gather(places, order)
            ends = ((0, 0), (centre, taps - 1 - centre), (0, 0))
            spread = tf.reshape(tf.pad(tf.reshape(upstream, (shape[0], length, filters)), ends), (-1, filters))
            # The tap k of the word at q went to the output at q - k. A tap that leaves its own text starts at padding
            # or ends there, in zeros; one that leaves the batch starts at padding, whose row takes no gradient.
            last = shape[0] * shape[1] - 1
            table_gradient = tf.concat(
                [
                    tf.raw_ops.SparseSegmentSum(
                        data=spread, indices=tf.clip_by_value(order + centre - tap, 0, last), segment_ids=word
                    )
                    for tap in range(taps)
                ],
                axis=1,
            )  # (U, K * F)
            kernel_gradient = tf.matmul(rows, table_gradient, transpose_a=True)
            kernel_gradient = tf.transpose(tf.reshape(kernel_gradient, (dim, taps, filters)), (1, 0, 2))
            centres = table_gradient[:, centre * filters : (centre + 1) * filters]
            return tf.matmul(table_gradient, flat, transpose_b=True), kernel_gradient, tf.reduce_sum(centres, axis=0)

        return sums, gradient

    return run(rows, kernel, bias)


def tile_convolution(x: Tensor, kernel: Tensor) -> Tensor:
    """(B, L, C), (K, C, F) with K 3 or 5 -> (B, L, F): "same" convolution, tile by tile.

    A tile of 9 - K outputs depends on 8 inputs and costs 8 products of matrices, where the direct sum takes
    (9 - K) * K: 20 for K = 5 (Toom 1963, Cook 1966; for networks Lavin and Gray 2016, "Fast Algorithms for
    Convolutional Neural Networks"). Values differ from the direct sum's by rounding, about 1e-5 of their spread.
    """
    taps, channels, filters = kernel.shape
    step = PRODUCTS - taps + 1  # outputs of a tile
    shape = tf.shape(x)
    batch, length = shape[0], shape[1]
    tiles = -(-length // step)
    before = (taps - 1) // 2
    to_inputs, to_kernel, to_outputs = (tf.constant(each, x.dtype) for each in _transforms(taps))

    def turn(matrix: Tensor, values: Tensor, channels: int, *, transpose: bool = False) -> Tensor:
        """The matrix applied along the first axis: (R, ...) -> (R', places of all tiles, channels)."""
        flat = tf.reshape(values, (tf.shape(values)[0], -1))
        out = tf.matmul(matrix, flat, transpose_a=transpose)
        return tf.reshape(out, (matrix.shape[1 if transpose else 0], -1, channels))

    @tf.custom_gradient
    def run(x: Tensor, kernel: Tensor) -> tuple[Tensor, Any]:
        blocks = _to_blocks(x, step, tiles + 1, before)  # (step, tiles + 1, B, C)
        windows = tf.concat([blocks[:, :-1], blocks[: PRODUCTS - step, 1:]], axis=0)  # (8, tiles, B, C)
        inputs = turn(to_inputs, windows, channels)  # (8, tiles * B, C)
        weights = turn(to_kernel, tf.reshape(kernel, (taps, channels, filters)), filters)  # (8, C, F)
        products = turn(to_outputs, tf.matmul(inputs, weights), filters)  # (step, tiles * B, F)
        y = _from_blocks(tf.reshape(products, (step, tiles, batch, filters)))[:, :length]

        def gradient(upstream: Tensor) -> tuple[Tensor, Tensor]:
            outputs = turn(to_outputs, _to_blocks(upstream, step, tiles, 0), filters, transpose=True)
            kernel_gradient = turn(to_kernel, tf.matmul(inputs, outputs, transpose_a=True), filters, transpose=True)
            windows = turn(to_inputs, tf.matmul(outputs, weights, transpose_b=True), channels, transpose=True)
            windows = tf.reshape(windows, (PRODUCTS, tiles, batch, channels))
            own = tf.pad(windows[:step], ((0, 0), (0, 1), (0, 0), (0, 0)))
            next_block = tf.pad(windows[step:], ((0, 2 * step - PRODUCTS), (1, 0), (0, 0), (0, 0)))
            return _from_blocks(own + next_block)[:, before : before + length], kernel_gradient

        return y, gradient

    return run(x, tf.convert_to_tensor(kernel))


def _to_blocks(x: Tensor, step: int, blocks: Tensor, before: int) -> Tensor:
    """(B, L, C) -> (step, blocks, B, C), after `before` zeros and as many behind as fill the blocks."""
    shape = tf.shape(x)
    x = tf.pad(x, ((0, 0), (before, blocks * step - shape[1] - before), (0, 0)))
    return tf.transpose(tf.reshape(x, (shape[0], blocks, step, x.shape[2])), (2, 1, 0, 3))


def _from_blocks(blocks: Tensor) -> Tensor:
    """(step, blocks, B, C) -> (B, blocks * step, C)."""
    shape = tf.shape(blocks)
    return tf.reshape(tf.transpose(blocks, (2, 1, 0, 3)), (shape[2], -1, blocks.shape[3]))


@cache
def _transforms(taps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Matrices B' (8, 8), G (8, K), A' (9 - K, 8) such that correlate(d, g) == A' ((G g) * (B' d)).

    The product of two polynomials is known from its values at eight points; turned over, this gives correlation. The
    rows are scaled so that the largest entry of each row of B' is 1, which keeps rounding small.
    """

    def powers(count: int) -> np.ndarray:
        finite = np.vander(np.array(POINTS), count, increasing=True)
        return np.vstack([finite, np.eye(count)[-1]])  # at infinity the leading coefficient is the value

    to_inputs = np.linalg.inv(powers(PRODUCTS)).T
    scale = np.abs(to_inputs).max(axis=1, keepdims=True)
    return to_inputs / scale, powers(taps) * scale, powers(PRODUCTS - taps + 1).T
