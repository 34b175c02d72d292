"""A sample of the GTZAN genre collection as pictures of spectrograms; excerpts that were found twice stay together.

A picture is dark where it is loud, low frequencies at the bottom; its scale is not written on it, and was taken to be
80 dB from black to white. Tzanetakis and Cook 2002; on its faults Sturm 2013, The GTZAN dataset.
"""

import numpy as np
import pandas as pd

from zoo.artifacts import fetch
from zoo.datasets.checks import require_seed
from zoo.datasets.pictures.splitting import parts_of, split_pictures
from zoo.datasets.sounds.build import FrontEndOptions, sound_columns
from zoo.datasets.table import Table
from zoo.samples import Target
from zoo.sounds.mel import FrontEnd

ARTIFACT = "gtzan.spectrograms"
GENRE = "genre"
DECIBELS = 80.0  # from black to white
LOUDEST = 42.0  # decibels of black: the loudest place of a track at the tagger's front end
ALIKE = 0.3  # correlation of what changes from frame to frame; of other pairs it is below .25
FRONT_END = {"hop": 3_565}  # 99 frames, as many as the pictures have columns


def genres(*, seed: int = 0, front_end: FrontEndOptions = None, seconds: float | None = None) -> Table:
    """600 spectrograms of ten genres, shared out 70:10:20, alike in genres; target "genre".

    They are stretched to the bands and frames of the front end.
    """
    options = {**FRONT_END, **(front_end or {}), **({} if seconds is None else {"seconds": seconds})}
    front = FrontEnd(**{name: value for name, value in options.items() if name not in ("mean", "std")})
    pictures, labels, names, labels_of = read_pictures()
    found = pd.DataFrame(
        {
            "sound": pd.Series(list(decibels_of(pictures, front)), dtype=object),
            GENRE: np.array(labels_of)[labels],
            "name": names,
        }
    )
    split = split_pictures(found[GENRE].to_numpy(), repeated(pictures), seed=require_seed(seed))
    return Table(
        "genres",
        *parts_of(found, split),
        targets={GENRE: Target("classification", tuple(labels_of))},
        columns=sound_columns(options, ignore=["name"]),
        unit="sounds",
        card={
            "source": "Tzanetakis and Cook 2002, GTZAN genre collection, a sample of spectrogram pictures",
            "licence": "research",
            "split": "70:10:20, repeated excerpts together",
            "seed": seed,
        },
    )


def read_pictures() -> tuple[np.ndarray, np.ndarray, list[str], list[str]]:
    """(n, 98, 99) bytes, (n,) numbers of genres, the names of the n excerpts and those of the genres."""
    with np.load(fetch(ARTIFACT), allow_pickle=False) as file:
        names = [str(name).removesuffix(".png") for name in file["names"]]
        return file["x"], file["y"].astype(int), names, [str(name) for name in file["classes"]]


def decibels_of(pictures: np.ndarray, front: FrontEnd) -> np.ndarray:
    """(n, height, width) bytes -> (n, bands, frames) decibels in half precision, low frequencies first."""
    loud = LOUDEST - DECIBELS / 255.0 * pictures[:, ::-1].astype(np.float32)
    return stretched(stretched(loud, front.bands, 1), front.frames, 2).astype(np.float16)


def stretched(values: np.ndarray, size: int, axis: int) -> np.ndarray:
    """The array with `size` places along an axis, linear between the old ones."""
    places = np.linspace(0, values.shape[axis] - 1, size)
    low = np.floor(places).astype(int)
    high = np.minimum(low + 1, values.shape[axis] - 1)
    share = (places - low).astype(values.dtype).reshape([-1 if each == axis else 1 for each in range(values.ndim)])
    return np.take(values, low, axis) * (1 - share) + np.take(values, high, axis) * share


def repeated(pictures: np.ndarray) -> np.ndarray:
    """(n,) numbers, the same for excerpts of one recording: what changes in them from frame to frame correlates."""
    changes = np.diff(pictures.astype(np.float32), axis=2).reshape(len(pictures), -1)
    changes /= np.linalg.norm(changes, axis=1, keepdims=True)
    groups = np.arange(len(pictures))
    for one, other in np.argwhere(np.triu(changes @ changes.T, 1) >= ALIKE):
        groups[groups == groups[other]] = groups[one]
    return groups
