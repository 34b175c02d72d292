"""Which rows an epoch reads: repeated, left out, or chosen because they are hard, each output by itself.

Invariant: the rows of an epoch are a pure function of the seed, the epoch and, for hard negatives, the losses that were
stored when it began; these are part of a checkpoint, so that a resumed run reads what it would have read.

A row that one output repeats or leaves out stays a single row for the others: its number then says whose labels are
hidden. Row numbers of an epoch are `row + n * hidden`, n the size of the split and `hidden` one bit for each output.
"""

from collections.abc import Mapping

import keras
import numpy as np

from zoo.errors import ConfigError
from zoo.samples import MISSING_CLASS, Samples, present
from zoo.training.heads import Head
from zoo.training.resampling.imbalance import LEARNT, SAMPLING, Imbalance


class Sampler:
    """Rows of an epoch, for the outputs whose method is one of `SAMPLING`."""

    def __init__(self, heads: Mapping[str, Head], samples: Samples, seed: int):
        self.size, self.seed = len(samples), seed
        self.outputs = tuple(heads)
        self.plans = {name: head.plan for name, head in heads.items() if head.plan.method in SAMPLING}
        self.labels = {name: labels_of(heads[name], samples.targets[name]) for name in self.plans}
        self.losses = {
            name: keras.Variable(np.zeros(self.size, np.float32), trainable=False, name=f"losses_{name}")
            for name, plan in self.plans.items()
            if plan.method == "hard_negatives"
        }

    @property
    def variables(self) -> list[keras.Variable]:
        """What a checkpoint must hold."""
        return list(self.losses.values())

    def rows(self, epoch: int) -> np.ndarray:
        """(m,) row numbers, labels hidden where an output has had its copies.

        m is the same in every epoch, unless several outputs choose: which rows they share varies.
        """
        copies = np.ones((len(self.outputs), self.size), dtype=np.int64)
        for place, name in enumerate(self.outputs):
            if name in self.plans:
                # Four numbers: the shuffling of an epoch uses two, its dropped tokens three.
                random = np.random.default_rng([self.seed, epoch, 0, place + 1])
                copies[place] = self._copies(name, random, epoch)
        most = copies.max(axis=0)
        row = np.repeat(np.arange(self.size), most)
        copy = np.arange(len(row)) - np.repeat(np.cumsum(most) - most, most)
        hidden = copy >= copies[:, row]  # (outputs, m)
        return row + self.size * (hidden.T @ (1 << np.arange(len(self.outputs), dtype=np.int64)))

    def targets(self, rows: np.ndarray, targets: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The targets of these rows, hidden labels missing."""
        row, hidden = rows % self.size, rows // self.size
        found = {name: values[row] for name, values in targets.items()}
        for place, name in enumerate(self.outputs):
            values = found[name]
            missing = np.nan if np.issubdtype(values.dtype, np.floating) else MISSING_CLASS
            hides = (hidden >> place & 1).reshape(*hidden.shape, *[1] * (values.ndim - hidden.ndim))
            found[name] = np.where(hides, np.array(missing, values.dtype), values)
        return found

    def _copies(self, name: str, random: np.random.Generator, epoch: int) -> np.ndarray:
        """(n,) how often each row is read for this output; rows without its label once, for the others."""
        labels, plan = self.labels[name], self.plans[name]
        mined = name in self.losses and epoch > 0
        losses = np.asarray(keras.ops.convert_to_numpy(self.losses[name])) if mined else np.zeros(self.size)
        copies = np.ones(self.size, dtype=np.int64)
        for label, goal in goals(labels, plan).items():
            rows = np.flatnonzero(labels == label)
            whole, rest = divmod(goal, len(rows))
            copies[rows] = whole
            hardest = round(plan.hard_share * rest) if mined and not whole else 0
            if hardest:
                rows = rows[np.argsort(-losses[rows], kind="stable")]
                copies[rows[:hardest]] += 1
            copies[random.permutation(rows[hardest:])[: rest - hardest]] += 1
        return copies


def labels_of(head: Head, values: np.ndarray) -> np.ndarray:
    """(n,) the label of each row; of heat maps, whether a row has a centre."""
    if head.target.kind != "heat_map":
        return values
    places = tuple(range(1, values.ndim))
    return np.where(present(values).any(axis=places), (values >= 1.0).any(axis=places), MISSING_CLASS).astype(np.int32)


def goals(labels: np.ndarray, plan: Imbalance) -> dict[int, int]:
    """Label -> how many rows of it an epoch reads. Over-sampling fills up to the largest, the others cut down."""
    found, counts = np.unique(labels[present(labels)], return_counts=True)
    if plan.method in ("under_sampling", "hard_negatives"):
        most = max(int(counts.min() / plan.ratio), 1)
        sizes = np.minimum(counts, most)
    else:
        sizes = np.maximum(counts, int(np.ceil(counts.max() * plan.ratio)))
    return {int(label): int(size) for label, size in zip(found, sizes, strict=True)}


def require_two_labels(heads: Mapping[str, Head], train: Samples, validation: Samples) -> None:
    """Raise unless there is something to balance, and something to learn a calibration from."""
    for name, head in heads.items():
        if head.imbalance is None and head.loss != "expected_cost":
            continue
        for split, samples, needed in (
            ("training", train, head.plan.method != "none"),
            ("validation", validation, head.plan.calibration in LEARNT),
        ):
            values = labels_of(head, samples.targets[name])
            seen = np.unique(values[present(values)])
            if needed and len(seen) < 2:
                names = head.target.labels or ("no centre", "a centre")
                only = f"only '{names[seen[0]]}'" if len(seen) else "no label"
                raise ConfigError(
                    f"Output '{name}' has {only} in the {len(values)} rows of the {split} split; "
                    f"'{head.plan.method}' with calibration '{head.plan.calibration}' needs two labels there."
                )


def sampler_for(heads: Mapping[str, Head], samples: Samples, seed: int) -> Sampler | None:
    """The sampler of these heads, or None where every row is read once."""
    return Sampler(heads, samples, seed) if any(head.plan.method in SAMPLING for head in heads.values()) else None
