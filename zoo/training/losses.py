"""Losses of single samples and of batches with missing labels, on any backend."""

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from zoo.costs import decide, expected_cost
from zoo.metrics import TINY, score
from zoo.samples import MAPS, MISSING_CLASS, present, row_batches
from zoo.training.heads import Head
from zoo.training.map_losses import MAP_LOSSES

if TYPE_CHECKING:
    from zoo.training.acceleration.tied_softmax import TiedSoftmax

Tensor = Any  # a backend tensor or a numpy array
GENERALISED = 0.7  # q of the paper, for every data set there
SMOOTHED = 0.1  # share of a label that all classes get alike; of the paper, for ImageNet
CONTRASTIVE_MARGIN, TRIPLET_MARGIN = 1.0, 0.2  # of vectors of length 1; the second one is the paper's
SYMMETRIC, LOG_OF_0 = 0.1, -4.0  # alpha and A of the paper, with beta 1: its setting for CIFAR-10


def sample_losses(
    head: Head, target: Tensor, output: Tensor, tied: "TiedSoftmax | None" = None
) -> tuple[Tensor, Tensor]:
    """Targets (B,), outputs (B, 1) or (B, classes) -> losses (B,) and 1.0 where the label is known, else 0.0 (B,).

    Of vectors, tags and outputs at every step, targets (B, ...) and losses (B, ...); of maps, targets (B, ...) and
    losses (B,); a `tied` softmax is given its features instead of the outputs. A missing label is replaced before the
    loss: NaN times a weight of 0 would still be NaN. Half precision is left before
    the loss is taken: it would count to 2,048.
    """
    output = output if tied is not None else ops.cast(output, "float32")
    if head.target.kind in MAPS:
        return MAP_LOSSES[head.target.kind](target, output)
    if head.target.kind == "regression":
        output = ops.squeeze(output, -1) if len(output.shape) > len(target.shape) else output
        known = ops.logical_not(ops.isnan(target))
        error = ops.where(known, target, output) - output
        return _regression_loss(head, error), ops.cast(known, output.dtype)
    known = ops.not_equal(target, MISSING_CLASS)
    label = ops.where(known, target, ops.zeros_like(target))
    losses = _class_loss(head, label, output) if tied is None else _modulated(head, label, tied.losses(output, label))
    mask = ops.cast(known, losses.dtype)
    return losses * mask, mask


def _class_loss(head: Head, label: Tensor, output: Tensor) -> Tensor:
    """Known labels (B,), probabilities (B, 1) of the positive label or (B, classes) -> (B,); of tags (B, k) each."""
    binary = head.target.kind == "binary"
    if head.target.kind == "tags":
        return _binary_crossentropy(label, output)
    if head.loss == "expected_cost" and head.costs is not None:
        costs = ops.convert_to_tensor(head.costs.table(head.target.labels), dtype=output.dtype)
        shares = ops.concatenate([1.0 - output, output], axis=-1) if binary else output
        return ops.sum(ops.take(costs, label, axis=0) * shares, axis=-1)
    if head.loss in DISTANCE_LOSSES:
        return DISTANCE_LOSSES[head.loss](ops.cast(label, output.dtype), ops.squeeze(output, -1))
    if binary:
        loss = ops.squeeze(_binary_crossentropy(ops.expand_dims(label, -1), output), -1)
    else:
        loss = ops.sparse_categorical_crossentropy(label, output)
    if head.loss in NOISE_TOLERANT:
        return NOISE_TOLERANT[head.loss](loss)
    if head.loss == "smoothed_crossentropy":
        loss = smoothed_crossentropy(loss, output)
    loss = _modulated(head, label, loss)
    return loss + ranked_probability_score(label, output) if head.loss == "ranked" else loss


def ranked_probability_score(label: Tensor, output: Tensor) -> Tensor:
    """Ordered labels (B,), probabilities (B, classes) -> (B,): the squared distance of the two distributions' sums.

    A proper score that counts how far off a label is (Epstein 1969).
    """
    right = ops.one_hot(label, output.shape[-1], dtype=output.dtype)
    return ops.sum(ops.square(ops.cumsum(output - right, axis=-1)), axis=-1)


