"""Generated volumes: round nodes of 3 to 8 voxels among vessels, in noise; what can be found of them is known.

Vessels are tubes as bright as nodes: across them they look like nodes, along them they do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoo.datasets.checks import require_count, require_seed
from zoo.datasets.dataset import Dataset
from zoo.datasets.splits import SPLITS
from zoo.datasets.volumes.labelled import WINDOWS, Labelled, LabelledVolumes
from zoo.structures.matched_filter import matched_filter
from zoo.structures.structure import Structure
from zoo.volumes import Volume

SIDE = 48  # voxels
DIAMETERS = (3.0, 8.0)  # voxels
NOISE = 1.0  # deviation
CONTRAST = (0.9, 2.2)  # of nodes and vessels, in deviations of the noise
NODES = (0, 4)  # a volume
VESSELS = (2, 5)
PARTS = 10  # seeds of a data set: of its three splits, and of what is drawn for their labels
STEP = 0.5  # voxels along a vessel
RADII = (1.5, 2.0, 2.5, 3.0, 3.5, 4.0)  # of the filters that know the sizes


@dataclass(frozen=True)
class Phantom:
    """`volume` (D, H, W) float32, the nodes in it, and what vessels add to it; the rest is nodes and white noise."""

    volume: np.ndarray
    nodes: tuple[Structure, ...]
    vessels: np.ndarray


def phantoms(
    count: int,
    *,
    seed: int = 0,
    side: int | Sequence[int] = SIDE,
    nodes: tuple[int, int] = NODES,
    vessels: tuple[int, int] = VESSELS,
    contrast: tuple[float, float] = CONTRAST,
    noise: float = NOISE,
) -> list[Phantom]:
    """`count` volumes of `side` voxels along each axis; small nodes are as bright as large ones, and lie beside
    vessels, not in them.
    """
    shape = (side, side, side) if isinstance(side, int) else tuple(side)
    found = []
    for number in range(count):
        random = np.random.default_rng([seed, number])
        found.append(_phantom(random, shape, nodes, vessels, contrast, noise))
    return found


def _phantom(
    random: np.random.Generator,
    shape: tuple[int, ...],
    nodes: tuple[int, int],
    vessels: tuple[int, int],
    contrast: tuple[float, float],
    noise: float,
) -> Phantom:
    signal = np.zeros(shape, np.float32)
    for _ in range(random.integers(vessels[0], vessels[1] + 1)):
        _draw_vessel(signal, random, random.uniform(*contrast))
    tubes, placed = signal.copy(), list[Structure]()
    for _ in range(random.integers(nodes[0], nodes[1] + 1)):
        radius = random.uniform(*DIAMETERS) / 2.0
        for _ in range(50):
            centre = np.array([random.uniform(radius, side - 1 - radius) for side in shape])
            apart = all(np.linalg.norm(centre - each.centre) > radius + each.radius + 2.0 for each in placed)
            if apart and not _around(tubes, centre, radius + 1.0).any():
                x, y, z = centre.tolist()
                placed.append(Structure((x, y, z), radius))
                _draw_ball(signal, centre, radius, random.uniform(*contrast))
                break
    volume = signal + noise * random.standard_normal(shape, dtype=np.float32)
    return Phantom(volume, tuple(placed), tubes)


def _around(signal: np.ndarray, centre: np.ndarray, reach: float) -> np.ndarray:
    """The box of a volume that a ball stands in."""
    low = np.maximum(np.floor(centre - reach).astype(int), 0)
    high = np.ceil(centre + reach).astype(int) + 1
    return signal[tuple(slice(start, end) for start, end in zip(low, high, strict=True))]


def _draw_vessel(signal: np.ndarray, random: np.random.Generator, contrast: float) -> None:
    """A tube on a way that bends a little, from one border of the volume through it."""
    shape = np.array(signal.shape)
    place = random.uniform(0, shape - 1)
    axis = random.integers(3)
    place[axis] = 0.0
    heading = 0.4 * random.standard_normal(3)
    heading[axis] = 1.0
    radius = random.uniform(1.0, 2.5)
    for _ in range(int(4 * shape.max() / STEP)):
        heading = heading / np.linalg.norm(heading) + 0.05 * random.standard_normal(3)
        place = place + STEP * heading / np.linalg.norm(heading)
        if (place < -radius).any() or (place > shape - 1 + radius).any():
            return
        _draw_ball(signal, place, radius, contrast)


def _draw_ball(signal: np.ndarray, centre: np.ndarray, radius: float, contrast: float) -> None:
    """A ball with a border as soft as voxels are large; what is brighter already stays."""
    low = np.maximum(np.floor(centre - radius - 1).astype(int), 0)
    high = np.minimum(np.ceil(centre + radius + 2).astype(int), signal.shape)
    if (low >= high).any():
        return
    box = tuple(slice(start, end) for start, end in zip(low, high, strict=True))
    axes = [np.square(np.arange(part.start, part.stop) - at) for part, at in zip(box, centre, strict=True)]
    distance = np.sqrt(axes[0][:, None, None] + axes[1][None, :, None] + axes[2][None, None, :])
    signal[box] = np.maximum(signal[box], contrast * np.clip(radius + 0.5 - distance, 0.0, 1.0))


def phantom(
    *,
    seed: int = 0,
    volumes: int = 120,
    validation_volumes: int = 24,
    test_volumes: int = 40,
    side: int = SIDE,
    windows: int = WINDOWS,
    jitter: float = 0.0,
) -> Dataset:
    """`volumes` generated ones to train on, beside those that choose and those of the test; centres and radii of nodes.

    windows  around nodes that a training has, about; twice as many elsewhere.
    jitter  deviation in voxels of labelled training centres from the true ones, and in shares of a half of the radii:
            weak labels. Those that choose and those of the test are clean.

    What the best possible detector finds in such volumes tells `filtered`.
    """
    for name, value in (("volumes", volumes), ("validation_volumes", validation_volumes)):
        require_count(name, value, least=2)
    require_count("test_volumes", test_volumes, least=2)
    seed = require_seed(seed)
    parts = [
        phantoms(count, seed=PARTS * seed + number, side=side)
        for number, count in enumerate((volumes, validation_volumes, test_volumes))
    ]
    random = np.random.default_rng([seed, PARTS])
    train, validation, test = (
        [
            Labelled(f"{name} {place}", Volume(each.volume), _jittered(each.nodes, shift, random))
            for place, each in enumerate(part)
        ]
        for name, part, shift in zip(SPLITS, parts, (jitter, 0.0, 0.0), strict=True)
    )
    return LabelledVolumes(
        "phantom",
        train,
        validation,
        test,
        windows=windows,
        seed=seed,
        card={"source": "generated by zoo.datasets.volumes.phantom", "licence": "Apache-2.0", "seed": seed},
    ).dataset()


def _jittered(nodes: Sequence[Structure], deviation: float, random: np.random.Generator) -> tuple[Structure, ...]:
    """The nodes as a hasty person marks them."""
    if not deviation:
        return tuple(nodes)
    found = []
    for each in nodes:
        x, y, z = (np.array(each.centre) + deviation * random.standard_normal(3)).tolist()
        found.append(Structure((x, y, z), max(each.radius * (1.0 + 0.25 * random.standard_normal()), 1.0)))
    return tuple(found)


def filtered(part: Sequence[Phantom], *, vessels_known: bool) -> list[list[Structure]]:
    """What the matched filter of the true sizes finds in each volume; with the vessels taken out, or as it is."""
    arrays = (each.volume - each.vessels if vessels_known else each.volume for each in part)
    return [matched_filter(each, RADII, noise=NOISE) for each in arrays]
