"""What is known of every picture of a data set before training: whether it can be read, its size, brightness, a hash.

One pass decodes each file, small; what cannot be read is known by then, and not after an hour of training.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zoo.errors import DataError

LOOKS = "looks"  # column of the facts of a data set's pictures, which no model reads
THREADS = min(8, os.cpu_count() or 1)
SIDE = 32  # pixels of the thumbnail by which pictures are compared
HASH = (8, 9)  # rows and columns of the smaller one whose neighbours' differences are the hash
NEAR_BITS = 3  # of the 64 of the hash may differ
NEAR_VALUES = 3.0  # mean difference of the thumbnails' pixels, of 255
LARGEST_DIFFERENCE = 16.0  # of one pixel: compression and resizing make less, a scratch before a still camera more
TINTS = 4  # parts a side of which the tint is known
NEAR_TINT = 20.0  # difference of two tints, of 255: what compression leaves alone
ALIKE = 64  # pictures with one part of a hash in common, beyond which it says nothing: blank pages, drawings
PROGRESS_FROM = 500  # files from which a bar is shown


@dataclass(frozen=True)
class Facts:
    """Of one picture: its own size, of which it may have been decoded at a part. `difference_hash` (Krawetz 2013) is
    the same for copies in other sizes and formats."""

    width: int
    height: int
    difference_hash: int
    thumbnail: np.ndarray
    note: str = ""  # what the user should know of how it was read
    tint: np.ndarray = field(default_factory=lambda: np.zeros((TINTS, TINTS, 3)))  # colours less the grey value

    @property
    def brightness(self) -> float:
        return float(self.thumbnail.mean())


def facts_of(paths: Sequence[Any]) -> list[Facts | DataError]:
    """The facts of each file, in order; where it cannot be read, the error that says why."""
    with _bar(len(paths)) as advance, ThreadPoolExecutor(THREADS) as pool:
        found = []
        for each in pool.map(_facts, paths):
            found.append(each)
            advance()
    return found


def _facts(path: Any) -> Facts | DataError:
    from zoo.pictures.photos import read_photo

    try:
        photo = read_photo(path, least=2 * SIDE)
    except DataError as error:
        return error
    grey = photo.image.convert("L")
    rows, columns = HASH
    small = np.asarray(grey.resize((columns, rows)), dtype=np.int16)
    bits = (small[:, 1:] > small[:, :-1]).ravel()
    thumbnail = np.asarray(grey.resize((SIDE, SIDE)))
    colours = np.asarray(photo.image.convert("RGB").resize((TINTS, TINTS)), dtype=np.int16)
    tint = colours - np.asarray(grey.resize((TINTS, TINTS)), dtype=np.int16)[:, :, None]
    return Facts(*photo.size, int.from_bytes(np.packbits(bits).tobytes(), "big"), thumbnail, photo.note, tint)


def clusters_of(facts: Sequence[Facts]) -> np.ndarray:
    """(n,) numbers: the same for pictures that are copies of each other, exact ones or in another size or format.

    Hashes of which at most `NEAR_BITS` bits differ agree in one of their four parts of 16 bits; only such pictures are
    compared, by their thumbnails.
    """
    parents = np.arange(len(facts))

    def root(place: int) -> int:
        while parents[place] != place:
            parents[place] = parents[parents[place]]
            place = int(parents[place])
        return place

    hashes = np.array([each.difference_hash for each in facts], dtype=np.uint64)
    for part in range(NEAR_BITS + 1):
        keys = (hashes >> np.uint64(16 * part)) & np.uint64(0xFFFF)
        order = np.argsort(keys, kind="stable")
        edges = np.flatnonzero(np.diff(keys[order])) + 1
        for group in np.split(order, edges):
            for one, other in _pairs(group, facts):
                parents[root(other)] = root(one)
    return np.array([root(place) for place in range(len(facts))])


def _pairs(group: np.ndarray, facts: Sequence[Facts]) -> Iterator[tuple[int, int]]:
    """The pairs of a group that show the same."""
    if len(group) < 2:
        return
    members = group.tolist()
    if len(members) > ALIKE:  # too many to compare each with each: with the next ones in the order of their brightness
        members.sort(key=lambda place: (facts[place].brightness, place))
    for number, one in enumerate(members):
        for other in members[number + 1 : number + 1 + ALIKE]:
            if same_picture(facts[one], facts[other]):
                yield one, other


def same_picture(one: Facts, other: Facts) -> bool:
    """Whether two pictures show the same, in the same colours or one of them in grey."""
    if (one.difference_hash ^ other.difference_hash).bit_count() > NEAR_BITS:
        return False
    difference = np.abs(one.thumbnail.astype(np.int16) - other.thumbnail)
    if difference.mean() > NEAR_VALUES or difference.max() > LARGEST_DIFFERENCE:
        return False
    grey = not (one.tint.any() and other.tint.any())
    return grey or bool(np.abs(one.tint - other.tint).max() <= NEAR_TINT)


@contextmanager
def _bar(count: int) -> Iterator[Callable[[], None]]:
    """A bar on the terminal, and silence everywhere else."""
    if count < PROGRESS_FROM or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading pictures", total=count)
        yield lambda: bar.advance(task)
