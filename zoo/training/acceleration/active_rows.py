"""Which rows of a long table Adam moves: those that ever had a gradient. TensorFlow's only.

A table has room for all words of a vocabulary, of which the data may hold few. The moments of the others are 0, and
Adam, whose step is their quotient, leaves such rows as they are: to pass over them changes nothing.
"""

from typing import Any

import tensorflow as tf

from zoo.training.acceleration.available import is_known_right

LONG = 2048  # rows from which on a table is watched
FEW = 4  # rows are passed over where fewer than one in so many moves
SETTLED = 200  # steps before which nothing is passed over: by then most of the data's words have come

Tensor = Any


class ActiveRows:
    """The rows of one table that have had a gradient other than 0.

    They are known from the moments, read once, and from every gradient since; so a run that goes on from a checkpoint
    knows all that can still move. To write back moments older than those of now leaves too many, never too few.
    """

    def __init__(self, *moments: tf.Variable) -> None:
        self._moments = moments
        self._moving = tf.Variable(tf.zeros(moments[0].shape[0], tf.bool), trainable=False)
        self._known = tf.Variable(False, trainable=False)

    def update(self, gradient: tf.IndexedSlices) -> Tensor:
        """(V,) bool: the rows that move now."""

        def look() -> None:
            moved = [tf.reduce_any(tf.not_equal(each, 0.0), axis=1) for each in self._moments]
            self._moving.assign(tf.reduce_any(tf.stack(moved), axis=0))
            self._known.assign(True)

        tf.cond(self._known, lambda: None, look)
        rows = tf.boolean_mask(gradient.indices, tf.reduce_any(tf.not_equal(gradient.values, 0.0), axis=1))
        self._moving.scatter_update(tf.IndexedSlices(tf.ones_like(rows, tf.bool), rows))
        return self._moving.read_value()

    def forget(self) -> None:
        """The moments were written anew."""
        self._known.assign(False)


def is_long(shape: Any) -> bool:
    """Whether a table of this shape is watched. On a graphics processor, where steps are compiled whole, none is."""
    return len(shape) == 2 and shape[0] >= LONG and is_known_right()


def is_of_long_table(gradient: Any) -> bool:
    """Whether it is of some rows of such a table."""
    if not isinstance(gradient, tf.IndexedSlices) or gradient.dense_shape is None:
        return False
    shape = tf.get_static_value(gradient.dense_shape)
    return shape is not None and is_long(tuple(shape))


def merge_rows(gradient: tf.IndexedSlices) -> tf.IndexedSlices:
    """The same gradient with every row once."""
    rows, places = tf.unique(gradient.indices)
    values = tf.cond(
        tf.size(rows) == tf.size(gradient.indices),
        lambda: gradient.values,  # tf.unique keeps the order
        lambda: tf.math.unsorted_segment_sum(gradient.values, places, tf.size(rows)),
    )
    return tf.IndexedSlices(values, rows, gradient.dense_shape)


def are_few(moving: Tensor, steps: Tensor) -> Tensor:
    """(V,) bool, and how many steps were done -> whether rows are passed over."""
    share = FEW * tf.reduce_sum(tf.cast(moving, tf.int32))
    return tf.logical_and(share < tf.size(moving), steps >= SETTLED)
