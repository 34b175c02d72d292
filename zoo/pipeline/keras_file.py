"""A pipeline in a ".keras" archive: Keras' own members, and one more with the schema, which Keras does not look at."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import ConfigError, WeightsError
from zoo.files import atomic_path
from zoo.keras_internals.variables import variables_within
from zoo.weights.readers import archive
from zoo.weights.readers.net import LARGEST_JSON, one_sentence, printable, read_json

if TYPE_CHECKING:
    import keras

MEMBER = "zoo_pipeline.json"
LARGEST = LARGEST_JSON  # bytes of a member of text; a small archive can claim to hold far more
SPARE = 10**6  # numbers of a model that its file need not hold: states of random generators and of stateful layers


def save(model: "keras.Model", path: Path | str, metadata: str) -> None:
    """Write the model and its metadata to `path`."""
    if Path(path).suffix != ".keras":
        raise ConfigError(f"The file of a pipeline must end in .keras; received '{path}'.")
    if not hasattr(model, "save"):
        raise ConfigError("A pipeline read from an ONNX file cannot be saved as a Keras model.")
    with atomic_path(path) as scratch:
        model.save(scratch)
        with zipfile.ZipFile(scratch, "a", zipfile.ZIP_DEFLATED) as file:
            file.writestr(MEMBER, metadata)


def load(path: Path) -> "tuple[str, keras.Model]":
    """(metadata, model). Raises `WeightsError` where the file lacks either, or asks for code that is not Keras' own."""
    with one_sentence(path):
        if not zipfile.is_zipfile(path):
            raise WeightsError(f"{path} is not a .keras file: it is no zip archive.")
        with zipfile.ZipFile(path) as file:
            archive.require_plain(file.infolist(), path)
            metadata = _member(file, path, MEMBER, "the schema of its table: it was not written by Pipeline.save")
            config = read_json(_member(file, path, archive.CONFIG, "a model").encode(), path, "its model")
            numbers = archive.numbers_in(file, str(path))
        foreign = sorted(set(_foreign_classes(config)))
        if foreign:
            raise WeightsError(f"{path} needs code that Keras does not have and that is not run: {', '.join(foreign)}.")
        import keras

        with variables_within(numbers + SPARE, path):
            return metadata, keras.saving.load_model(path, compile=False, safe_mode=True)


def _member(file: zipfile.ZipFile, path: Path, name: str, meaning: str) -> str:
    if name not in file.namelist():
        raise WeightsError(f"{path} does not hold {meaning}.")
    size = file.getinfo(name).file_size
    if size > LARGEST:
        raise WeightsError(f"{path} is refused: its {name} would take {size:,} bytes.")
    return file.read(name).decode("utf-8")


def _foreign_classes(config: Any) -> Iterator[str]:
    """Classes and functions in a saved config that Keras would have to be told of, or that hold code."""
    inner = config.values() if isinstance(config, dict) else config if isinstance(config, list) else ()
    for value in inner:
        yield from _foreign_classes(value)
    if isinstance(config, dict) and "class_name" in config and ("module" in config or "config" in config):
        module = str(config.get("module") or "keras")
        registered = config.get("registered_name")
        builtin = module.partition(".")[0] in ("keras", "builtins") and ">" not in str(registered)
        if not builtin or config["class_name"] in ("Lambda", "__lambda__"):
            yield printable(f"{module}.{config['class_name']}")