def _binary_crossentropy(label: Tensor, output: Tensor) -> Tensor:
    """Labels and probabilities of one shape -> losses. PyTorch's own raises an error where a number is NaN."""
    label = ops.cast(label, output.dtype)
    if keras.backend.backend() != "torch":
        return ops.binary_crossentropy(label, output)
    share = ops.clip(output, TINY, 1.0 - TINY)
    return -(label * ops.log(share) + (1.0 - label) * ops.log(1.0 - share))


def _modulated(head: Head, label: Tensor, loss: Tensor) -> Tensor:
    return focal(loss, label, head.plan.gamma, head.plan.alpha) if head.plan.method == "focal" else loss


def focal(loss: Tensor, label: Tensor, gamma: float, alpha: float | None) -> Tensor:
    """Cross-entropy (B,) -> focal loss: each times (1 - p) ** gamma, p the label's probability. Lin et al. 2017, eq. 5.

    With gamma 0 and no alpha it is the cross-entropy itself.
    """
    if gamma:
        # Away from 0: the gradient of a root at 0 is infinite, and that of a sure and right prediction must vanish.
        loss = loss * ops.power(ops.maximum(-ops.expm1(-loss), TINY), gamma)
    if alpha is not None:
        loss = loss * ops.where(ops.equal(label, 1), alpha, 1.0 - alpha)
    return loss


def generalised_crossentropy(loss: Tensor) -> Tensor:
    """Cross-entropy (B,) -> (1 - p ** q) / q of the label's probability p. Zhang and Sabuncu 2018, equation 6.

    Between cross-entropy (q = 0) and the mean absolute error (q = 1), whose gradients trust a label that the network
    finds unlikely the less.
    """
    return (1.0 - ops.exp(-GENERALISED * loss)) / GENERALISED


def symmetric_crossentropy(loss: Tensor) -> Tensor:
    """Cross-entropy (B,) -> a share of it, and the cross-entropy the other way round. Wang et al. 2019, section 3.

    With the logarithm of 0 taken as -4, that of the other labels is 4 (1 - p).
    """
    return SYMMETRIC * loss - LOG_OF_0 * (1.0 - ops.exp(-loss))


def smoothed_crossentropy(loss: Tensor, output: Tensor) -> Tensor:
    """Cross-entropy (B,), probabilities (B, classes) -> that of labels of which `SMOOTHED` is spread over all classes.

    A network is not driven to be surer than its data allows (Szegedy et al. 2016, section 7).
    """
    uniform = -ops.mean(ops.log(ops.maximum(output, TINY)), axis=-1)
    return (1.0 - SMOOTHED) * loss + SMOOTHED * uniform


def contrastive(label: Tensor, share: Tensor) -> Tensor:
    """Labels (B,), 1 - distance / 2 of vectors of length 1 (B,) -> (B,). Hadsell et al. 2006, equation 4, twice that.

    The squared distance of what is the same; of what is different, the square of what the distance lacks to 1.
    """
    distance = 2.0 * (1.0 - share)
    apart = ops.maximum(CONTRASTIVE_MARGIN - distance, 0.0)
    return label * ops.square(distance) + (1.0 - label) * ops.square(apart)


def triplet(label: Tensor, share: Tensor) -> Tensor:
    """Labels (B,), 1/2 + an eighth of what the negative's squared distance has more than the positive's (B,) -> (B,).

    What the difference lacks to a margin (Schroff et al. 2015, equation 1); of the label 0 the two change places.
    """
    difference = 8.0 * (share - 0.5)
    return ops.maximum(TRIPLET_MARGIN - (2.0 * label - 1.0) * difference, 0.0)


DISTANCE_LOSSES = {"contrastive": contrastive, "triplet": triplet}
NOISE_TOLERANT = {
    "generalised_crossentropy": generalised_crossentropy,
    "symmetric_crossentropy": symmetric_crossentropy,
}


def _regression_loss(head: Head, error: Tensor) -> Tensor:
    if head.loss == "mse":
        return ops.square(error)
    size = ops.abs(error)
    if head.loss == "mae":
        return size
    delta = head.huber_delta
    return ops.where(size <= delta, 0.5 * ops.square(error), delta * size - 0.5 * delta**2)


