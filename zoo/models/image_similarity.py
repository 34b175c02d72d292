"""Do two pictures show the same? One backbone reads both, with the same weights, and a sigmoid unit compares.

Chollet 2017, "Deep Learning with Python", section 7.1.5; Bromley et al. 1993; Koch et al. 2015.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras
from keras import layers, ops

from blocks.checks import require_integer, require_share
from blocks.fusion import fuse
from blocks.heads import binary_head
from blocks.siamese import shared_encoder
from zoo.errors import ConfigError, require_known
from zoo.models.metric_learning import DISCRIMINANT, OBJECTIVES, VERIFIED
from zoo.models.senses import SENSES

Tensor = Any
SIDES = ("left", "right")
SAME = "same"  # the output
COMPARISONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "concatenate": lambda left, right: fuse([left, right], name="both"),
    "difference": lambda left, right: ops.abs(layers.Subtract(name="difference")([left, right])),
    "product": lambda left, right: layers.Multiply(name="product")([left, right]),
    "cosine": lambda left, right: layers.Dot(axes=1, normalize=True, name="cosine")([left, right]),
}


def image_similarity(
    *,
    picture: str = "xception",
    tap: str | None = None,
    input_shape: Sequence[int] = (299, 299, 3),
    comparison: str = "concatenate",
    units: int = 0,
    hidden: int = 0,
    dropout: float = 0.0,
    objective: str = VERIFIED,
    name: str = "image_similarity",
) -> keras.Model:
    """left (B, H, W, C), right (B, H, W, C) -> {"same": (B, 1)}, the probability that both show the same.

    picture     the backbone: a network of the catalogue without its top ("xception"), or one of `SENSES["pictures"]`
                ("cnn", "conv4"). It is one nested model, called on both pictures: its weights exist once, and the
                gradients of both uses add up.
    tap         a stride of that network ("s16"): the features are the mean over places there, and what lies above is
                left out. Upper layers know ImageNet's classes; those of the middle know more of faces or things alike.
    comparison  of the features: "concatenate", as in the reference; "difference" (without its sign), "product" or
                "cosine", by which swapping the pictures changes nothing.
    units       of a dense layer after the backbone, "embedding"; 0: none. hidden: of one after the comparison.
    objective   what the backbone is trained by: "sigmoid", the verification itself; or "contrastive", "triplet" or
                "classes" before it (`zoo.models.metric_learning`), with features brought to length 1; "discriminant":
                the "embedding" of a pretrained backbone is computed, not trained (`zoo.tasks.discriminant`).

    Raises `UnknownNameError` for a name that there is not, `ConfigError` for a shape or number that does not fit.
    """
    require_known("comparison", comparison, COMPARISONS)
    require_known("objective", objective, OBJECTIVES)
    try:
        units, hidden = (
            require_integer(what, value, least=0) for what, value in (("units", units), ("hidden", hidden))
        )
        require_share("dropout", dropout)
    except ValueError as error:
        raise ConfigError(f"{name} cannot be built: {error}") from error
    if objective == DISCRIMINANT and not units:
        raise ConfigError(f"objective={objective} computes the dense layer 'embedding': say its units, as units=128.")
    pictures = [SENSES["pictures"].make_input(side, input_shape) for side in SIDES]
    reader = encoder(picture, input_shape, tap=tap, units=units, unit_length=objective != VERIFIED)
    x = COMPARISONS[comparison](*shared_encoder(reader, pictures))
    x = layers.Dropout(dropout, name="dropout")(x) if dropout else x
    x = layers.Dense(hidden, activation="relu", name="comparison")(x) if hidden else x
    return keras.Model(pictures, {SAME: binary_head(x, name=SAME)}, name=name)


def encoder(
    backbone: str, shape: Sequence[int], *, tap: str | None = None, units: int = 0, unit_length: bool = False
) -> keras.Model:
    """(B, H, W, C) -> (B, features): a backbone by name, a dense layer of so many `units`, vectors of length 1."""
    if tap is not None and backbone in SENSES["pictures"].encoders:
        raise ConfigError(f"tap={tap!r} is of networks of the catalogue, as 'mobilenet'; '{backbone}' has none.")
    options = {} if tap is None else {"tap": tap}
    network = SENSES["pictures"].encoder(backbone)(backbone, tuple(shape), **options)
    if not units and not unit_length:
        return network
    x = layers.Dense(units, name="embedding")(network.output) if units else network.output
    x = layers.UnitNormalization(name="unit_length")(x) if unit_length else x
    return keras.Model(network.inputs, x, name=backbone)


image_similarity_small = partial(
    image_similarity,
    picture="conv4",
    input_shape=(64, 64, 1),
    comparison="cosine",
    objective="classes",
    name="image_similarity_small",
)
image_similarity_tiny = partial(
    image_similarity,
    picture="cnn_tiny",
    input_shape=(16, 16, 1),
    comparison="difference",
    hidden=8,
    name="image_similarity_tiny",
)
