"""Where in a picture a map lies, in words."""

import numpy as np

SPREAD = "spread over the picture"
ROWS = {(0, 0): "upper", (0, 1): "upper", (1, 1): "middle", (1, 2): "lower", (2, 2): "lower", (0, 2): ""}
COLUMNS = {(0, 0): "left", (0, 1): "left", (1, 1): "middle", (1, 2): "right", (2, 2): "right", (0, 2): ""}


def region(values: np.ndarray) -> str:
    """(H, W) of values >= 0, some above 0 -> where their largest part lies.

    Of 3 x 3 cells those count in which the map is at least half as strong as in the strongest.

    >>> corner = np.zeros((9, 9))
    >>> corner[:3, :2] = 1
    >>> region(corner), region(np.ones((9, 9))), region(corner + corner[::-1, ::-1])
    ('most in the upper left', 'spread over the picture', 'most in the upper left and the lower right')
    """
    cells = np.zeros((3, 3))
    for row, band in enumerate(np.array_split(values, 3, axis=0)):
        for column, cell in enumerate(np.array_split(band, 3, axis=1)):
            cells[row, column] = cell.mean() if cell.size else 0.0
    strong = np.argwhere(cells >= cells.max() / 2)
    if len(strong) <= 2:
        return "most in the " + " and the ".join(_name((row, row), (column, column)) for row, column in strong)
    (top, left), (bottom, right) = strong.min(axis=0), strong.max(axis=0)
    name = _name((top, bottom), (left, right))
    return f"most in the {name}" if name else SPREAD


def _name(rows: tuple[int, int], columns: tuple[int, int]) -> str:
    """
    >>> _name((1, 1), (1, 1)), _name((0, 0), (1, 1)), _name((0, 2), (0, 1)), _name((1, 1), (0, 2))
    ('middle', 'upper middle', 'left part', 'middle, from side to side')
    """
    down, side = ROWS[rows], COLUMNS[columns]
    if down and side:
        return down if down == side else f"{down} {side}"
    if down == "middle" or side == "middle":
        return "middle, from side to side" if down else "middle, from top to bottom"
    return f"{down}{side} part" if down or side else ""
