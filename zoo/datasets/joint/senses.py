"""What schemas of several senses are told: every text and picture may be missing, and pixels lie between -1 and 1."""

from collections.abc import Mapping, Sequence
from typing import Any

# As the networks of the MobileNet, Inception and Xception families were trained; other encoders take any scale.
PREPROCESSING = {
    "crop": 1.0,
    "interpolation": "bilinear",
    "colour": "rgb",
    "scale": 1 / 127.5,
    "mean": (1.0, 1.0, 1.0),
    "std": (1.0, 1.0, 1.0),
}


def column_options(
    pictures: Sequence[str],
    texts: Sequence[str],
    *,
    size: int | Sequence[int],
    preprocessing: Mapping[str, Any] | None = None,
    words: int = 500,
    vocabulary_size: int = 50_000,
) -> dict[str, dict[str, Any]]:
    """Column -> options of its kind."""
    side = size if isinstance(size, int) else max(size)
    pixels = {"size": side, **PREPROCESSING, **(preprocessing or {})}
    return {
        **{name: {"size": size, "channels": 3, "preprocessing": pixels, "optional": True} for name in pictures},
        **{name: {"words": words, "vocabulary_size": vocabulary_size, "optional": True} for name in texts},
    }
