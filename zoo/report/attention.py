"""A picture of what a network looked at: one column a hop, one row a sentence."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import MissingExtraError
from zoo.files import write_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LONGEST = 60  # characters of a sentence that are drawn
MOST = 60  # sentences that are drawn: the last


def draw_attention(
    sentences: Sequence[str], attention: np.ndarray, path: Path | str, *, question: str, answer: str
) -> Path:
    """Write (hops, sentences) shares of attention as a picture, whole or not at all. Needs matplotlib."""
    figure = _figure(sentences[-MOST:], attention[:, -MOST:], f"{question}  {answer}")
    write_figure(figure, path, dpi=120)
    return Path(path)


def _figure(sentences: Sequence[str], attention: np.ndarray, title: str) -> "Figure":
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("A picture of the attention", "matplotlib", "report") from error
    hops, count = attention.shape
    figure = Figure(figsize=(6.0 + 0.6 * hops, 1.2 + 0.28 * count), layout="constrained")
    axes = figure.subplots()
    axes.imshow(attention.T, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    axes.set_xticks(range(hops), [f"hop {number}" for number in range(1, hops + 1)])
    axes.set_yticks(range(count), [_shortened(sentence) for sentence in sentences], parse_math=False)  # "$5" is money
    axes.xaxis.tick_top()
    for row in range(count):
        for hop in range(hops):
            share = float(attention[hop, row])
            if share >= 0.01:
                axes.text(hop, row, f"{share:.2f}", ha="center", va="center", color="white" if share > 0.5 else "black")
    axes.set_title(_shortened(title), parse_math=False)
    return figure


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
