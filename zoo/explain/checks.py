"""Is an explanation right? What the model says when the parts that it names are taken away, or put back first.

Petsiuk et al. 2018 (deletion, insertion); Rong et al. 2022 (ROAD); Yeh et al. 2019 (infidelity); Adebayo et al. 2018
(sanity by random weights).
"""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from zoo.errors import ConfigError
from zoo.explain.fills import filled
from zoo.explain.heat_maps import resized
from zoo.explain.methods import Found, run_method
from zoo.explain.subject import ARRAY, PICTURE, TEXT, Subject
from zoo.explain.tables import coalition_scores
from zoo.explain.texts import sentences_in, text_scores, words_in
from zoo.tracing.preserve_state import preserve_state

STEPS = 16  # parts in which a picture is taken away or put back
SURVIVES = 0.5  # rank correlation with the maps of random weights from which a map says nothing of the model
SHUFFLES = 3
NEIGHBOURS = ((-1, -1, 1 / 12), (-1, 0, 1 / 6), (-1, 1, 1 / 12), (0, -1, 1 / 6), (0, 1, 1 / 6), (1, -1, 1 / 12),
              (1, 0, 1 / 6), (1, 1, 1 / 12))  # fmt: skip
ROAD_SHARE, SWEEPS = 0.3, 60
SMALLEST = 8  # pixels a side from which the sweeps reach the middle of any hole


def check_values(subject: Subject, method: str, found: Found, options: Mapping[str, Any]) -> dict[str, float]:
    """All that can be measured of an explanation. Raises `ConfigError` for a map that survives random weights.

    deletion, insertion  the mean score while the most important parts go first, or come first: low and high are good.
    random_order         what both are on average where the order is random.
    road                 what the score loses by the 30 % most important pixels, made of their neighbours, less what it
                         loses by the least important: high is good (pictures).
    infidelity           mean squared difference of what the values say of random parts and what the score loses, scaled
                         by the best factor, as a share of the score's own: 0 is best, 1 says nothing.
    random_weights       rank correlation with the same explanation of the same network with shuffled weights.
    """
    measured = {**removal_values(subject, found), **infidelity(subject, found)}
    if subject.sense == PICTURE:
        measured["road"] = road(subject, found.values)
    if subject.sense in (PICTURE, ARRAY):
        measured["random_weights"] = survival(subject, method, found, options)
        if measured["random_weights"] > SURVIVES:
            raise ConfigError(
                f"The map by '{method}' is nearly the same (rank correlation {measured['random_weights']:.2f}) where "
                f"the weights of {subject.model.name} are shuffled: it shows the picture and not what the model learnt "
                "of it; take another method."
            )
    return measured


def order_of(values: np.ndarray, steps: int = STEPS) -> list[np.ndarray]:
    """Places in groups, the most important first: pixels, words, columns."""
    flat = descending(values)
    return np.array_split(flat, min(steps, len(flat)))


