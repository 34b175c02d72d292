"""Networks that teach an encoder which pictures lie near each other, before pairs are verified.

All of them read vectors of length 1, so that distances lie between 0 and 2.
"""

import keras
from keras import layers, ops

from blocks.heads import classification_head
from blocks.siamese import shared_encoder

VERIFIED = "sigmoid"  # by the verification alone
CONTRASTIVE, TRIPLET, CLASSES = "contrastive", "triplet", "classes"
DISCRIMINANT = "discriminant"  # in closed form: `zoo.tasks.discriminant`
OBJECTIVES = (VERIFIED, CONTRASTIVE, TRIPLET, CLASSES, DISCRIMINANT)
NEARER, CLASS = "nearer", "class"  # outputs
TRIPLETS = ("anchor", "positive", "negative")
SHARPNESS = 16.0  # logits of vectors of length 1 would hardly differ (Wang et al. 2017, NormFace, section 3.3)
LEAST = 1e-12  # of a squared distance: the root of 0 has no gradient


def distance_network(encoder: keras.Model, sides: tuple[str, str], output: str) -> keras.Model:
    """Two pictures -> 1 - distance / 2 (B, 1), from 0 to 1: what the loss "contrastive" reads."""
    pictures = [_like(encoder, side) for side in sides]
    distance = ops.sqrt(ops.maximum(_squared_distance(*shared_encoder(encoder, pictures)), LEAST))
    share = layers.Identity(dtype="float32", name=output)(ops.clip(1.0 - distance / 2.0, 0.0, 1.0))
    return keras.Model(pictures, {output: share}, name="distance")


def triplet_network(encoder: keras.Model) -> keras.Model:
    """anchor, positive, negative -> {"nearer": (B, 1)}: above a half where the positive is nearer to the anchor.

    A half, and an eighth of the difference of the squared distances: what the loss "triplet" reads.
    """
    pictures = [_like(encoder, name) for name in TRIPLETS]
    anchor, positive, negative = shared_encoder(encoder, pictures)
    difference = _squared_distance(anchor, negative) - _squared_distance(anchor, positive)
    share = layers.Identity(dtype="float32", name=NEARER)(ops.clip(0.5 + difference / 8.0, 0.0, 1.0))
    return keras.Model(pictures, {NEARER: share}, name="triplet")


def class_network(encoder: keras.Model, classes: int) -> keras.Model:
    """image -> {"class": (B, classes)}: which of the training classes a picture is of."""
    image = _like(encoder, "image")
    x = layers.Rescaling(SHARPNESS, name="sharpened")(encoder(image))
    return keras.Model([image], {CLASS: classification_head(x, classes, name=CLASS)}, name="classes")


def _like(encoder: keras.Model, name: str) -> keras.KerasTensor:
    return keras.Input(tuple(encoder.inputs[0].shape[1:]), name=name)


def _squared_distance(left: keras.KerasTensor, right: keras.KerasTensor) -> keras.KerasTensor:
    return ops.sum(ops.square(ops.cast(left, "float32") - ops.cast(right, "float32")), axis=-1, keepdims=True)
