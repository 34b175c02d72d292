"""Local response normalisation: a strong response of one channel damps its neighbours. Krizhevsky et al. 2012, 3.3."""

import keras
from keras import ops

from blocks.checks import require_integer, require_rank


def local_response_norm(
    x: keras.KerasTensor, *, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, bias: float = 1.0
) -> keras.KerasTensor:
    """(B, H, W, C) -> the same shape: x / (bias + alpha * m) ** beta, m the mean square of `size` channels around each.

    Channels beyond the first and the last count as zeros. The constants are Caffe's, whose alpha is divided by `size`.
    """
    require_rank("x", x, (4,), "feature maps, (B, H, W, C)")
    if require_integer("size", size) % 2 == 0:
        raise ValueError(f"'size' must be odd, a channel and its neighbours on both sides; received {size}.")
    channels, reach = x.shape[-1], size // 2
    squares = ops.pad(ops.square(x), [(0, 0), (0, 0), (0, 0), (reach, reach)])
    total = squares[..., :channels]
    for offset in range(1, size):
        total = total + squares[..., offset : offset + channels]
    return x / ops.power(bias + (alpha / size) * total, beta)
