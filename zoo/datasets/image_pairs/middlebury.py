"""Two cameras: crops of both pictures of a scene show the same place or not, of scenes never seen.

Scharstein and Szeliski 2003; Scharstein and Pal 2007; Hirschmüller and Scharstein 2007.
"""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from zoo.artifacts import fetch, read_members
from zoo.datasets.checks import require_count, require_seed
from zoo.datasets.image_pairs.build import LABELS, SAME, SIDES, pairs_table
from zoo.datasets.splits import SPLITS
from zoo.datasets.table import Table
from zoo.errors import ConfigError, require_known

# scene -> pictures of the left and the right camera, disparities of the left one, what they are multiplied by in it
SCENES = {
    "Art": ("view1", "view5", "disp1", 3.0),
    "Books": ("view1", "view5", "disp1", 3.0),
    "Cones": ("im2", "im6", "disp2", 4.0),
    "Dolls": ("view1", "view5", "disp1", 3.0),
    "Laundry": ("view1", "view5", "disp1", 3.0),
}
KNOWN = 0.9  # share of a crop's pixels whose disparity must be known
SHARES = {"train": 1.0, "validation": 0.5, "test": 0.5}


def middlebury(
    *,
    test: str = "Dolls",
    held_out: str = "Books",
    crop: int = 48,
    count: int = 500,
    size: int = 32,
    preprocessing: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Table:
    """Pairs of crops, the left camera's and the right one's, of one scene each: one scene to test on, one held out to
    validate, three to train on; `count` places of each, and as many pairs of two places that do not overlap.

    crop  pixels of a side, less than half of what the pictures have, which are about 450 wide and 370 high: two crops
          that do not overlap must have room. Raises `ConfigError` for more.
    """
    for name in (test, held_out):
        require_known("scene", name, SCENES)
    if test == held_out:
        raise ConfigError(f"A scene is either to test on or held out to validate; received '{test}' for both.")
    require_count("crop", crop, least=8)
    require_count("count", count, least=2)
    files = dict(read_members(fetch("middlebury.sample")))
    random = np.random.default_rng(require_seed(seed))
    frames: dict[str, list[pd.DataFrame]] = {split: [] for split in SPLITS}
    for scene in SCENES:
        split = "test" if scene == test else "validation" if scene == held_out else "train"
        frames[split].append(_pairs(files, scene, crop, round(count * SHARES[split]), random))
    return pairs_table(
        "middlebury",
        {split: pd.concat(found, ignore_index=True) for split, found in frames.items()},
        size=size,
        channels=3,
        preprocessing=preprocessing,
        card={
            "source": "Middlebury stereo 2003, 2005 and 2006, vision.middlebury.edu/stereo, a third of the size",
            "licence": "free to use and publish, cite",
            "split": f"by scene: {test} to test, {held_out} to validate",
            "seed": seed,
        },
    )


def _pairs(files: Mapping[str, bytes], scene: str, crop: int, count: int, random: np.random.Generator) -> pd.DataFrame:
    """`count` pairs of one place, and as many of two places."""
    left, right, disparity = cameras(files, scene)
    shortest = min(left.shape[:2])
    if 2 * crop >= shortest:
        raise ConfigError(
            f"'crop' must be less than half of the {shortest} pixels of the shorter side of '{scene}', so that two "
            f"crops do not overlap; received {crop}."
        )
    rows: list[tuple[Any, Any, str]] = []
    while len(rows) < 2 * count:
        top, x = (int(random.integers(0, side - crop)) for side in left.shape[:2])
        other_x = _seen_at(disparity, top, x, crop)
        far = int(random.integers(0, left.shape[1] - crop)), int(random.integers(0, left.shape[0] - crop))
        if other_x is None or (abs(far[0] - other_x) < crop and abs(far[1] - top) < crop):
            continue
        own = left[top : top + crop, x : x + crop]
        rows.append((own, right[top : top + crop, other_x : other_x + crop], LABELS[1]))
        rows.append((own, right[far[1] : far[1] + crop, far[0] : far[0] + crop], LABELS[0]))
    columns = zip((*SIDES, SAME), zip(*rows, strict=True), strict=True)
    return pd.DataFrame({name: pd.Series(list(values), dtype=object) for name, values in columns})


def _seen_at(disparity: np.ndarray, top: int, x: int, crop: int) -> int | None:
    """Where the right camera sees the middle of a crop of the left one; None where that is not known or outside."""
    inside = disparity[top : top + crop, x : x + crop]
    known = inside[inside > 0]
    if len(known) < KNOWN * inside.size:
        return None
    found = x - round(float(np.median(known)))
    return found if found >= 0 else None


def cameras(files: Mapping[str, bytes], scene: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Left and right picture (H, W, 3), and by how many pixels the left one's places (H, W) lie further right; 0 where
    that is not known."""
    from PIL import Image

    first, second, places, factor = SCENES[scene]
    found = [np.asarray(Image.open(io.BytesIO(files[f"{scene}/{name}.png"]))) for name in (first, second, places)]
    return found[0][..., :3], found[1][..., :3], found[2].astype(float) / factor
