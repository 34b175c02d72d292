"""Folders of small generated photos of three colours."""

import numpy as np
import pandas as pd
from PIL import Image

COLOURS = {"blue": (40, 60, 200), "green": (40, 180, 60), "red": (200, 50, 40)}


def photo(colour, seed, size=(24, 20)):
    """A picture (width, height) of coarse noise about a colour: no two are alike."""
    random = np.random.default_rng([seed, sum(colour)])
    coarse = np.clip(np.array(colour) + random.normal(0, 40, (5, 6, 3)), 0, 255).astype(np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BILINEAR)


def fill(folder, count=12, classes=tuple(COLOURS)):
    for name in classes:
        (folder / name).mkdir(parents=True)
        for number in range(count):
            photo(COLOURS.get(name, (128, 128, 128)), number).save(folder / name / f"{number:02}.png")
    return folder


def table_of(folder, path, **changes):
    files = sorted(folder.rglob("*.png"))
    rows = {"file": [str(each.relative_to(folder)) for each in files], "colour": [each.parent.name for each in files]}
    pd.DataFrame({**rows, **changes}).to_csv(path, index=False)
    return path
