"""A pipeline in an ONNX file: the graph for any ONNX runtime, and the schema among the file's own properties."""

import importlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import ConfigError, MissingExtraError, WeightsError
from zoo.files import atomic_path
from zoo.weights.readers.net import one_sentence, printable

if TYPE_CHECKING:
    import keras

PROPERTY = "zoo_pipeline"
LONGEST_RUN = 300  # seconds of a batch, after which a graph is stopped: a loop may have no end
LARGEST_MEMORY = 4 << 30  # bytes for the values of all graphs of the process together
SILENT = 4  # onnxruntime's level: what goes wrong is told as an error


@dataclass(frozen=True)
class Tensor:
    """An input or an output: what `Pipeline` asks of one."""

    name: str
    shape: tuple[Any, ...]


class OnnxModel:
    """An ONNX graph that predicts as a `keras.Model` does, for at most `LONGEST_RUN` seconds a batch."""

    def __init__(self, session: Any, path: Path, runtime: Any):
        self.session = session
        self.path = path
        self.runtime = runtime
        self.inputs = [Tensor(each.name, tuple(each.shape)) for each in session.get_inputs()]
        self.output = {each.name: Tensor(each.name, tuple(each.shape)) for each in session.get_outputs()}

    def predict_on_batch(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs by name. Raises `WeightsError` where the graph fails, takes too long or gives no row for each row."""
        options = self.runtime.RunOptions()
        options.log_severity_level = SILENT
        late = threading.Timer(LONGEST_RUN, setattr, (options, "terminate", True))
        late.start()
        try:
            found = self.session.run(list(self.output), dict(inputs), options)
        except Exception as error:  # of onnxruntime, which has no type of its own for them
            told = f"ran for {LONGEST_RUN} seconds" if options.terminate else f"failed: {str(error).splitlines()[0]}"
            raise WeightsError(printable(f"The graph in {self.path} {told}.")) from error
        finally:
            late.cancel()
        rows = len(next(iter(inputs.values())))
        for name, values in zip(self.output, found, strict=True):
            if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiub" or values.shape[:1] != (rows,):
                shape = getattr(values, "shape", type(values).__name__)
                raise WeightsError(f"The graph in {self.path} gives {shape} as '{name}' for {rows} rows of inputs.")
        return dict(zip(self.output, found, strict=True))


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
        session = runtime.InferenceSession(str(path), _bounded(runtime), providers=["CPUExecutionProvider"])
        metadata = session.get_modelmeta().custom_metadata_map.get(PROPERTY)
    if metadata is None:
        raise WeightsError(f"{path} does not hold the schema of its table: it was not written by Pipeline.export_onnx.")
    return metadata, OnnxModel(session, path, runtime)


def _bounded(runtime: Any) -> Any:
    """Options of a session in `LARGEST_MEMORY`, which says nothing on its own. A file that the graph names as holding
    numbers is looked for beside the graph alone: onnxruntime refuses others, where it is given the graph's path."""
    settings = {"max_mem": LARGEST_MEMORY, "arena_extend_strategy": 1}  # 1: no more than is asked for
    memory = runtime.OrtMemoryInfo("Cpu", runtime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, runtime.OrtMemType.DEFAULT)
    runtime.create_and_register_allocator(memory, runtime.OrtArenaCfg(settings))
    options = runtime.SessionOptions()
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.log_severity_level = SILENT
    return options


def _package(name: str, purpose: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtraError(purpose, name, "onnx") from error