def descending(values: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Places of the flat values, the largest first; equal ones (a map is 0 at many places) in a random order, as that
    of rows would favour a side of the picture."""
    flat = np.asarray(values, np.float64).reshape(-1)
    return np.lexsort((np.random.default_rng(seed).random(flat.size), -flat))


def removal_values(subject: Subject, found: Found, *, seed: int = 0) -> dict[str, float]:
    """Mean scores along the deletion and the insertion curve, and those of a random order."""
    score = keeping(subject, found)
    if score is None:
        return {}
    random = np.random.default_rng(seed).normal(size=found.values.shape)
    curves = {}
    for name, values in {"": found.values, "random_": random}.items():
        groups = order_of(values)
        kept = np.ones((len(groups) + 1, found.values.size), bool)
        for step, group in enumerate(groups, start=1):
            kept[step:, group] = False
        curves[f"{name}deletion"] = float(np.mean(score(kept)))
        curves[f"{name}insertion"] = float(np.mean(score(~kept)))
    return {
        "deletion": curves["deletion"],
        "insertion": curves["insertion"],
        "random_order": (curves["random_deletion"] + curves["random_insertion"]) / 2,
    }


def keeping(subject: Subject, found: Found) -> Callable[[np.ndarray], np.ndarray] | None:
    """(n, parts) bool, which are kept -> (n,) scores; None where the parts cannot be found in the sample again."""
    if subject.sense in (PICTURE, ARRAY):
        value = subject.value[0]
        hidden = filled(value, "blur" if subject.sense == PICTURE else "zero")
        over = subject.sense == PICTURE  # a place is hidden in all colours

        def pixels(kept: np.ndarray) -> np.ndarray:
            shape = (len(kept), *found.values.shape, *([1] if over else []))
            return subject.scores_of(np.where(kept.reshape(shape), value, hidden).astype(value.dtype))

        return pixels
    if subject.sense == TEXT:
        if subject.encode is None:  # no word can be left out
            return None
        text = str(subject.shown)
        spans = sentences_in(text) if len(sentences_in(text)) == len(found.parts) else words_in(text)
        if len(spans) != len(found.parts):  # the values are of the model's own words, which may be fewer
            return None

        def words(kept: np.ndarray) -> np.ndarray:
            texts = []
            for row in kept:
                parts, at = [], 0
                for (start, end), keep in zip(spans, row, strict=True):
                    parts.append(text[at:start])
                    parts.append(text[start:end] if keep else "")
                    at = end
                texts.append("".join([*parts, text[at:]]))
            return text_scores(subject, texts)

        return words
    return lambda kept: coalition_scores(subject, kept, subject.typical)


def infidelity(subject: Subject, found: Found, *, draws: int = 64, seed: int = 0) -> dict[str, float]:
    """Yeh et al. 2019, equation 1, for parts that are hidden at random; of a picture squares of an eighth of a side.

    As there (section 4) the values are scaled by the factor >= 0 that suits them best, so that methods can be compared.
    """
    random, shape = np.random.default_rng(seed), found.values.shape
    kept = np.ones((draws, found.values.size), bool)
    for row in kept:
        if subject.sense == PICTURE:
            grid = random.random((8, 8)) < random.uniform(0.1, 0.9)
            rows, columns = (np.arange(side) * 8 // side for side in shape)
            row[:] = ~grid[rows][:, columns].reshape(-1)
        else:
            row[:] = random.random(row.size) > random.uniform(0.1, 0.9)
    score = keeping(subject, found)
    if score is None:
        return {}
    whole = float(score(np.ones((1, found.values.size), bool))[0])
    lost = whole - score(kept)
    said = (~kept) @ found.values.reshape(-1).astype(np.float64)
    norm = float(said @ said)
    factor = max(0.0, float(said @ lost) / norm) if norm else 0.0  # a value of the wrong sign foretells nothing
    total = float(lost @ lost)
    return {"infidelity": float(((factor * said - lost) ** 2).sum() / total) if total else 0.0}


def road(subject: Subject, values: np.ndarray, *, share: float = ROAD_SHARE, seed: int = 0) -> float:
    """The score without the least important pixels less that without the most important ones, hidden pixels made of
    their neighbours with a little noise, so that the hole itself tells nothing."""
    flat = descending(values)
    count = max(1, int(share * flat.size))
    pictures = []
    for chosen in (flat[:count], flat[-count:]):
        hidden = np.zeros(flat.size, bool)
        hidden[chosen] = True
        pictures.append(imputed(subject.value[0], hidden.reshape(values.shape), seed=seed))
    most, least = subject.scores_of(np.stack(pictures))
    return float(least - most)


def imputed(value: np.ndarray, hidden: np.ndarray, *, noise: float = 0.01, seed: int = 0) -> np.ndarray:
    """(H, W, C) with the hidden pixels as weighted means of their neighbours (Rong et al. 2022, section 4.2), by
    relaxation; and noise of `noise` deviations."""
    found = value.astype(np.float64)
    if hidden.all():
        found[:] = found.mean(axis=(0, 1))
    else:
        found = _relaxed(found, hidden)
    random = np.random.default_rng(seed)
    found[hidden] += noise * value.std() * random.normal(size=found[hidden].shape)
    if value.dtype.kind in "iu":
        found = np.clip(np.rint(found), np.iinfo(value.dtype).min, np.iinfo(value.dtype).max)
    return found.astype(value.dtype)


def _relaxed(value: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """`SWEEPS` sweeps from the solution at half the size: by themselves they would not reach the middle of a hole."""
    found, (height, width) = value.copy(), hidden.shape
    if min(height, width) <= SMALLEST:
        found[hidden] = value[~hidden].mean(axis=0)
    else:
        pad = ((0, height % 2), (0, width % 2))
        seen = np.pad(~hidden, pad)[..., None]  # (H, W, 1), both even
        blocks = (-(-height // 2), 2, -(-width // 2), 2, -1)
        count = seen.reshape(blocks).sum(axis=(1, 3))
        total = (np.pad(value, (*pad, (0, 0))) * seen).reshape(blocks).sum(axis=(1, 3))
        half = _relaxed(total / np.maximum(count, 1), count[..., 0] == 0)
        large = np.stack([resized(each, 2 * half.shape[0], 2 * half.shape[1]) for each in np.moveaxis(half, -1, 0)], -1)
        found[hidden] = large[:height, :width][hidden]
    for _ in range(SWEEPS):
        padded = np.pad(found, ((1, 1), (1, 1), (0, 0)), mode="edge")
        mean = np.zeros_like(found)
        for down, right, weight in NEIGHBOURS:
            mean += weight * padded[1 + down : 1 + down + height, 1 + right : 1 + right + width]
        found[hidden] = mean[hidden]
    return found


def survival(subject: Subject, method: str, found: Found, options: Mapping[str, Any]) -> float:
    """The mean rank correlation of the map with those of the network with shuffled weights."""
    maps = []
    for seed in range(SHUFFLES):
        with preserve_state(subject.model):
            shuffle_weights(subject.model, seed)
            maps.append(run_method(subject, method, options).values)
    return float(np.mean([rank_correlation(found.values, each) for each in maps]))


def shuffle_weights(model: keras.Model, seed: int) -> None:
    """The values of each array of floats in another order: as large as before, and nothing of what was learnt.

    Frozen layers' too, and the statistics of normalisations, whose variances stay above 0.
    """
    random = np.random.default_rng(seed)
    for variable in model.weights:
        if "float" not in keras.backend.standardize_dtype(variable.dtype):
            continue
        values = np.array(keras.ops.convert_to_numpy(variable))
        variable.assign(random.permutation(values.reshape(-1)).reshape(values.shape))


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's, equal values sharing their mean rank; 0 where one of both is constant or not finite.

    >>> rank_correlation(np.array([1.0, 2.0, 9.0]), np.array([0.1, 0.2, 0.3]))
    1.0
    """
    ranks = []
    for values in (first, second):
        flat = np.asarray(values, np.float64).reshape(-1)
        if not np.isfinite(flat).all() or np.ptp(flat) == 0:
            return 0.0
        _, place, counts = np.unique(flat, return_inverse=True, return_counts=True)
        ranks.append((np.cumsum(counts) - (counts + 1) / 2)[place])
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def points_at(values: np.ndarray, box: tuple[int, int, int, int], *, margin: int = 0) -> bool:
    """The pointing game (Zhang et al. 2018): whether the largest value of (H, W) lies in (top, left, bottom, right),
    bottom and right outside, or at most `margin` pixels from it.

    >>> points_at(np.eye(4)[[3, 1, 2, 0]] * np.array([5, 1, 1, 1]), (3, 0, 4, 1))
    True
    """
    row, column = np.unravel_index(int(np.argmax(values)), values.shape)
    top, left, bottom, right = box
    return bool(top - margin <= row < bottom + margin and left - margin <= column < right + margin)
