"""The graph of a model as a picture, drawn once."""

import tempfile
from pathlib import Path

from zoo.errors import ConfigError
from zoo.studio.models import StudioModel


def graph_svg(model: StudioModel) -> bytes:
    """`zoo.draw` as SVG."""

    def draw() -> bytes:
        import keras

        from zoo.drawing import draw

        with model.predicting.turn() as found, tempfile.TemporaryDirectory() as folder:
            if not isinstance(found.network, keras.Model):
                raise ConfigError("An ONNX file has no Keras graph to be drawn.")
            draw(found.network, Path(folder) / "graph.svg")
            return (Path(folder) / "graph.svg").read_bytes()

    return bytes(model.once("graph", draw))
