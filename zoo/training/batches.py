"""The order of the data: a pure function of seed and epoch, so that a resumed run sees what it would have seen.

(After `keras.utils.set_random_seed`, Keras on TensorFlow repeats one shuffled order in every epoch.)
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from zoo.lazy_array import LazyArray
from zoo.samples import Samples
from zoo.stacked_batches import Batch
from zoo.training.augmentation.pictures.batch import PictureAugmentation
from zoo.training.augmentation.pictures.presets import Transforms
from zoo.training.augmentation.tokens import change_tokens
from zoo.training.resampling.sampling import Sampler

SHAPES = 20  # trimmed lengths that there are at the most: each is compiled for
LEAST_STEP = 4  # between two of them
POOL = 32  # batches that are sorted by length together


class Batches:
    """Batches of named arrays.

    trim_padding  cut the right padding (zeros) that all samples of a batch share from integer sequences (n, L), and
                  bring samples of similar length together. Only for models whose outputs do not depend on padding.
    shuffled_entities  groups of tokens that are exchanged in training, see `change_tokens`.
    augmentation  what is done to pictures in training, see `zoo.training.augmentation.pictures`.
    sampler       which rows an epoch reads; all of them once where there is none.
    steps         names of the targets that have a value at every step of the sequences, and are trimmed with them.
    """

    def __init__(
        self,
        samples: Samples,
        *,
        batch_size: int,
        seed: int = 0,
        trim_padding: bool = False,
        token_dropout: float = 0.0,
        shuffled_entities: Sequence[Sequence[int]] | None = None,
        augmentation: Transforms | Mapping[str, Transforms] = (),
        sampler: Sampler | None = None,
        steps: Sequence[str] = (),
    ):
        self.samples = samples
        self.sampler = sampler
        self.size = len(samples) if sampler is None else len(sampler.rows(0))
        self.batch_size = batch_size
        self.seed = seed
        self.token_dropout = token_dropout
        self.shuffled_entities = shuffled_entities or ()
        self.lazy: dict[str, Any] = {
            name: values for name, values in samples.inputs.items() if isinstance(values, LazyArray)
        }
        self.pictures = PictureAugmentation(samples, augmentation, seed)
        self.step_targets = tuple(steps)
        self.sequences = tuple(
            name
            for name, values in samples.inputs.items()
            if trim_padding and values.ndim == 2 and np.issubdtype(values.dtype, np.integer)
        )
        self.lengths = {name: _lengths(samples.inputs[name]) for name in self.sequences}
        self.steps = {name: max(LEAST_STEP, -(-samples.inputs[name].shape[1] // SHAPES)) for name in self.sequences}

    def __len__(self) -> int:
        return -(-self.size // self.batch_size)

    def order(self, epoch: int | None) -> list[np.ndarray]:
        """Row numbers (see `Sampler.rows`) of every batch of an epoch; without an epoch, all rows, sorted by length."""
        rows = np.arange(len(self.samples))
        longest = sum(self.lengths.values(), start=np.zeros(len(rows), dtype=np.int64))
        if epoch is None:
            return self._cut(rows[np.argsort(longest, kind="stable")])
        random = np.random.default_rng([self.seed, epoch])
        rows = random.permutation(rows if self.sampler is None else self.sampler.rows(epoch))
        if not self.sequences:
            return self._cut(rows)
        pool = POOL * self.batch_size
        pools = [rows[start : start + pool] for start in range(0, len(rows), pool)]
        batches = self._cut(
            np.concatenate([each[np.argsort(longest[each % len(longest)], kind="stable")] for each in pools])
        )
        return [batches[position] for position in random.permutation(len(batches))]

    def inputs(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """The inputs of these rows, trimmed."""
        return self._read(rows, finished=True)

    def _read(self, rows: np.ndarray, *, finished: bool) -> dict[str, np.ndarray]:
        """The inputs of these rows; of lazy ones what was decoded, before they are `finished`."""
        rows = rows % len(self.samples)
        arrays = {}
        for name, values in self.samples.inputs.items():
            raw = name in self.lazy and not finished
            arrays[name] = self.lazy[name].decoded(rows, lenient=True) if raw else values[rows]
            if name in self.sequences:
                arrays[name] = arrays[name][:, : self._trimmed(name, rows)]
        return arrays

    @property
    def varied(self) -> bool:
        """Whether training reads its inputs otherwise than predictions do."""
        return bool(self.token_dropout or self.shuffled_entities or self.pictures or self.lazy)

    def training_batch(self, rows: np.ndarray, epoch: int, step: int) -> Batch:
        """Inputs and targets of batch `step` (from 0) of an epoch, and weights where there are some, as training takes
        them: where samples are mixed, targets and weights are those of both (`Mix.labels`).
        """
        arrays = self._read(rows, finished=False)
        inputs, targets, weights = self._varied(arrays, rows, epoch, step), self.targets(rows), self.weights(rows)
        mix = self.pictures.mix(arrays, rows % len(self.samples), epoch, step)
        if mix is not None:
            targets, weights = mix.labels(targets), weights and mix.partners(weights)
        return (inputs, targets) if weights is None else (inputs, targets, weights)

    def training_inputs(self, rows: np.ndarray, epoch: int, step: int) -> dict[str, np.ndarray]:
        """The inputs of these rows as batch `step` (from 0) of an epoch has them."""
        return self._varied(self._read(rows, finished=False), rows, epoch, step)

    def _varied(self, arrays: dict[str, np.ndarray], rows: np.ndarray, epoch: int, step: int) -> dict[str, np.ndarray]:
        """Pictures augmented, some names exchanged, and `token_dropout` of the tokens read as unknown; all finished."""
        if self.pictures:
            arrays = self.pictures.inputs(arrays, rows % len(self.samples), epoch, step)
        arrays = {name: self.lazy[name].finished(each) if name in self.lazy else each for name, each in arrays.items()}
        if self.token_dropout or self.shuffled_entities:
            random = np.random.default_rng([self.seed, epoch, step + 1])
            arrays = change_tokens(arrays, self.token_dropout, self.shuffled_entities, random)
        return arrays

    def targets(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """The targets of these rows, missing where the sampler hides them; of all steps, trimmed as the inputs are."""
        if self.sampler is not None:
            found = self.sampler.targets(rows, self.samples.targets)
        else:
            found = {name: values[rows] for name, values in self.samples.targets.items()}
        if self.sequences and self.step_targets:
            longest = max(self._trimmed(name, rows % len(self.samples)) for name in self.sequences)
            found |= {name: found[name][:, :longest] for name in self.step_targets}
        return found

    def weights(self, rows: np.ndarray) -> dict[str, np.ndarray] | None:
        """The samples' weights of these rows, of the outputs that have some; None where none has."""
        given = self.samples.sample_weight
        return {name: values[rows % len(self.samples)] for name, values in given.items()} if given else None

    def _trimmed(self, name: str, rows: np.ndarray) -> int:
        """To how many steps a sequence is cut in a batch of these rows."""
        step, longest = self.steps[name], int(self.lengths[name][rows].max())
        return min(max(-(-longest // step) * step, 1), self.samples.inputs[name].shape[1])

    def all_inputs(self) -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
        """Row numbers and inputs of every batch, once."""
        for rows in self.order(None):
            yield rows, self.inputs(rows)

    def _cut(self, rows: np.ndarray) -> list[np.ndarray]:
        return [rows[start : start + self.batch_size] for start in range(0, len(rows), self.batch_size)]


def _lengths(tokens: np.ndarray) -> np.ndarray:
    """(n, L) right-padded with 0 -> (n,) number of steps up to the last one that is not padding."""
    used = tokens != 0
    return np.where(used.any(axis=1), tokens.shape[1] - np.argmax(used[:, ::-1], axis=1), 0)
