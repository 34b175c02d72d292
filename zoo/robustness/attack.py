"""`zoo.attack`: one call for every attack; accuracy against strength, and where the prediction changes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

import numpy as np

from zoo.errors import ConfigError, DataError, is_number, require_known
from zoo.robustness.classifier import Classifier
from zoo.robustness.counterfactuals import attack_rows
from zoo.robustness.gradient_attacks import fgsm, noise, pgd
from zoo.robustness.local_attacks import one_pixel, patch
from zoo.robustness.logits import LOGITS
from zoo.robustness.result import OWN_LABELS, Attack, Flip
from zoo.robustness.sources import picture_rows
from zoo.robustness.text_attacks import attack_texts

OF_RANGE = "of a pixel's range"
LINF = tuple(each / 255 for each in (1, 2, 4, 8, 16, 32))
NORMS = ("linf", "l2")


@dataclass(frozen=True)
class PictureAttack:
    """nested  what a strength allows, a larger one allows too: who is fooled stays fooled.
    least, most  strengths that make sense; whole  only whole numbers do."""

    function: Callable[..., Any]
    unit: str
    strengths: tuple[float, ...]
    nested: bool = True
    most: float = 1.0
    whole: bool = False


PICTURES = {
    "noise": PictureAttack(noise, f"{OF_RANGE} (deviation)", (0.02, 0.05, 0.1, 0.2, 0.4), nested=False),
    "fgsm": PictureAttack(fgsm, OF_RANGE, LINF, nested=False),
    "pgd": PictureAttack(pgd, OF_RANGE, LINF),
    "one_pixel": PictureAttack(one_pixel, "pixels", (1.0, 3.0, 5.0), most=1000.0, whole=True),
    "patch": PictureAttack(patch, "of the area", (0.01, 0.02, 0.05, 0.1)),
}
L2 = PictureAttack(pgd, f"{OF_RANGE} (Euclidean)", (0.25, 0.5, 1.0, 2.0, 4.0), most=1000.0)
ROWS: dict[str, Callable[..., Attack]] = {
    "typos": attack_texts,
    "synonyms": attack_texts,
    "counterfactual": attack_rows,
}
METHODS = (*PICTURES, *ROWS)
COMMON = {"method", "strength", "output", "seed"}  # arguments of every attack on rows


def attack(
    model: Any,
    samples: Any,
    labels: Any = None,
    *,
    method: str = "pgd",
    strength: float | Sequence[float] | None = None,
    output: str | None = None,
    scale: Any = None,
    classes: Sequence[str] | None = None,
    seed: int = 0,
    **options: Any,
) -> Attack:
    """How many of these samples are still predicted as labelled under an attack, at each strength.

    model     a functional `keras.Model`, or a pipeline.
    samples   of a model its inputs: an array (n, H, W, C) or a dict of all; of a pipeline rows, as `predict` takes.
    labels    (n,) by name or number; without them the column of the rows that holds them, else what the model predicts
              now. Rows with an unknown label are left out.
    method    of pictures "noise", "fgsm", "pgd", "one_pixel", "patch"; of texts "typos", "synonyms" (the nearest words
              by the model's own embedding, which may be opposites); of tables "counterfactual" (the least change of
              columns that changes the prediction). `METHODS`.
    strength  one or several: a share of a pixel's range, as 8 / 255 (a deviation for noise, a radius for pgd); a number
              of pixels, words or columns; a share of the area for a patch. None: what is usual.
    output    of classes, where there are several.
    scale     the input's numbers for black and white, as (0, 255); a pipeline knows its own.
    classes   what the classes of a bare model are called; a pipeline knows its own.
    options   of the attack: "norm" ("linf", "l2"), "steps", "restarts", "loss" ("cross_entropy", "margin") of pgd;
              "population", "generations" of one_pixel; "steps" of patch; "column" of texts, which to change;
              "allowed" columns of a counterfactual.

    Raises a `ZooError` for a strength out of range, an unknown scale, a model that does not read what is attacked.
    """
    require_known("method of attack", method, METHODS)
    if type(seed) is not int or seed < 0:
        raise ConfigError(f"A seed is a whole number of at least 0; received {seed!r}.")
    if method in ROWS:
        if scale is not None:
            raise ConfigError(f"'scale' is of pictures; '{method}' takes none.")
        for name in options:
            require_known(f"option of '{method}'", name, set(_keywords(ROWS[method])) - COMMON)
        return ROWS[method](
            model, samples, labels, method=method, strength=strength, output=output, seed=seed, **options
        )
    way = L2 if method == "pgd" and options.get("norm") == "l2" else PICTURES[method]
    _check_options(way.function, method, options)
    strengths = _strengths(strength, way, method)
    classifier, truth, names = picture_rows(model, samples, labels, output, scale)
    if classes is not None:
        if len(classes) != len(names):
            raise ConfigError(f"'{classifier.output}' has {len(names)} classes; received {len(classes)} names.")
        names = list(map(str, classes))
    return _attack_pictures(classifier, truth, names, method, way, strengths, seed, options, labels is None)


def _attack_pictures(
    classifier: Classifier,
    truth: np.ndarray,
    names: Sequence[str],
    method: str,
    way: PictureAttack,
    strengths: Sequence[float],
    seed: int,
    options: Mapping[str, Any],
    own: bool,
) -> Attack:
    known = np.flatnonzero(truth >= 0)
    if not len(known):
        raise DataError("No sample has a label.")
    before = classifier.scores(classifier.pictures[known], known)
    right = known[classifier.decided(before) == truth[known]]
    first = dict(zip(known.tolist(), _best(classifier, before, names), strict=True))
    accuracy, flips, left = {0.0: len(right) / len(known)}, {}, right
    for each in strengths:
        rows = left if way.nested else right
        changed, fooled = way.function(classifier, rows, truth[rows], each, seed, **options) if len(rows) else ([], [])
        fooled = np.asarray(fooled, bool)
        new = [place for place in np.flatnonzero(fooled) if int(rows[place]) not in flips]
        after = classifier.scores(np.stack([changed[place] for place in new]), rows[new]) if new else before[:0]
        for place, pair in zip(new, _best(classifier, after, names), strict=True):
            row = int(rows[place])
            label = names[truth[row]]
            flips[row] = Flip(row, float(each), label, first[row], pair, classifier.pictures[row], changed[place])
        left = left[~fooled] if way.nested else left
        accuracy[float(each)] = float((len(rows) - fooled.sum()) / len(known))
    notes = [OWN_LABELS] if own else []
    if classifier.gives != LOGITS:
        notes.append(
            "The last layer hides its logits: where probabilities are 1 the gradient is 0, and the attack weak."
        )
    ranked = sorted(flips.values(), key=lambda flip: (flip.strength, -flip.after[1], flip.row))
    settings = {"seed": seed, **options}
    return Attack(method, way.unit, classifier.output, len(known), accuracy, ranked, "picture", settings, notes,
                  classifier.scale.colour)  # fmt: skip


def _best(classifier: Classifier, scores: np.ndarray, names: Sequence[str]) -> list[tuple[str, float]]:
    """(k, classes) log probabilities -> (what is predicted, its probability) of each."""
    said = classifier.decided(scores)
    return [(names[place], float(np.exp(row[place]))) for place, row in zip(said, scores, strict=True)]


def _strengths(given: Any, way: PictureAttack, method: str) -> list[float]:
    values = list(way.strengths) if given is None else list(given) if isinstance(given, list | tuple) else [given]
    for each in values:
        if not is_number(each) or not 0 < each <= way.most or (way.whole and each != int(each)):
            kind = "a whole number of" if way.whole else "a number" if way.most > 1 else "a share"
            hint = f"; in parts of 255 that is {each}/255" if is_number(each) and each > way.most == 1.0 else ""
            raise ConfigError(
                f"The strength of '{method}' is {kind} {way.unit}, above 0 and at most {way.most:g}; received "
                f"{each!r}{hint}."
            )
    if not values:
        raise ConfigError(f"'{method}' needs at least one strength.")
    return sorted(set(map(float, values)))


def _check_options(function: Callable[..., Any], method: str, options: Mapping[str, Any]) -> None:
    known = _keywords(function)
    for name, value in options.items():
        require_known(f"option of '{method}'", name, known)
        if name == "norm":
            require_known("norm", value, NORMS)
        elif name == "loss":
            require_known("loss of an attack", value, ("cross_entropy", "margin"))
        elif type(value) is not int or value < (4 if name == "population" else 1):
            raise ConfigError(f"'{name}' must be a whole number of at least {4 if name == 'population' else 1}; "
                              f"received {value!r}.")  # fmt: skip


def _keywords(function: Callable[..., Any]) -> list[str]:
    return [name for name, each in signature(function).parameters.items() if each.kind is each.KEYWORD_ONLY]
