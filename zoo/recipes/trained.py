"""A trained model with all that it needs to answer for a text: vocabulary, meaning of the outputs, uncertainty."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.catalogue import describe, list_models
from zoo.costs import CostMatrix
from zoo.create import create_model, full_config, weights_path
from zoo.datasets.dataset import Dataset
from zoo.datasets.texts import cut
from zoo.datasets.tokeniser import Tokeniser
from zoo.datasets.user_file import check_text
from zoo.errors import WeightsError
from zoo.samples import Samples, Target, present
from zoo.training import Head, Imbalance, predict
from zoo.weights import read_metadata, save_weights

MODEL_FILES = ("model.h5", "model.keras")  # of a run folder: a model of texts, one of a table
INTERVAL = 0.8  # share of people whose true number lies within the interval of an answer


@dataclass(frozen=True)
class NumberAnswer:
    """A regression's answer: `value` in `unit`; `share` of all people (or of `of`) lie within `low`..`high`."""

    value: float
    low: float
    high: float
    share: float
    unit: str
    of: str = "people"


@dataclass(frozen=True)
class ClassAnswer:
    """A classification's answer: every label with its probability, the most probable first."""

    probabilities: tuple[tuple[str, float], ...]


Answer = Mapping[str, NumberAnswer | ClassAnswer]


@dataclass(frozen=True)
class Trained:
    """A model with its heads and vocabulary.

    half_widths  output -> half the width of a regression's interval: the `INTERVAL` quantile of the absolute error on
                 the validation split (split conformal prediction, Lei et al. 2018); infinite without a label there.
    words        length of the pieces that it was trained on: longer texts are cut, and the answers averaged.
    origin       data set, options, seed and scores: plain JSON values.
    """

    entry: str
    config: Mapping[str, Any]
    model: keras.Model
    heads: Mapping[str, Head]
    tokeniser: Tokeniser
    half_widths: Mapping[str, float]
    words: int
    origin: Mapping[str, Any]

    def asked(self, texts: Sequence[str]) -> list[str]:
        """What is asked by the texts of a command line."""
        return list(texts)

    def answer(self, texts: Sequence[str]) -> list[Answer]:
        """One answer a text. Raises `DataError` for a text that is empty, too long, or without any known word."""
        for text in texts:
            check_text(text, self.tokeniser)
        pieces = [cut(text, self.words) for text in texts]
        owner = np.repeat(np.arange(len(texts)), [len(each) for each in pieces])
        tokens = self.tokeniser.encode_batch([piece for each in pieces for piece in each])
        outputs = predict(self.model, Samples({"posts": tokens}), self.heads, trim_padding=True)
        means = {name: _mean_by(owner, values, len(texts)) for name, values in outputs.items()}
        return [
            {name: self._answer(name, means[name][row]) for name in self.heads}  # one row of every output
            for row in range(len(texts))
        ]

    def _answer(self, name: str, value: np.ndarray) -> NumberAnswer | ClassAnswer:
        target = self.heads[name].answers
        if target.kind == "regression":
            half = self.half_widths[name]
            return NumberAnswer(float(value), float(value) - half, float(value) + half, INTERVAL, target.unit)
        shares = np.array([1.0 - value, value]) if target.kind == "binary" else value
        order = np.argsort(-shares, kind="stable")
        return ClassAnswer(tuple((target.labels[row], float(shares[row])) for row in order))

    def save(self, path: Path, *, dtype: Any = None) -> None:
        """One file that `load_trained` reads: weights, vocabulary, heads, intervals."""
        metadata = {
            "entry": self.entry,
            "config": full_config(self.entry, self.config),
            "targets": {name: asdict(head.target) for name, head in self.heads.items()},
            "merge": {
                name: {new: list(old) for new, old in head.plan.merge.items()} for name, head in self.heads.items()
            },
            "metrics": {name: list(head.metrics) for name, head in self.heads.items()},
            "costs": {name: head.costs.to_json() for name, head in self.heads.items() if head.costs is not None},
            "vocabulary": list(self.tokeniser.words),
            "half_widths": {name: half if np.isfinite(half) else None for name, half in self.half_widths.items()},
            "words": self.words,
            "origin": dict(self.origin),
        }
        save_weights(self.model, path, metadata=metadata, dtype=dtype)


