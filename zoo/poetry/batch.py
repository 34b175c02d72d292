"""Poems that are being written together: what each has so far, to be taken apart and put together again by rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np


@dataclass
class Batch:
    """B poems, all at the same line, of so many lines of `longest` characters at the most.

    number   (B,) which poem it is.
    asked    (B, lines, longest) ids that must stand there, or `NOWHERE`.
    open     (B, H) hypotheses of rhyme and tones that are still open.
    grid     (B, lines, longest) ids written so far, else `NOWHERE`.
    written  (B, W) the same as one row, with line ends where the language has them.
    length   (B,) how much of `written` is written.
    memory   name -> (B, ...) of the language model.
    """

    number: np.ndarray
    asked: np.ndarray
    open: np.ndarray
    grid: np.ndarray
    written: np.ndarray
    length: np.ndarray
    memory: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.number)

    def take(self, rows: np.ndarray) -> "Batch":
        """A copy of these rows."""
        arrays = {name: getattr(self, name)[rows] for name in _ARRAYS}
        return Batch(**arrays, memory={name: values[rows] for name, values in self.memory.items()})

    def remember(self, rows: np.ndarray, memory: Mapping[str, np.ndarray]) -> None:
        """Put the memory of these rows in the place of what they had; all rows where there was none yet."""
        if len(rows) == len(self) or not self.memory:
            self.memory = memory
            return
        changed = {name: values.copy() for name, values in self.memory.items()}
        for name, values in changed.items():
            values[rows] = memory[name]
        self.memory = changed

    @staticmethod
    def joined(parts: Sequence["Batch"]) -> "Batch":
        """The rows of all parts, one after another."""
        arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS}
        memory = {name: np.concatenate([part.memory[name] for part in parts]) for name in parts[0].memory}
        return Batch(**arrays, memory=memory)


_ARRAYS = tuple(field.name for field in fields(Batch) if field.name != "memory")
