"""What a simple model sees of the inputs: words and pairs of words of texts or of id sequences, and plain columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import MissingExtraError
from zoo.samples import Samples

try:
    import scipy.sparse
    from sklearn.feature_extraction.text import TfidfVectorizer
except ImportError as error:
    raise MissingExtraError("A report's baselines", "scikit-learn", "report") from error

TEXT_COLUMNS = 100_000  # the most frequent words and pairs kept; more only slows the linear model down
DENSE_COLUMNS = 4096  # beyond, the inputs are images or signals, for which a linear model takes minutes
RARE = 2  # a word of fewer samples is left out, unless there are hardly any samples
FEW_SAMPLES = 100
WORD = r"(?u)\b\w+\b"


@dataclass(frozen=True)
class Features:
    """(n, columns) matrices of train, validation and test; None where nothing can be fitted, and `note` says why."""

    train: Any
    validation: Any
    test: Any
    note: str
    sparse: bool = False


def features(train: Samples, validation: Samples, test: Samples) -> Features:
    """Fit on `train` alone: TF-IDF of words or ids (1- and 2-grams), and standardised columns, missing as the mean.

    Texts stand for the integer sequences made of them. Integers (n,) or (n, length) are ids, 0 being padding;
    everything else numeric is a column for each number.
    """
    splits = (train, validation, test)
    parts: list[Sequence[Any]] = []
    notes = []
    for documents in _documents(splits):
        matrices = _tfidf(documents)
        if matrices is not None:
            parts.append(matrices)
            notes.append(f"{matrices[0].shape[1]} TF-IDF columns")
    columns = sum(_width(values) for values in train.inputs.values() if not _is_sequence(values))
    if columns > DENSE_COLUMNS:
        return Features(None, None, None, f"{columns} dense columns are too many for a quick baseline")
    if columns:
        parts.append(_standardised(splits))
        notes.append(f"{columns} columns")
    if not parts:
        return Features(None, None, None, "the training inputs hold no word that two samples share")
    sparse = any(scipy.sparse.issparse(matrix) for matrix, *_ in parts)
    stack = scipy.sparse.hstack if sparse else np.hstack
    joined: list[Any] = [stack([part[split] for part in parts]) for split in range(3)]
    if sparse:
        joined = [matrix.tocsr() for matrix in joined]
    return Features(joined[0], joined[1], joined[2], " and ".join(notes), sparse)


def _documents(splits: tuple[Samples, ...]) -> list[list[list[str]]]:
    """One entry a text column: the documents of each split."""
    if splits[0].texts:
        return [[list(split.texts) for split in splits]]
    names = [name for name, values in splits[0].inputs.items() if _is_sequence(values)]
    return [[_spell(split.inputs[name]) for split in splits] for name in names]


def _spell(ids: np.ndarray) -> list[str]:
    """(n,) or (n, length) ids -> n texts of numbers, without the padding."""
    return [" ".join(map(str, row[row != 0].tolist())) for row in ids.reshape(len(ids), -1)]


def _tfidf(documents: list[list[str]]) -> tuple[Any, Any, Any] | None:
    rare = RARE if len(documents[0]) >= FEW_SAMPLES else 1
    vectoriser = TfidfVectorizer(
        ngram_range=(1, 2),
        min_df=rare,
        sublinear_tf=True,
        max_features=TEXT_COLUMNS,
        token_pattern=WORD,  # one-letter words too: "I" tells writers apart
        dtype=np.float32,
    )
    try:
        train = vectoriser.fit_transform(documents[0])
    except ValueError:  # scikit-learn's word for an empty vocabulary
        return None
    return train, vectoriser.transform(documents[1]), vectoriser.transform(documents[2])


def _standardised(splits: tuple[Samples, ...]) -> list[np.ndarray]:
    tables = [
        np.concatenate(
            [
                np.asarray(values, dtype=np.float32).reshape(len(values), -1)
                for name, values in split.inputs.items()
                if not _is_sequence(splits[0].inputs[name])
            ],
            axis=1,
        )
        for split in splits
    ]
    known = np.where(np.isfinite(tables[0]), tables[0], np.nan)
    counts = np.sum(~np.isnan(known), axis=0)
    mean = np.nansum(known, axis=0) / np.maximum(counts, 1)
    spread = np.sqrt(np.nansum(np.square(known - mean), axis=0) / np.maximum(counts, 1))
    spread[spread == 0] = 1.0
    return [np.nan_to_num((table - mean) / spread, nan=0.0, posinf=0.0, neginf=0.0) for table in tables]


def _is_sequence(values: np.ndarray) -> bool:
    return np.issubdtype(values.dtype, np.integer) and values.ndim <= 2


def _width(values: np.ndarray) -> int:
    return int(np.prod(values.shape[1:]))
