"""How large, how bright and how thick what a volume shows is, in numbers that a dense layer reads at once.

A few hundred volumes teach a convolutional network this badly: the mean over places tells a size, but not its
logarithm, by which sizes compare, nor how much of it is surface.
"""

import keras
from keras import layers, ops

from blocks.checks import require_integer, require_rank

SMALL = 1e-4  # of a mean, below which its logarithm says nothing
MOST = 6.0  # deviations above the darkest voxel, up to which levels of brightness begin
MEANS = {3: layers.GlobalAveragePooling1D, 4: layers.GlobalAveragePooling2D, 5: layers.GlobalAveragePooling3D}


def volume_measures(volume: keras.KerasTensor, *, reach: int = 3, levels: int = 5, name: str) -> keras.KerasTensor:
    """(B, D, H, W, 1) -> (B, 1 + 2 reach + levels + 9), each of mean 0 and deviation 1 over the training batches.

    All are logarithms of means over places, so that a dense layer tells ratios by sums: of brightness above the
    darkest voxel; of what is left of it where the volume is eroded and dilated over 6 neighbours, up to `reach` times,
    which says how thick its parts are and how large its surface (granulometry, Matheron 1975; Serra 1982; a cube of 26
    neighbours wears thin sheets away at once, where they lie aslant); of brightness above `levels` that training moves,
    as a histogram tells; and along each axis of its shadow, its extent, and the surface that faces that way.
    """
    require_rank("volume", volume, (5,), "a volume of one channel, (B, D, H, W, 1)")
    require_integer("reach", reach)
    require_integer("levels", levels)
    # Named layers, and operations whose own names no layer of a model has: those must differ.
    bright = volume - ops.amin(volume, axis=(1, 2, 3, 4), keepdims=True)
    eroded = dilated = bright
    seen = {"bright": bright}
    for step in range(1, reach + 1):
        seen[f"dilated{step}"] = dilated = _largest(dilated, f"{name}_dilate{step}")
        eroded = -_largest(-eroded, f"{name}_erode{step}")
        seen[f"eroded{step}"] = eroded
    seen["above"] = layers.Conv3D(
        levels,
        1,
        activation="relu",
        kernel_initializer="ones",
        bias_initializer=keras.initializers.RandomUniform(-MOST, 0.0),
        name=f"{name}_levels",
    )(bright)
    for axis in (1, 2, 3):
        others = tuple(each for each in (1, 2, 3) if each != axis)
        seen[f"shadow{axis}"] = ops.amax(bright, axis=axis)
        seen[f"extent{axis}"] = ops.amax(bright, axis=others)
        seen[f"surface{axis}"] = _steps(bright, axis)
    means = [MEANS[len(each.shape)](dtype="float32", name=f"{name}_{what}")(each) for what, each in seen.items()]
    means = layers.Concatenate(dtype="float32", name=f"{name}_means")(means)
    logarithms = ops.log(means + SMALL)
    return layers.BatchNormalization(momentum=0.9, dtype="float32", name=f"{name}_bn")(logarithms)


def _steps(x: keras.KerasTensor, axis: int) -> keras.KerasTensor:
    """How much each voxel differs from the next one along an axis; beyond the border all is 0."""
    one = [(0, 0)] * len(x.shape)
    before, after = ([*one[:axis], pad, *one[axis + 1 :]] for pad in ((1, 0), (0, 1)))
    return ops.abs(ops.pad(x, after) - ops.pad(x, before))


def _largest(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Of each voxel and its 6 neighbours the largest; beyond the border there are none."""
    along = [
        layers.MaxPooling3D(size, strides=1, padding="same", name=f"{name}_axis{axis}")(x)
        for axis, size in enumerate(((3, 1, 1), (1, 3, 1), (1, 1, 3)), start=1)
    ]
    return layers.Maximum(name=name)(along)
