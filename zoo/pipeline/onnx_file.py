"""A pipeline in an ONNX file: the graph for any ONNX runtime, and the schema among the file's own properties."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import ConfigError, MissingExtraError, WeightsError
from zoo.files import atomic_path
from zoo.weights.readers.net import one_sentence

if TYPE_CHECKING:
    import keras

PROPERTY = "zoo_pipeline"


@dataclass(frozen=True)
class Tensor:
    """An input or an output: what `Pipeline` asks of one."""

    name: str
    shape: tuple[Any, ...]


class OnnxModel:
    """An ONNX graph that predicts as a `keras.Model` does."""

    def __init__(self, session: Any):
        self.session = session
        self.inputs = [Tensor(each.name, tuple(each.shape)) for each in session.get_inputs()]
        self.output = {each.name: Tensor(each.name, tuple(each.shape)) for each in session.get_outputs()}

    def predict_on_batch(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs by name."""
        return dict(zip(self.output, self.session.run(list(self.output), dict(inputs)), strict=True))


def export(model: "keras.Model", path: Path | str, metadata: str) -> None:
    """Write the graph and the metadata to `path`."""
    if Path(path).suffix != ".onnx":
        raise ConfigError(f"The file of an ONNX export must end in .onnx; received '{path}'.")
    if not hasattr(model, "export"):
        raise ConfigError("This pipeline was read from an ONNX file; copy that.")
    onnx = _package("onnx", "An ONNX export")
    _package("tf2onnx", "An ONNX export")
    import keras

    if keras.backend.backend() != "tensorflow":
        raise ConfigError("ONNX files are written on the TensorFlow backend: load the .keras file there and export it.")
    model(
        {each.name: np.zeros((1, *(size or 1 for size in each.shape[1:])), each.dtype) for each in model.inputs}
    )  # one never called has no graph
    with atomic_path(path) as scratch:
        model.export(scratch, format="onnx", verbose=False)
        graph = onnx.load(scratch)
        expected = sorted(tensor.name for tensor in model.inputs), sorted(model.output)
        found = sorted(each.name for each in graph.graph.input), sorted(each.name for each in graph.graph.output)
        if found != expected:
            raise WeightsError(f"The export has the inputs and outputs {found}, not {expected}; nothing was written.")
        graph.metadata_props.add(key=PROPERTY, value=metadata)
        onnx.save(graph, scratch)


def load(path: Path) -> tuple[str, OnnxModel]:
    """(metadata, graph). Needs no Keras."""
    runtime = _package("onnxruntime", "An ONNX file")
    with one_sentence(path):
        session = runtime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
        metadata = session.get_modelmeta().custom_metadata_map.get(PROPERTY)
    if metadata is None:
        raise WeightsError(f"{path} does not hold the schema of its table: it was not written by Pipeline.export_onnx.")
    return metadata, OnnxModel(session)


def _package(name: str, purpose: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtraError(purpose, name, "onnx") from error
