"""Five folds by class and group, each with rows of its training part set aside to choose by."""

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

FOLDS, INNER, SEED = 5, 10, 0

Rows = tuple[np.ndarray, np.ndarray, np.ndarray]  # to train on, to choose by, to test


def grouped_folds(labels: np.ndarray, groups: np.ndarray) -> list[Rows]:
    """Classes (n,) and whatever must stand in one part (n,) -> the rows of each fold."""
    found = []
    for training, test in StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED).split(labels, labels, groups):
        inner = StratifiedGroupKFold(INNER, shuffle=True, random_state=SEED)
        kept, chosen = next(inner.split(training, labels[training], groups[training]))
        found.append((training[kept], training[chosen], test))
    return found
