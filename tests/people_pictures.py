"""People with pictures, and files of pairs of them."""

import numpy as np
import pandas as pd
from PIL import Image

PEOPLE = tuple("abcdefgh")


def people_in(root):
    """A folder of eight people, three pictures each, of two sizes."""
    random = np.random.default_rng(0)
    for person in PEOPLE:
        (root / person).mkdir()
        for number in range(3):
            shape = (20, 24) if number else (30, 18)
            Image.fromarray(random.integers(0, 255, shape, dtype=np.uint8)).save(root / person / f"{number}.png")
    return root


def written(people, rows, name="pairs.csv", columns=("left", "right", "label")):
    path = people / name
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
    return path


def every_row(names=PEOPLE):
    """Each person's pictures with each other, and the first ones of neighbours, who differ."""
    rows = [(f"{name}/{one}.png", f"{name}/{other}.png", 1) for name in names for one, other in ((0, 1), (1, 2))]
    return rows + [(f"{one}/0.png", f"{other}/0.png", 0) for one in names for other in names if one < other]
