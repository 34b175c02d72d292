"""What simple models see of the inputs: words and pairs of words of texts or of id sequences, and a table's columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import MissingExtraError
from zoo.lazy_array import LazyArray
from zoo.report.columns import category_columns, is_sequence, number_columns, one_hot, raw, scaled
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
LINEAR_ROWS = 200_000  # training rows that the linear model sees, drawn at random: more change its fifth digit


@dataclass(frozen=True)
class Features:
    """(n, columns) matrices of train, validation and test, or empty where nothing can be fitted: `note` says why.

    linear     TF-IDF, scaled numbers, one-hot categories; its training rows are `rows` of the split.
    text       TF-IDF alone, of all rows; None without texts.
    table      raw numbers and category ids, NaN where missing; None without them. `ids` (columns,) bool says which are
               categories.
    """

    linear: tuple[Any, ...] = ()
    rows: np.ndarray | None = None
    text: tuple[Any, ...] | None = None
    table: tuple[np.ndarray, ...] | None = None
    ids: np.ndarray | None = None
    note: str = ""


def features(train: Samples, validation: Samples, test: Samples, *, seed: int = 0) -> Features:
    """Fit on `train` alone: TF-IDF of words or ids (1- and 2-grams), and the columns of `zoo.report.columns`.

    Raw texts stand for the sequences made of them. Integers (n, length) are token ids, 0 being padding; integers
    (n,) are categories (0 missing, 1 never seen); everything else numeric is a column for each number.
    """
    if all(isinstance(values, LazyArray) for values in train.inputs.values()):
        return Features(note="pictures and the like are too many numbers for a quick baseline")
    train, validation, test = splits = (_of_arrays(train), _of_arrays(validation), _of_arrays(test))
    rows = _some(len(train), seed)
    parts: list[Sequence[Any]] = []
    notes = []
    text = _texts(splits)
    if text is not None:
        parts.append((text[0][rows], *text[1:]))
        notes.append(f"{text[0].shape[1]} TF-IDF columns")
    plain = [values for values in train.inputs.values() if not is_sequence(values)]
    columns = sum(_width(values) for values in plain)
    if columns > DENSE_COLUMNS:
        return Features(note=f"{columns} dense columns are too many for a quick baseline")
    numbers, ids = number_columns(splits), category_columns(splits)
    if numbers[0].shape[1]:
        parts.append(scaled([numbers[0][rows], *numbers[1:]]))
        notes.append(f"{numbers[0].shape[1]} numbers")
    if ids[0].shape[1]:
        parts.append(one_hot([ids[0][rows], *ids[1:]]))
        notes.append(f"{ids[0].shape[1]} categories")
    if not parts:
        return Features(note="the training inputs hold no word that two samples share")
    note = " and ".join([", ".join(notes[:-1]), notes[-1]] if notes[1:] else notes)
    if len(rows) < len(train):
        note += f", {len(rows):,} of {len(train):,} training rows"
    if not columns:
        return Features(_joined(parts), rows, text, note=note)
    table, mask = raw(numbers, ids)
    return Features(_joined(parts), rows, text, tuple(table), mask, note)


def _of_arrays(samples: Samples) -> Samples:
    """The samples without inputs that are decoded row by row, which no simple model reads."""
    inputs = {name: values for name, values in samples.inputs.items() if not isinstance(values, LazyArray)}
    return Samples(inputs, raw={name: values for name, values in samples.raw.items() if name in inputs})


def _some(count: int, seed: int) -> np.ndarray:
    """At most `LINEAR_ROWS` of the row numbers 0..count - 1, in order."""
    if count <= LINEAR_ROWS:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, LINEAR_ROWS, replace=False))


def _joined(parts: Sequence[Sequence[Any]]) -> tuple[Any, ...]:
    sparse = any(scipy.sparse.issparse(matrix) for matrix, *_ in parts)
    joined = [[part[split] for part in parts] for split in range(3)]
    return tuple(scipy.sparse.hstack(each).tocsr() if sparse else np.hstack(each) for each in joined)


def _texts(splits: tuple[Samples, ...]) -> tuple[Any, ...] | None:
    """TF-IDF of every text column that has words, side by side."""
    found = [matrices for documents in _documents(splits) if (matrices := _tfidf(documents)) is not None]
    return _joined(found) if found else None


def _documents(splits: tuple[Samples, ...]) -> list[list[list[str]]]:
    """One entry a text column: the documents of each split."""
    first = splits[0]
    texts = [name for name, values in first.raw.items() if len(values) and isinstance(values[0], str)]
    spelt = [name for name, values in first.inputs.items() if is_sequence(values) and name not in first.raw]
    return [
        *([list(split.raw[name]) for split in splits] for name in texts),
        *([_spell(split.inputs[name]) for split in splits] for name in spelt),
    ]


def _spell(ids: np.ndarray) -> list[str]:
    """(n, length) ids -> n texts of numbers, without the padding."""
    return [" ".join(map(str, row[row != 0].tolist())) for row in ids]


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


def _width(values: np.ndarray) -> int:
    return int(np.prod(values.shape[1:]))
