"""Handwritten characters of five alphabets, each by 20 people: the same character or not, of alphabets never seen.

Lake et al. 2015, Human-level concept learning through probabilistic program induction; "background small 1".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.artifacts import fetch
from zoo.datasets.checks import require_seed
from zoo.datasets.image_pairs.build import COUNTS, draw_pairs, pairs_table, resized
from zoo.datasets.splits import SPLITS
from zoo.datasets.table import Table
from zoo.errors import ConfigError, require_known

ALPHABETS = ("Balinese", "Early_Aramaic", "Greek", "Korean", "Latin")
SIZE = 32
TRAINING_PAIRS = 13_000
TURNS = 4  # by 90 degrees
WAYS, TRIALS = 20, 400  # characters of a one-shot trial, and trials


@dataclass(frozen=True)
class Drawings:
    """Pictures (n, 105, 105) uint8, ink black on white, with alphabet, character and drawer (n,) of each."""

    pictures: np.ndarray
    alphabet: np.ndarray
    character: np.ndarray
    drawer: np.ndarray


def drawings() -> Drawings:
    """All 2,720."""
    with np.load(fetch("omniglot.small1")) as stored:
        ink = np.unpackbits(stored["packed"], axis=-1)[..., :105]
        names = stored["alphabets"][stored["alphabet"]].astype(str)
        return Drawings((1 - ink) * np.uint8(255), names, stored["character"].astype(int), stored["drawer"].astype(int))


def omniglot(
    *,
    test: str = "Latin",
    held_out: str = "Greek",
    turned: bool = True,
    size: int = SIZE,
    channels: int = 1,
    preprocessing: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Table:
    """Pairs of drawings of one alphabet: one to test on, one held out to validate, three to train on.

    turned  characters to train on, turned by 90, 180 and 270 degrees, are further ones (Santoro et al. 2016, 4.1).
    """
    for name in (test, held_out):
        require_known("alphabet", name, ALPHABETS)
    if test == held_out:
        raise ConfigError(f"An alphabet is either to test on or held out to validate; received '{test}' for both.")
    every = drawings()
    frames = {}
    for split, chosen in zip(SPLITS, (_others(test, held_out), (held_out,), (test,)), strict=True):
        inside = np.flatnonzero(np.isin(every.alphabet, chosen))
        pictures, turns = every.pictures[inside], np.zeros(len(inside), int)
        classes = [f"{every.alphabet[place]} {every.character[place]}" for place in inside]
        within = every.alphabet[inside].tolist()
        if split == "train" and turned:
            turns = np.repeat(np.arange(TURNS), len(inside))
            pictures = np.concatenate([np.rot90(pictures, turn, axes=(1, 2)) for turn in range(TURNS)])
            classes, within = classes * TURNS, within * TURNS
        codes = np.array([f"{each} {turn}" for each, turn in zip(classes, turns, strict=True)])
        groups = np.array([f"{each} {turn}" for each, turn in zip(within, turns, strict=True)])
        count = TRAINING_PAIRS if split == "train" else COUNTS[SPLITS.index(split)]
        pairs = draw_pairs(codes, count, seed=seed, within=groups)
        frames[split] = pairs.frame(resized(pictures, size, channels))
    return pairs_table(
        "omniglot",
        frames,
        size=size,
        channels=channels,
        preprocessing=preprocessing,
        card={
            "source": "Lake et al. 2015, Omniglot, background small 1 (github.com/brendenlake/omniglot)",
            "licence": "MIT",
            "split": f"by alphabet: {test} to test, {held_out} to validate",
            "seed": seed,
        },
    )


def _others(*left_out: str) -> tuple[str, ...]:
    return tuple(name for name in ALPHABETS if name not in left_out)


def one_shot_trials(
    alphabet: str, *, trials: int = TRIALS, ways: int = WAYS, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, Drawings]:
    """(supports (trials, ways), queries (trials, ways), all drawings): the query in place k is of the support in k.

    A trial is `ways` characters of one alphabet, one drawing each by one person, and one each by another person, to be
    told apart: 20-way one-shot classification as in Lake et al. 2015.
    """
    require_known("alphabet", alphabet, ALPHABETS)
    every = drawings()
    inside = np.flatnonzero(every.alphabet == alphabet)
    place = {(every.character[each], every.drawer[each]): each for each in inside.tolist()}
    characters, drawers = (np.unique(values[inside]) for values in (every.character, every.drawer))
    if len(characters) < ways:
        raise ConfigError(f"{alphabet} has {len(characters)} characters; {ways} of a trial are too many.")
    random = np.random.default_rng(require_seed(seed))
    supports, queries = np.empty((trials, ways), int), np.empty((trials, ways), int)
    for trial in range(trials):
        chosen = random.choice(characters, ways, replace=False)
        one, other = random.choice(drawers, 2, replace=False)
        supports[trial] = [place[each, one] for each in chosen]
        queries[trial] = [place[each, other] for each in chosen]
    return supports, queries, every
