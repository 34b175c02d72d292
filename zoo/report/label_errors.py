"""Labels that are probably wrong, by confident learning on out-of-sample probabilities (Northcutt et al. 2021).

How many labels are wrong is estimated by the confident joint: a row counts for the class whose probability, by a model
which never trained on it, is at least what rows of that class have on average. So many rows are suspected, those first
of which another class is the most likelier than the label; none whose label is the likeliest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import DataError
from zoo.samples import present


@dataclass(frozen=True)
class LabelError:
    """A row whose label is suspected; `probability` is that of its label and of the class that is `suggested`."""

    row: int
    label: str
    suggested: str
    probability: tuple[float, float]

    def to_json(self) -> dict[str, Any]:
        return {
            "row": self.row,
            "label": self.label,
            "suggested": self.suggested,
            "probability_of_label": self.probability[0],
            "probability_of_suggested": self.probability[1],
        }


@dataclass(frozen=True)
class LabelErrors:
    """What confident learning says of some labels.

    rows       rows with a label.
    suspected  the worst first.
    ranking    (rows,) numbers of all rows with a label, from the most to the least suspicious.
    joint      (classes, classes) estimated shares of all rows (given label, true label), which sum to 1.
    """

    rows: int
    suspected: Sequence[LabelError]
    ranking: np.ndarray
    joint: np.ndarray
    labels: tuple[str, ...]

    @property
    def share(self) -> float:
        """The estimated share of wrong labels."""
        return float(1.0 - np.trace(self.joint))

    def to_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "estimated_share_of_wrong_labels": self.share,
            "suspected": [each.to_json() for each in self.suspected],
        }


def label_errors(labels: np.ndarray, probabilities: np.ndarray, names: Sequence[str]) -> LabelErrors:
    """(n,) labels as integers, -1 where unknown, and (n, classes) probabilities by a model that was not trained on
    these rows -> the rows whose label is probably wrong. Probabilities (n,) are those of the second of two labels.

    How many rows are suspected is the estimated number of wrong labels: off the diagonal of the calibrated joint of
    given and true labels. Raises `DataError` where shapes do not fit or no row has a label.
    """
    shares = np.asarray(probabilities, np.float64)
    shares = np.stack([1.0 - shares, shares], axis=1) if shares.ndim == 1 else shares
    labels = np.asarray(labels)
    if shares.shape != (len(labels), len(names)) or labels.ndim != 1:
        raise DataError(
            f"Label errors need labels (n,) and probabilities (n, {len(names)}); received {labels.shape} and "
            f"{shares.shape}."
        )
    if not np.isfinite(shares).all():
        raise DataError("Label errors need finite probabilities; some are not.")
    known = np.flatnonzero(present(labels))
    if not len(known):
        raise DataError("Label errors need rows with a label; there is none.")
    given, shares = labels[known].astype(np.int64), shares[known]
    thresholds = _self_confidence(given, shares)
    joint = _joint(given, shares, thresholds)
    margins = _margins(given, shares)
    order = np.argsort(margins, kind="stable")
    wrong = round((1.0 - float(np.trace(joint))) * len(known))
    found = []
    for place in order[:wrong]:
        others = shares[place].copy()
        others[given[place]] = -1.0
        said = int(np.argmax(others))
        if shares[place, said] <= shares[place, given[place]]:
            break  # the model itself holds the label for the likeliest
        pair = (float(shares[place, given[place]]), float(shares[place, said]))
        found.append(LabelError(int(known[place]), names[given[place]], names[said], pair))
    return LabelErrors(len(known), found, known[order], joint, tuple(names))


def _self_confidence(given: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """(classes,) the mean probability of a class over the rows that are labelled so; above 1 where there is none."""
    counts = np.bincount(given, minlength=shares.shape[1])
    sums = np.bincount(given, weights=shares[np.arange(len(given)), given], minlength=shares.shape[1])
    return np.where(counts > 0, sums / np.maximum(counts, 1), 2.0)


def _joint(given: np.ndarray, shares: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """The confident joint, each row brought to the number of labels that there are (section 3.1 of the paper)."""
    classes = shares.shape[1]
    above = shares >= thresholds - 1e-12
    likeliest = np.argmax(np.where(above, shares, -1.0), axis=1)
    sure = above.any(axis=1)
    counts = np.zeros((classes, classes))
    np.add.at(counts, (given[sure], likeliest[sure]), 1)
    labelled = np.bincount(given, minlength=classes)
    empty = counts.sum(axis=1) == 0
    counts[empty, empty] = 1.0  # nothing is known of this class: its labels are taken for right
    joint = counts / counts.sum(axis=1, keepdims=True) * labelled[:, None]
    return joint / joint.sum()


def _margins(given: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """(n,) log of how much likelier than the likeliest other class the label is: the worst rows are the least.

    Differences of probabilities would call all rows alike of which the model is nearly sure.
    """
    others = shares.copy()
    places = np.arange(len(given))
    others[places, given] = 0.0
    tiny = np.finfo(np.float64).tiny
    return np.log(np.maximum(shares[places, given], tiny)) - np.log(np.maximum(others.max(axis=1), tiny))
