"""Batches that TensorFlow's compiled step draws from a data set itself, as Keras' own loop of several steps does.

Were they fetched from Python, the batches of a call would all have to be there before it begins; drawn one by one, the
data set prepares the next while the step computes. Each is looked at before it is trained on, and kept uncopied.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, overload

from keras import tree

Tensor = Any
Batch = Any
Structure = Any  # of a batch: TensorFlow's type specifications
CompiledDraw = Callable[[Batch, Any], tuple[Any, Tensor, Any]]


class Drawn(Sequence[Batch]):
    """The batches of one call: the first, and those drawn after it, unpacked when somebody asks for one.

    `packed` (n,) holds a drawn batch in each scalar, and `structure` says how it looks.
    """

    def __init__(self, first: Batch, packed: Tensor, structure: Structure):
        self._first, self._packed, self._structure = first, packed, structure

    def __len__(self) -> int:
        return 1 + int(self._packed.shape[0])

    @overload
    def __getitem__(self, place: int) -> Batch: ...

    @overload
    def __getitem__(self, place: slice) -> list[Batch]: ...

    def __getitem__(self, place: int | slice) -> Any:
        return self._batches[place]

    @cached_property
    def _batches(self) -> list[Batch]:
        import tensorflow as tf

        kind = tf.OptionalSpec(self._structure)
        scalars = tf.unstack(self._packed)
        optionals = [tf.nest.pack_sequence_as(kind, [each], expand_composites=True) for each in scalars]
        return [self._first, *(each.get_value() for each in optionals)]


def can_draw(source: Any) -> bool:
    """Whether a source of batches is a data set's iterator over plain tensors."""
    import tensorflow as tf

    if not isinstance(source, tf.data.Iterator):
        return False
    return all(isinstance(each, tf.TensorSpec | tf.OptionalSpec) for each in tf.nest.flatten(source.element_spec))


def drawing(step: Callable[[Batch], Any], most: int, is_sound: Callable[[Batch], Tensor]) -> CompiledDraw:
    """A compiled function: train on a batch, then on at most `most` more from an iterator, up to one that is not sound.

    It gives the logs of the last step, the batches that it drew and trained on, packed as for `Drawn`, and, as an
    optional, the one that it drew and did not train on.
    """
    import tensorflow as tf

    @tf.function(autograph=False, reduce_retracing=True)
    def draw(first: Batch, source: Any) -> tuple[Any, Tensor, Any]:
        def can_train(drawn: Any) -> Tensor:
            return tf.cond(drawn.has_value(), lambda: is_sound(drawn.get_value()), lambda: tf.constant(False))

        def train(trained: Tensor, _: Tensor, drawn: Any, packed: Any, logs: list[Tensor]) -> tuple[Any, ...]:
            packed = packed.write(trained, tf.nest.flatten(drawn, expand_composites=True)[0])
            empty = tf.experimental.Optional.empty(source.element_spec)
            upcoming = tf.cond(trained + 1 < most, source.get_next_as_optional, lambda: empty)
            logs = tensors_of(step(drawn.get_value()))
            return trained + 1, can_train(upcoming), upcoming, packed, logs

        first_logs = step(first)
        drawn = source.get_next_as_optional()
        packed = tf.TensorArray(tf.variant, most, element_shape=())
        state = (tf.constant(0), can_train(drawn), drawn, packed, tensors_of(first_logs))
        trained, _, left, packed, logs = tf.while_loop(lambda _, sound, *__: sound, train, state)
        return as_logs(first_logs, logs), packed.gather(tf.range(trained)), left

    return draw


def tensors_of(logs: Any) -> list[Tensor]:
    """What a step logs, for a loop over steps: without None, and of shapes that may change with the batch's."""
    import tensorflow as tf

    tensors = [tf.convert_to_tensor(each) for each in tree.flatten(logs) if each is not None]
    return [tf.compat.v1.placeholder_with_default(each, [None] * len(each.shape)) for each in tensors]


def as_logs(like: Any, tensors: list[Tensor]) -> Any:
    """`tensors_of` undone, in the structure of `like`."""
    values = iter(tensors)
    return tree.map_structure(lambda each: None if each is None else next(values), like)
