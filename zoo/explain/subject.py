"""A model, one sample as its inputs, and the number of its outputs that is explained: what every method works on."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np

from zoo.explain.target import Target, before_squashing
from zoo.samples import mean_of_pieces
from zoo.tracing.gradients import GradientFunction, Gradients, Place

Slots = tuple[tuple[str, int | None], ...]  # (input, place in it) of a column; None: the whole input
BATCH = 32  # changed samples that a model is asked about at once
MOST_ROWS, MOST_VALUES = 1024, 1 << 18  # of small samples: more at once
PRESENT = "_present"  # the input beside that of an optional picture ends so
TABLE_NAME = "table"
PICTURE, TEXT, TABLE, ARRAY, SENSES = "picture", "text", "table", "array", "senses"


@dataclass(frozen=True)
class Subject:
    """One sample and what is asked of it.

    inputs    of the model, (1, ...); of a long text that is read in pieces (pieces, ...), whose mean counts.
    sense     "picture", "text", "table", "array" or "senses": how the explained input is read.
    name      the explained input, or the column that it encodes.
    input     of the model; "" for a table and for senses, which may be several.
    target    what is explained.
    shown     for people: pixels (H, W, C) uint8 of a picture; a text; column -> value of a table.
    columns   of a table: name -> where it stands in the inputs; of senses: the inputs of each.
    typical   of a table: inputs (1, ...) of a row that says nothing (medians, no category).
    encode    of a text: texts -> inputs (n, ...), and the text that each is a piece of; None where the model's own
              words have padding between them.
    said      the score of the sample, where it is known already.
    original  numbers as the model gives them -> the target's own units.
    """

    model: keras.Model
    inputs: Mapping[str, np.ndarray]
    sense: str
    name: str
    input: str
    target: Target
    shown: Any = None
    columns: Mapping[str, Slots] = field(default_factory=dict)
    typical: Mapping[str, np.ndarray] = field(default_factory=dict)
    encode: Callable[[Sequence[str]], tuple[Mapping[str, np.ndarray], np.ndarray]] | None = None
    words: Sequence[str] = ()
    original: Callable[[np.ndarray], np.ndarray] = lambda values: values
    said: float | None = None
    functions: dict[Any, GradientFunction] = field(default_factory=dict, repr=False, compare=False)

    @property
    def value(self) -> np.ndarray:
        """The explained input, (1, ...)."""
        return self.inputs[self.input]

    def scores(self, inputs: Mapping[str, np.ndarray], owner: np.ndarray | None = None) -> np.ndarray:
        """(n,) probabilities of the label, or numbers in the target's own units, of n samples (n, ...); with `owner`
        the mean over the pieces of each."""
        function = self._function(None, ())
        first = next(iter(inputs.values()))
        size = int(max(BATCH, min(MOST_ROWS, MOST_VALUES // max(sum(each[0].size for each in inputs.values()), 1))))
        found = []
        for start in range(0, len(first), size):
            part = {name: values[start : start + size] for name, values in inputs.items()}
            count = len(next(iter(part.values())))
            if keras.backend.backend() == "jax":  # which compiles every size
                part = {name: _filled_up(values, size) for name, values in part.items()}
            found.append(self.target.of(function(part).outputs)[:count])
        values = np.concatenate(found).astype(np.float64)
        return self.original(values if owner is None else mean_of_pieces(values, owner))

    def scores_of(self, values: np.ndarray) -> np.ndarray:
        """(n,) scores where the explained input is `values` (n, ...), all else as in the sample."""
        others = {name: np.repeat(each[:1], len(values), axis=0) for name, each in self.inputs.items()}
        return self.scores({**others, self.input: values})

    @property
    def score(self) -> float:
        """What the model says of the sample itself."""
        if self.said is not None:
            return self.said
        return float(self.scores(self.inputs, np.zeros(len(next(iter(self.inputs.values()))), int))[0])

    def gradients(
        self,
        by: Sequence[str | Place],
        inputs: Mapping[str, np.ndarray] | None = None,
        replaced: Mapping[Place, np.ndarray] | None = None,
    ) -> Gradients:
        """Of the target, before its softmax or sigmoid, by inputs or places; of the sample unless others are given."""
        with self.logits() as target:
            function = self._function(target, by)
            return function(self.inputs if inputs is None else inputs, replaced=replaced)

    @contextmanager
    def logits(self) -> Any:
        """While this lasts the outputs are those before a softmax or sigmoid; the target that asks for them."""
        if self.target.place is None:  # the number itself
            yield self.target
            return
        with before_squashing(self.model, self.target.output) as there:
            yield replace(self.target, logit=there)

    @contextmanager
    def compiled(self, by: Sequence[str | Place]) -> Any:
        """A function of inputs as `gradients`, for many batches of one size."""
        with self.logits() as target:
            yield self._function(target, by)

    def _function(self, target: Target | None, by: Sequence[str | Place]) -> GradientFunction:
        """Made once: JAX compiles it at its first call."""
        key = (target, tuple(by))
        if key not in self.functions:
            self.functions[key] = GradientFunction(self.model, None if target is None else target.score, by)
        return self.functions[key]


def _filled_up(values: np.ndarray, size: int) -> np.ndarray:
    """With copies of the last sample, up to the next power of two, or to `size` where that is less."""
    wanted = max(len(values), min(size, 1 << (len(values) - 1).bit_length()))
    return np.concatenate([values, np.repeat(values[-1:], wanted - len(values), axis=0)])


def without_senses(inputs: Mapping[str, np.ndarray], missing: float = 0.0) -> dict[str, np.ndarray]:
    """The sample without any sense: `missing` for numbers, no token, a picture of its mean colour."""
    found = {}
    for name, values in inputs.items():
        if name.endswith(PRESENT) or np.issubdtype(values.dtype, np.integer):
            found[name] = np.zeros_like(values)
        elif values.ndim > 2:
            axes = tuple(range(1, values.ndim - 1))
            found[name] = np.broadcast_to(values.mean(axis=axes, keepdims=True), values.shape).astype(values.dtype)
        else:
            found[name] = np.full_like(values, missing)
    return found