def batch_loss(
    head: Head,
    target: Tensor,
    output: Tensor,
    class_weights: np.ndarray | None,
    tied: "TiedSoftmax | None" = None,
    sample_weight: Tensor | None = None,
    partner: tuple[Tensor, Tensor, Tensor | None] | None = None,
) -> tuple[Tensor, Tensor]:
    """The mean loss over the known labels of a batch (0 where there is none), and how many there are.

    Weights of classes and of samples (B,) multiply the losses; the mean is still over all known labels, as in Keras.
    Of samples that are mixed with others, `partner` holds the share of each sample itself (B,), and the others' targets
    and weights: both losses count by their shares.
    """
    losses, mask = _weighted_losses(head, target, output, class_weights, tied, sample_weight)
    if partner is not None:
        share, other, weight = partner
        second, second_mask = _weighted_losses(head, other, output, class_weights, tied, weight)
        share = _per_loss(ops.cast(share, losses.dtype), losses)
        losses = share * losses + (1.0 - share) * second
        mask = share * mask + (1.0 - share) * second_mask
    count = ops.sum(mask)
    least = 1.0 if partner is None else TINY  # shares of labels may add up to less than one label
    return ops.sum(losses) / ops.maximum(count, least), count


def _weighted_losses(
    head: Head,
    target: Tensor,
    output: Tensor,
    class_weights: np.ndarray | None,
    tied: "TiedSoftmax | None",
    sample_weight: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """See `sample_losses`; the losses multiplied by the weights of their classes and samples."""
    losses, mask = sample_losses(head, target, output, tied)
    if class_weights is not None:
        label = ops.maximum(target, 0)
        losses = losses * ops.take(ops.convert_to_tensor(class_weights, dtype=losses.dtype), label)
    if sample_weight is not None:
        losses = losses * _per_loss(ops.cast(sample_weight, losses.dtype), losses)
    return losses, mask


def _per_loss(weights: Tensor, losses: Tensor) -> Tensor:
    """(B,) -> (B, 1, ...), as many dimensions as the losses have."""
    return ops.reshape(weights, (-1, *[1] * (len(losses.shape) - 1)))


def row_losses(head: Head, target: np.ndarray, output: np.ndarray) -> np.ndarray:
    """The loss of every row of a split (n,), 0 where its label is missing, in numpy."""
    return _of_split(head, target, output)[0]


def _of_split(head: Head, target: np.ndarray, output: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`sample_losses` of a whole split, in numpy: a part of its rows at a time, as outputs may have many labels."""
    found = []
    for part in row_batches(len(target), output[:1].size):
        values = ops.convert_to_tensor(np.ascontiguousarray(output[part]))
        pair = sample_losses(head, ops.convert_to_tensor(target[part]), values)
        found.append([np.asarray(ops.convert_to_numpy(each), dtype=np.float32) for each in pair])
    losses, masks = zip(*found, strict=True)
    return np.concatenate(losses), np.concatenate(masks)


def mean_loss(head: Head, target: np.ndarray, output: np.ndarray, weights: np.ndarray | None = None) -> float | None:
    """The mean loss over the known labels of a whole split, in numpy, weighted by the samples' weights (n,) where there
    are any; None when no label is known, or all have the weight 0.
    """
    losses, mask = (each.astype(np.float64) for each in _of_split(head, target, output))
    if weights is not None:
        shares = weights.astype(np.float64).reshape(-1, *[1] * (losses.ndim - 1))
        losses, mask = losses * shares, mask * shares
    return float(losses.sum() / mask.sum()) if mask.sum() else None


def judged_loss(head: Head, target: np.ndarray, output: np.ndarray, weights: np.ndarray | None = None) -> float | None:
    """The loss by which epochs are compared, of calibrated outputs: of a focal or smoothed loss the cross-entropy, of
    an expected cost that of the cheapest decisions, else the head's own. None when no label is known.
    """
    known = present(target)
    if head.target.kind in ("regression", "tags", *MAPS) or not known.any():
        return mean_loss(head, target, output, weights)
    answers = output[:, 0] if head.target.kind == "binary" else output
    if head.loss == "expected_cost" and head.costs is not None:
        table = head.costs.table(head.target.labels)
        return expected_cost(target, decide(answers, table), table)
    if head.plan.method == "focal" or head.loss == "smoothed_crossentropy":
        return score("log_loss", target, answers)
    return mean_loss(head, target, output, weights)
