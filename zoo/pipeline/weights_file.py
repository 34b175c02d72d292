"""A pipeline in a ".h5" file of weights: the weights by name, and what is needed to make the model and read rows."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import WeightsError
from zoo.weights import read_metadata, save_weights

if TYPE_CHECKING:
    import keras

KEY = "pipeline"


def save(model: "keras.Model", path: Path | str, metadata: dict[str, Any], dtype: Any) -> None:
    """Write the weights of a model of the catalogue, `dtype="float16"` in half the space."""
    origin = metadata["origin"]
    if "entry" not in origin or "config" not in origin:
        raise WeightsError(
            "Only the pipeline of a model of the catalogue fits into a .h5 file: its origin must name 'entry' and "
            "'config'. Save it as .keras."
        )
    kept = {"entry": origin["entry"], "config": origin["config"], KEY: metadata}
    save_weights(model, path, metadata=kept, dtype=dtype)


def load(path: Path) -> "tuple[dict[str, Any], keras.Model]":
    """(metadata, model)."""
    stored = read_metadata(path)
    if KEY not in stored or "entry" not in stored:
        raise WeightsError(f"{path} holds weights, but no pipeline: nothing says how rows become its inputs.")
    from zoo.create import create_model

    return stored[KEY], create_model(stored["entry"], weights=path)