def read_trained(path: Path) -> Trained:
    """A trained model out of its file. Raises `WeightsError` for a file that does not hold one."""
    metadata = read_metadata(path)
    try:
        entry, config = metadata["entry"], metadata["config"]
        targets = {name: Target(**{**fields, "labels": tuple(fields["labels"])})  # JSON has no tuples
                   for name, fields in metadata["targets"].items()}  # fmt: skip
        kept = {what: metadata.get(what, {}) for what in ("merge", "metrics", "costs")}  # older files lack some
        heads = {
            name: _head(target, **{what: each[name] for what, each in kept.items() if name in each})
            for name, target in targets.items()
        }
        tokeniser = Tokeniser(metadata["vocabulary"])
        halves = {name: float("inf") if half is None else half for name, half in metadata["half_widths"].items()}
        rest = halves, int(metadata["words"]), metadata["origin"]
        size = int(config["vocabulary_size"])
    except (KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"'{path}' holds weights, but not all of a trained model: {error!r} is missing.") from error
    if tokeniser.size > size:
        raise WeightsError(f"'{path}' holds a vocabulary of {tokeniser.size} tokens and a model for {size}.")
    model = create_model(entry, weights=path)
    return Trained(entry, config, model, heads, tokeniser, *rest)


def _head(
    target: Target,
    merge: Mapping[str, Sequence[str]] | None = None,
    metrics: Sequence[str] = (),
    costs: Mapping[str, Any] | None = None,
) -> Head:
    """What an output predicts, of the labels in the data, which of these it takes together, and how it is judged."""
    return Head(
        target,
        metrics=tuple(metrics),
        imbalance=Imbalance(merge=merge) if merge else None,
        costs=CostMatrix(costs["costs"], costs["unit"]) if costs else None,
    )


def trained_file(source: str | Path) -> Path:
    """The file that a run folder, a path or an "entry.tag" means."""
    path = Path(source)
    if path.is_dir():
        found = [path / name for name in MODEL_FILES if (path / name).exists()]
        if not found:
            expected = " or ".join(MODEL_FILES)
            raise WeightsError(f"'{path}' holds no finished run: there is no {expected}. Train it to its end first.")
        return found[0]
    if path.suffix in (".h5", ".hdf5", ".keras") or len(path.parts) > 1 or path.exists():
        if not path.exists():
            raise WeightsError(f"There is no file or folder '{path}'.")
        return path
    name, _, tag = str(source).partition(".")
    if not tag and name not in list_models(for_tests=True):
        raise WeightsError(f"'{source}' is neither a file, nor a run folder, nor weights of the catalogue.")
    entry = describe(name)
    if not tag and not entry.weights:
        raise WeightsError(f"'{name}' has no trained weights here; give a run folder or a file.")
    chosen = tag or next(iter(entry.weights))
    if chosen in entry.weights and not entry.weights[chosen].file:
        raise WeightsError(f"The weights of '{name}' are official ones, which no recipe made: see zoo.create_model.")
    return weights_path(entry, chosen)


def half_widths(model: keras.Model, heads: Mapping[str, Head], dataset: Dataset) -> dict[str, float]:
    """Output -> the `INTERVAL` quantile of the absolute error of regressions on the validation split."""
    numbers = {name: head for name, head in heads.items() if head.target.kind == "regression"}
    outputs = predict(model, dataset.validation, numbers, trim_padding=True)
    found = {}
    for name in numbers:
        errors = np.abs(outputs[name] - dataset.validation.targets[name])
        errors = errors[present(dataset.validation.targets[name])]
        found[name] = float(np.quantile(errors, INTERVAL)) if len(errors) else float("inf")
    return found


def _mean_by(owner: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """(pieces, ...) -> (count, ...): the mean over the pieces of each owner."""
    sums = np.zeros((count, *values.shape[1:]))
    np.add.at(sums, owner, values)
    return sums / np.bincount(owner, minlength=count).reshape(-1, *[1] * (values.ndim - 1))
