"""Drawing the next character: temperature and the nucleus, over a whole batch, exactly."""

from collections.abc import Callable

import numpy as np

BLOCK = 64  # columns whose weights are added up at once
REJECTIONS = 8  # draws of one row that may fall outside its nucleus, before the nucleus is sorted out
COLDEST = 1e-6  # temperature: below it, what rounding does to scores would decide, and 1e-50 is 0 in single precision


Draw = Callable[[np.ndarray], np.ndarray]


def sample(scores: np.ndarray, draw: Draw, *, temperature: float, top_p: float) -> np.ndarray:
    """Scores (B, C) of the characters that may stand here -> the number (B,) of the one drawn in each row.

    draw         row numbers (b,) -> (b,) uniform in [0, 1).
    temperature  the scores are divided by it; 0 takes the most likely one.
    top_p        only the most likely characters that together have this share are drawn (Holtzman et al. 2020).

    A draw outside the nucleus is drawn again, which gives the nucleus' distribution without sorting C characters.
    """
    if temperature == 0:
        return scores.argmax(axis=1)
    weights = _weights(scores, temperature)
    blocks = np.cumsum(weights.reshape(len(weights), -1, BLOCK).sum(axis=2), axis=1)  # (B, C/BLOCK)
    chosen = np.empty(len(scores), dtype="int64")
    pending = np.arange(len(scores))
    for _ in range(REJECTIONS):
        everybody = len(pending) == len(scores)
        share, reached = (weights, blocks) if everybody else (weights[pending], blocks[pending])
        found = _inverse(share, reached, draw(pending))
        chosen[pending] = found
        if top_p == 1:
            return chosen
        more_likely = share > share[np.arange(len(share)), found][:, None]
        outside = np.einsum("bc,bc->b", share, more_likely) >= top_p * reached[:, -1]
        pending = pending[outside]
        if not len(pending):
            return chosen
    chosen[pending] = _within(weights[pending], draw(pending), top_p)
    return chosen


def _weights(scores: np.ndarray, temperature: float) -> np.ndarray:
    """Scores (B, C) -> what a draw is in proportion to, with zeros up to the next multiple of `BLOCK` columns."""
    count = scores.shape[1]
    weights = np.zeros((len(scores), -(-count // BLOCK) * BLOCK), dtype="float32")
    inside = weights[:, :count]
    np.subtract(scores, scores.max(axis=1, keepdims=True), out=inside)
    if temperature != 1:
        inside /= max(temperature, COLDEST)
    np.exp(inside, out=inside)
    return weights


def _inverse(weights: np.ndarray, blocks: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Weights (b, C), running totals of their blocks, uniform numbers (b,) -> the column where that share is reached.

    First the block is found, then the column in it: a running total of all columns would take most of the time.
    """
    rows = np.arange(len(weights))
    goal = uniform.astype("float32") * blocks[:, -1]
    goal = np.minimum(goal, np.nextafter(blocks[:, -1], np.float32(0)))
    block = (blocks > goal[:, None]).argmax(axis=1)
    before = np.where(block > 0, blocks[rows, block - 1], 0)
    inside = weights.reshape(len(weights), -1, BLOCK)[rows, block]  # (b, BLOCK)
    total = np.cumsum(inside, axis=1)
    short = np.minimum(goal - before, np.nextafter(total[:, -1], np.float32(0)))  # rounding stays in the block
    return block * BLOCK + (total > short[:, None]).argmax(axis=1)


def _within(weights: np.ndarray, uniform: np.ndarray, top_p: float) -> np.ndarray:
    """The same for few rows, by sorting."""
    order = np.argsort(-weights, axis=1, kind="stable")
    total = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1)
    last = np.maximum((total < top_p * total[:, -1:]).sum(axis=1), 0)  # the one with which the share is reached
    goal = uniform * total[np.arange(len(total)), last]
    found = np.minimum((total <= goal[:, None]).sum(axis=1), last)
    return order[np.arange(len(order)), found]
