"""Figures for TensorBoard. TensorFlow, which every installation has, writes them; only looking needs `tensorboard`."""

from collections.abc import Mapping
from pathlib import Path

from zoo.inspection.facts import Inspection, Range

TOLD = ("low", "high", "mean", "deviation", "zeros", "unsound")


def write_tensorboard(inspection: Inspection, folder: Path | str, *, step: int = 0) -> None:
    """Write the ranges of all layers, weights and gradients as scalars, "values/LAYER/high" and the like."""
    ranges: dict[str, Range | None] = {}
    scalars: dict[str, float] = {} if inspection.loss is None else {"loss": inspection.loss}
    for layer in inspection.layers:
        place = layer.name if layer.call == 1 else f"{layer.name}_{layer.call}"
        ranges |= {f"values/{place}": layer.values, f"gradients/{place}": layer.gradient}
        ranges |= {f"weights/{place}/{name}": each for name, each in layer.weights.items()}
        ranges |= {f"weight_gradients/{place}/{name}": each for name, each in layer.weight_gradients.items()}
        if layer.units:
            scalars[f"dead_units/{place}"] = layer.dead
    write_scalars(folder, scalars | spread(ranges), step=step)


def spread(ranges: Mapping[str, Range | None]) -> dict[str, float]:
    """name -> range, as name/low, name/high, ... -> number."""
    return {f"{name}/{what}": getattr(each, what) for name, each in ranges.items() if each for what in TOLD}


def write_scalars(folder: Path | str, scalars: Mapping[str, float], *, step: int) -> None:
    """Append numbers to an event file in `folder`."""
    import tensorflow as tf

    metadata = tf.compat.v1.SummaryMetadata()
    metadata.plugin_data.plugin_name = "scalars"
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default(), tf.device("cpu"):
        for name, value in scalars.items():
            tf.summary.write(name, tf.constant(value, tf.float32), step=step, metadata=metadata)
    writer.close()
