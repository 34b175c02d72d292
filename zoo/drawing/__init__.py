"""A functional model as a drawing: its blocks as boxes, in a terminal or as a picture.

print(zoo.draw(model))            # text
zoo.draw(model, "model.svg")      # a picture too: .svg or .png
"""

from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import ConfigError

if TYPE_CHECKING:
    import keras

__all__ = ["draw", "require_picture"]
SUFFIXES = (".png", ".svg")


def draw(model: "keras.Model", file: str | Path | None = None) -> str:
    """The graph of any functional or sequential model as text, inputs at the top; in `file` also as a picture.

        print(zoo.draw(zoo.create_model("text_similarity")))

    A box is a block: layers whose names begin alike, as the builders of the zoo name them. It says what is in it and
    the shape that it gives for one sample, "?" for any length. Equal blocks in a row are one box, "×3"; a layer that
    is called more than once is "shared"; a nested model is one box; what the model returns is marked as an output. Text
    of more than 60 lines or 120 columns has fewer boxes: what has no weights is in the box that reads it, "+2 without
    weights".

    Raises `ConfigError` for what has no graph and for a file that ends in neither .svg nor .png, `MissingExtraError`
    for a picture without matplotlib, `UnwritableError` for a file that cannot be written.
    """
    from zoo.drawing.boxes import boxes_of  # here, as these import Keras
    from zoo.drawing.calls import read_calls
    from zoo.drawing.picture import write_picture
    from zoo.drawing.text import as_text

    if file is not None:
        require_picture(file)
    boxes = boxes_of(read_calls(model))
    if file is not None:
        write_picture(boxes, Path(file), title=model.name)
    return as_text(boxes)


def require_picture(file: str | Path) -> None:
    """Raise `ConfigError` unless the file's name is that of a picture that `draw` can write."""
    if Path(file).suffix.lower() not in SUFFIXES:
        raise ConfigError(f"A drawing is a file that ends in {' or '.join(SUFFIXES)}; received '{file}'.")
